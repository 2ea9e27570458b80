//! Blocks of the summary that any run has: the ledger, which must be seen to balance, and the statuses.
use super::table::{fill, table};
use super::text::{Ink, Style};
use super::{Run, ledger};
use crate::judge::{TallyCheck, receipts_asked, words};
use crate::smpp::CommandStatus;

/// `name  total = a + b + c`, leaving out what is zero, save the first.
fn equation(name: &str, total: u64, terms: &[(&str, u64)]) -> String {
    let sum: Vec<String> = terms
        .iter()
        .enumerate()
        .filter(|(place, (_, n))| *place == 0 || *n > 0)
        .map(|(_, (name, n))| format!("{} {name}", words::count(*n)))
        .collect();
    let total = words::count(total);
    fill(&format!("  {name:<11}{total:>13} = "), &sum.join(" + "))
}

pub(super) fn ledger_block(run: &Run<'_>, style: Style) -> String {
    let (record, books) = (run.record, &run.judgement.books);
    let t = record.ledger();
    let state = if books.balanced {
        style.paint(Ink::Green, "balanced")
    } else {
        style.paint(Ink::Red, "DOES NOT BALANCE: a bug of this tool")
    };
    let mut text = format!("  ledger of the whole run, in submit_sm: {state}\n");
    let planned = if t.retries > 0 { "and retries" } else { "planned" };
    if t.retries > 0 {
        text += &format!("  {:<11}{:>13}\n", "planned", words::count(t.planned));
    }
    text += &equation(
        planned,
        t.planned + t.retries,
        &[("written", t.written), ("dropped", t.dropped), ("unsent", t.unsent)],
    );
    text += &equation(
        "written",
        t.written,
        &[
            ("accepted", t.accepted),
            ("rejected", t.rejected),
            ("timed out", t.timed_out),
            ("lost", t.lost),
            ("open at the end", t.open_at_end),
        ],
    );
    if receipts_asked(&t) {
        text += &equation(
            "receipts",
            t.receipts_expected + t.receipts_may_come,
            &[
                ("final", t.receipts_final),
                ("missing", t.receipts_missing),
                ("rightly silent", t.receipts_silent),
                ("untracked", t.receipts_untracked),
            ],
        );
        let states: Vec<(&str, u64)> =
            t.by_state.iter().enumerate().map(|(n, c)| (ledger::state_name(n), *c)).collect();
        let states: Vec<(&str, u64)> = states.into_iter().filter(|s| s.1 > 0).collect();
        if !states.is_empty() {
            text += &equation("final", t.receipts_final, &states);
        }
    }
    let besides = besides(run);
    if !besides.is_empty() {
        text += &fill("  besides    ", &besides.join(", "));
    }
    for failure in &books.failures {
        text += &fill("  ✗ ", failure);
    }
    if let Some(check) = run.tally {
        text += &tally(check);
    }
    text + "\n"
}

fn tally(check: &TallyCheck) -> String {
    match (check.agrees, check.exact) {
        (true, true) => fill("  simulator  ", "its own tally agrees to the PDU"),
        (true, false) => {
            let lines = check.lines.join("; ");
            fill("  simulator  ", &format!("a connection was lost; within the bracket: {lines}"))
        }
        (false, _) => {
            let lines: Vec<&str> = check
                .lines
                .iter()
                .filter(|l| l.starts_with("DIFFERS"))
                .map(String::as_str)
                .collect();
            fill("  simulator  ", &lines.join("; "))
        }
    }
}

/// What stands in no identity.
fn besides(run: &Run<'_>) -> Vec<String> {
    let (record, t) = (run.record, run.record.ledger());
    [
        (t.late_responses, "responses too late"),
        (record.unknown_responses, "responses that no request owns"),
        (t.self_inflicted_throttles, "throttled while catching up"),
        (t.receipts_duplicate, "duplicate receipts"),
        (t.receipts_before_response, "receipts before their response"),
        (t.receipts_other_bind, "receipts on another bind"),
        (t.receipts_intermediate, "intermediate notifications"),
        (t.receipts_late, "receipts too late"),
        (record.receipts_unknown, "receipts of no message of ours"),
        (record.receipts_previous_run, "receipts of an earlier run"),
        (record.mo_received, "mobile-originated messages"),
        (record.redelivered, "deliveries repeated"),
        (record.deliver_refused, "deliveries we refused"),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, what)| format!("{} {what}", words::count(n)))
    .collect()
}

/// By number, with names; only where anything was refused.
pub(super) fn statuses(run: &Run<'_>) -> String {
    let whole = run.record.sum(|_| true);
    let mut rows: Vec<(u32, u64)> = whole.statuses.iter().map(|(code, n)| (*code, n)).collect();
    rows.sort_by_key(|(code, n)| (std::cmp::Reverse(*n), *code));
    if rows.iter().all(|(code, _)| *code == 0) {
        return String::new();
    }
    const SHOWN: usize = 10;
    let all = whole.statuses.total().max(1) as f64;
    let lines: Vec<Vec<String>> = rows
        .iter()
        .take(SHOWN)
        .map(|(code, n)| {
            let name = CommandStatus(*code).name().unwrap_or("not in the specification");
            vec![
                name.to_owned(),
                format!("0x{code:08X}"),
                words::count(*n),
                words::percent(*n as f64 / all),
            ]
        })
        .collect();
    let mut text = table(&["command_status", "", "answers", "share"], &lines);
    let rest: u64 = rows.iter().skip(SHOWN).map(|r| r.1).sum::<u64>() + whole.statuses.other;
    if rest > 0 {
        text += &format!("  and {} with other statuses\n", words::count(rest));
    }
    text + "\n"
}
