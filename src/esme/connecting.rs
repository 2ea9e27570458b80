//! Connects a session to the target of a plan, over TCP or TLS.
use crate::kit::Nanos;
use crate::net::{ClientStream, ClientTls, DialError, SharedTcpStream, dial};
use crate::plan::{AddressPolicy, Plan};
use std::net::IpAddr;

/// A connection, plain or not.
pub(super) enum ClientConnection {
    Plain(SharedTcpStream),
    Tls(Box<ClientStream>),
}

impl ClientConnection {
    /// The socket.
    pub(super) fn tcp(&self) -> &tokio::net::TcpStream {
        match self {
            ClientConnection::Plain(line) => line.tcp(),
            ClientConnection::Tls(stream) => stream.get_ref().0,
        }
    }
}

/// Adds TLS where the plan says so; with how long the handshake took.
async fn secured(
    plan: &Plan,
    tls: Option<&ClientTls>,
    address: &str,
    stream: tokio::net::TcpStream,
) -> Result<(ClientConnection, Option<Nanos>), DialError> {
    let Some(tls) = tls else {
        return Ok((ClientConnection::Plain(SharedTcpStream::new(stream)), None));
    };
    let timeout = plan.timeouts.connect;
    let (stream, took) = tls.connect(address, stream, timeout).await.map_err(DialError::Tls)?;
    Ok((ClientConnection::Tls(stream), Some(took)))
}

/// Connects as session `id` of the plan does; with how long a TLS handshake took.
///
/// # Errors
/// Why no address of the target could be reached.
pub(super) async fn connect(
    plan: &Plan,
    tls: Option<&ClientTls>,
    id: u32,
) -> Result<(ClientConnection, Option<Nanos>), DialError> {
    let (target, options) = (&plan.target, &plan.target.socket_options());
    let source: Option<IpAddr> = match target.source_addresses.len() {
        0 => None,
        count => target.source_addresses[id as usize % count].parse().ok(),
    };
    let timeout = plan.timeouts.connect;
    let count = target.addresses.len().max(1);
    let first = match target.policy {
        AddressPolicy::All => id as usize % count,
        AddressPolicy::Failover => 0,
    };
    let tries = match target.policy {
        AddressPolicy::All => 1,
        AddressPolicy::Failover => count,
    };
    let mut last = None;
    for step in 0..tries {
        let Some(address) = target.addresses.get((first + step) % count) else { break };
        let line = match dial(address, source, options, timeout).await {
            Ok(stream) => secured(plan, tls, address, stream).await,
            Err(e) => Err(e),
        };
        match line {
            Ok(line) => return Ok(line),
            Err(e) => last = Some(e),
        }
    }
    let nowhere = || DialError::Local(std::io::Error::other("no target address"));
    Err(last.unwrap_or_else(nowhere))
}
