//! OpenMetrics during a run: `/metrics` and `/healthz` over HTTP, from a snapshot that the run makes once a second. A
//! scrape reads the snapshot on another thread and never blocks a worker.
mod http;
mod latest;
mod snapshot;
mod table;
#[cfg(test)]
mod tests;

pub use table::{METRICS, MetricKind, MetricLine};

use crate::measure::{CutReason, Observer, Progress};
use crate::plan::Plan;
use http::Server;
use latest::LatestSnapshot;
use snapshot::SnapshotBuilder;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

/// An observer that serves the run as OpenMetrics. Dropping it ends the server.
#[derive(Debug)]
pub struct Metrics {
    builder: SnapshotBuilder,
    slot: Arc<LatestSnapshot>,
    server: Server,
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
        let server = Server::start(listener, slot.clone())?;
        Ok(Metrics { builder, slot, server })
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
