//! Where all parts of a message have one receipt (`receipts.per = "message"`): it is awaited under the id of the part
//! that was accepted first, and the ids of the others stand for that one.
use super::super::answered::Answered;
use super::super::awaited::Awaited;
use super::super::context::Context;
use super::super::mailbox::WorkerMessage;
use super::super::part_update::AcceptedPart;
use super::super::parts::{PartId, expect_receipts};
use super::Receipts;
use crate::correlate::{IdText, Key, Note, ReceiptInfo};
use crate::kit::Nanos;

impl Receipts {
    /// A part was accepted under this id (which may be empty): told to the worker that counts its message.
    pub(super) fn on_accepted_part(
        &mut self,
        answered: &Answered<'_>,
        key: Option<Key>,
        id: &[u8],
        awaited: Awaited,
        context: &mut Context,
    ) {
        if let Some(key) = key {
            let note = Note { sequence_number: answered.first, id: IdText::of(id) };
            let noted = WorkerMessage::Noted(key, awaited.answered(), note);
            self.hand_over(key, &noted, context);
        }
        let Some(all) = &context.parts else { return };
        let (message, parts) = all.message_of(answered.ticket.index);
        let (has_id, key) = (key.is_some(), key.unwrap_or_default());
        let part = AcceptedPart { message, parts, has_id, key, awaited };
        match all.near_owner(message) {
            Some(owner) if !context.mailbox.is_closing() => {
                context.mailbox.hand(owner, WorkerMessage::PartOf(part));
            }
            Some(_) | None => self.await_first_part(&part, context),
        }
    }

    /// A part of a message that is counted here was accepted: the first awaits the receipt of all.
    pub(super) fn await_first_part(&mut self, part: &AcceptedPart, context: &mut Context) {
        let AcceptedPart { message, parts, key, awaited, .. } = *part;
        let Some(all) = &mut context.parts else { return };
        match all.on_accepted_part(part) {
            PartId::Known => {}
            PartId::Awaits => {
                let (cell, may_stay_silent) = (awaited.cell(), awaited.may_stay_silent());
                expect_receipts(&mut context.recorder, cell, may_stay_silent, 1);
                let session = awaited.session();
                let part_key = WorkerMessage::PartKey(key, session, message, parts);
                self.hand_over(key, &part_key, context);
                self.hand_over(key, &WorkerMessage::AcceptedFirst(key, awaited), context);
            }
            PartId::StandsFor(first) => {
                let until = awaited.answered().after(self.deadline);
                self.hand_over(key, &WorkerMessage::Alias(key, first, until), context);
            }
        }
    }

    /// From now on `key` stands for `first`; receipts that came early go there.
    pub(super) fn add_alias(&mut self, key: Key, first: Key, until: Nanos, context: &mut Context) {
        let until = until.after(self.deadline);
        if !context.parts.as_mut().is_some_and(|parts| parts.add_alias(key, first, until)) {
            return;
        }
        let mut came = Vec::new();
        self.correlator.take_early(key, &mut came);
        for notice in came {
            self.receipt_of_first(first, notice, context);
        }
    }

    /// A receipt came under an id that stands for another.
    pub(super) fn receipt_of_first(
        &mut self,
        first: Key,
        notice: ReceiptInfo,
        context: &mut Context,
    ) {
        // the other one is not looked up again: ids that are given again and again may stand for each other
        self.hand_over(first, &WorkerMessage::ReceiptOfFirst(first, notice), context);
    }
}
