//! Gates on what happened inside a gateway. Its books rest on what was read and written: a late harness does not matter.
//! It reads late as well, so its transit times are upper bounds.
use super::decision::{Decision, GateOutcome, HARNESS, by, undecided};
use super::sample::{latency_gate, statistic_value};
use crate::judge::check::Relation;
use crate::judge::name::Statistic;
use crate::judge::through::{ThroughFigures, ThroughRatio, ThroughShare};
use crate::kit::words;
use crate::measure::through::Transit;

const NOT_THROUGH: &str = "the run was not through a gateway";

/// The value of a transit time, and the decision on its limit.
pub(super) fn transit_gate(
    through: Option<&ThroughFigures>,
    transit: Transit,
    statistic: Statistic,
    (relation, limit): (Relation, f64),
    is_trusted: bool,
) -> (Option<f64>, Decision) {
    let Some(through) = through else { return (None, undecided(NOT_THROUGH)) };
    let Some(latency) = through.time(transit) else {
        return (None, undecided("nothing was timed"));
    };
    let decision = latency_gate(latency, statistic, relation, limit);
    let decision = match (decision.0, relation.bounds_above()) {
        _ if is_trusted || statistic.is_count() => decision,
        (GateOutcome::Pass, true) | (GateOutcome::Undecided, _) => decision,
        (GateOutcome::Pass | GateOutcome::Fail, _) => undecided(HARNESS),
    };
    (statistic_value(latency, statistic), decision)
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
        Some(ThroughShare { value, value_max, open }) => {
            let holds = relation.holds(value, limit);
            let decision = match holds == relation.holds(value_max, limit) {
                true => by(holds),
                false => undecided(format!(
                    "{} pending or untracked could make it {}",
                    words::count(open),
                    words::percent(value_max)
                )),
            };
            (Some(value), decision)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::Nanos;
    use crate::measure::through::{Books, SubmitBooks};
    use crate::measure::{Latency, LatencyRange};

    #[test]
    fn a_share_that_pending_or_untracked_messages_could_turn_is_undecided() {
        let of = |lost, pending, untracked| {
            let accepted = 1_000;
            let submits = SubmitBooks { accepted, lost, pending, untracked, ..Default::default() };
            let books =
                Books { submits: &submits, receipts: &Default::default(), mo: &Default::default() };
            let ratios = [None; ThroughRatio::ALL.len()];
            let mut figures = ThroughFigures { times: Default::default(), ratios };
            let ratio = ThroughRatio::LostInside;
            figures.ratios[ratio as usize] = ratio.share(books);
            let gate = |relation, limit| ratio_gate(Some(&figures), ratio, relation, limit).1;
            (gate(Relation::Equal, 0.0), gate(Relation::Below, 0.01), gate(Relation::Above, 0.01))
        };
        use GateOutcome::{Fail, Pass, Undecided};
        for (books, wanted) in [
            ((0, 0, 0), (Pass, Pass, Fail)),
            ((0, 5, 0), (Undecided, Pass, Fail)),
            ((0, 0, 20), (Undecided, Undecided, Undecided)),
            ((1, 0, 0), (Fail, Pass, Fail)),
            ((20, 5, 5), (Fail, Fail, Pass)),
        ] {
            let (lost, pending, untracked) = books;
            let (equal, below, above) = of(lost, pending, untracked);
            assert_eq!((equal.0, below.0, above.0), wanted, "{books:?}");
        }
        let why = of(0, 0, 20).0.1.unwrap_or_default();
        assert_eq!(why, "20 pending or untracked could make it 2 %");
    }

    #[test]
    fn a_late_harness_leaves_a_failed_limit_on_a_transit_time_undecided_and_a_passed_one_passed() {
        let mut forward = Latency::new(LatencyRange::for_deadline(Nanos::from_secs(1)));
        forward.record_n(Nanos::from_millis(20), 100);
        let ratios = [None; ThroughRatio::ALL.len()];
        let mut figures = ThroughFigures { times: Default::default(), ratios };
        figures.times[Transit::Forward as usize] = Some(forward);
        let gate = |statistic, relation, limit, is_trusted| {
            let limit = (relation, limit);
            transit_gate(Some(&figures), Transit::Forward, statistic, limit, is_trusted).1.0
        };
        let (below, above) = (Relation::Below, Relation::Above);
        for (statistic, relation, limit, trusted, late) in [
            (Statistic::Max, below, 50e6, GateOutcome::Pass, GateOutcome::Pass),
            (Statistic::Max, below, 10e6, GateOutcome::Fail, GateOutcome::Undecided),
            (Statistic::Max, above, 10e6, GateOutcome::Pass, GateOutcome::Undecided),
            (Statistic::Count, above, 200.0, GateOutcome::Fail, GateOutcome::Fail),
        ] {
            assert_eq!(gate(statistic, relation, limit, true), trusted);
            assert_eq!(gate(statistic, relation, limit, false), late, "{relation:?} {limit}");
        }
    }
}
