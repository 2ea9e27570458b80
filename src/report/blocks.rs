//! Blocks of the summary that any run has: the ledger, which must be seen to balance, and the statuses.
use super::counted;
use super::document::{Document, GateRow, TallyRow};
use super::escape::printable;
use super::table::{fill, table};
use super::text::{Ink, Style};
use crate::judge::GateOutcome;
use crate::kit::words;

/// One identity of the ledger: `total = a + b + c`.
pub(super) struct Equation {
    pub(super) name: &'static str,
    pub(super) total: u64,
    terms: Vec<(String, u64)>,
}

impl Equation {
    fn new(name: &'static str, total: u64, terms: &[(&str, u64)]) -> Equation {
        let terms = terms.iter().map(|(name, n)| (printable(name), *n)).collect();
        Equation { name, total, terms }
    }

    /// The right side, leaving out what is zero, save the first.
    pub(super) fn sum(&self) -> String {
        let terms = self.terms.iter().enumerate().filter(|(place, (_, n))| *place == 0 || *n > 0);
        let terms: Vec<String> =
            terms.map(|(_, (name, n))| format!("{} {name}", words::count(*n))).collect();
        terms.join(" + ")
    }
}

/// The identities that hold where the books balance (METHOD §4).
pub(super) fn equations(document: &Document) -> Vec<Equation> {
    let (l, r) = (&document.ledger.lines, &document.ledger.receipts);
    let planned = if l.retries > 0 { "and retries" } else { "planned" };
    let mut all = vec![
        Equation::new(
            planned,
            l.planned + l.retries,
            &[("written", l.written), ("dropped", l.dropped), ("unsent", l.unsent)],
        ),
        Equation::new(
            "written",
            l.written,
            &[
                ("accepted", l.accepted),
                ("rejected", l.rejected),
                ("timed out", l.timed_out),
                ("lost", l.lost),
                ("open at the end", l.open_at_end),
            ],
        ),
    ];
    let asked = r.asked.or(r.expected).unwrap_or(0);
    if asked > 0 {
        all.push(Equation::new(
            "receipts",
            asked,
            &[
                ("final", r.final_),
                ("missing", r.missing),
                ("rightly silent", r.silent),
                ("untracked", r.untracked),
                ("ambiguous", r.ambiguous),
            ],
        ));
        let states: Vec<(&str, u64)> =
            r.by_state.iter().map(|s| (s.name.as_str(), s.count)).collect();
        if !states.is_empty() {
            all.push(Equation::new("final", r.final_, &states));
        }
    }
    all
}

/// Whether the books balance, in words; and the ink that it deserves.
pub(super) fn balance(document: &Document) -> (Ink, &'static str) {
    match document.ledger.balanced {
        Some(true) => (Ink::Green, "balanced"),
        Some(false) => (Ink::Red, "DOES NOT BALANCE: a bug of this tool"),
        None => (Ink::Yellow, "not balanced: the run was not over when this was saved"),
    }
}

pub(super) fn ledger_block(document: &Document, style: Style) -> String {
    let (ink, state) = balance(document);
    let state = style.paint(ink, state);
    let mut text = format!("  ledger of the whole run, in submit_sm: {state}\n");
    let lines = &document.ledger.lines;
    if lines.retries > 0 {
        text += &format!("  {:<11}{:>13}\n", "planned", words::count(lines.planned));
    }
    for equation in equations(document) {
        let total = words::count(equation.total);
        text += &fill(&format!("  {:<11}{total:>13} = ", equation.name), &equation.sum());
    }
    let besides = besides(document);
    if !besides.is_empty() {
        text += &fill("  besides    ", &besides.join(", "));
    }
    for failure in &document.books {
        text += &fill("  ✗ ", &printable(failure));
    }
    if let Some(check) = &document.tally {
        text += &fill("  simulator  ", &printable(&tally(check)));
    }
    text + "\n"
}

/// How the run agrees with the simulator's tally, in words.
pub(super) fn tally(check: &TallyRow) -> String {
    match (check.agrees, check.exact) {
        (true, true) => "its own tally agrees to the PDU".to_owned(),
        (true, false) => {
            format!("a connection was lost; within the bracket: {}", check.lines.join("; "))
        }
        (false, _) => {
            let lines = check.lines.iter().filter(|l| l.starts_with("DIFFERS"));
            lines.map(String::as_str).collect::<Vec<_>>().join("; ")
        }
    }
}

/// What stands in no identity.
pub(super) fn besides(document: &Document) -> Vec<String> {
    let ledger = &document.ledger;
    let (l, r, mo) = (&ledger.lines, &ledger.receipts, ledger.mo.unwrap_or_default());
    [
        (l.late_responses, "responses too late"),
        (l.unknown_responses.unwrap_or(0), "responses that no request owns"),
        (l.self_inflicted_throttles, "throttled while catching up"),
        (r.duplicate, "duplicate receipts"),
        (r.before_response, "receipts before their response"),
        (r.other_bind, "receipts on another bind"),
        (r.intermediate, "intermediate notifications"),
        (r.late, "receipts too late"),
        (r.unknown.unwrap_or(0), "receipts of no message of ours"),
        (r.previous_run.unwrap_or(0), "receipts of an earlier run"),
        (mo.received, "mobile-originated messages"),
        (mo.redelivered, "deliveries repeated"),
        (mo.refused, "deliveries we refused"),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, what)| format!("{} {what}", words::count(n)))
    .collect()
}

/// By number, with names; only where anything was refused.
pub(super) fn statuses(document: &Document) -> String {
    const SHOWN: usize = 10;
    let mut rows: Vec<_> = document.statuses.iter().filter(|s| s.code.is_some()).collect();
    rows.sort_by_key(|s| (std::cmp::Reverse(s.count), s.code));
    if rows.iter().all(|s| s.code == Some(0)) {
        return String::new();
    }
    let all = document.statuses.iter().map(|s| s.count).sum::<u64>();
    let lines: Vec<Vec<String>> = rows
        .iter()
        .take(SHOWN)
        .map(|s| {
            let name = s.name.as_deref().unwrap_or("not in the specification");
            vec![
                printable(name),
                s.code.map_or(String::new(), |code| format!("0x{code:08X}")),
                words::count(s.count),
                words::percent(s.count as f64 / all.max(1) as f64),
            ]
        })
        .collect();
    let mut text = table(&["command_status", "", "answers", "share"], &lines);
    let shown: u64 = rows.iter().take(SHOWN).map(|s| s.count).sum();
    let rest = all - shown;
    if rest > 0 {
        text += &format!("  and {} with other statuses\n", words::count(rest));
    }
    text + "\n"
}

/// One line a gate.
pub(super) fn gates(gates: &[GateRow], style: Style) -> String {
    let mut text = String::new();
    for gate in gates {
        let (ink, word) = match gate.outcome {
            GateOutcome::Pass => (Ink::Green, "pass     "),
            GateOutcome::Fail => (Ink::Red, "FAIL     "),
            GateOutcome::Undecided => (Ink::Yellow, "UNDECIDED"),
        };
        let why = gate.why.as_ref().map_or(String::new(), |why| format!(" ({why})"));
        let line = format!("{} {}: {}{why}", gate.name, gate.expression, gate.shows());
        let filled = fill(&format!("  {word} "), &printable(&line));
        text += &filled.replacen(word, &style.paint(ink, word), 1);
    }
    if text.is_empty() { text } else { text + "\n" }
}

/// Anomalies and outages, the first few of each.
pub(super) fn troubles(document: &Document) -> String {
    const SHOWN: usize = 8;
    let mut text = String::new();
    let (anomalies, outages) = (&document.anomalies, &document.outages);
    for anomaly in anomalies.iter().take(SHOWN) {
        let line = format!("{} × {}", words::count(anomaly.count), printable(&anomaly.kind));
        text += &fill("  anomaly   ", &line);
    }
    for outage in outages.iter().take(SHOWN) {
        let until = match outage.to_s {
            Some(to) => {
                let span = (to - outage.from_s).max(0.0);
                format!("for {}", words::duration((span * 1e9).round() as u64))
            }
            None => "for good".to_owned(),
        };
        let line = format!(
            "session {} was down at {} {until}: {}; {} lost, {} to bind again",
            outage.session,
            words::seconds(outage.from_s),
            printable(&outage.cause),
            words::count(outage.lost),
            words::counted(u64::from(outage.attempts), "attempt")
        );
        text += &fill("  outage    ", &line);
    }
    let more = anomalies.len().saturating_sub(SHOWN) + outages.len().saturating_sub(SHOWN);
    if more > 0 {
        text += &format!("  and {more} more in result.json\n");
    }
    if document.outages_more > 0 {
        let more = words::count(document.outages_more);
        text += &format!("  and {more} more outages, which were only counted\n");
    }
    if text.is_empty() { text } else { text + "\n" }
}
