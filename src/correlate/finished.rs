//! The memory of messages whose final receipt has come, so that a repeat is known for one.
//!
//! Nothing but that is asked of it, and seldom: so it holds 32 bits of each key and a mark, in tables of a fixed
//! size that fill one after the other and are forgotten as wholes. The one that fills fits into a processor's
//! own cache, whatever the number of messages. The place in the table tells another 10 to 16 bits of the key: among
//! four million finished messages one unknown receipt in some millions is taken for a repeat.
use super::Key;
use crate::kit::Nanos;
use std::collections::VecDeque;

/// Slots of the first table and of the largest.
const SLOTS_MIN: usize = 1 << 10;
const SLOTS_MAX: usize = 1 << 16;

/// So many at a time move into the tables.
const LATEST_MAX: usize = 128;

/// One table: open addressing, nothing is ever taken out.
#[derive(Debug)]
struct Generation {
    /// 0: free.
    prints: Vec<u32>,
    /// The mark of all of them, as long as they have the same; nearly all do.
    mark: u16,
    /// Else one each.
    marks: Vec<u16>,
    count: usize,
    first: Nanos,
    last: Nanos,
}

impl Generation {
    fn new(slots: usize, now: Nanos) -> Generation {
        Generation {
            prints: vec![0; slots],
            mark: 0,
            marks: Vec::new(),
            count: 0,
            first: now,
            last: now,
        }
    }
    /// Its memory, to be filled again.
    fn cleared(mut self, now: Nanos) -> Generation {
        self.prints.fill(0);
        self.marks = Vec::new();
        Generation { count: 0, first: now, last: now, ..self }
    }
    #[inline]
    fn first_look(&self, key: Key) -> u32 {
        self.prints[key.0 as usize & (self.prints.len() - 1)]
    }
    /// The slot that holds this key, or the free one where it would go.
    #[inline]
    fn slot(&self, key: Key) -> (usize, u32) {
        let mask = self.prints.len() - 1;
        let print = ((key.0 >> 16) as u32).max(1);
        let mut at = key.0 as usize & mask;
        // at most five slots in eight are taken: a free one comes soon
        while self.prints[at] != 0 && self.prints[at] != print {
            at = (at + 1) & mask;
        }
        (at, print)
    }
    /// Adds a key, or gives it another mark.
    #[inline]
    fn add(&mut self, key: Key, mark: u16) {
        if self.count == 0 {
            self.mark = mark;
        }
        if mark != self.mark && self.marks.is_empty() {
            self.marks = vec![self.mark; self.prints.len()];
        }
        let (at, print) = self.slot(key);
        self.count += usize::from(self.prints[at] == 0);
        self.prints[at] = print;
        if let Some(place) = self.marks.get_mut(at) {
            *place = mark;
        }
    }
    fn find(&self, key: Key) -> Option<u16> {
        let (at, _) = self.slot(key);
        let mark = self.marks.get(at).copied().unwrap_or(self.mark);
        (self.prints[at] != 0).then_some(mark)
    }
    /// Keys that it takes at least.
    fn room(&self) -> usize {
        (self.prints.len() / 8 * 5).saturating_sub(self.count)
    }
}

/// Finished messages, the latest of them.
#[derive(Debug)]
pub(super) struct Finished {
    /// Oldest first; the last one fills.
    generations: VecDeque<Generation>,
    /// The latest, in no table yet: many at once wait for memory together, one by one each would.
    latest: Vec<Key>,
    /// The mark of all of the latest, and when the first and the last of them finished.
    of_latest: (u16, Nanos, Nanos),
    kept_max: usize,
    kept: usize,
    /// Kept at least so long, where there is room.
    memory: Nanos,
}

impl Finished {
    /// About `kept_max` at most, for `memory` at least.
    pub(super) fn new(kept_max: usize, memory: Nanos) -> Finished {
        let of_latest = (0, Nanos::ZERO, Nanos::ZERO);
        let (generations, latest) = (VecDeque::new(), Vec::new());
        Finished { generations, latest, of_latest, kept_max, kept: 0, memory }
    }

    /// Its final receipt came at `now`.
    #[inline]
    pub(super) fn add(&mut self, key: Key, mark: u16, now: Nanos) {
        if self.latest.len() >= LATEST_MAX || mark != self.of_latest.0 {
            self.settle();
        }
        if self.latest.is_empty() {
            self.of_latest = (mark, now, now);
        }
        self.of_latest.2 = now;
        self.latest.push(key);
    }

    /// All of these did.
    #[inline]
    pub(super) fn add_all(&mut self, keys: &[Key], mark: u16, now: Nanos) {
        let mut rest = keys;
        while let Some((key, others)) = rest.split_first() {
            self.add(*key, mark, now);
            let room = LATEST_MAX.saturating_sub(self.latest.len()).min(others.len());
            self.latest.extend_from_slice(&others[..room]);
            rest = &others[room..];
        }
    }

    /// Moves the latest into the tables.
    #[inline(never)]
    fn settle(&mut self) {
        let mut latest = std::mem::take(&mut self.latest);
        let (mark, first, last) = self.of_latest;
        if let Some(generation) = self.generations.back() {
            // what all of them touch is asked for at once, with nothing to guess in between
            let touched = latest.iter().fold(0, |all, key| all | generation.first_look(*key));
            std::hint::black_box(touched);
        }
        let mut rest = &latest[..];
        while !rest.is_empty() {
            let fills = self.generations.back();
            if fills.is_none_or(|g| g.room() == 0 || first.since(g.first).0 > self.memory.0 / 8) {
                self.next_generation(first);
            }
            let Some(generation) = self.generations.back_mut() else { break };
            let (these, others) = rest.split_at(rest.len().min(generation.room()));
            rest = others;
            let before = generation.count;
            for key in these {
                generation.add(*key, mark);
            }
            generation.last = generation.last.max(last);
            self.kept += generation.count - before;
        }
        latest.clear();
        self.latest = latest;
    }

    #[cold]
    fn next_generation(&mut self, now: Nanos) {
        let slots = self.generations.back().map_or(SLOTS_MIN, |g| {
            if g.room() == 0 { (g.prints.len() * 2).min(SLOTS_MAX) } else { g.prints.len() }
        });
        let mut spare = None;
        while self.kept >= self.kept_max {
            let Some(oldest) = self.generations.pop_front() else { break };
            self.kept -= oldest.count;
            spare = Some(oldest);
        }
        let next = match spare.filter(|old| old.prints.len() == slots) {
            Some(old) => old.cleared(now),
            None => Generation::new(slots, now),
        };
        self.generations.push_back(next);
    }

    /// The mark of a finished message; None: there is no such message, or it is forgotten.
    pub(super) fn find(&self, key: Key) -> Option<u16> {
        if self.latest.contains(&key) {
            return Some(self.of_latest.0);
        }
        self.generations.iter().rev().find_map(|generation| generation.find(key))
    }

    /// Forgets what finished longer ago than it must be remembered.
    pub(super) fn forget(&mut self, now: Nanos) {
        self.settle();
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
            all.add(key(n), n as u16, Nanos(n / 1000));
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
        for n in 0..1_000_000 {
            all.add(key(n), 7, Nanos(n));
        }
        assert!(all.kept <= 100_000 + SLOTS_MAX, "{}", all.kept);
        assert_eq!((all.find(key(999_999)), all.find(key(0))), (Some(7), None));
        assert_eq!(all.find(key(910_000)), Some(7));
    }
}
