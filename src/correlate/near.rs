//! Where entries stand that came lately: a table of a fixed size that stays in a processor's own cache, whatever the
//! ledger's limit is. Each key has one bucket of four places, so that an entry is listed, found and taken out
//! within one cache line; where a bucket is full, the entry is somebody else's.
use super::Key;

/// Places of a bucket.
const WAYS: usize = 4;
/// Buckets, at most: 64 KiB.
const BUCKETS_MAX: usize = 2_048;

/// Where in the table an entry is listed; good until the next change.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot(usize);

/// Positions by key, as many as there is room for.
#[derive(Debug)]
pub(super) struct Near {
    /// 32 bits of a key, never all zero, and a position; 0: free. Made at the first entry.
    slots: Vec<u64>,
    buckets: usize,
}

impl Near {
    /// Places in all. Half as many entries nearly all find one, as many four in five.
    pub(super) const SLOTS_MAX: usize = BUCKETS_MAX * WAYS;

    /// For a ledger that keeps so many.
    pub(super) fn new(kept_max: usize) -> Near {
        let buckets = kept_max.div_ceil(WAYS).next_power_of_two().min(BUCKETS_MAX);
        Near { slots: Vec::new(), buckets }
    }

    #[inline]
    fn listed(key: Key, position: u32) -> u64 {
        (key.0 << 32) | (1 << 32) | u64::from(position)
    }

    /// The first slot of the key's bucket. A fleet's workers own keys by their lowest bits: these are the highest.
    #[inline]
    fn bucket(&self, key: Key) -> usize {
        (((key.0 >> (Key::BITS - 32)) * self.buckets as u64) >> 32) as usize * WAYS
    }

    /// Lists an entry. False: its bucket is full.
    #[inline]
    pub(super) fn list(&mut self, key: Key, position: u32) -> bool {
        if self.slots.is_empty() {
            self.slots = vec![0; self.buckets * WAYS];
        }
        let first = self.bucket(key);
        let free = self.slots[first..first + WAYS].iter_mut().find(|slot| **slot == 0);
        let Some(slot) = free else { return false };
        *slot = Self::listed(key, position);
        true
    }

    /// The entry listed under `key` whose position `is` accepts.
    #[inline]
    pub(super) fn find(&self, key: Key, is: impl Fn(u32) -> bool) -> Option<(Slot, u32)> {
        let first = self.bucket(key);
        let print = Self::listed(key, 0) >> 32;
        let bucket = self.slots.get(first..first + WAYS)?;
        let way = bucket.iter().position(|slot| slot >> 32 == print && is(*slot as u32))?;
        Some((Slot(first + way), bucket[way] as u32))
    }

    /// Takes an entry out.
    #[inline]
    pub(super) fn take(&mut self, slot: Slot) {
        self.slots[slot.0] = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::mix64;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn what_is_listed_is_found_until_it_is_taken_and_a_full_bucket_takes_no_more(
            steps in proptest::collection::vec((any::<bool>(), 0u64..300), 0..2_000),
            kept_max in 1usize..600,
        ) {
            let mut near = Near::new(kept_max);
            let mut all: HashMap<u64, u32> = HashMap::new();
            for (position, (list, n)) in (0u32..).zip(steps) {
                let key = Key::within(mix64(n));
                let found = near.find(key, |_| true);
                prop_assert_eq!(found.map(|f| f.1), all.get(&n).copied());
                match found {
                    Some((slot, _)) if !list => {
                        near.take(slot);
                        all.remove(&n);
                    }
                    None if list && near.list(key, position) => {
                        all.insert(n, position);
                    }
                    Some(_) | None => {}
                }
            }
            prop_assert!(all.len() <= near.slots.len());
        }
    }

    #[test]
    fn half_full_nearly_every_entry_still_finds_a_place() {
        let mut near = Near::new(1 << 20);
        let half = Near::SLOTS_MAX as u32 / 2;
        let listed = (0..half).filter(|n| near.list(Key::within(mix64(u64::from(*n))), *n)).count();
        assert!(listed > half as usize * 9 / 10, "{listed} of {half}");
        assert_eq!(near.find(Key::within(mix64(7)), |p| p != 7).map(|f| f.1), None);
    }
}
