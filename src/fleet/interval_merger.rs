//! Merges the intervals of several workers, second by second.
use crate::measure::Interval;
use std::collections::BTreeMap;

/// Merges intervals of the same second.
#[derive(Debug, Default)]
pub(super) struct IntervalMerger {
    workers: u32,
    ended: u32,
    open: BTreeMap<u64, (Box<Interval>, u32)>,
}

impl IntervalMerger {
    /// For this number of workers.
    pub(super) fn new(workers: u32) -> IntervalMerger {
        IntervalMerger { workers, ended: 0, open: BTreeMap::new() }
    }

    /// Adds one worker's interval. Returns it where its buffer is not needed any more.
    pub(super) fn add(&mut self, interval: Box<Interval>) -> Option<Box<Interval>> {
        match self.open.get_mut(&interval.number) {
            Some((sum, count)) => {
                sum.merge(&interval);
                *count += 1;
                Some(interval)
            }
            None => {
                self.open.insert(interval.number, (interval, 1));
                None
            }
        }
    }

    /// A worker has sent its final report.
    pub(super) fn ended(&mut self) {
        self.ended += 1;
    }

    /// Takes the seconds for which every worker that has not ended has reported.
    #[expect(clippy::vec_box, reason = "intervals are large and travel by pointer")]
    pub(super) fn take(&mut self) -> Vec<Box<Interval>> {
        let mut whole = Vec::new();
        while let Some(first) = self.open.first_entry() {
            if first.get().1 + self.ended < self.workers {
                break;
            }
            whole.push(first.remove().0);
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::Nanos;
    use crate::measure::{Gauges, LatencyRange, Outcome, Recorder, Ticket};

    #[test]
    fn a_second_is_whole_when_all_workers_reported_it_and_its_buckets_are_the_sum_of_theirs() {
        let range = LatencyRange::for_deadline(Nanos::from_secs(1));
        let mut parts = Vec::new();
        for worker in 3..5u32 {
            let mut recorder = Recorder::new(worker, 2, range);
            for n in 1..=100u64 {
                recorder.tally(worker as u16 - 3).planned += 1;
                let t = Ticket {
                    intended: Nanos(n),
                    cell: worker as u16 - 3,
                    written: Nanos(n),
                    slot_free: Nanos(n),
                    ..Ticket::default()
                };
                recorder.written(&t);
                recorder.settled(&t, Outcome::Accepted, Nanos(n * 10_000 * u64::from(worker)));
            }
            let gauges = Gauges { cpu_ns: u64::from(worker), ..Gauges::default() };
            parts.push(recorder.take(7, gauges, None));
        }
        let mut seconds = IntervalMerger::new(2);
        assert!(seconds.add(parts[0].clone()).is_none());
        assert!(seconds.take().is_empty());
        assert!(seconds.add(parts[1].clone()).is_some());
        let sum = seconds.take().remove(0);
        for (cell, part) in parts.iter().enumerate() {
            assert_eq!(
                sum.cells[cell].as_ref().unwrap().latency[0].histogram(),
                part.cells[cell].as_ref().unwrap().latency[0].histogram()
            );
        }
        let uses: Vec<_> = sum.used().iter().map(|u| (u.worker, u.cpu_ns)).collect();
        assert_eq!((uses, sum.gauges.cpu_ns), (vec![(3, 3), (4, 4)], 7));
        // a worker that has ended is not waited for
        seconds.ended();
        assert!(seconds.add(parts[0].clone()).is_none());
        assert_eq!(seconds.take().len(), 1);
    }
}
