//! Overflow index: fixed-size hash tables, split one at a time. It holds the entries whose bucket of the hot index is full.
//!
//! While entries are added, one table after the other is split in two (linear hashing: Litwin, VLDB 1980), so that no
//! insertion moves more than the entries of one table, and none frees memory.
//!
//! Invariant: a position is in the table that `table` gives for its key, and in no other; no table holds more than
//! `CAPACITY` entries as long as there are at most `kept_max` in all.
use super::Key;
use hashbrown::HashTable;

/// Entries of a table when the store is full: seven in eight of 2,048 buckets can be used, and chance needs a margin.
const FULL: usize = 1_650;
/// Capacity of a table: 2,048 buckets, 10 KiB.
const CAPACITY: usize = 1_792;
/// Average number of entries of a table at which the next one is split. Tables that wait for their split have up to twice
/// as many.
const SPLIT_AT: usize = FULL / 2;
/// Initial number of tables, or a few more.
const FIRST: usize = 16;

/// Positions by key.
#[derive(Debug)]
pub(super) struct OverflowIndex {
    /// Empty before the first entry.
    tables: Vec<HashTable<u32>>,
    /// Initial number of tables.
    first: usize,
    tables_max: usize,
    /// How often every table has been split; the first ones have been split once more.
    splits: u32,
    len: usize,
    /// Scratch buffer for the keys and positions of a table that is being split.
    moving: Vec<(Key, u32)>,
}

impl OverflowIndex {
    /// An index for at most `kept_max` entries.
    pub(super) fn new(kept_max: usize) -> OverflowIndex {
        let wanted = kept_max.div_ceil(FULL).max(1);
        let splits = (wanted / FIRST).checked_ilog2().unwrap_or(0);
        let first = wanted.div_ceil(1 << splits);
        let (tables, moving) = (Vec::new(), Vec::new());
        OverflowIndex { tables, first, tables_max: first << splits, splits: 0, len: 0, moving }
    }

    /// The hash within a table. A table uses its lowest and its highest bits; neither may be the key bits that are equal
    /// for all entries of a table.
    #[inline]
    fn hash(key: Key) -> u64 {
        key.0.rotate_left(36)
    }

    /// The table of a key. Its highest bits name one of the initial tables, other bits follow the splits of that one. The
    /// lowest bits, which name the worker, are not used.
    #[inline]
    fn table(&self, key: Key) -> usize {
        let first = (((key.0 >> (Key::BITS - 32)) * self.first as u64) >> 32) as usize;
        let of = |splits: u32| first + self.first * ((key.0 >> 6) as usize & ((1 << splits) - 1));
        let table = of(self.splits + 1);
        if table < self.tables.len() { table } else { of(self.splits) }
    }

    /// Adds the position of a key that is not indexed. `key_at`: key of the entry at a position.
    #[inline]
    pub(super) fn insert(&mut self, key: Key, position: u32, key_at: impl Fn(u32) -> Key) {
        if self.len >= SPLIT_AT * self.tables.len() {
            self.more_tables(&key_at);
        }
        let table = self.table(key);
        let rehash = |&position: &u32| Self::hash(key_at(position));
        self.tables[table].insert_unique(Self::hash(key), position, rehash);
        self.len += 1;
    }

    /// Allocates the initial tables, or splits one, unless there are as many as there may be.
    #[cold]
    fn more_tables(&mut self, key_at: impl Fn(u32) -> Key) {
        if self.tables.is_empty() {
            self.tables = (0..self.first).map(|_| HashTable::with_capacity(CAPACITY)).collect();
            return;
        }
        if self.tables.len() == self.tables_max {
            return;
        }
        let before_splits = self.first << self.splits;
        let split = self.tables.len() - before_splits;
        self.tables.push(HashTable::with_capacity(CAPACITY));
        // all keys are read before the first is needed; one by one each would wait for memory
        let OverflowIndex { tables, moving, .. } = self;
        moving.extend(tables[split].drain().map(|position| (key_at(position), position)));
        let mut moving = std::mem::take(&mut self.moving);
        for (key, position) in moving.drain(..) {
            let table = self.table(key);
            let rehash = |&position: &u32| Self::hash(key_at(position));
            self.tables[table].insert_unique(Self::hash(key), position, rehash);
        }
        self.moving = moving;
        if self.tables.len() == 2 * before_splits {
            self.splits += 1;
        }
    }

    /// The position of a key. None: it is not indexed here. `is`: whether the entry at a position has the key.
    #[inline]
    pub(super) fn find(&self, key: Key, is: impl Fn(u32) -> bool) -> Option<u32> {
        if self.len == 0 {
            return None;
        }
        self.tables[self.table(key)].find(Self::hash(key), |&p| is(p)).copied()
    }

    /// Removes an entry, unless it is not indexed here.
    #[inline]
    pub(super) fn remove(&mut self, key: Key, position: u32) {
        if self.len == 0 {
            return;
        }
        let table = self.table(key);
        if let Ok(bucket) = self.tables[table].find_entry(Self::hash(key), |p| *p == position) {
            bucket.remove();
            self.len -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::mix64;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn key(n: u32) -> Key {
        Key::within(mix64(u64::from(n)))
    }

    #[test]
    fn entries_are_found_while_tables_split_and_no_table_outgrows_its_size() {
        for kept_max in [1, 1_000, 30_000, 300_000] {
            let mut index = OverflowIndex::new(kept_max);
            let count = kept_max as u32;
            for n in 0..count {
                index.insert(key(n), n, key);
                for known in [0, n / 2, n] {
                    assert_eq!(
                        index.find(key(known), |p| p == known),
                        Some(known),
                        "{n} of {kept_max}"
                    );
                }
            }
            assert_eq!(index.tables.len(), index.tables_max);
            assert!(index.tables.iter().all(|t| t.num_buckets() == 2_048), "{kept_max}");
            assert!(index.tables_max * FULL <= kept_max + kept_max / FIRST + FULL, "{kept_max}");
            for n in (0..count).step_by(2) {
                index.remove(key(n), n);
            }
            for n in 0..count {
                assert_eq!(index.find(key(n), |p| p == n), (n % 2 == 1).then_some(n));
            }
        }
    }

    #[test]
    fn the_keys_of_one_worker_fill_the_tables_evenly() {
        let mut index = OverflowIndex::new(100_000);
        (0..800_000).filter(|n| key(*n).0 % 8 == 3).for_each(|n| index.insert(key(n), n, key));
        let most = index.tables.iter().map(HashTable::len).max();
        assert!(most.is_some_and(|most| most <= CAPACITY), "{most:?} of {}", index.tables.len());
    }

    proptest! {
        #[test]
        fn it_is_a_map_of_positions(
            steps in proptest::collection::vec((0u8..10, 0u32..8_000), 0..12_000),
            kept_max in 1usize..8_000,
        ) {
            let mut index = OverflowIndex::new(kept_max);
            let mut model: HashMap<u32, u32> = HashMap::new();
            let mut keys = Vec::new();
            for (position, (step, n)) in (0u32..).zip(steps) {
                keys.push(key(n));
                let key_at = |position: u32| keys[position as usize];
                let found = index.find(key(n), |position| key_at(position) == key(n));
                prop_assert_eq!(found, model.get(&n).copied());
                match found {
                    Some(known) if step < 3 => {
                        index.remove(key(n), known);
                        model.remove(&n);
                    }
                    None if model.len() < kept_max => {
                        index.insert(key(n), position, key_at);
                        model.insert(n, position);
                    }
                    Some(_) | None => index.remove(key(n), u32::MAX),
                }
                prop_assert_eq!(index.len, model.len());
            }
            prop_assert!(index.tables.len() <= index.tables_max);
            prop_assert_eq!(index.tables.iter().map(HashTable::len).sum::<usize>(), model.len());
        }
    }
}
