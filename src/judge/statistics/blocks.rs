//! Autocorrelated series: block length for a circular block bootstrap, standard error of the mean, and drawing the
//! blocks.
//!
//! The block bootstrap alone underestimates the spread on short series: with 60 values of an AR(1) process of ρ = 0.7 an
//! interval of nominally 95 % covers 79 %. So the spread is widened to that of an ARMA(1,1) with the same
//! autocorrelation, and Student's t replaces the normal, with as many degrees of freedom as there are independent
//! blocks. By simulation that covers 93 to 97 % for ρ up to 0.7 from 60 values on, also with as much white noise added.
//! Correlation that lasts much longer than the series cannot be estimated from it.
use super::mean;
use crate::kit::Rng;

/// Bootstrap settings that suit a series' autocorrelation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blocks {
    /// Values in a block, at least 1.
    pub length: usize,
    /// Factor by which to widen the spread of block resamples; at least 1.
    pub widening: f64,
    /// Degrees of freedom of the spread.
    pub df: f64,
    /// Standard error of the mean of the series, widened.
    pub standard_error: f64,
}

impl Blocks {
    /// For a series of evenly spaced values. With fewer than two the standard error is infinite.
    pub fn of(series: &[f64]) -> Blocks {
        Blocks::with_reference(series, series)
    }

    /// As `of`, but block length and decay also come from `reference`, a less noisy series over the same times (such as
    /// the median's for a p99).
    pub fn with_reference(series: &[f64], reference: &[f64]) -> Blocks {
        let n = series.len() as f64;
        if series.len() < 2 {
            return Blocks { length: 1, widening: 1.0, df: 1.0, standard_error: f64::INFINITY };
        }
        let centre = mean(series).unwrap_or(0.0);
        let around: Vec<f64> = series.iter().map(|v| v - centre).collect();
        let variance = covariance(&around, 0);
        let length = block_length(series).max(block_length(reference));
        let length = (length.ceil() as usize).clamp(1, series.len());
        if variance <= 0.0 {
            return Blocks { length, widening: 1.0, df: n - 1.0, standard_error: 0.0 };
        }
        let drawn = block_variance(&around, length);
        let inflation = variance_inflation(&around, Autocorrelation::of(reference));
        let wanted = variance * n / (n - 1.0) * inflation;
        let unbiased = drawn / (1.0 - (length as f64 / n).min(0.9));
        let long_run = wanted.max(unbiased);
        // the correlation is itself estimated: halve the effective sample size n / inflation
        let mut df = if inflation > 1.0 { n / inflation / 2.0 - 1.0 } else { n - 1.0 };
        if length > 1 {
            df = df.min(1.5 * n / length as f64 - 1.0);
        }
        Blocks {
            length,
            widening: if drawn > 0.0 { (long_run / drawn).sqrt().max(1.0) } else { 1.0 },
            df: df.max(1.0),
            standard_error: (long_run / n).sqrt(),
        }
    }
}

/// The first autocorrelations of a series, corrected for their downward bias (Marriott and Pope 1954).
#[derive(Clone, Copy, Debug)]
struct Autocorrelation {
    /// Correlation at lag 1.
    one: f64,
    /// Factor by which correlation shrinks per further lag. None: no correlation distinguishable from 0 (about one
    /// standard error).
    decay: Option<f64>,
}

impl Autocorrelation {
    fn of(series: &[f64]) -> Autocorrelation {
        /// Cap on the estimated ratio; the lag-1 correlation may still exceed it.
        const RATIO_MAX: f64 = 0.9;
        let n = series.len() as f64;
        let centre = mean(series).unwrap_or(0.0);
        let around: Vec<f64> = series.iter().map(|v| v - centre).collect();
        let variance = covariance(&around, 0);
        if variance <= 0.0 {
            return Autocorrelation { one: 0.0, decay: None };
        }
        let (first, second) =
            (covariance(&around, 1) / variance, covariance(&around, 2) / variance);
        let bias = |one: f64| (1.0 + 4.0 * one.max(0.0)) / n;
        let one = (first + bias(first)).clamp(0.0, 0.97);
        let two = second + bias(one);
        let is_distinguishable = first >= 1.0 / n.sqrt() || first + second >= 1.5 / n.sqrt();
        let ratio = if one > 0.0 { two / one } else { 0.0 };
        Autocorrelation { one, decay: is_distinguishable.then(|| ratio.min(RATIO_MAX).max(one)) }
    }
}

/// Long-run variance / variance under ARMA(1,1); 1: no autocorrelation.
fn variance_inflation(around: &[f64], reference: Autocorrelation) -> f64 {
    let own = Autocorrelation::of(around);
    match (own.decay, reference.decay) {
        (None, None) => 1.0,
        (own_decay, reference_decay) => {
            let decay = own_decay.unwrap_or(0.0).max(reference_decay.unwrap_or(0.0)).max(own.one);
            1.0 + 2.0 * own.one / (1.0 - decay)
        }
    }
}

fn covariance(around: &[f64], lag: usize) -> f64 {
    let pairs = around.iter().zip(&around[lag.min(around.len())..]);
    pairs.map(|(a, b)| a * b).sum::<f64>() / around.len() as f64
}

/// Variance of √n times the mean of circular block resamples: exactly, over all blocks.
fn block_variance(around: &[f64], length: usize) -> f64 {
    let n = around.len();
    let mut sum: f64 = around[..length].iter().sum();
    let mut squares = 0.0;
    for start in 0..n {
        squares += sum * sum;
        sum += around[(start + length) % n] - around[start];
    }
    squares / (n * length) as f64
}

/// Politis and White's automatic length of circular blocks (2004, corrected 2009), as a real number. With their symbols:
/// D = 4/3 g(0)², G = Σ λ |k| R(k).
pub fn block_length(series: &[f64]) -> f64 {
    let n = series.len();
    const INSIGNIFICANT: usize = 5;
    if n < 2 * INSIGNIFICANT {
        return 1.0;
    }
    let n_f = n as f64;
    let centre = mean(series).unwrap_or(0.0);
    let around: Vec<f64> = series.iter().map(|v| v - centre).collect();
    let longest = (3.0 * n_f.sqrt()).min(n_f / 3.0).ceil();
    let run = INSIGNIFICANT.max(n_f.log10() as usize);
    let lags = (n_f.sqrt().ceil() as usize + run).min(n - 2);
    let limit = 2.0 * (n_f.log10() / n_f).sqrt();
    let covariances: Vec<f64> = (0..=lags).map(|lag| covariance(&around, lag)).collect();
    if covariances[0] <= 0.0 {
        return 1.0;
    }
    let squares = |part: &[f64]| part.iter().map(|v| v * v).sum::<f64>();
    let correlations: Vec<f64> = (0..=lags)
        .map(|lag| {
            let scale = (squares(&around[lag + 1..]) * squares(&around[..n - lag - 1])).sqrt();
            if scale > 0.0 { (covariances[lag] * n_f / scale).abs() } else { 0.0 }
        })
        .collect();
    // the first lag from which on a whole run of correlations is no more than noise
    let quiet = (run..=lags).find(|i| correlations[i - run..*i].iter().all(|c| *c < limit));
    let reach = quiet.map_or(lags, |i| 2 * (i - run).max(1)).min(lags);
    let (mut g_hat, mut long_run) = (0.0, covariances[0]);
    for (lag, covariance) in covariances.iter().enumerate().take(reach + 1).skip(1) {
        let place = lag as f64 / reach as f64;
        let weight = if place <= 0.5 { 1.0 } else { 2.0 * (1.0 - place) };
        g_hat += 2.0 * weight * lag as f64 * covariance;
        long_run += 2.0 * weight * covariance;
    }
    let d_hat = 4.0 / 3.0 * long_run * long_run;
    if d_hat <= 0.0 {
        return longest;
    }
    ((2.0 * g_hat * g_hat / d_hat).cbrt() * n_f.cbrt()).min(longest)
}

/// Draws `weights.len()` values in circular blocks with replacement: how often each is drawn.
pub fn draw(rng: &mut Rng, length: usize, weights: &mut [u32]) {
    let n = weights.len();
    weights.fill(0);
    let mut left = n;
    while left > 0 {
        let start = rng.below(n as u64) as usize;
        for offset in 0..length.max(1).min(left) {
            weights[(start + offset) % n] += 1;
        }
        left -= length.max(1).min(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::statistics::t_quantile;

    fn ar1(rng: &mut Rng, n: usize, rho: f64) -> Vec<f64> {
        let mut value = rng.normal();
        (0..n)
            .map(|_| {
                value = rho * value + (1.0 - rho * rho).sqrt() * rng.normal();
                value
            })
            .collect()
    }

    #[test]
    fn the_mean_of_a_correlated_minute_is_covered_about_19_times_of_20() {
        for (rho, over) in [(0.0, 0.0), (0.5, 0.0), (0.7, 0.0), (0.5, 1.0), (0.7, 0.7)] {
            let mut covered = 0;
            for seed in 0..1000 {
                let mut rng = Rng::new(seed);
                let mut series = ar1(&mut rng, 60, rho);
                series.iter_mut().for_each(|value| *value += over * rng.normal());
                let blocks = Blocks::of(&series);
                let reach = t_quantile(0.05, blocks.df) * blocks.standard_error;
                covered += u32::from(mean(&series).unwrap().abs() <= reach);
            }
            assert!((925..=975).contains(&covered), "ρ {rho}, {over}: {covered} of 1000");
        }
    }

    #[test]
    fn a_drawn_series_has_as_many_values_as_the_real_one_and_blocks_stay_together() {
        let mut rng = Rng::new(5);
        let (mut weights, mut seen) = ([0u32; 60], [0u32; 60]);
        for _ in 0..4000 {
            draw(&mut rng, 7, &mut weights);
            assert_eq!(weights.iter().sum::<u32>(), 60);
            seen.iter_mut().zip(&weights).for_each(|(s, w)| *s += w);
        }
        assert!(seen.iter().all(|s| s.abs_diff(4000) < 400), "all alike: {seen:?}");
        draw(&mut rng, 60, &mut weights);
        assert_eq!(weights, [1; 60], "one block of all is the series itself");
    }

    #[test]
    fn a_constant_series_is_certain_and_one_value_says_nothing() {
        assert_eq!(Blocks::of(&[3.0; 20]).standard_error, 0.0);
        assert_eq!(Blocks::of(&[3.0]).standard_error, f64::INFINITY);
    }
}
