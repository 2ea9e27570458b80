//! What the ledger is too small to hold of an awaited message: its id as written and its sequence_number, for
//! those of whom a receipt will be missed. Bounded: beyond, nothing more is noted until older notes have gone.
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

/// Notes of the messages accepted last, in the order of their acceptance.
#[derive(Debug)]
pub struct Notes {
    kept: VecDeque<(Nanos, Key, Note)>,
    kept_max: usize,
}

impl Notes {
    /// At most so many.
    pub fn new(kept_max: usize) -> Notes {
        Notes { kept: VecDeque::new(), kept_max }
    }

    /// Whether another may be noted now.
    #[inline]
    pub fn has_room(&self) -> bool {
        self.kept.len() < self.kept_max
    }

    /// Notes a message that was accepted at `since`. Stamps may only go back by what a hand-over takes.
    #[inline]
    pub fn add(&mut self, since: Nanos, key: Key, note: Note) {
        if self.kept.len() < self.kept_max {
            self.kept.push_back((since, key, note));
        }
    }

    /// Forgets what was accepted before `since`.
    pub fn forget_before(&mut self, since: Nanos) {
        while self.kept.front().is_some_and(|(at, ..)| *at < since) {
            self.kept.pop_front();
        }
    }

    /// The note of a message that was accepted at `since`; None: there was no room for it.
    pub fn find(&self, since: Nanos, key: Key) -> Option<&Note> {
        // hand-overs between workers may be this much out of order
        const BLUR: Nanos = Nanos::from_millis(5);
        let from = self.kept.partition_point(|(at, ..)| *at < since.since(BLUR));
        let near = self.kept.iter().skip(from).take_while(|(at, ..)| *at <= since.after(BLUR));
        let mut near = near.filter(|(_, known, _)| *known == key);
        near.next().map(|(_, _, note)| note)
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
        assert_eq!(notes.find(at(701), Key(701)), Some(&note(701)));
    }

    #[test]
    fn a_full_book_notes_no_more_and_a_long_id_is_cut() {
        let mut notes = Notes::new(1);
        notes.add(Nanos(1), Key(1), note(1));
        notes.add(Nanos(2), Key(2), note(2));
        assert_eq!(
            (notes.find(Nanos(1), Key(1)), notes.find(Nanos(2), Key(2))),
            (Some(&note(1)), None)
        );
        assert_eq!(IdText::of(&[b'x'; 65]).octets(), [b'x'; 39]);
    }
}
