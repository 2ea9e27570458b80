//! Sockets: dialling, listening, and a pump that moves octets between a connection and a core that decides.
//!
//! Only octets move here. What they mean is decided by an [`Endpoint`], which never awaits.
mod dial;
mod pump;
mod shared_tcp;
mod socket;
mod tcp_info;
mod tls;

pub use dial::{DialError, dial};
pub use pump::{ConnAction, End, Endpoint, Gone, ReadBuffer, Wake, pump, wrote};
pub use shared_tcp::SharedTcpStream;
pub use socket::{Granted, SocketOptions, granted, listen};
pub use tcp_info::{TcpInfo, tcp_info};
pub use tls::{ClientFiles, ClientStream, ClientTls, ServerStream, ServerTls, TlsFault};
