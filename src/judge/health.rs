//! Was the harness fit to measure (docs/verdict.md, "Was the harness fit")? It looks only at the tool and its machine,
//! never at how well the SMSC did.
pub mod limits;

use super::check::{About, Check, Unit};
use super::measured::Measured;
use crate::kit::{HostUse, Nanos};
use crate::measure::{Metric, RunRecord};
use crate::plan::Plan;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far the harness can be trusted.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// It kept up.
    Valid,
    /// It kept up, with something to know.
    Degraded,
    /// It did not keep up: no headline.
    Invalid,
}

impl HealthState {
    /// As result.json spells it.
    pub const fn name(self) -> &'static str {
        match self {
            HealthState::Valid => "valid",
            HealthState::Degraded => "degraded",
            HealthState::Invalid => "invalid",
        }
    }
}

/// The second with the smallest share of messages sent on time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorstSecond {
    /// Its start, from the start of the load.
    pub at_s: f64,
    /// Share sent on time.
    pub adherence: f64,
}

/// The harness over all measured stages (docs/verdict.md, "Was the harness fit"). null: it does not apply, or is
/// unknown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// The conclusion from all checks.
    pub state: HealthState,
    /// Sent on time / scheduled; null in closed loop.
    pub adherence: Option<f64>,
    /// Messages not sent on time.
    #[serde(skip)]
    pub late: u64,
    /// The worst measured second.
    pub worst_second: Option<WorstSecond>,
    /// harness_lag: median.
    #[serde(rename = "lag_p50_ns")]
    pub lag_p50: Option<Nanos>,
    /// harness_lag: 99th percentile.
    #[serde(rename = "lag_p99_ns")]
    pub lag_p99: Option<Nanos>,
    /// harness_lag: largest.
    #[serde(rename = "lag_max_ns")]
    pub lag_max: Option<Nanos>,
    /// Busiest worker's share of its core over the measured seconds.
    pub cpu_max: Option<f64>,
    /// Busiest worker in its busiest measured second.
    pub cpu_worst_second: Option<f64>,
    /// Worst worker's share of time ready and without a core.
    pub run_delay_max: Option<f64>,
    /// Busiest worker's share of time on its core or without one: never idle from 1 on.
    pub busy_max: Option<f64>,
    /// Share of time in which the worst worker's loop was blocked for more than 1 ms at once.
    pub held_max: Option<f64>,
    /// Longest turn of any worker's loop.
    #[serde(rename = "loop_max_ns")]
    pub loop_max: Option<Nanos>,
    /// Written / scheduled, without what waited for the SMSC.
    pub achieved: Option<f64>,
    /// Standard deviation of the gaps between writes over their mean.
    pub send_gap_spread: Option<f64>,
    /// Share of time throttled by the control group.
    pub throttled: Option<f64>,
    /// Share of processor time that the hypervisor gave to others.
    pub steal: Option<f64>,
    /// The checks, each with its limit.
    #[serde(skip)]
    pub checks: Vec<Check>,
}

impl Health {
    /// Whether a headline may be printed.
    pub fn allows_headline(&self) -> bool {
        self.state != HealthState::Invalid
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|c| c.failed())
    }

    /// Judges the harness over the measured part of a run.
    pub fn of(plan: &Plan, record: &RunRecord, measured: &Measured, host: &HostUse) -> Health {
        let scheduled = measured.sends && !measured.closed;
        let lag = measured.latency(Metric::HarnessLag);
        let lag_at = |q: f64| if scheduled { lag.quantile(q) } else { None };
        let cpu = worker_use(record, measured, |w, second| w.in_second(&w.cpu_ns, second));
        let delay = worker_use(record, measured, |w, second| w.in_second(&w.run_delay_ns, second));
        let busy = worker_use(record, measured, |w, second| {
            Some(w.in_second(&w.cpu_ns, second)? + w.in_second(&w.run_delay_ns, second)?)
        });
        let held = worker_use(record, measured, |w, second| w.in_second(&w.held_ns, second));
        let gaps = &record.send_gaps;
        let bound = on_time_within(measured);
        let on_time_count = on_time_count(record, measured, bound).filter(|_| scheduled);
        // a second only counts messages later than the smallest bound
        let by_second = scheduled && bound <= limits::LAG_FLOOR;
        let mut health = Health {
            state: HealthState::Valid,
            adherence: on_time_count.map(OnTimeCount::adherence),
            late: on_time_count.map_or(0, |p| p.all - p.on_time),
            worst_second: if by_second { worst_second(record, measured) } else { None },
            lag_p50: lag_at(0.5),
            lag_p99: lag_at(0.99),
            lag_max: if scheduled { lag.max() } else { None },
            cpu_max: cpu.map(|u| u.0),
            cpu_worst_second: cpu.map(|u| u.1),
            run_delay_max: delay.map(|u| u.0),
            loop_max: record.workers.iter().map(|w| Nanos(w.loop_max_ns)).max().filter(|n| n.0 > 0),
            busy_max: busy.map(|u| u.0),
            held_max: held.map(|u| u.0),
            achieved: if scheduled { achieved(record, measured) } else { None },
            send_gap_spread: gaps
                .mean()
                .filter(|m| *m > 0.0)
                .and_then(|mean| gaps.stddev().map(|s| s / mean)),
            throttled: host.throttled,
            steal: host.steal,
            checks: Vec::new(),
        };
        let spins = plan.load.precise || plan.load.busy_poll;
        health.judge_sending(measured);
        health.judge_machine(spins);
        if scheduled {
            health.judge_reading(measured, bound);
        }
        health.judge_agents(record);
        if scheduled && !spins && on_pace(record, measured).is_some_and(|p| p < limits::ON_PACE) {
            health.judge_idleness();
        }
        health
    }

    /// Adds a check. If it failed, the harness is at best in `state`.
    fn add(&mut self, check: Check, state: HealthState) {
        if check.failed() {
            self.state = self.state.max(state);
        }
        self.checks.push(check.with_subject(About::Harness));
    }

    /// Whether the messages were sent on time.
    fn judge_sending(&mut self, measured: &Measured) {
        let many = self.late >= limits::LATE_MIN;
        if let Some(adherence) = self.adherence {
            let (state, limit) = if adherence < limits::ADHERENCE_INVALID && many {
                (HealthState::Invalid, limits::ADHERENCE_INVALID)
            } else {
                (HealthState::Degraded, limits::ADHERENCE_DEGRADED)
            };
            let mut check = Check::ratio_at_least("adherence", Some(adherence), limit);
            check.note = self.worst_second.map(|WorstSecond { at_s, adherence }| {
                format!("worst second {} at {at_s:.0} s", Unit::Ratio.show(adherence))
            });
            self.add(check, state);
        }
        if let Some(lag) = self.lag_p99.map(|lag| lag.0 as f64) {
            let (degraded, invalid) = limits::lag(response_p50(measured));
            let (state, limit) = if lag > invalid && many {
                (HealthState::Invalid, invalid)
            } else {
                (HealthState::Degraded, degraded)
            };
            self.add(Check::at_most("harness_lag.p99", Some(lag), limit, Unit::Nanoseconds), state);
        }
    }

    /// Whether the machine left the workers enough time, and the harness wrote what was scheduled.
    fn judge_machine(&mut self, spins: bool) {
        let cpu = self.cpu_max.filter(|_| !spins);
        let (delay, throttled, steal) = (self.run_delay_max, self.throttled, self.steal);
        for (name, value, limit, note) in [
            ("worker_processor", cpu, limits::CPU, "the busiest worker of its core"),
            ("run_queue_delay", delay, limits::RUN_DELAY, "a worker was ready and had no core"),
            ("cgroup_throttled", throttled, limits::THROTTLED, "stopped by its quota"),
            ("steal", steal, limits::STEAL, "taken by the hypervisor"),
        ] {
            if value.is_some() {
                let check = Check::at_most(name, value, limit, Unit::Ratio).with_note(note);
                self.add(check, HealthState::Degraded);
            }
        }
        if let Some(achieved) = self.achieved {
            let lost = achieved < limits::ADHERENCE_INVALID;
            let state = if lost { HealthState::Invalid } else { HealthState::Degraded };
            self.add(
                Check::ratio_at_least("achieved_of_target", Some(achieved), limits::ACHIEVED),
                state,
            );
        }
    }

    /// A blocked loop reads late: service time and window wait then contain its own pauses, and no lag shows them.
    /// Pauses shorter than what is on time for a send do not count. Neither do so few late reads as would not make
    /// late sends invalid.
    fn judge_reading(&mut self, measured: &Measured, on_time: Nanos) {
        let Some(mut held) = self.held_max else { return };
        if self.loop_max.is_some_and(|longest| longest <= on_time) {
            held = 0.0;
        }
        let read_late = held * measured.tally().answered() as f64;
        let many = read_late >= limits::LATE_MIN as f64;
        let (state, limit) = if held > limits::HELD_INVALID && many {
            (HealthState::Invalid, limits::HELD_INVALID)
        } else {
            (HealthState::Degraded, limits::HELD_DEGRADED)
        };
        let check = Check::at_most("loop_held_up", Some(held), limit, Unit::Ratio)
            .with_note("for more than 1 ms at once: answers were read late");
        self.add(check, state);
    }

    /// The load and the figures of a lost agent are missing: at best degraded.
    fn judge_agents(&mut self, record: &RunRecord) {
        let Some(fleet) = &record.fleet else { return };
        let lost = fleet.agents.iter().filter(|agent| agent.lost.is_some()).count();
        let check = Check::at_most("agents_lost", Some(lost as f64), 0.0, Unit::Count);
        self.add(check.with_note("of the fleet"), HealthState::Degraded);
    }

    /// A load that falls behind while a worker has no time left was limited by the harness, even if a window was full.
    fn judge_idleness(&mut self) {
        if self.busy_max.is_some() {
            let check = Check::at_most("worker_busy", self.busy_max, limits::BUSY, Unit::Ratio)
                .with_note("time busy or waiting for a core, while the load fell behind");
            self.add(check, HealthState::Invalid);
        }
    }
}

/// How late a message may be and still count as on time: a share of the response time, at least the floor.
fn on_time_within(measured: &Measured) -> Nanos {
    let share = response_p50(measured).map_or(0.0, |p50| p50.0 as f64 * limits::LAG_DEGRADED);
    Nanos(share as u64).max(limits::LAG_FLOOR)
}

fn response_p50(measured: &Measured) -> Option<Nanos> {
    let response = measured.latency(Metric::Response);
    response.quantile(0.5).or_else(|| response.quantile_at_least(0.5))
}

/// Sent on time of what was scheduled. What was never sent because the SMSC left no slot or no
/// connection is not the harness's lateness, and is left out; any other unsent message counts as late.
#[derive(Clone, Copy)]
struct OnTimeCount {
    on_time: u64,
    all: u64,
}

impl OnTimeCount {
    fn adherence(self) -> f64 {
        self.on_time as f64 / self.all as f64
    }
}

fn on_time_count(record: &RunRecord, measured: &Measured, bound: Nanos) -> Option<OnTimeCount> {
    let t = measured.tally();
    let all = t.written + unsent_by_us(record, measured);
    // counted as they were written, within the least bound; beyond it the distribution tells
    let lag = measured.latency(Metric::HarnessLag);
    let within = lag.share_at_most(bound).unwrap_or(0.0) * t.written as f64;
    let on_time = t.on_time.max(within.round() as u64).min(all);
    (all > 0).then_some(OnTimeCount { on_time, all })
}

fn achieved(record: &RunRecord, measured: &Measured) -> Option<f64> {
    let t = measured.tally();
    let ours = t.written + unsent_by_us(record, measured);
    (ours > 0).then(|| t.written as f64 / ours as f64)
}

/// Written of what the schedule wanted, in the measured seconds themselves: the drain does not count.
fn on_pace(record: &RunRecord, measured: &Measured) -> Option<f64> {
    let (mut written, mut seconds) = (0, 0.0);
    for row in measured.rows(record) {
        written += row.tally.written;
        seconds += row.length.as_secs_f64();
    }
    let wanted = measured.target? * seconds;
    (wanted > 0.0).then(|| written as f64 / wanted)
}

fn unsent_by_us(record: &RunRecord, measured: &Measured) -> u64 {
    const WINDOW_FULL_MIN: f64 = 0.01;
    let window_was_full = measured.window_full.is_some_and(|share| share >= WINDOW_FULL_MIN);
    let connections_failed = !record.outages.is_empty() || record.ledger().lost > 0;
    if window_was_full || connections_failed { 0 } else { measured.tally().unsent }
}

fn worst_second(record: &RunRecord, measured: &Measured) -> Option<WorstSecond> {
    measured
        .rows(record)
        .filter(|row| row.tally.written > 0)
        .map(|row| {
            let share = row.tally.on_time as f64 / row.tally.written as f64;
            WorstSecond { at_s: row.at.as_secs_f64(), adherence: share.min(1.0) }
        })
        .min_by(|a, b| a.adherence.total_cmp(&b.adherence))
}

/// (mean over the measured seconds, worst second) of the worker that used most, as a share of time.
/// None where no worker reported any use (a virtual clock).
fn worker_use(
    record: &RunRecord,
    measured: &Measured,
    used: impl Fn(&crate::measure::WorkerLoad, usize) -> Option<u64>,
) -> Option<(f64, f64)> {
    // a run may hold a great many seconds: they are gone through, not gathered
    let seconds = || {
        measured.rows(record).flat_map(|row| {
            let from = (row.at.0 / crate::kit::NS_PER_S) as usize;
            from..from + (row.length.0 / crate::kit::NS_PER_S) as usize
        })
    };
    let shares = record.workers.iter().filter_map(|worker| {
        let (mut count, mut sum, mut worst) = (0u64, 0.0, 0.0f64);
        for ns in seconds().filter_map(|second| used(worker, second)) {
            let share = ns as f64 / 1e9;
            count += 1;
            sum += share;
            worst = worst.max(share);
        }
        (count > 0).then(|| (sum / count as f64, worst))
    });
    shares.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|u| u.1 > 0.0)
}

#[cfg(test)]
mod tests;
