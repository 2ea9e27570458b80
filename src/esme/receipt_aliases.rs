//! Where all parts of a message have one receipt (`receipts.per = "message"`): the ids of its later parts, and the id
//! of its first one, for which they stand. Which part was first is settled where the message is counted.
use crate::correlate::Key;
use crate::kit::Nanos;
use hashbrown::HashMap;
use std::collections::VecDeque;

/// The ids of the last two deadlines; at most `max`.
#[derive(Debug)]
pub(super) struct ReceiptAliases {
    first_of: HashMap<u64, Key, foldhash::fast::FixedState>,
    /// Until when each is kept, oldest first.
    order: VecDeque<(Nanos, Key)>,
    max: usize,
}

impl ReceiptAliases {
    pub(super) fn new(max: usize) -> ReceiptAliases {
        let first_of = HashMap::with_hasher(foldhash::fast::FixedState::with_seed(6));
        ReceiptAliases { first_of, order: VecDeque::new(), max }
    }

    pub(super) fn add(&mut self, key: Key, first: Key, until: Nanos) {
        if self.order.len() >= self.max
            && let Some((_, oldest)) = self.order.pop_front()
        {
            self.first_of.remove(&oldest.0);
        }
        if self.first_of.insert(key.0, first).is_none() {
            self.order.push_back((until, key));
        }
    }

    /// The id that this one stands for.
    #[inline]
    pub(super) fn get(&self, key: Key) -> Option<Key> {
        self.first_of.get(&key.0).copied()
    }

    /// Forgets those that were to be kept until before `now`.
    pub(super) fn forget(&mut self, now: Nanos) {
        while let Some((_, key)) = self.order.front().copied().filter(|(until, _)| *until < now) {
            self.order.pop_front();
            self.first_of.remove(&key.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stands_for_another_until_its_time_is_over_or_there_are_too_many() {
        let mut aliases = ReceiptAliases::new(2);
        aliases.add(Key(1), Key(9), Nanos(5));
        aliases.add(Key(2), Key(9), Nanos(6));
        assert_eq!((aliases.get(Key(1)), aliases.get(Key(3))), (Some(Key(9)), None));
        aliases.forget(Nanos(6));
        assert_eq!((aliases.get(Key(1)), aliases.get(Key(2))), (None, Some(Key(9))));
        aliases.add(Key(3), Key(8), Nanos(7));
        aliases.add(Key(4), Key(8), Nanos(8));
        let known = [2, 3, 4].map(|key| aliases.get(Key(key)).is_some());
        assert_eq!(known, [false, true, true]);
    }
}
