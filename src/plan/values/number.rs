//! Integers within bounds, and numbers that may also be written as a word.
use super::{Invalid, Kind, Scalar, ScalarKind, any_of, scalar};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// Up to here a reader of JSON holds every integer exactly.
const EXACT_MAX: u64 = 1 << 53;

/// An integer from `MIN` to `MAX`.
pub(in crate::plan) struct Whole<T, const MIN: u64, const MAX: u64>(PhantomData<T>);

impl<T, const MIN: u64, const MAX: u64> Kind for Whole<T, MIN, MAX>
where
    T: TryFrom<u64> + Serialize,
{
    type Value = T;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
        let wanted = format!("an integer from {MIN} to {MAX}");
        scalar(from, &wanted, |written| {
            let number = match written {
                Scalar::Whole(n) => u64::try_from(n).ok().filter(|n| (MIN..=MAX).contains(n)),
                Scalar::Text(_) | Scalar::Decimal(_) => None,
            };
            number
                .and_then(|n| T::try_from(n).ok())
                .ok_or_else(|| Invalid::Wanted(Cow::Owned(wanted.clone())))
        })
    }
    fn write<S: Serializer>(number: &T, to: S) -> Result<S::Ok, S::Error> {
        number.serialize(to)
    }
    fn schema(_: &mut SchemaGenerator) -> Schema {
        let mut schema = json_schema!({ "type": "integer", "minimum": MIN });
        if MAX <= EXACT_MAX {
            schema.insert("maximum".to_owned(), MAX.into());
        }
        schema
    }
}

/// A factor of the rate from 1 on, or None for `"all"`.
pub(in crate::plan) struct CatchUp;

impl ScalarKind for CatchUp {
    type Value = Option<f64>;
    const WANTED: &'static str = "a number";

    fn parse(written: Scalar<'_>) -> Result<Option<f64>, Invalid> {
        let factor = match written {
            Scalar::Text("all") => return Ok(None),
            Scalar::Text(_) => {
                return Err(Invalid::Says("write \"all\" or a factor like 1.2".to_owned()));
            }
            Scalar::Whole(n) => n as f64,
            Scalar::Decimal(n) if n.is_finite() => n,
            Scalar::Decimal(_) => return Err(Invalid::wanted(Self::WANTED)),
        };
        if factor >= 1.0 {
            return Ok(Some(factor));
        }
        Err(Invalid::Says(format!("{factor} would never catch up; write at least 1.0")))
    }
    fn json(factor: &Option<f64>) -> Json {
        factor.map_or_else(|| "all".into(), Json::from)
    }
    fn schema() -> Schema {
        any_of([
            json_schema!({ "enum": ["all"] }),
            json_schema!({ "type": "number", "minimum": 1 }),
        ])
    }
}

/// A factor from 1 on: `"2x"` or `2`.
pub(in crate::plan) struct Factor;

impl ScalarKind for Factor {
    type Value = f64;
    const WANTED: &'static str = "a factor from 1 on, like \"2x\"";

    fn parse(written: Scalar<'_>) -> Result<f64, Invalid> {
        let factor = match written {
            Scalar::Text(text) => text.trim().strip_suffix('x').and_then(|n| n.trim().parse().ok()),
            Scalar::Whole(n) => Some(n as f64),
            Scalar::Decimal(n) => Some(n),
        };
        factor.filter(|n| n.is_finite() && *n >= 1.0).ok_or(Invalid::wanted(Self::WANTED))
    }
    fn json(factor: &f64) -> Json {
        (*factor).into()
    }
    fn schema() -> Schema {
        any_of([
            json_schema!({ "type": "number", "minimum": 1 }),
            json_schema!({ "type": "string", "pattern": "^\\s*[0-9.]+\\s*x\\s*$" }),
        ])
    }
}

/// A data_coding: a number, or one of the common ones by name.
pub(in crate::plan) struct DataCoding;

const CODINGS: [(&str, u8); 5] =
    [("gsm", 0x00), ("ascii", 0x01), ("latin1", 0x03), ("binary", 0x04), ("ucs2", 0x08)];

impl ScalarKind for DataCoding {
    type Value = u8;
    const WANTED: &'static str = "an integer from 0 to 255";

    fn parse(written: Scalar<'_>) -> Result<u8, Invalid> {
        match written {
            Scalar::Whole(n) => u8::try_from(n).map_err(|_| Invalid::wanted(Self::WANTED)),
            Scalar::Decimal(_) => Err(Invalid::wanted(Self::WANTED)),
            Scalar::Text(word) => {
                let coding = CODINGS.iter().find(|(name, _)| *name == word);
                coding.map(|(_, number)| *number).ok_or_else(|| {
                    let names = CODINGS.map(|(name, _)| name).join(", ");
                    Invalid::Says(format!("{word:?} is not a coding; write 0 to 255 or {names}"))
                })
            }
        }
    }
    fn json(number: &u8) -> Json {
        (*number).into()
    }
    fn schema() -> Schema {
        let names = CODINGS.map(|(name, _)| name);
        let number = json_schema!({ "type": "integer", "minimum": 0, "maximum": 255 });
        any_of([json_schema!({ "enum": names }), number])
    }
}

/// `true`, and nothing else.
pub(in crate::plan) struct True;

impl Kind for True {
    type Value = ();

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<(), D::Error> {
        from.deserialize_bool(True)
    }
    fn write<S: Serializer>((): &(), to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bool(true)
    }
    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "const": true })
    }
}

impl Visitor<'_> for True {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true")
    }
    fn visit_bool<E: Error>(self, is: bool) -> Result<(), E> {
        let why = "false is not valid; write true, or another shape";
        if is { Ok(()) } else { Err(E::custom(why)) }
    }
}
