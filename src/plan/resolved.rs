//! A plan as a profile again: every key with what it came to mean, passwords redacted; and the command
//! line that runs the same. What is written here reads back as the same plan.
#[cfg(test)]
mod tests;

use super::model::Plan;
use super::overrides::Overrides;
use super::profile::{Profile, Source};
use crate::kit::words::quoted;
use serde_json::Value;

/// The resolved profile: the keys of docs/reference/profile.md, redacted, in a stable order.
pub fn resolved_json(plan: &Plan) -> Value {
    let profile = serde_json::to_value(Profile::of(plan)).expect("a profile has string keys only");
    without_nulls(profile)
}

/// The command line that runs the same again, with the seed that was used. `verb`: `run`, `find rate`, ...
pub fn repro(verb: &str, source: &Source, overrides: &Overrides, plan: &Plan) -> String {
    let mut words = vec!["smppbench".to_string(), verb.to_string()];
    match source {
        Source::BuiltIn(_) if *source == Source::quick() => {}
        Source::BuiltIn(built_in) => words.push(built_in.name.to_owned()),
        Source::File(path) => words.push(quoted(&path.display().to_string())),
        Source::Text { name, .. } => words.push(quoted(name)),
    }
    let overrides = Overrides { seed: Some(plan.seed), ..overrides.clone() };
    words.extend(overrides.arguments().iter().map(|word| quoted(word)));
    words.join(" ")
}

/// Drops the keys whose value is null: in a profile, they are absent.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_nulls(value)))
            .collect(),
        Value::Array(list) => list.into_iter().map(without_nulls).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}
