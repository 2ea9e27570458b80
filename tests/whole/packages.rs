//! What packages hold and what a dashboard shows, against the program: man pages, completions, files, metrics.
use super::pages::root;
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

fn json(path: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(root().join(path)).unwrap()).unwrap()
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

/// An object of a manifest.
fn object<'a>(manifest: &'a Value, kind: &str) -> &'a Value {
    list(&manifest["items"]).iter().find(|object| object["kind"] == kind).unwrap()
}

/// Every string of a document.
fn strings<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => into.push(text),
        Value::Array(items) => items.iter().for_each(|item| strings(item, into)),
        Value::Object(keys) => keys.values().for_each(|value| strings(value, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The verbs in the help of the program.
fn verbs() -> Vec<String> {
    let help = Command::new(env!("CARGO_BIN_EXE_smppbench")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let words = help.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let is_verb = |word: &&str| word.starts_with(|c: char| c.is_ascii_lowercase());
    words.filter(is_verb).filter(|word| *word != "help").map(str::to_owned).collect()
}

#[test]
fn the_assets_are_a_man_page_of_every_verb_and_completions_of_three_shells() {
    let folder = tempfile::tempdir().unwrap();
    let mut script = Command::new(root().join("deploy/assets.sh"));
    let made = script.arg(env!("CARGO_BIN_EXE_smppbench")).arg(folder.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut pages = BTreeSet::from(["smppbench.1.gz".to_owned()]);
    pages.extend(verbs().iter().map(|verb| format!("smppbench-{verb}.1.gz")));
    assert!(pages.len() >= 18, "{pages:?}");
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder.path().join("man")).unwrap() {
        let path = entry.unwrap().path();
        let page = Command::new("gzip").args(["-dc"]).arg(&path).output().unwrap().stdout;
        assert!(String::from_utf8_lossy(&page).contains(".SH NAME"), "{path:?}");
        found.insert(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    assert_eq!(found, pages);
    for name in ["smppbench.bash", "_smppbench", "smppbench.fish"] {
        let text = std::fs::read_to_string(folder.path().join("completions").join(name)).unwrap();
        assert!(text.contains("calibrate"), "{name}");
    }
}

#[test]
fn every_file_of_a_package_is_here_or_made_by_the_script() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let metadata = &manifest["package"]["metadata"];
    let deb = metadata["deb"]["assets"].as_array().unwrap().iter();
    let rpm = metadata["generate-rpm"]["assets"].as_array().unwrap().iter();
    let sources: Vec<&str> = deb
        .map(|asset| asset[0].as_str().unwrap())
        .chain(rpm.map(|asset| asset["source"].as_str().unwrap()))
        .collect();
    assert!(sources.contains(&"LICENSE-APACHE") && sources.len() >= 20, "{sources:?}");
    for source in sources.into_iter().filter(|source| !source.starts_with("target/")) {
        let path = root().join(source);
        let is_there = match source.strip_suffix("/*.toml") {
            Some(folder) => std::fs::read_dir(root().join(folder)).unwrap().count() > 0,
            None => path.is_file(),
        };
        assert!(is_there, "{source}");
    }
}

#[test]
fn every_file_of_deploy_is_named_in_its_readme() {
    let readme = std::fs::read_to_string(root().join("deploy/README.md")).unwrap();
    for entry in std::fs::read_dir(root().join("deploy")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_named = readme.contains(&format!("| `{name}` |"));
        assert!(name == "README.md" || is_named, "{name} has no row in deploy/README.md");
    }
}

#[test]
fn every_metric_and_label_of_the_dashboard_is_one_that_a_run_serves() {
    let dashboard = json("deploy/grafana.json");
    let mut texts = Vec::new();
    strings(&dashboard, &mut texts);
    // a test of the library holds this page to the catalogue in the code
    let page = std::fs::read_to_string(root().join("reports/metrics.md")).unwrap();
    let mut seen = BTreeSet::new();
    for text in texts.into_iter().filter(|text| text.contains("smppbench_")) {
        let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
        for name in text.split(|c| !is_name(c)).filter(|word| word.starts_with("smppbench_")) {
            let name = name.strip_suffix("_bucket").unwrap_or(name);
            let row = page.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
            let row = row.unwrap_or_else(|| panic!("no run serves {name}"));
            if let Some((_, by)) = text.split_once("sum by (") {
                let label = by.split(')').next().unwrap();
                let is_served = label == "le" || row.contains(&format!("`{label}`"));
                assert!(is_served, "{name} has no label {label}");
            }
            seen.insert(name.to_owned());
        }
    }
    assert!(seen.len() >= 15, "{seen:?}");
}

#[test]
fn what_prometheus_is_told_to_read_is_where_the_lead_serves_its_metrics() {
    let (monitor, lead) = (json("deploy/monitor.json"), json("deploy/lead.json"));
    let service = object(&monitor, "Service");
    let pod = &object(&lead, "Job")["spec"]["template"];
    for (label, value) in service["spec"]["selector"].as_object().unwrap() {
        assert_eq!(&pod["metadata"]["labels"][label], value, "{label}");
    }
    let container = &pod["spec"]["containers"][0];
    let port = &service["spec"]["ports"][0];
    assert_eq!(container["ports"][0]["containerPort"], port["targetPort"]);
    let arguments: Vec<&str> =
        list(&container["args"]).iter().map(|argument| argument.as_str().unwrap()).collect();
    let at = arguments.iter().position(|argument| *argument == "--metrics").unwrap();
    assert!(arguments[at + 1].ends_with(&format!(":{}", port["port"])), "{arguments:?}");
    let wanted = &object(&monitor, "ServiceMonitor")["spec"];
    assert_eq!(wanted["endpoints"][0]["port"], port["name"]);
    for (label, value) in wanted["selector"]["matchLabels"].as_object().unwrap() {
        assert_eq!(&service["metadata"]["labels"][label], value, "{label}");
    }
}
