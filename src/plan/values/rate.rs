//! Rates: messages a second as `5000`, `0.5`, `"5k"`, `"90/min"`.
use super::{Fault, Kind, Scalar, scalar};
use crate::kit::Rate;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::de::Deserializer;
use serde::ser::{Serialize, Serializer};
use serde_json::Value;

fn parse(written: Scalar<'_>) -> Result<Rate, Fault> {
    let text = match written {
        Scalar::Text(text) => text.to_owned(),
        Scalar::Whole(n) => n.to_string(),
        Scalar::Decimal(n) => n.to_string(),
    };
    Rate::parse(&text).map_err(|e| Fault::Says(e.to_string()))
}

/// A rate as a profile writes it, exactly.
pub(in crate::plan) fn rate_json(rate: Rate) -> Value {
    let rate = rate.reduced();
    if rate.den == 1 {
        return rate.num.into();
    }
    for (unit, per) in [(1u64, ""), (60, "/min"), (3600, "/h")] {
        let scaled = Rate { num: rate.num.saturating_mul(unit), den: rate.den }.reduced();
        // a fraction has finitely many decimals where 10^k is a multiple of its denominator
        let digits = (0..18u32).find(|k| 10u64.pow(*k).is_multiple_of(scaled.den));
        if let Some(digits) = digits {
            let scale = 10u64.pow(digits);
            let value = u128::from(scaled.num) * u128::from(scale / scaled.den);
            let (whole, rest) = (value / u128::from(scale), value % u128::from(scale));
            let fraction = if digits == 0 {
                String::new()
            } else {
                format!(".{rest:0width$}", width = digits as usize)
            };
            return format!("{whole}{fraction}{per}").into();
        }
    }
    rate.as_f64().into()
}

/// A rate, also 0.
pub(in crate::plan) struct AnyRate;

impl Kind for AnyRate {
    type Value = Rate;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Rate, D::Error> {
        scalar(from, "messages a second like 5000, \"5k\" or \"90/min\"", parse)
    }
    fn write<S: Serializer>(rate: &Rate, to: S) -> Result<S::Ok, S::Error> {
        rate_json(*rate).serialize(to)
    }
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["number", "string"], "minimum": 0 })
    }
}

/// A rate above 0.
pub(in crate::plan) struct RateAboveZero;

impl Kind for RateAboveZero {
    type Value = Rate;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Rate, D::Error> {
        scalar(from, "messages a second like 5000, \"5k\" or \"90/min\"", |written| {
            match parse(written)? {
                Rate { num: 0, .. } => Err(Fault::wanted("a rate above 0")),
                rate => Ok(rate),
            }
        })
    }
    fn write<S: Serializer>(rate: &Rate, to: S) -> Result<S::Ok, S::Error> {
        AnyRate::write(rate, to)
    }
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["number", "string"], "exclusiveMinimum": 0 })
    }
}

/// A rate, or None for 0: "no limit".
pub(in crate::plan) struct RateOrNone;

impl Kind for RateOrNone {
    type Value = Option<Rate>;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Rate>, D::Error> {
        AnyRate::read(from).map(|rate| (rate.num > 0).then_some(rate))
    }
    fn write<S: Serializer>(rate: &Option<Rate>, to: S) -> Result<S::Ok, S::Error> {
        AnyRate::write(&rate.unwrap_or(Rate::ZERO), to)
    }
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        AnyRate::schema(generator)
    }
}
