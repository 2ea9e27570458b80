//! The ledger of awaited receipts: a fixed-size entry each, in the order of acceptance, found by key.
//!
//! Entries live in a ring of chunks (no entry ever moves while the ring grows) and 256 small tables index
//! them, so that no single insertion rehashes more than a 256th. At its limit the ledger gives up finished
//! entries, oldest first; it never gives up one that is awaited, and never grows without bound.
use super::Key;
use hashbrown::HashTable;
use std::collections::VecDeque;

const CHUNK: usize = 4096;
const SHARDS: usize = 256;

/// What an entry stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No final receipt yet.
    Awaited,
    /// Its final receipt has come; kept to know a repeat when it sees one.
    Finished,
    /// Its deadline passed without one; kept to know a late one.
    Expired,
    /// Given up: no longer indexed.
    Hole,
}

#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct Entry<T> {
    // two halves, so that the entry aligns to 4 octets and nothing is padded away
    key: [u32; 2],
    value: T,
    standing: Standing,
}

impl<T> Entry<T> {
    fn key(&self) -> Key {
        Key(u64::from(self.key[0]) | u64::from(self.key[1]) << 32)
    }
}

/// Awaited receipts, at most so many.
#[derive(Debug)]
pub struct Ledger<T> {
    chunks: VecDeque<Vec<Entry<T>>>,
    spare: Vec<Vec<Entry<T>>>,
    /// Position of the first entry of the first chunk.
    base: u32,
    /// Position of the oldest entry still kept.
    tail: u32,
    /// Position of the next entry.
    head: u32,
    index: Vec<HashTable<u32>>,
    kept_max: usize,
    kept: usize,
    awaited: usize,
}

impl<T: Copy> Ledger<T> {
    /// An empty ledger that keeps at most `kept_max` entries (at least 1, at most 2^30).
    pub fn new(kept_max: usize) -> Ledger<T> {
        Ledger {
            chunks: VecDeque::new(),
            spare: Vec::new(),
            base: 0,
            tail: 0,
            head: 0,
            index: (0..SHARDS).map(|_| HashTable::new()).collect(),
            kept_max: kept_max.clamp(1, 1 << 30),
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
    /// Entries kept, finished ones among them.
    pub fn kept(&self) -> usize {
        self.kept
    }

    fn entry(&self, position: u32) -> &Entry<T> {
        let offset = position.wrapping_sub(self.base) as usize;
        &self.chunks[offset / CHUNK][offset % CHUNK]
    }
    fn entry_mut(&mut self, position: u32) -> &mut Entry<T> {
        let offset = position.wrapping_sub(self.base) as usize;
        &mut self.chunks[offset / CHUNK][offset % CHUNK]
    }
    fn shard(key: Key) -> usize {
        (key.0 >> 56) as usize
    }
    /// The tables must not see the bits that chose the shard.
    fn table_hash(key: Key) -> u64 {
        key.0.rotate_left(8)
    }

    fn find(&self, key: Key) -> Option<u32> {
        self.index[Self::shard(key)]
            .find(Self::table_hash(key), |&p| self.entry(p).key() == key)
            .copied()
    }

    /// What is kept under `key`.
    pub fn get(&self, key: Key) -> Option<(Standing, &T)> {
        let e = self.entry(self.find(key)?);
        Some((e.standing, &e.value))
    }

    /// Adds an awaited entry. False: the ledger is full of awaited ones, or the key is awaited already.
    pub fn insert(&mut self, key: Key, value: T) -> bool {
        if let Some(position) = self.find(key) {
            if self.entry(position).standing == Standing::Awaited {
                return false;
            }
            // an SMSC that uses an id again: the old message is done, the new one takes the key
            self.forget(position);
        }
        if self.kept >= self.kept_max && !self.make_room() {
            return false;
        }
        self.push(Entry {
            key: [key.0 as u32, (key.0 >> 32) as u32],
            value,
            standing: Standing::Awaited,
        });
        let position = self.head.wrapping_sub(1);
        let Ledger { index, chunks, base, .. } = self;
        let rehash = |&p: &u32| {
            let offset = p.wrapping_sub(*base) as usize;
            Self::table_hash(chunks[offset / CHUNK][offset % CHUNK].key())
        };
        index[Self::shard(key)].insert_unique(Self::table_hash(key), position, rehash);
        self.kept += 1;
        self.awaited += 1;
        true
    }

    fn push(&mut self, entry: Entry<T>) {
        if self.chunks.back().is_none_or(|c| c.len() == CHUNK) {
            let chunk = self.spare.pop().unwrap_or_else(|| Vec::with_capacity(CHUNK));
            self.chunks.push_back(chunk);
        }
        self.chunks.back_mut().expect("a chunk with room was just made").push(entry);
        self.head = self.head.wrapping_add(1);
    }

    /// Marks an awaited entry as finished or expired; its value stays.
    pub fn settle(&mut self, key: Key, standing: Standing) -> Option<T> {
        let position = self.find(key)?;
        let entry = self.entry_mut(position);
        if entry.standing != Standing::Awaited {
            return None;
        }
        entry.standing = standing;
        let value = entry.value;
        self.awaited -= 1;
        Some(value)
    }

    /// Changes a value in place.
    pub fn get_mut(&mut self, key: Key) -> Option<(Standing, &mut T)> {
        let position = self.find(key)?;
        let entry = self.entry_mut(position);
        Some((entry.standing, &mut entry.value))
    }

    /// The oldest entry.
    pub fn oldest(&self) -> Option<(Key, Standing, &T)> {
        (self.tail != self.head).then(|| {
            let e = self.entry(self.tail);
            (e.key(), e.standing, &e.value)
        })
    }

    /// Gives up the oldest entry.
    pub fn pop_oldest(&mut self) -> Option<(Key, Standing, T)> {
        let (key, standing, value) = self.oldest().map(|(k, s, v)| (k, s, *v))?;
        let tail = self.tail;
        if standing != Standing::Hole {
            self.forget(tail);
        }
        self.tail = tail.wrapping_add(1);
        if self.tail.wrapping_sub(self.base) as usize >= CHUNK {
            let mut chunk = self.chunks.pop_front().expect("the tail was in it");
            chunk.clear();
            if self.spare.len() < 4 {
                self.spare.push(chunk);
            }
            self.base = self.base.wrapping_add(CHUNK as u32);
        }
        Some((key, standing, value))
    }

    /// Takes an entry out of the index and leaves a hole.
    fn forget(&mut self, position: u32) {
        let key = self.entry(position).key();
        let found =
            self.index[Self::shard(key)].find_entry(Self::table_hash(key), |&p| p == position);
        if let Ok(found) = found {
            found.remove();
        }
        let entry = self.entry_mut(position);
        let was = std::mem::replace(&mut entry.standing, Standing::Hole);
        self.kept -= 1;
        if was == Standing::Awaited {
            self.awaited -= 1;
        }
    }

    /// Frees one place by giving up the oldest finished entry. Awaited ones in front of it are moved to
    /// the back, each at most once per round, so that the ring stays dense. False: all are awaited.
    fn make_room(&mut self) -> bool {
        if self.awaited >= self.kept {
            return false;
        }
        loop {
            let Some((key, standing, value)) = self.pop_oldest() else { return false };
            match standing {
                Standing::Finished | Standing::Expired => return true,
                Standing::Hole => {}
                Standing::Awaited => {
                    self.insert(key, value);
                }
            }
        }
    }
}
