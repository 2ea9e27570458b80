//! `[guard]`: limits that protect live networks.
use crate::kit::Rate;
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::values::{As, HostPort, RateAboveZero, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const COUNT_MAX: u64 = i64::MAX as u64;
/// Maximum number of patterns in `destinations`.
const PATTERNS_MAX: usize = 1000;

/// Limits that protect live networks from accidental load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Guard {
    /// Targets off loopback that may be tested, each as host:port. A target off loopback must be one of them.
    #[serde(with = "As::<Vec<HostPort>>")]
    pub allow_target: Vec<String>,
    /// Maximum number of submit_sm, retries included, from 1 on. Off loopback it must be given.
    #[serde(with = "As::<Option<Whole<u64, 1, COUNT_MAX>>>")]
    pub messages_max: Option<u64>,
    /// Maximum rate of a stage, in messages a second above 0. Without it, there is no limit.
    #[serde(with = "As::<Option<RateAboveZero>>")]
    pub rate_max: Option<Rate>,
    /// Maximum number of sessions, from 1 on. Without it, there is no limit.
    #[serde(with = "As::<Option<Whole<usize, 1, COUNT_MAX>>>")]
    pub binds_max: Option<usize>,
    /// Patterns like `"4477009*"`, at most 1000: each destination must match one. By default none, which allows all
    /// destinations.
    pub destinations: Vec<String>,
    /// What a receipt or MO of other traffic does. By default `"ack"` on loopback and `"stop"` elsewhere.
    pub foreign: Foreign,
    /// Whether closed loops (`max = true`) may run. By default they may on loopback only.
    pub closed_loop: bool,
}

/// What a receipt or MO of other traffic does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Foreign {
    /// The run drains and stops.
    Stop,
    /// It is acknowledged, and counted as unknown.
    Ack,
}

impl Default for Guard {
    fn default() -> Guard {
        Guard {
            allow_target: Vec::new(),
            messages_max: None,
            rate_max: None,
            binds_max: None,
            destinations: Vec::new(),
            foreign: Foreign::Ack,
            closed_loop: true,
        }
    }
}

impl Guard {
    pub(in crate::plan) fn check(&self) -> PlanResult<()> {
        let patterns = self.destinations.len();
        if patterns > PATTERNS_MAX {
            let why = format!("{patterns} patterns; write at most {PATTERNS_MAX}");
            return Err(PlanError::about("destinations", why));
        }
        Ok(())
    }
}
