//! The summary of a search for a terminal.
use crate::kit::words;
use crate::search::document::{Ended, Kind, Limit, Point, Search};
use crate::search::enforced::How;

/// Lines are at most so wide.
const WIDTH: usize = 100;

/// The summary.
pub fn text(search: &Search) -> String {
    let mut out = format!("find {} · {} · {}\n\n", search.kind.name(), search.name, search.target);
    let (word, what) = answer(search);
    out += &wrapped("  ", &format!("{word}  {what}"));
    match search.kind {
        Kind::Rate => rate(search, &mut out),
        Kind::Window => window(search, &mut out),
        Kind::Binds => binds(search, &mut out),
    }
    out.push('\n');
    for note in &search.notes {
        out += &wrapped("  note  ", note);
    }
    out += &wrapped("  ", &search.recommendation);
    for line in search.recommendation_toml.lines() {
        out += &format!("    {line}\n");
    }
    let cost = &search.cost;
    out += &format!(
        "\n  cost   {}, {} submit_sm, {}\n",
        words::counted(u64::from(cost.trials), "trial"),
        words::count(cost.messages),
        words::seconds(cost.seconds)
    );
    if !search.repro.is_empty() {
        out += &format!("  again  {}\n", search.repro);
    }
    out
}

/// What was found: what it is of, and the answer.
pub(in crate::report) fn answer(search: &Search) -> (&'static str, String) {
    let show = |rate: Option<f64>| rate.map_or("?".to_owned(), words::rate);
    let found = match search.kind {
        Kind::Rate => match (search.lower, search.upper) {
            (Some(lower), Some(upper)) => {
                format!("between {} and {}", words::rate(lower), words::rate(upper))
            }
            (Some(lower), None) => format!("at least {}", words::rate(lower)),
            (None, upper) => format!("none; {} fails", show(upper)),
        },
        Kind::Window => match &search.limit {
            Some(limit) => format!("{} open on a bind; {}", limit.value, beyond(limit)),
            None => "no enforced limit met".to_owned(),
        },
        Kind::Binds => match &search.limit {
            Some(limit) => format!("{}; {}", limit.value, beyond(limit)),
            None => "no limit met".to_owned(),
        },
    };
    let ended = match search.ended {
        Ended::Found => String::new(),
        Ended::Ceiling => " (up to the highest that was to be tried)".to_owned(),
        Ended::Floor => " (even the lowest that was to be tried fails)".to_owned(),
        Ended::InconclusiveHarness
        | Ended::InconclusiveNoise
        | Ended::Budget
        | Ended::Interrupted
        | Ended::TargetLost
        | Ended::ForeignTraffic => {
            let why = search.why.as_ref().map_or(String::new(), |why| format!(": {why}"));
            format!(" so far; ended: {}{why}", search.ended.name())
        }
    };
    let word = match search.kind {
        Kind::Rate => "RATE",
        Kind::Window => "WINDOW",
        Kind::Binds => "BINDS",
    };
    (word, found + &ended)
}

pub(in crate::report) fn beyond(limit: &Limit) -> String {
    let how = match (limit.how, limit.status.as_deref()) {
        (How::Status, Some(status)) => format!("answered with {status}"),
        (How::Status, None) => "refused".to_owned(),
        (How::Disconnect, _) => "dropped".to_owned(),
        (How::Unbind, _) => "unbound".to_owned(),
        (How::Silence, _) => "met with silence".to_owned(),
    };
    format!("one more is {how}")
}

fn rate(search: &Search, out: &mut String) {
    out.push('\n');
    for objective in &search.objectives {
        let show = |rate: Option<f64>| rate.map_or("–".to_owned(), words::rate);
        let held = if objective.confirmed { "confirmed" } else { "not confirmed" };
        let line = format!(
            "{}: kept at {} ({held}), broken at {}{}",
            objective.name,
            show(objective.lower),
            show(objective.upper),
            objective.broken_by.as_ref().map_or(String::new(), |why| format!(": {why}"))
        );
        *out += &wrapped("  ", &line);
    }
    if !search.latency_at.is_empty() {
        *out += &format!(
            "\n  {:<22} {:>12} {:>12} {:>12} {:>12}\n",
            "latency at", "response p50", "p99", "receipt p50", "p99"
        );
        for at in &search.latency_at {
            let show = |ns: Option<u64>| ns.map_or("–".to_owned(), words::duration);
            let place = format!("{} ({})", words::percent(at.share), words::rate(at.rate));
            *out += &format!(
                "  {place:<22} {:>12} {:>12} {:>12} {:>12}\n",
                show(at.response_p50_ns),
                show(at.response_p99_ns),
                show(at.receipt_p50_ns),
                show(at.receipt_p99_ns)
            );
        }
    }
    trail(search, out);
}

fn trail(search: &Search, out: &mut String) {
    *out += "\n  trials\n";
    for trial in &search.trials {
        let line = format!("{:>3}  {}", trial.number, trial.says);
        *out += &wrapped("  ", &line);
    }
}

fn window(search: &Search, out: &mut String) {
    if let Some(knee) = &search.knee {
        let (value, low, high) = (knee.value, knee.low, knee.high);
        *out += &format!("\n  knee at a window of {value:.1} ({low:.1} to {high:.1})\n");
    }
    points(&search.points, out);
    trail(search, out);
}

fn binds(search: &Search, out: &mut String) {
    out.push('\n');
    for ladder in &search.ladders {
        let limit = ladder.limit.as_ref().map_or("none refused".to_owned(), beyond);
        let place = match ladder.place_free_at_once {
            Some(true) => "; a lost one frees its place at once",
            Some(false) => "; a lost one does not free its place at once",
            None => "",
        };
        let gone = match ladder.displaced {
            0 => String::new(),
            n => format!("; {n} earlier ones had been dropped by then"),
        };
        let line = format!("{}: {} bound, {limit}{place}{gone}", ladder.bind_type, ladder.bound);
        *out += &wrapped("  ", &line);
    }
    points(&search.points, out);
}

fn points(points: &[Point], out: &mut String) {
    if points.is_empty() {
        return;
    }
    *out += &format!(
        "\n  {:>6} {:>7} {:>12} {:>13} {:>12} {:>8} {:>10}\n",
        "binds", "window", "throughput", "service mean", "p99", "X·R/N", "throttled"
    );
    for p in points {
        let show = |ns: Option<u64>| ns.map_or("–".to_owned(), words::duration);
        *out += &format!(
            "  {:>6} {:>7} {:>12} {:>13} {:>12} {:>8} {:>10}{}\n",
            p.binds,
            p.window,
            words::rate(p.throughput),
            show(p.service_mean_ns),
            show(p.service_p99_ns),
            p.littles_share.map_or("–".to_owned(), |share| format!("{share:.2}")),
            words::percent(p.throttled_share),
            if p.harness_limited { "  the harness is the limit" } else { "" }
        );
    }
}

/// Words in lines; those after the first are indented as far as the text of the first.
fn wrapped(first: &str, text: &str) -> String {
    let indent = " ".repeat(first.chars().count());
    let mut out = String::new();
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.split(' ') {
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            out += line.trim_end();
            out.push('\n');
            line.clone_from(&indent);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line += word;
        empty = false;
    }
    out += line.trim_end();
    out.push('\n');
    out
}
