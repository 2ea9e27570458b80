//! Rates, ratios, statuses and distributions of a document.
use super::super::document::{LatencyRow, StatusCount, Table};
use crate::judge::{FIGURES, Judgement, PERCENTILES, Scope, statistics};
use crate::kit::Nanos;
use crate::measure::{Counters, Counts, LATENCY_METRICS, Latency, Metric, MetricRow, RunRecord};
use crate::smpp::CommandStatus;

/// A block of the catalogue: `rate` or `ratio`.
pub(super) fn figures(block: &str, scope: &Scope<'_>) -> Table<Option<f64>> {
    let rows = FIGURES.iter().filter(|row| row.block == block);
    rows.map(|row| (row.name.to_owned(), (row.of)(scope).filter(|v| v.is_finite()))).collect()
}

/// Every counter by its name.
pub(super) fn counters(tally: &Counters) -> Table<u64> {
    tally.fields().into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}

/// By code, ascending.
pub(super) fn statuses(counts: &Counts<u32>) -> Vec<StatusCount> {
    let mut rows: Vec<(u32, u64)> = counts.iter().map(|(code, n)| (*code, n)).collect();
    rows.sort_unstable();
    let mut list: Vec<StatusCount> = rows
        .into_iter()
        .map(|(code, count)| {
            let name = CommandStatus(code).name().map(str::to_owned);
            StatusCount { code: Some(code), name, count }
        })
        .collect();
    if counts.other > 0 {
        let name = Some("other".to_owned());
        list.push(StatusCount { code: None, name, count: counts.other });
    }
    list
}

/// Whether a metric has a meaning here: without a schedule there is nothing to wait for or to be late for.
pub(super) fn is_defined(row: &MetricRow, closed: bool) -> bool {
    !(closed && matches!(row.metric, Metric::WindowWait | Metric::HarnessLag))
}

/// Every metric of the catalogue.
pub(super) fn latencies(j: &Judgement, record: &RunRecord) -> Table<Option<LatencyRow>> {
    let measured = &j.measured;
    let rows = LATENCY_METRICS.iter().map(|row| {
        let latency = if !is_defined(row, measured.closed) {
            None
        } else if row.per_message {
            Some(measured.latency(row.metric))
        } else {
            record.whole.get(row.metric as usize - Metric::PER_MESSAGE_COUNT)
        };
        (row.name.to_owned(), latency.map(latency_row))
    });
    rows.collect()
}

/// One distribution. A percentile that the sample does not support is null; one among the censored is null
/// too, with a bound beside it.
pub(super) fn latency_row(l: &Latency) -> LatencyRow {
    let ns = |n: Option<Nanos>| n.map(|n| n.0);
    let rounded = |v: Option<f64>| v.map(|v| v.round() as u64);
    let found = PERCENTILES.map(|(name, q)| (name, statistics::quantile(l, q)));
    let ci = found.iter().map(|(name, q)| {
        let interval = (q.supported && q.low.is_some()).then(|| [ns(q.low), ns(q.high)]);
        ((*name).to_owned(), interval)
    });
    let of = |wanted: &str| found.iter().find(|(name, _)| *name == wanted).map(|(_, q)| *q);
    let value = |name: &str| of(name).and_then(|q| ns(q.value));
    let bound = |name: &str| of(name).and_then(|q| ns(q.at_least));
    LatencyRow {
        unit: "ns".to_owned(),
        count: l.count(),
        censored: l.censored_count(),
        min: ns(l.min()),
        mean: rounded(l.mean()),
        stddev: rounded(l.stddev()),
        p50: value("p50"),
        p90: value("p90"),
        p95: value("p95"),
        p99: value("p99"),
        p99_9: value("p99_9"),
        p99_99: value("p99_99"),
        max: ns(l.max()),
        ci: ci.collect(),
        hdr: (l.count() > 0).then(|| l.to_base64()),
        p50_at_least: bound("p50"),
        p90_at_least: bound("p90"),
        p95_at_least: bound("p95"),
        p99_at_least: bound("p99"),
        p99_9_at_least: bound("p99_9"),
        p99_99_at_least: bound("p99_99"),
    }
}
