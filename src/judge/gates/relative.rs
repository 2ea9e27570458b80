//! Gates relative to a baseline (`"<= baseline + 5%"`): decided by the interval of the change, never by the point, and
//! undecided if the limit is tighter than the noise between runs.
use super::decision::{Decision, GateOutcome, GateResult, GateValue, HARNESS, by, undecided};
use super::expression::{Limit, parse};
use super::fault::GateError;
use super::read::expression_of;
use crate::judge::baseline::Noise;
use crate::judge::check::{Relation, Unit};
use crate::judge::compare::{Comparison, MetricComparison, Scale, compared_unit};
use crate::judge::through::ThroughRatio;
use crate::kit::words;
use serde_json::Value;

/// A gate relative to a baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct RelativeGate {
    /// The metric's name.
    pub name: String,
    /// As written.
    pub expression: String,
    relation: Relation,
    /// The limit as a change of the baseline's figure, as a share.
    pub change: f64,
}

impl RelativeGate {
    /// Reads a gate. None: it has a fixed limit, or its metric is not compared.
    ///
    /// # Errors
    /// [`GateError`]: the column and what was expected there.
    pub fn read(name: &str, value: &Value) -> Result<Option<RelativeGate>, GateError> {
        let expression = expression_of(value).map_err(|fault| fault.of(name, value))?;
        let Some(unit) = compared_unit(name) else { return Ok(None) };
        let read = parse(&expression, unit, &[]).map_err(|fault| fault.of(name, value))?;
        Ok(match read.limit {
            Limit::Baseline(change) => Some(RelativeGate {
                name: name.to_owned(),
                expression,
                relation: read.relation,
                change,
            }),
            Limit::Number(_) | Limit::Word(_) => None,
        })
    }

    /// Decides it. `comparison`: None without a baseline. `noise`: of the baseline's runs; None: unknown.
    pub fn decide(&self, comparison: Option<&Comparison>, noise: Option<&Noise>) -> GateResult {
        let found = comparison.and_then(|c| c.metric(&self.name));
        let runs = comparison.map_or(1, |c| c.candidate.len());
        let (outcome, why) = match (comparison, found) {
            (None, _) => undecided(NO_BASELINE),
            (Some(_), None) => undecided("it was not measured on both sides"),
            // what went wrong inside a gateway is counted on both sides, however late the harness was
            (Some(c), Some(_)) if !c.trusted && ThroughRatio::of_metric(&self.name).is_none() => {
                undecided(HARNESS)
            }
            (Some(_), Some(metric)) => match noise.and_then(|n| n.floor_for(runs)) {
                Some(floor) if self.change.abs() < floor => undecided(format!(
                    "the limit is tighter than the noise: runs of the same build differ by ±{}; the tightest limit that \
                     can be decided is {} {}",
                    words::percent_up(floor),
                    if self.change < 0.0 { "-" } else { "+" },
                    words::percent_up(floor)
                )),
                Some(_) | None => self.by_interval(metric),
            },
        };
        let value = found.and_then(|m| m.candidate).map(GateValue::Number);
        let unit = compared_unit(&self.name).unwrap_or(Unit::Ratio);
        let (name, expression) = (self.name.clone(), self.expression.clone());
        GateResult { name, expression, unit, value, outcome, why }
    }

    fn by_interval(&self, metric: &MetricComparison) -> Decision {
        let base = metric.base.unwrap_or(0.0);
        if metric.scale == Scale::Difference && base == 0.0 && metric.candidate == Some(0.0) {
            return by(self.relation.holds(0.0, 0.0));
        }
        let limit = match metric.scale {
            Scale::Ratio => 1.0 + self.change,
            Scale::Difference => base * self.change,
        };
        let (kept, broken) = if self.relation.bounds_above() {
            (metric.high.map(|h| self.relation.holds(h, limit)), metric.low.map(|l| l > limit))
        } else {
            (metric.low.map(|l| self.relation.holds(l, limit)), metric.high.map(|h| h < limit))
        };
        let between = || {
            let show = |v: Option<f64>| v.map_or_else(|| "?".to_owned(), |v| metric.says(v));
            format!("between {} and {} against the baseline", show(metric.low), show(metric.high))
        };
        match (kept, broken) {
            (Some(true), _) => (GateOutcome::Pass, Some(between())),
            (_, Some(true)) => (GateOutcome::Fail, Some(between())),
            (None, None) => {
                undecided(metric.note.clone().unwrap_or_else(|| "its noise is unknown".to_owned()))
            }
            _ => undecided(format!("{}: its interval contains the limit", between())),
        }
    }
}

const NO_BASELINE: &str = "there is no baseline here: `smppbench gate --baseline` decides it";

pub(super) fn without_baseline() -> Decision {
    undecided(NO_BASELINE)
}
