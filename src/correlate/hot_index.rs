//! Where entries stand that came lately: a table so small that it stays in a processor's own cache, whatever the
//! ledger's limit is. Each key has one bucket of four places, so that an entry is listed, found and taken out
//! within one cache line. Where a bucket is full the table grows, up to its limit; beyond, the entry is somebody
//! else's.
use super::Key;

/// Places of a bucket.
const WAYS: usize = 4;
/// Buckets at first: 16 KiB, which the innermost cache holds beside the octets of a read.
const BUCKETS_MIN: usize = 512;
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
        *self.slot = HotIndex::listed(self.key, position);
    }
}

/// 32 bits of a key, never all zero, and a position; 0: free.
type Bucket = [u64; WAYS];

/// Positions by key, as many as there is room for.
#[derive(Debug)]
pub(super) struct HotIndex {
    /// Made at the first entry.
    buckets: Vec<Bucket>,
    /// How many there are, or will be.
    buckets_count: usize,
    /// Of each bucket how many entries it had no place for, which are kept elsewhere. Made at the first; from then on
    /// the table grows no more.
    beyond: Vec<u32>,
    buckets_max: usize,
}

/// Which places of a bucket `is` accepts, a bit each: nothing to guess on the way.
#[inline]
fn places(bucket: &Bucket, is: impl Fn(u64) -> bool) -> u32 {
    (0..WAYS).fold(0, |found, way| found | u32::from(is(bucket[way])) << way)
}

impl HotIndex {
    /// Places in all. Half as many entries nearly all find one, as many four in five.
    pub(super) const SLOTS_MAX: usize = BUCKETS_MAX * WAYS;

    /// For a ledger that keeps so many.
    pub(super) fn new(kept_max: usize) -> HotIndex {
        let buckets_max = kept_max.div_ceil(WAYS).next_power_of_two().min(BUCKETS_MAX);
        let buckets_count = buckets_max.min(BUCKETS_MIN);
        HotIndex { buckets: Vec::new(), buckets_count, beyond: Vec::new(), buckets_max }
    }

    #[inline]
    fn listed(key: Key, position: u32) -> u64 {
        (key.0 << 32) | (1 << 32) | u64::from(position)
    }

    /// The key's bucket. A fleet's workers own keys by their lowest bits: these are the highest.
    #[inline]
    fn place(&self, key: Key) -> usize {
        (((key.0 >> (Key::BITS - 32)) * self.buckets_count as u64) >> 32) as usize
    }

    /// The position listed in a bucket under `key`. `key_at`: the key of the entry at a position.
    #[inline]
    fn find_in(bucket: &Bucket, key: Key, key_at: impl Fn(u32) -> Key) -> Option<u32> {
        let print = Self::listed(key, 0) >> 32;
        let mut alike = places(bucket, |slot| slot >> 32 == print);
        while alike != 0 {
            let position = bucket[alike.trailing_zeros() as usize % WAYS] as u32;
            if key_at(position) == key {
                return Some(position);
            }
            alike &= alike - 1;
        }
        None
    }

    /// The place of an entry that is not listed, to be filled with it; None: its bucket is full. Err: it is listed
    /// already, with this position. `key_at`: the key of the entry at a position.
    #[inline]
    pub(super) fn vacancy(
        &mut self,
        key: Key,
        key_at: impl Fn(u32) -> Key,
    ) -> Result<Option<Vacancy<'_>>, u32> {
        if self.buckets.is_empty() {
            self.buckets = vec![[0; WAYS]; self.buckets_count];
        }
        let mut place = self.place(key);
        if let Some(listed) = Self::find_in(&self.buckets[place], key, &key_at) {
            return Err(listed);
        }
        let mut free = places(&self.buckets[place], |slot| slot == 0);
        while free == 0 && self.buckets_count < self.buckets_max {
            self.grow(&key_at);
            place = self.place(key);
            free = places(&self.buckets[place], |slot| slot == 0);
        }
        let slot = self.buckets[place].get_mut(free.trailing_zeros() as usize);
        Ok(slot.map(|slot| Vacancy { slot, key }))
    }

    /// Whether entries of the key's bucket are kept elsewhere.
    #[inline]
    pub(super) fn has_beyond(&self, key: Key) -> bool {
        self.beyond.get(self.place(key)).is_some_and(|count| *count > 0)
    }

    /// An entry that found no place is kept elsewhere.
    #[inline]
    pub(super) fn add_beyond(&mut self, key: Key) {
        if self.beyond.is_empty() {
            self.beyond = vec![0; self.buckets_count];
        }
        let place = self.place(key);
        self.beyond[place] += 1;
    }

    /// It is kept no more.
    #[inline]
    pub(super) fn take_beyond(&mut self, key: Key) {
        let place = self.place(key);
        if let Some(count) = self.beyond.get_mut(place) {
            *count -= 1;
        }
    }

    /// Twice as many buckets: what was in one is in two that stand in its place, so that none of them overflows.
    #[cold]
    fn grow(&mut self, key_at: impl Fn(u32) -> Key) {
        self.buckets_count *= 2;
        let buckets = vec![[0; WAYS]; self.buckets_count];
        let before = std::mem::replace(&mut self.buckets, buckets);
        for listed in before.into_iter().flatten().filter(|listed| *listed != 0) {
            let place = self.place(key_at(listed as u32));
            if let Some(slot) = self.buckets[place].iter_mut().find(|slot| **slot == 0) {
                *slot = listed;
            }
        }
    }

    /// The position listed under `key`. `key_at`: the key of the entry at a position.
    #[inline]
    pub(super) fn find(&self, key: Key, key_at: impl Fn(u32) -> Key) -> Option<u32> {
        Self::find_in(self.buckets.get(self.place(key))?, key, key_at)
    }

    /// Takes an entry out. False: it is not listed.
    #[inline]
    pub(super) fn strike(&mut self, key: Key, position: u32) -> bool {
        let place = self.place(key);
        let Some(bucket) = self.buckets.get_mut(place) else { return false };
        let listed = places(bucket, |slot| slot == Self::listed(key, position));
        let slot = bucket.get_mut(listed.trailing_zeros() as usize);
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
        fn what_is_listed_is_found_until_it_is_taken_and_a_full_bucket_takes_no_more(
            steps in proptest::collection::vec((0u8..10, 0u64..6_000), 0..12_000),
            kept_max in 1usize..10_000,
        ) {
            let mut near = HotIndex::new(kept_max);
            let mut all: HashMap<u64, u32> = HashMap::new();
            let mut keys = Vec::new();
            for (position, (step, n)) in (0u32..).zip(steps) {
                let key = Key::within(mix64(n));
                keys.push(key);
                let key_at = |position: u32| keys[position as usize];
                let found = near.find(key, key_at);
                prop_assert_eq!(found, all.get(&n).copied());
                if step < 2 {
                    let struck = near.strike(key, found.unwrap_or(position));
                    prop_assert_eq!(struck, all.remove(&n).is_some());
                    continue;
                }
                match near.vacancy(key, key_at) {
                    Ok(Some(vacancy)) => {
                        vacancy.fill(position);
                        prop_assert_eq!(all.insert(n, position), None);
                    }
                    Ok(None) => prop_assert!(found.is_none() && near.buckets.len() == near.buckets_max),
                    Err(listed) => prop_assert_eq!(found, Some(listed)),
                }
            }
            let mut listed: Vec<u32> = near.buckets.iter().flatten().filter(|s| **s != 0).map(|s| *s as u32).collect();
            let mut known: Vec<u32> = all.into_values().collect();
            listed.sort_unstable();
            known.sort_unstable();
            prop_assert_eq!(listed, known);
        }
    }

    #[test]
    fn half_full_nearly_every_entry_still_finds_a_place() {
        let mut near = HotIndex::new(1 << 20);
        let half = HotIndex::SLOTS_MAX as u32 / 2;
        let key = |n: u32| Key::within(mix64(u64::from(n)));
        let list = |n: &u32| near.vacancy(key(*n), key).unwrap().map(|v| v.fill(*n)).is_some();
        let listed = (0..half).filter(list).count();
        assert!(listed > half as usize * 9 / 10, "{listed} of {half}");
        assert_eq!((near.find(key(7), key), near.find(key(half), key)), (Some(7), None));
    }
}
