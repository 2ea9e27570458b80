//! Finished messages: those whose final receipt has come, so that a duplicate receipt is recognised.
//!
//! It is seldom searched and often written. So it holds 32 bits of each key and a mark, in tables of a fixed size that
//! fill one after the other and are dropped whole. The table that fills fits into the processor's own cache, whatever the
//! number of messages. The bucket of a key gives 6 to 12 further bits of it and holds ten keys on average: with four
//! million finished messages about one unknown receipt in some millions is taken for a duplicate.
//!
//! Invariant: a key that was added is in the first free place of its bucket in the table that filled then, or in
//! `overflow` where the bucket was full; nothing is removed but whole tables, oldest first. `kept` is the number of keys
//! of all tables.
use super::Key;
use crate::kit::Nanos;
use hashbrown::HashMap;
use std::collections::VecDeque;

/// Fingerprints of a bucket: a cache line.
const BUCKET: usize = 16;
/// Number of buckets of the first table and of the largest.
const BUCKETS_MIN: usize = 1 << 6;
const BUCKETS_MAX: usize = 1 << 12;
/// Average number of keys of a bucket in a full table: one key in two hundred finds its bucket full.
const KEYS_PER_BUCKET: usize = 10;

/// One table. Adding a key only writes after the last fingerprint of its bucket, without reading any.
#[derive(Debug)]
struct Generation {
    /// Number of fingerprints of each bucket.
    taken: Vec<u8>,
    fingerprints: Vec<[u32; BUCKET]>,
    /// The mark of all keys, as long as it is the same; nearly always it is.
    mark: u16,
    /// Else the mark of each fingerprint.
    marks: Vec<[u16; BUCKET]>,
    /// The marks of the keys whose bucket was full, by bucket and fingerprint.
    overflow: HashMap<(usize, u32), u16, foldhash::fast::FixedState>,
    count: usize,
    first: Nanos,
    last: Nanos,
}

impl Generation {
    fn new(buckets: usize, now: Nanos) -> Generation {
        Generation {
            taken: vec![0; buckets],
            fingerprints: vec![[0; BUCKET]; buckets],
            mark: 0,
            marks: Vec::new(),
            overflow: HashMap::with_hasher(foldhash::fast::FixedState::with_seed(5)),
            count: 0,
            first: now,
            last: now,
        }
    }
    /// Reuses its memory for a new table.
    fn cleared(mut self, now: Nanos) -> Generation {
        self.taken.fill(0);
        self.overflow.clear();
        self.marks = Vec::new();
        Generation { count: 0, first: now, last: now, ..self }
    }
    fn buckets(&self) -> usize {
        self.taken.len()
    }
    /// The bucket and the fingerprint of a key: the fingerprint is its lowest 32 bits, the bucket follows from bits above.
    #[inline]
    fn locate(key: Key, buckets: usize) -> (usize, u32) {
        ((key.0 >> 32) as usize & (buckets - 1), key.0 as u32)
    }
    /// Adds keys with one mark. A key that was added before has this mark from now on.
    #[inline]
    fn add_all(&mut self, keys: &[Key], mark: u16) {
        if self.count == 0 {
            self.mark = mark;
        }
        if mark != self.mark && self.marks.is_empty() {
            self.marks = vec![[self.mark; BUCKET]; self.buckets()];
        }
        self.count += keys.len();
        let Generation { taken, fingerprints, marks, overflow, .. } = self;
        for key in keys {
            let (bucket, fingerprint) = Self::locate(*key, fingerprints.len());
            let taken = &mut taken[bucket];
            let at = usize::from(*taken);
            match fingerprints[bucket].get_mut(at) {
                Some(locate) => *locate = fingerprint,
                None => {
                    overflow.insert((bucket, fingerprint), mark);
                    continue;
                }
            }
            *taken += 1;
            if let Some(marks) = marks.get_mut(bucket) {
                marks[at] = mark;
            }
        }
    }
    /// The mark that a key was added with last. None: it was not added.
    fn find(&self, key: Key) -> Option<u16> {
        let (bucket, fingerprint) = Self::locate(key, self.buckets());
        let taken = usize::from(self.taken[bucket]);
        if taken == BUCKET
            && let Some(mark) = self.overflow.get(&(bucket, fingerprint))
        {
            return Some(*mark);
        }
        let at =
            self.fingerprints[bucket][..taken].iter().rposition(|other| *other == fingerprint)?;
        Some(self.marks.get(bucket).map_or(self.mark, |marks| marks[at]))
    }
    /// Number of keys that can still be added.
    fn room(&self) -> usize {
        (self.buckets() * KEYS_PER_BUCKET).saturating_sub(self.count)
    }
}

/// The latest finished messages.
#[derive(Debug)]
pub(super) struct Finished {
    /// Oldest first; keys are added to the last one.
    generations: VecDeque<Generation>,
    kept_max: usize,
    kept: usize,
    /// How long a key is kept at least, unless there are too many.
    memory: Nanos,
}

impl Finished {
    /// Keeps about `kept_max` keys at most, for `memory` at least.
    pub(super) fn new(kept_max: usize, memory: Nanos) -> Finished {
        Finished { generations: VecDeque::new(), kept_max, kept: 0, memory }
    }

    /// Adds messages whose final receipts came at `now`.
    #[inline]
    pub(super) fn add_all(&mut self, keys: &[Key], mark: u16, now: Nanos) {
        let mut rest = keys;
        while !rest.is_empty() {
            let fills = self.generations.back();
            if fills.is_none_or(|g| g.room() == 0 || now.since(g.first).0 > self.memory.0 / 8) {
                self.next_generation(now);
            }
            let Some(generation) = self.generations.back_mut() else { break };
            let (these, others) = rest.split_at(rest.len().min(generation.room()));
            generation.add_all(these, mark);
            generation.last = generation.last.max(now);
            self.kept += these.len();
            rest = others;
        }
    }

    #[cold]
    fn next_generation(&mut self, now: Nanos) {
        let buckets = self.generations.back().map_or(BUCKETS_MIN, |g| {
            if g.room() == 0 { (g.buckets() * 2).min(BUCKETS_MAX) } else { g.buckets() }
        });
        let mut spare = None;
        while self.kept >= self.kept_max {
            let Some(oldest) = self.generations.pop_front() else { break };
            self.kept -= oldest.count;
            spare = Some(oldest);
        }
        let next = match spare.filter(|old| old.buckets() == buckets) {
            Some(old) => old.cleared(now),
            None => Generation::new(buckets, now),
        };
        self.generations.push_back(next);
    }

    /// The mark of a finished message. None: no such message is kept.
    pub(super) fn find(&self, key: Key) -> Option<u16> {
        self.generations.iter().rev().find_map(|generation| generation.find(key))
    }

    /// Drops the tables whose messages all finished longer ago than `memory`.
    pub(super) fn forget(&mut self, now: Nanos) {
        while let Some(oldest) = self.generations.front() {
            if oldest.last.after(self.memory) >= now {
                return;
            }
            self.kept -= oldest.count;
            self.generations.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::mix64;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn key(n: u64) -> Key {
        Key::within(mix64(n))
    }

    #[test]
    fn a_finished_message_is_known_for_its_time_and_no_other_ever_is() {
        let mut all = Finished::new(1 << 30, Nanos(1_000));
        for n in 0..200_000u64 {
            all.add_all(&[key(n)], n as u16, Nanos(n / 1000));
        }
        for n in 0..200_000 {
            assert_eq!(all.find(key(n)), Some(n as u16), "{n}");
        }
        let unknown = (1 << 40..(1 << 40) + 200_000).filter(|n| all.find(key(*n)).is_some());
        assert_eq!(unknown.count(), 0);
        all.forget(Nanos(1_100));
        assert_eq!((all.find(key(0)), all.find(key(199_999))), (None, Some(199_999u64 as u16)));
        all.forget(Nanos(10_000));
        assert_eq!((all.kept, all.find(key(199_999))), (0, None));
    }

    #[test]
    fn at_its_limit_it_forgets_the_oldest() {
        let mut all = Finished::new(100_000, Nanos::MAX);
        for n in (0..1_000_000).step_by(100) {
            let keys: Vec<Key> = (n..n + 100).map(key).collect();
            all.add_all(&keys, 7, Nanos(n));
        }
        let keys_max = BUCKETS_MAX * KEYS_PER_BUCKET;
        assert!(all.kept <= 100_000 + keys_max, "{}", all.kept);
        assert_eq!((all.find(key(999_999)), all.find(key(0))), (Some(7), None));
        assert_eq!(all.find(key(910_000)), Some(7));
    }

    proptest! {
        #[test]
        fn it_is_a_map_of_the_last_mark_of_each_key(
            steps in proptest::collection::vec((0u64..3_000, 0u16..3, 0u64..4), 0..200),
        ) {
            let mut finished = Finished::new(1 << 20, Nanos(100));
            let mut model: HashMap<u64, u16> = HashMap::new();
            let (mut now, mut count) = (0, 0);
            for (first, mark, step) in steps {
                now += step / 3;
                let numbers = first..first + 50 * step;
                let keys: Vec<Key> = numbers.clone().map(key).collect();
                finished.add_all(&keys, mark, Nanos(now));
                model.extend(numbers.map(|n| (n, mark)));
                count += keys.len();
                prop_assert_eq!(finished.kept, count);
                for n in [first, first + 25, first + 200] {
                    prop_assert_eq!(finished.find(key(n)), model.get(&n).copied());
                }
            }
            for n in 0..3_300 {
                prop_assert_eq!(finished.find(key(n)), model.get(&n).copied());
            }
            finished.forget(Nanos(now + 101));
            prop_assert_eq!((finished.kept, finished.generations.len()), (0, 0));
        }
    }
}
