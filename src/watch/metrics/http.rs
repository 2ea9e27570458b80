//! The pages, over HTTP/1 on a thread of their own: the metrics, and the run in a browser. A client occupies at most one of
//! [`CLIENTS_MAX`] connections for [`PATIENCE`]; a browser that follows the run is counted apart, up to [`READERS_MAX`], and
//! dropped where it takes no event for [`PATIENCE`]. The run never waits for any of them. It only reads: nothing here
//! steers a run.
use super::events::{self, AnswerBody};
use super::latest::LatestSnapshot;
use super::page::{PageState, Reader};
use super::table::Scrape;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HOST, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};

/// As Prometheus asks for it.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const EVENTS: &str = "text/event-stream";
/// Most connections at a time; others wait in the kernel's queue.
const CLIENTS_MAX: usize = 16;
/// Most browsers that follow the run at a time; a further one gets 503.
const READERS_MAX: usize = 16;
/// Time for a request and its answer, and for a browser to take an event.
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
    /// Starts to serve the latest snapshot and the page.
    pub(super) fn start(
        listener: TcpListener,
        slot: Arc<LatestSnapshot>,
        page: Arc<PageState>,
    ) -> io::Result<Server> {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let site = Site::new(slot, page, address.ip());
        let thread = std::thread::Builder::new().name("metrics".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(listener, Arc::new(site)) => {}
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

/// What is served.
struct Site {
    registry: Registry,
    page: Arc<PageState>,
    readers: Arc<Semaphore>,
    /// Whether the listener is on loopback: a page of another site must then not reach it by a name of its own.
    is_local: bool,
}

impl Site {
    fn new(slot: Arc<LatestSnapshot>, page: Arc<PageState>, ip: IpAddr) -> Site {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Scrape(slot)));
        let readers = Arc::new(Semaphore::new(READERS_MAX));
        Site { registry, page, readers, is_local: ip.to_canonical().is_loopback() }
    }
}

/// One connection: what it occupies.
struct Visit {
    /// Its place among the short requests; None: it follows the run.
    place: Mutex<Option<OwnedSemaphorePermit>>,
    /// What it occupies while it follows the run.
    following: Mutex<Option<(OwnedSemaphorePermit, Reader)>>,
    /// It takes no events.
    gave_up: Arc<Notify>,
}

impl Visit {
    fn new(place: OwnedSemaphorePermit) -> Visit {
        let place = Mutex::new(Some(place));
        Visit { place, following: Mutex::new(None), gave_up: Arc::new(Notify::new()) }
    }

    /// From now on it follows the run. False: too many do.
    fn follow(&self, site: &Site) -> bool {
        let Ok(permit) = site.readers.clone().try_acquire_owned() else { return false };
        let reader = Reader::new(&site.page);
        *self.following.lock().unwrap_or_else(PoisonError::into_inner) = Some((permit, reader));
        self.place.lock().unwrap_or_else(PoisonError::into_inner).take();
        true
    }

    /// Ends when the connection must be dropped.
    async fn is_over(&self) {
        tokio::time::sleep(PATIENCE).await;
        let follows = self.following.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if follows {
            self.gave_up.notified().await;
        }
    }
}

async fn serve(listener: TcpListener, site: Arc<Site>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let places = Arc::new(Semaphore::new(CLIENTS_MAX));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let Ok((socket, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let site = site.clone();
        tokio::spawn(async move {
            let visit = Visit::new(place);
            let page = service_fn(|request| {
                let response = page(&request, &site, &visit);
                async move { Ok::<_, Infallible>(response) }
            });
            let mut http = hyper::server::conn::http1::Builder::new();
            http.keep_alive(false).max_buf_size(HEAD_MAX).timer(TokioTimer::new());
            let connection = http.serve_connection(TokioIo::new(socket), page);
            tokio::select! {
                // a faulty client needs no answer
                _ = connection => {}
                () = visit.is_over() => {}
            }
        });
    }
}

const PATHS: [&str; 4] = ["/", "/events", "/metrics", "/healthz"];

fn page(request: &Request<Incoming>, site: &Site, visit: &Visit) -> Response<AnswerBody> {
    let path = request.uri().path();
    let read = matches!(*request.method(), Method::GET | Method::HEAD);
    if PATHS.contains(&path) && !read {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD\n");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    match path {
        "/metrics" => {
            let mut text = String::with_capacity(16 * 1024);
            match text::encode(&mut text, &site.registry) {
                Ok(()) => answer(StatusCode::OK, OPENMETRICS, text.into()),
                Err(e) => plain(StatusCode::INTERNAL_SERVER_ERROR, &format!("{e}\n")),
            }
        }
        "/healthz" => plain(StatusCode::OK, "ok\n"),
        "/" | "/events" if site.is_local && !is_own_name(request.headers().get(HOST)) => {
            let text = "the page answers to an address or to localhost, not to another name\n";
            plain(StatusCode::MISDIRECTED_REQUEST, text)
        }
        "/" => match site.page.html() {
            Some(html) => answer(StatusCode::OK, HTML, html),
            None => plain(StatusCode::NOT_FOUND, "this command has no page; try /metrics\n"),
        },
        "/events" if *request.method() == Method::HEAD => {
            answer(StatusCode::OK, EVENTS, Bytes::new())
        }
        "/events" if visit.follow(site) => {
            let events = events::stream(&site.page, PATIENCE, visit.gave_up.clone());
            respond(StatusCode::OK, EVENTS, events)
        }
        "/events" => plain(StatusCode::SERVICE_UNAVAILABLE, "too many browsers follow this run\n"),
        _ => plain(StatusCode::NOT_FOUND, "not found; try /, /metrics or /healthz\n"),
    }
}

/// Whether a Host header names this machine's loopback by address or as localhost. A page of another site, whose name was
/// made to lead here, names itself.
fn is_own_name(host: Option<&HeaderValue>) -> bool {
    let Some(host) = host.and_then(|host| host.to_str().ok()) else { return false };
    // an address of IPv6 stands in brackets, and a port may follow either
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or(rest, |(address, _)| address),
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

fn plain(status: StatusCode, text: &str) -> Response<AnswerBody> {
    answer(status, PLAIN, Bytes::copy_from_slice(text.as_bytes()))
}

fn answer(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<AnswerBody> {
    respond(status, content_type, AnswerBody::Whole(Full::new(body)))
}

fn respond(
    status: StatusCode,
    content_type: &'static str,
    body: AnswerBody,
) -> Response<AnswerBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if content_type == HTML || content_type == EVENTS {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_answers_to_addresses_and_localhost_and_to_no_other_name() {
        for (host, is_own) in [
            ("127.0.0.1:9464", true),
            ("127.0.0.1", true),
            ("[::1]:9464", true),
            ("[::1]", true),
            ("localhost:9464", true),
            ("LocalHost", true),
            ("evil.example:9464", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example:9464", false),
            ("", false),
        ] {
            assert_eq!(is_own_name(Some(&HeaderValue::from_static(host))), is_own, "{host}");
        }
        assert!(!is_own_name(None));
    }
}
