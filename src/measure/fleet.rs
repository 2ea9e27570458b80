//! The machines of a run over several: plain data for its report.
use crate::kit::{Environment, Nanos};
use serde::{Deserialize, Serialize};

/// The machines that carried a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FleetRecord {
    /// In the order of their workers.
    pub agents: Vec<AgentRecord>,
    /// Receipts that came to another agent than the one that had sent their message, and were counted there.
    pub receipts_crossed: u64,
    /// Of those, how far the two clocks may have been apart at most: so much their receipt times may be off.
    pub receipts_uncertainty_max: Option<Nanos>,
}

/// One machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentRecord {
    /// As it calls itself.
    pub name: String,
    /// Version of its program.
    pub version: String,
    /// The number of its first worker.
    pub first_worker: u32,
    /// Its workers.
    pub workers: u32,
    /// Sessions planned on it.
    pub sessions: u64,
    /// The machine.
    pub environment: Environment,
    /// Its clock before the run.
    pub clock_before: Option<ClockFix>,
    /// Its clock after the run.
    pub clock_after: Option<ClockFix>,
    /// Largest report of a second, in octets as sent.
    pub report_octets_max: u64,
    /// None: it stayed to the end.
    pub lost: Option<AgentLoss>,
}

/// A machine that went before its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentLoss {
    /// When that was noticed, from the start of the load.
    pub at: Nanos,
    /// `vanished`, ...
    pub why: String,
    /// submit_sm whose fate nobody knows.
    pub lost: u64,
    /// submit_sm of its share that were not sent any more.
    pub unsent: u64,
}

/// How another machine's monotonic clock stands to the leading one's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockFix {
    /// Theirs less ours.
    pub offset_ns: i64,
    /// The offset is off by no more than this: half of the quickest round trip.
    pub uncertainty: Nanos,
}
