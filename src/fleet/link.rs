//! The connection to NATS: address, credentials, TLS. Secrets are never printed.
use super::FleetError;
use crate::kit::{Clock, mix64};
use crate::plan::Secret;
use async_nats::connection::State;
use async_nats::{Client, ConnectErrorKind, ConnectOptions, ServerAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Access to NATS.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// `nats://host:port`, or `tls://host:port`; several separated by commas.
    pub url: String,
    /// User and password.
    pub user: Option<(String, Secret)>,
    /// Token, instead of a user.
    pub token: Option<Secret>,
    /// PEM file of a CA to trust in addition to the system's.
    pub ca: Option<PathBuf>,
    /// PEM files of the client certificate and its key.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

/// Longest attempt to connect.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Longest pause before the next attempt, so that a restarted server is found soon.
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// A URL without user and password.
pub fn redacted(url: &str) -> String {
    let one = |url: &str| match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://***@{host}"),
        (None, Some((_, host))) => format!("***@{host}"),
        (_, None) => url.to_owned(),
    };
    url.split(',').map(one).collect::<Vec<_>>().join(",")
}

impl Access {
    fn addresses(&self) -> Result<Vec<ServerAddr>, FleetError> {
        let read = |url: &str| {
            ServerAddr::from_str(url.trim()).map_err(|_| FleetError::Url(redacted(url)))
        };
        self.url.split(',').map(read).collect()
    }

    fn options(&self, name: &str) -> ConnectOptions {
        let mut options = ConnectOptions::new()
            .name(name)
            .connection_timeout(CONNECT_WITHIN)
            .max_reconnects(None)
            .ping_interval(Duration::from_secs(2))
            .subscription_capacity(16_384)
            .reconnect_delay_callback(|attempts| {
                PAUSE_MAX.min(Duration::from_millis(20 * attempts as u64))
            });
        if let Some((user, password)) = &self.user {
            options = options.user_and_password(user.clone(), password.0.clone());
        }
        if let Some(token) = &self.token {
            options = options.token(token.0.clone());
        }
        if let Some(ca) = &self.ca {
            options = options.add_root_certificates(ca.clone()).require_tls(true);
        }
        if let Some((certificate, key)) = &self.certificate {
            options = options.add_client_certificate(certificate.clone(), key.clone());
        }
        options
    }

    /// Connects.
    ///
    /// # Errors
    /// Why not, without secrets.
    pub(super) async fn connect(&self, name: &str) -> Result<Client, FleetError> {
        let addresses = self.addresses()?;
        let shown = redacted(&self.url);
        self.options(name).connect(addresses).await.map_err(|e| {
            let why = match e.kind() {
                ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => {
                    "NATS does not accept these credentials; give them in a file with --nats-auth, or in \
                     SMPPBENCH_NATS_USER and SMPPBENCH_NATS_PASSWORD, or SMPPBENCH_NATS_TOKEN"
                        .to_owned()
                }
                ConnectErrorKind::Dns => "its name cannot be resolved".to_owned(),
                ConnectErrorKind::TimedOut => "it does not answer".to_owned(),
                ConnectErrorKind::Tls => format!("TLS: {}", innermost(&e)),
                ConnectErrorKind::ServerParse
                | ConnectErrorKind::Io
                | ConnectErrorKind::MaxReconnects => innermost(&e),
            };
            FleetError::Unreached { at: shown.to_string(), why }
        })
    }
}

/// The innermost cause.
fn innermost(e: &dyn std::error::Error) -> String {
    let mut last = e;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

/// Whether NATS can be reached now.
pub(super) fn is_connected(client: &Client) -> bool {
    client.connection_state() == State::Connected
}

/// Sends messages while NATS can be reached, and drops them otherwise: a reliable channel sends its own again.
pub(super) async fn send(client: &Client, messages: Vec<(String, Vec<u8>)>) {
    if messages.is_empty() || !is_connected(client) {
        return;
    }
    for (subject, octets) in messages {
        let sent = client.publish(subject, octets.into());
        if tokio::time::timeout(Duration::from_secs(1), sent).await.is_err() {
            return;
        }
    }
}

/// An id unique to this process.
pub(super) fn identity() -> String {
    let process = u64::from(std::process::id());
    let a = mix64(Clock::wall_ns() ^ process << 40);
    format!("{a:016x}{:08x}", mix64(a ^ Clock::now().0) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_user_and_password() {
        assert_eq!(redacted("nats://u:p@h:4222"), "nats://***@h:4222");
        assert_eq!(redacted("u:p@h:4222"), "***@h:4222");
        assert_eq!(redacted("nats://h:4222,nats://tok@g:1"), "nats://h:4222,nats://***@g:1");
        assert_eq!(redacted("nats://u:p@q@h:4222"), "nats://***@h:4222");
    }

    #[test]
    fn what_is_secret_does_not_show_itself() {
        let user = Some(("u".to_owned(), Secret("hush".into())));
        let access = Access { url: "nats://h".into(), user, ..Access::default() };
        assert!(!format!("{access:?}").contains("hush"));
    }
}
