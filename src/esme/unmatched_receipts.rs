//! In a run with several agents: receipts that match no message of this agent. After 1 s (`GRACE`) they are offered
//! to the other agents; the worker that awaits one counts it. If nobody claims one, it is offered again until the
//! response timeout has passed, and then counts as unknown. Each is counted once.
use crate::correlate::{Key, ReceiptInfo};
use crate::kit::Nanos;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// A receipt on its way to its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnmatchedReceipt {
    /// Its number at the worker that read it.
    pub number: u64,
    /// Hash of the message id; keyed with the run's seed, so equal on every agent.
    pub key: u64,
    /// What it says; `received` is an offset from the start of the load, because the agents' clocks differ.
    pub notice: ReceiptInfo,
}

/// Receipts that a worker keeps at most, and offers in one event: what comes beyond is unknown at once.
const KEPT_MAX: usize = 1 << 16;
const OFFERED_AT_ONCE: usize = 1_024;

type ByNumber = HashMap<u64, (Key, ReceiptInfo), foldhash::fast::FixedState>;

/// The unmatched receipts of a worker.
#[derive(Debug)]
pub(super) struct UnmatchedReceipts {
    next: u64,
    /// Copies to put in the next offer; also in `unanswered`.
    to_offer: Vec<UnmatchedReceipt>,
    /// Queued or offered, not answered yet, by number.
    unanswered: ByNumber,
    /// Claimed by nobody: to be matched here again, and if need be offered again, at this time.
    to_retry: VecDeque<(Nanos, Key, ReceiptInfo)>,
}

impl Default for UnmatchedReceipts {
    fn default() -> Self {
        let unanswered = HashMap::with_hasher(foldhash::fast::FixedState::with_seed(3));
        UnmatchedReceipts { next: 0, to_offer: Vec::new(), unanswered, to_retry: VecDeque::new() }
    }
}

impl UnmatchedReceipts {
    /// Whether every receipt is claimed or given back.
    pub(super) fn is_empty(&self) -> bool {
        self.unanswered.is_empty() && self.to_retry.is_empty()
    }

    /// Queues a receipt for the fleet. False: there is no room.
    pub(super) fn queue(&mut self, key: Key, notice: &ReceiptInfo, start: Nanos) -> bool {
        if self.unanswered.len() + self.to_retry.len() >= KEPT_MAX {
            return false;
        }
        let number = self.next;
        self.next += 1;
        let told = ReceiptInfo { received: notice.received.since(start), ..*notice };
        self.to_offer.push(UnmatchedReceipt { number, key: key.0, notice: told });
        self.unanswered.insert(number, (key, *notice));
        true
    }

    /// The receipts to offer now, in batches.
    pub(super) fn take_offers(&mut self) -> Vec<Vec<UnmatchedReceipt>> {
        let to_offer = std::mem::take(&mut self.to_offer);
        to_offer.chunks(OFFERED_AT_ONCE).map(<[UnmatchedReceipt]>::to_vec).collect()
    }

    /// The next one whose retry is due.
    pub(super) fn take_due_retry(&mut self, now: Nanos) -> Option<(Key, ReceiptInfo)> {
        let (at, ..) = *self.to_retry.front()?;
        let due = (at <= now).then(|| self.to_retry.pop_front()).flatten();
        due.map(|(_, key, notice)| (key, notice))
    }

    /// Another agent has counted these.
    pub(super) fn claimed(&mut self, numbers: &[u64]) {
        for number in numbers {
            self.unanswered.remove(number);
        }
    }

    /// Nobody claimed these: they are tried again at `again_at`. Returns those received more than `response_wait` ago:
    /// no response can come for them any more.
    pub(super) fn unclaimed(
        &mut self,
        numbers: &[u64],
        response_wait: Nanos,
        again_at: Nanos,
        now: Nanos,
    ) -> Vec<(Key, ReceiptInfo)> {
        let mut over = Vec::new();
        for number in numbers {
            let Some((key, notice)) = self.unanswered.remove(number) else { continue };
            if now.since(notice.received) > response_wait {
                over.push((key, notice));
            } else {
                self.to_retry.push_back((again_at, key, notice));
            }
        }
        over
    }

    /// All that are left at stop, when nobody answers any more, in the order in which they were received.
    pub(super) fn take_all(&mut self) -> Vec<(Key, ReceiptInfo)> {
        self.to_offer.clear();
        let unanswered = std::mem::take(&mut self.unanswered).into_values();
        let to_retry = std::mem::take(&mut self.to_retry).into_iter().map(|(_, k, n)| (k, n));
        let mut left: Vec<(Key, ReceiptInfo)> = unanswered.chain(to_retry).collect();
        left.sort_by_key(|(key, notice)| (notice.received, key.0));
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(received: u64) -> ReceiptInfo {
        ReceiptInfo {
            received: Nanos(received),
            session: 0,
            state: 2,
            intermediate: false,
            err: [0; 4],
            rule: 0,
        }
    }

    #[test]
    fn a_receipt_that_nobody_claims_is_tried_again_within_its_grace_and_given_back_after_it() {
        let mut unmatched = UnmatchedReceipts::default();
        (0..3).for_each(|n| assert!(unmatched.queue(Key(n), &notice(100 * n), Nanos::ZERO)));
        assert_eq!(unmatched.take_offers().len(), 1);
        unmatched.claimed(&[1]);
        let over = unmatched.unclaimed(&[0, 1, 2], Nanos(150), Nanos(400), Nanos(300));
        assert_eq!(over, [(Key(0), notice(0))]);
        assert_eq!(unmatched.take_due_retry(Nanos(399)), None);
        assert_eq!(unmatched.take_due_retry(Nanos(400)), Some((Key(2), notice(200))));
        assert!(unmatched.is_empty());
    }
}
