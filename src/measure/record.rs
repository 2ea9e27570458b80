//! The record of a run: the sum of all intervals of all workers. Plain data; what it means is `judge`'s business.
use super::cell::CellInterval;
use super::counters::{Counters, Counts};
use super::cut::CutReason;
use super::failed::{FAILED_MAX, MissingReceipt, Rejection};
use super::fleet::FleetRecord;
use super::interval::{
    Anomaly, Exchange, Interval, Messages, Outage, SessionRecord, merge_anomalies,
};
use super::latency::{Latency, LatencyRange};
use super::load::WorkerLoad;
use super::metric::Metric;
use super::row::{IntervalRow, OpenRow};
use super::shelf::Shelf;
use crate::kit::{Nanos, RateChange};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a cell stands for: numbers into the plan's stages, accounts and messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CellKey {
    /// Stage.
    pub stage: u16,
    /// Account.
    pub account: u16,
    /// Message label.
    pub label: u16,
}

/// Everything measured in a run. A clone shares the rows until one of the two changes them.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// Wall clock at the start of the load, nanoseconds since 1970.
    pub started_wall_ns: u64,
    /// From the start of the load to its end (the last stage's end, or the interruption).
    pub load_ended: Nanos,
    /// From the start of the load to the last event.
    pub ended: Nanos,
    /// None: the plan was carried out.
    pub cut_reason: Option<CutReason>,
    /// One for each cell in which anything happened.
    pub cells: Vec<(CellKey, CellInterval)>,
    /// By second.
    pub intervals: Arc<Vec<IntervalRow>>,
    /// Bind, enquire_link, deliver_ack.
    pub whole: Vec<Latency>,
    /// Receipt time by message_state (10: any other), to two digits.
    pub receipt_by_state: Vec<Latency>,
    /// Gaps between writes.
    pub send_gaps: Latency,
    /// Per worker.
    pub workers: Vec<WorkerLoad>,
    /// Per session.
    pub sessions: Vec<SessionRecord>,
    /// By kind.
    pub anomalies: Vec<Anomaly>,
    /// Sessions that were down, the first [`RunRecord::OUTAGES_MAX`] times.
    pub outages: Vec<Outage>,
    /// Further times, which are only counted.
    pub outages_more: u64,
    /// Responses that no open request owns.
    pub unknown_responses: u64,
    /// Final receipts that no message owns.
    pub receipts_unknown: u64,
    /// Receipts of an earlier run.
    pub receipts_previous_run: u64,
    /// Ids given twice, by the sessions they were given on: first, then again.
    pub ids_given_twice: Counts<(u32, u32)>,
    /// Mobile-originated messages received.
    pub mo_received: u64,
    /// Of those, with the text of a receipt.
    pub mo_like_receipts: u64,
    /// deliver_sm answered.
    pub deliver_answered: u64,
    /// … with a status other than 0.
    pub deliver_refused: u64,
    /// deliver_sm that had come before.
    pub redelivered: u64,
    /// Whole messages, where some have several parts.
    pub messages: Messages,
    /// Exchanges of failed messages, where they were asked for.
    pub exchanges: Vec<Exchange>,
    /// The first submit_sm that were rejected, at most [`FAILED_MAX`], by time once the run is over.
    pub rejections: Vec<Rejection>,
    /// The first receipts that did not come, likewise.
    pub missing: Vec<MissingReceipt>,
    /// Changes of the rate by hand, in order.
    pub rate_changes: Vec<RateChange>,
    /// Where receipts were missing and unknown at once: of so many sampled receipts …
    pub ids_sampled: u64,
    /// … each id rule would have matched so many.
    pub id_modes: Vec<(String, u64)>,
    /// The machines, where there were several.
    pub fleet: Option<FleetRecord>,
    /// Distributions' range.
    pub range: LatencyRange,
    open: Vec<OpenRow>,
    /// For the distributions of rows that have closed; None: they stay in memory.
    shelf: Option<Arc<dyn Shelf>>,
}

impl RunRecord {
    /// Rows kept; beyond, neighbours are merged, openly: their `length` says so.
    pub const ROWS_MAX: usize = 3_600;
    /// Outages kept; a peer chooses how many there are.
    pub const OUTAGES_MAX: usize = 10_000;
    /// Rows younger than so many stay in memory: they are read again and again.
    const YOUNG_ROWS: usize = 16;
    /// Seconds kept open for workers that report late.
    const OPEN_ROWS: usize = 4;

    /// Nothing yet.
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
            ids_sampled: 0,
            id_modes: Vec::new(),
            fleet: None,
            range,
            open: Vec::new(),
            shelf: None,
        }
    }

    /// Adds one worker's interval. `keys` names the cells; `stage_at` tells the stage that was on at a time.
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
        let room = Self::OUTAGES_MAX.saturating_sub(self.outages.len());
        self.outages.extend(interval.outages.iter().take(room).cloned());
        self.outages_more += interval.outages.len().saturating_sub(room) as u64;
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
        let room = FAILED_MAX.saturating_sub(self.rejections.len());
        self.rejections.extend(interval.rejections.iter().take(room).cloned());
        let room = FAILED_MAX.saturating_sub(self.missing.len());
        self.missing.extend(interval.missing.iter().take(room).cloned());
        for used in interval.used() {
            let worker = used.worker as usize;
            while self.workers.len() <= worker {
                let worker = self.workers.len() as u32;
                self.workers.push(WorkerLoad::new(worker));
            }
            self.workers[worker].add(&used);
        }
    }

    fn row(
        &mut self,
        at: Nanos,
        stage_at: &dyn Fn(Nanos) -> Option<u16>,
    ) -> (&mut IntervalRow, &mut OpenRow) {
        let place = self.intervals.iter().rposition(|r| r.at <= at);
        let found = place.filter(|&p| at < self.intervals[p].at + self.intervals[p].length);
        let index = found.unwrap_or_else(|| {
            let index = place.map_or(0, |p| p + 1);
            let rows = Arc::make_mut(&mut self.intervals);
            if rows.len() == rows.capacity() {
                // once for all: a list that is copied when it grows is there twice for a moment
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

    fn close(&mut self, open: &OpenRow) {
        let rows = Arc::make_mut(&mut self.intervals);
        if let Some(row) = rows.iter_mut().rfind(|r| r.at == open.at) {
            open.close(row);
        }
    }

    /// Brings the figures of the seconds that are still filling up to date, and keeps the rows within
    /// [`RunRecord::ROWS_MAX`]. Call it before reading `intervals`.
    pub fn settle_rows(&mut self) {
        for open in std::mem::take(&mut self.open) {
            self.close(&open);
        }
        while self.intervals.len() > Self::ROWS_MAX {
            self.coarsen();
        }
        self.shelve();
    }

    /// Gives the record a place outside memory for the distributions of rows that have closed.
    pub fn keep_on(&mut self, shelf: Option<Arc<dyn Shelf>>) {
        self.shelf = shelf;
    }

    /// Moves the distributions of rows that have closed out of memory. A shelf that refuses is not asked again.
    fn shelve(&mut self) {
        let Some(shelf) = &self.shelf else { return };
        let rows = Arc::make_mut(&mut self.intervals);
        let old = rows.len().saturating_sub(Self::YOUNG_ROWS);
        if !rows[..old].iter_mut().all(|row| row.put_on(shelf)) {
            self.shelf = None;
        }
    }

    fn coarsen(&mut self) {
        let coarse = LatencyRange { max: self.range.max, digits: 2 };
        let mut merged: Vec<IntervalRow> = Vec::with_capacity(Self::ROWS_MAX + 1);
        // what lies on the old shelf is in nobody's way once it is merged
        self.shelf = self.shelf.as_ref().and_then(|shelf| shelf.fresh());
        for pair in self.intervals.chunks(2) {
            let mut row = pair[0].clone();
            if let [first, second] = pair {
                let mut open = OpenRow::of(first, coarse);
                open.merge(&OpenRow::of(second, coarse));
                row.absorb(second);
                open.close(&mut row);
            } else {
                row.take_back();
            }
            if let Some(shelf) = &self.shelf {
                row.put_on(shelf);
            }
            merged.push(row);
        }
        self.intervals = Arc::new(merged);
    }

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

    /// Time from the start of the load that the record holds so far: the whole seconds that the workers have
    /// reported, their mean where some are ahead of others.
    pub fn held(&self) -> Nanos {
        let seconds: u64 = self.workers.iter().map(|w| w.seconds).sum();
        Nanos(seconds * crate::kit::NS_PER_S / self.workers.len().max(1) as u64)
    }

    /// Until when every worker that has reported has done so: what is later is a part of the whole.
    pub fn reported_by_all(&self) -> Nanos {
        self.workers.iter().map(|w| Nanos::from_secs(w.seconds)).min().unwrap_or(Nanos::MAX)
    }

    /// The sum of the cells that `wanted` picks.
    pub fn sum(&self, wanted: impl Fn(&CellKey) -> bool) -> CellInterval {
        let mut sum = CellInterval::new(self.range);
        for (key, cell) in &self.cells {
            if wanted(key) {
                sum.merge(cell);
            }
        }
        sum
    }

    /// How many times a session was down.
    pub fn outages_count(&self) -> u64 {
        self.outages.len() as u64 + self.outages_more
    }

    /// Counters over the whole run.
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

    /// So many seconds of one message each.
    fn played(seconds: u64, shelf: Option<Arc<dyn Shelf>>, settled_every: u64) -> RunRecord {
        let range = LatencyRange { max: Nanos::from_secs(3600), digits: 2 };
        let mut record = RunRecord::new(range, 0);
        record.keep_on(shelf);
        let mut recorder = Recorder::new(0, 1, range);
        let keys = [CellKey { stage: 0, account: 0, label: 0 }];
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

    /// Octets in a list, of which it takes no more than so many.
    #[derive(Debug, Default)]
    struct List {
        octets: Mutex<Vec<u8>>,
        room: usize,
        made: Arc<AtomicUsize>,
    }

    impl Shelf for List {
        fn put(&self, octets: &[u8]) -> Option<u64> {
            let mut all = self.octets.lock().unwrap();
            let place = all.len();
            (place + octets.len() <= self.room).then(|| all.extend(octets))?;
            Some(place as u64)
        }
        fn get(&self, place: u64, length: usize) -> Option<Vec<u8>> {
            let place = place as usize;
            self.octets.lock().unwrap().get(place..place + length).map(<[u8]>::to_vec)
        }
        fn fresh(&self) -> Option<Arc<dyn Shelf>> {
            self.made.fetch_add(1, Ordering::Relaxed);
            Some(Arc::new(List { room: self.room, made: self.made.clone(), ..List::default() }))
        }
    }

    #[test]
    fn rows_on_a_shelf_are_the_same_as_rows_in_memory_whatever_the_shelf_takes() {
        const SECONDS: u64 = 5_001;
        let kept = |record: &RunRecord| -> Vec<_> {
            let rows = record.intervals.iter();
            rows.map(|r| (r.at, r.length, r.response, r.base64(Metric::Response))).collect()
        };
        let wanted = kept(&played(SECONDS, None, 1));
        assert!(wanted.iter().all(|row| row.3.is_some()));
        for room in [0, 10_000, usize::MAX] {
            let shelf = Arc::new(List { room, ..List::default() });
            let record = played(SECONDS, Some(shelf.clone()), 1);
            assert_eq!(kept(&record), wanted, "room for {room}");
            assert_eq!(shelf.octets.lock().unwrap().is_empty(), room == 0);
            // the rows that were merged lie on another one
            assert_eq!(shelf.made.load(Ordering::Relaxed), usize::from(room == usize::MAX));
        }
    }

    #[test]
    fn a_peer_that_drops_sessions_again_and_again_fills_no_memory_with_it() {
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
