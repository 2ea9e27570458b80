//! What the ledger is too small to hold of an awaited message: its id as written and its sequence_number, for
//! those of whom a receipt will be missed. Bounded: beyond, nothing more is noted until older notes have gone.
//! A note takes 21 octets and its id; they stand one behind the other in blocks, so that none moves when there
//! are more.
use super::Key;
use crate::kit::Nanos;
use std::collections::VecDeque;

/// A message id as it was written, at most 39 octets of it (a UUID has 36).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdText {
    length: u8,
    octets: [u8; IdText::OCTETS_MAX],
}

impl IdText {
    /// Octets kept.
    pub const OCTETS_MAX: usize = 39;

    /// The first octets of an id.
    #[inline]
    pub fn of(id: &[u8]) -> IdText {
        let length = id.len().min(Self::OCTETS_MAX);
        let mut octets = [0; Self::OCTETS_MAX];
        octets[..length].copy_from_slice(&id[..length]);
        IdText { length: length as u8, octets }
    }
    /// As written.
    pub fn octets(&self) -> &[u8] {
        &self.octets[..usize::from(self.length)]
    }
}

/// What is noted of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// sequence_number of its submit_sm.
    pub sequence_number: u32,
    /// Its id.
    pub id: IdText,
}

/// Octets of a block: about a thousand notes, which a search walks in the block that fills. Those of a full block are
/// sorted when one of them is first looked for.
const BLOCK: usize = 32 * 1024;

/// Notes one behind the other: of each, when its message was accepted, the key, sequence_number, the id's length;
/// then the id.
#[derive(Debug)]
struct Block {
    octets: Box<[u8]>,
    length: usize,
    /// Of a full block, once it was searched: the keys of its notes and where those begin, by key.
    sorted: Vec<(Key, u16)>,
}

impl Block {
    /// Octets before an id.
    const HEAD: usize = 21;
    const NOTE_MAX: usize = Self::HEAD + IdText::OCTETS_MAX;

    fn new() -> Block {
        Block { octets: vec![0; BLOCK].into(), length: 0, sorted: Vec::new() }
    }

    /// Appends a note; there is room for the longest.
    #[inline]
    fn write(&mut self, since: Nanos, key: Key, note: &Note) {
        let room = self.octets[self.length..].first_chunk_mut::<{ Self::NOTE_MAX }>();
        let room = room.expect("a block is left before it is full");
        room[..8].copy_from_slice(&since.0.to_le_bytes());
        room[8..16].copy_from_slice(&key.0.to_le_bytes());
        room[16..20].copy_from_slice(&note.sequence_number.to_le_bytes());
        room[20] = note.id.length;
        room[Self::HEAD..].copy_from_slice(&note.id.octets);
        self.length += Self::HEAD + usize::from(note.id.length);
    }
    #[inline]
    fn is_full(&self) -> bool {
        self.length + Self::NOTE_MAX > BLOCK
    }
    #[inline]
    fn notes(&self) -> &[u8] {
        &self.octets[..self.length]
    }

    fn clear(&mut self) {
        self.length = 0;
        self.sorted = Vec::new();
    }

    /// Where its notes begin, in their order: each with its key and since when.
    fn walk(&self) -> impl Iterator<Item = (Nanos, Key, usize)> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let (since, key, length) = Self::head(&self.notes()[at..])?;
            let begin = at;
            at += length;
            Some((since, key, begin))
        })
    }

    /// The note of a message accepted between these times.
    fn find(&mut self, from: Nanos, to: Nanos, key: Key) -> Option<Note> {
        if !self.is_full() {
            let mut walk = self.walk();
            let found = walk.find(|(since, known, _)| *known == key && (from..=to).contains(since));
            return Self::note(&self.notes()[found?.2..]);
        }
        if self.sorted.is_empty() {
            let mut sorted: Vec<(Key, u16)> =
                self.walk().map(|(_, key, begin)| (key, begin as u16)).collect();
            sorted.sort_unstable_by_key(|(key, begin)| (key.0, *begin));
            self.sorted = sorted;
        }
        let first = self.sorted.partition_point(|(known, _)| known.0 < key.0);
        let mut same = self.sorted[first..].iter().take_while(|(known, _)| *known == key);
        same.find_map(|(_, begin)| {
            let octets = &self.notes()[usize::from(*begin)..];
            let (since, ..) = Self::head(octets)?;
            (from..=to).contains(&since).then(|| Self::note(octets)).flatten()
        })
    }

    /// The first of these: since when, its key, where its end is.
    #[inline]
    fn head(octets: &[u8]) -> Option<(Nanos, Key, usize)> {
        let head = octets.first_chunk::<{ Self::HEAD }>()?;
        let (since, rest) = head.split_first_chunk()?;
        let key = rest.first_chunk()?;
        let end = Self::HEAD + usize::from(head[20]);
        Some((Nanos(u64::from_le_bytes(*since)), Key(u64::from_le_bytes(*key)), end))
    }

    /// The note of the first of these.
    fn note(octets: &[u8]) -> Option<Note> {
        let (_, _, end) = Self::head(octets)?;
        let sequence_number = u32::from_le_bytes(*octets.get(16..)?.first_chunk()?);
        Some(Note { sequence_number, id: IdText::of(octets.get(Self::HEAD..end)?) })
    }
}

/// Notes of the messages accepted last, in the order of their acceptance.
#[derive(Debug)]
pub struct Notes {
    /// Oldest first; the last one fills.
    blocks: VecDeque<Block>,
    /// Where the oldest note stands in the first block.
    oldest: usize,
    /// A block that is not in use.
    spare: Option<Block>,
    kept: usize,
    kept_max: usize,
    /// What was accepted before is forgotten.
    forgotten: Nanos,
}

impl Notes {
    /// At most so many.
    pub fn new(kept_max: usize) -> Notes {
        Notes {
            blocks: VecDeque::new(),
            oldest: 0,
            spare: None,
            kept: 0,
            kept_max,
            forgotten: Nanos::ZERO,
        }
    }

    /// Whether another may be noted now.
    #[inline]
    pub fn has_room(&self) -> bool {
        self.kept < self.kept_max
    }

    /// Notes a message that was accepted at `since`. Stamps may only go back by what a hand-over takes.
    #[inline]
    pub fn add(&mut self, since: Nanos, key: Key, note: Note) {
        if self.kept >= self.kept_max {
            return;
        }
        if self.blocks.back().is_none_or(Block::is_full) {
            self.blocks.push_back(self.spare.take().unwrap_or_else(Block::new));
        }
        let block = self.blocks.back_mut().expect("a block with room was just made");
        block.write(since, key, &note);
        self.kept += 1;
    }

    /// Forgets what was accepted before `since`.
    pub fn forget_before(&mut self, since: Nanos) {
        self.forgotten = self.forgotten.max(since);
        while let Some(block) = self.blocks.front_mut() {
            if let Some((first, _, end)) = Block::head(&block.notes()[self.oldest..]) {
                if first >= since {
                    return;
                }
                self.oldest += end;
                self.kept -= 1;
                continue;
            }
            block.clear();
            self.oldest = 0;
            self.spare = self.blocks.pop_front();
        }
    }

    /// The note of a message that was accepted at `since`; None: there was no room for it, or it is forgotten.
    pub fn find(&mut self, since: Nanos, key: Key) -> Option<Note> {
        // hand-overs between workers may be this much out of order
        const BLUR: Nanos = Nanos::from_millis(5);
        let (from, to) = (since.since(BLUR).max(self.forgotten), since.after(BLUR));
        let begins = |block: &Block| Block::head(block.notes()).map(|(since, ..)| since);
        let early = |block: &Block| begins(block).is_some_and(|at| at < since.since(BLUR));
        // the block before may end within the blur
        let first = self.blocks.partition_point(early).saturating_sub(1);
        for block in self.blocks.range_mut(first..) {
            if begins(block).is_none_or(|at| at > to.after(BLUR)) {
                return None;
            }
            if let Some(note) = block.find(from, to, key) {
                return Some(note);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(n: u32) -> Note {
        Note { sequence_number: n, id: IdText::of(format!("{n:08}").as_bytes()) }
    }

    #[test]
    fn a_note_is_found_by_its_key_and_time_until_it_is_forgotten() {
        let mut notes = Notes::new(1_000);
        for n in 0..1_000u32 {
            notes.add(Nanos::from_millis(u64::from(n) * 10), Key(u64::from(n)), note(n));
        }
        let at = |n: u64| Nanos::from_millis(n * 10);
        assert_eq!(notes.find(at(700), Key(700)).unwrap().id.octets(), b"00000700");
        assert_eq!(notes.find(at(700), Key(20)), None);
        notes.forget_before(at(701));
        assert_eq!(notes.find(at(700), Key(700)), None);
        assert_eq!(notes.find(at(701), Key(701)), Some(note(701)));
    }

    #[test]
    fn a_full_book_notes_no_more_and_a_long_id_is_cut() {
        let mut notes = Notes::new(1);
        notes.add(Nanos(1), Key(1), note(1));
        notes.add(Nanos(2), Key(2), note(2));
        assert_eq!(
            (notes.find(Nanos(1), Key(1)), notes.find(Nanos(2), Key(2))),
            (Some(note(1)), None)
        );
        assert_eq!(IdText::of(&[b'x'; 65]).octets(), [b'x'; 39]);
    }

    #[test]
    fn ids_of_all_lengths_are_found_over_many_blocks_which_go_when_forgotten() {
        let of = |n: u64| Note {
            sequence_number: n as u32,
            id: IdText::of(&b"0123456789abcdef0123456789abcdef0123456789"[..n as usize % 43]),
        };
        let at = |n: u64| Nanos::from_millis(1_000 + n);
        let mut notes = Notes::new(10_000);
        for n in 0..20_000 {
            notes.add(at(n), Key(n), of(n));
        }
        assert!((0..10_000).step_by(7).all(|n| notes.find(at(n), Key(n)) == Some(of(n))));
        assert_eq!(notes.find(at(10_000), Key(10_000)), None, "full");
        for n in 20_000..60_000 {
            notes.forget_before(at(n - 5_000));
            notes.add(at(n), Key(n), of(n));
            // a hand-over may be told a little later than it was
            if n % 7 == 0 {
                assert_eq!(notes.find(at(n - 4), Key(n)), Some(of(n)));
            }
        }
        assert_eq!((notes.kept, notes.blocks.len() < 12), (5_001, true));
        assert!((55_000..60_000).step_by(7).all(|n| notes.find(at(n), Key(n)) == Some(of(n))));
        notes.forget_before(Nanos::MAX);
        assert_eq!((notes.kept, notes.blocks.len()), (0, 0));
    }
}
