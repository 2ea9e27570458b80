//! The values of the live view, copied from the record once a second on the coordinator's thread: the last seconds,
//! sums of the run, and the harness so far. Costly work is left to the view's thread.
use crate::judge::{HealthState, is_measured, limits};
use crate::kit::Nanos;
use crate::measure::{
    Counters, Counts, Gauges, IntervalRow, Latency, LatencyRange, Metric, Outage, Phase, Progress,
    RunRecord,
};
use crate::plan::{Arrival, Plan, Schedule, Shape};
use crate::watch::seconds::last_full_row;

/// Most seconds that the view draws.
pub(super) const SECONDS_MAX: usize = 240;
/// The time that percentiles cover.
const RECENT: Nanos = Nanos::from_secs(5);
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

/// The harness so far, over the measured stages.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Harness {
    /// None: nothing was measured yet.
    pub(super) state: Option<HealthState>,
    /// None in a closed loop.
    pub(super) adherence: Option<f64>,
    /// None in a closed loop.
    pub(super) lag_p99: Option<Nanos>,
    /// The busiest worker's share of its core.
    pub(super) cpu: Option<f64>,
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
    /// Length of `recent`.
    pub(super) recent_length: Nanos,
    pub(super) range: LatencyRange,
    pub(super) gauges: Gauges,
    /// Sums of the run, like `statuses`.
    pub(super) tally: Counters,
    pub(super) statuses: Counts<u32>,
    pub(super) harness: Harness,
    /// The last ones, oldest first.
    pub(super) outages: Vec<Outage>,
    /// Percent of the plan's rate in force.
    pub(super) percent: u32,
    pub(super) cut_reason: Option<String>,
}

/// Makes snapshots.
#[derive(Debug)]
pub(super) struct SnapshotBuilder {
    plan: Plan,
    /// None: the stages make no schedule, and so there is no run.
    schedule: Option<Schedule>,
    lag: Option<Latency>,
    response: Option<Latency>,
}

impl SnapshotBuilder {
    pub(super) fn new(plan: &Plan) -> SnapshotBuilder {
        SnapshotBuilder {
            plan: plan.clone(),
            // of Poisson arrivals the rate is shown, not each arrival
            schedule: Schedule::new(&plan.stages, Arrival::Constant, plan.seed).ok(),
            lag: None,
            response: None,
        }
    }

    pub(super) fn snapshot(&mut self, p: &Progress<'_>, taken: Nanos) -> Snapshot {
        let record = p.record;
        let harness = self.harness(record);
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
            recent_length,
            range: record.range,
            gauges: last_full_row(p).map_or_else(Gauges::default, |row| row.gauges),
            tally,
            statuses,
            harness,
            outages: record.outages[told..].to_vec(),
            percent: percent_at(record, p.at),
            cut_reason: record.cut_reason.as_ref().map(ToString::to_string),
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

    /// The harness as [`crate::judge::Health`] judges it at the end, without the host's counters and unsent messages.
    fn harness(&mut self, record: &RunRecord) -> Harness {
        let cpu = self.busiest(record);
        let plan = &self.plan;
        let closed = plan.stages.iter().any(|s| s.measure && s.shape == Shape::Max);
        let scheduled = !plan.stages.is_empty() && !closed;
        let lag = self.lag.get_or_insert_with(|| Latency::new(record.range));
        let response = self.response.get_or_insert_with(|| Latency::new(record.range));
        lag.clear();
        response.clear();
        let (mut written, mut on_time) = (0, 0);
        for (_, cell) in record.cells.iter().filter(|(key, _)| is_measured(plan, key)) {
            written += cell.tally.written;
            on_time += cell.tally.on_time;
            if scheduled {
                lag.merge(cell.metric(Metric::HarnessLag));
                response.merge(cell.metric(Metric::Response));
            }
        }
        if written == 0 {
            return Harness::default();
        }
        let adherence = scheduled.then(|| on_time as f64 / written as f64);
        let lag_p99 = lag.quantile(0.99);
        let spins = plan.load.precise || plan.load.busy_poll;
        let mut state = HealthState::Valid;
        let mut worse = |bad: bool, to: HealthState| {
            if bad {
                state = state.max(to);
            }
        };
        if let Some(adherence) = adherence {
            worse(adherence < limits::ADHERENCE_DEGRADED, HealthState::Degraded);
            worse(adherence < limits::ADHERENCE_INVALID, HealthState::Invalid);
        }
        if let Some(lag) = lag_p99 {
            let p50 = response.quantile(0.5).or_else(|| response.quantile_at_least(0.5));
            let (degraded, invalid) = limits::lag(p50);
            worse(lag.0 as f64 > degraded, HealthState::Degraded);
            worse(lag.0 as f64 > invalid, HealthState::Invalid);
        }
        worse(!spins && cpu.is_some_and(|c| c > limits::CPU), HealthState::Degraded);
        Harness { state: Some(state), adherence, lag_p99, cpu }
    }

    /// The busiest worker's mean share of its core over the measured seconds.
    fn busiest(&self, record: &RunRecord) -> Option<f64> {
        let measured = |second: u64| {
            let at = Nanos::from_secs(second);
            self.plan.stages.is_empty()
                || self
                    .schedule
                    .as_ref()
                    .and_then(|s| s.stage_at(at))
                    .is_some_and(|n| self.plan.stages[usize::from(n)].measure)
        };
        let shares = record.workers.iter().map(|worker| {
            let steps = worker.cpu_ns.iter().enumerate();
            let in_stages = steps.filter(|(n, _)| measured(*n as u64 * worker.step_s()));
            let (count, used) = in_stages.fold((0, 0), |(n, sum), (_, ns)| (n + 1, sum + ns));
            used as f64 / 1e9 / (count * worker.step_s()).max(1) as f64
        });
        shares.max_by(f64::total_cmp).filter(|share| *share > 0.0)
    }
}

/// The percentage of the plan's rate after the operator's last change before `at`.
fn percent_at(record: &RunRecord, at: Nanos) -> u32 {
    // a change is scheduled slightly ahead
    let until = at + Nanos::from_millis(100);
    record.rate_changes.iter().rev().find(|c| c.at <= until).map_or(100, |c| c.percent)
}
