//! Observers of a run: what they are shown, and what they may request.
use super::cut::CutReason;
use super::observed::ObservedSample;
use super::record::RunRecord;
use super::spill::SpillStore;
use crate::kit::Nanos;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Phase of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Sessions are being bound.
    Connect,
    /// Messages are sent.
    Load,
    /// The load has ended; answers and receipts are awaited.
    Drain,
    /// Sessions are being unbound.
    Unbind,
}

/// Progress of a run.
#[derive(Debug)]
pub struct Progress<'a> {
    /// Its phase.
    pub phase: Phase,
    /// Time since the start of the load; 0 before it.
    pub at: Nanos,
    /// When the load ends by the plan, from its start.
    pub load_ends: Nanos,
    /// The record so far; its last interval may be incomplete.
    pub record: &'a RunRecord,
    /// Number of bound and of planned sessions.
    pub sessions: (u64, u64),
}

/// Observes a run. Called on the coordinator's thread.
pub trait Observer {
    /// Reports progress, about once a second and at each change of phase. Return a reason to end the load.
    fn progress(&mut self, progress: &Progress<'_>) -> Option<CutReason>;

    /// All sessions are bound, and the load can begin at `earliest`. Returns when it must begin; None: call again.
    fn start(&mut self, earliest: Nanos) -> Option<Nanos> {
        Some(earliest)
    }

    /// The load begins. Returns a store outside memory for the histograms of closed seconds. None: they stay in memory.
    fn spill_store(&mut self) -> Option<Arc<dyn SpillStore>> {
        None
    }

    /// A second signal stops the run at once, without a drain. This is the last report.
    fn stopped_at_once(&mut self, _progress: &Progress<'_>) {}

    /// The request of the operator. None: there is none. Called about ten times a second.
    fn steer(&mut self) -> Option<Steer> {
        None
    }

    /// What was sampled beside the run since the last call. Called about once a second; it must not wait.
    fn observed(&mut self, _now: Nanos) -> Vec<ObservedSample> {
        Vec::new()
    }
}

impl<O: Observer + ?Sized> Observer for &mut O {
    fn progress(&mut self, progress: &Progress<'_>) -> Option<CutReason> {
        (**self).progress(progress)
    }
    fn start(&mut self, earliest: Nanos) -> Option<Nanos> {
        (**self).start(earliest)
    }
    fn spill_store(&mut self) -> Option<Arc<dyn SpillStore>> {
        (**self).spill_store()
    }
    fn stopped_at_once(&mut self, progress: &Progress<'_>) {
        (**self).stopped_at_once(progress);
    }
    fn steer(&mut self) -> Option<Steer> {
        (**self).steer()
    }
    fn observed(&mut self, now: Nanos) -> Vec<ObservedSample> {
        (**self).observed(now)
    }
}

/// A request of the operator during a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Steer {
    /// End the load now for this reason, drain and report.
    End(CutReason),
    /// Change the rate from now on. Refused, with a note in the record, where the plan has closed-loop stages or its guard
    /// does not allow the rate.
    Rate {
        /// Percent of the planned rate, 1 to 1,000.
        percent: u32,
    },
}

/// Ignores all progress.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn progress(&mut self, _progress: &Progress<'_>) -> Option<CutReason> {
        None
    }
}
