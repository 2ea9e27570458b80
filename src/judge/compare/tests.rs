//! The tester tested (METHOD.md §11): no difference called where there is none, a real one found, intervals that hold
//! what they promise. Runs are simulated; the seeds are fixed.
use super::simulate::{MINUTE, World, run, run_in, weather};
use super::*;
use crate::judge::HealthState;
use crate::kit::Rng;

/// As strict as can be: any difference matters, so that nothing but the statistics keeps a verdict back.
fn strict() -> Settings {
    Settings { effect_min: 0.0005, share_effect_min: 1e-6, ..Settings::default() }
}

/// How often something was called, and how often the truth was covered.
#[derive(Debug, Default)]
struct Score {
    seeds: u32,
    called: u32,
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

fn side(world: &World, runs: u64, seed: u64) -> Side {
    let runs: Vec<Evidence> = (0..runs).map(|n| run(world, seed * 1000 + n)).collect();
    Side::of(&runs, 2000, seed).unwrap()
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

/// Short runs that differ by 2 % from one another.
const SHORT: World = World { seconds: 15, per_second: 80, between_runs: 0.02, ..MINUTE };

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
    assert!((0.92..=0.98).contains(&score.coverage()), "{score:?} {}", score.coverage());
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
        let sides = [&a, &b].map(|runs| Side::of(runs, 1000, seed).unwrap());
        apart.add(&compare(&sides[0], &sides[1], &settings).unwrap(), 1.05);
    }
    assert!(duel.found >= 90, "{duel:?}");
    assert!(apart.found <= 10, "{apart:?}");
    assert!((0.92..=0.98).contains(&duel.coverage()), "{duel:?} {}", duel.coverage());
}
