//! `[binds]`: the sessions of an account.
use crate::kit::{Nanos, Rate};
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::values::{
    AboveZero, As, Invalid, Kind, RateOrNone, SpanOrOff, Whole, any_of, text_or_table,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Deserializer;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

const BINDS_MAX: u64 = 100_000;
const WINDOW_MAX: u64 = 1_000_000;
const ENQUIRE_LINK: Nanos = Nanos::from_secs(30);
const REBIND: Rebind =
    Rebind { attempts_max: 10, min: Nanos::from_millis(500), max: Nanos::from_secs(30) };

/// The sessions of an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Binds {
    /// Which bind PDU a session sends; `"transceiver"` by default.
    #[serde(rename = "type")]
    pub bind_type: BindType,
    /// Number of sessions, from 1 to 100000; with `"pair"`, of pairs. By default 2 on loopback and 1 elsewhere.
    #[serde(with = "As::<Whole<usize, 1, BINDS_MAX>>")]
    pub count: usize,
    /// Maximum number of submit_sm in flight on a session, from 1 to 1000000. By default 20 on loopback and 10
    /// elsewhere.
    #[serde(with = "As::<Whole<usize, 1, WINDOW_MAX>>")]
    pub window: usize,
    /// Idle time after which a session sends enquire_link, above 0s, or `"off"`; 30s by default.
    #[serde(with = "As::<SpanOrOff>")]
    pub enquire_link: Option<Nanos>,
    /// A session's own limit in messages a second; 0, the default, is no limit.
    #[serde(with = "As::<RateOrNone>")]
    pub rate_max: Option<Rate>,
    /// Number of connections opened a second; 0, the default, opens all at once.
    #[serde(with = "As::<RateOrNone>")]
    pub connect_rate: Option<Rate>,
    /// How a lost session binds again, or `"off"`.
    #[serde(with = "As::<RebindOrOff>")]
    pub rebind: Option<Rebind>,
}

impl Default for Binds {
    fn default() -> Binds {
        Binds {
            bind_type: BindType::Transceiver,
            count: 2,
            window: 20,
            enquire_link: Some(ENQUIRE_LINK),
            rate_max: None,
            connect_rate: None,
            rebind: Some(REBIND),
        }
    }
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

/// How a lost session binds again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rebind {
    /// Maximum number of attempts; 0 is no limit.
    pub attempts_max: u32,
    /// The first pause.
    pub min: Nanos,
    /// The longest pause.
    pub max: Nanos,
}

/// How a lost session binds again: with pauses that double.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct WrittenRebind {
    /// Maximum number of attempts, from 0 to 4294967295; 0 is no limit; 10 by default.
    attempts_max: u32,
    /// The first pause, above 0s; 500ms by default. The pauses double; each is shortened by a random part of up to half.
    #[serde(with = "As::<AboveZero>")]
    min: Nanos,
    /// The longest pause, at least `min`; 30s by default.
    #[serde(with = "As::<Option<AboveZero>>")]
    max: Option<Nanos>,
}

impl Default for WrittenRebind {
    fn default() -> WrittenRebind {
        let Rebind { attempts_max, min, max: _ } = REBIND;
        WrittenRebind { attempts_max, min, max: None }
    }
}

/// `"off"`, or how.
struct RebindOrOff;

impl Kind for RebindOrOff {
    type Value = Option<Rebind>;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Rebind>, D::Error> {
        let text = |text: &str| match text {
            "off" => Ok(None),
            _ => Err(Invalid::Says("write \"off\" or { attempts_max, min, max }".to_owned())),
        };
        text_or_table(from, "a table", text, |written: WrittenRebind| {
            let WrittenRebind { attempts_max, min, max } = written;
            let max = max.unwrap_or(REBIND.max.max(min));
            Ok(Some(Rebind { attempts_max, min, max }))
        })
    }
    fn write<S: Serializer>(rebind: &Option<Rebind>, to: S) -> Result<S::Ok, S::Error> {
        match *rebind {
            Some(Rebind { attempts_max, min, max }) => {
                WrittenRebind { attempts_max, min, max: Some(max) }.serialize(to)
            }
            None => to.serialize_str("off"),
        }
    }
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        any_of([json_schema!({ "enum": ["off"] }), generator.subschema_for::<WrittenRebind>()])
    }
}

impl Binds {
    /// Number of sessions (a pair counts two).
    pub fn sessions_count(&self) -> usize {
        match self.bind_type {
            BindType::Transceiver | BindType::Transmitter | BindType::Receiver => self.count,
            BindType::Pair => self.count * 2,
        }
    }
    /// Number of sessions that may send submit_sm.
    pub fn senders_count(&self) -> usize {
        match self.bind_type {
            BindType::Transceiver | BindType::Transmitter | BindType::Pair => self.count,
            BindType::Receiver => 0,
        }
    }

    pub(in crate::plan) fn check(&self) -> PlanResult<()> {
        if self.rebind.is_some_and(|rebind| rebind.min > rebind.max) {
            return Err(PlanError::about("rebind.min", "above `max`; make it at most that"));
        }
        Ok(())
    }
}
