//! Receipts that came: each is matched with the message that awaits it, and counted.
use super::super::awaited::Awaited;
use super::super::context::Context;
use super::super::mailbox::WorkerMessage;
use super::{Receipts, count_unknown};
use crate::correlate::{IdRule, IdSource, Key, ReceiptInfo, ReceiptMatch};
use crate::measure::Recorder;

/// message_state DELIVERED (docs/smpp/protocol.md, "Bit fields").
const DELIVERED: u8 = 2;

impl Receipts {
    /// A receipt came by itself; its id may be empty.
    #[inline]
    pub(in super::super) fn on_receipt(
        &mut self,
        notice: ReceiptInfo,
        id: &[u8],
        frame: &[u8],
        context: &mut Context,
    ) {
        if id.is_empty() {
            // in a form that nobody can read it may well be ours
            context.recorder.interval().anomaly("receipt_without_id", frame);
            count_unknown(notice.received, context);
            return;
        }
        self.on_receipts(notice, std::iter::once(id), context);
    }

    /// Receipts that came in one read and are alike but for their ids, none of which is empty. The rule in `notice` is
    /// set here.
    #[inline]
    pub(in super::super) fn on_receipts<'a>(
        &mut self,
        mut notice: ReceiptInfo,
        ids: impl Iterator<Item = &'a [u8]>,
        context: &mut Context,
    ) {
        let at_once = self.settles_at_once();
        let mut keys = std::mem::take(&mut self.keys);
        if at_once && context.mailbox.is_alone() && self.rule == IdRule::Exact {
            let Receipts { ids: sample, key_seed, .. } = self;
            keys.extend(ids.map(|id| {
                sample.receipt(id);
                IdRule::Exact.key(id, IdSource::Receipt, *key_seed).0
            }));
            notice.rule = IdRule::Exact.number();
            self.take_receipts(keys, notice, context);
            return;
        }
        for id in ids {
            self.ids.receipt(id);
            let (key, rule) = self.rule.key(id, IdSource::Receipt, self.key_seed);
            if rule.number() != notice.rule {
                self.receipts(&keys, notice, context);
                keys.clear();
                notice.rule = rule.number();
            }
            match context.mailbox.owner(key) {
                Some(owner) => context.mailbox.hand(owner, WorkerMessage::Receipt(key, notice)),
                None if at_once => keys.push(key),
                None => self.own.push(WorkerMessage::Receipt(key, notice)),
            }
        }
        self.take_receipts(keys, notice, context);
    }

    /// Takes in the receipts under these keys, the worker's own, and keeps their buffer.
    #[inline]
    fn take_receipts(&mut self, mut keys: Vec<Key>, notice: ReceiptInfo, context: &mut Context) {
        self.receipts(&keys, notice, context);
        keys.clear();
        self.keys = keys;
    }

    /// Receipts came under keys that this worker owns, alike but for these.
    #[inline]
    fn receipts(&mut self, keys: &[Key], notice: ReceiptInfo, context: &mut Context) {
        let mut rest = keys;
        while let Some((key, others)) = rest.split_first() {
            rest = others;
            if let Some(first) = stands_for(*key, context) {
                self.receipt_of_first(first, notice, context);
                continue;
            }
            let found = self.correlator.receipt(*key, notice);
            self.matched(*key, &notice, found, false, context);
            if let (ReceiptMatch::Final(awaited), None) = (found, &context.parts) {
                // the receipts that follow are settled the same way
                let more = self.correlator.receipts_of_next(rest, &awaited, notice.received);
                self.alike.add_equal(more as u64);
                rest = &rest[more..];
            }
        }
    }

    /// Counts the messages of which no receipt can be told any more.
    #[cold]
    pub(super) fn settle_ambiguous(&mut self, context: &mut Context) {
        let mut ambiguous = Vec::new();
        self.correlator.take_ambiguous(&mut ambiguous);
        for (key, awaited) in ambiguous {
            context.recorder.tally(awaited.cell()).receipts_ambiguous += 1;
            context.part_receipted(key, awaited.session(), false);
        }
    }

    /// A receipt came that may belong to any of several messages.
    #[cold]
    fn ambiguous_receipt(&mut self, cell: u16, context: &mut Context) {
        context.recorder.tally(cell).receipts_for_ambiguous += 1;
        self.settle_ambiguous(context);
    }

    /// Receipts that came before their submit_sm_resp.
    #[cold]
    pub(super) fn match_early(&mut self, key: Key, awaited: &Awaited, context: &mut Context) {
        let mut early = std::mem::take(&mut self.early);
        for (notice, found) in early.drain(..) {
            // both may be of one read and have the same stamp: the receipt came first, for it waited
            let is_early = notice.received <= awaited.answered();
            self.matched(key, &notice, found, is_early, context);
        }
        self.early = early;
    }

    /// A receipt came under a key that this worker owns.
    #[inline]
    pub(super) fn receipt(&mut self, key: Key, notice: ReceiptInfo, context: &mut Context) {
        if let Some(first) = stands_for(key, context) {
            return self.receipt_of_first(first, notice, context);
        }
        let found = self.correlator.receipt(key, notice);
        self.matched(key, &notice, found, false, context);
    }

    /// Counts a receipt as what the correlator found it to be.
    #[inline]
    pub(super) fn matched(
        &mut self,
        key: Key,
        notice: &ReceiptInfo,
        found: ReceiptMatch<Awaited>,
        is_early: bool,
        context: &mut Context,
    ) {
        let recorder = &mut context.recorder;
        match found {
            ReceiptMatch::Final(awaited) => {
                self.alike.add(notice, &awaited, is_early, recorder);
                context.part_receipted(key, awaited.session(), notice.state == DELIVERED);
            }
            ReceiptMatch::Intermediate(cell) => recorder.tally(cell).receipts_intermediate += 1,
            ReceiptMatch::Duplicate(cell) => recorder.tally(cell).receipts_duplicate += 1,
            ReceiptMatch::Late(awaited) => recorder.tally(awaited.cell()).receipts_late += 1,
            ReceiptMatch::MissingThenLate(awaited) => {
                self.missing(key, &awaited, context);
                context.recorder.tally(awaited.cell()).receipts_late += 1;
            }
            ReceiptMatch::Ambiguous(cell) => self.ambiguous_receipt(cell, context),
            ReceiptMatch::Early => {}
            ReceiptMatch::Unknown => self.on_unmatched(key, notice, context),
        }
    }

    /// Records the final receipts that are not recorded yet.
    pub(in super::super) fn record_alike(&mut self, recorder: &mut Recorder) {
        self.alike.record(recorder);
    }
}

/// The id that this one stands for.
#[inline]
fn stands_for(key: Key, context: &Context) -> Option<Key> {
    context.parts.as_ref()?.stands_for(key)
}
