//! Tells quickly that a key is none of a few: each leaves a mark at one of some thousand places, and where there is
//! no mark no such key has been. A mark may be another key's.
use super::Key;

/// Places: 4 KiB, so that a run of a hundred keys seldom meets a mark of its own.
const PLACES: usize = 4_096;

/// Which places have a mark.
#[derive(Debug)]
pub(super) struct KeyFilter {
    /// Made at the first mark.
    places: Vec<u8>,
    /// What a mark is; any other octet is none.
    mark: u8,
}

impl KeyFilter {
    pub(super) fn new() -> KeyFilter {
        KeyFilter { places: Vec::new(), mark: 1 }
    }

    /// Marks a key's place. True: it had a mark, by this key or by another.
    #[inline]
    pub(super) fn set(&mut self, key: Key) -> bool {
        let at = key.0 as usize % PLACES;
        let Some(place) = self.places.get_mut(at) else { return self.set_first(at) };
        let was = *place == self.mark;
        *place = self.mark;
        was
    }

    #[cold]
    fn set_first(&mut self, at: usize) -> bool {
        self.places = vec![0; PLACES];
        self.places[at] = self.mark;
        false
    }

    /// Takes all marks away.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.mark = self.mark.wrapping_add(1);
        if self.mark == 0 {
            self.places.fill(0);
            self.mark = 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_there_until_all_are_taken_away_however_often_that_was_done() {
        let mut marks = KeyFilter::new();
        for round in 0..1_000u64 {
            let key = Key(round * 7);
            assert!(!marks.set(key), "{round}");
            assert!(marks.set(key) && marks.set(Key(key.0 + PLACES as u64)));
            assert!(!marks.set(Key(key.0 + 1)));
            marks.clear();
        }
    }
}
