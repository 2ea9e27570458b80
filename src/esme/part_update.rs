//! What workers tell each other about the parts of a message of several segments.
use super::awaited::Awaited;
use crate::correlate::Key;
use serde::{Deserialize, Serialize};

/// A change of state of one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartUpdate {
    /// The message's number.
    pub message: u64,
    /// Parts of the message.
    pub parts: u8,
    /// The part's end, or its receipt's.
    pub outcome: PartOutcome,
}

/// How one part ended, or its receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PartOutcome {
    /// The part was accepted.
    Accepted {
        /// Whether its receipt is still to come or to be missed.
        awaits: bool,
    },
    /// Rejected, timed out, lost, dropped or unsent.
    Failed,
    /// Its receipt came, or will not come.
    Receipted {
        /// Its state was DELIVRD.
        delivered: bool,
    },
}

/// A part was accepted whose message has one receipt for all its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptedPart {
    /// The message's number.
    pub(super) message: u64,
    /// Its parts.
    pub(super) parts: u8,
    /// Whether the part was given an id.
    pub(super) has_id: bool,
    /// Key of that id.
    pub(super) key: Key,
    pub(super) awaited: Awaited,
}
