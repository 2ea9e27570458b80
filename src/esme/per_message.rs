//! One receipt for all parts of a text (`receipts.per = "message"`): it is awaited under the id of the part that was
//! accepted first. The ids of the others, where they have their own, stand for that one. Which part was first is settled
//! where the message is counted.
use super::core::Core;
use super::mailbox::{Awaited, WorkerMessage};
use crate::correlate::{IdText, Key, Note, ReceiptInfo};
use crate::kit::Nanos;
use crate::measure::Ticket;
use hashbrown::HashMap;
use std::collections::VecDeque;

/// A part of a message of several was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptedPart {
    /// The message's number.
    pub(super) message: u64,
    /// Its parts.
    pub(super) parts: u8,
    /// Whether it was given an id.
    pub(super) named: bool,
    /// Of its id.
    pub(super) key: Key,
    pub(super) awaited: Awaited,
}

/// Ids of later parts, and the id that each stands for. Those of the last two deadlines.
#[derive(Debug)]
pub(super) struct Aliases {
    of: HashMap<u64, Key, foldhash::fast::FixedState>,
    /// Until when each is kept, oldest first.
    order: VecDeque<(Nanos, Key)>,
    max: usize,
}

impl Aliases {
    pub(super) fn new(max: usize) -> Aliases {
        let of = HashMap::with_hasher(foldhash::fast::FixedState::with_seed(6));
        Aliases { of, order: VecDeque::new(), max }
    }
    fn add(&mut self, key: Key, first: Key, until: Nanos) {
        if self.order.len() >= self.max
            && let Some((_, oldest)) = self.order.pop_front()
        {
            self.of.remove(&oldest.0);
        }
        if self.of.insert(key.0, first).is_none() {
            self.order.push_back((until, key));
        }
    }
    fn forget(&mut self, now: Nanos) {
        while let Some((_, key)) = self.order.front().copied().filter(|(until, _)| *until < now) {
            self.order.pop_front();
            self.of.remove(&key.0);
        }
    }
}

impl Core {
    /// Whether this part's message has one receipt for all its parts.
    #[inline]
    pub(super) fn is_per_message(&self, index: u64) -> bool {
        self.parts.as_ref().is_some_and(|all| all.aliases.is_some())
            && self.setup.recipe.pick(index).parts > 1
    }

    /// A part was accepted under this id (which may be empty): told to whoever counts its message.
    pub(super) fn part_accepted(
        &mut self,
        ticket: &Ticket,
        sequence_number: u32,
        key: Option<Key>,
        id: &[u8],
        awaited: Awaited,
    ) {
        let picked = self.setup.recipe.pick(ticket.index);
        let (message, parts) = (picked.message, picked.parts);
        if let Some(key) = key {
            let note = Note { sequence_number, id: IdText::of(id) };
            self.hand_over(key, WorkerMessage::Noted(key, awaited.answered(), note));
        }
        let (named, key) = (key.is_some(), key.unwrap_or_default());
        let part = AcceptedPart { message, parts, named, key, awaited };
        let owner = self.parts.as_ref().and_then(|all| all.near_owner(message, self.worker));
        match owner {
            Some(owner) if !self.stopping => self.exchange.hand(owner, WorkerMessage::PartOf(part)),
            Some(_) | None => self.part_of(&part),
        }
    }

    /// A part of a message that is counted here was accepted: the first awaits the receipt of all.
    pub(super) fn part_of(&mut self, part: &AcceptedPart) {
        let AcceptedPart { message, parts, named, key, awaited } = *part;
        let Some(whole) = self.parts.as_mut().map(|all| all.whole(message)) else { return };
        if !named {
            whole.nameless.get_or_insert((awaited.cell(), awaited.may_stay_silent()));
            return;
        }
        match whole.first {
            None => {
                whole.first = Some(key);
                whole.awaited = whole.awaited.wrapping_add(1);
                self.expect_receipt(awaited.cell(), awaited.may_stay_silent());
                let session = awaited.session();
                self.hand_over(key, WorkerMessage::PartKey(key, session, message, parts));
                self.hand_over(key, WorkerMessage::AcceptedFirst(key, awaited));
            }
            Some(first) if first != key => {
                let until = awaited.answered().after(self.setup.plan.receipts.deadline);
                self.hand_over(key, WorkerMessage::Alias(key, first, until));
            }
            Some(_) => {}
        }
    }

    fn expect_receipt(&mut self, cell: u16, may_stay_silent: bool) {
        let tally = self.recorder.tally(cell);
        if may_stay_silent {
            tally.receipts_may_come += 1;
        } else {
            tally.receipts_expected += 1;
        }
    }

    /// All parts of a message have ended and none had an id: its receipt cannot be matched.
    pub(super) fn without_any_id(&mut self, (cell, may_stay_silent): (u16, bool)) {
        self.expect_receipt(cell, may_stay_silent);
        let tally = self.recorder.tally(cell);
        tally.receipts_untracked += 1;
        tally.receipts_without_id += 1;
    }

    /// To the worker that owns the key, or done here.
    fn hand_over(&mut self, key: Key, what: WorkerMessage) {
        match self.exchange.other(key) {
            Some(owner) if !self.stopping => self.exchange.hand(owner, what),
            Some(_) | None => self.take_in(&what),
        }
    }

    /// From now on `key` stands for `first`; receipts that came early go there.
    pub(super) fn alias(&mut self, key: Key, first: Key, until: Nanos) {
        let deadline = self.setup.plan.receipts.deadline;
        let Some(aliases) = self.parts.as_mut().and_then(|all| all.aliases.as_mut()) else {
            return;
        };
        aliases.add(key, first, until.after(deadline));
        let mut came = Vec::new();
        self.correlator.take_early(key, &mut came);
        for notice in came {
            self.receipt_of_first(first, notice);
        }
    }

    /// Where receipts of this id belong, if that is another id.
    #[inline]
    pub(super) fn stands_for(&self, key: Key) -> Option<Key> {
        self.parts.as_ref()?.aliases.as_ref()?.of.get(&key.0).copied()
    }

    /// A receipt came under an id that stands for another.
    pub(super) fn receipt_of_first(&mut self, first: Key, notice: ReceiptInfo) {
        // whatever that one stands for in turn: ids that are given again and again may go round in a circle
        self.hand_over(first, WorkerMessage::ReceiptOfFirst(first, notice));
    }

    pub(super) fn forget_aliases(&mut self, now: Nanos) {
        if let Some(aliases) = self.parts.as_mut().and_then(|all| all.aliases.as_mut()) {
            aliases.forget(now);
        }
    }
}
