//! Charts of how evenly the SMSC served the sessions.
use super::parts::Figure;
use super::time::{Timeline, duration_axis, line};
use crate::kit::words;
use crate::measure::Metric;
use crate::report::Document;
use crate::report::chart::{Axis, Colour, Layer, Plot, Point, Scale, Shape, Unit};
use crate::report::document::SessionRow;
use crate::report::model::{Withheld, senders};

fn dots(name: &str, colour: Colour, points: Vec<Point>) -> Layer {
    Layer { name: name.to_owned(), colour, shape: Shape::Points, points }
}

/// Messages accepted per session, and response times.
pub(super) fn figures(d: &Document) -> Vec<Figure> {
    let senders = senders(d);
    if senders.len() < 2 {
        return Vec::new();
    }
    let last = senders.iter().map(|s| s.id).max().unwrap_or(1);
    let first = senders.iter().map(|s| s.id).min().unwrap_or(0);
    let x = || Axis {
        title: "session".to_owned(),
        unit: Unit::Count,
        scale: Scale::Linear,
        low: f64::from(first) - 0.5,
        high: f64::from(last) + 0.5,
    };
    let points = |value: &dyn Fn(&SessionRow) -> Option<u64>| -> Vec<Point> {
        let at = |s: &&SessionRow| Some(Point::at(f64::from(s.id), value(s)? as f64));
        senders.iter().filter_map(at).collect()
    };
    let most = senders.iter().map(|s| s.accepted).max().unwrap_or(0) as f64;
    let accepted = Plot::new(
        "Accepted by session",
        x(),
        Axis::from_zero("submit_sm accepted", Unit::Count, most),
    )
    .with(dots("accepted", Colour::Series(2), points(&|s| Some(s.accepted))));
    let mut all = vec![Figure::new(
        "by-session",
        "Accepted by each session",
        "Points on one level: every session sent the same share.",
        accepted.draw(),
        "No session sent anything.",
    )];
    let (id, title) = ("p99-by-session", "Response p99 of each session");
    let layers = vec![
        dots("p99", Colour::Series(1), points(&|s| s.response_p99_ns)),
        dots("p50", Colour::Series(2), points(&|s| s.response_p50_ns)),
    ];
    // times of each session count from the intended send
    let withheld = Withheld::metric(&d.verdict, Metric::Response);
    let otherwise = match withheld {
        Some(_) => "Times from the intended send are withheld; the verdict has the reason.",
        None => "No session has an answer.",
    };
    let y = duration_axis("response time, logarithmic", &layers).filter(|_| withheld.is_none());
    let picture = y.map(|y| Plot::new(title, x(), y).with_layers(layers).draw());
    let says = "Points on one level: the SMSC answered every session equally fast. Times have one significant digit.";
    all.push(Figure::new(id, title, says, picture, otherwise));
    all
}

/// How many sessions were bound, over time.
pub(super) fn bound(d: &Document) -> Figure {
    let t = Timeline::of(d);
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
    plot.layers.push(line("bound", Colour::Series(2), t.at_end(|row| row.sessions_up)));
    Figure::new(
        "sessions-up",
        title,
        "Sessions bound at the end of each interval.",
        plot.draw(),
        "",
    )
}
