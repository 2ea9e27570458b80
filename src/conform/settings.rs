//! What a run needs to know of the peer: where it is, who binds, what may be sent and how long it is waited for. It
//! comes from the plan.
use super::octets::{Message, Pdu};
use crate::kit::{Nanos, SocketOptions};
use crate::net::ClientTls;
use crate::plan::behaviour::SmscAccount;
use crate::plan::{Account, BindType, Foreign, Plan, PlanError, Recipe, Scratch, Secret};
use crate::smpp::receipt::IdRule;
use bytes::BytesMut;
use std::net::IpAddr;

/// Longest timer of the embedded simulator that is waited for.
const TIMER_MAX: Nanos = Nanos::from_secs(4);
/// Messages a second off loopback.
const RATE_MAX: f64 = 5.0;
/// Password that the embedded simulator is given, where neither it nor the profile has one.
const EMBEDDED_PASSWORD: &str = "conform";

/// Maximum waits of the cases.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// A whole case.
    pub case: Nanos,
    /// A TCP connection and its TLS handshake.
    pub connect: Nanos,
    /// An answer.
    pub answer: Nanos,
    /// How long nothing may come, where silence is right.
    pub silence: Nanos,
    /// A receipt, from the submit_sm_resp; on top of the case's own time.
    pub receipt: Nanos,
    /// How much later than declared a timer of the peer may end.
    pub late: Nanos,
    /// After a lost connection, before the next one is opened.
    pub recovery: Nanos,
    /// In the role `esme`: the next connection of the peer; on top of the case's own time.
    pub peer: Nanos,
}

impl Waits {
    /// For a peer on this machine, or elsewhere.
    pub fn of(loopback: bool) -> Waits {
        let (silence, receipt) = if loopback { (300, 3_000) } else { (2_000, 30_000) };
        Waits {
            case: Nanos::from_secs(5),
            connect: Nanos::from_secs(2),
            answer: Nanos::from_secs(2),
            silence: Nanos::from_millis(silence),
            receipt: Nanos::from_millis(receipt),
            late: Nanos::from_secs(2),
            recovery: Nanos::from_millis(500),
            peer: Nanos::from_secs(30),
        }
    }
}

/// Timers that the peer is said to have.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeclaredTimers {
    /// From connect to bind.
    pub session_init: Option<Nanos>,
    /// Idle time after which the peer sends enquire_link.
    pub enquire_link: Option<Nanos>,
    /// Idle time after which the peer drops the session.
    pub inactivity: Option<Nanos>,
    /// How long the peer waits for the answer to its own request.
    pub response: Option<Nanos>,
}

impl DeclaredTimers {
    /// All of them together: no case waits longer. Zero where none is declared.
    pub(super) fn together(&self) -> Nanos {
        let all = [self.session_init, self.enquire_link, self.inactivity, self.response];
        all.into_iter().flatten().fold(Nanos::ZERO, Nanos::after)
    }
}

/// Where connections go.
#[derive(Clone, Debug)]
pub struct Address {
    /// `host:port`, tried in turn.
    pub addresses: Vec<String>,
    /// None: plain TCP.
    pub tls: Option<ClientTls>,
    /// Options of the socket.
    pub options: SocketOptions,
    /// The local address; None: the kernel chooses.
    pub source: Option<IpAddr>,
}

/// What a run needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the peer listens; without addresses in the role `esme`.
    pub address: Address,
    /// Who binds.
    pub account: Account,
    /// What the submit_sm have in common: addresses, service_type.
    pub(super) message: Message,
    /// How ids are spelled in responses and receipts.
    pub id_mode: IdRule,
    /// Maximum waits.
    pub waits: Waits,
    /// The least time between two submit_sm.
    pub pace: Nanos,
    /// Timers that the peer is said to have.
    pub timers: DeclaredTimers,
    /// Whether a receipt or MO of other traffic ends the run.
    pub stops_on_foreign: bool,
}

impl Settings {
    /// The settings of a checked plan, whose addresses are known by now. Without `address.tls`, which the caller reads.
    ///
    /// # Errors
    /// The first message of the plan cannot be encoded.
    pub fn of(plan: &Plan) -> Result<Settings, PlanError> {
        let target = &plan.target;
        let options = target.socket_options();
        let source = target.source_addresses.first().and_then(|ip| ip.parse().ok());
        let address = Address { addresses: target.addresses.clone(), tls: None, options, source };
        let loopback = target.is_loopback();
        let mut waits = Waits::of(loopback);
        waits.connect = waits.connect.min(plan.timeouts.connect);
        waits.answer = waits.answer.min(plan.timeouts.response);
        waits.receipt = waits.receipt.min(plan.receipts.deadline);
        Ok(Settings {
            address,
            account: plan.accounts[0].clone(),
            message: first_message(plan)?,
            id_mode: plan.receipts.id_mode,
            waits,
            pace: if loopback { Nanos::ZERO } else { pace(plan) },
            timers: declared_timers(plan),
            stops_on_foreign: !loopback && plan.guard.foreign == Foreign::Stop,
        })
    }

    /// Which bind the cases use that send messages. None: the account only receives.
    pub(super) fn sender(&self) -> Option<BindType> {
        match self.account.binds.bind_type {
            BindType::Transceiver => Some(BindType::Transceiver),
            BindType::Transmitter | BindType::Pair => Some(BindType::Transmitter),
            BindType::Receiver => None,
        }
    }
}

/// The least time between two submit_sm off loopback: 5 a second, or `guard.rate_max` where that is less.
fn pace(plan: &Plan) -> Nanos {
    let most = plan.guard.rate_max.map_or(RATE_MAX, |rate| rate.as_f64().min(RATE_MAX));
    Nanos::from_secs_f64(1.0 / most)
}

/// Gives an embedded simulator that lets everyone in the account of the profile, so that there is something to refuse.
pub fn close_the_simulator(plan: &mut Plan) {
    if !plan.target.embedded || !plan.embedded.accounts.is_empty() {
        return;
    }
    let account = &mut plan.accounts[0];
    if account.password.is_empty() {
        account.password = Secret(EMBEDDED_PASSWORD.to_owned());
    }
    plan.embedded.accounts = vec![SmscAccount {
        system_id: account.system_id.clone(),
        password: Some(account.password.clone()),
        password_env: None,
        password_file: None,
        binds_max: None,
        rate: None,
        window: None,
    }];
}

fn declared_timers(plan: &Plan) -> DeclaredTimers {
    if !plan.target.embedded {
        return DeclaredTimers::default();
    }
    let short = |timer: Option<Nanos>| timer.filter(|span| *span <= TIMER_MAX);
    let timers = &plan.embedded.timers;
    DeclaredTimers {
        session_init: short(timers.session_init),
        enquire_link: short(timers.enquire_link),
        inactivity: short(timers.inactivity),
        response: short(timers.response),
    }
}

/// The addresses and the service_type of the first message of a plan.
fn first_message(plan: &Plan) -> Result<Message, PlanError> {
    let mut octets = BytesMut::new();
    Recipe::new(plan)?.stamp(0, 1, 0, &mut Scratch::default(), &mut octets);
    let written = Message::read(Pdu(octets.to_vec()).body()).unwrap_or_default();
    Ok(Message {
        service_type: written.service_type,
        source_kind: written.source_kind,
        source: written.source,
        destination_kind: written.destination_kind,
        destination: written.destination,
        ..Message::default()
    })
}
