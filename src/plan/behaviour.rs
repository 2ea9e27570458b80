//! The simulator's behaviour (docs/reference/behaviour.md): one declaration for `[embedded]` of a profile,
//! for `--behaviour FILE` and for the simulator itself. What is absent means: no latency, no error, nothing lost,
//! no fault, and no limit but on what ESMEs may make it keep. It knows nothing of how the simulator does it.
mod congestion;
mod faults;
mod latency;
mod limits;
mod receipts;

pub use super::secret::Secret;
pub use crate::smpp::receipt::ReceiptFormat;
pub use congestion::CongestionSource;
pub use faults::{Fault, FaultKind, Rule};
pub use latency::Latency;
pub use limits::{Limits, OnRate, OnWindow, Queue, Scope, SmscAccount};
pub use receipts::{IdFormat, ReceiptBehaviour, ReceiptId, Response, Retry, Stall};

use super::error::PlanError;
use super::values::{As, Ascii, FilePath, RateOrNone, SpanOrOff, Whole};
use crate::kit::{Nanos, Rate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The simulator. What is absent means: no latency, no error, nothing lost, no fault, and no limit but on what
/// ESMEs may make it keep.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// Seed of the latencies, errors, states and ids that the simulator draws, from 0 on; 0 by default.
    #[serde(with = "As::<Whole<u64, 0, { i64::MAX as u64 }>>")]
    pub seed: u64,
    /// The accounts that may bind. By default any system_id and password may.
    pub accounts: Vec<SmscAccount>,
    /// The limits that the simulator enforces.
    pub limits: Limits,
    /// How submit_sm is answered.
    pub response: Response,
    /// How delivery receipts are sent.
    pub receipts: ReceiptBehaviour,
    /// Mobile-originated messages that the simulator sends from 447700900000 to 447700900999, in turn, to the short
    /// code 60601 (dest_addr_ton 3, dest_addr_npi 0).
    pub mo: Mo,
    /// Timers of the simulator's sessions.
    pub timers: SmscTimers,
    /// Fixed answers and receipts by destination; the first rule that matches applies.
    pub rules: Vec<Rule>,
    /// Faults of the simulator, and when they occur.
    pub faults: Vec<Fault>,
    /// The simulator's certificate and key. Without them, it speaks plain TCP.
    pub tls: Option<SmscTls>,
    /// Behaviour of particular providers beyond the keys above.
    pub habits: ProviderQuirks,
}

/// Mobile-originated messages, spread over all sessions that receive. Each goes from one of the unassigned numbers
/// 447700900000 to 447700900999, in turn, to the short code 60601 (dest_addr_ton 3, dest_addr_npi 0).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mo {
    /// Number of messages a second to the short code 60601, over all sessions that receive; 0, the default, sends none.
    #[serde(with = "As::<RateOrNone>")]
    pub rate: Option<Rate>,
    /// Texts to send in turn. By default one that is built in.
    pub texts: Vec<String>,
    /// Lengths in octets of generated texts, from 0 to 60000, sent in turn after those of `texts`. Texts longer than
    /// 254 octets go into message_payload.
    #[serde(with = "As::<Vec<Whole<u16, 0, 60_000>>>")]
    pub lengths: Vec<u16>,
    /// Whether an MO has a ticket id in TLV 0x001E, as at OpenMarket; false by default.
    pub ticket_tlv: bool,
}

/// The simulator's session timers, each a duration or `"off"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SmscTimers {
    /// Time from connect to bind, after which the connection is closed; 30 s by default, or `"off"`.
    #[serde(with = "As::<SpanOrOff>")]
    pub session_init: Option<Nanos>,
    /// Idle time after which the simulator sends enquire_link; `"off"` by default.
    #[serde(with = "As::<SpanOrOff>")]
    pub enquire_link: Option<Nanos>,
    /// Idle time after which the simulator drops the session; `"off"` by default.
    #[serde(with = "As::<SpanOrOff>")]
    pub inactivity: Option<Nanos>,
    /// Maximum wait for answers to the simulator's own requests: after it, it drops the session (enquire_link) or
    /// retries (deliver_sm). `"off"` by default.
    #[serde(with = "As::<SpanOrOff>")]
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

/// The simulator's certificate and key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SmscTls {
    /// PEM file of the certificate chain, relative to the profile.
    #[serde(with = "As::<FilePath>")]
    pub certificate: String,
    /// PEM file of the key, relative to the profile.
    #[serde(with = "As::<FilePath>")]
    pub key: String,
    /// PEM file of a CA: clients must present a certificate that it signed. Without it, they need none.
    #[serde(default, with = "As::<Option<FilePath>>")]
    pub client_ca: Option<String>,
}

/// Behaviour of particular providers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderQuirks {
    /// Whether unsupported commands get generic_nack 0x03 and over-long fields get unbind, as at OpenMarket; false by
    /// default.
    pub openmarket: bool,
    /// The service_type of MO and receipts: at most 5 characters, empty by default.
    #[serde(with = "As::<Ascii<5>>")]
    pub service_type: String,
    /// The sc_interface_version TLV of bind responses, from 0 to 255; without it, there is no such TLV.
    pub sc_interface_version: Option<u8>,
}

impl Behaviour {
    /// Reads the passwords of its accounts from where they are said to be.
    pub(super) fn complete(&mut self) -> Result<(), PlanError> {
        for (index, account) in self.accounts.iter_mut().enumerate() {
            account.complete().map_err(|e| e.under_item(index).under("accounts"))?;
        }
        Ok(())
    }

    /// Judges what no single key can say.
    pub(super) fn check(&self) -> Result<(), PlanError> {
        self.response.check().map_err(|e| e.under("response"))?;
        for (index, fault) in self.faults.iter().enumerate() {
            fault.check().map_err(|e| e.under_item(index).under("faults"))?;
        }
        Ok(())
    }
}
