//! `smppbench smsc` as a process: it says where it listens, keeps its tally on disk, and ends by a signal.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn started(arguments: &[&str]) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_smppbench"))
        .arg("smsc")
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    (child, line)
}

#[test]
fn it_listens_counts_and_ends_with_its_tally_by_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let behaviour = folder.path().join("behaviour.toml");
    std::fs::write(&behaviour, "[response]\nlatency = \"2ms\"\n").unwrap();
    let tally = folder.path().join("tally.json");
    let (mut child, line) = started(&[
        "--listen",
        "127.0.0.1:0",
        "--behaviour",
        behaviour.to_str().unwrap(),
        "--tally",
        tally.to_str().unwrap(),
    ]);
    let address = line.trim().strip_prefix("listening on ").expect("it says where");
    drop(std::net::TcpStream::connect(address).unwrap());
    let read = || std::fs::read_to_string(&tally).unwrap_or_default();
    let patience = Instant::now() + Duration::from_secs(10);
    while !read().contains("\"connections\": 1") {
        assert!(Instant::now() < patience, "{}", read());
        std::thread::sleep(Duration::from_millis(20));
    }
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut printed = String::new();
    child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    assert_eq!(printed, read());
    let json: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(json["sessions"]["connections"], 1);
}

#[test]
fn a_bad_behaviour_file_is_one_line_and_exit_2() {
    let folder = tempfile::tempdir().unwrap();
    let behaviour = folder.path().join("b.toml");
    std::fs::write(&behaviour, "[response]\nlatencie = \"2ms\"\n").unwrap();
    let (mut child, line) = started(&["--behaviour", behaviour.to_str().unwrap()]);
    assert_eq!(child.wait().unwrap().code(), Some(2));
    assert!(line.contains("b.toml:2") && line.contains("latency"), "{line}");
}
