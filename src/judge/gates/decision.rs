//! The outcome of a gate, with its value and its reason.
use crate::judge::check::Unit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

/// The outcome of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GateOutcome {
    /// It passed.
    Pass,
    /// It failed.
    Fail,
    /// It could not be decided.
    Undecided,
}

/// What a gate's metric was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum GateValue {
    /// In the metric's unit.
    Number(f64),
    /// A word.
    Word(String),
}

/// One gate with its outcome.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
pub struct GateResult {
    /// The metric's name.
    pub name: String,
    /// The expression as written.
    pub expression: String,
    /// A number in the metric's unit, or a word; null: undefined in this run. Nanoseconds and counts are integers.
    pub value: Option<GateValue>,
    /// The outcome.
    pub outcome: GateOutcome,
    /// Unit of the value.
    pub unit: Unit,
    /// The reason, where the value does not show it.
    pub why: Option<String>,
}

impl Serialize for GateResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let GateResult { name, expression, value, outcome, unit, why } = self;
        let value = match value {
            Some(GateValue::Number(n)) => json!(unit.number(*n)),
            Some(GateValue::Word(word)) => json!(word),
            None => Value::Null,
        };
        serializer.collect_map([
            ("name", json!(name)),
            ("expression", json!(expression)),
            ("value", value),
            ("outcome", json!(outcome)),
            ("unit", json!(unit)),
            ("why", json!(why)),
        ])
    }
}

impl GateResult {
    /// Whether it failed.
    pub fn failed(&self) -> bool {
        self.outcome == GateOutcome::Fail
    }

    /// Whether it could not be decided, which is never a pass.
    pub fn undecided(&self) -> bool {
        self.outcome == GateOutcome::Undecided
    }

    /// The value for a person; `undefined`: there is none.
    pub fn shows(&self) -> String {
        match &self.value {
            Some(GateValue::Number(n)) => self.unit.show(*n),
            Some(GateValue::Word(word)) => word.clone(),
            None => "undefined".to_owned(),
        }
    }
}

/// An outcome, and its reason where the value does not show it.
pub(super) type Decision = (GateOutcome, Option<String>);

pub(super) fn undecided(why: impl Into<String>) -> Decision {
    (GateOutcome::Undecided, Some(why.into()))
}

pub(super) fn by(holds: bool) -> Decision {
    (if holds { GateOutcome::Pass } else { GateOutcome::Fail }, None)
}

pub(super) const HARNESS: &str =
    "the harness did not keep up, so the figure does not show the SMSC";
