//! The verdict at a rate (docs/verdict.md, "Verdict at a rate"): outcome, limiter, and the checks behind them. It
//! decides from figures and prints nothing.
mod cause;
mod congestion;

pub use cause::Explanation;
pub(super) use cause::explanation;

use super::check::{Check, Relation, Unit};
use super::gates::{objectives, upper_limit};
use super::health::{Health, HealthState, limits};
use super::measured::Measured;
use super::outcome::{Limiter, Outcome};
use super::receipts::MissingShare;
use super::steady::{AWAITED_GROWTH, Steady};
use crate::kit::{
    Nanos,
    words::{self, counted_was},
};
use crate::measure::{Counters, Metric, Outage, RunRecord, Transport};
use crate::plan::Plan;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Little's law, N = X·R: how many messages a rate and a service time keep in flight.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LittlesLaw {
    /// X: messages per second.
    pub rate: f64,
    /// R: mean service time.
    #[serde(rename = "service_ns")]
    pub service: Nanos,
    /// N: submit_sm in flight on average.
    pub open: f64,
    /// Window slots of all senders.
    pub slots: u64,
    /// A sufficient window per bind, with a fifth to spare.
    pub window: u64,
}

/// Shares that a sustained rate must keep (docs/verdict.md, "Verdict at a rate").
const SENT_MIN: f64 = 0.999;
const ANSWERED_MIN: f64 = 0.999;
/// Rejected messages and missing receipts, unless a gate sets another limit.
const ERRORS_MAX: f64 = 0.001;
const MISSING_MAX: f64 = 0.001;
/// Checks that fail where messages queue up, in the harness or at the SMSC.
const PILES_UP: [&str; 4] =
    ["in_flight_growth", "backlog_growth", "sent_of_scheduled", "answered_of_sent"];

/// Whether work piled up: response times from the intended send then only reflect the run's length.
pub fn work_piled_up(outcome: Option<Outcome>, reasons: &[Check]) -> bool {
    let piles_up = |c: &Check| c.failed() && PILES_UP.contains(&c.check.as_str());
    outcome == Some(Outcome::NotSustained) && reasons.iter().any(piles_up)
}

/// Share of the time without a free slot from which on the window limits.
const WINDOW_FULL: f64 = 0.10;
/// Share of the response time, and mean, from which on waiting for the socket limits.
const WRITE_WAIT_SHARE: f64 = 0.10;
const WRITE_WAIT_MIN: Nanos = Nanos::from_millis(1);
/// Share of messages from which on throttling, losses and drops limit.
const MATTERS: f64 = 0.001;

/// The checks on the SMSC, without those on steadiness and the harness.
pub(super) fn checks(plan: &Plan, measured: &Measured) -> Vec<Check> {
    let t = measured.tally();
    let share = |part: u64, all: u64| (all > 0).then(|| part as f64 / all as f64);
    let mut checks = Vec::new();
    if !measured.sends {
        return checks;
    }
    if !measured.closed {
        let first_sends = t.written.saturating_sub(t.retries);
        checks.push(Check::ratio_at_least(
            "sent_of_scheduled",
            share(first_sends, t.planned),
            SENT_MIN,
        ));
    }
    checks.push(Check::ratio_at_least(
        "answered_of_sent",
        share(t.answered(), t.written),
        ANSWERED_MIN,
    ));
    let rejected_max = upper_limit(plan, "ratio.rejected").unwrap_or(ERRORS_MAX);
    let rejected = share(t.rejected, t.written);
    let mut rejected = Check::at_most("rejected_of_sent", rejected, rejected_max, Unit::Ratio);
    if t.throttled > 0 {
        rejected.note = Some(format!("{} of them throttled", words::count(t.throttled)));
    }
    checks.push(rejected);
    checks.extend(missing(plan, t));
    checks.extend(objectives(plan, measured));
    checks
}

/// The missing receipts. Undecided if untracked receipts could change the result.
fn missing(plan: &Plan, t: &Counters) -> Option<Check> {
    let missing = MissingShare::of(t)?;
    let limit = upper_limit(plan, "ratio.missing").unwrap_or(MISSING_MAX);
    let mut check = Check::at_most("receipts_missing", Some(missing.low), limit, Unit::Ratio);
    check.ok = missing.decide(|value| Relation::AtMost.holds(value, limit), limit);
    if check.ok.is_none() {
        check.value = missing.figure();
    }
    if missing.high > missing.low {
        check.note = Some(missing.why(t));
    }
    Some(check)
}

/// The outcome. None: a closed loop, or a run that sends nothing.
pub(super) fn outcome(
    measured: &Measured,
    health: &Health,
    steady: &Steady,
    checks: &[Check],
) -> Option<Outcome> {
    if measured.closed || !measured.sends {
        return None;
    }
    if measured.tally().planned == 0 {
        return Some(Outcome::InconclusiveNoise);
    }
    if health.state == HealthState::Invalid {
        return Some(Outcome::InconclusiveHarness);
    }
    if checks.iter().chain(&steady.growths).any(Check::failed) {
        return Some(Outcome::NotSustained);
    }
    let undecided = checks.iter().chain(&steady.growths).any(|c| c.ok.is_none());
    if undecided || steady.steady == Some(false) {
        return Some(Outcome::InconclusiveNoise);
    }
    Some(Outcome::Sustained)
}

/// What limited the run, with the evidence; what the SMSC said of its own load is the last. None: nothing was planned or
/// sent.
pub(super) fn limiter(
    plan: &Plan,
    record: &RunRecord,
    measured: &Measured,
    health: &Health,
    steady: &Steady,
    checks: &[Check],
) -> Option<(Limiter, Vec<String>)> {
    let (limiter, mut evidence) = first_cause(plan, record, measured, health, steady, checks)?;
    evidence.extend(congestion::evidence(record, measured, limiter));
    Some((limiter, evidence))
}

/// The first cause that applies, with its evidence.
fn first_cause(
    plan: &Plan,
    record: &RunRecord,
    measured: &Measured,
    health: &Health,
    steady: &Steady,
    checks: &[Check],
) -> Option<(Limiter, Vec<String>)> {
    let t = measured.tally();
    if t.planned == 0 || record.ledger().written == 0 {
        return None;
    }
    let written = t.written.max(1) as f64;
    if let Some(evidence) = harness_limits(measured, health) {
        return Some((Limiter::Harness, evidence));
    }
    let throttled = t.throttled as f64 / written;
    if throttled > MATTERS {
        let text = format!(
            "{} of {} submit_sm {} throttled ({})",
            words::count(t.throttled),
            words::count(t.written),
            words::was(t.throttled),
            words::percent(throttled)
        );
        return Some((Limiter::SmscThrottle, vec![text]));
    }
    if let Some(evidence) = connection_limits(plan, record, measured) {
        return Some((Limiter::Connection, evidence));
    }
    if let Some(evidence) = backpressure(record, measured) {
        return Some((Limiter::Backpressure, evidence));
    }
    let full = measured.window_full.unwrap_or(0.0);
    let dropped = t.dropped as f64 / t.planned.max(1) as f64;
    if (full >= WINDOW_FULL && messages_waited(measured)) || dropped > MATTERS {
        let of = words::percent(full);
        let mut evidence = vec![if is_capped(plan) {
            format!(
                "no session could send for {of} of the time: its window was full, or it was at its rate_max"
            )
        } else {
            format!("no window slot was free for {of} of the time")
        }];
        if t.dropped > 0 {
            evidence.push(format!("{} dropped for that reason", counted_was(t.dropped, "message")));
        }
        evidence.extend(answered_none(record, measured));
        return Some((Limiter::Window, evidence));
    }
    Some(late(steady, checks))
}

/// Whether the profile caps the rate of single sessions: a session at its cap has no free slot either.
pub(super) fn is_capped(plan: &Plan) -> bool {
    plan.accounts.iter().any(|account| account.binds.rate_max.is_some())
}

/// Whether messages waited for a free slot.
fn messages_waited(measured: &Measured) -> bool {
    let t = measured.tally();
    let (wait, response) = (Metric::WindowWait, Metric::Response);
    let sum = |metric| measured.latency(metric).sum_ns() as f64;
    measured.closed
        || t.accepted == 0
        || t.unsent + t.timed_out > 0
        || sum(wait) > MATTERS * sum(response)
}

/// Evidence that the SMSC answered nothing; None: it did answer. If it was silent from the start, nothing may have been
/// written in the measured time; the messages that filled the window before count then.
fn answered_none(record: &RunRecord, measured: &Measured) -> Option<String> {
    let (all, t) = (record.ledger(), measured.tally());
    let written = if t.written > 0 { t.written } else { all.written };
    let none = t.answered() == 0 && (t.written > 0 || all.answered() == 0);
    (none && written > 0).then(|| {
        let sent = counted_was(written, "message");
        format!("{sent} sent and the SMSC answered none")
    })
}

/// The limiter if the SMSC was late, with its answers or only with its receipts.
fn late(steady: &Steady, checks: &[Check]) -> (Limiter, Vec<String>) {
    let (receipts, answers): (Vec<&Check>, Vec<&Check>) = checks
        .iter()
        .filter(|c| {
            c.check == "answered_of_sent"
                || c.check == "receipts_missing"
                || c.unit == Unit::Nanoseconds
        })
        .chain(&steady.growths)
        .filter(|c| c.failed())
        .partition(|c| c.check.starts_with("receipt") || c.check == AWAITED_GROWTH);
    let says = |checks: Vec<&Check>| checks.into_iter().map(Check::says).collect();
    match (answers.is_empty(), receipts.is_empty()) {
        (false, _) => (Limiter::SmscLatency, says(answers)),
        (true, false) => (Limiter::Receipts, says(receipts)),
        (true, true) => {
            let failed = says(checks.iter().filter(|c| c.failed()).collect());
            let evidence = if failed.is_empty() {
                "nothing limited the rate in this run".to_owned()
            } else {
                format!("the rate was sustained; the verdict comes from {}", failed.join("; "))
            };
            (Limiter::None, vec![evidence])
        }
    }
}

/// Evidence that messages waited for sockets that took no octets; the kernel's figures are part of it.
fn backpressure(record: &RunRecord, measured: &Measured) -> Option<Vec<String>> {
    let wait = measured.latency(Metric::WriteWait);
    let response = measured.latency(Metric::Response).sum_ns().max(1) as f64;
    let mean = Nanos(wait.mean()? as u64);
    if wait.sum_ns() as f64 / response < WRITE_WAIT_SHARE || mean < WRITE_WAIT_MIN {
        return None;
    }
    let mut evidence = vec![format!(
        "messages waited {} on average because the socket took no octets",
        words::duration(mean.0)
    )];
    let sum = |of: fn(&Transport) -> Option<Nanos>| -> u64 {
        let transports = record.sessions.iter().filter_map(|s| s.transport.as_ref());
        transports.filter_map(of).map(|n| n.0).sum()
    };
    let busy = sum(|t| t.busy);
    if busy > 0 {
        let limited = sum(|t| t.rwnd_limited) as f64 / busy as f64;
        evidence.push(format!(
            "the SMSC's TCP receive window was full for {} of the busy time",
            words::percent(limited)
        ));
    }
    Some(evidence)
}

fn harness_limits(measured: &Measured, health: &Health) -> Option<Vec<String>> {
    let busy = health.cpu_max.filter(|cpu| *cpu > limits::CPU_CLOSED);
    match (health.state, measured.closed, busy) {
        (HealthState::Invalid, ..) => Some(health.failures().map(Check::says).collect()),
        (_, true, Some(cpu)) => {
            Some(vec![format!("the busiest worker used {} of its core", words::percent(cpu))])
        }
        (HealthState::Valid | HealthState::Degraded, ..) => None,
    }
}

/// Share of the measured time in which sessions were missing: from their outages if all are recorded, else from the
/// sessions bound at the end of each second.
fn share_down(plan: &Plan, record: &RunRecord, measured: &Measured) -> f64 {
    let sessions = plan.sessions_count() as u64;
    let (mut down, mut all, mut from, mut to) = (0.0, 0.0, Nanos::MAX, Nanos::ZERO);
    for row in measured.rows(record) {
        let length = row.length.as_secs_f64();
        all += length * sessions as f64;
        down += length * sessions.saturating_sub(row.gauges.sessions_up) as f64;
        (from, to) = (from.min(row.at), to.max(row.at + row.length));
    }
    // the outages that events caused are in the disturbed time
    let all_recorded = record.outages_more == 0 && measured.disturbed_spans.is_empty();
    if !record.outages.is_empty() && all_recorded {
        let within = |outage: &Outage| outage.to.unwrap_or(to).min(to).since(outage.from.max(from));
        down = record.outages.iter().map(|outage| within(outage).as_secs_f64()).sum();
        all = to.since(from).as_secs_f64() * sessions as f64;
    }
    if all > 0.0 { down / all } else { 0.0 }
}

/// Outages that began in undisturbed time.
fn undisturbed_outages(record: &RunRecord, measured: &Measured) -> u64 {
    let spans = &measured.disturbed_spans;
    if spans.is_empty() {
        return record.outages_count();
    }
    let is_disturbed = |at: Nanos| spans.iter().any(|(from, to)| *from <= at && at < *to);
    record.outages.iter().filter(|outage| !is_disturbed(outage.from)).count() as u64
}

fn connection_limits(plan: &Plan, record: &RunRecord, measured: &Measured) -> Option<Vec<String>> {
    let t = measured.tally();
    let down = share_down(plan, record, measured);
    let lost = t.lost as f64 / t.written.max(1) as f64;
    if lost <= MATTERS && down <= 0.01 {
        return None;
    }
    let mut evidence = Vec::new();
    if t.lost > 0 {
        let (lost, was) = (words::count(t.lost), words::was(t.lost));
        evidence.push(format!("{lost} submit_sm {was} in flight on connections that were lost"));
    }
    let undisturbed = undisturbed_outages(record, measured);
    if undisturbed > 0 {
        let outages = words::counted(undisturbed, "outage");
        evidence.push(format!("sessions had {outages}"));
    }
    if down > 0.0 {
        evidence.push(format!("sessions were missing for {} of the time", words::percent(down)));
    }
    Some(evidence)
}

/// How many messages the rate and the service time keep in flight. None: a closed loop, or no answers.
pub(super) fn littles_law(plan: &Plan, measured: &Measured) -> Option<LittlesLaw> {
    let rate = measured.target?;
    let service = measured.latency(Metric::Service).mean()?;
    let senders: u64 = plan.senders_count() as u64;
    let slots: u64 =
        plan.accounts.iter().map(|a| a.binds.senders_count() as u64 * a.binds.window as u64).sum();
    let open = rate * service / 1e9;
    let window = ((open * 1.2).ceil() as u64).div_ceil(senders.max(1)).max(1);
    Some(LittlesLaw { rate, service: Nanos(service.round() as u64), open, slots, window })
}

impl LittlesLaw {
    /// What the rate needs of the window. It is not what was seen in flight: that depends on the rate that was kept.
    pub fn needs(&self) -> String {
        format!(
            "Little's law: {} × {} mean service time keep {} submit_sm in flight on average; the windows hold {}",
            words::rate(self.rate),
            words::duration(self.service.0),
            words::digits_to(self.open, 2),
            words::count(self.slots)
        )
    }

    /// A sentence for a run that the window limited.
    pub fn says(&self) -> String {
        let need = self.needs();
        if self.open * 1.05 < self.slots as f64 {
            format!("{need}, which is enough on average: periods of slow answers filled them")
        } else {
            format!("{need}; a window of {} per bind is enough", self.window)
        }
    }
}

#[cfg(test)]
mod tests;
