//! The kinds of values that profiles are made of: how each is read, written and described in a schema. They know
//! no key: a field of a section names its kind, `#[serde(with = "As::<Span>")]`. A kind of number or string is a
//! [`ScalarKind`]; one that is kept as the string that was written is a [`StringKind`].
mod address;
mod number;
mod octets;
mod rate;
mod selector;
mod share;
mod span;
#[cfg(test)]
mod tests;
mod text;
mod time;
mod words;

pub use address::is_loopback;
pub(super) use address::{
    EMBEDDED, HostPort, HttpUrl, IpAddress, ListenAddress, Prefix, TargetAddress,
};
pub(super) use number::{CatchUp, DataCoding, Factor, True, Whole};
pub(super) use octets::Hex;
pub(super) use rate::{AnyRate, RateAboveZero, RateOrNone, rate_json};
pub use selector::{Matcher, Selector};
pub(super) use selector::{ObserveName, SeriesSelector};
pub(super) use share::{ExactShare, SHARES_MAX, Share};
pub(super) use span::{
    AboveZero, Span, SpanOrOff, WrittenAboveZero, WrittenSpan, parse as parse_span, span_text,
};
pub(super) use text::{Ascii, FILE, FilePath, Password, Redacted, is_ascii};
pub(super) use time::MessageTime;
pub(super) use words::{AllOrOne, StateName, States, Status, StatusShare, TlvTag};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// One kind of value, as a person writes it.
pub(super) trait Kind {
    /// The value as a plan holds it.
    type Value;
    /// Reads the value.
    ///
    /// # Errors
    /// What to write instead; the deserializer adds the value and its place.
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self::Value, D::Error>;
    /// Writes the value so that it reads back as the same value.
    ///
    /// # Errors
    /// The serializer's.
    fn write<S: Serializer>(value: &Self::Value, to: S) -> Result<S::Ok, S::Error>;
    /// The schema of what may be written.
    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

/// A kind of number or string.
pub(super) trait ScalarKind {
    /// The value as a plan holds it.
    type Value;
    /// What to write instead of a list, a table, or true or false.
    const WANTED: &'static str;
    /// Reads the value.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn parse(written: Scalar<'_>) -> Result<Self::Value, Invalid>;
    /// The value as it is written.
    fn json(value: &Self::Value) -> Json;
    /// The schema of what may be written.
    fn schema() -> Schema;
}

impl<K: ScalarKind> Kind for K {
    type Value = K::Value;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<K::Value, D::Error> {
        scalar(from, K::WANTED, K::parse)
    }
    fn write<S: Serializer>(value: &K::Value, to: S) -> Result<S::Ok, S::Error> {
        K::json(value).serialize(to)
    }
    fn schema(_: &mut SchemaGenerator) -> Schema {
        <K as ScalarKind>::schema()
    }
}

const STRING: &str = "a string in quotes";

/// A kind of string that is kept as a string.
pub(super) trait StringKind {
    /// A regular expression that every valid string matches.
    const PATTERN: &'static str;
    /// Reads a string; what is kept may be spelled otherwise.
    ///
    /// # Errors
    /// What to write instead.
    fn check(text: &str) -> Result<String, Invalid>;
}

impl<R: StringKind> ScalarKind for R {
    type Value = String;
    const WANTED: &'static str = STRING;

    fn parse(written: Scalar<'_>) -> Result<String, Invalid> {
        R::check(written.text(STRING)?)
    }
    fn json(text: &String) -> Json {
        text.as_str().into()
    }
    fn schema() -> Schema {
        string(R::PATTERN)
    }
}

/// The schema of a string that matches `pattern`.
fn string(pattern: &str) -> Schema {
    json_schema!({ "type": "string", "pattern": pattern })
}

/// Puts a kind where serde and schemars look for it.
pub(super) struct As<K>(PhantomData<K>);

impl<K: Kind> As<K> {
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<K::Value, D::Error> {
        K::read(from)
    }
    pub(super) fn serialize<S: Serializer>(value: &K::Value, to: S) -> Result<S::Ok, S::Error> {
        K::write(value, to)
    }
}

impl<K: Kind> JsonSchema for As<K> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        std::any::type_name::<K>().into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        K::schema(generator)
    }
}

/// A value that is read as its kind.
pub(super) struct ReadAs<K: Kind>(pub(super) K::Value);

impl<'de, K: Kind> Deserialize<'de> for ReadAs<K> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<ReadAs<K>, D::Error> {
        K::read(from).map(ReadAs)
    }
}

/// A value that is written as its kind.
struct WriteAs<'v, K: Kind>(&'v K::Value);

impl<K: Kind> Serialize for WriteAs<'_, K> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        K::write(self.0, to)
    }
}

/// A value that may be absent.
impl<K: Kind> Kind for Option<K> {
    type Value = Option<K::Value>;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self::Value, D::Error> {
        Option::<ReadAs<K>>::deserialize(from).map(|read| read.map(|read| read.0))
    }
    fn write<S: Serializer>(value: &Self::Value, to: S) -> Result<S::Ok, S::Error> {
        value.as_ref().map(WriteAs::<K>).serialize(to)
    }
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        K::schema(generator)
    }
}

/// A list of values of one kind.
impl<K: Kind> Kind for Vec<K> {
    type Value = Vec<K::Value>;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self::Value, D::Error> {
        let items = Vec::<ReadAs<K>>::deserialize(from)?;
        Ok(items.into_iter().map(|read| read.0).collect())
    }
    fn write<S: Serializer>(values: &Self::Value, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(values.iter().map(WriteAs::<K>))
    }
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": K::schema(generator) })
    }
}

/// A list of two values of one kind.
impl<K: Kind> Kind for (K, K) {
    type Value = (K::Value, K::Value);

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self::Value, D::Error> {
        match <[K::Value; 2]>::try_from(Vec::<K>::read(from)?) {
            Ok([first, second]) => Ok((first, second)),
            Err(other) => {
                let why = format!("{} in the list; write two, [first, second]", other.len());
                Err(Error::custom(why))
            }
        }
    }
    fn write<S: Serializer>(pair: &Self::Value, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq([&pair.0, &pair.1].map(WriteAs::<K>))
    }
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let items = K::schema(generator);
        json_schema!({ "type": "array", "items": items, "minItems": 2, "maxItems": 2 })
    }
}

/// A table whose keys are names, in the order in which it was written.
pub(super) struct Pairs<K>(PhantomData<K>);

impl<K: Kind> Kind for Pairs<K> {
    type Value = Vec<(String, K::Value)>;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(Self(PhantomData))
    }
    fn write<S: Serializer>(pairs: &Self::Value, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(pairs.iter().map(|(name, value)| (name, WriteAs::<K>(value))))
    }
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let values = K::schema(generator);
        json_schema!({ "type": "object", "additionalProperties": values })
    }
}

impl<'de, K: Kind> Visitor<'de> for Pairs<K> {
    type Value = Vec<(String, K::Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some((name, ReadAs(value))) = entries.next_entry::<String, ReadAs<K>>()? {
            pairs.push((name, value));
        }
        Ok(pairs)
    }
}

/// A number or a string, as it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scalar<'v> {
    Text(&'v str),
    Whole(i64),
    Decimal(f64),
}

impl<'v> Scalar<'v> {
    /// The string; `wanted` says what to write instead of a number.
    fn text(self, wanted: &'static str) -> Result<&'v str, Invalid> {
        match self {
            Scalar::Text(text) => Ok(text),
            Scalar::Whole(_) | Scalar::Decimal(_) => Err(Invalid::wanted(wanted)),
        }
    }
}

/// Why a value cannot be read.
#[derive(Debug)]
pub(super) enum Invalid {
    /// What to write instead.
    Wanted(Cow<'static, str>),
    /// A sentence about the value.
    Says(String),
}

impl Invalid {
    pub(super) const fn wanted(wanted: &'static str) -> Invalid {
        Invalid::Wanted(Cow::Borrowed(wanted))
    }
    fn into_error<E: Error>(self) -> E {
        match self {
            Invalid::Wanted(wanted) => E::invalid_value(Unexpected::Other(""), &&*wanted),
            Invalid::Says(says) => E::custom(says),
        }
    }
}

/// Reads a number or a string; `wanted` says what to write instead of anything else.
pub(super) fn scalar<'de, D: Deserializer<'de>, T>(
    from: D,
    wanted: &str,
    read: impl FnOnce(Scalar<'_>) -> Result<T, Invalid>,
) -> Result<T, D::Error> {
    from.deserialize_any(ScalarVisitor { wanted, read })
}

struct ScalarVisitor<'w, F> {
    wanted: &'w str,
    read: F,
}

impl<T, F: FnOnce(Scalar<'_>) -> Result<T, Invalid>> Visitor<'_> for ScalarVisitor<'_, F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.wanted)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.read)(Scalar::Text(text)).map_err(Invalid::into_error)
    }
    fn visit_i64<E: Error>(self, n: i64) -> Result<T, E> {
        (self.read)(Scalar::Whole(n)).map_err(Invalid::into_error)
    }
    fn visit_u64<E: Error>(self, n: u64) -> Result<T, E> {
        self.visit_i64(i64::try_from(n).unwrap_or(i64::MAX))
    }
    fn visit_f64<E: Error>(self, n: f64) -> Result<T, E> {
        (self.read)(Scalar::Decimal(n)).map_err(Invalid::into_error)
    }
}

/// Reads a string by `text`, or a table that is then judged by `table`.
pub(super) fn text_or_table<'de, D, T, V>(
    from: D,
    wanted: &str,
    text: impl FnOnce(&str) -> Result<V, Invalid>,
    table: impl FnOnce(T) -> Result<V, Invalid>,
) -> Result<V, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    from.deserialize_any(TextOrTable { wanted, text, table, read: PhantomData })
}

struct TextOrTable<'w, F, G, T> {
    wanted: &'w str,
    text: F,
    table: G,
    read: PhantomData<T>,
}

impl<'de, F, G, T, V> Visitor<'de> for TextOrTable<'_, F, G, T>
where
    F: FnOnce(&str) -> Result<V, Invalid>,
    G: FnOnce(T) -> Result<V, Invalid>,
    T: Deserialize<'de>,
{
    type Value = V;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.wanted)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<V, E> {
        (self.text)(text).map_err(Invalid::into_error)
    }
    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V, A::Error> {
        let table = T::deserialize(MapAccessDeserializer::new(entries))?;
        (self.table)(table).map_err(Invalid::into_error)
    }
}

/// Refuses a value at its place, whatever it is.
pub(super) fn refuse<'de, D: Deserializer<'de>, T>(from: D, why: String) -> Result<T, D::Error> {
    from.deserialize_newtype_struct("", Refusal(why, PhantomData))
}

struct Refusal<T>(String, PhantomData<T>);

impl<'de, T> Visitor<'de> for Refusal<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing")
    }
    fn visit_newtype_struct<D: Deserializer<'de>>(self, _: D) -> Result<T, D::Error> {
        Err(Error::custom(self.0))
    }
}

/// The schema of a value that may be written in several ways.
pub(super) fn any_of(forms: impl IntoIterator<Item = Schema>) -> Schema {
    let forms: Vec<Schema> = forms.into_iter().collect();
    json_schema!({ "anyOf": forms })
}
