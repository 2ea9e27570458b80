//! The run over time, and by session.
use super::table::Table;
use crate::measure::Counters;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A stage of the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StageRow {
    /// Its name.
    pub name: String,
    /// Its rate in words: `5,000/s`, `0/s to 5,000/s`, `closed loop`.
    pub rate: String,
    /// Start in seconds.
    pub from_s: f64,
    /// End in seconds, by the plan.
    pub to_s: f64,
    /// Whether it is measured.
    pub measure: bool,
    /// Its actual length.
    #[serde(default)]
    pub ran_s: f64,
    /// submit_sm written of the messages that were intended in it.
    #[serde(default)]
    pub written: u64,
    /// Accepted of those.
    #[serde(default)]
    pub accepted: u64,
    /// Rejected of those.
    #[serde(default)]
    pub rejected: u64,
    /// Their service time: median.
    #[serde(default)]
    pub service_p50_ns: Option<u64>,
    /// 99th percentile.
    #[serde(default)]
    pub service_p99_ns: Option<u64>,
}

/// A second, or several merged ones (`length_s`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IntervalRow {
    /// From the start of the load.
    pub t_s: f64,
    /// How long.
    pub length_s: f64,
    /// The stage at its start; null: drain.
    pub stage: Option<String>,
    /// The event that disturbs it; null: it is undisturbed.
    #[serde(default)]
    pub event: Option<String>,
    /// submit_sm that were intended in it.
    pub scheduled: u64,
    /// Written.
    pub written: u64,
    /// Accepted.
    pub accepted: u64,
    /// Rejected.
    pub rejected: u64,
    /// Of those, throttled.
    #[serde(default)]
    pub throttled: u64,
    /// Answered.
    pub answered: u64,
    /// Final receipts.
    pub receipts: u64,
    /// Receipts that did not arrive by their deadline.
    #[serde(default)]
    pub receipts_missing: u64,
    /// Messages accepted in it that require a receipt.
    #[serde(default)]
    pub receipts_expected: u64,
    /// Messages accepted in it whose receipt was not tracked: no message_id, or too many awaited.
    #[serde(default)]
    pub receipts_untracked: u64,
    /// Messages accepted in it whose message_id belongs to another message too.
    #[serde(default)]
    pub receipts_ambiguous: u64,
    /// Censored response times: messages that timed out in it or were lost.
    #[serde(default)]
    pub response_censored: u64,
    /// Censored receipt times.
    #[serde(default)]
    pub receipt_censored: u64,
    /// Mobile-originated messages.
    pub mo: u64,
    /// Timed out.
    pub timed_out: u64,
    /// Lost with their connection.
    pub lost: u64,
    /// In flight at its end.
    pub in_flight: u64,
    /// Due and not written at its end.
    pub backlog: u64,
    /// Accepted and without a final receipt at its end.
    pub awaited: u64,
    /// Bound at its end.
    pub sessions_up: u64,
    /// Share of it without a free window slot.
    pub window_full_ratio: f64,
    /// Worst worker's processor share.
    pub cpu_worst: f64,
    /// Answers by command_status.
    pub statuses: Table<u64>,
    /// Anomalies by kind.
    #[serde(default)]
    pub anomalies: Table<u64>,
    /// Response time of the messages answered in it: median.
    pub response_p50_ns: Option<u64>,
    /// 90th percentile.
    pub response_p90_ns: Option<u64>,
    /// 99th percentile.
    pub response_p99_ns: Option<u64>,
    /// Largest.
    pub response_max_ns: Option<u64>,
    /// Their service time: median.
    pub service_p50_ns: Option<u64>,
    /// 99th percentile.
    pub service_p99_ns: Option<u64>,
    /// Receipt time of the receipts in it: median.
    pub receipt_p50_ns: Option<u64>,
    /// 99th percentile.
    pub receipt_p99_ns: Option<u64>,
    /// Largest.
    #[serde(default)]
    pub receipt_max_ns: Option<u64>,
    /// Harness lag: 99th percentile.
    pub harness_lag_p99_ns: Option<u64>,
    /// Write wait of the messages answered in it: 99th percentile.
    #[serde(default)]
    pub write_wait_p99_ns: Option<u64>,
    /// Mean congestion_state of the responses that carried one (v5.0: 0 idle, 80 to 90 optimum, 100 congested).
    #[serde(default)]
    pub congestion_mean: Option<f64>,
    /// The highest.
    #[serde(default)]
    pub congestion_max: Option<u8>,
    /// What was observed in it, by source and series: means, in the unit of the series. Absent: nothing was.
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub observe: Table<f64>,
    /// Transit times of a gateway that ended in it, by name. Absent: there were none.
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub through: Table<TransitInterval>,
}

/// The transit times of a gateway, of one kind, in an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TransitInterval {
    /// How many.
    pub count: u64,
    /// Median.
    pub p50_ns: u64,
    /// 99th percentile.
    pub p99_ns: u64,
}

impl IntervalRow {
    /// The counters that a result records per interval.
    pub(crate) fn counters(&self) -> Counters {
        Counters {
            planned: self.scheduled,
            written: self.written,
            accepted: self.accepted,
            rejected: self.rejected,
            throttled: self.throttled,
            timed_out: self.timed_out,
            lost: self.lost,
            receipts_expected: self.receipts_expected,
            receipts_final: self.receipts,
            receipts_missing: self.receipts_missing,
            receipts_untracked: self.receipts_untracked,
            receipts_ambiguous: self.receipts_ambiguous,
            ..Counters::default()
        }
    }
}

/// One hour of a long run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hour {
    /// Start in seconds.
    pub from_s: f64,
    /// End in seconds.
    pub to_s: f64,
    /// submit_sm written.
    pub written: u64,
    /// Accepted.
    pub accepted: u64,
    /// Rejected.
    pub rejected: u64,
    /// Final receipts.
    pub receipts: u64,
    /// Receipts that did not arrive by their deadline.
    pub receipts_missing: u64,
    /// Accepted a second.
    pub accepted_per_s: f64,
    /// Response time, to two digits, like the others.
    pub response_p50_ns: Option<u64>,
    /// 99th percentile.
    pub response_p99_ns: Option<u64>,
    /// Service time.
    pub service_p50_ns: Option<u64>,
    /// 99th percentile.
    pub service_p99_ns: Option<u64>,
    /// Receipt time.
    pub receipt_p50_ns: Option<u64>,
    /// 99th percentile.
    pub receipt_p99_ns: Option<u64>,
}

/// A rate change made by the person at the live view.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ManualRateChange {
    /// From the start of the load.
    pub t_s: f64,
    /// The change: `rate 110 % of the plan`.
    pub what: String,
    /// The rate as a share of the plan's from here on.
    pub factor: f64,
}

/// One session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SessionRow {
    /// Number within the run.
    pub id: u32,
    /// Its account's name.
    pub account: Option<String>,
    /// `transceiver`, `transmitter` or `receiver`.
    pub role: String,
    /// How it ended.
    pub state: String,
    /// submit_sm written.
    pub written: u64,
    /// Accepted.
    pub accepted: u64,
    /// Rejected.
    pub rejected: u64,
    /// deliver_sm and data_sm received.
    pub delivered: u64,
    /// Response time to one digit: median.
    pub response_p50_ns: Option<u64>,
    /// 99th percentile.
    pub response_p99_ns: Option<u64>,
    /// Times it bound again.
    pub reconnects: u32,
    /// congestion_state last seen (v5.0).
    pub congestion_state: Option<u8>,
    /// TCP statistics of its connections; null: it had none.
    pub tcp: Option<SessionTcp>,
}

/// A session's connections.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SessionTcp {
    /// How many.
    pub connections: u32,
    /// Smoothed round trip at the end.
    pub rtt_ns: u64,
    /// Shortest.
    pub rtt_min_ns: Option<u64>,
    /// Retransmitted segments.
    pub retransmits: u64,
    /// Segments sent.
    pub segments_out: Option<u64>,
    /// Share of the busy time in which the peer's receive window was full.
    pub rwnd_limited_ratio: Option<f64>,
    /// Share of the busy time in which the harness's send buffer was full.
    pub sndbuf_limited_ratio: Option<f64>,
}
