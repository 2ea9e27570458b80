//! Statistics without assumptions about the shape of a distribution (docs/verdict.md, docs/measuring.md and
//! docs/comparing.md). Pure functions of numbers and, where chance is needed, of a seed; they know no run.
mod blocks;
mod effect;
mod layers;
mod quantile;
mod ranks;
mod series;
mod student;
#[cfg(test)]
mod tests;
mod trend;

pub use blocks::{Blocks, block_length, draw};
pub use effect::{Deviation, Effect, RUNS_MAX, of_runs, spread};
pub use layers::{Bucket, BucketCounts, Layers, SHORTEST_NS, SPANS_MIN, paired_deviation};
pub use quantile::{BEYOND_MIN, Quantile, interval_ranks, median_ranks, quantile, supports};
pub use ranks::{EXACT_MAX, MannWhitney, holm, mann_whitney};
pub use series::{Slope, mser5, theil_sen};
pub use student::{normal_two_sided, t_quantile, t_two_sided, wilson};
pub use trend::{TREND_MIN, Trend, level, relative_trend, spearman, trend};

/// Two-sided 95 % of the standard normal.
pub const Z95: f64 = 1.959_963_984_540_054;

fn median_sorted(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    }
}

/// The median; None: there is no value.
pub fn median(values: &[f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    Some(median_sorted(&sorted))
}

/// The mean; None: there is no value.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The quantile `q` of ascending values, between neighbours where it falls there (as numpy and scipy have it).
pub fn quantile_of_sorted(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = q.clamp(0.0, 1.0) * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    if sorted[above] == sorted[below] || place == below as f64 {
        return sorted[below]; // also where both are infinite
    }
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}
