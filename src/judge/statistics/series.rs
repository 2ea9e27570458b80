//! Series of evenly spaced values: slopes by Theil and Sen, and the truncation rule MSER-5
//! (docs/verdict.md, "Warm-up and steady state").
use super::{Z95, median_sorted};

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
}
