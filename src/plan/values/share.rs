//! Shares of 1: `0.01` or `"1%"`.
use super::{Fault, Kind, Scalar, any_of, scalar};
use crate::kit::Rate;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::de::Deserializer;
use serde::ser::Serializer;

/// What several shares of one whole may add up to, with what floating point adds.
pub(in crate::plan) const SHARES_MAX: f64 = 1.0 + 1e-9;

const WANTED: &str = "a share from 0 to 1, or a percentage like \"1%\"";

/// A share from 0 to 1.
pub(in crate::plan) struct Share;

impl Kind for Share {
    type Value = f64;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        scalar(from, WANTED, |written| {
            let share = match written {
                Scalar::Text(text) => {
                    let percent = text.trim().strip_suffix('%');
                    percent.and_then(|p| p.trim().parse::<f64>().ok()).map(|p| p / 100.0)
                }
                Scalar::Whole(n) => Some(n as f64),
                Scalar::Decimal(n) => Some(n),
            };
            share.filter(|share| (0.0..=1.0).contains(share)).ok_or(Fault::wanted(WANTED))
        })
    }
    fn write<S: Serializer>(share: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(*share)
    }
    fn schema(_: &mut SchemaGenerator) -> Schema {
        any_of([
            json_schema!({ "type": "number", "minimum": 0, "maximum": 1 }),
            json_schema!({ "type": "string", "pattern": "^\\s*[0-9.]+\\s*%\\s*$" }),
        ])
    }
}

/// A share above 0, as an exact fraction.
pub(in crate::plan) struct ExactShare;

impl Kind for ExactShare {
    type Value = Rate;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Rate, D::Error> {
        const WANTED: &str = "a share above 0, up to 1, or a percentage like \"30%\"";
        scalar(from, WANTED, |written| {
            let (digits, whole) = match written {
                Scalar::Text(text) => {
                    let percent = text.trim().strip_suffix('%').ok_or(Fault::wanted(WANTED))?;
                    (percent.trim().to_owned(), 100)
                }
                Scalar::Whole(n) => (n.to_string(), 1),
                Scalar::Decimal(n) => (n.to_string(), 1),
            };
            let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            let number = Rate::parse(&digits).ok().filter(|_| plain);
            let share =
                number.and_then(|n| Some(Rate { num: n.num, den: n.den.checked_mul(whole)? }));
            share.filter(|s| s.num > 0 && s.num <= s.den).ok_or(Fault::wanted(WANTED))
        })
    }
    fn write<S: Serializer>(share: &Rate, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(share.as_f64())
    }
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        Share::schema(generator)
    }
}
