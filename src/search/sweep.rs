//! A sweep in closed loop, step by step: throughput, service time, and Little's law, N = X·R. A step sends a limited
//! number of messages. Where the SMSC throttles it, the rate that it accepts is measured instead: a closed loop against a
//! rate limit shows nothing about windows or binds, and its refusals would only multiply.
use super::document::{Point, Search, TrialRow};
use super::shape::{self, TrialPlan};
use super::trial_runner::{FinishedTrial, Stop, TrialRunner};
use crate::judge::Limiter;
use crate::kit::{
    Nanos,
    words::{self, counted},
};
use crate::measure::Metric;
use crate::plan::Plan;

/// Lengths of a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct StepLengths {
    pub(super) settle: Nanos,
    pub(super) measure: Nanos,
}

/// Share of throttled messages above which a step is limited by a rate.
const THROTTLED_MAX: f64 = Point::THROTTLED_MAX;
/// Most messages of a step, as a multiple of the highest throughput so far: twice the load brings at most twice.
const HEADROOM: f64 = 2.5;
/// Most repetitions of a step that reached that limit.
const AGAIN_MAX: u32 = 8;
/// The first, short trial: least number of messages, and messages for each window slot; factor of the next ones, and
/// seconds of expected throughput at which they end.
const PILOT_MIN: u64 = 50;
const PILOT_SLOTS: u64 = 4;
const PILOT_TIMES: u64 = 8;
const PILOT_S: f64 = 0.1;
/// Trials that look for the accepted rate: most of them, seconds of each, and least number of messages.
const LOOKS_MAX: u32 = 4;
const LOOK_S: f64 = 2.0;
const LOOK_MESSAGES_MIN: f64 = 2_000.0;

/// A step that a budget shortens: fewest submit_sm in all and for each window slot, so that it lasts several times as long
/// as an answer takes; shortest time in seconds, so that a late start does not matter; and how much faster than in
/// proportion to the slots it may be.
const STEP_MIN: u64 = 100;
const STEP_SLOTS: u64 = 16;
const STEP_S: f64 = 0.04;
const STEP_HEADROOM: f64 = 1.25;

/// A sweep.
#[derive(Debug)]
pub(super) struct Sweep {
    lengths: StepLengths,
    /// Steps that may still follow: they share the submit_sm that are left.
    steps_left: u64,
    /// Highest throughput so far, or that expected from the first responses; 0: nothing was sent yet.
    top: f64,
    /// Window slots at that throughput.
    top_slots: u64,
}

/// Result of a step.
#[derive(Debug)]
pub(super) enum StepResult {
    /// Its throughput.
    Measured(Point),
    /// It was throttled; the accepted rate, where a rate is the limit.
    Throttled(Point, Option<f64>),
}

impl Sweep {
    /// `steps`: at most so many are expected.
    pub(super) fn new(lengths: StepLengths, steps: u64) -> Sweep {
        Sweep { lengths, steps_left: steps, top: 0.0, top_slots: 1 }
    }

    /// submit_sm that the next trial may send, so that the steps after it have as many; MAX: no bound.
    fn share(&self, runner: &TrialRunner<'_>, fewest: u64) -> Result<u64, Stop> {
        let Some(left) = runner.budget.left(&runner.spent) else { return Ok(u64::MAX) };
        runner.allowed(fewest, 0.0)?;
        Ok((left / self.steps_left.max(1)).max(fewest))
    }

    /// Measures one step.
    pub(super) fn step(
        &mut self,
        runner: &mut TrialRunner<'_>,
        plan: &Plan,
    ) -> Result<StepResult, Stop> {
        if self.top == 0.0 {
            let share = self.pilot(runner, plan)?;
            if share > THROTTLED_MAX {
                return self.throttled(runner, plan, share);
            }
        }
        for _ in 0..AGAIN_MAX {
            let (shaped, most) = self.shaped(runner, plan)?;
            let done = runner.run(&shaped.plan, 0)?;
            let share = throttled_share(&done);
            if share > THROTTLED_MAX {
                keep(runner, plan, &done, &format!("{} throttled", words::percent(share)));
                return self.throttled(runner, plan, share);
            }
            if done.record.ledger().written >= most {
                // faster than expected so far
                self.top *= HEADROOM;
                continue;
            }
            let point = measured(runner, plan, &shaped, &done, share);
            if point.throughput > self.top {
                (self.top, self.top_slots) = (point.throughput, slots(plan));
            }
            self.steps_left = self.steps_left.saturating_sub(1);
            return Ok(StepResult::Measured(point));
        }
        let why = "the throughput of a step never came to rest".to_owned();
        Err(Stop::Ended(super::Ended::InconclusiveNoise, why))
    }

    /// The plan of a step, and the most submit_sm that it sends. Where the budget does not last for all steps it is shorter,
    /// so that it does not end in the middle for want of messages.
    fn shaped(&self, runner: &TrialRunner<'_>, plan: &Plan) -> Result<(TrialPlan, u64), Stop> {
        let StepLengths { settle, measure } = self.lengths;
        let seconds = (settle + measure).as_secs_f64();
        let most = ((HEADROOM * self.top * seconds).ceil() as u64).max(pilot_min(plan));
        let more = (slots(plan) as f64 / self.top_slots as f64).max(1.0);
        let rate = STEP_HEADROOM * more * self.top;
        let fewest = (STEP_SLOTS * slots(plan)).max(STEP_MIN).max((rate * STEP_S).ceil() as u64);
        let share = self.share(runner, fewest.min(most))?;
        if share >= most {
            return Ok((shape::closed(plan, settle, measure, Some(most)), most));
        }
        let part = (share as f64 / (rate * seconds)).min(1.0);
        let shorter = |span: Nanos| Nanos((span.0 as f64 * part) as u64);
        Ok((shape::closed(plan, shorter(settle), shorter(measure), Some(share)), share))
    }

    /// Sends a few messages, then more, up to a tenth of a second, to know the throughput roughly. Returns the share that
    /// was throttled.
    fn pilot(&mut self, runner: &mut TrialRunner<'_>, plan: &Plan) -> Result<f64, Stop> {
        let mut most = pilot_min(plan);
        loop {
            let capped = most.min(self.share(runner, pilot_min(plan))?);
            let shaped = shape::closed(plan, Nanos::ZERO, self.lengths.settle, Some(capped));
            let done = runner.run(&shaped.plan, capped)?;
            let service = done.judgement.measured.latency(Metric::Service).mean();
            let seconds = service.unwrap_or(1e9).max(1e3) / 1e9;
            (self.top, self.top_slots) = (slots(plan) as f64 / seconds, slots(plan));
            let share = throttled_share(&done);
            keep(runner, plan, &done, &format!("a first look at {}", counted(capped, "message")));
            let is_all = capped < most || capped as f64 >= PILOT_S * self.top;
            if share > THROTTLED_MAX || is_all {
                return Ok(share);
            }
            most *= PILOT_TIMES;
        }
    }

    /// Measures the rate that the SMSC accepts: first offers as much as was expected, then twice what it accepted.
    fn throttled(
        &self,
        runner: &mut TrialRunner<'_>,
        plan: &Plan,
        share: f64,
    ) -> Result<StepResult, Stop> {
        let mut offered = self.top * 2.0;
        let mut passed = None;
        for _ in 0..LOOKS_MAX {
            let messages = LOOK_MESSAGES_MIN.max(passed.unwrap_or(0.0) * 2.0 * LOOK_S);
            let seconds = LOOK_S.min(messages / offered);
            let shaped = shape::paced(plan, offered, seconds);
            let done = runner.run(&shaped.plan, shaped.messages)?;
            let refused = throttled_share(&done);
            let accepted = done.judgement.measured.tally().accepted as f64;
            let through = accepted / shaped.batch.as_secs_f64().max(1e-9);
            let says = format!(
                "{} offered, {} let through, {} throttled",
                words::rate(offered),
                words::rate(through),
                words::percent(refused)
            );
            keep_look(runner, plan, &done, offered, &says);
            if refused <= THROTTLED_MAX {
                break;
            }
            passed = Some(through.max(1.0 / seconds));
            if offered <= 3.0 * through {
                break;
            }
            offered = passed.unwrap_or(1.0) * 2.0;
        }
        let point =
            Point { throughput: passed.unwrap_or(self.top), throttled_share: share, ..blank(plan) };
        Ok(StepResult::Throttled(point, passed))
    }
}

impl Search {
    /// Takes in a step. False: it was throttled, and the next one would be too.
    pub(super) fn take(&mut self, step: StepResult) -> bool {
        let (point, goes_on) = match step {
            StepResult::Measured(point) => (point, true),
            StepResult::Throttled(point, rate) => {
                if rate.is_none() {
                    self.notes.push(format!(
                        "{} × {} was throttled in closed loop, and the same number of messages a second in even \
                         gaps was not: the number in flight in all may be limited",
                        point.binds, point.window
                    ));
                }
                self.rate_limit = rate;
                (point, false)
            }
        };
        self.points.push(point);
        goes_on
    }
}

/// Fewest submit_sm of a trial.
fn pilot_min(plan: &Plan) -> u64 {
    (PILOT_SLOTS * slots(plan)).max(PILOT_MIN)
}

/// Steps of a sweep 1, 2, 4 … up to `most`.
pub(super) const fn doublings(most: u64) -> u64 {
    1 + most.next_power_of_two().trailing_zeros() as u64
}

/// Window slots of all binds.
fn slots(plan: &Plan) -> u64 {
    plan.accounts.iter().map(|a| (a.binds.senders_count() * a.binds.window) as u64).sum()
}

fn throttled_share(done: &FinishedTrial) -> f64 {
    let t = done.record.ledger();
    if t.written > 0 { t.throttled as f64 / t.written as f64 } else { 0.0 }
}

fn blank(plan: &Plan) -> Point {
    Point {
        window: plan.accounts.first().map_or(0, |a| a.binds.window) as u64,
        binds: plan.senders_count() as u64,
        throughput: 0.0,
        error: 0.0,
        service_mean_ns: None,
        service_p99_ns: None,
        littles_share: None,
        throttled_share: 0.0,
        harness_limited: false,
    }
}

fn measured(
    runner: &mut TrialRunner<'_>,
    plan: &Plan,
    shaped: &shape::TrialPlan,
    done: &FinishedTrial,
    throttled_share: f64,
) -> Point {
    let (record, judgement) = (&done.record, &done.judgement);
    let stages = shaped.first_batch..shaped.plan.stages.len();
    let seconds = shaped.batch.as_secs_f64();
    let rates: Vec<f64> = stages
        .map(|stage| record.sum(|k| usize::from(k.stage) == stage).tally.accepted as f64 / seconds)
        .collect();
    let count = rates.len() as f64;
    let throughput = rates.iter().sum::<f64>() / count;
    let variance = rates.iter().map(|x| (x - throughput).powi(2)).sum::<f64>() / (count - 1.0);
    let error = if throughput > 0.0 { (variance / count).sqrt() / throughput } else { 1.0 };
    let service = judgement.measured.latency(Metric::Service);
    let mean = service.mean();
    let slots = slots(plan);
    let law = mean.filter(|_| slots > 0).map(|mean| throughput * mean / 1e9 / slots as f64);
    let harness_limited = judgement.limiter == Some(Limiter::Harness);
    let says = format!(
        "{}, mean service time {}{}",
        words::rate(throughput),
        mean.map_or("?".to_owned(), |m| words::duration(m as u64)),
        if harness_limited { " (the harness is the limit)" } else { "" }
    );
    keep(runner, plan, done, &says);
    Point {
        throughput,
        error,
        service_mean_ns: mean.map(|m| m as u64),
        service_p99_ns: service.quantile(0.99).map(|n| n.0),
        littles_share: law,
        throttled_share,
        harness_limited,
        ..blank(plan)
    }
}

fn row(plan: &Plan, done: &FinishedTrial, kind: &str) -> TrialRow {
    let (t, measured) = (done.record.ledger(), &done.judgement.measured);
    let seconds = measured.seconds();
    let accepted = measured.tally().accepted as f64;
    let Point { window, binds, .. } = blank(plan);
    TrialRow {
        kind: kind.to_owned(),
        window: Some(window),
        binds: Some(binds),
        measured_s: seconds,
        took_s: done.took_s,
        messages: t.written,
        accepted_rate: (seconds > 0.0).then(|| accepted / seconds),
        throttled: t.throttled,
        lost: t.lost + t.timed_out,
        harness: Some(done.judgement.health.state.name().to_owned()),
        ..TrialRow::default()
    }
}

fn keep(runner: &mut TrialRunner<'_>, plan: &Plan, done: &FinishedTrial, says: &str) {
    let row = row(plan, done, "sweep");
    let (binds, window) = (row.binds.unwrap_or(0), words::count(row.window.unwrap_or(0)));
    runner.add_row(TrialRow { says: format!("{binds} × {window}: {says}"), ..row }, "");
}

fn keep_look(
    runner: &mut TrialRunner<'_>,
    plan: &Plan,
    done: &FinishedTrial,
    offered: f64,
    says: &str,
) {
    let row = row(plan, done, "paced");
    runner.add_row(TrialRow { rate: Some(offered), says: says.to_owned(), ..row }, "");
}
