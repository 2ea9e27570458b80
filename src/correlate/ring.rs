//! The entries of awaited and expired receipts in the order of acceptance: chunks of a fixed size, so that no entry moves
//! while the ring grows. A finished entry becomes a hole, which leaves the ring once it is the oldest.
//!
//! Invariant: positions `tail..head` (wrapping) are the entries, holes included. Those from `last_base` on are in `last`,
//! the others in `full`, `CHUNK` in each, from `base` on.
use super::Key;
use std::collections::VecDeque;

/// Entries of a chunk: 448 KiB of 28 octets each, which allocators grant without rounding.
const CHUNK: usize = 16_384;

/// State of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntryState {
    /// No final receipt yet.
    Awaited,
    /// Its deadline passed without one; kept so that a late one is known.
    Expired,
}

/// A key and, in the two bits above its 62, the state of the entry or that it is a hole. In two halves, so that an entry
/// aligns to 4 octets without padding.
#[derive(Clone, Copy, Debug)]
pub(super) struct EntryTag([u32; 2]);

impl EntryTag {
    const EXPIRED: u64 = 1;
    const HOLE: u64 = 2;

    #[inline]
    fn with(key: Key, state_bits: u64) -> EntryTag {
        let all = Key::within(key.0).0 | state_bits << Key::BITS;
        EntryTag([all as u32, (all >> 32) as u32])
    }
    /// An awaited entry: its bits are those of the key.
    #[inline]
    pub(super) fn awaited(key: Key) -> EntryTag {
        EntryTag::with(key, 0)
    }
    /// An expired entry.
    pub(super) fn expired(key: Key) -> EntryTag {
        EntryTag::with(key, Self::EXPIRED)
    }
    /// A hole: the entry is finished or was dropped.
    #[inline]
    pub(super) fn hole(key: Key) -> EntryTag {
        EntryTag::with(key, Self::HOLE)
    }
    /// Key and state bits as one number.
    #[inline]
    pub(super) fn raw(self) -> u64 {
        u64::from(self.0[0]) | u64::from(self.0[1]) << 32
    }
    #[inline]
    pub(super) fn key(self) -> Key {
        Key::within(self.raw())
    }
    /// State of the entry. None: it is a hole.
    #[inline]
    pub(super) fn state(self) -> Option<EntryState> {
        match self.raw() >> Key::BITS {
            0 => Some(EntryState::Awaited),
            Self::EXPIRED => Some(EntryState::Expired),
            _ => None,
        }
    }
    #[inline]
    pub(super) fn is_awaited(self) -> bool {
        self.raw() >> Key::BITS == 0
    }
    #[inline]
    pub(super) fn is_hole(self) -> bool {
        self.state().is_none()
    }
}

/// One entry of the ring.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Entry<T> {
    pub(super) tag: EntryTag,
    pub(super) value: T,
}

/// The entries by position.
#[derive(Debug)]
pub(super) struct Ring<T> {
    /// Chunks that are full, oldest first.
    full: VecDeque<Vec<Entry<T>>>,
    /// The newest chunk. Where receipts come soon, it holds all entries.
    last: Vec<Entry<T>>,
    /// Empty chunks to reuse.
    spare: Vec<Vec<Entry<T>>>,
    /// Position of the first entry of the first full chunk.
    base: u32,
    /// Position of the first entry of the last chunk.
    last_base: u32,
    /// Position of the oldest entry.
    pub(super) tail: u32,
    /// Position of the next entry.
    head: u32,
}

impl<T: Copy> Ring<T> {
    pub(super) fn new() -> Ring<T> {
        let (full, last, spare) = (VecDeque::new(), Vec::new(), Vec::new());
        Ring { full, last, spare, base: 0, last_base: 0, tail: 0, head: 0 }
    }
    /// The entry at a position that the ring holds.
    #[inline]
    pub(super) fn at(&self, position: u32) -> &Entry<T> {
        let offset = position.wrapping_sub(self.base) as usize;
        let last = self.last.get(position.wrapping_sub(self.last_base) as usize);
        last.unwrap_or_else(|| &self.full[offset / CHUNK][offset % CHUNK])
    }
    /// The entry at a position that the ring holds.
    #[inline]
    pub(super) fn at_mut(&mut self, position: u32) -> &mut Entry<T> {
        let offset = position.wrapping_sub(self.base) as usize;
        let last = self.last.get_mut(position.wrapping_sub(self.last_base) as usize);
        last.unwrap_or_else(|| &mut self.full[offset / CHUNK][offset % CHUNK])
    }
    /// The entry at a position. None: the ring does not hold it.
    #[inline]
    pub(super) fn get(&self, position: u32) -> Option<&Entry<T>> {
        let in_range = position.wrapping_sub(self.tail) < self.head.wrapping_sub(self.tail);
        in_range.then(|| self.at(position))
    }
    /// The entries of the last chunk from a position on; empty: the position is not in the last chunk.
    #[inline]
    pub(super) fn last_from(&self, position: u32) -> &[Entry<T>] {
        let begins = position.wrapping_sub(self.last_base) as usize;
        let in_range = position.wrapping_sub(self.tail) < self.head.wrapping_sub(self.tail);
        if in_range { self.last.get(begins..).unwrap_or_default() } else { &[] }
    }
    /// The positions of all entries, oldest first.
    pub(super) fn positions(&self) -> impl Iterator<Item = u32> + use<T> {
        let tail = self.tail;
        (0..self.len() as u32).map(move |n| tail.wrapping_add(n))
    }
    /// Number of entries, holes included.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.head.wrapping_sub(self.tail) as usize
    }
    /// Appends an entry and returns its position.
    #[inline]
    pub(super) fn push(&mut self, entry: Entry<T>) -> u32 {
        if self.last.len() == CHUNK || self.last.capacity() == 0 {
            self.start_chunk();
        }
        self.last.push(entry);
        self.head = self.head.wrapping_add(1);
        self.head.wrapping_sub(1)
    }
    /// Appends entries.
    #[inline]
    pub(super) fn push_all(&mut self, entries: impl ExactSizeIterator<Item = Entry<T>>) {
        let count = entries.len();
        if self.last.capacity() == 0 || self.last.len() + count > CHUNK {
            entries.for_each(|entry| _ = self.push(entry));
            return;
        }
        self.last.extend(entries);
        self.head = self.head.wrapping_add(count as u32);
    }
    #[cold]
    fn start_chunk(&mut self) {
        let next = self.spare.pop().unwrap_or_else(|| Vec::with_capacity(CHUNK));
        let last = std::mem::replace(&mut self.last, next);
        if !last.is_empty() {
            if self.full.is_empty() {
                self.base = self.last_base;
            }
            self.full.push_back(last);
        }
        self.last_base = self.head;
    }
    /// Drops the oldest entries as long as they are holes.
    #[inline]
    fn skip_holes(&mut self) {
        while self.len() > 0 && self.at(self.tail).tag.is_hole() {
            self.advance_tail();
        }
    }
    /// Drops the oldest entry.
    #[inline]
    pub(super) fn advance_tail(&mut self) {
        self.tail = self.tail.wrapping_add(1);
        if !self.full.is_empty() && self.tail.wrapping_sub(self.base) as usize >= CHUNK {
            self.recycle_chunk();
        }
        if self.tail == self.head {
            // an empty ring starts again at the front of its last chunk, which is in the cache
            self.last.clear();
            self.last_base = self.head;
        }
    }
    /// Drops the oldest `count` entries, and the holes after them. Above 1, all must be in the last chunk.
    #[inline]
    pub(super) fn drop_oldest(&mut self, count: usize) {
        if count > 0 {
            self.tail = self.tail.wrapping_add(count as u32 - 1);
            self.advance_tail();
            self.skip_holes();
        }
    }
    /// Takes the oldest chunk, whose entries have all been dropped, to use it again.
    #[cold]
    fn recycle_chunk(&mut self) {
        let Some(mut chunk) = self.full.pop_front() else { return };
        chunk.clear();
        if self.spare.len() < 4 {
            self.spare.push(chunk);
        }
        self.base = self.base.wrapping_add(CHUNK as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Key and whether it is a hole.
    type Model = VecDeque<(u64, bool)>;

    fn drop_oldest(model: &mut Model, count: usize) {
        model.drain(..count);
        while count > 0 && model.front().is_some_and(|entry| entry.1) {
            model.pop_front();
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn it_is_a_queue_of_entries_at_fixed_positions(
            steps in proptest::collection::vec((0u8..10, 0usize..CHUNK + 100), 1..40),
        ) {
            let mut ring: Ring<u32> = Ring::new();
            let mut model: Model = VecDeque::new();
            let mut next = 0u64;
            let entry = |key| Entry { tag: EntryTag::awaited(Key(key)), value: key as u32 };
            for (step, n) in steps {
                match step {
                    0..4 => {
                        ring.push_all((next..next + n as u64).map(entry).collect::<Vec<_>>().into_iter());
                        model.extend((next..next + n as u64).map(|key| (key, false)));
                        next += n as u64;
                    }
                    4 => {
                        let position = ring.push(entry(next));
                        prop_assert_eq!(position, ring.tail.wrapping_add(model.len() as u32));
                        model.push_back((next, false));
                        next += 1;
                    }
                    5..7 if n < model.len() && n > 0 => {
                        ring.at_mut(ring.tail.wrapping_add(n as u32)).tag = EntryTag::hole(Key(model[n].0));
                        model[n].1 = true;
                    }
                    _ => {
                        let count = if ring.last_from(ring.tail).len() == model.len() { n } else { n.min(1) };
                        let count = count.min(model.len());
                        ring.drop_oldest(count);
                        drop_oldest(&mut model, count);
                    }
                }
                prop_assert_eq!(ring.len(), model.len());
                for (position, (key, is_hole)) in ring.positions().zip(&model).step_by(1 + n % 500) {
                    let entry = ring.get(position).unwrap();
                    prop_assert_eq!((entry.tag.key(), entry.tag.is_hole()), (Key(*key), *is_hole));
                    prop_assert_eq!(entry.value, *key as u32);
                }
                prop_assert!(ring.get(ring.tail.wrapping_add(model.len() as u32)).is_none());
                prop_assert!(ring.get(ring.tail.wrapping_sub(1)).is_none());
            }
        }
    }
}
