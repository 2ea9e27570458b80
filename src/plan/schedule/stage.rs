//! A stage of a plan, and how its messages are spaced. A stage is written as a table with the key of one shape and
//! what all stages have. The shapes themselves are declared in `shapes.rs`.
use super::shapes::Shape;
use crate::kit::Nanos;
use crate::plan::suggest::suggestion;
use crate::plan::values::{AboveZero, As, Kind, ReadAs, True, refuse, span_text};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{StrDeserializer, UnitDeserializer};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, VariantAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;
use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

/// How messages are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Arrival {
    /// Messages are evenly spaced.
    Constant,
    /// Gaps are exponential (Poisson arrivals), reproducible from the seed.
    Poisson,
}

/// A stage of the load.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Unique within the plan; empty while it is only read.
    pub name: String,
    /// Its rate over time.
    pub shape: Shape,
    /// Its length; zero while it is only read and not written, else not zero.
    pub length: Nanos,
    /// Whether its messages are measured.
    pub measure: bool,
}

/// A stage of the load: its shape (one of hold, ramp, stairs, spike, sine, max) and its length.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only the schema is made of it")]
struct CommonKeys {
    /// Name of the stage in reports, unique within the profile. By default that of its shape.
    name: Option<String>,
    /// Length of the stage, above 0s. Only `stairs` may leave it out.
    #[schemars(rename = "for", with = "As::<AboveZero>")]
    length: Nanos,
    /// Whether the stage's messages are measured; false makes it a warm-up. True by default.
    measure: Option<bool>,
}

impl<'de> Deserialize<'de> for Stage {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Stage, D::Error> {
        from.deserialize_map(StageVisitor)
    }
}

struct StageVisitor;

impl<'de> Visitor<'de> for StageVisitor {
    type Value = Stage;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Stage, A::Error> {
        let (mut name, mut shape, mut length, mut measure) = (None, None, None, None);
        while let Some(key) = entries.next_key::<String>()? {
            match key.as_str() {
                "name" => name = Some(entries.next_value()?),
                "for" => length = Some(entries.next_value::<ReadAs<AboveZero>>()?.0),
                "measure" => measure = Some(entries.next_value()?),
                key => {
                    let entry = ShapeEntry { key, is_second: shape.is_some(), value: () };
                    shape = Some(entries.next_value_seed(entry)?);
                }
            }
        }
        let none = ShapeEntry { key: "", is_second: false, value: UnitDeserializer::new() };
        Ok(Stage {
            name: name.unwrap_or_default(),
            shape: shape.map_or_else(|| Shape::deserialize(none), Ok)?,
            length: length.unwrap_or_default(),
            measure: measure.unwrap_or(true),
        })
    }
}

/// A key of a stage that is none of [`CommonKeys`], and its value: a variant of [`Shape`].
struct ShapeEntry<'k, V> {
    key: &'k str,
    is_second: bool,
    value: V,
}

impl<'de> DeserializeSeed<'de> for ShapeEntry<'_, ()> {
    type Value = Shape;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Shape, D::Error> {
        Shape::deserialize(ShapeEntry { key: self.key, is_second: self.is_second, value })
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ShapeEntry<'_, D> {
    type Error = D::Error;

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        shapes: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        if self.key.is_empty() {
            let why = format!("has no shape; write one of {}", shapes.join(", "));
            return Err(D::Error::custom(why));
        }
        if !shapes.contains(&self.key) {
            let known = [&["name"][..], shapes, &["for", "measure"]].concat();
            return refuse(self.value, format!("unknown key{}", suggestion(self.key, &known)));
        }
        if self.is_second {
            let why = "a second shape; write each in a stage of its own";
            return refuse(self.value, why.to_owned());
        }
        visitor.visit_enum(self)
    }
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.value.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de, D: Deserializer<'de>> EnumAccess<'de> for ShapeEntry<'_, D> {
    type Error = D::Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), D::Error> {
        Ok((seed.deserialize(StrDeserializer::new(self.key))?, self))
    }
}

impl<'de, D: Deserializer<'de>> VariantAccess<'de> for ShapeEntry<'_, D> {
    type Error = D::Error;

    fn unit_variant(self) -> Result<(), D::Error> {
        True::read(self.value)
    }
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, D::Error> {
        seed.deserialize(self.value)
    }
    fn tuple_variant<V: Visitor<'de>>(self, n: usize, visitor: V) -> Result<V::Value, D::Error> {
        self.value.deserialize_tuple(n, visitor)
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.value.deserialize_struct("", fields, visitor)
    }
}

impl Serialize for Stage {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("name", &self.name)?;
        match serde_json::to_value(&self.shape).map_err(S::Error::custom)? {
            Value::Object(shape) => {
                shape.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
            }
            word => map.serialize_entry(&word, &true)?,
        }
        map.serialize_entry("for", &span_text(self.length))?;
        map.serialize_entry("measure", &self.measure)?;
        map.end()
    }
}

impl JsonSchema for Stage {
    fn schema_name() -> Cow<'static, str> {
        "Stage".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = CommonKeys::json_schema(generator);
        let shapes = Shape::json_schema(generator).to_value();
        let keys = schema.ensure_object().get_mut("properties").and_then(Value::as_object_mut);
        let keys = keys.expect("a struct has properties");
        for form in shapes["oneOf"].as_array().into_iter().flatten() {
            let (key, mut value) = match (&form["properties"], &form["const"]) {
                (Value::Object(one), _) => one.iter().next().map(|(k, v)| (k.clone(), v.clone())),
                (_, Value::String(word)) => {
                    Some((word.clone(), json_schema!({ "const": true }).to_value()))
                }
                (_, _) => None,
            }
            .expect("a shape is a word, or a key with its value");
            value["description"] = form["description"].clone();
            keys.insert(key, value);
        }
        schema
    }
}
