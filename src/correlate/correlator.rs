//! Puts submit_sm_resp and receipts together, whichever comes first.
//!
//! A receipt whose id nobody has accepted yet waits in a small early list: its response may be on its way
//! on another session or another worker. When its grace is over it is unknown. Everything is counted once.
//!
//! Where an id is given to a second message while the first is awaited, both leave the ledger for [`Shared`].
use super::early::EarlyList;
use super::finished::Finished;
use super::receipt_info::{Awaits, Early, Kept, ReceiptInfo, ReceiptMatch};
use super::shared::Shared;
use super::{AwaitedReceipts, EntryState, Key};
use crate::kit::Nanos;

/// Responses and receipts, in either order.
#[derive(Debug)]
pub struct Correlator<T> {
    ledger: AwaitedReceipts<T>,
    finished: Finished,
    early: EarlyList,
    /// What came early under the key that was accepted last.
    came: Vec<ReceiptInfo>,
    shared: Shared<T>,
    /// Messages of shared ids of which nothing can be told any more: see [`Correlator::take_ambiguous`].
    ambiguous: Vec<(Key, T)>,
    /// By session: the one whose messages its receipts are of, where that is another.
    homes: Vec<u32>,
    deadline: Nanos,
}

impl<T: Awaits> Correlator<T> {
    /// Keeps at most `kept_max` messages, and an eighth of that (at least 1,024) of early receipts, and of messages
    /// that share their id. A receipt that comes more than `deadline` after its message's [`Awaits::since`] is late.
    pub fn new(kept_max: usize, deadline: Nanos) -> Correlator<T> {
        let beside_max = (kept_max / 8).max(1024);
        Correlator {
            ledger: AwaitedReceipts::new(kept_max),
            finished: Finished::new(kept_max, deadline),
            early: EarlyList::new(beside_max),
            came: Vec::new(),
            shared: Shared::new(beside_max, deadline),
            ambiguous: Vec::new(),
            homes: Vec::new(),
            deadline,
        }
    }

    /// The same, where receipts of one session's messages come on another: `homes` tells, by session, whose receipts it
    /// brings.
    #[must_use]
    pub fn with_homes(mut self, homes: Vec<u32>) -> Correlator<T> {
        self.homes = homes;
        self
    }

    fn due(&self, value: &T) -> Nanos {
        value.since().after(self.deadline)
    }

    /// A message that was accepted too late to count: receipts of it are late, not unknown.
    pub fn accepted_late(&mut self, key: Key, value: T) {
        let awaited = |place| self.ledger.standing(place) == Some(EntryState::Awaited);
        if let Some(place) = self.ledger.find(key).filter(|place| awaited(*place)) {
            self.share(key, place);
        }
        if self.shared.has(key) {
            self.shared.accept_late(key, value, &mut self.ambiguous);
        } else {
            self.late_after(key, value);
        }
    }

    /// Before many ids are asked for at once: see [`AwaitedReceipts::warm`]. Nothing where all is near anyway.
    #[inline]
    pub fn warm(&self, keys: impl Iterator<Item = Key>) {
        if !self.is_near() {
            std::hint::black_box(self.ledger.warm(keys));
        }
    }

    /// Whether a processor's own cache holds all that is awaited beside everything else.
    #[inline]
    pub fn is_near(&self) -> bool {
        self.ledger.is_near()
    }

    /// Messages whose final receipt is awaited.
    pub fn awaited(&self) -> usize {
        self.ledger.awaited() + self.shared.awaited()
    }
    /// Receipts that wait for their response.
    pub fn early_count(&self) -> usize {
        self.early.count()
    }
    /// Whether every message is one of the ledger, and no receipt waits for one.
    #[inline]
    fn is_plain(&self) -> bool {
        self.early.count() == 0 && self.shared.is_empty()
    }

    /// A message was accepted under this id. Receipts that came early are handed out, in their order, each
    /// with its fate.
    #[inline]
    pub fn accepted(
        &mut self,
        key: Key,
        value: T,
        met: &mut Vec<(ReceiptInfo, ReceiptMatch<T>)>,
    ) -> Kept {
        if !self.is_plain() {
            return self.accepted_beside(key, value, met);
        }
        if self.ledger.insert(key, value) { Kept::Alone } else { self.not_inserted(key, value) }
    }

    #[inline(never)]
    fn accepted_beside(
        &mut self,
        key: Key,
        value: T,
        met: &mut Vec<(ReceiptInfo, ReceiptMatch<T>)>,
    ) -> Kept {
        if self.shared.has(key) {
            let other = self.shared.accept(key, value, &mut self.ambiguous);
            return other.map_or(Kept::Alone, Kept::Twice);
        }
        if !self.ledger.insert(key, value) {
            return self.not_inserted(key, value);
        }
        if self.early.count() > 0 {
            let mut came = std::mem::take(&mut self.came);
            self.early.take(key, &mut came);
            for notice in came.drain(..) {
                let fate = self.receipt(key, notice);
                met.push((notice, fate));
            }
            self.came = came;
        }
        Kept::Alone
    }

    /// The ledger is full, or has a message under this key that is awaited.
    #[cold]
    fn not_inserted(&mut self, key: Key, value: T) -> Kept {
        let Some(place) = self.ledger.find(key) else { return Kept::NoRoom };
        let first = self.ledger.at(place).session();
        if self.ledger.standing(place) != Some(EntryState::Awaited) {
            return Kept::NoRoom;
        }
        self.share(key, place);
        self.shared.accept(key, value, &mut self.ambiguous);
        Kept::Twice(first)
    }

    /// A message of the ledger has its id no more alone.
    fn share(&mut self, key: Key, place: super::EntryHandle) {
        let value = *self.ledger.at(place);
        self.ledger.finish_at(place);
        self.shared.move_in(key, value, &mut self.ambiguous);
    }

    /// Moves those into `into` that were accepted, and of which no receipt can be told any more: their id is another
    /// message's too. They are awaited no longer.
    #[inline]
    pub fn take_ambiguous(&mut self, into: &mut Vec<(Key, T)>) {
        if !self.ambiguous.is_empty() {
            into.append(&mut self.ambiguous);
        }
    }

    /// Messages were accepted under these ids, of which the same is known. Returns how many of the first are kept
    /// and met nothing: the next, if any, is one for [`Correlator::accepted`].
    #[inline]
    pub fn accepted_run(&mut self, keys: &[Key], value: T) -> usize {
        if self.is_plain() { self.ledger.insert_run(keys, value) } else { 0 }
    }

    /// Whether the message under this id is known, so that a receipt of it would not wait as an early one.
    pub fn knows(&self, key: Key) -> bool {
        self.ledger.find(key).is_some() || self.shared.has(key) || self.finished.find(key).is_some()
    }

    /// A receipt came.
    #[inline]
    pub fn receipt(&mut self, key: Key, notice: ReceiptInfo) -> ReceiptMatch<T> {
        let deadline = self.deadline;
        let is_late = |value: &T| notice.received > value.since().after(deadline);
        // the final receipt that was awaited, in time: the message is finished
        let finish = |standing: EntryState, value: &T| {
            standing == EntryState::Awaited && !notice.intermediate && !is_late(value)
        };
        let Some((place, standing, value)) = self.ledger.look(key, finish) else {
            return self.of_none_awaited(key, notice);
        };
        match standing {
            EntryState::Awaited | EntryState::Expired if notice.intermediate => {
                ReceiptMatch::Intermediate(value.mark())
            }
            EntryState::Awaited if is_late(&value) => {
                self.ledger.expire_at(place);
                ReceiptMatch::MissingThenLate(value)
            }
            EntryState::Awaited => {
                self.finished.add_all(&[key], value.mark(), notice.received);
                ReceiptMatch::Final(value)
            }
            EntryState::Expired => ReceiptMatch::Late(value),
        }
    }

    /// Final receipts in time, after one of a message that was kept with this value: of how many of these keys
    /// the messages were accepted right behind it, one after the other, with an equal value. Those are finished.
    #[inline]
    pub fn receipts_of_next(&mut self, keys: &[Key], value: &T, now: Nanos) -> usize
    where
        T: PartialEq,
    {
        let taken = self.ledger.take_next(keys, value);
        self.finished.add_all(&keys[..taken], value.mark(), now);
        taken
    }

    #[cold]
    fn of_none_awaited(&mut self, key: Key, notice: ReceiptInfo) -> ReceiptMatch<T> {
        if !self.shared.is_empty() {
            let home = self.homes.get(notice.session as usize).copied().unwrap_or(notice.session);
            let fate = self.shared.receipt(key, home, &notice, &mut self.ambiguous);
            if let Some(fate) = fate {
                return fate;
            }
        }
        match self.finished.find(key) {
            Some(mark) if notice.intermediate => ReceiptMatch::Intermediate(mark),
            Some(mark) => ReceiptMatch::Duplicate(mark),
            None if self.early.keep(key, notice) => ReceiptMatch::Early,
            None => ReceiptMatch::Unknown,
        }
    }

    /// Takes the early receipts under a key into `into`.
    pub fn take_early(&mut self, key: Key, into: &mut Vec<ReceiptInfo>) {
        self.early.take(key, into);
    }

    /// Early receipts that came at or before `before` and found no response: they are unknown now. At most `max` of
    /// them. True: there may be more.
    pub fn give_up_some_early(
        &mut self,
        before: Nanos,
        max: usize,
        unknown: &mut Vec<Early>,
    ) -> bool {
        self.early.give_up(before, max, unknown)
    }

    /// All early receipts that came at or before `before` and found no response: they are unknown now.
    pub fn give_up_early(&mut self, before: Nanos, unknown: &mut Vec<Early>) {
        self.early.give_up(before, usize::MAX, unknown);
    }

    /// Walks the oldest entries, at most `entries_max` of them. An awaited one whose deadline has come is told to
    /// `missing` and kept, expired, for one more deadline, so that a receipt that is only late is known as late;
    /// finished messages are forgotten at about their deadline. True: there may be more to do.
    pub fn expire(&mut self, now: Nanos, entries_max: usize, missing: &mut Vec<(Key, T)>) -> bool {
        self.finished.forget(now);
        let more_shared = self.shared.expire(now, entries_max, missing);
        for _ in 0..entries_max {
            let Some((key, standing, value)) = self.ledger.oldest().map(|(k, s, v)| (k, s, *v))
            else {
                return more_shared;
            };
            let until = match standing {
                EntryState::Awaited => self.due(&value),
                EntryState::Expired => self.due(&value).after(self.deadline),
            };
            if until >= now {
                return more_shared;
            }
            self.ledger.pop_oldest();
            if standing == EntryState::Awaited {
                missing.push((key, value));
                self.late_after(key, value);
            }
        }
        true
    }

    /// An expired entry goes to the back of the ring, so that a receipt that is only late is known as late.
    fn late_after(&mut self, key: Key, value: T) {
        if self.ledger.insert(key, value)
            && let Some(place) = self.ledger.find(key)
        {
            self.ledger.expire_at(place);
        }
    }

    /// Everything that is still awaited: those of shared ids, then the others, oldest first, as they are asked for.
    /// Nothing is kept from then on.
    pub fn drain(&mut self) -> impl Iterator<Item = (Key, T)> + use<T> {
        self.shared.drain().into_iter().chain(self.ledger.take_all())
    }
}
