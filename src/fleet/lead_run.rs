//! One run of a fleet as its lead tracks it: its phase, and the share of each agent.
use super::interval_merger::IntervalMerger;
use super::loss::ReportedCounts;
use super::receipt_claims::ReceiptClaims;
use crate::esme::Setup;
use crate::kit::Nanos;
use crate::measure::{AgentLoss, ClockFix};
use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RunPhase {
    /// The clocks are measured.
    Clocks,
    /// Offered; waiting for every agent to accept.
    Offered,
    /// All agents accepted.
    Running,
    /// All workers have ended; the clocks are measured again.
    After,
}

/// One agent's share of a run.
#[derive(Debug)]
pub(super) struct AgentShare {
    pub(super) workers: Range<u32>,
    pub(super) accepted: bool,
    pub(super) ended: bool,
    pub(super) reported: ReportedCounts,
    /// Number of its workers that have sent their final report.
    pub(super) finals: u32,
    pub(super) report_octets_max: u64,
    pub(super) before: Option<ClockFix>,
    pub(super) after: Option<ClockFix>,
    pub(super) lost: Option<AgentLoss>,
}

/// One run as the lead tracks it.
#[derive(Debug)]
pub(super) struct LeadRun {
    pub(super) setup: Setup,
    pub(super) workers: u32,
    pub(super) phase: RunPhase,
    pub(super) since: Nanos,
    pub(super) shares: Vec<AgentShare>,
    pub(super) start: Option<Nanos>,
    pub(super) load_ends: Nanos,
    pub(super) claims: ReceiptClaims,
    /// Merges the intervals of the agents, so that observers see whole seconds.
    pub(super) intervals: IntervalMerger,
    /// When it was told to stop; it waits for claims. None: it was not.
    pub(super) stopping: Option<Nanos>,
    /// When its caller closed it; None: it did not.
    pub(super) closing: Option<Nanos>,
    pub(super) stopped: bool,
}

impl LeadRun {
    pub(super) fn offset(&self, now: Nanos) -> Nanos {
        self.start.map_or(Nanos::ZERO, |start| now.since(start))
    }

    pub(super) fn any_lost(&self) -> bool {
        self.shares.iter().any(|p| p.lost.is_some())
    }
}
