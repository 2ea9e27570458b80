//! The top of the page: what was found, by what evidence, and whether the tool was fit to find it.
use super::time::Count;
use crate::judge::{HealthState, Limiter, Outcome};
use crate::kit::words;
use crate::report::Document;
use crate::report::document::{About, Reason, State};

/// (class, sign, sentence) of a check.
type Judged = (&'static str, &'static str, String);

/// One run at the top of the page.
pub(super) struct Verdict {
    /// The run's colour; empty where it is alone.
    pub(super) swatch: String,
    /// Its name, target, binds and times.
    pub(super) name: String,
    pub(super) facts: Vec<String>,
    /// `good`, `warn`, `bad` or `plain`.
    pub(super) class: &'static str,
    /// `SUSTAINED`.
    pub(super) word: &'static str,
    /// `1,000/s for 8 s`.
    pub(super) what: String,
    /// (heading, figure) of what was sent and came back.
    pub(super) rates: Vec<(String, String)>,
    /// Said of them.
    pub(super) rates_are: &'static str,
    /// (class, sign, sentence) of each check.
    pub(super) checks: Vec<Judged>,
    /// (class, name, sentences): limiter, harness, steadiness, books.
    pub(super) lines: Vec<(&'static str, &'static str, Vec<String>)>,
    /// What to beware of, before anything else.
    pub(super) warnings: Vec<String>,
    /// What to know.
    pub(super) notes: Vec<String>,
}

/// The verdict of one run.
pub(super) fn verdict(d: &Document, swatch: String) -> Verdict {
    let (class, word, what) = outcome(d);
    let headline = d.verdict.allows_headline();
    let (rates_are, rates) = if headline { rates(d) } else { ("", Vec::new()) };
    let mut warnings = Vec::new();
    if let Some(reason) = &d.window.cut_reason {
        warnings.push(format!("The run ended before its plan did: {reason}"));
    }
    if d.state == State::Partial && d.window.cut_reason.is_none() {
        warnings.push("The run did not come to its end; this is what it had saved.".to_owned());
    }
    if !headline {
        warnings.push(
            "No rate and no latency is shown as the SMSC's: they would be the harness's. result.json keeps them all."
                .to_owned(),
        );
    }
    warnings.extend(d.warnings.iter().cloned());
    let mut facts = vec![d.run.target.clone()];
    facts.extend(d.run.binds.iter().cloned());
    facts.push(format!("started {}", d.run.started_at));
    facts.push(format!("took {}", words::duration((d.run.duration_s.max(0.0) * 1e9) as u64)));
    facts.push(format!("smppbench {}", d.tool.version));
    Verdict {
        name: d.run.id.clone(),
        facts,
        class,
        word,
        what,
        rates,
        rates_are,
        checks: if swatch.is_empty() { checks(d) } else { in_short(checks(d)) },
        swatch,
        lines: vec![limiter(d), harness(d), steady(d), books(d)],
        warnings,
        notes: d.notes.clone(),
    }
}

/// What the run was asked for, or achieved, in words.
fn outcome(d: &Document) -> (&'static str, &'static str, String) {
    let time = words::duration((measured_seconds(d) * 1e9) as u64);
    let figure = |name: &str| d.rate.get(name).copied().flatten();
    let wanted = figure("target")
        .map_or(format!("for {time}"), |rate| format!("{} for {time}", words::rate(rate)));
    match (d.verdict.outcome, d.verdict.harness.state) {
        (Some(Outcome::Sustained), _) => ("good", "SUSTAINED", wanted),
        (Some(Outcome::NotSustained), _) => ("bad", "NOT SUSTAINED", wanted),
        (Some(Outcome::InconclusiveHarness), _) | (None, HealthState::Invalid) => {
            ("warn", "INCONCLUSIVE", "the harness did not keep up: no result".to_owned())
        }
        (Some(Outcome::InconclusiveNoise), _) => {
            ("warn", "INCONCLUSIVE", d.verdict.unsaid().to_owned())
        }
        (None, HealthState::Valid | HealthState::Degraded) if d.window.sends => {
            let rate = words::rate(figure("accepted").unwrap_or(0.0));
            ("plain", "CLOSED LOOP", format!("{rate} accepted for {time}"))
        }
        (None, HealthState::Valid | HealthState::Degraded) => {
            ("plain", "RECEIVED", format!("for {time}"))
        }
    }
}

/// The measured time.
fn measured_seconds(d: &Document) -> f64 {
    d.window.measured_s.unwrap_or(d.window.to_s - d.window.from_s).max(0.0)
}

/// Where the rate was not sustained, what was answered in the drain would flatter it: then by the intervals.
fn rates(d: &Document) -> (&'static str, Vec<(String, String)>) {
    if d.verdict.outcome != Some(Outcome::NotSustained) {
        let rows = d
            .rate
            .iter()
            .filter(|(name, _)| *name != "target")
            .filter_map(|(name, rate)| Some((name, (*rate)?)))
            .filter(|(name, rate)| *name != "mo" || *rate > 0.0)
            .map(|(name, rate)| (name.to_owned(), words::rate(rate)))
            .collect();
        return ("", rows);
    }
    let sum = |pick: Count| d.measured_rows().map(pick).sum::<u64>() as f64;
    let seconds: f64 = d.measured_rows().map(|row| row.length_s).sum();
    if seconds <= 0.0 {
        return ("", Vec::new());
    }
    let figures: [(&str, Count); 5] = [
        ("scheduled", |r| r.scheduled),
        ("written", |r| r.written),
        ("accepted", |r| r.accepted),
        ("answered", |r| r.answered),
        ("receipts", |r| r.receipts),
    ];
    let rows = figures
        .iter()
        .map(|(name, pick)| ((*name).to_owned(), words::rate(sum(*pick) / seconds)))
        .collect();
    ("while the load was on", rows)
}

fn checks(d: &Document) -> Vec<Judged> {
    let mut all: Vec<&Reason> =
        d.verdict.reasons.iter().filter(|r| r.about != About::Harness).collect();
    // what decided comes first
    all.sort_by_key(|r| match r.ok {
        Some(false) => 0,
        None => 1,
        Some(true) => 2,
    });
    all.into_iter()
        .map(|reason| match reason.ok {
            Some(true) => ("good", "✓", reason.says()),
            Some(false) => ("bad", "✗", reason.says()),
            None => ("warn", "?", reason.says()),
        })
        .collect()
}

/// What did not hold, and how many did: beside other runs there is less room.
fn in_short(all: Vec<Judged>) -> Vec<Judged> {
    let (held, mut short): (Vec<Judged>, Vec<Judged>) =
        all.into_iter().partition(|c| c.0 == "good");
    match held.len() {
        0 => {}
        1 => short.extend(held),
        n => short.push(("good", "✓", format!("{n} checks held"))),
    }
    short
}

fn limiter(d: &Document) -> (&'static str, &'static str, Vec<String>) {
    let evidence = d.verdict.evidence.join("; ");
    let named = |name: &str| {
        if evidence.is_empty() { name.to_owned() } else { format!("{name}: {evidence}") }
    };
    let class = match d.verdict.limiter {
        Option::None => "plain",
        Some(Limiter::Harness | Limiter::Window) => "warn",
        Some(
            Limiter::SmscThrottle
            | Limiter::Connection
            | Limiter::Backpressure
            | Limiter::SmscLatency
            | Limiter::Receipts,
        ) => "bad",
        Some(Limiter::None) => "good",
    };
    let text = match d.verdict.limiter {
        Option::None => "not judged".to_owned(),
        Some(Limiter::Harness) if !d.verdict.allows_headline() => {
            Limiter::Harness.says().to_owned()
        }
        Some(limiter) => named(limiter.says()),
    };
    let mut lines = vec![text];
    if let (Some(law), true) = (&d.verdict.littles_law, d.verdict.allows_headline()) {
        lines.push(format!(
            "At {} and {} of service time {} are open at once, of {} window slots.",
            words::rate(law.rate),
            words::duration(law.service_ns),
            words::count(law.open.ceil() as u64),
            words::count(law.slots)
        ));
    }
    (class, "limiter", lines)
}

fn harness(d: &Document) -> (&'static str, &'static str, Vec<String>) {
    let h = &d.verdict.harness;
    let class = match h.state {
        HealthState::Valid => "good",
        HealthState::Degraded => "warn",
        HealthState::Invalid => "bad",
    };
    let lag = |ns: Option<u64>| ns.map(words::duration);
    let facts = [
        h.adherence.map(|a| format!("{} sent on time", words::percent(a))),
        lag(h.lag_p50_ns).map(|l| format!("lag p50 {l}")),
        lag(h.lag_p99_ns).map(|l| format!("p99 {l}")),
        lag(h.lag_max_ns).map(|l| format!("max {l}")),
        h.cpu_max.map(|c| format!("busiest worker {} of its core", words::percent(c))),
        h.steal.filter(|s| *s > 0.0).map(|s| format!("steal {}", words::percent(s))),
    ];
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    let first = if facts.is_empty() { String::new() } else { format!(": {}", facts.join(", ")) };
    let mut lines = vec![format!("{}{first}", h.state.name())];
    let failed = d.verdict.about(About::Harness).filter(|r| r.failed());
    lines.extend(failed.map(|r| format!("✗ {}", r.says())));
    (class, "harness", lines)
}

fn steady(d: &Document) -> (&'static str, &'static str, Vec<String>) {
    let s = &d.verdict.steady;
    let class = match s.steady {
        Some(true) => "good",
        Some(false) => "warn",
        None => "plain",
    };
    let mut lines = vec![s.reason.clone()];
    if let Some(needed) = s.warmup_needed_s {
        lines.push(format!("Warm-up too short: at least {}.", words::seconds(needed)));
    }
    (class, "steady", lines)
}

fn books(d: &Document) -> (&'static str, &'static str, Vec<String>) {
    let (class, word) = match d.ledger.balanced {
        Some(true) => ("good", "balanced: every submit_sm is accounted for"),
        Some(false) => ("bad", "DO NOT BALANCE: a bug of this tool"),
        None => ("plain", "not closed: the run was not over when this was saved"),
    };
    let mut lines = vec![word.to_owned()];
    lines.extend(d.books.iter().map(|line| format!("✗ {line}")));
    if let Some(tally) = &d.tally {
        lines.push(
            match (tally.agrees, tally.exact) {
                (true, true) => "The simulator's own tally agrees to the PDU.",
                (true, false) => {
                    "A connection was lost; the simulator's tally is within its bracket."
                }
                (false, _) => "The simulator's own tally DIFFERS:",
            }
            .to_owned(),
        );
        if !tally.agrees {
            lines.extend(tally.lines.iter().filter(|l| l.starts_with("DIFFERS")).cloned());
        }
    }
    (class, "books", lines)
}
