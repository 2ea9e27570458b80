//! The ledger as JSON: every line of CONTRACT.md, of a whole run or of a group.
use super::escape::printable;
use crate::judge::{LEDGER, statistics};
use crate::measure::{CellInterval, Counts, ID_RULES, RunRecord, Tally};
use crate::smpp::receipt::MessageState;
use serde_json::{Map, Value, json};

/// The ledger of the whole run.
pub(super) fn whole(record: &RunRecord, cell: &CellInterval, balanced: bool) -> Value {
    let mut map = lines(&cell.tally);
    map.insert("unknown_responses".into(), json!(record.unknown_responses));
    // the contract's order: what is unknown stands before what is self-inflicted
    let self_inflicted = map.shift_remove("self_inflicted_throttles").unwrap_or(Value::Null);
    map.insert("self_inflicted_throttles".into(), self_inflicted);
    let besides = json!({
        "unknown": record.receipts_unknown,
        "late": cell.tally.receipts_late,
        "previous_run": record.receipts_previous_run,
    });
    let mut all = receipts(cell, &besides);
    all["by_state"] = timed_states(record, &cell.tally);
    map.insert("receipts".into(), all);
    map.insert(
        "mo".into(),
        json!({
            "received": record.mo_received,
            "answered": mo_answered(record, &cell.tally),
            "refused": record.deliver_refused,
            "redelivered": record.redelivered,
        }),
    );
    map.insert("balanced".into(), json!(balanced));
    Value::Object(map)
}

/// deliver_sm are answered alike, receipts and MO: of those answered, what is left when the receipts are
/// taken out is MO.
fn mo_answered(record: &RunRecord, t: &Tally) -> u64 {
    let receipts = t.receipts_final
        + t.receipts_duplicate
        + t.receipts_intermediate
        + t.receipts_late
        + record.receipts_unknown
        + record.receipts_previous_run;
    record.deliver_answered.saturating_sub(receipts).min(record.mo_received)
}

/// The ledger of a group: without what no message owns.
pub(super) fn group(cell: &CellInterval) -> Value {
    let mut map = lines(&cell.tally);
    let besides = json!({
        "unknown": null,
        "late": cell.tally.receipts_late,
        "previous_run": null,
    });
    map.insert("receipts".into(), receipts(cell, &besides));
    map.insert("balanced".into(), json!(cell.tally.balances()));
    Value::Object(map)
}

fn lines(tally: &Tally) -> Map<String, Value> {
    LEDGER.iter().map(|(name, count)| ((*name).to_owned(), json!(count(tally)))).collect()
}

fn receipts(cell: &CellInterval, besides: &Value) -> Value {
    let t = &cell.tally;
    // where silence may be right, nobody can say how many are expected
    let expected = (t.receipts_may_come == 0).then_some(t.receipts_expected);
    json!({
        "expected": expected,
        "final": t.receipts_final,
        "missing": t.receipts_missing,
        "untracked": t.receipts_untracked,
        "silent": t.receipts_silent,
        "intermediate": t.receipts_intermediate,
        "duplicate": t.receipts_duplicate,
        "before_response": t.receipts_before_response,
        "other_bind": t.receipts_other_bind,
        "unknown": besides["unknown"],
        "late": besides["late"],
        "previous_run": besides["previous_run"],
        "by_state": by_state(t),
        "by_err": by_key("err", &cell.by_err, |err| {
            let end = err.iter().position(|o| *o == 0).unwrap_or(err.len());
            printable(&String::from_utf8_lossy(&err[..end]))
        }),
        "by_rule": by_key("rule", &cell.by_rule, |rule| {
            ID_RULES.get(usize::from(*rule)).copied().unwrap_or("other").to_owned()
        }),
    })
}

/// The states of the whole run with their receipt times (from the intended send).
fn timed_states(record: &RunRecord, t: &Tally) -> Value {
    let mut states = by_state(t);
    for state in states.as_array_mut().into_iter().flatten() {
        let number = state["state"].as_u64().map_or(10, |n| n as usize);
        let latency = &record.receipt_by_state[number];
        let ns = |q: f64| statistics::quantile(latency, q).value.map(|n| n.0);
        state["receipt_p50_ns"] = json!(ns(0.5));
        state["receipt_p99_ns"] = json!(ns(0.99));
        state["receipt_max_ns"] = json!(latency.max().map(|n| n.0));
    }
    states
}

/// `DELIVRD` for 2; the eleventh place holds all others.
pub(super) fn state_name(state: usize) -> &'static str {
    u8::try_from(state)
        .ok()
        .filter(|n| *n < 10)
        .map_or("other", |n| MessageState::from_wire(n).stat())
}

fn by_state(t: &Tally) -> Value {
    t.by_state
        .iter()
        .enumerate()
        .filter(|(_, count)| **count > 0)
        .map(|(state, count)| {
            let number = (state < 10).then_some(state);
            json!({ "state": number, "name": state_name(state), "count": count })
        })
        .collect()
}

fn by_key<K: PartialEq + Clone>(
    key: &str,
    counts: &Counts<K>,
    name: impl Fn(&K) -> String,
) -> Value {
    let mut rows: Vec<(String, u64)> = counts.iter().map(|(k, n)| (name(k), n)).collect();
    rows.sort();
    let mut list: Vec<Value> =
        rows.into_iter().map(|(name, count)| json!({ key: name, "count": count })).collect();
    if counts.other > 0 {
        list.push(json!({ key: "other", "count": counts.other }));
    }
    Value::Array(list)
}
