//! Pictures over time: what was sent and came back, how long it took, what piled up, what went wrong.
use super::parts::Figure;
use crate::kit::words;
use crate::report::Document;
use crate::report::chart::{
    Axis, Band, Ink, Layer, Mark, Picture, Plot, Point, Shape, Unit, stack, thin,
};
use crate::report::document::{IntervalRow, Table};
use std::collections::HashSet;

/// A count of an interval.
pub(super) type Count = fn(&IntervalRow) -> u64;

/// More points than this stand within one column of a screen.
const POINTS_MAX: usize = 720;

/// The intervals of one run, and what is drawn behind each of its pictures.
pub(super) struct Timeline<'a> {
    document: &'a Document,
    rows: &'a [IntervalRow],
    /// End of the last interval.
    end: f64,
}

impl<'a> Timeline<'a> {
    pub(super) fn of(document: &'a Document) -> Timeline<'a> {
        let rows = document.intervals.as_slice();
        let end = rows.last().map_or(document.window.to_s, |row| row.t_s + row.length_s);
        Timeline { document, rows, end: end.max(document.window.to_s) }
    }

    /// End of what was seen, in seconds.
    pub(super) fn end(&self) -> f64 {
        self.end
    }

    pub(super) fn axis(&self) -> Axis {
        Axis::elapsed(0.0, self.end)
    }

    /// One value an interval; thinned where there are too many to see, keeping the extremes.
    pub(super) fn points(&self, value: impl Fn(&IntervalRow) -> Option<f64>) -> Vec<Point> {
        let points: Vec<Point> = self
            .rows
            .iter()
            .map(|row| {
                let x = row.t_s + row.length_s / 2.0;
                value(row).map_or(Point::gap(x), |v| Point::at(x, v))
            })
            .collect();
        thin(&points, POINTS_MAX)
    }

    /// A count a second. An interval that was cut very short says nothing of a rate.
    pub(super) fn rate(&self, count: impl Fn(&IntervalRow) -> u64) -> Vec<Point> {
        let usual = self.rows.first().map_or(1.0, |row| row.length_s);
        self.points(|row| (row.length_s >= usual / 4.0).then(|| count(row) as f64 / row.length_s))
    }

    /// A count a second, its mean over each group of neighbours: what is stacked must add up.
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

    fn max(&self, value: impl Fn(&IntervalRow) -> f64) -> f64 {
        self.rows.iter().map(value).fold(0.0, f64::max)
    }

    /// A picture over this run's time, with its stages and marks behind it.
    pub(super) fn plot(&self, title: &str, y: Axis) -> Plot {
        let mut plot = Plot::new(title, self.axis(), y);
        plot.bands = self.bands();
        plot.marks = self.marks();
        plot
    }

    /// The stages: of the plan, or where the document does not hold it, as the intervals name them.
    fn bands(&self) -> Vec<Band> {
        let d = self.document;
        if !d.stages.is_empty() {
            let band = |s: &crate::report::document::StageRow| Band {
                from: s.from_s,
                to: s.to_s.min(self.end),
                name: s.name.clone(),
                shaded: !s.measure,
            };
            let mut bands: Vec<Band> =
                d.stages.iter().filter(|s| s.from_s < self.end).map(band).collect();
            let last = d.stages.iter().map(|s| s.to_s).fold(0.0, f64::max);
            if last < self.end {
                bands.push(Band { from: last, to: self.end, name: "drain".into(), shaded: true });
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
                    let shaded = middle < d.window.from_s || middle > d.window.to_s;
                    bands.push(Band { from: row.t_s, to, name, shaded });
                }
            }
        }
        bands
    }

    /// Where the measured time begins, and what the operator did.
    fn marks(&self) -> Vec<Mark> {
        let d = self.document;
        let mut marks = Vec::new();
        if d.window.from_s > 0.0 && d.window.from_s < self.end {
            let name = String::new();
            marks.push(Mark { x: d.window.from_s, name, ink: Ink::Muted });
        }
        for change in &d.operator {
            marks.push(Mark { x: change.t_s, name: change.what.clone(), ink: Ink::Warn });
        }
        marks
    }
}

/// A line.
pub(super) fn line(name: impl Into<String>, ink: Ink, points: Vec<Point>) -> Layer {
    Layer { name: name.into(), ink, shape: Shape::Line, points }
}

fn dashed(name: &str, ink: Ink, points: Vec<Point>) -> Layer {
    Layer { name: name.to_owned(), ink, shape: Shape::Dashed, points }
}

/// An axis of durations around the values of these layers; None without a value.
pub(super) fn duration_axis(title: &str, layers: &[Layer]) -> Option<Axis> {
    let spans = layers.iter().flat_map(|l| &l.points).filter_map(|p| p.span);
    let (low, high) = spans.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))?;
    // below a microsecond values are not told apart
    const FLOOR_NS: f64 = 1_000.0;
    Some(Axis::log10(title, Unit::Duration, low.max(FLOOR_NS), high.max(FLOOR_NS * 2.0)))
}

/// Where the points of a picture each stand for several intervals.
fn on_thinning(d: &Document) -> &'static str {
    if d.intervals.len() > POINTS_MAX {
        "Where several intervals share a place, the line runs through the smallest and the largest of them."
    } else {
        ""
    }
}

/// Said once above the pictures.
pub(super) fn on_page(d: &Document) -> String {
    let mut says = "By the time things happened. Shaded: not measured; broken line: where the measured time begins.".to_owned();
    if !on_thinning(d).is_empty() {
        says += " ";
        says += on_thinning(d);
    }
    says
}

/// Every picture over time, in the order of the page.
pub(super) fn figures(d: &Document) -> Vec<Figure> {
    let t = Timeline::of(d);
    let mut all = vec![rates(&t)];
    all.extend([percentiles(&t), other_times(&t)]);
    all.extend([in_flight(&t), window(&t), awaited(&t), completeness(&t)]);
    all.extend([statuses(&t), anomalies(&t), sessions(&t), processor(&t)]);
    all
}

fn rates(t: &Timeline<'_>) -> Figure {
    let high = t.max(|r| {
        r.scheduled.max(r.written).max(r.accepted).max(r.receipts) as f64 / r.length_s.max(0.25)
    });
    let y = Axis::from_zero("submit_sm and receipts a second", Unit::Rate, high);
    let mut plot = t.plot("Rate over time", y);
    let any = |count: Count| t.rows.iter().any(|row| count(row) > 0);
    let series: [(&str, Ink, Count); 4] = [
        ("sent", Ink::Series(0), |r| r.written),
        ("accepted", Ink::Series(2), |r| r.accepted),
        ("final receipts", Ink::Series(3), |r| r.receipts),
        ("mobile-originated", Ink::Series(4), |r| r.mo),
    ];
    for (name, ink, count) in series.into_iter().filter(|s| any(s.2)) {
        plot.layers.push(line(name, ink, t.rate(count)));
    }
    if any(|r| r.scheduled) {
        plot.layers.push(dashed("scheduled", Ink::Muted, t.rate(|r| r.scheduled)));
    }
    Figure::new(
        "rate",
        "Rate",
        "What the plan wanted, what went out, what was accepted and what was receipted, each second.",
        plot.draw(),
        "Nothing was sent or received.",
    )
}

fn ns(value: Option<u64>) -> Option<f64> {
    value.map(|v| v as f64)
}

/// What must be known of times from the intended send before they are looked at.
pub(super) fn caveat(d: &Document) -> &'static str {
    if !d.verdict.allows_headline() {
        "The harness did not keep up: these times are the harness's too, and no result."
    } else if !d.verdict.allows_response_headline() {
        "Work piled up: times from the intended send grow with the length of the run."
    } else {
        ""
    }
}

fn times(t: &Timeline<'_>, title: &str, axis: &str, layers: Vec<Layer>) -> Option<Picture> {
    let mut plot = t.plot(title, duration_axis(axis, &layers)?);
    plot.layers = layers;
    plot.layers.retain(|l| l.points.iter().any(|p| p.span.is_some()));
    Some(plot.draw())
}

fn percentiles(t: &Timeline<'_>) -> Figure {
    let layers = vec![
        dashed("max", Ink::Muted, t.points(|r| ns(r.response_max_ns))),
        line("p99", Ink::Series(1), t.points(|r| ns(r.response_p99_ns))),
        line("p90", Ink::Series(4), t.points(|r| ns(r.response_p90_ns))),
        line("p50", Ink::Series(2), t.points(|r| ns(r.response_p50_ns))),
    ];
    let (id, title) = ("response", "Response time (from intended send)");
    match times(t, title, "response time, logarithmic", layers) {
        Some(picture) => {
            Figure::new(id, title, "Percentiles of what was answered in each second.", picture, "")
                .and(caveat(t.document))
        }
        None => Figure::missing(id, title, "No submit_sm was answered."),
    }
}

fn other_times(t: &Timeline<'_>) -> Figure {
    let layers = vec![
        line("receipt p99", Ink::Series(3), t.points(|r| ns(r.receipt_p99_ns))),
        dashed("receipt p50", Ink::Series(3), t.points(|r| ns(r.receipt_p50_ns))),
        line("service p99", Ink::Series(0), t.points(|r| ns(r.service_p99_ns))),
        dashed("service p50", Ink::Series(0), t.points(|r| ns(r.service_p50_ns))),
        line("harness lag p99", Ink::Series(4), t.points(|r| ns(r.harness_lag_p99_ns))),
        line(
            "write wait p99",
            Ink::Series(2),
            t.points(|r| ns(r.write_wait_p99_ns.filter(|n| *n > 0))),
        ),
    ];
    let (id, title) = ("service", "Service time, receipt time and harness lag");
    match times(t, title, "time, logarithmic", layers) {
        Some(picture) => Figure::new(
            id,
            title,
            "Service: from the actual send to the answer. Receipt: from the intended send to the final receipt. Lag: the \
             tool's own lateness, which should lie far below the others. Write wait: how long the socket took no octets, because the SMSC reads too slowly.",
            picture,
            "",
        ),
        None => Figure::missing(id, title, "No submit_sm was answered and no receipt came."),
    }
}

fn in_flight(t: &Timeline<'_>) -> Figure {
    let high = t.max(|r| r.in_flight.max(r.backlog) as f64);
    let y = Axis::from_zero("submit_sm at the end of each interval", Unit::Count, high);
    let mut plot = t.plot("In flight", y);
    if high > 0.0 {
        plot.layers.push(line("in flight", Ink::Series(0), t.points(|r| Some(r.in_flight as f64))));
    }
    if t.rows.iter().any(|r| r.backlog > 0) {
        let points = t.points(|r| Some(r.backlog as f64));
        plot.layers.push(line("due and not sent", Ink::Series(1), points));
    }
    Figure::new(
        "in-flight",
        "In flight",
        "Sent and not answered; and what was due and could not be sent yet.",
        plot.draw(),
        "Nothing was in flight at the end of any interval.",
    )
}

fn window(t: &Timeline<'_>) -> Figure {
    let high = t.max(|r| r.window_full_ratio);
    let mut plot = t.plot("Window full", Axis::from_zero("share of the time", Unit::Share, high));
    if high > 0.0 {
        let points = t.points(|r| Some(r.window_full_ratio));
        plot.layers.push(line("no slot free", Ink::Series(6), points));
    }
    Figure::new(
        "window",
        "Window full",
        "Share of each interval in which no window slot was free, so that messages had to wait.",
        plot.draw(),
        "The window was never full.",
    )
}

fn awaited(t: &Timeline<'_>) -> Figure {
    let high = t.max(|r| r.awaited as f64);
    let y = Axis::from_zero("messages at the end of each interval", Unit::Count, high);
    let mut plot = t.plot("Receipts awaited", y);
    if high > 0.0 {
        plot.layers.push(line("awaited", Ink::Series(3), t.points(|r| Some(r.awaited as f64))));
    }
    Figure::new(
        "awaited",
        "Receipt backlog",
        "Accepted and without a final receipt. Level: receipts keep pace. Growing: they do not.",
        plot.draw(),
        "No receipt was awaited at the end of any interval.",
    )
}

/// Of all accepted so far, the share that has its final receipt.
fn completeness(t: &Timeline<'_>) -> Figure {
    let (id, title) = ("completeness", "Receipt completeness");
    if t.rows.iter().all(|r| r.receipts + r.receipts_missing == 0) {
        return Figure::missing(id, title, "No final receipt came, and none was given up on.");
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
    plot.layers.push(line("receipted", Ink::Series(2), thin(&complete, POINTS_MAX)));
    if missing > 0 {
        plot.layers.push(line("given up on", Ink::Series(1), thin(&given_up, POINTS_MAX)));
    }
    let end = words::percent((receipts as f64 / accepted.max(1) as f64).min(1.0));
    let says = format!(
        "Of all messages accepted so far, the share that has its final receipt: {end} at the end."
    );
    Figure::new(id, title, says, plot.draw(), "No message was accepted.")
}

/// Names of what is stacked, the most frequent first; the rest are `others`.
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
    let high = stacks.last().into_iter().flatten().filter_map(|p| p.span).map(|s| s.1);
    let high = high.fold(0.0, f64::max);
    let mut plot = t.plot(title, Axis::from_zero(axis, Unit::Rate, high.max(0.1)));
    for (number, (name, points)) in names.into_iter().zip(stacks).enumerate() {
        // red-brown first: what is stacked here is trouble
        const INKS: [usize; STACKED_MAX] = [1, 4, 3, 6, 5, 7, 0];
        let ink = Ink::Series(INKS[number % INKS.len()]);
        plot.layers.push(Layer { name, ink, shape: Shape::Area, points });
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
        "Every answer was ESME_ROK; none timed out and none was lost.",
    )
}

fn anomalies(t: &Timeline<'_>) -> Figure {
    let title = "Anomalies over time";
    let otherwise = if t.document.anomalies.is_empty() {
        "The peer did nothing that the specification does not foresee."
    } else {
        "This result does not say when its anomalies happened; they are listed below."
    };
    Figure::new(
        "anomalies-over-time",
        title,
        "What the peer did that the specification does not foresee, stacked.",
        stacked(t, title, "anomalies a second", by_name(t, |row| &row.anomalies)),
        otherwise,
    )
}

fn sessions(t: &Timeline<'_>) -> Figure {
    let title = "Sessions bound";
    let (mut low, mut high) = (u64::MAX, 0);
    for row in t.rows.iter().filter(|row| row.stage.is_some()) {
        low = low.min(row.sessions_up);
        high = high.max(row.sessions_up);
    }
    if low >= high {
        let why = match high {
            0 => "No session was bound.".to_owned(),
            1 => "One session was bound from the first to the last second of the load.".to_owned(),
            n => format!(
                "All {} sessions were bound from the first to the last second of the load.",
                words::count(n)
            ),
        };
        return Figure::missing("sessions-up", title, &why);
    }
    let y = Axis::from_zero("sessions at the end of each interval", Unit::Count, high as f64);
    let mut plot = t.plot(title, y);
    plot.layers.push(line("bound", Ink::Series(2), t.points(|r| Some(r.sessions_up as f64))));
    Figure::new("sessions-up", title, "How many sessions were up.", plot.draw(), "")
}

fn processor(t: &Timeline<'_>) -> Figure {
    let title = "The harness's own load";
    let high = t.max(|r| r.cpu_worst);
    let mut plot = t.plot(title, Axis::from_zero("share of its core", Unit::Share, high));
    if high > 0.0 {
        let points = t.points(|r| Some(r.cpu_worst));
        plot.layers.push(line("busiest worker", Ink::Series(7), points));
    }
    let says = "Processor time of the busiest worker thread. Above 80 % the harness is at best `degraded`.";
    Figure::new("processor", title, says, plot.draw(), "The processor's share was not read.")
}
