//! The ledger of awaited receipts: a fixed-size entry each, in the order of acceptance, found by key.
//!
//! Entries live in a ring of chunks (no entry ever moves while the ring grows) and tables index
//! them, so that no single insertion moves more than 1,800 entries. As long as they are few, and looked for in the
//! order of acceptance, no table lists them: a receipt is often in the read that brings its submit_sm_resp. What is
//! finished leaves a hole, and the ring when it comes to its end: where receipts come soon, all of it stays in the
//! processor's caches. At its limit the ledger gives up expired entries, oldest first; it never gives up one that is
//! awaited, and never grows without bound.
use super::Key;
use super::hot_index::HotIndex;
use super::key_filter::KeyFilter;
use super::overflow_index::OverflowIndex;
use super::ring::{Entry, EntryState, Ring, Tag};
use std::collections::VecDeque;

/// So many entries may be in no table: few enough to be looked through.
const UNLISTED_MAX: usize = 256;

/// So many of the oldest entries go to the back with each insertion into a ring that is at its limit and has holes: the
/// ring never grows beyond its limit by more than that part of it.
const TURNED_AT_ONCE: usize = 16;

/// Where an entry stands; good until the next insertion or removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryHandle(u32);

/// What was still awaited when a ledger was emptied, oldest first. Its memory goes as it is walked.
#[derive(Debug)]
pub struct AwaitedDrain<T> {
    ring: Ring<T>,
}

impl<T: Copy> Iterator for AwaitedDrain<T> {
    type Item = (Key, T);

    fn next(&mut self) -> Option<(Key, T)> {
        while self.ring.len() > 0 {
            let entry = *self.ring.at(self.ring.tail);
            self.ring.pop();
            if entry.tag.is_awaited() {
                return Some((entry.tag.key(), entry.value));
            }
        }
        None
    }
}

/// Awaited receipts, at most so many.
#[derive(Debug)]
pub struct AwaitedReceipts<T> {
    ring: Ring<T>,
    /// No table has any of them: since the ring was empty the one behind the last has been looked for, or none.
    is_unlisted: bool,
    /// Of the keys that are kept while no table has them, and of some that were.
    marks: KeyFilter,
    /// Where few are awaited, all of them are found here.
    near: HotIndex,
    /// Those that had no place there.
    far: OverflowIndex,
    /// The position behind the one that was looked for last: receipts often come in the order of acceptance.
    next: u32,
    /// Positions of the entries that expired, oldest first, and of some that have gone since.
    expired: VecDeque<u32>,
    kept_max: usize,
    kept: usize,
    awaited: usize,
}

impl<T: Copy> AwaitedReceipts<T> {
    /// An empty ledger that keeps at most `kept_max` entries (at least 1, at most 2^30).
    pub fn new(kept_max: usize) -> AwaitedReceipts<T> {
        let kept_max = kept_max.clamp(1, 1 << 30);
        AwaitedReceipts {
            ring: Ring::new(),
            is_unlisted: true,
            marks: KeyFilter::new(),
            near: HotIndex::new(kept_max),
            far: OverflowIndex::new(kept_max),
            next: 0,
            expired: VecDeque::new(),
            kept_max,
            kept: 0,
            awaited: 0,
        }
    }

    /// Octets of one entry, the index apart (5 octets a bucket, at most 7/8 full).
    pub const fn entry_octets() -> usize {
        std::mem::size_of::<Entry<T>>()
    }

    /// Entries awaited.
    pub fn awaited(&self) -> usize {
        self.awaited
    }
    /// Entries kept, expired ones among them.
    pub fn kept(&self) -> usize {
        self.kept
    }

    /// Whether most of it is found in a processor's own cache.
    #[inline]
    pub fn is_near(&self) -> bool {
        self.kept <= HotIndex::SLOTS_MAX
    }

    /// Where `key` is kept.
    #[inline]
    pub fn find(&self, key: Key) -> Option<EntryHandle> {
        if self.is_unlisted {
            return self.find_unlisted(key).map(EntryHandle);
        }
        self.find_listed(key).map(EntryHandle)
    }

    #[inline]
    fn find_listed(&self, key: Key) -> Option<u32> {
        let key_at = |position| self.ring.at(position).tag.key();
        let far = || self.far.find(key, |position| key_at(position) == key);
        self.near.find(key, key_at).or_else(|| self.near.has_beyond(key).then(far).flatten())
    }

    #[cold]
    fn find_unlisted(&self, key: Key) -> Option<u32> {
        self.ring.positions().find(|position| {
            let tag = self.ring.at(*position).tag;
            tag.key() == key && !tag.is_hole()
        })
    }

    /// From now on tables have them all, until the ring is empty.
    #[inline(never)]
    fn list_all(&mut self) {
        self.is_unlisted = false;
        let AwaitedReceipts { ring, near, far, .. } = self;
        let key_at = |position| ring.at(position).tag.key();
        for position in ring.positions() {
            let tag = ring.at(position).tag;
            if tag.is_hole() {
                continue;
            }
            match near.vacancy(tag.key(), key_at) {
                Ok(Some(vacancy)) => vacancy.fill(position),
                // no key is kept twice: there is no Err
                Ok(None) | Err(_) => {
                    near.add_beyond(tag.key());
                    far.list(tag.key(), position, key_at);
                }
            }
        }
    }

    /// So many of the oldest leave: see [`Ring::skip`]. Once the ring is empty, no table has anything.
    #[inline]
    fn skip(&mut self, count: usize) {
        self.ring.skip(count);
        if self.ring.len() == 0 {
            self.is_unlisted = true;
            self.marks.clear();
        }
    }

    /// How it stands; None: it has gone.
    pub fn standing(&self, place: EntryHandle) -> Option<EntryState> {
        self.ring.get(place.0)?.tag.standing()
    }

    /// What is kept there.
    #[inline]
    pub fn at(&self, place: EntryHandle) -> &T {
        &self.ring.at(place.0).value
    }

    /// Brings what a look for each of these keys touches into the processor's caches, all of it at once: one
    /// after the other the looks would wait for memory one after the other. Returns how many are kept.
    #[inline]
    pub fn warm(&self, keys: impl Iterator<Item = Key>) -> usize {
        keys.filter(|key| self.find(*key).is_some()).count()
    }

    /// Adds an awaited entry. False: the ledger is full of awaited ones, or the key is awaited already.
    #[inline]
    pub fn insert(&mut self, key: Key, value: T) -> bool {
        if self.ring.len() >= self.kept_max {
            let awaited = |p: EntryHandle| self.ring.at(p.0).tag.is_awaited();
            if self.find(key).is_some_and(awaited) || !self.make_room() {
                return false;
            }
        }
        self.insert_at_head(key, value)
    }

    /// [`AwaitedReceipts::insert`] where there is room.
    #[inline]
    fn insert_at_head(&mut self, key: Key, value: T) -> bool {
        if !self.is_unlisted {
            return self.insert_listed(key, value);
        }
        let is_there = self.marks.set(key) && self.find_unlisted(key).is_some();
        if is_there || self.ring.len() >= UNLISTED_MAX {
            self.list_all();
            return self.insert_listed(key, value);
        }
        self.ring.push(Entry { tag: Tag::awaited(key), value });
        self.kept += 1;
        self.awaited += 1;
        true
    }

    /// There is room in the ring.
    #[inline]
    fn insert_listed(&mut self, key: Key, value: T) -> bool {
        let AwaitedReceipts { ring, near, far, .. } = self;
        let key_at = |position| ring.at(position).tag.key();
        let find_far = || far.find(key, |position| key_at(position) == key);
        let in_far = if near.has_beyond(key) { find_far() } else { None };
        let vacancy = in_far.map_or_else(|| near.vacancy(key, key_at), Err);
        let tag = Tag::awaited(key);
        match vacancy {
            Ok(Some(vacancy)) => vacancy.fill(ring.push(Entry { tag, value })),
            Ok(None) => {
                let position = ring.push(Entry { tag, value });
                near.add_beyond(key);
                far.list(key, position, |position| ring.at(position).tag.key());
            }
            Err(old) if ring.at(old).tag.is_awaited() => return false,
            Err(old) => return self.insert_again(EntryHandle(old), key, value),
        }
        self.kept += 1;
        self.awaited += 1;
        true
    }

    /// An SMSC that uses an id again: the old message is done, the new one takes the key.
    #[cold]
    fn insert_again(&mut self, old: EntryHandle, key: Key, value: T) -> bool {
        self.finish_at(old);
        self.insert(key, value)
    }

    /// Adds awaited entries that have the same value, until one cannot be added: see [`AwaitedReceipts::insert`]. Returns how
    /// many.
    #[inline]
    pub fn insert_run(&mut self, keys: &[Key], value: T) -> usize {
        let mut done = 0;
        loop {
            done += self.insert_unlisted(&keys[done..], value);
            match keys.get(done) {
                Some(key) if self.insert(*key, value) => done += 1,
                Some(_) | None => return done,
            }
        }
    }

    /// Adds the first of these, as many as need no table and are surely not there. Returns how many.
    #[inline]
    fn insert_unlisted(&mut self, keys: &[Key], value: T) -> usize {
        if !self.is_unlisted {
            return 0;
        }
        let room = UNLISTED_MAX.min(self.kept_max).saturating_sub(self.ring.len());
        let keys = &keys[..keys.len().min(room)];
        let new = keys.iter().take_while(|key| !self.marks.set(**key)).count();
        let entry = |key: &Key| Entry { tag: Tag::awaited(*key), value };
        self.ring.push_all(keys[..new].iter().map(entry));
        self.kept += new;
        self.awaited += new;
        new
    }

    /// An awaited entry has expired; it is kept.
    pub fn expire_at(&mut self, place: EntryHandle) {
        let entry = self.ring.at_mut(place.0);
        if entry.tag.is_awaited() {
            entry.tag = Tag::expired(entry.tag.key());
            self.awaited -= 1;
            self.list_expired(place.0);
        }
    }

    /// Those that have gone leave the list as they come to its front: it is about as long as there are expired ones.
    fn list_expired(&mut self, position: u32) {
        while let Some(&first) = self.expired.front() {
            if self.standing(EntryHandle(first)) == Some(EntryState::Expired) {
                break;
            }
            self.expired.pop_front();
        }
        self.expired.push_back(position);
    }

    /// What is kept under `key`. Where `finish` says so, its entry is finished: it is found no more, and leaves a
    /// hole.
    #[inline]
    pub fn look(
        &mut self,
        key: Key,
        finish: impl Fn(EntryState, &T) -> bool,
    ) -> Option<(EntryHandle, EntryState, T)> {
        let (position, entry) = match self.ring.get(self.next) {
            Some(next) if next.tag.key() == key && !next.tag.is_hole() => (self.next, *next),
            Some(_) | None => {
                if self.is_unlisted {
                    self.list_all();
                }
                let position = self.find_listed(key)?;
                (position, *self.ring.at(position))
            }
        };
        self.next = position.wrapping_add(1);
        let standing = entry.tag.standing()?;
        if finish(standing, &entry.value) {
            self.finish(key, standing, position);
        }
        Some((EntryHandle(position), standing, entry.value))
    }

    /// Finishes the entries behind the one that was looked for last, as far as they are awaited under these keys,
    /// one after the other, and have this value. Returns how many.
    #[inline]
    pub fn take_next(&mut self, keys: &[Key], value: &T) -> usize
    where
        T: PartialEq,
    {
        let first = self.next;
        let like =
            |(entry, key): &(&Entry<T>, &Key)| entry.tag.bits() == key.0 && entry.value == *value;
        let taken = self.ring.last_from(first).iter().zip(keys).take_while(like).count();
        if !self.is_unlisted {
            for (n, key) in (0u32..).zip(&keys[..taken]) {
                self.unlist(*key, first.wrapping_add(n));
            }
        }
        self.next = first.wrapping_add(taken as u32);
        self.kept -= taken;
        self.awaited -= taken;
        if first == self.ring.tail {
            self.skip(taken);
        } else {
            for (n, key) in (0u32..).zip(&keys[..taken]) {
                self.ring.at_mut(first.wrapping_add(n)).tag = Tag::hole(*key);
            }
        }
        taken
    }

    /// An entry is finished: it is found no more, and leaves a hole.
    pub fn finish_at(&mut self, place: EntryHandle) {
        let tag = self.ring.at(place.0).tag;
        if let Some(standing) = tag.standing() {
            self.finish(tag.key(), standing, place.0);
        }
    }

    /// Holes are the ring's own only between two entries: the oldest entry is none.
    #[inline]
    fn finish(&mut self, key: Key, standing: EntryState, position: u32) {
        self.unlist(key, position);
        self.kept -= 1;
        self.awaited -= usize::from(standing == EntryState::Awaited);
        if position == self.ring.tail {
            self.skip(1);
        } else {
            self.ring.at_mut(position).tag = Tag::hole(key);
        }
    }

    /// Takes an entry out of its index.
    #[inline]
    fn unlist(&mut self, key: Key, position: u32) {
        if !self.is_unlisted && !self.near.strike(key, position) {
            self.near.take_beyond(key);
            self.far.strike(key, position);
        }
    }

    /// The oldest entry.
    pub fn oldest(&self) -> Option<(Key, EntryState, &T)> {
        // it is no hole: see `finish`
        let oldest = self.ring.get(self.ring.tail)?;
        Some((oldest.tag.key(), oldest.tag.standing()?, &oldest.value))
    }

    /// Gives up the oldest entry.
    pub fn pop_oldest(&mut self) -> Option<(Key, EntryState, T)> {
        let (key, standing, value) = self.oldest().map(|(k, s, v)| (k, s, *v))?;
        self.unlist(key, self.ring.tail);
        self.kept -= 1;
        self.awaited -= usize::from(standing == EntryState::Awaited);
        self.skip(1);
        Some((key, standing, value))
    }

    /// Empties the ledger. Nothing is looked up for it: the tables go as wholes.
    pub fn take_all(&mut self) -> AwaitedDrain<T> {
        let AwaitedReceipts { ring, .. } =
            std::mem::replace(self, AwaitedReceipts::new(self.kept_max));
        AwaitedDrain { ring }
    }

    /// The ring is at its limit: frees a place, where fewer are kept or the oldest expired entry can be given up. False:
    /// all are awaited.
    #[cold]
    fn make_room(&mut self) -> bool {
        if self.kept < self.kept_max {
            self.turn();
            return true;
        }
        while let Some(position) = self.expired.pop_front() {
            if self.standing(EntryHandle(position)) == Some(EntryState::Expired) {
                self.finish_at(EntryHandle(position));
                return true;
            }
        }
        false
    }

    /// Some of the oldest entries go to the back, so that the holes behind them go: after a round none of those is left
    /// that there were before it.
    fn turn(&mut self) {
        for _ in 0..TURNED_AT_ONCE {
            if self.ring.len() == self.kept {
                return;
            }
            let Some((key, standing, value)) = self.pop_oldest() else { return };
            self.insert_at_head(key, value);
            if standing == EntryState::Expired
                && let Some(place) = self.find(key)
            {
                self.expire_at(place);
            }
        }
    }
}
