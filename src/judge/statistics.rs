//! Statistics without assumptions about the shape of a distribution (METHOD.md §6, §7): intervals by
//! order statistics, slopes by Theil and Sen, the truncation rule MSER-5. Pure functions of numbers.
use crate::kit::Nanos;
use crate::measure::Latency;

/// Two-sided 95 % of the standard normal.
pub const Z95: f64 = 1.959_963_984_540_054;

/// A sample supports a quantile where at least so many of it lie beyond (METHOD.md §7).
pub const BEYOND_MIN: f64 = 10.0;

/// True where `n` values are enough to say anything of the quantile `q`.
pub fn supports(n: u64, q: f64) -> bool {
    n as f64 * (1.0 - q) >= BEYOND_MIN - 1e-9
}

/// A quantile with what is known about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quantile {
    /// The point; None among the censored, or where the sample does not support it.
    pub value: Option<Nanos>,
    /// Lower end of its 95 % interval; None where that end lies among the censored.
    pub low: Option<Nanos>,
    /// Upper end; None where that end lies among the censored (then it has no upper bound).
    pub high: Option<Nanos>,
    /// It falls among the censored: it is at least this.
    pub at_least: Option<Nanos>,
    /// Whether the sample is large enough to say anything.
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

/// A slope with its 95 % interval, per unit of x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    /// Median of the slopes of all pairs.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Slope {
    /// True where the interval excludes zero: the series does rise or fall.
    pub fn is_certain(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// Points beyond which a series is thinned before its pairs are formed.
const POINTS_MAX: usize = 400;

/// Theil and Sen's slope of evenly spaced values (one per unit of x), with Sen's interval from the
/// variance of Kendall's S. None below five values.
pub fn theil_sen(values: &[f64]) -> Option<Slope> {
    let step = values.len().div_ceil(POINTS_MAX).max(1);
    let points: Vec<(f64, f64)> = values
        .iter()
        .enumerate()
        .step_by(step)
        .filter(|(_, y)| y.is_finite())
        .map(|(x, y)| (x as f64, *y))
        .collect();
    let n = points.len();
    if n < 5 {
        return None;
    }
    let mut slopes = Vec::with_capacity(n * (n - 1) / 2);
    for (i, a) in points.iter().enumerate() {
        for b in &points[i + 1..] {
            slopes.push((b.1 - a.1) / (b.0 - a.0));
        }
    }
    slopes.sort_by(f64::total_cmp);
    let n = n as f64;
    let width = Z95 * (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt();
    let pairs = slopes.len() as f64;
    let at = |rank: f64| slopes[(rank.max(0.0) as usize).min(slopes.len() - 1)];
    Some(Slope {
        value: median_sorted(&slopes),
        low: at(((pairs - width) / 2.0).floor()),
        high: at(((pairs + width) / 2.0).ceil()),
    })
}

fn median_sorted(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    }
}

/// The median; None of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    Some(median_sorted(&sorted))
}

/// The mean; None of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// MSER-5 (White 1997): how many values at the start to leave out, so that the standard error of the
/// mean of the rest is smallest, over batches of five. None where there are fewer than four batches, or
/// where the best cut lies in the second half (the series has not settled at all).
pub fn mser5(values: &[f64]) -> Option<usize> {
    const BATCH: usize = 5;
    let batches: Vec<f64> =
        values.chunks_exact(BATCH).map(|b| b.iter().sum::<f64>() / BATCH as f64).collect();
    if batches.len() < 4 {
        return None;
    }
    let statistic = |cut: usize| {
        let rest = &batches[cut..];
        let n = rest.len() as f64;
        let mean = rest.iter().sum::<f64>() / n;
        rest.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / (n * n)
    };
    let half = batches.len() / 2;
    let best = (0..=half).min_by(|a, b| statistic(*a).total_cmp(&statistic(*b)))?;
    (best < half).then_some(best * BATCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::Rng;
    use crate::measure::LatencyRange;

    #[test]
    fn a_straight_line_has_its_own_slope_and_no_doubt() {
        let line: Vec<f64> = (0..50).map(|x| 3.0 + 0.5 * f64::from(x)).collect();
        let slope = theil_sen(&line).unwrap();
        assert!((slope.value - 0.5).abs() < 1e-12);
        assert!((slope.low - 0.5).abs() < 1e-12 && (slope.high - 0.5).abs() < 1e-12);
        assert!(slope.is_certain());
        assert_eq!(theil_sen(&line[..4]), None);
    }

    #[test]
    fn noise_alone_is_called_a_slope_in_about_one_series_of_twenty() {
        let mut called = 0;
        for seed in 0..400 {
            let mut rng = Rng::new(seed);
            let noise: Vec<f64> = (0..60).map(|_| rng.normal()).collect();
            called += u32::from(theil_sen(&noise).unwrap().is_certain());
        }
        assert!((8..=36).contains(&called), "{called} of 400");
    }

    #[test]
    fn one_wild_value_does_not_move_the_slope() {
        let mut line: Vec<f64> = (0..41).map(f64::from).collect();
        line[20] = 1e9;
        assert!((theil_sen(&line).unwrap().value - 1.0).abs() < 0.01);
    }

    #[test]
    fn mser5_cuts_a_transient_and_leaves_a_settled_series_alone() {
        let mut series: Vec<f64> = (0..100u32).map(|x| 100.0 + f64::from(x % 2)).collect();
        assert_eq!(mser5(&series), Some(0));
        for (x, value) in series.iter_mut().enumerate().take(12) {
            *value += 60.0 - 5.0 * x as f64;
        }
        assert_eq!(mser5(&series), Some(15));
        let climbing: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(mser5(&climbing), None);
        assert_eq!(mser5(&[1.0; 19]), None);
    }

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
