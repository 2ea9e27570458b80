//! Final receipts of messages that awaited them, on their way into the distributions.
use super::super::awaited::Awaited;
use crate::correlate::ReceiptInfo;
use crate::measure::{Metric, Recorder};

/// A final receipt of a message that awaited it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FinalReceipt {
    notice: ReceiptInfo,
    awaited: Awaited,
    /// It came before its submit_sm_resp.
    is_early: bool,
}

/// One read often brings many final receipts that differ in nothing: they are recorded together.
#[derive(Debug, Default)]
pub(super) struct FinalReceipts {
    last: Option<FinalReceipt>,
    /// How many equal to the last one, in a row, are not recorded yet.
    count: u64,
}

impl FinalReceipts {
    /// A message got its final receipt. `is_early`: before its submit_sm_resp.
    #[inline]
    pub(super) fn add(
        &mut self,
        notice: &ReceiptInfo,
        awaited: &Awaited,
        is_early: bool,
        recorder: &mut Recorder,
    ) {
        let receipt = Some(FinalReceipt { notice: *notice, awaited: *awaited, is_early });
        if self.last != receipt {
            self.record(recorder);
            self.last = receipt;
        }
        self.count += 1;
    }

    /// So many more are equal to the last one.
    #[inline]
    pub(super) fn add_equal(&mut self, count: u64) {
        self.count += count;
    }

    /// Records those that are not recorded yet.
    pub(super) fn record(&mut self, recorder: &mut Recorder) {
        let count = std::mem::take(&mut self.count);
        let Some(FinalReceipt { notice, awaited, is_early }) = self.last else { return };
        if count == 0 {
            return;
        }
        let cell = recorder.cell(awaited.cell());
        let at = notice.received;
        let receipt = at.since(awaited.intended());
        cell.latency[Metric::Receipt as usize].record_n(receipt, count);
        cell.latency[Metric::ReceiptFromWrite as usize]
            .record_n(at.since(awaited.written()), count);
        let answered = awaited.answered();
        if is_early || at < answered {
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
        recorder.interval().receipt_by_state[state].record_n(receipt, count);
    }
}
