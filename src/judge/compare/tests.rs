//! The tester tested (docs/testing.md): no difference called where there is none, a real one found, intervals that hold
//! what they promise. Runs are simulated; the seeds are fixed.
pub(crate) mod simulate;

use self::simulate::{MINUTE, World, run, run_in, weather};
use super::*;
use crate::judge::HealthState;
use crate::judge::Unit;
use crate::kit::{Nanos, Rng};
use crate::measure::{Latency, LatencyRange, Metric};

/// As strict as can be: any difference matters, so that nothing but the statistics keeps a verdict back.
fn strict() -> Settings {
    Settings { effect_min: 0.0005, share_effect_min: 1e-6, ..Settings::default() }
}

/// How often something was called, and how often the truth was covered.
#[derive(Debug, Default)]
struct Score {
    seeds: u32,
    called: u32,
    names: Vec<String>,
    found: u32,
    covered: u32,
    asked: u32,
}

impl Score {
    fn add(&mut self, comparison: &Comparison, receipts: f64) {
        self.seeds += 1;
        let called = |m: &&MetricComparison| {
            m.primary && matches!(m.verdict, Verdict::Better | Verdict::Worse)
        };
        self.called += u32::from(comparison.metrics.iter().any(|m| called(&m)));
        self.names.extend(comparison.metrics.iter().filter(called).map(|m| m.name.clone()));
        let slower = comparison.metric("receipt.p50").unwrap();
        self.found += u32::from(slower.verdict == Verdict::Worse);
        for (name, truth) in
            [("response.p50", 1.0), ("receipt.p50", receipts), ("response.p90", 1.0)]
        {
            let m = comparison.metric(name).unwrap();
            self.asked += 1;
            self.covered += u32::from(m.low.unwrap() <= truth && truth <= m.high.unwrap());
        }
    }
    fn coverage(&self) -> f64 {
        f64::from(self.covered) / f64::from(self.asked)
    }
}

fn side(world: &World, runs: u64, seed: u64) -> RunSet {
    let runs: Vec<Evidence> = (0..runs).map(|n| run(world, seed * 1000 + n)).collect();
    RunSet::of(&runs, 2000, seed).unwrap()
}

fn score(base: &World, candidate: &World, runs: u64, seeds: u64, settings: &Settings) -> Score {
    let mut score = Score::default();
    for seed in 0..seeds {
        let a = side(base, runs, 2 * seed);
        let b = side(candidate, runs, 2 * seed + 1);
        score.add(&compare(&a, &b, settings).unwrap(), candidate.receipts_slower);
    }
    score
}

/// Short runs that differ by about 2 % from one another in all: 1.5 % as runs, the rest by their few seconds.
const SHORT: World =
    World { seconds: 15, per_second: 80, between_runs: 0.015, between_seconds: 0.03, ..MINUTE };

#[test]
fn ten_runs_a_side_of_the_same_are_called_different_at_most_one_time_of_twenty() {
    let score = score(&SHORT, &SHORT, 10, 200, &strict());
    assert!(score.called <= 10, "{score:?}");
    assert!((0.93..=0.97).contains(&score.coverage()), "{score:?} {}", score.coverage());
}

#[test]
fn a_slowdown_of_a_twentieth_is_found_with_ten_runs_a_side_nine_times_of_ten() {
    let slower = World { receipts_slower: 1.05, ..SHORT };
    let score = score(&SHORT, &slower, 10, 200, &Settings::default());
    assert!(score.found >= 180, "{score:?}");
    assert!((0.93..=0.97).contains(&score.coverage()), "{score:?} {}", score.coverage());
}

#[test]
fn single_minutes_of_the_same_are_called_different_at_most_one_time_of_twenty() {
    let score = score(&MINUTE, &MINUTE, 1, 200, &strict());
    assert!(score.called <= 10, "{score:?}");
    assert!((0.93..=0.97).contains(&score.coverage()), "{score:?} {}", score.coverage());
}

#[test]
fn single_minutes_whose_seconds_resemble_their_neighbours_are_not_called_different_either() {
    let slow_weather = World { rho: 0.7, ..MINUTE };
    let score = score(&slow_weather, &slow_weather, 1, 200, &strict());
    assert!(score.called <= 10, "{score:?}");
    assert!((0.93..=0.97).contains(&score.coverage()), "{score:?} {}", score.coverage());
}

#[test]
fn a_duel_in_one_weather_sees_what_two_runs_apart_do_not() {
    let storm = World { between_seconds: 0.3, rho: 0.7, ..MINUTE };
    let slower = World { receipts_slower: 1.05, ..storm };
    let (mut duel, mut apart) = (Score::default(), Score::default());
    for seed in 0..100 {
        let mut rng = Rng::new(seed);
        let shared = weather(&storm, &mut rng);
        let a = [run_in(&storm, &shared, &mut rng)];
        let b = [run_in(&slower, &shared, &mut rng)];
        let settings = Settings { resamples: 1000, ..Settings::default() };
        duel.add(&compare_paired(&a, &b, &settings).unwrap(), 1.05);
        let sides = [&a, &b].map(|runs| RunSet::of(runs, 1000, seed).unwrap());
        apart.add(&compare(&sides[0], &sides[1], &settings).unwrap(), 1.05);
    }
    assert!(duel.found >= 90, "{duel:?}");
    assert!(apart.found <= 10, "{apart:?}");
    assert!((0.92..=0.98).contains(&duel.coverage()), "{duel:?} {}", duel.coverage());
}

fn alone(run: Evidence) -> RunSet {
    RunSet::of(&[run], 500, 1).unwrap()
}

#[test]
fn an_empty_side_an_empty_run_a_mixed_side_and_a_lame_duel_are_refused() {
    assert_eq!(RunSet::of(&[], 10, 1).unwrap_err(), CompareError::Empty);
    let mut silent = run(&SHORT, 1);
    silent.rates = vec![("rate.written".to_owned(), 0.0)];
    assert!(matches!(RunSet::of(&[silent], 10, 1), Err(CompareError::NothingMeasured(_))));
    let mut other = run(&SHORT, 2);
    other.fingerprint = Fingerprint(vec![("environment.kernel".into(), "7.0".into())]);
    let says = RunSet::of(&[run(&SHORT, 1), other.clone()], 10, 1).unwrap_err().to_string();
    assert!(says.contains("environment.kernel (6.1 and 7.0)"), "{says}");
    let lame = compare_paired(&[run(&SHORT, 1), run(&SHORT, 2)], &[run(&SHORT, 3)], &strict());
    assert!(matches!(lame, Err(CompareError::Unpaired { base: 2, candidate: 1 })));
    // between the sides it is only flagged
    let c = compare(&alone(run(&SHORT, 1)), &alone(other), &Settings::default()).unwrap();
    assert_eq!(c.differences[0].key, "environment.kernel");
}

#[test]
fn that_work_piled_up_is_said_once_for_a_side_and_not_of_a_side_where_it_did_not() {
    let piles_up = |n| Evidence { id: format!("run-{n}"), work_piled_up: true, ..run(&SHORT, n) };
    let of = |runs: &[Evidence]| RunSet::of(runs, 500, 1).unwrap();
    let (good, bad) = (of(&[run(&SHORT, 1), run(&SHORT, 2)]), of(&[3, 4].map(piles_up)));
    let said = |a: &RunSet, b: &RunSet| -> Vec<String> {
        let c = compare(a, b, &Settings::default()).unwrap();
        c.warnings.into_iter().filter(|warning| warning.contains("piled up")).collect()
    };
    assert_eq!(said(&good, &good), Vec::<String>::new());
    let once = said(&good, &bad);
    assert!(once.len() == 1 && once[0].contains("2 of 2 runs of the candidate (run-3"), "{once:?}");
    assert_eq!(said(&bad, &bad).len(), 2);
    let single = said(&alone(run(&SHORT, 1)), &alone(piles_up(5)));
    assert!(single[0].starts_with("run-5: work piled up"), "{single:?}");
}

#[test]
fn only_what_lateness_does_not_explain_is_concluded_where_the_harness_did_not_keep_up() {
    let slower = World { receipts_slower: 2.0, ..SHORT };
    let mut late = run(&slower, 2);
    let c = compare(&alone(run(&SHORT, 1)), &alone(late.clone()), &Settings::default()).unwrap();
    assert_eq!(c.metric("receipt.p50").unwrap().verdict, Verdict::Worse);
    late.harness = HealthState::Invalid;
    late.latencies.push((Metric::HarnessLag.into(), lag(Nanos::from_millis(3))));
    let c = compare(&alone(run(&SHORT, 1)), &alone(late), &Settings::default()).unwrap();
    assert!(c.warnings[0].contains("did not keep up"), "{:?}", c.warnings);
    // the receipts take twice as long, which a lag of some microseconds does not explain
    let p50 = c.metric("receipt.p50").unwrap();
    assert!(!c.trusted && p50.verdict == Verdict::Worse, "{p50:?}");
    assert!(p50.note.as_ref().unwrap().contains("does not explain"), "{p50:?}");
    let others = c.metrics.iter().filter(|m| m.unit != Unit::Nanoseconds);
    assert!(others.into_iter().all(|m| m.verdict == Verdict::Inconclusive));
}

#[test]
fn what_the_lateness_of_the_harness_may_explain_is_not_concluded() {
    let slower = World { receipts_slower: 2.0, ..SHORT };
    let mut late = run(&slower, 2);
    late.harness = HealthState::Invalid;
    let unknown = late.clone();
    late.latencies.push((Metric::HarnessLag.into(), lag(Nanos::from_secs(60))));
    for late in [late, unknown] {
        let c = compare(&alone(run(&SHORT, 1)), &alone(late), &Settings::default()).unwrap();
        assert_eq!(c.verdict, Verdict::Inconclusive);
        let open =
            |m: &MetricComparison| m.verdict == Verdict::Inconclusive && m.runs_needed.is_none();
        assert!(c.metrics.iter().all(open));
    }
}

/// A lateness that is the same for all.
fn lag(by: Nanos) -> Latency {
    let mut lag = Latency::new(LatencyRange { max: Nanos::from_secs(3_600), digits: 3 });
    lag.record_n(by, 1_000);
    lag
}

#[test]
fn a_percentile_among_receipts_that_never_came_is_worse_than_one_that_came() {
    let lossy = World { missing: 0.05, ..SHORT };
    let c = compare(&alone(run(&SHORT, 1)), &alone(run(&lossy, 2)), &Settings::default()).unwrap();
    let p99 = c.metric("receipt.p99").unwrap();
    assert_eq!((p99.verdict, p99.candidate, p99.high), (Verdict::Worse, None, None));
    assert!(
        p99.low.unwrap() > 10.0 && p99.note.as_ref().unwrap().contains("at least 30 s"),
        "{p99:?}"
    );
    let back =
        compare(&alone(run(&lossy, 2)), &alone(run(&SHORT, 1)), &Settings::default()).unwrap();
    assert_eq!(back.metric("receipt.p99").unwrap().verdict, Verdict::Better);
    let both =
        compare(&alone(run(&lossy, 2)), &alone(run(&lossy, 3)), &Settings::default()).unwrap();
    assert_eq!(both.metric("receipt.p99").unwrap().verdict, Verdict::Inconclusive);
    assert_eq!(both.metric("ratio.missing").unwrap().scale, Scale::Ratio);
}

#[test]
fn a_share_of_none_on_a_side_is_compared_by_difference() {
    let none = World { missing: 0.0, ..SHORT };
    let some = World { missing: 0.03, ..SHORT };
    let c = compare(&alone(run(&none, 1)), &alone(run(&some, 2)), &Settings::default()).unwrap();
    let missing = c.metric("ratio.missing").unwrap();
    assert_eq!((missing.scale, missing.verdict), (Scale::Difference, Verdict::Worse));
    assert!((missing.change.unwrap() - 0.03).abs() < 0.015, "{missing:?}");
    assert!(missing.low.unwrap() > 0.01 && missing.high.unwrap() < 0.06, "{missing:?}");
}

#[test]
fn none_missing_of_few_on_both_sides_is_equal_and_leaves_the_whole_not_open() {
    let few = World { missing: 0.0, seconds: 3, per_second: 5, ..MINUTE };
    let settings = Settings { primary: vec!["ratio.missing".to_owned()], ..Settings::default() };
    let c = compare(&alone(run(&few, 1)), &alone(run(&few, 2)), &settings).unwrap();
    let missing = c.metric("ratio.missing").unwrap();
    assert_eq!((missing.base, missing.candidate), (Some(0.0), Some(0.0)));
    assert_eq!((missing.verdict, c.verdict), (Verdict::Equivalent, Verdict::Equivalent));
    assert_eq!((missing.runs_needed, &missing.note), (None, &None));
}

#[test]
fn runs_of_too_few_seconds_are_told_so_and_not_that_their_seconds_are_lost() {
    let short = World { seconds: 6, ..MINUTE };
    let compared = compare(&side(&short, 1, 1), &side(&short, 1, 2), &strict()).unwrap();
    let note = |name: &str| compared.metric(name).unwrap().note.clone().unwrap_or_default();
    assert!(note("response.p50").starts_with("fewer than 8 seconds"), "{}", note("response.p50"));
    let rate = note("rate.accepted");
    assert!(rate.contains("at least 8 measured seconds"), "{rate}");
}

#[test]
fn an_open_question_says_about_how_many_runs_would_settle_it() {
    let wild = World { between_runs: 0.06, ..SHORT };
    let sides = [1, 2].map(|seed| side(&wild, 3, seed));
    let c = compare(&sides[0], &sides[1], &Settings::default()).unwrap();
    let open = c.metric("receipt.p50").unwrap();
    assert_eq!(open.verdict, Verdict::Inconclusive);
    assert!((1..=200).contains(&open.runs_needed.unwrap()), "{open:?}");
    assert_eq!(open.test, Test::Interval, "three ranks settle nothing");
    let more = [3, 4].map(|seed| side(&wild, 6, seed));
    let c = compare(&more[0], &more[1], &Settings::default()).unwrap();
    assert_eq!(c.metric("receipt.p50").unwrap().test, Test::MannWhitney);
}

#[test]
fn one_run_beside_several_is_taken_to_differ_as_they_do() {
    let wild = World { between_runs: 0.05, ..SHORT };
    let mut called = 0;
    for seed in 0..100 {
        let c = compare(&side(&wild, 6, 2 * seed), &alone(run(&wild, seed + 900_000)), &strict())
            .unwrap();
        called += u32::from(matches!(
            c.metric("receipt.p50").unwrap().verdict,
            Verdict::Better | Verdict::Worse
        ));
    }
    assert!(called <= 5, "{called} of 100");
}

#[test]
fn the_same_seed_gives_the_same_comparison() {
    let compared = || compare(&alone(run(&SHORT, 1)), &alone(run(&SHORT, 2)), &Settings::default());
    assert_eq!(compared().unwrap(), compared().unwrap());
}
