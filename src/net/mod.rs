//! Sockets: connecting, listening, and a pump that moves octets between a connection and an [`Endpoint`].
//!
//! Nothing here interprets octets. The endpoint does, and it never awaits.
mod dial;
mod pump;
mod shared_tcp;
mod socket;
mod tcp_info;
mod tls;
mod witness;

pub use dial::{DialError, dial};
pub use pump::{ConnAction, ConnectionClosed, End, Endpoint, ReadBuffer, Wake, pump, wrote};
pub use shared_tcp::SharedTcpStream;
pub use socket::{Granted, granted, listen, reset_on_close};
pub use tcp_info::{TcpInfo, tcp_info};
pub use tls::{ClientFiles, ClientStream, ClientTls, ServerStream, ServerTls, TlsFault};
pub use witness::{Sighting, SightingKind, Witness, Witnesses};
