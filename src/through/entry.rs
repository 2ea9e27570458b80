//! What is known of one submit_sm that our ESME sent.
use super::collections::Few;
use super::sent_receipt::SentReceipt;
use crate::kit::Nanos;
use crate::smpp::marker::MessageKey;

/// Of the side in front.
#[derive(Clone, Debug, Default)]
pub(super) struct Front {
    /// Place of its session.
    pub(super) session: u32,
    /// When its last attempt was written.
    pub(super) written: Nanos,
    /// When its first attempt was written.
    pub(super) first_written: Nanos,
    /// Attempts that are not answered.
    pub(super) open: u32,
    /// Whether an attempt will not be answered: its connection is gone.
    pub(super) has_gone: bool,
    /// When it was accepted. None: it was not.
    pub(super) accepted: Option<Nanos>,
    /// The last answer that did not accept it, and when. None: there was none.
    pub(super) rejected: Option<(u32, Nanos)>,
    /// message_id of the answer.
    pub(super) id: Box<[u8]>,
    /// How many submit_sm of the run had been sent before its last attempt.
    pub(super) number: u64,
}

/// Of the side behind.
#[derive(Clone, Debug, Default)]
pub(super) struct Behind {
    /// Copies that came out.
    pub(super) out_count: u32,
    /// Copies before which a connection was made anew since the copy before.
    pub(super) over_reconnect: u32,
    /// When the first copy came out, and the last.
    pub(super) first: Nanos,
    pub(super) last: Nanos,
    /// Place of the session of the first copy.
    pub(super) session: u32,
    /// Answer of our SMSC to the first copy that it answered, and when. None: there was none.
    pub(super) answered: Option<(u32, Nanos)>,
    /// message_id of that answer.
    pub(super) id: Box<[u8]>,
    /// PDUs that the first copy came out in.
    pub(super) segments: u32,
}

/// Its final receipts.
#[derive(Clone, Debug, Default)]
pub(super) struct Receipts {
    /// Sent behind.
    pub(super) sent: u32,
    /// Come in front.
    pub(super) came: u32,
    /// Sent behind, and not come in front.
    pub(super) waiting: Few<SentReceipt>,
}

/// One submit_sm in front, with all its attempts.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: MessageKey,
    /// The octets of its last attempt, until it has come out.
    pub(super) frame: Box<[u8]>,
    pub(super) front: Front,
    pub(super) behind: Behind,
    pub(super) receipts: Receipts,
    pub(super) is_altered: bool,
    pub(super) is_at_wrong_upstream: bool,
    pub(super) is_resegmented: bool,
    /// Whether a final receipt was asked for.
    pub(super) wants_receipt: bool,
}

impl Entry {
    pub(super) fn new(key: MessageKey, wants_receipt: bool) -> Entry {
        Entry {
            key,
            frame: Box::default(),
            front: Front::default(),
            behind: Behind::default(),
            receipts: Receipts::default(),
            is_altered: false,
            is_at_wrong_upstream: false,
            is_resegmented: false,
            wants_receipt,
        }
    }

    /// Whether nothing more is awaited of it at `now`: it may be forgotten.
    pub(super) fn is_finished(&self, now: Nanos, deadline: Nanos) -> bool {
        let Entry { front, behind, receipts, .. } = self;
        let is_over = |since: Nanos| now.since(since) > deadline;
        if front.open > 0 && !is_over(front.written) {
            return false;
        }
        if behind.out_count > 0 && behind.answered.is_none() && !is_over(behind.last) {
            return false;
        }
        if receipts.waiting.iter().any(|sent| !is_over(sent.at)) {
            return false;
        }
        let Some(accepted) = front.accepted else { return is_over(front.written) };
        let has_receipt = !self.wants_receipt || receipts.came > 0;
        behind.out_count > 0 && has_receipt || is_over(accepted.max(behind.last))
    }

    /// Whether it came out by its deadline, counted from its accept.
    pub(super) fn is_in_time(&self, deadline: Nanos) -> bool {
        let since = self.front.accepted.unwrap_or(self.front.written);
        self.behind.out_count > 0 && self.behind.first.since(since) <= deadline
    }
}
