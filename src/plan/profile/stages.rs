//! The stages of a plan out of `[load]`: the default ones, their names, and what the accounts' rates say of them.
use crate::kit::{Nanos, Rate};
use crate::plan::defaults::Defaults;
use crate::plan::error::{PlanError, Read};
use crate::plan::model::Load;
use crate::plan::schedule::{Shape, Stage, WrittenStage, exceeds};
use std::collections::{HashMap, HashSet};

/// The stages. `accounts_rate`: what the accounts' own rates add up to; they must agree with the stages unless
/// those come from `--rate` (`rate_flag`).
pub(super) fn meant(
    load: &Load,
    defaults: &Defaults,
    accounts_rate: Option<Rate>,
    rate_flag: bool,
) -> Read<Vec<Stage>> {
    let stages = match &load.stages {
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

/// One warm-up and one measured hold.
fn default_stages(defaults: &Defaults, rate: Option<Rate>) -> Vec<Stage> {
    let hold = |name: &str, length: Nanos, measure| {
        let shape = Shape::Hold(rate.unwrap_or(defaults.rate));
        Stage { name: name.into(), shape, length, measure }
    };
    vec![hold("warm-up", defaults.warmup, false), hold("measured", defaults.duration, true)]
}

/// Gives the nameless ones a name, and refuses a name given twice.
fn named(written: &[WrittenStage]) -> Read<Vec<Stage>> {
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
fn agree(sum: Rate, stages: &[Stage]) -> Read<()> {
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
