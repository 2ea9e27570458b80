//! Leads a fleet from a thread of its own: carries letters between NATS and [`Lead`], so that clocks are read and
//! heartbeats sent whatever whoever conducts a run is busy with.
use super::FleetError;
use super::lead::{Lead, News};
use super::link::{Access, identity};
use super::wire::{Subjects, Who};
use crate::coordinator::{Crew, Distance, RunError};
use crate::esme::{Event, Order};
use crate::kit::{Clock, Nanos};
use crate::measure::FleetRecord;
use crate::plan::Plan;
use async_nats::Client;
use async_nats::connection::State;
use futures_util::StreamExt;
use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How far away a fleet is: its orders travel, and wait for claims to be settled.
const FAR: Distance = Distance {
    lead: Nanos::from_millis(1_000),
    steer_ahead: Nanos::from_millis(500),
    last_word: Nanos::from_secs(15),
};

/// How often time passes.
const TICK: Duration = Duration::from_millis(20);

/// Whoever conducts a run waits so long for the last word on its fleet.
const RECORD_WITHIN: Duration = Duration::from_secs(4);

/// What a fleet to be led is like.
#[derive(Clone, Debug)]
pub struct Led {
    /// How NATS is reached.
    pub access: Access,
    /// Which agents are ours.
    pub group: String,
    /// So many of them.
    pub agents: usize,
    /// They must have come within this.
    pub timeout: Nanos,
    /// Their clocks must be known to this.
    pub clock_max: Nanos,
}

enum Command {
    Open(Arc<Plan>, mpsc::Sender<Result<Crew, RunError>>),
    Close(mpsc::Sender<FleetRecord>),
    Release,
}

/// A fleet that has come. Clones lead the same agents.
#[derive(Clone, Debug)]
pub struct Leader {
    commands: UnboundedSender<Command>,
    thread: Arc<Thread>,
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Command::Open(..) => "Open",
            Command::Close(..) => "Close",
            Command::Release => "Release",
        })
    }
}
