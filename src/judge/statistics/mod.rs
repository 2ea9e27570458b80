//! Statistics without assumptions about the shape of a distribution (METHOD.md §6, §7, §10). Pure functions of
//! numbers and, where chance is needed, of a seed; they know no run.
mod quantile;
mod series;

pub use quantile::{BEYOND_MIN, Quantile, interval_ranks, quantile, supports};
pub use series::{Slope, mser5, theil_sen};

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
