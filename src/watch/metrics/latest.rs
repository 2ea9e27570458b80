//! The latest snapshot, shared by the run and its scrapes.
use super::snapshot::Snapshot;
use std::sync::{Arc, Mutex, PoisonError};

/// The latest snapshot.
#[derive(Debug)]
pub(super) struct LatestSnapshot(Mutex<Arc<Snapshot>>);

impl LatestSnapshot {
    pub(super) fn new(snapshot: Snapshot) -> LatestSnapshot {
        LatestSnapshot(Mutex::new(Arc::new(snapshot)))
    }

    /// Clones a pointer under the lock. A snapshot is complete even if a thread panicked.
    pub(super) fn get(&self) -> Arc<Snapshot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn put(&self, snapshot: Snapshot) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
    }
}
