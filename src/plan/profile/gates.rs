//! `[gates]`: limits by metric, as written; what they mean is judged where the metrics are known.
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::tree::{Node, Value};
use crate::plan::values::{As, Kind, WrittenAboveZero, WrittenSpan, any_of};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use std::fmt;

/// A limit with conditions.
#[derive(serde::Serialize, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Conditional {
    /// The limit: `"< 50ms"`, `"<= 0.1%"`, `"= 0"`.
    is: String,
    /// Length of the intervals in each of which the limit must hold, above 0s.
    #[serde(
        default,
        with = "As::<Option<WrittenAboveZero>>",
        skip_serializing_if = "Option::is_none"
    )]
    r#for: Option<String>,
    /// Name of the stage in which the limit must hold. By default all measured stages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    /// Time for which the limit may be exceeded before the run ends. Without it, the run goes on.
    #[serde(default, with = "As::<Option<WrittenSpan>>", skip_serializing_if = "Option::is_none")]
    abort_after: Option<String>,
}

/// A limit as a string, a number that the metric must be equal to, or a table with conditions; kept as JSON.
pub(super) struct Gate;

impl Kind for Gate {
    type Value = serde_json::Value;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<serde_json::Value, D::Error> {
        from.deserialize_any(GateVisitor)
    }
    fn write<S: Serializer>(gate: &serde_json::Value, to: S) -> Result<S::Ok, S::Error> {
        gate.serialize(to)
    }
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let limit = json_schema!({
            "type": "string",
            "description": "The limit: \"< 50ms\", \"<= 0.1%\", \"= 0\".",
        });
        let equal = json_schema!({
            "type": "integer",
            "minimum": 0,
            "description": "What the metric must be equal to.",
        });
        any_of([limit, equal, generator.subschema_for::<Conditional>()])
    }
}

struct GateVisitor;

impl<'de> Visitor<'de> for GateVisitor {
    type Value = serde_json::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table")
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<serde_json::Value, E> {
        Ok(text.into())
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<serde_json::Value, E> {
        Ok(format!("= {number}").into())
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<serde_json::Value, E> {
        Ok(format!("= {number}").into())
    }
    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<serde_json::Value, A::Error> {
        let gate = Conditional::deserialize(MapAccessDeserializer::new(entries))?;
        Ok(serde_json::to_value(gate).expect("strings are JSON"))
    }
}

/// `response.p99 = "..."` without quotes is a table of its own in TOML: it is refused with the remedy.
pub(super) fn check_quotes(tree: &Node) -> PlanResult<()> {
    let Some(Value::Table(gates)) = tree.get("gates").map(|gates| &gates.value) else {
        return Ok(());
    };
    for (metric, gate) in gates {
        if matches!(gate.value, Value::Table(_)) && gate.get("is").is_none() {
            let why = format!(
                "not a gate; write the metric in quotes, [gates] \"{metric}...\" = \"< 50ms\", \
                 or {{ is = ... }}"
            );
            return Err(PlanError::new(gate.place.clone(), format!("gates.{metric}"), why));
        }
    }
    Ok(())
}
