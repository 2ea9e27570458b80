//! `[receipts]`, `[deliver]`, `[timeouts]`, `[fleet]`, `[metrics]` and `[gates]`.
use crate::plan::defaults;
use crate::plan::guard::is_loopback;
use crate::plan::model::{Deliver, Fleet, Receipts, Timeouts};
use crate::plan::section::{Read, Section};

const OUTSTANDING_MAX: usize = 1 << 32;

pub(super) fn receipts(root: &Section<'_>) -> Read<Receipts> {
    let keys = ["id_mode", "final_states", "deadline", "outstanding_max", "accept", "per"];
    let section = root.section("receipts", &keys)?;
    let base = defaults::receipts();
    let states = section.read("final_states", |i| i.texts())?;
    if states.as_ref().is_some_and(Vec::is_empty) {
        let why = "is empty; no receipt would ever count, write at least \"DELIVRD\"";
        return Err(section.error_at("final_states", why));
    }
    Ok(Receipts {
        id_mode: section.read("id_mode", |i| i.choice())?.unwrap_or(base.id_mode),
        final_states: states.unwrap_or(base.final_states),
        deadline: section.read("deadline", |i| i.span_above_zero())?.unwrap_or(base.deadline),
        outstanding_max: section
            .read("outstanding_max", |i| i.whole(1..=OUTSTANDING_MAX))?
            .unwrap_or(base.outstanding_max),
        accept: section.read("accept", |i| i.choice())?.unwrap_or(base.accept),
        per: section.read("per", |i| i.choice())?.unwrap_or(base.per),
    })
}

pub(super) fn deliver(root: &Section<'_>) -> Read<Deliver> {
    let section = root.section("deliver", &["delay", "answers", "no_answer"])?;
    let base = defaults::deliver();
    let deliver = Deliver {
        delay: section.read("delay", |i| i.span())?.unwrap_or(base.delay),
        answers: section.each("answers", |i| i.status_share())?.unwrap_or(base.answers),
        no_answer: section.read("no_answer", |i| i.share())?.unwrap_or(base.no_answer),
    };
    let sum: f64 = deliver.answers.iter().map(|(_, share)| share).sum();
    if sum + deliver.no_answer > 1.0 + 1e-9 {
        let why = format!("the shares add up to {}; at most 1", sum + deliver.no_answer);
        return Err(section.error_at("answers", why));
    }
    Ok(deliver)
}

pub(super) fn timeouts(root: &Section<'_>) -> Read<Timeouts> {
    let section = root.section("timeouts", &["connect", "bind", "response", "drain", "unbind"])?;
    let base = defaults::TIMEOUTS;
    let span = |key: &str| section.read(key, |i| i.span_above_zero());
    Ok(Timeouts {
        connect: span("connect")?.unwrap_or(base.connect),
        bind: span("bind")?.unwrap_or(base.bind),
        response: span("response")?.unwrap_or(base.response),
        drain: section.read("drain", |i| i.span())?.unwrap_or(base.drain),
        unbind: span("unbind")?.unwrap_or(base.unbind),
    })
}

/// What holds where several machines run it.
pub(super) fn fleet(root: &Section<'_>) -> Read<Fleet> {
    let section = root.section("fleet", &["on_agent_loss", "clock_uncertainty_max"])?;
    let base = Fleet::default();
    let clock = section.read("clock_uncertainty_max", |i| i.span_above_zero())?;
    Ok(Fleet {
        on_agent_loss: section.read("on_agent_loss", |i| i.choice())?.unwrap_or(base.on_agent_loss),
        clock_uncertainty_max: clock.unwrap_or(base.clock_uncertainty_max),
    })
}

/// Where OpenMetrics are served, and whether anybody but this machine may read them.
pub(super) fn metrics(root: &Section<'_>) -> Read<(Option<String>, bool)> {
    let section = root.section("metrics", &["listen", "allow_remote"])?;
    let listen = section.read("listen", |i| i.address(true))?;
    let allow_remote = section.read("allow_remote", |i| i.flag())?.unwrap_or(false);
    if listen.as_deref().is_some_and(|l| !is_loopback(l)) && !allow_remote {
        let why = "is not loopback: whoever reaches it can read the run's figures; \
                   --metrics-allow-remote (metrics.allow_remote = true) allows that";
        return Err(section.error_at("listen", why));
    }
    Ok((listen, allow_remote))
}

/// As written: what a gate means is judged where the metrics are known.
pub(super) fn gates(root: &Section<'_>) -> Read<Vec<(String, serde_json::Value)>> {
    let Some(item) = root.item("gates") else { return Ok(Vec::new()) };
    let gate_keys = ["is", "for", "stage", "abort_after"];
    let mut gates = Vec::new();
    for (metric, gate) in item.any_section()?.pairs() {
        // `response.p99 = "..."` without quotes is a table of its own in TOML
        if gate.as_text().is_none() {
            let section = gate.section(&gate_keys).map_err(|e| {
                let hint =
                    format!("write the metric in quotes, [gates] \"{metric}...\" = \"< 50ms\"");
                if gate.is_table() {
                    gate.error(format!("not a gate; {hint}, or {{ is = ... }}"))
                } else {
                    e
                }
            })?;
            let is = section.need("is")?;
            is.text()?;
            section.read("for", |i| i.span_above_zero())?;
            section.read("abort_after", |i| i.span())?;
            section.read("stage", |i| i.text())?;
        }
        gates.push((metric.to_string(), gate.json()));
    }
    Ok(gates)
}
