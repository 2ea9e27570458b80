//! What was observed beside the load, on its time axis: a chart for each source and unit.
use super::parts::Figure;
use super::time::{POINTS_MAX, Timeline, line, span_of};
use crate::judge::{ObservedFigures, Unit};
use crate::report::Document;
use crate::report::chart::{Axis, Colour, Layer, Point, Unit as AxisUnit, thin};

/// How values of a unit are drawn: the axis, its unit, and the factor that values are multiplied by.
struct Drawn {
    axis: &'static str,
    unit: AxisUnit,
    factor: f64,
}

impl Drawn {
    /// For values up to `high`.
    fn of(unit: Unit, high: f64) -> Drawn {
        let drawn = |axis, unit, factor| Drawn { axis, unit, factor };
        // so that whole numbers of the unit tell values apart
        const LEAST: f64 = 64.0;
        let power = (0..4).take_while(|power| high >= LEAST * 1024f64.powi(power + 1)).count();
        let binary = 1.0 / 1024f64.powi(power as i32);
        match unit {
            Unit::Octets => {
                let names = ["octets", "KiB", "MiB", "GiB", "TiB"];
                drawn(names[power], AxisUnit::Count, binary)
            }
            Unit::OctetsPerSecond => {
                let names = [
                    "octets a second",
                    "KiB a second",
                    "MiB a second",
                    "GiB a second",
                    "TiB a second",
                ];
                drawn(names[power], AxisUnit::Count, binary)
            }
            Unit::Cores => drawn("processor time, of one core", AxisUnit::Share, 1.0),
            Unit::Seconds => drawn("time", AxisUnit::Duration, 1e9),
            Unit::Nanoseconds => drawn("time", AxisUnit::Duration, 1.0),
            Unit::PerSecond => drawn("a second", AxisUnit::Rate, 1.0),
            Unit::Ratio | Unit::PerHour => drawn("share", AxisUnit::Share, 1.0),
            Unit::Number | Unit::Count | Unit::Word if high > 0.0 && high < 1.0 => {
                drawn("thousandths", AxisUnit::Count, 1e3)
            }
            Unit::Number | Unit::Count | Unit::Word => drawn("value", AxisUnit::Count, 1.0),
        }
    }
}

/// Every chart, in the order of the sources.
pub(super) fn figures(d: &Document) -> Vec<Figure> {
    let t = Timeline::of(d);
    let mut groups: Vec<Vec<&ObservedFigures>> = Vec::new();
    for one in &d.observe {
        let same = |group: &&mut Vec<&ObservedFigures>| {
            group[0].name == one.name && group[0].unit == one.unit && group.len() < COLOURS_COUNT
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    groups.iter().enumerate().map(|(number, group)| figure(&t, number, group)).collect()
}

const COLOURS_COUNT: usize = 8;

fn figure(t: &Timeline<'_>, number: usize, group: &[&ObservedFigures]) -> Figure {
    let names: Vec<&str> = group.iter().map(|one| one.series.as_str()).collect();
    let title = format!("{}: {}", group[0].name, names.join(", "));
    let values = |factor: f64| -> Vec<Layer> {
        let layer = |(n, one): (usize, &&ObservedFigures)| {
            line(&one.series, Colour::Series(n), points(t, &one.path(), factor))
        };
        group.iter().enumerate().map(layer).collect()
    };
    let high = span_of(&values(1.0)).map_or(0.0, |(_, high)| high);
    let drawn = Drawn::of(group[0].unit, high);
    let layers = values(drawn.factor);
    let picture = span_of(&layers).map(|(low, high)| {
        let y = match low < 0.0 {
            true => Axis::between(drawn.axis, drawn.unit, low, high),
            false => Axis::from_zero(drawn.axis, drawn.unit, high),
        };
        t.plot(&title, y).with_layers(layers).draw()
    });
    let says = "Means over each interval. Where the line is broken, samples failed.";
    Figure::new(format!("observed-{number}"), title, says, picture, "It was never sampled.")
}

/// The values of a series. A stretch that is much longer than from one value to the next is a gap.
fn points(t: &Timeline<'_>, path: &str, factor: f64) -> Vec<Point> {
    let seen: Vec<(f64, f64)> = t
        .rows
        .iter()
        .filter_map(|row| Some((row.t_s + row.length_s / 2.0, row.observe.get(path)? * factor)))
        .collect();
    let mut steps: Vec<f64> = seen.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    steps.sort_by(f64::total_cmp);
    let usual = steps.get(steps.len() / 2).copied().unwrap_or(1.0);
    let mut points = Vec::with_capacity(seen.len());
    let mut last: Option<f64> = None;
    for (x, value) in seen {
        if last.is_some_and(|last| x - last > 2.5 * usual) {
            points.push(Point::gap(x - usual));
        }
        last = Some(x);
        points.push(Point::at(x, value));
    }
    // a gap that is thinned away with its neighbours would be a line again
    let whole: Vec<&[Point]> = points.split(|p| p.span.is_none()).collect();
    let share = POINTS_MAX / whole.len().max(1);
    let gap = |run: &[Point]| run.first().map(|p| Point::gap(p.x - usual));
    let mut thinned = Vec::new();
    for (n, run) in whole.into_iter().enumerate() {
        if n > 0 {
            thinned.extend(gap(run));
        }
        thinned.extend(thin(run, share.max(2)));
    }
    thinned
}
