//! Several runs on one page: each in its colour, one upon the other.
use super::headline::{Coloured, gates, latencies};
use super::ledger;
use super::parts::{Cell, Figure, Grid, Section};
use super::shape;
use super::time::{Count, Timeline, caveat, duration_axis, line};
use crate::kit::words;
use crate::measure::Metric;
use crate::report::Document;
use crate::report::chart::{Axis, Ink, Layer, Plot, Point, Unit};
use crate::report::document::IntervalRow;
use std::collections::HashSet;

/// The sections of a page with several runs.
pub(super) fn sections(runs: &[Coloured<'_>]) -> Vec<Section> {
    let mut latency = Section::new("headline", "Latency side by side");
    latency.grids.extend(latencies(runs));
    latency.grids.extend(gates(runs));
    let withheld: Vec<&str> = runs
        .iter()
        .filter(|r| !r.0.verdict.allows_response_headline())
        .map(|r| r.0.run.id.as_str())
        .collect();
    if !withheld.is_empty() {
        latency.says = format!(
            "Times from the intended send are withheld for {}: work piled up, or its harness did not keep up.",
            withheld.join(", ")
        );
    }
    let mut spectra = Section::new("spectra", "Distributions side by side");
    for (id, metric) in [
        ("spectrum-response", Metric::Response),
        ("spectrum-service", Metric::Service),
        ("spectrum-receipt", Metric::Receipt),
    ] {
        spectra.figures.push(spectrum(runs, id, metric));
    }
    let mut time = Section::new("over-time", "Over time");
    time.figures = over_time(runs);
    let mut counts = Section::new("counts", "Counts side by side");
    counts.grids = vec![rates(runs), ledger::side_by_side(runs), statuses(runs)];
    counts.grids.retain(|grid| !grid.rows.is_empty());
    vec![latency, spectra, time, counts]
}

fn name(d: &Document) -> String {
    d.run.id.clone()
}

fn spectrum(runs: &[Coloured<'_>], id: &'static str, metric: Metric) -> Figure {
    let row = metric.row();
    let intended = matches!(metric, Metric::Response | Metric::Receipt);
    let mut layers = Vec::new();
    for (number, (d, _)) in runs.iter().enumerate() {
        let latency = d.latency.get(row.name).and_then(Option::as_ref);
        let allowed = if intended {
            d.verdict.allows_response_headline()
        } else {
            d.verdict.allows_headline()
        };
        if let Some(latency) = latency.filter(|_| allowed) {
            layers.push(line(name(d), Ink::Series(number), shape::spectrum_of(latency)));
        }
    }
    layers.retain(|layer| !layer.points.is_empty());
    let says =
        "How long the fastest so many percent took. Each step to the right is a further nine.";
    match shape::draw(row.title, layers) {
        Some(picture) => Figure::new(id, row.title, says, picture, ""),
        None => Figure::missing(id, row.title, "No run has a distribution that may be shown."),
    }
}

fn over_time(runs: &[Coloured<'_>]) -> Vec<Figure> {
    let times: Vec<Timeline<'_>> = runs.iter().map(|(d, _)| Timeline::of(d)).collect();
    let layers = |points: &dyn Fn(&Timeline<'_>) -> Vec<Point>| -> Vec<Layer> {
        let of = |(number, t): (usize, &Timeline<'_>)| {
            line(name(runs[number].0), Ink::Series(number), points(t))
        };
        times.iter().enumerate().map(of).collect()
    };
    let end = times.iter().map(Timeline::end).fold(0.0, f64::max);
    let ns = |value: Option<u64>| value.map(|v| v as f64);
    let caveats: Vec<String> = runs
        .iter()
        .filter(|(d, _)| !caveat(d).is_empty())
        .map(|(d, _)| format!("{}: {}", d.run.id, caveat(d)))
        .collect();
    let rate = |id, title, count: Count| {
        let layers = layers(&|t| t.rate(count));
        let spans = layers.iter().flat_map(|l| &l.points).filter_map(|p| p.span);
        let high = spans.map(|s| s.1).fold(0.0, f64::max);
        let mut plot = Plot::new(
            title,
            Axis::elapsed(0.0, end),
            Axis::from_zero("a second", Unit::Rate, high),
        );
        plot.layers = if high > 0.0 { layers } else { Vec::new() };
        Figure::new(id, title, "Each second, by run.", plot.draw(), "There were none in any run.")
    };
    let time = |id, title, value: fn(&IntervalRow) -> Option<u64>| {
        let layers = layers(&|t| t.points(|r| ns(value(r))));
        let Some(y) = duration_axis("time, logarithmic", &layers) else {
            return Figure::missing(id, title, "No run has a value.");
        };
        let mut plot = Plot::new(title, Axis::elapsed(0.0, end), y);
        plot.layers = layers;
        Figure::new(id, title, "Of what ended in each second, by run.", plot.draw(), "")
            .and(&caveats.join(" "))
    };
    vec![
        rate("rate-sent", "Sent", |r| r.written),
        rate("rate-accepted", "Accepted", |r| r.accepted),
        rate("rate-receipts", "Final receipts", |r| r.receipts),
        time("response", "Response time p99 (from intended send)", |r| r.response_p99_ns),
        time("service", "Service time p99 (from actual send)", |r| r.service_p99_ns),
        time("receipt", "Receipt time p99 (from intended send)", |r| r.receipt_p99_ns),
    ]
}

fn rates(runs: &[Coloured<'_>]) -> Grid {
    let mut grid = Grid::new("rates", "Rates and shares of the measured time", &[""]);
    grid.header.extend(runs.iter().map(|(d, _)| name(d)));
    let first = &runs[0].0;
    let show = |value: Option<f64>, d: &Document, show: fn(f64) -> String| {
        Cell::new(value.filter(|_| d.verdict.allows_headline()).map_or("–".to_owned(), show))
    };
    for (key, _) in first.rate.iter() {
        let cells =
            runs.iter().map(|(d, _)| show(d.rate.get(key).copied().flatten(), d, words::rate));
        let cells: Vec<Cell> = cells.collect();
        grid.rows.push([Cell::new(key)].into_iter().chain(cells).collect());
    }
    for (key, _) in first.ratio.iter() {
        let cells =
            runs.iter().map(|(d, _)| show(d.ratio.get(key).copied().flatten(), d, words::percent));
        let cells: Vec<Cell> = cells.collect();
        grid.rows.push([Cell::new(key.replace('_', " "))].into_iter().chain(cells).collect());
    }
    grid
}

fn statuses(runs: &[Coloured<'_>]) -> Grid {
    let mut grid =
        Grid::new("statuses-side-by-side", "Answers by command_status", &["command_status"]);
    grid.header.extend(runs.iter().map(|(d, _)| name(d)));
    let mut codes: Vec<(Option<u32>, String)> = Vec::new();
    let mut seen = HashSet::new();
    for status in runs.iter().flat_map(|(d, _)| &d.statuses) {
        if seen.insert(status.code) {
            let hex = status.code.map_or(String::new(), |code| format!("0x{code:08X}"));
            codes.push((status.code, status.name.clone().unwrap_or(hex)));
        }
    }
    for (code, label) in codes {
        let count = |d: &Document| {
            d.statuses.iter().filter(|s| s.code == code).map(|s| s.count).sum::<u64>()
        };
        let cells: Vec<Cell> = runs.iter().map(|(d, _)| words::count(count(d)).into()).collect();
        grid.rows.push([Cell::new(label)].into_iter().chain(cells).collect());
    }
    grid
}
