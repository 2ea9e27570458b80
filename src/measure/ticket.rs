//! The ticket of one submit_sm: its times and the cell that counts it. Knows no PDUs.
use crate::kit::Nanos;
use serde::{Deserialize, Serialize};

/// Number of the cell (stage, account, label) that counts a message; the plan assigns it.
pub type CellId = u16;

/// The times and the cell of one submit_sm (docs/measuring.md, "Times of a message"). It is kept in the window slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Number in the schedule. Content and destination follow from it.
    pub index: u64,
    /// When the schedule intends to send it.
    pub intended: Nanos,
    /// When its window slot became free, or `intended` if that is later.
    pub slot_free: Nanos,
    /// When a write first offered its last octet to the socket; where the socket was full already, when the message was in
    /// the out-buffer. 0 before.
    pub offered: Nanos,
    /// When the write of its last octet began. 0 before.
    pub written: Nanos,
    /// The cell that counts it.
    pub cell: CellId,
    /// Number of earlier attempts to send it (policy `retry`).
    pub attempt: u8,
    /// Bits 1–0 of registered_delivery, which say whether a receipt is required.
    pub receipt_asked: u8,
    /// Of messages encoded together: distance from one index to the next. Else 0.
    pub step: u32,
}

impl Ticket {
    /// Records that a write which began at `stamp` wrote its last octet.
    #[inline]
    pub fn write_at(&mut self, stamp: Nanos) {
        self.written = stamp;
        if self.offered == Nanos::ZERO {
            self.offered = stamp;
        }
    }
}

/// Outcome of a submit_sm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// submit_sm_resp with command_status 0.
    Accepted,
    /// submit_sm_resp (or generic_nack) with this command_status.
    Rejected(u32),
    /// No answer within `timeouts.response`.
    TimedOut,
    /// Its connection ended before the answer.
    Lost,
    /// In flight when the run ended.
    OpenAtEnd,
}
