//! Receipts that no message sent from this machine matches, in a run over several: after their second of grace they
//! are offered to the fleet, and the worker that awaits one counts it. A receipt that nobody claims is unknown; each
//! is counted once.
//!
//! Nothing of this exists in a run within one process.
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
    /// Of its id: the same on every machine, for the run's seed makes it.
    pub key: u64,
    /// What it says; `received` is an offset from the start of the load here, for clocks differ.
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
    /// Not offered yet.
    fresh: Vec<UnmatchedReceipt>,
    /// Offered, and not answered.
    offered: ByNumber,
    /// Unclaimed so far, and tried again at this time: an answer may still be on its way, here or elsewhere.
    retried: VecDeque<(Nanos, Key, ReceiptInfo)>,
}

impl Default for UnmatchedReceipts {
    fn default() -> Self {
        let offered = HashMap::with_hasher(foldhash::fast::FixedState::with_seed(3));
        UnmatchedReceipts { next: 0, fresh: Vec::new(), offered, retried: VecDeque::new() }
    }
}

impl UnmatchedReceipts {
    /// None is offered or waits to be.
    pub(super) fn is_empty(&self) -> bool {
        self.offered.is_empty() && self.retried.is_empty()
    }

    /// Queues a receipt for the fleet. False: there is no room.
    pub(super) fn queue(&mut self, key: Key, notice: &ReceiptInfo, start: Nanos) -> bool {
        if self.offered.len() + self.retried.len() >= KEPT_MAX {
            return false;
        }
        let number = self.next;
        self.next += 1;
        let told = ReceiptInfo { received: notice.received.since(start), ..*notice };
        self.fresh.push(UnmatchedReceipt { number, key: key.0, notice: told });
        self.offered.insert(number, (key, *notice));
        true
    }

    /// The fresh ones, in batches to be offered.
    pub(super) fn take_fresh(&mut self) -> Vec<Vec<UnmatchedReceipt>> {
        let fresh = std::mem::take(&mut self.fresh);
        fresh.chunks(OFFERED_AT_ONCE).map(<[UnmatchedReceipt]>::to_vec).collect()
    }

    /// The next one that is to be tried again by now.
    pub(super) fn take_retried(&mut self, now: Nanos) -> Option<(Key, ReceiptInfo)> {
        let (at, ..) = *self.retried.front()?;
        let due = (at <= now).then(|| self.retried.pop_front()).flatten();
        due.map(|(_, key, notice)| (key, notice))
    }

    /// Another agent has counted these.
    pub(super) fn claimed(&mut self, numbers: &[u64]) {
        for number in numbers {
            self.offered.remove(number);
        }
    }

    /// Nobody claimed these: they are tried again at `again_at`. Returns those that came more than `grace` ago, for
    /// which no response can be on its way any more.
    pub(super) fn unclaimed(
        &mut self,
        numbers: &[u64],
        grace: Nanos,
        again_at: Nanos,
        now: Nanos,
    ) -> Vec<(Key, ReceiptInfo)> {
        let mut over = Vec::new();
        for number in numbers {
            let Some((key, notice)) = self.offered.remove(number) else { continue };
            if now.since(notice.received) > grace {
                over.push((key, notice));
            } else {
                self.retried.push_back((again_at, key, notice));
            }
        }
        over
    }

    /// At stop nobody answers any more: all that are left, in the order in which they came.
    pub(super) fn take_all(&mut self) -> Vec<(Key, ReceiptInfo)> {
        self.fresh.clear();
        let offered = std::mem::take(&mut self.offered).into_values();
        let retried = std::mem::take(&mut self.retried).into_iter().map(|(_, k, n)| (k, n));
        let mut left: Vec<(Key, ReceiptInfo)> = offered.chain(retried).collect();
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
        assert_eq!(unmatched.take_fresh().len(), 1);
        unmatched.claimed(&[1]);
        let over = unmatched.unclaimed(&[0, 1, 2], Nanos(150), Nanos(400), Nanos(300));
        assert_eq!(over, [(Key(0), notice(0))]);
        assert_eq!(unmatched.take_retried(Nanos(399)), None);
        assert_eq!(unmatched.take_retried(Nanos(400)), Some((Key(2), notice(200))));
        assert!(unmatched.is_empty());
    }
}
