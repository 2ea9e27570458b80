//! The simulator's behaviour as TOML's keys again.
use super::{rate, span, span_or_off, status, status_share, word};
use crate::kit::{Nanos, Rate};
use crate::plan::behaviour::{
    Behaviour, Fault, Latency, Limits, ReceiptBehaviour, Response, Rule, SmscAccount, SmscTimers,
};
use crate::plan::defaults::REDACTED;
use crate::smpp::receipt::MessageState;
use serde_json::{Value, json};

pub(super) fn json(behaviour: &Behaviour) -> Value {
    // destructured, so that a new key cannot be forgotten
    let Behaviour {
        seed,
        accounts,
        limits: bounds,
        response: answers,
        receipts: told,
        mo,
        timers: clocks,
        rules,
        faults,
        tls,
        habits,
    } = behaviour;
    json!({
        "seed": seed,
        "accounts": accounts.iter().map(account).collect::<Value>(),
        "limits": limits(bounds),
        "response": response(answers),
        "receipts": receipts(told),
        "mo": { "rate": or_zero(mo.rate), "texts": mo.texts, "lengths": mo.lengths, "ticket_tlv": mo.ticket_tlv },
        "timers": timers(*clocks),
        "rules": rules.iter().map(rule).collect::<Value>(),
        "faults": faults.iter().map(fault).collect::<Value>(),
        "tls": tls.as_ref().map(|tls| json!({
            "certificate": tls.certificate,
            "key": tls.key,
            "client_ca": tls.client_ca,
        })),
        "habits": {
            "openmarket": habits.openmarket,
            "service_type": habits.service_type,
            "sc_interface_version": habits.sc_interface_version,
        },
    })
}

/// 0 says: no limit.
fn or_zero(limit: Option<Rate>) -> Value {
    rate(limit.unwrap_or(Rate::ZERO))
}

fn account(account: &SmscAccount) -> Value {
    json!({
        "system_id": account.system_id,
        "password": account.password.as_ref().map(|_| REDACTED),
        "binds_max": account.binds_max,
        "rate": or_zero(account.rate),
        "window": account.window,
    })
}

fn limits(limits: &Limits) -> Value {
    let queue = limits.queue.map(|q| json!({ "size": q.size, "drain": rate(q.drain) }));
    json!({
        "window": limits.window,
        "on_window": word(limits.on_window),
        "rate": or_zero(limits.rate),
        "scope": word(limits.scope),
        "burst": limits.burst,
        "on_rate": word(limits.on_rate),
        "queue": queue,
        "ghost_bind": span_or_off(limits.ghost_bind),
    })
}

fn latency(latency: Latency) -> Value {
    match latency {
        Latency::Zero => span(Nanos::ZERO),
        Latency::Constant(constant) => span(constant),
        Latency::Uniform(low, high) => json!({ "uniform": [span(low), span(high)] }),
        Latency::Lognormal { median, p99 } => {
            json!({ "lognormal": { "median": span(median), "p99": span(p99) } })
        }
        Latency::Servers { servers, mean } => json!({ "servers": servers, "mean": span(mean) }),
    }
}

fn response(response: &Response) -> Value {
    let stall = response.stall;
    json!({
        "latency": latency(response.latency),
        "stall": stall.map(|s| json!({ "every": span(s.every), "for": span(s.length) })),
        "errors": response.errors.iter().map(status_share).collect::<Value>(),
        "lost": response.lost,
        "id": word(response.id),
    })
}

fn receipts(receipts: &ReceiptBehaviour) -> Value {
    let states: serde_json::Map<String, Value> =
        receipts.states.iter().map(|(state, share)| (stat(*state), (*share).into())).collect();
    json!({
        "delay": latency(receipts.delay),
        "rate": or_zero(receipts.rate),
        "states": states,
        "id": word(receipts.id),
        "format": word(receipts.format),
        "lost": receipts.lost,
        "duplicate": receipts.duplicate,
        "before_response": receipts.before_response,
        "intermediate": receipts.intermediate,
        "other_bind": receipts.other_bind,
        "window": receipts.window,
        "waiting_max": receipts.waiting_max,
        "retry": receipts.retry.map(|r| json!({ "after": span(r.after), "max": r.max })),
    })
}

fn stat(state: u8) -> String {
    MessageState::from_wire(state).stat().to_string()
}

fn timers(timers: SmscTimers) -> Value {
    json!({
        "session_init": span_or_off(timers.session_init),
        "enquire_link": span_or_off(timers.enquire_link),
        "inactivity": span_or_off(timers.inactivity),
        "response": span_or_off(timers.response),
    })
}

fn rule(rule: &Rule) -> Value {
    json!({
        "destination": rule.destination,
        "status": rule.status.map(status),
        "state": rule.state.map(stat),
        "err": rule.err,
    })
}

fn fault(fault: &Fault) -> Value {
    json!({
        "kind": word(fault.kind),
        "at": fault.at.map(span),
        "every": fault.every.map(span),
        "share": fault.share,
        "sessions": if fault.all_sessions { "all" } else { "one" },
    })
}
