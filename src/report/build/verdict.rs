//! Verdict, checks and gates of a document.
use super::super::document::{
    About, GateRow, Harness, LittlesLaw, Reason, Steadiness, Verdict, WorstSecond,
};
use crate::judge::{Check, GateResult, GateValue, Judgement, Unit};
use crate::kit::Nanos;
use serde_json::{Number, Value, json};

pub(super) fn verdict(j: &Judgement) -> Verdict {
    Verdict {
        outcome: j.outcome,
        limiter: j.limiter,
        evidence: j.evidence.clone(),
        explanation: j.explanation.as_ref().map(ToString::to_string),
        cause: j.explanation.as_ref().map(|e| e.cause.clone()),
        harness: harness(j),
        steady: Steadiness {
            steady: j.steady.steady,
            reason: j.steady.reason.clone(),
            samples: j.steady.samples as u64,
            warmup_needed_s: j.steady.warmup_needed.map(Nanos::as_secs_f64),
        },
        littles_law: j.littles_law.as_ref().map(|law| LittlesLaw {
            rate: law.rate,
            service_ns: law.service.0,
            open: law.open,
            slots: law.slots,
            window: law.window,
        }),
        reasons: j.reasons.iter().map(|c| reason(c, about(j, c))).collect(),
    }
}

fn harness(j: &Judgement) -> Harness {
    let h = &j.health;
    Harness {
        state: h.state,
        adherence: h.adherence,
        worst_second: h.worst_second.map(|(at_s, adherence)| WorstSecond { at_s, adherence }),
        lag_p50_ns: h.lag_p50.map(|n| n.0),
        lag_p99_ns: h.lag_p99.map(|n| n.0),
        lag_max_ns: h.lag_max.map(|n| n.0),
        cpu_max: h.cpu_max,
        cpu_worst_second: h.cpu_worst_second,
        run_delay_max: h.run_delay_max,
        busy_max: h.busy_max,
        held_max: h.held_max,
        loop_max_ns: h.loop_max.map(|n| n.0),
        achieved: h.achieved,
        send_gap_spread: h.send_gap_spread,
        throttled: h.host.throttled,
        steal: h.host.steal,
    }
}

/// Whom a check speaks of: the judgement keeps those of harness and steadiness apart as well.
fn about(j: &Judgement, check: &Check) -> About {
    if j.health.checks.contains(check) {
        About::Harness
    } else if j.steady.growths.contains(check) {
        About::Growth
    } else if j.steady.drifts.contains(check) {
        About::Drift
    } else {
        About::Smsc
    }
}

/// Nanoseconds and counts as integers, shares and rates as they are; None of what is not finite.
fn number(value: f64, unit: Unit) -> Option<Number> {
    match unit {
        _ if !value.is_finite() => None,
        Unit::Nanoseconds | Unit::Count => Some(Number::from(value.round() as i64)),
        Unit::PerSecond | Unit::Ratio | Unit::Word => Number::from_f64(value),
    }
}

fn reason(c: &Check, about: About) -> Reason {
    Reason {
        check: c.check.clone(),
        value: c.value.and_then(|v| number(v, c.unit)),
        limit: c.limit.and_then(|v| number(v, c.unit)),
        ok: c.ok,
        relation: c.relation,
        unit: c.unit,
        note: c.note.clone(),
        about,
    }
}

impl From<&GateResult> for GateRow {
    fn from(g: &GateResult) -> GateRow {
        let value = match &g.value {
            Some(GateValue::Number(v)) => json!(number(*v, g.unit)),
            Some(GateValue::Word(word)) => json!(word),
            None => Value::Null,
        };
        GateRow {
            name: g.name.clone(),
            expression: g.expression.clone(),
            value,
            outcome: g.outcome,
            unit: g.unit,
            why: g.why.clone(),
        }
    }
}
