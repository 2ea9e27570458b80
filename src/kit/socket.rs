//! Options of a socket, as a plan asks for them and a connection sets them.
use serde::{Deserialize, Serialize};

/// Options to request of a socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocketOptions {
    /// TCP_NODELAY.
    pub nodelay: bool,
    /// SO_SNDBUF in octets. None: the default of the kernel.
    pub send_buffer: Option<usize>,
    /// SO_RCVBUF in octets. None: the default of the kernel.
    pub receive_buffer: Option<usize>,
    /// SO_KEEPALIVE.
    pub keepalive: bool,
}

impl Default for SocketOptions {
    fn default() -> Self {
        SocketOptions { nodelay: true, send_buffer: None, receive_buffer: None, keepalive: false }
    }
}
