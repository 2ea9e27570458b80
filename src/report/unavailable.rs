//! Why a format cannot be made of a run.
use super::document::DistributionError;

/// Why a format cannot be made of a run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// Only result.json is at hand.
    #[error(
        "it needs the distributions of each second: name the run folder that holds latency.hlog"
    )]
    NoSeconds,
    /// The run had no gates.
    #[error("the run had no gates")]
    NoGates,
    /// A histogram of the document does not read.
    #[error("the histogram of {name} does not read: {why}")]
    Histogram {
        /// Its path in result.json.
        name: String,
        /// What is wrong.
        why: DistributionError,
    },
}
