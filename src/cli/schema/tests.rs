//! The schema against the loader. The loader says what it knows when it is given what it does not: an unknown key
//! is answered with those that are known, an unknown word with the words. So every table of the schema is given
//! such a key, every choice such a word, and the answers must be what the schema says.
use crate::plan::{self, Overrides, Source, profile_schema};
use crate::report::Document;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Near to no key and no word.
const ODD: &str = "0123456789";

fn loaded(profile: &Value) -> Result<plan::Plan, String> {
    let text = toml::to_string(profile).unwrap();
    let source = Source::Text { name: "odd.toml".to_owned(), text };
    plan::load(&source, &Overrides::default()).map_err(|e| e.to_string())
}

/// What stands after `known are`.
fn known(says: &str) -> Option<BTreeSet<String>> {
    let (_, list) = says.split_once("; known are ")?;
    Some(list.split(", ").map(str::to_owned).collect())
}

/// A profile that holds `value` at the path; `[]` is an item of a list.
fn at(path: &[String], value: Value) -> Value {
    path.iter().rev().fold(value, |inner, step| match step.as_str() {
        "[]" => json!([inner]),
        key => json!({ key: inner }),
    })
}

/// What else must stand at a place for the loader to come to it.
fn beside(path: &[String], key: &str, value: &Value) -> Value {
    let mut table = json!({ key: value.clone() });
    let place = path.join(".");
    if place.ends_with("stages.[]") && !["hold", "stairs", "spike", "sine"].contains(&key) {
        table["hold"] = json!(1);
    }
    if place.ends_with("stages.[]") {
        table["for"] = json!("1s");
    }
    if place.ends_with("faults.[]") && key != "kind" {
        table["kind"] = json!("close");
    }
    table
}

/// The words of a choice, where a schema is one.
fn words_of(schema: &Value) -> Option<BTreeSet<String>> {
    let forms = schema["oneOf"].as_array()?;
    forms.iter().map(|form| form["const"].as_str().map(str::to_owned)).collect()
}

/// Walks every table and every choice below a schema. `path` leads to it.
fn walk(schema: &Value, path: &mut Vec<String>, seen: &mut (usize, usize)) {
    if path.first().is_some_and(|p| p == "duel") {
        // the sides hold what the profile holds elsewhere; the loader looks into them when a duel begins
        assert!(path.len() > 2 || schema["properties"].is_object(), "{path:?}");
        if path.len() > 1 {
            return;
        }
    }
    if let Some(keys) = schema["properties"].as_object() {
        seen.0 += 1;
        let says = loaded(&at(path, json!({ ODD: 1 }))).unwrap_err();
        let wanted: BTreeSet<String> = keys.keys().cloned().collect();
        assert_eq!(known(&says), Some(wanted), "{path:?}: {says}");
        for (key, inner) in keys {
            if let Some(words) = words_of(inner) {
                choice(path, key, &words, seen);
            }
            path.push(key.clone());
            walk(inner, path, seen);
            path.pop();
        }
    }
    for form in schema["anyOf"].as_array().into_iter().flatten() {
        walk(form, path, seen);
    }
    if schema["items"].is_object() {
        path.push("[]".to_owned());
        walk(&schema["items"], path, seen);
        path.pop();
    }
}

/// The words of a choice are those that the loader knows, and each of them is taken.
fn choice(path: &[String], key: &str, words: &BTreeSet<String>, seen: &mut (usize, usize)) {
    seen.1 += 1;
    let says = loaded(&at(path, beside(path, key, &json!(ODD)))).unwrap_err();
    assert_eq!(known(&says).as_ref(), Some(words), "{path:?} {key}: {says}");
}

/// Every key is described in whole sentences: what it is, not a word of it.
fn describe(schema: &Value, path: &mut Vec<String>) {
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        path.push(key.clone());
        let says = inner["description"].as_str().unwrap_or_default();
        assert!(says.len() >= 15 && says.ends_with(['.', '`']), "{path:?}: {says:?}");
        describe(inner, path);
        path.pop();
    }
    let forms = schema["anyOf"].as_array().into_iter().flatten();
    forms.chain([&schema["items"]]).for_each(|form| {
        if form.is_object() {
            describe(form, path)
        }
    });
}

#[test]
fn every_key_is_described() {
    describe(&profile_schema(), &mut Vec::new());
}

#[test]
fn every_table_has_the_keys_that_the_loader_knows_and_every_choice_its_words() {
    let mut seen = (0, 0);
    walk(&profile_schema(), &mut Vec::new(), &mut seen);
    assert!(seen.0 >= 35 && seen.1 >= 15, "{seen:?}");
}

/// Whether a value is what a schema says: the part of JSON Schema that our schemas use.
fn fits(schema: &Value, value: &Value, root: &Value) -> Result<(), String> {
    let fault = |why: &str| Err(format!("{value}: {why}: {schema:.200}"));
    if let Some(reference) = schema["$ref"].as_str() {
        let inner = root.pointer(reference.trim_start_matches('#')).ok_or("a dead $ref")?;
        fits(inner, value, root)?;
    }
    if let Some(forms) = schema["anyOf"].as_array()
        && !forms.iter().any(|form| fits(form, value, root).is_ok())
    {
        return fault("none of anyOf");
    }
    if let Some(forms) = schema["oneOf"].as_array()
        && forms.iter().filter(|form| fits(form, value, root).is_ok()).count() != 1
    {
        return fault("not one of oneOf");
    }
    if schema.get("const").is_some_and(|only| only != value) {
        return fault("not the constant");
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return fault("not in enum");
    }
    let is = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{other}"),
    };
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !kinds.is_empty() && !kinds.iter().any(|kind| is(kind)) {
        return fault("another type");
    }
    if let Some(least) = schema["minimum"].as_f64()
        && value.as_f64().is_some_and(|v| v < least)
    {
        return fault("below the minimum");
    }
    if let Some(most) = schema["maximum"].as_f64()
        && value.as_f64().is_some_and(|v| v > most)
    {
        return fault("above the maximum");
    }
    if let Some(least) = schema["minItems"].as_u64()
        && value.as_array().is_some_and(|items| (items.len() as u64) < least)
    {
        return fault("too few items");
    }
    for (key, inner) in value.as_object().into_iter().flatten() {
        match (&schema["properties"][key], &schema["additionalProperties"]) {
            (known @ Value::Object(_), _) => fits(known, inner, root)?,
            (Value::Bool(true), _) => {}
            (_, Value::Bool(false)) => return fault(&format!("an unknown key {key}")),
            (_, rest @ Value::Object(_)) => fits(rest, inner, root)?,
            (_, _) => {}
        }
    }
    for key in schema["required"].as_array().into_iter().flatten() {
        if value.get(key.as_str().unwrap_or_default()).is_none() {
            return fault(&format!("without {key}"));
        }
    }
    let items = value.as_array().into_iter().flatten();
    items.filter(|_| schema["items"].is_object()).try_for_each(|i| fits(&schema["items"], i, root))
}

#[test]
fn every_profile_that_comes_with_the_tool_fits_its_schema() {
    let schema = profile_schema();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/profiles");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml") {
            let text = std::fs::read_to_string(&path).unwrap();
            let value: Value = toml::from_str(&text).unwrap();
            fits(&schema, &value, &schema).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            count += 1;
        }
    }
    assert!(count >= 7, "{count}");
    let odd = json!({ "load": { "stages": [{ "hold": 5, "fro": "1s" }] } });
    assert!(fits(&schema, &odd, &schema).unwrap_err().contains("an unknown key fro"));
}

#[test]
fn what_the_loader_refuses_of_one_value_the_schema_refuses_too() {
    let schema = profile_schema();
    for text in [
        "[timeouts]\nresponse = 5",
        "[binds]\nwindow = 0",
        "[binds]\ntype = \"trx\"",
        "[binds]\nrebind = \"on\"",
        "[deliver]\nno_answer = 1.5",
        "[deliver]\nanswers = [{ status = \"ESME_RSYSERR\" }]",
        "[guard]\nforeign = \"pass\"",
        "[load]\ncatch_up = 0.5",
        "[load]\nworkers = 1025",
        "[load]\nstages = []",
        "[[load.stages]]\nhold = -1",
        "[[load.stages]]\nmax = false",
        "[[load.stages]]\nstairs = { from = 1, to = 2, step = 1 }",
        "[[messages]]\npriority = 256",
        "[[messages]]\ndata_coding = \"gsm7\"",
        "[[messages]]\ntlvs = [{ int = 1 }]",
        "[[accounts]]\npassword = \"secret\"",
        "[receipts]\nfinal_states = []",
        "[gates]\n\"ratio.missing\" = true",
        "[embedded.receipts]\nstates = { DELIVRD = 2 }",
        "[embedded.response]\nlatency = 20",
        "[embedded.response]\nstall = { every = \"1s\" }",
        "[[embedded.faults]]\nkind = \"clos\"",
    ] {
        let value: Value = toml::from_str(text).unwrap();
        assert!(loaded(&value).is_err(), "{text}");
        assert!(fits(&schema, &value, &schema).is_err(), "{text}");
    }
}

#[test]
fn a_result_fits_its_schema_and_one_without_a_key_does_not() {
    let schema = super::result_schema();
    assert_eq!(schema["title"], "smppbench.result/1");
    let octets = include_bytes!("../../../reports/sample/result.json");
    let mut value: Value =
        serde_json::from_slice(&Document::from_json(octets).unwrap().to_json()).unwrap();
    fits(&schema, &value, &schema).unwrap();
    value["window"].as_object_mut().unwrap().remove("from_s");
    assert!(fits(&schema, &value, &schema).unwrap_err().contains("without \"from_s\""));
}
