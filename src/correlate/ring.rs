//! The ring of a ledger's entries, in the order of acceptance: chunks of a fixed size, in which no entry ever moves
//! while the ring grows. What is finished leaves a hole, and the ring when it comes to its end.
use super::Key;
use std::collections::VecDeque;

/// Entries of a chunk: 448 KiB of 28 octets each, which allocators grant without rounding.
const CHUNK: usize = 16_384;

/// How a message that is kept stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryState {
    /// No final receipt yet.
    Awaited,
    /// Its deadline passed without one; kept to know a late one.
    Expired,
}

/// A key and, in the two bits above its 62, a standing or that it left a hole. Two halves, so that an entry aligns to 4
/// octets and nothing is padded away.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag([u32; 2]);

impl Tag {
    const EXPIRED: u64 = 1;
    const HOLE: u64 = 2;

    #[inline]
    fn with(key: Key, bits: u64) -> Tag {
        let all = Key::within(key.0).0 | bits << Key::BITS;
        Tag([all as u32, (all >> 32) as u32])
    }
    /// Of a message that is awaited: its bits are the key's.
    #[inline]
    pub(super) fn awaited(key: Key) -> Tag {
        Tag::with(key, 0)
    }
    /// Of one that was, and is expired.
    pub(super) fn expired(key: Key) -> Tag {
        Tag::with(key, Self::EXPIRED)
    }
    /// Of one that is finished or given up: found no more.
    #[inline]
    pub(super) fn hole(key: Key) -> Tag {
        Tag::with(key, Self::HOLE)
    }
    #[inline]
    pub(super) fn bits(self) -> u64 {
        u64::from(self.0[0]) | u64::from(self.0[1]) << 32
    }
    #[inline]
    pub(super) fn key(self) -> Key {
        Key::within(self.bits())
    }
    /// None: it is a hole.
    #[inline]
    pub(super) fn standing(self) -> Option<EntryState> {
        match self.bits() >> Key::BITS {
            0 => Some(EntryState::Awaited),
            Self::EXPIRED => Some(EntryState::Expired),
            _ => None,
        }
    }
    #[inline]
    pub(super) fn is_awaited(self) -> bool {
        self.bits() >> Key::BITS == 0
    }
    #[inline]
    pub(super) fn is_hole(self) -> bool {
        self.standing().is_none()
    }
}

#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Entry<T> {
    pub(super) tag: Tag,
    pub(super) value: T,
}

/// The entries in order, by position.
#[derive(Debug)]
pub(super) struct Ring<T> {
    /// Chunks that are full, oldest first.
    full: VecDeque<Vec<Entry<T>>>,
    /// The one that fills. Where receipts come soon, it has all entries there are.
    last: Vec<Entry<T>>,
    spare: Vec<Vec<Entry<T>>>,
    /// Position of the first entry of the first full chunk.
    base: u32,
    /// Position of the first entry of the last chunk.
    last_base: u32,
    /// Position of the oldest entry still kept.
    pub(super) tail: u32,
    /// Position of the next entry.
    head: u32,
}

impl<T: Copy> Ring<T> {
    pub(super) fn new() -> Ring<T> {
        let (full, last, spare) = (VecDeque::new(), Vec::new(), Vec::new());
        Ring { full, last, spare, base: 0, last_base: 0, tail: 0, head: 0 }
    }
    #[inline]
    pub(super) fn at(&self, position: u32) -> &Entry<T> {
        let offset = position.wrapping_sub(self.base) as usize;
        let last = self.last.get(position.wrapping_sub(self.last_base) as usize);
        last.unwrap_or_else(|| &self.full[offset / CHUNK][offset % CHUNK])
    }
    #[inline]
    pub(super) fn at_mut(&mut self, position: u32) -> &mut Entry<T> {
        let offset = position.wrapping_sub(self.base) as usize;
        let last = self.last.get_mut(position.wrapping_sub(self.last_base) as usize);
        last.unwrap_or_else(|| &mut self.full[offset / CHUNK][offset % CHUNK])
    }
    /// The entry at this position, if the ring has it still or already.
    #[inline]
    pub(super) fn get(&self, position: u32) -> Option<&Entry<T>> {
        let kept = position.wrapping_sub(self.tail) < self.head.wrapping_sub(self.tail);
        kept.then(|| self.at(position))
    }
    /// The entries of the last chunk from this position on; none where it begins behind it.
    #[inline]
    pub(super) fn last_from(&self, position: u32) -> &[Entry<T>] {
        let begins = position.wrapping_sub(self.last_base) as usize;
        let is_kept = position.wrapping_sub(self.tail) < self.head.wrapping_sub(self.tail);
        if is_kept { self.last.get(begins..).unwrap_or_default() } else { &[] }
    }
    /// The position of every entry, oldest first.
    pub(super) fn positions(&self) -> impl Iterator<Item = u32> + use<T> {
        let tail = self.tail;
        (0..self.len() as u32).map(move |n| tail.wrapping_add(n))
    }
    /// Entries, holes among them.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.head.wrapping_sub(self.tail) as usize
    }
    /// Appends, and returns the position.
    #[inline]
    pub(super) fn push(&mut self, entry: Entry<T>) -> u32 {
        if self.last.len() == CHUNK || self.last.capacity() == 0 {
            self.next_chunk();
        }
        self.last.push(entry);
        self.head = self.head.wrapping_add(1);
        self.head.wrapping_sub(1)
    }
    /// Appends all of these.
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
    fn next_chunk(&mut self) {
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
    /// The oldest leave as long as they are holes.
    #[inline]
    fn pop_holes(&mut self) {
        while self.len() > 0 && self.at(self.tail).tag.is_hole() {
            self.pop();
        }
    }
    /// The oldest leaves.
    #[inline]
    pub(super) fn pop(&mut self) {
        self.tail = self.tail.wrapping_add(1);
        if !self.full.is_empty() && self.tail.wrapping_sub(self.base) as usize >= CHUNK {
            self.pop_chunk();
        }
        if self.tail == self.head {
            // empty, it begins again at the front of its last chunk, which is in the caches
            self.last.clear();
            self.last_base = self.head;
        }
    }
    /// So many of the oldest leave, more than one only of the last chunk, and the holes behind them.
    #[inline]
    pub(super) fn skip(&mut self, count: usize) {
        if count > 0 {
            self.tail = self.tail.wrapping_add(count as u32 - 1);
            self.pop();
            self.pop_holes();
        }
    }
    /// The first full chunk goes: the tail has left it.
    #[cold]
    fn pop_chunk(&mut self) {
        let Some(mut chunk) = self.full.pop_front() else { return };
        chunk.clear();
        if self.spare.len() < 4 {
            self.spare.push(chunk);
        }
        self.base = self.base.wrapping_add(CHUNK as u32);
    }
}
