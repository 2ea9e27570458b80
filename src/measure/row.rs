//! One second of a run: its counters, and its distributions while it is open and once it is closed.
use super::cell::CellInterval;
use super::congestion::CongestionStates;
use super::counters::{Counters, Counts};
use super::interval::{Gauges, Interval};
use super::latency::{Latency, LatencyRange, LatencySummary, to_base64};
use super::metric::Metric;
use super::spill::{ROW_METRICS, RowHistograms, SpillStore};
use crate::kit::Nanos;
use std::sync::Arc;

/// One second of the whole run.
#[derive(Clone, Debug)]
pub struct IntervalRow {
    /// When the row begins, from the start of the load.
    pub at: Nanos,
    /// Length of the row: 1 s, or more where neighbours were merged.
    pub length: Nanos,
    /// Index of the stage at its start. None: drain.
    pub stage: Option<u16>,
    /// Messages that the schedule intends in it (0 in closed loop). Set at the end of the run.
    pub scheduled: u64,
    /// Counters of all cells.
    pub tally: Counters,
    /// Final receipts that match no message of the run.
    pub receipts_unknown: u64,
    /// Mobile-originated messages received.
    pub mo: u64,
    /// Responses by command_status.
    pub statuses: Counts<u32>,
    /// What responses said of the load of the SMSC.
    pub congestion: CongestionStates,
    /// Gauges at its end.
    pub gauges: Gauges,
    /// Highest processor use of a worker (0 to 1).
    pub cpu_worst: f64,
    /// Response times of the messages answered in it.
    pub response: LatencySummary,
    /// Service times of the messages answered in it.
    pub service: LatencySummary,
    /// Receipt times of the messages receipted in it.
    pub receipt: LatencySummary,
    /// Harness lag of the messages answered in it.
    pub harness_lag: LatencySummary,
    /// Write wait of the messages answered in it.
    pub write_wait: LatencySummary,
    /// Receipt times from the write, of the messages receipted in it.
    pub receipt_from_write: LatencySummary,
    /// Receipt times from the response where that came first, of the messages receipted in it.
    pub receipt_after_response: LatencySummary,
    /// Anomalies by kind.
    pub anomalies: Vec<(String, u64)>,
    histograms: RowHistograms,
}

/// Index of a metric in [`ROW_METRICS`]. None: it is not kept by second.
fn index_of(metric: Metric) -> Option<usize> {
    ROW_METRICS.iter().position(|known| *known == metric)
}

/// The distributions of an open row, in the order of [`ROW_METRICS`].
#[derive(Clone, Debug)]
pub(super) struct OpenRow {
    pub(super) at: Nanos,
    latencies: [Latency; ROW_METRICS.len()],
}

impl OpenRow {
    pub(super) fn new(at: Nanos, range: LatencyRange) -> OpenRow {
        OpenRow { at, latencies: ROW_METRICS.map(|_| Latency::new(range)) }
    }
    /// Opens a closed row again.
    pub(super) fn of(row: &IntervalRow, range: LatencyRange) -> OpenRow {
        let mut latencies = row.histograms.decode(range);
        for (latency, summary) in latencies.iter_mut().zip(row.summaries()) {
            latency.censor_n(range.max, summary.censored);
        }
        OpenRow { at: row.at, latencies }
    }
    /// Adds a cell of one worker.
    pub(super) fn absorb(&mut self, cell: &CellInterval) {
        for (latency, metric) in self.latencies.iter_mut().zip(ROW_METRICS) {
            latency.merge(cell.metric(metric));
        }
    }
    /// Stores the distributions in the row.
    pub(super) fn close(&self, row: &mut IntervalRow) {
        for (summary, latency) in row.summaries_mut().into_iter().zip(&self.latencies) {
            *summary = LatencySummary::of(latency);
        }
        row.histograms = RowHistograms::of(self.latencies.iter().map(Some));
    }
    /// Adds those of another row.
    pub(super) fn merge(&mut self, other: &OpenRow) {
        for (mine, theirs) in self.latencies.iter_mut().zip(&other.latencies) {
            mine.merge(theirs);
        }
    }
}

impl IntervalRow {
    /// A row in which nothing has happened.
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
            congestion: CongestionStates::default(),
            gauges: Gauges::default(),
            cpu_worst: 0.0,
            response: LatencySummary::default(),
            service: LatencySummary::default(),
            receipt: LatencySummary::default(),
            harness_lag: LatencySummary::default(),
            write_wait: LatencySummary::default(),
            receipt_from_write: LatencySummary::default(),
            receipt_after_response: LatencySummary::default(),
            anomalies: Vec::new(),
            histograms: RowHistograms::default(),
        }
    }

    /// A row from its saved parts. `distributions`: observed values and number of censored ones, in the order of
    /// [`ROW_METRICS`].
    pub fn of(
        at: Nanos,
        length: Nanos,
        stage: Option<u16>,
        tally: Counters,
        gauges: Gauges,
        mo: u64,
        distributions: &[(Option<Latency>, u64); ROW_METRICS.len()],
    ) -> IntervalRow {
        let mut row = IntervalRow { length, tally, gauges, mo, ..IntervalRow::empty(at, stage) };
        for (summary, (latency, censored)) in row.summaries_mut().into_iter().zip(distributions) {
            *summary = latency.as_ref().map(LatencySummary::of).unwrap_or_default();
            summary.censored = *censored;
        }
        row.histograms =
            RowHistograms::of(distributions.iter().map(|(latency, _)| latency.as_ref()));
        row
    }

    /// The figures of a metric. None: it is not kept by second.
    pub fn summary(&self, metric: Metric) -> Option<&LatencySummary> {
        self.summaries().get(index_of(metric)?).copied()
    }

    /// The observed values of a metric, to two digits. None: there are none.
    pub fn latency(&self, metric: Metric) -> Option<Latency> {
        Latency::from_octets(&self.histograms.octets(index_of(metric)?)?).ok()
    }

    /// The observed values of a metric, as [`Latency::to_base64`] encodes them. None: there are none.
    pub fn base64(&self, metric: Metric) -> Option<String> {
        self.histograms.octets(index_of(metric)?).map(|octets| to_base64(&octets))
    }

    /// The distribution of a metric; its censored values are at the end of the range.
    pub fn open(&self, metric: Metric, range: LatencyRange) -> Latency {
        let mut all = Latency::new(range);
        if let Some(observed) = self.latency(metric) {
            all.merge(&observed);
        }
        all.censor_n(range.max, self.summary(metric).map_or(0, |summary| summary.censored));
        all
    }

    /// Moves its histograms to a store. False: the store refuses them.
    pub(super) fn spill(&mut self, store: &Arc<dyn SpillStore>) -> bool {
        self.histograms.spill(store)
    }

    /// Moves its histograms back into memory.
    pub(super) fn load(&mut self) {
        self.histograms.load();
    }

    /// The figures of its distributions, in the order of [`ROW_METRICS`].
    pub fn summaries(&self) -> [&LatencySummary; ROW_METRICS.len()] {
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
    fn summaries_mut(&mut self) -> [&mut LatencySummary; ROW_METRICS.len()] {
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

    /// Adds gauges, anomalies and the counters that are not in cells, of one worker.
    pub(super) fn add(&mut self, interval: &Interval) {
        self.receipts_unknown += interval.receipts_unknown;
        self.mo += interval.mo_received;
        self.congestion.merge(&interval.congestion);
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

    /// Adds the next row: counters and times are added, gauges replaced.
    pub(super) fn absorb(&mut self, next: &IntervalRow) {
        self.length += next.length;
        self.scheduled += next.scheduled;
        self.tally.merge(&next.tally);
        self.receipts_unknown += next.receipts_unknown;
        self.mo += next.mo;
        self.statuses.merge(&next.statuses);
        self.congestion.merge(&next.congestion);
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
