//! The table of latencies, and the gates. What may not be read as the SMSC's is withheld, as in the summary.
use super::parts::{Cell, Grid};
use crate::judge::GateOutcome;
use crate::kit::words;
use crate::measure::{LATENCY_METRICS, LatencyRange, Metric};
use crate::report::Document;
use crate::report::document::LatencyRow;
use crate::report::text::{WITH_REFUSALS, WITHHELD, sentence};

/// The percentiles of the table: key in result.json, heading.
const COLUMNS: [(&str, &str); 6] = [
    ("p50", "p50"),
    ("p90", "p90"),
    ("p95", "p95"),
    ("p99", "p99"),
    ("p99_9", "p99.9"),
    ("p99_99", "p99.99"),
];

/// A run and its colour (empty where it is alone).
pub(super) type Coloured<'a> = (&'a Document, String);

/// A duration; below a microsecond the histogram does not tell values apart.
pub(super) fn duration(ns: u64) -> String {
    match ns {
        0 => "0".to_owned(),
        1..LatencyRange::LOWEST_NS => "< 1 µs".to_owned(),
        ns => words::duration(ns),
    }
}

/// Whether the metric stands in the table of that run.
pub(super) fn is_shown(d: &Document, metric: Metric) -> bool {
    let own = matches!(metric, Metric::HarnessLag | Metric::DeliverAck);
    (d.verdict.allows_headline() || own)
        && (metric != Metric::Response || d.verdict.allows_response_headline())
        && (metric != Metric::Receipt || d.verdict.allows_receipt_headline())
}

/// A percentile with its interval.
fn percentile(row: &LatencyRow, name: &str) -> Cell {
    let (value, at_least) = row.percentile(name);
    let text = match (value, at_least) {
        (Some(value), _) => duration(value),
        (None, Some(bound)) => format!("≥ {}", words::duration(bound)),
        (None, None) => "–".to_owned(),
    };
    let small = match row.ci.get(name).copied().flatten() {
        Some([Some(low), Some(high)]) if value.is_some() => {
            format!("{} … {}", duration(low), duration(high))
        }
        Some([Some(low), None]) if value.is_some() => format!("{} …", duration(low)),
        _ => String::new(),
    };
    Cell { text, small, ..Cell::default() }
}

/// Every latency of every run, one run under the other where there are several.
pub(super) fn latencies(runs: &[Coloured<'_>]) -> Option<Grid> {
    let several = runs.len() > 1;
    let mut grid = Grid::new("latency", "Percentiles", &["time"]);
    if several {
        grid.header.push("run".to_owned());
    }
    grid.header.extend(COLUMNS.iter().map(|c| c.1.to_owned()));
    grid.header.extend(["max", "count", "censored"].map(str::to_owned));
    for metric in &LATENCY_METRICS {
        for (document, swatch) in runs {
            let Some(row) = document.latency.get(metric.name).and_then(Option::as_ref) else {
                continue;
            };
            if row.count + row.censored == 0 || !is_shown(document, metric.metric) {
                continue;
            }
            let title = metric.title.to_owned();
            let said = grid.rows.last().is_some_and(|row| row[0].text == title);
            let small = if said { String::new() } else { metric.says.to_owned() };
            let mut cells = vec![Cell { text: title, small, ..Cell::default() }];
            if several {
                let (text, swatch) = (document.run.id.clone(), swatch.clone());
                cells.push(Cell { text, swatch, class: "left run", ..Cell::default() });
            }
            cells.extend(COLUMNS.iter().map(|(name, _)| percentile(row, name)));
            cells.push(Cell::new(row.max.map_or("–".to_owned(), duration)));
            cells.push(Cell::new(words::count(row.count)));
            let class = if row.censored > 0 { "warn" } else { "" };
            cells.push(Cell::classed(words::count(row.censored), class));
            grid.rows.push(cells);
        }
    }
    grid.note = "Small figures: the 95 % interval of the percentile. “–”: fewer than ten messages lie beyond it, or \
                 none. Censored: messages without their answer or receipt, kept in the sample as “at least so long”."
        .to_owned();
    grid.filled()
}

/// Why some times are withheld, and why response and service time differ.
pub(super) fn words_on(d: &Document) -> Vec<String> {
    if !d.verdict.allows_headline() {
        return Vec::new();
    }
    let mut lines = Vec::new();
    if !d.verdict.allows_response_headline() {
        lines.push(WITHHELD.to_owned());
        lines.extend(d.verdict.cause.as_deref().map(sentence));
    } else if let Some(explanation) = &d.verdict.explanation {
        lines.push(explanation.clone());
    }
    if d.counts_refusals() {
        lines.push(WITH_REFUSALS.to_owned());
    }
    lines
}

/// The gates of every run.
pub(super) fn gates(runs: &[Coloured<'_>]) -> Option<Grid> {
    let several = runs.len() > 1;
    let mut grid = Grid::new("gates", "Gates", &["gate", "wanted", "found", "outcome", "why"]);
    for (document, swatch) in runs {
        for gate in &document.gates {
            let (class, word) = match gate.outcome {
                GateOutcome::Pass => ("good", "✓ pass"),
                GateOutcome::Fail => ("bad", "✗ FAIL"),
                GateOutcome::Undecided => ("warn", "? undecided"),
            };
            let name = Cell {
                text: gate.name.clone(),
                small: if several { document.run.id.clone() } else { String::new() },
                swatch: swatch.clone(),
                ..Cell::default()
            };
            grid.row([
                name,
                Cell::words(&gate.expression),
                Cell::new(gate.shows()),
                Cell::classed(word, class),
                Cell::words(gate.why.clone().unwrap_or_default()),
            ]);
        }
    }
    grid.filled()
}
