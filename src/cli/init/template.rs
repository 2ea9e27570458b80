//! The profile's text: every section that a first profile needs, with a comment on each key.
use super::answers::Answers;
use crate::plan::{self, BuiltIn};
use serde_json::Value;
use std::fmt::Write;

/// Key that asks for a receipt.
const ASKED: &str = "registered_delivery";

/// The profile.
pub(super) fn profile(name: &str, file: &str, answers: &Answers) -> String {
    let mut out = head(name, file, answers);
    target(&mut out, answers);
    account(&mut out, answers);
    load(&mut out, answers);
    message(&mut out, answers);
    judged(&mut out, answers);
    simulator(&mut out, answers);
    if answers.target != "embedded" {
        behind(&mut out);
    }
    let ended: Vec<&str> =
        out.lines().map(|line| line.trim_end_matches(" # ").trim_end()).collect();
    ended.join("\n") + "\n"
}

/// A key with its value and what it is for.
fn key(out: &mut String, key: &str, value: &str, says: &str) {
    let _ = writeln!(out, "{:<31} # {says}", format!("{key} = {value}"));
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A number as it is, anything else as a text: the plan says what is wrong with it.
fn number(text: &str) -> String {
    if text.parse::<f64>().is_ok() { text.to_owned() } else { quoted(text) }
}

fn head(name: &str, file: &str, answers: &Answers) -> String {
    let provider = match answers.built_in() {
        None => String::new(),
        Some(BuiltIn { name, .. }) => {
            format!(
                "# It begins with what {name} documents; `smppbench run {name}` practises it against a simulator.\n"
            )
        }
    };
    format!(
        "# A profile of smppbench. Every key: `smppbench explain KEY`. The plan: `smppbench check {file}`.\n\
         {provider}\nname = {}\n",
        quoted(name)
    )
}

fn target(out: &mut String, answers: &Answers) {
    out.push_str("\n[target]\n");
    key(out, "address", &quoted(&answers.target), "\"embedded\" is the simulator in this process");
    if answers.tls {
        key(out, "tls", "true", "certificates are verified by the system's CAs, or by tls_ca");
    }
    out.push_str("\n[guard]                         # limits that protect live networks\n");
    if !answers.is_near() {
        let mark = if answers.is_allowed() { "" } else { "# " };
        let list = format!("[{}]", quoted(&answers.target));
        key(
            out,
            &format!("{mark}allow_target"),
            &list,
            "the target again: without it nothing is sent",
        );
        let most = answers.messages_max.unwrap_or_else(|| needed(answers)).to_string();
        key(out, &format!("{mark}messages_max"), &most, "submit_sm of a run, at most");
    } else if let Some(most) = answers.messages_max {
        key(out, "messages_max", &most.to_string(), "submit_sm of a run, at most");
    }
    key(out, "# destinations", "[\"4477009*\"]", "the only addresses that may be sent to");
}

/// Messages of warm-up and measured time, and some to spare.
fn needed(answers: &Answers) -> u64 {
    let rate: f64 = answers.rate.parse().unwrap_or(10.0);
    let span = humantime::parse_duration(&answers.duration).map_or(30.0, |d| d.as_secs_f64());
    ((rate * (span + 5.0) * 1.1).ceil() as u64).max(100)
}

fn account(out: &mut String, answers: &Answers) {
    out.push_str("\n[[accounts]]\n");
    key(out, "system_id", &quoted(&answers.system_id), "");
    match &answers.password_env {
        Some(variable) => {
            key(
                out,
                "password_env",
                &quoted(variable),
                "holds the password; or password_file = \"...\"",
            );
        }
        None => key(
            out,
            "# password_env",
            "\"SMPP_PASSWORD\"",
            "holds the password; or password_file = \"...\"",
        ),
    }
    let said = |pointer: &str| answers.documented(pointer).and_then(Value::as_str);
    if let Some(system_type) = said("/accounts/0/system_type").filter(|t| !t.is_empty()) {
        key(out, "system_type", &quoted(system_type), "as the provider wants it");
    }
    out.push_str("\n[binds]\n");
    key(out, "type", &quoted(&answers.bind_type), "transceiver, transmitter, receiver, or pair");
    key(out, "count", &number(&answers.binds), "sessions; with pair, pairs of sessions");
    key(out, "window", &number(&answers.window), "submit_sm in flight on a session, at most");
    let link = said("/accounts/0/binds/enquire_link").unwrap_or("30s");
    key(out, "enquire_link", &quoted(link), "after so much idle time, or \"off\"");
}

fn load(out: &mut String, answers: &Answers) {
    let said = answers.documented("/load/on_throttle").and_then(Value::as_str);
    out.push_str("\n[load]\n");
    key(out, "on_throttle", &quoted(said.unwrap_or("count")), "count, backoff, or retry");
    for (name, length, measure) in
        [("warm-up", "5s", false), ("measured", answers.duration.as_str(), true)]
    {
        let _ = writeln!(out, "\n[[load.stages]]\nname = {}", quoted(name));
        key(
            out,
            "hold",
            &number(&answers.rate),
            "submit_sm a second; \"90/min\" and \"5k\" work too",
        );
        key(out, "for", &quoted(length), "");
        if !measure {
            key(out, "measure", "false", "a warm-up is in the ledger, and not in the figures");
        }
    }
}

fn message(out: &mut String, answers: &Answers) {
    let asked = i32::from(answers.receipts != "off").to_string();
    let mut of_provider = answers.documented("/messages/0").and_then(Value::as_object).cloned();
    out.push_str("\n[[messages]]\n");
    match &mut of_provider {
        Some(message) => {
            message.remove("weight");
            message.insert(ASKED.to_owned(), i32::from(answers.receipts != "off").into());
            let tables = ["source", "destination", "tlvs"];
            let plain = |value: &Value| match value {
                Value::Null | Value::Bool(false) => true,
                Value::Number(number) => number.as_u64() == Some(0),
                Value::String(text) => text.is_empty(),
                Value::Array(list) => list.is_empty(),
                Value::Bool(true) | Value::Object(_) => false,
            };
            for (name, value) in message.iter().filter(|(name, v)| *name == ASKED || !plain(v)) {
                let written = toml_inline(value);
                let says = if tables.contains(&name.as_str()) {
                    "as the provider documents it"
                } else {
                    ""
                };
                key(out, name, &written, says);
            }
        }
        None => {
            key(
                out,
                "source",
                "\"447700900000\"",
                "source_addr; a name such as \"Shop\" is alphanumeric",
            );
            let range = "{ range = [\"447700900000\", \"447700900999\"] }";
            key(out, "destination", range, "numbers that nobody owns");
            let text = "\"Your parcel {seq} is on its way.\"";
            key(out, "text", text, "{seq}, {uuid}, {destination}, {time} are filled in");
            key(out, ASKED, &asked, "1 asks for a receipt, 0 does not");
        }
    }
}

/// A JSON value as TOML writes it within a line.
fn toml_inline(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(list) => {
            let items: Vec<String> = list.iter().map(toml_inline).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => {
            let pairs: Vec<String> =
                map.iter().map(|(key, value)| format!("{key} = {}", toml_inline(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        other => other.to_string(),
    }
}

fn judged(out: &mut String, answers: &Answers) {
    if answers.receipts != "off" {
        out.push_str("\n[receipts]\n");
        let said = answers.documented("/receipts/id_mode").and_then(Value::as_str);
        let says = "how ids are spelled: `smppbench explain receipts.id_mode`";
        key(out, "id_mode", &quoted(said.unwrap_or("exact")), says);
        key(out, "deadline", "\"30s\"", "a receipt that has not come by then is missing");
    }
    out.push_str(
        "\n[gates]                         # they decide the exit code: 5 where one fails\n",
    );
    if answers.gates.is_empty() {
        key(out, "\"verdict.outcome\"", "\"= sustained\"", "the target kept the rate");
        key(out, "\"ratio.rejected\"", "\"<= 0.1%\"", "refused, of those sent");
        if answers.receipts != "off" {
            key(out, "\"ratio.missing\"", "\"= 0\"", "accepted, and no receipt by the deadline");
        }
    }
    for gate in &answers.gates {
        let (metric, limit) = plan::split_gate(gate).unwrap_or((gate.trim(), ""));
        key(out, &quoted(metric), &quoted(limit.trim()), "");
    }
}

/// The simulator's behaviour, as the provider's profile has it.
fn simulator(out: &mut String, answers: &Answers) {
    let built_in = answers.built_in().filter(|_| answers.target == "embedded");
    let section = built_in.and_then(|one| one.text.find("\n[embedded").map(|at| &one.text[at..]));
    out.push_str(section.unwrap_or_default());
}

/// The side behind a gateway, for who tests one.
fn behind(out: &mut String) {
    out.push_str(
        "\n# Where the target is a gateway: the SMSC behind it, for `smppbench through`.\n",
    );
    out.push_str("# [upstream]\n");
    key(out, "# listen", "[\"127.0.0.1:2776\"]", "the gateway's client connects here");
    key(out, "# sessions", "1", "the binds that it makes; the load waits for them");
    let rewrites = "what it may change: `smppbench explain upstream.rewrites`";
    key(out, "# rewrites", "[]", rewrites);
}
