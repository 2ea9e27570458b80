//! Gates in the middle of a run. What still grows has not failed its lower limit yet.
use super::decision::undecided;
use super::expression::Limit;
use super::read::{Gate, read};
use super::{GateInput, GateResult, GateValue};
use crate::judge::check::Relation;
use crate::judge::name::{Meaning, ObservedStatistic, Statistic};
use serde_json::Value;

impl GateInput<'_> {
    /// Decides these gates on what was measured so far. A failed limit that the rest of the run can still reach is
    /// undecided.
    pub(in crate::judge) fn evaluate_so_far(&self, gates: &[(String, Value)]) -> Vec<GateResult> {
        let mut results = self.evaluate(gates);
        for (result, (name, value)) in results.iter_mut().zip(gates) {
            let Ok(gate) = read(&self.names, name, value) else { continue };
            if result.failed() && self.is_open(&gate, result) {
                (result.outcome, result.why) = undecided("the run goes on");
            }
        }
        results
    }

    /// Whether what is still to come can make a failed gate pass.
    fn is_open(&self, gate: &Gate, result: &GateResult) -> bool {
        let (Limit::Number(limit), Some(GateValue::Number(value))) =
            (&gate.expression.limit, &result.value)
        else {
            return false;
        };
        let relation = gate.expression.relation;
        match gate.named.meaning {
            _ if gate.every.is_some() || relation.bounds_above() => false,
            Meaning::Ledger(_)
            | Meaning::Latency(_, Statistic::Count | Statistic::Censored)
            | Meaning::Observed(_, ObservedStatistic::Max) => {
                relation != Relation::Equal || value < limit
            }
            Meaning::Figure(row) if row.block == "rate" => {
                let t = &self.cells.of(gate.named.group, &self.measured).tally;
                let more = match row.name {
                    "accepted" | "answered" => t.in_flight(),
                    "receipts" => t.in_flight() + t.awaited(),
                    _ => 0,
                };
                let seconds = self.seconds(gate.named.group).max(1e-9);
                relation.holds(value + more as f64 / seconds, *limit)
            }
            Meaning::Figure(_)
            | Meaning::Latency(..)
            | Meaning::Verdict(_)
            | Meaning::Event(..)
            | Meaning::Transit(..)
            | Meaning::Inside(_)
            | Meaning::Observed(_, ObservedStatistic::Mean | ObservedStatistic::Growth) => false,
        }
    }
}
