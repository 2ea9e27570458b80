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
