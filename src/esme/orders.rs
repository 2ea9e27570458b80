//! Orders and events between a coordinator and its workers, on this machine or another: serialisable values.
use super::part_update::PartUpdate;
use super::samples::IdSample;
use super::unmatched_receipts::UnmatchedReceipt;
use crate::kit::{Nanos, RateChange};
use crate::measure::{Exchange, Interval, SessionRecord};
use crate::plan::Plan;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// One worker's part of a plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkerAssignment {
    /// The whole plan: which messages and sessions are this worker's follows from it and from the two numbers.
    pub plan: Arc<Plan>,
    /// The number of the worker.
    pub worker: u32,
    /// Workers of the run, on all machines.
    pub workers: u32,
    /// Those of this process, itself among them: they hand receipts over to each other.
    pub near: Range<u32>,
}

impl WorkerAssignment {
    /// Whether workers of the same run are on other machines.
    pub fn is_of_a_fleet(&self) -> bool {
        self.near.len() < self.workers as usize
    }
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
        /// No message intended later is sent.
        at: Nanos,
    },
    /// The rate was changed by hand: all changes so far, in order.
    Steer {
        /// The last one holds from now on.
        changes: Vec<RateChange>,
    },
    /// The run has recovered from the events that began so far.
    Recovered {
        /// Messages intended from this offset on are undisturbed, up to the next occurrence: a whole second, in time
        /// for every worker to know it.
        at: Nanos,
    },
    /// Messages that are still due at this offset are unsent.
    Drain {
        /// Offset from the start of the load.
        until: Nanos,
    },
    /// Receipts that no message of their agent matches: which of them does this worker await? Answered with
    /// [`Event::Claimed`].
    Claim {
        /// The number of the question.
        batch: u64,
        /// Those whose key this worker would own.
        receipts: Vec<UnmatchedReceipt>,
    },
    /// The fleet's answer to [`Event::Unmatched`].
    Settled {
        /// The number of the worker that asked.
        worker: u32,
        /// Numbers of those that another agent has counted.
        claimed: Vec<u64>,
        /// Numbers of those that no agent awaits.
        unclaimed: Vec<u64>,
        /// An agent was lost that may have sent their messages: they are no sign of foreign traffic.
        excused: bool,
    },
    /// Updates, from workers on other machines, of parts of messages that this worker counts.
    PartUpdates {
        /// The number of the worker.
        worker: u32,
        /// In the order in which they arrived.
        updates: Vec<PartUpdate>,
    },
    /// Sessions unbind, and the worker reports.
    Stop,
}

/// How a session failed to be bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BindFault {
    /// bind_resp with this command_status.
    Refused(u32),
    /// Connected, and the connection ended before bind_resp.
    Dropped,
    /// Connected, and no bind_resp came in time.
    Silent,
    /// No connection could be made.
    Unreachable,
}

/// One session that could not be bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BindFailure {
    /// Its number within the run.
    pub session: u32,
    /// How it failed.
    pub fault: BindFault,
    /// How it failed, for a person.
    pub why: String,
}

impl std::fmt::Display for BindFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "session {}: {}", self.session, self.why)
    }
}

/// Whether a session that was dropped without an unbind still occupies a bind at the SMSC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DroppedBind {
    /// Another session was bound in its stead.
    Released,
    /// Another session was not.
    Occupied(BindFault),
}

/// What a worker tells the coordinator.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Event {
    /// Every session has been tried once.
    Ready {
        /// The number of the worker.
        worker: u32,
        /// Sessions bound.
        sessions_up: u64,
        /// Why the others are not bound.
        failures: Vec<BindFailure>,
        /// On a ladder: whether the SMSC released the bind of a session that was dropped on purpose.
        dropped: Option<DroppedBind>,
    },
    /// What happened in one second of the load.
    Interval(Box<Interval>),
    /// Whether nothing is in flight, due or awaited any more; told whenever it changes in the drain.
    Quiet {
        /// The number of the worker.
        worker: u32,
        /// True: nothing is.
        quiet: bool,
        /// Batches handed to other workers so far.
        handed: u64,
        /// Batches received from other workers so far.
        received: u64,
    },
    /// No session of this worker is bound any more, and none will be.
    AllLost {
        /// The number of the worker.
        worker: u32,
    },
    /// A receipt or MO of other traffic came where that must stop the run.
    Foreign {
        /// What came, for a person.
        what: String,
    },
    /// Receipts that no message sent from this machine matches. Only in a fleet.
    Unmatched {
        /// The number of the worker.
        worker: u32,
        /// Each with a number of its own.
        receipts: Vec<UnmatchedReceipt>,
    },
    /// Those of a [`Order::Claim`] that were this worker's; they are counted.
    Claimed {
        /// The number of the worker.
        worker: u32,
        /// The number of the question.
        batch: u64,
        /// Their positions in it.
        positions: Vec<u32>,
    },
    /// Updates of parts of messages that workers on other machines count. Only in a fleet.
    PartUpdates {
        /// (worker, update).
        updates: Vec<(u32, PartUpdate)>,
    },
    /// These workers will say nothing more; what they left open has been accounted for.
    Lost {
        /// Their numbers.
        workers: Range<u32>,
        /// The machine they ran on.
        who: String,
        /// What became of that machine.
        why: String,
    },
    /// Final report of a worker.
    Final(Box<Final>),
}

/// A worker's final report.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Final {
    /// The number of the worker.
    pub worker: u32,
    /// What happened since the last interval.
    pub interval: Box<Interval>,
    /// One for each session.
    pub sessions: Vec<SessionRecord>,
    /// Failed exchanges, where they were asked for.
    pub exchanges: Vec<Exchange>,
    /// The first message ids that it saw.
    pub ids: IdSample,
}
