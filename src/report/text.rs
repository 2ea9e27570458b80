//! The summary on the terminal: what was found first, then why it can be believed, then the figures. At
//! most 100 columns. Where the figures may not be read as the SMSC's, it prints the reason instead.
use super::Saved;
use super::blocks::{gates, ledger_block, statuses, troubles};
use super::counted::gates_in_all;
use super::document::{About, Document, LatencyRow, Reason};
use super::escape::printable;
use super::table::{command, fill, table};
use super::transport;
use crate::judge::{GateOutcome, HealthState, Limiter, Outcome};
use crate::kit::words;
use crate::measure::{LATENCY_METRICS, LatencyRange, Metric, MetricRow};

/// How a summary looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours.
    pub colour: bool,
}

/// A colour with a meaning.
#[derive(Clone, Copy)]
pub(super) enum Ink {
    Green,
    Yellow,
    Red,
    Bold,
}

impl Style {
    pub(super) fn paint(self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Green => "1;32",
            Ink::Yellow => "1;33",
            Ink::Red => "1;31",
            Ink::Bold => "1",
        };
        if self.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// The summary for a terminal; at most 100 columns wide.
pub fn text(saved: &Saved, style: Style) -> String {
    let document = &saved.document;
    let mut text = heading(document, style);
    text.push('\n');
    text += &verdict(document, style);
    text.push('\n');
    text += &latencies(document, style);
    text += &stages(document);
    text += &ledger_block(document, style);
    text += &statuses(document);
    text += &gates(&document.gates, style);
    text += &troubles(document);
    text += &warnings(document, style);
    text += &ending(document);
    text
}

/// The verdict once more, with the gates, in one line of at most so many columns: what stays in sight when the
/// summary is longer than a terminal.
pub fn verdict_line(saved: &Saved, style: Style, columns: usize) -> String {
    let (ink, mut line) = headline(&saved.document);
    let outcomes: Vec<GateOutcome> = saved.document.gates.iter().map(|g| g.outcome).collect();
    if !outcomes.is_empty() {
        line += &format!(" · {}", gates_in_all(&outcomes));
    }
    let shown: String = line.chars().take(columns.saturating_sub(1)).collect();
    format!("{}\n", style.paint(ink, &shown))
}

fn heading(document: &Document, style: Style) -> String {
    let run = &document.run;
    let name = style.paint(Ink::Bold, &printable(&run.name));
    let binds: Vec<String> = run.binds.iter().map(|b| printable(b)).collect();
    let (version, target) = (printable(&document.tool.version), printable(&run.target));
    fill("", &format!("smppbench {version} · {name} · {target} · {}", binds.join(" · ")))
}

/// The first line of a verdict, without colours, and the ink that it deserves.
pub(super) fn headline(document: &Document) -> (Ink, String) {
    let verdict = &document.verdict;
    let span = document.window.measured_s.unwrap_or(document.window.to_s - document.window.from_s);
    let time = words::duration(nanoseconds(span));
    let rate = |name: &str| document.rate.get(name).copied().flatten();
    let target = rate("target").map(words::rate).unwrap_or_default();
    match (verdict.outcome, verdict.harness.state) {
        (Some(Outcome::Sustained), _) => (Ink::Green, format!("SUSTAINED  {target} for {time}")),
        (Some(Outcome::NotSustained), _) => {
            (Ink::Red, format!("NOT SUSTAINED  {target} for {time}"))
        }
        (Some(Outcome::InconclusiveHarness), _) | (None, HealthState::Invalid) => {
            (Ink::Yellow, "INCONCLUSIVE  the harness did not keep up: no result".to_owned())
        }
        (Some(Outcome::InconclusiveNoise), _) => {
            (Ink::Yellow, format!("INCONCLUSIVE  {}", verdict.unsaid()))
        }
        (None, HealthState::Valid | HealthState::Degraded) if document.window.sends => {
            let rate = words::rate(rate("accepted").unwrap_or(0.0));
            (Ink::Bold, format!("CLOSED LOOP  {rate} accepted for {time}"))
        }
        (None, HealthState::Valid | HealthState::Degraded) => {
            (Ink::Bold, format!("RECEIVED  for {time}"))
        }
    }
}

/// Seconds as a document has them, in whole nanoseconds.
fn nanoseconds(seconds: f64) -> u64 {
    (seconds * 1e9).round().max(0.0) as u64
}

fn verdict(document: &Document, style: Style) -> String {
    let verdict = &document.verdict;
    let (ink, headline) = headline(document);
    let mut text = format!("  {}\n", style.paint(ink, &headline));
    if verdict.allows_headline() {
        let rates = rates(document);
        if !rates.is_empty() {
            text += &fill("  ", &rates);
        }
        text += &checks(document);
    }
    if let Some(limiter) = limiter(document) {
        text += &fill("  limiter   ", &limiter);
    }
    text += &harness(document, style);
    text += &transport::lines(document);
    let piled_up = verdict.about(About::Growth).any(Reason::failed);
    if verdict.steady.steady.is_some() && !piled_up {
        text += &fill("  steady    ", &printable(&verdict.steady.reason));
    }
    text
}

/// What decided: the checks that failed or could not be told; where there are none, all in short.
fn checks(document: &Document) -> String {
    const SHOWN: usize = 8;
    let checks = || document.verdict.reasons.iter().filter(|r| r.about != About::Harness);
    let mut text = String::new();
    for check in checks().filter(|c| c.ok != Some(true)).take(SHOWN) {
        let mark = if check.failed() { "  ✗ " } else { "  ? " };
        text += &fill(mark, &printable(&check.says()));
    }
    if text.is_empty() {
        let passed: Vec<String> = checks()
            .filter_map(|c| {
                Some((c.check.replace('_', " "), c.unit.show(c.value.as_ref()?.as_f64()?)))
            })
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        if !passed.is_empty() {
            text = fill("  ✓ ", &printable(&passed.join(" · ")));
        }
    }
    text
}

/// What was sent and what came back, by the second of the measured time; empty where nothing is sent.
pub(super) fn rates(document: &Document) -> String {
    if !document.window.sends {
        return String::new();
    }
    if document.verdict.outcome == Some(Outcome::NotSustained) {
        return rates_under_load(document);
    }
    let shown: Vec<String> = document
        .rate
        .iter()
        .filter(|(name, _)| *name != "target")
        .filter_map(|(name, rate)| Some((name, (*rate)?)))
        .filter(|(name, rate)| *name != "mo" || *rate > 0.0)
        .map(|(name, rate)| format!("{} {}", printable(name), words::rate(rate)))
        .collect();
    shown.join(" · ")
}

/// By intended time what went out in the drain counts too, and would flatter a rate that was not
/// sustained; what the SMSC did while the load was on stands in the intervals.
fn rates_under_load(document: &Document) -> String {
    let (mut sums, mut seconds) = ([0; 5], 0.0);
    for row in document.measured_rows() {
        let counts = [row.scheduled, row.written, row.answered, row.accepted, row.receipts];
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        seconds += row.length_s;
    }
    if seconds == 0.0 {
        return String::new();
    }
    let names = ["scheduled", "written", "answered", "accepted", "receipts"];
    let rates = names.iter().zip(sums);
    let shown: Vec<String> =
        rates.map(|(name, n)| format!("{name} {}", words::rate(n as f64 / seconds))).collect();
    format!("while the load was on: {}", shown.join(" · "))
}

/// What kept the run from doing more, with the evidence; None where nothing was written.
pub(super) fn limiter(document: &Document) -> Option<String> {
    let verdict = &document.verdict;
    let limiter = verdict.limiter?;
    if limiter == Limiter::Harness && !verdict.allows_headline() {
        return Some("the harness".to_owned());
    }
    Some(format!("{}: {}", limiter.says(), printable(&verdict.evidence.join("; "))))
}

/// The harness in a line: its state, and what it could not keep up with or what speaks for it.
pub(super) fn harness_says(document: &Document) -> String {
    let h = &document.verdict.harness;
    let failures: Vec<String> = document
        .verdict
        .about(About::Harness)
        .filter(|r| r.failed())
        .map(|r| printable(&r.says()))
        .collect();
    let facts = if failures.is_empty() {
        let lag = |n: Option<u64>| n.map(words::duration);
        let facts = [
            h.adherence.map(|a| format!("{} sent on time", words::percent(a))),
            lag(h.lag_p50_ns).map(|l| format!("lag p50 {l}")),
            lag(h.lag_p99_ns).map(|l| format!("p99 {l}")),
            h.cpu_max.map(|c| format!("busiest worker {} of its core", words::percent(c))),
        ];
        facts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    } else {
        failures.join("; ")
    };
    format!("{}: {facts}", h.state.name())
}

fn harness(document: &Document, style: Style) -> String {
    let state = document.verdict.harness.state;
    let ink = match state {
        HealthState::Valid => Ink::Green,
        HealthState::Degraded => Ink::Yellow,
        HealthState::Invalid => Ink::Red,
    };
    let line = fill("  harness   ", &harness_says(document));
    line.replacen(state.name(), &style.paint(ink, state.name()), 1)
}

/// The rows of the headline table, with their titles. With an invalid harness only the harness's own; where work
/// piled up: nothing that is measured from the intended time, for in an open loop that only says how long
/// the run was.
pub(super) fn headline_rows(document: &Document) -> Vec<(&'static str, &LatencyRow)> {
    let verdict = &document.verdict;
    let withheld = |metric: Metric| {
        let own = matches!(metric, Metric::HarnessLag | Metric::DeliverAck);
        (!verdict.allows_headline() && !own)
            || (metric == Metric::Response && !verdict.allows_response_headline())
            || (metric == Metric::Receipt && !verdict.allows_receipt_headline())
    };
    // most sockets always take all that they are offered
    let says_nothing =
        |row: &MetricRow, l: &LatencyRow| row.metric == Metric::WriteWait && l.max == Some(0);
    LATENCY_METRICS
        .iter()
        .filter(|row| !withheld(row.metric))
        .filter_map(|row| Some((row, document.latency.get(row.name)?.as_ref()?)))
        .filter(|(row, l)| l.count + l.censored > 0 && !says_nothing(row, l))
        .map(|(row, latency)| (row.title, latency))
        .collect()
}

/// Why times from the intended send do not stand in the table.
pub(super) const WITHHELD: &str = "Times from the intended send are not printed: work piled up, so that they only say \
     how long the run was. result.json keeps them.";
/// Why receipt times do not.
pub(super) const RECEIPTS_WITHHELD: &str = "Receipt times from the intended send are not printed: receipts piled up, \
     so that they only say how long the run was. result.json keeps them.";

/// What the times of an earlier version's result are.
pub(super) const WITH_REFUSALS: &str = "Saved by an earlier version: response and service time count refused submit_sm \
     too, which mostly come sooner than accepted ones.";

/// A cause as a sentence of its own.
pub(super) fn sentence(cause: &str) -> String {
    let mut letters = cause.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}

/// What stands below the headline table: why something is withheld, or why two rows of it differ. The second is
/// worth a colour.
pub(super) fn below_the_table(document: &Document) -> (Option<&'static str>, Option<String>) {
    let verdict = &document.verdict;
    if !verdict.allows_headline() {
        let why = "No rate and no latency is printed: they would be the harness's, not the SMSC's. \
                   result.json keeps them all.";
        (Some(why), None)
    } else if !verdict.allows_response_headline() {
        (Some(WITHHELD), verdict.cause.as_ref().map(|cause| printable(&sentence(cause))))
    } else if !verdict.allows_receipt_headline() {
        (Some(RECEIPTS_WITHHELD), verdict.explanation.as_ref().map(|e| printable(e)))
    } else {
        (None, verdict.explanation.as_ref().map(|e| printable(e)))
    }
}

fn latencies(document: &Document, style: Style) -> String {
    let mut rows: Vec<Vec<String>> = headline_rows(document)
        .into_iter()
        .map(|(title, latency)| latency_row(title, latency))
        .collect();
    let mut text = String::new();
    if !rows.is_empty() {
        // a column that is empty throughout is left out
        let censored = rows.iter().any(|row| row.last().is_some_and(|cell| !cell.is_empty()));
        let columns = HEADLINE.len() - usize::from(!censored);
        rows.iter_mut().for_each(|row| row.truncate(columns));
        text += &table(&HEADLINE[..columns], &rows);
    }
    let (withheld, explained) = below_the_table(document);
    if let Some(why) = withheld {
        text += &fill("  ", why);
    }
    if document.counts_refusals() {
        text += &fill("  ", WITH_REFUSALS);
    }
    if let Some(why) = explained {
        text += &style.paint(Ink::Yellow, &fill("  ", &why));
    }
    text.push('\n');
    text
}

/// Columns of the headline table.
pub(super) const HEADLINE: [&str; 8] =
    ["", "p50", "p90", "p99", "p99.9", "max", "count", "censored"];

/// Below a microsecond the histogram does not tell values apart.
fn duration(ns: u64) -> String {
    match ns {
        0 => "0".to_owned(),
        1..LatencyRange::LOWEST_NS => "< 1 µs".to_owned(),
        ns => words::duration(ns),
    }
}

/// One row of the headline table.
pub(super) fn latency_row(title: &str, latency: &LatencyRow) -> Vec<String> {
    let cell = |name: &str| match latency.percentile(name) {
        (Some(value), _) => duration(value),
        (None, Some(bound)) => format!("≥ {}", words::duration(bound)),
        (None, None) => "–".to_owned(),
    };
    let censored = latency.censored;
    vec![
        title.to_owned(),
        cell("p50"),
        cell("p90"),
        cell("p99"),
        cell("p99_9"),
        latency.max.map_or("–".to_owned(), duration),
        words::count(latency.count),
        if censored > 0 { words::count(censored) } else { String::new() },
    ]
}

/// One line a stage.
fn stages(document: &Document) -> String {
    if document.stages.is_empty() || !document.verdict.allows_headline() {
        return String::new();
    }
    let rows = document.stages.iter().map(|stage| {
        let rate = |n: u64| match stage.ran_s {
            time if time > 0.0 => words::rate(n as f64 / time),
            _ => "–".to_owned(),
        };
        let at = |n: Option<u64>| n.map_or("–".to_owned(), words::duration);
        vec![
            printable(&stage.name),
            printable(&stage.rate),
            words::duration(nanoseconds(stage.to_s - stage.from_s)),
            if stage.measure { "yes" } else { "no" }.to_owned(),
            rate(stage.written),
            rate(stage.accepted),
            words::count(stage.rejected),
            at(stage.service_p50_ns),
            at(stage.service_p99_ns),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    let header = [
        "stage",
        "rate",
        "length",
        "measured",
        "sent",
        "accepted",
        "rejected",
        "service p50",
        "p99",
    ];
    table(&header, &rows) + "\n"
}

fn warnings(document: &Document, style: Style) -> String {
    let mut text = String::new();
    for warning in &document.warnings {
        let filled = fill("  warning   ", &printable(warning));
        text += &filled.replacen("warning", &style.paint(Ink::Yellow, "warning"), 1);
    }
    for note in &document.notes {
        text += &fill("  note      ", &printable(note));
    }
    text
}

fn ending(document: &Document) -> String {
    let mut text = String::new();
    if let Some(folder) = &document.run.folder {
        text += &fill("  files     ", &printable(folder));
    }
    text + &command("  again     ", &printable(&document.run.repro))
}
