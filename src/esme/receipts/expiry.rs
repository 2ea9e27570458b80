//! Receipts that do not come, and receipts that no message of the run matches.
use super::super::context::Context;
use super::super::orders::Event;
use super::super::unmatched_receipts::{UnmatchedReceipt, UnmatchedReceipts};
use super::{Awaited, GRACE, Receipts, count_unknown};
use crate::correlate::{EarlyReceipt, Key, ReceiptInfo};
use crate::kit::Nanos;
use crate::measure::Metric;

/// How late another agent may tell of a receipt that it read in time.
const CLAIMED_WITHIN: Nanos = Nanos::from_secs(10);

/// Receipts that expire in one batch: a good deal less than a millisecond's work.
const EXPIRED_AT_ONCE: usize = 1_000;

impl Receipts {
    /// `count` messages more timed out or were lost: their receipts may come.
    pub(in super::super) fn add_unaccounted(&mut self, count: u64) {
        self.unaccounted += count;
    }
    /// A message that had timed out was answered: its receipt is awaited like others.
    pub(in super::super) fn remove_unaccounted(&mut self) {
        self.unaccounted = self.unaccounted.saturating_sub(1);
    }

    /// When to expire the next batch of overdue receipts; MAX: none.
    #[inline]
    pub(in super::super) fn settle_at(&self) -> Nanos {
        self.settle_at
    }

    /// No receipt came for this message in time.
    pub(super) fn missing(&mut self, key: Key, awaited: &Awaited, context: &mut Context) {
        context.part_receipted(key, awaited.session(), false);
        let Context { recorder, failed, .. } = context;
        let cell = recorder.cell(awaited.cell());
        if awaited.may_stay_silent() {
            cell.tally.receipts_silent += 1;
            return;
        }
        cell.tally.receipts_missing += 1;
        failed.list_missing(recorder, awaited, || self.notes.find(awaited.answered(), key));
        let cell = recorder.cell(awaited.cell());
        let until = awaited.answered() + self.deadline;
        cell.latency[Metric::Receipt as usize].censor(until.since(awaited.intended()));
        cell.latency[Metric::ReceiptFromWrite as usize].censor(until.since(awaited.written()));
        cell.latency[Metric::ReceiptAfterResponse as usize].censor(self.deadline);
    }

    /// Messages past their deadline have no receipt; receipts past their grace have no message.
    pub(in super::super) fn expire(&mut self, now: Nanos, context: &mut Context) {
        let is_of_a_fleet = self.unmatched.is_some();
        let mut missing = Vec::new();
        // in a fleet a receipt that came in time may be told late: NATS may be away
        let patience = if is_of_a_fleet { CLAIMED_WITHIN } else { Nanos::ZERO };
        let mut more = self.correlator.expire(now.since(patience), EXPIRED_AT_ONCE, &mut missing);
        for (key, awaited) in missing {
            self.missing(key, &awaited, context);
        }
        if let Some(parts) = &mut context.parts {
            parts.forget_aliases(now);
        }
        self.notes.forget_before(now.since(self.deadline));
        let mut unknown: Vec<EarlyReceipt> = Vec::new();
        // a response may be as late as that; in a fleet a receipt is offered to the others before
        let grace = if is_of_a_fleet { GRACE } else { self.grace };
        let before = now.since(grace);
        more |= self.correlator.give_up_some_early(before, EXPIRED_AT_ONCE, &mut unknown);
        for early in unknown {
            self.on_unmatched(early.key, &early.receipt, context);
        }
        // the rest shortly: what is sent and read must not wait for it
        self.settle_at = if more { now + Nanos::from_micros(200) } else { Nanos::MAX };
        self.offer_unmatched(now, context);
    }

    /// A receipt whose id no message here was given in time.
    pub(super) fn on_unmatched(&mut self, key: Key, notice: &ReceiptInfo, context: &mut Context) {
        if !self.queue_for_fleet(key, notice, context) {
            self.count_unknown(notice, context);
        }
    }

    /// Counts a receipt that no message of the run matches. Only final ones are `unknown`: an intermediate one is an
    /// anomaly, whose final one will be counted.
    fn count_unknown(&mut self, notice: &ReceiptInfo, context: &mut Context) {
        if notice.intermediate {
            context.recorder.interval().anomaly("intermediate_of_no_message", &[]);
            return;
        }
        count_unknown(notice.received, context);
        if self.unaccounted > 0 {
            // a submit_sm that timed out or was lost may well have been accepted: this may be its receipt
            self.unaccounted -= 1;
        } else if context.telling.may_be_foreign() && !self.ids.match_otherwise(self.rule) {
            context.telling.foreign("a receipt that no message of this run owns");
        }
    }

    /// At stop nothing is waited for any more.
    pub(in super::super) fn stop(&mut self, context: &mut Context) {
        let left = self.unmatched.as_mut().map(UnmatchedReceipts::take_all).unwrap_or_default();
        for (key, notice) in left {
            self.match_or_queue(key, &notice, context);
        }
        self.give_up_awaited(context);
        let mut unknown = Vec::new();
        self.correlator.give_up_early(Nanos::MAX, &mut unknown);
        for early in unknown {
            self.on_unmatched(early.key, &early.receipt, context);
        }
    }

    /// No awaited receipt will come any more.
    pub(in super::super) fn give_up_awaited(&mut self, context: &mut Context) {
        for (key, awaited) in self.correlator.drain() {
            self.missing(key, &awaited, context);
        }
    }
}

/// In a run over several machines: the exchange with the other agents.
impl Receipts {
    /// Queues a receipt that another agent's message may have. False: before the load no agent has sent, and once the
    /// run stops none is asked any more.
    fn queue_for_fleet(&mut self, key: Key, notice: &ReceiptInfo, context: &Context) -> bool {
        let Some(unmatched) = &mut self.unmatched else { return false };
        let phase = &context.phase;
        let start = phase.start().filter(|s| notice.received >= *s && !phase.is_stopping());
        start.is_some_and(|start| unmatched.queue(key, notice, start))
    }

    /// Offers the queued ones, and retries those that are due: here first, then in the fleet.
    fn offer_unmatched(&mut self, now: Nanos, context: &mut Context) {
        while let Some((key, notice)) = self.unmatched.as_mut().and_then(|u| u.take_due_retry(now))
        {
            self.match_or_queue(key, &notice, context);
        }
        let Some(unmatched) = &mut self.unmatched else { return };
        let worker = context.telling.worker();
        for receipts in unmatched.take_offers() {
            context.telling.tell(Event::Unmatched { worker, receipts });
        }
    }

    fn match_or_queue(&mut self, key: Key, notice: &ReceiptInfo, context: &mut Context) {
        if self.correlator.knows(key) {
            self.receipt(key, *notice, context);
        } else {
            self.on_unmatched(key, notice, context);
        }
    }

    /// The fleet has answered. What nobody claims is offered again until every response is in or has timed out.
    /// `excused`: an agent was lost that may have sent the messages.
    pub(in super::super) fn on_settled(
        &mut self,
        claimed: &[u64],
        unclaimed: &[u64],
        excused: bool,
        now: Nanos,
        context: &mut Context,
    ) {
        let Some(unmatched) = &mut self.unmatched else { return };
        unmatched.claimed(claimed);
        for (key, notice) in unmatched.unclaimed(unclaimed, self.grace, now + GRACE, now) {
            if self.correlator.knows(key) {
                self.receipt(key, notice, context);
            } else {
                self.unaccounted += u64::from(excused);
                self.count_unknown(&notice, context);
            }
        }
    }

    /// Counts those of the offered receipts that this worker awaits, and says which they are.
    pub(in super::super) fn claim(
        &mut self,
        batch: u64,
        offered: &[UnmatchedReceipt],
        context: &mut Context,
    ) {
        let start = context.phase.start().unwrap_or_default();
        let mut positions = Vec::new();
        for (position, one) in (0u32..).zip(offered) {
            let key = Key(one.key);
            if self.correlator.knows(key) {
                let notice = ReceiptInfo { received: start + one.notice.received, ..one.notice };
                self.receipt(key, notice, context);
                positions.push(position);
            }
        }
        let worker = context.telling.worker();
        context.telling.tell(Event::Claimed { worker, batch, positions });
    }
}
