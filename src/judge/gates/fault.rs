//! What is wrong with a gate as it is written: the gate, the column and what was expected, in one line.
use crate::judge::compare::compared_names;
use crate::judge::name::NameError;
use serde_json::Value;

/// Why a gate cannot be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GateError {
    /// Its metric is unknown.
    #[error("gates: {0}")]
    Name(#[from] NameError),
    /// What it demands does not read.
    #[error("gates.{name:?} = {written}: {fault}")]
    Demand {
        /// The metric.
        name: String,
        /// As it was written.
        written: String,
        /// What is wrong.
        fault: GateFault,
    },
}

/// What is wrong with what a gate demands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GateFault {
    /// Neither a text nor a table.
    #[error("expected a text such as \"< 50ms\"")]
    NotText,
    /// A key that a gate's table does not have.
    #[error("unknown key {0:?}; expected is, stage, for or abort_after")]
    UnknownKey(String),
    /// A table without an expression.
    #[error("expected is = \"< 50ms\" or the like")]
    NoExpression,
    /// A place in the expression where something else was expected.
    #[error("column {column}: expected {expected}")]
    Expression {
        /// From 1.
        column: usize,
        /// What was expected there.
        expected: String,
    },
    /// `for` or `abort_after` is no duration, or too short.
    #[error("{0}: expected a duration of at least 1s, such as \"10s\"")]
    Span(&'static str),
    /// `for` or `abort_after` on what is not kept by the second.
    #[error(
        "for and abort_after go with what is kept by the second: percentiles, max, count and censored of \
         response, service, receipt, receipt_from_write, receipt_after_response, harness_lag and write_wait, rates, \
         ratios and the ledger, of all messages or a stage"
    )]
    NotBySecond,
    /// A stage of an observed series.
    #[error("an observed series is of the whole measured time; leave stage out")]
    ObservedOfPart,
    /// A limit against a baseline on a part of the run.
    #[error(
        "a limit against a baseline speaks of the whole run, without for, stage or abort_after"
    )]
    BaselineOfPart,
    /// A metric that is not compared.
    #[error("{name} has no limit against a baseline; these have: {}", compared_names().join(", "))]
    NotCompared {
        /// As it was written.
        name: String,
    },
    /// `stage` beside a group in the name.
    #[error("stage cannot be combined with a group in the name")]
    StageInGroup,
    /// `stage` is no text.
    #[error("stage: expected a stage's name")]
    StageName,
    /// No such stage.
    #[error("stage {name:?} is not in the profile; its stages are {}", known.join(", "))]
    UnknownStage {
        /// As it was written.
        name: String,
        /// Those there are.
        known: Vec<String>,
    },
}

impl GateFault {
    /// The fault of that gate.
    pub(super) fn of(self, name: &str, value: &Value) -> GateError {
        GateError::Demand { name: name.to_owned(), written: value.to_string(), fault: self }
    }
}
