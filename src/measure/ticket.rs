//! The ticket of one submit_sm: its times and where it is counted. It knows no PDU.
use crate::kit::Nanos;
use serde::{Deserialize, Serialize};

/// Where a message is counted: one number for (stage, account, label). The plan says which.
pub type CellId = u16;

/// The times and the place of one submit_sm on its way (docs/measuring.md, "Times of a message"). Travels in the window
/// slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Number in the schedule; recipe and destination are pure functions of it.
    pub index: u64,
    /// The schedule's time.
    pub intended: Nanos,
    /// `intended`, or the stamp of what freed the slot it got, if that is later.
    pub slot_free: Nanos,
    /// The first write that offered its last octet to the socket; where the socket was full already, when the
    /// message was ready. 0 until then.
    pub offered: Nanos,
    /// Read just before the write that carried its last octet. 0 until then.
    pub written: Nanos,
    /// Where it is counted.
    pub cell: CellId,
    /// Sends of this message before this one (policy `retry`).
    pub attempt: u8,
    /// registered_delivery's bits 1–0, which say whether a receipt must come.
    pub receipt_asked: u8,
    /// Of messages stamped together: from the index of one to that of the next. Else 0.
    pub step: u32,
}

impl Ticket {
    /// A write that began at `stamp` carried its last octet.
    #[inline]
    pub fn write_at(&mut self, stamp: Nanos) {
        self.written = stamp;
        if self.offered == Nanos::ZERO {
            self.offered = stamp;
        }
    }
}

/// How a submit_sm ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// submit_sm_resp with command_status 0.
    Accepted,
    /// submit_sm_resp (or generic_nack) with this command_status.
    Rejected(u32),
    /// No answer within `timeouts.response`.
    TimedOut,
    /// Its connection went before its answer came.
    Lost,
    /// Still open when the run ended.
    OpenAtEnd,
}
