//! The outcome of every submit_sm: sums that the reader can check (docs/ledger.md), and other counters.
use super::note::Withheld;
use super::summary::LabelledLine;
use super::table::{Cell, SideBySide, Table, Tone, Value, count, known, share, text, unless};
use crate::judge::{TallyCheck, TallyLine};
use crate::kit::words;
use crate::measure::Metric;
use crate::report::document::{ByState, Document};

/// The ledger.
pub(crate) struct Ledger {
    /// Whether it balances.
    pub(crate) state: &'static str,
    pub(crate) tone: Tone,
    pub(crate) sums: Vec<LedgerSum>,
    /// Counters that belong to no sum; empty: all are 0.
    pub(crate) also: String,
    /// The sums that do not balance.
    pub(crate) failures: Vec<String>,
    /// Whether it agrees with the simulator's tally; None: no simulator of ours.
    pub(crate) simulator: Option<String>,
}

/// One sum that must hold: `total = a + b + c`. Without terms: a plain count.
pub(crate) struct LedgerSum {
    pub(crate) name: &'static str,
    pub(crate) total: u64,
    terms: Vec<(String, u64)>,
}

impl LedgerSum {
    fn new(name: &'static str, total: u64, terms: &[(&str, u64)]) -> LedgerSum {
        let terms = terms.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
        LedgerSum { name, total, terms }
    }

    /// `10 written + 2 dropped`. Terms of 0 are left out, except the first.
    pub(crate) fn terms(&self) -> String {
        let terms = self.terms.iter().enumerate().filter(|(place, (_, n))| *place == 0 || *n > 0);
        let terms: Vec<String> =
            terms.map(|(_, (name, n))| format!("{} {name}", words::count(*n))).collect();
        terms.join(" + ")
    }

    fn holds(&self) -> bool {
        self.terms.is_empty() || self.terms.iter().map(|term| term.1).sum::<u64>() == self.total
    }
}

/// Accepted messages that asked for a receipt of any kind.
pub(crate) fn receipts_asked(d: &Document) -> u64 {
    let r = &d.ledger.receipts;
    r.asked.or(r.expected).unwrap_or(r.final_ + r.missing + r.untracked + r.ambiguous + r.silent)
}

impl Ledger {
    pub(crate) fn of(d: &Document) -> Ledger {
        let (tone, state) = match d.ledger.balanced {
            Some(true) => (Tone::Good, "balanced"),
            Some(false) => (Tone::Bad, "DOES NOT BALANCE: a bug in smppbench"),
            None => (Tone::Warn, "unknown: saved before the run ended"),
        };
        Ledger {
            state,
            tone,
            sums: sums(d),
            also: also(d).join(", "),
            failures: d.books.clone(),
            simulator: d.tally.as_ref().map(TallyCheck::says),
        }
    }

    /// The sums as a table.
    pub(crate) fn table(&self) -> Table {
        let title = "The ledger of the whole run, in submit_sm";
        let mut table = Table::new("ledger-sums", title, "of | count | <sum | holds");
        for sum in &self.sums {
            let (holds, terms) = (sum.holds(), sum.terms());
            let says = if terms.is_empty() { terms } else { format!("= {terms}") };
            let differs = if holds { "" } else { "DIFFERS" };
            let mark = Cell::from(Value::Marked(differs)).in_tone(Tone::of(Some(holds)));
            table.row([text(sum.name), count(sum.total), text(says), mark]);
        }
        if !self.also.is_empty() {
            table.note = format!("Also: {}.", self.also);
        }
        table
    }

    /// The ledger in a line.
    pub(crate) fn line(&self) -> LabelledLine {
        let mut line = LabelledLine::new("ledger", self.tone, self.state);
        line.more.extend(self.failures.iter().map(|failure| format!("✗ {failure}")));
        line.more.extend(self.simulator.iter().map(|says| format!("simulator: {says}")));
        line
    }
}

fn sums(d: &Document) -> Vec<LedgerSum> {
    let (l, r) = (&d.ledger.lines, &d.ledger.receipts);
    let mut all = Vec::new();
    if l.planned + l.retries + l.written == 0 {
        return all;
    }
    if l.retries > 0 {
        all.push(LedgerSum::new("planned", l.planned, &[]));
    }
    let sent = [("written", l.written), ("dropped", l.dropped), ("unsent", l.unsent)];
    let name = if l.retries > 0 { "and retries" } else { "planned" };
    all.push(LedgerSum::new(name, l.planned + l.retries, &sent));
    let answers = [
        ("accepted", l.accepted),
        ("rejected", l.rejected),
        ("timed out", l.timed_out),
        ("lost", l.lost),
        ("in flight at the end", l.open_at_end),
    ];
    all.push(LedgerSum::new("written", l.written, &answers));
    let asked = receipts_asked(d);
    if asked > 0 {
        let receipts = [
            ("final", r.final_),
            ("missing", r.missing),
            ("none required", r.silent),
            ("untracked", r.untracked),
            ("ambiguous", r.ambiguous),
        ];
        all.push(LedgerSum::new("receipts", asked, &receipts));
        let states: Vec<(&str, u64)> =
            r.by_state.iter().map(|s| (s.name.as_str(), s.count)).collect();
        if !states.is_empty() {
            all.push(LedgerSum::new("final", r.final_, &states));
        }
    }
    all
}

/// Counters that belong to no sum.
fn also(d: &Document) -> Vec<String> {
    let (l, r) = (&d.ledger.lines, &d.ledger.receipts);
    let mo = d.ledger.mo.unwrap_or_default();
    let mut unknown = " with a message_id that no response gave".to_owned();
    if l.lost + l.timed_out > 0 {
        let lost = words::counted(l.lost + l.timed_out, "message");
        unknown += &format!(" ({lost} got no answer)");
    }
    [
        (l.late_responses, "response", " too late"),
        (l.unknown_responses.unwrap_or(0), "response", " to no request"),
        (l.ids_given_twice, "message_id", " given to two messages"),
        (l.self_inflicted_throttles, "throttle", " while catching up"),
        (r.duplicate, "duplicate receipt", ""),
        (r.before_response, "receipt", " before the response"),
        (r.other_bind, "receipt", " on another bind"),
        (r.intermediate, "intermediate notification", ""),
        (r.late, "receipt", " too late"),
        (r.unknown.unwrap_or(0), "receipt", unknown.as_str()),
        (r.previous_run.unwrap_or(0), "receipt", " of an earlier run"),
        (mo.received, "mobile-originated message", ""),
        (mo.redelivered, "repeat", " of a delivery"),
        (mo.refused, "refusal", " of a delivery by the harness"),
    ]
    .into_iter()
    .filter(|(n, ..)| *n > 0)
    .map(|(n, noun, which)| format!("{}{which}", words::counted(n, noun)))
    .collect()
}

impl TallyCheck {
    /// Whether the run agrees with the simulator's tally.
    fn says(&self) -> String {
        let (mut held, mut differ) = (Vec::new(), Vec::new());
        for line in &self.lines {
            match line {
                TallyLine::Agrees(says) => held.push(says.as_str()),
                TallyLine::Differs(says) => differ.push(says.as_str()),
            }
        }
        match (self.agrees, self.exact) {
            (true, true) => "its tally agrees to the PDU".to_owned(),
            (true, false) => {
                format!(
                    "its tally agrees within the bounds that a lost connection leaves: {}",
                    held.join("; ")
                )
            }
            (false, _) => format!("its tally DIFFERS: {}", differ.join("; ")),
        }
    }
}

/// Final receipts by their state, with their times.
pub(crate) fn states(d: &Document) -> Table {
    let r = &d.ledger.receipts;
    let withheld = Withheld::metric(&d.verdict, Metric::Receipt);
    let header = "message_state | receipts | share | p50 | p99 | max";
    let time = |ns: Option<u64>| unless(withheld, known(ns, Value::Time));
    let row = |state: &ByState| {
        let mut cells = vec![
            text(&state.name),
            count(state.count),
            share(state.count as f64 / r.final_.max(1) as f64),
        ];
        let times = [state.receipt_p50_ns, state.receipt_p99_ns, state.receipt_max_ns];
        cells.extend(times.map(|ns| time(ns.0.flatten())));
        cells
    };
    let mut table = Table::of("states", "Final receipts by state", header, &r.by_state, row);
    let errors: Vec<String> =
        r.by_err.iter().map(|e| format!("{} × {}", words::count(e.count), e.err)).collect();
    if !errors.is_empty() {
        table.note = format!("By err: {}.", errors.join(", "));
    }
    table
}

/// A line of a ledger.
type Count = fn(&Document) -> u64;

/// The ledgers of several runs.
pub(crate) fn side_by_side(runs: &[&Document]) -> Table {
    let title = "Ledgers, in submit_sm";
    let mut table = SideBySide::new("ledgers", title, "of the whole run", runs);
    let lines: [(&str, Count); 16] = [
        ("planned", |d| d.ledger.lines.planned),
        ("retries", |d| d.ledger.lines.retries),
        ("written", |d| d.ledger.lines.written),
        ("dropped", |d| d.ledger.lines.dropped),
        ("unsent", |d| d.ledger.lines.unsent),
        ("accepted", |d| d.ledger.lines.accepted),
        ("rejected", |d| d.ledger.lines.rejected),
        ("timed out", |d| d.ledger.lines.timed_out),
        ("lost", |d| d.ledger.lines.lost),
        ("in flight at the end", |d| d.ledger.lines.open_at_end),
        ("final receipts", |d| d.ledger.receipts.final_),
        ("receipts missing", |d| d.ledger.receipts.missing),
        ("none required", |d| d.ledger.receipts.silent),
        ("receipts untracked", |d| d.ledger.receipts.untracked),
        ("receipts ambiguous", |d| d.ledger.receipts.ambiguous),
        ("message_ids given to two messages", |d| d.ledger.lines.ids_given_twice),
    ];
    for (name, line) in lines {
        if runs.iter().any(|d| line(d) > 0) {
            table.row(name, |d| count(line(d)));
        }
    }
    table.row("balanced", |d| match d.ledger.balanced {
        Some(holds) => Cell::from(Value::Marked("")).in_tone(Tone::of(Some(holds))),
        None => text("unknown"),
    });
    table.table
}
