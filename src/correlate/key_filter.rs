//! Tells fast that a key is not among a few others. A key sets one octet; a key whose octet is not set is not among them.
//! Two keys may share an octet.
//!
//! Invariant: since the last `clear`, the octet of every key that was set holds `marker`, and no other octet does.
use super::Key;

/// Number of octets: 4 KiB, so that a run of a hundred keys seldom shares an octet.
const OCTETS: usize = 4_096;

/// The octets that are set.
#[derive(Debug)]
pub(super) struct KeyFilter {
    /// Allocated with the first key.
    octets: Vec<u8>,
    /// Value of an octet that is set; `clear` changes it.
    marker: u8,
}

impl KeyFilter {
    pub(super) fn new() -> KeyFilter {
        KeyFilter { octets: Vec::new(), marker: 1 }
    }

    /// Sets a key's octet. True: it was set already, by this key or by another.
    #[inline]
    pub(super) fn set(&mut self, key: Key) -> bool {
        let at = key.0 as usize % OCTETS;
        let Some(octet) = self.octets.get_mut(at) else { return self.set_first(at) };
        let was_set = *octet == self.marker;
        *octet = self.marker;
        was_set
    }

    #[cold]
    fn set_first(&mut self, at: usize) -> bool {
        self.octets = vec![0; OCTETS];
        self.octets[at] = self.marker;
        false
    }

    /// Removes all keys.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.marker = self.marker.wrapping_add(1);
        if self.marker == 0 {
            self.octets.fill(0);
            self.marker = 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    proptest! {
        #[test]
        fn it_is_a_set_of_octets_however_often_it_is_cleared(
            steps in proptest::collection::vec((0u8..4, 0u64..10_000), 0..4_000),
        ) {
            let mut filter = KeyFilter::new();
            let mut model: HashSet<u64> = HashSet::new();
            for (step, key) in steps {
                if step == 0 {
                    filter.clear();
                    model.clear();
                }
                prop_assert_eq!(filter.set(Key(key)), !model.insert(key % OCTETS as u64));
            }
        }
    }

    #[test]
    fn a_key_is_set_until_all_are_cleared() {
        let mut filter = KeyFilter::new();
        for round in 0..1_000u64 {
            let key = Key(round * 7);
            assert!(!filter.set(key), "{round}");
            assert!(filter.set(key) && filter.set(Key(key.0 + OCTETS as u64)));
            assert!(!filter.set(Key(key.0 + 1)));
            filter.clear();
        }
    }
}
