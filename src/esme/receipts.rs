//! Accepted messages and receipts meet here: what is awaited, what came for it, on whichever worker owns the id.
//!
//! [`Receipts::await_receipts`] takes in what was accepted, [`Receipts::on_receipts`] what came;
//! [`Receipts::matched`] counts how the two met (`matching`). Receipts that do not come, and receipts of no message, are
//! in `expiry`; the one receipt of a message of several segments is in `per_message`.
use super::answered::Answered;
use super::awaited::Awaited;
use super::context::Context;
use super::mailbox::WorkerMessage;
use super::part_update::PartOutcome;
use super::parts::expect_receipts;
use super::samples::IdSample;
use super::setup::Setup;
use super::unmatched_receipts::UnmatchedReceipts;
use crate::correlate::{
    Correlator, IdRule, IdSource, IdText, Key, Note, Notes, ReceiptInfo, ReceiptMatch, Tracking,
};
use crate::kit::{Nanos, stream_seed};
use crate::measure::Ticket;
use crate::session::Numbered;
use final_receipt::FinalReceipts;

mod expiry;
mod final_receipt;
mod matching;
mod per_message;

#[cfg(test)]
mod tests;

/// How long an unmatched receipt waits before it may be foreign traffic, or is offered to other agents.
const GRACE: Nanos = Nanos::from_secs(1);

/// Ids kept at once for the list of missing receipts: 8 MB where ids have ten octets.
const NOTES_MAX: usize = 1 << 18;

/// The receipts that this worker awaits, and those that came for its ids.
#[derive(Debug)]
pub(super) struct Receipts {
    correlator: Correlator<Awaited>,
    rule: IdRule,
    key_seed: u64,
    /// Scratch buffer for the keys of one read.
    keys: Vec<Key>,
    /// What a read brought for ids that this worker owns: settled together at the end of the read.
    own: Vec<WorkerMessage>,
    /// Scratch buffer for receipts that came before their submit_sm_resp.
    early: Vec<(ReceiptInfo, ReceiptMatch<Awaited>)>,
    /// Final receipts that are not recorded yet.
    alike: FinalReceipts,
    /// The first message ids seen.
    ids: IdSample,
    /// Ids of the messages accepted within the last deadline.
    notes: Notes,
    /// Receipts that may be another agent's; None: there is no other.
    unmatched: Option<UnmatchedReceipts>,
    /// Messages timed out or lost: the SMSC may have accepted them, so receipts may come.
    unaccounted: u64,
    /// When to expire the next batch of overdue receipts; MAX: none.
    settle_at: Nanos,
    deadline: Nanos,
    /// How long an unmatched receipt waits for its response before it counts as unknown.
    grace: Nanos,
}

impl Receipts {
    /// `is_of_a_fleet`: other agents may have sent what a receipt here belongs to.
    pub(super) fn new(setup: &Setup, workers: usize, is_of_a_fleet: bool) -> Receipts {
        let plan = &setup.plan;
        let kept_max = (plan.receipts.outstanding_max / workers).max(1);
        let deadline = plan.receipts.deadline;
        Receipts {
            correlator: Correlator::new(kept_max, deadline).with_homes(setup.homes()),
            rule: plan.receipts.id_mode,
            key_seed: stream_seed(plan.seed, 0x1D, 0),
            keys: Vec::new(),
            own: Vec::new(),
            early: Vec::new(),
            alike: FinalReceipts::default(),
            ids: IdSample::default(),
            notes: Notes::new(kept_max.min(NOTES_MAX)),
            unmatched: is_of_a_fleet.then(UnmatchedReceipts::default),
            unaccounted: 0,
            settle_at: Nanos::MAX,
            deadline,
            grace: GRACE.max(plan.timeouts.response),
        }
    }

    /// Receipts that are awaited.
    pub(super) fn awaited_count(&self) -> usize {
        self.correlator.awaited()
    }

    /// Whether no receipt is awaited, early, or offered to other agents.
    pub(super) fn is_quiet(&self) -> bool {
        self.correlator.awaited() == 0
            && self.correlator.early_count() == 0
            && self.unmatched.as_ref().is_none_or(UnmatchedReceipts::is_empty)
    }

    /// The first message ids seen.
    pub(super) fn take_ids(&mut self) -> IdSample {
        std::mem::take(&mut self.ids)
    }

    /// One message was accepted; its receipt is awaited under this id, which may be empty.
    pub(super) fn await_receipt(
        &mut self,
        answered: &Answered<'_>,
        id: &[u8],
        context: &mut Context,
    ) {
        if !id.is_empty() {
            self.await_receipts(answered, std::iter::once(id), context);
            return;
        }
        let ticket = answered.ticket;
        if context.parts.as_ref().is_some_and(|parts| parts.is_per_message(ticket.index)) {
            self.on_accepted_part(answered, None, id, awaited(answered), context);
        } else {
            expect_receipts(&mut context.recorder, ticket.cell, ticket.receipt_asked != 1, 1);
            let tally = context.recorder.tally(ticket.cell);
            tally.receipts_untracked += 1;
            tally.receipts_without_id += 1;
        }
        context.part_ended(ticket.index, PartOutcome::Accepted { awaits: false });
    }

    /// Messages were accepted together; their receipts are awaited under these ids, none of which is empty.
    pub(super) fn await_receipts<'a>(
        &mut self,
        answered: &Answered<'_>,
        ids: impl Iterator<Item = &'a [u8]>,
        context: &mut Context,
    ) {
        let ticket = answered.ticket;
        let awaited = awaited(answered);
        let at_once = self.settles_at_once();
        let plainly = at_once
            && context.mailbox.is_alone()
            && context.parts.is_none()
            && !self.notes.has_room();
        let count = if plainly {
            self.await_plainly(ids, awaited, context)
        } else {
            self.await_each(answered, ids, awaited, at_once, context)
        };
        expect_receipts(&mut context.recorder, ticket.cell, ticket.receipt_asked != 1, count);
    }

    /// Awaits these one by one: other workers, whole messages or the notes are to be told of them. Returns how many
    /// receipts are to come.
    fn await_each<'a>(
        &mut self,
        answered: &Answered<'_>,
        ids: impl Iterator<Item = &'a [u8]>,
        awaited: Awaited,
        at_once: bool,
        context: &mut Context,
    ) -> u64 {
        let mut count = 0;
        for (n, id) in (0u32..).zip(ids) {
            count += 1;
            self.ids.response(id);
            let (key, _) = self.rule.key(id, IdSource::Response, self.key_seed);
            let first = answered.first + n;
            if let Some(parts) = &mut context.parts {
                let ticket = answered.ticket.nth(n);
                if parts.is_per_message(ticket.index) {
                    count -= 1;
                    let one = Answered { first, ticket: &ticket, ..*answered };
                    self.on_accepted_part(&one, Some(key), id, awaited, context);
                    let outcome = PartOutcome::Accepted { awaits: false };
                    context.part_ended(ticket.index, outcome);
                    continue;
                }
                let (mailbox, recorder) = (&mut context.mailbox, &mut context.recorder);
                let outcome = PartOutcome::Accepted { awaits: true };
                parts.ended(ticket.index, outcome, mailbox, recorder);
                parts.on_part_id(ticket.index, key, awaited.session(), mailbox, recorder);
            }
            let note = || Note { sequence_number: first, id: IdText::of(id) };
            match context.mailbox.owner_until_stop(key) {
                Some(owner) => {
                    context.mailbox.hand(owner, WorkerMessage::Accepted(key, awaited, note()));
                }
                None if at_once => self.accepted(key, awaited, note, context),
                None => self.own.push(WorkerMessage::Accepted(key, awaited, note())),
            }
        }
        count
    }

    /// Awaits these where nothing but the correlator is to be told of them. Returns how many they are.
    #[inline]
    fn await_plainly<'a>(
        &mut self,
        ids: impl Iterator<Item = &'a [u8]>,
        awaited: Awaited,
        context: &mut Context,
    ) -> u64 {
        let mut keys = std::mem::take(&mut self.keys);
        let Receipts { ids: sample, rule, key_seed, .. } = self;
        keys.extend(ids.map(|id| {
            sample.response(id);
            rule.key(id, IdSource::Response, *key_seed).0
        }));
        let mut rest = &keys[..];
        while !rest.is_empty() {
            rest = &rest[self.correlator.accepted_run(rest, awaited)..];
            if let Some((key, others)) = rest.split_first() {
                self.accepted_without_note(*key, awaited, context);
                rest = others;
            }
        }
        let count = keys.len() as u64;
        keys.clear();
        self.keys = keys;
        count
    }

    /// A message was accepted after it had timed out.
    pub(super) fn accepted_late(
        &mut self,
        answered: &Answered<'_>,
        id: &[u8],
        context: &mut Context,
    ) {
        let (key, _) = self.rule.key(id, IdSource::Response, self.key_seed);
        let message = WorkerMessage::AcceptedLate(key, awaited(answered));
        match context.mailbox.owner(key) {
            Some(owner) => context.mailbox.hand(owner, message),
            None => self.own.push(message),
        }
    }

    /// Takes in what other workers handed over.
    pub(super) fn on_messages(&mut self, batch: &[WorkerMessage], context: &mut Context) {
        context.mailbox.count_received(1);
        self.take_in_all(batch, context);
    }

    /// Takes in what this read brought for ids that this worker owns.
    #[inline]
    pub(super) fn settle_own(&mut self, context: &mut Context) {
        if self.own.is_empty() {
            return;
        }
        let mut own = std::mem::take(&mut self.own);
        self.take_in_all(&own, context);
        own.clear();
        self.own = own;
    }

    /// Whether the correlator is asked as soon as something comes for it: where its tables are small enough to be in a
    /// cache, nothing is gained by asking for many ids at once; and nothing may overtake what is to be taken in.
    #[inline]
    fn settles_at_once(&self) -> bool {
        self.own.is_empty() && self.correlator.is_near()
    }

    fn take_in_all(&mut self, batch: &[WorkerMessage], context: &mut Context) {
        self.correlator.warm(batch.iter().filter_map(WorkerMessage::key));
        for message in batch {
            self.take_in(message, context);
        }
    }

    #[inline]
    fn take_in(&mut self, message: &WorkerMessage, context: &mut Context) {
        match *message {
            WorkerMessage::Accepted(key, awaited, note) => {
                self.accepted(key, awaited, || note, context);
            }
            WorkerMessage::AcceptedLate(key, awaited) => {
                self.correlator.accepted_late(key, awaited);
                self.settle_ambiguous(context);
            }
            WorkerMessage::Receipt(key, notice) => self.receipt(key, notice, context),
            WorkerMessage::PartKey(key, session, message, parts) => {
                let Context { parts: all, mailbox, recorder, .. } = context;
                if let Some(all) = all {
                    all.keep_id(key, session, (message, parts), mailbox, recorder);
                }
            }
            WorkerMessage::Part(update) => {
                if let Some(parts) = &mut context.parts {
                    parts.count(update, &mut context.recorder);
                }
            }
            WorkerMessage::PartOf(part) => self.await_first_part(&part, context),
            WorkerMessage::AcceptedFirst(key, awaited) => {
                self.accepted_without_note(key, awaited, context);
            }
            WorkerMessage::Noted(key, since, note) => self.notes.add(since, key, note),
            WorkerMessage::Alias(key, first, until) => self.add_alias(key, first, until, context),
            WorkerMessage::ReceiptOfFirst(key, notice) => {
                let found = self.correlator.receipt(key, notice);
                self.matched(key, &notice, found, false, context);
            }
        }
    }

    /// To the worker that owns the key, or taken in here.
    fn hand_over(&mut self, key: Key, message: &WorkerMessage, context: &mut Context) {
        match context.mailbox.owner_until_stop(key) {
            Some(owner) => context.mailbox.hand(owner, *message),
            None => self.take_in(message, context),
        }
    }

    /// A message was accepted under a key that this worker owns.
    #[inline]
    fn accepted(
        &mut self,
        key: Key,
        awaited: Awaited,
        note: impl FnOnce() -> Note,
        context: &mut Context,
    ) {
        if self.notes.has_room() {
            self.notes.add(awaited.answered(), key, note());
        }
        self.accepted_without_note(key, awaited, context);
    }

    #[inline]
    fn accepted_without_note(&mut self, key: Key, awaited: Awaited, context: &mut Context) {
        let kept = self.correlator.accepted(key, awaited, &mut self.early);
        if kept != Tracking::Awaited {
            self.not_alone(key, &awaited, kept, context);
        }
        if !self.early.is_empty() {
            self.match_early(key, &awaited, context);
        }
    }

    /// An accepted message that has no entry of its own.
    #[cold]
    fn not_alone(&mut self, key: Key, awaited: &Awaited, kept: Tracking, context: &mut Context) {
        match kept {
            Tracking::Awaited => {}
            Tracking::Untracked => {
                context.recorder.tally(awaited.cell()).receipts_untracked += 1;
                context.part_receipted(key, awaited.session(), false);
            }
            Tracking::IdGivenTwice(first) => {
                context.recorder.tally(awaited.cell()).ids_given_twice += 1;
                let sessions = (first, awaited.session());
                context.recorder.interval().ids_given_twice.add(&sessions, 1);
                self.settle_ambiguous(context);
            }
        }
    }
}

fn awaited(answered: &Answered<'_>) -> Awaited {
    let Ticket { intended, written, cell, receipt_asked, .. } = *answered.ticket;
    let may_stay_silent = receipt_asked != 1;
    Awaited::new(intended, written, answered.at, answered.session, cell, may_stay_silent)
}

/// Counts a receipt that no message of the run matches.
fn count_unknown(received: Nanos, context: &mut Context) {
    let before_any_send = context.phase.start().is_none_or(|start| received < start);
    let interval = context.recorder.interval();
    if before_any_send {
        interval.receipts_previous_run += 1;
    } else {
        interval.receipts_unknown += 1;
    }
}
