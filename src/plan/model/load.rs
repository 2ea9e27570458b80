//! `[load]`: how the load is offered. A plan has its stages beside it: there `stages` and
//! `receive_only_for` are None.
use crate::kit::Nanos;
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::schedule::{Arrival, Stage};
use crate::plan::values::{AboveZero, As, CatchUp, Status, Whole};
use crate::smpp::CommandStatus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the load is offered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Load {
    /// How messages are spaced; `"constant"` by default.
    pub arrival: Arrival,
    /// What happens to a message at whose time no window slot is free; `"delay"` by default.
    pub window_full: WindowFull,
    /// Maximum rate at which a backlog is sent: `"all"` at once, or a factor of the planned rate, from 1 on. By default
    /// `"all"` on loopback and 1.2 elsewhere.
    #[serde(with = "As::<CatchUp>")]
    pub catch_up: Option<f64>,
    /// Reaction to a throttled submit_sm; `"count"` by default.
    pub on_throttle: OnThrottle,
    /// Reaction to responses whose congestion_state (SMPP v5.0) reaches a threshold of `congestion`; `"count"` by default.
    pub on_congestion: OnCongestion,
    /// The values of congestion_state at which a session slows down and stops with `on_congestion = "backoff"`.
    pub congestion: CongestionThresholds,
    /// Maximum number of times that one message is sent with `on_throttle = "retry"`, from 1 to 1000; 5 by default.
    #[serde(with = "As::<Whole<u32, 1, 1000>>")]
    pub attempts_max: u32,
    /// Age from its intended time at which a throttled message is no longer sent again, above 0s; 30s by default.
    #[serde(with = "As::<AboveZero>")]
    pub age_max: Nanos,
    /// Statuses after which a submit_sm is sent again with `on_throttle = "retry"`, by name or number; ESME_RTHROTTLED
    /// and ESME_RMSGQFUL by default.
    #[serde(with = "As::<Vec<Status>>")]
    pub retryable: Vec<u32>,
    /// Whether workers spin instead of sleep just before a message is due; false by default.
    pub precise: bool,
    /// Whether workers spin all the time, which takes a core each; false by default.
    pub busy_poll: bool,
    /// Number of worker threads, from 1 to 1024. By default one for each core (half of them with the embedded
    /// simulator), and never more than there are sessions that send.
    #[serde(with = "As::<Option<Whole<usize, 1, 1024>>>")]
    pub workers: Option<usize>,
    /// Whether each worker is pinned to a core; false by default.
    pub pin: bool,
    /// The stages of the load, one after the other. By default a warm-up of 2s and a measured hold of 8s.
    #[schemars(length(min = 1))]
    pub stages: Option<Vec<Stage>>,
    /// Length of a run whose binds only receive, above 0s. By default the measured time of the stages.
    #[serde(with = "As::<Option<AboveZero>>")]
    pub receive_only_for: Option<Nanos>,
}

impl Default for Load {
    fn default() -> Load {
        Load {
            arrival: Arrival::Constant,
            window_full: WindowFull::Delay,
            catch_up: None,
            on_throttle: OnThrottle::Count,
            on_congestion: OnCongestion::Count,
            congestion: CongestionThresholds::default(),
            attempts_max: 5,
            age_max: Nanos::from_secs(30),
            retryable: vec![CommandStatus::ESME_RTHROTTLED.0, CommandStatus::ESME_RMSGQFUL.0],
            precise: false,
            busy_poll: false,
            workers: None,
            pin: false,
            stages: None,
            receive_only_for: None,
        }
    }
}

/// When no window slot is free at a message's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WindowFull {
    /// The message waits, and the wait is measured.
    Delay,
    /// The message is dropped, and counted.
    Drop,
}

/// Reaction to a throttled submit_sm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnThrottle {
    /// It is a result like any other.
    Count,
    /// The session pauses.
    Backoff,
    /// The message is sent again, under its intended time.
    Retry,
}

impl OnThrottle {
    /// The reaction, for a person.
    pub const fn says(self) -> &'static str {
        match self {
            OnThrottle::Count => "throttling is counted",
            OnThrottle::Backoff => "backs off when throttled",
            OnThrottle::Retry => "sends throttled ones again",
        }
    }
}

/// Reaction to responses whose congestion_state reaches a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnCongestion {
    /// It is a result like any other.
    Count,
    /// The session slows down, or stops for a time.
    Backoff,
}

/// The values of congestion_state (0 idle, 80 to 90 optimum, 91 to 99 close to congestion, 100 congested) at which a
/// session sends less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CongestionThresholds {
    /// From this value on the session pauses for 100 ms after an answer, from 1 to 100; 91 by default.
    #[serde(with = "As::<Whole<u8, 1, 100>>")]
    pub slow: u8,
    /// From this value on the pause doubles with each answer after it, up to 5s, from 1 to 100; 100 by default.
    #[serde(with = "As::<Whole<u8, 1, 100>>")]
    pub stop: u8,
}

impl Default for CongestionThresholds {
    fn default() -> CongestionThresholds {
        CongestionThresholds { slow: 91, stop: 100 }
    }
}

impl Load {
    pub(in crate::plan) fn check(&self) -> PlanResult<()> {
        let CongestionThresholds { slow, stop } = self.congestion;
        if slow > stop {
            let why = format!("slow ({slow}) is above stop ({stop}); write it at most as high");
            return Err(PlanError::about("congestion", why));
        }
        Ok(())
    }
}
