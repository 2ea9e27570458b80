//! intervals.csv: one row an interval, stable columns, times in seconds and milliseconds; behind them a column for each
//! observed series, and for each transit time of a gateway.
use super::document::{Document, IntervalRow, TransitInterval};
use crate::judge::ObservedFigures;
use crate::measure::through::TRANSITS;

type Cell = fn(&Document, &IntervalRow) -> String;

fn ms(ns: Option<u64>) -> String {
    ns.map_or(String::new(), |n| format!("{:.6}", n as f64 / 1e6))
}

/// Every column: name and value. A new column is a new row at the end.
const COLUMNS: [(&str, Cell); 34] = [
    ("t_s", |_, r| r.t_s.to_string()),
    ("length_s", |_, r| r.length_s.to_string()),
    ("stage", stage),
    ("scheduled", |_, r| r.scheduled.to_string()),
    ("written", |_, r| r.written.to_string()),
    ("accepted", |_, r| r.accepted.to_string()),
    ("rejected", |_, r| r.rejected.to_string()),
    ("throttled", |_, r| r.throttled.to_string()),
    ("answered", |_, r| r.answered.to_string()),
    ("timed_out", |_, r| r.timed_out.to_string()),
    ("lost", |_, r| r.lost.to_string()),
    ("receipts", |_, r| r.receipts.to_string()),
    ("receipts_missing", |_, r| r.receipts_missing.to_string()),
    ("mo", |_, r| r.mo.to_string()),
    ("in_flight", |_, r| r.in_flight.to_string()),
    ("backlog", |_, r| r.backlog.to_string()),
    ("awaited", |_, r| r.awaited.to_string()),
    ("sessions_up", |_, r| r.sessions_up.to_string()),
    ("window_full_ratio", |_, r| format!("{:.4}", r.window_full_ratio)),
    ("cpu_worst", |_, r| format!("{:.4}", r.cpu_worst)),
    ("response_p50_ms", |_, r| ms(r.response_p50_ns)),
    ("response_p90_ms", |_, r| ms(r.response_p90_ns)),
    ("response_p99_ms", |_, r| ms(r.response_p99_ns)),
    ("response_max_ms", |_, r| ms(r.response_max_ns)),
    ("service_p50_ms", |_, r| ms(r.service_p50_ns)),
    ("service_p99_ms", |_, r| ms(r.service_p99_ns)),
    ("receipt_p50_ms", |_, r| ms(r.receipt_p50_ns)),
    ("receipt_p99_ms", |_, r| ms(r.receipt_p99_ns)),
    ("receipt_max_ms", |_, r| ms(r.receipt_max_ns)),
    ("harness_lag_p99_ms", |_, r| ms(r.harness_lag_p99_ns)),
    ("write_wait_p99_ms", |_, r| ms(r.write_wait_p99_ns)),
    ("congestion_mean", |_, r| {
        r.congestion_mean.map_or(String::new(), |mean| format!("{mean:.1}"))
    }),
    ("congestion_max", |_, r| r.congestion_max.map_or(String::new(), |max| max.to_string())),
    ("event", |_, r| r.event.clone().unwrap_or_default()),
];

type TransitCell = fn(&TransitInterval) -> String;

/// Columns of each transit time, behind `through.` and its name; only of a run through a gateway.
const TRANSIT_COLUMNS: [(&str, TransitCell); 3] = [
    ("count", |t| t.count.to_string()),
    ("p50_ms", |t| ms(Some(t.p50_ns))),
    ("p99_ms", |t| ms(Some(t.p99_ns))),
];

/// Behind the last stage is the drain; a run that only receives has no stages.
fn stage(document: &Document, row: &IntervalRow) -> String {
    let behind = if document.window.sends { "drain" } else { "" };
    row.stage.clone().unwrap_or_else(|| behind.to_owned())
}

/// The file, with a header.
pub(super) fn render(document: &Document) -> Vec<u8> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let observed: Vec<String> = document.observe.iter().map(ObservedFigures::path).collect();
    let header = COLUMNS.iter().map(|c| c.0.to_owned());
    let beside = observed.iter().map(|path| format!("observe.{path}"));
    let transits = if document.through.is_some() { &TRANSITS[..] } else { &[] };
    let transits =
        transits.iter().flat_map(|row| TRANSIT_COLUMNS.map(|(name, of)| (row.name, name, of)));
    let through = transits.clone().map(|(transit, name, _)| format!("through.{transit}_{name}"));
    table.write_record(header.chain(beside).chain(through)).expect("a Vec takes all");
    for row in &document.intervals {
        let cells = COLUMNS.iter().map(|c| (c.1)(document, row));
        let value = |path: &String| row.observe.get(path).map_or(String::new(), f64::to_string);
        let cells = cells.chain(observed.iter().map(value));
        let transit =
            |(name, _, of): (&str, _, TransitCell)| row.through.get(name).map_or(String::new(), of);
        let cells = cells.chain(transits.clone().map(transit));
        table.write_record(cells).expect("every row has as many cells as the header");
    }
    table.into_inner().expect("a Vec takes all")
}
