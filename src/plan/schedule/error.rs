//! Why stages cannot be scheduled.
use super::bounds::{PIECES_MAX, POISSON_MAX};
use crate::plan::error::PlanError;
use thiserror::Error;

/// Why stages cannot be scheduled, and which.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("stages[{stage}]: {why}")]
pub struct ScheduleError {
    /// Which stage, from 0.
    pub stage: usize,
    /// The fault, and the remedy.
    pub why: Unschedulable,
}

/// Why a stage cannot be scheduled; each says the remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "each says it in its message")]
pub enum Unschedulable {
    #[error("a stage of no length; give it a `for` above 0s")]
    NoLength,
    #[error("a rate and a length that no schedule can hold; shorten the stage")]
    Beyond,
    #[error("a rate that no schedule can hold")]
    BeyondSteered,
    #[error("a stage whose rate is 0 throughout; give it a rate above 0")]
    NoRate,
    #[error("stairs without a step; give `step` and `each` above 0")]
    NoStep,
    #[error("{steps} stairs, more than {PIECES_MAX}; make `each` longer")]
    Stairs { steps: u64 },
    #[error("too many steps; make `step` larger")]
    TooManySteps,
    #[error("ends after its stage; make `for` longer")]
    SpikeBeyond,
    #[error("a sine below 0; make `amplitude` at most `mean`")]
    SineBelowZero,
    #[error("a sine's period out of bounds; from 1ms, at most 16384 in a stage")]
    SinePeriod,
    #[error("more than 65536 stages; join some")]
    TooManyStages,
    #[error("stages longer than 292 years; shorten them")]
    TooLong,
    #[error("more messages than 64 bits can number")]
    TooManyMessages,
    #[error("{count} Poisson arrivals, more than {POISSON_MAX}; shorten the stage")]
    TooManyArrivals { count: u64 },
}

impl PlanError {
    /// A schedule that cannot be made.
    pub fn of_schedule(e: &ScheduleError) -> PlanError {
        PlanError::about(format!("load.stages[{}]", e.stage), e.why.to_string())
    }
}
