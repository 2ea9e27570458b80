//! Searches against systems of which the truth is known, without any trial: the machine alone.
use super::*;
use crate::kit::Rng;

fn goal(start: f64, timed: &[bool]) -> SearchGoal {
    SearchGoal {
        width: 0.02,
        start,
        floor: 0.1,
        ceiling: 1e6,
        confirmations: 2,
        timed: timed.to_vec(),
        whole: vec![false; timed.len()],
    }
}

/// Runs a search to its end; the trials it took.
fn search(
    goal: SearchGoal,
    mut system: impl FnMut(&TrialRequest) -> TrialResult,
) -> (Bracket, BracketStep, Vec<TrialRequest>) {
    let (mut bracket, mut asked) = (Bracket::new(goal), Vec::new());
    for _ in 0..120 {
        match bracket.next() {
            BracketStep::Trial(ask) => {
                let seen = system(&ask);
                asked.push(ask);
                bracket.learn(seen);
            }
            end => return (bracket, end, asked),
        }
    }
    panic!("it goes on for ever: {:#?}", &asked[100..]);
}

/// A limiter of `rate` that has saved up `burst`; each trial begins with all of it.
fn limiter(rate: f64, burst: f64, queues: bool) -> impl Fn(&TrialRequest) -> TrialResult {
    move |ask| {
        let held = 1.0 + if ask.long { 5.0 } else { 2.0 };
        let excess = (ask.rate - rate) * held;
        let before = ask.overload.map_or(0.0, |o| (o.rate - rate) * o.seconds);
        let failed = excess > 0.0 && before + excess > burst;
        let capacity = failed.then(|| {
            // what comes through while the burst lasts is taken for the rate
            let lasts = ((burst - before).max(0.0) / (ask.rate - rate)).min(held);
            let blind = (lasts - held / 2.0).max(0.0) / (held / 2.0);
            let seen = rate + (ask.rate - rate) * blind;
            // what was too much by that rate, and was not refused
            let refused = before + excess - burst;
            let surplus = ask.overload.map_or(0.0, |o| (o.rate - seen) * o.seconds);
            let saved = ((ask.rate - seen) * held + surplus - refused).max(0.0);
            Capacity { rate: seen, burst: saved, queues }
        });
        TrialResult {
            ask: *ask,
            marks: vec![Some(!failed)],
            at_rate_s: held,
            spoiled: false,
            capacity,
        }
    }
}

#[test]
fn a_limiter_is_found_within_the_width_wherever_the_search_starts() {
    for rate in [0.7, 50.0, 333.0, 5_000.0, 200_000.0] {
        for start in [1.0, 900.0, 30_000.0] {
            for queues in [false, true] {
                let (bracket, end, asked) =
                    search(goal(start, &[false]), limiter(rate, 0.1 * rate, queues));
                let found = bracket.bounds(0);
                let (lower, upper) = (found.lower.unwrap(), found.upper.unwrap());
                assert_eq!(end, BracketStep::Done);
                assert!(lower <= rate && rate <= upper, "{rate} {start}: {lower} {upper}");
                assert!(upper / lower <= 1.0201 && found.confirmed, "{lower} {upper}");
                assert!(asked.len() <= 30, "{rate} {start}: {} trials", asked.len());
            }
        }
    }
}

#[test]
fn a_burst_of_seconds_is_not_taken_for_the_sustained_rate() {
    for seconds in [0.0, 0.5, 2.0, 5.0, 20.0] {
        let rate = 1_000.0;
        let (bracket, _, asked) =
            search(goal(100.0, &[false]), limiter(rate, rate * seconds, false));
        let found = bracket.bounds(0);
        let (lower, upper) = (found.lower.unwrap(), found.upper.unwrap());
        assert!(lower <= rate && rate <= upper, "{seconds} s: {lower} {upper} {asked:#?}");
    }
}

#[test]
fn objectives_share_their_trials() {
    let truths = [1_000.0, 1_500.0, 1_030.0];
    let alone: usize = truths
        .iter()
        .map(|truth| search(goal(100.0, &[true]), |ask| passing(ask, &[*truth])).2.len())
        .sum();
    let (bracket, _, asked) = search(goal(100.0, &[true; 3]), |ask| passing(ask, &truths));
    assert!(asked.len() * 4 < alone * 3, "{} together, {alone} one by one", asked.len());
    for (objective, truth) in truths.iter().enumerate() {
        let found = bracket.bounds(objective);
        assert!(
            found.confirmed && found.lower.unwrap() <= *truth && *truth <= found.upper.unwrap()
        );
    }
}

fn passing(ask: &TrialRequest, truths: &[f64]) -> TrialResult {
    let marks = truths.iter().map(|truth| Some(ask.rate <= *truth)).collect();
    TrialResult { ask: *ask, marks, at_rate_s: 3.0, spoiled: false, capacity: None }
}

#[test]
fn an_accident_is_looked_at_again_and_hardly_ever_moves_the_bracket() {
    let mut moved = 0;
    for seed in 0..200 {
        let mut rng = Rng::new(seed);
        let (bracket, _, _) = search(goal(100.0, &[true]), |ask| {
            let mut seen = passing(ask, &[1_000.0]);
            // one trial in twenty is wrong
            if rng.below(20) == 0 {
                seen.marks[0] = seen.marks[0].map(|passed| !passed);
            }
            seen
        });
        let lower = bracket.bounds(0).lower.unwrap_or(0.0);
        moved += u32::from((lower / 1_000.0 - 1.0).abs() > 0.06);
    }
    assert!(moved <= 12, "{moved} of 200");
}

#[test]
fn a_confirmation_that_fails_steps_down() {
    // short trials bear more than long ones
    let (bracket, end, asked) =
        search(goal(100.0, &[true]), |ask| passing(ask, &[if ask.long { 900.0 } else { 1_000.0 }]));
    let found = bracket.bounds(0);
    assert_eq!(end, BracketStep::Done);
    let (lower, upper) = (found.lower.unwrap(), found.upper.unwrap());
    assert!(lower <= 900.0 && 900.0 <= upper && upper / lower <= 1.0201, "{lower} {upper}");
    assert!(asked.iter().filter(|a| a.long).count() >= 3);
}

#[test]
fn a_spoiled_trial_is_run_again_and_never_counts_against_the_smsc() {
    let mut first = true;
    let (bracket, end, _) = search(goal(400.0, &[true]), |ask| {
        let mut seen = passing(ask, &[1_000.0]);
        seen.spoiled = std::mem::take(&mut first);
        seen
    });
    assert_eq!(end, BracketStep::Done);
    assert!(bracket.bounds(0).lower.unwrap() > 980.0);
    // a harness that keeps up to 5,000/s only, and an SMSC that bears more
    let (bracket, end, asked) = search(goal(400.0, &[true]), |ask| {
        let mut seen = passing(ask, &[1e9]);
        seen.spoiled = ask.rate > 5_000.0;
        seen
    });
    assert_eq!(end, BracketStep::Harness);
    let found = bracket.bounds(0);
    assert_eq!(found.upper, None, "it was not the SMSC");
    assert!(found.lower.unwrap() >= 4_000.0 && found.confirmed, "{found:?} {asked:#?}");
}

#[test]
fn what_even_the_lowest_rate_misses_has_no_lower_end_and_what_the_highest_keeps_no_upper() {
    let (bracket, end, asked) = search(goal(100.0, &[true]), |ask| passing(ask, &[0.0]));
    assert_eq!((end, bracket.bounds(0).lower), (BracketStep::Done, None));
    assert!(bracket.bounds(0).upper.unwrap() <= 0.1 && asked.len() < 10);
    let (bracket, end, _) = search(goal(100.0, &[true]), |ask| passing(ask, &[1e9]));
    assert_eq!(end, BracketStep::Done);
    let found = bracket.bounds(0);
    assert_eq!((found.lower, found.upper, found.confirmed), (Some(1e6), None, true));
}

#[test]
fn rates_have_five_significant_digits() {
    for (rate, written) in [(0.123456, 0.12346), (4_987.654, 4_987.7), (123_456.0, 123_460.0)] {
        assert!((rounded(rate) / written - 1.0).abs() < 1e-12);
    }
}

#[test]
fn before_a_trial_that_is_judged_as_a_whole_nothing_is_overloaded() {
    let seen = |rate: f64, passed: bool| TrialResult {
        ask: TrialRequest { rate, long: false, overload: None, objective: 0 },
        marks: vec![Some(passed)],
        at_rate_s: 3.0,
        spoiled: false,
        capacity: (!passed).then_some(Capacity { rate: 400.0, burst: 50.0, queues: false }),
    };
    for whole in [false, true] {
        let goal = SearchGoal { whole: vec![whole], ..goal(100.0, &[false]) };
        let mut bracket = Bracket::new(goal);
        bracket.learn(seen(300.0, true));
        bracket.learn(seen(600.0, false));
        let BracketStep::Trial(ask) = bracket.next() else { panic!("{:?}", bracket.next()) };
        assert_eq!(ask.overload.is_none(), whole, "{ask:?}");
    }
}
