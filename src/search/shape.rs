//! The plans of trials: a base plan with other stages, windows and binds. Pure.
use super::bracket::TrialRequest;
use crate::kit::{Nanos, Rate};
use crate::plan::{BindType, OnThrottle, Plan, Shape, Stage, WindowFull};
use serde_json::Value;

/// Measured stages that a trial is cut into, to see what grows.
pub(super) const BATCHES: usize = 8;
/// How long the backlog may be sent after the load of a trial.
const DRAIN: Nanos = Nanos::from_secs(2);
/// Longest wait for unbind_resp at the end of each trial.
const UNBIND: Nanos = Nanos::from_secs(1);
/// The longest that a trial is stretched to, for a rate so low that few messages would be measured.
const MEASURE_MAX: Nanos = Nanos::from_secs(60);
/// Length of a burst: a closed loop begins within some milliseconds of its time.
const BURST: Nanos = Nanos::from_millis(50);
/// Messages that a trial should measure.
const MESSAGES_MIN: u64 = 200;

/// How long the parts of a trial last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths {
    /// At the trial's rate, before it is measured.
    pub settle: Nanos,
    /// Measured.
    pub measure: Nanos,
    /// Measured in a confirmation.
    pub confirm: Nanos,
}

impl Default for Lengths {
    fn default() -> Lengths {
        Lengths {
            settle: Nanos::from_secs(1),
            measure: Nanos::from_secs(2),
            confirm: Nanos::from_secs(5),
        }
    }
}

/// Plan of a trial, with its measured stages.
#[derive(Clone, Debug)]
pub(super) struct TrialPlan {
    pub(super) plan: Plan,
    /// Largest number of submit_sm.
    pub(super) messages: u64,
    /// The number of the first measured stage.
    pub(super) first_batch: usize,
    /// Length of a measured stage.
    pub(super) batch: Nanos,
}

/// The plan of every trial: throttled messages are a result, a backlog is not dropped.
pub(super) fn base(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    plan.load.on_throttle = OnThrottle::Count;
    plan.load.window_full = WindowFull::Delay;
    plan.timeouts.drain = plan.timeouts.drain.min(DRAIN);
    plan.timeouts.unbind = plan.timeouts.unbind.min(UNBIND);
    plan.gates.clear();
    plan.trace_failed = None;
    plan
}

fn stage(name: String, shape: Shape, length: Nanos, measure: bool) -> Stage {
    Stage { name, shape, length, measure }
}

/// A rate as an exact fraction, to a thousandth.
pub(super) fn exact(rate: f64) -> Rate {
    Rate { num: (rate * 1000.0).round().max(1.0) as u64, den: 1000 }.reduced()
}

fn span(seconds: f64) -> Nanos {
    Nanos((seconds * 1e9).ceil().max(1.0) as u64)
}

/// The measured time of a trial at a rate: long enough for what its percentiles need.
fn measured(lengths: &Lengths, ask: &TrialRequest, samples: u64) -> Nanos {
    let length = if ask.long { lengths.confirm } else { lengths.measure };
    let needed = span(samples.max(MESSAGES_MIN) as f64 / ask.rate.max(1e-6));
    length.max(needed.min(MEASURE_MAX))
}

/// A trial at a rate: an overload if asked, settle, measured stages.
pub(super) fn at_rate(
    base: &Plan,
    ask: &TrialRequest,
    lengths: &Lengths,
    samples: u64,
    gates: Vec<(String, Value)>,
) -> TrialPlan {
    let mut plan = base.clone();
    plan.stages.clear();
    let mut before = Nanos::ZERO;
    if let Some(overload) = ask.overload {
        let length = span(overload.seconds);
        before = length;
        let shape = Shape::Hold(exact(overload.rate));
        plan.stages.push(stage("overload".to_owned(), shape, length, false));
    }
    let rate = exact(ask.rate);
    let hold = || Shape::Hold(rate);
    let whole = measured(lengths, ask, samples);
    let mut settle = lengths.settle;
    if whole >= Nanos::from_secs(1) && settle >= Nanos::from_secs(1) {
        // the measured time begins with a second of the record, so that its seconds are whole
        let rest = (before + settle).0 % crate::kit::NS_PER_S;
        settle += Nanos((crate::kit::NS_PER_S - rest) % crate::kit::NS_PER_S);
    }
    settle = in_step(settle, rate);
    if settle > Nanos::ZERO {
        plan.stages.push(stage("settle".to_owned(), hold(), settle, false));
    }
    let first_batch = plan.stages.len();
    let batch = in_step(Nanos(whole.0.div_ceil(BATCHES as u64)), rate);
    for number in 1..=BATCHES {
        plan.stages.push(stage(format!("measured {number}"), hold(), batch, true));
    }
    plan.gates = gates;
    let messages = planned(&plan);
    TrialPlan { plan, messages, first_batch, batch }
}

/// `length`, extended to whole gaps: each stage begins with a message, so a stage of another length would end in a gap
/// that is shorter than those of the rate, and a strict limiter would refuse the next message.
fn in_step(length: Nanos, rate: Rate) -> Nanos {
    let (num, den) =
        (u128::from(rate.num), u128::from(rate.den) * u128::from(crate::kit::NS_PER_S));
    let messages = (u128::from(length.0) * num).div_ceil(den);
    // rounded down, as the schedule rounds its times: the next message is the next stage's first
    Nanos(u64::try_from(messages * den / num).unwrap_or(u64::MAX))
}

/// submit_sm that the holds of a plan send.
fn planned(plan: &Plan) -> u64 {
    let of = |s: &Stage| {
        let rate = s.shape.held();
        rate.map_or(0.0, |rate| rate.as_f64() * s.length.as_secs_f64() + 1.0)
    };
    plan.stages.iter().map(of).sum::<f64>() as u64
}

/// Gives every account this many binds.
pub(super) fn with_binds(plan: &mut Plan, count: usize) {
    for account in &mut plan.accounts {
        account.binds.count = count;
    }
}

/// Gives every bind this window.
pub(super) fn with_window(plan: &mut Plan, window: usize) {
    for account in &mut plan.accounts {
        account.binds.window = window;
    }
}

/// A closed loop: settle, measured stages. `left`: submit_sm that may be sent.
pub(super) fn closed(base: &Plan, settle: Nanos, measure: Nanos, left: Option<u64>) -> TrialPlan {
    let mut plan = base.clone();
    plan.stages.clear();
    if settle > Nanos::ZERO {
        plan.stages.push(stage("settle".to_owned(), Shape::Max, settle, false));
    }
    let first_batch = plan.stages.len();
    let batch = Nanos(measure.0.div_ceil(BATCHES as u64));
    for number in 1..=BATCHES {
        plan.stages.push(stage(format!("measured {number}"), Shape::Max, batch, true));
    }
    plan.guard.messages_max = left.or(plan.guard.messages_max);
    TrialPlan { messages: 0, first_batch, batch, plan }
}

/// An open loop at a rate: half of the time to use up what a limiter has saved, half of it measured.
pub(super) fn paced(base: &Plan, rate: f64, seconds: f64) -> TrialPlan {
    let mut plan = base.clone();
    let half = span(seconds / 2.0);
    let hold = || Shape::Hold(exact(rate));
    plan.stages = vec![
        stage("settle".to_owned(), hold(), half, false),
        stage("measured".to_owned(), hold(), half, true),
    ];
    let messages = planned(&plan);
    TrialPlan { messages, first_batch: 1, batch: half, plan }
}

/// A probe of one bind: a burst of `messages` through a window of `window`, no receipts.
pub(super) fn burst(base: &Plan, window: u64, messages: u64, response: Nanos) -> TrialPlan {
    // it ends when all are answered: the drain waits for them
    let length = if messages > window { response } else { BURST };
    probe(base, window, messages, response, stage("burst".to_owned(), Shape::Max, length, true))
}

/// A probe of one bind: `messages` in even gaps through a window that none of them waits for, no receipts.
pub(super) fn even(base: &Plan, messages: u64, rate: f64, response: Nanos) -> TrialPlan {
    let hold = Shape::Hold(exact(rate));
    // between the last of them and one more
    let length = span((messages as f64 - 0.5) / rate);
    probe(base, messages, messages, response, stage("even gaps".to_owned(), hold, length, true))
}

fn probe(base: &Plan, window: u64, messages: u64, response: Nanos, stage: Stage) -> TrialPlan {
    let mut plan = base.clone();
    // one sender: the limit is a session's
    plan.accounts.truncate(1);
    with_binds(&mut plan, 1);
    with_window(&mut plan, window as usize);
    let binds = &mut plan.accounts[0].binds;
    if binds.bind_type == BindType::Pair {
        binds.bind_type = BindType::Transmitter;
    }
    (binds.rebind, binds.rate_max) = (None, None);
    for message in &mut plan.messages {
        message.registered_delivery = 0;
    }
    plan.load.workers = Some(1);
    plan.timeouts.response = response;
    plan.guard.messages_max = Some(messages);
    let batch = stage.length;
    plan.stages = vec![stage];
    TrialPlan { plan, messages, first_batch: 0, batch }
}

/// Binds one after the other, and nothing sent.
pub(super) fn ladder(base: &Plan, bind_type: BindType, count: usize, pause: Nanos) -> Plan {
    let mut plan = base.clone();
    plan.accounts.truncate(1);
    with_binds(&mut plan, count);
    let binds = &mut plan.accounts[0].binds;
    binds.bind_type = bind_type;
    (binds.rebind, binds.connect_rate) = (None, None);
    plan.load.workers = Some(1);
    plan.ladder = Some(crate::plan::Ladder { pause, replace: true });
    plan.stages.clear();
    plan.receive_only_for = Nanos::from_millis(10);
    plan
}
