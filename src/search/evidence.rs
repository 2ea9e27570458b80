//! Evidence of one trial at a rate: which objectives it keeps, whether its response time grows, and, where throughput
//! failed, the capacity of the SMSC and its burst.
use super::bracket::{Capacity, TrialRequest, TrialResult};
use super::document::TrialRow;
use super::objective::{Before, Objective, ObjectiveOutcome};
use super::shape::{BATCHES, TrialPlan};
use super::trial_runner::FinishedTrial;
use crate::judge::{self, HealthState, Limiter, statistics};
use crate::kit::{Nanos, words};
use crate::measure::through::Transit;
use crate::measure::{CellInterval, Metric, RunRecord};

/// Shares below which a rate is not sustained (docs/verdict.md, "Verdict at a rate").
const SENT_MIN: f64 = 0.999;
/// A queue is one where what was refused is less than this share of what was too much.
const REFUSES: f64 = 0.1;

/// Evidence of a trial, and its row.
#[derive(Debug)]
pub(super) struct TrialEvidence {
    pub(super) seen: TrialResult,
    pub(super) row: TrialRow,
    pub(super) broken_by: Vec<Option<String>>,
    pub(super) limiter: Option<Limiter>,
}

/// Counts of a trial.
struct TrialCounts<'a> {
    ask: &'a TrialRequest,
    shaped: &'a TrialPlan,
    done: &'a FinishedTrial,
    batches: Vec<CellInterval>,
    /// Growth of the response time a second, where it is certain.
    growth: f64,
    /// The same of the time that messages take through a gateway.
    growth_inside: f64,
}

/// Reads a trial. `width`: growth of less than an eighth of it is none. `queues`: the SMSC is known to queue what
/// is too much, so that a trial that begins with an overload says nothing of times.
pub(super) fn read(
    ask: &TrialRequest,
    shaped: &TrialPlan,
    done: &FinishedTrial,
    objectives: &[Objective],
    width: f64,
    queues: bool,
) -> TrialEvidence {
    let batches = batches(shaped, done);
    let growth = growth(&batches, shaped.batch, width);
    let growth_inside = growth_inside(ask, done, width);
    let counted = TrialCounts { ask, shaped, done, batches, growth, growth_inside };
    let spoiled = done.judgement.health.state == HealthState::Invalid;
    let failing = counted.unsustained();
    let before = match ask.overload {
        None => Before::Nothing,
        Some(_) if queues => Before::Queue,
        Some(_) => Before::Overload,
    };
    let marks = counted.marks(objectives, failing.as_deref(), before);
    let kept: Vec<Option<bool>> = marks.iter().map(|m| m.kept.filter(|_| !spoiled)).collect();
    let throttled = done.judgement.measured.tally().throttled > 0;
    let capacity = (!spoiled && (throttled || failing.is_some())).then(|| counted.capacity());
    let at_rate_s = counted.at_rate_s();
    let row = counted.row(&kept, &marks, spoiled);
    TrialEvidence {
        seen: TrialResult { ask: *ask, marks: kept, at_rate_s, spoiled, capacity },
        row,
        broken_by: marks.into_iter().map(|m| m.broken_by).collect(),
        limiter: done.judgement.limiter,
    }
}

/// A quantile of the time through a gateway, in nanoseconds. None: the run was not through one, or had too few messages.
pub(super) fn forward(record: &RunRecord, q: f64) -> Option<u64> {
    let forward = record.through.as_ref()?.times.of(Transit::Forward);
    statistics::quantile(forward, q).value.map(|n| n.0)
}

fn batches(shaped: &TrialPlan, done: &FinishedTrial) -> Vec<CellInterval> {
    let stages = shaped.first_batch..shaped.plan.stages.len();
    stages.map(|stage| done.record.sum(|k| usize::from(k.stage) == stage)).collect()
}

/// By how much the response time grows a second: what an open loop beyond the capacity makes of it is
/// rate / capacity − 1. 0 where that is little, or not certain.
fn growth(batches: &[CellInterval], batch: Nanos, width: f64) -> f64 {
    let means: Vec<f64> =
        batches.iter().filter_map(|b| b.metric(Metric::Response).mean()).collect();
    if means.len() < batches.len() { 0.0 } else { grows(&means, batch, width) }
}

/// By how much the means of `each` grow a second. 0 where that is little, or not certain.
fn grows(means: &[f64], each: Nanos, width: f64) -> f64 {
    let Some(slope) = statistics::theil_sen(means) else { return 0.0 };
    let per_second = slope.value / each.0 as f64;
    if slope.low > 0.0 && per_second > width / 8.0 { per_second } else { 0.0 }
}

/// By how much the time through a gateway grows a second: one that answers before it forwards shows its queue there, and
/// in no response.
fn growth_inside(ask: &TrialRequest, done: &FinishedTrial, width: f64) -> f64 {
    let Some(through) = &done.record.through else { return 0.0 };
    let means = through.times.forward_begun();
    // the overload, and the quarters of a second in which the load began and ended
    let overload = ask.overload.map_or(0.0, |overload| overload.seconds * 4.0).ceil() as usize;
    let (from, to) = (1 + overload, means.len().saturating_sub(1));
    let Some(means) = means.get(from..to) else { return 0.0 };
    // few messages are in few quarters of a second: each point is of as many as hold one
    let longest_gap =
        means.split(Option::is_some).map(<[Option<f64>]>::len).max().unwrap_or_default();
    let each = longest_gap + 1;
    let mean = |some: &[Option<f64>]| {
        let known: Vec<f64> = some.iter().copied().flatten().collect();
        known.iter().sum::<f64>() / known.len() as f64
    };
    let means: Vec<f64> = means.chunks_exact(each).map(mean).collect();
    grows(&means, Nanos(crate::kit::NS_PER_S / 4 * each as u64), width)
}

impl TrialCounts<'_> {
    /// Why the rate is not sustained, whatever the objectives.
    fn unsustained(&self) -> Option<String> {
        let t = self.done.judgement.measured.tally();
        let share = |part: u64, all: u64| if all > 0 { part as f64 / all as f64 } else { 1.0 };
        let sent = share(t.written.saturating_sub(t.retries), t.planned);
        if t.planned > 0 && sent < SENT_MIN {
            return Some(format!("only {} could be sent", words::percent(sent)));
        }
        let answered = share(t.answered(), t.written);
        if answered < SENT_MIN {
            return Some(format!("only {} were answered", words::percent(answered)));
        }
        if let Some(reason) = &self.done.record.cut_reason {
            return Some(reason.to_string());
        }
        let grown = |growth: f64| words::duration((growth * 1e9) as u64);
        if self.growth > 0.0 {
            return Some(format!("response time grew by {} a second", grown(self.growth)));
        }
        (self.growth_inside > 0.0).then(|| {
            let grown = grown(self.growth_inside);
            format!("the time through the gateway grew by {grown} a second")
        })
    }

    fn marks(
        &self,
        objectives: &[Objective],
        failing: Option<&str>,
        before: Before,
    ) -> Vec<ObjectiveOutcome> {
        let FinishedTrial { record, judgement, .. } = self.done;
        let gates = judge::evaluate(&self.shaped.plan, record, judgement);
        let mut from = 0;
        objectives
            .iter()
            .map(|objective| {
                if let Some(why) = failing {
                    return ObjectiveOutcome { kept: Some(false), broken_by: Some(why.to_owned()) };
                }
                let own = &gates[from..];
                from += objective.gates().len();
                let plan = &self.shaped.plan;
                objective.mark(plan, record, &judgement.measured, own, before)
            })
            .collect()
    }

    /// Seconds at the trial's own rate.
    fn at_rate_s(&self) -> f64 {
        let from = usize::from(self.ask.overload.is_some());
        self.shaped.plan.stages[from..].iter().map(|s| s.length.as_secs_f64()).sum()
    }

    /// What the SMSC let through, and what more at first.
    fn capacity(&self) -> Capacity {
        let record = &self.done.record;
        let t = self.done.judgement.measured.tally();
        let whole = record.ledger();
        let batch = self.shaped.batch.as_secs_f64();
        let late = &self.batches[BATCHES / 2..];
        let accepted: u64 =
            late.iter().map(|b| b.tally.accepted + b.tally.rejected - b.tally.throttled).sum();
        let offered = self.ask.rate;
        let unsent = t.unsent + t.timed_out + t.lost;
        let rate = if unsent > 0 {
            // it was never idle: all that it took, over all of the time
            whole.answered() as f64 / record.ended.as_secs_f64().max(1e-9)
        } else {
            accepted as f64
                / (batch * late.len() as f64)
                / (1.0 + self.growth.max(self.growth_inside))
        };
        let rate = rate.clamp(offered * 1e-6, offered);
        let overload = self.ask.overload.map_or(0.0, |o| (o.rate - rate) * o.seconds);
        let excess = (offered - rate) * self.at_rate_s() + overload;
        let response = |cell: &CellInterval| cell.metric(Metric::Response).mean().unwrap_or(0.0);
        let fastest = self.batches[0].metric(Metric::Service).min().unwrap_or_default().0 as f64;
        let queued = (self.batches.last().map_or(0.0, response) - fastest).max(0.0) / 1e9 * rate;
        let queued = queued.max(self.queued_inside() / 1e9 * rate);
        let refused = whole.throttled as f64;
        let burst = if unsent > 0 { 0.0 } else { (excess - refused - queued).max(0.0) };
        Capacity { rate, burst, queues: refused < REFUSES * excess.max(1.0) }
    }

    /// How much longer the last messages took through a gateway than the fastest, in nanoseconds.
    fn queued_inside(&self) -> f64 {
        if self.growth_inside == 0.0 {
            return 0.0;
        }
        let Some(through) = &self.done.record.through else { return 0.0 };
        let forward = through.times.of(Transit::Forward);
        let fastest = forward.min().unwrap_or_default();
        forward.max().unwrap_or_default().since(fastest).0 as f64
    }

    fn row(&self, kept: &[Option<bool>], marks: &[ObjectiveOutcome], spoiled: bool) -> TrialRow {
        let measured = &self.done.judgement.measured;
        let t = measured.tally();
        let seconds = measured.seconds();
        let response = measured.latency(Metric::Response);
        let quantile = |q: f64| statistics::quantile(response, q).value.map(|n| n.0);
        let kind = if self.ask.long { "confirm" } else { "probe" };
        let verdict = if spoiled {
            let why = self.done.judgement.health.failures().map(judge::Check::says).last();
            format!("the harness did not keep up: {}", why.unwrap_or_default())
        } else {
            let broken: Vec<String> = marks.iter().filter_map(|m| m.broken_by.clone()).collect();
            match broken.first() {
                None => "kept".to_owned(),
                Some(first) if broken.len() == marks.len() => format!("broken: {first}"),
                Some(first) => format!("{} of {} broken: {first}", broken.len(), marks.len()),
            }
        };
        let accepted = (seconds > 0.0).then(|| t.accepted as f64 / seconds);
        TrialRow {
            number: 0,
            kind: kind.to_owned(),
            rate: Some(self.ask.rate),
            measured_s: seconds,
            took_s: self.done.took_s,
            messages: self.done.record.ledger().written,
            accepted_rate: accepted,
            throttled: t.throttled,
            lost: t.timed_out + t.lost,
            kept: kept.to_vec(),
            says: format!("{kind} {} {verdict}", words::rate(self.ask.rate)),
            harness: Some(self.done.judgement.health.state.name().to_owned()),
            response_p50_ns: quantile(0.5),
            response_p99_ns: quantile(0.99),
            forward_p99_ns: forward(&self.done.record, 0.99),
            lost_inside: self.done.record.through.as_ref().map(|t| t.submits.lost),
            ..TrialRow::default()
        }
    }
}
