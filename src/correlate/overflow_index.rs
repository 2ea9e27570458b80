//! Where entries stand that found no place near: tables of one size, each made at that size. While entries come, one
//! table after the other is split in two (linear hashing: Litwin, VLDB 1980), so that no insertion moves more than the
//! entries of one table, and none gives memory back.
use super::Key;
use hashbrown::HashTable;

/// Entries of a table when the ledger is full: of 2,048 buckets seven in eight may be taken, and this leaves room for
/// chance.
const FULL: usize = 1_650;
/// What a table is made for: 2,048 buckets, 10 KiB.
const CAPACITY: usize = 1_792;
/// Entries of a table on the average while tables are still split: those to be split have twice as many in the end.
const SPLIT: usize = FULL / 2;
/// Tables at first, or a few more.
const FIRST: usize = 16;

/// Positions by key.
#[derive(Debug)]
pub(super) struct OverflowIndex {
    /// None before the first entry.
    tables: Vec<HashTable<u32>>,
    /// How many are made at first.
    first: usize,
    tables_max: usize,
    /// Every table has been split so often; the first ones once more.
    splits: u32,
    len: usize,
    /// Keys and positions of a table that is being split.
    moving: Vec<(Key, u32)>,
}

impl OverflowIndex {
    /// For a ledger that keeps so many.
    pub(super) fn new(kept_max: usize) -> OverflowIndex {
        let wanted = kept_max.div_ceil(FULL).max(1);
        let splits = (wanted / FIRST).checked_ilog2().unwrap_or(0);
        let first = wanted.div_ceil(1 << splits);
        let (tables, moving) = (Vec::new(), Vec::new());
        OverflowIndex { tables, first, tables_max: first << splits, splits: 0, len: 0, moving }
    }

    /// A table takes the lowest bits for the place and the highest for its tag: neither may be those that are
    /// the same for all of a table.
    #[inline]
    fn hash(key: Key) -> u64 {
        key.0.rotate_left(36)
    }

    /// The table of a key. Its highest bits tell one of the first tables, other bits what became of that. A fleet's
    /// workers own keys by their lowest bits: these are not among them.
    #[inline]
    fn table(&self, key: Key) -> usize {
        let first = (((key.0 >> (Key::BITS - 32)) * self.first as u64) >> 32) as usize;
        let of = |splits: u32| first + self.first * ((key.0 >> 6) as usize & ((1 << splits) - 1));
        let table = of(self.splits + 1);
        if table < self.tables.len() { table } else { of(self.splits) }
    }

    /// Lists a position under a key that is not listed. `key_at`: the key at a position.
    #[inline]
    pub(super) fn list(&mut self, key: Key, position: u32, key_at: impl Fn(u32) -> Key) {
        if self.len >= SPLIT * self.tables.len() {
            self.more_tables(&key_at);
        }
        let table = self.table(key);
        let rehash = |&position: &u32| Self::hash(key_at(position));
        self.tables[table].insert_unique(Self::hash(key), position, rehash);
        self.len += 1;
    }

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
        // all keys are fetched before the first is needed: one by one each would wait for memory
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

    /// The position listed under `key`, if it is one that `is` accepts.
    #[inline]
    pub(super) fn find(&self, key: Key, is: impl Fn(u32) -> bool) -> Option<u32> {
        if self.len == 0 {
            return None;
        }
        self.tables[self.table(key)].find(Self::hash(key), |&p| is(p)).copied()
    }

    /// Takes an entry out.
    #[inline]
    pub(super) fn strike(&mut self, key: Key, position: u32) {
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

    fn key(n: u32) -> Key {
        Key::within(mix64(u64::from(n)))
    }

    #[test]
    fn whatever_was_listed_is_found_while_tables_split_and_none_outgrows_its_size() {
        for kept_max in [1, 1_000, 30_000, 300_000] {
            let mut far = OverflowIndex::new(kept_max);
            let count = kept_max as u32;
            for n in 0..count {
                far.list(key(n), n, key);
                for known in [0, n / 2, n] {
                    assert_eq!(
                        far.find(key(known), |p| p == known),
                        Some(known),
                        "{n} of {kept_max}"
                    );
                }
            }
            assert_eq!(far.tables.len(), far.tables_max);
            assert!(far.tables.iter().all(|t| t.num_buckets() == 2_048), "{kept_max}");
            assert!(far.tables_max * FULL <= kept_max + kept_max / FIRST + FULL, "{kept_max}");
            for n in (0..count).step_by(2) {
                far.strike(key(n), n);
            }
            for n in 0..count {
                assert_eq!(far.find(key(n), |p| p == n), (n % 2 == 1).then_some(n));
            }
        }
    }

    #[test]
    fn one_workers_share_of_the_keys_fills_the_tables_evenly() {
        let mut far = OverflowIndex::new(100_000);
        (0..800_000).filter(|n| key(*n).0 % 8 == 3).for_each(|n| far.list(key(n), n, key));
        let most = far.tables.iter().map(HashTable::len).max();
        assert!(most.is_some_and(|most| most <= CAPACITY), "{most:?} of {}", far.tables.len());
    }
}
