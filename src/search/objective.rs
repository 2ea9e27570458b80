//! What a rate must keep: conditions in the words of gates (`response.p99<=50ms`), several of them joined by commas.
use crate::judge::{self, GateOutcome, GateResult, Measured};
use crate::measure::RunRecord;
use crate::plan::Plan;
use serde_json::Value;

/// The objective of a search that names none.
pub const DEFAULT: &str = "zero loss and throttling";

/// Shares that a rate may throttle or refuse where an objective says nothing of them.
const REFUSED_MAX: f64 = 0.005;

/// One objective.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objective {
    /// As written.
    pub name: String,
    /// (metric, expression).
    conditions: Vec<(String, String)>,
}

/// Why text is no objective.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectiveError {
    /// A condition without a limit.
    #[error(
        "--objective: {0:?} says no limit; write throttled<=0.5%, response.p99<=50ms, receipt.p99<=5s or {DEFAULT:?}"
    )]
    NoLimit(String),
    /// A condition that is no gate.
    #[error("--objective {text:?}: {why}")]
    Gate {
        /// The objective, as written.
        text: String,
        /// What is wrong with its gate.
        why: String,
    },
}

/// What a trial says of an objective.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    /// None: it says nothing.
    pub(super) kept: Option<bool>,
    /// What broke it.
    pub(super) broken_by: Option<String>,
}

impl Objective {
    /// Reads `throttled<=0.5%`, `response.p99<=50ms, missing=0`, or [`DEFAULT`]. `plan`: whose accounts, labels and
    /// stages may be named.
    ///
    /// # Errors
    /// One line with what was expected.
    pub fn parse(text: &str, plan: &Plan) -> Result<Objective, ObjectiveError> {
        let text = text.trim();
        let mut conditions = Vec::new();
        if text == DEFAULT {
            for name in ["ratio.throttled", "ratio.timed_out", "ratio.lost"] {
                conditions.push((name.to_owned(), "= 0".to_owned()));
            }
        } else {
            for part in text.split(',') {
                conditions.push(condition(part.trim())?);
            }
            let receipts = conditions.iter().any(|c| c.0.starts_with("receipt"));
            if receipts && !conditions.iter().any(|c| c.0 == "ratio.missing") {
                // a percentile of those that came says little while some never come
                conditions.push(("ratio.missing".to_owned(), "= 0".to_owned()));
            }
        }
        let objective = Objective { name: text.to_owned(), conditions };
        let gates = objective.gates();
        judge::check_gates(&Plan { gates, ..plan.clone() })
            .map_err(|e| ObjectiveError::Gate { text: text.to_owned(), why: e.to_string() })?;
        Ok(objective)
    }

    /// As gates.
    pub(super) fn gates(&self) -> Vec<(String, Value)> {
        self.conditions.iter().map(|(n, e)| (n.clone(), Value::String(e.clone()))).collect()
    }

    /// Whether it speaks of times.
    pub fn is_timed(&self) -> bool {
        self.conditions.iter().any(|(name, _)| is_time(name))
    }

    /// Samples that its percentiles need; 0 where it has none.
    pub(super) fn samples_min(&self) -> u64 {
        let tail = |name: &str| match name.rsplit('.').next() {
            Some("p90") => 150,
            Some("p95") => 300,
            Some("p99") => 1_500,
            Some("p99_9") => 12_000,
            Some("p99_99") => 110_000,
            Some(_) | None => 0,
        };
        self.conditions.iter().filter(|c| is_time(&c.0)).map(|c| tail(&c.0)).max().unwrap_or(0)
    }

    /// Judges it by the gates of its conditions. `queued`: the trial began with a queue, so that times say nothing.
    pub(super) fn mark(
        &self,
        plan: &Plan,
        record: &RunRecord,
        measured: &Measured,
        gates: &[GateResult],
        queued: bool,
    ) -> Mark {
        let mut open = false;
        if let Some(why) = self.refused(measured) {
            return Mark { kept: Some(false), broken_by: Some(why) };
        }
        for ((name, expression), gate) in self.conditions.iter().zip(gates) {
            if queued && is_time(name) {
                open = true;
                continue;
            }
            let kept = match gate.outcome {
                GateOutcome::Pass => Some(true),
                GateOutcome::Fail => Some(false),
                GateOutcome::Undecided => {
                    let leans = judge::leaning(plan, record, measured, name, expression);
                    // no receipt was expected: none is missing
                    let none = measured.tally().receipts_expected == 0;
                    leans.or((name == "ratio.missing" && none).then_some(true))
                }
            };
            match kept {
                Some(true) => {}
                Some(false) => return Mark { kept: Some(false), broken_by: Some(broken(gate)) },
                None => {
                    // what cannot be told is never a pass
                    let why = gate.why.clone().unwrap_or_default();
                    let broken_by = Some(format!("{name} could not be told: {why}"));
                    return Mark { kept: Some(false), broken_by };
                }
            }
        }
        Mark { kept: (!open).then_some(true), broken_by: None }
    }

    /// A rate that is refused is not borne, whatever the times of the rest.
    fn refused(&self, measured: &Measured) -> Option<String> {
        let says = |word: &str| self.conditions.iter().any(|c| c.0.ends_with(word));
        if says("throttled") || says("rejected") {
            return None;
        }
        let t = measured.tally();
        let share = t.throttled as f64 / t.written.max(1) as f64;
        (share > REFUSED_MAX).then(|| format!("{} throttled", crate::kit::words::percent(share)))
    }
}

fn is_time(name: &str) -> bool {
    !name.contains("ratio.") && !name.contains("rate.") && !name.contains("ledger.")
}

fn broken(gate: &GateResult) -> String {
    let value = match (&gate.value, &gate.why) {
        (None, Some(why)) => why.clone(),
        _ => gate.shows(),
    };
    format!("{} {value}, wanted {}", gate.name, gate.expression)
}

/// (metric, expression) of `throttled<=0.5%`.
fn condition(text: &str) -> Result<(String, String), ObjectiveError> {
    let Some(at) = text.find(['<', '>', '=']) else {
        return Err(ObjectiveError::NoLimit(text.to_owned()));
    };
    let (name, expression) = (text[..at].trim(), text[at..].trim());
    let name = if name.contains('.') { name.to_owned() } else { format!("ratio.{name}") };
    Ok((name, expression.to_owned()))
}
