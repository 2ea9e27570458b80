//! Sockets: dialling, listening, and a pump that moves octets between a connection and a core that decides.
//!
//! Only octets move here. What they mean is decided by an [`Endpoint`], which never awaits.
mod dial;
mod line;
mod pump;
mod socket;
mod tcp_info;
mod tls;

pub use dial::{DialError, dial};
pub use line::TcpLine;
pub use pump::{End, Endpoint, Gone, ReadBuffer, Wake, Wish, pump, wrote};
pub use socket::{Granted, SocketOptions, granted, listen};
pub use tcp_info::{TcpInfo, tcp_info};
pub use tls::{ClientFiles, ClientStream, ClientTls, ServerStream, ServerTls, TlsFault};
