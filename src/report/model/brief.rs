//! The twenty lines at the end of a run: each line says one thing, and less needed ones make room for others.
use super::ledger::{Ledger, receipts_asked};
use super::note::Withheld;
use super::run::RunModel;
use super::summary::LabelledLine;
use super::table::Tone;
use super::{events, next, planted, tables, through};
use crate::judge::{GateResult, HealthState, Limiter};
use crate::kit::words;
use crate::measure::Metric;
use crate::report::document::{Document, LatencyRow};

/// A line of the brief summary.
pub(crate) struct BriefLine<'d> {
    pub(crate) line: LabelledLine,
    /// A distribution to draw behind the words.
    pub(crate) histogram: Option<&'d LatencyRow>,
    /// 0: always shown. Where room is short, lines of the highest rank are left out first.
    pub(crate) rank: u8,
}

impl<'d> BriefLine<'d> {
    fn new(rank: u8, label: &'static str, says: impl Into<String>) -> BriefLine<'d> {
        let line = LabelledLine::new(label, Tone::Plain, says);
        BriefLine { line, histogram: None, rank }
    }

    /// The line with this rank.
    fn of(rank: u8, line: LabelledLine) -> BriefLine<'d> {
        BriefLine { line, histogram: None, rank }
    }
}

/// What stands on the screen after a run.
pub(crate) struct BriefModel<'d> {
    /// From accepted messages to the harness, in their order.
    pub(crate) lines: Vec<BriefLine<'d>>,
    /// Failed gates first, then undecided ones.
    pub(crate) gates: Vec<&'d GateResult>,
    /// What to do next: commands, or an advice.
    pub(crate) next: Vec<String>,
}

impl BriefModel<'_> {
    pub(crate) fn of<'d>(m: &RunModel<'d>) -> BriefModel<'d> {
        let d = m.document;
        let mut gates: Vec<&GateResult> = d.gates.iter().collect();
        gates.sort_by_key(|gate| (!gate.failed(), !gate.undecided()));
        let gateway = through::lines(d).into_iter().enumerate();
        let gateway = gateway.map(|(n, line)| BriefLine::of(if n == 0 { 0 } else { 1 }, line));
        let lines = [accepted(m), response(d), receipts(m)].into_iter().flatten().chain(gateway);
        let planted = planted::lines(d).into_iter().enumerate();
        // one label for both
        let planted =
            planted.map(|(n, says)| BriefLine::new(6, if n == 0 { "planted" } else { "" }, says));
        let lines = lines.chain(planted).chain(reasons(m));
        let events = events::lines(d).into_iter().map(|line| BriefLine::of(1, line));
        let lines = lines.chain(events).chain([ledger(d), harness(m)]).chain(troubles(m));
        BriefModel { lines: lines.collect(), gates, next: next::steps(d) }
    }
}

/// The first of these metrics that has values and may be shown.
fn shown<'d>(d: &'d Document, metrics: &[(&str, Metric)]) -> Option<&'d LatencyRow> {
    metrics.iter().find_map(|(name, metric)| {
        let row = d.latency.get(name)?.as_ref()?;
        let shown = Withheld::metric(&d.verdict, *metric).is_none();
        (shown && row.count + row.censored > 0).then_some(row)
    })
}

/// `p50 12.3 ms, p99 60 ms`.
fn percentiles(row: &LatencyRow) -> String {
    let [p50, p99] = ["p50", "p99"].map(|name| tables::percentile(row, name));
    format!("p50 {p50}, p99 {p99}")
}

/// A rate at the top of the report, as it words it.
fn rate(m: &RunModel<'_>, wanted: &str) -> Option<String> {
    m.top.rates.iter().find(|rate| rate.name == wanted).map(|rate| rate.figure.clone())
}

/// A count of the measured messages beside a rate that may be of the load alone.
fn beside_rate(m: &RunModel<'_>, count: u64) -> String {
    let drain = if m.top.rates_are.is_empty() { "" } else { " with the drain" };
    words::count(count) + drain
}

fn accepted<'d>(m: &RunModel<'d>) -> Option<BriefLine<'d>> {
    let d = m.document;
    let count = d.measured.get("accepted").copied().unwrap_or(d.ledger.lines.accepted);
    let count = beside_rate(m, count);
    if !d.window.sends {
        return None;
    }
    if let Some(why) = Withheld::figures(&d.verdict) {
        return Some(BriefLine::new(0, "accepted", format!("{count}. {}", why.in_brief())));
    }
    let times = shown(d, &[("response", Metric::Response), ("service", Metric::Service)]);
    let mut facts = vec![rate(m, "accepted").unwrap_or_else(|| "0/s".to_owned()), count];
    facts.extend(times.map(percentiles));
    let histogram = times.filter(|row| row.count > 0);
    Some(BriefLine { histogram, ..BriefLine::new(0, "accepted", facts.join(" · ")) })
}

/// Times from the plan against times from the send.
fn response<'d>(d: &Document) -> Option<BriefLine<'d>> {
    let withheld = Withheld::metric(&d.verdict, Metric::Response);
    match withheld {
        // the line of accepted messages says so
        Some(Withheld::Harness) => return None,
        Some(_) => {
            let says = "times from plan, for work piled up; the times above are from the send";
            return Some(BriefLine::new(3, "withheld", says));
        }
        None => {}
    }
    let plan = shown(d, &[("response", Metric::Response)])?;
    let service = shown(d, &[("service", Metric::Service)])?;
    let says = if differ(plan, service) {
        format!("from plan {}; from the send {}", percentiles(plan), percentiles(service))
    } else {
        "from plan and from the send are the same within 5 %".to_owned()
    };
    Some(BriefLine::new(3, "response time", says))
}

/// Whether a percentile of the two differs by more than 5 %.
fn differ(one: &LatencyRow, other: &LatencyRow) -> bool {
    const SAME: f64 = 0.05;
    ["p50", "p99"].iter().any(|name| match (one.percentile(name), other.percentile(name)) {
        ((Some(a), _), (Some(b), _)) => a.abs_diff(b) as f64 > a.max(b) as f64 * SAME,
        (a, b) => a != b,
    })
}

fn receipts<'d>(m: &RunModel<'d>) -> Option<BriefLine<'d>> {
    let d = m.document;
    if receipts_asked(d) == 0 {
        return None;
    }
    let r = &d.ledger.receipts;
    let count = beside_rate(m, d.measured.get("receipts_final").copied().unwrap_or(r.final_));
    let mut facts: Vec<String> = rate(m, "receipts").into_iter().chain([count]).collect();
    let after = [
        ("receipt", Metric::Receipt),
        ("receipt_from_write", Metric::ReceiptFromWrite),
        ("receipt_after_response", Metric::ReceiptAfterResponse),
    ];
    let times = shown(d, &after);
    facts.extend(times.map(percentiles));
    if r.missing > 0 {
        let measured = d.measured.get("receipts_missing").copied().unwrap_or(r.missing);
        facts.push(format!("{} MISSING{}", words::count(measured), in_all(measured, r.missing)));
    }
    let mut line = BriefLine::new(0, "receipts", facts.join(" · "));
    if r.missing > 0 {
        (line.line.word, line.line.tone) = ("MISSING", Tone::Bad);
    }
    Some(BriefLine { histogram: times.filter(|row| row.count > 0), ..line })
}

/// The count of the whole run beside that of the measured time; empty: it is the same.
fn in_all(measured: u64, whole: u64) -> String {
    match measured == whole {
        true => String::new(),
        false => format!(" ({} in the whole run)", words::count(whole)),
    }
}

/// Refusals, failed checks, the limiter, what the SMSC said of its load, and the explanation.
fn reasons<'d>(m: &RunModel<'d>) -> Vec<BriefLine<'d>> {
    let d = m.document;
    let mut lines = Vec::new();
    let refused: Vec<String> = d
        .statuses
        .iter()
        .filter(|status| status.code != Some(0))
        .map(|s| {
            let name = s.name.as_deref().unwrap_or("a status that is not in the specification");
            format!("{} × {name}", words::count(s.count))
        })
        .collect();
    if !refused.is_empty() {
        let (measured, whole) = (d.measured.get("rejected").copied(), d.ledger.lines.rejected);
        let all = measured.filter(|n| *n != whole).map_or("", |_| " in the whole run");
        let line = LabelledLine::new("refused", Tone::Warn, refused.join(", ") + all);
        lines.push(BriefLine::of(1, line));
    }
    let failed = m.top.checks.iter().filter(|check| check.tone == Tone::Bad);
    let failed: Vec<&str> = failed.map(|check| check.says.as_str()).collect();
    if !failed.is_empty() {
        lines.push(BriefLine::new(1, "because", failed.join("; ")));
    }
    let limited = d.verdict.limiter.is_some_and(|limiter| limiter != Limiter::None);
    let limiter = m.top.lines.iter().find(|line| line.label == "limiter" && limited);
    lines.extend(limiter.map(|line| BriefLine::of(2, line.clone())));
    let congestion = m.top.lines.iter().find(|line| line.label == "congestion");
    lines.extend(congestion.map(|line| BriefLine::of(4, line.clone())));
    let why = m.on_latencies.iter().find(|note| note.stands_out);
    lines.extend(why.map(|note| BriefLine::new(4, "why", &*note.says)));
    lines
}

/// The ledger in one line: what became of the plan.
fn ledger<'d>(d: &Document) -> BriefLine<'d> {
    let ledger = Ledger::of(d);
    let (l, r) = (&d.ledger.lines, &d.ledger.receipts);
    let parts: Vec<String> = [
        (l.planned, "planned"),
        (l.retries, "retries"),
        (l.unsent + l.dropped, "not sent"),
        (l.accepted, "accepted"),
        (l.rejected, "rejected"),
        (l.timed_out, "timed out"),
        (l.lost, "lost"),
        (l.open_at_end, "in flight at the end"),
        (r.final_, "final receipts"),
        (r.missing, "missing"),
        (r.untracked + r.ambiguous, "not matched"),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, name)| format!("{} {name}", words::count(n)))
    .collect();
    let mut says = format!("{}: {}", ledger.state, parts.join(", "));
    if d.tally.is_some() {
        let agrees = d.tally.as_ref().is_some_and(|tally| tally.agrees);
        says += if agrees { "; the simulator agrees" } else { "; the simulator DIFFERS" };
    }
    let line = LabelledLine::new("ledger", ledger.tone, says);
    BriefLine::of(0, LabelledLine { word: ledger.state, ..line })
}

fn harness<'d>(m: &RunModel<'d>) -> BriefLine<'d> {
    let line = m.top.lines.iter().find(|line| line.label == "harness");
    let line = line.cloned().unwrap_or_else(|| LabelledLine::new("harness", Tone::Plain, ""));
    let valid = m.document.verdict.harness.state == HealthState::Valid;
    let drift = m.top.lines.iter().find(|line| line.label == "steady" && line.tone == Tone::Warn);
    let says = match drift {
        Some(drift) if valid => format!("{}; not steady: {}", line.says, drift.says),
        _ => line.says.clone(),
    };
    BriefLine::of(0, LabelledLine { says, ..line })
}

/// The first anomaly or outage and the first warning, with the number of others.
fn troubles<'d>(m: &RunModel<'d>) -> Vec<BriefLine<'d>> {
    let others = |n: usize| match n {
        0 | 1 => String::new(),
        n => format!(" ({} more: --verbose)", words::count(n as u64 - 1)),
    };
    let (troubles, _) = m.troubles_in_brief();
    let all = m.document.anomalies.len() + m.document.outages.len();
    let mut lines: Vec<BriefLine<'d>> = Vec::new();
    lines.extend(troubles.first().map(|first| {
        let says = format!("{}{}", first.says, others(all));
        BriefLine::of(4, LabelledLine { says, ..first.clone() })
    }));
    let warnings = &m.top.warnings;
    lines.extend(warnings.first().map(|first| {
        let line =
            LabelledLine::new("warning", Tone::Warn, format!("{first}{}", others(warnings.len())));
        BriefLine::of(5, line)
    }));
    lines
}
