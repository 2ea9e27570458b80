//! What a case can find.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a case found.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The peer does what the clause says.
    Pass,
    /// The peer does not.
    Fail,
    /// The peer took what it should refuse, and no harm came of it.
    Lenient,
    /// The peer lacks the feature, and said so as the specification asks.
    Unsupported,
    /// Something else came between: a throttled message, an end of time.
    Inconclusive,
    /// What the case needs first could not be had: a bind, an accepted message, a receipt.
    PreconditionFailed,
    /// The case was not run.
    Skipped,
}

impl Outcome {
    /// Every outcome, in the order of summaries.
    pub const ALL: [Outcome; 7] = [
        Outcome::Pass,
        Outcome::Fail,
        Outcome::Lenient,
        Outcome::Unsupported,
        Outcome::Inconclusive,
        Outcome::PreconditionFailed,
        Outcome::Skipped,
    ];

    /// The word in documents, reports and files of expectations.
    pub const fn word(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Fail => "fail",
            Outcome::Lenient => "lenient",
            Outcome::Unsupported => "unsupported",
            Outcome::Inconclusive => "inconclusive",
            Outcome::PreconditionFailed => "precondition_failed",
            Outcome::Skipped => "skipped",
        }
    }
}

/// The result of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What it found.
    pub outcome: Outcome,
    /// What was seen, in one sentence.
    pub seen: String,
}

impl Verdict {
    /// A verdict, with what was seen.
    pub fn of(outcome: Outcome, seen: impl Into<String>) -> Verdict {
        Verdict { outcome, seen: seen.into() }
    }
}

/// What the steps of a case return. An `Err` is a verdict too: it ends the case early.
pub(super) type Found = Result<Verdict, Verdict>;
