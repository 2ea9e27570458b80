//! Reads gates: text or a table in, a [`Gate`] out. It knows no record.
use super::expression::{Expression, Limit, duration, parse};
use super::fault::{GateError, GateFault};
use crate::judge::compare::compared_names;
use crate::judge::name::{Group, Meaning, Named, Names, Statistic};
use crate::kit::Nanos;
use crate::plan::Plan;
use serde_json::Value;

/// A gate: its metric and its condition.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    pub(super) named: Named,
    pub(super) expression: Expression,
    /// The expression as written.
    pub(super) text: String,
    /// It must hold in every span of this length; None: over the whole.
    pub(super) every: Option<Nanos>,
    /// It ends the run after failing for this long.
    pub(super) abort_after: Option<Nanos>,
}

/// Reads every gate of a plan, before anything is sent.
///
/// # Errors
/// [`GateError`]: the gate, the column and what was expected, or near names for an unknown metric.
pub fn check_gates(plan: &Plan) -> Result<(), GateError> {
    gate_mistakes(plan).next().map_or(Ok(()), Err)
}

/// Every gate of a plan that does not read, in their order.
pub fn gate_mistakes(plan: &Plan) -> impl Iterator<Item = GateError> {
    let names = Names::of(plan);
    plan.gates.iter().filter_map(move |(name, value)| read(&names, name, value).err())
}

/// Whether a gate speaks of an account, a label, a stage, an event or an observed source by name.
pub fn names_a_group(name: &str, value: &Value) -> bool {
    let named = |kind: &str| name.starts_with(kind);
    let kinds = ["account.", "label.", "stage.", "event.", "observe."];
    kinds.into_iter().any(named) || value.get("stage").is_some()
}

const KEYS: [&str; 4] = ["is", "for", "stage", "abort_after"];

pub(super) fn read(names: &Names, name: &str, value: &Value) -> Result<Gate, GateError> {
    let named = Named::find(name, names)?;
    demand(names, named, name, value).map_err(|fault| fault.of(name, value))
}

fn demand(names: &Names, mut named: Named, name: &str, value: &Value) -> Result<Gate, GateFault> {
    let text = expression_of(value)?;
    let key = |key: &str| value.as_object().and_then(|table| table.get(key));
    if let Some(stage) = key("stage") {
        named.group = stage_group(names, named.group, stage)?;
    }
    let every = key("for").map(|v| span("for", v)).transpose()?;
    let abort_after = key("abort_after").map(|v| span("abort_after", v)).transpose()?;
    let expression = parse(&text, named.meaning.unit(), named.meaning.words())?;
    let gate = Gate { named, expression, text, every, abort_after };
    gate.check(name)?;
    Ok(gate)
}

/// The text of a gate, written alone or in a table.
pub(super) fn expression_of(value: &Value) -> Result<String, GateFault> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Object(table) => {
            if let Some(other) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
                return Err(GateFault::UnknownKey(other.clone()));
            }
            let is = table.get("is").and_then(Value::as_str);
            is.map(str::to_owned).ok_or(GateFault::NoExpression)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            Err(GateFault::NotText)
        }
    }
}

/// Shortest span: rows are whole seconds.
const SHORTEST: Nanos = Nanos::from_secs(1);

fn span(key: &'static str, value: &Value) -> Result<Nanos, GateFault> {
    let found = value.as_str().and_then(|text| duration(text.trim()));
    let found = found.map(|ns| Nanos(ns.round() as u64)).filter(|n| *n >= SHORTEST);
    found.ok_or(GateFault::Span(key))
}

impl Gate {
    /// Checks the combination of keys.
    fn check(&self, name: &str) -> Result<(), GateFault> {
        let by_second = self.every.is_some() || self.abort_after.is_some();
        if by_second && !is_kept_by_second(&self.named) {
            return Err(GateFault::NotBySecond);
        }
        if matches!(self.named.meaning, Meaning::Observed(..)) && self.named.group != Group::Whole {
            return Err(GateFault::ObservedOfPart);
        }
        if !matches!(self.expression.limit, Limit::Baseline(_)) {
            return Ok(());
        }
        if by_second || self.named.group != Group::Whole {
            return Err(GateFault::BaselineOfPart);
        }
        if !compared_names().iter().any(|known| known == name) {
            return Err(GateFault::NotCompared { name: name.to_owned() });
        }
        Ok(())
    }
}

fn is_kept_by_second(named: &Named) -> bool {
    let whole = match named.group {
        Group::Whole | Group::Stage(_) => true,
        Group::Account(_) | Group::Label(_) => false,
    };
    whole
        && match named.meaning {
            Meaning::Latency(metric, statistic) => {
                crate::measure::ROW_METRICS.contains(&metric)
                    && match statistic {
                        Statistic::Quantile(_)
                        | Statistic::Max
                        | Statistic::Count
                        | Statistic::Censored => true,
                        Statistic::Min | Statistic::Mean | Statistic::Stddev => false,
                    }
            }
            Meaning::Figure(row) => row.name != "target",
            Meaning::Ledger(_) => true,
            Meaning::Verdict(_)
            | Meaning::Observed(..)
            | Meaning::Event(..)
            | Meaning::Transit(..)
            | Meaning::Inside(_) => false,
        }
}

fn stage_group(names: &Names, group: Group, stage: &Value) -> Result<Group, GateFault> {
    if group != Group::Whole {
        return Err(GateFault::StageInGroup);
    }
    let name = stage.as_str().ok_or(GateFault::StageName)?;
    let found = (0u16..).zip(&names.stages).find(|(_, stage)| stage.name == name);
    found.map(|(number, _)| Group::Stage(number)).ok_or_else(|| GateFault::UnknownStage {
        name: name.to_owned(),
        known: names.stages.iter().map(|s| s.name.clone()).collect(),
    })
}
