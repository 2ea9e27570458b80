//! `[[load.stages]]`: a table with the key of one shape, and what all stages have. The shapes themselves are declared
//! in `shapes.rs`.
use super::{Shape, Stage, Unschedulable};
use crate::kit::Nanos;
use crate::plan::error::{PlanError, Read};
use crate::plan::suggest::suggestion;
use crate::plan::values::{AboveZero, As, Maybe, refuse, span_text};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;

/// A stage as it is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WrittenStage {
    common: Common,
    shape: Option<Shape>,
}

/// A stretch of load: one of hold, ramp, stairs, spike, sine, max, and how long.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Common {
    /// What reports call the stage, unique within the profile. Without it, the name of its shape.
    name: Option<String>,
    /// How long the stage lasts, above 0s. Only `stairs` may leave it out.
    #[schemars(rename = "for", with = "As::<Maybe<AboveZero>>")]
    length: Option<Nanos>,
    /// Whether its messages are measured; false makes it a warm-up. True by default.
    measure: Option<bool>,
}

impl WrittenStage {
    pub(in crate::plan) fn of(stage: &Stage) -> WrittenStage {
        let common = Common {
            name: Some(stage.name.clone()),
            length: Some(stage.length),
            measure: Some(stage.measure),
        };
        WrittenStage { common, shape: Some(stage.shape.clone()) }
    }

    pub(in crate::plan) fn name(&self) -> Option<&String> {
        self.common.name.as_ref()
    }

    /// The stage; where it has no name, it bears its shape's key.
    pub(in crate::plan) fn meant(&self) -> Read<Stage> {
        let Some(shape) = self.shape.clone() else {
            let why = format!("has no shape; write one of {}", Shape::KEYS.join(", "));
            return Err(PlanError::about("", why));
        };
        let about = |e: Unschedulable| PlanError::about(shape.key(), e.to_string());
        let length = match self.common.length {
            Some(length) => length,
            None => shape
                .own_length()
                .map_err(about)?
                .ok_or_else(|| PlanError::about("for", "is missing; write for = \"60s\" or so"))?,
        };
        shape.check_length(length).map_err(about)?;
        let name = self.common.name.clone().unwrap_or_else(|| shape.key().to_owned());
        Ok(Stage { name, shape, length, measure: self.common.measure.unwrap_or(true) })
    }
}

impl<'de> Deserialize<'de> for WrittenStage {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<WrittenStage, D::Error> {
        from.deserialize_map(StageVisitor)
    }
}

struct StageVisitor;

impl<'de> Visitor<'de> for StageVisitor {
    type Value = WrittenStage;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<WrittenStage, A::Error> {
        let mut stage = WrittenStage::default();
        while let Some(key) = entries.next_key::<String>()? {
            match key.as_str() {
                "name" => stage.common.name = Some(entries.next_value()?),
                "for" => {
                    let length = entries.next_value_seed(As::<AboveZero>::seed())?;
                    stage.common.length = Some(length);
                }
                "measure" => stage.common.measure = Some(entries.next_value()?),
                key => {
                    let is_second = stage.shape.is_some();
                    stage.shape = Some(entries.next_value_seed(ShapeUnder { key, is_second })?);
                }
            }
        }
        Ok(stage)
    }
}

/// The shape whose key has been read.
struct ShapeUnder<'k> {
    key: &'k str,
    is_second: bool,
}

impl<'de> DeserializeSeed<'de> for ShapeUnder<'_> {
    type Value = Shape;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<Shape, D::Error> {
        if !Shape::KEYS.contains(&self.key) {
            let known = [&["name"][..], &Shape::KEYS, &["for", "measure"]].concat();
            return refuse(value, format!("unknown key{}", suggestion(self.key, &known)));
        }
        if self.is_second {
            return refuse(value, "a second shape; write each in a stage of its own".to_owned());
        }
        Shape::read(self.key, value)
    }
}

impl Serialize for WrittenStage {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("name", &self.common.name)?;
        match serde_json::to_value(&self.shape).map_err(S::Error::custom)? {
            Value::Object(shape) => {
                shape.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
            }
            Value::String(key) => map.serialize_entry(&key, &true)?,
            _ => {}
        }
        map.serialize_entry("for", &self.common.length.map(span_text))?;
        map.serialize_entry("measure", &self.common.measure)?;
        map.end()
    }
}

impl JsonSchema for WrittenStage {
    fn schema_name() -> Cow<'static, str> {
        "Stage".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Common::json_schema(generator);
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
