//! Tables of the events of a run, and of how it recovered from them.
use super::summary::LabelledLine;
use super::table::{Cell, Table, Tone, Value, count, moment, nanoseconds, span, text};
use crate::judge::{EventRow, RecoverySummary, RepeatFigure};
use crate::kit::words;
use crate::report::document::Document;

/// A time in seconds; null: a dash.
fn seconds(value: Option<f64>) -> Cell {
    value.map_or(Value::Unknown.into(), span)
}

/// A figure that must be 0 to be good.
fn loss(n: u64) -> Cell {
    count(n).in_tone(if n > 0 { Tone::Warn } else { Tone::Plain })
}

/// The longest of the repeats, or what it is at least.
fn worst(figure: &RepeatFigure) -> Cell {
    match (figure.worst, figure.at_least) {
        (Some(worst), _) => span(worst),
        (None, Some(least)) => Cell::from(Value::AtLeast(nanoseconds(least))).in_tone(Tone::Warn),
        (None, None) => Value::Unknown.into(),
    }
}

/// How the run recovered from each event, over its repeats; empty: it had none.
pub(crate) fn recoveries(d: &Document) -> Table {
    let header = "event | <do | occurred | recovered | recovery median | worst | +sessions median | +rate | +response | \
                  lost | timed out | missing | +duplicated";
    let row = |event: &RecoverySummary| {
        let show = |s: Option<f64>| s.map_or("…".to_owned(), |s| words::duration(nanoseconds(s)));
        let interval = event.recovery.ci.map_or(String::new(), |ci| {
            let confidence = words::percent(ci.confidence);
            format!("{} to {} ({confidence})", show(ci.low), show(ci.high))
        });
        let all = event.recovered == event.occurrences;
        let tone = if all { Tone::Plain } else { Tone::Warn };
        vec![
            text(&event.name),
            text(&event.action),
            count(event.occurrences),
            count(event.recovered).in_tone(tone),
            seconds(event.recovery.median).with_small(interval),
            worst(&event.recovery),
            seconds(event.sessions.median),
            seconds(event.rate.median),
            seconds(event.response.median),
            loss(event.lost),
            loss(event.timed_out),
            loss(event.missing),
            loss(event.duplicated),
        ]
    };
    let mut table = Table::of("recoveries", "Recovery", header, &d.recoveries, row);
    table.note = "From the end of each occurrence until its sessions are bound again, and rate and p99 response time stay \
                  within their bands of the undisturbed ones. Small figures: the interval of the median over the repeats."
        .to_owned();
    table
}

/// The occurrences one by one.
pub(crate) fn events(d: &Document) -> Table {
    let header = "event | at | length | sessions | recovery | sessions bound | rate | response | backlog | lost | timed out | \
                  missing | duplicated | <note";
    let row = |event: &EventRow| {
        let recovery = &event.recovery;
        let (whole, why) = match recovery.total_s {
            Some(total) => (span(total), ""),
            None => (
                Cell::from(Value::AtLeast(nanoseconds(recovery.at_least_s))).in_tone(Tone::Warn),
                why_unseen(recovery.unseen.as_deref()),
            ),
        };
        let notes: Vec<&str> = [why, event.note.as_deref().unwrap_or("")]
            .into_iter()
            .filter(|n| !n.is_empty())
            .collect();
        vec![
            text(&event.name).with_small(format!("number {}", event.repeat)),
            moment(event.at_s),
            span(event.for_s),
            count(u64::from(event.sessions)),
            whole,
            seconds(recovery.sessions_s),
            seconds(recovery.rate_s),
            seconds(recovery.response_s),
            seconds(recovery.backlog_s),
            loss(event.lost),
            loss(event.timed_out),
            loss(event.missing),
            loss(event.duplicated),
            text(notes.join("; ")),
        ]
    };
    Table::of("events", "Occurrences", header, &d.events, row)
}

/// The same in a line for each event, and what part of the time is judged; empty: there were no events.
pub(crate) fn lines(d: &Document) -> Vec<LabelledLine> {
    const EVENTS_MAX: usize = 3;
    let mut lines: Vec<LabelledLine> =
        d.recoveries.iter().take(EVENTS_MAX).map(recovery_line).collect();
    let (disturbed, left) = (d.window.disturbed_s, d.window.measured_seconds());
    if disturbed > 0.0 {
        let says = format!(
            "by events {} of the {} measured; verdict, rates and response times are of the other {}",
            words::seconds(disturbed),
            words::seconds(disturbed + left),
            words::seconds(left)
        );
        lines.push(LabelledLine::new("disturbed", Tone::Plain, says));
    }
    lines
}

/// `restart: back after 3.1 s, at worst 4 s, over 5 occurrences; 12 lost`.
fn recovery_line(event: &RecoverySummary) -> LabelledLine {
    let show = |s: f64| words::duration(nanoseconds(s));
    let (name, figure) = (&event.name, &event.recovery);
    let times = words::counted(event.occurrences, "occurrence");
    let worst = match (figure.worst, figure.at_least) {
        (Some(worst), _) => show(worst),
        (None, Some(least)) => format!("≥ {}", show(least)),
        (None, None) => "unknown".to_owned(),
    };
    let median = figure.median.map_or(String::new(), |s| format!("back after {}, ", show(s)));
    let seen = if event.recovered < event.occurrences {
        format!(", {} of them seen to recover", event.recovered)
    } else {
        String::new()
    };
    let losses = [
        (event.lost, "lost"),
        (event.timed_out, "timed out"),
        (event.missing, "missing"),
        (event.duplicated, "duplicated"),
    ];
    let losses = losses.iter().filter(|(n, _)| *n > 0);
    let losses: String = losses.map(|(n, what)| format!("; {} {what}", words::count(*n))).collect();
    let tone = if seen.is_empty() { Tone::Plain } else { Tone::Warn };
    let says = format!("{name}: {median}at worst {worst}, over {times}{seen}{losses}");
    LabelledLine::new("recovery", tone, says)
}

/// Why a recovery was not seen to its end.
fn why_unseen(word: Option<&str>) -> &'static str {
    match word {
        Some("next_event") => "the next event began before the run had recovered",
        Some("nothing_before") => "too few undisturbed seconds before it to compare with",
        Some(_) | None => "the load ended before the run had recovered",
    }
}
