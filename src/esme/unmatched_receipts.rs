//! Receipts that nothing sent from this machine owns, in a run over several: after their second of grace they
//! are offered to the fleet, and whoever owns one counts it. What nobody claims is unknown; each is counted once.
//!
//! Nothing of this exists in a run within one process.
use super::core::Core;
use super::orders::Event;
use super::unmatched::GRACE;
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

/// Strays that a worker keeps at most, and tells at once: what comes beyond is unknown at once.
const KEPT_MAX: usize = 1 << 16;
const TOLD_AT_ONCE: usize = 1_024;

type Numbered = HashMap<u64, (Key, ReceiptInfo), foldhash::fast::FixedState>;

/// A worker's strays.
#[derive(Debug)]
pub(super) struct Strays {
    next: u64,
    /// Not yet told.
    fresh: Vec<UnmatchedReceipt>,
    /// Told, and not answered.
    offered: Numbered,
    /// Unclaimed so far, and tried again at this time: an answer may still be on its way, here or elsewhere.
    waiting: VecDeque<(Nanos, Key, ReceiptInfo)>,
}

impl Default for Strays {
    fn default() -> Self {
        let hasher = foldhash::fast::FixedState::with_seed(3);
        let offered = HashMap::with_hasher(hasher);
        Strays { next: 0, fresh: Vec::new(), offered, waiting: VecDeque::new() }
    }
}

impl Strays {
    /// Nothing is fresh, offered or waiting.
    pub(super) fn is_empty(&self) -> bool {
        self.offered.is_empty() && self.waiting.is_empty()
    }
}

impl Core {
    /// Whether this receipt may be another agent's, and is kept to be offered. Not before the load, for nobody
    /// has sent then; not on the way out, for nobody is asked any more.
    pub(super) fn astray(&mut self, key: Key, notice: &ReceiptInfo) -> bool {
        let Some(start) = self.start.filter(|s| notice.received >= *s && !self.stopping) else {
            return false;
        };
        let Some(strays) = &mut self.strays else { return false };
        if strays.offered.len() + strays.waiting.len() >= KEPT_MAX {
            return false;
        }
        let number = strays.next;
        strays.next += 1;
        let told = ReceiptInfo { received: notice.received.since(start), ..*notice };
        strays.fresh.push(UnmatchedReceipt { number, key: key.0, notice: told });
        strays.offered.insert(number, (key, *notice));
        true
    }

    /// Tells the fresh ones, and tries again those whose time has come: here first, then in the fleet.
    pub(super) fn offer_strays(&mut self, now: Nanos) {
        while let Some((at, key, notice)) = self.strays.as_ref().and_then(|s| s.waiting.front()) {
            let (at, key, notice) = (*at, *key, *notice);
            if at > now {
                break;
            }
            if let Some(strays) = &mut self.strays {
                strays.waiting.pop_front();
            }
            self.here_or_astray(key, &notice);
        }
        let Some(strays) = self.strays.as_mut().filter(|s| !s.fresh.is_empty()) else { return };
        let fresh = std::mem::take(&mut strays.fresh);
        for strays in fresh.chunks(TOLD_AT_ONCE).map(<[UnmatchedReceipt]>::to_vec) {
            self.events.push(Event::Unmatched { worker: self.worker, strays });
        }
    }

    fn here_or_astray(&mut self, key: Key, notice: &ReceiptInfo) {
        if self.correlator.knows(key) {
            self.receipt(key, *notice);
        } else {
            self.unmatched(key, notice);
        }
    }

    /// The fleet has answered. What nobody knows is asked again until every response is in or has timed out.
    pub(super) fn strays_settled(
        &mut self,
        claimed: &[u64],
        unclaimed: &[u64],
        excused: bool,
        now: Nanos,
    ) {
        let grace = self.grace();
        let Some(strays) = &mut self.strays else { return };
        for number in claimed {
            strays.offered.remove(number);
        }
        let mut over = Vec::new();
        for number in unclaimed {
            let Some((key, notice)) = strays.offered.remove(number) else { continue };
            if now.since(notice.received) > grace {
                over.push((key, notice));
            } else {
                strays.waiting.push_back((now + GRACE, key, notice));
            }
        }
        for (key, notice) in over {
            if self.correlator.knows(key) {
                self.receipt(key, notice);
            } else {
                self.unaccounted += u64::from(excused);
                self.nobodys(&notice);
            }
        }
    }

    /// Those of the offered that this worker owns are counted here, and named.
    pub(super) fn claim(&mut self, batch: u64, strays: &[UnmatchedReceipt]) {
        let start = self.start.unwrap_or_default();
        let mut places = Vec::new();
        for (place, stray) in (0u32..).zip(strays) {
            let key = Key(stray.key);
            if self.correlator.knows(key) {
                let notice =
                    ReceiptInfo { received: start + stray.notice.received, ..stray.notice };
                self.receipt(key, notice);
                places.push(place);
            }
        }
        self.events.push(Event::Claimed { worker: self.worker, batch, places });
    }

    /// On the way out nobody answers any more: what was not claimed by now is ours, or unknown.
    pub(super) fn give_up_strays(&mut self) {
        let Some(strays) = &mut self.strays else { return };
        strays.fresh.clear();
        let offered = std::mem::take(&mut strays.offered).into_values();
        let waiting = std::mem::take(&mut strays.waiting).into_iter().map(|(_, k, n)| (k, n));
        let mut left: Vec<(Key, ReceiptInfo)> = offered.chain(waiting).collect();
        left.sort_by_key(|(key, notice)| (notice.received, key.0));
        for (key, notice) in left {
            self.here_or_astray(key, &notice);
        }
    }
}
