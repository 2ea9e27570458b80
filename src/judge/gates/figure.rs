//! Gates on a rate or a share of the measured messages.
use super::{Decision, HARNESS, by, undecided};
use crate::judge::check::Relation;
use crate::judge::figures::{FigureRow, Scope};
use crate::judge::receipts::MissingShare;

/// What a figure came to: its value, and whether the limit holds for it, which receipts that could not be followed
/// may keep from being told.
pub(super) fn figure_gate(
    name: &str,
    row: &FigureRow,
    scope: &Scope<'_>,
    relation: Relation,
    limit: f64,
    trusted: bool,
) -> (Option<f64>, Decision) {
    let missing = MissingShare::of(scope.tally).filter(|_| row.is_missing());
    if let Some(missing) = missing {
        let holds = missing.decide(|v| relation.holds(v, limit), limit);
        return match holds {
            None => (missing.figure(), undecided(missing.why(scope.tally))),
            Some(holds) => (Some(missing.low), judged(by(holds), trusted)),
        };
    }
    match (row.of)(scope) {
        None => (None, undecided(format!("{name} is undefined in this run"))),
        Some(value) => (Some(value), judged(by(relation.holds(value, limit)), trusted)),
    }
}

fn judged(decision: Decision, trusted: bool) -> Decision {
    if trusted { decision } else { undecided(HARNESS) }
}
