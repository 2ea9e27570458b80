//! A run over HTTP while it lasts: `/metrics` and `/healthz` from a snapshot that the run makes once a second, and `/`, the
//! run in a browser, whose frames the run hands in. Requests are answered on another thread and never block a worker.
mod events;
mod http;
mod latest;
mod page;
mod run_page;
mod snapshot;
mod table;
#[cfg(test)]
mod tests;

pub use run_page::RunPage;
pub use table::{METRICS, MetricKind, MetricLine};

use crate::measure::{CutReason, Observer, Progress};
use crate::plan::Plan;
use http::Server;
use latest::LatestSnapshot;
use page::PageState;
use snapshot::SnapshotBuilder;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

/// An observer that serves the run as OpenMetrics. Dropping it and every [`RunPage`] of it ends the server.
#[derive(Debug)]
pub struct Metrics {
    builder: SnapshotBuilder,
    slot: Arc<LatestSnapshot>,
    page: RunPage,
    server: Arc<Server>,
}

impl Metrics {
    /// Listens on `address` (`host:port`; port 0: any) for a run of this plan.
    ///
    /// # Errors
    /// Where the address cannot be bound, or no thread be started; and where it is not loopback and the plan
    /// does not allow that.
    pub fn listen(plan: &Plan, address: &str) -> io::Result<Metrics> {
        let listener = TcpListener::bind(address)?;
        if !listener.local_addr()?.ip().to_canonical().is_loopback() && !plan.metrics.allow_remote {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is not loopback"));
        }
        let builder = SnapshotBuilder::new(plan);
        let slot = Arc::new(LatestSnapshot::new(builder.nothing_yet()));
        let state = Arc::new(PageState::new());
        let server = Arc::new(Server::start(listener, slot.clone(), state.clone())?);
        let page = RunPage::new(state, server.clone());
        Ok(Metrics { builder, slot, page, server })
    }

    /// The run in a browser, at `/` of the same address; nothing is there until it is opened.
    pub fn page(&self) -> RunPage {
        self.page.clone()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }
}

impl Observer for Metrics {
    fn progress(&mut self, progress: &Progress<'_>) -> Option<CutReason> {
        self.slot.put(self.builder.snapshot(progress));
        None
    }
}
