//! What is known of messages that are settled and whose place others took: a copy of them may come yet.
use super::collections::Map;
use std::collections::VecDeque;

/// Messages that are settled and were forgotten for others, by packed key: a bounded number, the oldest given up first.
#[derive(Debug)]
pub(super) struct Forgotten<F> {
    fates: Map<u64, F>,
    oldest: VecDeque<u64>,
    /// Those given up of which more could have become.
    pub(super) beyond: u64,
}

impl<F> Default for Forgotten<F> {
    fn default() -> Forgotten<F> {
        Forgotten { fates: Map::default(), oldest: VecDeque::new(), beyond: 0 }
    }
}

impl<F> Forgotten<F> {
    /// Adds one. `most`: how many are kept; `is_open`: whether more may become of one that is given up.
    pub(super) fn add(&mut self, packed: u64, fate: F, most: usize, is_open: fn(&F) -> bool) {
        if self.oldest.len() >= most
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.beyond += u64::from(self.fates.remove(&oldest).is_some_and(|fate| is_open(&fate)));
        }
        self.oldest.push_back(packed);
        self.fates.insert(packed, fate);
    }

    /// The fate of a message. None: it is not known.
    pub(super) fn of(&mut self, packed: u64) -> Option<&mut F> {
        self.fates.get_mut(&packed)
    }
}
