//! Early receipts, in the order they came and by key. One list holds all of them; those of one key are chained. So a step
//! costs the same whether each receipt has its own id or all have one.
//!
//! Invariant: entry number n is at `entries[n - base]`. The chain of a key visits its entries that are not taken, in
//! order; `count` is the number of those.
use super::Key;
use super::receipt_info::{EarlyReceipt, ReceiptInfo};
use crate::kit::Nanos;
use hashbrown::HashMap;
use std::collections::VecDeque;

#[derive(Clone, Copy, Debug)]
struct EarlyEntry {
    key: Key,
    receipt: ReceiptInfo,
    /// Number of the next entry of the same key; 0: none yet.
    next: u64,
    /// Whether its response has come.
    taken: bool,
}

/// Early receipts, up to a maximum number.
#[derive(Debug)]
pub(super) struct EarlyList {
    /// Oldest first. Taken entries stay until they are first.
    entries: VecDeque<EarlyEntry>,
    /// Number of the first entry.
    base: u64,
    /// Numbers of the first and last entry of each key's chain.
    chains: HashMap<u64, (u64, u64), foldhash::fast::FixedState>,
    /// Number of entries that are not taken.
    count: usize,
    max: usize,
}

impl EarlyList {
    /// How many taken entries may be between others before the list is compacted.
    const TAKEN_MAX: usize = 1_024;

    pub(super) fn new(max: usize) -> EarlyList {
        let chains = HashMap::with_hasher(foldhash::fast::FixedState::with_seed(0));
        EarlyList { entries: VecDeque::new(), base: 1, chains, count: 0, max }
    }

    /// Number of receipts that wait for their response.
    #[inline]
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The index of an entry.
    fn index(&self, number: u64) -> usize {
        (number - self.base) as usize
    }

    /// Keeps a receipt. False: the list is full.
    pub(super) fn keep(&mut self, key: Key, receipt: ReceiptInfo) -> bool {
        if self.count >= self.max {
            return false;
        }
        self.count += 1;
        self.append(key, receipt);
        true
    }

    fn append(&mut self, key: Key, receipt: ReceiptInfo) {
        let number = self.base + self.entries.len() as u64;
        let before = self.chains.get_mut(&key.0).map(|(_, last)| std::mem::replace(last, number));
        match before {
            Some(last) => {
                let index = self.index(last);
                self.entries[index].next = number;
            }
            None => _ = self.chains.insert(key.0, (number, number)),
        }
        self.entries.push_back(EarlyEntry { key, receipt, next: 0, taken: false });
    }

    /// Moves all receipts of a key into `into`, in the order they came.
    pub(super) fn take(&mut self, key: Key, into: &mut Vec<ReceiptInfo>) {
        let Some((mut number, _)) = self.chains.remove(&key.0) else { return };
        while number != 0 {
            let index = self.index(number);
            let entry = &mut self.entries[index];
            entry.taken = true;
            number = entry.next;
            into.push(entry.receipt);
            self.count -= 1;
        }
        self.pop_taken();
        if self.entries.len() > 2 * self.count + Self::TAKEN_MAX {
            self.compact();
        }
    }

    /// Drops the oldest entries as long as they are taken.
    fn pop_taken(&mut self) {
        while self.entries.front().is_some_and(|entry| entry.taken) {
            self.entries.pop_front();
            self.base += 1;
        }
    }

    /// Drops all taken entries; half or more are.
    fn compact(&mut self) {
        self.base += self.entries.len() as u64;
        self.chains.clear();
        for entry in std::mem::take(&mut self.entries) {
            if !entry.taken {
                self.append(entry.key, entry.receipt);
            }
        }
    }

    /// Moves the receipts received at or before `before` into `into`, at most `max` of them. True: there may be more.
    pub(super) fn give_up(
        &mut self,
        before: Nanos,
        max: usize,
        into: &mut Vec<EarlyReceipt>,
    ) -> bool {
        for _ in 0..max {
            let Some(&EarlyEntry { key, receipt, next, .. }) = self.entries.front() else {
                return false;
            };
            if receipt.received > before {
                return false;
            }
            self.entries.pop_front();
            self.base += 1;
            self.count -= 1;
            // the oldest of all is the first of its chain
            match (next, self.chains.get_mut(&key.0)) {
                (0, _) | (_, None) => _ = self.chains.remove(&key.0),
                (next, Some((first, _))) => *first = next,
            }
            into.push(EarlyReceipt { key, receipt });
            self.pop_taken();
        }
        !self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::Rng;
    use proptest::prelude::*;

    fn receipt(received: u64) -> ReceiptInfo {
        let err = *b"000\0";
        ReceiptInfo {
            received: Nanos(received),
            session: 0,
            state: 2,
            intermediate: false,
            err,
            rule: 0,
        }
    }

    proptest! {
        #[test]
        fn it_is_a_list_of_receipts_by_key(
            seed in any::<u64>(), keys in 1u64..200, max in 1usize..3_000
        ) {
            let mut rng = Rng::new(seed);
            let mut list = EarlyList::new(max);
            let mut model: Vec<(u64, u64)> = Vec::new();
            for step in 0..5_000u64 {
                let key = rng.below(keys);
                match rng.below(100) {
                    0..90 => {
                        let kept = list.keep(Key(key), receipt(step));
                        prop_assert_eq!(kept, model.len() < max);
                        if kept {
                            model.push((key, step));
                        }
                    }
                    90..99 => {
                        let mut taken = Vec::new();
                        list.take(Key(key), &mut taken);
                        let wanted: Vec<u64> =
                            model.iter().filter(|m| m.0 == key).map(|m| m.1).collect();
                        prop_assert_eq!(taken.iter().map(|n| n.received.0).collect::<Vec<_>>(), wanted);
                        model.retain(|m| m.0 != key);
                    }
                    _ => {
                        let (before, most) = (rng.below(step + 1), 1 + rng.below(500) as usize);
                        let mut unknown = Vec::new();
                        list.give_up(Nanos(before), most, &mut unknown);
                        let count = model.iter().take(most).take_while(|m| m.1 <= before).count();
                        let wanted: Vec<(u64, u64)> = model.drain(..count).collect();
                        let unknown: Vec<(u64, u64)> =
                            unknown.iter().map(|e| (e.key.0, e.receipt.received.0)).collect();
                        prop_assert_eq!(unknown, wanted);
                    }
                }
                prop_assert_eq!(list.count(), model.len());
                prop_assert!(list.entries.len() <= 2 * list.count() + EarlyList::TAKEN_MAX + 1);
            }
        }
    }
}
