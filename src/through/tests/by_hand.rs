//! What both witnesses see, written by hand: one PDU after the other.
use super::model::{BEHIND, FRONT, receipt, response, settings, submit};
use crate::kit::Nanos;
use crate::measure::through::ThroughRecord;
use crate::net::{Sighting, SightingKind};
use crate::through::{Ledger, Settings};

/// Books whose deadline is 2 s. Times are in milliseconds.
pub(super) struct ByHand {
    ledger: Ledger,
    sequence: u32,
}

impl ByHand {
    pub(super) fn new() -> ByHand {
        ByHand::with(settings(100))
    }

    pub(super) fn keeping(outstanding_max: usize) -> ByHand {
        ByHand::with(settings(outstanding_max))
    }

    pub(super) fn with(settings: Settings) -> ByHand {
        let mut ledger = Ledger::new(settings);
        ledger.begin(Nanos::ZERO);
        ByHand { ledger, sequence: 0 }
    }

    pub(super) fn sees(&mut self, witness: u32, ms: u64, kind: SightingKind) {
        self.ledger.take(Sighting { witness, session: 0, at: Nanos::from_millis(ms), kind });
    }

    /// A message is sent in front. Returns its sequence_number.
    pub(super) fn sent(&mut self, ms: u64, message: u64) -> u32 {
        self.sequence += 1;
        self.sees(FRONT, ms, SightingKind::Wrote(submit(message, self.sequence)));
        self.sequence
    }

    pub(super) fn answered(&mut self, ms: u64, sequence: u32, status: u32, id: &str) {
        self.sees(FRONT, ms, SightingKind::Read(response(status, sequence, id)));
    }

    /// A message is sent in front, and accepted at once.
    pub(super) fn accepted(&mut self, ms: u64, message: u64, id: &str) {
        let sequence = self.sent(ms, message);
        self.answered(ms, sequence, 0, id);
    }

    /// A copy comes out. Returns its sequence_number.
    pub(super) fn out(&mut self, ms: u64, message: u64) -> u32 {
        self.sequence += 1;
        self.out_as(ms, message, self.sequence);
        self.sequence
    }

    /// A copy comes out under this sequence_number.
    pub(super) fn out_as(&mut self, ms: u64, message: u64, sequence: u32) {
        self.sees(BEHIND, ms, SightingKind::Read(submit(message, sequence)));
    }

    pub(super) fn answered_behind(&mut self, ms: u64, sequence: u32, status: u32, id: &str) {
        self.sees(BEHIND, ms, SightingKind::Wrote(response(status, sequence, id)));
    }

    /// A copy comes out, and our SMSC answers it at once.
    pub(super) fn delivered(&mut self, ms: u64, message: u64, status: u32, id: &str) {
        let sequence = self.out(ms, message);
        self.answered_behind(ms, sequence, status, id);
    }

    /// Our SMSC sends a receipt.
    pub(super) fn receipt_behind(&mut self, ms: u64, id: &str) {
        self.sees(BEHIND, ms, SightingKind::Wrote(receipt(id)));
    }

    /// A receipt comes in front.
    pub(super) fn receipt(&mut self, ms: u64, id: &str) {
        self.sees(FRONT, ms, SightingKind::Read(receipt(id)));
    }

    /// Closes the books, which must balance.
    pub(super) fn closed(self, ms: u64) -> ThroughRecord {
        self.closed_since(ms, ms)
    }

    /// Closes the books at `ms`; our ESME was gone at `front_ended`.
    pub(super) fn closed_since(self, front_ended: u64, ms: u64) -> ThroughRecord {
        let [front_ended, at] = [front_ended, ms].map(Nanos::from_millis);
        let record = self.ledger.finish_since(front_ended, at);
        assert!(record.balanced, "{:?} {:?}", record.submits, record.receipts);
        record
    }
}
