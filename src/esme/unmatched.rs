//! Receipts that do not come, and receipts that no message of the run has asked for.
use super::core::Core;
use super::mailbox::Awaited;
use crate::correlate::{EarlyReceipt, Key, ReceiptInfo};
use crate::kit::Nanos;
use crate::measure::Metric;

/// A receipt whose id nobody has accepted after so long may be somebody else's.
pub(super) const GRACE: Nanos = Nanos::from_secs(1);

/// A receipt that another agent read in time is still told by then.
const CLAIMED_WITHIN: Nanos = Nanos::from_secs(10);

/// Receipts given up on in one go: a good deal less than a millisecond's work.
const EXPIRED_AT_ONCE: usize = 1_000;

impl Core {
    /// No receipt came for this message in time.
    pub(super) fn missing(&mut self, key: Key, awaited: &Awaited) {
        self.part_receipted(key, awaited.session(), false);
        let deadline = self.setup.plan.receipts.deadline;
        let cell = self.recorder.cell(awaited.cell());
        if awaited.may_stay_silent() {
            cell.tally.receipts_silent += 1;
            return;
        }
        cell.tally.receipts_missing += 1;
        self.list_missing(key, awaited);
        let cell = self.recorder.cell(awaited.cell());
        let until = awaited.answered() + deadline;
        cell.latency[Metric::Receipt as usize].censor(until.since(awaited.intended()));
        cell.latency[Metric::ReceiptFromWrite as usize].censor(until.since(awaited.written()));
        cell.latency[Metric::ReceiptAfterResponse as usize].censor(deadline);
    }

    /// Receipts past their grace are nobody's; messages past their deadline have no receipt.
    pub(super) fn settle_receipts(&mut self, now: Nanos) {
        let mut missing = Vec::new();
        // in a fleet a receipt that came in time may be told late: NATS may be away
        let patience = if self.strays.is_some() { CLAIMED_WITHIN } else { Nanos::ZERO };
        let mut more = self.correlator.expire(now.since(patience), EXPIRED_AT_ONCE, &mut missing);
        for (key, awaited) in missing {
            self.missing(key, &awaited);
        }
        self.forget_aliases(now);
        self.failures_seen.notes.forget_before(now.since(self.setup.plan.receipts.deadline));
        let mut unknown: Vec<EarlyReceipt> = Vec::new();
        // a response may be as late as that; in a fleet a receipt is offered to the others before
        let grace = if self.strays.is_some() { GRACE } else { self.grace() };
        let before = now.since(grace);
        more |= self.correlator.give_up_some_early(before, EXPIRED_AT_ONCE, &mut unknown);
        for early in unknown {
            self.unmatched(early.key, &early.receipt);
        }
        // the rest shortly: what is sent and read must not wait for it
        self.settle_at = if more { now + Nanos::from_micros(200) } else { Nanos::MAX };
        self.offer_strays(now);
    }

    /// A receipt whose id nobody has accepted for so long is nobody's.
    pub(super) fn grace(&self) -> Nanos {
        GRACE.max(self.setup.plan.timeouts.response)
    }

    /// A receipt whose id nobody accepted in time. Only final ones are `unknown`: an intermediate one is
    /// an oddity, whose final one will be counted.
    pub(super) fn unmatched(&mut self, key: Key, notice: &ReceiptInfo) {
        if !self.astray(key, notice) {
            self.nobodys(notice);
        }
    }

    /// A receipt that is no message's, here or elsewhere.
    pub(super) fn nobodys(&mut self, notice: &ReceiptInfo) {
        if notice.intermediate {
            self.recorder.interval().anomaly("intermediate_of_no_message", &[]);
        } else {
            self.unknown_receipt(notice.received);
        }
    }

    /// A final receipt that no message of ours owns.
    fn unknown_receipt(&mut self, received: Nanos) {
        self.count_unknown(received);
        if self.unaccounted > 0 {
            // a submit_sm that timed out or was lost may well have been accepted: this may be its receipt
            self.unaccounted -= 1;
        } else if self.may_be_foreign() && !self.ids.match_otherwise(self.rule) {
            self.foreign("a receipt that no message of this run owns", received);
        }
    }

    pub(super) fn count_unknown(&mut self, received: Nanos) {
        let before_any_send = self.start.is_none_or(|start| received < start);
        let interval = self.recorder.interval();
        if before_any_send {
            interval.receipts_previous_run += 1;
        } else {
            interval.receipts_unknown += 1;
        }
    }
}
