//! One run of a fleet as its lead knows it: how far it is, and every agent's part in it.
use super::claims::Claims;
use super::loss::ReportedCounts;
use super::seconds::Seconds;
use crate::esme::Setup;
use crate::kit::Nanos;
use crate::measure::{AgentLoss, ClockFix};
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The clocks are being asked.
    Clocks,
    /// Will they?
    Offered,
    /// They do.
    Running,
    /// All workers have ended; the clocks are asked once more.
    After,
}

/// One agent's part in a run.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) workers: Range<u32>,
    pub(super) accepted: bool,
    pub(super) ended: bool,
    pub(super) told: ReportedCounts,
    /// Last words of its workers.
    pub(super) finals: u32,
    pub(super) report_octets_max: u64,
    pub(super) before: Option<ClockFix>,
    pub(super) after: Option<ClockFix>,
    pub(super) lost: Option<AgentLoss>,
}

/// One run.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) setup: Setup,
    pub(super) workers: u32,
    pub(super) stage: Stage,
    pub(super) since: Nanos,
    pub(super) parts: Vec<Part>,
    pub(super) start: Option<Nanos>,
    pub(super) load_ends: Nanos,
    pub(super) claims: Claims,
    /// Added up over the agents, so that whoever watches sees whole seconds.
    pub(super) seconds: Seconds,
    /// Told to stop, and waiting for claims since.
    pub(super) stopping: Option<Nanos>,
    /// Nobody conducts it any more, since.
    pub(super) closing: Option<Nanos>,
    pub(super) stopped: bool,
}

impl Run {
    pub(super) fn offset(&self, now: Nanos) -> Nanos {
        self.start.map_or(Nanos::ZERO, |start| now.since(start))
    }

    pub(super) fn any_lost(&self) -> bool {
        self.parts.iter().any(|p| p.lost.is_some())
    }
}
