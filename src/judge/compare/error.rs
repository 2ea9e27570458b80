//! Why sides cannot be compared.
use super::evidence::Difference;

/// Why nothing was compared.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CompareError {
    /// A side has no run.
    #[error("a side has no run; give at least one run per side")]
    Empty,
    /// A run measured no message.
    #[error("{0}: no message was sent in its measured time, so there is nothing to compare")]
    NothingMeasured(String),
    /// Runs of one side differ in settings or machine.
    #[error("{first} and {other} are on the same side but differ in: {}", list(.differences))]
    Mixed {
        /// A run.
        first: String,
        /// Another run.
        other: String,
        /// The keys in which they differ.
        differences: Vec<Difference>,
    },
    /// Sides of a duel have different numbers of runs.
    #[error("a duel pairs its runs: {base} on one side, {candidate} on the other")]
    Unpaired {
        /// Runs of the base.
        base: usize,
        /// Of the candidate.
        candidate: usize,
    },
    /// The metric is not compared.
    #[error("{name:?} is not compared; near: {near}")]
    Metric {
        /// As it was written.
        name: String,
        /// Similar names.
        near: String,
    },
    /// A smallest effect out of range.
    #[error("{0} is not a valid smallest effect; write one such as 0.05 or 5%")]
    Effect(f64),
}

fn list(differences: &[Difference]) -> String {
    const SHOWN: usize = 5;
    let word = |v: &Option<String>| v.clone().unwrap_or_else(|| "nothing".to_owned());
    let all: Vec<String> = differences
        .iter()
        .take(SHOWN)
        .map(|d| format!("{} ({} and {})", d.key, word(&d.base), word(&d.candidate)))
        .collect();
    let more = differences.len().saturating_sub(SHOWN);
    if more > 0 { format!("{} and {more} more", all.join(", ")) } else { all.join(", ") }
}
