//! Gates on an event: every occurrence must pass, so the worst of them decides.
use super::decision::{Decision, GateOutcome, by, undecided};
use crate::judge::check::{Relation, Unit};
use crate::judge::event_figure::EventFigure;
use crate::judge::events::EventRow;

/// The value of the worst occurrence, and the decision. An occurrence that was not seen to its end fails where even what
/// was seen is too long, and leaves the gate undecided else.
pub(super) fn event_gate(
    rows: &[&EventRow],
    figure: EventFigure,
    relation: Relation,
    limit: f64,
) -> (Option<f64>, Decision) {
    if rows.is_empty() {
        return (None, undecided("the event did not occur"));
    }
    let worse = |a: f64, b: f64| match relation {
        Relation::Below | Relation::AtMost | Relation::Equal => a > b,
        Relation::AtLeast | Relation::Above => a < b,
    };
    let mut worst: Option<(f64, u32)> = None;
    let mut unseen: Option<&EventRow> = None;
    for row in rows {
        match (figure.of(row), figure.at_least(row)) {
            (Some(value), _) => {
                if worst.is_none_or(|(known, _)| worse(value, known)) {
                    worst = Some((value, row.repeat));
                }
            }
            (None, Some(bound)) if relation.bounds_above() && !relation.holds(bound, limit) => {
                let bound = figure.unit().show(bound);
                let why = format!("occurrence {} took at least {bound}", row.repeat);
                return (None, (GateOutcome::Fail, Some(why)));
            }
            (None, _) => unseen = Some(row),
        }
    }
    let of = |repeat: u32| match rows.len() {
        1 => None,
        count => Some(format!("the worst of {count} occurrences: number {repeat}")),
    };
    match (worst, unseen) {
        (Some((value, repeat)), _) if !relation.holds(value, limit) => {
            (Some(value), (GateOutcome::Fail, of(repeat)))
        }
        (_, Some(row)) => (None, undecided(why_unseen(row, figure))),
        (Some((value, repeat)), None) => {
            let (outcome, _) = by(relation.holds(value, limit));
            (Some(value), (outcome, of(repeat)))
        }
        (None, None) => (None, undecided("the event did not occur")),
    }
}

fn why_unseen(row: &EventRow, figure: EventFigure) -> String {
    let repeat = row.repeat;
    let bound = figure.at_least(row).filter(|bound| *bound > 0.0);
    let bound = bound.map(|bound| format!("at least {}, ", Unit::Nanoseconds.show(bound)));
    let bound = bound.unwrap_or_default();
    let why = match row.recovery.unseen.as_deref() {
        Some("next_event") => "the next event began before the run had recovered",
        Some("nothing_before") => {
            "there were too few undisturbed seconds before it to compare with"
        }
        Some(_) | None => "the load ended before the run had recovered",
    };
    format!("occurrence {repeat}: {bound}{why}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::events::RecoveryRow;

    fn row(repeat: u32, total_s: Option<f64>, at_least_s: f64, lost: u64) -> EventRow {
        let unseen = total_s.is_none().then(|| "next_event".to_owned());
        let recovery = RecoveryRow { total_s, at_least_s, unseen, ..RecoveryRow::default() };
        EventRow { repeat, lost, recovery, ..EventRow::default() }
    }

    fn decided(rows: &[EventRow], figure: EventFigure, relation: Relation, limit: f64) -> Decided {
        let rows: Vec<&EventRow> = rows.iter().collect();
        let (value, (outcome, why)) = event_gate(&rows, figure, relation, limit);
        Decided { value, outcome, why: why.unwrap_or_default() }
    }

    struct Decided {
        value: Option<f64>,
        outcome: GateOutcome,
        why: String,
    }

    #[test]
    fn the_worst_occurrence_decides() {
        let rows = [row(1, Some(3.0), 3.0, 5), row(2, Some(8.0), 8.0, 0)];
        let recovery = |limit| decided(&rows, EventFigure::Recovery, Relation::Below, limit);
        let passed = recovery(10e9);
        assert_eq!((passed.value, passed.outcome), (Some(8e9), GateOutcome::Pass));
        assert_eq!(passed.why, "the worst of 2 occurrences: number 2");
        assert_eq!(recovery(5e9).outcome, GateOutcome::Fail);
        let lost = decided(&rows, EventFigure::Lost, Relation::Equal, 0.0);
        assert_eq!((lost.value, lost.outcome), (Some(5.0), GateOutcome::Fail));
        let least = decided(&rows, EventFigure::Lost, Relation::AtLeast, 1.0);
        assert_eq!((least.value, least.outcome), (Some(0.0), GateOutcome::Fail));
    }

    #[test]
    fn an_occurrence_that_was_not_seen_to_its_end_fails_or_leaves_the_gate_undecided() {
        let rows = [row(1, Some(3.0), 3.0, 0), row(2, None, 6.0, 0)];
        let recovery = |limit| decided(&rows, EventFigure::Recovery, Relation::Below, limit);
        let open = recovery(10e9);
        assert_eq!((open.value, open.outcome), (None, GateOutcome::Undecided));
        assert!(open.why.contains("at least 6 s"), "{}", open.why);
        assert_eq!(recovery(5e9).outcome, GateOutcome::Fail);
        assert_eq!(recovery(2e9).outcome, GateOutcome::Fail);
        // its losses are known
        let lost = decided(&rows, EventFigure::Lost, Relation::Equal, 0.0);
        assert_eq!(lost.outcome, GateOutcome::Pass);
        let none = decided(&[], EventFigure::Lost, Relation::Equal, 0.0);
        assert_eq!(none.outcome, GateOutcome::Undecided);
    }
}
