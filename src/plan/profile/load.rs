//! `[load]`: how the load is offered, and its rate over time.
use super::stages::Stage;
use crate::kit::{Nanos, Rate};
use crate::plan::defaults::{self, Defaults};
use crate::plan::error::{PlanError, Read};
use crate::plan::model::{self, Arrival, OnThrottle, Plan, WindowFull};
use crate::plan::schedule::{Shape, exceeds};
use crate::plan::values::{AboveZero, As, CatchUp, List, Maybe, Status, Whole};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// How the load is offered.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::plan) struct Load {
    /// How messages are spaced; `"constant"` by default.
    arrival: Arrival,
    /// What happens to a message at whose time no window slot is free; `"delay"` by default.
    window_full: WindowFull,
    /// How fast a backlog is sent: `"all"` at once, or at most so many times the planned rate, from 1 on. By default
    /// `"all"` on loopback and 1.2 elsewhere.
    #[serde(with = "As::<Maybe<CatchUp>>")]
    catch_up: Option<Option<f64>>,
    /// What a throttled submit_sm means; `"count"` by default.
    on_throttle: OnThrottle,
    /// Maximum number of times that one message is sent with `on_throttle = "retry"`, from 1 to 1000; 5 by default.
    #[serde(with = "As::<Whole<u32, 1, 1000>>")]
    attempts_max: u32,
    /// Age from its intended time at which a throttled message is no longer sent again, above 0s; 30s by default.
    #[serde(with = "As::<AboveZero>")]
    age_max: Nanos,
    /// The statuses that count as throttling, by name or number; ESME_RTHROTTLED and ESME_RMSGQFUL by default.
    #[serde(with = "As::<List<Status>>")]
    retryable: Vec<u32>,
    /// Whether workers spin the last stretch before a message is due; false by default.
    precise: bool,
    /// Whether workers never sleep, which takes whole cores; false by default.
    busy_poll: bool,
    /// Number of worker threads, from 1 to 1024. By default one for each core (half of them with the embedded
    /// simulator), and never more than there are sessions that send.
    #[serde(with = "As::<Maybe<Whole<usize, 1, 1024>>>")]
    workers: Option<usize>,
    /// Whether each worker is pinned to a core; false by default.
    pin: bool,
    /// The rate over time, stage after stage. By default a warm-up of 2s and a measured hold of 8s.
    #[schemars(length(min = 1))]
    pub(super) stages: Option<Vec<Stage>>,
    /// How long a run lasts whose binds only receive, above 0s. By default the measured time of the stages.
    #[serde(with = "As::<Maybe<AboveZero>>")]
    pub(super) receive_only_for: Option<Nanos>,
}

impl Default for Load {
    fn default() -> Load {
        Load {
            arrival: Arrival::Constant,
            window_full: WindowFull::Delay,
            catch_up: None,
            on_throttle: OnThrottle::Count,
            attempts_max: defaults::ATTEMPTS_MAX,
            age_max: defaults::AGE_MAX,
            retryable: defaults::RETRYABLE.to_vec(),
            precise: false,
            busy_poll: false,
            workers: None,
            pin: false,
            stages: None,
            receive_only_for: None,
        }
    }
}

impl Load {
    pub(super) fn of(plan: &Plan) -> Load {
        let receive_only = plan.stages.is_empty();
        let model::Load {
            arrival,
            window_full,
            catch_up,
            on_throttle,
            attempts_max,
            age_max,
            retryable,
            precise,
            busy_poll,
            workers,
            pin,
        } = plan.load.clone();
        Load {
            arrival,
            window_full,
            catch_up: Some(catch_up),
            on_throttle,
            attempts_max,
            age_max,
            retryable,
            precise,
            busy_poll,
            workers,
            pin,
            stages: (!receive_only).then(|| plan.stages.iter().map(Stage::of).collect()),
            receive_only_for: receive_only.then_some(plan.receive_only_for),
        }
    }

    pub(super) fn meant(&self, defaults: &Defaults) -> model::Load {
        model::Load {
            arrival: self.arrival,
            window_full: self.window_full,
            catch_up: self.catch_up.unwrap_or(defaults.catch_up),
            on_throttle: self.on_throttle,
            attempts_max: self.attempts_max,
            age_max: self.age_max,
            retryable: self.retryable.clone(),
            precise: self.precise,
            busy_poll: self.busy_poll,
            workers: self.workers,
            pin: self.pin,
        }
    }

    /// The stages. `accounts_rate`: what the accounts' own rates add up to; they must agree with the stages unless
    /// those come from `--rate` (`rate_flag`).
    pub(super) fn meant_stages(
        &self,
        defaults: &Defaults,
        accounts_rate: Option<Rate>,
        rate_flag: bool,
    ) -> Read<Vec<model::Stage>> {
        let stages = match &self.stages {
            Some(stages) if stages.is_empty() => {
                let why = "is empty; write at least one [[load.stages]] or leave it out";
                return Err(PlanError::about("stages", why));
            }
            Some(stages) => named(stages)?,
            None => default_stages(defaults, accounts_rate),
        };
        if !stages.iter().any(|s| s.measure) {
            let why = "none is measured; leave out one `measure = false`";
            return Err(PlanError::about("stages", why));
        }
        match accounts_rate {
            Some(sum) if !rate_flag => agree(sum, &stages)?,
            Some(_) | None => {}
        }
        Ok(stages)
    }
}

/// One warm-up and one measured hold.
fn default_stages(defaults: &Defaults, rate: Option<Rate>) -> Vec<model::Stage> {
    let hold = |name: &str, length: Nanos, measure| {
        let shape = Shape::Hold(rate.unwrap_or(defaults.rate));
        model::Stage { name: name.into(), shape, length, measure }
    };
    vec![hold("warm-up", defaults.warmup, false), hold("measured", defaults.duration, true)]
}

/// Gives the nameless ones a name, and refuses a name given twice.
fn named(written: &[Stage]) -> Read<Vec<model::Stage>> {
    let mut stages = Vec::with_capacity(written.len());
    for (number, stage) in written.iter().enumerate() {
        stages.push(stage.meant().map_err(|e| e.under_item(number).under("stages"))?);
    }
    let mut taken: HashSet<String> = HashSet::new();
    for (number, stage) in written.iter().enumerate() {
        if let Some(name) = stage.name().and_then(|name| taken.replace(name.clone())) {
            let why = format!("stages[{number}]: two named {name:?}; give each its own `name`");
            return Err(PlanError::about("", why));
        }
    }
    // of each kind, the number to try next
    let mut numbers: HashMap<String, usize> = HashMap::new();
    for (stage, _) in stages.iter_mut().zip(written).filter(|(_, w)| w.name().is_none()) {
        let number = numbers.entry(stage.name.clone()).or_insert(1);
        stage.name = loop {
            let name = match *number {
                1 => stage.name.clone(),
                number => format!("{}-{number}", stage.name),
            };
            *number += 1;
            if taken.insert(name.clone()) {
                break name;
            }
        };
    }
    Ok(stages)
}

/// Accounts with rates of their own must add up to what the stages reach.
fn agree(sum: Rate, stages: &[model::Stage]) -> Read<()> {
    let peak = stages
        .iter()
        .filter_map(|s| s.shape.peak())
        .fold(Rate::ZERO, |high, rate| if exceeds(rate, high) { rate } else { high });
    if peak.num > 0 && (exceeds(peak, sum) || exceeds(sum, peak)) {
        let why =
            format!("reach {peak} but the accounts' rates add up to {sum}; use `share` instead");
        return Err(PlanError::about("stages", why));
    }
    Ok(())
}
