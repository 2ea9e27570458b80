//! Drift in a long run: whether response time, rate, memory and what else was observed rose or fell over the measured time
//! (docs/verdict.md, "Drift"). It reports; the verdict rests on the steady state.
#[cfg(test)]
mod tests;

use super::check::Unit;
use super::measured::Measured;
use super::statistics::{self, holm};
use crate::kit::{NS_PER_S, Nanos};
use crate::measure::{IntervalRow, Latency, LatencyRange, Metric, RunRecord};
use crate::plan::{Plan, Shape};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Shortest measured time that drift is looked for in.
const SHORTEST: Nanos = Nanos::from_secs(600);
const MINUTE: Nanos = Nanos::from_secs(60);
/// Most stretches of time; in longer runs each is several minutes.
const STRETCHES_MAX: u64 = 300;
const ALPHA: f64 = 0.05;

/// One series of a long run, by the minute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DriftRow {
    /// Its metric: `response.p99`, `rate.accepted`, `observe.gw.rss`.
    pub metric: String,
    /// Unit of `median`.
    pub unit: Unit,
    /// Median of the values.
    pub median: f64,
    /// Change an hour, as a share of the median: Sen's slope.
    pub per_hour: f64,
    /// Its interval, 95 %, widened where neighbouring values depend on each other.
    pub ci: [f64; 2],
    /// Change over the measured time, as a share of the median.
    pub change: f64,
    /// The least change that matters.
    pub change_min: f64,
    /// Probability of such an order without a drift (Mann and Kendall), corrected for the number of series (Holm).
    pub p: f64,
    /// Values that this rests on.
    pub values: usize,
    /// Whether it drifted: the interval excludes zero, p is below 5 %, and the change matters.
    pub drifted: bool,
}

/// Values of one series, by the hour from the start of the load.
struct Series {
    metric: String,
    unit: Unit,
    change_min: f64,
    points: Vec<(f64, f64)>,
}

impl Series {
    fn new(metric: impl Into<String>, unit: Unit, change_min: f64) -> Series {
        Series { metric: metric.into(), unit, change_min, points: Vec::new() }
    }
}

/// The drift of every series. Empty: the measured time is too short.
pub fn drift(plan: &Plan, record: &RunRecord, measured: &Measured) -> Vec<DriftRow> {
    if measured.time < SHORTEST {
        return Vec::new();
    }
    let span = measured.to.since(measured.from);
    let found: Vec<(DriftRow, f64)> =
        series(plan, record, measured).into_iter().filter_map(|series| row(series, span)).collect();
    let corrected = holm(&found.iter().map(|(_, p)| *p).collect::<Vec<_>>());
    let rows = found.into_iter().zip(corrected);
    rows.map(|((row, _), p)| {
        let certain = row.ci[0] > 0.0 || row.ci[1] < 0.0;
        let drifted = certain && p < ALPHA && row.change.abs() >= row.change_min;
        DriftRow { p, drifted, ..row }
    })
    .collect()
}

fn row(series: Series, span: Nanos) -> Option<(DriftRow, f64)> {
    let (found, [low, per_hour, high]) = statistics::relative_trend(&series.points)?;
    let median = statistics::level(&series.points)?;
    let row = DriftRow {
        metric: series.metric,
        unit: series.unit,
        median,
        per_hour,
        ci: [low, high],
        change: per_hour * span.as_secs_f64() / 3_600.0,
        change_min: series.change_min,
        p: found.p,
        values: found.count,
        drifted: false,
    };
    Some((row, found.p))
}

fn is_of_one_rate(plan: &Plan) -> bool {
    let mut shapes = plan.stages.iter().filter(|stage| stage.measure).map(|stage| &stage.shape);
    shapes.next().is_some_and(|first| {
        matches!(first, Shape::Hold(_) | Shape::Max) && shapes.all(|other| other == first)
    })
}

/// Rates within 1 %, medians within 5 %, tails within 10 %, what was observed within 5 %.
fn series(plan: &Plan, record: &RunRecord, measured: &Measured) -> Vec<Series> {
    let rows: Vec<&IntervalRow> = measured.rows(record).collect();
    let minutes = measured.to.since(measured.from).0.div_ceil(MINUTE.0);
    let stretch = MINUTE.0 * minutes.div_ceil(STRETCHES_MAX).max(1);
    let coarse = LatencyRange { max: record.range.max, digits: 2 };
    let mut p50 = Series::new("response.p50", Unit::Nanoseconds, 0.05);
    let mut p99 = Series::new("response.p99", Unit::Nanoseconds, 0.10);
    let mut rate = Series::new("rate.accepted", Unit::PerSecond, 0.01);
    let observed = &record.observed.series;
    let mut beside: Vec<Series> = observed
        .iter()
        .map(|s| Series::new(format!("observe.{}.{}", s.source, s.series), s.unit.into(), 0.05))
        .collect();
    for rows in rows.chunk_by(|a, b| {
        a.at.since(measured.from).0 / stretch == b.at.since(measured.from).0 / stretch
    }) {
        let seconds: f64 = rows.iter().map(|row| row.length.as_secs_f64()).sum();
        // what is left of the last minute would be a value of its own weight
        if seconds < stretch as f64 / NS_PER_S as f64 / 2.0 {
            continue;
        }
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { continue };
        let (from, to) = (first.at, last.at + last.length);
        let x = (from.as_secs_f64() + to.as_secs_f64()) / 2.0 / 3_600.0;
        let mut merged = Latency::new(coarse);
        rows.iter().for_each(|row| merged.merge(&row.open(Metric::Response, coarse)));
        for (series, q) in [(&mut p50, 0.5), (&mut p99, 0.99)] {
            let value = statistics::quantile(&merged, q).value;
            series.points.extend(value.map(|value| (x, value.0 as f64)));
        }
        let accepted: u64 = rows.iter().map(|row| row.tally.accepted).sum();
        rate.points.push((x, accepted as f64 / seconds));
        for (series, seen) in beside.iter_mut().zip(observed) {
            series.points.extend(seen.mean_between(from, to).map(|value| (x, value)));
        }
    }
    let mut all = vec![p50, p99];
    // a rate that the plan or the operator changes is no drift
    if is_of_one_rate(plan) && record.rate_changes.is_empty() {
        all.push(rate);
    }
    all.extend(beside);
    all
}
