//! Entries of the keys of a JSON schema: what a key is for, what it takes, its default and bounds.
use serde_json::{Map, Value};
use std::fmt::Write;

/// Every key of a schema by its path; the elements of a list have the list's path.
pub(super) fn paths(schema: &Value) -> Vec<String> {
    let mut out = Vec::new();
    walk(schema, schema, "", &mut |path, _| out.push(path.to_owned()));
    out.sort();
    out.dedup();
    out
}

/// The entries of the keys that `name` names: whole, or by the end of their path.
pub(super) fn entries(file: &str, schema: &Value, name: &str) -> Vec<String> {
    let mut found: Vec<(String, &Value)> = Vec::new();
    walk(schema, schema, "", &mut |path, node| found.push((path.to_owned(), node)));
    // the sides of a duel repeat the keys of the profile
    found.retain(|(path, _)| !path.starts_with("duel.") || name.starts_with("duel"));
    let whole: Vec<&(String, &Value)> = found.iter().filter(|(path, _)| path == name).collect();
    let end = format!(".{name}");
    let chosen = if whole.is_empty() {
        found.iter().filter(|(path, _)| path.ends_with(&end)).collect()
    } else {
        whole
    };
    let mut entries: Vec<String> =
        chosen.into_iter().map(|(path, node)| entry(file, schema, path, node)).collect();
    entries.dedup();
    entries
}

/// Calls `each` with every key below `node`.
fn walk<'s>(root: &'s Value, node: &'s Value, path: &str, each: &mut dyn FnMut(&str, &'s Value)) {
    let node = resolved(root, node);
    for (key, child) in object(node.get("properties")) {
        let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        each(&below, child);
        walk(root, child, &below, each);
    }
    for list in ["anyOf", "oneOf", "allOf"] {
        for form in node.get(list).and_then(Value::as_array).into_iter().flatten() {
            walk(root, form, path, each);
        }
    }
    if let Some(items) = node.get("items") {
        walk(root, items, path, each);
    }
}

/// A reference followed.
fn resolved<'s>(root: &'s Value, node: &'s Value) -> &'s Value {
    let pointer = node.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'));
    pointer.and_then(|pointer| root.pointer(pointer)).unwrap_or(node)
}

fn object(node: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    node.and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

fn entry(file: &str, root: &Value, path: &str, written: &Value) -> String {
    let node = resolved(root, written);
    let mut out = format!("{path}, a key of {file}\n");
    let text = [written, node].into_iter().find_map(|n| n.get("description")?.as_str());
    if let Some(text) = text {
        let _ = writeln!(out, "\n  {}", text.replace('\n', "\n  "));
    }
    // the words of a choice stand below, a line each
    let takes = if choices(node).is_empty() { forms(root, node) } else { String::new() };
    if !takes.is_empty() {
        let _ = writeln!(out, "\n  takes: {takes}");
    }
    let elements = node.get("items").map(|items| resolved(root, items));
    for (word, says) in choices(elements.unwrap_or(node)) {
        let _ = writeln!(out, "    {word:<18} {says}");
    }
    let default = written.get("default").or_else(|| node.get("default"));
    if let Some(default) = default.filter(|d| !d.is_object() && !d.is_null()) {
        let _ = writeln!(out, "  default: {path} = {default}");
    }
    let mut keys: Vec<&String> = object(node.get("properties")).map(|(key, _)| key).collect();
    let items = node.get("items").map(|items| resolved(root, items));
    keys.extend(object(items.and_then(|items| items.get("properties"))).map(|(key, _)| key));
    if !keys.is_empty() {
        let keys: Vec<String> = keys.iter().map(|key| format!("{path}.{key}")).collect();
        let _ = writeln!(out, "  keys: {}", keys.join(", "));
    }
    out
}

/// What a value may be, in words.
fn forms(root: &Value, node: &Value) -> String {
    let node = resolved(root, node);
    if let Some(forms) = node.get("anyOf").and_then(Value::as_array) {
        let forms: Vec<String> = forms.iter().map(|form| self::forms(root, form)).collect();
        return forms.join("; or ");
    }
    if let Some(words) = node.get("enum").and_then(Value::as_array) {
        let words: Vec<String> = words.iter().map(Value::to_string).collect();
        return words.join(", ");
    }
    let words: Vec<String> = choices(node).into_iter().map(|(word, _)| word).collect();
    if !words.is_empty() {
        return words.join(", ");
    }
    if let Some(only) = node.get("const") {
        return only.to_string();
    }
    let kinds: Vec<&str> = match node.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        Some(_) | None => return String::new(),
    };
    let kinds: Vec<String> = kinds.into_iter().map(|kind| kind_of(root, node, kind)).collect();
    let bound = |key: &str, says: &str| node.get(key).map(|bound| format!("{says} {bound}"));
    let bounds: Vec<String> = [
        bound("minimum", "at least"),
        bound("exclusiveMinimum", "above"),
        bound("maximum", "at most"),
        bound("minLength", "characters: at least"),
        bound("maxLength", "characters: at most"),
        bound("minItems", "elements: at least"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let bounds = if bounds.is_empty() { String::new() } else { format!(", {}", bounds.join(", ")) };
    format!("{}{bounds}", kinds.join(" or "))
}

fn kind_of(root: &Value, node: &Value, kind: &str) -> String {
    match kind {
        "object" => {
            let keys: Vec<&str> =
                object(node.get("properties")).map(|(key, _)| key.as_str()).collect();
            if keys.is_empty() {
                "a table".to_owned()
            } else {
                format!("a table of {}", keys.join(", "))
            }
        }
        "array" => match node.get("items").map(|items| forms(root, items)) {
            Some(_) if has_words(root, node) => "a list of words".to_owned(),
            Some(items) if !items.is_empty() => format!("a list of {items}"),
            Some(_) | None => "a list".to_owned(),
        },
        "boolean" => "true or false".to_owned(),
        "integer" => "a whole number".to_owned(),
        "string" => "a text".to_owned(),
        "null" => "null".to_owned(),
        other => format!("a {other}"),
    }
}

/// Whether the elements of a list are words of a choice.
fn has_words(root: &Value, list: &Value) -> bool {
    list.get("items").is_some_and(|items| !choices(resolved(root, items)).is_empty())
}

/// The words that a choice takes, with what each means.
fn choices(node: &Value) -> Vec<(String, String)> {
    let forms = node.get("oneOf").and_then(Value::as_array);
    let choice = |form: &Value| {
        let word = form.get("const")?.as_str()?.to_owned();
        let says = form.get("description").and_then(Value::as_str).unwrap_or_default();
        Some((word, says.replace('\n', " ")))
    };
    forms.into_iter().flatten().filter_map(choice).collect()
}
