//! What a rate must keep: conditions in the words of gates (`response.p99<=50ms`), several of them joined by commas.
use crate::judge::{
    self, GateOutcome, GateResult, Meaning, Measured, Named, Names, Statistic, ThroughRatio, Unit,
};
use crate::measure::through::Transit;
use crate::measure::{Metric, RunRecord};
use crate::plan::Plan;
use serde_json::Value;

/// The objective of a search that names none.
pub const DEFAULT: &str = "zero loss and throttling";

/// Largest share of throttled messages, where an objective has no limit on refusals.
const REFUSED_MAX: f64 = 0.005;

/// One objective.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objective {
    /// As written.
    pub name: String,
    conditions: Vec<Condition>,
}

/// One metric with its limit.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    metric: String,
    expression: String,
    subject: Subject,
}

/// What a condition limits, as far as a search treats it differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    /// A latency, with the samples that its percentile needs.
    Latency { samples_min: u64 },
    /// A latency of receipts, likewise.
    ReceiptLatency { samples_min: u64 },
    /// A transit time of a gateway, likewise.
    Transit { transit: Transit, samples_min: u64 },
    /// A share of what went wrong inside a gateway.
    Inside(ThroughRatio),
    /// The share or the number of throttled or rejected messages.
    Refused,
    /// The share of missing receipts.
    Missing,
    /// Anything else.
    Other,
}

impl Subject {
    fn of(metric: &str, meaning: &Meaning) -> Subject {
        let line = metric.rsplit('.').next();
        match meaning {
            Meaning::Latency(metric, statistic) if meaning.unit() == Unit::Nanoseconds => {
                let samples_min = samples_min(*statistic);
                if is_of_receipts(*metric) {
                    Subject::ReceiptLatency { samples_min }
                } else {
                    Subject::Latency { samples_min }
                }
            }
            Meaning::Figure(row) => match (row.unit, row.name) {
                (Unit::Ratio, "throttled" | "rejected") => Subject::Refused,
                (Unit::Ratio, "missing") => Subject::Missing,
                _ => Subject::Other,
            },
            // a line of the ledger is known by its name only
            Meaning::Ledger(_) if matches!(line, Some("throttled" | "rejected")) => {
                Subject::Refused
            }
            Meaning::Transit(transit, statistic) if meaning.unit() == Unit::Nanoseconds => {
                Subject::Transit { transit: *transit, samples_min: samples_min(*statistic) }
            }
            Meaning::Inside(ratio) => Subject::Inside(*ratio),
            Meaning::Latency(..)
            | Meaning::Ledger(_)
            | Meaning::Verdict(_)
            | Meaning::Observed(..)
            | Meaning::Event(..)
            | Meaning::Transit(..) => Subject::Other,
        }
    }

    /// None: it limits no latency.
    fn samples_min(self) -> Option<u64> {
        match self {
            Subject::Latency { samples_min }
            | Subject::ReceiptLatency { samples_min }
            | Subject::Transit { samples_min, .. } => Some(samples_min),
            Subject::Inside(_) | Subject::Refused | Subject::Missing | Subject::Other => None,
        }
    }

    /// Whether it is known of a whole trial only: the books of a gateway do not part what came before the measured time.
    const fn is_whole(self) -> bool {
        matches!(self, Subject::Transit { .. } | Subject::Inside(_))
    }

    /// The share that a limit on these times leaves out: what never came has no time. None: nothing is left out.
    fn left_out(self) -> Option<(&'static str, Subject)> {
        match self {
            Subject::ReceiptLatency { .. } => Some(("missing", Subject::Missing)),
            Subject::Transit { transit: Transit::Forward, .. } => {
                Some(inside(ThroughRatio::LostInside))
            }
            Subject::Transit { transit: Transit::ReceiptReturn, .. } => {
                Some(inside(ThroughRatio::ReceiptsLostInside))
            }
            Subject::Latency { .. }
            | Subject::Transit { .. }
            | Subject::Inside(_)
            | Subject::Refused
            | Subject::Missing
            | Subject::Other => None,
        }
    }
}

fn inside(ratio: ThroughRatio) -> (&'static str, Subject) {
    (ratio.name(), Subject::Inside(ratio))
}

/// Samples that a statistic needs to be told with some certainty.
fn samples_min(statistic: Statistic) -> u64 {
    match statistic {
        Statistic::Quantile(q) if q >= 0.9999 => 110_000,
        Statistic::Quantile(q) if q >= 0.999 => 12_000,
        Statistic::Quantile(q) if q >= 0.99 => 1_500,
        Statistic::Quantile(q) if q >= 0.95 => 300,
        Statistic::Quantile(q) if q >= 0.9 => 150,
        Statistic::Quantile(_)
        | Statistic::Count
        | Statistic::Censored
        | Statistic::Min
        | Statistic::Mean
        | Statistic::Stddev
        | Statistic::Max => 0,
    }
}

/// Whether only a run through a gateway has this metric.
pub fn is_of_a_gateway(metric: &str) -> bool {
    metric.starts_with("through.") || ThroughRatio::of_metric(metric).is_some()
}

fn is_of_receipts(metric: Metric) -> bool {
    matches!(
        metric,
        Metric::Receipt
            | Metric::ReceiptFromWrite
            | Metric::ReceiptAfterResponse
            | Metric::ReceiptBeforeResponse
    )
}

/// Why text is not an objective.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectiveError {
    /// A condition without a limit.
    #[error(
        "--objective: {0:?} has no limit; write throttled<=0.5%, response.p99<=50ms, receipt.p99<=5s or {DEFAULT:?}"
    )]
    NoLimit(String),
    /// A condition that is not a gate.
    #[error("--objective {text:?}: {why}")]
    Gate {
        /// The objective, as written.
        text: String,
        /// What is wrong with its gate.
        why: String,
    },
}

/// What came before the rate of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// Nothing.
    Nothing,
    /// An overload, of which the SMSC refused what was too much.
    Overload,
    /// An overload, of which a queue is left.
    Queue,
}

/// Whether a trial kept an objective.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ObjectiveOutcome {
    /// None: the trial cannot tell.
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
        let wrong = |why: String| ObjectiveError::Gate { text: text.to_owned(), why };
        let mut written = Vec::new();
        if text == DEFAULT {
            for name in ["ratio.throttled", "ratio.timed_out", "ratio.lost"] {
                written.push((name.to_owned(), "= 0".to_owned()));
            }
        } else {
            for part in text.split(',') {
                written.push(split(part.trim())?);
            }
        }
        let names = Names::of(plan);
        let condition = |(metric, expression): (String, String)| {
            let named = Named::find(&metric, &names).map_err(|e| wrong(e.to_string()))?;
            let subject = Subject::of(&metric, &named.meaning);
            Ok(Condition { metric, expression, subject })
        };
        let conditions = written.into_iter().map(condition);
        let mut conditions = conditions.collect::<Result<Vec<_>, ObjectiveError>>()?;
        let left_out: Vec<_> = conditions.iter().filter_map(|c| c.subject.left_out()).collect();
        for (name, subject) in left_out {
            // a percentile of those that came says little while some never come
            if !conditions.iter().any(|c| c.subject == subject) {
                let (metric, expression) = (format!("ratio.{name}"), "= 0".to_owned());
                conditions.push(Condition { metric, expression, subject });
            }
        }
        let objective = Objective { name: text.to_owned(), conditions };
        let gates = objective.gates();
        judge::check_gates(&Plan { gates, ..plan.clone() }).map_err(|e| wrong(e.to_string()))?;
        Ok(objective)
    }

    /// As gates.
    pub(super) fn gates(&self) -> Vec<(String, Value)> {
        let gate = |c: &Condition| (c.metric.clone(), Value::String(c.expression.clone()));
        self.conditions.iter().map(gate).collect()
    }

    /// The first metric in it that only a run through a gateway has. None: there is none.
    pub fn of_a_gateway(&self) -> Option<&str> {
        let found = self.conditions.iter().find(|c| is_of_a_gateway(&c.metric));
        found.map(|c| c.metric.as_str())
    }

    /// Whether it limits a latency.
    pub fn is_timed(&self) -> bool {
        self.conditions.iter().any(|c| c.subject.samples_min().is_some())
    }

    /// Whether it is judged on all of a trial, and not on its measured time.
    pub(super) fn is_whole(&self) -> bool {
        self.conditions.iter().any(|c| c.subject.is_whole())
    }

    /// Samples that its percentiles need; 0 where it has none.
    pub(super) fn samples_min(&self) -> u64 {
        self.conditions.iter().filter_map(|c| c.subject.samples_min()).max().unwrap_or(0)
    }

    /// Judges it by the gates of its conditions. After a queue latencies say nothing, and after an overload what is known of
    /// the whole trial only.
    pub(super) fn mark(
        &self,
        plan: &Plan,
        record: &RunRecord,
        measured: &Measured,
        gates: &[GateResult],
        before: Before,
    ) -> ObjectiveOutcome {
        let mut open = false;
        if let Some(why) = self.refused(measured) {
            return ObjectiveOutcome { kept: Some(false), broken_by: Some(why) };
        }
        for (condition, gate) in self.conditions.iter().zip(gates) {
            let Condition { metric, expression, subject } = condition;
            let says_nothing = match before {
                Before::Nothing => false,
                Before::Overload => subject.is_whole(),
                Before::Queue => subject.is_whole() || subject.samples_min().is_some(),
            };
            if says_nothing {
                open = true;
                continue;
            }
            let kept = match gate.outcome {
                GateOutcome::Pass => Some(true),
                GateOutcome::Fail => Some(false),
                GateOutcome::Undecided => {
                    let leans = judge::leaning(plan, record, measured, metric, expression);
                    // no receipt was expected: none is missing
                    let none = measured.tally().receipts_expected == 0;
                    leans.or((*subject == Subject::Missing && none).then_some(true))
                }
            };
            match kept {
                Some(true) => {}
                Some(false) => {
                    return ObjectiveOutcome { kept: Some(false), broken_by: Some(broken(gate)) };
                }
                None => {
                    // what cannot be told is never a pass
                    let why = gate.why.clone().unwrap_or_default();
                    let broken_by = Some(format!("{metric} could not be told: {why}"));
                    return ObjectiveOutcome { kept: Some(false), broken_by };
                }
            }
        }
        ObjectiveOutcome { kept: (!open).then_some(true), broken_by: None }
    }

    /// A rate that the SMSC refuses is not sustained, whatever the latencies of the accepted messages.
    fn refused(&self, measured: &Measured) -> Option<String> {
        if self.conditions.iter().any(|c| c.subject == Subject::Refused) {
            return None;
        }
        let t = measured.tally();
        let share = t.throttled as f64 / t.written.max(1) as f64;
        (share > REFUSED_MAX).then(|| format!("{} throttled", crate::kit::words::percent(share)))
    }
}

fn broken(gate: &GateResult) -> String {
    let value = match (&gate.value, &gate.why) {
        (None, Some(why)) => why.clone(),
        _ => gate.shows(),
    };
    format!("{} {value}, wanted {}", gate.name, gate.expression)
}

/// (metric, expression) of `throttled<=0.5%`.
fn split(text: &str) -> Result<(String, String), ObjectiveError> {
    let Some(at) = text.find(['<', '>', '=']) else {
        return Err(ObjectiveError::NoLimit(text.to_owned()));
    };
    let (name, expression) = (text[..at].trim(), text[at..].trim());
    let name = if name.contains('.') { name.to_owned() } else { format!("ratio.{name}") };
    Ok((name, expression.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Overrides, Source, load};

    fn objective(text: &str) -> Objective {
        let toml = r#"
            load.stages = [{ hold = 10, for = "1s" }]
            accounts = [{ system_id = "gold" }]
        "#;
        let source = Source::Text { name: "t.toml".into(), text: toml.into() };
        Objective::parse(text, &load(&source, &Overrides::default()).unwrap()).unwrap()
    }

    #[test]
    fn a_limit_on_receipt_times_also_wants_every_receipt_to_come_for_an_account_too() {
        for text in ["receipt.p99<=5s", "account.gold.receipt_from_write.p99<=5s"] {
            let gates = objective(text).gates();
            assert_eq!(gates.last().unwrap().0, "ratio.missing", "{text}");
        }
        assert_eq!(objective("receipt.p99<=5s, missing<=1%").gates().len(), 2);
        assert_eq!(objective("response.p99<=5s").gates().len(), 1);
    }

    #[test]
    fn a_limit_on_a_transit_also_wants_that_nothing_is_lost_on_that_way() {
        for (text, wanted) in [
            ("through.forward.p99<=50ms", "ratio.lost_inside"),
            ("through.receipt_return.p50<=1s", "ratio.receipts_lost_inside"),
            ("through.forward.p99<=50ms, lost_inside<=1%", "ratio.lost_inside"),
        ] {
            let gates = objective(text).gates();
            assert_eq!((gates.len(), gates.last().unwrap().0.as_str()), (2, wanted), "{text}");
        }
        let count = objective("through.forward.count>=1");
        assert_eq!((count.gates().len(), count.is_timed()), (1, false));
        assert_eq!(count.of_a_gateway(), Some("through.forward.count"));
        assert_eq!(objective("lost_inside=0").of_a_gateway(), Some("ratio.lost_inside"));
        assert_eq!(objective("lost=0").of_a_gateway(), None);
    }

    #[test]
    fn only_latencies_are_times_and_their_percentiles_need_samples() {
        for (text, is_timed, samples) in [
            ("response.p99<=50ms", true, 1_500),
            ("account.gold.response.p99_9<=50ms, response.p50<=9ms", true, 12_000),
            ("response.max<=50ms", true, 0),
            ("through.forward.p99<=50ms", true, 1_500),
            ("response.count>=1", false, 0),
            ("throttled<=0.5%", false, 0),
            (DEFAULT, false, 0),
        ] {
            let objective = objective(text);
            assert_eq!(
                (objective.is_timed(), objective.samples_min()),
                (is_timed, samples),
                "{text}"
            );
        }
    }
}
