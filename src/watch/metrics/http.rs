//! The two pages, over HTTP/1 on a thread of their own. A client occupies at most one of [`CLIENTS_MAX`] connections
//! for [`PATIENCE`]; the run never waits for it.
use super::latest::LatestSnapshot;
use super::table::Scrape;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};

/// As Prometheus asks for it.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";
/// Most connections at a time; others wait in the kernel's queue.
const CLIENTS_MAX: usize = 16;
/// Time for a request and its answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most octets of a request's head; a longer one gets 431.
const HEAD_MAX: usize = 16 * 1024;
/// Pause after a failed accept (no descriptor is left).
const PAUSE: Duration = Duration::from_millis(100);

/// The server. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts to serve the latest snapshot.
    pub(super) fn start(listener: TcpListener, slot: Arc<LatestSnapshot>) -> io::Result<Server> {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("metrics".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(listener, slot) => {}
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Server { address, stop: Some(stop), thread: Some(thread) })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // the server may have ended already
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            // a panic in the server does not affect the run
            let _ = thread.join();
        }
    }
}

async fn serve(listener: TcpListener, slot: Arc<LatestSnapshot>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Scrape(slot)));
    let registry = Arc::new(registry);
    let places = Arc::new(Semaphore::new(CLIENTS_MAX));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let Ok((socket, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let registry = registry.clone();
        tokio::spawn(async move {
            let page = service_fn(move |request| {
                let response = page(&request, &registry);
                async move { Ok::<_, Infallible>(response) }
            });
            let mut http = hyper::server::conn::http1::Builder::new();
            http.keep_alive(false).max_buf_size(HEAD_MAX).timer(TokioTimer::new());
            let connection = http.serve_connection(TokioIo::new(socket), page);
            // a faulty client needs no answer
            let _ = tokio::time::timeout(PATIENCE, connection).await;
            drop(place);
        });
    }
}

fn page(request: &Request<Incoming>, registry: &Registry) -> Response<Full<Bytes>> {
    let read = matches!(*request.method(), Method::GET | Method::HEAD);
    match request.uri().path() {
        "/metrics" | "/healthz" if !read => {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD\n");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            response
        }
        "/metrics" => {
            let mut text = String::with_capacity(16 * 1024);
            match text::encode(&mut text, registry) {
                Ok(()) => answer(StatusCode::OK, OPENMETRICS, text.into()),
                Err(e) => plain(StatusCode::INTERNAL_SERVER_ERROR, &format!("{e}\n")),
            }
        }
        "/healthz" => plain(StatusCode::OK, "ok\n"),
        _ => plain(StatusCode::NOT_FOUND, "not found; try /metrics or /healthz\n"),
    }
}

fn plain(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    answer(status, PLAIN, Bytes::copy_from_slice(text.as_bytes()))
}

fn answer(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
