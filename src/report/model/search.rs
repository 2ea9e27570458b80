//! What a report says of a search: its result, the recommendation and every trial.
use super::summary::{HeadFigure, LabelledLine, Remark, Summary};
use super::table::{
    Cell, Table, Tone, Value, count, known, moment, nanoseconds, rate, share, text, time,
};
use crate::kit::words;
use crate::search::document::{LadderResult, LatencyAt, Limit, ObjectiveResult, Point, TrialRow};
use crate::search::{Ended, Kind, Search};
use std::iter::repeat;

/// A search, as every format draws it.
pub(crate) struct SearchModel<'s> {
    pub(crate) search: &'s Search,
    /// `find rate · evening`.
    pub(crate) title: String,
    /// What was tested.
    pub(crate) target: String,
    pub(crate) top: Summary,
    /// How many binds the SMSC accepts, by type.
    pub(crate) ladders: Table,
    pub(crate) ladders_in_brief: Vec<String>,
    /// Throughput and latency per load.
    pub(crate) points: Table,
    /// Latency at shares of the rate found.
    pub(crate) latencies: Table,
    pub(crate) trials: Table,
    /// Trials, messages and time.
    pub(crate) cost: LabelledLine,
}

impl SearchModel<'_> {
    pub(crate) fn of(search: &Search) -> SearchModel<'_> {
        let cost = &search.cost;
        let cost = [
            words::counted(u64::from(cost.trials), "trial"),
            format!("{} submit_sm", words::count(cost.messages)),
            words::duration(nanoseconds(cost.seconds)),
        ];
        let (word, what) = answer(search);
        let top = Summary {
            name: search.name.clone(),
            facts: [target(search)].into_iter().chain(cost.clone()).collect(),
            tone: match search.ended {
                Ended::Found | Ended::Ceiling => Tone::Good,
                Ended::Floor => Tone::Bad,
                Ended::InconclusiveHarness
                | Ended::InconclusiveNoise
                | Ended::Budget
                | Ended::Interrupted
                | Ended::TargetLost
                | Ended::ForeignTraffic => Tone::Warn,
            },
            word,
            what,
            rates: figures(search),
            checks: search.objectives.iter().map(objective).collect(),
            notes: through(search).into_iter().chain(search.notes.clone()).collect(),
            ..Summary::default()
        };
        let gateway = if search.through.is_some() { " through a gateway" } else { "" };
        SearchModel {
            search,
            target: target(search),
            title: format!("find {}{gateway} · {}", search.kind.name(), search.name),
            top,
            ladders: ladders(search),
            ladders_in_brief: search.ladders.iter().map(ladder_in_brief).collect(),
            points: points(search),
            latencies: latencies(search),
            trials: trials(search),
            cost: LabelledLine::new("cost", Tone::Plain, cost.join(", ")),
        }
    }
}

/// What was tested: its address, and where our SMSC stood behind it.
fn target(search: &Search) -> String {
    match &search.through {
        None => search.target.clone(),
        Some(through) => {
            let behind = through.upstream.join(", ");
            format!("gateway {} with our SMSC behind it on {behind}", search.target)
        }
    }
}

/// How the trials went through a gateway; None: they went through none.
fn through(search: &Search) -> Option<String> {
    let through = search.through.as_ref()?;
    let answers = match through.answers.as_str() {
        "itself" => "; it answers submit_sm by itself",
        "upstream" => "; it answers submit_sm once our SMSC has answered",
        "mixed" => "; it answers some submit_sm by itself",
        _ => "",
    };
    let marker = through.marker.join(" and ");
    Some(format!(
        "each trial went through the gateway{answers}; messages were told apart by {marker}"
    ))
}

/// What was searched, and the answer.
fn answer(search: &Search) -> (&'static str, String) {
    let limit = search.limit.as_ref();
    let (word, found) = match search.kind {
        Kind::Rate => (
            "RATE",
            match (search.lower, search.upper) {
                (Some(lower), Some(upper)) => {
                    format!("between {} and {}", words::rate(lower), words::rate(upper))
                }
                (Some(lower), None) => format!("at least {}", words::rate(lower)),
                (None, Some(upper)) => format!("none; {} fails", words::rate(upper)),
                (None, None) => "none found".to_owned(),
            },
        ),
        Kind::Window => (
            "WINDOW",
            match limit {
                Some(limit) => format!("{} in flight on a bind; {}", limit.value, beyond(limit)),
                None => "no enforced limit met".to_owned(),
            },
        ),
        Kind::Binds => (
            "BINDS",
            match limit {
                Some(limit) => format!("{}; {}", limit.value, beyond(limit)),
                None => "none was refused".to_owned(),
            },
        ),
    };
    let ended = match search.ended {
        Ended::Found => String::new(),
        Ended::Ceiling => " (up to the highest to try)".to_owned(),
        Ended::Floor => " (down to the lowest to try)".to_owned(),
        Ended::InconclusiveHarness => early(search, "the harness did not keep up"),
        Ended::InconclusiveNoise => early(search, "trials contradict each other"),
        Ended::Budget => early(search, "budget"),
        Ended::Interrupted => early(search, "interrupted"),
        Ended::TargetLost => early(search, "no session could be bound any more"),
        Ended::ForeignTraffic => early(search, "foreign traffic was received"),
    };
    (word, found + &ended)
}

/// How a search ended that did not come to its end.
fn early(search: &Search, ended: &str) -> String {
    let why = search.why.as_ref().map_or(String::new(), |why| format!(": {why}"));
    format!(" so far; ended: {ended}{why}")
}

/// What the SMSC does beyond a limit: `beyond it, the SMSC drops the connection`.
pub(crate) fn beyond(limit: &Limit) -> String {
    format!("beyond it, the SMSC {}", limit.how.says(limit.status.as_deref()))
}

fn figures(search: &Search) -> Vec<HeadFigure> {
    let named = |name: &str, figure: Option<String>| Some(HeadFigure::new(name, figure?));
    let all = match search.kind {
        Kind::Rate => {
            let width = search.lower.zip(search.upper).map(|(low, high)| (high - low) / low);
            [
                named("met", search.lower.map(words::rate)),
                named("missed", search.upper.map(words::rate)),
                named("width of the interval", width.map(words::percent)),
            ]
        }
        Kind::Window | Kind::Binds => {
            let most = search.points.iter().map(|p| p.throughput).max_by(f64::total_cmp);
            let knee = search.knee.as_ref();
            let knee = knee.map(|k| format!("{:.1} ({:.1} to {:.1})", k.value, k.low, k.high));
            [
                named("enforced limit", search.limit.as_ref().map(|l| words::count(l.value))),
                named("knee, from which throughput grows no more,", knee),
                named("highest throughput", most.map(words::rate)),
            ]
        }
    };
    all.into_iter().flatten().collect()
}

fn objective(o: &ObjectiveResult) -> Remark {
    let show = |rate: Option<f64>| rate.map_or("no rate".to_owned(), words::rate);
    let (tone, held) = match (o.lower, o.confirmed) {
        (None, _) => (Tone::Bad, ""),
        (Some(_), true) => (Tone::Good, " (confirmed)"),
        (Some(_), false) => (Tone::Warn, " (not confirmed)"),
    };
    let why = o.broken_by.as_ref().map_or(String::new(), |why| format!(": {why}"));
    let limiter = o.limiter.as_ref().map_or(String::new(), |l| format!("; limiter: {l}"));
    let (lower, upper) = (show(o.lower), show(o.upper));
    let says = format!("{}: met at {lower}{held}, missed at {upper}{why}{limiter}", o.name);
    Remark { tone, says }
}

fn ladders(search: &Search) -> Table {
    let header = " | bound | attempts | <beyond it, the SMSC | <bind of a lost session | sessions lost meanwhile | <";
    let row = |ladder: &LadderResult| {
        let place = match ladder.place_free_at_once {
            Some(true) => "released at once",
            Some(false) => "not released at once",
            None => "not tried",
        };
        vec![
            text(&ladder.bind_type),
            count(ladder.bound),
            count(ladder.attempts),
            text(ladder.limit.as_ref().map_or("no limit met".to_owned(), |limit| {
                limit.how.says(limit.status.as_deref())
            })),
            text(place),
            count(ladder.displaced),
            text(ladder.why.clone().unwrap_or_default()),
        ]
    };
    Table::of("by-type", "By type of bind", header, &search.ladders, row)
}

fn ladder_in_brief(ladder: &LadderResult) -> String {
    let limit = ladder.limit.as_ref().map_or("no limit met".to_owned(), beyond);
    let place = match ladder.place_free_at_once {
        Some(true) => "; the bind of a lost session was released at once",
        Some(false) => "; the bind of a lost session was not released at once",
        None => "",
    };
    let gone = match ladder.displaced {
        0 => String::new(),
        n => format!("; {} lost meanwhile", words::counted_was(n, "earlier session")),
    };
    format!("{}: {} bound; {limit}{place}{gone}", ladder.bind_type, ladder.bound)
}

fn points(search: &Search) -> Table {
    let header = "binds | window | throughput | +standard error | service mean | p99 | X·R/N | throttled | <";
    let mut table = Table::new("points", "Point by point", header);
    let row = |p: &Point| {
        let limited =
            if p.harness_limited { text("the harness was the limit") } else { Cell::default() };
        vec![
            count(p.binds),
            count(p.window),
            rate(Some(p.throughput)),
            share(p.error),
            time(p.service_mean_ns),
            time(p.service_p99_ns),
            known(p.littles_share, Value::Times),
            share(p.throttled_share),
            limited,
        ]
    };
    table.rows = search.points.iter().map(row).collect();
    table.note = "X·R/N: by Little's law, 1 if every window slot was always in use.".to_owned();
    table
}

fn latencies(search: &Search) -> Table {
    let is_through = search.through.is_some();
    let forward = if is_through { " | forward p50 | forward p99" } else { "" };
    let header = format!(
        "latency at | rate | receipt p50 | receipt p99 | response p50 | response p99{forward}"
    );
    let row = |at: &LatencyAt| {
        let mut cells = vec![share(at.share), rate(Some(at.rate))];
        cells.extend([at.receipt_p50_ns, at.receipt_p99_ns].map(time));
        cells.extend([at.response_p50_ns, at.response_p99_ns].map(time));
        if is_through {
            cells.extend([at.forward_p50_ns, at.forward_p99_ns].map(time));
        }
        cells
    };
    let mut table =
        Table::of("latencies", "Latency at shares of the rate", &header, &search.latency_at, row);
    table.note = why_withheld(search);
    if is_through {
        table.note = format!("forward: submit_sm, front to behind. {}", table.note);
    }
    table
}

/// Why percentiles below the rate found are withheld; empty where none is.
fn why_withheld(search: &Search) -> String {
    const FEW: &str = "too few samples, as a p99 needs 1,000 messages and a p50 needs 20 (--measure 30s measures for longer)";
    const LATE: &str = "the harness was invalid in that trial, so the time would be its own";
    let has_receipts = |at: &LatencyAt| at.receipt_p50_ns.or(at.receipt_p99_ns).is_some();
    let asked = search.latency_at.iter().any(has_receipts);
    let trials = search.trials.iter().filter(|trial| trial.kind == "latency");
    let mut reasons: Vec<&str> = Vec::new();
    for (at, trial) in search.latency_at.iter().zip(trials.map(Some).chain(repeat(None))) {
        let response = [at.response_p50_ns, at.response_p99_ns];
        let receipts = [at.receipt_p50_ns, at.receipt_p99_ns];
        let late = trial.is_some_and(|trial| trial.harness.as_deref() == Some("invalid"));
        if response.contains(&None) || (asked && receipts.contains(&None)) {
            let reason = if late { LATE } else { FEW };
            reasons.retain(|known| *known != reason);
            reasons.push(reason);
        }
    }
    if reasons.is_empty() {
        String::new()
    } else {
        format!("–: withheld; {}.", reasons.join("; "))
    }
}

/// A column of the trials: its heading and its cell.
type TrialColumn = (&'static str, fn(&TrialRow) -> Option<Cell>);

const TRIAL_COLUMNS: [TrialColumn; 15] = [
    ("kind", |t| Some(text(&t.kind))),
    ("offered", |t| t.rate.map(|r| rate(Some(r)))),
    ("binds", |t| t.binds.map(count)),
    ("window", |t| t.window.map(count)),
    ("accepted", |t| t.accepted_rate.map(|r| rate(Some(r)))),
    ("submit_sm", |t| Some(count(t.messages))),
    ("throttled", |t| Some(count(t.throttled))),
    ("lost", |t| Some(count(t.lost))),
    ("measured", |t| (t.measured_s > 0.0).then(|| moment(t.measured_s))),
    ("took", |t| Some(moment(t.took_s))),
    ("response p50", |t| t.response_p50_ns.map(|ns| time(Some(ns)))),
    ("p99", |t| t.response_p99_ns.map(|ns| time(Some(ns)))),
    ("forward p99", |t| t.forward_p99_ns.map(|ns| time(Some(ns)))),
    ("lost inside", |t| t.lost_inside.map(count)),
    ("harness", |t| t.harness.as_ref().map(text)),
];

fn trials(search: &Search) -> Table {
    // what belongs to another kind of search is left out
    let belongs = |c: &&TrialColumn| search.trials.iter().any(|t| c.1(t).is_some());
    let columns: Vec<&TrialColumn> = TRIAL_COLUMNS.iter().filter(belongs).collect();
    let titles = columns.iter().map(|c| c.0).collect::<Vec<_>>().join(" | ");
    let header = format!(" | {titles} | <result");
    let mut table = Table::new("each-trial", "In their order", &header);
    for trial in &search.trials {
        let known = |c: &&TrialColumn| c.1(trial).unwrap_or_else(|| Value::Unknown.into());
        let mut cells = vec![text(trial.number.to_string())];
        cells.extend(columns.iter().map(known));
        cells.push(text(&trial.says));
        table.row(cells);
    }
    table
}
