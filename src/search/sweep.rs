//! One point of a sweep in closed loop: throughput, service time, and Little's law, N = X·R.
use super::document::{Point, TrialRow};
use super::lab::{Lab, Stop};
use super::shape;
use crate::judge::{Limiter, words};
use crate::kit::Nanos;
use crate::measure::Metric;
use crate::plan::Plan;

/// How long a point takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Swept {
    pub(super) settle: Nanos,
    pub(super) measure: Nanos,
}

/// Measures one.
pub(super) fn point(lab: &mut Lab<'_>, plan: &Plan, swept: Swept) -> Result<Point, Stop> {
    let left = lab.budget.left(&lab.spent);
    let shaped = shape::closed(plan, swept.settle, swept.measure, left);
    let done = lab.run(&shaped.plan, 0)?;
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
    let binds = plan.senders_count() as u64;
    let window = plan.accounts.first().map_or(0, |a| a.binds.window) as u64;
    let slots: usize = plan.accounts.iter().map(|a| a.binds.senders_count() * a.binds.window).sum();
    let law = mean.filter(|_| slots > 0).map(|mean| throughput * mean / 1e9 / slots as f64);
    let t = judgement.measured.tally();
    let harness_limited = judgement.limiter == Some(Limiter::Harness);
    let p99 = service.quantile(0.99).map(|n| n.0);
    let row = TrialRow {
        kind: "sweep".to_owned(),
        window: Some(window),
        binds: Some(binds),
        measured_s: judgement.measured.seconds(),
        took_s: done.took_s,
        messages: record.ledger().written,
        accepted_rate: Some(throughput),
        throttled: t.throttled,
        lost: t.lost + t.timed_out,
        says: format!(
            "{binds} × {}: {}, service {} on the mean{}",
            words::count(window),
            words::rate(throughput),
            mean.map_or("?".to_owned(), |m| words::duration(m as u64)),
            if harness_limited { " (the harness is the limit)" } else { "" }
        ),
        harness: Some(judgement.health.state.name().to_owned()),
        ..TrialRow::default()
    };
    lab.keep(row, "");
    Ok(Point {
        window,
        binds,
        throughput,
        error,
        service_mean_ns: mean.map(|m| m as u64),
        service_p99_ns: p99,
        littles_share: law,
        harness_limited,
    })
}
