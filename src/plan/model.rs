//! The plan: what a profile means once flags, defaults and the guard have had their say. Plain data,
//! serialisable, so that it can travel to a worker on another machine. It knows no file and no flag.
mod deliver;
mod fleet;
mod load;
mod message;
mod receipts;
mod timeouts;

pub use deliver::Deliver;
pub use fleet::{Fleet, OnAgentLoss};
pub use load::{Load, OnThrottle, WindowFull};
pub use message::{Address, AddressFrom, Content, Long, Message, PlannedTlv, TlvValue};
pub use receipts::{Accept, IdMode, Per, Receipts};
pub use timeouts::Timeouts;

use super::behaviour::Behaviour;
pub use super::schedule::{Arrival, Shape, Stage};
pub use super::secret::{PasswordFrom, Secret};
use crate::kit::{Nanos, Rate};
use crate::smpp::pdu;
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
    /// What this run may not exceed.
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
    /// How receipts are told and matched.
    pub receipts: Receipts,
    /// How deliver_sm is answered.
    pub deliver: Deliver,
    /// Bounds on waiting.
    pub timeouts: Timeouts,
    /// Gates as written: (metric, expression or table as JSON).
    pub gates: Vec<(String, serde_json::Value)>,
    /// Exchanges of failed messages to keep (`run --trace failed:N`).
    #[serde(default)]
    pub trace_failed: Option<usize>,
    /// Sessions bind one after the other, and the first that fails ends it (`find binds`).
    #[serde(default)]
    pub ladder: Option<Ladder>,
    /// What holds where several machines run it.
    #[serde(default)]
    pub fleet: Fleet,
    /// Where OpenMetrics are served, if at all.
    pub metrics_listen: Option<String>,
    /// Whether that may be an address off this machine's loopback.
    #[serde(default)]
    pub metrics_allow_remote: bool,
    /// What the user should know before it runs, a line each.
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

/// What this run may not exceed (docs/reference/commands.md, "Guard").
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Guard {
    /// True where every address is loopback (or the target is embedded).
    pub loopback: bool,
    /// Addresses that may be targeted although they are not loopback.
    pub allow_target: Vec<String>,
    /// submit_sm in all, retries included; None: no bound (loopback only).
    pub messages_max: Option<u64>,
    /// Highest rate that may be planned.
    pub rate_max: Option<Rate>,
    /// Most sessions that may be opened.
    pub binds_max: Option<usize>,
    /// Destination patterns (`4477009*`) that may be addressed; empty: all.
    pub destinations: Vec<String>,
    /// Stop at foreign traffic (off loopback's default), or acknowledge and count it `unknown`.
    pub foreign_stop: bool,
    /// Whether closed loops may run (off loopback they may not, unless asked for).
    #[serde(default)]
    pub closed_loop: bool,
}

/// One account and its binds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Unique within the plan.
    pub name: String,
    /// bind_* system_id.
    pub system_id: String,
    /// bind_* password; redacted in every output.
    pub password: Secret,
    /// Where it was read, so that a run can be repeated.
    #[serde(default)]
    pub password_from: PasswordFrom,
    /// bind_* system_type.
    pub system_type: String,
    /// 0x34 unless set.
    pub interface_version: u8,
    /// bind_* addr_ton.
    pub addr_ton: u8,
    /// bind_* addr_npi.
    pub addr_npi: u8,
    /// bind_* address_range.
    pub address_range: String,
    /// Weight among the accounts, in whole numbers: this account carries weight / sum of all.
    pub weight: u64,
    /// Its binds.
    pub binds: Binds,
}

/// The sessions of one account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Binds {
    /// Which bind PDU.
    pub bind_type: BindType,
    /// Sessions; with `Pair`, pairs (each opens two).
    pub count: usize,
    /// submit_sm that may be open per session.
    pub window: usize,
    /// Idle time after which enquire_link is sent; None: never.
    pub enquire_link: Option<Nanos>,
    /// A bind's own cap.
    pub rate_max: Option<Rate>,
    /// Connects a second; None: all at once.
    pub connect_rate: Option<Rate>,
    /// None: a lost session stays lost.
    pub rebind: Option<Rebind>,
}

/// Which bind PDU a session sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BindType {
    /// bind_transceiver: the session sends and receives.
    Transceiver,
    /// bind_transmitter: the session only sends; receipts come on other sessions.
    Transmitter,
    /// bind_receiver: the session only receives.
    Receiver,
    /// A transmitter and a receiver for each bind.
    Pair,
}

impl BindType {
    /// The name for a person.
    pub const fn says(self) -> &'static str {
        match self {
            BindType::Transceiver => "transceiver",
            BindType::Transmitter => "transmitter",
            BindType::Receiver => "receiver",
            BindType::Pair => "transmitter and receiver pair",
        }
    }
}

/// How a lost session comes back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rebind {
    /// 0: no bound.
    pub attempts_max: u32,
    /// First pause.
    pub min: Nanos,
    /// Longest pause.
    pub max: Nanos,
}

impl Plan {
    /// Sessions in all (a pair counts two).
    pub fn sessions_count(&self) -> usize {
        self.accounts.iter().map(|a| a.binds.sessions_count()).sum()
    }
    /// Binds that may transmit.
    pub fn senders_count(&self) -> usize {
        self.accounts.iter().map(|a| a.binds.senders_count()).sum()
    }
    /// Workers to run on `cores` cores, as asked or else all of them (half of them when embedded);
    /// never more than senders, and at least one.
    pub fn workers_count(&self, cores: usize) -> usize {
        let own = if self.target.embedded { cores / 2 } else { cores };
        self.load.workers.unwrap_or(own).min(self.senders_count()).max(1)
    }
}

impl Account {
    /// The body of its bind_* PDU (v3.4 section 4.1).
    pub fn bind(&self) -> pdu::Bind<'_> {
        pdu::Bind {
            system_id: self.system_id.as_bytes(),
            password: self.password.0.as_bytes(),
            system_type: self.system_type.as_bytes(),
            interface_version: self.interface_version,
            addr_ton: self.addr_ton,
            addr_npi: self.addr_npi,
            address_range: self.address_range.as_bytes(),
            ..pdu::Bind::default()
        }
    }
}

impl Binds {
    /// Sessions in all (a pair counts two).
    pub fn sessions_count(&self) -> usize {
        match self.bind_type {
            BindType::Transceiver | BindType::Transmitter | BindType::Receiver => self.count,
            BindType::Pair => self.count * 2,
        }
    }
    /// Binds that may transmit.
    pub fn senders_count(&self) -> usize {
        match self.bind_type {
            BindType::Transceiver | BindType::Transmitter | BindType::Pair => self.count,
            BindType::Receiver => 0,
        }
    }
}
