//! Gates as they are written: text or a table in, a [`Gate`] out. It knows no record.
use super::expression::{Expression, Limit, duration, parse};
use crate::judge::compare::compared_names;
use crate::judge::name::{Group, Meaning, Named, Statistic};
use crate::kit::Nanos;
use crate::plan::Plan;
use serde_json::Value;

/// A gate that was read: what it speaks of and what it demands.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    pub(super) named: Named,
    pub(super) expression: Expression,
    /// The expression as written.
    pub(super) text: String,
    /// It must hold in every span of this length; None: over all of it together.
    pub(super) every: Option<Nanos>,
    /// Broken for so long on end, it ends the run.
    pub(super) abort_after: Option<Nanos>,
}

/// Reads every gate of a plan, before anything is sent.
///
/// # Errors
/// One line: the gate, the column and what was expected, or near names for an unknown metric.
pub fn check_gates(plan: &Plan) -> Result<(), String> {
    plan.gates.iter().try_for_each(|(name, value)| read(plan, name, value).map(|_| ()))
}

const KEYS: [&str; 4] = ["is", "for", "stage", "abort_after"];

pub(super) fn read(plan: &Plan, name: &str, value: &Value) -> Result<Gate, String> {
    let place = |why: String| format!("gates.{name:?} = {value}: {why}");
    let mut named = Named::find(name, plan).map_err(|why| format!("gates: {why}"))?;
    let text = expression_of(value).map_err(place)?;
    let key = |key: &str| value.as_object().and_then(|table| table.get(key));
    if let Some(stage) = key("stage") {
        named.group = stage_group(plan, named.group, stage).map_err(place)?;
    }
    let every = key("for").map(|v| span("for", v)).transpose().map_err(place)?;
    let abort_after =
        key("abort_after").map(|v| span("abort_after", v)).transpose().map_err(place)?;
    let expression = parse(&text, named.meaning.unit(), named.meaning.words()).map_err(place)?;
    let gate = Gate { named, expression, text, every, abort_after };
    gate.check(name).map_err(place)?;
    Ok(gate)
}

/// The text of a gate, written alone or in a table.
pub(super) fn expression_of(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Object(table) => {
            if let Some(other) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
                return Err(format!(
                    "unknown key {other:?}; expected is, stage, for or abort_after"
                ));
            }
            let is = table.get("is").and_then(Value::as_str);
            is.map(str::to_owned).ok_or_else(|| "expected is = \"< 50ms\" or the like".to_owned())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            Err("expected a text such as \"< 50ms\"".to_owned())
        }
    }
}

/// What is kept by the second is kept to the second.
const SHORTEST: Nanos = Nanos::from_secs(1);

fn span(key: &str, value: &Value) -> Result<Nanos, String> {
    let found = value.as_str().and_then(|text| duration(text.trim()));
    let found = found.map(|ns| Nanos(ns.round() as u64)).filter(|n| *n >= SHORTEST);
    found.ok_or_else(|| format!("{key}: expected a duration of at least 1s, such as \"10s\""))
}

impl Gate {
    /// What cannot be combined.
    fn check(&self, name: &str) -> Result<(), String> {
        let by_second = self.every.is_some() || self.abort_after.is_some();
        if by_second && !is_kept_by_second(&self.named) {
            return Err(
                "for and abort_after go with what is kept by the second: percentiles, max, count and censored of \
                 response, service, receipt, receipt_from_write, receipt_after_response, harness_lag and write_wait, rates, \
                 ratios and the ledger, of all messages or a stage"
                    .to_owned(),
            );
        }
        let relative = matches!(self.expression.limit, Limit::Baseline(_));
        if relative && (by_second || self.named.group != Group::Whole) {
            return Err("a limit against a baseline speaks of the whole run, without for, stage or abort_after".to_owned());
        }
        if relative && !compared_names().iter().any(|known| known == name) {
            return Err(format!(
                "{name} has no limit against a baseline; these have: {}",
                compared_names().join(", ")
            ));
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
            Meaning::Verdict(_) => false,
        }
}

fn stage_group(plan: &Plan, group: Group, stage: &Value) -> Result<Group, String> {
    if group != Group::Whole {
        return Err("stage cannot be combined with a group in the name".to_owned());
    }
    let name = stage.as_str().ok_or("stage: expected a stage's name")?;
    let names = || plan.stages.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", ");
    plan.stages
        .iter()
        .position(|s| s.name == name)
        .and_then(|number| u16::try_from(number).ok())
        .map(Group::Stage)
        .ok_or_else(|| format!("stage {name:?} is not in the profile; its stages are {}", names()))
}
