//! `smppbench dial` as a user runs it: against the embedded simulator, and where it must refuse.

use assert_cmd::Command;
use serde_json::Value;
use std::time::{Duration, Instant};

/// Runs `dial`: (exit code, stdout, stderr).
fn dial(args: &[&str]) -> (i32, String, String) {
    let mut command = Command::cargo_bin("smppbench").unwrap();
    command.arg("dial").args(args).timeout(Duration::from_secs(30));
    command.env("DIAL_PASSWORD", "s3cret78");
    let output = command.output().unwrap();
    let text = |octets| String::from_utf8(octets).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn lines(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn help_says_the_exit_codes() {
    let (code, stdout, _) = dial(&["--help"]);
    assert_eq!(code, 0);
    for word in ["--send", "--tlv", "--wait", "Exit codes:", "3 could not connect or bind"] {
        assert!(stdout.contains(word), "{word} is not in {stdout}");
    }
}

#[test]
fn a_message_to_the_embedded_simulator_is_answered_and_receipted() {
    let began = Instant::now();
    let (code, stdout, stderr) = dial(&["--to", "447700900123", "--text", "Grüße [€]"]);
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    for line in [
        "bind_transceiver  seq 1",
        "password                   \"***\"",
        "short_message              \"Grüße [€]\"",
        "submit_sm_resp  seq 2  ESME_ROK",
        "4 (delivery receipt)",
        "submit_sm answered in ",
        "receipt of seq 2 (id ",
        "unbind_resp  seq 3",
    ] {
        assert!(stdout.contains(line), "{line} is not in {stdout}");
    }
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn json_is_a_line_a_pdu_and_nothing_else_on_stdout() {
    let text = "x".repeat(200);
    let args = ["--text", &text, "--json", "--hex", "--password-env", "DIAL_PASSWORD"];
    let (code, stdout, stderr) = dial(&args);
    assert_eq!(code, 0, "{stderr}");
    let said: Vec<(String, String)> = lines(&stdout)
        .iter()
        .map(|line| {
            assert!(line["time"].as_str().unwrap().ends_with('Z'), "{line}");
            let word = |key: &str| line[key].as_str().unwrap().to_owned();
            (word("direction"), word("command"))
        })
        .collect();
    let count = |direction: &str, command: &str| {
        said.iter().filter(|(d, c)| d == direction && c == command).count()
    };
    assert_eq!((count("sent", "submit_sm"), count("received", "submit_sm_resp")), (2, 2));
    assert_eq!((count("received", "deliver_sm"), count("sent", "deliver_sm_resp")), (2, 2));
    assert_eq!(said.first().unwrap().1, "bind_transceiver");
    assert_eq!(said.last().unwrap().1, "unbind_resp");
    let in_hex: String = "s3cret78".bytes().map(|octet| format!("{octet:02x}")).collect();
    for secret in ["s3cret78", &in_hex] {
        assert!(!stdout.contains(secret) && !stderr.contains(secret), "{stdout}");
    }
}

#[test]
fn raw_octets_go_out_as_they_are() {
    let query = "0000001400000003000000000000009937000000";
    let (code, stdout, stderr) = dial(&["--send", query, "--json", "--hex"]);
    assert_eq!(code, 0, "{stderr}");
    let lines = lines(&stdout);
    assert!(lines.iter().any(|line| line["hex"] == query && line["direction"] == "sent"));
    let answered =
        |line: &Value| line["direction"] == "received" && line["sequence_number"] == 0x99;
    assert!(lines.iter().any(answered), "{stdout}");
}

#[test]
fn a_receipt_that_is_withheld_is_missed() {
    let args = ["--to", "447700900123", "--set", "embedded.receipts.lost=1.0", "--wait", "300ms"];
    let (code, _, stderr) = dial(&args);
    assert_eq!((code, stderr.as_str()), (1, "smppbench: 1 of 1 receipt did not come\n"));
}

#[test]
fn without_receipts_nothing_is_waited_for() {
    let (code, stdout, stderr) = dial(&["--text", "hi", "--receipts", "off"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(stdout.contains("registered_delivery        0 (no receipt)"), "{stdout}");
    assert!(!stdout.contains("deliver_sm"), "{stdout}");
}

#[test]
fn a_bind_that_is_refused_is_named() {
    let accounts = "embedded.accounts=[{ system_id = \"a\", password = \"b\" }]";
    let (code, stdout, stderr) = dial(&["--set", accounts, "--system-id", "a"]);
    assert_eq!(
        (code, stderr.as_str()),
        (3, "smppbench: bind refused with ESME_RINVPASWD (0x0E)\n")
    );
    assert!(stdout.contains("bind_transceiver_resp  seq 1  ESME_RINVPASWD"), "{stdout}");
}

#[test]
fn a_target_that_nobody_listens_at_cannot_be_connected_to() {
    // bound and let go: nobody else listens there
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (code, stdout, stderr) = dial(&["--target", &format!("127.0.0.1:{port}")]);
    assert_eq!((code, stdout.as_str()), (3, ""));
    assert!(stderr.contains("cannot connect to 127.0.0.1:"), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

#[test]
fn the_guard_and_mistakes_are_told_in_one_line_before_anything_is_connected() {
    // TEST-NET-1 (RFC 5737): nobody is there, and nobody is asked
    let (live, text) = ("192.0.2.1:2775", "x".repeat(200));
    let allowed = ["--target", live, "--allow-target", live];
    let with = |more: &[&'static str]| -> Vec<String> {
        allowed.iter().chain(more).map(|word| (*word).to_owned()).collect()
    };
    let mut too_long = with(&["--max-messages", "1", "--text"]);
    too_long.push(text);
    for (args, why) in [
        (vec!["--target".to_owned(), live.to_owned()], "repeat it with --allow-target"),
        (with(&[]), "--max-messages"),
        (too_long, "2 messages, more than guard.messages_max = 1"),
        (with(&["--max-messages", "1", "--send", "00"]), "on loopback only"),
        (vec!["--to".to_owned(), "nobody".to_owned()], "--to: "),
        (vec!["--send".to_owned(), "xyz".to_owned()], "--send: not hexadecimal"),
        (vec!["--bind-type".to_owned(), "pair".to_owned()], "dial opens one session"),
    ] {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let (code, stdout, stderr) = dial(&args);
        assert_eq!((code, stdout.as_str()), (2, ""), "{args:?}: {stderr}");
        assert!(stderr.contains(why), "{args:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

#[test]
fn a_flag_that_nobody_knows_is_a_usage_error() {
    assert_eq!(dial(&["--txt", "hi"]).0, 2);
    assert_eq!(dial(&["--wait", "soon"]).0, 2);
}
