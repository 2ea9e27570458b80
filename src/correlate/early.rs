//! Receipts that came before anybody accepted their id, in the order they came, and found by key. One list holds all
//! of them; those of one key are chained. So a step costs the same whether each has its own id or all have one.
use super::Key;
use super::receipt_info::{Early, ReceiptInfo};
use crate::kit::Nanos;
use hashbrown::HashMap;
use std::collections::VecDeque;

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: Key,
    notice: ReceiptInfo,
    /// Number of the next of the same key; 0: none yet.
    next: u64,
    /// Its response has come.
    taken: bool,
}

/// Early receipts, at most so many.
#[derive(Debug)]
pub(super) struct EarlyList {
    /// Oldest first, those taken among them until they reach the front.
    entries: VecDeque<Entry>,
    /// Number of the first of them; they are numbered in a row.
    base: u64,
    /// First and last of each key's chain.
    chains: HashMap<u64, (u64, u64), foldhash::fast::FixedState>,
    /// Not taken.
    count: usize,
    max: usize,
}

impl EarlyList {
    /// Taken entries that may stand between others before the list is made dense.
    const TAKEN_MAX: usize = 1_024;

    pub(super) fn new(max: usize) -> EarlyList {
        let chains = HashMap::with_hasher(foldhash::fast::FixedState::with_seed(0));
        EarlyList { entries: VecDeque::new(), base: 1, chains, count: 0, max }
    }

    /// Receipts that wait.
    #[inline]
    pub(super) fn count(&self) -> usize {
        self.count
    }

    fn place(&self, number: u64) -> usize {
        (number - self.base) as usize
    }

    /// Keeps a receipt. False: the list is full.
    pub(super) fn keep(&mut self, key: Key, notice: ReceiptInfo) -> bool {
        if self.count >= self.max {
            return false;
        }
        self.count += 1;
        self.append(key, notice);
        true
    }

    fn append(&mut self, key: Key, notice: ReceiptInfo) {
        let number = self.base + self.entries.len() as u64;
        let before = self.chains.get_mut(&key.0).map(|(_, last)| std::mem::replace(last, number));
        match before {
            Some(last) => {
                let place = self.place(last);
                self.entries[place].next = number;
            }
            None => _ = self.chains.insert(key.0, (number, number)),
        }
        self.entries.push_back(Entry { key, notice, next: 0, taken: false });
    }

    /// Takes all of a key into `into`, in the order they came.
    pub(super) fn take(&mut self, key: Key, into: &mut Vec<ReceiptInfo>) {
        let Some((mut number, _)) = self.chains.remove(&key.0) else { return };
        while number != 0 {
            let place = self.place(number);
            let entry = &mut self.entries[place];
            entry.taken = true;
            number = entry.next;
            into.push(entry.notice);
            self.count -= 1;
        }
        self.pop_taken();
        if self.entries.len() > 2 * self.count + Self::TAKEN_MAX {
            self.make_dense();
        }
    }

    /// The oldest leave as long as they are taken.
    fn pop_taken(&mut self) {
        while self.entries.front().is_some_and(|entry| entry.taken) {
            self.entries.pop_front();
            self.base += 1;
        }
    }

    /// Half or more are taken: those go.
    fn make_dense(&mut self) {
        self.base += self.entries.len() as u64;
        self.chains.clear();
        for entry in std::mem::take(&mut self.entries) {
            if !entry.taken {
                self.append(entry.key, entry.notice);
            }
        }
    }

    /// Gives up those that came at or before `before`, at most so many at once. True: there may be more to do.
    pub(super) fn give_up(&mut self, before: Nanos, max: usize, into: &mut Vec<Early>) -> bool {
        for _ in 0..max {
            let Some(&Entry { key, notice, next, .. }) = self.entries.front() else { return false };
            if notice.received > before {
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
            into.push(Early { key, notice });
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

    fn notice(received: u64) -> ReceiptInfo {
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
        fn it_is_a_plain_list_of_receipts_whatever_is_taken_and_given_up(
            seed in any::<u64>(), keys in 1u64..200, max in 1usize..3_000
        ) {
            let mut rng = Rng::new(seed);
            let mut list = EarlyList::new(max);
            let mut model: Vec<(u64, u64)> = Vec::new();
            for step in 0..5_000u64 {
                let key = rng.below(keys);
                match rng.below(100) {
                    0..90 => {
                        let kept = list.keep(Key(key), notice(step));
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
                        let mut gone = Vec::new();
                        list.give_up(Nanos(before), most, &mut gone);
                        let count = model.iter().take(most).take_while(|m| m.1 <= before).count();
                        let wanted: Vec<(u64, u64)> = model.drain(..count).collect();
                        let gone: Vec<(u64, u64)> =
                            gone.iter().map(|e| (e.key.0, e.notice.received.0)).collect();
                        prop_assert_eq!(gone, wanted);
                    }
                }
                prop_assert_eq!(list.count(), model.len());
                prop_assert!(list.entries.len() <= 2 * list.count() + EarlyList::TAKEN_MAX + 1);
            }
        }
    }
}
