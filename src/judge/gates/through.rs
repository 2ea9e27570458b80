//! Gates on what happened inside a gateway. They rest on what was read and written: a late harness does not matter.
use super::decision::{Decision, by, undecided};
use super::sample::{latency_gate, statistic_value};
use crate::judge::check::Relation;
use crate::judge::name::Statistic;
use crate::judge::through::{ThroughFigures, ThroughRatio};
use crate::measure::through::Transit;

const NOT_THROUGH: &str = "the run was not through a gateway";

/// The value of a transit time, and the decision on its limit.
pub(super) fn transit_gate(
    through: Option<&ThroughFigures>,
    transit: Transit,
    statistic: Statistic,
    relation: Relation,
    limit: f64,
) -> (Option<f64>, Decision) {
    let Some(through) = through else { return (None, undecided(NOT_THROUGH)) };
    match through.time(transit) {
        None => (None, undecided("nothing was timed")),
        Some(latency) => {
            (statistic_value(latency, statistic), latency_gate(latency, statistic, relation, limit))
        }
    }
}

/// The value of a share, and the decision on its limit.
pub(super) fn ratio_gate(
    through: Option<&ThroughFigures>,
    ratio: ThroughRatio,
    relation: Relation,
    limit: f64,
) -> (Option<f64>, Decision) {
    let Some(through) = through else { return (None, undecided(NOT_THROUGH)) };
    match through.ratio(ratio) {
        None => (None, undecided("it is a share of nothing in this run")),
        Some(value) => (Some(value), by(relation.holds(value, limit))),
    }
}
