//! Gates counted by their outcome.
use crate::judge::GateOutcome;

/// How many gates there are of each outcome: `2 of 3 gates failed`.
pub fn gates_in_all(outcomes: &[GateOutcome]) -> String {
    let all = outcomes.len();
    let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
    let (failed, undecided) = (count(GateOutcome::Fail), count(GateOutcome::Undecided));
    let gates = if all == 1 { "gate" } else { "gates" };
    match (failed, undecided) {
        (0, undecided) if undecided > 0 => format!("{undecided} of {all} {gates} undecided"),
        (failed, 0) => format!("{failed} of {all} {gates} failed"),
        (failed, undecided) => format!("{failed} of {all} {gates} failed, {undecided} undecided"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_are_counted_by_what_became_of_them() {
        use GateOutcome::{Fail, Pass, Undecided};
        for (outcomes, says) in [
            (&[Pass][..], "0 of 1 gate failed"),
            (&[Pass, Pass], "0 of 2 gates failed"),
            (&[Fail], "1 of 1 gate failed"),
            (&[Fail, Pass, Fail], "2 of 3 gates failed"),
            (&[Undecided, Pass], "1 of 2 gates undecided"),
            (&[Undecided, Fail, Pass], "1 of 3 gates failed, 1 undecided"),
        ] {
            assert_eq!(gates_in_all(outcomes), says);
        }
    }
}
