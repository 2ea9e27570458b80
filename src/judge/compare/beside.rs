//! Figures that stand beside a comparison without a verdict: recoveries of events, and what was observed beside the runs.
//! They are of whole runs, and of as few as there are repeats: too few to judge a change by.
use super::side::RunSet;
use crate::judge::check::Unit;
use serde::{Deserialize, Serialize};

/// The same figure of both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BesideRow {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: Unit,
    /// Mean over the runs of the base; null: unknown in one of them.
    pub base: Option<f64>,
    /// Mean over those of the candidate.
    pub candidate: Option<f64>,
    /// Run by run.
    pub base_runs: Vec<Option<f64>>,
    /// Run by run.
    pub candidate_runs: Vec<Option<f64>>,
}

/// The figures that both sides have.
pub(super) fn rows(base: &RunSet, candidate: &RunSet) -> Vec<BesideRow> {
    let both = base.beside.iter().filter_map(|own| {
        let other = candidate.beside.iter().find(|other| other.name == own.name)?;
        Some(BesideRow {
            name: own.name.clone(),
            unit: own.unit,
            base: mean(&own.runs),
            candidate: mean(&other.runs),
            base_runs: own.runs.clone(),
            candidate_runs: other.runs.clone(),
        })
    });
    both.collect()
}

/// The mean; None where a value is unknown, as the mean of the others would leave out the worst.
fn mean(values: &[Option<f64>]) -> Option<f64> {
    let known: Vec<f64> = values.iter().copied().collect::<Option<_>>()?;
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}
