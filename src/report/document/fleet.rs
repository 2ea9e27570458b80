//! The machines of a run over several.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The machines of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fleet {
    /// In the order of their workers.
    pub agents: Vec<Agent>,
    /// Final receipts that another agent read than the one that had sent their message.
    pub receipts_crossed: u64,
    /// So much the times of those may be off, for the two clocks may be so far apart; null: there were none.
    pub receipts_uncertainty_max_ns: Option<u64>,
}

/// One machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Agent {
    /// As it calls itself.
    pub name: String,
    /// The machine's name.
    pub host: Option<String>,
    /// Version of its program.
    pub version: String,
    /// `complete` or `lost`.
    pub state: String,
    /// When its loss was noticed, from the start of the load; null: it was not lost.
    pub lost_at_s: Option<f64>,
    /// What became of it.
    pub lost_why: Option<String>,
    /// submit_sm of its share whose fate nobody knows.
    pub lost: u64,
    /// submit_sm of its share that were not sent any more.
    pub unsent: u64,
    /// The number of its first worker.
    pub first_worker: u32,
    /// Its workers.
    pub workers: u32,
    /// Sessions planned on it.
    pub sessions: u64,
    /// Its clock against the lead's.
    pub clock: Clock,
    /// Largest report of a second, in octets as sent.
    pub report_octets_max: u64,
    /// The machine, as `environment` has the lead's.
    pub environment: Value,
}

/// A clock against the lead's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Clock {
    /// Before the run.
    pub before: Option<ClockFix>,
    /// After it.
    pub after: Option<ClockFix>,
}

/// How far apart two clocks are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClockFix {
    /// The agent's less the lead's.
    pub offset_ns: i64,
    /// Off by no more than this.
    pub uncertainty_ns: u64,
}
