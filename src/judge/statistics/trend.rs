//! Whether a series of a run rises or falls: the test of Mann and Kendall, corrected as Hamed and Rao (1998) do for
//! values that depend on those before them, and Sen's slope with the interval of the same variance
//! (docs/verdict.md, "Drift").
use super::ranks::midranks;
use super::student::normal_two_sided;
use super::{Slope, Z95, median, median_sorted};

/// A trend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// Per unit of x.
    pub slope: Slope,
    /// Two-sided probability of a sum of signs as far from 0 without a trend.
    pub p: f64,
    /// Values that it rests on.
    pub count: usize,
}

/// Fewest values.
pub const TREND_MIN: usize = 10;
/// Values beyond which neighbours are averaged before the pairs are formed.
const POINTS_MAX: usize = 300;

/// The trend of points (x, y) by ascending x. None: fewer than [`TREND_MIN`].
pub fn trend(points: &[(f64, f64)]) -> Option<Trend> {
    let finite: Vec<(f64, f64)> = points.iter().copied().filter(|p| p.1.is_finite()).collect();
    let each = finite.len().div_ceil(POINTS_MAX).max(1);
    let mean = |chunk: &[(f64, f64)], of: fn(&(f64, f64)) -> f64| {
        chunk.iter().map(of).sum::<f64>() / chunk.len() as f64
    };
    let points: Vec<(f64, f64)> =
        finite.chunks(each).map(|c| (mean(c, |p| p.0), mean(c, |p| p.1))).collect();
    let n = points.len();
    if n < TREND_MIN {
        return None;
    }
    let (mut slopes, mut sum) = (Vec::with_capacity(n * (n - 1) / 2), 0.0);
    for (i, a) in points.iter().enumerate() {
        for b in &points[i + 1..] {
            slopes.push((b.1 - a.1) / (b.0 - a.0));
            sum += match b.1.total_cmp(&a.1) {
                _ if b.1 == a.1 => 0.0,
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Less | std::cmp::Ordering::Equal => -1.0,
            };
        }
    }
    slopes.sort_by(f64::total_cmp);
    let value = median_sorted(&slopes);
    let variance = variance(&points) * inflation(&points, value);
    let width = Z95 * variance.sqrt();
    let pairs = slopes.len() as f64;
    let at = |rank: f64| slopes[(rank.max(0.0) as usize).min(slopes.len() - 1)];
    let p = if variance > 0.0 {
        normal_two_sided((f64::max(f64::abs(sum) - 1.0, 0.0)) / variance.sqrt())
    } else {
        1.0
    };
    Some(Trend {
        slope: Slope {
            value,
            low: at(((pairs - width) / 2.0).floor()),
            high: at(((pairs + width) / 2.0).ceil()),
        },
        p,
        count: finite.len(),
    })
}

/// Variance of the sum of signs where the values are independent, with its correction for equal values.
fn variance(points: &[(f64, f64)]) -> f64 {
    let term = |n: f64| n * (n - 1.0) * (2.0 * n + 5.0);
    let mut values: Vec<f64> = points.iter().map(|p| p.1).collect();
    values.sort_by(f64::total_cmp);
    let ties: f64 = values.chunk_by(|a, b| a == b).map(|equal| term(equal.len() as f64)).sum();
    (term(points.len() as f64) - ties) / 18.0
}

/// How much larger the variance is because neighbours depend on each other: from the autocorrelation of the ranks of
/// what is left without the slope. Never below 1, so that an interval is never narrower than that of independent values.
fn inflation(points: &[(f64, f64)], slope: f64) -> f64 {
    let count = points.len();
    let rest: Vec<f64> = points.iter().map(|(x, y)| y - slope * x).collect();
    let ranks = midranks(&rest);
    let middle = (count as f64 + 1.0) / 2.0;
    let spread: f64 = ranks.iter().map(|r| (r - middle).powi(2)).sum();
    if spread == 0.0 {
        return 1.0;
    }
    let n = count as f64;
    let mut sum = 0.0;
    for lag in 1..=count / 2 {
        let products = ranks.iter().zip(&ranks[lag..]).map(|(a, b)| (a - middle) * (b - middle));
        let found = products.sum::<f64>() / spread;
        // taking mean and slope away makes neighbours look less alike than they are (Kendall 1954)
        let correlation = found + (2.0 + 4.0 * found) / n;
        // beyond the first lag that shows next to nothing, there is noise only
        if correlation <= Z95 / n.sqrt() / 2.0 {
            break;
        }
        let i = lag as f64;
        sum += (n - i) * (n - i - 1.0) * (n - i - 2.0) * correlation;
    }
    (1.0 + 2.0 / (n * (n - 1.0) * (n - 2.0)) * sum).max(1.0)
}

/// Spearman's rank correlation of two series of the same length. None: fewer than three pairs, or one of them is
/// constant.
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.len() != b.len() || a.len() < 3 {
        return None;
    }
    let (a, b) = (midranks(a), midranks(b));
    let middle = (a.len() as f64 + 1.0) / 2.0;
    let sum = |x: &[f64], y: &[f64]| -> f64 {
        x.iter().zip(y).map(|(x, y)| (x - middle) * (y - middle)).sum()
    };
    let spread = (sum(&a, &a) * sum(&b, &b)).sqrt();
    (spread > 0.0).then(|| sum(&a, &b) / spread)
}

/// The middle of a series: what a slope is relative to. None: it is 0, or there is no value.
pub fn level(points: &[(f64, f64)]) -> Option<f64> {
    let values: Vec<f64> = points.iter().map(|p| p.1).filter(|y| y.is_finite()).collect();
    median(&values).filter(|middle| *middle > 0.0)
}

/// The trend of a series, with the lower end, the value and the upper end of its slope as shares of [`level`].
pub fn relative_trend(points: &[(f64, f64)]) -> Option<(Trend, [f64; 3])> {
    let (found, level) = (trend(points)?, level(points)?);
    Some((found, [found.slope.low, found.slope.value, found.slope.high].map(|s| s / level)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::Rng;

    /// Noise of a standard deviation of 1, in which each value keeps a share of the one before.
    fn noise(seed: u64, count: usize, kept: f64) -> Vec<f64> {
        let mut rng = Rng::new(seed);
        let fresh = (1.0 - kept * kept).sqrt();
        let mut value = rng.normal();
        (0..count)
            .map(|_| {
                value = kept * value + fresh * rng.normal();
                value
            })
            .collect()
    }

    fn by_second(values: impl IntoIterator<Item = f64>) -> Vec<(f64, f64)> {
        values.into_iter().enumerate().map(|(x, y)| (x as f64, y)).collect()
    }

    #[test]
    fn a_straight_line_has_its_own_slope_and_a_constant_one_has_none() {
        let found = trend(&by_second((0..50).map(|x| 3.0 + 0.5 * f64::from(x)))).unwrap();
        assert!((found.slope.value - 0.5).abs() < 1e-9 && found.slope.is_certain());
        assert!(found.p < 1e-12 && found.count == 50);
        let flat = trend(&by_second([7.0; 50])).unwrap();
        assert_eq!((flat.slope.low, flat.slope.high, flat.p), (0.0, 0.0, 1.0));
        assert_eq!(trend(&by_second([1.0; 9])), None);
    }

    #[test]
    fn independent_and_dependent_noise_is_called_a_trend_in_about_one_series_of_twenty() {
        for (kept, most) in [(0.0, 36), (0.5, 48)] {
            let certain =
                |seed: &u64| trend(&by_second(noise(*seed, 120, kept))).unwrap().slope.is_certain();
            let called = (0..400).filter(certain).count();
            assert!((4..=most).contains(&called), "{called} of 400 at {kept}");
        }
        // without the correction, dependent noise is called a trend far too often
        let uncorrected =
            |seed: &u64| super::super::theil_sen(&noise(*seed, 120, 0.5)).unwrap().is_certain();
        assert!((0..400).filter(uncorrected).count() > 80);
    }

    #[test]
    fn a_gap_in_time_does_not_change_the_slope() {
        let mut points = by_second((0..100).map(|x| 2.0 * f64::from(x)));
        points.drain(40..70);
        assert!((trend(&points).unwrap().slope.value - 2.0).abs() < 1e-9);
    }

    #[test]
    fn thousands_of_points_keep_their_slope() {
        let values = noise(5, 3_600, 0.3).into_iter().enumerate();
        let found = trend(&by_second(values.map(|(x, y)| y + 0.01 * x as f64))).unwrap();
        assert!(found.slope.low < 0.01 && 0.01 < found.slope.high, "{found:?}");
        assert!(found.slope.is_certain() && found.count == 3_600);
    }

    #[test]
    fn rank_correlation_sees_an_order_and_no_scale() {
        let a: Vec<f64> = (0..30).map(f64::from).collect();
        let grown: Vec<f64> = a.iter().map(|x| x.exp()).collect();
        let fallen: Vec<f64> = a.iter().map(|x| -x).collect();
        assert!((spearman(&a, &grown).unwrap() - 1.0).abs() < 1e-12);
        assert!((spearman(&a, &fallen).unwrap() + 1.0).abs() < 1e-12);
        assert_eq!(spearman(&a, &[1.0; 30]), None);
        assert!(spearman(&noise(1, 200, 0.0), &noise(2, 200, 0.0)).unwrap().abs() < 0.3);
    }
}
