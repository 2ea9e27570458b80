//! Charts of a search for a rate: its bracket trial by trial, and latency below the rate found.
use super::super::parts::{Figure, Section};
use super::super::time::{duration_axis, line, span_of};
use crate::kit::words;
use crate::report::chart::{Axis, Colour, Layer, Mark, Plot, Point, Shape, Unit};
use crate::report::model::Table;
use crate::search::Search;
use crate::search::document::{LatencyAt, TrialRow};

pub(super) fn sections(search: &Search, latencies: Table) -> [Section; 2] {
    let mut bracket = Section::new("bracket", "How the rate was found");
    bracket.figures.push(closing_in(search));
    let mut latency = Section::new("latency", "Latency below the rate");
    latency.figures.push(latency_by_rate(search));
    latency.tables.push(latencies);
    [bracket, latency]
}

/// Whether a trial met the first objective.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Met {
    Yes,
    No,
    Unknown,
}

/// The trials that search for the rate; the others measure latency below it.
fn looking(search: &Search) -> impl Iterator<Item = &TrialRow> {
    search.trials.iter().filter(|t| t.kind != "latency" && t.rate.is_some())
}

fn kept(trial: &TrialRow) -> Met {
    match trial.kept.first().copied().flatten() {
        Some(true) => Met::Yes,
        Some(false) => Met::No,
        None => Met::Unknown,
    }
}

fn closing_in(search: &Search) -> Figure {
    let (id, title) = ("closing-in", "The bracket, trial by trial");
    let dots = |wanted: Met, name: &str, colour: Colour| Layer {
        name: name.to_owned(),
        colour,
        shape: Shape::Points,
        points: looking(search)
            .filter(|t| kept(t) == wanted)
            .filter_map(|t| Some(Point::at(f64::from(t.number), t.rate?)))
            .collect(),
    };
    let mut layers = vec![
        line("highest rate that met the objective", Colour::Series(0), steps(search, |t| t.lower)),
        line("lowest rate that missed it", Colour::Series(1), steps(search, |t| t.upper)),
        dots(Met::Yes, "trial: met", Colour::Good),
        dots(Met::No, "trial: missed", Colour::Bad),
        dots(Met::Unknown, "trial: undecided", Colour::Warn),
    ];
    layers.retain(|layer| layer.points.iter().any(|p| p.span.is_some()));
    let (Some((low, high)), Some(last)) = (span_of(&layers), looking(search).last()) else {
        return Figure::missing(id, title, "No trial at a rate was completed.");
    };
    // a margin, so that no dot lies on the edge
    let (low, high) = (low * 0.95, high * 1.05);
    let x =
        Axis { low: 0.5, ..Axis::from_zero("trial", Unit::Count, f64::from(last.number) + 0.5) };
    let mut plot =
        Plot::new(title, x, Axis::log10("submit_sm a second, logarithmic", Unit::Rate, low, high));
    plot.layers = layers;
    let of = match search.objectives.as_slice() {
        [] | [_] => String::new(),
        [first, ..] => format!(" They show the first objective: {}.", first.name),
    };
    let says = format!(
        "Each dot is a trial at its rate. The lines are the two ends of the bracket after each trial.{of}"
    );
    Figure::new(id, title, says, plot.draw(), "")
}

/// An end of the bracket as steps: at each trial, from its old to its new value.
fn steps(search: &Search, end: fn(&TrialRow) -> Option<f64>) -> Vec<Point> {
    let mut before = None;
    looking(search)
        .map(|trial| {
            let (x, was) = (f64::from(trial.number), before);
            before = end(trial);
            match (was, before) {
                (_, None) => Point::gap(x),
                (None, Some(now)) => Point::at(x, now),
                (Some(was), Some(now)) => Point::between(x, f64::min(was, now), was.max(now)),
            }
        })
        .collect()
}

/// A series of latencies: its name, its colour and its value.
type Column = (&'static str, Colour, fn(&LatencyAt) -> Option<u64>);

const COLUMNS: [Column; 6] = [
    ("receipt p50", Colour::Series(3), |at| at.receipt_p50_ns),
    ("receipt p99", Colour::Series(6), |at| at.receipt_p99_ns),
    ("response p50", Colour::Series(0), |at| at.response_p50_ns),
    ("response p99", Colour::Series(1), |at| at.response_p99_ns),
    ("forward p50", Colour::Series(2), |at| at.forward_p50_ns),
    ("forward p99", Colour::Series(4), |at| at.forward_p99_ns),
];

fn latency_by_rate(search: &Search) -> Figure {
    let (id, title) = ("latency-by-rate", "Latency by rate");
    let mut at: Vec<&LatencyAt> = search.latency_at.iter().collect();
    at.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    let mut layers: Vec<Layer> = COLUMNS
        .iter()
        .map(|(name, colour, value)| {
            let point = |at: &&LatencyAt| match value(at) {
                Some(ns) => Point::at(at.rate, ns as f64),
                None => Point::gap(at.rate),
            };
            line(*name, *colour, at.iter().map(point).collect())
        })
        .collect();
    layers.retain(|layer| layer.points.iter().any(|p| p.span.is_some()));
    let Some(y) = duration_axis("time from intended send, logarithmic", &layers) else {
        return Figure::missing(id, title, "Latency below the rate was not measured.");
    };
    let most = at.iter().map(|at| at.rate).chain(search.lower).fold(0.0, f64::max);
    let mut plot = Plot::new(title, Axis::from_zero("submit_sm a second", Unit::Rate, most), y);
    plot.layers = layers;
    plot.marks.extend(search.lower.map(|rate| Mark {
        x: rate,
        name: format!("met {}", words::rate(rate)),
        colour: Colour::Good,
    }));
    let says = "Latency at shares of the rate found. Dashed line: that rate.";
    Figure::new(id, title, says, plot.draw(), "")
}
