//! `[guard]`: what a run may not exceed.
use crate::kit::Rate;
use crate::plan::defaults::Defaults;
use crate::plan::error::{PlanError, Read};
use crate::plan::model;
use crate::plan::values::{As, HostPort, List, Maybe, RateAboveZero, Text, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const COUNT_MAX: u64 = i64::MAX as u64;
/// Most patterns in `destinations`.
const PATTERNS_MAX: usize = 1000;

/// Limits that protect live networks from accidental load.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::plan) struct Guard {
    /// Targets off loopback that may be tested, each as host:port. A target off loopback must be among them.
    #[serde(with = "As::<List<Text<HostPort>>>")]
    allow_target: Vec<String>,
    /// Maximum number of submit_sm, retries included, from 1 on. Off loopback it must be given.
    #[serde(with = "As::<Maybe<Whole<u64, 1, COUNT_MAX>>>")]
    messages_max: Option<u64>,
    /// The highest rate that may be planned, in messages a second above 0. Without it, any.
    #[serde(with = "As::<Maybe<RateAboveZero>>")]
    rate_max: Option<Rate>,
    /// Maximum number of sessions, from 1 on. Without it, any.
    #[serde(with = "As::<Maybe<Whole<usize, 1, COUNT_MAX>>>")]
    binds_max: Option<usize>,
    /// Patterns like `"4477009*"`, at most 1000: each destination must match one. Without any, all destinations may be
    /// addressed.
    destinations: Vec<String>,
    /// What a receipt or MO of other traffic does. By default `"ack"` on loopback and `"stop"` elsewhere.
    foreign: Option<Foreign>,
    /// Whether closed loops (`max = true`) may run. By default they may on loopback only.
    closed_loop: Option<bool>,
}

/// What a receipt or MO of other traffic does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Foreign {
    /// The run drains and stops.
    Stop,
    /// It is acknowledged, and counted as unknown.
    Ack,
}

impl Guard {
    pub(super) fn of(guard: &model::Guard) -> Guard {
        Guard {
            allow_target: guard.allow_target.clone(),
            messages_max: guard.messages_max,
            rate_max: guard.rate_max,
            binds_max: guard.binds_max,
            destinations: guard.destinations.clone(),
            foreign: Some(if guard.foreign_stop { Foreign::Stop } else { Foreign::Ack }),
            closed_loop: Some(guard.closed_loop),
        }
    }

    pub(super) fn meant(&self, loopback: bool, defaults: &Defaults) -> Read<model::Guard> {
        let patterns = self.destinations.len();
        if patterns > PATTERNS_MAX {
            let why = format!("{patterns} patterns; write at most {PATTERNS_MAX}");
            return Err(PlanError::about("destinations", why));
        }
        Ok(model::Guard {
            loopback,
            allow_target: self.allow_target.clone(),
            messages_max: self.messages_max,
            rate_max: self.rate_max,
            binds_max: self.binds_max,
            destinations: self.destinations.clone(),
            foreign_stop: self.foreign.map_or(!loopback, |f| f == Foreign::Stop),
            closed_loop: self.closed_loop.unwrap_or(defaults.closed_loop),
        })
    }
}
