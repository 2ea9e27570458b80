//! Gates as objectives: what a profile demands of the SMSC's times and shares is part of the verdict at a rate.
use super::decision::GateOutcome;
use super::expression::Limit;
use super::own_lag::unless_own_lag;
use super::read::read;
use super::sample::{latency_gate, statistic_value};
use crate::judge::check::{Check, Relation};
use crate::judge::measured::Measured;
use crate::judge::name::{Group, Meaning, Names};
use crate::measure::Metric;
use crate::plan::Plan;

/// The upper limit that the profile's gates put on a metric of the whole run.
pub(in crate::judge) fn upper_limit(plan: &Plan, name: &str) -> Option<f64> {
    let (_, value) = plan.gates.iter().find(|(gate, _)| gate == name)?;
    let gate = read(&Names::of(plan), name, value).ok()?;
    let above =
        gate.expression.relation.bounds_above() || gate.expression.relation == Relation::Equal;
    match gate.expression.limit {
        Limit::Number(limit)
            if above && gate.named.group == Group::Whole && gate.every.is_none() =>
        {
            Some(limit)
        }
        Limit::Number(_) | Limit::Word(_) | Limit::Baseline(_) => None,
    }
}

/// The profile's gates on response and receipt times of the whole run, as checks decided on the sample alone.
pub(in crate::judge) fn objectives(plan: &Plan, measured: &Measured) -> Vec<Check> {
    let names = Names::of(plan);
    let mut checks = Vec::new();
    for (name, value) in &plan.gates {
        let Ok(gate) = read(&names, name, value) else { continue };
        let Meaning::Latency(metric, statistic) = gate.named.meaning else { continue };
        let objective = matches!(
            metric,
            Metric::Response | Metric::Service | Metric::Receipt | Metric::ReceiptFromWrite
        );
        let Limit::Number(limit) = gate.expression.limit else { continue };
        if !objective || gate.named.group != Group::Whole || gate.every.is_some() {
            continue;
        }
        let latency = measured.latency(metric);
        let relation = gate.expression.relation;
        let alone = latency_gate(latency, statistic, relation, limit);
        let of = |metric| measured.latency(metric);
        let (outcome, why) = unless_own_lag(alone, of, metric, statistic, relation, limit);
        let value = statistic_value(latency, statistic);
        let mut check =
            Check::new(name.as_str(), value, relation, limit, gate.named.meaning.unit());
        check.ok = match outcome {
            GateOutcome::Pass => Some(true),
            GateOutcome::Fail => Some(false),
            GateOutcome::Undecided => None,
        };
        check.note = why;
        checks.push(check);
    }
    checks
}
