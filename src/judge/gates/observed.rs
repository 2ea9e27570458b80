//! Gates on what was observed beside the run. They rest on no message: the harness does not matter.
use super::decision::{Decision, GateOutcome, by, undecided};
use crate::judge::check::{Relation, Unit};
use crate::judge::name::ObservedStatistic;
use crate::judge::observed::ObservedFigures;

/// Share of failed samples beyond which a limit that held may have been broken unseen.
const FAILED_MAX: f64 = 0.1;

/// The value of an observed figure, and the decision on its limit. None: the series was never sampled.
pub(super) fn observed_gate(
    figures: Option<&ObservedFigures>,
    statistic: ObservedStatistic,
    relation: Relation,
    limit: f64,
) -> (Option<f64>, Decision) {
    let Some(figures) = figures else {
        return (None, undecided("it was never sampled"));
    };
    let value = match statistic {
        ObservedStatistic::Max => figures.max,
        ObservedStatistic::Mean => figures.mean,
        ObservedStatistic::Growth => figures.growth,
    };
    let decision = match (statistic, value) {
        (ObservedStatistic::Growth, None) => {
            undecided("too few samples in the measured time, or a median of 0")
        }
        (ObservedStatistic::Max | ObservedStatistic::Mean, None) => {
            undecided("it was never sampled in the measured time")
        }
        (ObservedStatistic::Growth, Some(value)) => {
            growth(figures.ci.unwrap_or([value, value]), value, relation, limit)
        }
        (ObservedStatistic::Max | ObservedStatistic::Mean, Some(value)) => {
            by(relation.holds(value, limit))
        }
    };
    let unseen = figures.failed as f64 > FAILED_MAX * figures.samples as f64;
    if decision.0 == GateOutcome::Pass && unseen {
        let why = format!("{} of {} samples failed", figures.failed, figures.samples);
        return (value, undecided(why));
    }
    (value, decision)
}

/// By the interval: what holds for both of its ends.
fn growth([low, high]: [f64; 2], value: f64, relation: Relation, limit: f64) -> Decision {
    if relation == Relation::Equal {
        return by(relation.holds(value, limit));
    }
    match (relation.holds(low, limit), relation.holds(high, limit)) {
        (true, true) => by(true),
        (false, false) => by(false),
        (true, false) | (false, true) => {
            let show = |value| Unit::PerHour.show(value);
            undecided(format!("its interval [{}, {}] contains the limit", show(low), show(high)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(ci: [f64; 2], failed: u64) -> ObservedFigures {
        ObservedFigures {
            name: "gw".into(),
            series: "rss".into(),
            unit: Unit::Octets,
            max: Some(2e6),
            mean: Some(1e6),
            growth: Some(f64::midpoint(ci[0], ci[1])),
            ci: Some(ci),
            points: 100,
            samples: 100,
            failed,
        }
    }

    #[test]
    fn growth_is_decided_by_its_interval_and_never_passes_where_that_contains_the_limit() {
        let decide = |ci, limit| {
            let figures = figures(ci, 0);
            let statistic = ObservedStatistic::Growth;
            observed_gate(Some(&figures), statistic, Relation::Below, limit).1.0
        };
        assert_eq!(decide([0.001, 0.015], 0.02), GateOutcome::Pass);
        assert_eq!(decide([0.03, 0.05], 0.02), GateOutcome::Fail);
        assert_eq!(decide([0.01, 0.05], 0.02), GateOutcome::Undecided);
    }

    #[test]
    fn a_limit_that_held_where_it_was_seen_is_undecided_if_a_tenth_was_not_seen() {
        let decide = |failed, limit| {
            let figures = figures([0.0, 0.0], failed);
            observed_gate(Some(&figures), ObservedStatistic::Max, Relation::Below, limit).1.0
        };
        assert_eq!(decide(5, 3e6), GateOutcome::Pass);
        assert_eq!(decide(50, 3e6), GateOutcome::Undecided);
        assert_eq!(decide(50, 1e6), GateOutcome::Fail, "what was seen is enough to fail");
        let never = observed_gate(None, ObservedStatistic::Max, Relation::Below, 1.0);
        assert_eq!((never.0, never.1.0), (None, GateOutcome::Undecided));
    }
}
