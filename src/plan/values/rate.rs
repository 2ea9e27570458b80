//! Rates: messages a second as `5000`, `0.5`, `"5k"`, `"90/min"`.
use super::{Invalid, Scalar, ScalarKind};
use crate::kit::Rate;
use schemars::{Schema, json_schema};
use serde_json::Value;

const RATE: &str = "messages a second like 5000, \"5k\" or \"90/min\"";

fn parse(written: Scalar<'_>) -> Result<Rate, Invalid> {
    let text = match written {
        Scalar::Text(text) => text.to_owned(),
        Scalar::Whole(n) => n.to_string(),
        Scalar::Decimal(n) => n.to_string(),
    };
    Rate::parse(&text).map_err(|e| Invalid::Says(e.to_string()))
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

impl ScalarKind for AnyRate {
    type Value = Rate;
    const WANTED: &'static str = RATE;

    fn parse(written: Scalar<'_>) -> Result<Rate, Invalid> {
        parse(written)
    }
    fn json(rate: &Rate) -> Value {
        rate_json(*rate)
    }
    fn schema() -> Schema {
        json_schema!({ "type": ["number", "string"], "minimum": 0 })
    }
}

/// A rate above 0.
pub(in crate::plan) struct RateAboveZero;

impl ScalarKind for RateAboveZero {
    type Value = Rate;
    const WANTED: &'static str = RATE;

    fn parse(written: Scalar<'_>) -> Result<Rate, Invalid> {
        match parse(written)? {
            Rate { num: 0, .. } => Err(Invalid::wanted("a rate above 0")),
            rate => Ok(rate),
        }
    }
    fn json(rate: &Rate) -> Value {
        rate_json(*rate)
    }
    fn schema() -> Schema {
        json_schema!({ "type": ["number", "string"], "exclusiveMinimum": 0 })
    }
}

/// A rate, or None for 0: "no limit".
pub(in crate::plan) struct RateOrNone;

impl ScalarKind for RateOrNone {
    type Value = Option<Rate>;
    const WANTED: &'static str = RATE;

    fn parse(written: Scalar<'_>) -> Result<Option<Rate>, Invalid> {
        parse(written).map(|rate| (rate.num > 0).then_some(rate))
    }
    fn json(rate: &Option<Rate>) -> Value {
        rate_json(rate.unwrap_or(Rate::ZERO))
    }
    fn schema() -> Schema {
        <AnyRate as ScalarKind>::schema()
    }
}
