//! The record of a run: the sum of all intervals of all workers. Plain data; `judge` interprets it.
use super::cell::CellInterval;
use super::counters::{Counters, Counts};
use super::cut::CutReason;
use super::event::{EventOccurrence, merge_events};
use super::failed::{FAILED_MAX, MissingReceipt, Rejection};
use super::fleet::FleetRecord;
use super::interval::{
    Anomaly, Exchange, Interval, Messages, Outage, SessionRecord, merge_anomalies,
};
use super::latency::{Latency, LatencyRange};
use super::load::WorkerLoad;
use super::metric::Metric;
use super::observed::Observed;
use super::recovery::Recovery;
use super::row::{IntervalRow, OpenRow};
use super::slots::SlotRow;
use super::spill::SpillStore;
use super::through::ThroughRecord;
use crate::kit::{Nanos, RateChange};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The key of a cell: indexes of the plan's stages, accounts and message labels, and whether an event disturbed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CellKey {
    /// Index of the stage.
    pub stage: u16,
    /// Index of the account.
    pub account: u16,
    /// Index of the message label.
    pub label: u16,
    /// Whether its messages were intended in disturbed time ([`super::DisturbedTime`]).
    pub disturbed: bool,
}

/// Everything measured in a run. A clone shares the rows until one of both changes them.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// Wall-clock time of the start of the load, nanoseconds since 1970.
    pub started_wall_ns: u64,
    /// Time from the start of the load to its end: the end of the last stage, or the interruption. Of a run in progress:
    /// the part of the load that all workers have reported.
    pub load_ended: Nanos,
    /// Time from the start of the load to the last event.
    pub ended: Nanos,
    /// Why the run ended before its plan. None: it did not.
    pub cut_reason: Option<CutReason>,
    /// The cells in which anything happened, by ascending key.
    pub cells: Vec<(CellKey, CellInterval)>,
    /// Rows by second; [`RunRecord::settle_rows`] brings them up to date.
    pub intervals: Arc<Vec<IntervalRow>>,
    /// The metrics that are measured once for the run.
    pub whole: Vec<Latency>,
    /// Receipt time by message_state (10: any other), to two digits.
    pub receipt_by_state: Vec<Latency>,
    /// Times between consecutive writes of submit_sm.
    pub send_gaps: Latency,
    /// Processor use by worker.
    pub workers: Vec<WorkerLoad>,
    /// Totals by session.
    pub sessions: Vec<SessionRecord>,
    /// Anomalies by kind.
    pub anomalies: Vec<Anomaly>,
    /// The first [`RunRecord::OUTAGES_MAX`] outages of sessions.
    pub outages: Vec<Outage>,
    /// Number of further outages.
    pub outages_more: u64,
    /// What happened in each occurrence of the planned events, by event and repeat.
    pub events: Vec<EventOccurrence>,
    /// Responses to no request in flight, late ones not included.
    pub unknown_responses: u64,
    /// Final receipts that match no message of the run.
    pub receipts_unknown: u64,
    /// Receipts requested by an earlier run, as far as they are recognised.
    pub receipts_previous_run: u64,
    /// Ids given twice, by the sessions of the first and the second message.
    pub ids_given_twice: Counts<(u32, u32)>,
    /// Mobile-originated messages received.
    pub mo_received: u64,
    /// Of `mo_received`: with the text of a receipt.
    pub mo_like_receipts: u64,
    /// deliver_sm answered.
    pub deliver_answered: u64,
    /// MO and receipts answered with a status other than 0.
    pub deliver_refused: u64,
    /// deliver_sm received again.
    pub redelivered: u64,
    /// Whole messages, where some have several parts.
    pub messages: Messages,
    /// Failed submit_sm with their answers, where a capture was requested.
    pub exchanges: Vec<Exchange>,
    /// The first [`FAILED_MAX`] rejected submit_sm, sorted by time once the run is over.
    pub rejections: Vec<Rejection>,
    /// The first [`FAILED_MAX`] missing receipts, likewise.
    pub missing: Vec<MissingReceipt>,
    /// Rate changes of the operator, in order.
    pub rate_changes: Vec<RateChange>,
    /// What was sampled beside the run.
    pub observed: Arc<Observed>,
    /// Number of receipts sampled, where some were missing and others unknown.
    pub ids_sampled: u64,
    /// By id rule, how many of the sampled receipts it would have matched.
    pub id_modes: Vec<(String, u64)>,
    /// Disturbed times, in whole seconds, joined where they touch. Empty: the plan has no events.
    pub disturbed: Vec<(Nanos, Nanos)>,
    /// How the run recovered from each occurrence of an event, in order of time.
    pub recoveries: Vec<Recovery>,
    /// The first [`RunRecord::SLOTS_MAX`] tenths of disturbed seconds, in order of time.
    pub slots: Vec<SlotRow>,
    /// The books of both sides of a gateway. None: the run was through none.
    pub through: Option<Arc<ThroughRecord>>,
    /// The agents. None: the run was on one machine.
    pub fleet: Option<FleetRecord>,
    /// Bounds and precision of the distributions.
    pub range: LatencyRange,
    /// Distributions of the latest rows.
    open: Vec<OpenRow>,
    /// Storage for the histograms of closed rows. None: they stay in memory.
    store: Option<Arc<dyn SpillStore>>,
}

impl RunRecord {
    /// Maximum number of rows; beyond it neighbours are merged, and their `length` grows.
    pub const ROWS_MAX: usize = 3_600;
    /// Maximum number of outages kept: a peer can cause any number.
    pub const OUTAGES_MAX: usize = 10_000;
    /// Maximum number of slots kept: ten minutes of disturbed time.
    pub const SLOTS_MAX: usize = 6_000;
    /// Number of latest rows that stay in memory, because they are read again and again.
    const ROWS_IN_MEMORY: usize = 16;
    /// Number of latest rows that stay open for workers that report late.
    const OPEN_ROWS: usize = 4;

    /// An empty record.
    pub fn new(range: LatencyRange, started_wall_ns: u64) -> RunRecord {
        let whole = super::LATENCY_METRICS.len() - Metric::PER_MESSAGE_COUNT;
        let coarse = LatencyRange { max: range.max, digits: 2 };
        RunRecord {
            started_wall_ns,
            load_ended: Nanos::ZERO,
            ended: Nanos::ZERO,
            cut_reason: None,
            cells: Vec::new(),
            intervals: Arc::default(),
            whole: (0..whole).map(|_| Latency::new(range)).collect(),
            receipt_by_state: (0..11).map(|_| Latency::new(coarse)).collect(),
            send_gaps: Latency::new(range),
            workers: Vec::new(),
            sessions: Vec::new(),
            anomalies: Vec::new(),
            outages: Vec::new(),
            outages_more: 0,
            events: Vec::new(),
            unknown_responses: 0,
            receipts_unknown: 0,
            receipts_previous_run: 0,
            ids_given_twice: Counts::default(),
            mo_received: 0,
            mo_like_receipts: 0,
            deliver_answered: 0,
            deliver_refused: 0,
            redelivered: 0,
            messages: Messages::default(),
            exchanges: Vec::new(),
            rejections: Vec::new(),
            missing: Vec::new(),
            rate_changes: Vec::new(),
            observed: Arc::default(),
            ids_sampled: 0,
            id_modes: Vec::new(),
            disturbed: Vec::new(),
            recoveries: Vec::new(),
            slots: Vec::new(),
            through: None,
            fleet: None,
            range,
            open: Vec::new(),
            store: None,
        }
    }

    /// Adds a worker's interval. `keys`: keys of the cells by number. `stage_at`: the stage at a time of the load.
    pub fn absorb(
        &mut self,
        interval: &Interval,
        keys: &[CellKey],
        stage_at: &dyn Fn(Nanos) -> Option<u16>,
    ) {
        let at = Nanos::from_secs(interval.number);
        let (row, open) = self.row(at, stage_at);
        for cell in interval.cells.iter().flatten() {
            row.tally.merge(&cell.tally);
            row.statuses.merge(&cell.statuses);
            open.absorb(cell);
        }
        row.add(interval);
        for (cell, key) in interval.cells.iter().zip(keys) {
            if let Some(cell) = cell {
                self.cell(*key).merge(cell);
            }
        }
        self.absorb_rest(interval);
    }

    fn absorb_rest(&mut self, interval: &Interval) {
        for (mine, theirs) in self.whole.iter_mut().zip(&interval.whole) {
            mine.merge(theirs);
        }
        for (mine, theirs) in self.receipt_by_state.iter_mut().zip(&interval.receipt_by_state) {
            mine.merge(theirs);
        }
        self.send_gaps.merge(&interval.send_gaps);
        merge_anomalies(&mut self.anomalies, &interval.anomalies);
        let free = Self::OUTAGES_MAX.saturating_sub(self.outages.len());
        self.outages.extend(interval.outages.iter().take(free).cloned());
        self.outages_more += interval.outages.len().saturating_sub(free) as u64;
        merge_events(&mut self.events, &interval.events);
        self.unknown_responses += interval.unknown_responses;
        self.receipts_unknown += interval.receipts_unknown;
        self.receipts_previous_run += interval.receipts_previous_run;
        self.ids_given_twice.merge(&interval.ids_given_twice);
        self.mo_received += interval.mo_received;
        self.mo_like_receipts += interval.mo_like_receipts;
        self.deliver_answered += interval.deliver_answered;
        self.deliver_refused += interval.deliver_refused;
        self.redelivered += interval.redelivered;
        self.messages.merge(&interval.messages);
        let free = FAILED_MAX.saturating_sub(self.rejections.len());
        self.rejections.extend(interval.rejections.iter().take(free).cloned());
        let free = FAILED_MAX.saturating_sub(self.missing.len());
        self.missing.extend(interval.missing.iter().take(free).cloned());
        for used in interval.used() {
            let worker = used.worker as usize;
            while self.workers.len() <= worker {
                let worker = self.workers.len() as u32;
                self.workers.push(WorkerLoad::new(worker));
            }
            self.workers[worker].add(&used);
        }
    }

    /// The row of a time, and its distributions. Opens it where needed.
    fn row(
        &mut self,
        at: Nanos,
        stage_at: &dyn Fn(Nanos) -> Option<u16>,
    ) -> (&mut IntervalRow, &mut OpenRow) {
        let before = self.intervals.iter().rposition(|r| r.at <= at);
        let found = before.filter(|&p| at < self.intervals[p].at + self.intervals[p].length);
        let index = found.unwrap_or_else(|| {
            let index = before.map_or(0, |p| p + 1);
            let rows = Arc::make_mut(&mut self.intervals);
            if rows.len() == rows.capacity() {
                // once: a list that grows is copied, and takes its memory twice meanwhile
                rows.reserve_exact(Self::ROWS_MAX + 1);
            }
            rows.insert(index, IntervalRow::empty(at, stage_at(at)));
            index
        });
        let coarse = LatencyRange { max: self.range.max, digits: 2 };
        let row_at = self.intervals[index].at;
        if !self.open.iter().any(|o| o.at == row_at) {
            let reopened = if found.is_some() {
                OpenRow::of(&self.intervals[index], coarse)
            } else {
                OpenRow::new(row_at, coarse)
            };
            self.open.push(reopened);
            if self.open.len() > Self::OPEN_ROWS {
                let oldest = self.open.remove(0);
                self.close(&oldest);
            }
        }
        let open = self.open.iter_mut().find(|o| o.at == row_at).expect("opened just above");
        (&mut Arc::make_mut(&mut self.intervals)[index], open)
    }

    /// Moves the distributions of an open row into the row.
    fn close(&mut self, open: &OpenRow) {
        let rows = Arc::make_mut(&mut self.intervals);
        if let Some(row) = rows.iter_mut().rfind(|r| r.at == open.at) {
            open.close(row);
        }
    }

    /// Brings the figures of the latest rows up to date, and limits the rows to [`RunRecord::ROWS_MAX`]. Call it before
    /// reading `intervals`.
    pub fn settle_rows(&mut self) {
        for open in std::mem::take(&mut self.open) {
            self.close(&open);
        }
        while self.intervals.len() > Self::ROWS_MAX {
            self.coarsen();
        }
        self.spill();
    }

    /// Sets the store for the histograms of closed rows. None: they stay in memory.
    pub fn spill_to(&mut self, store: Option<Arc<dyn SpillStore>>) {
        self.store = store;
    }

    /// Moves the histograms of closed rows to the store. A store that refuses once is not used again.
    fn spill(&mut self) {
        let Some(store) = &self.store else { return };
        let rows = Arc::make_mut(&mut self.intervals);
        let old = rows.len().saturating_sub(Self::ROWS_IN_MEMORY);
        if !rows[..old].iter_mut().all(|row| row.spill(store)) {
            self.store = None;
        }
    }

    /// Merges each two neighbouring rows.
    fn coarsen(&mut self) {
        let coarse = LatencyRange { max: self.range.max, digits: 2 };
        let mut merged: Vec<IntervalRow> = Vec::with_capacity(Self::ROWS_MAX + 1);
        // the merged rows go to a new store; the old one is dropped with the old rows
        self.store = self.store.as_ref().and_then(|store| store.fresh());
        for pair in self.intervals.chunks(2) {
            let mut row = pair[0].clone();
            if let [first, second] = pair {
                let mut open = OpenRow::of(first, coarse);
                open.merge(&OpenRow::of(second, coarse));
                row.absorb(second);
                open.close(&mut row);
            } else {
                row.load();
            }
            if let Some(store) = &self.store {
                row.spill(store);
            }
            merged.push(row);
        }
        self.intervals = Arc::new(merged);
    }

    /// The cell of a key.
    fn cell(&mut self, key: CellKey) -> &mut CellInterval {
        let index = match self.cells.binary_search_by_key(&key, |c| c.0) {
            Ok(index) => index,
            Err(index) => {
                self.cells.insert(index, (key, CellInterval::new(self.range)));
                index
            }
        };
        &mut self.cells[index].1
    }

    /// Time from the start of the load that the record covers: the seconds that the workers have reported, or their mean
    /// where the workers differ.
    pub fn held(&self) -> Nanos {
        let seconds: u64 = self.workers.iter().map(|w| w.seconds).sum();
        Nanos(seconds * crate::kit::NS_PER_S / self.workers.len().max(1) as u64)
    }

    /// Time from the start of the load that all workers have reported. Later rows are incomplete.
    pub fn reported_by_all(&self) -> Nanos {
        self.workers.iter().map(|w| Nanos::from_secs(w.seconds)).min().unwrap_or(Nanos::MAX)
    }

    /// The sum of the cells whose key `wanted` accepts.
    pub fn sum(&self, wanted: impl Fn(&CellKey) -> bool) -> CellInterval {
        let mut sum = CellInterval::new(self.range);
        for (key, cell) in &self.cells {
            if wanted(key) {
                sum.merge(cell);
            }
        }
        sum
    }

    /// Adds what somebody other than a worker saw of an occurrence of an event.
    pub fn add_event(&mut self, occurrence: EventOccurrence) {
        merge_events(&mut self.events, &[occurrence]);
    }

    /// Number of outages.
    pub fn outages_count(&self) -> u64 {
        self.outages.len() as u64 + self.outages_more
    }

    /// Sum of the counters of all cells.
    pub fn ledger(&self) -> Counters {
        let mut sum = Counters::default();
        for (_, cell) in &self.cells {
            sum.merge(&cell.tally);
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{DownCause, Gauges, Outcome, Recorder, Ticket};
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A run of seconds with one message each.
    fn played(seconds: u64, store: Option<Arc<dyn SpillStore>>, settled_every: u64) -> RunRecord {
        let range = LatencyRange { max: Nanos::from_secs(3600), digits: 2 };
        let mut record = RunRecord::new(range, 0);
        record.spill_to(store);
        let mut recorder = Recorder::new(0, 1, range);
        let keys = [CellKey { stage: 0, account: 0, label: 0, disturbed: false }];
        for second in 0..seconds {
            let at = Nanos::from_secs(second);
            recorder.tally(0).planned += 1;
            let t =
                Ticket { intended: at, slot_free: at, written: at + Nanos(5), ..Ticket::default() };
            recorder.written(&t);
            recorder.settled(&t, Outcome::Accepted, at + Nanos::from_millis(1 + second % 7));
            let i = recorder.take(second, Gauges::default(), None);
            record.absorb(&i, &keys, &|_| Some(0));
            if second % settled_every == 0 {
                record.settle_rows();
            }
        }
        record.settle_rows();
        record
    }

    #[test]
    fn ten_thousand_seconds_are_kept_in_at_most_3600_rows_and_nothing_is_lost() {
        let record = played(10_000, None, 1_000);
        assert!(record.intervals.len() <= RunRecord::ROWS_MAX);
        let count: u64 = record.intervals.iter().map(|r| r.tally.accepted).sum();
        let seen: u64 = record.intervals.iter().map(|r| r.response.count).sum();
        let covered: u64 = record.intervals.iter().map(|r| r.length.0).sum();
        assert_eq!((count, seen, covered), (10_000, 10_000, 10_000 * 1_000_000_000));
        assert!(record.ledger().balances());
        assert!(record.intervals.windows(2).all(|w| w[0].at + w[0].length == w[1].at));
    }

    /// A store in memory with a limit.
    #[derive(Debug, Default)]
    struct List {
        octets: Mutex<Vec<u8>>,
        free: usize,
        made: Arc<AtomicUsize>,
    }

    impl SpillStore for List {
        fn put(&self, octets: &[u8]) -> Option<u64> {
            let mut all = self.octets.lock().unwrap();
            let offset = all.len();
            (offset + octets.len() <= self.free).then(|| all.extend(octets))?;
            Some(offset as u64)
        }
        fn get(&self, offset: u64, length: usize) -> Option<Vec<u8>> {
            let offset = offset as usize;
            self.octets.lock().unwrap().get(offset..offset + length).map(<[u8]>::to_vec)
        }
        fn fresh(&self) -> Option<Arc<dyn SpillStore>> {
            self.made.fetch_add(1, Ordering::Relaxed);
            Some(Arc::new(List { free: self.free, made: self.made.clone(), ..List::default() }))
        }
    }

    #[test]
    fn spilled_rows_are_the_same_as_rows_in_memory_whatever_the_store_accepts() {
        const SECONDS: u64 = 5_001;
        let rows_of = |record: &RunRecord| -> Vec<_> {
            let rows = record.intervals.iter();
            rows.map(|r| (r.at, r.length, r.response, r.base64(Metric::Response))).collect()
        };
        let wanted = rows_of(&played(SECONDS, None, 1));
        assert!(wanted.iter().all(|row| row.3.is_some()));
        for free in [0, 10_000, usize::MAX] {
            let store = Arc::new(List { free, ..List::default() });
            let record = played(SECONDS, Some(store.clone()), 1);
            assert_eq!(rows_of(&record), wanted, "{free} octets");
            assert_eq!(store.octets.lock().unwrap().is_empty(), free == 0);
            // the merged rows are in a new store
            assert_eq!(store.made.load(Ordering::Relaxed), usize::from(free == usize::MAX));
        }
    }

    #[test]
    fn a_peer_that_drops_sessions_again_and_again_does_not_fill_memory() {
        let range = LatencyRange { max: Nanos::from_secs(3600), digits: 2 };
        let mut record = RunRecord::new(range, 0);
        let mut interval = Interval::new(0, 0, range);
        let outage = |n: u64| Outage {
            session: 0,
            from: Nanos(n),
            to: Some(Nanos(n + 1)),
            cause: DownCause::Closed,
            lost: 0,
            attempts: 1,
        };
        interval.outages = (0..3_000).map(outage).collect();
        (0..5).for_each(|_| record.absorb(&interval, &[], &|_| None));
        assert_eq!(record.outages.len(), RunRecord::OUTAGES_MAX);
        assert_eq!((record.outages_more, record.outages_count()), (5_000, 15_000));
    }
}
