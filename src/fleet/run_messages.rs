//! Messages between a lead and its agents about runs, sent over a reliable channel.
use crate::esme::{Event, Order, PartUpdate, UnmatchedReceipt};
use crate::plan::Plan;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A run that is offered to one agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Offer {
    /// Number of the run within the session.
    pub(super) run: u32,
    /// The whole plan, without passwords.
    pub(super) plan: Plan,
    /// Numbers of the agent's workers.
    pub(super) near: Range<u32>,
    /// Number of workers of all agents.
    pub(super) workers: u32,
}

/// Lead to agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ToAgent {
    /// Offers a run. Nothing is connected yet.
    Offer(Box<Offer>),
    /// All agents have accepted: connect and bind.
    Bind {
        /// Number of the run.
        run: u32,
    },
    /// Order to all workers of the agent; times are on its clock.
    Order {
        /// Number of the run.
        run: u32,
        /// The order.
        order: Order,
    },
    /// Asks whether receipts that another agent read belong to messages of this agent.
    Claim {
        /// Number of the run.
        run: u32,
        /// Number of the batch.
        batch: u64,
        /// The receipts.
        receipts: Vec<UnmatchedReceipt>,
    },
    /// Ends the run, or cancels it before its start.
    Close {
        /// Number of the run.
        run: u32,
    },
}

/// Agent to lead.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ToLead {
    /// The agent accepts the offer.
    Accepted {
        /// Number of the run.
        run: u32,
    },
    /// The agent refuses the offer.
    Refused {
        /// Number of the run.
        run: u32,
        /// Why, in one line.
        why: String,
    },
    /// Event of a worker; an interval is merged from all workers of the agent.
    Event {
        /// Number of the run.
        run: u32,
        /// The event.
        event: Event,
    },
    /// Receipts that match no message of this agent.
    Unmatched {
        /// Number of the run.
        run: u32,
        /// Each with the worker that read it.
        receipts: Vec<(u32, UnmatchedReceipt)>,
    },
    /// Part updates of long messages that workers of other agents own.
    PartUpdates {
        /// Number of the run.
        run: u32,
        /// Each with the worker that owns its message.
        updates: Vec<(u32, PartUpdate)>,
    },
    /// Answer to [`ToAgent::Claim`]: the receipts of this agent's messages, which are now counted.
    Claimed {
        /// Number of the run.
        run: u32,
        /// Number of the batch.
        batch: u64,
        /// Their places in the batch.
        places: Vec<u32>,
    },
    /// All workers of the agent have ended.
    Ended {
        /// Number of the run.
        run: u32,
        /// Why they ended early; None: they were told to stop.
        fault: Option<String>,
    },
}
