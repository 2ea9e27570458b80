//! The wire's words in a profile: statuses, message states and TLV tags by name or by number.
use super::{As, Invalid, Kind, Pairs, SHARES_MAX, STRING, Scalar, ScalarKind, Share};
use crate::plan::suggest::{near, shown};
use crate::smpp::receipt::MessageState;
use crate::smpp::{CommandStatus, Tag};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

fn unknown(word: &str, known: &[&str], what: &str) -> Invalid {
    let hint = near(word, known).unwrap_or_default();
    Invalid::Says(format!("{} is not a known {what}{hint}", shown(&format!("{word:?}"))))
}

/// A name that `named` knows, or a number; `wanted` says which numbers.
fn named<T: TryFrom<i64>>(
    written: Scalar<'_>,
    wanted: &'static str,
    named: impl FnOnce(&str) -> Result<T, Invalid>,
) -> Result<T, Invalid> {
    match written {
        Scalar::Text(name) => named(name),
        Scalar::Whole(n) => T::try_from(n).map_err(|_| Invalid::wanted(wanted)),
        Scalar::Decimal(_) => Err(Invalid::wanted(wanted)),
    }
}

fn named_schema() -> Schema {
    json_schema!({ "type": ["string", "integer"], "minimum": 0 })
}

/// A command_status: `"ESME_RTHROTTLED"`, `"RTHROTTLED"`, `"0x58"` or `0x58`.
pub(in crate::plan) struct Status;

impl ScalarKind for Status {
    type Value = u32;
    const WANTED: &'static str = "an integer from 0 to 4294967295";

    fn parse(written: Scalar<'_>) -> Result<u32, Invalid> {
        named(written, Self::WANTED, |name| {
            name.parse::<CommandStatus>().map(|status| status.0).map_err(|_| {
                let known: Vec<&str> = CommandStatus::NAMED.iter().map(|(_, name)| *name).collect();
                unknown(name, &known, "command_status; write ESME_... or 0x..")
            })
        })
    }
    fn json(status: &u32) -> Json {
        CommandStatus(*status).name().map_or_else(|| (*status).into(), Json::from)
    }
    fn schema() -> Schema {
        named_schema()
    }
}

/// A status and the share of answers that have it.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StatusAndShare {
    /// The command_status by name (`"ESME_RTHROTTLED"`) or number.
    #[serde(with = "As::<Status>")]
    status: u32,
    /// The share of all answers that have it, from 0 to 1 or as a percentage.
    #[serde(with = "As::<Share>")]
    share: f64,
}

/// `{ status = "ESME_RTHROTTLED", share = 0.01 }`.
pub(in crate::plan) struct StatusShare;

impl Kind for StatusShare {
    type Value = (u32, f64);

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<(u32, f64), D::Error> {
        StatusAndShare::deserialize(from).map(|written| (written.status, written.share))
    }
    fn write<S: Serializer>((status, share): &(u32, f64), to: S) -> Result<S::Ok, S::Error> {
        StatusAndShare { status: *status, share: *share }.serialize(to)
    }
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<StatusAndShare>()
    }
}

/// A message_state by the word of a receipt's `stat`.
pub(in crate::plan) struct StateName;

impl ScalarKind for StateName {
    type Value = u8;
    const WANTED: &'static str = STRING;

    fn parse(written: Scalar<'_>) -> Result<u8, Invalid> {
        let word = written.text(STRING)?;
        let state = MessageState::known_stat(word.as_bytes()).map(MessageState::wire);
        state.ok_or_else(|| unknown(word, &MessageState::ALL.map(MessageState::stat), "state"))
    }
    fn json(state: &u8) -> Json {
        MessageState::from_wire(*state).stat().into()
    }
    fn schema() -> Schema {
        json_schema!({ "type": "string" })
    }
}

/// `{ DELIVRD = 0.97, UNDELIV = 0.02 }`, in order of the state's number: the same seed draws the same states
/// however they were written.
pub(in crate::plan) struct States;

impl Kind for States {
    type Value = Vec<(u8, f64)>;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self::Value, D::Error> {
        let mut states = Vec::new();
        for (word, share) in Pairs::<Share>::read(from)? {
            let state = StateName::parse(Scalar::Text(&word)).map_err(Invalid::into_error)?;
            states.push((state, share));
        }
        let sum: f64 = states.iter().map(|(_, share)| share).sum();
        if sum > SHARES_MAX {
            return Err(Error::custom(format!("the shares add up to {sum}; at most 1")));
        }
        states.sort_by_key(|(state, _)| *state);
        Ok(states)
    }
    fn write<S: Serializer>(states: &Self::Value, to: S) -> Result<S::Ok, S::Error> {
        let stat = |state: u8| MessageState::from_wire(state).stat();
        to.collect_map(states.iter().map(|(state, share)| (stat(*state), share)))
    }
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        Pairs::<Share>::schema(generator)
    }
}

/// A TLV's tag by name or number.
pub(in crate::plan) struct TlvTag;

impl ScalarKind for TlvTag {
    type Value = u16;
    const WANTED: &'static str = "an integer from 0 to 65535";

    fn parse(written: Scalar<'_>) -> Result<u16, Invalid> {
        named(written, Self::WANTED, |name| {
            let hex = name.strip_prefix("0x").and_then(|hex| u16::from_str_radix(hex, 16).ok());
            hex.or_else(|| Tag::by_name(name).map(|tag| tag.0)).ok_or_else(|| {
                let known: Vec<&str> = Tag::KNOWN.iter().filter_map(|t| t.tag.name()).collect();
                unknown(name, &known, "TLV; write its tag as a number")
            })
        })
    }
    fn json(tag: &u16) -> Json {
        Tag(*tag).name().map_or_else(|| (*tag).into(), Json::from)
    }
    fn schema() -> Schema {
        named_schema()
    }
}

/// The sessions that a fault affects.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Sessions {
    /// One session.
    One,
    /// All sessions.
    All,
}

/// `"one"` or `"all"`: whether it is all.
pub(in crate::plan) struct AllOrOne;

impl Kind for AllOrOne {
    type Value = bool;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
        Sessions::deserialize(from).map(|sessions| sessions == Sessions::All)
    }
    fn write<S: Serializer>(all: &bool, to: S) -> Result<S::Ok, S::Error> {
        let sessions = if *all { Sessions::All } else { Sessions::One };
        Serialize::serialize(&sessions, to)
    }
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Sessions>()
    }
}
