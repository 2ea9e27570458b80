//! A plan as a profile again: every key with what it came to mean, passwords redacted; and the command
//! line that runs the same. What is written here reads back as the same plan.
mod simulator;
#[cfg(test)]
mod tests;

use super::defaults::REDACTED;
use super::model::{
    Account, Address, AddressFrom, Binds, Content, Load, Message, PasswordFrom, Plan, PlannedTlv,
    Shape, Stage, Target, TlvValue,
};
use super::overrides::Overrides;
use super::profile::Source;
use crate::kit::{Nanos, Rate};
use crate::smpp::{CommandStatus, Tag};
use serde::Serialize;
use serde_json::{Value, json};

/// The resolved profile: the keys of CONTRACT.md, redacted, in a stable order.
pub fn resolved_json(plan: &Plan) -> Value {
    let guard = &plan.guard;
    let receipts = &plan.receipts;
    let timeouts = &plan.timeouts;
    let deliver = &plan.deliver;
    let gates: serde_json::Map<String, Value> = plan.gates.iter().cloned().collect();
    let simulator = plan.target.embedded.then(|| simulator::json(&plan.embedded));
    without_nulls(json!({
        "name": plan.name,
        "seed": plan.seed,
        "target": target(&plan.target),
        "guard": {
            "allow_target": guard.allow_target,
            "messages_max": guard.messages_max,
            "rate_max": guard.rate_max.map(rate),
            "binds_max": guard.binds_max,
            "destinations": guard.destinations,
            "foreign": if guard.foreign_stop { "stop" } else { "ack" },
            "closed_loop": guard.closed_loop,
        },
        "accounts": plan.accounts.iter().map(account).collect::<Value>(),
        "load": load(&plan.load, plan),
        "messages": plan.messages.iter().map(message).collect::<Value>(),
        "receipts": {
            "id_mode": word(receipts.id_mode),
            "final_states": receipts.final_states,
            "deadline": span(receipts.deadline),
            "outstanding_max": receipts.outstanding_max,
            "accept": word(receipts.accept),
            "per": word(receipts.per),
        },
        "deliver": {
            "delay": span(deliver.delay),
            "answers": deliver.answers.iter().map(status_share).collect::<Value>(),
            "no_answer": deliver.no_answer,
        },
        "timeouts": {
            "connect": span(timeouts.connect),
            "bind": span(timeouts.bind),
            "response": span(timeouts.response),
            "drain": span(timeouts.drain),
            "unbind": span(timeouts.unbind),
        },
        "gates": gates,
        "fleet": {
            "on_agent_loss": word(plan.fleet.on_agent_loss),
            "clock_uncertainty_max": span(plan.fleet.clock_uncertainty_max),
        },
        "embedded": simulator,
        "metrics": plan.metrics_listen.as_ref().map(|listen| {
            json!({ "listen": listen, "allow_remote": plan.metrics_allow_remote })
        }),
    }))
}

/// The command line that runs the same again, with the seed that was used. `verb`: `run`, `find rate`, ...
pub fn repro(verb: &str, source: &Source, overrides: &Overrides, plan: &Plan) -> String {
    let mut words = vec!["smppbench".to_string(), verb.to_string()];
    match source {
        Source::Quick => {}
        Source::File(path) => words.push(quoted(&path.display().to_string())),
        Source::Text { name, .. } => words.push(quoted(name)),
    }
    let overrides = Overrides { seed: Some(plan.seed), ..overrides.clone() };
    words.extend(overrides.arguments().iter().map(|word| quoted(word)));
    words.join(" ")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Drops the keys whose value is null: in a profile, they are absent.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_nulls(value)))
            .collect(),
        Value::Array(list) => list.into_iter().map(without_nulls).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

/// A span of time as a profile writes it.
fn span(span: Nanos) -> Value {
    humantime::format_duration(span.into()).to_string().into()
}

fn span_or_off(written: Option<Nanos>) -> Value {
    written.map_or_else(|| "off".into(), span)
}

/// A rate as a profile writes it, exactly.
pub(super) fn rate(rate: Rate) -> Value {
    let rate = rate.reduced();
    if rate.den == 1 {
        return rate.num.into();
    }
    for (unit, per) in [(1u64, ""), (60, "/min"), (3600, "/h")] {
        let scaled = Rate { num: rate.num.saturating_mul(unit), den: rate.den }.reduced();
        // a fraction has finitely many decimals where 10^k is a multiple of its denominator
        let digits = (0..18u32).find(|k| 10u64.pow(*k).is_multiple_of(scaled.den));
        if let Some(digits) = digits {
            let scale = 10u64.pow(digits);
            let value = u128::from(scaled.num) * u128::from(scale / scaled.den);
            let (whole, rest) = (value / u128::from(scale), value % u128::from(scale));
            let fraction = if digits == 0 {
                String::new()
            } else {
                format!(".{rest:0width$}", width = digits as usize)
            };
            return format!("{whole}{fraction}{per}").into();
        }
    }
    rate.as_f64().into()
}

/// An enum's word.
fn word(choice: impl Serialize) -> Value {
    serde_json::to_value(choice).unwrap_or(Value::Null)
}

fn status(status: u32) -> Value {
    CommandStatus(status).name().map_or_else(|| status.into(), Into::into)
}

fn status_share((code, share): &(u32, f64)) -> Value {
    json!({ "status": status(*code), "share": share })
}

fn target(target: &Target) -> Value {
    let one = match &target.addresses[..] {
        _ if target.embedded => Some("embedded".to_string()),
        [one] => Some(one.clone()),
        _ => None,
    };
    let several = one.is_none().then_some(&target.addresses);
    let tls = target.tls.as_ref();
    json!({
        "address": one,
        "addresses": several,
        "policy": word(target.policy),
        "tls": tls.is_some(),
        "tls_ca": tls.and_then(|tls| tls.ca.as_ref()),
        "tls_cert": tls.and_then(|tls| tls.cert.as_ref()),
        "tls_key": tls.and_then(|tls| tls.key.as_ref()),
        "tls_server_name": tls.and_then(|tls| tls.server_name.as_ref()),
        "tls_verify": tls.map(|tls| tls.verify),
        "source_addresses": target.source_addresses,
        "nodelay": target.nodelay,
        "send_buffer": target.send_buffer,
        "receive_buffer": target.receive_buffer,
        "keepalive": target.keepalive,
    })
}

fn account(account: &Account) -> Value {
    let (env, file) = match &account.password_from {
        PasswordFrom::Nowhere => (None, None),
        PasswordFrom::Env(name) => (Some(name), None),
        PasswordFrom::File(path) => (None, Some(path)),
    };
    json!({
        "name": account.name,
        "system_id": account.system_id,
        "password": (!account.password.0.is_empty()).then_some(REDACTED),
        "password_env": env,
        "password_file": file,
        "system_type": account.system_type,
        "interface_version": account.interface_version,
        "addr_ton": account.addr_ton,
        "addr_npi": account.addr_npi,
        "address_range": account.address_range,
        "weight": (account.binds.senders_count() > 0).then_some(account.weight),
        "binds": binds(&account.binds),
    })
}

fn binds(binds: &Binds) -> Value {
    let rebind = binds.rebind.map_or_else(
        || "off".into(),
        |r| json!({ "attempts_max": r.attempts_max, "min": span(r.min), "max": span(r.max) }),
    );
    json!({
        "type": word(binds.bind_type),
        "count": binds.count,
        "window": binds.window,
        "enquire_link": span_or_off(binds.enquire_link),
        "rate_max": rate(binds.rate_max.unwrap_or(Rate::ZERO)),
        "connect_rate": rate(binds.connect_rate.unwrap_or(Rate::ZERO)),
        "rebind": rebind,
    })
}

fn load(load: &Load, plan: &Plan) -> Value {
    let receive_only = plan.stages.is_empty();
    json!({
        "arrival": word(load.arrival),
        "window_full": word(load.window_full),
        "catch_up": load.catch_up.map_or_else(|| "all".into(), Value::from),
        "on_throttle": word(load.on_throttle),
        "attempts_max": load.attempts_max,
        "age_max": span(load.age_max),
        "retryable": load.retryable.iter().map(|code| status(*code)).collect::<Value>(),
        "precise": load.precise,
        "busy_poll": load.busy_poll,
        "workers": load.workers,
        "pin": load.pin,
        "stages": (!receive_only).then(|| plan.stages.iter().map(stage).collect::<Value>()),
        "receive_only_for": receive_only.then(|| span(plan.receive_only_for)),
    })
}

fn stage(stage: &Stage) -> Value {
    let (key, shape) = match &stage.shape {
        Shape::Hold(at) => ("hold", rate(*at)),
        Shape::Ramp(from, to) => ("ramp", json!([rate(*from), rate(*to)])),
        Shape::Stairs { from, to, step, each } => (
            "stairs",
            json!({ "from": rate(*from), "to": rate(*to), "step": rate(*step), "each": span(*each) }),
        ),
        Shape::Spike { base, peak, at, length } => (
            "spike",
            json!({ "base": rate(*base), "peak": rate(*peak), "at": span(*at), "for": span(*length) }),
        ),
        Shape::Sine { mean, amplitude, period } => (
            "sine",
            json!({ "mean": rate(*mean), "amplitude": rate(*amplitude), "period": span(*period) }),
        ),
        Shape::Max => ("max", true.into()),
    };
    json!({ "name": stage.name, key: shape, "for": span(stage.length), "measure": stage.measure })
}

fn message(message: &Message) -> Value {
    let (key, content) = match &message.content {
        Content::Text(text) => ("text", text.clone()),
        Content::Octets(octets) => ("octets", hex(octets)),
    };
    let written = |time: &String| (!time.is_empty()).then(|| time.clone());
    json!({
        "label": message.label,
        "weight": message.weight,
        "service_type": message.service_type,
        "source": address(&message.source),
        "destination": address(&message.destination),
        key: content,
        "data_coding": message.data_coding,
        "packed": message.packed,
        "long": word(message.long),
        "registered_delivery": message.registered_delivery,
        "esm_class": message.esm_class,
        "protocol_id": message.protocol_id,
        "priority": message.priority,
        "validity_period": written(&message.validity_period),
        "schedule_delivery_time": written(&message.schedule_delivery_time),
        "tlvs": message.tlvs.iter().map(tlv).collect::<Value>(),
    })
}

fn address(address: &Address) -> Value {
    let (key, from) = match &address.from {
        AddressFrom::Fixed(one) => ("fixed", one.clone().into()),
        AddressFrom::Range(first, last) => ("range", json!([first, last])),
        AddressFrom::List { file, .. } => ("file", file.clone().into()),
        AddressFrom::Random(pattern) => ("random", pattern.clone().into()),
    };
    json!({ key: from, "ton": address.ton, "npi": address.npi })
}

fn tlv(tlv: &PlannedTlv) -> Value {
    let tag = Tag(tlv.tag).name().map_or_else(|| Value::from(tlv.tag), Into::into);
    match &tlv.value {
        TlvValue::Int { value, octets } => json!({ "tag": tag, "int": value, "octets": octets }),
        TlvValue::Text(text) => json!({ "tag": tag, "text": text }),
        TlvValue::CString(text) => json!({ "tag": tag, "cstring": text }),
        TlvValue::Octets(octets) => json!({ "tag": tag, "hex": hex(octets) }),
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
