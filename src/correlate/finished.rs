//! The memory of messages whose final receipt has come, so that a repeat is known for one.
//!
//! Nothing but that is asked of it, and seldom: so it holds 32 bits of each key and a mark, in tables of a fixed
//! size that fill one after the other and are forgotten as wholes. The one that fills fits into a processor's
//! own cache, whatever the number of messages. A key's bucket in the table tells another 6 to 12 bits of it, and holds
//! ten others: among four million finished messages one unknown receipt in some millions is taken for a repeat.
use super::Key;
use crate::kit::Nanos;
use hashbrown::HashMap;
use std::collections::VecDeque;

/// Prints of a bucket: a processor's cache line.
const BUCKET: usize = 16;
/// Buckets of the first table and of the largest.
const BUCKETS_MIN: usize = 1 << 6;
const BUCKETS_MAX: usize = 1 << 12;
/// Keys of a table for each bucket: one key in two hundred finds its bucket full.
const KEYS_PER_BUCKET: usize = 10;

/// One table. Nothing is ever taken out, and to add is to write behind what a bucket has: nothing there is read, and
/// nothing waited for.
#[derive(Debug)]
struct Generation {
    /// How many prints each bucket has.
    taken: Vec<u8>,
    prints: Vec<[u32; BUCKET]>,
    /// The mark of all of them, as long as they have the same; nearly all do.
    mark: u16,
    /// Else one each.
    marks: Vec<[u16; BUCKET]>,
    /// By bucket and print, the mark of those whose bucket was full.
    beyond: HashMap<(usize, u32), u16, foldhash::fast::FixedState>,
    count: usize,
    first: Nanos,
    last: Nanos,
}

impl Generation {
    fn new(buckets: usize, now: Nanos) -> Generation {
        Generation {
            taken: vec![0; buckets],
            prints: vec![[0; BUCKET]; buckets],
            mark: 0,
            marks: Vec::new(),
            beyond: HashMap::with_hasher(foldhash::fast::FixedState::with_seed(5)),
            count: 0,
            first: now,
            last: now,
        }
    }
    /// Its memory, to be filled again.
    fn cleared(mut self, now: Nanos) -> Generation {
        self.taken.fill(0);
        self.beyond.clear();
        self.marks = Vec::new();
        Generation { count: 0, first: now, last: now, ..self }
    }
    fn buckets(&self) -> usize {
        self.taken.len()
    }
    /// A key's bucket and print: the latter is its lowest bits, the former bits above those.
    #[inline]
    fn place(key: Key, buckets: usize) -> (usize, u32) {
        ((key.0 >> 32) as usize & (buckets - 1), key.0 as u32)
    }
    /// Adds keys that share a mark; a key that is there already has this mark from now on.
    #[inline]
    fn add_all(&mut self, keys: &[Key], mark: u16) {
        if self.count == 0 {
            self.mark = mark;
        }
        if mark != self.mark && self.marks.is_empty() {
            self.marks = vec![[self.mark; BUCKET]; self.buckets()];
        }
        self.count += keys.len();
        let Generation { taken, prints, marks, beyond, .. } = self;
        for key in keys {
            let (bucket, print) = Self::place(*key, prints.len());
            let taken = &mut taken[bucket];
            let at = usize::from(*taken);
            match prints[bucket].get_mut(at) {
                Some(place) => *place = print,
                None => {
                    beyond.insert((bucket, print), mark);
                    continue;
                }
            }
            *taken += 1;
            if let Some(marks) = marks.get_mut(bucket) {
                marks[at] = mark;
            }
        }
    }
    /// The mark that a key got last.
    fn find(&self, key: Key) -> Option<u16> {
        let (bucket, print) = Self::place(key, self.buckets());
        let taken = usize::from(self.taken[bucket]);
        if taken == BUCKET
            && let Some(mark) = self.beyond.get(&(bucket, print))
        {
            return Some(*mark);
        }
        let at = self.prints[bucket][..taken].iter().rposition(|other| *other == print)?;
        Some(self.marks.get(bucket).map_or(self.mark, |marks| marks[at]))
    }
    /// Keys that it still takes.
    fn room(&self) -> usize {
        (self.buckets() * KEYS_PER_BUCKET).saturating_sub(self.count)
    }
}

/// Finished messages, the latest of them.
#[derive(Debug)]
pub(super) struct Finished {
    /// Oldest first; the last one fills.
    generations: VecDeque<Generation>,
    kept_max: usize,
    kept: usize,
    /// Kept at least so long, where there is room.
    memory: Nanos,
}

impl Finished {
    /// About `kept_max` at most, for `memory` at least.
    pub(super) fn new(kept_max: usize, memory: Nanos) -> Finished {
        Finished { generations: VecDeque::new(), kept_max, kept: 0, memory }
    }

    /// Their final receipts came at `now`.
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

    /// The mark of a finished message; None: there is no such message, or it is forgotten.
    pub(super) fn find(&self, key: Key) -> Option<u16> {
        self.generations.iter().rev().find_map(|generation| generation.find(key))
    }

    /// Forgets what finished longer ago than it must be remembered.
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

    fn key(n: u64) -> Key {
        Key::within(mix64(n))
    }

    #[test]
    fn a_finished_message_is_known_until_its_memory_is_over_and_no_other_ever_is() {
        let mut all = Finished::new(1 << 30, Nanos(1_000));
        for n in 0..200_000u64 {
            all.add_all(&[key(n)], n as u16, Nanos(n / 1000));
        }
        for n in 0..200_000 {
            assert_eq!(all.find(key(n)), Some(n as u16), "{n}");
        }
        let strangers = (1 << 40..(1 << 40) + 200_000).filter(|n| all.find(key(*n)).is_some());
        assert_eq!(strangers.count(), 0);
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
}
