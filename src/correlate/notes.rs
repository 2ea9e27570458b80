//! Ids as text and sequence_numbers of awaited messages, for the report of missing receipts; the awaited entries are too
//! small to hold them. Bounded: at the limit no further note is kept until older ones are forgotten. A note takes 21
//! octets and its id. Notes are in blocks, so that none moves when there are more.
//!
//! Invariant: `kept` notes follow each other from `oldest` in the first block to the end of the last one, in the order of
//! acceptance, give or take [`BLUR`].
use super::Key;
use crate::kit::Nanos;
use std::collections::VecDeque;

/// The first octets of a message id as it was written, at most 39 (a UUID has 36).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdText {
    length: u8,
    octets: [u8; IdText::OCTETS_MAX],
}

impl IdText {
    /// Maximum number of octets kept.
    pub const OCTETS_MAX: usize = 39;

    /// The first octets of an id.
    #[inline]
    pub fn of(id: &[u8]) -> IdText {
        let length = id.len().min(Self::OCTETS_MAX);
        let mut octets = [0; Self::OCTETS_MAX];
        octets[..length].copy_from_slice(&id[..length]);
        IdText { length: length as u8, octets }
    }
    /// The octets kept.
    pub fn octets(&self) -> &[u8] {
        &self.octets[..usize::from(self.length)]
    }
}

/// A message id as text and the sequence_number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// sequence_number of the submit_sm.
    pub sequence_number: u32,
    /// The message id.
    pub id: IdText,
}

/// Octets of a block: about a thousand notes. A search reads those of the last block one by one; those of a full block are
/// sorted at the first search.
const BLOCK: usize = 32 * 1024;

/// How far the times of acceptance may be out of order: the messages come from several workers.
const BLUR: Nanos = Nanos::from_millis(5);

/// Notes one after the other, each as: time of acceptance, key, sequence_number, length of the id, id.
#[derive(Debug)]
struct NoteBlock {
    octets: Box<[u8]>,
    length: usize,
    /// Of a full block that was searched: the keys of its notes and their offsets, by key.
    sorted: Vec<(Key, u16)>,
}

impl NoteBlock {
    /// Octets before an id.
    const HEAD: usize = 21;
    const NOTE_MAX: usize = Self::HEAD + IdText::OCTETS_MAX;

    fn new() -> NoteBlock {
        NoteBlock { octets: vec![0; BLOCK].into(), length: 0, sorted: Vec::new() }
    }

    /// Appends a note. The block must not be full.
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

    /// Time, key and offset of each note, in their order.
    fn walk(&self) -> impl Iterator<Item = (Nanos, Key, usize)> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let (since, key, length) = Self::head(&self.notes()[at..])?;
            let begin = at;
            at += length;
            Some((since, key, begin))
        })
    }

    /// The note of a message that was accepted between these times.
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

    /// Time, key and length of the first note in `octets`.
    #[inline]
    fn head(octets: &[u8]) -> Option<(Nanos, Key, usize)> {
        let head = octets.first_chunk::<{ Self::HEAD }>()?;
        let (since, rest) = head.split_first_chunk()?;
        let key = rest.first_chunk()?;
        let end = Self::HEAD + usize::from(head[20]);
        Some((Nanos(u64::from_le_bytes(*since)), Key(u64::from_le_bytes(*key)), end))
    }

    /// The first note in `octets`.
    fn note(octets: &[u8]) -> Option<Note> {
        let (_, _, end) = Self::head(octets)?;
        let sequence_number = u32::from_le_bytes(*octets.get(16..)?.first_chunk()?);
        Some(Note { sequence_number, id: IdText::of(octets.get(Self::HEAD..end)?) })
    }
}

/// Notes of the messages accepted last.
#[derive(Debug)]
pub struct Notes {
    /// Oldest first; notes are added to the last one.
    blocks: VecDeque<NoteBlock>,
    /// Offset of the oldest note in the first block.
    oldest: usize,
    /// An empty block to reuse.
    spare: Option<NoteBlock>,
    kept: usize,
    kept_max: usize,
    /// Messages accepted before this time are forgotten.
    forgotten: Nanos,
}

impl Notes {
    /// Keeps at most `kept_max` notes.
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

    /// Whether one more note can be kept.
    #[inline]
    pub fn has_room(&self) -> bool {
        self.kept < self.kept_max
    }

    /// Adds a note of a message that was accepted at `since`, unless the limit is reached. Times may go back by
    /// 5 ms at most.
    #[inline]
    pub fn add(&mut self, since: Nanos, key: Key, note: Note) {
        if self.kept >= self.kept_max {
            return;
        }
        if self.blocks.back().is_none_or(NoteBlock::is_full) {
            self.blocks.push_back(self.spare.take().unwrap_or_else(NoteBlock::new));
        }
        let block = self.blocks.back_mut().expect("a block with room was just made");
        block.write(since, key, &note);
        self.kept += 1;
    }

    /// Forgets the messages accepted before `since`.
    pub fn forget_before(&mut self, since: Nanos) {
        self.forgotten = self.forgotten.max(since);
        while let Some(block) = self.blocks.front_mut() {
            if let Some((first, _, end)) = NoteBlock::head(&block.notes()[self.oldest..]) {
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

    /// The note of a message that was accepted at `since`. None: it was not kept, or is forgotten.
    pub fn find(&mut self, since: Nanos, key: Key) -> Option<Note> {
        let (from, to) = (since.since(BLUR).max(self.forgotten), since.after(BLUR));
        let begins = |block: &NoteBlock| NoteBlock::head(block.notes()).map(|(since, ..)| since);
        let early = |block: &NoteBlock| begins(block).is_some_and(|at| at < since.since(BLUR));
        // the block before may end within BLUR
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
    use proptest::prelude::*;

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
    fn at_the_limit_no_more_is_kept_and_a_long_id_is_cut() {
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
            // another worker may report it a little later than it was
            if n % 7 == 0 {
                assert_eq!(notes.find(at(n - 4), Key(n)), Some(of(n)));
            }
        }
        assert_eq!((notes.kept, notes.blocks.len() < 12), (5_001, true));
        assert!((55_000..60_000).step_by(7).all(|n| notes.find(at(n), Key(n)) == Some(of(n))));
        notes.forget_before(Nanos::MAX);
        assert_eq!((notes.kept, notes.blocks.len()), (0, 0));
    }

    proptest! {
        #[test]
        fn it_is_a_queue_of_notes_that_is_searched_by_key_and_time(
            steps in proptest::collection::vec((0u8..10, 1u64..400), 0..60),
            kept_max in 1usize..20_000,
        ) {
            let mut notes = Notes::new(kept_max);
            // time in ms and key of each note, oldest first
            let mut model: VecDeque<(u64, u64)> = VecDeque::new();
            let (mut now, mut key) = (100, 0);
            let at = |ms: u64| Nanos::from_millis(20 * ms);
            let text = |key: u64| note(key as u32);
            for (step, n) in steps {
                if step < 7 {
                    for _ in 0..10 * n {
                        now += 1;
                        key += 1;
                        prop_assert_eq!(notes.has_room(), model.len() < kept_max);
                        if notes.has_room() {
                            model.push_back((now, key));
                        }
                        notes.add(at(now), Key(key), text(key));
                    }
                } else {
                    let before = model.get(n as usize * 9).map_or(now, |note| note.0);
                    notes.forget_before(at(before));
                    model.retain(|note| note.0 >= before);
                }
                prop_assert_eq!(notes.kept, model.len());
                for (since, key) in model.iter().step_by(1 + n as usize) {
                    prop_assert_eq!(notes.find(at(*since), Key(*key)), Some(text(*key)));
                    prop_assert_eq!(notes.find(at(*since), Key(key + 1)), None);
                }
                prop_assert_eq!(notes.find(at(now + 1), Key(key)), None);
            }
        }
    }
}
