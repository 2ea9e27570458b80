//! The outcome of every submit_sm, and other counters.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The ledger of the whole run, or of a group (then `unknown_responses` and `mo` are absent).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ledger {
    /// Lines in the order of the contract: `planned`, `retries`, `written`, … `ids_given_twice`, `self_inflicted_throttles`.
    #[serde(flatten)]
    #[schemars(with = "std::collections::BTreeMap<String, u64>")]
    pub lines: LedgerLines,
    /// Receipts.
    pub receipts: Receipts,
    /// Messages accepted after more than one try, by number of tries; absent if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted_by_tries: Vec<ByTries>,
    /// Mobile-originated messages; absent in groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mo: Option<Mo>,
    /// Whether every sum balances; null: saved before the run ended.
    pub balanced: Option<bool>,
}

/// The lines that are plain counters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerLines {
    /// Messages of the plan.
    pub planned: u64,
    /// Retries.
    pub retries: u64,
    /// submit_sm written.
    pub written: u64,
    /// Dropped because the window was full.
    pub dropped: u64,
    /// Due and never sent.
    pub unsent: u64,
    /// Answered ESME_ROK.
    pub accepted: u64,
    /// Answered with another status.
    pub rejected: u64,
    /// Not answered in time.
    pub timed_out: u64,
    /// In flight on a connection that was lost.
    pub lost: u64,
    /// In flight at the end of the run.
    pub open_at_end: u64,
    /// Answered after their deadline.
    pub late_responses: u64,
    /// Responses to no request; absent in groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown_responses: Option<u64>,
    /// Accepted with the message_id of another message whose receipt was awaited.
    #[serde(default)]
    pub ids_given_twice: u64,
    /// Throttled while the harness was catching up.
    pub self_inflicted_throttles: u64,
}

/// Receipts of accepted messages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Receipts {
    /// Messages that require a receipt; null: for some it is optional.
    pub expected: Option<u64>,
    /// First final receipts.
    #[serde(rename = "final")]
    pub final_: u64,
    /// Receipts that did not arrive by their deadline.
    pub missing: u64,
    /// Not tracked: no message_id, or too many awaited.
    pub untracked: u64,
    /// Not assignable: the message_id belongs to another message too.
    #[serde(default)]
    pub ambiguous: u64,
    /// No receipt was required and none arrived.
    pub silent: u64,
    /// Notifications before the final one.
    pub intermediate: u64,
    /// Repeated final receipts.
    pub duplicate: u64,
    /// Receipts before their response.
    pub before_response: u64,
    /// Receipts on another session than the message.
    pub other_bind: u64,
    /// Receipts that match no message of the run; null in groups.
    pub unknown: Option<u64>,
    /// Receipts after their deadline.
    pub late: u64,
    /// Receipts of an earlier run; null in groups.
    pub previous_run: Option<u64>,
    /// By message_state.
    pub by_state: Vec<ByState>,
    /// By the receipt's err.
    pub by_err: Vec<ByErr>,
    /// By the id rule that matched.
    pub by_rule: Vec<ByRule>,
    /// Accepted messages for which a receipt is required or optional.
    #[serde(default)]
    pub asked: Option<u64>,
}

/// Messages accepted after a number of tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ByTries {
    /// The tries, with the accepted one.
    pub tries: u64,
    /// How many.
    pub count: u64,
}

/// Final receipts in one message_state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ByState {
    /// The message_state; null: others.
    pub state: Option<u64>,
    /// `DELIVRD`, …
    pub name: String,
    /// How many.
    pub count: u64,
    /// Receipt time from the intended send: median; absent in groups.
    #[serde(default, skip_serializing_if = "Absent::is_absent")]
    pub receipt_p50_ns: Absent,
    /// 99th percentile.
    #[serde(default, skip_serializing_if = "Absent::is_absent")]
    pub receipt_p99_ns: Absent,
    /// Largest.
    #[serde(default, skip_serializing_if = "Absent::is_absent")]
    pub receipt_max_ns: Absent,
}

/// A figure that may be undefined (`null`) or absent (None).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(transparent)]
pub struct Absent(#[schemars(with = "Option<u64>")] pub Option<Option<u64>>);

impl Absent {
    fn is_absent(&self) -> bool {
        self.0.is_none()
    }
}

impl Serialize for Absent {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.flatten().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Absent {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Absent, D::Error> {
        Option::<u64>::deserialize(deserializer).map(|found| Absent(Some(found)))
    }
}

/// Final receipts with one `err`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ByErr {
    /// The err of the receipt.
    pub err: String,
    /// How many.
    pub count: u64,
}

/// Final receipts matched by one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ByRule {
    /// `exact`, …
    pub rule: String,
    /// How many.
    pub count: u64,
}

/// Mobile-originated messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mo {
    /// Received.
    pub received: u64,
    /// Answered.
    pub answered: u64,
    /// Answered with another status than 0 (receipts among them).
    pub refused: u64,
    /// Repeated deliveries.
    pub redelivered: u64,
}

/// Answers with one command_status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatusCount {
    /// null: all others.
    pub code: Option<u32>,
    /// `ESME_ROK`, …; null: not in the specification.
    pub name: Option<String>,
    /// How many.
    pub count: u64,
}

/// A session that was down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outage {
    /// Number of the session.
    pub session: u32,
    /// From the start of the load.
    pub from_s: f64,
    /// Time of the next bind; null: it was not bound again.
    pub to_s: Option<f64>,
    /// `closed`, `reset`, …
    pub cause: String,
    /// submit_sm in flight when it was lost.
    pub lost: u64,
    /// Attempts to bind again.
    pub attempts: u32,
}
