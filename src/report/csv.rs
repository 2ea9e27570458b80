//! intervals.csv: one row an interval, stable columns, times in seconds and milliseconds.
use super::Run;
use crate::measure::{IntervalRow, RunRecord};
use crate::plan::Plan;

type Cell = fn(&Plan, &RunRecord, &IntervalRow) -> String;

fn ms(ns: Option<u64>) -> String {
    ns.map_or(String::new(), |n| format!("{:.6}", n as f64 / 1e6))
}

/// Every column: name and value. A new column is a new row at the end.
const COLUMNS: [(&str, Cell); 28] = [
    ("t_s", |_, _, r| r.at.as_secs_f64().to_string()),
    ("length_s", |_, _, r| r.length.as_secs_f64().to_string()),
    ("stage", |p, _, r| stage(p, r)),
    ("scheduled", |_, _, r| r.tally.planned.to_string()),
    ("written", |_, _, r| r.tally.written.to_string()),
    ("accepted", |_, _, r| r.tally.accepted.to_string()),
    ("rejected", |_, _, r| r.tally.rejected.to_string()),
    ("throttled", |_, _, r| r.tally.throttled.to_string()),
    ("answered", |_, _, r| r.tally.answered().to_string()),
    ("timed_out", |_, _, r| r.tally.timed_out.to_string()),
    ("lost", |_, _, r| r.tally.lost.to_string()),
    ("receipts", |_, _, r| r.tally.receipts_final.to_string()),
    ("receipts_missing", |_, _, r| r.tally.receipts_missing.to_string()),
    ("mo", |_, _, r| r.mo.to_string()),
    ("in_flight", |_, _, r| r.gauges.in_flight.to_string()),
    ("backlog", |_, _, r| r.gauges.backlog.to_string()),
    ("awaited", |_, _, r| r.gauges.awaited.to_string()),
    ("sessions_up", |_, _, r| r.gauges.sessions_up.to_string()),
    ("window_full_ratio", |_, record, r| window_full(record, r)),
    ("cpu_worst", |_, _, r| format!("{:.4}", r.cpu_worst)),
    ("response_p50_ms", |_, _, r| ms(r.response.p50)),
    ("response_p90_ms", |_, _, r| ms(r.response.p90)),
    ("response_p99_ms", |_, _, r| ms(r.response.p99)),
    ("response_max_ms", |_, _, r| ms(r.response.max)),
    ("service_p50_ms", |_, _, r| ms(r.service.p50)),
    ("service_p99_ms", |_, _, r| ms(r.service.p99)),
    ("receipt_p50_ms", |_, _, r| ms(r.receipt.p50)),
    ("receipt_p99_ms", |_, _, r| ms(r.receipt.p99)),
];

fn stage(plan: &Plan, row: &IntervalRow) -> String {
    let name = row.stage.and_then(|n| plan.stages.get(usize::from(n))).map(|s| s.name.as_str());
    quoted(name.unwrap_or(if plan.stages.is_empty() { "" } else { "drain" }))
}

fn window_full(record: &RunRecord, row: &IntervalRow) -> String {
    let workers = record.workers.len().max(1) as f64;
    let share = row.gauges.window_full_ns as f64 / (row.length.0.max(1) as f64 * workers);
    format!("{:.4}", share.min(1.0))
}

/// RFC 4180: quoted where it must be.
fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// The file, with a header.
pub(super) fn render(run: &Run<'_>) -> Vec<u8> {
    let header: Vec<&str> = COLUMNS.iter().map(|c| c.0).collect();
    let mut text = header.join(",") + "\n";
    for row in &run.record.intervals {
        let cells: Vec<String> = COLUMNS.iter().map(|c| (c.1)(run.plan, run.record, row)).collect();
        text += &cells.join(",");
        text.push('\n');
    }
    text.into_bytes()
}
