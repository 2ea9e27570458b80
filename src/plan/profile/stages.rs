//! The stages of a plan out of `[load]`: the default ones, their names, and what the accounts' rates say of them.
use crate::kit::{Nanos, Rate};
use crate::plan::defaults;
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::model::Load;
use crate::plan::schedule::{Shape, Stage, Unschedulable, exceeds};
use std::collections::{HashMap, HashSet};

/// The stages as the profile has them; the default ones, at the sum of the accounts' rates, where it has none.
pub(super) fn resolve(
    load: &Load,
    loopback: bool,
    accounts_rate: Option<Rate>,
) -> PlanResult<Vec<Stage>> {
    let stages = match &load.stages {
        Some(stages) if stages.is_empty() => {
            let why = "is empty; write at least one [[load.stages]] or leave it out";
            return Err(PlanError::about("load.stages", why));
        }
        Some(stages) => named(stages)?,
        None => default_stages(accounts_rate.unwrap_or(defaults::rate(loopback))),
    };
    if !stages.iter().any(|s| s.measure) {
        let why = "none is measured; leave out one `measure = false`";
        return Err(PlanError::about("load.stages", why));
    }
    Ok(stages)
}

/// One warm-up and one measured hold.
fn default_stages(rate: Rate) -> Vec<Stage> {
    let hold = |name: &str, length: Nanos, measure| Stage {
        name: name.to_owned(),
        shape: Shape::Hold(rate),
        length,
        measure,
    };
    vec![hold("warm-up", defaults::WARMUP, false), hold("measured", defaults::DURATION, true)]
}

/// Completes the stages, names those without a name, and refuses a name given twice.
fn named(written: &[Stage]) -> PlanResult<Vec<Stage>> {
    let mut stages = written.to_vec();
    for (number, stage) in stages.iter_mut().enumerate() {
        complete(stage).map_err(|e| e.under_item(number).under("load.stages"))?;
    }
    let mut taken: HashSet<String> = HashSet::new();
    for (number, stage) in written.iter().enumerate().filter(|(_, w)| !w.name.is_empty()) {
        if let Some(name) = taken.replace(stage.name.clone()) {
            let why = format!("two stages named {name:?}; give each a `name` of its own");
            return Err(PlanError::about("name", why).under_item(number).under("load.stages"));
        }
    }
    // of each kind, the number to try next
    let mut numbers: HashMap<&'static str, usize> = HashMap::new();
    for stage in stages.iter_mut().filter(|stage| stage.name.is_empty()) {
        let kind = stage.shape.key();
        let number = numbers.entry(kind).or_insert(1);
        stage.name = loop {
            let name = match *number {
                1 => kind.to_owned(),
                number => format!("{kind}-{number}"),
            };
            *number += 1;
            if taken.insert(name.clone()) {
                break name;
            }
        };
    }
    Ok(stages)
}

/// Gives a stage without a length that of its shape, and checks that they fit each other.
fn complete(stage: &mut Stage) -> PlanResult<()> {
    let shape = &stage.shape;
    let about = |e: Unschedulable| PlanError::about(shape.key(), e.to_string());
    if stage.length == Nanos::ZERO {
        let missing = || PlanError::about("for", "is missing; write for = \"60s\" or so");
        stage.length = shape.own_length().map_err(about)?.ok_or_else(missing)?;
    }
    shape.check_length(stage.length).map_err(about)
}

/// Accounts with rates of their own must add up to what the stages reach.
pub(super) fn check_accounts_rate(sum: Rate, stages: &[Stage]) -> PlanResult<()> {
    let peak = stages
        .iter()
        .filter_map(|s| s.shape.peak())
        .fold(Rate::ZERO, |high, rate| if exceeds(rate, high) { rate } else { high });
    if peak.num > 0 && (exceeds(peak, sum) || exceeds(sum, peak)) {
        let why =
            format!("reach {peak} but the accounts' rates add up to {sum}; use `share` instead");
        return Err(PlanError::about("load.stages", why));
    }
    Ok(())
}
