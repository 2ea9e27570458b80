//! Gates: limits that a run must keep (METHOD.md §5, §10). A gate that cannot be decided is never a pass.
mod abort;
mod expression;
mod figure;
mod read;
mod relative;
mod sample;
#[cfg(test)]
mod tests;
mod window;

pub use abort::{ABORTED, Abort};
pub use read::check_gates;
pub use relative::RelativeGate;

use super::Judgement;
use super::check::{Relation, Unit};
use super::figures::Scope;
use super::measured::{Measured, is_measured, stage_spans};
use super::name::{Group, Meaning, Statistic, VerdictWord};
use crate::measure::{CellInterval, CutReason, Latency, Metric, RunRecord};
use crate::plan::Plan;
use expression::Limit;
use figure::figure_gate;
use read::{Gate, read};
use sample::{latency_gate, statistic_value, with_invalid_harness};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How a gate came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateOutcome {
    /// Kept.
    Pass,
    /// Broken.
    Fail,
    /// It could not be decided.
    Undecided,
}

/// What a gate's metric was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum GateValue {
    /// In the metric's unit.
    Number(f64),
    /// A word.
    Word(String),
}

/// One gate with its outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateResult {
    /// The metric's name.
    pub name: String,
    /// As written.
    pub expression: String,
    /// What the metric is measured in.
    pub unit: Unit,
    /// None: undefined here.
    pub value: Option<GateValue>,
    /// How it came out.
    pub outcome: GateOutcome,
    /// Why, where the value alone does not say it.
    pub why: Option<String>,
}

impl GateResult {
    /// True where it was broken.
    pub fn failed(&self) -> bool {
        self.outcome == GateOutcome::Fail
    }
    /// True where it could not be decided, which is never a pass.
    pub fn undecided(&self) -> bool {
        self.outcome == GateOutcome::Undecided
    }
}

/// Decides every gate of the plan. A gate that cannot be read is undecided, with the reason.
pub fn evaluate(plan: &Plan, record: &RunRecord, judgement: &Judgement) -> Vec<GateResult> {
    plan.gates
        .iter()
        .map(|(name, value)| match read(plan, name, value) {
            Ok(gate) => decide(plan, record, judgement, name, &gate),
            Err(why) => GateResult {
                name: name.clone(),
                expression: value.to_string(),
                unit: Unit::Count,
                value: None,
                outcome: GateOutcome::Undecided,
                why: Some(why),
            },
        })
        .collect()
}

/// Which way a condition leans by the point alone, where its sample is too small or its interval straddles the
/// limit: for a search, which looks again. None: nothing was measured, or it cannot be read.
pub fn leaning(
    plan: &Plan,
    record: &RunRecord,
    measured: &Measured,
    name: &str,
    expression: &str,
) -> Option<bool> {
    let gate = read(plan, name, &Value::String(expression.to_owned())).ok()?;
    let Limit::Number(limit) = gate.expression.limit else { return None };
    let Meaning::Latency(metric, statistic) = gate.named.meaning else { return None };
    let cell = group_cell(plan, record, measured, gate.named.group);
    let latency = latency_of(record, &cell, metric);
    let value = match statistic {
        Statistic::Quantile(q) => {
            latency.quantile(q).or_else(|| latency.quantile_at_least(q)).map(|value| value.0 as f64)
        }
        Statistic::Count
        | Statistic::Censored
        | Statistic::Min
        | Statistic::Mean
        | Statistic::Stddev
        | Statistic::Max => statistic_value(latency, statistic),
    };
    value.map(|value| gate.expression.relation.holds(value, limit))
}

/// Outcome, and why where the value alone does not say it.
type Decision = (GateOutcome, Option<String>);

fn undecided(why: impl Into<String>) -> Decision {
    (GateOutcome::Undecided, Some(why.into()))
}

fn by(holds: bool) -> Decision {
    (if holds { GateOutcome::Pass } else { GateOutcome::Fail }, None)
}

fn decide(
    plan: &Plan,
    record: &RunRecord,
    judgement: &Judgement,
    name: &str,
    gate: &Gate,
) -> GateResult {
    let cell = group_cell(plan, record, &judgement.measured, gate.named.group);
    let relation = gate.expression.relation;
    let (value, (outcome, why)) = match (&gate.named.meaning, &gate.expression.limit) {
        (_, Limit::Baseline(_)) => (None, relative::without_baseline()),
        (_, Limit::Number(_)) if gate.every.is_some() => {
            let every = gate.every.unwrap_or_default();
            let trusted = judgement.health.allows_headline();
            let (value, decision) =
                window::decide(plan, record, &judgement.measured, trusted, gate, every);
            (value.map(GateValue::Number), decision)
        }
        (Meaning::Verdict(word), Limit::Word(wanted)) => verdict(judgement, *word, wanted),
        (Meaning::Latency(metric, statistic), Limit::Number(limit)) => {
            let latency = latency_of(record, &cell, *metric);
            let decision = latency_gate(latency, *statistic, relation, *limit);
            // how many there were does not depend on when: a count is decided whatever the harness was
            let counts = matches!(statistic, Statistic::Count | Statistic::Censored);
            let trusted = if judgement.health.allows_headline() || counts {
                decision
            } else {
                with_invalid_harness(decision, record, &cell, *metric, *statistic, relation, *limit)
            };
            (statistic_value(latency, *statistic).map(GateValue::Number), trusted)
        }
        (Meaning::Figure(row), Limit::Number(limit)) => {
            let scope = match gate.named.group {
                Group::Whole => Scope::whole(&judgement.measured, record),
                group => {
                    let seconds = group_seconds(plan, record, &judgement.measured, group);
                    Scope::group(&judgement.measured, &cell.tally, seconds)
                }
            };
            let trusted = judgement.health.allows_headline();
            let (value, decision) = figure_gate(name, row, &scope, relation, *limit, trusted);
            (value.map(GateValue::Number), decision)
        }
        (Meaning::Ledger(count), Limit::Number(limit)) => {
            let n = count(&cell.tally) as f64;
            (Some(GateValue::Number(n)), by(relation.holds(n, *limit)))
        }
        (Meaning::Verdict(_), Limit::Number(_)) | (_, Limit::Word(_)) => {
            (None, undecided("the limit is of another kind than the metric"))
        }
    };
    let aborted = match &record.cut_reason {
        Some(CutReason::Gate(why)) => why.strip_prefix(ABORTED),
        Some(_) | None => None,
    };
    let (outcome, why) = match aborted.filter(|why| why.starts_with(&format!("{name} "))) {
        Some(why) => (GateOutcome::Fail, Some(format!("it ended the run: {why}"))),
        None => (outcome, why),
    };
    GateResult {
        name: name.to_owned(),
        expression: gate.text.clone(),
        unit: gate.named.meaning.unit(),
        value,
        outcome,
        why,
    }
}

const HARNESS: &str = "the harness did not keep up, so the figure is not the SMSC's";

/// The counters and distributions that a group of names speaks of. The ledger covers the whole run only
/// in result.json; gates speak of measured messages (METHOD.md §1).
fn group_cell(plan: &Plan, record: &RunRecord, measured: &Measured, group: Group) -> CellInterval {
    match group {
        Group::Whole => measured.cell.clone(),
        Group::Account(n) => record.sum(|k| k.account == n && is_measured(plan, k)),
        Group::Label(n) => record.sum(|k| k.label == n && is_measured(plan, k)),
        Group::Stage(n) => record.sum(|k| k.stage == n),
    }
}

/// The time a group's messages were intended in.
pub fn group_seconds(plan: &Plan, record: &RunRecord, measured: &Measured, group: Group) -> f64 {
    match group {
        Group::Whole | Group::Account(_) | Group::Label(_) => measured.seconds(),
        Group::Stage(n) => stage_spans(plan)
            .get(usize::from(n))
            .map_or(0.0, |(from, to)| to.min(&record.load_ended).since(*from).as_secs_f64()),
    }
}

fn latency_of<'a>(record: &'a RunRecord, cell: &'a CellInterval, metric: Metric) -> &'a Latency {
    match metric.row().per_message {
        true => cell.metric(metric),
        false => &record.whole[metric as usize - Metric::PER_MESSAGE_COUNT],
    }
}

fn verdict(
    judgement: &Judgement,
    word: VerdictWord,
    wanted: &str,
) -> (Option<GateValue>, Decision) {
    let found = match word {
        VerdictWord::Outcome => judgement.outcome.map(super::Outcome::name),
        VerdictWord::Limiter => judgement.limiter.map(super::Limiter::name),
        VerdictWord::Harness => Some(judgement.health.state.name()),
    };
    let decision = match found {
        None => undecided("a closed loop and a receive-only run have no verdict"),
        Some(found) if found == wanted => by(true),
        Some(found) if found.starts_with("inconclusive") => {
            undecided(format!("the verdict is {found}"))
        }
        Some(_) => by(false),
    };
    (found.map(|f| GateValue::Word(f.to_owned())), decision)
}

/// The limits that a profile itself puts on one metric of the whole run from above, as numbers.
pub(super) fn upper_limit(plan: &Plan, name: &str) -> Option<f64> {
    let (_, value) = plan.gates.iter().find(|(gate, _)| gate == name)?;
    let gate = read(plan, name, value).ok()?;
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

/// The profile's own objectives on response and receipt times of the whole run, decided on the sample
/// alone: (name, expression, limit, value, outcome).
pub(super) fn objectives(plan: &Plan, measured: &Measured) -> Vec<super::Check> {
    let mut checks = Vec::new();
    for (name, value) in &plan.gates {
        let Ok(gate) = read(plan, name, value) else { continue };
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
        let (outcome, why) = latency_gate(latency, statistic, relation, limit);
        let value = statistic_value(latency, statistic);
        let mut check =
            super::Check::new(name.as_str(), value, relation, limit, gate.named.meaning.unit());
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
