//! A value of JSON, leaf by leaf.
use serde_json::Value;

/// Every value with its dotted name, without null and empty values.
pub(crate) fn leaves(key: &str, value: &Value, into: &mut Vec<(String, String)>) {
    let below = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    match value {
        Value::Null => {}
        Value::Object(map) => {
            for (name, value) in map {
                leaves(&below(name), value, into);
            }
        }
        Value::Array(items) => {
            for (number, value) in items.iter().enumerate() {
                leaves(&format!("{key}[{number}]"), value, into);
            }
        }
        Value::String(text) => into.push((key.to_owned(), text.clone())),
        Value::Bool(_) | Value::Number(_) => into.push((key.to_owned(), value.to_string())),
    }
}
