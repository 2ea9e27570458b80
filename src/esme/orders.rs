//! What is said between a coordinator and its workers: serialisable values, near or far.
use super::samples::IdSample;
use crate::kit::{Nanos, RateChange};
use crate::measure::{Exchange, Interval, SessionRecord};
use crate::plan::Plan;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One worker's share of a plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Share {
    /// The whole plan: what is whose is a pure function of it and of the two numbers.
    pub plan: Arc<Plan>,
    /// Which worker.
    pub worker: u32,
    /// Of how many.
    pub workers: u32,
}

/// What the coordinator tells a worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Order {
    /// The load begins at this time (CLOCK_MONOTONIC).
    Start {
        /// Offset 0 of the schedule.
        at: Nanos,
    },
    /// The load ends at this offset, sooner than planned.
    EndLoad {
        /// Nothing intended later is sent.
        at: Nanos,
    },
    /// The rate was changed by hand: all changes so far, in order.
    Steer {
        /// The last one is the new one.
        changes: Vec<RateChange>,
    },
    /// Messages still waiting at this offset are unsent.
    Drain {
        /// Offset from the start of the load.
        until: Nanos,
    },
    /// Unbind and report.
    Stop,
}

/// What a worker tells the coordinator.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Event {
    /// Every session has been tried once.
    Ready {
        /// Which worker.
        worker: u32,
        /// Sessions bound.
        sessions_up: u64,
        /// Why the others are not, one line each.
        failures: Vec<String>,
    },
    /// One second has passed.
    Interval(Box<Interval>),
    /// Nothing is open, waiting or awaited (or again something is); told whenever it changes in the drain.
    Quiet {
        /// Which worker.
        worker: u32,
        /// Whether so.
        quiet: bool,
        /// Batches handed to other workers so far.
        handed: u64,
        /// Batches received from other workers so far.
        received: u64,
    },
    /// No session of this worker is bound any more, and none will be.
    AllLost {
        /// Which worker.
        worker: u32,
    },
    /// A receipt or MO that is none of ours came where that must stop the run.
    Foreign {
        /// What, for a person.
        what: String,
    },
    /// The end of it.
    Final(Box<Final>),
}

/// A worker's last word.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Final {
    /// Which worker.
    pub worker: u32,
    /// What happened since the last interval.
    pub interval: Box<Interval>,
    /// Per session.
    pub sessions: Vec<SessionRecord>,
    /// Failed exchanges, where they were asked for.
    pub exchanges: Vec<Exchange>,
    /// The first message ids it saw.
    pub ids: IdSample,
}
