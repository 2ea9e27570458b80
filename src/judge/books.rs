//! The ledger's sums: every planned message has exactly one outcome (docs/ledger.md). It knows no latency limit and no
//! verdict. A run whose ledger does not balance is a bug in smppbench.
use crate::measure::{CellInterval, Counters, Metric, RunRecord};
use crate::plan::Plan;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Whether a run's ledger balances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// Whether every sum balances.
    pub balanced: bool,
    /// The sums that do not, with both sides and their difference.
    pub failures: Vec<String>,
}

impl Books {
    /// Checks every sum over the whole run, and then in each cell, to find errors that cancel each other.
    pub fn of(plan: &Plan, record: &RunRecord) -> Books {
        let mut failures = Vec::new();
        let whole = record.sum(|_| true);
        check_cell("whole run", &whole, &mut failures);
        if failures.is_empty() {
            for (key, cell) in &record.cells {
                let name = cell_name(plan, key.stage, key.account, key.label);
                check_cell(&name, cell, &mut failures);
            }
        }
        let mut by_second = Counters::default();
        for row in record.intervals.iter() {
            by_second.merge(&row.tally);
        }
        for ((name, total), (_, seconds)) in whole.tally.fields().iter().zip(by_second.fields()) {
            equal(
                "whole run",
                &format!("{name} by stage"),
                *total,
                &format!("{name} by second"),
                seconds,
                &mut failures,
            );
        }
        Books { balanced: failures.is_empty(), failures }
    }
}

/// `stage hold, account main, label otp`.
fn cell_name(plan: &Plan, stage: u16, account: u16, label: u16) -> String {
    let named = |what: &str, number: u16, name: Option<&String>| match name {
        Some(name) => format!("{what} {name}"),
        None => format!("{what} number {number}"),
    };
    [
        named("stage", stage, plan.stages.get(usize::from(stage)).map(|s| &s.name)),
        named("account", account, plan.accounts.get(usize::from(account)).map(|a| &a.name)),
        named("label", label, plan.messages.get(usize::from(label)).map(|m| &m.label)),
    ]
    .join(", ")
}

fn check_cell(place: &str, cell: &CellInterval, failures: &mut Vec<String>) {
    let t = &cell.tally;
    let mut same = |left: &str, a: u64, right: &str, b: u64| {
        equal(place, left, a, right, b, failures);
    };
    same(
        "planned + retries",
        t.planned + t.retries,
        "written + dropped + unsent",
        t.written + t.dropped + t.unsent,
    );
    same(
        "written",
        t.written,
        "accepted + rejected + timed_out + lost + open_at_end",
        t.accepted + t.rejected + t.timed_out + t.lost + t.open_at_end,
    );
    same(
        "accepted that ask for a receipt",
        t.receipts_expected + t.receipts_may_come,
        "final + missing + silent + untracked + ambiguous",
        t.receipts_final
            + t.receipts_missing
            + t.receipts_silent
            + t.receipts_untracked
            + t.receipts_ambiguous,
    );
    same("answered", t.answered(), "answers by status", cell.statuses.total());
    same("accepted", t.accepted, "answers with ESME_ROK", cell.statuses.get(&0));
    let by_state: u64 = t.by_state.iter().sum();
    same("final receipts", t.receipts_final, "final receipts by state", by_state);
    same(
        "written + dropped + unsent",
        t.written + t.dropped + t.unsent,
        "messages in the samples of response and refusals",
        cell.metric(Metric::Response).sample_count() + cell.metric(Metric::Rejected).sample_count(),
    );
    same(
        "written",
        t.written,
        "messages in the samples of service and refusals",
        cell.metric(Metric::Service).sample_count() + cell.metric(Metric::Rejected).sample_count(),
    );
    same(
        "rejected",
        t.rejected,
        "messages in the sample of refusals",
        cell.metric(Metric::Rejected).sample_count(),
    );
}

fn equal(place: &str, left: &str, a: u64, right: &str, b: u64, failures: &mut Vec<String>) {
    if a != b {
        let gap = i128::from(a) - i128::from(b);
        failures.push(format!("{place}: {left} = {a}, but {right} = {b} (difference {gap:+})"));
    }
}

/// The simulator's counters that are compared with a run. `trial` fills it from `smsc::Counters`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TallyView {
    /// submit_sm received, by their command_status (0: accepted), answered or not.
    pub submits_by_status: Vec<(u32, u64)>,
    /// Responses to submit_sm written to a socket.
    pub responses_sent: u64,
    /// Responses withheld on purpose.
    pub responses_withheld: u64,
    /// Final receipts sent by message_state (10: any other), each message's first.
    pub receipts_by_state: [u64; 11],
    /// Final receipts duplicated on purpose.
    pub receipts_duplicated: u64,
    /// Final receipts withheld on purpose.
    pub receipts_withheld: u64,
    /// Deliveries repeated because they were refused or not answered.
    pub receipts_retried: u64,
    /// Not yet sent, or dropped.
    pub receipts_pending: u64,
}

impl TallyView {
    /// submit_sm received.
    pub fn submits(&self) -> u64 {
        self.submits_by_status.iter().map(|s| s.1).sum()
    }
    /// Final receipts sent, each message's first.
    pub fn receipts(&self) -> u64 {
        self.receipts_by_state.iter().sum()
    }
}

/// Whether a run agrees with the simulator's tally.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TallyCheck {
    /// Whether every line agrees.
    pub agrees: bool,
    /// Whether it was checked to the PDU. False: a connection was lost or an event let octets vanish, and only bounds were checked.
    pub exact: bool,
    /// One line per check.
    #[schemars(with = "Vec<String>")]
    pub lines: Vec<TallyLine>,
}

/// A check against the tally, with both sides. As text, `DIFFERS` precedes one that fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum TallyLine {
    /// It holds.
    Agrees(String),
    /// It does not.
    Differs(String),
}

const DIFFERS: &str = "DIFFERS ";

impl From<String> for TallyLine {
    fn from(line: String) -> TallyLine {
        match line.strip_prefix(DIFFERS) {
            Some(text) => TallyLine::Differs(text.to_owned()),
            None => TallyLine::Agrees(line),
        }
    }
}

impl fmt::Display for TallyLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TallyLine::Agrees(text) => f.write_str(text),
            TallyLine::Differs(text) => write!(f, "{DIFFERS}{text}"),
        }
    }
}

impl From<TallyLine> for String {
    fn from(line: TallyLine) -> String {
        line.to_string()
    }
}

impl TallyCheck {
    fn line(&mut self, ok: bool, text: String) {
        self.agrees &= ok;
        self.lines.push(if ok { TallyLine::Agrees(text) } else { TallyLine::Differs(text) });
    }
    fn same(&mut self, what: &str, ours: u64, theirs: u64) {
        self.line(ours == theirs, format!("{what}: ours {ours}, simulator {theirs}"));
    }
}

/// Compares a record with the simulator's tally (docs/ledger.md): to the PDU where every session ended by
/// unbind; where a connection was lost or octets vanished on purpose, octets were in flight, and the bracket
/// `answered ≤ the tally's submits ≤ written`, gap at most what was lost or vanished, is checked and printed.
pub fn against_tally(record: &RunRecord, tally: &TallyView) -> TallyCheck {
    let whole = record.sum(|_| true);
    let t = &whole.tally;
    let vanished: u64 = record.events.iter().map(|o| o.vanished).sum();
    let is_silenced = record.events.iter().any(|o| o.vanished + o.unheard > 0);
    let exact = t.lost == 0 && record.outages.is_empty() && !is_silenced;
    let mut check = TallyCheck { agrees: true, exact, lines: Vec::new() };
    if exact {
        exact_submits(&mut check, &whole, tally, record.unknown_responses);
        exact_receipts(&mut check, t, record, tally);
        return check;
    }
    let (low, seen, high) = (t.answered(), tally.submits(), t.written);
    let gone = t.lost + vanished;
    let ok = low <= seen && seen <= high && high - seen.min(high) <= gone;
    check.line(
        ok,
        format!(
            "submit_sm: answered {low} <= simulator {seen} <= written {high}, gap {} <= lost {gone}",
            high.saturating_sub(seen)
        ),
    );
    for (status, count) in whole.statuses.iter() {
        let theirs = status_count(tally, *status);
        check.line(
            count <= theirs,
            format!("status 0x{status:08X}: ours {count} <= simulator {theirs}"),
        );
    }
    let (ours, theirs) = (finals(t, record), receipts_out(tally));
    check.line(ours <= theirs, format!("final receipts: ours {ours} <= simulator {theirs}"));
    check
}

fn exact_submits(check: &mut TallyCheck, whole: &CellInterval, tally: &TallyView, unknown: u64) {
    let t = &whole.tally;
    check.same("submit_sm written", t.written, tally.submits());
    let answers = t.answered() + t.late_responses + unknown;
    let at_end = tally.responses_sent.saturating_sub(answers);
    check.line(
        answers <= tally.responses_sent && at_end <= t.open_at_end,
        format!("submit_sm_resp: ours {answers}, simulator {}", tally.responses_sent),
    );
    let silent = t.timed_out + t.open_at_end;
    let mut gap_sum = 0;
    for (status, theirs) in &tally.submits_by_status {
        let ours = whole.statuses.get(status);
        gap_sum += theirs.saturating_sub(ours);
        let ok = if silent == 0 { ours == *theirs } else { ours <= *theirs };
        check.line(ok, format!("status 0x{status:08X}: ours {ours}, simulator {theirs}"));
    }
    let strange: u64 = whole
        .statuses
        .iter()
        .filter(|(s, _)| status_count(tally, **s) == 0)
        .map(|(_, count)| count)
        .sum();
    if strange > 0 {
        check.line(false, format!("answers with a status the simulator never gave: {strange}"));
    }
    check.same("submit_sm without an answer in time", silent, gap_sum);
}

fn exact_receipts(check: &mut TallyCheck, t: &Counters, record: &RunRecord, tally: &TallyView) {
    let ours = finals(t, record);
    let theirs = receipts_out(tally);
    if tally.receipts_retried == 0 {
        check.same("final receipts, repeats included", ours, theirs);
    } else {
        check.line(
            ours >= theirs && ours <= theirs + tally.receipts_retried,
            format!(
                "final receipts, repeats included: ours {ours}, simulator {theirs} and {} retried",
                tally.receipts_retried
            ),
        );
    }
    let unmatched =
        t.receipts_late + record.receipts_unknown + t.receipts_untracked + t.receipts_ambiguous;
    let gone = tally.receipts_withheld + tally.receipts_pending;
    // if one receipt is awaited for all parts of a text, the simulator's other receipts count as duplicates
    let whole_messages = record.messages.planned > 0
        && t.receipts_expected + t.receipts_may_come < tally.receipts() + gone;
    if unmatched == 0 && tally.receipts_retried == 0 && !whole_messages {
        for (state, theirs) in tally.receipts_by_state.iter().enumerate() {
            let ours = t.by_state[state];
            if ours > 0 || *theirs > 0 {
                check.same(&format!("final receipts, message_state {state}"), ours, *theirs);
            }
        }
        check.same("duplicates", t.receipts_duplicate, tally.receipts_duplicated);
        if t.receipts_may_come == 0 {
            check.same("receipts that never came", t.receipts_missing, gone);
        } else {
            let missing = t.receipts_missing;
            check.line(missing <= gone, format!("missing receipts: ours {missing} <= {gone}"));
        }
    }
}

fn finals(t: &Counters, record: &RunRecord) -> u64 {
    let ours = t.receipts_final + t.receipts_duplicate + t.receipts_late;
    ours + t.receipts_for_ambiguous + record.receipts_unknown + record.receipts_previous_run
}

fn receipts_out(tally: &TallyView) -> u64 {
    tally.receipts() + tally.receipts_duplicated
}

fn status_count(tally: &TallyView, status: u32) -> u64 {
    tally.submits_by_status.iter().filter(|s| s.0 == status).map(|s| s.1).sum()
}
