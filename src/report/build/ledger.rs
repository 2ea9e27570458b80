//! The ledger of a document: every line of docs/reference/result.md, of a whole run or of a group.
use super::super::document::{
    Absent, ByErr, ByRule, ByState, ByTries, Ledger, LedgerLines, Mo, Receipts,
};
use super::super::escape::printable;
use crate::judge::statistics;
use crate::measure::{CellInterval, Counters, Counts, RunRecord, id_rule_name};
use crate::smpp::receipt::MessageState;
use serde_json::json;

/// The ledger of the whole run.
pub(super) fn whole(record: &RunRecord, cell: &CellInterval, balanced: bool) -> Ledger {
    let mut lines = lines(&cell.tally);
    lines.unknown_responses = Some(record.unknown_responses);
    let mut receipts = receipts(cell);
    receipts.unknown = Some(record.receipts_unknown);
    receipts.previous_run = Some(record.receipts_previous_run);
    for state in &mut receipts.by_state {
        let number = state.state.map_or(OTHER_STATE, |n| n as usize);
        let latency = &record.receipt_by_state[number];
        let at = |q: f64| Absent(Some(statistics::quantile(latency, q).value.map(|n| n.0)));
        state.receipt_p50_ns = at(0.5);
        state.receipt_p99_ns = at(0.99);
        state.receipt_max_ns = Absent(Some(latency.max().map(|n| n.0)));
    }
    let mo = Mo {
        received: record.mo_received,
        answered: mo_answered(record, &cell.tally),
        refused: record.deliver_refused,
        redelivered: record.redelivered,
    };
    let accepted_by_tries = by_tries(&cell.by_tries);
    Ledger { lines, receipts, accepted_by_tries, mo: Some(mo), balanced: Some(balanced) }
}

/// The ledger of a group, without counters that belong to no message.
pub(super) fn group(cell: &CellInterval) -> Ledger {
    Ledger {
        lines: lines(&cell.tally),
        receipts: receipts(cell),
        accepted_by_tries: by_tries(&cell.by_tries),
        mo: None,
        balanced: Some(cell.tally.balances()),
    }
}

fn by_tries(counts: &Counts<u8>) -> Vec<ByTries> {
    let mut all: Vec<ByTries> =
        counts.iter().map(|(tries, count)| ByTries { tries: u64::from(*tries), count }).collect();
    all.sort_by_key(|row| row.tries);
    all
}

/// Answers to deliver_sm are counted together; those that were not for receipts were for MO.
fn mo_answered(record: &RunRecord, t: &Counters) -> u64 {
    let receipts = t.receipts_final
        + t.receipts_duplicate
        + t.receipts_intermediate
        + t.receipts_late
        + t.receipts_for_ambiguous
        + record.receipts_unknown
        + record.receipts_previous_run;
    record.deliver_answered.saturating_sub(receipts).min(record.mo_received)
}

/// The lines that are counters of the same name.
fn lines(t: &Counters) -> LedgerLines {
    serde_json::from_value(json!(t)).expect("every line is a counter")
}

fn receipts(cell: &CellInterval) -> Receipts {
    let t = &cell.tally;
    Receipts {
        // optional receipts leave the number unknown
        expected: (t.receipts_may_come == 0).then_some(t.receipts_expected),
        final_: t.receipts_final,
        missing: t.receipts_missing,
        untracked: t.receipts_untracked,
        ambiguous: t.receipts_ambiguous,
        silent: t.receipts_silent,
        intermediate: t.receipts_intermediate,
        duplicate: t.receipts_duplicate,
        before_response: t.receipts_before_response,
        other_bind: t.receipts_other_bind,
        unknown: None,
        late: t.receipts_late,
        previous_run: None,
        by_state: by_state(t),
        by_err: by_err(&cell.by_err),
        by_rule: by_rule(&cell.by_rule),
        asked: Some(t.receipts_expected + t.receipts_may_come),
    }
}

/// The index of all states that the specification does not number.
const OTHER_STATE: usize = 10;

fn by_state(t: &Counters) -> Vec<ByState> {
    let states = t.by_state.iter().enumerate().filter(|(_, count)| **count > 0);
    states
        .map(|(number, count)| {
            let known = u8::try_from(number).ok().filter(|n| usize::from(*n) < OTHER_STATE);
            let name = known.map_or("other", |n| MessageState::from_wire(n).stat());
            ByState {
                state: known.map(u64::from),
                name: name.to_owned(),
                count: *count,
                receipt_p50_ns: Absent::default(),
                receipt_p99_ns: Absent::default(),
                receipt_max_ns: Absent::default(),
            }
        })
        .collect()
}

/// By name, ascending; what found no place in the table comes last.
fn named<K: PartialEq + Clone>(
    counts: &Counts<K>,
    name: impl Fn(&K) -> String,
) -> Vec<(String, u64)> {
    let mut rows: Vec<(String, u64)> = counts.iter().map(|(k, n)| (name(k), n)).collect();
    rows.sort();
    if counts.other > 0 {
        rows.push(("other".to_owned(), counts.other));
    }
    rows
}

fn by_err(counts: &Counts<[u8; 4]>) -> Vec<ByErr> {
    let rows = named(counts, |err| {
        let end = err.iter().position(|o| *o == 0).unwrap_or(err.len());
        printable(&String::from_utf8_lossy(&err[..end]))
    });
    rows.into_iter().map(|(err, count)| ByErr { err, count }).collect()
}

fn by_rule(counts: &Counts<u8>) -> Vec<ByRule> {
    let rows = named(counts, |rule| id_rule_name(*rule).unwrap_or("other").to_owned());
    rows.into_iter().map(|(rule, count)| ByRule { rule, count }).collect()
}
