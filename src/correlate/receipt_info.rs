//! What a receipt says, what a message must know to await one, and what becomes of either.
use super::Key;
use crate::kit::Nanos;
use serde::{Deserialize, Serialize};

/// What a receipt says, as far as correlation and counting need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptInfo {
    /// Stamp of the read that held it.
    pub received: Nanos,
    /// The session it came on.
    pub session: u32,
    /// message_state's wire number; 10 stands for any other.
    pub state: u8,
    /// Not a final state.
    pub intermediate: bool,
    /// `err` as written, at most four octets, zero-filled.
    pub err: [u8; 4],
    /// Which rule made its key; a number into [`super::IdRule::ALL`].
    pub rule: u8,
}

/// A value that knows since when its receipt is awaited.
pub trait Awaits: Copy {
    /// The deadline counts from here.
    fn since(&self) -> Nanos;
    /// What is kept of it once its final receipt has come: where it is counted.
    fn mark(&self) -> u16;
    /// The session it went on.
    fn session(&self) -> u32;
}

/// What became of a message that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Its receipt is awaited.
    Alone,
    /// No room: it is not tracked.
    NoRoom,
    /// Its id was given before, to a message of this session whose receipt had not come.
    Twice(u32),
}

/// What became of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptMatch<T> {
    /// The first final receipt of this message.
    Final(T),
    /// An intermediate notification of a message with this [`Awaits::mark`].
    Intermediate(u16),
    /// A further final receipt of a message with this mark, which had one.
    Duplicate(u16),
    /// A final receipt after its deadline; the message has been told to be missing.
    Late(T),
    /// A final receipt after its deadline, before that was noticed: the message is missing, and this is late.
    MissingThenLate(T),
    /// Several messages have its id, and none can be told to be the one it means. One of them has this mark.
    Ambiguous(u16),
    /// Nobody awaits it yet: it waits for its response.
    Early,
    /// The early list is full: unknown at once.
    Unknown,
}

/// A receipt that waits for its response.
#[derive(Clone, Copy, Debug)]
pub struct Early {
    /// Its key.
    pub key: Key,
    /// What it says.
    pub notice: ReceiptInfo,
}
