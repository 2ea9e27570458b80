//! The kinds of values that profiles are made of, as JSON Schema: each is a reader of `plan/section.rs`.
use serde_json::{Map, Value, json};

/// A table with these keys and no other.
pub(super) fn table<const N: usize>(says: &str, keys: [(&str, Value); N]) -> Value {
    let keys: Map<String, Value> = keys.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    json!({
        "description": says,
        "type": "object",
        "properties": keys,
        "additionalProperties": false,
    })
}

/// The same, some of whose keys must be there.
pub(super) fn needing(mut table: Value, keys: &[&str]) -> Value {
    table["required"] = json!(keys);
    table
}

pub(super) fn text(says: &str) -> Value {
    json!({ "description": says, "type": "string" })
}

pub(super) fn ascii(says: &str, max: u32) -> Value {
    json!({ "description": says, "type": "string", "maxLength": max })
}

pub(super) fn words(says: &str, words: &[&str]) -> Value {
    json!({ "description": says, "enum": words })
}

pub(super) fn flag(says: &str) -> Value {
    json!({ "description": says, "type": "boolean" })
}

/// An integer; without an upper bound where it is beyond what a reader of JSON holds exactly.
pub(super) fn whole(says: &str, from: u64, to: u64) -> Value {
    let mut schema = json!({ "description": says, "type": "integer", "minimum": from });
    if to <= 1 << 53 {
        schema["maximum"] = json!(to);
    }
    schema
}

pub(super) fn octet(says: &str) -> Value {
    whole(says, 0, 255)
}

/// `5000`, `0.5`, `"5k"`, `"90/min"`.
pub(super) fn rate(says: &str) -> Value {
    json!({ "description": says, "type": ["number", "string"], "minimum": 0 })
}

/// `"30s"`, `"1m 30s"`.
pub(super) fn span(says: &str) -> Value {
    json!({ "description": says, "type": "string", "pattern": "[0-9]" })
}

/// A span, or `"off"`.
pub(super) fn span_or_off(says: &str) -> Value {
    json!({ "description": says, "type": "string", "pattern": "[0-9]|^off$" })
}

/// `0.01` or `"1%"`.
pub(super) fn share(says: &str) -> Value {
    json!({
        "description": says,
        "anyOf": [
            { "type": "number", "minimum": 0, "maximum": 1 },
            { "type": "string", "pattern": "^\\s*[0-9.]+\\s*%\\s*$" },
        ],
    })
}

/// By name or number.
pub(super) fn named(says: &str) -> Value {
    json!({ "description": says, "type": ["string", "integer"], "minimum": 0 })
}

pub(super) fn list(says: &str, of: &Value) -> Value {
    json!({ "description": says, "type": "array", "items": of })
}

/// A list with an item at least.
pub(super) fn some(says: &str, of: &Value) -> Value {
    json!({ "description": says, "type": "array", "items": of, "minItems": 1 })
}

/// `[from, to]`.
pub(super) fn two(says: &str, of: &Value) -> Value {
    json!({ "description": says, "type": "array", "items": of, "minItems": 2, "maxItems": 2 })
}

pub(super) fn either(says: &str, forms: &[Value]) -> Value {
    json!({ "description": says, "anyOf": forms })
}

/// A table whose keys are names.
pub(super) fn open(says: &str, of: &Value) -> Value {
    json!({ "description": says, "type": "object", "additionalProperties": of })
}

/// `{ status = "ESME_RTHROTTLED", share = 0.01 }`.
pub(super) fn status_share() -> Value {
    let keys = [("status", named("command_status by name or number")), ("share", share("of all"))];
    needing(table("A status and its share.", keys), &["status", "share"])
}
