//! The kinds of values that profiles are made of: how each is read, written and described in a schema. They know
//! no key: a field of a section names its kind, `#[serde(with = "As::<Span>")]`.
mod address;
mod number;
mod octets;
mod rate;
mod share;
mod span;
#[cfg(test)]
mod tests;
mod text;
mod time;
mod words;

pub(super) use address::{
    EMBEDDED, HostPort, IpAddress, ListenAddress, TargetAddress, split_address,
};
pub(super) use number::{CatchUp, DataCoding, True, Whole};
pub(super) use octets::Hex;
pub(super) use rate::{AnyRate, RateAboveZero, RateOrNone, rate_json};
pub(super) use share::{ExactShare, SHARES_MAX, Share};
pub(super) use span::{
    AboveZero, Span, SpanOrOff, WrittenAboveZero, WrittenSpan, parse as parse_span, span_text,
};
pub(super) use text::{Ascii, FILE, FilePath, Password, Rule, Text, is_ascii};
pub(super) use time::MessageTime;
pub(super) use words::{AllOrOne, State, States, Status, StatusShare, TlvTag};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::MapAccessDeserializer;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::ser::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// One kind of value, as a person writes it.
pub(super) trait Kind {
    /// What a plan holds of it.
    type Value;
    /// Reads it.
    ///
    /// # Errors
    /// What would do instead; the deserializer adds the value and its place.
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self::Value, D::Error>;
    /// Writes it so that it reads back as the same value.
    ///
    /// # Errors
    /// The serializer's.
    fn write<S: Serializer>(value: &Self::Value, to: S) -> Result<S::Ok, S::Error>;
    /// What may be written.
    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

/// Puts a kind where serde and schemars look for it.
pub(super) struct As<K>(PhantomData<K>);

impl<K: Kind> As<K> {
    /// Reads one where serde asks for a seed.
    pub(super) const fn seed() -> As<K> {
        As(PhantomData)
    }
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

impl<'de, K: Kind> DeserializeSeed<'de> for As<K> {
    type Value = K::Value;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<K::Value, D::Error> {
        K::read(from)
    }
}

/// A value that is written as its kind.
struct Written<'v, K: Kind>(&'v K::Value);

impl<K: Kind> Serialize for Written<'_, K> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        K::write(self.0, to)
    }
}

/// A value that may be absent.
pub(super) struct Maybe<K>(PhantomData<K>);

impl<K: Kind> Kind for Maybe<K> {
    type Value = Option<K::Value>;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_option(Self(PhantomData))
    }
    fn write<S: Serializer>(value: &Self::Value, to: S) -> Result<S::Ok, S::Error> {
        value.as_ref().map(Written::<K>).serialize(to)
    }
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        K::schema(generator)
    }
}

impl<'de, K: Kind> Visitor<'de> for Maybe<K> {
    type Value = Option<K::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        K::read(from).map(Some)
    }
}

/// A list of values of one kind.
pub(super) struct List<K>(PhantomData<K>);

impl<K: Kind> Kind for List<K> {
    type Value = Vec<K::Value>;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_seq(Self(PhantomData))
    }
    fn write<S: Serializer>(values: &Self::Value, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(values.iter().map(Written::<K>))
    }
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "array", "items": K::schema(generator) })
    }
}

impl<'de, K: Kind> Visitor<'de> for List<K> {
    type Value = Vec<K::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list in [ ]")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(As::<K>::seed())? {
            list.push(item);
        }
        Ok(list)
    }
}

/// A pair of values of one kind: `[from, to]`.
pub(super) struct Two<K>(PhantomData<K>);

impl<K: Kind<Value: Clone>> Kind for Two<K> {
    type Value = (K::Value, K::Value);

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self::Value, D::Error> {
        match <[K::Value; 2]>::try_from(List::<K>::read(from)?) {
            Ok([first, second]) => Ok((first, second)),
            Err(other) => {
                let why = format!("{} in the list; write two, [first, second]", other.len());
                Err(Error::custom(why))
            }
        }
    }
    fn write<S: Serializer>(pair: &Self::Value, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq([&pair.0, &pair.1].map(Written::<K>))
    }
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = List::<K>::schema(generator);
        schema.insert("minItems".to_owned(), 2.into());
        schema.insert("maxItems".to_owned(), 2.into());
        schema
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
        to.collect_map(pairs.iter().map(|(name, value)| (name, Written::<K>(value))))
    }
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let values = K::schema(generator);
        schemars::json_schema!({ "type": "object", "additionalProperties": values })
    }
}

impl<'de, K: Kind> Visitor<'de> for Pairs<K> {
    type Value = Vec<(String, K::Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(name) = entries.next_key()? {
            pairs.push((name, entries.next_value_seed(As::<K>::seed())?));
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

/// Why a value cannot be read.
#[derive(Debug)]
pub(super) enum Fault {
    /// What would do instead.
    Wanted(Cow<'static, str>),
    /// A sentence about the value.
    Says(String),
}

impl Fault {
    pub(super) const fn wanted(wanted: &'static str) -> Fault {
        Fault::Wanted(Cow::Borrowed(wanted))
    }
    fn into_error<E: Error>(self) -> E {
        match self {
            Fault::Wanted(wanted) => E::invalid_value(Unexpected::Other(""), &&*wanted),
            Fault::Says(says) => E::custom(says),
        }
    }
}

/// Reads a number or a string; `wanted` says what would do in the place of anything else.
pub(super) fn scalar<'de, D: Deserializer<'de>, T>(
    from: D,
    wanted: &str,
    read: impl FnOnce(Scalar<'_>) -> Result<T, Fault>,
) -> Result<T, D::Error> {
    from.deserialize_any(ScalarVisitor { wanted, read })
}

struct ScalarVisitor<'w, F> {
    wanted: &'w str,
    read: F,
}

impl<T, F: FnOnce(Scalar<'_>) -> Result<T, Fault>> Visitor<'_> for ScalarVisitor<'_, F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.wanted)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.read)(Scalar::Text(text)).map_err(Fault::into_error)
    }
    fn visit_i64<E: Error>(self, n: i64) -> Result<T, E> {
        (self.read)(Scalar::Whole(n)).map_err(Fault::into_error)
    }
    fn visit_u64<E: Error>(self, n: u64) -> Result<T, E> {
        self.visit_i64(i64::try_from(n).unwrap_or(i64::MAX))
    }
    fn visit_f64<E: Error>(self, n: f64) -> Result<T, E> {
        (self.read)(Scalar::Decimal(n)).map_err(Fault::into_error)
    }
}

/// Reads a string by `text`, or a table that is then judged by `table`.
pub(super) fn text_or_table<'de, D, T, V>(
    from: D,
    wanted: &str,
    text: impl FnOnce(&str) -> Result<V, Fault>,
    table: impl FnOnce(T) -> Result<V, Fault>,
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
    F: FnOnce(&str) -> Result<V, Fault>,
    G: FnOnce(T) -> Result<V, Fault>,
    T: Deserialize<'de>,
{
    type Value = V;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.wanted)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<V, E> {
        (self.text)(text).map_err(Fault::into_error)
    }
    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V, A::Error> {
        let table = T::deserialize(MapAccessDeserializer::new(entries))?;
        (self.table)(table).map_err(Fault::into_error)
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
    schemars::json_schema!({ "anyOf": forms })
}
