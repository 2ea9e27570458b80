//! The simulator's behaviour as TOML: `--behaviour FILE`, and `[embedded]` of a profile. Absent keys mean:
//! no latency, no error, nothing lost, no fault, and no limit but on what ESMEs may make it keep.
#[cfg(test)]
mod tests;

use super::behaviour::{
    Behaviour, Fault, Habits, Latency, Limits, Mo, Queue, ReceiptBehaviour, Response, Retry, Rule,
    Secret, SmscAccount, SmscTimers, SmscTls, Stall,
};
use super::error::PlanError;
use super::section::{Item, Read, Section};
use super::tree::Node;
use serde::Deserialize;
use std::path::Path;

const KEYS: &[&str] = &[
    "seed", "accounts", "limits", "response", "receipts", "mo", "timers", "rules", "faults", "tls",
    "habits",
];
const COUNT_MAX: usize = 1 << 32;
const WAITING_MAX: usize = 1 << 26;

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sessions {
    One,
    All,
}

/// Reads a behaviour file.
///
/// # Errors
/// The first mistake, in one line with its place.
pub fn load(path: &Path) -> Result<Behaviour, PlanError> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|e| {
        PlanError::new(&name, "", format!("cannot be read ({e}); give a behaviour file"))
    })?;
    parse_as(&name, &text)
}

/// Reads behaviour from TOML at hand.
///
/// # Errors
/// The first mistake, in one line with its line number.
pub fn parse(text: &str) -> Result<Behaviour, PlanError> {
    parse_as("behaviour", text)
}

fn parse_as(name: &str, text: &str) -> Result<Behaviour, PlanError> {
    let tree = Node::parse(name, text)?;
    behaviour(&Section::root(&tree, KEYS)?)
}

/// `[embedded]`.
pub(super) fn read(item: &Item<'_>) -> Read<Behaviour> {
    behaviour(&item.section(KEYS)?)
}

fn behaviour(root: &Section<'_>) -> Read<Behaviour> {
    Ok(Behaviour {
        seed: root.read("seed", |i| i.whole(0..=i64::MAX as u64))?.unwrap_or(0),
        accounts: root.each("accounts", account)?.unwrap_or_default(),
        limits: limits(root)?,
        response: response(root)?,
        receipts: receipts(root)?,
        mo: mo(root)?,
        timers: timers(root)?,
        rules: root.each("rules", rule)?.unwrap_or_default(),
        faults: root.each("faults", fault)?.unwrap_or_default(),
        tls: root.read("tls", tls)?,
        habits: habits(root)?,
    })
}

fn account(item: &Item<'_>) -> Read<SmscAccount> {
    let s = item.section(&["system_id", "password", "binds_max", "rate", "window"])?;
    let id = s.need("system_id")?;
    Ok(SmscAccount {
        system_id: id.ascii(64)?,
        password: s.read("password", |i| i.ascii(100).map(Secret))?,
        binds_max: s.read("binds_max", |i| i.whole(0..=COUNT_MAX))?,
        rate: s.read("rate", |i| i.rate_or_none())?.flatten(),
        window: s.read("window", |i| i.whole(1..=COUNT_MAX))?,
    })
}

fn limits(root: &Section<'_>) -> Read<Limits> {
    let keys = ["window", "on_window", "rate", "scope", "burst", "on_rate", "queue", "ghost_bind"];
    let s = root.section("limits", &keys)?;
    Ok(Limits {
        window: s.read("window", |i| i.whole(1..=COUNT_MAX))?,
        on_window: s.read("on_window", |i| i.choice())?.unwrap_or_default(),
        rate: s.read("rate", |i| i.rate_or_none())?.flatten(),
        scope: s.read("scope", |i| i.choice())?.unwrap_or_default(),
        burst: s.read("burst", |i| i.whole(0..=1u64 << 40))?,
        on_rate: s.read("on_rate", |i| i.choice())?.unwrap_or_default(),
        queue: s.read("queue", queue)?,
        ghost_bind: s.read("ghost_bind", |i| i.span_or_off())?.flatten(),
    })
}

fn queue(item: &Item<'_>) -> Read<Queue> {
    let s = item.section(&["size", "drain"])?;
    let need = |key: &str| s.need(key);
    Ok(Queue {
        size: need("size")?.whole(1..=1u64 << 40)?,
        drain: need("drain")?.rate_above_zero()?,
    })
}

/// `"20ms"` or one of the distributions.
fn latency(item: &Item<'_>) -> Read<Latency> {
    if item.as_text().is_some() {
        let span = item.span()?;
        return Ok(if span.0 == 0 { Latency::Zero } else { Latency::Constant(span) });
    }
    let s = item.section(&["uniform", "lognormal", "servers", "mean"])?;
    let need = |s: &Section<'_>, key: &str| s.need(key)?.span_above_zero();
    match s.given(&["uniform", "lognormal", "servers"])[..] {
        ["uniform"] => {
            let item = s.item("uniform").expect("it is given");
            let ends = item.list()?;
            let [low, high] = &ends[..] else {
                return Err(item.error("write two durations, [\"5ms\", \"9ms\"]"));
            };
            let (low, high) = (low.span()?, high.span()?);
            if low > high {
                return Err(item.error("the smaller one comes first; swap them"));
            }
            Ok(Latency::Uniform(low, high))
        }
        ["lognormal"] => {
            let item = s.item("lognormal").expect("it is given");
            let inner = item.section(&["median", "p99"])?;
            let (median, p99) = (need(&inner, "median")?, need(&inner, "p99")?);
            if p99 < median {
                return Err(inner.error_at("p99", "below the median; make it at least that"));
            }
            Ok(Latency::Lognormal { median, p99 })
        }
        ["servers"] => {
            let item = s.item("servers").expect("it is given");
            Ok(Latency::Servers { servers: item.whole(1..=1_000_000u32)?, mean: need(&s, "mean")? })
        }
        _ => Err(s.error(
            "write \"20ms\", { uniform = [..] }, { lognormal = { median, p99 } } \
             or { servers, mean }",
        )),
    }
}

fn response(root: &Section<'_>) -> Read<Response> {
    let s = root.section("response", &["latency", "stall", "errors", "lost", "id"])?;
    let errors = s.each("errors", |i| i.status_share())?.unwrap_or_default();
    if errors.iter().map(|(_, share)| share).sum::<f64>() > 1.0 + 1e-9 {
        return Err(s.error_at("errors", "the shares add up to more than 1; lower them"));
    }
    Ok(Response {
        latency: s.read("latency", latency)?.unwrap_or_default(),
        stall: s.read("stall", stall)?,
        errors,
        lost: share(&s, "lost")?,
        id: s.read("id", |i| i.choice())?.unwrap_or_default(),
    })
}

fn share(section: &Section<'_>, key: &str) -> Read<f64> {
    Ok(section.read(key, |i| i.share())?.unwrap_or(0.0))
}

fn stall(item: &Item<'_>) -> Read<Stall> {
    let s = item.section(&["every", "for"])?;
    let need = |key: &str| s.need(key)?.span_above_zero();
    let stall = Stall { every: need("every")?, length: need("for")? };
    if stall.length >= stall.every {
        return Err(s.error_at("for", "as long as `every`: it would never answer; shorten it"));
    }
    Ok(stall)
}

fn receipts(root: &Section<'_>) -> Read<ReceiptBehaviour> {
    let keys = [
        "delay",
        "rate",
        "states",
        "id",
        "format",
        "lost",
        "duplicate",
        "before_response",
        "intermediate",
        "other_bind",
        "window",
        "waiting_max",
        "retry",
    ];
    let s = root.section("receipts", &keys)?;
    Ok(ReceiptBehaviour {
        delay: s.read("delay", latency)?.unwrap_or_default(),
        rate: s.read("rate", |i| i.rate_or_none())?.flatten(),
        states: s.read("states", states)?.unwrap_or_default(),
        id: s.read("id", |i| i.choice())?.unwrap_or_default(),
        format: s.read("format", |i| i.choice())?.unwrap_or_default(),
        lost: share(&s, "lost")?,
        duplicate: share(&s, "duplicate")?,
        before_response: share(&s, "before_response")?,
        intermediate: share(&s, "intermediate")?,
        other_bind: s.read("other_bind", |i| i.flag())?.unwrap_or(false),
        window: s.read("window", |i| i.whole(1..=COUNT_MAX))?,
        waiting_max: s
            .read("waiting_max", |i| i.whole(1..=WAITING_MAX))?
            .unwrap_or(ReceiptBehaviour::WAITING_MAX),
        retry: s.read("retry", retry)?,
    })
}

/// `{ DELIVRD = 0.97, UNDELIV = 0.02 }`; what is left over is DELIVRD.
fn states(item: &Item<'_>) -> Read<Vec<(u8, f64)>> {
    let mut list = Vec::new();
    let mut sum = 0.0;
    for (word, item) in item.any_section()?.pairs() {
        let state = item.message_state(word)?;
        let share = item.share()?;
        sum += share;
        list.push((state, share));
    }
    if sum > 1.0 + 1e-9 {
        return Err(item.error(format!("the shares add up to {sum}; at most 1")));
    }
    // in one order, however they were written: the same seed is to draw the same states
    list.sort_by_key(|(state, _)| *state);
    Ok(list)
}

fn retry(item: &Item<'_>) -> Read<Retry> {
    let s = item.section(&["after", "max"])?;
    let after = s.need("after")?;
    let max = s.read("max", |i| i.whole(0..=1_000_000u32))?.unwrap_or(1);
    Ok(Retry { after: after.span_above_zero()?, max })
}

/// `[20, 160, 700]`, in octets.
fn lengths(item: &Item<'_>) -> Read<Vec<u16>> {
    item.list()?.iter().map(|length| length.whole(0..=60_000u16)).collect()
}

fn mo(root: &Section<'_>) -> Read<Mo> {
    let s = root.section("mo", &["rate", "texts", "lengths", "ticket_tlv"])?;
    Ok(Mo {
        rate: s.read("rate", |i| i.rate_or_none())?.flatten(),
        texts: s.read("texts", |i| i.texts())?.unwrap_or_default(),
        lengths: s.read("lengths", lengths)?.unwrap_or_default(),
        ticket_tlv: s.read("ticket_tlv", |i| i.flag())?.unwrap_or(false),
    })
}

fn timers(root: &Section<'_>) -> Read<SmscTimers> {
    let s = root.section("timers", &["session_init", "enquire_link", "inactivity", "response"])?;
    let span = |key: &str| -> Read<_> { Ok(s.read(key, |i| i.span_or_off())?.flatten()) };
    let init = s.read("session_init", |i| i.span_or_off())?;
    Ok(SmscTimers {
        session_init: init.unwrap_or(SmscTimers::default().session_init),
        enquire_link: span("enquire_link")?,
        inactivity: span("inactivity")?,
        response: span("response")?,
    })
}

fn rule(item: &Item<'_>) -> Read<Rule> {
    let s = item.section(&["destination", "status", "state", "err"])?;
    let to = s.need("destination")?;
    Ok(Rule {
        destination: to.ascii(64)?,
        status: s.read("status", |i| i.status())?,
        state: s.read("state", |i| i.message_state(&i.text()?))?,
        err: s.read("err", |i| i.ascii(16))?,
    })
}

fn fault(item: &Item<'_>) -> Read<Fault> {
    let s = item.section(&["kind", "at", "every", "share", "sessions"])?;
    let kind = s.need("kind")?;
    let fault = Fault {
        kind: kind.choice()?,
        at: s.read("at", |i| i.span())?,
        every: s.read("every", |i| i.span_above_zero())?,
        share: s.read("share", |i| i.share())?,
        all_sessions: s.read("sessions", |i| i.choice())?.unwrap_or(Sessions::One) == Sessions::All,
    };
    match s.given(&["at", "every", "share"]).len() {
        1 => Ok(fault),
        _ => Err(s.error("when? write one of at = \"3s\", every = \"5s\", share = 0.001")),
    }
}

fn tls(item: &Item<'_>) -> Read<SmscTls> {
    let s = item.section(&["certificate", "key", "client_ca"])?;
    let file = |i: &Item<'_>| Ok(i.place().file(&i.text()?).display().to_string());
    let need = |key: &str| s.need(key);
    Ok(SmscTls {
        certificate: file(&need("certificate")?)?,
        key: file(&need("key")?)?,
        client_ca: s.read("client_ca", file)?,
    })
}

fn habits(root: &Section<'_>) -> Read<Habits> {
    let s = root.section("habits", &["openmarket", "service_type", "sc_interface_version"])?;
    Ok(Habits {
        openmarket: s.read("openmarket", |i| i.flag())?.unwrap_or(false),
        service_type: s.read("service_type", |i| i.ascii(5))?.unwrap_or_default(),
        sc_interface_version: s.read("sc_interface_version", |i| i.whole(0..=255u8))?,
    })
}
