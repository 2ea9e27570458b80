//! Accepted messages and receipts meet in the ledger: what is awaited, what came for it, what is missing.
use super::core::Core;
use super::mailbox::{Awaited, WorkerMessage};
use super::parts::PartOutcome;
use crate::correlate::{IdRule, IdSource, IdText, Key, Note, ReceiptInfo, ReceiptMatch, Tracking};
use crate::kit::Nanos;
use crate::measure::{Metric, Ticket};
use crate::session::Numbered;
use crate::smpp::receipt::Brief;

/// `err` as written, at most four octets. Nearly all have three: those are put together at once.
#[inline]
fn err_octets(err: &[u8]) -> [u8; 4] {
    if let [a, b, c] = *err {
        return [a, b, c, 0];
    }
    let mut octets = [0; 4];
    let length = err.len().min(octets.len());
    octets[..length].copy_from_slice(&err[..length]);
    octets
}

/// A final receipt of a message that awaited it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FinalReceipt {
    notice: ReceiptInfo,
    awaited: Awaited,
    /// It came before its submit_sm_resp.
    first: bool,
}

/// message_state DELIVERED (docs/smpp/protocol.md, "Bit fields").
const DELIVERED: u8 = 2;

impl Core {
    pub(super) fn awaited(&self, link: usize, ticket: &Ticket, now: Nanos) -> Awaited {
        let Ticket { intended, written, cell, .. } = *ticket;
        let may_stay_silent = ticket.receipt_asked != 1;
        Awaited::new(intended, written, now, self.links[link].plan.id, cell, may_stay_silent)
    }

    /// The message is accepted; its receipt is awaited under this id.
    pub(super) fn await_receipt(
        &mut self,
        link: usize,
        sequence_number: u32,
        ticket: &Ticket,
        id: &[u8],
        now: Nanos,
    ) {
        if !id.is_empty() {
            self.await_receipts(link, sequence_number, ticket, std::iter::once(id), now);
            return;
        }
        if self.is_per_message(ticket.index) {
            let awaited = self.awaited(link, ticket, now);
            self.part_accepted(ticket, sequence_number, None, id, awaited);
            return self.part_ended(ticket.index, PartOutcome::Accepted { awaits: false });
        }
        self.receipts_expected(ticket, 1);
        let tally = self.recorder.tally(ticket.cell);
        tally.receipts_untracked += 1;
        tally.receipts_without_id += 1;
        self.part_ended(ticket.index, PartOutcome::Accepted { awaits: false });
    }

    fn receipts_expected(&mut self, ticket: &Ticket, count: u64) {
        let tally = self.recorder.tally(ticket.cell);
        if ticket.receipt_asked == 1 {
            tally.receipts_expected += count;
        } else {
            tally.receipts_may_come += count;
        }
    }

    /// Messages numbered from `first` on that share this ticket are accepted; their receipts are awaited under
    /// these ids, none of which is empty.
    pub(super) fn await_receipts<'a>(
        &mut self,
        link: usize,
        first: u32,
        ticket: &Ticket,
        ids: impl Iterator<Item = &'a [u8]>,
        now: Nanos,
    ) {
        let awaited = self.awaited(link, ticket, now);
        let at_once = self.at_once();
        let plainly = at_once
            && self.exchange.is_alone()
            && self.parts.is_none()
            && !self.failures_seen.notes.has_room();
        if plainly {
            let count = self.await_plainly(ids, awaited);
            self.receipts_expected(ticket, count);
            return;
        }
        let mut count = 0;
        for (n, id) in (0u32..).zip(ids) {
            count += 1;
            self.ids.response(id);
            let (key, _) = self.rule.key(id, IdSource::Response, self.key_seed);
            if self.parts.is_some() {
                let index = ticket.nth(n).index;
                if self.is_per_message(index) {
                    count -= 1;
                    self.part_accepted(&ticket.nth(n), first + n, Some(key), id, awaited);
                    self.part_ended(index, PartOutcome::Accepted { awaits: false });
                    continue;
                }
                self.part_ended(index, PartOutcome::Accepted { awaits: true });
                self.part_key(index, key, awaited.session());
            }
            let note = || Note { sequence_number: first + n, id: IdText::of(id) };
            match self.exchange.other(key) {
                Some(owner) if !self.stopping => {
                    self.exchange.hand(owner, WorkerMessage::Accepted(key, awaited, note()));
                }
                Some(_) | None if at_once => self.accepted(key, awaited, note),
                Some(_) | None => {
                    self.exchange.own.push(WorkerMessage::Accepted(key, awaited, note()))
                }
            }
        }
        self.receipts_expected(ticket, count);
    }

    /// Awaits these where nothing but the ledger wants to know of it. Returns how many they are.
    #[inline]
    fn await_plainly<'a>(&mut self, ids: impl Iterator<Item = &'a [u8]>, awaited: Awaited) -> u64 {
        let mut keys = std::mem::take(&mut self.keys);
        let Core { ids: sample, rule, key_seed, .. } = self;
        keys.extend(ids.map(|id| {
            sample.response(id);
            rule.key(id, IdSource::Response, *key_seed).0
        }));
        let mut rest = &keys[..];
        while !rest.is_empty() {
            rest = &rest[self.correlator.accepted_run(rest, awaited)..];
            if let Some((key, others)) = rest.split_first() {
                self.accepted_unnoted(*key, awaited);
                rest = others;
            }
        }
        let count = keys.len() as u64;
        keys.clear();
        self.keys = keys;
        count
    }

    #[inline]
    pub(super) fn on_receipt(&mut self, link: usize, brief: &Brief<'_>, frame: &[u8], now: Nanos) {
        if brief.id.is_empty() {
            // in a form that nobody can read it may well be ours
            self.recorder.interval().anomaly("receipt_without_id", frame);
            self.count_unknown(now);
            return;
        }
        self.on_receipts(link, brief, std::iter::once(brief.id), now);
    }

    /// Receipts that came in one read, and say what `brief` says but for their ids; none of these is empty.
    #[inline]
    pub(super) fn on_receipts<'a>(
        &mut self,
        link: usize,
        brief: &Brief<'_>,
        ids: impl Iterator<Item = &'a [u8]>,
        now: Nanos,
    ) {
        let mut notice = ReceiptInfo {
            received: now,
            session: self.links[link].plan.id,
            state: brief.state.wire(),
            intermediate: brief.intermediate || !self.final_states.ends(brief.state, brief.word),
            err: err_octets(brief.err),
            rule: 0,
        };
        let at_once = self.at_once();
        let mut keys = std::mem::take(&mut self.keys);
        if at_once && self.exchange.is_alone() && self.rule == IdRule::Exact {
            let Core { ids: sample, key_seed, .. } = self;
            keys.extend(ids.map(|id| {
                sample.receipt(id);
                IdRule::Exact.key(id, IdSource::Receipt, *key_seed).0
            }));
            notice.rule = IdRule::Exact.number();
            self.take_receipts(keys, notice);
            return;
        }
        for id in ids {
            self.ids.receipt(id);
            let (key, rule) = self.rule.key(id, IdSource::Receipt, self.key_seed);
            if rule.number() != notice.rule {
                self.receipts(&keys, notice);
                keys.clear();
                notice.rule = rule.number();
            }
            match self.exchange.other(key) {
                Some(owner) => self.exchange.hand(owner, WorkerMessage::Receipt(key, notice)),
                None if at_once => keys.push(key),
                None => self.exchange.own.push(WorkerMessage::Receipt(key, notice)),
            }
        }
        self.take_receipts(keys, notice);
    }

    /// Takes in the receipts under these keys, the worker's own, and gives their room back.
    #[inline]
    fn take_receipts(&mut self, mut keys: Vec<Key>, notice: ReceiptInfo) {
        self.receipts(&keys, notice);
        keys.clear();
        self.keys = keys;
    }

    /// Receipts came under keys that this worker owns, alike but for these.
    #[inline]
    fn receipts(&mut self, keys: &[Key], notice: ReceiptInfo) {
        let mut rest = keys;
        while let Some((key, others)) = rest.split_first() {
            rest = others;
            if let Some(first) = self.stands_for(*key) {
                self.receipt_of_first(first, notice);
                continue;
            }
            let fate = self.correlator.receipt(*key, notice);
            self.fate(*key, &notice, fate, false);
            if let (ReceiptMatch::Final(awaited), None) = (fate, &self.parts) {
                // what is said of the first holds for those that follow it
                let more = self.correlator.receipts_of_next(rest, &awaited, notice.received);
                self.receipts_alike.1 += more as u64;
                rest = &rest[more..];
            }
        }
    }

    /// What other workers handed over.
    pub fn on_handed(&mut self, batch: &[WorkerMessage]) {
        self.exchange.received += 1;
        self.work_through(batch);
    }

    /// What this read brought for the ledger of this worker.
    #[inline]
    pub(super) fn settle_own(&mut self) {
        if self.exchange.own.is_empty() {
            return;
        }
        let mut own = std::mem::take(&mut self.exchange.own);
        self.work_through(&own);
        own.clear();
        self.exchange.own = own;
    }

    /// Whether the ledger is asked as soon as something comes for it: where it is near, nothing is gained by
    /// asking for many ids at once; and nothing may overtake what is to be worked through.
    #[inline]
    pub(super) fn at_once(&self) -> bool {
        self.exchange.own.is_empty() && self.correlator.is_near()
    }

    fn work_through(&mut self, batch: &[WorkerMessage]) {
        self.correlator.warm(batch.iter().filter_map(WorkerMessage::key));
        for what in batch {
            self.take_in(what);
        }
    }

    #[inline]
    pub(super) fn take_in(&mut self, what: &WorkerMessage) {
        match *what {
            WorkerMessage::Accepted(key, awaited, note) => self.accepted(key, awaited, || note),
            WorkerMessage::AcceptedLate(key, awaited) => {
                self.correlator.accepted_late(key, awaited);
                self.settle_ambiguous();
            }
            WorkerMessage::Receipt(key, notice) => self.receipt(key, notice),
            WorkerMessage::PartKey(key, session, message, parts) => {
                self.keep_part_key(key, session, message, parts);
            }
            WorkerMessage::Part(news) => self.count_part(news),
            WorkerMessage::PartOf(part) => self.part_of(&part),
            WorkerMessage::AcceptedFirst(key, awaited) => self.accepted_unnoted(key, awaited),
            WorkerMessage::Noted(key, since, note) => {
                self.failures_seen.notes.add(since, key, note)
            }
            WorkerMessage::Alias(key, first, until) => self.alias(key, first, until),
            WorkerMessage::ReceiptOfFirst(key, notice) => {
                let fate = self.correlator.receipt(key, notice);
                self.fate(key, &notice, fate, false);
            }
        }
    }

    /// A message was accepted under a key that this worker owns.
    #[inline]
    pub(super) fn accepted(&mut self, key: Key, awaited: Awaited, note: impl FnOnce() -> Note) {
        if self.failures_seen.notes.has_room() {
            self.failures_seen.notes.add(awaited.answered(), key, note());
        }
        self.accepted_unnoted(key, awaited);
    }

    #[inline]
    fn accepted_unnoted(&mut self, key: Key, awaited: Awaited) {
        let kept = self.correlator.accepted(key, awaited, &mut self.met);
        if kept != Tracking::Awaited {
            self.not_alone(key, &awaited, kept);
        }
        if !self.met.is_empty() {
            self.meet(key, &awaited);
        }
    }

    /// An accepted message that has no entry of its own.
    #[cold]
    fn not_alone(&mut self, key: Key, awaited: &Awaited, kept: Tracking) {
        match kept {
            Tracking::Awaited => {}
            Tracking::Untracked => {
                self.recorder.tally(awaited.cell()).receipts_untracked += 1;
                self.part_receipted(key, awaited.session(), false);
            }
            Tracking::IdGivenTwice(first) => {
                self.recorder.tally(awaited.cell()).ids_given_twice += 1;
                let sessions = (first, awaited.session());
                self.recorder.interval().ids_given_twice.add(&sessions, 1);
                self.settle_ambiguous();
            }
        }
    }

    /// Counts the messages of which no receipt can be told any more.
    #[cold]
    fn settle_ambiguous(&mut self) {
        let mut ambiguous = Vec::new();
        self.correlator.take_ambiguous(&mut ambiguous);
        for (key, awaited) in ambiguous {
            self.recorder.tally(awaited.cell()).receipts_ambiguous += 1;
            self.part_receipted(key, awaited.session(), false);
        }
    }

    /// A receipt came that may be one of several messages'.
    #[cold]
    fn ambiguous_receipt(&mut self, cell: u16) {
        self.recorder.tally(cell).receipts_for_ambiguous += 1;
        self.settle_ambiguous();
    }

    /// Receipts that came before their submit_sm_resp.
    #[cold]
    fn meet(&mut self, key: Key, awaited: &Awaited) {
        let mut met = std::mem::take(&mut self.met);
        for (notice, fate) in met.drain(..) {
            // of one read, both stamps are the same: it came first, for it waited
            let first = notice.received <= awaited.answered();
            self.fate(key, &notice, fate, first);
        }
        self.met = met;
    }

    /// A receipt came under a key that this worker owns.
    #[inline]
    pub(super) fn receipt(&mut self, key: Key, notice: ReceiptInfo) {
        if let Some(first) = self.stands_for(key) {
            return self.receipt_of_first(first, notice);
        }
        let fate = self.correlator.receipt(key, notice);
        self.fate(key, &notice, fate, false);
    }

    #[inline]
    fn fate(&mut self, key: Key, notice: &ReceiptInfo, fate: ReceiptMatch<Awaited>, first: bool) {
        match fate {
            ReceiptMatch::Final(awaited) => {
                self.final_receipt(notice, &awaited, first);
                self.part_receipted(key, awaited.session(), notice.state == DELIVERED);
            }
            ReceiptMatch::Intermediate(cell) => {
                self.recorder.tally(cell).receipts_intermediate += 1
            }
            ReceiptMatch::Duplicate(cell) => self.recorder.tally(cell).receipts_duplicate += 1,
            ReceiptMatch::Late(awaited) => self.recorder.tally(awaited.cell()).receipts_late += 1,
            ReceiptMatch::MissingThenLate(awaited) => {
                self.missing(key, &awaited);
                self.recorder.tally(awaited.cell()).receipts_late += 1;
            }
            ReceiptMatch::Ambiguous(cell) => self.ambiguous_receipt(cell),
            ReceiptMatch::Early => {}
            ReceiptMatch::Unknown => self.unmatched(key, notice),
        }
    }

    #[inline]
    fn final_receipt(&mut self, notice: &ReceiptInfo, awaited: &Awaited, first: bool) {
        let alike = Some(FinalReceipt { notice: *notice, awaited: *awaited, first });
        if self.receipts_alike.0 != alike {
            self.record_receipts();
            self.receipts_alike.0 = alike;
        }
        self.receipts_alike.1 += 1;
    }

    /// Records the last final receipts: one read often brings many that differ in nothing.
    pub(super) fn record_receipts(&mut self) {
        let count = std::mem::take(&mut self.receipts_alike.1);
        let Some(FinalReceipt { notice, awaited, first }) = self.receipts_alike.0 else { return };
        if count == 0 {
            return;
        }
        let cell = self.recorder.cell(awaited.cell());
        let at = notice.received;
        let receipt = at.since(awaited.intended());
        cell.latency[Metric::Receipt as usize].record_n(receipt, count);
        cell.latency[Metric::ReceiptFromWrite as usize]
            .record_n(at.since(awaited.written()), count);
        let answered = awaited.answered();
        if first || at < answered {
            cell.tally.receipts_before_response += count;
            cell.latency[Metric::ReceiptBeforeResponse as usize]
                .record_n(answered.since(at), count);
        } else {
            cell.latency[Metric::ReceiptAfterResponse as usize].record_n(at.since(answered), count);
        }
        let tally = &mut cell.tally;
        tally.receipts_final += count;
        tally.receipts_final_unasked += u64::from(awaited.may_stay_silent()) * count;
        tally.receipts_other_bind += u64::from(notice.session != awaited.session()) * count;
        let state = usize::from(notice.state.min(10));
        tally.by_state[state] += count;
        cell.by_err.add(&notice.err, count);
        cell.by_rule.add(&notice.rule, count);
        self.recorder.interval().receipt_by_state[state].record_n(receipt, count);
    }
}
