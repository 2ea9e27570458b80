//! The sum of the intervals of several workers for one second: an agent reports it instead of each interval.
use super::event::merge_events;
use super::failed::FAILED_MAX;
use super::interval::{Interval, WorkerUse, merge_anomalies};
use super::slots::Slots;

impl Interval {
    /// Processor use of each worker that is part of this interval.
    pub fn used(&self) -> Vec<WorkerUse> {
        if !self.uses.is_empty() {
            return self.uses.clone();
        }
        vec![WorkerUse {
            worker: self.worker,
            cpu_ns: self.gauges.cpu_ns,
            run_delay_ns: self.gauges.run_delay_ns,
            loop_held_ns: self.loop_held_ns,
            loop_max_ns: self.loop_max_ns,
        }]
    }

    /// Adds another worker's interval of the same second. Histograms are added bucket by bucket.
    pub fn merge(&mut self, other: &Interval) {
        let mut uses = self.used();
        uses.extend(other.used());
        self.uses = uses;
        let Interval {
            number: _,
            worker: _,
            cells,
            whole,
            receipt_by_state,
            send_gaps,
            loop_max_ns,
            loop_held_ns,
            gauges,
            slots,
            unknown_responses,
            receipts_unknown,
            receipts_previous_run,
            ids_given_twice,
            mo_received,
            mo_like_receipts,
            deliver_refused,
            deliver_answered,
            redelivered,
            congestion,
            messages,
            anomalies,
            outages,
            events,
            rejections,
            missing,
            uses: _,
        } = other;
        for (mine, theirs) in self.cells.iter_mut().zip(cells) {
            match (mine, theirs) {
                (Some(mine), Some(theirs)) => mine.merge(theirs),
                (mine @ None, Some(theirs)) => *mine = Some(theirs.clone()),
                (Some(_) | None, None) => {}
            }
        }
        for (mine, theirs) in self.whole.iter_mut().zip(whole) {
            mine.merge(theirs);
        }
        for (mine, theirs) in self.receipt_by_state.iter_mut().zip(receipt_by_state) {
            mine.merge(theirs);
        }
        self.send_gaps.merge(send_gaps);
        self.loop_max_ns = self.loop_max_ns.max(*loop_max_ns);
        self.loop_held_ns = self.loop_held_ns.max(*loop_held_ns);
        self.gauges.merge(gauges);
        Slots::merge_into(&mut self.slots, slots.as_deref());
        self.unknown_responses += unknown_responses;
        self.receipts_unknown += receipts_unknown;
        self.receipts_previous_run += receipts_previous_run;
        self.ids_given_twice.merge(ids_given_twice);
        self.mo_received += mo_received;
        self.mo_like_receipts += mo_like_receipts;
        self.deliver_refused += deliver_refused;
        self.deliver_answered += deliver_answered;
        self.redelivered += redelivered;
        self.congestion.merge(congestion);
        self.messages.merge(messages);
        merge_anomalies(&mut self.anomalies, anomalies);
        self.outages.extend(outages.iter().cloned());
        merge_events(&mut self.events, events);
        let free = FAILED_MAX.saturating_sub(self.rejections.len());
        self.rejections.extend(rejections.iter().take(free).cloned());
        let free = FAILED_MAX.saturating_sub(self.missing.len());
        self.missing.extend(missing.iter().take(free).cloned());
    }
}
