//! Every key of the simulator's behaviour, and every word that a key may have, stands in a row of the table of faults, or
//! has a test of its own. They are read from the schema, so that a new one cannot be forgotten.
use super::fault_table::ROWS;
use crate::plan::behaviour::{Behaviour, FaultKind};
use schemars::{Schema, schema_for};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What stands in no row, and why: it is a pattern of keys, or of keys and words.
const ELSEWHERE: [(&str, &str); 5] = [
    ("seed", "it chooses what is drawn, and no case draws"),
    ("accounts.password*", "a_simulator_that_lets_everyone_in_fails_the_cases_of_credentials"),
    ("tls.*", "our_simulator_passes_every_case_of_tls"),
    (
        "faults.kind=bind_refuse",
        "a_simulator_that_refuses_every_bind_stops_the_run_at_its_first_case",
    ),
    (
        "faults.kind=accept_then_drop",
        "a_simulator_that_drops_every_connection_stops_the_run_after_three",
    ),
];

/// The keys with a value that is no table, and `key=word` for each word of a closed set.
fn known() -> BTreeSet<String> {
    let schema: Schema = schema_for!(Behaviour);
    let mut found = BTreeSet::new();
    let root = schema.as_value();
    let definitions = root.get("$defs").and_then(Value::as_object).cloned().unwrap_or_default();
    walk(root, "", &definitions, &mut found);
    found
}

fn walk(
    schema: &Value,
    path: &str,
    definitions: &Map<String, Value>,
    found: &mut BTreeSet<String>,
) {
    let name = schema.get("$ref").and_then(Value::as_str);
    if let Some(name) = name.and_then(|name| name.rsplit('/').next()) {
        if name == "Latency" {
            found.insert(path.to_owned());
        } else {
            walk(&definitions[name], path, definitions, found);
        }
        return;
    }
    for list in ["anyOf", "oneOf", "allOf"] {
        for one in schema.get(list).and_then(Value::as_array).into_iter().flatten() {
            walk(one, path, definitions, found);
        }
    }
    let words = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    for word in words.chain(schema.get("const")).filter_map(Value::as_str) {
        found.insert(format!("{path}={word}"));
    }
    if let Some(items) = schema.get("items") {
        walk(items, path, definitions, found);
    }
    let keys = schema.get("properties").and_then(Value::as_object);
    for (key, value) in keys.into_iter().flatten() {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        walk(value, &path, definitions, found);
    }
    let is_table = keys.is_some() || schema.get("items").is_some();
    if !path.is_empty() && !is_table && !found.iter().any(|known| known.starts_with(path)) {
        found.insert(path.to_owned());
    }
}

/// The same of what the rows set.
fn set() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for row in ROWS {
        let table: toml::Table = row.behaviour.parse().unwrap();
        note(&serde_json::to_value(table).unwrap(), "", &mut found);
    }
    found
}

fn note(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    found.insert(path.to_owned());
    match value {
        Value::Object(table) => {
            for (key, value) in table {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                note(value, &path, found);
            }
        }
        Value::Array(list) => list.iter().for_each(|one| note(one, path, found)),
        Value::String(word) => {
            found.insert(format!("{path}={word}"));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn every_fault_and_quirk_of_the_simulator_has_a_row_or_a_test_of_its_own() {
    let (known, set) = (known(), set());
    assert!(known.len() > 60, "{known:?}");
    for kind in FaultKind::ALL {
        assert!(known.contains(&format!("faults.kind={}", kind.word())), "{known:?}");
    }
    let elsewhere =
        |one: &str| ELSEWHERE.iter().any(|(pattern, _)| crate::plan::matches(pattern, one));
    let missing: Vec<&String> =
        known.iter().filter(|one| !set.contains(*one) && !elsewhere(one)).collect();
    assert!(missing.is_empty(), "no row has {missing:?}");
    for (pattern, why) in ELSEWHERE {
        let is_known = known.iter().any(|one| crate::plan::matches(pattern, one));
        assert!(is_known, "{pattern} ({why}) is no key");
    }
}
