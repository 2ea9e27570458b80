//! The plan: what a profile means once flags, defaults and the guard have had their say. Plain data,
//! serialisable, so that it can travel to a worker on another machine. It knows no file and no flag.
mod account;
mod address;
mod binds;
mod deliver;
mod event;
mod fleet;
mod guard;
mod load;
mod marker;
mod message;
mod metrics;
mod observe;
mod receipts;
mod rewrite;
mod route;
mod timeouts;
mod upstream;

pub use account::Account;
pub use address::{Address, AddressFrom, NumberFiles};
pub use binds::{BindType, Binds, Rebind};
pub use deliver::Deliver;
pub use event::{EventAction, EventBinds, PlannedEvent, Recover};
pub use fleet::{Fleet, OnAgentLoss};
pub use guard::{Foreign, Guard};
pub use load::{CongestionThresholds, Load, OnCongestion, OnThrottle, WindowFull};
pub use marker::RunMarker;
pub use message::{Long, Message, MessageTlv, TlvValue};
pub use metrics::Metrics;
pub(in crate::plan) use observe::check as check_observed;
pub use observe::{OWN, Observe, PROCESS_SERIES, TALLY_SERIES};
pub use receipts::{Accept, Per, Receipts};
pub use rewrite::Rewrite;
pub use route::Route;
pub use timeouts::Timeouts;
pub use upstream::{MarkerChoice, Upstream};

use super::behaviour::Behaviour;
pub use super::schedule::{Arrival, Shape, Stage};
pub use super::secret::Secret;
use super::values::is_loopback;
pub use super::values::{Matcher, Selector};
use crate::kit::{Nanos, SocketOptions};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything a run needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Names the run folder.
    pub name: String,
    /// Schedule, recipe, destinations and the simulator are pure functions of it.
    pub seed: u64,
    /// Whom to test.
    pub target: Target,
    /// The simulator's behaviour, where the target is embedded.
    pub embedded: Behaviour,
    /// Limits of this run.
    pub guard: Guard,
    /// At least one.
    pub accounts: Vec<Account>,
    /// How the load is offered.
    pub load: Load,
    /// In order; empty only where every bind is a receiver (then `receive_only_for` bounds the run).
    pub stages: Vec<Stage>,
    /// How long a run without stages lasts.
    pub receive_only_for: Nanos,
    /// At least one, except in receive-only runs.
    pub messages: Vec<Message>,
    /// The numbers of the files that `messages` name.
    pub number_files: NumberFiles,
    /// How receipts are told and matched.
    pub receipts: Receipts,
    /// How deliver_sm is answered.
    pub deliver: Deliver,
    /// Maximum waits.
    pub timeouts: Timeouts,
    /// What is broken on purpose. Complete: every name and `repeat` is filled in.
    #[serde(default)]
    pub events: Vec<PlannedEvent>,
    /// Events may run commands (`--allow-exec`).
    #[serde(default)]
    pub allow_exec: bool,
    /// Gates as written: (metric, expression or table as JSON).
    pub gates: Vec<(String, serde_json::Value)>,
    /// The marker that every submit_sm carries. None: none.
    #[serde(default)]
    pub marker: Option<RunMarker>,
    /// Exchanges of failed messages to keep (`run --trace failed:N`).
    #[serde(default)]
    pub trace_failed: Option<usize>,
    /// Sessions bind one after the other, and the first that fails ends it (`find binds`).
    #[serde(default)]
    pub ladder: Option<Ladder>,
    /// Settings of a run over several machines.
    #[serde(default)]
    pub fleet: Fleet,
    /// Where OpenMetrics are served.
    pub metrics: Metrics,
    /// What is sampled beside the run.
    #[serde(default)]
    pub observe: Vec<Observe>,
    /// What is behind the gateway that is tested (`through`). None: no gateway is.
    #[serde(default)]
    pub upstream: Option<Upstream>,
    /// Warnings to show before the run, a line each.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// Binds one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ladder {
    /// From one bind to the next attempt.
    pub pause: Nanos,
    /// After a refusal: a bound session is dropped without an unbind, and its place tried again once.
    pub replace: bool,
}

/// Whom to test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// True: the simulator in this process; `addresses` is then filled when it listens.
    pub embedded: bool,
    /// `host:port`, at least one unless embedded; resolved at each connect.
    pub addresses: Vec<String>,
    /// How several addresses are used.
    pub policy: AddressPolicy,
    /// None: plain TCP.
    pub tls: Option<Tls>,
    /// Local addresses to bind to, in turn; empty: the kernel chooses.
    pub source_addresses: Vec<String>,
    /// TCP_NODELAY (default true).
    pub nodelay: bool,
    /// SO_SNDBUF in octets; None: the kernel's default.
    pub send_buffer: Option<usize>,
    /// SO_RCVBUF in octets; None: the kernel's default.
    pub receive_buffer: Option<usize>,
    /// SO_KEEPALIVE.
    pub keepalive: bool,
}

/// How several target addresses are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AddressPolicy {
    /// Sessions are spread over all of them.
    All,
    /// Sessions use the first address that connects.
    Failover,
}

/// TLS towards the target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tls {
    /// PEM file of the CA to trust instead of the system's.
    pub ca: Option<String>,
    /// PEM file of the client certificate chain.
    pub cert: Option<String>,
    /// PEM file of the client key.
    pub key: Option<String>,
    /// Name to verify; None: the host of the address.
    pub server_name: Option<String>,
    /// False only by the loud opt-out.
    pub verify: bool,
}

impl Target {
    /// Whether every address is loopback, or the simulator in this process.
    pub fn is_loopback(&self) -> bool {
        self.embedded || self.addresses.iter().all(|address| is_loopback(address))
    }

    /// The options of each connection to it.
    pub fn socket_options(&self) -> SocketOptions {
        let Target { nodelay, send_buffer, receive_buffer, keepalive, .. } = *self;
        SocketOptions { nodelay, send_buffer, receive_buffer, keepalive }
    }
}

impl Plan {
    /// Number of sessions (a pair counts two).
    pub fn sessions_count(&self) -> usize {
        self.accounts.iter().map(|a| a.binds.sessions_count()).sum()
    }
    /// Binds that may transmit.
    pub fn senders_count(&self) -> usize {
        self.accounts.iter().map(|a| a.binds.senders_count()).sum()
    }
    /// Length of the load: of all stages, or of a run without stages.
    pub fn load_length(&self) -> Nanos {
        let stages = self.stages.iter().fold(Nanos::ZERO, |sum, stage| sum + stage.length);
        if self.stages.is_empty() { self.receive_only_for } else { stages }
    }
    /// Workers to run on `cores` cores, as asked or else all of them (half of them when embedded);
    /// never more than senders, and at least one.
    pub fn workers_count(&self, cores: usize) -> usize {
        let own = if self.target.embedded { cores / 2 } else { cores };
        self.load.workers.unwrap_or(own).min(self.senders_count()).max(1)
    }
}
