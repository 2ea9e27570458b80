//! `[binds]`: the sessions of an account.
use crate::kit::{Nanos, Rate};
use crate::plan::defaults::{self, Defaults};
use crate::plan::error::{PlanError, Read};
use crate::plan::model::{self, BindType};
use crate::plan::values::{
    AboveZero, As, Fault, Kind, Maybe, RateOrNone, SpanOrOff, Whole, any_of, text_or_table,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Deserializer;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

const BINDS_MAX: u64 = 100_000;
const WINDOW_MAX: u64 = 1_000_000;

/// The sessions of an account.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::plan) struct Binds {
    /// Which bind PDU a session sends; `"transceiver"` by default.
    r#type: Option<BindType>,
    /// Number of sessions, from 1 to 100000; with `"pair"`, of pairs. By default 2 on loopback and 1 elsewhere.
    #[serde(with = "As::<Maybe<Whole<usize, 1, BINDS_MAX>>>")]
    count: Option<usize>,
    /// Maximum number of submit_sm in flight on a session, from 1 to 1000000. By default 20 on loopback and 10
    /// elsewhere.
    #[serde(with = "As::<Maybe<Whole<usize, 1, WINDOW_MAX>>>")]
    window: Option<usize>,
    /// Idle time after which a session sends enquire_link, above 0s, or `"off"`; 30s by default.
    #[serde(with = "As::<Maybe<SpanOrOff>>")]
    enquire_link: Option<Option<Nanos>>,
    /// A session's own limit in messages a second; 0, the default, is no limit.
    #[serde(with = "As::<Maybe<RateOrNone>>")]
    rate_max: Option<Option<Rate>>,
    /// Connections that are opened a second; 0, the default, opens all at once.
    #[serde(with = "As::<Maybe<RateOrNone>>")]
    connect_rate: Option<Option<Rate>>,
    /// How a lost session comes back, or `"off"`.
    #[serde(with = "As::<Maybe<RebindOrOff>>")]
    rebind: Option<Option<Rebind>>,
}

/// How a lost session comes back: it tries again and again, with pauses that double.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Rebind {
    /// Maximum number of attempts, from 0 to 4294967295; 0 is no limit; 10 by default.
    attempts_max: u32,
    /// The first pause, above 0s; 500ms by default.
    #[serde(with = "As::<AboveZero>")]
    min: Nanos,
    /// The longest pause, at least `min`; 30s by default.
    #[serde(with = "As::<Maybe<AboveZero>>")]
    max: Option<Nanos>,
}

impl Default for Rebind {
    fn default() -> Rebind {
        let model::Rebind { attempts_max, min, max: _ } = defaults::REBIND;
        Rebind { attempts_max, min, max: None }
    }
}

impl Rebind {
    fn meant(self) -> Read<model::Rebind> {
        let max = self.max.unwrap_or(defaults::REBIND.max.max(self.min));
        if self.min > max {
            return Err(PlanError::about("rebind.min", "above `max`; make it at most that"));
        }
        Ok(model::Rebind { attempts_max: self.attempts_max, min: self.min, max })
    }
}

/// `"off"`, or how.
struct RebindOrOff;

impl Kind for RebindOrOff {
    type Value = Option<Rebind>;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Rebind>, D::Error> {
        let text = |text: &str| match text {
            "off" => Ok(None),
            _ => Err(Fault::Says("write \"off\" or { attempts_max, min, max }".to_owned())),
        };
        text_or_table(from, "a table", text, |rebind: Rebind| Ok(Some(rebind)))
    }
    fn write<S: Serializer>(rebind: &Option<Rebind>, to: S) -> Result<S::Ok, S::Error> {
        match rebind {
            Some(rebind) => rebind.serialize(to),
            None => to.serialize_str("off"),
        }
    }
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        any_of([json_schema!({ "enum": ["off"] }), generator.subschema_for::<Rebind>()])
    }
}

impl Binds {
    pub(super) fn of(binds: &model::Binds) -> Binds {
        let written = |r: model::Rebind| Rebind {
            attempts_max: r.attempts_max,
            min: r.min,
            max: Some(r.max),
        };
        Binds {
            r#type: Some(binds.bind_type),
            count: Some(binds.count),
            window: Some(binds.window),
            enquire_link: Some(binds.enquire_link),
            rate_max: Some(binds.rate_max),
            connect_rate: Some(binds.connect_rate),
            rebind: Some(binds.rebind.map(written)),
        }
    }

    /// What is written here, over `base`.
    pub(super) fn over(&self, base: &model::Binds) -> Read<model::Binds> {
        let rebind = match self.rebind {
            Some(written) => written.map(Rebind::meant).transpose()?,
            None => base.rebind,
        };
        Ok(model::Binds {
            bind_type: self.r#type.unwrap_or(base.bind_type),
            count: self.count.unwrap_or(base.count),
            window: self.window.unwrap_or(base.window),
            enquire_link: self.enquire_link.unwrap_or(base.enquire_link),
            rate_max: self.rate_max.unwrap_or(base.rate_max),
            connect_rate: self.connect_rate.unwrap_or(base.connect_rate),
            rebind,
        })
    }

    /// What is written here, over the built-in defaults.
    pub(super) fn meant(&self, defaults: &Defaults) -> Read<model::Binds> {
        self.over(&model::Binds {
            bind_type: BindType::Transceiver,
            count: defaults.binds,
            window: defaults.window,
            enquire_link: Some(defaults::ENQUIRE_LINK),
            rate_max: None,
            connect_rate: None,
            rebind: Some(defaults::REBIND),
        })
    }
}
