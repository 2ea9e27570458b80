//! What is shown while a run goes on, and what whoever watches may ask for.
use super::cut::CutReason;
use super::record::RunRecord;
use super::shelf::Shelf;
use crate::kit::Nanos;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Sessions are being bound.
    Connect,
    /// The load is on.
    Load,
    /// The load has ended; answers and receipts are awaited.
    Drain,
    /// Sessions are being unbound.
    Unbind,
}

/// What a run shows while it goes on.
#[derive(Debug)]
pub struct Progress<'a> {
    /// Where it stands.
    pub phase: Phase,
    /// Since the start of the load (0 before it).
    pub at: Nanos,
    /// When the load ends by the plan.
    pub load_ends: Nanos,
    /// The record so far; its last interval may still be filling.
    pub record: &'a RunRecord,
    /// Sessions bound, and sessions planned.
    pub sessions: (u64, u64),
}

/// Watches a run. Called on the coordinator's thread, about once a second and at each change of phase.
pub trait Observer {
    /// What it is now. Returning a reason ends the load (drain, then report).
    fn progress(&mut self, progress: &Progress<'_>) -> Option<CutReason>;

    /// All sessions are bound, and the load could begin at `earliest`: when it is to begin. None: not yet, ask again.
    fn start(&mut self, earliest: Nanos) -> Option<Nanos> {
        Some(earliest)
    }

    /// The load begins: a place outside memory for the distributions of the seconds that have closed, where whoever
    /// watches has one.
    fn shelf(&mut self) -> Option<Arc<dyn Shelf>> {
        None
    }

    /// The run is stopped at once by a second signal, without a drain: the last look at what is known.
    fn stopped_at_once(&mut self, _progress: &Progress<'_>) {}

    /// What the operator asks for, if anything; asked about ten times a second.
    fn steer(&mut self) -> Option<Steer> {
        None
    }
}

impl<O: Observer + ?Sized> Observer for &mut O {
    fn progress(&mut self, progress: &Progress<'_>) -> Option<CutReason> {
        (**self).progress(progress)
    }
    fn start(&mut self, earliest: Nanos) -> Option<Nanos> {
        (**self).start(earliest)
    }
    fn shelf(&mut self) -> Option<Arc<dyn Shelf>> {
        (**self).shelf()
    }
    fn stopped_at_once(&mut self, progress: &Progress<'_>) {
        (**self).stopped_at_once(progress);
    }
    fn steer(&mut self) -> Option<Steer> {
        (**self).steer()
    }
}

/// What an operator may ask for while a run goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Steer {
    /// End the load now, for this reason; then drain and report.
    End(CutReason),
    /// From now on so many per cent of the plan's rate (1 to 1,000). Not taken, and told so in the record's
    /// notes, where the plan has closed-loop stages or its guard allows no more.
    Rate {
        /// Of the plan's rate.
        percent: u32,
    },
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn progress(&mut self, _progress: &Progress<'_>) -> Option<CutReason> {
        None
    }
}
