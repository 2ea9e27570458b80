//! One second of a run: its counters, and its distributions while they fill and once they are closed.
use super::cell::CellInterval;
use super::counters::{Counters, Counts};
use super::interval::{Gauges, Interval};
use super::latency::{Latency, LatencyBrief, LatencyRange, to_base64};
use super::metric::Metric;
use super::shelf::{Kept, ROW_METRICS, Shelf};
use crate::kit::Nanos;
use std::sync::Arc;

/// One second of the whole run.
#[derive(Clone, Debug)]
pub struct IntervalRow {
    /// From the start of the load to this interval's start.
    pub at: Nanos,
    /// How much time it covers: 1 s, or more where neighbours were merged.
    pub length: Nanos,
    /// Number of the stage that was on at its start; None: drain.
    pub stage: Option<u16>,
    /// Messages that the schedule intends in it (0 in a closed loop); filled in at the end of the run.
    pub scheduled: u64,
    /// Counters of what happened in it, over all cells.
    pub tally: Counters,
    /// Final receipts that no message owns.
    pub receipts_unknown: u64,
    /// Mobile-originated messages received.
    pub mo: u64,
    /// Answers by command_status.
    pub statuses: Counts<u32>,
    /// Gauges at its end.
    pub gauges: Gauges,
    /// Worst worker's processor share (0 to 1).
    pub cpu_worst: f64,
    /// Answered in it, from their intended time.
    pub response: LatencyBrief,
    /// Answered in it, from their write.
    pub service: LatencyBrief,
    /// Receipted in it, from their intended time.
    pub receipt: LatencyBrief,
    /// Answered in it: how late the tool was.
    pub harness_lag: LatencyBrief,
    /// Answered in it: how long the socket took no octets.
    pub write_wait: LatencyBrief,
    /// Receipted in it, from their write.
    pub receipt_from_write: LatencyBrief,
    /// Receipted in it, from their answer, where that came first.
    pub receipt_after_response: LatencyBrief,
    /// What the peer did that no standard foresees, by kind.
    pub anomalies: Vec<(String, u64)>,
    kept: Kept,
}

fn place_of(metric: Metric) -> Option<usize> {
    ROW_METRICS.iter().position(|known| *known == metric)
}

/// The distributions of a second that is still filling, in the order of [`ROW_METRICS`].
#[derive(Clone, Debug)]
pub(super) struct OpenRow {
    pub(super) at: Nanos,
    filling: [Latency; ROW_METRICS.len()],
}

impl OpenRow {
    pub(super) fn new(at: Nanos, range: LatencyRange) -> OpenRow {
        OpenRow { at, filling: ROW_METRICS.map(|_| Latency::new(range)) }
    }
    pub(super) fn of(row: &IntervalRow, range: LatencyRange) -> OpenRow {
        let mut filling = row.kept.open(range);
        for (latency, brief) in filling.iter_mut().zip(row.briefs()) {
            latency.censor_n(range.max, brief.censored);
        }
        OpenRow { at: row.at, filling }
    }
    /// Adds what one cell of one worker saw in it.
    pub(super) fn absorb(&mut self, cell: &CellInterval) {
        for (filling, metric) in self.filling.iter_mut().zip(ROW_METRICS) {
            filling.merge(cell.metric(metric));
        }
    }
    pub(super) fn close(&self, row: &mut IntervalRow) {
        for (brief, filling) in row.briefs_mut().into_iter().zip(&self.filling) {
            *brief = LatencyBrief::of(filling);
        }
        row.kept = Kept::of(self.filling.iter().map(Some));
    }
    pub(super) fn merge(&mut self, other: &OpenRow) {
        for (mine, theirs) in self.filling.iter_mut().zip(&other.filling) {
            mine.merge(theirs);
        }
    }
}

impl IntervalRow {
    pub(super) fn empty(at: Nanos, stage: Option<u16>) -> IntervalRow {
        IntervalRow {
            at,
            length: Nanos::from_secs(1),
            stage,
            scheduled: 0,
            tally: Counters::default(),
            receipts_unknown: 0,
            mo: 0,
            statuses: Counts::default(),
            gauges: Gauges::default(),
            cpu_worst: 0.0,
            response: LatencyBrief::default(),
            service: LatencyBrief::default(),
            receipt: LatencyBrief::default(),
            harness_lag: LatencyBrief::default(),
            write_wait: LatencyBrief::default(),
            receipt_from_write: LatencyBrief::default(),
            receipt_after_response: LatencyBrief::default(),
            anomalies: Vec::new(),
            kept: Kept::default(),
        }
    }

    /// A row out of what was kept of it; `kept` in the order of [`ROW_METRICS`]: values seen, and how many values are
    /// only bounded from below.
    pub fn of(
        at: Nanos,
        length: Nanos,
        stage: Option<u16>,
        tally: Counters,
        gauges: Gauges,
        mo: u64,
        kept: &[(Option<Latency>, u64); ROW_METRICS.len()],
    ) -> IntervalRow {
        let mut row = IntervalRow { length, tally, gauges, mo, ..IntervalRow::empty(at, stage) };
        for (brief, (latency, censored)) in row.briefs_mut().into_iter().zip(kept) {
            *brief = latency.as_ref().map(LatencyBrief::of).unwrap_or_default();
            brief.censored = *censored;
        }
        row.kept = Kept::of(kept.iter().map(|(latency, _)| latency.as_ref()));
        row
    }

    /// The figures of one metric; None where it is not kept by second.
    pub fn brief(&self, metric: Metric) -> Option<&LatencyBrief> {
        self.briefs().get(place_of(metric)?).copied()
    }

    /// The values seen of one metric, to two digits; None where there is none.
    pub fn latency(&self, metric: Metric) -> Option<Latency> {
        Latency::from_octets(&self.kept.octets(place_of(metric)?)?).ok()
    }

    /// The same as [`Latency::to_base64`] has it.
    pub fn base64(&self, metric: Metric) -> Option<String> {
        self.kept.octets(place_of(metric)?).map(|octets| to_base64(&octets))
    }

    /// The whole distribution of one metric (censored values at the range's end).
    pub fn open(&self, metric: Metric, range: LatencyRange) -> Latency {
        let mut all = Latency::new(range);
        if let Some(seen) = self.latency(metric) {
            all.merge(&seen);
        }
        all.censor_n(range.max, self.brief(metric).map_or(0, |brief| brief.censored));
        all
    }

    /// Moves its distributions to a shelf. False: the shelf does not take them.
    pub(super) fn put_on(&mut self, shelf: &Arc<dyn Shelf>) -> bool {
        self.kept.put_on(shelf)
    }

    /// Its distributions back into memory.
    pub(super) fn take_back(&mut self) {
        self.kept.take_back();
    }

    /// Its distributions, in the order of [`ROW_METRICS`].
    pub fn briefs(&self) -> [&LatencyBrief; ROW_METRICS.len()] {
        [
            &self.response,
            &self.service,
            &self.receipt,
            &self.harness_lag,
            &self.write_wait,
            &self.receipt_from_write,
            &self.receipt_after_response,
        ]
    }
    fn briefs_mut(&mut self) -> [&mut LatencyBrief; ROW_METRICS.len()] {
        [
            &mut self.response,
            &mut self.service,
            &mut self.receipt,
            &mut self.harness_lag,
            &mut self.write_wait,
            &mut self.receipt_from_write,
            &mut self.receipt_after_response,
        ]
    }

    /// Counters, gauges and anomalies of one worker's second.
    pub(super) fn add(&mut self, interval: &Interval) {
        self.receipts_unknown += interval.receipts_unknown;
        self.mo += interval.mo_received;
        self.gauges.merge(&interval.gauges);
        let busiest = interval.used().iter().map(|u| u.cpu_ns).max().unwrap_or_default();
        self.cpu_worst = self.cpu_worst.max(busiest as f64 / 1e9);
        for anomaly in &interval.anomalies {
            self.add_anomaly(&anomaly.kind, anomaly.count);
        }
    }

    fn add_anomaly(&mut self, kind: &str, count: u64) {
        match self.anomalies.iter_mut().find(|known| known.0 == kind) {
            Some(known) => known.1 += count,
            None => self.anomalies.push((kind.to_owned(), count)),
        }
    }

    /// Counters of the second that follows; gauges are the later ones, times of use add up.
    pub(super) fn absorb(&mut self, next: &IntervalRow) {
        self.length += next.length;
        self.scheduled += next.scheduled;
        self.tally.merge(&next.tally);
        self.receipts_unknown += next.receipts_unknown;
        self.mo += next.mo;
        self.statuses.merge(&next.statuses);
        self.cpu_worst = self.cpu_worst.max(next.cpu_worst);
        let used = self.gauges;
        self.gauges = next.gauges;
        self.gauges.window_full_ns += used.window_full_ns;
        self.gauges.cpu_ns += used.cpu_ns;
        self.gauges.run_delay_ns += used.run_delay_ns;
        for (kind, count) in &next.anomalies {
            self.add_anomaly(kind, *count);
        }
    }
}
