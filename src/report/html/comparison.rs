//! The page of a comparison: the verdict, the ratios with their intervals, the distributions of both sides one upon
//! the other, the table, and in what the sides differ.
#[cfg(test)]
mod tests;

use super::parts::{Cell, Figure, Grid, Section};
use super::shape;
use super::time::line;
use super::verdict as top;
use crate::judge::compare::{Comparison, MetricComparison, Scale, Verdict};
use crate::kit::words;
use crate::measure::{Latency, Metric};
use crate::report::Saved;
use crate::report::chart::{Axis, Ink, Point, RatioRow, Ratios, Unit};
use crate::report::comparison::{COLUMNS, change, headline, method, remarks, row};

/// The page.
pub(in crate::report) fn page(
    comparison: &Comparison,
    base: &[Saved],
    candidate: &[Saved],
) -> String {
    let mut change = Section::new("change", "What changed");
    change.figures = vec![ratios(comparison, true), ratios(comparison, false)];
    let mut spectra = Section::new("spectra", "Distributions side by side");
    spectra.says = "All runs of a side together. How long the fastest so many percent took; each step to the right is a \
                    further nine."
        .to_owned();
    spectra.figures = distributions(base, candidate);
    let mut table = Section::new("metrics", "Metric by metric");
    table.grids.extend(metrics(comparison, true).filled());
    table.grids.extend(metrics(comparison, false).filled());
    let mut differences = Section::new("differences", "In what the sides differ");
    differences.grids.extend(differing(comparison).filled());
    let mut sections = vec![change, spectra, table, differences];
    sections.retain(|section| !section.is_empty());
    super::write("Comparison".to_owned(), vec![verdict(comparison)], sections)
}

fn verdict(comparison: &Comparison) -> top::Verdict {
    let (class, word) = match comparison.verdict {
        Verdict::Better => ("good", "BETTER"),
        Verdict::Equivalent => ("good", "EQUIVALENT"),
        Verdict::Worse => ("bad", "WORSE"),
        Verdict::Inconclusive => ("warn", "INCONCLUSIVE"),
    };
    let whole = headline(comparison);
    let what = whole.strip_prefix(comparison.verdict.name()).unwrap_or(&whole);
    let count = |runs: &[String], side: &str| {
        format!("{side} of {} run{}", runs.len(), if runs.len() == 1 { "" } else { "s" })
    };
    let mut warnings = comparison.warnings.clone();
    if !comparison.trusted {
        let why = "The harness did not keep up in a run: only what its lateness does not explain is concluded.";
        warnings.insert(0, why.to_owned());
    }
    top::Verdict {
        swatch: String::new(),
        name: String::new(),
        facts: vec![
            count(&comparison.base, "base"),
            count(&comparison.candidate, "candidate"),
            method(comparison),
        ],
        class,
        word,
        what: what.trim_start_matches(": ").to_owned(),
        rates: Vec::new(),
        rates_are: "",
        checks: [("base", &comparison.base), ("candidate", &comparison.candidate)]
            .map(|(side, runs)| ("plain", "·", format!("{side}: {}", runs.join(", "))))
            .into(),
        lines: Vec::new(),
        warnings,
        notes: remarks(comparison),
    }
}

const fn ink(verdict: Verdict) -> Ink {
    match verdict {
        Verdict::Better => Ink::Good,
        Verdict::Equivalent => Ink::Muted,
        Verdict::Worse => Ink::Bad,
        Verdict::Inconclusive => Ink::Warn,
    }
}

/// Receipts come first: they are what the sides are most often compared for.
fn in_order(comparison: &Comparison, primary: bool) -> Vec<&MetricComparison> {
    let mut all: Vec<&MetricComparison> =
        comparison.metrics.iter().filter(|m| m.primary == primary).collect();
    let of = |m: &MetricComparison, part: &str| m.name.starts_with(part);
    all.sort_by_key(|m| match m {
        m if of(m, "receipt") => 0,
        m if of(m, "response") => 1,
        m if of(m, "service") => 2,
        _ => 3,
    });
    all
}

/// Of those that do not count, the medians and one tail: the table has them all.
fn drawn(m: &MetricComparison) -> bool {
    m.primary || m.name.starts_with("rate.") || m.name.ends_with(".p50") || m.name.ends_with(".p99")
}

fn ratios(comparison: &Comparison, primary: bool) -> Figure {
    let (id, title) = if primary {
        ("ratios", "Candidate to base")
    } else {
        ("ratios-besides", "Besides, not counted for the verdict")
    };
    let all = in_order(comparison, primary);
    let (with, without): (Vec<&MetricComparison>, Vec<&MetricComparison>) = all
        .into_iter()
        .filter(|m| drawn(m))
        .partition(|m| m.scale == Scale::Ratio && m.change.is_some_and(|c| c > 0.0));
    let rest: Vec<String> = without
        .iter()
        .map(|m| match m.change {
            Some(value) => format!("{} ({})", m.name, change(m, value)),
            None => format!("{} (unknown)", m.name),
        })
        .collect();
    let rest = if rest.is_empty() {
        String::new()
    } else {
        format!("Without a ratio, being unknown or 0 in a run: {}.", rest.join(", "))
    };
    if with.is_empty() {
        let why = if rest.is_empty() { "Nothing was compared." } else { &rest };
        return Figure::missing(id, title, why);
    }
    let axis = axis(&with, comparison.settings.effect_min);
    let effect = 1.0 + comparison.settings.effect_min;
    let rows = with.iter().filter_map(|m| ratio(m, &axis)).collect();
    let picture =
        Ratios { title: title.to_owned(), equal: 1.0, band: (1.0 / effect, effect), rows, axis };
    let says = format!(
        "The dot is the ratio, the line its 95 % interval; one that reaches the edge is open there. Shaded: changes of up to {}{}.",
        words::percent(comparison.settings.effect_min),
        if comparison.settings.effects.is_empty() {
            ", which do not matter"
        } else {
            ", which do not matter where no other effect was set"
        }
    );
    let mut figure = Figure::new(id, title, says, picture.draw(), "").and(&rest);
    figure.switches = false;
    let named = [Verdict::Worse, Verdict::Better, Verdict::Equivalent, Verdict::Inconclusive];
    figure.legend = named
        .into_iter()
        .filter(|v| with.iter().any(|m| m.verdict == *v))
        .map(|v| (v.name().to_owned(), patch(ink(v))))
        .collect();
    figure
}

fn patch(ink: Ink) -> String {
    let ink = ink.fill();
    format!(
        "<svg class=\"swatch\" width=\"14\" height=\"12\" aria-hidden=\"true\"><circle cx=\"7\" cy=\"6\" r=\"5\" {ink}/></svg>"
    )
}

/// What an axis may reach: a ratio beyond stands at its edge, and its row says how large it is.
const RATIO_MAX: f64 = 100.0;

fn axis(rows: &[&MetricComparison], effect: f64) -> Axis {
    let ends = rows.iter().flat_map(|m| [m.low, m.change, m.high]).flatten();
    let ends = ends.filter(|v| v.is_finite()).map(|v| v.clamp(1.0 / RATIO_MAX, RATIO_MAX));
    let around = 1.0 + 1.5 * effect;
    let (low, high) = ends.fold((1.0 / around, around), |(low, high), v| (low.min(v), high.max(v)));
    if high <= 2.0 && low >= 0.5 {
        Axis::between("candidate as a share of the base", Unit::Share, low, high)
    } else {
        Axis::log10("candidate / base, logarithmic", Unit::Count, low, high)
    }
}

fn ratio(m: &MetricComparison, axis: &Axis) -> Option<RatioRow> {
    let value = m.change?;
    Some(RatioRow {
        name: m.name.clone(),
        says: format!("{}, {}", change(m, value), m.verdict.name()),
        low: m.low.unwrap_or(axis.low),
        value,
        high: m.high.unwrap_or(axis.high),
        ink: ink(m.verdict),
    })
}

fn distributions(base: &[Saved], candidate: &[Saved]) -> Vec<Figure> {
    let runs = || base.iter().chain(candidate);
    let intended = runs().all(|run| run.document.verdict.allows_response_headline());
    // at a rate that was not sustained receipts are compared from their actual send
    let receipt = if intended { Metric::Receipt } else { Metric::ReceiptFromWrite };
    [
        ("spectrum-receipt", receipt, true),
        ("spectrum-response", Metric::Response, intended),
        ("spectrum-service", Metric::Service, true),
    ]
    .into_iter()
    .map(|(id, metric, shown)| {
        let title = metric.row().title;
        if !runs().all(|run| run.document.verdict.allows_headline()) {
            let why = "The harness did not keep up in a run: no distribution is shown.";
            return Figure::missing(id, title, why);
        }
        if !shown {
            let why =
                "Not drawn: work piled up in a run, and then these times say how long it was.";
            return Figure::missing(id, title, why);
        }
        let sides = [("base", Ink::Series(0), base), ("candidate", Ink::Series(1), candidate)];
        let mut layers: Vec<_> =
            sides.map(|(name, ink, runs)| line(name, ink, merged(runs, metric))).into();
        layers.retain(|layer| !layer.points.is_empty());
        match shape::draw(title, layers) {
            Some(picture) => Figure::new(id, title, String::new(), picture, ""),
            None => {
                Figure::missing(id, title, "Too few messages for a distribution on either side.")
            }
        }
    })
    .collect()
}

/// The distribution of all runs of a side. Empty where one cannot be read: a part would not be the whole.
fn merged(runs: &[Saved], metric: Metric) -> Vec<Point> {
    let mut all: Option<Latency> = None;
    let (mut count, mut censored) = (0, 0);
    let rows = runs.iter().filter_map(|run| run.document.latency.get(metric.row().name)?.as_ref());
    for row in rows {
        count += row.count;
        censored += row.censored;
        if row.count == 0 {
            continue;
        }
        let Ok(latency) = row.distribution() else { return Vec::new() };
        match &mut all {
            Some(all) => all.merge(&latency),
            None => all = Some(latency),
        }
    }
    all.map_or(Vec::new(), |all| shape::spectrum_points(&all, count, censored))
}

fn metrics(comparison: &Comparison, primary: bool) -> Grid {
    let (id, title) = if primary {
        ("counted", "Counted for the verdict")
    } else {
        ("besides", "Besides, not counted")
    };
    let mut grid = Grid::new(id, title, &COLUMNS);
    for m in in_order(comparison, primary) {
        let class = match m.verdict {
            Verdict::Better => "good",
            Verdict::Worse => "bad",
            Verdict::Inconclusive => "warn",
            Verdict::Equivalent => "",
        };
        let mut cells: Vec<Cell> = row(m).into_iter().map(Cell::new).collect();
        if let Some(verdict) = cells.last_mut() {
            verdict.class = class;
        }
        if let (Some(name), Some(note)) = (cells.first_mut(), &m.note) {
            name.small.clone_from(note);
        }
        grid.row(cells);
    }
    grid
}

fn differing(comparison: &Comparison) -> Grid {
    let mut grid = Grid::new("differing", "Made with different things", &["", "base", "candidate"]);
    for d in &comparison.differences {
        let word = |v: &Option<String>| Cell::words(v.clone().unwrap_or("nothing".to_owned()));
        grid.row([Cell::new(&d.key), word(&d.base), word(&d.candidate)]);
    }
    grid
}
