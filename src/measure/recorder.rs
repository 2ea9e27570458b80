//! One worker's recorder: no locks, no clock. It is told what happened and counts it where it belongs.
use super::interval::{Gauges, Interval, Outage};
use super::latency::{Latency, LatencyRange};
use super::metric::Metric;
use super::ticket::{CellId, Outcome, Ticket};
use super::{CellInterval, Counters};
use crate::kit::Nanos;

/// What one worker saw since the last [`Recorder::take`].
#[derive(Debug)]
pub struct Recorder {
    now: Box<Interval>,
    range: LatencyRange,
    last_write: Nanos,
    /// By cell: settled messages that did not wait for their socket, since the last [`Recorder::take`].
    no_write_waits: Vec<u64>,
    /// Writes since the last [`Recorder::take`] that went out with the one before them.
    zero_gaps: u64,
    /// The last answers that were settled, so far counted nowhere else, and how many they are.
    alike: (SettledRun, u64),
}

/// What settled messages have in common that differ in nothing: one read often brings the answers to all of
/// one write. They are recorded together.
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

/// Submit_sm of one cell that one write carried.
#[derive(Clone, Copy, Debug, Default)]
pub struct WriteBatch {
    cell: CellId,
    written: Nanos,
    count: u64,
    on_time: u64,
}

/// Offered to the socket within this of being due and having a slot counts as on time
/// (docs/verdict.md, "Was the harness fit").
const ON_TIME: Nanos = Nanos::from_millis(1);

impl Recorder {
    /// A recorder for so many cells.
    pub fn new(worker: u32, cells_count: usize, range: LatencyRange) -> Recorder {
        let now = Box::new(Interval::new(worker, cells_count, range));
        let alike = (SettledRun::NONE, 0);
        let no_write_waits = vec![0; cells_count];
        Recorder { now, range, last_write: Nanos::ZERO, no_write_waits, zero_gaps: 0, alike }
    }

    /// The cell's counters and distributions.
    #[inline]
    pub fn cell(&mut self, cell: CellId) -> &mut CellInterval {
        let range = self.range;
        self.now.cells[usize::from(cell)].get_or_insert_with(|| Box::new(CellInterval::new(range)))
    }

    /// The cell's counters.
    #[inline]
    pub fn tally(&mut self, cell: CellId) -> &mut Counters {
        &mut self.cell(cell).tally
    }

    /// The interval itself, for what is not counted by cell.
    #[inline]
    pub fn interval(&mut self) -> &mut Interval {
        &mut self.now
    }

    /// A submit_sm went out with the write stamped in the ticket.
    #[inline]
    pub fn written(&mut self, ticket: &Ticket) {
        let mut together = WriteBatch::default();
        self.written_together(ticket, 1, &mut together);
        self.end_together(&together);
    }

    /// The same, of `count` that one write carried and that share this ticket. Those of one write are
    /// gathered in `together`, which [`Recorder::end_together`] counts.
    #[inline]
    pub fn written_together(&mut self, ticket: &Ticket, count: u32, together: &mut WriteBatch) {
        if together.count > 0 && together.cell != ticket.cell {
            self.end_together(together);
            *together = WriteBatch::default();
        }
        let on_time = ticket.offered.since(ticket.slot_free) <= ON_TIME;
        together.cell = ticket.cell;
        together.written = ticket.written;
        together.count += u64::from(count);
        together.on_time += if on_time { u64::from(count) } else { 0 };
    }

    /// Counts what one write carried.
    #[inline]
    pub fn end_together(&mut self, together: &WriteBatch) {
        if together.count > 0 {
            let WriteBatch { cell, written, count, on_time } = *together;
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

    /// How a written submit_sm ended, at `at` (the read's stamp, the deadline, the loss).
    #[inline]
    pub fn settled(&mut self, ticket: &Ticket, outcome: Outcome, at: Nanos) {
        self.settled_together(ticket, 1, outcome, at);
    }

    /// The same, of `count` that share this ticket and ended together.
    #[inline]
    pub fn settled_together(&mut self, ticket: &Ticket, count: u32, outcome: Outcome, at: Nanos) {
        let Ticket { intended, slot_free, offered, written, cell, .. } = *ticket;
        let alike = SettledRun { intended, slot_free, offered, written, at, outcome, cell };
        if self.alike.0 != alike {
            self.record_alike();
            self.alike.0 = alike;
        }
        self.alike.1 += u64::from(count);
    }

    /// Records the last answers.
    fn record_alike(&mut self) {
        let (alike, count) = (self.alike.0, std::mem::take(&mut self.alike.1));
        if count == 0 {
            return;
        }
        let SettledRun { intended, slot_free, offered, written, at, outcome, cell } = alike;
        let range = self.range;
        let write_wait = written.since(offered);
        if write_wait == Nanos::ZERO && !matches!(outcome, Outcome::Rejected(_)) {
            self.no_write_waits[usize::from(cell)] += count;
        }
        let cell = self.cell(cell);
        let seen = match outcome {
            Outcome::Accepted => {
                cell.tally.accepted += count;
                cell.statuses.add(&0, count);
                true
            }
            Outcome::Rejected(status) => {
                // a refusal that comes at once must not make an SMSC look fast: it has times of its own
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
        if seen {
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

    /// `count` messages that were never written: dropped for want of a slot, or unsent when the run ended at `at`.
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

    /// So many deliver_sm_resp were written, this long after their deliver_sm was read.
    #[inline]
    pub fn acknowledged(&mut self, after: Nanos, count: u32) {
        self.whole(Metric::DeliverAck).record_n(after, u64::from(count));
    }

    /// One of the distributions measured once for the run.
    pub fn whole(&mut self, metric: Metric) -> &mut Latency {
        &mut self.now.whole[metric as usize - Metric::PER_MESSAGE_COUNT]
    }

    /// A session came back, or went for good.
    pub fn outage(&mut self, outage: Outage) {
        self.now.outages.push(outage);
    }

    /// Hands up what was seen and goes on with `spare` (or a new one).
    pub fn take(
        &mut self,
        number: u64,
        gauges: Gauges,
        spare: Option<Box<Interval>>,
    ) -> Box<Interval> {
        self.record_alike();
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
    fn refusals_have_times_of_their_own_and_shorten_no_other() {
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
        // told apart by status, as many as there is room for
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
