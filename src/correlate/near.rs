//! Where entries stand that came lately: a table of a fixed size that stays in a processor's own cache, whatever the
//! ledger's limit is. Each key has one bucket of four places, so that an entry is listed, found and taken out
//! within one cache line; where a bucket is full, the entry is somebody else's.
use super::Key;

/// Places of a bucket.
const WAYS: usize = 4;
/// Buckets, at most: 64 KiB.
const BUCKETS_MAX: usize = 2_048;

/// A free place in a key's bucket.
#[derive(Debug)]
pub(super) struct Vacancy<'a> {
    slot: &'a mut u64,
    key: Key,
}

impl Vacancy<'_> {
    /// Lists the key's entry there.
    #[inline]
    pub(super) fn fill(self, position: u32) {
        *self.slot = Near::listed(self.key, position);
    }
}

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

    /// The place of an entry that is not listed, to be filled with it; None: its bucket is full. `is` tells of a
    /// position whether it is this very key's; Err: that one is listed already.
    #[inline]
    pub(super) fn vacancy(
        &mut self,
        key: Key,
        is: impl Fn(u32) -> bool,
    ) -> Result<Option<Vacancy<'_>>, u32> {
        if self.slots.is_empty() {
            self.slots = vec![0; self.buckets * WAYS];
        }
        let first = self.bucket(key);
        let print = Self::listed(key, 0) >> 32;
        let mut free = None;
        for (way, slot) in self.slots[first..first + WAYS].iter().enumerate() {
            if *slot == 0 {
                free = free.or(Some(first + way));
            } else if slot >> 32 == print && is(*slot as u32) {
                return Err(*slot as u32);
            }
        }
        Ok(free.map(|at| Vacancy { slot: &mut self.slots[at], key }))
    }

    /// The position listed under `key` that `is` accepts.
    #[inline]
    pub(super) fn find(&self, key: Key, is: impl Fn(u32) -> bool) -> Option<u32> {
        let first = self.bucket(key);
        let print = Self::listed(key, 0) >> 32;
        let bucket = self.slots.get(first..first + WAYS)?;
        let slot = bucket.iter().find(|slot| *slot >> 32 == print && is(**slot as u32))?;
        Some(*slot as u32)
    }

    /// Takes an entry out. False: it is not listed.
    #[inline]
    pub(super) fn strike(&mut self, key: Key, position: u32) -> bool {
        let first = self.bucket(key);
        let listed = Self::listed(key, position);
        let Some(bucket) = self.slots.get_mut(first..first + WAYS) else { return false };
        // whichever it is: nothing to guess
        let mut struck = false;
        for slot in bucket {
            let is = *slot == listed;
            struck |= is;
            *slot = if is { 0 } else { *slot };
        }
        struck
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
                prop_assert_eq!(found, all.get(&n).copied());
                if !list {
                    let struck = near.strike(key, found.unwrap_or(position));
                    prop_assert_eq!(struck, all.remove(&n).is_some());
                    continue;
                }
                match near.vacancy(key, |_| true) {
                    Ok(Some(vacancy)) => {
                        vacancy.fill(position);
                        prop_assert_eq!(all.insert(n, position), None);
                    }
                    Ok(None) => prop_assert_eq!(found, None),
                    Err(listed) => prop_assert_eq!(found, Some(listed)),
                }
            }
            prop_assert!(all.len() <= near.slots.len());
        }
    }

    #[test]
    fn half_full_nearly_every_entry_still_finds_a_place() {
        let mut near = Near::new(1 << 20);
        let half = Near::SLOTS_MAX as u32 / 2;
        let key = |n: u32| Key::within(mix64(u64::from(n)));
        let list = |n: &u32| near.vacancy(key(*n), |_| true).unwrap().map(|v| v.fill(*n)).is_some();
        let listed = (0..half).filter(list).count();
        assert!(listed > half as usize * 9 / 10, "{listed} of {half}");
        assert_eq!((near.find(key(7), |p| p == 7), near.find(key(7), |p| p != 7)), (Some(7), None));
    }
}
