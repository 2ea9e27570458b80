//! TLS for client and server: certificates are read once before anything is sent, and handshakes are bounded in time.
//! Neither keys nor the content of a key file appear in any message.
use crate::kit::{Clock, Nanos};
use rustls_pki_types::pem::{Error as PemError, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::{Resumption, WebPkiServerVerifier};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error as RustlsError,
    RootCertStore, ServerConfig, SignatureScheme,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// A TLS connection that was dialled.
pub type ClientStream = tokio_rustls::client::TlsStream<TcpStream>;
/// A TLS connection that was accepted.
pub type ServerStream = tokio_rustls::server::TlsStream<TcpStream>;

/// Why TLS is not possible.
#[derive(Debug)]
pub enum TlsFault {
    /// A local file is not valid; nothing was sent.
    File(PathBuf, String),
    /// A setting is not possible: a name is not valid, or the system has no CA certificates.
    Settings(String),
    /// The handshake failed.
    Handshake(String, io::Error),
    /// The peer does not speak TLS, or appears not to.
    Plain(String, &'static str),
    /// A certificate is missing or does not verify: the reason and the remedy.
    Certificate(String, String),
    /// The handshake did not finish within this time.
    TimedOut(String, Nanos),
}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsFault::File(path, why) => write!(f, "{}: {why}", path.display()),
            TlsFault::Settings(why) => f.write_str(why),
            TlsFault::Handshake(peer, e) => write!(f, "TLS handshake with {peer} failed: {e}"),
            TlsFault::Plain(peer, why) => write!(f, "TLS handshake with {peer} failed: {why}"),
            TlsFault::Certificate(peer, why) => {
                write!(f, "TLS handshake with {peer} failed: {why}")
            }
            TlsFault::TimedOut(peer, after) => {
                let seconds = after.as_secs_f64();
                write!(
                    f,
                    "TLS handshake with {peer} failed: no answer within {seconds:.1} s; if it does not speak \
                     TLS, leave out --tls (target.tls)"
                )
            }
        }
    }
}
impl std::error::Error for TlsFault {}

/// TLS settings of a client.
#[derive(Clone, Copy, Debug)]
pub struct ClientFiles<'a> {
    /// PEM file of the CAs to trust. None: those of the system.
    pub ca: Option<&'a Path>,
    /// PEM files of the client certificate chain and its key. None: no client certificate.
    pub identity: Option<(&'a Path, &'a Path)>,
    /// The name that the peer's certificate must have. None: the host that is dialled.
    pub server_name: Option<&'a str>,
    /// Whether the peer's certificate is verified.
    pub verify: bool,
}

/// TLS for client connections.
#[derive(Clone)]
pub struct ClientTls {
    connector: TlsConnector,
    name: Option<ServerName<'static>>,
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ClientTls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`TlsFault::File`] and [`TlsFault::Settings`].
    pub fn new(files: &ClientFiles<'_>) -> Result<ClientTls, TlsFault> {
        let provider = provider();
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|e| unlikely(&e))?;
        let builder = if files.verify {
            let roots = match files.ca {
                Some(path) => trusted(path)?,
                None => system_roots()?,
            };
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(|e| TlsFault::Settings(format!("cannot verify certificates: {e}")))?;
            builder.with_webpki_verifier(verifier)
        } else {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Unverified(provider)))
        };
        let mut config = match files.identity {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => builder
                .with_client_auth_cert(certificates(chain)?, private_key(key)?)
                .map_err(|e| TlsFault::File(key.to_owned(), misfit(&e)))?,
        };
        // a resumed handshake is faster than a full one; their times must not be mixed
        config.resumption = Resumption::disabled();
        let name = files.server_name.map(server_name).transpose()?;
        Ok(ClientTls { connector: TlsConnector::from(Arc::new(config)), name })
    }

    /// Checks that the name for a connection to this `host:port` is a valid certificate name.
    ///
    /// # Errors
    /// [`TlsFault::Settings`].
    pub fn check_address(&self, address: &str) -> Result<(), TlsFault> {
        self.name_for(address).map(drop)
    }

    /// Does the handshake over `stream`, which was dialled as `address` (`host:port`). Returns how long it took.
    ///
    /// # Errors
    /// [`TlsFault::Handshake`] and [`TlsFault::TimedOut`].
    pub async fn connect(
        &self,
        address: &str,
        stream: TcpStream,
        timeout: Nanos,
    ) -> Result<(Box<ClientStream>, Nanos), TlsFault> {
        let name = self.name_for(address)?;
        let began = Clock::now();
        match tokio::time::timeout(timeout.into(), self.connector.connect(name, stream)).await {
            Ok(Ok(stream)) => Ok((Box::new(stream), Clock::now().since(began))),
            Ok(Err(e)) => Err(failed(address, e)),
            Err(_) => Err(TlsFault::TimedOut(address.to_owned(), timeout)),
        }
    }

    fn name_for(&self, address: &str) -> Result<ServerName<'static>, TlsFault> {
        match &self.name {
            Some(name) => Ok(name.clone()),
            None => server_name(host_of(address)),
        }
    }
}

/// TLS for accepted connections.
#[derive(Clone)]
pub struct ServerTls(TlsAcceptor);

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerTls(..)")
    }
}

impl ServerTls {
    /// Reads the files. With `client_ca`, clients must show a certificate that it signed.
    ///
    /// # Errors
    /// [`TlsFault::File`] and [`TlsFault::Settings`].
    pub fn new(
        certificate: &Path,
        key: &Path,
        client_ca: Option<&Path>,
    ) -> Result<ServerTls, TlsFault> {
        let provider = provider();
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|e| unlikely(&e))?;
        let builder = match client_ca {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let roots = Arc::new(trusted(path)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
                let why = |e| TlsFault::File(path.to_owned(), format!("is not a usable CA: {e}"));
                builder.with_client_cert_verifier(verifier.map_err(why)?)
            }
        };
        let config = builder
            .with_single_cert(certificates(certificate)?, private_key(key)?)
            .map_err(|e| TlsFault::File(key.to_owned(), misfit(&e)))?;
        Ok(ServerTls(TlsAcceptor::from(Arc::new(config))))
    }

    /// Does the handshake over an accepted connection.
    ///
    /// # Errors
    /// The handshake failed, or took longer than `timeout`.
    pub async fn accept(&self, stream: TcpStream, timeout: Nanos) -> io::Result<ServerStream> {
        match tokio::time::timeout(timeout.into(), self.0.accept(stream)).await {
            Ok(handshake) => handshake,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

/// Why a handshake failed, with the remedy.
fn failed(address: &str, e: io::Error) -> TlsFault {
    let peer = address.to_owned();
    match e.get_ref().and_then(|inner| inner.downcast_ref::<RustlsError>()) {
        Some(RustlsError::InvalidCertificate(fault)) => {
            TlsFault::Certificate(peer, unverified(fault))
        }
        Some(RustlsError::AlertReceived(AlertDescription::CertificateRequired)) => {
            let why = format!(
                "it requires a client certificate ({e}); give one with target.tls_cert and target.tls_key"
            );
            TlsFault::Certificate(peer, why)
        }
        // the first octets were not a TLS record
        Some(RustlsError::InvalidMessage(_)) => {
            TlsFault::Plain(peer, "it does not speak TLS; leave out --tls (target.tls)")
        }
        None if e.kind() == io::ErrorKind::UnexpectedEof => TlsFault::Plain(
            peer,
            "it closed the connection in the handshake; if it does not speak TLS, leave out --tls \
             (target.tls)",
        ),
        Some(_) | None => TlsFault::Handshake(peer, e),
    }
}

/// Why a certificate does not verify, with the remedy.
fn unverified(fault: &CertificateError) -> String {
    let remedy = match fault {
        CertificateError::UnknownIssuer
        | CertificateError::BadSignature
        | CertificateError::UnhandledCriticalExtension => {
            "if it is self-signed or signed by a CA of its own, give that certificate with --tls-ca \
             (target.tls_ca)"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "dial a name of the certificate, or set target.tls_server_name to one"
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => {
            "renew the certificate, or set this machine's clock"
        }
        // rustls hands on what its verifier found as a boxed error: its type is that of another crate, `webpki`, and
        // to compare types both would have to use the same version of it
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "it is a CA's own certificate: have the target present one that the CA signed, or set \
             target.tls_verify = false"
        }
        _ => "give the CA that signed it with --tls-ca (target.tls_ca)",
    };
    format!("its certificate does not verify ({}); {remedy}", RustlsError::from(fault.clone()))
}

/// The cryptography provider. The process default is not used: it panics where the crate tree has two providers.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn unlikely(e: &RustlsError) -> TlsFault {
    TlsFault::Settings(format!("no TLS in this build: {e}"))
}

/// `smsc.example` of `smsc.example:2775`, `::1` of `[::1]:2775`.
fn host_of(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

fn server_name(name: &str) -> Result<ServerName<'static>, TlsFault> {
    ServerName::try_from(name.to_owned()).map_err(|_| {
        let why = "is not a valid certificate name; set tls_server_name";
        TlsFault::Settings(format!("{name:?} {why}"))
    })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsFault> {
    let fault = |e: &PemError| TlsFault::File(path.to_owned(), unread(e, "certificate"));
    let read: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).map_err(|e| fault(&e))?.collect();
    let list = read.map_err(|e| fault(&e))?;
    if list.is_empty() {
        return Err(fault(&PemError::NoItemsFound));
    }
    Ok(list)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsFault> {
    PrivateKeyDer::from_pem_file(path)
        .map_err(|e| TlsFault::File(path.to_owned(), unread(&e, "private key")))
}

fn trusted(path: &Path) -> Result<RootCertStore, TlsFault> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots
            .add(certificate)
            .map_err(|e| TlsFault::File(path.to_owned(), format!("holds no usable CA: {e}")))?;
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, TlsFault> {
    let mut roots = RootCertStore::empty();
    // certificates of the system that cannot be read are not trusted
    let (usable, _) =
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if usable == 0 {
        let why = "this system has no CA certificates to verify the target with; set tls_ca";
        return Err(TlsFault::Settings(why.to_owned()));
    }
    Ok(roots)
}

/// Why a PEM file cannot be used. The parser's own message might quote the file.
fn unread(e: &PemError, what: &str) -> String {
    match e {
        PemError::Io(e) => format!("cannot be read: {e}"),
        PemError::NoItemsFound => format!("holds no {what} in PEM; give one"),
        _ => format!("is not valid PEM; give a {what} in PEM"),
    }
}

/// Why a certificate and a key cannot be used together.
fn misfit(e: &RustlsError) -> String {
    match e {
        RustlsError::InconsistentKeys(_) => {
            "is not the key of the certificate; give the one that belongs to it".to_owned()
        }
        RustlsError::InvalidCertificate(_) => {
            format!("cannot be used: its certificate is not valid: {e}")
        }
        // about the key itself: said without quoting anything of it
        _ => "is not a usable key; give an RSA, ECDSA or Ed25519 key".to_owned(),
    }
}

/// Lets every certificate pass: the loud opt-out. Signatures are still checked, so that the peer holds the
/// key of what it shows.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, RustlsError> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, RustlsError> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, RustlsError> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_an_address_is_what_stands_before_the_port() {
        for (address, host) in [
            ("smsc.example:2775", "smsc.example"),
            ("10.0.0.1:8143", "10.0.0.1"),
            ("[::1]:1", "::1"),
        ] {
            assert_eq!(host_of(address), host);
            assert!(server_name(host).is_ok(), "{host}");
        }
        assert!(server_name("no name").is_err());
    }

    #[test]
    fn a_file_that_is_no_pem_is_named_and_never_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        std::fs::write(&path, "-----BEGIN PRIVATE KEY-----\nsecret!secret\n").unwrap();
        let line = private_key(&path).unwrap_err().to_string();
        assert!(line.contains("key.pem") && !line.contains("secret"), "{line}");
        let line = certificates(&path).unwrap_err().to_string();
        assert!(line.contains("PEM") && !line.contains("secret"), "{line}");
        let line = certificates(&folder.path().join("none.pem")).unwrap_err().to_string();
        assert!(line.contains("cannot be read"), "{line}");
    }
}
