//! `[[events]]`: what is broken on purpose while the load runs, when, on which sessions, and what counts as recovered.
use crate::kit::{Nanos, Rate};
use crate::plan::values::{
    AboveZero, As, Factor, Invalid, RateAboveZero, Scalar, ScalarKind, Share, Span, Whole, any_of,
};
use schemars::{JsonSchema, Schema, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// Maximum number of octets of a piece with `do = "slice"`.
const SLICE_MAX: u64 = 65_536;
/// Maximum of `repeat`.
const REPEAT_MAX: u64 = 10_000;

/// A planned disturbance of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedEvent {
    /// What is done when its time comes.
    #[serde(rename = "do")]
    pub action: EventAction,
    /// Name of the event in reports and gates, unique within the profile: letters, digits, `_` and `-`. By default the
    /// word of `do`.
    #[serde(default)]
    pub name: String,
    /// The sessions that are struck: so many of the first ones of the run, `"half"` or `"all"`; `"all"` by default.
    /// `bind_flood` and `exec` strike none.
    #[serde(default, with = "As::<StruckBinds>")]
    pub binds: EventBinds,
    /// Time from the start of the load to the event, or to its first occurrence. By default `every`.
    #[serde(default, with = "As::<Option<Span>>")]
    pub at: Option<Nanos>,
    /// Time from one occurrence to the next, above 0s. By default it occurs once.
    #[serde(default, with = "As::<Option<AboveZero>>")]
    pub every: Option<Nanos>,
    /// How long it lasts; for `close`, `reset` and `unbind`, how long the sessions stay away: 0s, the default, means that
    /// they bind again as `binds.rebind` says. For `exec`, the time limit of the command: 30s by default.
    #[serde(rename = "for", default, with = "As::<Span>")]
    pub length: Nanos,
    /// Number of occurrences, from 1 to 10000. By default 1, and with `every` as many as fit into the load.
    #[serde(default, with = "As::<Whole<u32, 1, REPEAT_MAX>>", skip_serializing_if = "is_unset")]
    pub repeat: u32,
    /// Number of octets of a piece, from 1 to 65536, for `slice`.
    #[serde(default, with = "As::<Option<Whole<usize, 1, SLICE_MAX>>>")]
    pub octets: Option<usize>,
    /// Number of sessions replaced a second, for `churn`, or of bind attempts a second, for `bind_flood`; above 0, up to
    /// 10000.
    #[serde(default, with = "As::<Option<RateAboveZero>>")]
    pub rate: Option<Rate>,
    /// The command and its arguments, for `exec`; it runs only with `--allow-exec`. It stands in the results: write no
    /// password into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exec: Vec<String>,
    /// When the run counts as recovered after it.
    #[serde(default)]
    pub recover: Recover,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_unset(repeat: &u32) -> bool {
    *repeat == 0
}

/// When the run counts as recovered: rate and response time are near those before the event, and stay so.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Recover {
    /// Largest distance of the rate from that before the event, as a share of it; 5 % by default.
    #[serde(with = "As::<Share>")]
    pub rate: f64,
    /// Largest p99 of the response time as a multiple of that before the event, `"2x"` or a number from 1 on; 2 by
    /// default.
    #[serde(with = "As::<Factor>")]
    pub response: f64,
    /// How long both must hold, above 0s; 5s by default.
    #[serde(with = "As::<AboveZero>")]
    pub hold: Nanos,
}

impl Default for Recover {
    fn default() -> Recover {
        Recover { rate: 0.05, response: 2.0, hold: Nanos::from_secs(5) }
    }
}

/// The sessions that an event strikes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EventBinds {
    /// This number of sessions, the first ones of the run.
    Count(u32),
    /// The first half of the sessions, rounded up.
    Half,
    /// All sessions.
    #[default]
    All,
}

impl EventBinds {
    /// Number of sessions struck, the first ones, of `sessions` in the run.
    pub fn count(self, sessions: usize) -> usize {
        match self {
            EventBinds::Count(count) => sessions.min(count as usize),
            EventBinds::Half => sessions.div_ceil(2),
            EventBinds::All => sessions,
        }
    }
}

/// A number of sessions, `"half"` or `"all"`.
struct StruckBinds;

impl ScalarKind for StruckBinds {
    type Value = EventBinds;
    const WANTED: &'static str = "a number of sessions from 1 on, \"half\" or \"all\"";

    fn parse(written: Scalar<'_>) -> Result<EventBinds, Invalid> {
        let count = match written {
            Scalar::Text("half") => return Ok(EventBinds::Half),
            Scalar::Text("all") => return Ok(EventBinds::All),
            Scalar::Whole(count) => u32::try_from(count).ok().filter(|count| *count > 0),
            Scalar::Text(_) | Scalar::Decimal(_) => None,
        };
        count.map(EventBinds::Count).ok_or(Invalid::wanted(Self::WANTED))
    }
    fn json(binds: &EventBinds) -> Json {
        match binds {
            EventBinds::Count(count) => (*count).into(),
            EventBinds::Half => "half".into(),
            EventBinds::All => "all".into(),
        }
    }
    fn schema() -> Schema {
        any_of([
            json_schema!({ "enum": ["half", "all"] }),
            json_schema!({ "type": "integer", "minimum": 1 }),
        ])
    }
}

/// What an event does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventAction {
    /// The connections are closed (FIN), without an unbind.
    Close,
    /// The connections are reset (RST).
    Reset,
    /// The sessions send nothing more, unbind once all is answered, and close.
    Unbind,
    /// The sending direction of the connections is shut down (FIN); what the SMSC still sends is read.
    HalfClose,
    /// Nothing is read from the connections.
    StopReading,
    /// deliver_sm are not answered; after it, all of them are.
    StopAcknowledging,
    /// enquire_link is not answered.
    NoEnquireAnswer,
    /// Octets vanish in both directions, and the connections stay open.
    Blackhole,
    /// Writes are cut into pieces of `octets`, with pauses of 1ms.
    Slice,
    /// Sessions are replaced, `rate` of them a second, one after the other: each unbinds as with `unbind`, and binds anew at
    /// once.
    Churn,
    /// Further connections attempt to bind, `rate` a second; one that is granted is closed at once.
    BindFlood,
    /// The command `exec` is run.
    Exec,
}

impl EventAction {
    /// Every action, in the order of its declaration.
    pub const ALL: [EventAction; 12] = [
        EventAction::Close,
        EventAction::Reset,
        EventAction::Unbind,
        EventAction::HalfClose,
        EventAction::StopReading,
        EventAction::StopAcknowledging,
        EventAction::NoEnquireAnswer,
        EventAction::Blackhole,
        EventAction::Slice,
        EventAction::Churn,
        EventAction::BindFlood,
        EventAction::Exec,
    ];

    /// Its word in a profile.
    pub const fn word(self) -> &'static str {
        match self {
            EventAction::Close => "close",
            EventAction::Reset => "reset",
            EventAction::Unbind => "unbind",
            EventAction::HalfClose => "half_close",
            EventAction::StopReading => "stop_reading",
            EventAction::StopAcknowledging => "stop_acknowledging",
            EventAction::NoEnquireAnswer => "no_enquire_answer",
            EventAction::Blackhole => "blackhole",
            EventAction::Slice => "slice",
            EventAction::Churn => "churn",
            EventAction::BindFlood => "bind_flood",
            EventAction::Exec => "exec",
        }
    }

    /// Whether it acts on sessions of the run.
    pub const fn strikes_sessions(self) -> bool {
        match self {
            EventAction::Close
            | EventAction::Reset
            | EventAction::Unbind
            | EventAction::HalfClose
            | EventAction::StopReading
            | EventAction::StopAcknowledging
            | EventAction::NoEnquireAnswer
            | EventAction::Blackhole
            | EventAction::Slice
            | EventAction::Churn => true,
            EventAction::BindFlood | EventAction::Exec => false,
        }
    }

    /// Whether it ends the sessions that it strikes, which then bind again.
    pub const fn ends_sessions(self) -> bool {
        match self {
            EventAction::Close
            | EventAction::Reset
            | EventAction::Unbind
            | EventAction::HalfClose
            | EventAction::Churn => true,
            EventAction::StopReading
            | EventAction::StopAcknowledging
            | EventAction::NoEnquireAnswer
            | EventAction::Blackhole
            | EventAction::Slice
            | EventAction::BindFlood
            | EventAction::Exec => false,
        }
    }

    /// Whether it runs a command, which the coordinator does; its end is told when the command has ended.
    pub const fn is_command(self) -> bool {
        matches!(self, EventAction::Exec)
    }

    /// Whether it lasts, so that `for` must be written.
    pub const fn needs_length(self) -> bool {
        match self {
            EventAction::StopReading
            | EventAction::StopAcknowledging
            | EventAction::NoEnquireAnswer
            | EventAction::Blackhole
            | EventAction::Slice
            | EventAction::Churn
            | EventAction::BindFlood => true,
            EventAction::Close
            | EventAction::Reset
            | EventAction::Unbind
            | EventAction::HalfClose
            | EventAction::Exec => false,
        }
    }

    /// Whether `rate` must be written.
    pub const fn needs_rate(self) -> bool {
        matches!(self, EventAction::Churn | EventAction::BindFlood)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_the_one_that_profiles_use() {
        for action in EventAction::ALL {
            assert_eq!(serde_json::to_value(action).unwrap(), action.word());
        }
    }
}
