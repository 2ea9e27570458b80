//! For tests: evidence of runs that were never made, with the noise that real ones have. Runs differ from one another, seconds
//! within a run too, and neighbouring seconds resemble each other as much as is asked.
use crate::judge::HealthState;
use crate::judge::compare::{Evidence, Fingerprint, Proportion, Second};
use crate::judge::statistics::BucketCounts;
use crate::kit::{Nanos, Rng};
use crate::measure::{Counters, Latency, LatencyRange, Metric, Timed};

/// How a simulated run behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct World {
    /// Measured seconds.
    pub(crate) seconds: u64,
    /// Messages in each.
    pub(crate) per_second: u64,
    /// Spread of a run's slowness between runs, of its ln.
    pub(crate) between_runs: f64,
    /// Spread of a second's slowness within a run.
    pub(crate) between_seconds: f64,
    /// How much of it the next second keeps.
    pub(crate) rho: f64,
    /// All receipts take so many times as long.
    pub(crate) receipts_slower: f64,
    /// Proportion of receipts that never come.
    pub(crate) missing: f64,
}

/// A quiet minute.
pub(crate) const MINUTE: World = World {
    seconds: 60,
    per_second: 100,
    between_runs: 0.0,
    between_seconds: 0.05,
    rho: 0.0,
    receipts_slower: 1.0,
    missing: 0.002,
};

/// Slowness of each second: an AR(1) process.
pub(crate) fn weather(world: &World, rng: &mut Rng) -> Vec<f64> {
    let mut state = rng.normal();
    (0..world.seconds)
        .map(|_| {
            state = world.rho * state + (1.0 - world.rho * world.rho).sqrt() * rng.normal();
            world.between_seconds * state
        })
        .collect()
}

/// A run, a pure function of its seed.
pub(crate) fn run(world: &World, seed: u64) -> Evidence {
    let mut rng = Rng::new(seed);
    let weather = weather(world, &mut rng);
    run_in(world, &weather, &mut rng)
}

/// A run in a given weather.
pub(crate) fn run_in(world: &World, weather: &[f64], rng: &mut Rng) -> Evidence {
    let mut whole = [0, 1].map(|_| Latency::new(LatencyRange::for_deadline(Nanos::from_secs(30))));
    let mut filling =
        [0, 1].map(|_| Latency::new(LatencyRange { max: Nanos::from_secs(60), digits: 2 }));
    let slow = world.between_runs * rng.normal();
    let metrics = [Metric::Response, Metric::Receipt];
    let (mut rejected, mut accepted, mut missing) = (0, 0, 0);
    let mut seconds = Vec::new();
    for (at, weather) in weather.iter().enumerate() {
        let mut counts = Counters { written: world.per_second, ..Counters::default() };
        filling.iter_mut().for_each(Latency::clear);
        for _ in 0..world.per_second {
            let scatter = rng.normal();
            let response = 20e6 * (slow + weather + 0.3 * scatter).exp();
            if rng.chance(0.003) {
                counts.rejected += 1;
                continue;
            }
            counts.accepted += 1;
            let spread = 0.25 * rng.normal();
            let receipt = 500e6 * world.receipts_slower * (slow + weather + spread).exp();
            for (place, value) in [response, receipt].into_iter().enumerate() {
                if place == 1 && rng.chance(world.missing) {
                    counts.receipts_missing += 1;
                    whole[1].censor(Nanos::from_secs(30));
                    continue;
                }
                filling[place].record(Nanos(value as u64));
                whole[place].record(Nanos(value as u64));
                counts.receipts_final += place as u64;
            }
        }
        rejected += counts.rejected;
        accepted += counts.accepted;
        missing += counts.receipts_missing;
        let latencies = metrics.map(Timed::from).into_iter();
        let latencies = latencies.zip(filling.iter().map(BucketCounts::of)).collect();
        let at = Nanos::from_secs(at as u64);
        seconds.push(Second { at, length: Nanos::from_secs(1), counts, latencies });
    }
    let written = world.seconds * world.per_second;
    let per_second = |n: u64| n as f64 / world.seconds as f64;
    Evidence {
        id: "simulated".to_owned(),
        fingerprint: Fingerprint(vec![("environment.kernel".into(), "6.1".into())]),
        latencies: metrics.map(Timed::from).into_iter().zip(whole).collect(),
        rates: vec![
            ("rate.written".to_owned(), per_second(written)),
            ("rate.accepted".to_owned(), per_second(accepted)),
        ],
        shares: vec![
            ("ratio.rejected".to_owned(), Proportion { part: rejected, of: written }),
            ("ratio.missing".to_owned(), Proportion { part: missing, of: accepted }),
        ],
        seconds,
        transits: Vec::new(),
        harness: HealthState::Valid,
        work_piled_up: false,
        beside: Vec::new(),
        latency_includes_rejected: false,
    }
}
