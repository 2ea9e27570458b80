//! Quantiles of a distribution with intervals by order statistics (docs/measuring.md, "Percentiles").
use super::Z95;
use crate::kit::Nanos;
use crate::measure::Latency;

/// Fewest values beyond a quantile for a sample to support it (docs/measuring.md, "Percentiles").
pub const BEYOND_MIN: f64 = 10.0;

/// Whether a sample of `n` values supports the quantile `q`.
pub fn supports(n: u64, q: f64) -> bool {
    n as f64 * (1.0 - q) >= BEYOND_MIN - 1e-9
}

/// A quantile with its interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quantile {
    /// The value; None: censored, or the sample does not support it.
    pub value: Option<Nanos>,
    /// Lower end of its 95 % interval; None: censored.
    pub low: Option<Nanos>,
    /// Upper end; None: censored, so there is no upper bound.
    pub high: Option<Nanos>,
    /// Lower bound of a censored quantile.
    pub at_least: Option<Nanos>,
    /// Whether the sample supports it.
    pub supported: bool,
}

/// The quantile `q` of a distribution and its 95 % interval: the values at the ranks
/// n·q ∓ z·√(n·q·(1−q)), for the number of values below a quantile is binomial.
pub fn quantile(latency: &Latency, q: f64) -> Quantile {
    let n = latency.sample_count();
    if !supports(n, q) {
        return Quantile::default();
    }
    let value = latency.quantile(q);
    let (low, high) = interval_ranks(n, q);
    Quantile {
        value,
        low: latency.value_at_rank(low),
        high: latency.value_at_rank(high),
        at_least: if value.is_none() { latency.quantile_at_least(q) } else { None },
        supported: true,
    }
}

/// The ranks (from 1) between which the quantile `q` of `n` values lies with 95 %.
pub fn interval_ranks(n: u64, q: f64) -> (u64, u64) {
    let n_f = n as f64;
    let spread = Z95 * (n_f * q * (1.0 - q)).sqrt();
    let low = (n_f * q - spread).floor().max(1.0) as u64;
    let high = (n_f * q + spread).ceil() as u64 + 1;
    (low.clamp(1, n.max(1)), high.clamp(1, n.max(1)))
}

/// The ranks (from 1) between which the median of few values lies, and the probability that it does, at least 0.9: the
/// number of values below the median is binomial. None: there are fewer than five values.
pub fn median_ranks(n: usize) -> Option<(usize, usize, f64)> {
    const CONFIDENCE_MIN: f64 = 0.9;
    /// Beyond it, 0.5^n is too small for a float, and a normal interval is exact enough.
    const EXACT_MAX: usize = 1_000;
    if n > EXACT_MAX {
        let (low, high) = interval_ranks(n as u64, 0.5);
        return Some((low as usize, high as usize, 0.95));
    }
    let mut found = None;
    // the probability that exactly `below` values lie below the median, and that fewer than `rank` do
    let (mut exactly, mut fewer) = (0.5_f64.powi(i32::try_from(n).ok()?), 0.0);
    for rank in 1..=n / 2 {
        fewer += exactly;
        exactly *= (n + 1 - rank) as f64 / rank as f64;
        let confidence = 1.0 - 2.0 * fewer;
        if confidence < CONFIDENCE_MIN {
            break;
        }
        found = Some((rank, n + 1 - rank, confidence));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::Rng;
    use crate::measure::LatencyRange;

    #[test]
    fn the_interval_of_a_quantile_covers_the_truth_about_19_times_of_20() {
        let range = LatencyRange::for_deadline(Nanos::from_secs(1));
        let mut covered = 0;
        for seed in 0..300 {
            let mut rng = Rng::new(seed);
            let mut l = Latency::new(range);
            for _ in 0..1000 {
                l.record(Nanos(1_000_000 + rng.below(9_000_000)));
            }
            let p90 = quantile(&l, 0.9);
            let truth = Nanos(1_000_000 + 8_100_000);
            covered += u32::from(p90.low.unwrap() <= truth && truth <= p90.high.unwrap());
        }
        assert!((276..=297).contains(&covered), "{covered} of 300");
    }

    #[test]
    fn the_interval_of_a_median_of_few_values_is_by_their_binomial_number_below_it() {
        assert_eq!(median_ranks(4), None);
        for (n, low, high, confidence) in
            [(5, 1, 5, 0.9375), (6, 1, 6, 0.96875), (7, 1, 7, 0.984_375), (8, 2, 7, 0.929_687_5)]
        {
            let (l, h, c) = median_ranks(n).unwrap();
            assert!((l, h) == (low, high) && (c - confidence).abs() < 1e-9, "{n}: {l} {h} {c}");
        }
        for n in [1_000, 1_001] {
            let (low, high, confidence) = median_ranks(n).unwrap();
            assert!(low > 465 && high < 536 && confidence >= 0.9, "{n}: {low} {high}");
        }
    }

    #[test]
    fn a_quantile_with_fewer_than_ten_values_beyond_is_not_told() {
        assert!(supports(1000, 0.99));
        assert!(!supports(999, 0.99));
        assert!(supports(20, 0.5));
        let mut l = Latency::new(LatencyRange::for_deadline(Nanos::from_secs(1)));
        for i in 1..=100 {
            l.record(Nanos::from_millis(i));
        }
        assert!(quantile(&l, 0.9).supported);
        assert_eq!(quantile(&l, 0.99), Quantile::default());
    }

    #[test]
    fn a_quantile_among_the_censored_is_bounded_from_below() {
        let mut l = Latency::new(LatencyRange::for_deadline(Nanos::from_secs(1)));
        for _ in 0..950 {
            l.record(Nanos::from_millis(3));
        }
        for _ in 0..50 {
            l.censor(Nanos::from_secs(5));
        }
        let p99 = quantile(&l, 0.99);
        assert_eq!(p99.value, None);
        assert!(p99.at_least.unwrap() >= Nanos::from_millis(4990));
        let p90 = quantile(&l, 0.9);
        assert!(p90.value.is_some() && p90.at_least.is_none());
    }
}
