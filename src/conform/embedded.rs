//! Why the embedded simulator deviates where it does: what a reader of its report wants to know first.
use super::document::{CaseRow, Document};
use super::verdict::Outcome;

const KEEPS_NONE: &str = "The simulator keeps no accepted message, and says so.";
const SENDS_ONCE: &str =
    "The simulator sends a receipt once, unless receipts.retry says how it is sent again.";
const ANY_KIND: &str = "The simulator takes any type of number and numbering plan. With habits.openmarket it refuses some.";

/// Its deviations without any setting, and those that it has on purpose.
pub(super) const EXPLANATIONS: &[(&str, &str)] = &[
    ("3.2-04", "The simulator ignores octets behind the short_message that are not a whole TLV."),
    ("4.1.2-02", "The simulator sends the TLV where habits.sc_interface_version says its value."),
    ("4.4.1-08", "The simulator takes any destination; rules say which are refused, and how."),
    ("4.6.2-01", SENDS_ONCE),
    ("4.6.2-02", SENDS_ONCE),
    ("4.6.2-03", SENDS_ONCE),
    ("4.8.1-01", KEEPS_NONE),
    ("4.8.1-03", KEEPS_NONE),
    ("4.9.1-02", KEEPS_NONE),
    ("4.9.1-03", KEEPS_NONE),
    ("4.10.1-02", KEEPS_NONE),
    ("5.2.5-01", ANY_KIND),
    ("5.2.5-02", ANY_KIND),
    ("5.2.6-01", ANY_KIND),
    ("5.2.6-02", ANY_KIND),
    (
        "5.2.12-03",
        "The simulator does not read texts: it does not know how long a header claims to be.",
    ),
];

/// Why the embedded simulator has this outcome. None: the peer is another one, it passes, or it was not run.
pub fn explanation(document: &Document, case: &CaseRow) -> Option<&'static str> {
    match case.outcome {
        Outcome::Pass | Outcome::Skipped => return None,
        Outcome::Fail
        | Outcome::Lenient
        | Outcome::Unsupported
        | Outcome::Inconclusive
        | Outcome::PreconditionFailed => {}
    }
    let is_embedded = document.target == "embedded";
    let found = EXPLANATIONS.iter().filter(|_| is_embedded).find(|(id, _)| *id == case.id);
    found.map(|(_, why)| *why)
}
