//! The values of the live view, copied from the record once a second on the coordinator's thread: the last seconds,
//! sums of the run, and its judgement so far. Costly work is left to the view's thread.
use crate::judge::SoFar;
use crate::kit::Nanos;
use crate::measure::{
    Counters, Counts, Gauges, IntervalRow, LatencyRange, Metric, Outage, Phase, Progress, RunRecord,
};
use crate::plan::{Arrival, Plan, Schedule};
use crate::watch::observed::{self, LatestValue};
use crate::watch::seconds::last_full_row;
use std::sync::Arc;

/// Most seconds that the view draws.
pub(super) const SECONDS_MAX: usize = 240;
/// The time that percentiles cover.
const RECENT: Nanos = Nanos::from_secs(5);
/// A judgement takes at most one part in so many of the coordinator's time.
const JUDGE_SHARE: u64 = 100;
/// Most outages shown one by one.
const OUTAGES_MAX: usize = 8;

/// The rates of one second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Second {
    /// None in a closed loop and after the load.
    pub(super) target: Option<f64>,
    pub(super) sent: f64,
    pub(super) accepted: f64,
    pub(super) receipts: f64,
    pub(super) times: Times,
}

/// p50 and p99 of one second, in nanoseconds. None: no value, or one among messages without an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Times {
    pub(super) response: [Option<u64>; 2],
    pub(super) receipt: [Option<u64>; 2],
}

impl Times {
    fn of(row: &IntervalRow) -> Times {
        let both = |metric: Metric| {
            row.summary(metric).map_or([None; 2], |brief| [brief.p50(), brief.p99()])
        };
        Times { response: both(Metric::Response), receipt: both(Metric::Receipt) }
    }
}

/// The run so far.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    /// Real time at which it was taken.
    pub(super) taken: Nanos,
    pub(super) phase: Phase,
    pub(super) at: Nanos,
    pub(super) load_ends: Nanos,
    pub(super) sessions: (u64, u64),
    /// Oldest first.
    pub(super) seconds: Vec<Second>,
    /// The last seconds, newest first.
    pub(super) recent: Vec<IntervalRow>,
    pub(super) range: LatencyRange,
    pub(super) gauges: Gauges,
    /// Sums of the run, like `statuses`.
    pub(super) tally: Counters,
    pub(super) statuses: Counts<u32>,
    /// None: nothing was measured yet.
    pub(super) judged: Option<Arc<SoFar>>,
    /// The last ones, oldest first.
    pub(super) outages: Vec<Outage>,
    /// Percent of the plan's rate in force.
    pub(super) percent: u32,
    pub(super) cut_reason: Option<String>,
    /// The latest values of what is observed.
    pub(super) observed: Vec<LatestValue>,
}

impl Snapshot {
    /// Length of the last seconds together.
    pub(super) fn recent_length(&self) -> Nanos {
        self.recent.iter().fold(Nanos::ZERO, |sum, row| sum + row.length)
    }
}

/// Makes snapshots.
#[derive(Debug)]
pub(super) struct SnapshotBuilder {
    plan: Plan,
    /// None: the stages make no schedule, and so there is no run.
    schedule: Option<Schedule>,
    judged: Option<Arc<SoFar>>,
    /// No judgement before this time.
    judge_from: Nanos,
}

impl SnapshotBuilder {
    pub(super) fn new(plan: &Plan) -> SnapshotBuilder {
        SnapshotBuilder {
            plan: plan.clone(),
            // of Poisson arrivals the rate is shown, not each arrival
            schedule: Schedule::new(&plan.stages, Arrival::Constant, plan.seed).ok(),
            judged: None,
            judge_from: Nanos::ZERO,
        }
    }

    pub(super) fn snapshot(&mut self, p: &Progress<'_>, taken: Nanos) -> Snapshot {
        let record = p.record;
        if taken >= self.judge_from {
            let judged = SoFar::of(&self.plan, record);
            self.judged = judged.has_begun().then(|| Arc::new(judged));
            self.judge_from = taken;
        }
        let full = || record.intervals.iter().filter(|row| row.at + row.length <= p.at);
        let skipped = full().count().saturating_sub(SECONDS_MAX);
        let mut recent = Vec::new();
        let mut recent_length = Nanos::ZERO;
        for row in full().rev() {
            if recent_length >= RECENT {
                break;
            }
            recent_length += row.length;
            recent.push(row.clone());
        }
        let mut tally = Counters::default();
        let mut statuses = Counts::default();
        for (_, cell) in &record.cells {
            tally.merge(&cell.tally);
            statuses.merge(&cell.statuses);
        }
        let told = record.outages.len().saturating_sub(OUTAGES_MAX);
        Snapshot {
            taken,
            phase: p.phase,
            at: p.at,
            load_ends: p.load_ends,
            sessions: p.sessions,
            seconds: full().skip(skipped).map(|row| self.second(row, p)).collect(),
            recent,
            range: record.range,
            gauges: last_full_row(p).map_or_else(Gauges::default, |row| row.gauges),
            tally,
            statuses,
            judged: self.judged.clone(),
            outages: record.outages[told..].to_vec(),
            percent: percent_at(record, p.at),
            cut_reason: record.cut_reason.as_ref().map(ToString::to_string),
            observed: observed::latest(p),
        }
    }

    /// Records that the last snapshot took `cost`. A judgement of a long run is costly: the next one waits until its share
    /// of the coordinator's time is small.
    pub(super) fn took(&mut self, taken: Nanos, cost: Nanos) {
        if self.judge_from == taken {
            self.judge_from = taken + Nanos(cost.0 * JUDGE_SHARE);
        }
    }

    fn second(&self, row: &IntervalRow, p: &Progress<'_>) -> Second {
        let length = row.length.as_secs_f64().max(1e-9);
        let a_second = |n: u64| n as f64 / length;
        let middle = row.at + Nanos(row.length.0 / 2);
        let loading = middle < p.load_ends;
        let planned = self.schedule.as_ref().filter(|_| loading).and_then(|s| s.rate_at(middle));
        let share = f64::from(percent_at(p.record, middle)) / 100.0;
        Second {
            target: planned.map(|rate| rate * share),
            sent: a_second(row.tally.written),
            accepted: a_second(row.tally.accepted),
            receipts: a_second(row.tally.receipts_final),
            times: Times::of(row),
        }
    }
}

/// The percentage of the plan's rate after the operator's last change before `at`.
fn percent_at(record: &RunRecord, at: Nanos) -> u32 {
    // a change is scheduled slightly ahead
    let until = at + Nanos::from_millis(100);
    record.rate_changes.iter().rev().find(|c| c.at <= until).map_or(100, |c| c.percent)
}
