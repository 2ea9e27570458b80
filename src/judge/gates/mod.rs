//! Gates: limits on the metrics of a run (docs/verdict.md and docs/comparing.md). A gate that cannot be decided is
//! never a pass.
mod abort;
mod decision;
mod event;
mod expression;
mod fault;
mod figure;
mod input;
mod objective;
mod observed;
mod own_lag;
mod read;
mod relative;
mod sample;
mod so_far;
#[cfg(test)]
mod tests;
mod through;
mod window;

pub use abort::{ABORTED, Abort};
pub use decision::{GateOutcome, GateResult, GateValue};
pub use fault::{GateError, GateFault};
pub use input::{Cells, GateInput, in_order};
pub(super) use objective::{objectives, upper_limit};
pub use read::{check_gates, gate_mistakes, names_a_group};
pub use relative::RelativeGate;

use super::check::Unit;
use super::events::EventRow;
use super::figures::{FigureRow, Scope};
use super::judgement::Judgement;
use super::measured::Measured;
use super::name::{Group, Meaning, Names, ObservedStatistic, Statistic, VerdictWord};
use super::outcome::{Limiter, Outcome};
use crate::measure::{CutReason, Latency, Metric, RunRecord};
use crate::plan::Plan;
use decision::{Decision, by, undecided};
use expression::Limit;
use figure::figure_gate;
use read::{Gate, read};
use sample::{latency_gate, statistic_value, with_invalid_harness};
use serde_json::Value;

/// Decides every gate of the plan on a run that was judged.
pub fn evaluate(plan: &Plan, record: &RunRecord, judgement: &Judgement) -> Vec<GateResult> {
    GateInput::of(plan, record, judgement).evaluate(&plan.gates)
}

/// Whether a condition holds for the point value alone, even if the sample is too small or its interval contains the
/// limit; a search repeats the trial. None: nothing was measured, or the condition cannot be read.
pub fn leaning(
    plan: &Plan,
    record: &RunRecord,
    measured: &Measured,
    name: &str,
    expression: &str,
) -> Option<bool> {
    let gate = read(&Names::of(plan), name, &Value::String(expression.to_owned())).ok()?;
    let Limit::Number(limit) = gate.expression.limit else { return None };
    let relation = gate.expression.relation;
    let value = match gate.named.meaning {
        Meaning::Latency(metric, statistic) => {
            let cells = Cells::Record(plan, record);
            let cell = cells.of(gate.named.group, measured);
            point_value(input::latency(&record.whole, &cell, metric), statistic)
        }
        Meaning::Transit(transit, statistic) => {
            point_value(record.through.as_ref()?.times.of(transit), statistic)
        }
        Meaning::Figure(_)
        | Meaning::Ledger(_)
        | Meaning::Verdict(_)
        | Meaning::Observed(..)
        | Meaning::Event(..)
        | Meaning::Inside(_) => None,
    };
    value.map(|value| relation.holds(value, limit))
}

/// A statistic without its interval, of however few values. None: there is none.
fn point_value(latency: &Latency, statistic: Statistic) -> Option<f64> {
    match statistic {
        Statistic::Quantile(q) => {
            latency.quantile(q).or_else(|| latency.quantile_at_least(q)).map(|value| value.0 as f64)
        }
        Statistic::Count
        | Statistic::Censored
        | Statistic::Min
        | Statistic::Mean
        | Statistic::Stddev
        | Statistic::Max => statistic_value(latency, statistic),
    }
}

impl GateInput<'_> {
    /// Decides these gates. One that cannot be read is undecided, with the reason.
    pub fn evaluate(&self, gates: &[(String, Value)]) -> Vec<GateResult> {
        let decided = gates.iter().map(|(name, value)| match read(&self.names, name, value) {
            Ok(gate) => self.decide(name, &gate),
            Err(why) => GateResult {
                name: name.clone(),
                expression: value.to_string(),
                unit: Unit::Count,
                value: None,
                outcome: GateOutcome::Undecided,
                why: Some(why.to_string()),
            },
        });
        decided.collect()
    }

    /// Reads these gates, before any is decided.
    ///
    /// # Errors
    /// As [`check_gates`].
    pub fn check(&self, gates: &[(String, Value)]) -> Result<(), GateError> {
        gates.iter().try_for_each(|(name, value)| read(&self.names, name, value).map(|_| ()))
    }

    fn decide(&self, name: &str, gate: &Gate) -> GateResult {
        let relation = gate.expression.relation;
        let number =
            |(value, decision): (Option<f64>, Decision)| (value.map(GateValue::Number), decision);
        let (value, (outcome, why)) = match (&gate.named.meaning, &gate.expression.limit) {
            (_, Limit::Baseline(_)) => (None, relative::without_baseline()),
            (_, Limit::Number(limit)) if gate.every.is_some() => {
                number(window::decide(self, gate, *limit, gate.every.unwrap_or_default()))
            }
            (Meaning::Verdict(word), Limit::Word(wanted)) => self.verdict(*word, wanted),
            (Meaning::Latency(metric, statistic), Limit::Number(limit)) => {
                number(self.latency_gate(gate, *metric, *statistic, *limit))
            }
            (Meaning::Figure(row), Limit::Number(limit)) => {
                let cell = self.cells.of(gate.named.group, &self.measured);
                let scope = match gate.named.group {
                    Group::Whole => Scope::whole(&self.measured, self.mo),
                    group => Scope::group(&self.measured, &cell.tally, self.seconds(group)),
                };
                let (value, (outcome, why)) =
                    figure_gate(name, row, &scope, relation, *limit, self.is_trusted());
                number((value, (outcome, why.or_else(|| self.counts_the_drain(row)))))
            }
            (Meaning::Observed(series, statistic), Limit::Number(limit)) => {
                let figures = self.observed.get(usize::from(*series)).and_then(Option::as_ref);
                number(observed::observed_gate(figures, *statistic, relation, *limit))
            }
            (Meaning::Ledger(count), Limit::Number(limit)) => {
                let n = count(&self.cells.of(gate.named.group, &self.measured).tally) as f64;
                number((Some(n), by(relation.holds(n, *limit))))
            }
            (Meaning::Event(event, figure), Limit::Number(limit)) => {
                let event = self.names.events.get(usize::from(*event));
                let of = |row: &&EventRow| Some(&row.name) == event;
                let rows: Vec<&EventRow> = self.events.iter().filter(of).collect();
                number(event::event_gate(&rows, *figure, relation, *limit))
            }
            (Meaning::Transit(transit, statistic), Limit::Number(limit)) => {
                let (through, limit) = (self.through.as_ref(), (relation, *limit));
                let is_trusted = self.is_trusted();
                number(through::transit_gate(through, *transit, *statistic, limit, is_trusted))
            }
            (Meaning::Inside(ratio), Limit::Number(limit)) => {
                number(through::ratio_gate(self.through.as_ref(), *ratio, relation, *limit))
            }
            (Meaning::Verdict(_), Limit::Number(_)) | (_, Limit::Word(_)) => {
                (None, undecided("the limit and the metric have different kinds"))
            }
        };
        let aborted = match self.cut_reason.as_deref() {
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
            unit: self.unit(&gate.named.meaning),
            value,
            outcome,
            why,
        }
    }

    /// That a rate counts what came in the drain, where the summary shows the rates while the load was on instead.
    fn counts_the_drain(&self, row: &FigureRow) -> Option<String> {
        let drains = ["written", "accepted", "answered", "receipts"];
        let counts = row.block == "rate" && drains.contains(&row.name);
        (counts && self.outcome == Some(Outcome::NotSustained)).then(|| {
            "of all messages planned in the measured time, also those that came in the drain"
                .to_owned()
        })
    }

    /// The unit of a figure; of an observed one, as it was in the run.
    fn unit(&self, meaning: &Meaning) -> Unit {
        match meaning {
            Meaning::Observed(number, ObservedStatistic::Max | ObservedStatistic::Mean) => {
                let figures = self.observed.get(usize::from(*number)).and_then(Option::as_ref);
                figures.map_or(meaning.unit(), |figures| figures.unit)
            }
            Meaning::Observed(_, ObservedStatistic::Growth)
            | Meaning::Latency(..)
            | Meaning::Figure(_)
            | Meaning::Ledger(_)
            | Meaning::Verdict(_)
            | Meaning::Event(..)
            | Meaning::Transit(..)
            | Meaning::Inside(_) => meaning.unit(),
        }
    }

    fn latency_gate(
        &self,
        gate: &Gate,
        metric: Metric,
        statistic: Statistic,
        limit: f64,
    ) -> (Option<f64>, Decision) {
        let relation = gate.expression.relation;
        let cell = self.cells.of(gate.named.group, &self.measured);
        let latency = self.latency(&cell, metric);
        let of = |metric| self.latency(&cell, metric);
        let decision = latency_gate(latency, statistic, relation, limit);
        let trusted = if self.is_trusted() || statistic.is_count() {
            own_lag::unless_own_lag(decision, of, metric, statistic, relation, limit)
        } else {
            with_invalid_harness(decision, of, metric, statistic, relation, limit)
        };
        (statistic_value(latency, statistic), trusted)
    }

    fn verdict(&self, word: VerdictWord, wanted: &str) -> (Option<GateValue>, Decision) {
        let found = match word {
            VerdictWord::Outcome => self.outcome.map(Outcome::name),
            VerdictWord::Limiter => self.limiter.map(Limiter::name),
            VerdictWord::Harness => Some(self.harness.name()),
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
}
