//! Awaited receipts by key: one fixed-size entry each, in the order of acceptance.
//!
//! The entries are in a [`Ring`]; indexes map keys to positions. No entry moves while the ring grows, and no insertion
//! moves more than the 1,800 positions of one table. As long as entries are few and looked up in the order of acceptance,
//! no index holds them. At its limit the store drops expired entries, oldest first; it never drops an awaited one and
//! never grows without bound.
//!
//! Invariants:
//! - `kept` counts the entries that are not holes, `awaited` those of them that are awaited. No key is kept twice.
//! - `is_unindexed`: both indexes are empty, and `unindexed_keys` has every key of the ring.
//! - else each kept entry is in exactly one index, and the hot bucket of every key in the overflow index counts it.
//! - The oldest entry is not a hole.
use super::Key;
use super::hot_index::HotIndex;
use super::key_filter::KeyFilter;
use super::overflow_index::OverflowIndex;
use super::ring::{Entry, EntryState, EntryTag, Ring};
use std::collections::VecDeque;

/// Maximum number of entries without an index: few enough to search one by one.
const UNINDEXED_MAX: usize = 256;

/// How many of the oldest entries move to the end with each insertion into a ring that is at its limit and has holes. The
/// ring exceeds its limit by no more than one part in this number.
const MOVED_AT_ONCE: usize = 16;

/// Handle of an entry; valid until the next insertion or removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntryHandle(u32);

/// Iterator over the receipts that are still awaited at the end, oldest first. Frees memory as it advances.
#[derive(Debug)]
pub(super) struct AwaitedDrain<T> {
    ring: Ring<T>,
}

impl<T: Copy> Iterator for AwaitedDrain<T> {
    type Item = (Key, T);

    fn next(&mut self) -> Option<(Key, T)> {
        while self.ring.len() > 0 {
            let entry = *self.ring.at(self.ring.tail);
            self.ring.advance_tail();
            if entry.tag.is_awaited() {
                return Some((entry.tag.key(), entry.value));
            }
        }
        None
    }
}

/// Awaited receipts by key, up to a maximum number.
#[derive(Debug)]
pub(super) struct AwaitedReceipts<T> {
    ring: Ring<T>,
    /// Nothing is indexed yet: since the ring was empty, every lookup hit the next entry.
    is_unindexed: bool,
    /// Filter over the keys that are not indexed yet; may hold removed ones.
    unindexed_keys: KeyFilter,
    /// Positions by key; holds all of them where few are kept.
    hot: HotIndex,
    /// Positions of the entries whose bucket of `hot` was full.
    overflow: OverflowIndex,
    /// The position after the last lookup: receipts often come in the order of acceptance.
    next: u32,
    /// Positions of the expired entries, oldest first; may hold positions of removed ones.
    expired: VecDeque<u32>,
    kept_max: usize,
    kept: usize,
    awaited: usize,
}

impl<T: Copy> AwaitedReceipts<T> {
    /// An empty store that keeps at most `kept_max` entries (at least 1, at most 2^30).
    pub(super) fn new(kept_max: usize) -> AwaitedReceipts<T> {
        let kept_max = kept_max.clamp(1, 1 << 30);
        AwaitedReceipts {
            ring: Ring::new(),
            is_unindexed: true,
            unindexed_keys: KeyFilter::new(),
            hot: HotIndex::new(kept_max),
            overflow: OverflowIndex::new(kept_max),
            next: 0,
            expired: VecDeque::new(),
            kept_max,
            kept: 0,
            awaited: 0,
        }
    }

    /// Size of one entry in octets, without its index (5 octets a bucket, at most 7/8 of them in use).
    pub(super) const fn entry_octets() -> usize {
        std::mem::size_of::<Entry<T>>()
    }

    /// Number of awaited entries.
    pub(super) fn awaited(&self) -> usize {
        self.awaited
    }
    /// Number of entries, expired ones included.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.kept
    }

    /// Whether most lookups stay within the processor's own cache.
    #[inline]
    pub(super) fn is_near(&self) -> bool {
        self.kept <= HotIndex::SLOTS_MAX
    }

    /// The entry of a key. None: the key is not kept.
    #[inline]
    pub(super) fn find(&self, key: Key) -> Option<EntryHandle> {
        if self.is_unindexed {
            return self.find_unindexed(key).map(EntryHandle);
        }
        self.find_indexed(key).map(EntryHandle)
    }

    #[inline]
    fn find_indexed(&self, key: Key) -> Option<u32> {
        let key_at = |position| self.ring.at(position).tag.key();
        let overflow = || self.overflow.find(key, |position| key_at(position) == key);
        self.hot.find(key, key_at).or_else(|| self.hot.has_overflow(key).then(overflow).flatten())
    }

    #[cold]
    fn find_unindexed(&self, key: Key) -> Option<u32> {
        self.ring.positions().find(|position| {
            let tag = self.ring.at(*position).tag;
            tag.key() == key && !tag.is_hole()
        })
    }

    /// Indexes all entries. The indexes are in use until the ring is empty.
    #[inline(never)]
    fn index_all(&mut self) {
        self.is_unindexed = false;
        let AwaitedReceipts { ring, hot, overflow, .. } = self;
        let key_at = |position| ring.at(position).tag.key();
        for position in ring.positions() {
            let tag = ring.at(position).tag;
            if tag.is_hole() {
                continue;
            }
            match hot.free_slot(tag.key(), key_at) {
                Ok(Some(slot)) => slot.fill(position),
                // no key is kept twice, so that none is indexed already
                Ok(None) | Err(_) => {
                    hot.add_overflow(tag.key());
                    overflow.insert(tag.key(), position, key_at);
                }
            }
        }
    }

    /// Drops the oldest `count` entries, as [`Ring::drop_oldest`] does. Once the ring is empty, nothing is indexed.
    #[inline]
    fn drop_oldest(&mut self, count: usize) {
        self.ring.drop_oldest(count);
        if self.ring.len() == 0 {
            self.is_unindexed = true;
            self.unindexed_keys.clear();
        }
    }

    /// State of an entry. None: it was removed.
    pub(super) fn state(&self, handle: EntryHandle) -> Option<EntryState> {
        self.ring.get(handle.0)?.tag.state()
    }

    /// Value of an entry.
    #[inline]
    pub(super) fn at(&self, handle: EntryHandle) -> &T {
        &self.ring.at(handle.0).value
    }

    /// Brings the memory that lookups of these keys need into the processor's caches, all at once; one by one each lookup
    /// would wait for memory. Returns how many of the keys are kept.
    #[inline]
    pub(super) fn warm(&self, keys: impl Iterator<Item = Key>) -> usize {
        keys.filter(|key| self.find(*key).is_some()).count()
    }

    /// Adds an awaited entry. False: all entries are awaited and the store is full, or the key is awaited already.
    #[inline]
    pub(super) fn insert(&mut self, key: Key, value: T) -> bool {
        if self.ring.len() >= self.kept_max {
            let awaited = |p: EntryHandle| self.ring.at(p.0).tag.is_awaited();
            if self.find(key).is_some_and(awaited) || !self.make_room() {
                return false;
            }
        }
        self.insert_at_head(key, value)
    }

    /// [`AwaitedReceipts::insert`] where the ring is not full.
    #[inline]
    fn insert_at_head(&mut self, key: Key, value: T) -> bool {
        if !self.is_unindexed {
            return self.insert_indexed(key, value);
        }
        let is_there = self.unindexed_keys.set(key) && self.find_unindexed(key).is_some();
        if is_there || self.ring.len() >= UNINDEXED_MAX {
            self.index_all();
            return self.insert_indexed(key, value);
        }
        self.ring.push(Entry { tag: EntryTag::awaited(key), value });
        self.kept += 1;
        self.awaited += 1;
        true
    }

    /// [`AwaitedReceipts::insert`] where the ring is not full and the indexes are in use.
    #[inline]
    fn insert_indexed(&mut self, key: Key, value: T) -> bool {
        let AwaitedReceipts { ring, hot, overflow, .. } = self;
        let key_at = |position| ring.at(position).tag.key();
        let find_overflow = || overflow.find(key, |position| key_at(position) == key);
        let in_overflow = if hot.has_overflow(key) { find_overflow() } else { None };
        let free_slot = in_overflow.map_or_else(|| hot.free_slot(key, key_at), Err);
        let tag = EntryTag::awaited(key);
        match free_slot {
            Ok(Some(slot)) => slot.fill(ring.push(Entry { tag, value })),
            Ok(None) => {
                let position = ring.push(Entry { tag, value });
                hot.add_overflow(key);
                overflow.insert(key, position, |position| ring.at(position).tag.key());
            }
            Err(old) if ring.at(old).tag.is_awaited() => return false,
            Err(old) => return self.insert_again(EntryHandle(old), key, value),
        }
        self.kept += 1;
        self.awaited += 1;
        true
    }

    /// Replaces the expired entry of a key: the SMSC used the id again.
    #[cold]
    fn insert_again(&mut self, old: EntryHandle, key: Key, value: T) -> bool {
        self.finish_at(old);
        self.insert(key, value)
    }

    /// Adds awaited entries with one value until one cannot be added: see [`AwaitedReceipts::insert`]. Returns the number
    /// added.
    #[inline]
    pub(super) fn insert_run(&mut self, keys: &[Key], value: T) -> usize {
        let mut done = 0;
        loop {
            done += self.insert_unindexed(&keys[done..], value);
            match keys.get(done) {
                Some(key) if self.insert(*key, value) => done += 1,
                Some(_) | None => return done,
            }
        }
    }

    /// Adds the first of these keys that need no index and are certainly not kept. Returns the number added.
    #[inline]
    fn insert_unindexed(&mut self, keys: &[Key], value: T) -> usize {
        if !self.is_unindexed {
            return 0;
        }
        let room = UNINDEXED_MAX.min(self.kept_max).saturating_sub(self.ring.len());
        let keys = &keys[..keys.len().min(room)];
        let new = keys.iter().take_while(|key| !self.unindexed_keys.set(**key)).count();
        let entry = |key: &Key| Entry { tag: EntryTag::awaited(*key), value };
        self.ring.push_all(keys[..new].iter().map(entry));
        self.kept += new;
        self.awaited += new;
        new
    }

    /// Marks an awaited entry as expired; it stays.
    pub(super) fn expire_at(&mut self, handle: EntryHandle) {
        let entry = self.ring.at_mut(handle.0);
        if entry.tag.is_awaited() {
            entry.tag = EntryTag::expired(entry.tag.key());
            self.awaited -= 1;
            self.queue_expired(handle.0);
        }
    }

    /// Queues an expired position. Positions of removed entries are dropped once they are first, so that the queue is about
    /// as long as there are expired entries.
    fn queue_expired(&mut self, position: u32) {
        while let Some(&first) = self.expired.front() {
            if self.state(EntryHandle(first)) == Some(EntryState::Expired) {
                break;
            }
            self.expired.pop_front();
        }
        self.expired.push_back(position);
    }

    /// Looks up a key: its entry, state and value. Where `finish` returns true, the entry is finished and removed.
    #[inline]
    pub(super) fn lookup(
        &mut self,
        key: Key,
        finish: impl Fn(EntryState, &T) -> bool,
    ) -> Option<(EntryHandle, EntryState, T)> {
        let (position, entry) = match self.ring.get(self.next) {
            Some(next) if next.tag.key() == key && !next.tag.is_hole() => (self.next, *next),
            Some(_) | None => {
                if self.is_unindexed {
                    self.index_all();
                }
                let position = self.find_indexed(key)?;
                (position, *self.ring.at(position))
            }
        };
        self.next = position.wrapping_add(1);
        let state = entry.tag.state()?;
        if finish(state, &entry.value) {
            self.finish(key, state, position);
        }
        Some((EntryHandle(position), state, entry.value))
    }

    /// Finishes the entries after the last lookup as long as they are awaited, have these keys in order, and have this
    /// value. Returns the number finished.
    #[inline]
    pub(super) fn take_next(&mut self, keys: &[Key], value: &T) -> usize
    where
        T: PartialEq,
    {
        let first = self.next;
        let like =
            |(entry, key): &(&Entry<T>, &Key)| entry.tag.raw() == key.0 && entry.value == *value;
        let taken = self.ring.last_from(first).iter().zip(keys).take_while(like).count();
        if !self.is_unindexed {
            for (n, key) in (0u32..).zip(&keys[..taken]) {
                self.unindex(*key, first.wrapping_add(n));
            }
        }
        self.next = first.wrapping_add(taken as u32);
        self.kept -= taken;
        self.awaited -= taken;
        if first == self.ring.tail {
            self.drop_oldest(taken);
        } else {
            for (n, key) in (0u32..).zip(&keys[..taken]) {
                self.ring.at_mut(first.wrapping_add(n)).tag = EntryTag::hole(*key);
            }
        }
        taken
    }

    /// Finishes an entry: it is removed.
    pub(super) fn finish_at(&mut self, handle: EntryHandle) {
        let tag = self.ring.at(handle.0).tag;
        if let Some(state) = tag.state() {
            self.finish(tag.key(), state, handle.0);
        }
    }

    /// Removes an entry. It leaves a hole, unless it is the oldest.
    #[inline]
    fn finish(&mut self, key: Key, state: EntryState, position: u32) {
        self.unindex(key, position);
        self.kept -= 1;
        self.awaited -= usize::from(state == EntryState::Awaited);
        if position == self.ring.tail {
            self.drop_oldest(1);
        } else {
            self.ring.at_mut(position).tag = EntryTag::hole(key);
        }
    }

    /// Removes an entry from its index.
    #[inline]
    fn unindex(&mut self, key: Key, position: u32) {
        if !self.is_unindexed && !self.hot.remove(key, position) {
            self.hot.remove_overflow(key);
            self.overflow.remove(key, position);
        }
    }

    /// The oldest entry. None: there is none.
    pub(super) fn oldest(&self) -> Option<(Key, EntryState, &T)> {
        // it is not a hole: see `finish`
        let oldest = self.ring.get(self.ring.tail)?;
        Some((oldest.tag.key(), oldest.tag.state()?, &oldest.value))
    }

    /// Removes the oldest entry.
    pub(super) fn pop_oldest(&mut self) -> Option<(Key, EntryState, T)> {
        let (key, state, value) = self.oldest().map(|(k, s, v)| (k, s, *v))?;
        self.unindex(key, self.ring.tail);
        self.kept -= 1;
        self.awaited -= usize::from(state == EntryState::Awaited);
        self.drop_oldest(1);
        Some((key, state, value))
    }

    /// Empties the store without a lookup: the indexes are dropped whole.
    pub(super) fn take_all(&mut self) -> AwaitedDrain<T> {
        let AwaitedReceipts { ring, .. } =
            std::mem::replace(self, AwaitedReceipts::new(self.kept_max));
        AwaitedDrain { ring }
    }

    /// Makes room in a ring that is at its limit: removes holes, or else the oldest expired entry. False: all entries are
    /// awaited.
    #[cold]
    fn make_room(&mut self) -> bool {
        if self.kept < self.kept_max {
            self.compact();
            return true;
        }
        while let Some(position) = self.expired.pop_front() {
            if self.state(EntryHandle(position)) == Some(EntryState::Expired) {
                self.finish_at(EntryHandle(position));
                return true;
            }
        }
        false
    }

    /// Moves some of the oldest entries to the end, so that the holes after them are dropped. After a whole round none of
    /// the earlier holes is left.
    fn compact(&mut self) {
        for _ in 0..MOVED_AT_ONCE {
            if self.ring.len() == self.kept {
                return;
            }
            let Some((key, state, value)) = self.pop_oldest() else { return };
            self.insert_at_head(key, value);
            if state == EntryState::Expired
                && let Some(handle) = self.find(key)
            {
                self.expire_at(handle);
            }
        }
    }
}
