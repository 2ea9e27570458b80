//! Socket options, requested and granted; both are reported.
use crate::kit::SocketOptions;
use serde::{Deserialize, Serialize};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::io;
use std::net::SocketAddr;

/// Options that the kernel granted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// TCP_NODELAY.
    pub nodelay: bool,
    /// SO_SNDBUF in octets, as the kernel counts it (twice the requested size).
    pub send_buffer: usize,
    /// SO_RCVBUF in octets, likewise.
    pub receive_buffer: usize,
}

/// Makes the close of a connection a reset (RST).
///
/// # Errors
/// That of setsockopt(2).
pub fn reset_on_close(stream: &tokio::net::TcpStream) -> io::Result<()> {
    SockRef::from(stream).set_linger(Some(std::time::Duration::ZERO))
}

pub(super) fn apply(socket: &SockRef<'_>, options: &SocketOptions) -> io::Result<()> {
    socket.set_tcp_nodelay(options.nodelay)?;
    socket.set_keepalive(options.keepalive)?;
    if let Some(octets) = options.send_buffer {
        socket.set_send_buffer_size(octets)?;
    }
    if let Some(octets) = options.receive_buffer {
        socket.set_recv_buffer_size(octets)?;
    }
    Ok(())
}

/// The options of a connection that the kernel granted.
pub fn granted(stream: &tokio::net::TcpStream) -> Granted {
    let socket = SockRef::from(stream);
    Granted {
        nodelay: socket.tcp_nodelay().unwrap_or(false),
        send_buffer: socket.send_buffer_size().unwrap_or(0),
        receive_buffer: socket.recv_buffer_size().unwrap_or(0),
    }
}

/// A listening socket with SO_REUSEADDR and a long backlog, ready for tokio.
///
/// # Errors
/// socket(2), bind(2) or listen(2) fails.
pub fn listen(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(4096)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
