//! Failed messages, one by one, as the support of a provider needs them. Bounded: the first [`FAILED_MAX`] of each kind.
use serde::{Deserialize, Serialize};

/// Maximum number kept of each kind, in a worker and in a run.
pub const FAILED_MAX: usize = 10_000;

/// A submit_sm that the SMSC rejected. Times are wall clock, nanoseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// Number of the session within the run.
    pub session: u32,
    /// sequence_number of the submit_sm.
    pub sequence_number: u32,
    /// When it was intended to be sent.
    pub intended_wall_ns: u64,
    /// When it was written.
    pub written_wall_ns: u64,
    /// When its response was read.
    pub answered_wall_ns: u64,
    /// command_status of the response.
    pub status: u32,
}

/// An accepted message whose receipt did not come by its deadline. Times as in [`Rejection`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingReceipt {
    /// Number of the session that sent it.
    pub session: u32,
    /// sequence_number of the submit_sm. None: not kept, because too many were awaited at once.
    pub sequence_number: Option<u32>,
    /// The id that the SMSC gave, at most 39 octets of it. None: not kept.
    pub message_id: Option<String>,
    /// When it was intended to be sent.
    pub intended_wall_ns: u64,
    /// When it was written.
    pub written_wall_ns: u64,
    /// When its response was read.
    pub answered_wall_ns: u64,
}
