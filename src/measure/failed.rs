//! Messages that failed, one by one: what a provider's support asks for first. Bounded: the first so many.
use serde::{Deserialize, Serialize};

/// Kept of each kind, in a worker and in a run.
pub const FAILED_MAX: usize = 10_000;

/// A submit_sm that the SMSC rejected. Times are wall clock, nanoseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// Number of the session within the run.
    pub session: u32,
    /// As sent.
    pub sequence_number: u32,
    /// The schedule's time.
    pub intended_wall_ns: u64,
    /// Its write.
    pub written_wall_ns: u64,
    /// The read that held its answer.
    pub answered_wall_ns: u64,
    /// The answer's command_status.
    pub status: u32,
}

/// An accepted message whose receipt did not come by its deadline. Times as in [`Rejection`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingReceipt {
    /// Number of the session that sent it.
    pub session: u32,
    /// As sent; None: not kept, too many were awaited at once.
    pub sequence_number: Option<u32>,
    /// As the SMSC gave it, at most 39 octets; None: not kept.
    pub message_id: Option<String>,
    /// The schedule's time.
    pub intended_wall_ns: u64,
    /// Its write.
    pub written_wall_ns: u64,
    /// The read that held its answer.
    pub answered_wall_ns: u64,
}
