//! Where the run leaves its snapshot and a scrape finds it.
use super::snapshot::Snapshot;
use std::sync::{Arc, Mutex, PoisonError};

/// Where the run leaves its snapshot and a scrape finds it.
#[derive(Debug)]
pub(super) struct LatestSnapshot(Mutex<Arc<Snapshot>>);

impl LatestSnapshot {
    pub(super) fn new(snapshot: Snapshot) -> LatestSnapshot {
        LatestSnapshot(Mutex::new(Arc::new(snapshot)))
    }

    /// The lock is held for the copy of a pointer; a snapshot is whole whoever panicked.
    pub(super) fn get(&self) -> Arc<Snapshot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn put(&self, snapshot: Snapshot) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
    }
}
