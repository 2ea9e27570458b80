//! `smppbench conform` as a user runs it: against the embedded simulator, and where it must refuse or stop.
use assert_cmd::Command;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// Runs `conform` in a folder: (exit code, stdout, stderr).
fn conform(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("smppbench").unwrap();
    command.current_dir(folder).arg("conform").args(args).timeout(Duration::from_secs(60));
    command.env("CONFORM_PASSWORD", "s3cret78");
    let output = command.output().unwrap();
    let text = |octets| String::from_utf8(octets).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_dry_run_lists_the_cases_and_their_cost_and_sends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["smsc", "--target", "127.0.0.1:1", "--dry-run"];
    let (code, stdout, _) = conform(folder.path(), &args);
    assert_eq!(code, 0, "{stdout}");
    for part in ["4.4.1-01     MUST      1 submit_sm", "(needs --disturb)", "against 127.0.0.1:1"] {
        assert!(stdout.contains(part), "{part} is not in {stdout}");
    }
    assert!(!folder.path().join("reports").exists());
}

#[test]
fn a_run_against_the_simulator_writes_its_document_and_captures_without_the_password() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["smsc", "--case", "4.1.1*", "--case", "4.4.1-01", "--json", "--out", "out"];
    let args = [&args[..], &["--password-env", "CONFORM_PASSWORD"]].concat();
    let (code, stdout, stderr) = conform(folder.path(), &args);
    assert_eq!(code, 0, "{stderr}");
    let document: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(document["schema"], "smppbench.conform/1");
    assert_eq!(document["summary"]["outcomes"]["pass"], 4, "{}", document["summary"]);
    let saved = std::fs::read_to_string(folder.path().join("out/conform.json")).unwrap();
    assert_eq!(saved, stdout);
    let case = document["cases"].as_array().unwrap().iter().find(|c| c["id"] == "4.4.1-01");
    let exchange = case.unwrap()["exchange"].as_array().unwrap();
    let commands: Vec<&str> =
        exchange.iter().map(|row| row["pdus"][0]["command"].as_str().unwrap()).collect();
    let session = ["bind_transceiver", "bind_transceiver_resp", "submit_sm", "submit_sm_resp"];
    assert_eq!(commands, [&session[..], &["unbind", "unbind_resp"]].concat());
    let capture = std::fs::read(folder.path().join("out/captures/4.4.1-01.pcapng")).unwrap();
    let found = |octets: &[u8]| octets.windows(8).any(|window| window == b"s3cret78");
    assert!(!found(&capture) && !stdout.contains("s3cret78"));
    let hex: String = "s3cret78".bytes().map(|octet| format!("{octet:02x}")).collect();
    assert!(!stdout.contains(&hex));
}

#[test]
fn expectations_decide_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["smsc", "--case", "4.4.1-0[", "--case", "4.4.1-08"];
    let (code, _, stderr) = conform(folder.path(), &args);
    assert_eq!(code, 2, "{stderr}");
    let lenient = ["smsc", "--case", "4.4.1-08", "--out", "out"];
    let write = [&lenient[..], &["--write-expected", "e.toml"]].concat();
    assert_eq!(conform(folder.path(), &write).0, 0);
    let expect = [&lenient[..], &["--expect", "e.toml"]].concat();
    let (code, stdout, stderr) = conform(folder.path(), &expect);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("Every outcome is the expected one."), "{stdout}");
    let text = "[expected]\n\"4.4.1-08\" = { outcome = \"fail\", reason = \"once\" }\n";
    std::fs::write(folder.path().join("e.toml"), text).unwrap();
    let (code, stdout, stderr) = conform(folder.path(), &expect);
    assert_eq!(code, 5, "{stdout}");
    assert!(stderr.contains("not as expected: 4.4.1-08"), "{stderr}");
    assert!(stdout.contains("not as expected: 4.4.1-08 lenient, expected fail"), "{stdout}");
    std::fs::write(folder.path().join("e.toml"), text.replace("-08", "-8")).unwrap();
    let (code, _, stderr) = conform(folder.path(), &expect);
    assert_eq!(code, 2);
    assert!(stderr.contains("e.toml: \"4.4.1-8\"") && stderr.contains("did you mean"), "{stderr}");
}

#[test]
fn a_peer_that_is_not_there_ends_the_run_with_3_and_what_was_found_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let args = ["smsc", "--target", &address, "--out", "out"];
    let (code, stdout, stderr) = conform(folder.path(), &args);
    assert_eq!(code, 3, "{stderr}");
    assert!(stderr.contains("stopped after 3 lost connections in a row"), "{stderr}");
    assert!(stdout.contains("skipped"), "{stdout}");
    assert!(folder.path().join("out/conform.json").is_file());
}

#[test]
fn what_is_not_allowed_is_refused_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |args: &[&str]| {
        let (code, stdout, stderr) = conform(folder.path(), args);
        assert_eq!(code, 2, "{stdout}{stderr}");
        stderr
    };
    assert!(refused(&["smsc", "--target", "192.0.2.1:2775"]).contains("--allow-target"));
    let few = ["smsc", "--max-messages", "3"];
    assert!(refused(&few).contains("more than 3; raise --max-messages"));
    assert!(refused(&["smsc", "--case", "4.4.1-99"]).contains("did you mean"));
    assert!(refused(&["smsc", "--tag", "receipt"]).contains("did you mean \"receipts\"?"));
    assert!(refused(&["esme"]).contains("--listen"));
    assert!(refused(&["smsc", "--timer", "idle=3s"]).contains("inactivity=60s"));
    assert!(!folder.path().join("reports").exists());
}

/// Runs some cases against a simulator that behaves so, and returns the folder's name.
fn examined(folder: &Path, name: &str, more: &[&str]) -> String {
    let cases = ["smsc", "--case", "4.4.1-01", "--case", "4.4.1-02", "--case", "4.4.1-08"];
    let (code, _, stderr) = conform(folder, &[&cases[..], &["--out", name], more].concat());
    assert_eq!(code, 0, "{stderr}");
    name.to_owned()
}

const REFUSES: &str = "embedded.response.errors=[{ status = \"ESME_RSYSERR\", share = 1.0 }]";

#[test]
fn two_runs_are_compared_case_by_case_whatever_changed_with_exit_0() {
    let folder = tempfile::tempdir().unwrap();
    let old = examined(folder.path(), "old", &[]);
    let new = examined(folder.path(), "new", &["--set", REFUSES]);
    let (code, text, stderr) = conform(folder.path(), &["compare", &old, &new]);
    assert_eq!(code, 0, "{stderr}");
    assert!(text.contains("\nWorse\n  4.4.1-01     MUST"), "{text}");
    assert!(text.contains("before  pass: ") && text.contains("after   fail: "), "{text}");
    assert!(!text.contains("\nBetter\n"), "{text}");
    let (code, turned, _) = conform(folder.path(), &["compare", &new, &old]);
    assert_eq!(code, 0);
    assert!(turned.contains("\nBetter\n") && !turned.contains("\nWorse\n"), "{turned}");
    let document = "old/conform.json";
    let (code, same, _) = conform(folder.path(), &["compare", &old, document]);
    assert_eq!(code, 0);
    assert!(same.ends_with("\n0 worse · 0 better · 0 other · 3 cases unchanged\n"), "{same}");
}

#[test]
fn a_comparison_as_json_is_what_its_schema_says() {
    let folder = tempfile::tempdir().unwrap();
    let old = examined(folder.path(), "old", &[]);
    let new = examined(folder.path(), "new", &["--set", REFUSES]);
    let (_, stdout, _) = conform(folder.path(), &["compare", &old, &new, "--json"]);
    let comparison: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(comparison["schema"], "smppbench.conform_comparison/1");
    assert_eq!(comparison["changes"][0]["id"], "4.4.1-01");
    assert_eq!(comparison["changes"][0]["direction"], "worse");
    let schema = schema("conform-comparison");
    assert_eq!(schema["title"], "smppbench.conform_comparison/1");
    assert_described(&comparison, &schema, &schema);
}

#[test]
fn a_conform_json_is_what_its_schema_says() {
    let folder = tempfile::tempdir().unwrap();
    examined(folder.path(), "out", &["--set", REFUSES]);
    let saved = std::fs::read_to_string(folder.path().join("out/conform.json")).unwrap();
    let schema = schema("conform");
    assert_eq!(schema["title"], "smppbench.conform/1");
    assert_described(&serde_json::from_str(&saved).unwrap(), &schema, &schema);
}

/// A schema that the program prints.
fn schema(of: &str) -> Value {
    let output = Command::cargo_bin("smppbench").unwrap().args(["schema", of]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Walks a document beside its schema: no key is unknown, no required key is missing, each value is of a type or among the
/// words that the schema names.
fn assert_described(value: &Value, schema: &Value, root: &Value) {
    if let Some(path) = schema["$ref"].as_str() {
        let target = root.pointer(path.trim_start_matches('#')).unwrap_or_else(|| panic!("{path}"));
        return assert_described(value, target, root);
    }
    let forms = schema["anyOf"].as_array().or(schema["oneOf"].as_array());
    if let Some(forms) = forms {
        let fits = |form: &&Value| match (form.get("const"), form.get("$ref"), value) {
            (Some(word), _, _) => word == value,
            (None, Some(_), value) => !value.is_null(),
            (None, None, value) => form["type"] != "null" || value.is_null(),
        };
        let form = forms.iter().find(fits);
        let form = form.unwrap_or_else(|| panic!("{value} is none of {schema}"));
        return assert_described(value, form, root);
    }
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{value} is none of {words:?}");
    }
    if let Some(known) = schema["properties"].as_object() {
        let table = value.as_object().unwrap_or_else(|| panic!("{value} is no table: {schema}"));
        for (key, value) in table {
            let of = known.get(key).unwrap_or_else(|| panic!("{key} is not in the schema"));
            assert_described(value, of, root);
        }
        for key in schema["required"].as_array().unwrap() {
            assert!(table.contains_key(key.as_str().unwrap()), "{key} is missing");
        }
    }
    if let Some(items) = value.as_array() {
        assert_eq!(schema["type"], "array", "{value}");
        items.iter().for_each(|item| assert_described(item, &schema["items"], root));
    }
}

#[test]
fn what_cannot_be_compared_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let here = |peer: &str| format!("{}/reports/conform/{peer}", env!("CARGO_MANIFEST_DIR"));
    let (smsc, esme) = (here("smppbench-simulator"), here("smppbench-run"));
    for (args, wanted) in [
        (&["compare", &smsc][..], "conform compare A B"),
        (&["compare", &smsc, &esme], "compare two runs of the same role"),
        (&["compare", &smsc, "nowhere"], "nowhere"),
        (&["smsc", &smsc, &smsc], "two results are for `conform compare A B`"),
    ] {
        let (code, stdout, stderr) = conform(folder.path(), args);
        assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
        assert!(stderr.contains(wanted) && stderr.trim_end().lines().count() == 1, "{stderr}");
    }
}

#[test]
fn several_peers_are_rendered_side_by_side_named_by_their_folders() {
    let folder = tempfile::tempdir().unwrap();
    let one = examined(folder.path(), "one", &[]);
    let two = examined(folder.path(), "two", &["--set", REFUSES]);
    let render = |format: &str| {
        let mut command = Command::cargo_bin("smppbench").unwrap();
        let results = [one.as_str(), "two/conform.json"];
        command.current_dir(folder.path()).arg("render").args(results).args(["--format", format]);
        let output = command.output().unwrap();
        let text = |octets| String::from_utf8(octets).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let (code, table, stderr) = render("markdown");
    assert_eq!(code, 0, "{stderr}");
    assert!(table.contains("| case | level | clause | one | two |\n"), "{table}");
    assert!(table.contains("| pass | fail |\n") && table.contains("### two\n"), "{table}");
    let (code, page, stderr) = render("html");
    assert_eq!(code, 0, "{stderr}");
    assert!(page.contains("<td class=\"pass\">pass</td><td class=\"fail\">fail</td>"), "{page}");
    let (code, _, stderr) = render("junit");
    assert_eq!(code, 2);
    assert!(stderr.contains("markdown or html only"), "{stderr}");
    assert_eq!(two, "two");
}

#[test]
fn written_expectations_keep_their_reasons_and_a_mended_deviation_fails_the_gate() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("e.toml");
    examined(folder.path(), "out", &["--set", REFUSES, "--write-expected", "e.toml"]);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("\"4.4.1-01\" = { outcome = \"fail\", reason = "), "{text}");
    let reasoned = text
        .lines()
        .map(|line| match line.split_once(", reason = ") {
            Some((case, _)) => format!("{case}, reason = \"agreed\" }}\n"),
            None => format!("{line}\n"),
        })
        .collect::<String>();
    std::fs::write(&file, &reasoned).unwrap();
    let both = ["--expect", "e.toml", "--write-expected", "e.toml"];
    examined(folder.path(), "out", &[&["--set", REFUSES][..], &both].concat());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), reasoned);
    let args = ["smsc", "--case", "4.4.1-01", "--out", "out", "--expect", "e.toml"];
    let (code, stdout, stderr) = conform(folder.path(), &args);
    assert_eq!(code, 5, "{stdout}");
    assert!(stderr.contains("not as expected: 4.4.1-01"), "{stderr}");
    assert!(stdout.contains("4.4.1-01 pass, expected fail"), "{stdout}");
}
