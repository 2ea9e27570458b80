//! Charts over time: rates, latencies, queues and errors.
use super::disturbed;
use super::parts::Figure;
use crate::kit::words;
use crate::report::Document;
use crate::report::chart::{
    Axis, Band, Colour, Layer, Mark, Picture, Plot, Point, Shading, Shape, Unit, stack, thin,
};
use crate::report::document::{IntervalRow, Table};
use crate::report::model::caveat;
use std::collections::HashSet;

/// A count of an interval.
pub(super) type Count = fn(&IntervalRow) -> u64;

/// Most points of a line: about one per column of a screen.
pub(super) const POINTS_MAX: usize = 720;

const fn unless_measured(measured: bool) -> Shading {
    if measured { Shading::Plain } else { Shading::Grey }
}

/// The intervals of one run, with the bands and marks behind each of its charts.
pub(super) struct Timeline<'a> {
    document: &'a Document,
    pub(super) rows: &'a [IntervalRow],
    /// End of the recorded time, in seconds.
    pub(super) end: f64,
}

impl<'a> Timeline<'a> {
    pub(super) fn of(document: &'a Document) -> Timeline<'a> {
        let rows = document.intervals.as_slice();
        let end = rows.last().map_or(document.window.to_s, |row| row.t_s + row.length_s);
        Timeline { document, rows, end: end.max(document.window.to_s) }
    }

    /// One value an interval; thinned where there are too many to see, keeping the extremes.
    pub(super) fn points(&self, value: impl Fn(&IntervalRow) -> Option<f64>) -> Vec<Point> {
        self.points_at(0.5, value)
    }

    /// The same, drawn at this part of each interval.
    fn points_at(&self, part: f64, value: impl Fn(&IntervalRow) -> Option<f64>) -> Vec<Point> {
        let point = |row: &IntervalRow| {
            let x = row.t_s + row.length_s * part;
            value(row).map_or(Point::gap(x), |v| Point::at(x, v))
        };
        thin(&self.rows.iter().map(point).collect::<Vec<_>>(), POINTS_MAX)
    }

    /// What there was at the end of each interval.
    pub(super) fn at_end(&self, count: impl Fn(&IntervalRow) -> u64) -> Vec<Point> {
        self.points_at(1.0, |row| Some(count(row) as f64))
    }

    /// A count per second; a gap for an interval that was cut very short.
    pub(super) fn rate(&self, count: impl Fn(&IntervalRow) -> u64) -> Vec<Point> {
        let usual = self.rows.first().map_or(1.0, |row| row.length_s);
        self.points(|row| (row.length_s >= usual / 4.0).then(|| count(row) as f64 / row.length_s))
    }

    /// A count per second, averaged over each group of neighbours, so that stacked series add up.
    fn mean_rate(&self, count: impl Fn(&IntervalRow) -> u64) -> Vec<Point> {
        let each = self.rows.len().div_ceil(POINTS_MAX).max(1);
        let usual = self.rows.first().map_or(1.0, |row| row.length_s);
        self.rows
            .chunks(each)
            .map(|chunk| {
                let seconds: f64 = chunk.iter().map(|row| row.length_s).sum();
                let middle = chunk[0].t_s + seconds / 2.0;
                let total: u64 = chunk.iter().map(&count).sum();
                Point::at(middle, total as f64 / seconds.max(usual / 4.0))
            })
            .collect()
    }

    /// A chart over this run's time, with its stages and marks.
    pub(super) fn plot(&self, title: &str, y: Axis) -> Plot {
        let mut plot = Plot::new(title, Axis::elapsed(0.0, self.end), y);
        plot.bands = self.bands();
        plot.bands.extend(disturbed::bands(self.document));
        plot.marks = self.marks();
        plot
    }

    /// The stages of the plan; of a result without them, the stages that its intervals name.
    fn bands(&self) -> Vec<Band> {
        let d = self.document;
        if !d.stages.is_empty() {
            let band = |s: &crate::report::document::StageRow| Band {
                from: s.from_s,
                to: s.to_s.min(self.end),
                name: s.name.clone(),
                shading: unless_measured(s.measure),
            };
            let mut bands: Vec<Band> =
                d.stages.iter().filter(|s| s.from_s < self.end).map(band).collect();
            let last = d.stages.iter().map(|s| s.to_s).fold(0.0, f64::max);
            if last < self.end {
                let (name, shading) = ("drain".into(), Shading::Grey);
                bands.push(Band { from: last, to: self.end, name, shading });
            }
            return bands;
        }
        let mut bands: Vec<Band> = Vec::new();
        for row in self.rows {
            let name = row.stage.clone().unwrap_or_else(|| "drain".to_owned());
            let to = row.t_s + row.length_s;
            match bands.last_mut() {
                Some(band) if band.name == name => band.to = to,
                _ => {
                    let middle = row.t_s + row.length_s / 2.0;
                    let measured = middle >= d.window.from_s && middle <= d.window.to_s;
                    bands.push(Band {
                        from: row.t_s,
                        to,
                        name,
                        shading: unless_measured(measured),
                    });
                }
            }
        }
        bands
    }

    /// The start of the measured time, the operator's changes, and the events.
    fn marks(&self) -> Vec<Mark> {
        let d = self.document;
        let mut marks = Vec::new();
        if d.window.from_s > 0.0 && d.window.from_s < self.end {
            let name = String::new();
            marks.push(Mark { x: d.window.from_s, name, colour: Colour::Muted });
        }
        for change in &d.operator {
            marks.push(Mark { x: change.t_s, name: change.what.clone(), colour: Colour::Warn });
        }
        marks.extend(disturbed::marks(d));
        marks
    }
}

/// A line.
pub(super) fn line(name: impl Into<String>, colour: Colour, points: Vec<Point>) -> Layer {
    Layer { name: name.into(), colour, shape: Shape::Line, points }
}

/// The smallest and the largest value of these layers; None without a value.
pub(super) fn span_of(layers: &[Layer]) -> Option<(f64, f64)> {
    let spans = layers.iter().flat_map(|l| &l.points).filter_map(|p| p.span);
    spans.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

/// An axis of durations around the values of these layers; None without a value.
pub(super) fn duration_axis(title: &str, layers: &[Layer]) -> Option<Axis> {
    let (low, high) = span_of(layers)?;
    // below a microsecond values are not told apart
    const FLOOR_NS: f64 = 1_000.0;
    Some(Axis::log10(title, Unit::Duration, low.max(FLOOR_NS), high.max(FLOOR_NS * 2.0)))
}

/// The sentences above the charts.
pub(super) fn on_page(d: &Document) -> String {
    let thinned = if d.intervals.len() > POINTS_MAX {
        " If several intervals share one point, the line runs through their smallest and largest value."
    } else {
        ""
    };
    let says = " Red: an event of the plan; the shaded time around it is disturbed, and the verdict is not of it.";
    let events = if d.events.is_empty() { "" } else { says };
    format!(
        "Every event is shown at the time it happened. Shaded: not measured. Dashed line: the measured time begins.{events}{thinned}"
    )
}

/// How a series is taken from the intervals.
#[derive(Clone, Copy)]
enum SeriesValue {
    /// A count a second.
    PerSecond(Count),
    /// A value of each; None: it has none.
    Value(fn(&IntervalRow) -> Option<f64>),
    /// What there was at the end of each.
    AtEnd(Count),
}

/// (name, colour, how it is drawn, how it is taken).
type Series = (&'static str, Colour, Shape, SeriesValue);

/// A chart of series of the intervals. A series that is 0 throughout is left out.
struct LineChart {
    id: &'static str,
    title: &'static str,
    /// The caption.
    says: &'static str,
    /// The vertical axis: its title and unit.
    axis: (&'static str, Unit),
    series: &'static [Series],
    /// The sentence instead of a chart without series.
    otherwise: &'static str,
}

const fn per_second(name: &'static str, colour: usize, count: Count) -> Series {
    (name, Colour::Series(colour), Shape::Line, SeriesValue::PerSecond(count))
}

const fn value(name: &'static str, colour: usize, of: fn(&IntervalRow) -> Option<f64>) -> Series {
    (name, Colour::Series(colour), Shape::Line, SeriesValue::Value(of))
}

const fn at_end(name: &'static str, colour: usize, count: Count) -> Series {
    (name, Colour::Series(colour), Shape::Line, SeriesValue::AtEnd(count))
}

const fn broken((name, colour, _, take): Series) -> Series {
    (name, colour, Shape::Dashed, take)
}

const fn behind((name, _, _, take): Series) -> Series {
    (name, Colour::Muted, Shape::Dashed, take)
}

const RATE: LineChart = LineChart {
    id: "rate",
    title: "Rate",
    says: "Scheduled, sent, accepted and receipted messages per second.",
    axis: ("submit_sm and receipts a second", Unit::Rate),
    series: &[
        per_second("sent", 0, |r| r.written),
        per_second("accepted", 2, |r| r.accepted),
        per_second("final receipts", 3, |r| r.receipts),
        per_second("mobile-originated", 4, |r| r.mo),
        behind(per_second("scheduled", 0, |r| r.scheduled)),
    ],
    otherwise: "No message was sent or received.",
};

const RESPONSE: LineChart = LineChart {
    id: "response",
    title: "Response time (from intended send)",
    says: "Percentiles of the messages answered in each second.",
    axis: ("response time, logarithmic", Unit::Duration),
    series: &[
        behind(value("max", 0, |r| ns(r.response_max_ns))),
        value("p99", 1, |r| ns(r.response_p99_ns)),
        value("p90", 4, |r| ns(r.response_p90_ns)),
        value("p50", 2, |r| ns(r.response_p50_ns)),
    ],
    otherwise: "No submit_sm was answered.",
};

const SERVICE: LineChart = LineChart {
    id: "service",
    title: "Service time, receipt time and harness lag",
    says: "Service: from the actual send to the answer. Receipt: from the intended send to the final receipt. Harness lag: \
           the delay that the harness itself added; it should be far below the others. Write wait: time in which the \
           socket took no octets, because the SMSC read too slowly.",
    axis: ("time, logarithmic", Unit::Duration),
    series: &[
        value("receipt p99", 3, |r| ns(r.receipt_p99_ns)),
        broken(value("receipt p50", 3, |r| ns(r.receipt_p50_ns))),
        value("service p99", 0, |r| ns(r.service_p99_ns)),
        broken(value("service p50", 0, |r| ns(r.service_p50_ns))),
        value("harness lag p99", 4, |r| ns(r.harness_lag_p99_ns)),
        value("write wait p99", 2, |r| ns(r.write_wait_p99_ns.filter(|n| *n > 0))),
    ],
    otherwise: "No submit_sm was answered and no receipt came.",
};

const IN_FLIGHT: LineChart = LineChart {
    id: "in-flight",
    title: "In flight",
    says: "Messages sent and not yet answered, and messages due and not yet sent.",
    axis: ("submit_sm at the end of each interval", Unit::Count),
    series: &[
        at_end("in flight", 0, |r| r.in_flight),
        at_end("due and not sent", 1, |r| r.backlog),
    ],
    otherwise: "Nothing was in flight at the end of any interval.",
};

const WINDOW: LineChart = LineChart {
    id: "window",
    title: "Window full",
    says: "Share of each interval in which no window slot was free. Due messages had to wait then.",
    axis: ("share of the time", Unit::Share),
    series: &[value("no slot free", 6, |r| Some(r.window_full_ratio))],
    otherwise: "The window was never full.",
};

const AWAITED: LineChart = LineChart {
    id: "awaited",
    title: "Awaited receipts",
    says: "Messages accepted and still without a final receipt. A level line: receipts kept pace. A rising line: they fell behind.",
    axis: ("messages at the end of each interval", Unit::Count),
    series: &[at_end("awaited", 3, |r| r.awaited)],
    otherwise: "No receipt was awaited at the end of any interval.",
};

const CONGESTION: LineChart = LineChart {
    id: "congestion",
    title: "Congestion, as the SMSC says",
    says: "congestion_state (SMPP v5.0) of the responses of each interval: 0 is idle, 80 to 90 the optimum, above it the \
           SMSC is close to congestion, and 100 is congested.",
    axis: ("congestion_state", Unit::Count),
    series: &[
        behind(value("highest", 0, |r| r.congestion_max.map(f64::from))),
        value("mean", 1, |r| r.congestion_mean),
    ],
    otherwise: "No response had a congestion_state above 0.",
};

const PROCESSOR: LineChart = LineChart {
    id: "processor",
    title: "The harness's own load",
    says: "Processor time of the busiest worker thread. If it is above 80 % over the measured time, the harness is at best degraded.",
    axis: ("share of its core", Unit::Share),
    series: &[value("busiest worker", 7, |r| Some(r.cpu_worst))],
    otherwise: "No processor time was recorded.",
};

impl LineChart {
    fn figure(&self, t: &Timeline<'_>) -> Figure {
        let (axis, unit) = self.axis;
        let layers = self.series.iter().map(|(name, colour, shape, take)| Layer {
            name: (*name).to_owned(),
            colour: *colour,
            shape: *shape,
            points: match take {
                SeriesValue::PerSecond(count) => t.rate(count),
                SeriesValue::Value(value) => t.points(value),
                SeriesValue::AtEnd(count) => t.at_end(count),
            },
        });
        let is_something =
            |layer: &Layer| layer.points.iter().filter_map(|p| p.span).any(|(_, high)| high > 0.0);
        let layers: Vec<Layer> = layers.filter(is_something).collect();
        let y = match unit {
            Unit::Duration => duration_axis(axis, &layers),
            unit => span_of(&layers).map(|(_, high)| Axis::from_zero(axis, unit, high)),
        };
        let picture = y.map(|y| t.plot(self.title, y).with_layers(layers).draw());
        Figure::new(self.id, self.title, self.says, picture, self.otherwise)
    }
}

/// Every chart over time but that of the sessions, in the order of the page.
pub(super) fn figures(d: &Document) -> Vec<Figure> {
    let t = Timeline::of(d);
    let response = RESPONSE.figure(&t).and(caveat(d));
    let mut all = vec![RATE.figure(&t), response, SERVICE.figure(&t)];
    all.extend([IN_FLIGHT, WINDOW, AWAITED].map(|lines| lines.figure(&t)));
    all.extend([completeness(&t), statuses(&t), anomalies(&t)]);
    if d.congestion.is_some() {
        all.push(CONGESTION.figure(&t));
    }
    all.push(PROCESSOR.figure(&t));
    all
}

fn ns(value: Option<u64>) -> Option<f64> {
    value.map(|v| v as f64)
}

/// The share of the messages accepted so far that have their final receipt.
fn completeness(t: &Timeline<'_>) -> Figure {
    let (id, title) = ("completeness", "Receipt completeness");
    if t.rows.iter().all(|r| r.receipts + r.receipts_missing == 0) {
        return Figure::missing(id, title, "No final receipt arrived, and none is missing.");
    }
    let (mut accepted, mut receipts, mut missing) = (0u64, 0u64, 0u64);
    let (mut complete, mut given_up) = (Vec::new(), Vec::new());
    for row in t.rows {
        accepted += row.accepted;
        receipts += row.receipts;
        missing += row.receipts_missing;
        let x = row.t_s + row.length_s / 2.0;
        if accepted == 0 {
            complete.push(Point::gap(x));
            given_up.push(Point::gap(x));
            continue;
        }
        complete.push(Point::at(x, (receipts as f64 / accepted as f64).min(1.0)));
        given_up.push(Point::at(x, (missing as f64 / accepted as f64).min(1.0)));
    }
    let y = Axis::from_zero("share of all accepted so far", Unit::Share, 1.0);
    let mut plot = t.plot(title, y);
    plot.layers.push(line("receipted", Colour::Series(2), thin(&complete, POINTS_MAX)));
    if missing > 0 {
        plot.layers.push(line("missing", Colour::Series(1), thin(&given_up, POINTS_MAX)));
    }
    let end = words::percent((receipts as f64 / accepted.max(1) as f64).min(1.0));
    let says = format!(
        "Share of the messages accepted so far that have their final receipt: {end} at the end."
    );
    Figure::new(id, title, says, plot.draw(), "No message was accepted.")
}

/// Most series of a stack, the most frequent first; the rest are `others`.
const STACKED_MAX: usize = 7;

fn stacked(
    t: &Timeline<'_>,
    title: &str,
    axis: &str,
    mut series: Vec<(String, Vec<Point>, u64)>,
) -> Picture {
    series.retain(|s| s.2 > 0);
    series.sort_by_key(|s| std::cmp::Reverse(s.2));
    if series.len() > STACKED_MAX {
        let rest = series.split_off(STACKED_MAX - 1);
        let total = rest.iter().map(|s| s.2).sum();
        let all: Vec<Vec<Point>> = rest.into_iter().map(|s| s.1).collect();
        let tops = stack(&all).pop().unwrap_or_default();
        let sum = tops.iter().map(|p| Point::at(p.x, p.span.map_or(0.0, |s| s.1))).collect();
        series.push(("others".to_owned(), sum, total));
    }
    let (names, points): (Vec<String>, Vec<Vec<Point>>) =
        series.into_iter().map(|s| (s.0, s.1)).unzip();
    let stacks = stack(&points);
    let tops = stacks.last().into_iter().flatten().filter_map(|p| p.span);
    let high = tops.map(|span| span.1).fold(0.0, f64::max);
    let mut plot = t.plot(title, Axis::from_zero(axis, Unit::Rate, high.max(0.1)));
    for (number, (name, points)) in names.into_iter().zip(stacks).enumerate() {
        // red-brown first: these are errors
        const INKS: [usize; STACKED_MAX] = [1, 4, 3, 6, 5, 7, 0];
        let colour = Colour::Series(INKS[number % INKS.len()]);
        plot.layers.push(Layer { name, colour, shape: Shape::Area, points });
    }
    plot.draw()
}

/// One series for each name in these tables.
fn by_name(
    t: &Timeline<'_>,
    table: impl Fn(&IntervalRow) -> &Table<u64>,
) -> Vec<(String, Vec<Point>, u64)> {
    let mut seen = HashSet::new();
    let all = t.rows.iter().flat_map(|row| table(row).iter()).map(|(name, _)| name);
    let names: Vec<&str> = all.filter(|name| seen.insert(*name)).collect();
    names
        .into_iter()
        .map(|name| {
            let count = |row: &IntervalRow| table(row).get(name).copied().unwrap_or(0);
            (name.to_owned(), t.mean_rate(count), t.rows.iter().map(count).sum())
        })
        .collect()
}

fn statuses(t: &Timeline<'_>) -> Figure {
    let mut series = by_name(t, |row| &row.statuses);
    series.retain(|s| s.0 != "ESME_ROK");
    let more: [(&str, Count); 2] =
        [("no answer in time", |r| r.timed_out), ("lost with the connection", |r| r.lost)];
    for (name, count) in more {
        series.push((name.to_owned(), t.mean_rate(count), t.rows.iter().map(count).sum()));
    }
    let title = "Rejections and losses";
    Figure::new(
        "statuses",
        title,
        "Answers other than ESME_ROK by command_status, and messages without an answer, stacked.",
        stacked(t, title, "submit_sm a second", series),
        "Every answer was ESME_ROK. No message timed out or was lost.",
    )
}

fn anomalies(t: &Timeline<'_>) -> Figure {
    let title = "Anomalies over time";
    let otherwise = if t.document.anomalies.is_empty() {
        "The SMSC did not deviate from the specification."
    } else {
        "This result does not record when its anomalies happened. The table below lists them."
    };
    Figure::new(
        "anomalies-over-time",
        title,
        "Deviations of the SMSC from the specification, stacked.",
        stacked(t, title, "anomalies a second", by_name(t, |row| &row.anomalies)),
        otherwise,
    )
}
