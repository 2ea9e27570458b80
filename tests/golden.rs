//! One run on the virtual clock, whose every figure is kept: a change of the hot path that leaves behaviour
//! alone leaves `tests/fixtures/golden.json` alone. Where a change of behaviour is meant, look at what moved
//! and renew it: `SMPPBENCH_RENEW=1 cargo test --test golden`.
use serde_json::{Map, Value, json};
use smppbench::measure::{CellInterval, LATENCY_METRICS, Latency, NoObserver, RunRecord};
use smppbench::plan::{self, Overrides, Source};
use smppbench::trial::{Memory, Trial};
use std::path::Path;

/// Something of everything: two workers, open and closed loops, parts, a window that fills, answers that are
/// late, refused or lost, receipts that are lost, doubled, early or on another bind.
const PROFILE: &str = r#"
    seed = 11
    binds = { count = 6, window = 8 }
    timeouts = { response = "400ms" }
    receipts = { deadline = "1s" }
    [load]
    workers = 2
    stages = [
        { name = "warm-up", hold = 500, for = "1s", measure = false },
        { name = "hold", hold = 3000, for = "2s" },
        { name = "ramp", ramp = [100, 6000], for = "1s" },
        { name = "closed", max = true, for = "500ms" },
    ]
    [[messages]]
    label = "short"
    weight = 3
    registered_delivery = 1
    text = "golden"
    [[messages]]
    label = "long"
    registered_delivery = 1
    text = "A text of more than one hundred and sixty octets goes in two parts, each of which is a submit_sm of its own with a receipt of its own; the whole has arrived when both of them have."
    [embedded]
    seed = 5
    response.latency = { uniform = ["1ms", "12ms"] }
    response.errors = [{ status = "ESME_RSUBMITFAIL", share = 0.01 }]
    response.lost = 0.002
    receipts.delay = { uniform = ["2ms", "300ms"] }
    receipts.states = { DELIVRD = 0.95, UNDELIV = 0.05 }
    receipts.lost = 0.01
    receipts.duplicate = 0.02
    receipts.before_response = 0.03
    receipts.intermediate = 0.05
    receipts.other_bind = true
"#;

fn distribution(latency: &Latency) -> Value {
    let at = |q: f64| latency.quantile(q).map(|n| n.0);
    json!({
        "count": latency.count(), "censored": latency.censored_count(),
        "min": latency.min().map(|n| n.0), "p50": at(0.5), "p90": at(0.9), "p99": at(0.99),
        "max": latency.max().map(|n| n.0), "sum": latency.sum_ns().to_string(),
    })
}

fn counters(cell: &CellInterval) -> Value {
    let mut fields: Map<String, Value> =
        cell.tally.fields().into_iter().map(|(name, n)| (name.to_owned(), n.into())).collect();
    fields.insert("by_state".to_owned(), json!(cell.tally.by_state));
    let statuses: Map<String, Value> =
        cell.statuses.iter().map(|(status, n)| (status.to_string(), n.into())).collect();
    fields.insert("statuses".to_owned(), statuses.into());
    fields.into()
}

fn cells(record: &RunRecord) -> Vec<Value> {
    let cell = |(key, cell): &(smppbench::measure::CellKey, CellInterval)| {
        let metrics: Map<String, Value> = LATENCY_METRICS
            .iter()
            .filter(|row| row.per_message)
            .map(|row| (row.name.to_owned(), distribution(cell.metric(row.metric))))
            .collect();
        json!({
            "stage": key.stage, "label": key.label, "tally": counters(cell), "latency": metrics,
        })
    };
    record.cells.iter().map(cell).collect()
}

#[test]
fn a_run_with_a_fixed_seed_on_the_virtual_clock_gives_the_figures_it_always_gave() {
    let source = Source::Text { name: "golden.toml".into(), text: PROFILE.into() };
    let plan = plan::load(&source, &Overrides::default()).expect("the profile is sound");
    let mut memory = Memory::default();
    let record = memory.run(&plan, &mut NoObserver).expect("it binds");
    assert!(record.ledger().balances());
    let now = json!({
        "load_ended": record.load_ended, "ended": record.ended,
        "send_gaps": distribution(&record.send_gaps),
        "whole": record.whole.iter().map(distribution).collect::<Vec<_>>(),
        "receipt_by_state": record.receipt_by_state.iter().map(distribution).collect::<Vec<_>>(),
        "messages": record.messages, "sessions_accepted": record.sessions.iter().map(|s| s.accepted).collect::<Vec<_>>(),
        "receipts_unknown": record.receipts_unknown, "deliver_answered": record.deliver_answered,
        "rows": record.intervals.iter().map(|r| (r.tally.written, r.tally.accepted)).collect::<Vec<_>>(),
        "cells": cells(&record),
    });
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden.json");
    if std::env::var_os("SMPPBENCH_RENEW").is_some() {
        std::fs::write(&path, format!("{now:#}\n")).expect("the fixture can be written");
    }
    let kept = std::fs::read_to_string(&path).expect("the fixture is there");
    let kept: Value = serde_json::from_str(&kept).expect("the fixture is JSON");
    let mut moved = Vec::new();
    differences("", &kept, &now, &mut moved);
    assert!(moved.is_empty(), "{} figures moved:\n{}", moved.len(), moved.join("\n"));
}

/// Every place where the two differ, with both values.
fn differences(at: &str, kept: &Value, now: &Value, into: &mut Vec<String>) {
    match (kept, now) {
        (Value::Object(a), Value::Object(b)) if a.len() == b.len() => {
            for (key, value) in a {
                differences(
                    &format!("{at}/{key}"),
                    value,
                    b.get(key).unwrap_or(&Value::Null),
                    into,
                );
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                differences(&format!("{at}/{index}"), a, b, into);
            }
        }
        _ if kept != now => into.push(format!("{at}: {kept} -> {now}")),
        _ => {}
    }
}
