//! What a record means: does its ledger balance, was the harness fit to measure, was the run steady, did
//! the SMSC sustain the rate, did the gates pass (docs/ledger.md, docs/verdict.md and docs/measuring.md). Pure: a plan
//! and a record in, a judgement out. Nothing here runs, reads a clock or prints.
mod baseline;
mod books;
mod check;
pub mod compare;
mod drift;
mod event_figure;
mod events;
mod figures;
mod fleet;
mod gates;
mod health;
mod judgement;
mod measured;
mod name;
mod observed;
mod outcome;
mod receipts;
mod so_far;
pub mod statistics;
mod steady;
#[cfg(test)]
mod tests;
mod through;
mod verdict;

pub use baseline::{BASELINE_SCHEMA, Baseline, BaselineError, Noise};
pub use books::{Books, TallyCheck, TallyLine, TallyView, against_tally};
pub use check::{About, Check, Relation, Unit};
pub use drift::{DriftRow, drift};
pub use event_figure::EventFigure;
pub use events::{EventRow, MedianInterval, RecoveryRow, RecoverySummary, RepeatFigure};
pub use figures::{FIGURES, FigureRow, LEDGER, LedgerLine, Scope, receipts_asked};
pub use gates::{
    ABORTED, Abort, Cells, GateError, GateFault, GateInput, GateOutcome, GateResult, GateValue,
    RelativeGate, check_gates, evaluate, gate_mistakes, in_order, leaning, names_a_group,
};
pub use health::{Health, HealthState, WorstSecond, limits};
pub use judgement::{Judgement, judge};
pub use measured::{
    Measured, is_measured, is_of_measured_stage, stage_messages, stage_spans, without,
};
pub use name::{
    Group, Meaning, NameError, Named, Names, ObservedStatistic, PERCENTILES, StageSpan, Statistic,
    VerdictWord, all_names,
};
pub use observed::ObservedFigures;
pub use outcome::{Limiter, Outcome};
pub use so_far::SoFar;
pub use steady::Steady;
#[cfg(test)]
pub(crate) use tests::sample;
pub use through::{ThroughFigures, ThroughRatio, ThroughShare};
pub use verdict::{Explanation, LittlesLaw, work_piled_up};
