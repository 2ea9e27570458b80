//! Charts of the events: the repeats of each laid over one another, and how long sessions were down.
use super::parts::Figure;
use super::time::{duration_axis, line, span_of};
use crate::judge::EventRow;
use crate::kit::words;
use crate::report::Document;
use crate::report::chart::{
    Axis, Band, Colour, Layer, Plot, Point, Scale, Shading, Shape, Unit, thin,
};

/// Anchors of the charts of each event: rate and response time. Further events have none.
const ANCHORS: [(&str, &str); 6] = [
    ("event-1-rate", "event-1-response"),
    ("event-2-rate", "event-2-response"),
    ("event-3-rate", "event-3-response"),
    ("event-4-rate", "event-4-response"),
    ("event-5-rate", "event-5-response"),
    ("event-6-rate", "event-6-response"),
];
/// Most repeats in a chart, and most points of each.
const REPEATS_MAX: usize = 12;
const POINTS_MAX: usize = 360;

/// Every chart, in the order of the page.
pub(super) fn figures(d: &Document) -> Vec<Figure> {
    let mut all = Vec::new();
    for (summary, anchors) in d.recoveries.iter().zip(ANCHORS) {
        let of = |row: &&EventRow| row.name == summary.name && !row.points.is_empty();
        let repeats: Vec<&EventRow> = d.events.iter().filter(of).take(REPEATS_MAX).collect();
        if !repeats.is_empty() {
            all.extend([
                rate(&summary.name, anchors.0, &repeats),
                response(&summary.name, anchors.1, &repeats),
            ]);
        }
    }
    if !d.events.is_empty() && d.outages.iter().any(|outage| outage.to_s.is_some()) {
        all.push(outages(d));
    }
    all
}

type PointOf = fn(&(f64, f64, Option<u64>)) -> Option<f64>;

/// A line for each repeat.
fn layers(repeats: &[&EventRow], value: PointOf) -> Vec<Layer> {
    let of = |(number, row): (usize, &&EventRow)| {
        let points = row.points.iter();
        let points: Vec<Point> =
            points.map(|p| value(p).map_or(Point::gap(p.0), |v| Point::at(p.0, v))).collect();
        line(format!("number {}", row.repeat), Colour::Series(number), thin(&points, POINTS_MAX))
    };
    repeats.iter().enumerate().map(of).collect()
}

/// Seconds from the end of each repeat, with the repeats themselves as a band.
fn plot(title: &str, y: Axis, repeats: &[&EventRow]) -> Plot {
    let times = || repeats.iter().flat_map(|row| row.points.iter().map(|p| p.0));
    let x = Axis {
        title: "time from the end of the event, s".to_owned(),
        unit: Unit::Count,
        scale: Scale::Linear,
        low: times().fold(0.0, f64::min).floor(),
        high: times().fold(1.0, f64::max).ceil(),
    };
    let longest = repeats.iter().map(|row| row.for_s).fold(0.0, f64::max);
    let from = (-longest).max(x.low);
    let mut plot = Plot::new(title, x, y);
    plot.bands.push(Band { from, to: 0.0, name: String::new(), shading: Shading::Event });
    plot
}

fn rate(name: &str, id: &'static str, repeats: &[&EventRow]) -> Figure {
    let title = format!("Rate around {name}");
    let layers = layers(repeats, |p| Some(p.1));
    let y = span_of(&layers)
        .map(|(_, high)| Axis::from_zero("submit_sm accepted a second", Unit::Rate, high));
    let picture = y.map(|y| plot(&title, y, repeats).with_layers(layers).draw());
    let says = "Accepted submit_sm in each tenth of a second, the repeats laid over one another. 0: the event ends. Red: it lasts.";
    Figure::new(id, title.clone(), says, picture, "Nothing was accepted around the event.")
}

fn response(name: &str, id: &'static str, repeats: &[&EventRow]) -> Figure {
    let title = format!("Response time around {name}");
    let layers = layers(repeats, |p| p.2.map(|ns| ns as f64));
    let y = duration_axis("p99 response time, logarithmic", &layers);
    let picture = y.map(|y| plot(&title, y, repeats).with_layers(layers).draw());
    let says = "p99 of the response times (from intended send) in each tenth of a second. A gap: nothing was answered, or more \
                than 1 % was not.";
    Figure::new(id, title.clone(), says, picture, "Nothing was answered around the event.")
}

/// How many outages of sessions were how long.
fn outages(d: &Document) -> Figure {
    let (id, title) = ("outage-lengths", "Length of outages");
    const FLOOR_NS: f64 = 1e6;
    let lengths = d.outages.iter().filter_map(|outage| Some((outage.to_s? - outage.from_s) * 1e9));
    let mut lengths: Vec<f64> = lengths.map(|ns| ns.max(FLOOR_NS)).collect();
    lengths.sort_by(f64::total_cmp);
    let (Some(low), Some(high)) = (lengths.first(), lengths.last()) else {
        return Figure::missing(id, title, "No outage ended.");
    };
    let x = Axis::log10("length of the outage, logarithmic", Unit::Duration, *low, *high);
    // ten bars a power of ten
    let edge = |bar: f64| 10f64.powf(bar / 10.0);
    let (first, last) =
        ((x.low.log10() * 10.0).floor() as i32, (x.high.log10() * 10.0).ceil() as i32);
    let mut points = Vec::new();
    for bar in first..last {
        let (from, to) = (edge(f64::from(bar)), edge(f64::from(bar + 1)));
        let count = lengths.iter().filter(|ns| **ns >= from && **ns < to).count() as f64;
        if count > 0.0 {
            points.extend([
                Point::between(from, 0.0, count),
                Point::between(to, 0.0, count),
                Point::gap(to),
            ]);
        }
    }
    let layer =
        Layer { name: "outages".into(), colour: Colour::Series(1), shape: Shape::Area, points };
    let high = span_of(std::slice::from_ref(&layer)).map_or(1.0, |span| span.1);
    let y = Axis::from_zero("outages of sessions", Unit::Count, high);
    let picture = Plot::new(title, x, y).with(layer).draw();
    let median = words::duration(lengths[lengths.len() / 2].round() as u64);
    let says = format!(
        "{} of sessions ended; the median was {median}. Outages that no event caused are among them.",
        words::counted(lengths.len() as u64, "outage")
    );
    Figure::new(id, title, says, picture, "No outage ended.")
}
