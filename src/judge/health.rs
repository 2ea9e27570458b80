//! Was the harness fit to measure (docs/verdict.md, "Was the harness fit")? It looks only at the tool and its machine,
//! never at how well the SMSC did.
use super::check::{Check, Relation, Unit};
use super::measured::Measured;
use crate::kit::{HostUse, Nanos};
use crate::measure::{Metric, RunRecord};
use crate::plan::Plan;
use serde::{Deserialize, Serialize};

/// How far the harness can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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

/// The limits of docs/verdict.md, "Was the harness fit"; where it names none, ours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HealthLimits {
    /// Sent on time of what was scheduled; below: degraded.
    pub adherence_degraded: f64,
    /// Below: invalid.
    pub adherence_invalid: f64,
    /// So few late messages make nothing invalid, whatever share of a short run they are.
    pub late_min: u64,
    /// harness_lag p99 that is never too much.
    pub lag_floor: Nanos,
    /// Share of response p50 that harness_lag p99 may take.
    pub lag_degraded: f64,
    /// The same, and beyond `lag_invalid_floor`: invalid.
    pub lag_invalid: f64,
    /// Below it the lag is never invalid.
    pub lag_invalid_floor: Nanos,
    /// Of its core that a worker may use.
    pub cpu: f64,
    /// In closed loop a worker above it is what limits.
    pub cpu_closed: f64,
    /// Of its time that a worker may be busy, or waiting for a core, while the load falls behind its schedule.
    /// Beyond: the reads that free window slots are late too, and whose limit it is cannot be told. Invalid.
    pub busy: f64,
    /// Of its time that a worker's loop may be held up; beyond: degraded.
    pub held_degraded: f64,
    /// Beyond: invalid.
    pub held_invalid: f64,
    /// Written of what the schedule wanted, while the load was on; below it the load falls behind.
    pub on_pace: f64,
    /// Of its time that a worker may wait for a core.
    pub run_delay: f64,
    /// Of the time for which a quota may stop us.
    pub throttled: f64,
    /// Of the processors that a hypervisor may take.
    pub steal: f64,
    /// Written of what was scheduled, as far as that lay with us.
    pub achieved: f64,
}

impl Default for HealthLimits {
    fn default() -> HealthLimits {
        HealthLimits {
            adherence_degraded: 0.99,
            adherence_invalid: 0.95,
            late_min: 10,
            lag_floor: Nanos::from_millis(1),
            lag_degraded: 0.05,
            lag_invalid: 0.20,
            lag_invalid_floor: Nanos::from_millis(5),
            cpu: 0.80,
            cpu_closed: 0.95,
            busy: 0.80,
            held_degraded: 0.01,
            held_invalid: 0.05,
            on_pace: 0.99,
            run_delay: 0.10,
            throttled: 0.01,
            steal: 0.02,
            achieved: 0.999,
        }
    }
}

/// The harness's own figures over all measured stages. None: it does not apply, or could not be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    /// The sum of it.
    pub state: HealthState,
    /// Sent on time / scheduled; None in closed loop.
    pub adherence: Option<f64>,
    /// Not sent on time.
    pub late: u64,
    /// The worst measured second: (its start in seconds, its adherence).
    pub worst_second: Option<(f64, f64)>,
    /// harness_lag p50.
    pub lag_p50: Option<Nanos>,
    /// harness_lag p99.
    pub lag_p99: Option<Nanos>,
    /// harness_lag, longest.
    pub lag_max: Option<Nanos>,
    /// Busiest worker's share of its core over the measured seconds.
    pub cpu_max: Option<f64>,
    /// Busiest worker in its busiest measured second.
    pub cpu_worst_second: Option<f64>,
    /// Share of its time that the worst worker was ready and waited for a core.
    pub run_delay_max: Option<f64>,
    /// Share of its time that the busiest worker used its core or waited for one: never idle from 1 on.
    pub busy_max: Option<f64>,
    /// Share of its time that the worst worker's loop was held up for more than a millisecond at once.
    pub held_max: Option<f64>,
    /// Longest turn of any worker's loop.
    pub loop_max: Option<Nanos>,
    /// Written / scheduled, what waited for the SMSC left out.
    pub achieved: Option<f64>,
    /// Standard deviation of the gaps between writes over their mean.
    pub send_gap_spread: Option<f64>,
    /// What else used the machine.
    pub host: HostUse,
    /// The checks, each with its limit.
    pub checks: Vec<Check>,
}

impl Health {
    /// True where a headline may be printed.
    pub fn allows_headline(&self) -> bool {
        self.state != HealthState::Invalid
    }

    /// The checks that were decided against, worst first.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|c| c.failed())
    }

    /// Judges the harness over the measured part of a run.
    pub fn of(
        plan: &Plan,
        record: &RunRecord,
        measured: &Measured,
        host: &HostUse,
        limits: &HealthLimits,
    ) -> Health {
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
        let bound = on_time_within(measured, limits);
        let punctual = punctual(record, measured, bound).filter(|_| scheduled);
        // by the second it is only known who was later than the least bound
        let by_second = scheduled && bound <= limits.lag_floor;
        let mut health = Health {
            state: HealthState::Valid,
            adherence: punctual.map(Punctual::adherence),
            late: punctual.map_or(0, |p| p.all - p.on_time),
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
            host: *host,
            checks: Vec::new(),
        };
        let spins = plan.load.precise || plan.load.busy_poll;
        health.judge(measured, limits, spins);
        if scheduled {
            health.judge_reading(measured, bound, limits);
        }
        health.judge_agents(record);
        if scheduled && !spins && on_pace(record, measured).is_some_and(|p| p < limits.on_pace) {
            health.judge_idleness(limits);
        }
        health
    }

    /// A loop that is held up reads late: it takes its own pauses for the SMSC's, in service time and window wait,
    /// where no lag shows them. Pauses that are on time for a send are so for a read, and so few answers as make nothing
    /// invalid when they are sent late do not when they are read late.
    fn judge_reading(&mut self, measured: &Measured, on_time: Nanos, limits: &HealthLimits) {
        let Some(mut held) = self.held_max else { return };
        if self.loop_max.is_some_and(|longest| longest <= on_time) {
            held = 0.0;
        }
        let read_late = held * measured.tally().answered() as f64;
        let many = read_late >= limits.late_min as f64;
        let (state, limit) = if held > limits.held_invalid && many {
            (HealthState::Invalid, limits.held_invalid)
        } else {
            (HealthState::Degraded, limits.held_degraded)
        };
        let check = Check::new("loop_held_up", Some(held), Relation::AtMost, limit, Unit::Ratio)
            .with_note("for more than 1 ms at once: answers were read late");
        if check.failed() {
            self.state = self.state.max(state);
        }
        self.checks.push(check);
    }

    /// What a machine that was lost would have sent and seen is missing: at best degraded.
    fn judge_agents(&mut self, record: &RunRecord) {
        let Some(fleet) = &record.fleet else { return };
        let lost = fleet.agents.iter().filter(|agent| agent.lost.is_some()).count();
        let check =
            Check::new("agents_lost", Some(lost as f64), Relation::AtMost, 0.0, Unit::Count)
                .with_note("of the fleet");
        if check.failed() {
            self.state = self.state.max(HealthState::Degraded);
        }
        self.checks.push(check);
    }

    /// A load that falls behind while a worker has no time left is the harness's, whatever else was full.
    fn judge_idleness(&mut self, limits: &HealthLimits) {
        let Some(busy) = self.busy_max else { return };
        let check =
            Check::new("worker_busy", Some(busy), Relation::AtMost, limits.busy, Unit::Ratio)
                .with_note("of its time, waits for a core among it, while the load fell behind");
        if check.failed() {
            self.state = HealthState::Invalid;
        }
        self.checks.push(check);
    }

    fn judge(&mut self, measured: &Measured, limits: &HealthLimits, spins: bool) {
        let mut state = HealthState::Valid;
        if let Some(adherence) = self.adherence {
            let worst = self.worst_second.map(|(at, share)| {
                format!("worst second {} at {at:.0} s", Unit::Ratio.show(share))
            });
            let mut check = Check::new(
                "adherence",
                Some(adherence),
                Relation::AtLeast,
                limits.adherence_degraded,
                Unit::Ratio,
            );
            check.note = worst;
            if adherence < limits.adherence_invalid && self.late >= limits.late_min {
                check.limit = Some(limits.adherence_invalid);
                state = state.max(HealthState::Invalid);
            } else if check.failed() {
                state = state.max(HealthState::Degraded);
            }
            self.checks.push(check);
        }
        if let Some(check) = self.lag_check(measured, limits, &mut state) {
            self.checks.push(check);
        }
        let mut below = |name: &str, value: Option<f64>, limit: f64, note: &str| {
            if value.is_none() {
                return;
            }
            let mut check = Check::new(name, value, Relation::AtMost, limit, Unit::Ratio);
            if !note.is_empty() {
                check.note = Some(note.to_owned());
            }
            if check.failed() {
                state = state.max(HealthState::Degraded);
            }
            self.checks.push(check);
        };
        let cpu = self.cpu_max.filter(|_| !spins);
        below("worker_processor", cpu, limits.cpu, "the busiest worker of its core");
        let delay = self.run_delay_max;
        below("run_queue_delay", delay, limits.run_delay, "a worker was ready and had no core");
        below("cgroup_throttled", self.host.throttled, limits.throttled, "stopped by its quota");
        below("steal", self.host.steal, limits.steal, "taken by the hypervisor");
        if let Some(achieved) = self.achieved {
            let check = Check::new(
                "achieved_of_target",
                Some(achieved),
                Relation::AtLeast,
                limits.achieved,
                Unit::Ratio,
            );
            if check.failed() {
                let lost = if achieved < limits.adherence_invalid {
                    HealthState::Invalid
                } else {
                    HealthState::Degraded
                };
                state = state.max(lost);
            }
            self.checks.push(check);
        }
        self.state = state;
    }

    fn lag_check(
        &self,
        measured: &Measured,
        limits: &HealthLimits,
        state: &mut HealthState,
    ) -> Option<Check> {
        let lag = self.lag_p99?;
        let p50 = response_p50(measured);
        let share = |s: f64| p50.map_or(0.0, |p| p.0 as f64 * s);
        let degraded = share(limits.lag_degraded).max(limits.lag_floor.0 as f64);
        let invalid = share(limits.lag_invalid).max(limits.lag_invalid_floor.0 as f64);
        let lag = lag.0 as f64;
        let over = lag > invalid && self.late >= limits.late_min;
        let limit = if over { invalid } else { degraded };
        let check =
            Check::new("harness_lag.p99", Some(lag), Relation::AtMost, limit, Unit::Nanoseconds);
        if over {
            *state = (*state).max(HealthState::Invalid);
        } else if check.failed() {
            *state = (*state).max(HealthState::Degraded);
        }
        Some(check)
    }
}

/// A lateness matters by what it is measured against: so much of it is none.
fn on_time_within(measured: &Measured, limits: &HealthLimits) -> Nanos {
    let share = response_p50(measured).map_or(0.0, |p50| p50.0 as f64 * limits.lag_degraded);
    Nanos(share as u64).max(limits.lag_floor)
}

fn response_p50(measured: &Measured) -> Option<Nanos> {
    let response = measured.latency(Metric::Response);
    response.quantile(0.5).or_else(|| response.quantile_at_least(0.5))
}

/// Sent on time of what was scheduled. What was never sent because the SMSC left no slot or no
/// connection is not the harness's lateness, and is left out; any other unsent message counts as late.
#[derive(Clone, Copy)]
struct Punctual {
    on_time: u64,
    all: u64,
}

impl Punctual {
    fn adherence(self) -> f64 {
        self.on_time as f64 / self.all as f64
    }
}

fn punctual(record: &RunRecord, measured: &Measured, bound: Nanos) -> Option<Punctual> {
    let t = measured.tally();
    let all = t.written + unsent_by_us(record, measured);
    // counted as they were written, within the least bound; beyond it the distribution tells
    let lag = measured.latency(Metric::HarnessLag);
    let within = lag.share_at_most(bound).unwrap_or(0.0) * t.written as f64;
    let on_time = t.on_time.max(within.round() as u64).min(all);
    (all > 0).then_some(Punctual { on_time, all })
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

fn worst_second(record: &RunRecord, measured: &Measured) -> Option<(f64, f64)> {
    measured
        .rows(record)
        .filter(|row| row.tally.written > 0)
        .map(|row| {
            let share = row.tally.on_time as f64 / row.tally.written as f64;
            (row.at.as_secs_f64(), share.min(1.0))
        })
        .min_by(|a, b| a.1.total_cmp(&b.1))
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
