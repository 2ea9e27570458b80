//! Compares a candidate with a base (docs/comparing.md): runs in, one verdict per metric out. Runs are compared with
//! runs, and seconds within a run only if a side has a single run. Pure: chance comes from a seed.
//!
//! Every figure is compared as the ratio candidate / base, on a logarithmic scale; a side of several runs has their
//! geometric mean. If a figure is 0 in any run, there is no ratio and the difference is compared.
mod beside;
mod comparison;
mod decide;
mod error;
mod evidence;
mod metrics;
mod reading;
mod side;
#[cfg(test)]
mod tests;
mod verdicts;

pub use beside::BesideRow;
pub use comparison::{
    Comparison, MetricComparison, SCHEMA, Scale, Settings, Test, ThroughSides, Verdict,
};
pub use error::CompareError;
pub use evidence::{BesideFigure, Difference, Evidence, Fingerprint, Proportion, Second};
pub use metrics::{
    Direction, PRIMARY, compared_names, compared_rates, compared_shares, compared_unit,
};
pub use reading::Reading;
pub use side::{BesideRuns, RunSet};
#[cfg(test)]
pub(crate) use tests::simulate;

use decide::Estimate;

/// Compares two sides that were measured one after the other, or in turns.
///
/// # Errors
/// [`CompareError`]: the settings are not valid.
pub fn compare(
    base: &RunSet,
    candidate: &RunSet,
    settings: &Settings,
) -> Result<Comparison, CompareError> {
    settings.check()?;
    let settings = &settings.for_sides(base, candidate);
    let estimates = decide::independent(base, candidate, settings);
    Ok(conclude(base, candidate, estimates, settings, false))
}

/// Compares two sides that were measured at the same time: run by run, and second by second where there is one run a side.
///
/// # Errors
/// [`CompareError`]: the settings are not valid, a side is empty or mixed, or the sides are not pairs.
pub fn compare_paired(
    base: &[Evidence],
    candidate: &[Evidence],
    settings: &Settings,
) -> Result<Comparison, CompareError> {
    settings.check()?;
    if base.len() != candidate.len() {
        return Err(CompareError::Unpaired { base: base.len(), candidate: candidate.len() });
    }
    let a = RunSet::of(base, settings.resamples, settings.seed)?;
    let b = RunSet::of(candidate, settings.resamples, settings.seed)?;
    let settings = &settings.for_sides(&a, &b);
    let estimates = decide::paired(&a, &b, base, candidate, settings);
    Ok(conclude(&a, &b, estimates, settings, true))
}

fn conclude(
    base: &RunSet,
    candidate: &RunSet,
    estimates: Vec<Estimate>,
    settings: &Settings,
    paired: bool,
) -> Comparison {
    let invalid = !base.invalid.is_empty() || !candidate.invalid.is_empty();
    let lateness = invalid.then_some(base.lateness.max(candidate.lateness));
    let mut metrics = verdicts::verdicts(estimates, settings, base, candidate, lateness);
    metrics.sort_by_key(|m| !m.primary);
    let primary = || metrics.iter().filter(|m| m.primary).map(|m| m.verdict);
    let verdict = [Verdict::Worse, Verdict::Inconclusive, Verdict::Better]
        .into_iter()
        .find(|wanted| primary().any(|v| v == *wanted))
        .unwrap_or(if primary().next().is_some() {
            Verdict::Equivalent
        } else {
            Verdict::Inconclusive
        });
    Comparison {
        schema: SCHEMA.to_owned(),
        base: base.runs.clone(),
        candidate: candidate.runs.clone(),
        paired,
        settings: settings.clone(),
        trusted: !invalid,
        verdict,
        through: ThroughSides::of(base, candidate),
        differences: base.fingerprint.differences(&candidate.fingerprint),
        warnings: warnings(base, candidate, &metrics, settings, paired),
        metrics,
        beside: beside::rows(base, candidate),
    }
}

/// That work piled up in runs of a side. None: in none.
fn piled_up((side, name): (&RunSet, &str)) -> Option<String> {
    let first = side.piled_up.first()?;
    let (some, all) = (side.piled_up.len(), side.runs.len());
    Some(if all == 1 {
        format!("{first}: work piled up, so its response times only reflect the run's length")
    } else {
        format!(
            "work piled up in {some} of {all} runs of the {name} ({first}{}), so their response times only reflect their \
             length",
            if some > 1 { " the first" } else { "" }
        )
    })
}

fn warnings(
    base: &RunSet,
    candidate: &RunSet,
    metrics: &[MetricComparison],
    settings: &Settings,
    paired: bool,
) -> Vec<String> {
    let mut warnings = Vec::new();
    for run in base.invalid.iter().chain(&candidate.invalid) {
        warnings
            .push(format!("{run}: the harness did not keep up, so only changes that its lateness does not explain count"));
    }
    warnings.extend([(base, "base"), (candidate, "candidate")].into_iter().filter_map(piled_up));
    let old: Vec<&str> = base
        .latency_includes_rejected
        .iter()
        .chain(&candidate.latency_includes_rejected)
        .map(String::as_str)
        .collect();
    if !old.is_empty() && old.len() < base.runs.len() + candidate.runs.len() {
        warnings.push(format!(
            "{}: saved by an earlier version; its response and service times include refused submit_sm, which are usually \
             answered sooner than accepted ones. Those of the other runs do not",
            old.join(", ")
        ));
    }
    let fewest = base.runs.len().min(candidate.runs.len());
    if !paired && fewest == 1 {
        warnings.push(if base.runs.len() == candidate.runs.len() {
            "one run per side: the intervals contain the noise within the runs, not between runs; repeat the runs or \
             use duel"
                .to_owned()
        } else {
            "one run on one side: its noise between runs is taken from the other side"
                .to_owned()
        });
    }
    let absent: Vec<&str> = settings
        .primary
        .iter()
        .filter(|name| !metrics.iter().any(|m| m.name == **name))
        .map(String::as_str)
        .collect();
    if !absent.is_empty() {
        warnings.push(format!(
            "not measured, or with too few samples, on a side: {}",
            absent.join(", ")
        ));
    }
    warnings
}
