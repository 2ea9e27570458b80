//! Several runs on one page: each in its colour, one upon the other.
use super::parts::{Figure, Section};
use super::shape;
use super::time::{Count, Timeline, duration_axis, line, span_of};
use crate::measure::Metric;
use crate::report::Document;
use crate::report::chart::{Axis, Colour, Layer, Plot, Point, Unit};
use crate::report::document::IntervalRow;
use crate::report::model::{self, Withheld, caveat};

/// The sections of a page with several runs.
pub(super) fn sections(runs: &[&Document]) -> Vec<Section> {
    let mut latency = Section::new("headline", "Latency side by side");
    latency.tables = vec![model::latencies(runs), model::gates(runs)];
    let withheld = runs.iter().filter(|d| Withheld::metric(&d.verdict, Metric::Response).is_some());
    let withheld: Vec<&str> = withheld.map(|d| d.run.id.as_str()).collect();
    if !withheld.is_empty() {
        latency.says = format!(
            "Times from the intended send are withheld for {}: work piled up, or the harness did not keep up.",
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
    counts.tables = vec![
        model::rates_side_by_side(runs),
        model::side_by_side(runs),
        model::statuses_side_by_side(runs),
    ];
    vec![latency, spectra, time, counts]
}

fn spectrum(runs: &[&Document], id: &'static str, metric: Metric) -> Figure {
    let row = metric.row();
    let mut layers = Vec::new();
    for (number, d) in runs.iter().enumerate() {
        let latency = d.latency.get(row.name).and_then(Option::as_ref);
        let withheld = Withheld::metric(&d.verdict, metric);
        if let Some(latency) = latency.filter(|_| withheld.is_none()) {
            layers.push(line(&d.run.id, Colour::Series(number), shape::spectrum_of(latency)));
        }
    }
    layers.retain(|layer| !layer.points.is_empty());
    let says = "The time within which a share of the messages was answered. Each step to the right adds a nine.";
    let otherwise = "No run has enough messages, or the distributions are withheld.";
    Figure::new(id, row.title, says, shape::draw(row.title, layers), otherwise)
}

fn over_time(runs: &[&Document]) -> Vec<Figure> {
    let times: Vec<Timeline<'_>> = runs.iter().map(|d| Timeline::of(d)).collect();
    let layers = |points: &dyn Fn(&Timeline<'_>) -> Vec<Point>| -> Vec<Layer> {
        let of = |(number, t): (usize, &Timeline<'_>)| {
            line(&runs[number].run.id, Colour::Series(number), points(t))
        };
        times.iter().enumerate().map(of).collect()
    };
    let end = times.iter().map(|t| t.end).fold(0.0, f64::max);
    let ns = |value: Option<u64>| value.map(|v| v as f64);
    let caveats: Vec<String> = runs
        .iter()
        .filter(|d| !caveat(d).is_empty())
        .map(|d| format!("{}: {}", d.run.id, caveat(d)))
        .collect();
    let rate = |id, title, count: Count| {
        let layers = layers(&|t| t.rate(count));
        let high = span_of(&layers).map_or(0.0, |span| span.1);
        let y = Axis::from_zero("a second", Unit::Rate, high);
        let plot = Plot::new(title, Axis::elapsed(0.0, end), y).with_layers(layers);
        let picture = (high > 0.0).then(|| plot.draw());
        Figure::new(id, title, "Per second, by run.", picture, "No run has any.")
    };
    let time = |id, title, value: fn(&IntervalRow) -> Option<u64>| {
        let layers = layers(&|t| t.points(|r| ns(value(r))));
        let y = duration_axis("time, logarithmic", &layers);
        let plot = y.map(|y| Plot::new(title, Axis::elapsed(0.0, end), y).with_layers(layers));
        let (says, picture) = (
            "Percentiles of the messages that ended in each second, by run.",
            plot.map(|p| p.draw()),
        );
        Figure::new(id, title, says, picture, "No run has a value.").and(&caveats.join(" "))
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
