//! The judgement of a record: every part of `judge` applied to it in turn, with notes and warnings.
use super::books::Books;
use super::check::Check;
use super::drift::{self, DriftRow};
use super::events::{self, EventRow};
use super::health::Health;
use super::measured::Measured;
use super::observed::{self, ObservedFigures};
use super::outcome::{Limiter, Outcome};
use super::steady::Steady;
use super::verdict::{self, Explanation, LittlesLaw};
use super::{fleet, receipts};
use crate::kit::{HostUse, Nanos, words};
use crate::measure::{ANSWERED_AS, Anomaly, Counters, Metric, RunRecord};
use crate::plan::Plan;

/// What a record means.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The measured part of the run. Everything except the ledger is about it.
    pub measured: Measured,
    /// Whether the ledger balances.
    pub books: Books,
    /// The harness.
    pub health: Health,
    /// Steadiness.
    pub steady: Steady,
    /// None: a closed loop, or a run that sends nothing.
    pub outcome: Option<Outcome>,
    /// None: nothing was written.
    pub limiter: Option<Limiter>,
    /// The evidence for the limiter.
    pub evidence: Vec<String>,
    /// The checks that made the outcome.
    pub reasons: Vec<Check>,
    /// Why response and service time differ, where they do.
    pub explanation: Option<Explanation>,
    /// How many messages rate and service time keep in flight.
    pub littles_law: Option<LittlesLaw>,
    /// What was observed beside the run.
    pub observed: Vec<ObservedFigures>,
    /// Drift by the minute; empty: the run was too short.
    pub drift: Vec<DriftRow>,
    /// The events, occurrence by occurrence.
    pub events: Vec<EventRow>,
    /// Notes for the reader.
    pub notes: Vec<String>,
    /// Warnings for the reader.
    pub warnings: Vec<String>,
}

/// How many receipts each id_mode would have matched; None: no receipts are both missing and unknown.
fn id_modes(plan: &Plan, record: &RunRecord) -> Option<String> {
    let mut modes = record.id_modes.clone();
    modes.sort_by_key(|m| std::cmp::Reverse(m.1));
    let best = modes.first()?;
    let own = serde_json::to_value(plan.receipts.id_mode).unwrap_or_default();
    let own = own.as_str().unwrap_or_default();
    let now = modes.iter().find(|mode| mode.0 == own).map_or(0, |mode| mode.1);
    let all: Vec<String> =
        modes.iter().map(|(name, n)| format!("{name} {}", words::count(*n))).collect();
    let advice = if best.1 > now {
        format!("set receipts.id_mode = \"{}\"", best.0)
    } else if now > 0 {
        format!("none would match more than \"{own}\", which is set")
    } else {
        "no id_mode matches: they may be foreign traffic".to_owned()
    };
    Some(format!(
        "some receipts are missing and some are unknown. Of {} sampled, each id_mode would have matched: {}; {advice}",
        words::count(record.ids_sampled),
        all.join(", "),
    ))
}

/// Judges a record.
pub fn judge(plan: &Plan, record: &RunRecord, host: &HostUse) -> Judgement {
    let measured = Measured::of(plan, record);
    let steady = Steady::of(plan, record, &measured);
    let settled = measured.tally().clone();
    judge_measured(plan, record, host, measured, steady, settled)
}

/// Judges the measured part of a record. `settled`: the counters that the outcome and its checks are of.
pub(super) fn judge_measured(
    plan: &Plan,
    record: &RunRecord,
    host: &HostUse,
    mut measured: Measured,
    steady: Steady,
    settled: Counters,
) -> Judgement {
    let health = Health::of(plan, record, &measured, host);
    let whole = std::mem::replace(&mut measured.cell.tally, settled);
    let mut reasons = verdict::checks(plan, &measured);
    let outcome = verdict::outcome(&measured, &health, &steady, &reasons);
    let limited = verdict::limiter(plan, record, &measured, &health, &steady, &reasons);
    measured.cell.tally = whole;
    let (limiter, mut evidence) = limited.map_or((None, Vec::new()), |(l, e)| (Some(l), e));
    if limiter.is_some_and(|limiter| limiter != Limiter::None) {
        evidence.extend(observed::rose_together(record, &measured));
    }
    let littles_law = verdict::littles_law(plan, &measured);
    let law = littles_law.as_ref();
    let explanation = verdict::explanation(plan, record, &measured, law, (limiter, health.state));
    let mut notes = Vec::new();
    let hint = limiter == Some(Limiter::Window) && !measured.closed && !verdict::is_capped(plan);
    if let Some(law) = littles_law.as_ref().filter(|_| hint) {
        notes.push(law.says());
    }
    notes.extend(undisturbed(&measured));
    if let Some(reason) = &record.cut_reason {
        notes.push(format!("the run ended early: {reason}"));
    }
    if !record.rate_changes.is_empty() {
        let changes: Vec<String> = record
            .rate_changes
            .iter()
            .map(|c| {
                format!("{} % of the plan at {}", c.percent, words::seconds(c.at.as_secs_f64()))
            })
            .collect();
        notes.push(format!("the operator changed the rate: {}", changes.join(", ")));
    }
    if steady.steady.is_none() && outcome.is_some() {
        notes.push(format!("steady state not judged: {}", steady.reason));
    }
    notes.extend(id_modes(plan, record));
    notes.extend(receipts::like_receipts(record));
    notes.extend(record.fleet.iter().flat_map(fleet::notes));
    let (observed, drift) =
        (observed::observed(plan, record, &measured), drift::drift(plan, record, &measured));
    notes.extend(observed::notes(&observed, &drift, &measured));
    let warnings = warnings(plan, record, &measured, &steady);
    reasons.extend(steady.growths.iter().chain(&steady.drifts).cloned());
    reasons.extend(health.checks.iter().cloned());
    Judgement {
        books: Books::of(plan, record),
        observed,
        drift,
        measured,
        health,
        steady,
        outcome,
        limiter,
        evidence,
        reasons,
        explanation,
        littles_law,
        events: events::rows(plan, record),
        notes,
        warnings,
    }
}

/// What part of the measured time the verdict is of. None: events disturbed none of it, or all.
fn undisturbed(measured: &Measured) -> Option<String> {
    let (disturbed, left) = (measured.disturbed, measured.time);
    let seconds = |time: Nanos| words::seconds(time.as_secs_f64());
    (disturbed > Nanos::ZERO && left > Nanos::ZERO).then(|| {
        format!(
            "events disturbed {} of the {} measured; the verdict is of the other {}",
            seconds(disturbed),
            seconds(disturbed + left),
            seconds(left)
        )
    })
}

fn warnings(plan: &Plan, record: &RunRecord, measured: &Measured, steady: &Steady) -> Vec<String> {
    let mut warnings: Vec<String> = record.fleet.iter().flat_map(fleet::warnings).collect();
    let answered_as = |a: &Anomaly| {
        let command = a.kind.strip_prefix(ANSWERED_AS)?;
        Some(format!(
            "{} submit_sm were answered with {command}, which is not their response: they count as timed out",
            words::count(a.count)
        ))
    };
    warnings.extend(record.anomalies.iter().filter_map(answered_as));
    if let Some(needed) = steady.warmup_needed_s {
        warnings
            .push(format!("the warm-up was too short; use at least {}", words::seconds(needed)));
    }
    let t = record.ledger();
    warnings.extend(receipts::warnings(plan, record, &t));
    // docs/smpp/in-the-wild.md, rows 1 to 3: the commonest support case of all
    let many = |part: u64, of: u64| of > 0 && part as f64 > 0.01 * of as f64;
    if many(t.receipts_missing, t.receipts_expected)
        && many(record.receipts_unknown, t.receipts_expected)
    {
        warnings.push(
            "receipts are missing and unknown receipts arrived: responses and receipts may spell the ids differently; \
             try another receipts.id_mode"
                .to_owned(),
        );
    }
    if measured.sends && measured.time == Nanos::ZERO {
        warnings.push(if measured.disturbed > Nanos::ZERO {
            "events disturbed the whole measured time, so there is no verdict: run longer, or let fewer events occur"
                .to_owned()
        } else {
            "no measured stage was reached, so there is no result".to_owned()
        });
    }
    let beyond = measured.latency(Metric::Response).censored_count();
    if beyond > 0 {
        let (have, count) = if beyond == 1 { ("has", "counts") } else { ("have", "count") };
        warnings.push(format!(
            "{} {have} no answer and {count} as \"at least this long\" in the percentiles",
            words::counted(beyond, "message")
        ));
    }
    warnings.extend(buffers_refused(plan, record));
    warnings.extend(observed::gaps(record));
    warnings
}

/// Socket buffers that the kernel made smaller than the profile asks for. It keeps twice of what is asked, the
/// half for its own books (socket(7)).
fn buffers_refused(plan: &Plan, record: &RunRecord) -> Vec<String> {
    let asked = [
        ("send_buffer", "net.core.wmem_max", plan.target.send_buffer),
        ("receive_buffer", "net.core.rmem_max", plan.target.receive_buffer),
    ];
    let line = |(key, limit, octets): (&str, &str, Option<usize>)| {
        let octets = octets? as u64;
        let carried = record.sessions.iter().filter_map(|s| s.transport.as_ref());
        let granted =
            carried.map(|t| if key == "send_buffer" { t.send_buffer } else { t.receive_buffer });
        let granted = granted.min()? / 2;
        (granted < octets).then(|| {
            let (granted, octets) = (words::count(granted), words::count(octets));
            format!(
                "target.{key}: the kernel granted {granted} octets, not {octets}; raise {limit}"
            )
        })
    };
    asked.into_iter().filter_map(line).collect()
}
