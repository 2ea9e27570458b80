//! The simulator's behaviour as data (CONTRACT.md, "Simulator behaviour"). Absent means: no
//! latency, no error, nothing lost, no fault, and no limit but on what ESMEs may make it keep. It knows nothing of how the simulator does it.
pub use super::secret::Secret;

use crate::kit::{Nanos, Rate};
use serde::{Deserialize, Serialize};

/// Everything the simulator is told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Behaviour {
    /// Chance is a pure function of it.
    pub seed: u64,
    /// None listed: everyone is let in.
    pub accounts: Vec<SmscAccount>,
    /// Bounds it enforces.
    pub limits: Limits,
    /// How submit_sm is answered.
    pub response: Response,
    /// How receipts are sent.
    pub receipts: ReceiptBehaviour,
    /// Mobile-originated traffic.
    pub mo: Mo,
    /// Its session timers.
    pub timers: SmscTimers,
    /// By destination, first match wins.
    pub rules: Vec<Rule>,
    /// What it does wrong, and when.
    pub faults: Vec<Fault>,
    /// PEM files of its certificate and key, if it speaks TLS.
    pub tls: Option<SmscTls>,
    /// What kind of SMSC it imitates beyond these keys.
    pub habits: Habits,
}

/// An account that the simulator knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SmscAccount {
    /// As in bind_*.
    pub system_id: String,
    /// As in bind_*; None: any.
    pub password: Option<Secret>,
    /// Beyond: ESME_RALYBND.
    pub binds_max: Option<usize>,
    /// Messages a second of this account.
    pub rate: Option<Rate>,
    /// Open submit_sm of one of its sessions.
    pub window: Option<usize>,
}

/// Bounds the simulator enforces.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Open submit_sm a session may have.
    pub window: Option<usize>,
    /// What happens beyond.
    pub on_window: OnWindow,
    /// Messages a second.
    pub rate: Option<Rate>,
    /// Whose rate it is.
    pub scope: Scope,
    /// Messages beyond one (token bucket); None: 100 ms of the rate.
    pub burst: Option<u64>,
    /// What happens beyond.
    pub on_rate: OnRate,
    /// Accepts fast, delivers slowly.
    pub queue: Option<Queue>,
    /// After a drop the place stays taken for so long.
    pub ghost_bind: Option<Nanos>,
}

/// Beyond the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnWindow {
    /// ESME_RTHROTTLED.
    #[default]
    Throttle,
    /// ESME_RMSGQFUL.
    QueueFull,
    /// The connection is closed.
    Disconnect,
    /// No answer.
    Silence,
    /// unbind, then close.
    Unbind,
}

/// Whose rate is limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All together.
    #[default]
    All,
    /// Each account.
    Account,
    /// Each session.
    Session,
}

/// Beyond the rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnRate {
    /// ESME_RTHROTTLED.
    #[default]
    Throttle,
    /// Answered later.
    Delay,
}

/// A queue between accepting and delivering.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Queue {
    /// Beyond: ESME_RMSGQFUL.
    pub size: u64,
    /// Deliveries a second.
    pub drain: Rate,
}

/// A random span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Latency {
    /// None.
    #[default]
    Zero,
    /// Always the same.
    Constant(Nanos),
    /// Between two bounds.
    Uniform(Nanos, Nanos),
    /// Log-normal by its median and 99th percentile.
    Lognormal {
        /// p50.
        median: Nanos,
        /// p99.
        p99: Nanos,
    },
    /// M/M/c: so many servers, exponential service with this mean, one queue for all sessions.
    Servers {
        /// c.
        servers: u32,
        /// 1/μ.
        mean: Nanos,
    },
}

/// How submit_sm is answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// From the read that held the submit_sm.
    pub latency: Latency,
    /// Answers nothing meanwhile, then all at once.
    pub stall: Option<Stall>,
    /// (command_status, share).
    pub errors: Vec<(u32, f64)>,
    /// Share accepted but never answered.
    pub lost: f64,
    /// Spelling of message ids in responses.
    pub id: IdFormat,
}

/// A regular silence. The first `every` runs from the first bind; then silent for `length`, then again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stall {
    /// From the start of one stall to the start of the next; the first starts `every` after the first bind.
    pub every: Nanos,
    /// How long.
    pub length: Nanos,
}

/// Spelling of message ids in responses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdFormat {
    /// Ten decimal digits.
    #[default]
    Decimal,
    /// Eight lower-case hexadecimal digits.
    Hex,
    /// 8-4-4-4-12.
    Uuid,
    /// OpenMarket's ticket: `NNNNN-NNNNN-NNNNN-NNNNN`.
    Ticket,
}

/// Spelling of message ids in receipts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptId {
    /// As in the response.
    #[default]
    Same,
    /// The number in decimal, no leading zeros.
    Decimal,
    /// The number in hexadecimal.
    Hex,
    /// As in the response, upper case.
    Upper,
    /// As in the response, with zeros before it to 20 characters.
    ZeroPadded,
}

/// How a receipt is carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptShape {
    /// Text of Appendix B in short_message, and both TLVs.
    #[default]
    AppendixB,
    /// OpenMarket's text, no TLVs.
    Openmarket,
    /// No text.
    TlvOnly,
    /// Text in message_payload.
    Payload,
    /// data_sm with TLVs.
    DataSm,
}

/// How receipts are sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReceiptBehaviour {
    /// From the response.
    pub delay: Latency,
    /// At most so many a second; None: no limit.
    pub rate: Option<Rate>,
    /// (message_state of FACTS B.10, share); the rest is DELIVRD.
    pub states: Vec<(u8, f64)>,
    /// Spelling of the id.
    pub id: ReceiptId,
    /// How it is carried.
    pub format: ReceiptShape,
    /// Share never sent.
    pub lost: f64,
    /// Share sent twice.
    pub duplicate: f64,
    /// Share sent before its response.
    pub before_response: f64,
    /// Share preceded by an intermediate notification (ENROUTE).
    pub intermediate: f64,
    /// Sent on another receiving bind of the account, where there is one.
    pub other_bind: bool,
    /// Unacknowledged deliver_sm towards an ESME session; None: 10,000, and fewer where more than 50 sessions
    /// receive.
    pub window: Option<usize>,
    /// Deliveries that may wait to be due, and deliveries of one account that may wait for a receiver; beyond,
    /// they are dropped, and counted.
    pub waiting_max: usize,
    /// On a refusal or on no answer.
    pub retry: Option<Retry>,
}

impl ReceiptBehaviour {
    /// `waiting_max` unless it is set: some 100 MB.
    pub const WAITING_MAX: usize = 1_000_000;
}

impl Default for ReceiptBehaviour {
    fn default() -> ReceiptBehaviour {
        ReceiptBehaviour {
            delay: Latency::Zero,
            rate: None,
            states: Vec::new(),
            id: ReceiptId::Same,
            format: ReceiptShape::AppendixB,
            lost: 0.0,
            duplicate: 0.0,
            before_response: 0.0,
            intermediate: 0.0,
            other_bind: false,
            window: None,
            waiting_max: ReceiptBehaviour::WAITING_MAX,
            retry: None,
        }
    }
}

/// Redelivery of a deliver_sm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// After a refusal, or after no answer for so long.
    pub after: Nanos,
    /// Times.
    pub max: u32,
}

/// Mobile-originated traffic, spread over all receiving sessions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mo {
    /// None: no MO.
    pub rate: Option<Rate>,
    /// In turn; empty: one built in.
    pub texts: Vec<String>,
    /// Octets of generated texts, in turn, after those of `texts`; beyond 254 in message_payload.
    pub lengths: Vec<u16>,
    /// Carry an MO ticket id in TLV 0x001E, as OpenMarket does.
    pub ticket_tlv: bool,
}

/// The simulator's session timers (FACTS B.8); None: it never acts. By default only `session_init` is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmscTimers {
    /// Connect to bind: close. 30 s by default.
    pub session_init: Option<Nanos>,
    /// Idle: it probes.
    pub enquire_link: Option<Nanos>,
    /// Idle: it drops.
    pub inactivity: Option<Nanos>,
    /// Its own requests unanswered for so long: enquire_link drops, deliver_sm is retried.
    pub response: Option<Nanos>,
}

impl Default for SmscTimers {
    fn default() -> SmscTimers {
        SmscTimers {
            session_init: Some(Nanos::from_secs(30)),
            enquire_link: None,
            inactivity: None,
            response: None,
        }
    }
}

/// What happens to a destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// `*404`, `4477*`, or a whole address.
    pub destination: String,
    /// submit_sm_resp's command_status.
    pub status: Option<u32>,
    /// The receipt's message_state.
    pub state: Option<u8>,
    /// The receipt's err.
    pub err: Option<String>,
}

/// What the simulator does wrong, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// What.
    pub kind: FaultKind,
    /// Once, so long after the first bind.
    pub at: Option<Nanos>,
    /// Again and again.
    pub every: Option<Nanos>,
    /// Per submit_sm (or per connection for bind faults).
    pub share: Option<f64>,
    /// One session or all.
    pub all_sessions: bool,
}

/// What the simulator can do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// unbind in mid-run.
    Unbind,
    /// FIN.
    Close,
    /// RST.
    Reset,
    /// Stops sending, goes on reading.
    HalfClose,
    /// Octets that are no PDU.
    Garbage,
    /// Half a PDU, then close.
    Truncated,
    /// A response with a TLV longer than its PDU.
    OversizeTlv,
    /// generic_nack instead of the response.
    GenericNack,
    /// enquire_link stays unanswered.
    NoEnquireAnswer,
    /// Reads slowly.
    SlowReader,
    /// bind_resp ESME_RBINDFAIL.
    BindRefuse,
    /// Accepts TCP, closes at once.
    AcceptThenDrop,
}

/// The simulator's certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmscTls {
    /// PEM.
    pub certificate: String,
    /// PEM.
    pub key: String,
    /// PEM; clients must present a certificate signed by it.
    pub client_ca: Option<String>,
}

/// What kind of SMSC it imitates beyond the contract's keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Habits {
    /// Unsupported commands get generic_nack 0x03; over-long fields get unbind (OpenMarket).
    pub openmarket: bool,
    /// MO and receipts carry this service_type.
    pub service_type: String,
    /// interface_version in bind_resp; None: no sc_interface_version TLV.
    pub sc_interface_version: Option<u8>,
}
