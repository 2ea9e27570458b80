//! Session by session: a table, shortened where it would be long, and how evenly the binds were served.
use super::headline::duration;
use super::parts::{Cell, Figure, Grid};
use super::time::duration_axis;
use crate::kit::words;
use crate::report::Document;
use crate::report::chart::{Axis, Ink, Layer, Plot, Point, Scale, Shape, Unit};
use crate::report::document::SessionRow;

/// A table is whole up to here.
const WHOLE_MAX: usize = 200;
/// Beyond: so many of the worst and of the best.
const WORST: usize = 60;
const BEST: usize = 20;

fn dash(ns: Option<u64>) -> String {
    ns.map_or("–".to_owned(), duration)
}

/// Times of each session count from the intended send; where those are withheld, so are these.
fn time(d: &Document, ns: Option<u64>) -> Option<u64> {
    ns.filter(|_| d.verdict.allows_response_headline())
}

/// All sessions, or the worst and the best.
pub(super) fn table(d: &Document) -> Option<Grid> {
    let header = [
        "session",
        "account",
        "role",
        "state",
        "written",
        "accepted",
        "rejected",
        "delivered",
        "p50",
        "p99",
        "bound again",
        "round trip",
        "sent again",
    ];
    let times = d.verdict.allows_response_headline();
    let mut grid = Grid::new("session-table", "Sessions", &header);
    if !times {
        grid.header.retain(|h| h != "p50" && h != "p99");
    }
    let mut rows: Vec<&SessionRow> = d.sessions.iter().collect();
    let count = rows.len();
    if count > WHOLE_MAX {
        // the worst: slowest at p99, then most refused, then least served
        let key = |s: &&SessionRow| {
            (std::cmp::Reverse((time(d, s.response_p99_ns), s.reconnects, s.rejected)), s.accepted)
        };
        rows.sort_by_key(key);
        let best = rows.split_off(count - BEST);
        rows.truncate(WORST);
        rows.extend(best);
        grid.title = format!("Sessions: the worst {WORST} and the best {BEST}");
        grid.note = format!(
            "Of {} sessions: by p99 where it is shown, then by reconnects and rejections. The table above gives their \
             distribution; result.json holds them all.",
            words::count(count as u64)
        );
    }
    let shows_v5 = d.sessions.iter().any(|s| s.congestion_state.is_some());
    if shows_v5 {
        grid.header.push("congestion_state".to_owned());
    }
    for s in rows {
        let mut cells = vec![
            Cell::new(s.id.to_string()),
            Cell::words(s.account.clone().unwrap_or_default()),
            Cell::words(&s.role),
            Cell::words(&s.state),
        ];
        cells.extend(
            [s.written, s.accepted, s.rejected, s.delivered].map(|n| words::count(n).into()),
        );
        if times {
            cells.extend([s.response_p50_ns, s.response_p99_ns].map(|ns| dash(ns).into()));
        }
        let tcp = s.tcp.as_ref();
        cells.push(words::count(u64::from(s.reconnects)).into());
        cells.push(dash(tcp.map(|t| t.rtt_ns)).into());
        cells.push(tcp.map_or("–".to_owned(), |t| words::count(t.retransmits)).into());
        if shows_v5 {
            cells.push(s.congestion_state.map_or("–".to_owned(), |c| c.to_string()).into());
        }
        grid.row(cells);
    }
    grid.filled()
}

/// Those that may send, and did or should have.
fn senders(d: &Document) -> Vec<&SessionRow> {
    d.sessions.iter().filter(|s| s.role != "receiver").collect()
}

/// How far the binds lie apart.
pub(super) fn spread(d: &Document) -> Option<Grid> {
    let senders = senders(d);
    if senders.len() < 2 || !d.verdict.allows_headline() {
        return None;
    }
    let header =
        ["over the binds that send", "least", "10 %", "median", "90 %", "most", "most ÷ least"];
    let mut grid = Grid::new("fairness", "Fairness", &header);
    let load = d.intervals.iter().filter(|r| r.stage.is_some()).map(|r| r.length_s).sum::<f64>();
    let mut add = |name: &str, mut values: Vec<f64>, show: &dyn Fn(f64) -> String| {
        if values.is_empty() {
            return;
        }
        values.sort_by(f64::total_cmp);
        let at = |q: f64| values[((values.len() - 1) as f64 * q).round() as usize];
        let (least, most) = (at(0.0), at(1.0));
        let ratio = if least > 0.0 { format!("{:.2}", most / least) } else { "–".to_owned() };
        let cells = [least, at(0.1), at(0.5), at(0.9), most].map(|v| Cell::new(show(v)));
        grid.rows
            .push([Cell::new(name)].into_iter().chain(cells).chain([Cell::new(ratio)]).collect());
    };
    if load > 0.0 {
        let rates = senders.iter().map(|s| s.accepted as f64 / load).collect();
        add("accepted a second", rates, &words::rate);
    }
    let found = |pick: fn(&SessionRow) -> Option<u64>| -> Vec<f64> {
        senders.iter().filter_map(|s| time(d, pick(s))).map(|ns| ns as f64).collect()
    };
    let show = |v: f64| duration(v as u64);
    add("response p50", found(|s| s.response_p50_ns), &show);
    add("response p99", found(|s| s.response_p99_ns), &show);
    grid.note = "Equal binds should be served alike: a ratio far from 1 means that some bind is treated differently. \
                 Times of a session are kept to one significant digit."
        .to_owned();
    grid.filled()
}

fn dots(name: &str, ink: Ink, points: Vec<Point>) -> Layer {
    Layer { name: name.to_owned(), ink, shape: Shape::Points, points }
}

/// What each bind got, and how fast.
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
    .with(dots("accepted", Ink::Series(2), points(&|s| Some(s.accepted))));
    let mut all = vec![Figure::new(
        "by-session",
        "Accepted by each session",
        "On one level: every bind carried as much.",
        accepted.draw(),
        "No session sent.",
    )];
    let (id, title) = ("p99-by-session", "Response p99 of each session");
    let layers = vec![
        dots("p99", Ink::Series(1), points(&|s| time(d, s.response_p99_ns))),
        dots("p50", Ink::Series(2), points(&|s| time(d, s.response_p50_ns))),
    ];
    all.push(match duration_axis("response time, logarithmic", &layers) {
        Some(y) => {
            let mut plot = Plot::new(title, x(), y);
            plot.layers = layers;
            let says =
                "On one level: every bind was answered alike. Kept to one significant digit.";
            Figure::new(id, title, says, plot.draw(), "")
        }
        None if !d.verdict.allows_response_headline() => Figure::missing(
            id,
            title,
            "Times from the intended send are withheld: see the verdict.",
        ),
        None => Figure::missing(id, title, "No session has an answer."),
    });
    all
}
