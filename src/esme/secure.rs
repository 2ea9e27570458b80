//! What the profile says of TLS, made ready before anything is sent.
use crate::net::{ClientFiles, ClientTls};
use crate::plan::{PlanError, Target};
use std::path::Path;

/// The client's side of TLS as the profile wants it; None: plain TCP.
///
/// # Errors
/// A file that cannot be read or used, or a name that no certificate could bear: one line.
pub fn client_tls(target: &Target) -> Result<Option<ClientTls>, PlanError> {
    let Some(tls) = &target.tls else { return Ok(None) };
    let path = |file: &Option<String>| file.as_deref().map(Path::new).map(Path::to_owned);
    let (ca, cert, key) = (path(&tls.ca), path(&tls.cert), path(&tls.key));
    let files = ClientFiles {
        ca: ca.as_deref(),
        identity: cert.as_deref().zip(key.as_deref()),
        server_name: tls.server_name.as_deref(),
        verify: tls.verify,
    };
    let wrong = |e: crate::net::TlsFault| PlanError::about("target.tls", e.to_string());
    let client = ClientTls::new(&files).map_err(wrong)?;
    for address in &target.addresses {
        client.check_address(address).map_err(wrong)?;
    }
    Ok(Some(client))
}
