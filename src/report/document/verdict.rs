//! What a run says, and why it can be believed.
use crate::judge::{Check, GateOutcome, HealthState, Limiter, Outcome, PILES_UP, Relation, Unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

/// The verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// null in closed loop and where nothing is sent.
    #[schemars(with = "Option<String>")]
    pub outcome: Option<Outcome>,
    /// null where nothing was written.
    #[schemars(with = "Option<String>")]
    pub limiter: Option<Limiter>,
    /// What names the limiter.
    pub evidence: Vec<String>,
    /// Why response and service time differ, where they do.
    pub explanation: Option<String>,
    /// The same without the figures, where the headline is withheld.
    #[serde(default)]
    pub cause: Option<String>,
    /// The harness.
    pub harness: Harness,
    /// Steadiness.
    pub steady: Steadiness,
    /// What rate and service time need to have open.
    pub littles_law: Option<LittlesLaw>,
    /// The checks that made the outcome.
    pub reasons: Vec<Reason>,
}

/// Was the tool fit to measure (docs/verdict.md, "Was the harness fit")?
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Harness {
    /// `valid`, `degraded`, `invalid`.
    #[schemars(with = "String")]
    pub state: HealthState,
    /// Sent within 1 ms of their time, of all scheduled.
    pub adherence: Option<f64>,
    /// The worst second.
    pub worst_second: Option<WorstSecond>,
    /// Median lateness.
    pub lag_p50_ns: Option<u64>,
    /// 99th percentile.
    pub lag_p99_ns: Option<u64>,
    /// Largest.
    pub lag_max_ns: Option<u64>,
    /// Busiest worker's share of its core.
    pub cpu_max: Option<f64>,
    /// … in its worst second.
    pub cpu_worst_second: Option<f64>,
    /// Worst worker's share of time ready and not running.
    pub run_delay_max: Option<f64>,
    /// Processor and run delay together.
    pub busy_max: Option<f64>,
    /// Share of time in which a worker's loop was held up for over 1 ms.
    pub held_max: Option<f64>,
    /// Longest turn of a worker's loop.
    pub loop_max_ns: Option<u64>,
    /// Achieved of the target rate.
    pub achieved: Option<f64>,
    /// Coefficient of variation of the gaps between sends.
    pub send_gap_spread: Option<f64>,
    /// Share of time throttled by the control group.
    pub throttled: Option<f64>,
    /// Share of time stolen by the hypervisor.
    pub steal: Option<f64>,
}

/// The second with the fewest messages sent on time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorstSecond {
    /// From the start of the load.
    pub at_s: f64,
    /// Share sent on time.
    pub adherence: f64,
}

/// Steadiness of the measured time (docs/verdict.md, "Warm-up and steady state").
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Steadiness {
    /// null: not judged.
    pub steady: Option<bool>,
    /// Why.
    pub reason: String,
    /// Seconds judged.
    pub samples: u64,
    /// The warm-up that would have done, where it was too short.
    pub warmup_needed_s: Option<f64>,
}

/// N = X·R.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LittlesLaw {
    /// Messages a second.
    pub rate: f64,
    /// Mean service time.
    pub service_ns: u64,
    /// Open at once, on average.
    pub open: f64,
    /// Window slots in all.
    pub slots: u64,
    /// The window that would do, per bind.
    pub window: u64,
}

/// One check with its value and its limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// `sent_of_scheduled`, …
    pub check: String,
    /// null: it could not be told. Nanoseconds and counts are integers.
    #[schemars(with = "Option<f64>")]
    pub value: Option<Number>,
    /// What it is held against.
    #[schemars(with = "Option<f64>")]
    pub limit: Option<Number>,
    /// null: undecided.
    pub ok: Option<bool>,
    /// How it must stand to the limit.
    #[schemars(with = "String")]
    pub relation: Relation,
    /// Unit of both.
    #[schemars(with = "String")]
    pub unit: Unit,
    /// What a reader should know besides.
    pub note: Option<String>,
    /// Whom it speaks of.
    #[serde(default)]
    pub about: About,
}

/// Whom a check speaks of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The SMSC at this rate.
    #[default]
    Smsc,
    /// What piled up meanwhile.
    Growth,
    /// What drifted meanwhile.
    Drift,
    /// The tool and its machine.
    Harness,
}

impl Reason {
    /// True only where it was decided against.
    pub fn failed(&self) -> bool {
        self.ok == Some(false)
    }

    /// One line: name, value, limit, note.
    pub fn says(&self) -> String {
        let plain = |n: &Option<Number>| n.as_ref().and_then(Number::as_f64);
        let check = Check {
            check: self.check.clone(),
            value: plain(&self.value),
            limit: plain(&self.limit),
            relation: self.relation,
            unit: self.unit,
            ok: self.ok,
            note: self.note.clone(),
        };
        check.says()
    }
}

impl Verdict {
    /// True where a headline may be printed: the harness kept up.
    pub fn allows_headline(&self) -> bool {
        self.harness.state != HealthState::Invalid
    }

    /// True where response times from the intended send may be printed: where work piled up they only say how long
    /// the run was.
    pub fn allows_response_headline(&self) -> bool {
        self.allows_headline() && !(self.outcome == Some(Outcome::NotSustained) && self.piled_up())
    }

    /// The same of receipts, which may pile up by themselves.
    pub fn allows_receipt_headline(&self) -> bool {
        self.allows_response_headline() && !self.broken(&["awaited_receipts_growth"])
    }

    fn piled_up(&self) -> bool {
        self.broken(&PILES_UP)
    }

    fn broken(&self, checks: &[&str]) -> bool {
        self.reasons.iter().any(|r| r.failed() && checks.contains(&r.check.as_str()))
    }

    /// Why a run that is inconclusive, the harness apart, says nothing.
    pub fn unsaid(&self) -> &'static str {
        let untold = |r: &Reason| r.check == "receipts_missing" && r.ok.is_none();
        if self.reasons.iter().any(untold) {
            "receipts could not be matched: how many are missing cannot be said"
        } else {
            "too unsteady or too small to say"
        }
    }

    /// The checks that speak of one part.
    pub fn about(&self, part: About) -> impl Iterator<Item = &Reason> {
        self.reasons.iter().filter(move |r| r.about == part)
    }
}

/// One gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GateRow {
    /// The metric's name.
    pub name: String,
    /// As written.
    pub expression: String,
    /// A number in the metric's unit, a word, or null.
    pub value: Value,
    /// `pass`, `fail`, `undecided`.
    #[schemars(with = "String")]
    pub outcome: GateOutcome,
    /// Of the value.
    #[schemars(with = "String")]
    pub unit: Unit,
    /// Why, where the value alone does not say it.
    pub why: Option<String>,
}

impl GateRow {
    /// The value as a person reads it; `undefined` where there is none.
    pub fn shows(&self) -> String {
        match (&self.value, self.value.as_f64()) {
            (_, Some(number)) => self.unit.show(number),
            (Value::String(word), None) => word.clone(),
            (_, None) => "undefined".to_owned(),
        }
    }
}
