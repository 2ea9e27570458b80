//! Fetches one page over HTTP/1, up to a size and a time. A connection serves one page: a source that is restarted or
//! hangs is a new one each time.
use super::fault::Fault;
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// Most octets of a page.
pub(super) const PAGE_MAX: usize = 4 << 20;

/// A page and the runtime that fetches it.
#[derive(Debug)]
pub(super) struct Fetcher {
    url: String,
    /// `host:port`, to connect to.
    address: String,
    /// As the URL has it.
    authority: String,
    path: String,
    within: Duration,
    runtime: Runtime,
}

impl Fetcher {
    /// Of `url`, which the plan has checked.
    pub(super) fn new(url: &str, within: Duration) -> io::Result<Fetcher> {
        let rest = url.strip_prefix("http://").unwrap_or(url);
        let split = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(split);
        let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
        Ok(Fetcher {
            url: url.to_owned(),
            address: if has_port { authority.to_owned() } else { format!("{authority}:80") },
            authority: authority.to_owned(),
            path: if path.starts_with('/') { path.to_owned() } else { format!("/{path}") },
            within,
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        })
    }

    pub(super) fn url(&self) -> String {
        self.url.clone()
    }

    /// The page as text. Waits at most for its time.
    pub(super) fn fetch(&self) -> Result<String, Fault> {
        let octets = self.runtime.block_on(async {
            tokio::time::timeout(self.within, self.get()).await.unwrap_or_else(|_| {
                let within_ms = self.within.as_millis() as u64;
                Err(Fault::Slow { url: self.url(), within_ms })
            })
        })?;
        String::from_utf8(octets.into())
            .map_err(|_| Fault::NotMetrics { url: self.url(), what: "not UTF-8" })
    }

    async fn get(&self) -> Result<Bytes, Fault> {
        let unreachable = |why: io::Error| Fault::Unreachable { url: self.url(), why };
        let failed = |e: hyper::Error| unreachable(io::Error::other(e));
        let socket = TcpStream::connect(&self.address).await.map_err(unreachable)?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.map_err(failed)?;
        let request = Request::get(&self.path)
            .header(HOST, &self.authority)
            .header(USER_AGENT, concat!("smppbench/", env!("CARGO_PKG_VERSION")))
            .header(
                ACCEPT,
                "text/plain;version=0.0.4, application/openmetrics-text;q=0.5, */*;q=0.1",
            )
            .body(Empty::<Bytes>::new())
            .map_err(|e| unreachable(io::Error::other(e)))?;
        let answer = async {
            let response = sender.send_request(request).await.map_err(failed)?;
            let status = response.status();
            if status != StatusCode::OK {
                return Err(Fault::Status { url: self.url(), status: status.as_u16() });
            }
            let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
            if kind.is_some_and(|kind| kind.starts_with("text/html")) {
                return Err(Fault::NotMetrics { url: self.url(), what: "HTML" });
            }
            match Limited::new(response.into_body(), PAGE_MAX).collect().await {
                Ok(body) => Ok(body.to_bytes()),
                Err(e) if e.is::<LengthLimitError>() => Err(Fault::TooLong { url: self.url() }),
                Err(e) => Err(unreachable(io::Error::other(e))),
            }
        };
        tokio::pin!(answer, connection);
        // the connection moves the octets that the answer waits for
        tokio::select! {
            answer = &mut answer => answer,
            ended = &mut connection => {
                ended.map_err(failed)?;
                answer.await
            }
        }
    }
}
