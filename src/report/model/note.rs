//! Every sentence that a report says besides its lines and tables: one variant each, with its figures.
use crate::kit::words;
use crate::measure::Metric;
use crate::report::document::{Document, Verdict};
use std::fmt;

/// Why a figure is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Withheld {
    /// The harness did not keep up: it would be the harness's, not the SMSC's.
    Harness,
    /// Work piled up: in an open loop it only says how long the run was.
    WorkPiledUp,
    /// Receipts did.
    ReceiptsPiledUp,
}

impl Withheld {
    /// Why rates, and times from the actual send, are not shown; None: they are.
    pub(crate) fn figures(verdict: &Verdict) -> Option<Withheld> {
        (!verdict.allows_headline()).then_some(Withheld::Harness)
    }

    /// Why a metric is not shown; None: it is.
    pub(crate) fn metric(verdict: &Verdict, metric: Metric) -> Option<Withheld> {
        match metric {
            Metric::HarnessLag | Metric::DeliverAck => None,
            _ if !verdict.allows_headline() => Some(Withheld::Harness),
            Metric::Response | Metric::Receipt if !verdict.allows_response_headline() => {
                Some(Withheld::WorkPiledUp)
            }
            Metric::Receipt if !verdict.allows_receipt_headline() => {
                Some(Withheld::ReceiptsPiledUp)
            }
            _ => None,
        }
    }
}

/// A sentence.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Note {
    /// As the document has it: a note or a warning of the judgement, a cause, an explanation.
    Said(String),
    /// What is not shown, and why.
    Withheld(Withheld),
    /// Why messages waited, where the times that show it are withheld.
    Cause(String),
    /// Response and service time of an earlier version.
    WithRefusals,
    /// The run was killed.
    Partial,
    /// How many more runs would settle a metric; None: more than are practical.
    RunsNeeded { metric: String, runs: Option<u64> },
    /// Said of one metric.
    OfMetric { metric: String, says: String },
    /// In what two sides differ.
    Differs { key: String, base: String, candidate: String },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Said(text) => f.write_str(text),
            Note::Withheld(Withheld::Harness) => f.write_str(
                "No rate and no latency is printed: they would be the harness's, not the SMSC's. \
                 result.json keeps them all; a gate that a late harness cannot have passed shows its value.",
            ),
            Note::Withheld(Withheld::WorkPiledUp) => f.write_str(
                "Times from the intended send are not printed: work piled up or stayed unanswered, so that they only say \
                 how long the run was. result.json keeps them.",
            ),
            Note::Withheld(Withheld::ReceiptsPiledUp) => f.write_str(
                "Receipt times from the intended send are not printed: receipts piled up, \
                 so that they only say how long the run was. result.json keeps them.",
            ),
            Note::Cause(cause) => {
                let mut letters = cause.chars();
                let first: String =
                    letters.next().into_iter().flat_map(char::to_uppercase).collect();
                write!(f, "{first}{}.", letters.as_str())
            }
            Note::WithRefusals => f.write_str(
                "Saved by an earlier version: response and service time count refused submit_sm \
                 too, which mostly come sooner than accepted ones.",
            ),
            Note::Partial => {
                f.write_str("the run did not come to its end; this is what it had saved")
            }
            Note::RunsNeeded { metric, runs: Some(n) } => write!(
                f,
                "{metric}: about {} a side would settle it",
                words::counted(*n, "more run")
            ),
            Note::RunsNeeded { metric, runs: None } => {
                write!(f, "{metric}: more runs than are practical would be needed")
            }
            Note::OfMetric { metric, says } => write!(f, "{metric}: {says}"),
            Note::Differs { key, base, candidate } => write!(f, "{key}: {base}, and {candidate}"),
        }
    }
}

impl Note {
    /// True of what explains the figures, and must not be missed.
    pub(crate) const fn stands_out(&self) -> bool {
        matches!(self, Note::Said(_) | Note::Cause(_))
    }

    /// What stands with the table of latencies: why something is withheld or two rows of it differ.
    pub(crate) fn on_latencies(d: &Document) -> Vec<Note> {
        let verdict = &d.verdict;
        let withheld = Withheld::metric(verdict, Metric::Receipt);
        let mut notes: Vec<Note> = withheld.map(Note::Withheld).into_iter().collect();
        if withheld != Some(Withheld::Harness) && d.counts_refusals() {
            notes.push(Note::WithRefusals);
        }
        notes.extend(match withheld {
            Some(Withheld::Harness) => None,
            Some(Withheld::WorkPiledUp) => verdict.cause.clone().map(Note::Cause),
            Some(Withheld::ReceiptsPiledUp) | None => verdict.explanation.clone().map(Note::Said),
        });
        notes
    }
}
