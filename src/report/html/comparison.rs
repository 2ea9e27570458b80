//! The page of a comparison: the verdict, the ratios with their intervals, the distributions of both sides, the table,
//! and the differences between the sides.
#[cfg(test)]
mod tests;

use super::page::write;
use super::parts::{Figure, Section};
use super::shape;
use super::time::line;
use crate::judge::compare::{Comparison, MetricComparison, Scale, ThroughSides, Verdict};
use crate::kit::words;
use crate::measure::through::{TRANSITS, TransitRow};
use crate::measure::{Latency, Metric, Timed};
use crate::report::Saved;
use crate::report::chart::{Axis, Colour, Point, RatioRow, Ratios, Unit};
use crate::report::model::{self, ComparisonModel, Withheld, of_side};
use std::borrow::Cow;

/// The page.
pub(in crate::report) fn page(
    comparison: &Comparison,
    base: &[Saved],
    candidate: &[Saved],
) -> String {
    let m = ComparisonModel::of(comparison);
    let mut change = Section::new("change", "What changed");
    change.figures = vec![ratios(comparison, true), ratios(comparison, false)];
    let mut spectra = Section::new("spectra", "Distributions side by side");
    spectra.says = "All runs of a side together: the time within which a share of the messages was answered. Each step to the \
                    right adds a nine."
        .to_owned();
    let sides = Spectra { names: model::names(comparison), runs: [base, candidate] };
    spectra.figures = sides.of_messages();
    if comparison.through == ThroughSides::Both {
        spectra.figures.extend(sides.of_a_gateway());
    }
    let mut table = Section::new("metrics", "Metric by metric");
    table.tables = m.metrics.into();
    table.tables.extend([m.books, m.beside].into_iter().filter(|table| !table.is_empty()));
    let mut differences = Section::new("differences", "Differences between the sides");
    differences.tables.push(m.differing);
    let mut sides = Section::new("sides", "The sides");
    sides.tables.push(model::sides(comparison, [base, candidate]));
    let mut sections = vec![sides, change, spectra, table, differences];
    sections.retain(|section| !section.is_empty());
    write("Comparison".to_owned(), vec![m.top], sections)
}

const fn colour(verdict: Verdict) -> Colour {
    match verdict {
        Verdict::Better => Colour::Good,
        Verdict::Equivalent => Colour::Muted,
        Verdict::Worse => Colour::Bad,
        Verdict::Inconclusive => Colour::Warn,
    }
}

/// Whether a metric is in the chart: of those that do not count, only rates, medians and p99. The table has all.
fn drawn(m: &MetricComparison) -> bool {
    m.primary || m.name.starts_with("rate.") || m.name.ends_with(".p50") || m.name.ends_with(".p99")
}

fn ratios(comparison: &Comparison, primary: bool) -> Figure {
    let [base, candidate] = model::names(comparison);
    let (id, title) = if primary {
        ("ratios", format!("Ratios of {candidate} to {base}"))
    } else {
        ("ratios-besides", "Other metrics, not counted for the verdict".to_owned())
    };
    let all = of_side(comparison, primary);
    let (with, without): (Vec<&MetricComparison>, Vec<&MetricComparison>) = all
        .into_iter()
        .filter(|m| drawn(m))
        .partition(|m| m.scale == Scale::Ratio && m.change.is_some_and(|c| c > 0.0));
    let rest: Vec<String> = without
        .iter()
        .map(|m| match m.change {
            Some(value) => format!("{} ({})", m.name, m.says(value)),
            None => format!("{} (unknown)", m.name),
        })
        .collect();
    let rest = if rest.is_empty() {
        String::new()
    } else {
        format!("No ratio, because a run has 0 or no value: {}.", rest.join(", "))
    };
    if with.is_empty() {
        let why = if rest.is_empty() { "No metric was compared." } else { &rest };
        return Figure::missing(id, title, why);
    }
    let axis = axis(&with, comparison.settings.effect_min, [base, candidate]);
    let effect = 1.0 + comparison.settings.effect_min;
    let rows = with.iter().filter_map(|m| ratio(m, &axis)).collect();
    let picture =
        Ratios { title: title.clone(), equal: 1.0, band: (1.0 / effect, effect), rows, axis };
    let says = format!(
        "The dot is the ratio and the line is its 95 % interval. A line that reaches the edge has no bound there. Shaded: changes of up to {}{}.",
        words::percent(comparison.settings.effect_min),
        if comparison.settings.effects.is_empty() {
            ", which do not matter"
        } else {
            ", which do not matter unless another effect was set"
        }
    );
    let named = [Verdict::Worse, Verdict::Better, Verdict::Equivalent, Verdict::Inconclusive];
    let legend = named
        .into_iter()
        .filter(|v| with.iter().any(|m| m.verdict == *v))
        .map(|v| (v.name().to_owned(), dot(colour(v))))
        .collect();
    Figure::new(id, title, says, picture.draw(), "").and(&rest).with_legend(legend)
}

fn dot(colour: Colour) -> String {
    let colour = colour.fill();
    format!(
        "<svg class=\"swatch\" width=\"14\" height=\"12\" aria-hidden=\"true\"><circle cx=\"7\" cy=\"6\" r=\"5\" {colour}/></svg>"
    )
}

/// Most that an axis shows. A larger ratio is drawn at the edge; its row has the figure.
const RATIO_MAX: f64 = 100.0;

fn axis(rows: &[&MetricComparison], effect: f64, [base, candidate]: [&str; 2]) -> Axis {
    let ends = rows.iter().flat_map(|m| [m.low, m.change, m.high]).flatten();
    let ends = ends.filter(|v| v.is_finite()).map(|v| v.clamp(1.0 / RATIO_MAX, RATIO_MAX));
    let around = 1.0 + 1.5 * effect;
    let (low, high) = ends.fold((1.0 / around, around), |(low, high), v| (low.min(v), high.max(v)));
    if high <= 2.0 && low >= 0.5 {
        Axis::between(format!("{candidate} as a share of {base}"), Unit::Share, low, high)
    } else {
        Axis::log10(format!("{candidate} / {base}, logarithmic"), Unit::Count, low, high)
    }
}

fn ratio(m: &MetricComparison, axis: &Axis) -> Option<RatioRow> {
    let value = m.change?;
    Some(RatioRow {
        name: m.name.clone(),
        says: format!("{}, {}", m.says(value), m.verdict.name()),
        low: m.low.unwrap_or(axis.low),
        value,
        high: m.high.unwrap_or(axis.high),
        colour: colour(m.verdict),
    })
}

/// The sides, to draw their distributions.
struct Spectra<'r> {
    names: [&'static str; 2],
    runs: [&'r [Saved]; 2],
}

impl Spectra<'_> {
    /// Response, service and receipt times.
    fn of_messages(&self) -> Vec<Figure> {
        let runs = || self.runs.into_iter().flatten();
        let withheld =
            |metric| runs().find_map(|run| Withheld::metric(&run.document.verdict, metric));
        // at a rate that was not sustained, receipts are compared from their actual send
        let receipt = match withheld(Metric::Receipt) {
            None => Metric::Receipt,
            Some(_) => Metric::ReceiptFromWrite,
        };
        [
            ("spectrum-receipt", receipt),
            ("spectrum-response", Metric::Response),
            ("spectrum-service", Metric::Service),
        ]
        .into_iter()
        .map(|(id, metric)| {
            let title = metric.row().title;
            // a late harness spoils every distribution
            match withheld(Metric::Service).or(withheld(metric)) {
                Some(Withheld::Harness) => {
                    let why = "Withheld: the harness did not keep up in a run.";
                    return Figure::missing(id, title, why);
                }
                Some(Withheld::WorkPiledUp | Withheld::ReceiptsPiledUp) => {
                    let why =
                        "Withheld: work piled up in a run, so these times only reflect its length.";
                    return Figure::missing(id, title, why);
                }
                None => {}
            }
            self.figure(id, title, metric.into())
        })
        .collect()
    }

    /// The transit times that a side has.
    fn of_a_gateway(&self) -> Vec<Figure> {
        let had = TRANSITS.iter().filter(|row| {
            let has = |run: &Saved| {
                run.document.latency.through.get(row.name).is_some_and(Option::is_some)
            };
            self.runs.into_iter().flatten().any(has)
        });
        let figure = |row: &TransitRow| {
            self.figure(format!("spectrum-{}", row.name), row.title, row.transit.into())
        };
        had.map(figure).collect()
    }

    fn figure(&self, id: impl Into<Cow<'static, str>>, title: &str, timed: Timed) -> Figure {
        let mut layers: Vec<_> = [0, 1]
            .map(|n| line(self.names[n], Colour::Series(n), merged(self.runs[n], timed)))
            .into();
        layers.retain(|layer| !layer.points.is_empty());
        let otherwise = "Too few messages for a distribution on either side.";
        Figure::new(id, title, String::new(), shape::draw(title, layers), otherwise)
    }
}

/// The distribution of all runs of a side. Empty if one cannot be read.
fn merged(runs: &[Saved], timed: Timed) -> Vec<Point> {
    let mut all: Option<Latency> = None;
    let (mut count, mut censored) = (0, 0);
    let rows = runs.iter().filter_map(|run| {
        let latency = &run.document.latency;
        let row = match timed {
            Timed::Metric(metric) => latency.get(metric.name()),
            Timed::Transit(transit) => latency.through.get(transit.name()),
        };
        row?.as_ref()
    });
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
