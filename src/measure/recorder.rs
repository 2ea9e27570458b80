//! The recorder of one worker: counts each event in its cell. No locks, no clock.
use super::interval::{Gauges, Interval, Outage};
use super::latency::{Latency, LatencyRange};
use super::metric::Metric;
use super::slots::Slots;
use super::ticket::{CellId, Outcome, Ticket};
use super::{CellInterval, Counters};
use crate::kit::Nanos;

/// Counts the events of one worker since the last [`Recorder::take`].
#[derive(Debug)]
pub struct Recorder {
    /// The interval that is being filled.
    now: Box<Interval>,
    range: LatencyRange,
    /// When the last write began.
    last_write: Nanos,
    /// By cell, settled messages that did not wait for their socket, since the last [`Recorder::take`].
    no_write_waits: Vec<u64>,
    /// submit_sm of the same write as the one before, since the last [`Recorder::take`].
    zero_gaps: u64,
    /// The last settled messages, which are not counted yet, and their number.
    last_settled: (SettledRun, u64),
}

/// The values of settled messages with equal values, which are recorded together: one read often brings the answers to
/// all messages of one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SettledRun {
    intended: Nanos,
    slot_free: Nanos,
    offered: Nanos,
    written: Nanos,
    at: Nanos,
    outcome: Outcome,
    cell: CellId,
}

impl SettledRun {
    const NONE: SettledRun = SettledRun {
        intended: Nanos::ZERO,
        slot_free: Nanos::ZERO,
        offered: Nanos::ZERO,
        written: Nanos::ZERO,
        at: Nanos::ZERO,
        outcome: Outcome::OpenAtEnd,
        cell: 0,
    };
}

/// The submit_sm of one cell in one write.
#[derive(Clone, Copy, Debug, Default)]
pub struct WriteBatch {
    cell: CellId,
    written: Nanos,
    count: u64,
    on_time: u64,
}

/// A message counts as on time if it is offered to the socket within this time of being due with a free slot
/// (docs/verdict.md, "Was the harness fit").
const ON_TIME: Nanos = Nanos::from_millis(1);

impl Recorder {
    /// A recorder with this number of cells.
    pub fn new(worker: u32, cells_count: usize, range: LatencyRange) -> Recorder {
        let now = Box::new(Interval::new(worker, cells_count, range));
        let last_settled = (SettledRun::NONE, 0);
        let no_write_waits = vec![0; cells_count];
        Recorder { now, range, last_write: Nanos::ZERO, no_write_waits, zero_gaps: 0, last_settled }
    }

    /// Counters and distributions of a cell.
    #[inline]
    pub fn cell(&mut self, cell: CellId) -> &mut CellInterval {
        let range = self.range;
        self.now.cells[usize::from(cell)].get_or_insert_with(|| Box::new(CellInterval::new(range)))
    }

    /// Counters of a cell.
    #[inline]
    pub fn tally(&mut self, cell: CellId) -> &mut Counters {
        &mut self.cell(cell).tally
    }

    /// The interval, for values that are not counted by cell.
    #[inline]
    pub fn interval(&mut self) -> &mut Interval {
        &mut self.now
    }

    /// Counts a submit_sm that was written; the ticket has the time.
    #[inline]
    pub fn written(&mut self, ticket: &Ticket) {
        let mut batch = WriteBatch::default();
        self.add_written(ticket, 1, &mut batch);
        self.count_written_batch(&batch);
    }

    /// Adds `count` submit_sm with one ticket to the batch of their write. [`Recorder::count_written_batch`] counts the batch.
    #[inline]
    pub fn add_written(&mut self, ticket: &Ticket, count: u32, batch: &mut WriteBatch) {
        if batch.count > 0 && batch.cell != ticket.cell {
            self.count_written_batch(batch);
            *batch = WriteBatch::default();
        }
        let on_time = ticket.offered.since(ticket.slot_free) <= ON_TIME;
        batch.cell = ticket.cell;
        batch.written = ticket.written;
        batch.count += u64::from(count);
        batch.on_time += if on_time { u64::from(count) } else { 0 };
    }

    /// Counts the submit_sm of one write.
    #[inline]
    pub fn count_written_batch(&mut self, batch: &WriteBatch) {
        if batch.count > 0 {
            let WriteBatch { cell, written, count, on_time } = *batch;
            self.count_written(cell, written, count, on_time);
        }
    }

    fn count_written(&mut self, cell: CellId, written: Nanos, count: u64, on_time: u64) {
        let tally = self.tally(cell);
        tally.written += count;
        tally.on_time += on_time;
        if written == self.last_write {
            self.zero_gaps += count;
            return;
        }
        self.zero_gaps += count.saturating_sub(1);
        if self.last_write != Nanos::ZERO {
            let gap = written.since(self.last_write);
            self.now.send_gaps.record(gap);
        }
        self.last_write = written;
    }

    /// Counts the outcome of a written submit_sm at `at`: the time of the read, the deadline or the loss.
    #[inline]
    pub fn settled(&mut self, ticket: &Ticket, outcome: Outcome, at: Nanos) {
        self.settled_run(ticket, 1, outcome, at);
    }

    /// Counts the outcome of `count` submit_sm with one ticket that ended together.
    #[inline]
    pub fn settled_run(&mut self, ticket: &Ticket, count: u32, outcome: Outcome, at: Nanos) {
        let Ticket { intended, slot_free, offered, written, cell, .. } = *ticket;
        let run = SettledRun { intended, slot_free, offered, written, at, outcome, cell };
        if self.last_settled.0 != run {
            self.record_last_settled();
            self.last_settled.0 = run;
        }
        self.last_settled.1 += u64::from(count);
    }

    /// Counts the last settled messages.
    fn record_last_settled(&mut self) {
        let (run, count) = (self.last_settled.0, std::mem::take(&mut self.last_settled.1));
        if count == 0 {
            return;
        }
        let SettledRun { intended, slot_free, offered, written, at, outcome, cell } = run;
        let range = self.range;
        let write_wait = written.since(offered);
        if write_wait == Nanos::ZERO && !matches!(outcome, Outcome::Rejected(_)) {
            self.no_write_waits[usize::from(cell)] += count;
        }
        let cell_id = cell;
        let cell = self.cell(cell_id);
        let is_observed = match outcome {
            Outcome::Accepted => {
                cell.tally.accepted += count;
                cell.statuses.add(&0, count);
                true
            }
            Outcome::Rejected(status) => {
                // a fast rejection must not make an SMSC look fast: rejections have times of their own
                cell.tally.rejected += count;
                cell.statuses.add(&status, count);
                let service = at.since(written);
                cell.latency[Metric::Rejected as usize].record_n(service, count);
                cell.refusals(status, range).record_n(service, count);
                return;
            }
            Outcome::TimedOut => {
                cell.tally.timed_out += count;
                false
            }
            Outcome::Lost => {
                cell.tally.lost += count;
                false
            }
            Outcome::OpenAtEnd => {
                cell.tally.open_at_end += count;
                false
            }
        };
        let (response, service) = (at.since(intended), at.since(written));
        if let Some(slots) = &mut self.now.slots {
            if is_observed {
                slots.accepted(at, response, count);
            } else {
                slots.unanswered(at, response, count);
            }
        }
        let cell = self.cell(cell_id);
        if is_observed {
            cell.latency[Metric::Response as usize].record_n(response, count);
            cell.latency[Metric::Service as usize].record_n(service, count);
        } else {
            cell.latency[Metric::Response as usize].censor_n(response, count);
            cell.latency[Metric::Service as usize].censor_n(service, count);
        }
        let wait = slot_free.since(intended);
        cell.latency[Metric::WindowWait as usize].record_n(wait, count);
        cell.latency[Metric::HarnessLag as usize].record_n(offered.since(slot_free), count);
        if write_wait > Nanos::ZERO {
            cell.latency[Metric::WriteWait as usize].record_n(write_wait, count);
        }
    }

    /// Counts the interval that is filling by tenths of a second too; it begins at this time.
    pub fn count_in_slots(&mut self, begins: Nanos) {
        // what ended before belongs to the interval before
        self.record_last_settled();
        self.now.slots = Some(Box::new(Slots::new(begins, self.range)));
    }

    /// Counts messages that were not written: dropped because no slot was free, or unsent when the run ended at `at`.
    pub fn never_written(
        &mut self,
        cell: CellId,
        intended: Nanos,
        at: Nanos,
        dropped: bool,
        count: u64,
    ) {
        let cell = self.cell(cell);
        if dropped {
            cell.tally.dropped += count;
        } else {
            cell.tally.unsent += count;
        }
        cell.latency[Metric::Response as usize].censor_n(at.since(intended), count);
    }

    /// Counts deliver_sm_resp that were written this long after their deliver_sm were read.
    #[inline]
    pub fn acknowledged(&mut self, after: Nanos, count: u32) {
        self.whole(Metric::DeliverAck).record_n(after, u64::from(count));
    }

    /// The distribution of a metric that is measured once for the run.
    pub fn whole(&mut self, metric: Metric) -> &mut Latency {
        &mut self.now.whole[metric as usize - Metric::PER_MESSAGE_COUNT]
    }

    /// Adds an outage that ended, or is final.
    pub fn outage(&mut self, outage: Outage) {
        self.now.outages.push(outage);
    }

    /// Returns the interval and continues with `spare`, or a new one.
    pub fn take(
        &mut self,
        number: u64,
        gauges: Gauges,
        spare: Option<Box<Interval>>,
    ) -> Box<Interval> {
        self.record_last_settled();
        for (cell, count) in self.no_write_waits.iter_mut().enumerate().filter(|(_, n)| **n > 0) {
            if let Some(cell) = &mut self.now.cells[cell] {
                cell.latency[Metric::WriteWait as usize].record_n(Nanos::ZERO, *count);
            }
            *count = 0;
        }
        let zero_gaps = std::mem::take(&mut self.zero_gaps);
        self.now.send_gaps.record_n(Nanos::ZERO, zero_gaps);
        let next = spare.unwrap_or_else(|| {
            Box::new(Interval::new(self.now.worker, self.now.cells.len(), self.range))
        });
        let mut done = std::mem::replace(&mut self.now, next);
        done.number = number;
        done.gauges = gauges;
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_is_the_sum_of_its_waits_and_of_service_to_the_nanosecond() {
        let mut r = Recorder::new(0, 1, LatencyRange::for_deadline(Nanos::from_secs(1)));
        let mut rng = crate::kit::Rng::new(5);
        for index in 0..10_000u64 {
            let intended = Nanos(index * 1000 + 1);
            let slot_free = intended + Nanos(rng.below(5_000_000));
            let offered = slot_free + Nanos(rng.below(900_000));
            let written = offered + Nanos(rng.below(2) * rng.below(700_000_000));
            let t = Ticket { index, intended, slot_free, offered, written, ..Ticket::default() };
            r.written(&t);
            r.settled(&t, Outcome::Accepted, written + Nanos(rng.below(80_000_000)));
        }
        let i = r.take(0, Gauges::default(), None);
        let cell = i.cells[0].as_ref().unwrap();
        let sum = |m: Metric| cell.metric(m).sum_ns();
        assert_eq!(
            sum(Metric::Response),
            sum(Metric::WindowWait)
                + sum(Metric::HarnessLag)
                + sum(Metric::WriteWait)
                + sum(Metric::Service)
        );
        assert_eq!(cell.tally.on_time, 10_000);
    }

    #[test]
    fn rejections_have_times_of_their_own_and_shorten_no_other() {
        let range = LatencyRange::for_deadline(Nanos::from_secs(1));
        let mut r = Recorder::new(0, 1, range);
        let ticket = Ticket { written: Nanos(1_000), ..Ticket::default() };
        let at = |ms: u64| Nanos(1_000) + Nanos::from_millis(ms);
        for n in 0..10 {
            r.settled(&ticket, Outcome::Accepted, at(20));
            r.settled(&ticket, Outcome::Rejected(0x58), at(0));
            r.settled(&ticket, Outcome::Rejected(100 + n), at(5));
            r.settled(&ticket, Outcome::Rejected(200 + n), at(5));
        }
        let i = r.take(0, Gauges::default(), None);
        let cell = i.cells[0].as_ref().unwrap();
        for metric in [Metric::Response, Metric::Service, Metric::WindowWait, Metric::HarnessLag] {
            assert_eq!(cell.metric(metric).count(), 10, "{metric:?}");
        }
        assert!(cell.metric(Metric::Service).min() >= Some(Nanos::from_millis(19)));
        assert_eq!((cell.metric(Metric::Rejected).count(), cell.statuses.total()), (30, 40));
        // by status, up to the maximum number
        let by_status =
            |status| cell.rejected_by_status.iter().find(|s| s.0 == status).map(|s| s.1.count());
        assert_eq!(by_status(0x58), Some(10));
        assert_eq!(cell.rejected_by_status.len(), CellInterval::STATUSES_MAX + 1);
        let mut sum = CellInterval::new(range);
        sum.merge(cell);
        sum.merge(cell);
        let all: u64 = sum.rejected_by_status.iter().map(|s| s.1.count()).sum();
        assert_eq!((all, sum.rejected_by_status[0].1.count()), (60, 20));
    }
}
