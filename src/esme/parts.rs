//! Messages of several segments: a message is complete when all its parts are accepted, and delivered when all are
//! receipted DELIVRD. Parts travel by different sessions and workers, so every change of state is told to the
//! worker that owns the message (its number modulo the workers), which counts the message once.
//! Nothing of this exists in a run whose messages all have one part.
use super::mailbox::{WorkerMailbox, WorkerMessage};
use super::orders::WorkerAssignment;
use super::part_update::{AcceptedPart, PartOutcome, PartUpdate};
use super::receipt_aliases::ReceiptAliases;
use super::setup::Setup;
use crate::correlate::Key;
use crate::kit::Nanos;
use crate::measure::{CellId, Recorder};
use crate::plan::{Per, Recipe};
use hashbrown::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// What is known of one message.
#[derive(Clone, Copy, Debug, Default)]
struct Whole {
    parts: u8,
    settled: u8,
    accepted: u8,
    awaited: u8,
    delivered: u8,
    /// Where all parts have one receipt: the id under which it is awaited.
    first: Option<Key>,
    /// Likewise: the cell of a part that was given no id, and whether silence would be right.
    without_id: Option<(CellId, bool)>,
}

type ByNumber<V> = HashMap<u64, V, foldhash::fast::FixedState>;

/// The messages of several parts that this worker owns, and the ids of the parts whose receipts it awaits.
#[derive(Debug)]
pub(super) struct Parts {
    recipe: Arc<Recipe>,
    open: ByNumber<Whole>,
    /// By key and session.
    by_key: HashMap<(u64, u32), (u64, u8), foldhash::fast::FixedState>,
    worker: u32,
    /// Workers of the run, and those of this process.
    workers: u32,
    near: Range<u32>,
    /// Updates for workers on other machines: (worker, update).
    for_other_machines: Vec<(u32, PartUpdate)>,
    /// Where all parts of a message have one receipt.
    aliases: Option<ReceiptAliases>,
}

/// What the id of an accepted part means for the one receipt of its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PartId {
    /// Nothing new.
    Known,
    /// The receipt is awaited under this id.
    Awaits,
    /// This id stands for the one under which the receipt is awaited.
    StandsFor(Key),
}

/// Counts receipts that must come, or may.
#[inline]
pub(super) fn expect_receipts(
    recorder: &mut Recorder,
    cell: CellId,
    may_stay_silent: bool,
    count: u64,
) {
    let tally = recorder.tally(cell);
    if may_stay_silent {
        tally.receipts_may_come += count;
    } else {
        tally.receipts_expected += count;
    }
}

impl Parts {
    /// None: every message of the plan has one part.
    pub(super) fn new(setup: &Setup, assignment: &WorkerAssignment) -> Option<Parts> {
        let labels = 0..setup.plan.messages.len() as u16;
        if !labels.into_iter().any(|label| setup.recipe.traits_of(label).1 > 1) {
            return None;
        }
        let hasher = foldhash::fast::FixedState::with_seed(1);
        let receipts = &assignment.plan.receipts;
        let per_message = receipts.per == Per::Message;
        Some(Parts {
            recipe: setup.recipe.clone(),
            open: HashMap::with_hasher(hasher.clone()),
            by_key: HashMap::with_hasher(hasher),
            worker: assignment.worker,
            workers: assignment.workers,
            near: assignment.near.clone(),
            for_other_machines: Vec::new(),
            aliases: per_message.then(|| ReceiptAliases::new(receipts.outstanding_max)),
        })
    }

    /// A submit_sm ended for good: accepted (and, if so, whether a receipt is awaited), or not.
    #[inline]
    pub(super) fn ended(
        &mut self,
        index: u64,
        outcome: PartOutcome,
        mailbox: &mut WorkerMailbox,
        recorder: &mut Recorder,
    ) {
        let picked = self.recipe.pick(index);
        let update = PartUpdate { message: picked.message, parts: picked.parts, outcome };
        self.update(update, mailbox, recorder);
    }

    /// The id of a part: kept by the worker that owns the id, for the receipt that bears it.
    #[inline]
    pub(super) fn on_part_id(
        &mut self,
        index: u64,
        key: Key,
        session: u32,
        mailbox: &mut WorkerMailbox,
        recorder: &mut Recorder,
    ) {
        let picked = self.recipe.pick(index);
        let (message, parts) = (picked.message, picked.parts);
        match mailbox.owner_until_stop(key) {
            Some(owner) => {
                mailbox.hand(owner, WorkerMessage::PartKey(key, session, message, parts));
            }
            None => self.keep_id(key, session, (message, parts), mailbox, recorder),
        }
    }

    /// Keeps the id of a part of `message` (its number and how many parts it has) until its receipt comes.
    pub(super) fn keep_id(
        &mut self,
        key: Key,
        session: u32,
        message: (u64, u8),
        mailbox: &mut WorkerMailbox,
        recorder: &mut Recorder,
    ) {
        let kept = *self.by_key.entry((key.0, session)).or_insert(message);
        if kept != message {
            // a second one of this session with the same id: its receipt cannot be told from the first one's
            let outcome = PartOutcome::Receipted { delivered: false };
            let (message, parts) = message;
            self.update(PartUpdate { message, parts, outcome }, mailbox, recorder);
        }
    }

    /// The receipt under this id came, or will not come.
    #[inline]
    pub(super) fn receipted(
        &mut self,
        key: Key,
        session: u32,
        delivered: bool,
        mailbox: &mut WorkerMailbox,
        recorder: &mut Recorder,
    ) {
        if let Some((message, parts)) = self.by_key.remove(&(key.0, session)) {
            let outcome = PartOutcome::Receipted { delivered };
            self.update(PartUpdate { message, parts, outcome }, mailbox, recorder);
        }
    }

    /// Counts an update, or passes it to the worker that owns its message.
    fn update(&mut self, update: PartUpdate, mailbox: &mut WorkerMailbox, recorder: &mut Recorder) {
        if update.parts < 2 {
            return count_single(update.outcome, recorder);
        }
        let owner = (update.message % u64::from(self.workers)) as u32;
        if owner == self.worker || mailbox.is_closing() {
            self.count(update, recorder);
        } else if self.near.contains(&owner) {
            mailbox.hand((owner - self.near.start) as usize, WorkerMessage::Part(update));
        } else {
            self.for_other_machines.push((owner, update));
        }
    }

    /// Takes the updates for workers on other machines.
    pub(super) fn take_for_other_machines(&mut self) -> Vec<(u32, PartUpdate)> {
        std::mem::take(&mut self.for_other_machines)
    }

    /// Counts an update of a message that this worker owns.
    pub(super) fn count(&mut self, update: PartUpdate, recorder: &mut Recorder) {
        let whole = self.open.entry(update.message).or_default();
        let is_first = whole.parts == 0;
        whole.parts = update.parts;
        match update.outcome {
            PartOutcome::Accepted { awaits } => {
                whole.settled += 1;
                whole.accepted += 1;
                whole.awaited = whole.awaited.wrapping_add(u8::from(awaits));
            }
            PartOutcome::Failed => whole.settled += 1,
            PartOutcome::Receipted { delivered } => {
                // a receipt may be told before its acceptance: the sum comes out right
                whole.awaited = whole.awaited.wrapping_sub(1);
                // one receipt may be that of all parts
                let parts = if whole.first.is_some() { whole.parts } else { 1 };
                whole.delivered += parts * u8::from(delivered);
            }
        }
        let now = *whole;
        let is_over = now.settled == now.parts && now.awaited == 0;
        if is_over {
            self.open.remove(&update.message);
        }
        let messages = &mut recorder.interval().messages;
        messages.planned += u64::from(is_first);
        if is_over {
            messages.end(now.parts, now.accepted, now.delivered);
        }
        if let Some((cell, may_stay_silent)) =
            now.without_id.filter(|_| is_over && now.first.is_none())
        {
            // no part had an id: the receipt of the message cannot be matched
            expect_receipts(recorder, cell, may_stay_silent, 1);
            let tally = recorder.tally(cell);
            tally.receipts_untracked += 1;
            tally.receipts_without_id += 1;
        }
    }

    /// At the very end: messages that are still open have ended as they stand.
    pub(super) fn close(&mut self, recorder: &mut Recorder) {
        let messages = &mut recorder.interval().messages;
        for (_, whole) in self.open.drain() {
            messages.end(whole.parts, whole.accepted, whole.delivered);
        }
    }
}

/// Where all parts of a message have one receipt: it is awaited under the id of the part that was accepted first.
impl Parts {
    /// Whether the message of this part has one receipt for all its parts.
    #[inline]
    pub(super) fn is_per_message(&self, index: u64) -> bool {
        self.aliases.is_some() && self.recipe.pick(index).parts > 1
    }

    /// The (number, parts) of the message that a submit_sm belongs to.
    pub(super) fn message_of(&self, index: u64) -> (u64, u8) {
        let picked = self.recipe.pick(index);
        (picked.message, picked.parts)
    }

    /// The place of the worker of this process that counts a message; None: it is this one, or on another machine.
    pub(super) fn near_owner(&self, message: u64) -> Option<usize> {
        let owner = (message % u64::from(self.workers)) as u32;
        let is_near = owner != self.worker && self.near.contains(&owner);
        is_near.then(|| (owner - self.near.start) as usize)
    }

    /// A part of a message that is counted here was accepted: the first one awaits the receipt of all.
    pub(super) fn on_accepted_part(&mut self, part: &AcceptedPart) -> PartId {
        let AcceptedPart { message, has_id, key, awaited, .. } = *part;
        let whole = self.open.entry(message).or_default();
        if !has_id {
            whole.without_id.get_or_insert((awaited.cell(), awaited.may_stay_silent()));
            return PartId::Known;
        }
        match whole.first {
            None => {
                whole.first = Some(key);
                whole.awaited = whole.awaited.wrapping_add(1);
                PartId::Awaits
            }
            Some(first) if first != key => PartId::StandsFor(first),
            Some(_) => PartId::Known,
        }
    }

    /// From now on `key` stands for `first`; kept until then. False: no id stands for another in this run.
    pub(super) fn add_alias(&mut self, key: Key, first: Key, until: Nanos) -> bool {
        self.aliases.as_mut().map(|aliases| aliases.add(key, first, until)).is_some()
    }

    /// The id that this one stands for.
    #[inline]
    pub(super) fn stands_for(&self, key: Key) -> Option<Key> {
        self.aliases.as_ref()?.get(key)
    }

    pub(super) fn forget_aliases(&mut self, now: Nanos) {
        if let Some(aliases) = &mut self.aliases {
            aliases.forget(now);
        }
    }
}

/// Counts a message of one part, among others of several.
fn count_single(outcome: PartOutcome, recorder: &mut Recorder) {
    let messages = &mut recorder.interval().messages;
    match outcome {
        PartOutcome::Accepted { awaits: _ } => {
            messages.planned += 1;
            messages.complete += 1;
        }
        PartOutcome::Failed => {
            messages.planned += 1;
            messages.failed += 1;
        }
        PartOutcome::Receipted { delivered } => messages.delivered += u64::from(delivered),
    }
}

#[cfg(test)]
mod tests {
    use super::super::context::Context;
    use super::*;

    fn context(more: &str) -> Context {
        let text = "x".repeat(200);
        Context::of_profile(&format!("messages = [{{ text = \"{text}\" }}]\n{more}"))
    }

    /// (planned, complete, delivered, failed) messages.
    fn counted(context: &mut Context) -> (u64, u64, u64, u64) {
        let m = &context.recorder.interval().messages;
        (m.planned, m.complete, m.delivered, m.failed)
    }

    #[test]
    fn a_message_is_complete_with_its_last_part_and_delivered_with_its_last_receipt() {
        let mut context = context("");
        for index in 0..2 {
            context.part_ended(index, PartOutcome::Accepted { awaits: true });
            let Context { parts, mailbox, recorder, .. } = &mut context;
            parts.as_mut().unwrap().on_part_id(index, Key(index), 0, mailbox, recorder);
        }
        assert_eq!(counted(&mut context), (1, 0, 0, 0), "receipts are awaited");
        context.part_receipted(Key(0), 0, true);
        context.part_receipted(Key(1), 0, true);
        assert_eq!(counted(&mut context), (1, 1, 1, 0));
        context.part_ended(2, PartOutcome::Accepted { awaits: false });
        context.part_ended(3, PartOutcome::Failed);
        let (planned, complete, ..) = counted(&mut context);
        assert_eq!((planned, complete), (2, 1));
    }

    #[test]
    fn where_a_message_has_one_receipt_later_ids_stand_for_the_first() {
        let mut context = context("receipts.per = \"message\"");
        let awaited =
            super::super::awaited::Awaited::new(Nanos(1), Nanos(1), Nanos(2), 0, 0, false);
        let parts = context.parts.as_mut().unwrap();
        let mut accept = |key| {
            let part = AcceptedPart { message: 0, parts: 2, has_id: true, key, awaited };
            parts.on_accepted_part(&part)
        };
        let ids = [Key(1), Key(1), Key(2)].map(&mut accept);
        assert_eq!(ids, [PartId::Awaits, PartId::Known, PartId::StandsFor(Key(1))]);
        assert!(parts.add_alias(Key(2), Key(1), Nanos(9)));
        assert_eq!((parts.stands_for(Key(2)), parts.stands_for(Key(1))), (Some(Key(1)), None));
        parts.forget_aliases(Nanos(10));
        assert_eq!(parts.stands_for(Key(2)), None);
    }
}
