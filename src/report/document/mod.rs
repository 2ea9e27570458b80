//! result.json as types: every report is made from it, whether the run has just ended or was saved years ago. A key
//! here is a key of docs/reference/result.md, in its order; `null`: the figure is undefined. It knows no plan, no
//! record and no file.
//!
//! A histogram out of a result:
//!
//! ```no_run
//! use smppbench::report::Document;
//! let octets = std::fs::read("reports/sample/result.json").unwrap();
//! let document = Document::from_json(&octets).unwrap();
//! let response = document.latency.get("response").and_then(|row| row.as_ref()).unwrap();
//! let histogram = response.distribution().unwrap().histogram().clone(); // hdrhistogram::Histogram<u64>, ns
//! println!("p99.9 {} ns of {}", histogram.value_at_quantile(0.999), histogram.len());
//! ```
mod figures;
mod fleet;
mod interval;
mod leaves;
mod ledger;
mod table;
mod tcp;
mod through;
mod verdict;

pub use figures::{DistributionError, Group, LatencyRow};
pub use fleet::{Agent, Clock as AgentClock, ClockFix as AgentClockFix, Fleet};
pub use interval::{
    Hour, IntervalRow, ManualRateChange, SessionRow, SessionTcp, StageRow, TransitInterval,
};
pub(crate) use leaves::leaves;
pub use ledger::{
    Absent, ByErr, ByRule, ByState, ByTries, Ledger, LedgerLines, Mo, Outage, Receipts, StatusCount,
};
pub use table::Table;
pub(crate) use tcp::RoleTcp;
pub use through::{Latencies, OrderRow, StatusRow, Through, ThroughExample};
pub use verdict::Verdict;

use crate::judge::{DriftRow, EventRow, GateResult, ObservedFigures, RecoverySummary, TallyCheck};
use crate::measure::{Anomaly, Messages};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io;

/// Schema version. Within one number keys are only added; a new number means an incompatible document.
pub const SCHEMA: &str = "smppbench.result/1";

/// Whether the run came to its planned end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It did.
    Complete,
    /// It ended early, or it was killed and this is what it had saved.
    Partial,
}

/// The tool that ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// `smppbench`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The commit it was built from, if that is known.
    pub commit: Option<String>,
}

/// Which run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunFacts {
    /// `<name>-<UTC>`.
    pub id: String,
    /// The profile's name.
    pub name: String,
    /// RFC 3339, UTC: the start of the load.
    pub started_at: String,
    /// From the start of the load to the last event.
    pub duration_s: f64,
    /// `host:port`, or `embedded`.
    pub target: String,
    /// Seed of everything random.
    pub seed: u64,
    /// The command line that runs the same again.
    pub repro: String,
    /// The binds of each account in words: `2 transceivers, window 20`.
    #[serde(default)]
    pub binds: Vec<String>,
    /// The run folder; null: none was written.
    #[serde(default)]
    pub folder: Option<String>,
}

/// The measured time, from the start of the load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Window {
    /// Start in seconds.
    pub from_s: f64,
    /// End in seconds.
    pub to_s: f64,
    /// Why the run ended before its plan did; null: it did not.
    pub cut_reason: Option<String>,
    /// Measured seconds, without unmeasured stages in between and without disturbed time.
    #[serde(default)]
    pub measured_s: Option<f64>,
    /// Seconds of the measured stages that events disturbed.
    #[serde(default)]
    pub disturbed_s: f64,
    /// The times that events disturbed, in order.
    #[serde(default)]
    pub disturbed: Vec<TimeSpan>,
    /// True: closed loop (`max`), no planned send times.
    #[serde(default)]
    pub closed: bool,
    /// Whether any bind may send; false: all are receivers.
    #[serde(default = "yes")]
    pub sends: bool,
}

/// A span of time, from the start of the load.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimeSpan {
    /// Start in seconds.
    pub from_s: f64,
    /// End in seconds.
    pub to_s: f64,
}

impl Window {
    /// Measured seconds.
    pub fn measured_seconds(&self) -> f64 {
        self.measured_s.unwrap_or(self.to_s - self.from_s).max(0.0)
    }
}

fn yes() -> bool {
    true
}

/// The second in which the SMSC first throttled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FirstThrottle {
    /// Its start in seconds.
    pub at_s: f64,
    /// submit_sm written a second in it.
    pub rate: f64,
}

/// The congestion_state of responses (v5.0): 0 idle, 80 to 90 optimum, 100 congested.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Congestion {
    /// Responses that carried one.
    pub responses: u64,
    /// Its mean.
    pub mean: f64,
    /// Its highest value.
    pub max: u8,
    /// How often a session paused because of it.
    pub pauses: u64,
}

/// result.json.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// [`SCHEMA`].
    pub schema: String,
    /// Whether the run came to its planned end.
    pub state: State,
    /// The tool.
    pub tool: Tool,
    /// Which run.
    pub run: RunFacts,
    /// The resolved profile, redacted.
    pub profile: Value,
    /// The machine, with `tcp` by role and, after a self-check, the run's share of the ceiling.
    pub environment: Value,
    /// The measured time.
    pub window: Window,
    /// The verdict.
    pub verdict: Verdict,
    /// The whole run, in submit_sm.
    pub ledger: Ledger,
    /// Messages, as against submit_sm: a text in three parts is one.
    pub messages: Messages,
    /// Per second of the measured time, by name.
    pub rate: Table<Option<f64>>,
    /// Shares of one, by name.
    pub ratio: Table<Option<f64>>,
    /// Answers by command_status, ascending.
    pub statuses: Vec<StatusCount>,
    /// Deviations of the SMSC from the specification.
    pub anomalies: Vec<Anomaly>,
    /// Outages of sessions, at most the first ten thousand.
    pub outages: Vec<Outage>,
    /// Distributions of the measured messages, by metric; null: undefined here.
    pub latency: Latencies,
    /// The same figures by account, label, stage, coding and parts.
    pub groups: Vec<Group>,
    /// Intervals, by the time at which things happened.
    pub intervals: Vec<IntervalRow>,
    /// Session by session.
    pub sessions: Vec<SessionRow>,
    /// The profile's gates.
    pub gates: Vec<GateResult>,
    /// The stages of the plan.
    #[serde(default)]
    pub stages: Vec<StageRow>,
    /// By hour, where the run was longer than one.
    #[serde(default)]
    pub hours: Vec<Hour>,
    /// Rate changes made by the person at the live view.
    #[serde(default)]
    pub operator: Vec<ManualRateChange>,
    /// Every counter of the measured messages, which rates, ratios and gates are made from.
    #[serde(default)]
    pub measured: Table<u64>,
    /// When the SMSC first throttled; null: never.
    pub first_throttle: Option<FirstThrottle>,
    /// What responses said of the load of the SMSC over the whole run (v5.0); null: none said anything.
    #[serde(default)]
    pub congestion: Option<Congestion>,
    /// Further outages, which were only counted.
    #[serde(default)]
    pub outages_more: u64,
    /// Comparison with the simulator's tally; null: no simulator of ours.
    pub tally: Option<TallyCheck>,
    /// Ledger sums that do not balance; empty: it balances.
    pub books: Vec<String>,
    /// Notes for the reader.
    pub notes: Vec<String>,
    /// Warnings for the reader.
    pub warnings: Vec<String>,
    /// What was observed beside the run, by series, in the measured time. Absent: nothing was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observe: Vec<ObservedFigures>,
    /// Drift by the minute, in a run that measured ten minutes or more. Absent: it measured less.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<DriftRow>,
    /// The agents; null: the run used none.
    #[serde(default)]
    pub fleet: Option<Fleet>,
    /// The events, occurrence by occurrence, in order of time.
    #[serde(default)]
    pub events: Vec<EventRow>,
    /// How the run recovered from each event, over its repeats.
    #[serde(default)]
    pub recoveries: Vec<RecoverySummary>,
    /// What the gateway did to the messages. Absent: the run was through none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<Through>,
}

/// Why a document could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// Not JSON, cut short, or a key of another type: with the place.
    #[error("not a result of smppbench: {0}")]
    Malformed(String),
    /// Another schema than this build reads.
    #[error("its schema is {found:?}; this build reads {SCHEMA:?}{advice}")]
    Schema {
        /// What it says.
        found: String,
        /// What to do about it.
        advice: &'static str,
    },
}

impl Document {
    /// Whether it was saved by an earlier version, whose response and service times include rejected submit_sm.
    pub fn latency_includes_rejected(&self) -> bool {
        self.latency.get("rejected").is_none() && self.ledger.lines.rejected > 0
    }

    /// Reads a result.json.
    ///
    /// # Errors
    /// [`LoadError`]: not JSON, cut short, another document, or one of a newer smppbench.
    pub fn from_json(octets: &[u8]) -> Result<Document, LoadError> {
        let value: Value =
            serde_json::from_slice(octets).map_err(|e| LoadError::Malformed(e.to_string()))?;
        let found = value.get("schema").and_then(Value::as_str).unwrap_or("").to_owned();
        if found != SCHEMA {
            let number = found.strip_prefix("smppbench.result/").map(str::parse::<u32>);
            let newer = matches!(number, Some(Ok(n)) if n > 1);
            let advice = if newer { "; render it with a newer smppbench" } else { "" };
            return Err(LoadError::Schema { found, advice });
        }
        serde_json::from_value(value).map_err(|e| LoadError::Malformed(e.to_string()))
    }

    /// The undisturbed rows that lie wholly in measured stages.
    pub fn measured_rows(&self) -> impl Iterator<Item = &IntervalRow> {
        let whole = [(self.window.from_s, self.window.to_s)];
        let stages = self.stages.iter().filter(|s| s.measure);
        // a run that was cut ends its stage early
        let mut spans: Vec<(f64, f64)> =
            stages.map(|s| (s.from_s, s.to_s.min(self.window.to_s))).collect();
        if self.stages.is_empty() {
            spans.extend(whole);
        }
        const SLACK_S: f64 = 1e-6;
        self.intervals.iter().filter(move |row| {
            let inside = |(from, to): &(f64, f64)| {
                row.t_s >= from - SLACK_S && row.t_s + row.length_s <= to + SLACK_S
            };
            let disturbed = |span: &TimeSpan| {
                row.t_s < span.to_s - SLACK_S && row.t_s + row.length_s > span.from_s + SLACK_S
            };
            spans.iter().any(inside) && !self.window.disturbed.iter().any(disturbed)
        })
    }

    /// The octets of result.json.
    pub fn to_json(&self) -> Vec<u8> {
        let mut octets = serde_json::to_vec_pretty(self).expect("every map key is a string");
        octets.push(b'\n');
        octets
    }

    /// Writes the document with these rows ([`Document::without_rows`] has none). Each row is made as it is written, so
    /// that saving a long run takes no memory in proportion to its length.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write_json(
        &self,
        rows: impl Iterator<Item = IntervalRow>,
        mut to: impl io::Write,
    ) -> io::Result<()> {
        // JSON strings escape line breaks, so this pattern can match only the top-level key
        const ROWS: &str = "\n  \"intervals\": [";
        let rest = String::from_utf8_lossy(&self.to_json()).into_owned();
        let (before, after) = rest.split_once(ROWS).ok_or(io::ErrorKind::InvalidData)?;
        write!(to, "{before}{ROWS}")?;
        let mut any = false;
        for row in rows {
            let text = serde_json::to_string_pretty(&row)?.replace('\n', "\n    ");
            write!(to, "{}\n    {text}", if any { "," } else { "" })?;
            any = true;
        }
        write!(to, "{}{after}", if any { "\n  " } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_of_the_readme_loads_and_loses_no_key() {
        let octets = include_bytes!("../../../reports/sample/result.json");
        let document = Document::from_json(octets).unwrap();
        let before: Value = serde_json::from_slice(octets).unwrap();
        let after: Value = serde_json::from_slice(&document.to_json()).unwrap();
        for (key, value) in before.as_object().unwrap() {
            assert!(contains(&after[key], value), "{key}: {} is not in {}", value, after[key]);
        }
    }

    /// Whether `all` holds every key of `part`, equal.
    fn contains(all: &Value, part: &Value) -> bool {
        match (all, part) {
            (Value::Object(all), Value::Object(part)) => {
                part.iter().all(|(key, p)| all.get(key).is_some_and(|a| contains(a, p)))
            }
            (Value::Array(all), Value::Array(part)) => {
                all.len() == part.len() && all.iter().zip(part).all(|(a, p)| contains(a, p))
            }
            (all, part) => all == part,
        }
    }

    #[test]
    fn a_cut_a_foreign_and_a_newer_document_are_each_refused_with_a_clear_word() {
        let says = |text: &str| Document::from_json(text.as_bytes()).unwrap_err().to_string();
        assert!(says("{\"schema\":").starts_with("not a result of smppbench: EOF"));
        assert!(says("{\"schema\":\"smppbench.search/1\"}").contains("smppbench.search/1"));
        assert!(says("{\"schema\":\"smppbench.result/2\"}").contains("newer smppbench"));
        assert!(says("[]").contains("its schema is \"\""));
        assert!(says("{\"schema\":\"smppbench.result/1\"}").contains("missing field"));
    }
}
