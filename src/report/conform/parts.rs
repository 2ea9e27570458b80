//! What every report of a conformance run says: counts by section, deviations, and the octets of an exchange.
use crate::conform::{CaseRow, Direction, Document, ExchangeRow, Level, Outcome, Role, Support};
use crate::kit::words::{counted, printable};

/// Rows of an exchange that a report shows; the document has all.
const ROWS_MAX: usize = 24;
/// Hex digits of a row that a report shows.
const DIGITS_MAX: usize = 512;

/// A section and its counts, in the order of [`Outcome::ALL`].
pub(super) struct SectionRow {
    pub(super) section: String,
    pub(super) counts: [u64; 7],
}

/// The sections, in the order in which they were run.
pub(super) fn sections(document: &Document) -> Vec<SectionRow> {
    let mut rows: Vec<SectionRow> = Vec::new();
    for case in &document.cases {
        let at = rows.iter().position(|row| row.section == case.section).unwrap_or_else(|| {
            rows.push(SectionRow { section: case.section.clone(), counts: [0; 7] });
            rows.len() - 1
        });
        for (count, outcome) in rows[at].counts.iter_mut().zip(Outcome::ALL) {
            *count += u64::from(outcome == case.outcome);
        }
    }
    rows
}

/// `3 pass, 1 fail`.
pub(super) fn counts(of: &[u64; 7], between: &str) -> String {
    let words = Outcome::ALL.into_iter().zip(of).filter(|(_, count)| **count > 0);
    let words: Vec<String> =
        words.map(|(outcome, count)| format!("{count} {}", outcome.word())).collect();
    words.join(between)
}

/// The counts over all cases.
pub(super) fn totals(document: &Document) -> [u64; 7] {
    Outcome::ALL.map(|outcome| document.count(outcome))
}

/// The cases that are told one by one.
pub(super) fn deviations(document: &Document) -> Vec<&CaseRow> {
    document.cases.iter().filter(|case| is_deviation(case.outcome)).collect()
}

/// The cases whose request the peer does not support, which no other list has.
pub(super) fn unsupported(document: &Document) -> Vec<&CaseRow> {
    document.cases.iter().filter(|case| case.outcome == Outcome::Unsupported).collect()
}

const fn is_deviation(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Fail | Outcome::Lenient | Outcome::Inconclusive | Outcome::PreconditionFailed => {
            true
        }
        Outcome::Pass | Outcome::Unsupported | Outcome::Skipped => false,
    }
}

/// What a case means for whoever talks to the peer; None: nothing was violated.
pub(super) fn consequence(case: &CaseRow) -> Option<&str> {
    let is_fault = matches!(case.outcome, Outcome::Fail | Outcome::Lenient);
    (is_fault && case.level != Level::Observed).then_some(case.consequence.as_str())
}

/// What is said of sessions of an ESME that were not examined. None: there were none.
pub(super) fn further_sessions(document: &Document) -> Option<String> {
    let count = document.summary.further_sessions;
    (count > 0).then(|| {
        let sessions = counted(count, "further session");
        format!("The ESME had {sessions} at once, served as a plain SMSC does and not examined.")
    })
}

/// `SMPP v3.4 conformance of 127.0.0.1:2775 as an SMSC`.
pub(super) fn title(document: &Document) -> String {
    let role = match document.role {
        Role::Smsc => "an SMSC",
        Role::Esme => "an ESME",
    };
    let target = match document.role {
        Role::Smsc => document.target.clone(),
        Role::Esme => format!("the peer at {}", document.target),
    };
    printable(&format!("SMPP v3.4 conformance of {target} as {role}"))
}

/// The word for a feature.
pub(super) const fn support(support: Support) -> &'static str {
    match support {
        Support::Yes => "yes",
        Support::No => "no",
        Support::Unclear => "unclear",
        Support::NotTried => "not tried",
    }
}

/// A row of an exchange for a reader.
pub(super) struct Shown {
    /// `sent` or `received`.
    pub(super) who: &'static str,
    /// Seconds since the first row of the case.
    pub(super) at: String,
    /// The PDUs by name.
    pub(super) pdus: String,
    /// The octets.
    pub(super) hex: String,
}

/// The rows of an exchange, and how many more there are. Where not all can be shown, messages and their answers are left
/// out, unless there is nothing else.
pub(super) fn exchange(case: &CaseRow) -> (Vec<Shown>, usize) {
    let all = &case.exchange;
    let is_long = all.len() > ROWS_MAX && !all.iter().all(is_message);
    let rows = all.iter().filter(|row| !is_long || !is_message(row));
    let rows: Vec<Shown> = rows.take(ROWS_MAX).map(shown).collect();
    let more = all.len() - rows.len();
    (rows, more)
}

fn is_message(row: &ExchangeRow) -> bool {
    let is_one = |pdu: &serde_json::Value| {
        matches!(pdu["command"].as_str(), Some("submit_sm" | "submit_sm_resp"))
    };
    !row.pdus.is_empty() && row.pdus.iter().all(is_one)
}

fn shown(row: &ExchangeRow) -> Shown {
    let who = match row.direction {
        Direction::Sent => "sent",
        Direction::Received => "received",
    };
    let pdus: Vec<String> = row.pdus.iter().map(pdu).collect();
    let short: String = row.hex.chars().take(DIGITS_MAX).collect();
    let hex = if short.len() < row.hex.len() {
        format!("{short}… ({} octets)", row.hex.len() / 2)
    } else {
        short
    };
    Shown { who, at: format!("{:.3}", row.at_s), pdus: pdus.join(", "), hex }
}

/// A decoded PDU in brief.
fn pdu(value: &serde_json::Value) -> String {
    let command = value["command"].as_str().unwrap_or("not a PDU");
    let mut says = printable(command);
    if let Some(number) = value["sequence_number"].as_u64() {
        says += &format!(" #{number}");
    }
    let status = &value["command_status"];
    if status["code"].as_u64().is_some_and(|code| code != 0) {
        let code = status["code"].as_u64().unwrap_or_default();
        let name = status["name"].as_str().map(str::to_owned);
        says += &format!(" {}", name.unwrap_or_else(|| format!("0x{code:08X}")));
    }
    says
}
