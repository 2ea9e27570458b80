//! Draws from a configured latency. Time and chance are arguments.
use crate::kit::{Nanos, Rng};
use crate::plan::behaviour::Latency;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The 99th percentile of the standard normal distribution.
const Z99: f64 = 2.326_347_874_040_841;

/// A distribution of delays.
#[derive(Clone, Debug)]
pub(super) enum Delay {
    /// No delay.
    Zero,
    /// Always the same.
    Constant(Nanos),
    /// Uniform between two bounds in nanoseconds, both included.
    Uniform(u64, u64),
    /// exp(mu + sigma·z) nanoseconds.
    Lognormal { mu: f64, sigma: f64 },
    /// M/M/c: when each server is free, the earliest first, and the mean service time in nanoseconds.
    Servers { free: BinaryHeap<Reverse<u64>>, mean: f64 },
}

impl Delay {
    pub(super) fn new(latency: Latency) -> Delay {
        match latency {
            Latency::Zero => Delay::Zero,
            Latency::Constant(Nanos(0)) => Delay::Zero,
            Latency::Constant(span) => Delay::Constant(span),
            Latency::Uniform(low, high) => Delay::Uniform(low.0, high.0.max(low.0)),
            Latency::Lognormal { median, p99 } => {
                let median = median.0.max(1) as f64;
                let sigma = (p99.0 as f64 / median).max(1.0).ln() / Z99;
                Delay::Lognormal { mu: median.ln(), sigma }
            }
            Latency::Servers { servers, mean } => Delay::Servers {
                free: (0..servers.max(1)).map(|_| Reverse(0)).collect(),
                mean: mean.0 as f64,
            },
        }
    }

    /// Whether there is none.
    #[inline]
    pub(super) fn is_zero(&self) -> bool {
        match self {
            Delay::Zero => true,
            Delay::Constant(_)
            | Delay::Uniform(..)
            | Delay::Lognormal { .. }
            | Delay::Servers { .. } => false,
        }
    }

    /// The end of a delay that begins at `from`.
    #[inline]
    pub(super) fn after(&mut self, from: Nanos, rng: &mut Rng) -> Nanos {
        match self {
            Delay::Zero => from,
            Delay::Constant(span) => from.after(*span),
            Delay::Uniform(low, high) => {
                from.after(Nanos(*low + rng.below((*high - *low).saturating_add(1))))
            }
            Delay::Lognormal { mu, sigma } => {
                from.after(Nanos((*mu + *sigma * rng.normal()).exp() as u64))
            }
            Delay::Servers { free, mean } => {
                // first come, first served: service begins when the first server is free
                let Reverse(first) = free.pop().expect("there is at least one server");
                let done = Nanos(first.max(from.0)).after(Nanos(rng.exponential(*mean) as u64));
                free.push(Reverse(done.0));
                done
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(latency: Latency, count: usize) -> Vec<u64> {
        let (mut delay, mut rng) = (Delay::new(latency), Rng::new(3));
        let from = Nanos::from_secs(1);
        let mut all: Vec<u64> =
            (0..count).map(|_| delay.after(from, &mut rng).since(from).0).collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn each_distribution_has_its_percentiles() {
        let ms = Nanos::from_millis;
        assert!(drawn(Latency::Constant(ms(20)), 10).iter().all(|d| *d == ms(20).0));
        let uniform = drawn(Latency::Uniform(ms(5), ms(9)), 100_000);
        assert!(uniform[0] >= ms(5).0 && uniform[99_999] <= ms(9).0);
        assert!(uniform[50_000].abs_diff(ms(7).0) < 50_000);
        let lognormal = drawn(Latency::Lognormal { median: ms(10), p99: ms(80) }, 200_000);
        assert!(lognormal[100_000].abs_diff(ms(10).0) < 200_000, "{}", lognormal[100_000]);
        assert!(lognormal[198_000].abs_diff(ms(80).0) < 4_000_000, "{}", lognormal[198_000]);
    }

    #[test]
    fn one_server_at_four_fifths_load_answers_as_an_mm1_queue_does() {
        // M/M/1: mean time in the system = 1 / (mu - lambda) = S / (1 - rho) = 8 ms / 0.2 = 40 ms,
        // exponentially distributed, so p50 = 40 ms * ln 2.
        let mean = Nanos::from_millis(8);
        let (mut delay, mut rng) =
            (Delay::new(Latency::Servers { servers: 1, mean }), Rng::new(11));
        let (mut at, count) = (Nanos::ZERO, 2_000_000);
        let mut times: Vec<u64> = (0..count)
            .map(|_| {
                at += Nanos(rng.exponential(10e6) as u64);
                delay.after(at, &mut rng).since(at).0
            })
            .collect();
        let average = times.iter().sum::<u64>() as f64 / f64::from(count);
        assert!((average / 40e6 - 1.0).abs() < 0.03, "{average}");
        times.sort_unstable();
        let p50 = times[times.len() / 2] as f64;
        assert!((p50 / (40e6 * std::f64::consts::LN_2) - 1.0).abs() < 0.03, "{p50}");
    }
}
