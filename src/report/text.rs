//! The summary on the terminal: what was found first, then why it can be believed, then the figures. At
//! most 100 columns. Where the figures may not be read as the SMSC's, it prints the reason instead.
use super::blocks::{ledger_block, statuses};
use super::table::{command, fill, table};
use super::{Run, printable, transport};
use crate::judge::{
    Check, FIGURES, GateOutcome, GateResult, GateValue, HealthState, Judgement, Limiter, Outcome,
    Scope, statistics, words,
};
use crate::kit::Nanos;
use crate::kit::Rate;
use crate::measure::{LATENCY_METRICS, Latency, LatencyRange, Metric, Tally};
use crate::plan::{BindType, Plan, Shape};

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

/// The summary.
pub(super) fn render(run: &Run<'_>, style: Style) -> String {
    let mut text = heading(run, style);
    text.push('\n');
    text += &verdict(run, style);
    text.push('\n');
    text += &latencies(run, style);
    text += &stages(run);
    text += &ledger_block(run, style);
    text += &statuses(run);
    text += &gates(run.gates, style);
    text += &troubles(run);
    text += &warnings(run, style);
    text += &ending(run);
    text
}

fn heading(run: &Run<'_>, style: Style) -> String {
    let name = style.paint(Ink::Bold, &printable(&run.plan.name));
    let binds: Vec<String> = run
        .plan
        .accounts
        .iter()
        .map(|account| {
            let kind = match account.binds.bind_type {
                BindType::Transceiver => "transceiver",
                BindType::Transmitter => "transmitter",
                BindType::Receiver => "receiver",
                BindType::Pair => "transmitter and receiver pair",
            };
            let plural = if account.binds.count == 1 { "" } else { "s" };
            format!("{} {kind}{plural}, window {}", account.binds.count, account.binds.window)
        })
        .collect();
    let line = format!(
        "smppbench {} · {name} · {} · {}",
        run.version,
        printable(run.target),
        binds.join(" · ")
    );
    fill("", &line)
}

fn verdict(run: &Run<'_>, style: Style) -> String {
    let j = run.judgement;
    let measured = &j.measured;
    let time = words::duration(measured.time.0);
    let rate = measured.target.map(words::rate);
    let (ink, headline) = match (j.outcome, j.health.state) {
        (Some(Outcome::Sustained), _) => {
            (Ink::Green, format!("SUSTAINED  {} for {time}", rate.unwrap_or_default()))
        }
        (Some(Outcome::NotSustained), _) => {
            (Ink::Red, format!("NOT SUSTAINED  {} for {time}", rate.unwrap_or_default()))
        }
        (Some(Outcome::InconclusiveHarness), _) | (None, HealthState::Invalid) => {
            (Ink::Yellow, "INCONCLUSIVE  the harness did not keep up: no result".to_owned())
        }
        (Some(Outcome::InconclusiveNoise), _) => {
            (Ink::Yellow, "INCONCLUSIVE  too unsteady or too small to say".to_owned())
        }
        (None, HealthState::Valid | HealthState::Degraded) if measured.sends => {
            let t = measured.tally();
            let seconds = measured.seconds();
            let rate = if seconds > 0.0 { t.accepted as f64 / seconds } else { 0.0 };
            (Ink::Bold, format!("CLOSED LOOP  {} accepted for {time}", words::rate(rate)))
        }
        (None, HealthState::Valid | HealthState::Degraded) => {
            (Ink::Bold, format!("RECEIVED  for {time}"))
        }
    };
    let mut text = format!("  {}\n", style.paint(ink, &headline));
    if j.health.allows_headline() {
        text += &rates(run);
        text += &checks(j);
    }
    text += &limiter(run);
    text += &harness(run, style);
    text += &transport::lines(run);
    if j.steady.steady.is_some() && !j.steady.growths.iter().any(Check::failed) {
        text += &fill("  steady    ", &j.steady.reason);
    }
    text
}

/// What decided: the checks that failed or could not be told; where there are none, all in short.
fn checks(j: &Judgement) -> String {
    const SHOWN: usize = 8;
    let checks = || j.reasons.iter().filter(|c| !j.health.checks.contains(c));
    let mut text = String::new();
    for check in checks().filter(|c| c.ok != Some(true)).take(SHOWN) {
        let mark = if check.failed() { "  ✗ " } else { "  ? " };
        text += &fill(mark, &check.says());
    }
    if text.is_empty() {
        let passed: Vec<String> = checks()
            .filter_map(|c| Some((c.check.replace('_', " "), c.unit.show(c.value?))))
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        if !passed.is_empty() {
            text = fill("  ✓ ", &passed.join(" · "));
        }
    }
    text
}

/// What was sent and what came back, by the second of the measured time.
fn rates(run: &Run<'_>) -> String {
    let j = run.judgement;
    if !j.measured.sends {
        return String::new();
    }
    if j.outcome == Some(Outcome::NotSustained) {
        return rates_under_load(run);
    }
    let scope = Scope::whole(&j.measured, run.record);
    let shown: Vec<String> = FIGURES
        .iter()
        .filter(|row| row.block == "rate" && row.name != "target")
        .filter_map(|row| Some((row.name, (row.of)(&scope)?)))
        .filter(|(name, rate)| *name != "mo" || *rate > 0.0)
        .map(|(name, rate)| format!("{name} {}", words::rate(rate)))
        .collect();
    fill("  ", &shown.join(" · "))
}

/// By intended time what went out in the drain counts too, and would flatter a rate that was not
/// sustained; what the SMSC did while the load was on stands in the intervals.
fn rates_under_load(run: &Run<'_>) -> String {
    let (mut tally, mut seconds) = (Tally::default(), 0.0);
    for row in run.judgement.measured.rows(run.record) {
        tally.merge(&row.tally);
        seconds += row.length.as_secs_f64();
    }
    if seconds == 0.0 {
        return String::new();
    }
    let shown: Vec<String> = [
        ("scheduled", tally.planned),
        ("written", tally.written),
        ("answered", tally.answered()),
        ("accepted", tally.accepted),
        ("receipts", tally.receipts_final),
    ]
    .iter()
    .map(|(name, count)| format!("{name} {}", words::rate(*count as f64 / seconds)))
    .collect();
    fill("  ", &format!("while the load was on: {}", shown.join(" · ")))
}

fn limiter(run: &Run<'_>) -> String {
    let j = run.judgement;
    let Some(limiter) = j.limiter else { return String::new() };
    if limiter == Limiter::Harness && !j.health.allows_headline() {
        return fill("  limiter   ", "the harness");
    }
    let name = match limiter {
        Limiter::Harness => "the harness",
        Limiter::SmscThrottle => "the SMSC throttles",
        Limiter::Connection => "the connections",
        Limiter::Window => "the window",
        Limiter::SmscLatency => "the SMSC answers late",
        Limiter::None => "none",
    };
    fill("  limiter   ", &format!("{name}: {}", printable(&j.evidence.join("; "))))
}

fn harness(run: &Run<'_>, style: Style) -> String {
    let h = &run.judgement.health;
    let ink = match h.state {
        HealthState::Valid => Ink::Green,
        HealthState::Degraded => Ink::Yellow,
        HealthState::Invalid => Ink::Red,
    };
    let failures: Vec<String> = h.failures().map(Check::says).collect();
    let facts = if failures.is_empty() {
        let lag = |n: Option<Nanos>| n.map(|n| words::duration(n.0));
        let facts = [
            h.adherence.map(|a| format!("{} sent on time", words::percent(a))),
            lag(h.lag_p50).map(|l| format!("lag p50 {l}")),
            lag(h.lag_p99).map(|l| format!("p99 {l}")),
            h.cpu_max.map(|c| format!("busiest worker {} of its core", words::percent(c))),
        ];
        facts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    } else {
        failures.join("; ")
    };
    let line = fill("  harness   ", &format!("{}: {facts}", h.state.name()));
    line.replacen(h.state.name(), &style.paint(ink, h.state.name()), 1)
}

/// The headline table. With an invalid harness only the harness's own rows; not sustained: nothing that
/// is measured from the intended time, for in an open loop that only says how long the run was.
fn latencies(run: &Run<'_>, style: Style) -> String {
    let j = run.judgement;
    let withheld = |metric: Metric| {
        let from_intended = matches!(metric, Metric::Response | Metric::Receipt);
        let own = matches!(metric, Metric::HarnessLag | Metric::DeliverAck);
        (!j.health.allows_headline() && !own)
            || (from_intended && !j.allows_response_headline())
            || (j.measured.closed && matches!(metric, Metric::HarnessLag | Metric::WindowWait))
    };
    let mut rows = Vec::new();
    for row in &LATENCY_METRICS {
        let latency = if row.per_message {
            j.measured.latency(row.metric)
        } else {
            &run.record.whole[row.metric as usize - Metric::PER_MESSAGE_COUNT]
        };
        if !latency.is_empty() && !withheld(row.metric) {
            rows.push(latency_row(row.title, latency));
        }
    }
    let mut text = String::new();
    if !rows.is_empty() {
        let header = ["", "p50", "p90", "p99", "p99.9", "max", "count", "censored"];
        // a column that is empty throughout is left out
        let censored = rows.iter().any(|row| row.last().is_some_and(|cell| !cell.is_empty()));
        let columns = if censored { header.len() } else { header.len() - 1 };
        rows.iter_mut().for_each(|row| row.truncate(columns));
        text += &table(&header[..columns], &rows);
    }
    if !j.health.allows_headline() {
        text += &fill(
            "  ",
            "No rate and no latency is printed: they would be the harness's, not the \
                             SMSC's. result.json keeps them all.",
        );
    } else if !j.allows_response_headline() {
        text += &fill(
            "  ",
            "Times from the intended send are not printed: at a rate that is not sustained they \
             only say how long the run was. result.json keeps them.",
        );
        if let Some(explanation) = &j.explanation {
            let cause = format!("They differ from the service time: {}.", explanation.cause);
            text += &style.paint(Ink::Yellow, &fill("  ", &cause));
        }
    } else if let Some(explanation) = &j.explanation {
        text += &style.paint(Ink::Yellow, &fill("  ", &explanation.to_string()));
    }
    text.push('\n');
    text
}

/// Below a microsecond the histogram does not tell values apart.
fn duration(n: Nanos) -> String {
    match n.0 {
        0 => "0".to_owned(),
        1..LatencyRange::LOWEST_NS => "< 1 µs".to_owned(),
        ns => words::duration(ns),
    }
}

fn latency_row(title: &str, latency: &Latency) -> Vec<String> {
    let cell = |q: f64| {
        let found = statistics::quantile(latency, q);
        match (found.value, found.at_least) {
            (Some(value), _) => duration(value),
            (None, Some(bound)) => format!("≥ {}", words::duration(bound.0)),
            (None, None) => "–".to_owned(),
        }
    };
    let max = latency.max().map_or("–".to_owned(), duration);
    vec![
        title.to_owned(),
        cell(0.5),
        cell(0.9),
        cell(0.99),
        cell(0.999),
        max,
        words::count(latency.count()),
        if latency.censored_count() > 0 {
            words::count(latency.censored_count())
        } else {
            String::new()
        },
    ]
}

fn shape(shape: &Shape) -> String {
    let rate = |r: &Rate| words::rate(r.as_f64());
    match shape {
        Shape::Hold(r) => rate(r),
        Shape::Ramp(from, to) => format!("{} to {}", rate(from), rate(to)),
        Shape::Stairs { from, to, step, .. } => {
            format!("{} to {} by {}", rate(from), rate(to), rate(step))
        }
        Shape::Spike { base, peak, .. } => format!("{}, peak {}", rate(base), rate(peak)),
        Shape::Sine { mean, amplitude, .. } => format!("{} ± {}", rate(mean), rate(amplitude)),
        Shape::Max => "closed loop".to_owned(),
    }
}

/// One line a stage.
fn stages(run: &Run<'_>) -> String {
    let (plan, record): (&Plan, _) = (run.plan, run.record);
    if plan.stages.is_empty() || !run.judgement.health.allows_headline() {
        return String::new();
    }
    let spans = crate::judge::stage_spans(plan);
    let mut rows = Vec::new();
    for (number, stage) in plan.stages.iter().enumerate() {
        let cell = record.sum(|k| usize::from(k.stage) == number);
        let (from, to) = spans[number];
        let time = to.min(record.load_ended).since(from).as_secs_f64();
        let rate = |n: u64| {
            if time > 0.0 { words::rate(n as f64 / time) } else { "–".to_owned() }
        };
        let service = cell.metric(Metric::Service);
        let at = |q| {
            statistics::quantile(service, q)
                .value
                .map_or("–".to_owned(), |n| words::duration(n.0))
        };
        rows.push(vec![
            printable(&stage.name),
            shape(&stage.shape),
            words::duration(stage.length.0),
            if stage.measure { "yes" } else { "no" }.to_owned(),
            rate(cell.tally.written),
            rate(cell.tally.accepted),
            words::count(cell.tally.rejected),
            at(0.5),
            at(0.99),
        ]);
    }
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

/// One line a gate.
fn gates(gates: &[GateResult], style: Style) -> String {
    let mut text = String::new();
    for gate in gates {
        let (ink, word) = match gate.outcome {
            GateOutcome::Pass => (Ink::Green, "pass     "),
            GateOutcome::Fail => (Ink::Red, "FAIL     "),
            GateOutcome::Undecided => (Ink::Yellow, "UNDECIDED"),
        };
        let value = match &gate.value {
            Some(GateValue::Number(v)) => gate.unit.show(*v),
            Some(GateValue::Word(word)) => word.clone(),
            None => "undefined".to_owned(),
        };
        let why = gate.why.as_ref().map_or(String::new(), |why| format!(" ({why})"));
        let line = format!("{} {}: {value}{why}", gate.name, gate.expression);
        let filled = fill(&format!("  {word} "), &printable(&line));
        text += &filled.replacen(word, &style.paint(ink, word), 1);
    }
    if text.is_empty() { text } else { text + "\n" }
}

fn troubles(run: &Run<'_>) -> String {
    const SHOWN: usize = 8;
    let mut text = String::new();
    let (anomalies, outages) = (&run.record.anomalies, &run.record.outages);
    for anomaly in anomalies.iter().take(SHOWN) {
        let line = format!("{} × {}", words::count(anomaly.count), printable(&anomaly.kind));
        text += &fill("  anomaly   ", &line);
    }
    for outage in outages.iter().take(SHOWN) {
        let until = match outage.to {
            Some(to) => format!("for {}", words::duration(to.since(outage.from).0)),
            None => "for good".to_owned(),
        };
        let line = format!(
            "session {} was down at {} {until}: {}; {} lost, {} attempts to bind again",
            outage.session,
            words::seconds(outage.from.as_secs_f64()),
            printable(&outage.cause),
            words::count(outage.lost),
            outage.attempts
        );
        text += &fill("  outage    ", &line);
    }
    let more = anomalies.len().saturating_sub(SHOWN) + outages.len().saturating_sub(SHOWN);
    if more > 0 {
        text += &format!("  and {more} more in result.json\n");
    }
    if text.is_empty() { text } else { text + "\n" }
}

fn warnings(run: &Run<'_>, style: Style) -> String {
    let mut text = String::new();
    for warning in run.warnings.iter().chain(&run.judgement.warnings) {
        let filled = fill("  warning   ", &printable(warning));
        text += &filled.replacen("warning", &style.paint(Ink::Yellow, "warning"), 1);
    }
    for note in &run.judgement.notes {
        text += &fill("  note      ", &printable(note));
    }
    text
}

fn ending(run: &Run<'_>) -> String {
    let mut text = String::new();
    if let Some(folder) = run.folder {
        text += &fill("  files     ", &printable(folder));
    }
    text + &command("  again     ", &printable(run.repro))
}
