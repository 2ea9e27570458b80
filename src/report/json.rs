//! result.json: every key of CONTRACT.md in its order, `null` where a figure is undefined.
use super::escape::{mask_pdu, mask_profile};
use super::{Run, groups, ledger, transport};
use crate::judge::{
    Check, FIGURES, GateResult, GateValue, Judgement, PERCENTILES, Relation, Scope, Unit,
    statistics,
};
use crate::kit::{Nanos, utc_rfc3339};
use crate::measure::{
    Counts, IntervalRow, LATENCY_METRICS, Latency, Messages, Metric, RunRecord, Tally,
};
use crate::plan::Plan;
use crate::smpp::CommandStatus;
use serde_json::{Map, Value, json};

/// The version of the document.
pub const SCHEMA: &str = "smppbench.result/1";

/// result.json, as it stands in the run folder.
pub(super) fn render(run: &Run<'_>) -> Vec<u8> {
    let mut bytes =
        serde_json::to_vec_pretty(&result(run)).expect("a value without odd keys serialises");
    bytes.push(b'\n');
    bytes
}

/// The document as a value, its keys in the contract's order.
pub fn result(run: &Run<'_>) -> Value {
    let (record, judgement) = (run.record, run.judgement);
    let measured = &judgement.measured;
    let whole = record.sum(|_| true);
    let scope = Scope::whole(measured, record);
    json!({
        "schema": SCHEMA,
        "state": if record.cut_reason.is_some() { "partial" } else { "complete" },
        "tool": {
            "name": "smppbench",
            "version": run.version,
            "commit": run.commit,
        },
        "run": {
            "id": run.id,
            "name": run.plan.name,
            "started_at": utc_rfc3339(record.started_wall_ns),
            "duration_s": seconds(record.ended),
            "target": run.target,
            "seed": run.plan.seed,
            "repro": run.repro,
        },
        "profile": if run.show_content { run.profile.clone() } else { mask_profile(run.profile) },
        "environment": transport::environment(run),
        "window": {
            "from_s": seconds(measured.from),
            "to_s": seconds(measured.to),
            "cut_reason": record.cut_reason,
        },
        "verdict": verdict(judgement),
        "ledger": ledger::whole(record, &whole, judgement.books.balanced),
        "messages": messages(run),
        "rate": figures("rate", &scope),
        "ratio": figures("ratio", &scope),
        "statuses": statuses(&whole.statuses),
        "anomalies": anomalies(run),
        "outages": outages(record),
        "latency": latencies(judgement, record),
        "groups": groups::all(run),
        "intervals": record.intervals.iter().map(|r| interval(run.plan, record, r)).collect::<Vec<_>>(),
        "sessions": sessions(run),
        "gates": run.gates.iter().map(gate).collect::<Vec<_>>(),
        "first_throttle": first_throttle(run.record),
        "tally": run.tally.map(|t| json!({
            "agrees": t.agrees,
            "exact": t.exact,
            "lines": t.lines,
        })),
        "books": judgement.books.failures,
        "notes": judgement.notes,
        "warnings": run.warnings.iter().chain(&judgement.warnings).collect::<Vec<_>>(),
    })
}

fn verdict(j: &Judgement) -> Value {
    json!({
        "outcome": j.outcome,
        "limiter": j.limiter,
        "evidence": j.evidence,
        "explanation": j.explanation.as_ref().map(ToString::to_string),
        "harness": harness(j),
        "steady": {
            "steady": j.steady.steady,
            "reason": j.steady.reason,
            "samples": j.steady.samples,
            "warmup_needed_s": j.steady.warmup_needed.map(seconds),
        },
        "littles_law": j.littles_law.as_ref().map(|law| json!({
            "rate": law.rate,
            "service_ns": law.service.0,
            "open": law.open,
            "slots": law.slots,
            "window": law.window,
        })),
        "reasons": j.reasons.iter().map(check).collect::<Vec<_>>(),
    })
}

fn harness(j: &Judgement) -> Value {
    let h = &j.health;
    json!({
        "state": h.state,
        "adherence": h.adherence,
        "worst_second": h.worst_second.map(|(at, adherence)| {
            json!({ "at_s": at, "adherence": adherence })
        }),
        "lag_p50_ns": h.lag_p50.map(|n| n.0),
        "lag_p99_ns": h.lag_p99.map(|n| n.0),
        "lag_max_ns": h.lag_max.map(|n| n.0),
        "cpu_max": h.cpu_max,
        "cpu_worst_second": h.cpu_worst_second,
        "run_delay_max": h.run_delay_max,
        "busy_max": h.busy_max,
        "held_max": h.held_max,
        "loop_max_ns": h.loop_max.map(|n| n.0),
        "achieved": h.achieved,
        "send_gap_spread": h.send_gap_spread,
        "throttled": h.host.throttled,
        "steal": h.host.steal,
    })
}

/// Nanoseconds and counts as integers, shares and rates as they are.
fn number(value: Option<f64>, unit: Unit) -> Value {
    match (value, unit) {
        (Some(v), Unit::Nanoseconds | Unit::Count) if v.is_finite() => json!(v.round() as i64),
        (v, _) => json!(v),
    }
}

fn check(c: &Check) -> Value {
    let relation: Relation = c.relation;
    json!({
        "check": c.check,
        "value": number(c.value, c.unit),
        "limit": number(c.limit, c.unit),
        "ok": c.ok,
        "relation": relation,
        "unit": c.unit,
        "note": c.note,
    })
}

fn gate(g: &GateResult) -> Value {
    let value = match &g.value {
        Some(GateValue::Number(v)) => number(Some(*v), g.unit),
        Some(GateValue::Word(word)) => json!(word),
        None => Value::Null,
    };
    json!({
        "name": g.name,
        "expression": g.expression,
        "value": value,
        "outcome": g.outcome,
        "unit": g.unit,
        "why": g.why,
    })
}

/// A span in seconds.
pub(super) fn seconds(span: Nanos) -> f64 {
    span.as_secs_f64()
}

/// A block of the catalogue: `rate` or `ratio`.
pub(super) fn figures(block: &str, scope: &Scope<'_>) -> Value {
    let rows = FIGURES.iter().filter(|row| row.block == block);
    Value::Object(rows.map(|row| (row.name.to_owned(), json!((row.of)(scope)))).collect())
}

/// Whole messages: as counted where some have several parts; where each is one submit_sm, the ledger's own
/// figures (a message that was sent again ended as its last submit_sm did).
fn messages(run: &Run<'_>) -> Value {
    let several = run.labels.iter().any(|l| l.parts > 1);
    let m = if several { run.record.messages } else { single(&run.record.ledger()) };
    json!({
        "planned": m.planned,
        "complete": m.complete,
        "partial": m.partial,
        "failed": m.failed,
        "delivered": m.delivered,
    })
}

fn single(t: &Tally) -> Messages {
    Messages {
        planned: t.planned,
        complete: t.accepted,
        partial: 0,
        failed: t.planned.saturating_sub(t.accepted),
        delivered: t.by_state[2],
    }
}

/// When the SMSC first throttled, and how much was sent in that second; null: it never did.
fn first_throttle(record: &RunRecord) -> Value {
    record.intervals.iter().find(|row| row.tally.throttled > 0).map_or(Value::Null, |row| {
        let rate = row.tally.written as f64 / row.length.as_secs_f64();
        json!({ "at_s": row.at.as_secs_f64(), "rate": rate })
    })
}

/// By code, ascending.
pub(super) fn statuses(counts: &Counts<u32>) -> Value {
    let mut rows: Vec<(u32, u64)> = counts.iter().map(|(code, n)| (*code, n)).collect();
    rows.sort_unstable();
    let mut list: Vec<Value> = rows
        .into_iter()
        .map(|(code, count)| {
            json!({ "code": code, "name": CommandStatus(code).name(), "count": count })
        })
        .collect();
    if counts.other > 0 {
        list.push(json!({ "code": null, "name": "other", "count": counts.other }));
    }
    Value::Array(list)
}

fn anomalies(run: &Run<'_>) -> Value {
    let shown = |hex: &str| {
        if run.show_content { hex.to_owned() } else { mask_pdu(hex) }
    };
    run.record
        .anomalies
        .iter()
        .map(|a| json!({ "kind": a.kind, "count": a.count, "example_hex": shown(&a.example_hex) }))
        .collect()
}

fn outages(record: &RunRecord) -> Value {
    record
        .outages
        .iter()
        .map(|o| {
            json!({
                "session": o.session,
                "from_s": seconds(o.from),
                "to_s": o.to.map(seconds),
                "cause": o.cause,
                "lost": o.lost,
                "attempts": o.attempts,
            })
        })
        .collect()
}

fn latencies(j: &Judgement, record: &RunRecord) -> Value {
    let measured = &j.measured;
    let rows = LATENCY_METRICS.iter().map(|row| {
        let scheduled_only = matches!(row.metric, Metric::WindowWait | Metric::HarnessLag);
        let value = if scheduled_only && measured.closed {
            Value::Null
        } else if row.per_message {
            latency(measured.latency(row.metric))
        } else {
            record
                .whole
                .get(row.metric as usize - Metric::PER_MESSAGE_COUNT)
                .map_or(Value::Null, latency)
        };
        (row.name.to_owned(), value)
    });
    Value::Object(rows.collect())
}

/// One distribution, in integers of nanoseconds. A percentile that the sample does not support is null;
/// one among the censored is null too, with a bound beside it.
pub(super) fn latency(l: &Latency) -> Value {
    let mut map = Map::new();
    let ns = |n: Option<Nanos>| json!(n.map(|n| n.0));
    let rounded = |v: Option<f64>| json!(v.map(|v| v.round() as u64));
    map.insert("unit".into(), json!("ns"));
    map.insert("count".into(), json!(l.count()));
    map.insert("censored".into(), json!(l.censored_count()));
    map.insert("min".into(), ns(l.min()));
    map.insert("mean".into(), rounded(l.mean()));
    map.insert("stddev".into(), rounded(l.stddev()));
    let (mut intervals, mut bounds) = (Map::new(), Map::new());
    for (name, q) in PERCENTILES {
        let found = statistics::quantile(l, q);
        map.insert(name.to_owned(), ns(found.value));
        let interval = if found.supported && found.low.is_some() {
            json!([found.low.map(|n| n.0), found.high.map(|n| n.0)])
        } else {
            Value::Null
        };
        intervals.insert(name.to_owned(), interval);
        if let Some(at_least) = found.at_least {
            bounds.insert(format!("{name}_at_least"), json!(at_least.0));
        }
    }
    map.insert("max".into(), ns(l.max()));
    map.insert("ci".into(), Value::Object(intervals));
    map.insert("hdr".into(), if l.count() > 0 { json!(l.to_base64()) } else { Value::Null });
    map.extend(bounds);
    Value::Object(map)
}

fn interval(plan: &Plan, record: &RunRecord, row: &IntervalRow) -> Value {
    let t = &row.tally;
    let stage = row.stage.and_then(|n| plan.stages.get(usize::from(n))).map(|s| &s.name);
    let workers = record.workers.len().max(1) as f64;
    let full = row.gauges.window_full_ns as f64 / (row.length.0.max(1) as f64 * workers);
    let statuses: Map<String, Value> = row
        .statuses
        .iter()
        .map(|(code, count)| (CommandStatus(*code).to_string(), json!(count)))
        .collect();
    json!({
        "t_s": seconds(row.at),
        "length_s": seconds(row.length),
        "stage": stage,
        "scheduled": t.planned,
        "written": t.written,
        "accepted": t.accepted,
        "rejected": t.rejected,
        "answered": t.answered(),
        "receipts": t.receipts_final,
        "mo": row.mo,
        "timed_out": t.timed_out,
        "lost": t.lost,
        "in_flight": row.gauges.in_flight,
        "backlog": row.gauges.backlog,
        "awaited": row.gauges.awaited,
        "sessions_up": row.gauges.sessions_up,
        "window_full_ratio": full.min(1.0),
        "cpu_worst": row.cpu_worst,
        "statuses": statuses,
        "response_p50_ns": row.response.p50,
        "response_p90_ns": row.response.p90,
        "response_p99_ns": row.response.p99,
        "response_max_ns": row.response.max,
        "service_p50_ns": row.service.p50,
        "service_p99_ns": row.service.p99,
        "receipt_p50_ns": row.receipt.p50,
        "receipt_p99_ns": row.receipt.p99,
        "harness_lag_p99_ns": row.harness_lag.p99,
    })
}

fn sessions(run: &Run<'_>) -> Value {
    let accounts = &run.plan.accounts;
    let mut sessions: Vec<_> = run.record.sessions.iter().collect();
    sessions.sort_by_key(|s| s.id);
    sessions
        .into_iter()
        .map(|s| {
            json!({
                "id": s.id,
                "account": accounts.get(usize::from(s.account)).map(|a| &a.name),
                "role": s.role,
                "state": s.state,
                "written": s.written,
                "accepted": s.accepted,
                "rejected": s.rejected,
                "delivered": s.delivered,
                "response_p50_ns": s.response.as_ref().and_then(|l| l.quantile(0.5)).map(|n| n.0),
                "response_p99_ns": s.response.as_ref().and_then(|l| l.quantile(0.99)).map(|n| n.0),
                "reconnects": s.reconnects,
                "congestion_state": s.congestion_state,
                "tcp": transport::session(s.transport.as_ref()),
            })
        })
        .collect()
}
