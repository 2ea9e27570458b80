//! The agents of a run.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The agents of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fleet {
    /// In the order of their workers.
    pub agents: Vec<Agent>,
    /// Final receipts that arrived at another agent than the sender.
    pub receipts_crossed: u64,
    /// Largest uncertainty of their times, which come from two clocks; null: there were none.
    pub receipts_uncertainty_max_ns: Option<u64>,
}

/// An agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Agent {
    /// Its own name.
    pub name: String,
    /// The machine's name.
    pub host: Option<String>,
    /// Version of its program.
    pub version: String,
    /// `complete` or `lost`.
    pub state: String,
    /// When it was lost, from the start of the load; null: it was not.
    pub lost_at_s: Option<f64>,
    /// Why it was lost.
    pub lost_why: Option<String>,
    /// submit_sm of its share with an unknown outcome.
    pub lost: u64,
    /// submit_sm of its share that were not sent.
    pub unsent: u64,
    /// The number of its first worker.
    pub first_worker: u32,
    /// Its workers.
    pub workers: u32,
    /// Sessions planned on it.
    pub sessions: u64,
    /// Its clock compared with the lead's.
    pub clock: Clock,
    /// Largest report of a second, in octets as sent.
    pub report_octets_max: u64,
    /// Its machine, in the form of `environment`.
    pub environment: Value,
}

/// A clock compared with the lead's.
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
    /// The agent's clock minus the lead's.
    pub offset_ns: i64,
    /// Largest error of the offset.
    pub uncertainty_ns: u64,
}
