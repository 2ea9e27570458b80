//! Gates on a rate or a share of the measured messages.
use super::decision::{Decision, GateOutcome, HARNESS, by, undecided};
use crate::judge::check::Relation;
use crate::judge::figures::{FigureRow, Scope};
use crate::judge::receipts::MissingShare;
use crate::measure::Counters;

/// The value of a figure and the decision on its limit, which uncertain receipts may leave undecided.
pub(super) fn figure_gate(
    name: &str,
    row: &FigureRow,
    scope: &Scope<'_>,
    relation: Relation,
    limit: f64,
    trusted: bool,
) -> (Option<f64>, Decision) {
    let missing = MissingShare::of(scope.tally).filter(|_| row.is_missing());
    let (value, decision) = match missing {
        Some(missing) => match missing.decide(|v| relation.holds(v, limit), limit) {
            None => return (missing.figure(), undecided(missing.why(scope.tally))),
            Some(holds) => (missing.low, by(holds)),
        },
        None => match (row.of)(scope) {
            None => return (None, undecided(format!("{name} is undefined in this run"))),
            Some(value) => (value, by(relation.holds(value, limit))),
        },
    };
    if trusted || stays_valid(row, relation, limit, decision.0, scope.tally) {
        return (Some(value), decision);
    }
    (Some(value), undecided(HARNESS))
}

/// Share of the scheduled messages that a late harness must have written for a passed limit on errors to stay passed:
/// the full load would hardly have changed it.
const WRITTEN_MIN: f64 = 0.99;

/// docs/verdict.md, "Was the harness fit": whether a decision stays valid although the harness did not keep up. More
/// load makes no fewer errors, so a failed limit on a share of errors stays failed.
pub(super) fn stays_valid(
    row: &FigureRow,
    relation: Relation,
    limit: f64,
    outcome: GateOutcome,
    t: &Counters,
) -> bool {
    let upper = relation.bounds_above() || (relation == Relation::Equal && limit == 0.0);
    let first_sends = t.written.saturating_sub(t.retries);
    upper
        && row.is_error_share()
        && match outcome {
            GateOutcome::Fail => true,
            GateOutcome::Pass => first_sends as f64 >= WRITTEN_MIN * t.planned as f64,
            GateOutcome::Undecided => false,
        }
}
