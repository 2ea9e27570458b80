//! What a search found: `smppbench.search/1` (docs/reference/result.md, "Other documents"). Plain data: reports are
//! made from it alone, also long afterwards. `null` means unknown, never 0.
use super::enforced::How;
use super::knee::{Knee, Usl};
use serde::{Deserialize, Serialize};

/// The document's `schema`.
pub const SCHEMA: &str = "smppbench.search/1";

/// Kind of limit that was searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Highest rate.
    Rate,
    /// Window.
    Window,
    /// Number of binds.
    Binds,
}

impl Kind {
    /// As the command line spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Rate => "rate",
            Kind::Window => "window",
            Kind::Binds => "binds",
        }
    }
}

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The limit was found.
    Found,
    /// The highest value that it may try is accepted: no limit was met.
    Ceiling,
    /// Even the lowest value that it may try fails.
    Floor,
    /// The harness did not keep up: what was found so far holds.
    InconclusiveHarness,
    /// Trials contradict each other.
    InconclusiveNoise,
    /// Trials, messages or minutes were used up.
    Budget,
    /// Interrupted by a signal.
    Interrupted,
    /// No session could be bound any more.
    TargetLost,
    /// Foreign traffic was received.
    ForeignTraffic,
}

impl Ended {
    /// As the document spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Ended::Found => "found",
            Ended::Ceiling => "ceiling",
            Ended::Floor => "floor",
            Ended::InconclusiveHarness => "inconclusive_harness",
            Ended::InconclusiveNoise => "inconclusive_noise",
            Ended::Budget => "budget",
            Ended::Interrupted => "interrupted",
            Ended::TargetLost => "target_lost",
            Ended::ForeignTraffic => "foreign_traffic",
        }
    }
}

/// A limit that the SMSC enforces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// Largest accepted value (window: submit_sm in flight per bind; binds: sessions, or pairs of them).
    pub value: u64,
    /// How the SMSC enforced it.
    pub how: How,
    /// Name of the command_status, where one was given.
    pub status: Option<String>,
}

/// Result of one objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectiveResult {
    /// As written.
    pub name: String,
    /// Highest rate that keeps it; None: none did.
    pub lower: Option<f64>,
    /// Lowest rate that broke it; None: none did.
    pub upper: Option<f64>,
    /// Whether longer trials at `lower` kept it too.
    pub confirmed: bool,
    /// What broke it at `upper`.
    pub broken_by: Option<String>,
    /// What limited the trial at `upper`: `smsc_throttle`, `smsc_latency`, `window`, …
    pub limiter: Option<String>,
}

/// One trial. What does not belong to its kind is null.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrialRow {
    /// From 1.
    pub number: u32,
    /// `probe`, `confirm`, `latency`, `burst`, `check`, `sweep`, `paced`, `ladder`.
    pub kind: String,
    /// submit_sm a second offered.
    pub rate: Option<f64>,
    /// Window per bind.
    pub window: Option<u64>,
    /// Sessions (or pairs).
    pub binds: Option<u64>,
    /// Measured time.
    pub measured_s: f64,
    /// All of its time, drain included.
    pub took_s: f64,
    /// Written in all of it.
    pub messages: u64,
    /// Accepted a second of the measured time.
    pub accepted_rate: Option<f64>,
    /// Of the written; where there is a measured time, of those of it.
    pub throttled: u64,
    /// Likewise: no answer, or connection lost.
    pub lost: u64,
    /// By objective: kept, broken, or null: not to be told from it.
    pub kept: Vec<Option<bool>>,
    /// Rate: highest rate that kept the first objective, by all that was known after this trial.
    pub lower: Option<f64>,
    /// Rate: lowest that broke it, likewise.
    pub upper: Option<f64>,
    /// Its result in words.
    pub says: String,
    /// `valid`, `degraded` or `invalid`.
    pub harness: Option<String>,
    /// Response time.
    pub response_p50_ns: Option<u64>,
    /// Response time.
    pub response_p99_ns: Option<u64>,
    /// Through a gateway: time from front to behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_p99_ns: Option<u64>,
    /// Through a gateway: accepted, and not come out by the deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_inside: Option<u64>,
}

/// Latency at a share of the found rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatencyAt {
    /// 0.1, 0.5, 0.9.
    pub share: f64,
    /// submit_sm a second.
    pub rate: f64,
    /// Of the response time; None: not supported.
    pub response_p50_ns: Option<u64>,
    /// Of the response time; None: not supported.
    pub response_p99_ns: Option<u64>,
    /// Of the receipt time; None: none, or not supported.
    pub receipt_p50_ns: Option<u64>,
    /// Of the receipt time; None: none, or not supported.
    pub receipt_p99_ns: Option<u64>,
    /// Of the time through a gateway, front to behind; None: none, or not supported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_p50_ns: Option<u64>,
    /// Of the time through a gateway, front to behind; None: none, or not supported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_p99_ns: Option<u64>,
}

/// The gateway that the trials of a search went through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchedThrough {
    /// Where our SMSC listened for its binds.
    pub upstream: Vec<String>,
    /// What told the messages apart: `tlv`, `text`, …
    pub marker: Vec<String>,
    /// Who answered submit_sm in the last trial: `itself`, `upstream`, `mixed`.
    pub answers: String,
}

/// One point of a closed-loop sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Window per bind.
    pub window: u64,
    /// Binds that send.
    pub binds: u64,
    /// X: accepted a second; where it was throttled: what was let through.
    pub throughput: f64,
    /// Its standard error, as a share.
    pub error: f64,
    /// R: mean service time.
    pub service_mean_ns: Option<u64>,
    /// Service time.
    pub service_p99_ns: Option<u64>,
    /// X·R over the slots there are (Little's law): 1 where all were in use all the time.
    pub littles_share: Option<f64>,
    /// Share of the messages that the SMSC throttled.
    #[serde(default)]
    pub throttled_share: f64,
    /// The harness itself was the limit there.
    pub harness_limited: bool,
}

/// Binds added one after the other, of one type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LadderResult {
    /// `transceiver`, `transmitter`, `receiver`, `pair`.
    pub bind_type: String,
    /// Bound when the first failure came (pairs count one).
    pub bound: u64,
    /// Attempts, the last one failing.
    pub attempts: u64,
    /// None: all that it might try were bound.
    pub limit: Option<Limit>,
    /// Earlier sessions that were lost when the first failure came.
    pub displaced: u64,
    /// Whether the bind of a lost session is free at once; None: not tried.
    pub place_free_at_once: Option<bool>,
    /// The failure in words.
    pub why: Option<String>,
}

/// Cost of a search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Trials.
    pub trials: u32,
    /// submit_sm.
    pub messages: u64,
    /// Seconds.
    pub seconds: f64,
}

/// Result of a search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// [`SCHEMA`].
    pub schema: String,
    /// Kind of limit that was searched.
    pub kind: Kind,
    /// The profile's name.
    pub name: String,
    /// `host:port`, or `embedded`.
    pub target: String,
    /// Where the target is a gateway, with our SMSC behind it; None: it is an SMSC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<SearchedThrough>,
    /// How it ended.
    pub ended: Ended,
    /// Reason for the end; None: `ended` says it.
    pub why: Option<String>,
    /// The limit that is enforced; None: none met below the ceiling.
    pub limit: Option<Limit>,
    /// Where throughput stops growing.
    pub knee: Option<Knee>,
    /// Window and binds: submit_sm a second that the SMSC accepts, where a rate limit ended the sweep.
    #[serde(default)]
    pub rate_limit: Option<f64>,
    /// Rate: lower end, first objective.
    pub lower: Option<f64>,
    /// Rate: upper end, first objective.
    pub upper: Option<f64>,
    /// Rate: each of them.
    pub objectives: Vec<ObjectiveResult>,
    /// In order.
    pub trials: Vec<TrialRow>,
    /// Rate: latency below the limit.
    pub latency_at: Vec<LatencyAt>,
    /// Window and binds: throughput and latency by load.
    pub points: Vec<Point>,
    /// Window: the scalability law, where it fits.
    pub usl: Option<Usl>,
    /// Binds: by type.
    pub ladders: Vec<LadderResult>,
    /// Cost of a search.
    pub cost: Cost,
    /// What it might have cost.
    pub cost_max: Cost,
    /// What a reader should know.
    pub notes: Vec<String>,
    /// What to run at, and what limits there.
    pub recommendation: String,
    /// The same for a profile.
    pub recommendation_toml: String,
    /// The command line that runs the same again.
    pub repro: String,
}

impl Point {
    /// Above this share a point is throttled.
    pub const THROTTLED_MAX: f64 = 0.01;

    /// Whether the SMSC throttled more than single messages there: it then says nothing of window or binds.
    pub fn is_throttled(&self) -> bool {
        self.throttled_share > Self::THROTTLED_MAX
    }
}

impl Search {
    /// Nothing found yet.
    pub fn new(kind: Kind, name: &str, target: &str) -> Search {
        Search {
            schema: SCHEMA.to_owned(),
            kind,
            name: name.to_owned(),
            target: target.to_owned(),
            through: None,
            ended: Ended::Found,
            why: None,
            limit: None,
            knee: None,
            rate_limit: None,
            lower: None,
            upper: None,
            objectives: Vec::new(),
            trials: Vec::new(),
            latency_at: Vec::new(),
            points: Vec::new(),
            usl: None,
            ladders: Vec::new(),
            cost: Cost::default(),
            cost_max: Cost::default(),
            notes: Vec::new(),
            recommendation: String::new(),
            recommendation_toml: String::new(),
            repro: String::new(),
        }
    }
}
