//! The index that is searched first: a hash table small enough to stay in the processor's own cache, whatever the number
//! of entries. Each key has one bucket of four slots, so that an insertion, lookup or removal touches one cache line. A
//! full bucket makes the table grow up to its limit; beyond that the entry goes to the overflow index.
//!
//! Invariant: a slot holds 32 bits of a key (never all zero) and the position of that key's entry, in the key's bucket; no
//! position is in two slots. `overflow_counts` counts, by bucket, the entries that are in the overflow index.
use super::Key;

/// Slots of a bucket.
const WAYS: usize = 4;
/// Initial number of buckets: 16 KiB, which the innermost cache holds together with the octets of a read.
const BUCKETS_MIN: usize = 512;
/// Maximum number of buckets: 64 KiB.
const BUCKETS_MAX: usize = 2_048;

/// A free slot in the bucket of a key.
#[derive(Debug)]
pub(super) struct FreeSlot<'a> {
    slot: &'a mut u64,
    key: Key,
}

impl FreeSlot<'_> {
    /// Stores the position of the key's entry.
    #[inline]
    pub(super) fn fill(self, position: u32) {
        *self.slot = HotIndex::slot_of(self.key, position);
    }
}

/// Slots of 32 key bits and a position; 0: free.
type Bucket = [u64; WAYS];

/// Positions by key, up to a maximum number.
#[derive(Debug)]
pub(super) struct HotIndex {
    /// Allocated with the first entry.
    buckets: Vec<Bucket>,
    /// Number of buckets, or their number at the first allocation.
    buckets_count: usize,
    /// By bucket, the number of its entries in the overflow index. Allocated with the first of them; from then on the
    /// table does not grow.
    overflow_counts: Vec<u32>,
    buckets_max: usize,
}

/// Bit mask of the slots that `is` accepts; branch-free.
#[inline]
fn matching_slots(bucket: &Bucket, is: impl Fn(u64) -> bool) -> u32 {
    (0..WAYS).fold(0, |found, way| found | u32::from(is(bucket[way])) << way)
}

impl HotIndex {
    /// Maximum number of slots. With half as many entries nearly all get a slot, with as many four in five.
    pub(super) const SLOTS_MAX: usize = BUCKETS_MAX * WAYS;

    /// An index for at most `kept_max` entries.
    pub(super) fn new(kept_max: usize) -> HotIndex {
        let buckets_max = kept_max.div_ceil(WAYS).next_power_of_two().min(BUCKETS_MAX);
        let buckets_count = buckets_max.min(BUCKETS_MIN);
        HotIndex { buckets: Vec::new(), buckets_count, overflow_counts: Vec::new(), buckets_max }
    }

    /// The content of a slot.
    #[inline]
    fn slot_of(key: Key, position: u32) -> u64 {
        (key.0 << 32) | (1 << 32) | u64::from(position)
    }

    /// The bucket of a key, by its highest bits: the lowest ones, which name the worker, are the same for all keys of a
    /// worker.
    #[inline]
    fn bucket_of(&self, key: Key) -> usize {
        (((key.0 >> (Key::BITS - 32)) * self.buckets_count as u64) >> 32) as usize
    }

    /// The position of a key in a bucket. `key_at`: key of the entry at a position.
    #[inline]
    fn find_in(bucket: &Bucket, key: Key, key_at: impl Fn(u32) -> Key) -> Option<u32> {
        let fingerprint = Self::slot_of(key, 0) >> 32;
        let mut candidates = matching_slots(bucket, |slot| slot >> 32 == fingerprint);
        while candidates != 0 {
            let position = bucket[candidates.trailing_zeros() as usize % WAYS] as u32;
            if key_at(position) == key {
                return Some(position);
            }
            candidates &= candidates - 1;
        }
        None
    }

    /// A free slot for a key; None: its bucket is full. Err: the key is indexed already, with this position. `key_at`: key
    /// of the entry at a position.
    #[inline]
    pub(super) fn free_slot(
        &mut self,
        key: Key,
        key_at: impl Fn(u32) -> Key,
    ) -> Result<Option<FreeSlot<'_>>, u32> {
        if self.buckets.is_empty() {
            self.buckets = vec![[0; WAYS]; self.buckets_count];
        }
        let mut bucket = self.bucket_of(key);
        if let Some(indexed) = Self::find_in(&self.buckets[bucket], key, &key_at) {
            return Err(indexed);
        }
        let mut free = matching_slots(&self.buckets[bucket], |slot| slot == 0);
        while free == 0 && self.buckets_count < self.buckets_max {
            self.grow(&key_at);
            bucket = self.bucket_of(key);
            free = matching_slots(&self.buckets[bucket], |slot| slot == 0);
        }
        let slot = self.buckets[bucket].get_mut(free.trailing_zeros() as usize);
        Ok(slot.map(|slot| FreeSlot { slot, key }))
    }

    /// Whether entries of the key's bucket are in the overflow index.
    #[inline]
    pub(super) fn has_overflow(&self, key: Key) -> bool {
        self.overflow_counts.get(self.bucket_of(key)).is_some_and(|count| *count > 0)
    }

    /// Counts an entry that goes to the overflow index.
    #[inline]
    pub(super) fn add_overflow(&mut self, key: Key) {
        if self.overflow_counts.is_empty() {
            self.overflow_counts = vec![0; self.buckets_count];
        }
        let bucket = self.bucket_of(key);
        self.overflow_counts[bucket] += 1;
    }

    /// Counts an entry that leaves the overflow index.
    #[inline]
    pub(super) fn remove_overflow(&mut self, key: Key) {
        let bucket = self.bucket_of(key);
        if let Some(count) = self.overflow_counts.get_mut(bucket) {
            *count -= 1;
        }
    }

    /// Doubles the number of buckets: each is divided in two, so that none overflows.
    #[cold]
    fn grow(&mut self, key_at: impl Fn(u32) -> Key) {
        self.buckets_count *= 2;
        let buckets = vec![[0; WAYS]; self.buckets_count];
        let before = std::mem::replace(&mut self.buckets, buckets);
        for slot in before.into_iter().flatten().filter(|slot| *slot != 0) {
            let bucket = self.bucket_of(key_at(slot as u32));
            if let Some(free) = self.buckets[bucket].iter_mut().find(|slot| **slot == 0) {
                *free = slot;
            }
        }
    }

    /// The position of a key. None: it is not indexed here. `key_at`: key of the entry at a position.
    #[inline]
    pub(super) fn find(&self, key: Key, key_at: impl Fn(u32) -> Key) -> Option<u32> {
        Self::find_in(self.buckets.get(self.bucket_of(key))?, key, key_at)
    }

    /// Removes an entry. False: it is not indexed here.
    #[inline]
    pub(super) fn remove(&mut self, key: Key, position: u32) -> bool {
        let bucket = self.bucket_of(key);
        let Some(bucket) = self.buckets.get_mut(bucket) else { return false };
        let matching = matching_slots(bucket, |slot| slot == Self::slot_of(key, position));
        let slot = bucket.get_mut(matching.trailing_zeros() as usize);
        slot.map(|slot| *slot = 0).is_some()
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
        fn it_is_a_map_of_positions_until_a_bucket_is_full(
            steps in proptest::collection::vec((0u8..10, 0u64..6_000), 0..12_000),
            kept_max in 1usize..10_000,
        ) {
            let mut index = HotIndex::new(kept_max);
            let mut all: HashMap<u64, u32> = HashMap::new();
            let mut keys = Vec::new();
            for (position, (step, n)) in (0u32..).zip(steps) {
                let key = Key::within(mix64(n));
                keys.push(key);
                let key_at = |position: u32| keys[position as usize];
                let found = index.find(key, key_at);
                prop_assert_eq!(found, all.get(&n).copied());
                if step < 2 {
                    let removed = index.remove(key, found.unwrap_or(position));
                    prop_assert_eq!(removed, all.remove(&n).is_some());
                    continue;
                }
                match index.free_slot(key, key_at) {
                    Ok(Some(slot)) => {
                        slot.fill(position);
                        prop_assert_eq!(all.insert(n, position), None);
                    }
                    Ok(None) => prop_assert!(found.is_none() && index.buckets.len() == index.buckets_max),
                    Err(indexed) => prop_assert_eq!(found, Some(indexed)),
                }
            }
            let mut indexed: Vec<u32> = index.buckets.iter().flatten().filter(|s| **s != 0).map(|s| *s as u32).collect();
            let mut known: Vec<u32> = all.into_values().collect();
            indexed.sort_unstable();
            known.sort_unstable();
            prop_assert_eq!(indexed, known);
        }
    }

    #[test]
    fn half_full_nearly_every_entry_gets_a_slot() {
        let mut index = HotIndex::new(1 << 20);
        let half = HotIndex::SLOTS_MAX as u32 / 2;
        let key = |n: u32| Key::within(mix64(u64::from(n)));
        let list = |n: &u32| index.free_slot(key(*n), key).unwrap().map(|v| v.fill(*n)).is_some();
        let indexed = (0..half).filter(list).count();
        assert!(indexed > half as usize * 9 / 10, "{indexed} of {half}");
        assert_eq!((index.find(key(7), key), index.find(key(half), key)), (Some(7), None));
    }
}
