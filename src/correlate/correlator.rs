//! Puts submit_sm_resp and receipts together, whichever comes first.
//!
//! An early receipt waits in a bounded list: its response may come on another session or another worker. After its grace
//! period it is unknown. Everything is counted once.
//!
//! Where an id is given to a second message while the first is awaited, both move to [`SharedIds`].
use super::early::EarlyList;
use super::finished::Finished;
use super::receipt_info::{Awaits, EarlyReceipt, ReceiptInfo, ReceiptMatch, Tracking};
use super::shared_ids::SharedIds;
use super::{AwaitedReceipts, EntryState, Key};
use crate::kit::Nanos;

/// Matches responses and receipts, in either order.
#[derive(Debug)]
pub struct Correlator<T> {
    awaited: AwaitedReceipts<T>,
    finished: Finished,
    early: EarlyList,
    /// Scratch buffer for the early receipts of one key.
    early_buffer: Vec<ReceiptInfo>,
    shared: SharedIds<T>,
    /// Messages of shared ids whose receipts cannot be told apart: see [`Correlator::take_ambiguous`].
    ambiguous: Vec<(Key, T)>,
    /// By session, the session whose receipts it receives; empty: each receives its own.
    message_sessions: Vec<u32>,
    deadline: Nanos,
}

impl<T: Awaits> Correlator<T> {
    /// Size of one awaited entry in octets, without its index.
    pub const fn entry_octets() -> usize {
        AwaitedReceipts::<T>::entry_octets()
    }

    /// Keeps at most `kept_max` messages, and an eighth of that (at least 1,024) of early receipts and of messages with a
    /// shared id each. A receipt that comes more than `deadline` after its message's [`Awaits::since`] is late.
    pub fn new(kept_max: usize, deadline: Nanos) -> Correlator<T> {
        let others_max = (kept_max / 8).max(1024);
        Correlator {
            awaited: AwaitedReceipts::new(kept_max),
            finished: Finished::new(kept_max, deadline),
            early: EarlyList::new(others_max),
            early_buffer: Vec::new(),
            shared: SharedIds::new(others_max, deadline),
            ambiguous: Vec::new(),
            message_sessions: Vec::new(),
            deadline,
        }
    }

    /// Declares that receipts of one session's messages come on another. `message_sessions`: by session, the session whose
    /// receipts it receives.
    #[must_use]
    pub fn with_homes(mut self, message_sessions: Vec<u32>) -> Correlator<T> {
        self.message_sessions = message_sessions;
        self
    }

    /// The deadline of a message.
    fn due(&self, value: &T) -> Nanos {
        value.since().after(self.deadline)
    }

    /// Adds a message whose response came after its deadline: receipts of it are late, not unknown.
    pub fn accepted_late(&mut self, key: Key, value: T) {
        let awaited = |handle| self.awaited.state(handle) == Some(EntryState::Awaited);
        if let Some(handle) = self.awaited.find(key).filter(|handle| awaited(*handle)) {
            self.share(key, handle);
        }
        if self.shared.has(key) {
            self.shared.accept_late(key, value, &mut self.ambiguous);
        } else {
            self.late_after(key, value);
        }
    }

    /// Brings the memory that lookups of these keys need into the processor's caches, all at once; one by one each lookup
    /// would wait for memory. Does nothing where all entries are in the cache.
    #[inline]
    pub fn warm(&self, keys: impl Iterator<Item = Key>) {
        if !self.is_near() {
            std::hint::black_box(self.awaited.warm(keys));
        }
    }

    /// Whether the processor's own cache holds all awaited entries.
    #[inline]
    pub fn is_near(&self) -> bool {
        self.awaited.is_near()
    }

    /// Number of messages whose final receipt is awaited.
    pub fn awaited(&self) -> usize {
        self.awaited.awaited() + self.shared.awaited()
    }
    /// Number of early receipts.
    pub fn early_count(&self) -> usize {
        self.early.count()
    }
    /// Whether there are neither early receipts nor shared ids.
    #[inline]
    fn is_plain(&self) -> bool {
        self.early.count() == 0 && self.shared.is_empty()
    }

    /// Adds a message that was accepted under this key. Appends its early receipts to `met`, in their order, each with its
    /// match.
    #[inline]
    pub fn accepted(
        &mut self,
        key: Key,
        value: T,
        met: &mut Vec<(ReceiptInfo, ReceiptMatch<T>)>,
    ) -> Tracking {
        if !self.is_plain() {
            return self.accepted_slow(key, value, met);
        }
        if self.awaited.insert(key, value) {
            Tracking::Awaited
        } else {
            self.not_inserted(key, value)
        }
    }

    #[inline(never)]
    fn accepted_slow(
        &mut self,
        key: Key,
        value: T,
        met: &mut Vec<(ReceiptInfo, ReceiptMatch<T>)>,
    ) -> Tracking {
        if self.shared.has(key) {
            let other = self.shared.accept(key, value, &mut self.ambiguous);
            return other.map_or(Tracking::Awaited, Tracking::IdGivenTwice);
        }
        if !self.awaited.insert(key, value) {
            return self.not_inserted(key, value);
        }
        if self.early.count() > 0 {
            let mut early_buffer = std::mem::take(&mut self.early_buffer);
            self.early.take(key, &mut early_buffer);
            for receipt in early_buffer.drain(..) {
                let found = self.receipt(key, receipt);
                met.push((receipt, found));
            }
            self.early_buffer = early_buffer;
        }
        Tracking::Awaited
    }

    /// The store is full, or a message with this key is awaited.
    #[cold]
    fn not_inserted(&mut self, key: Key, value: T) -> Tracking {
        let Some(handle) = self.awaited.find(key) else { return Tracking::Untracked };
        let first = self.awaited.at(handle).session();
        if self.awaited.state(handle) != Some(EntryState::Awaited) {
            return Tracking::Untracked;
        }
        self.share(key, handle);
        self.shared.accept(key, value, &mut self.ambiguous);
        Tracking::IdGivenTwice(first)
    }

    /// Moves a message whose id was given to a second one to the shared ids.
    fn share(&mut self, key: Key, handle: super::EntryHandle) {
        let value = *self.awaited.at(handle);
        self.awaited.finish_at(handle);
        self.shared.move_in(key, value, &mut self.ambiguous);
    }

    /// Moves the messages into `into` that have become ambiguous: their id is also another message's, and receipts cannot
    /// be told apart. They are not awaited any more.
    #[inline]
    pub fn take_ambiguous(&mut self, into: &mut Vec<(Key, T)>) {
        if !self.ambiguous.is_empty() {
            into.append(&mut self.ambiguous);
        }
    }

    /// Adds messages that were accepted under these keys and have one value. Returns the number added; the next one, if
    /// any, needs [`Correlator::accepted`].
    #[inline]
    pub fn accepted_run(&mut self, keys: &[Key], value: T) -> usize {
        if self.is_plain() { self.awaited.insert_run(keys, value) } else { 0 }
    }

    /// Whether a message with this key is known, so that a receipt of it would not be an early one.
    pub fn knows(&self, key: Key) -> bool {
        self.awaited.find(key).is_some()
            || self.shared.has(key)
            || self.finished.find(key).is_some()
    }

    /// Matches a receipt.
    #[inline]
    pub fn receipt(&mut self, key: Key, receipt: ReceiptInfo) -> ReceiptMatch<T> {
        let deadline = self.deadline;
        let is_late = |value: &T| receipt.received > value.since().after(deadline);
        // the awaited final receipt in time finishes the message
        let finish = |state: EntryState, value: &T| {
            state == EntryState::Awaited && !receipt.intermediate && !is_late(value)
        };
        let Some((handle, state, value)) = self.awaited.lookup(key, finish) else {
            return self.receipt_not_awaited(key, receipt);
        };
        match state {
            EntryState::Awaited | EntryState::Expired if receipt.intermediate => {
                ReceiptMatch::Intermediate(value.mark())
            }
            EntryState::Awaited if is_late(&value) => {
                self.awaited.expire_at(handle);
                ReceiptMatch::MissingThenLate(value)
            }
            EntryState::Awaited => {
                self.finished.add_all(&[key], value.mark(), receipt.received);
                ReceiptMatch::Final(value)
            }
            EntryState::Expired => ReceiptMatch::Late(value),
        }
    }

    /// Matches final receipts in time, after one of a message with this value: finishes the messages that were accepted
    /// right after that one, in the order of `keys` and with an equal value. Returns their number.
    #[inline]
    pub fn receipts_of_next(&mut self, keys: &[Key], value: &T, now: Nanos) -> usize
    where
        T: PartialEq,
    {
        let taken = self.awaited.take_next(keys, value);
        self.finished.add_all(&keys[..taken], value.mark(), now);
        taken
    }

    #[cold]
    fn receipt_not_awaited(&mut self, key: Key, receipt: ReceiptInfo) -> ReceiptMatch<T> {
        if !self.shared.is_empty() {
            let message_session = self
                .message_sessions
                .get(receipt.session as usize)
                .copied()
                .unwrap_or(receipt.session);
            let found = self.shared.receipt(key, message_session, &receipt, &mut self.ambiguous);
            if let Some(found) = found {
                return found;
            }
        }
        match self.finished.find(key) {
            Some(mark) if receipt.intermediate => ReceiptMatch::Intermediate(mark),
            Some(mark) => ReceiptMatch::Duplicate(mark),
            None if self.early.keep(key, receipt) => ReceiptMatch::Early,
            None => ReceiptMatch::Unknown,
        }
    }

    /// Moves the early receipts of a key into `into`.
    pub fn take_early(&mut self, key: Key, into: &mut Vec<ReceiptInfo>) {
        self.early.take(key, into);
    }

    /// Moves the early receipts received at or before `before`, which are unknown now, into `unknown`: at most `max` of
    /// them. True: there may be more.
    pub fn give_up_some_early(
        &mut self,
        before: Nanos,
        max: usize,
        unknown: &mut Vec<EarlyReceipt>,
    ) -> bool {
        self.early.give_up(before, max, unknown)
    }

    /// Moves all early receipts received at or before `before`, which are unknown now, into `unknown`.
    pub fn give_up_early(&mut self, before: Nanos, unknown: &mut Vec<EarlyReceipt>) {
        self.early.give_up(before, usize::MAX, unknown);
    }

    /// Checks the oldest entries, at most `entries_max` of them. An awaited one whose deadline has passed is appended to
    /// `missing` and kept, as expired, for one more deadline, so that its late receipt is known. Finished messages are
    /// forgotten at about their deadline. True: there may be more to do.
    pub fn expire(&mut self, now: Nanos, entries_max: usize, missing: &mut Vec<(Key, T)>) -> bool {
        self.finished.forget(now);
        let more_shared = self.shared.expire(now, entries_max, missing);
        for _ in 0..entries_max {
            let Some((key, state, value)) = self.awaited.oldest().map(|(k, s, v)| (k, s, *v))
            else {
                return more_shared;
            };
            let until = match state {
                EntryState::Awaited => self.due(&value),
                EntryState::Expired => self.due(&value).after(self.deadline),
            };
            if until >= now {
                return more_shared;
            }
            self.awaited.pop_oldest();
            if state == EntryState::Awaited {
                missing.push((key, value));
                self.late_after(key, value);
            }
        }
        true
    }

    /// Adds an expired entry, so that a late receipt of it is known.
    fn late_after(&mut self, key: Key, value: T) {
        if self.awaited.insert(key, value)
            && let Some(handle) = self.awaited.find(key)
        {
            self.awaited.expire_at(handle);
        }
    }

    /// Empties the correlator. Iterates over the messages still awaited: first those with a shared id, then the others,
    /// oldest first.
    pub fn drain(&mut self) -> impl Iterator<Item = (Key, T)> + use<T> {
        self.shared.drain().into_iter().chain(self.awaited.take_all())
    }
}
