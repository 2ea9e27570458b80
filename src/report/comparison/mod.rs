//! A comparison on paper: two sides, metric by metric. Pure.
mod text;

pub use text::{markdown, text};

use crate::judge::compare::{Comparison, MetricComparison, Scale};
use crate::judge::{Unit, words};

/// comparison.json.
pub fn json(comparison: &Comparison) -> Vec<u8> {
    let mut octets = serde_json::to_vec_pretty(comparison).expect("finite numbers serialise");
    octets.push(b'\n');
    octets
}

/// A value of this metric as a person reads it; a dash where there is none.
fn value(unit: Unit, value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |v| unit.show(v))
}

/// `×1.052`, or for a difference `+0.12 %`.
fn change(metric: &MetricComparison) -> String {
    metric.change.map_or("–".to_owned(), |c| changed(metric, c))
}

fn changed(metric: &MetricComparison, change: f64) -> String {
    match metric.scale {
        Scale::Ratio => format!("×{change:.3}"),
        Scale::Difference if change < 0.0 => metric.unit.show(change),
        Scale::Difference => format!("+{}", metric.unit.show(change)),
    }
}

/// Its interval: `1.031 to 1.074`.
fn interval(metric: &MetricComparison) -> String {
    let end = |v: Option<f64>| match (v, metric.scale) {
        (None, _) => "?".to_owned(),
        (Some(v), Scale::Ratio) => format!("{v:.3}"),
        (Some(v), Scale::Difference) => metric.unit.show(v),
    };
    match (metric.low, metric.high) {
        (None, None) => "–".to_owned(),
        (low, high) => format!("{} to {}", end(low), end(high)),
    }
}

/// How likely by chance.
fn p(metric: &MetricComparison) -> String {
    match metric.p_holm.or(metric.p) {
        None => String::new(),
        Some(p) if p < 0.001 => "< 0.001".to_owned(),
        Some(p) => format!("{p:.3}"),
    }
}

/// What the verdict of one metric is, with what would settle it.
fn verdict(metric: &MetricComparison) -> String {
    match metric.runs_needed {
        Some(runs) => format!(
            "{} (about {} more {} a side)",
            metric.verdict.name(),
            words::count(runs),
            if runs == 1 { "run" } else { "runs" }
        ),
        None => metric.verdict.name().to_owned(),
    }
}
