//! Which figures a report withholds, and what it says about its latencies.
use crate::measure::Metric;
use crate::report::document::{Document, Verdict};

/// Why a figure is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Withheld {
    /// The harness did not keep up: the figure would show the harness, not the SMSC.
    Harness,
    /// Work piled up: in an open loop the figure only reflects the run's length.
    WorkPiledUp,
    /// The same for receipts.
    ReceiptsPiledUp,
}

impl Withheld {
    /// Why rates, and times from the actual send, are withheld; None: they are shown.
    pub(crate) fn figures(verdict: &Verdict) -> Option<Withheld> {
        (!verdict.allows_headline()).then_some(Withheld::Harness)
    }

    /// Why a metric is withheld; None: it is shown.
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

    /// The first sentence.
    pub(crate) fn in_brief(self) -> &'static str {
        self.says().split_inclusive(". ").next().unwrap_or_default().trim_end()
    }

    const fn says(self) -> &'static str {
        match self {
            Withheld::Harness => {
                "Rates and latencies are withheld: they show the harness, not the SMSC. result.json has them all. \
                 A gate that a late harness cannot have passed shows its value."
            }
            Withheld::WorkPiledUp => {
                "Times from the intended send are withheld: work piled up or was not answered, so they only reflect \
                 the run's length. result.json has them."
            }
            Withheld::ReceiptsPiledUp => {
                "Receipt times from the intended send are withheld: receipts piled up, so these times only reflect \
                 the run's length. result.json has them."
            }
        }
    }
}

/// A sentence about the latencies.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Note {
    pub(crate) says: String,
    /// Whether it explains the figures and must be seen.
    pub(crate) stands_out: bool,
}

impl Note {
    /// What is withheld and why, and why two rows of the table differ.
    pub(crate) fn on_latencies(d: &Document) -> Vec<Note> {
        const WITH_REFUSALS: &str = "An earlier version saved this run: its response and service times include refused \
                                     submit_sm, which are usually answered sooner than accepted ones.";
        let note = |says: &str| Note { says: says.to_owned(), stands_out: false };
        let withheld = Withheld::metric(&d.verdict, Metric::Receipt);
        let mut notes: Vec<Note> = withheld.map(|why| note(why.says())).into_iter().collect();
        if withheld != Some(Withheld::Harness) && d.latency_includes_rejected() {
            notes.push(note(WITH_REFUSALS));
        }
        let reason = match withheld {
            Some(Withheld::Harness) => None,
            Some(Withheld::WorkPiledUp) => d.verdict.cause.as_deref().map(sentence),
            Some(Withheld::ReceiptsPiledUp) | None => d.verdict.explanation.clone(),
        };
        notes.extend(reason.map(|says| Note { says, stands_out: true }));
        notes
    }
}

/// The words with a capital at their start and a full stop.
pub(super) fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}
