//! `smppbench decode` as a user runs it.

use assert_cmd::Command;
use serde_json::Value;

fn smppbench(args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("smppbench").unwrap();
    command.args(args).timeout(std::time::Duration::from_secs(30));
    command
}

/// (exit code, stdout, stderr)
fn run(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |octets| String::from_utf8(octets).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn lines(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("../data/vectors.json")).unwrap()
}

const ENQUIRE_LINK: &str = "00000010000000150000000000000007";

#[test]
fn help_says_what_is_read() {
    let (code, stdout, _) = run(&mut smppbench(&["decode", "--help"]));
    assert_eq!(code, 0);
    assert!(stdout.contains("Hex, `-` for hex lines on standard input, or a .pcap"), "{stdout}");
}

#[test]
fn what_is_no_hex_is_told_in_one_line() {
    for (input, why) in [
        ("0000001g", "character 8 is 'g'"),
        ("00000010 0", "an odd number of hexadecimal digits"),
        ("", "nothing to decode"),
        ("no/such/file.pcap", "neither a file nor hexadecimal"),
    ] {
        let (code, stdout, stderr) = run(&mut smppbench(&["decode", input]));
        assert_eq!((code, stdout.as_str()), (2, ""), "{input}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.contains(why), "{stderr}");
    }
}

#[test]
fn hex_comes_as_an_argument_on_standard_input_or_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pdus.hex");
    std::fs::write(&path, format!("{ENQUIRE_LINK}\n{ENQUIRE_LINK}\n")).unwrap();
    let one = run(&mut smppbench(&["decode", ENQUIRE_LINK]));
    let piped = run(smppbench(&["decode"]).write_stdin(format!("{ENQUIRE_LINK}\n")));
    assert_eq!(one, piped);
    let (code, stdout, _) = run(&mut smppbench(&["decode", path.to_str().unwrap()]));
    assert_eq!((code, stdout), (0, one.1.repeat(2)));
    let line = &lines(&one.1)[0];
    assert_eq!(line["command"], "enquire_link");
    assert_eq!(line["answer_hex"], "00000010800000150000000000000007");
    assert_eq!(line["session"], "continue");
}

#[test]
fn every_malformed_vector_is_printed_with_the_answer_that_it_earns() {
    let mut count = 0;
    for vector in vectors() {
        let expected = &vector["expected"];
        let before = expected["session_state_before"].as_str().unwrap_or("BOUND_TRX");
        let (name, hex) = (vector["name"].as_str().unwrap(), vector["hex"].as_str().unwrap());
        // decode knows bound transceivers only, and takes a deliver_sm as an SMSC's; and one answer
        // differs from vendor to vendor
        let other = before != "BOUND_TRX" || name == "state_deliver_sm_from_esme";
        if expected.is_null() || other || expected["basis"] == "vendor" {
            continue;
        }
        let (code, stdout, stderr) = run(&mut smppbench(&["decode", hex]));
        assert_eq!((code, stderr.as_str()), (0, ""), "{name}");
        let line = &lines(&stdout)[0];
        assert_eq!(line["answer_hex"], expected["reply_hex"], "{name}: {line}");
        assert_eq!(line["session"], expected["session"], "{name}: {line}");
        count += 1;
    }
    assert!(count >= 20, "{count} vectors");
}

#[test]
fn every_well_formed_vector_is_printed_with_its_fields() {
    let well_formed: Vec<Value> =
        vectors().into_iter().filter(|vector| vector["category"] == "wellformed").collect();
    let input: String =
        well_formed.iter().map(|v| format!("{}\n", v["hex"].as_str().unwrap())).collect();
    let (code, stdout, _) = run(smppbench(&["decode", "-"]).write_stdin(input));
    let lines = lines(&stdout);
    assert_eq!((code, lines.len()), (0, well_formed.len()));
    for (line, vector) in lines.iter().zip(&well_formed) {
        let (name, decoded) = (&vector["name"], &vector["decoded"]);
        assert_eq!(line["command"], decoded["command"], "{name}");
        assert_eq!(line["sequence_number"], decoded["sequence_number"], "{name}");
        let strict = vector["relax"].is_null();
        assert_eq!(line["malformed"].is_null(), strict, "{name}: {line}");
        let status = format!("0x{:08X}", line["command_status"]["code"].as_u64().unwrap());
        assert_eq!(decoded["command_status"], status.as_str(), "{name}");
    }
}

#[test]
fn addresses_and_texts_are_shown_only_when_asked_for() {
    let submit = "0000003a000000040000000000000047000101343437373030393030303030\
                  000101343437373030393030313233000000000000000000000178";
    let (code, masked, _) = run(&mut smppbench(&["decode", submit]));
    assert_eq!(code, 0);
    assert!(!masked.contains("900123") && masked.contains("447700******"), "{masked}");
    let (_, open, _) = run(&mut smppbench(&["decode", "--show-content", submit]));
    assert_eq!(lines(&open)[0]["body"]["destination_addr"], "447700900123");
    assert_eq!(lines(&open)[0]["body"]["text"], "x");
}
