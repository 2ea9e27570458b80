//! Opens client connections: resolves the name, binds the source address, sets the options, connects within a time.
use super::socket::apply;
use super::tls::TlsFault;
use crate::kit::Nanos;
use crate::kit::SocketOptions;
use socket2::SockRef;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use tokio::net::{TcpSocket, TcpStream};

/// Why a connection could not be opened.
#[derive(Debug)]
pub enum DialError {
    /// The name does not resolve.
    Resolve(String, io::Error),
    /// The peer did not answer in time.
    TimedOut(SocketAddr, Nanos),
    /// The peer or the network refused the connection.
    Refused(SocketAddr, io::Error),
    /// A local error: no descriptor, no such source address.
    Local(io::Error),
    /// TCP connected, but the TLS handshake failed.
    Tls(TlsFault),
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DialError::Resolve(name, e) => write!(f, "cannot resolve {name}: {e}"),
            DialError::TimedOut(at, after) => {
                write!(f, "cannot connect to {at}: no answer within {:.1} s", after.as_secs_f64())
            }
            DialError::Refused(at, e) => write!(f, "cannot connect to {at}: {e}"),
            DialError::Local(e) => write!(f, "cannot open a socket: {e}"),
            DialError::Tls(e) => write!(f, "{e}"),
        }
    }
}
impl std::error::Error for DialError {}

/// Connects to `host:port`. Tries each resolved address in turn, each for at most `timeout`.
///
/// # Errors
/// The [`DialError`] of the last address tried.
pub async fn dial(
    address: &str,
    source: Option<IpAddr>,
    options: &SocketOptions,
    timeout: Nanos,
) -> Result<TcpStream, DialError> {
    let resolved: Vec<SocketAddr> = match address.parse::<SocketAddr>() {
        Ok(literal) => vec![literal],
        Err(_) => {
            let looked_up = tokio::time::timeout(timeout.into(), tokio::net::lookup_host(address));
            let late = |_| {
                io::Error::new(
                    io::ErrorKind::TimedOut,
                    format!("no answer within {:.1} s", timeout.as_secs_f64()),
                )
            };
            let found = looked_up.await.map_err(late).and_then(|found| found);
            found.map_err(|e| DialError::Resolve(address.to_owned(), e))?.collect()
        }
    };
    let none = || io::Error::new(io::ErrorKind::NotFound, "no address");
    let mut last = DialError::Resolve(address.to_owned(), none());
    for at in resolved {
        match connect(at, source, options, timeout).await {
            Ok(stream) => return Ok(stream),
            Err(e) => last = e,
        }
    }
    Err(last)
}

async fn connect(
    at: SocketAddr,
    source: Option<IpAddr>,
    options: &SocketOptions,
    timeout: Nanos,
) -> Result<TcpStream, DialError> {
    let socket = if at.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }
        .map_err(DialError::Local)?;
    if let Some(ip) = source {
        socket.bind(SocketAddr::new(ip, 0)).map_err(DialError::Local)?;
    }
    // before the connect, because it negotiates the window scale from the buffer sizes
    apply(&SockRef::from(&socket), options).map_err(DialError::Local)?;
    match tokio::time::timeout(timeout.into(), socket.connect(at)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(e)) => Err(DialError::Refused(at, e)),
        Err(_) => Err(DialError::TimedOut(at, timeout)),
    }
}
