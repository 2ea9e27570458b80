//! What a lead and its agents say to each other once engaged: messages of a flow, in order, each once.
use crate::esme::{Event, Order, PartUpdate, UnmatchedReceipt};
use crate::plan::Plan;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Work for one agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Offer {
    /// The run's number within the session.
    pub(super) run: u32,
    /// The whole plan, without passwords.
    pub(super) plan: Plan,
    /// The agent's workers.
    pub(super) near: Range<u32>,
    /// Workers in all.
    pub(super) workers: u32,
}

/// Lead to agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Down {
    /// Would you run this? Nothing is connected yet.
    Offer(Box<Offer>),
    /// All have accepted: connect and bind.
    Bind {
        /// Which run.
        run: u32,
    },
    /// To all its workers; times are on its clock.
    Order {
        /// Which run.
        run: u32,
        /// What.
        order: Order,
    },
    /// Receipts that another agent read and does not own.
    Claim {
        /// Which run.
        run: u32,
        /// The question.
        batch: u64,
        /// Whose are they?
        strays: Vec<UnmatchedReceipt>,
    },
    /// The run is over, or will not be.
    Close {
        /// Which run.
        run: u32,
    },
}

/// Agent to lead.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Up {
    /// It would run the offer.
    Accepted {
        /// Which run.
        run: u32,
    },
    /// It would not.
    Refused {
        /// Which run.
        run: u32,
        /// One line.
        why: String,
    },
    /// A worker's word; intervals are those of all its workers together.
    Event {
        /// Which run.
        run: u32,
        /// What.
        event: Event,
    },
    /// Receipts that nothing sent from here owns: (worker, stray).
    Unmatched {
        /// Which run.
        run: u32,
        /// Each with the worker that read it.
        strays: Vec<(u32, UnmatchedReceipt)>,
    },
    /// News of parts of messages that other agents' workers own.
    Away {
        /// Which run.
        run: u32,
        /// Each with the worker that owns its message.
        news: Vec<(u32, PartUpdate)>,
    },
    /// Of a [`Down::Claim`]: those that are its own, now counted.
    Claimed {
        /// Which run.
        run: u32,
        /// The question.
        batch: u64,
        /// Places in it.
        places: Vec<u32>,
    },
    /// Its workers have ended.
    Ended {
        /// Which run.
        run: u32,
        /// Before their time, for this reason.
        fault: Option<String>,
    },
}
