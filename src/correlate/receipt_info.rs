//! The input and the results of correlation.
use super::Key;
use crate::kit::Nanos;
use serde::{Deserialize, Serialize};

/// The fields of a receipt that matching and counting need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptInfo {
    /// When the read that held it returned.
    pub received: Nanos,
    /// The session it was received on.
    pub session: u32,
    /// message_state; 10 stands for any value that is not known.
    pub state: u8,
    /// Whether its state is not final.
    pub intermediate: bool,
    /// `err` as written, cut to four octets and padded with zeros.
    pub err: [u8; 4],
    /// Index in [`super::IdRule::ALL`] of the rule that made its key.
    pub rule: u8,
}

/// What is kept of an accepted message while its receipt is awaited.
pub trait Awaits: Copy {
    /// When its deadline starts.
    fn since(&self) -> Nanos;
    /// What is kept once its final receipt has come: the cell that counts it.
    fn mark(&self) -> u16;
    /// The session it was sent on.
    fn session(&self) -> u32;
}

/// Whether the receipt of an accepted message is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tracking {
    /// It is awaited.
    Awaited,
    /// It is not: too many are kept.
    Untracked,
    /// It is awaited or ambiguous: its id was given before to a message of this session whose receipt has not come.
    IdGivenTwice(u32),
}

/// How a receipt matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptMatch<T> {
    /// The first final receipt of this message, in time.
    Final(T),
    /// An intermediate notification of a message with this [`Awaits::mark`].
    Intermediate(u16),
    /// A further final receipt of a message with this mark.
    Duplicate(u16),
    /// A final receipt after its deadline; the message was reported as missing before.
    Late(T),
    /// A final receipt after its deadline; the message was not reported as missing yet, and is missing now.
    MissingThenLate(T),
    /// Several messages have its id, and it cannot be told which one it means. One of them has this mark.
    Ambiguous(u16),
    /// No message has its id yet: it waits for its response.
    Early,
    /// No message has its id, and no further early receipt can be kept.
    Unknown,
}

/// An early receipt: it came before its submit_sm_resp.
#[derive(Clone, Copy, Debug)]
pub struct EarlyReceipt {
    /// Key of its id.
    pub key: Key,
    /// Its fields.
    pub receipt: ReceiptInfo,
}
