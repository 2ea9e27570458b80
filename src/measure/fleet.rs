//! The agents of a run: data for its report.
use crate::kit::{Environment, Nanos};
use serde::{Deserialize, Serialize};

/// The agents of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FleetRecord {
    /// In the order of their workers.
    pub agents: Vec<AgentRecord>,
    /// Receipts that arrived at another agent than the sender of their message, and are counted at the sender.
    pub receipts_crossed: u64,
    /// Maximum error of their receipt times: how far the clocks of the two agents may have been apart. None: there are none.
    pub receipts_uncertainty_max: Option<Nanos>,
}

/// One agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentRecord {
    /// Its name.
    pub name: String,
    /// Its program version.
    pub version: String,
    /// Number of its first worker.
    pub first_worker: u32,
    /// Number of its workers.
    pub workers: u32,
    /// Number of sessions planned on it.
    pub sessions: u64,
    /// Its host.
    pub environment: Environment,
    /// Its clock before the run.
    pub clock_before: Option<ClockFix>,
    /// Its clock after the run.
    pub clock_after: Option<ClockFix>,
    /// Size of its largest report of a second, in octets as sent.
    pub report_octets_max: u64,
    /// How it was lost. None: it was connected to the end.
    pub lost: Option<AgentLoss>,
}

/// The loss of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentLoss {
    /// When the loss was detected, from the start of the load.
    pub at: Nanos,
    /// The reason: `vanished`, ...
    pub why: String,
    /// submit_sm whose outcome is not known.
    pub lost: u64,
    /// submit_sm of its share of the plan that were not sent.
    pub unsent: u64,
}

/// Difference between the monotonic clocks of an agent and the lead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockFix {
    /// Clock of the agent minus clock of the lead.
    pub offset_ns: i64,
    /// Maximum error of the offset: half of the shortest round trip.
    pub uncertainty: Nanos,
}
