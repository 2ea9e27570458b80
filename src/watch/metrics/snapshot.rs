//! The values of a scrape: sums over the run so far, made once a second on the coordinator's thread.
use crate::kit::Nanos;
use crate::measure::{Counters, Counts, Gauges, Latency, LatencyRange, Metric, Phase, Progress};
use crate::plan::{Arrival, Plan, Schedule};
use crate::watch::observed;
use crate::watch::seconds::last_full_row;

/// Upper bounds of the histograms' buckets, in nanoseconds: 100 µs to an hour, and one without a bound.
pub(super) const BOUNDS_NS: [u64; 20] = [
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
    30_000_000_000,
    60_000_000_000,
    300_000_000_000,
    3_600_000_000_000,
];

/// The exposed distributions.
pub(super) const EXPOSED: [Metric; 5] =
    [Metric::Response, Metric::Service, Metric::Receipt, Metric::HarnessLag, Metric::WriteWait];

/// One distribution as OpenMetrics has them: values between neighbouring bounds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Buckets {
    /// (upper bound in seconds, values above the bound before it and at most this one).
    pub(super) counts: Vec<(f64, u64)>,
    /// Sum of all values, in seconds.
    pub(super) sum_s: f64,
    /// All values.
    pub(super) count: u64,
}

impl Buckets {
    fn of(latency: &Latency) -> Buckets {
        let seen = latency.histogram();
        let mut counts = Vec::with_capacity(BOUNDS_NS.len() + 1);
        let (mut from, mut below) = (0, 0);
        for bound in BOUNDS_NS {
            // values that the histogram cannot tell from a bound count as at most the bound
            let count = if from <= bound { seen.count_between(from, bound) } else { 0 };
            from = seen.next_non_equivalent(bound);
            below += count;
            counts.push((Nanos(bound).as_secs_f64(), count));
        }
        counts.push((f64::INFINITY, latency.count().saturating_sub(below)));
        Buckets { counts, sum_s: latency.sum_ns() as f64 / 1e9, count: latency.count() }
    }
}

/// The run so far.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub(super) name: String,
    pub(super) phase: Phase,
    pub(super) at: Nanos,
    /// The current stage.
    pub(super) stage: Option<String>,
    /// The planned rate now, per second; None: a closed loop, or outside the load.
    pub(super) target_rate: Option<f64>,
    pub(super) tally: Counters,
    pub(super) statuses: Counts<u32>,
    pub(super) by_err: Counts<[u8; 4]>,
    /// Of the last whole second.
    pub(super) gauges: Gauges,
    pub(super) sessions_up: u64,
    pub(super) sessions_planned: u64,
    pub(super) cpu_worst: f64,
    pub(super) receipts_unknown: u64,
    pub(super) mo_received: u64,
    pub(super) deliver_answered: u64,
    pub(super) deliver_refused: u64,
    pub(super) outages: u64,
    pub(super) anomalies: u64,
    /// The latest values of observed series, by `source.series`.
    pub(super) observed: Vec<(String, f64)>,
    /// In the order of [`EXPOSED`].
    pub(super) distributions: Vec<Buckets>,
}

/// Makes snapshots. It keeps the constant values and a distribution for sums.
#[derive(Debug)]
pub(super) struct SnapshotBuilder {
    name: String,
    stages: Vec<String>,
    /// None: the stages make no schedule, and so there is no run.
    schedule: Option<Schedule>,
    scratch: Option<Latency>,
    statuses: Vec<u32>,
    errs: Vec<[u8; 4]>,
}

/// Sums the counts of all cells by the keys in `known`, which grows up to a limit; other keys count as `other`. A key
/// never leaves `known`, so no sum ever shrinks, however many keys a peer invents.
fn totals<'a, K: PartialEq + Clone + 'a>(
    known: &mut Vec<K>,
    cells: impl Iterator<Item = &'a Counts<K>>,
) -> Counts<K> {
    let mut sum = Counts::default();
    for counts in cells {
        for (key, n) in counts.iter() {
            if known.contains(key) {
                sum.add(key, n);
            } else if known.len() < Counts::<K>::KEYS_MAX {
                known.push(key.clone());
                sum.add(key, n);
            } else {
                sum.other += n;
            }
        }
        sum.other += counts.other;
    }
    sum
}

impl SnapshotBuilder {
    pub(super) fn new(plan: &Plan) -> SnapshotBuilder {
        SnapshotBuilder {
            name: plan.name.clone(),
            stages: plan.stages.iter().map(|s| s.name.clone()).collect(),
            // of Poisson arrivals the rate is shown, not each arrival
            schedule: Schedule::new(&plan.stages, Arrival::Constant, plan.seed).ok(),
            scratch: None,
            statuses: Vec::new(),
            errs: Vec::new(),
        }
    }

    /// The snapshot before the run begins.
    pub(super) fn nothing_yet(&self) -> Snapshot {
        Snapshot {
            name: self.name.clone(),
            phase: Phase::Connect,
            at: Nanos::ZERO,
            stage: None,
            target_rate: None,
            tally: Counters::default(),
            statuses: Counts::default(),
            by_err: Counts::default(),
            gauges: Gauges::default(),
            sessions_up: 0,
            sessions_planned: 0,
            cpu_worst: 0.0,
            receipts_unknown: 0,
            mo_received: 0,
            deliver_answered: 0,
            deliver_refused: 0,
            outages: 0,
            anomalies: 0,
            observed: Vec::new(),
            distributions: EXPOSED
                .map(|_| Buckets::of(&Latency::new(LatencyRange::for_deadline(Nanos::ZERO))))
                .to_vec(),
        }
    }

    pub(super) fn snapshot(&mut self, p: &Progress<'_>) -> Snapshot {
        let record = p.record;
        let loading = p.phase == Phase::Load;
        let schedule = self.schedule.as_ref().filter(|_| loading);
        let stage = schedule.and_then(|s| s.stage_at(p.at));
        let mut snapshot = Snapshot {
            phase: p.phase,
            at: p.at,
            stage: stage.and_then(|n| self.stages.get(usize::from(n)).cloned()),
            target_rate: schedule.and_then(|s| s.rate_at(p.at)),
            sessions_up: p.sessions.0,
            sessions_planned: p.sessions.1,
            receipts_unknown: record.receipts_unknown,
            mo_received: record.mo_received,
            deliver_answered: record.deliver_answered,
            deliver_refused: record.deliver_refused,
            outages: record.outages_count(),
            anomalies: record.anomalies.iter().map(|a| a.count).sum(),
            observed: observed::latest(p).into_iter().map(|v| (v.name, v.value)).collect(),
            ..self.nothing_yet()
        };
        if let Some(row) = last_full_row(p) {
            snapshot.gauges = row.gauges;
            snapshot.cpu_worst = row.cpu_worst;
        }
        for (_, cell) in &record.cells {
            snapshot.tally.merge(&cell.tally);
        }
        let cells = || record.cells.iter().map(|(_, cell)| cell);
        snapshot.statuses = totals(&mut self.statuses, cells().map(|c| &c.statuses));
        snapshot.by_err = totals(&mut self.errs, cells().map(|c| &c.by_err));
        let sum = self.scratch.get_or_insert_with(|| Latency::new(record.range));
        for (metric, buckets) in EXPOSED.into_iter().zip(&mut snapshot.distributions) {
            sum.clear();
            for (_, cell) in &record.cells {
                sum.merge(cell.metric(metric));
            }
            *buckets = Buckets::of(sum);
        }
        snapshot
    }
}
