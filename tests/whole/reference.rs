//! The reference in docs/reference against the program. What stands there below the mark is made here out of the
//! declarations in the code; what stands above it is written by hand, and must name all there is to name.
use super::pages::code_of;
use serde_json::{Value, json};
use smppbench::judge::{FIGURES, LEDGER};
use smppbench::measure::LATENCY_METRICS;
use smppbench::plan::{behaviour_file, profile_schema};
use smppbench::report::Document;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

const MARK: &str = "<!-- Below this line the page is generated; renew it with \
                    `SMPPBENCH_RENEW=1 cargo test --test whole reference`. -->";

fn path_of(page: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/reference").join(page)
}

/// Holds the generated part of a page to the code, or renews it.
fn hold(page: &str, generated: &str) {
    let path = path_of(page);
    let found = std::fs::read_to_string(&path).unwrap();
    let (head, _) = found.split_once(MARK).unwrap_or_else(|| panic!("{page} has no line {MARK}"));
    let wanted = format!("{head}{MARK}\n\n{}\n", generated.trim());
    if std::env::var_os("SMPPBENCH_RENEW").is_some() {
        std::fs::write(&path, wanted).unwrap();
        return;
    }
    let line = found.lines().zip(wanted.lines()).find(|(found, wanted)| found != wanted);
    assert!(
        found == wanted,
        "docs/reference/{page} is out of date (found, wanted: {line:?}); renew it with \
         `SMPPBENCH_RENEW=1 cargo test --test whole reference`"
    );
}

/// The JSON schema of a file as tables of Markdown.
struct Pages<'a> {
    root: &'a Value,
    /// Names and keys of the tables that have a section of their own: they are not repeated elsewhere.
    sections: Vec<(String, &'a Value)>,
}

impl<'a> Pages<'a> {
    fn new(root: &'a Value) -> Pages<'a> {
        let mut pages = Pages { root, sections: Vec::new() };
        for (key, schema) in properties(root) {
            let schema = pages.resolved(schema);
            let table = if schema["items"].is_null() { schema } else { &schema["items"] };
            let table = pages.resolved(table);
            if table["properties"].is_object() {
                pages.sections.push((key.clone(), &table["properties"]));
            }
        }
        pages
    }

    /// The schema that a `$ref` names.
    fn resolved(&self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(name) => self.root.pointer(name.trim_start_matches('#')).unwrap(),
            None => schema,
        }
    }

    /// A section for each table at the top of `table`, and one for its other keys.
    fn sections_of(&self, table: &'a Value, prefix: &str) -> String {
        let mut top = String::new();
        let mut sections = String::new();
        for (key, schema) in properties(table) {
            let mut rows = String::new();
            self.below(schema, "", &format!("{prefix}{key}"), &mut rows);
            if rows.is_empty() {
                self.row(key, schema, &mut top);
                continue;
            }
            let list = kind(self.resolved(schema)).starts_with("list");
            let (open, close) = if list { ("[[", "]]") } else { ("[", "]") };
            let says = description(schema, self.resolved(schema));
            let _ = write!(sections, "\n## `{open}{prefix}{key}{close}`\n\n{says}\n\n{HEAD}{rows}");
        }
        let top =
            if top.is_empty() { top } else { format!("## Keys without a table\n\n{HEAD}{top}") };
        top + &sections
    }

    /// Rows for the keys in a schema, its items and its alternatives.
    fn below(&self, schema: &'a Value, path: &str, section: &str, rows: &mut String) {
        let schema = self.resolved(schema);
        let own = |(name, keys): &&(String, &Value)| {
            *keys == &schema["properties"] && (!path.is_empty() || name != section)
        };
        if let Some((name, _)) =
            self.sections.iter().find(own).filter(|_| schema["properties"].is_object())
        {
            let _ = writeln!(rows, "| `{path}.*` | | | | The keys of `{name}`. |");
            return;
        }
        for (key, inner) in properties(schema) {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            self.row(&path, inner, rows);
            self.below(inner, &path, section, rows);
        }
        for form in ["anyOf", "allOf"].iter().flat_map(|forms| items(&schema[*forms])) {
            self.below(form, path, section, rows);
        }
        if schema["items"].is_object() {
            self.below(
                &schema["items"],
                &if path.is_empty() { path.into() } else { format!("{path}[]") },
                section,
                rows,
            );
        }
        let others = &schema["additionalProperties"];
        if others.is_object() {
            let path = if path.is_empty() { "NAME".into() } else { format!("{path}.NAME") };
            self.row(&path, others, rows);
            self.below(others, &path, section, rows);
        }
    }

    fn row(&self, key: &str, schema: &'a Value, rows: &mut String) {
        let inner = self.resolved(schema);
        let default = match &schema["default"] {
            Value::Null | Value::Object(_) => String::new(),
            Value::Array(list) if list.is_empty() => String::new(),
            value => format!("`{value}`"),
        };
        let says = match &inner["items"] {
            // what a word means stands behind the key, also where the key takes several
            elements @ Value::Object(_) => {
                let own = json!({"description": description(schema, inner)});
                description(&own, self.resolved(elements))
            }
            _ => description(schema, inner),
        };
        let (kind, bounds) = (self.kind(schema), bounds(inner));
        let _ = writeln!(rows, "| `{key}` | {kind} | {default} | {bounds} | {says} |");
    }

    fn kind(&self, schema: &'a Value) -> String {
        let schema = self.resolved(schema);
        let forms: Vec<&Value> = items(&schema["anyOf"]).map(|form| self.resolved(form)).collect();
        match &schema["items"] {
            items @ Value::Object(_) if forms.is_empty() => format!("list of {}", self.kind(items)),
            _ if forms.is_empty() => kind(schema),
            _ => forms.iter().map(|form| self.kind(form)).collect::<Vec<_>>().join(" or "),
        }
    }
}

const HEAD: &str = "| key | type | default | bounds | meaning |\n|---|---|---|---|---|\n";

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["properties"].as_object().into_iter().flatten()
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// The type of a value, in a word or two.
fn kind(schema: &Value) -> String {
    if items(&schema["oneOf"]).any(|form| form["const"].is_string()) {
        return "word".to_owned();
    }
    if let Some(only) = schema.get("const") {
        return format!("`{only}`");
    }
    let words: Vec<String> = items(&schema["enum"]).map(|word| format!("`{word}`")).collect();
    if !words.is_empty() {
        return words.join(", ");
    }
    let named = match &schema["type"] {
        Value::String(kind) => vec![kind.as_str()],
        kinds => items(kinds).filter_map(Value::as_str).collect(),
    };
    if named == ["null"] {
        return "null".to_owned();
    }
    let or_null = if named.contains(&"null") { " or null" } else { "" };
    let named: Vec<&str> = named.into_iter().filter(|kind| *kind != "null").collect();
    let pattern = schema["pattern"].as_str().unwrap_or_default();
    let kind = match named.as_slice() {
        ["string"] => match pattern {
            "[0-9]" | "[1-9]" => "duration",
            "[1-9]|^off$" => "duration or `\"off\"`",
            ":[0-9]+$" => "host:port",
            ":[0-9]+$|^embedded$" => "host:port or `\"embedded\"`",
            p if p.contains('%') => "percentage",
            _ => "text",
        },
        ["number", "string"] => "rate",
        ["string", "integer"] => "name or number",
        ["boolean"] => "true or false",
        ["array"] => "list",
        ["object"] => "table",
        [other] => other,
        _ => "any",
    };
    format!("{kind}{or_null}")
}

fn bounds(schema: &Value) -> String {
    let mut bounds = Vec::new();
    let (least, most) = (&schema["minimum"], &schema["maximum"]);
    match (least.is_number(), most.is_number()) {
        (true, true) => bounds.push(format!("{least} to {most}")),
        (true, false) => bounds.push(format!("from {least} on")),
        (false, true) => bounds.push(format!("at most {most}")),
        (false, false) => {}
    }
    let above_zero = schema["pattern"].as_str().is_some_and(|p| p.starts_with("[1-9]"));
    if schema["exclusiveMinimum"].is_number() || above_zero {
        bounds.push("above 0".to_owned());
    }
    if schema["maxLength"].is_number() {
        bounds.push(format!("at most {} characters", schema["maxLength"]));
    }
    match (&schema["minItems"], &schema["maxItems"]) {
        (Value::Null, Value::Null) => {}
        (least, Value::Null) => bounds.push(format!("{least} or more")),
        (Value::Null, most) => bounds.push(format!("at most {most} items")),
        (least, most) if least == most => bounds.push(format!("{least} items")),
        (least, most) => bounds.push(format!("{least} to {most} items")),
    }
    bounds.join(", ")
}

/// The words of a choice stand behind what is said of the key.
fn description(schema: &Value, resolved: &Value) -> String {
    let own = schema["description"].as_str().or(resolved["description"].as_str());
    let mut says = own.unwrap_or_default().to_owned();
    for word in items(&resolved["oneOf"]).filter(|form| form["const"].is_string()) {
        let _ = write!(
            says,
            " `{}`: {}",
            word["const"],
            word["description"].as_str().unwrap_or_default()
        );
    }
    let says = says.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
    // links of rustdoc are code here, and what is not code must not look like HTML
    let says = says.replace("[`", "`").replace("`]", "`");
    let spans = says.split('`').enumerate();
    let spans =
        spans.map(|(n, span)| if n % 2 == 0 { span.replace('<', "&lt;") } else { span.to_owned() });
    spans.collect::<Vec<_>>().join("`")
}

#[test]
fn the_reference_of_profile_keys_is_what_the_loader_declares() {
    let schema = profile_schema();
    let pages = Pages::new(&schema);
    let mut own = schema.clone();
    own["properties"].as_object_mut().unwrap().remove("embedded");
    hold("profile.md", &Pages { root: &own, ..pages }.sections_of(&own, ""));
}

#[test]
fn the_reference_of_behaviour_keys_is_what_the_loader_declares() {
    let schema = profile_schema()["properties"]["embedded"].clone();
    hold("behaviour.md", &Pages::new(&schema).sections_of(&schema, ""));
}

#[test]
fn the_reference_of_result_json_is_what_is_written() {
    let schema = schemars::schema_for!(Document).to_value();
    hold("result.md", &Pages::new(&schema).sections_of(&schema, ""));
}

#[test]
fn the_reference_of_metrics_has_each_latency_of_the_catalogue_and_names_each_figure() {
    let mut table = "| metric | printed as | meaning | in groups |\n|---|---|---|---|\n".to_owned();
    for row in &LATENCY_METRICS {
        let groups = if row.per_message { "yes" } else { "no" };
        let _ = writeln!(table, "| `{}` | {} | {} | {groups} |", row.name, row.title, row.says);
    }
    hold("metrics.md", &format!("## Latencies\n\n{table}"));
    let page = std::fs::read_to_string(path_of("metrics.md")).unwrap();
    let ledger = LEDGER.iter().map(|line| format!("ledger.{}", line.0));
    for name in FIGURES.iter().map(|row| format!("{}.{}", row.block, row.name)).chain(ledger) {
        assert!(page.contains(&format!("| `{name}` |")), "metrics.md has no row of {name}");
    }
}

/// Every `--flag` of a text.
fn flags(text: &str) -> BTreeSet<String> {
    let is_flag = |c: char| c.is_ascii_lowercase() || c == '-';
    let words = text.split(|c: char| !is_flag(c)).filter(|word| word.starts_with("--"));
    words.filter(|word| word.len() > 3).map(str::to_owned).collect()
}

fn smppbench(args: &[&str]) -> (bool, String) {
    let mut command = assert_cmd::Command::cargo_bin("smppbench").unwrap();
    let output = command.args(args).env("SMPP_PASSWORD", "secret").output().unwrap();
    let says = if output.status.success() { output.stdout } else { output.stderr };
    (output.status.success(), String::from_utf8(says).unwrap())
}

/// The flags that the help of a verb declares.
fn declared(verb: &[&str]) -> BTreeSet<String> {
    let (_, help) = smppbench(&[verb, &["--help"]].concat());
    let lines = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let names = lines.map(|line| line.split(" <").next().unwrap_or_default());
    flags(&names.collect::<Vec<_>>().join("\n"))
}

#[test]
fn the_reference_of_commands_has_each_verb_and_each_flag_and_no_other() {
    let (_, help) = smppbench(&["--help"]);
    let verbs = help.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let verbs: Vec<&str> =
        verbs.filter(|verb| !verb.is_empty() && !verb.starts_with('-')).collect();
    assert!(verbs.len() >= 15, "{verbs:?}");
    let page = std::fs::read_to_string(path_of("commands.md")).unwrap();
    let mut known = declared(&[]);
    for verb in verbs.into_iter().filter(|verb| *verb != "help") {
        assert!(page.contains(&format!("\n## `{verb}`")), "commands.md has no section of {verb}");
        known.append(&mut declared(&[verb]));
    }
    let named = flags(&page);
    let missing: Vec<_> = known.difference(&named).collect();
    let unknown: Vec<_> = named.difference(&known).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "missing {missing:?}, unknown {unknown:?}");
}

#[test]
fn every_example_of_toml_in_the_book_is_a_profile_or_a_behaviour() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("example.toml");
    let examples = code_of("toml");
    assert!(examples.len() >= 7);
    for (page, code) in examples {
        std::fs::write(&file, &code).unwrap();
        let (is_profile, says) = smppbench(&["check", "--allow-exec", file.to_str().unwrap()]);
        if !is_profile && let Err(why) = behaviour_file::parse(&code) {
            panic!("{page}: neither a profile: {says}nor a behaviour: {why}\n{code}");
        }
    }
}

#[test]
fn every_command_of_a_page_has_only_flags_that_its_verb_knows() {
    let mut seen = 0;
    let mut known = BTreeMap::new();
    for (page, code) in code_of("sh") {
        for line in code.replace("\\\n", " ").lines() {
            // variables may stand before a command
            let is_variable = |word: &&str| word.contains('=') && !word.starts_with('-');
            let mut words = line.split_whitespace().skip_while(is_variable);
            let (Some("smppbench"), Some(verb)) = (words.next(), words.next()) else { continue };
            if verb.starts_with(['-', '#']) || verb.ends_with(".toml") {
                continue;
            }
            let known = known.entry(verb.to_owned()).or_insert_with(|| declared(&[verb]));
            let line = line.split(" # ").next().unwrap_or_default();
            let unknown: Vec<String> = flags(line).difference(known).cloned().collect();
            assert!(!known.is_empty() && unknown.is_empty(), "{page}: {line}: {unknown:?}");
            seen += 1;
        }
    }
    assert!(seen >= 30, "{seen}");
}
