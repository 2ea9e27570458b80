//! `smppbench smsc` as a process: it says where it listens, keeps its tally on disk, and ends by a signal.
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

#[test]
fn a_tally_that_cannot_be_written_for_a_while_does_not_end_the_simulator() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("tally");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("tally.json");
    let mut child = Command::new(env!("CARGO_BIN_EXE_smppbench"))
        .args(["smsc", "--listen", "127.0.0.1:0", "--tally", file.to_str().unwrap()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.starts_with("listening on "), "{line}");
    std::fs::remove_dir_all(&folder).unwrap();
    line.clear();
    said.read_line(&mut line).unwrap();
    assert!(line.contains("tally.json") && line.contains("goes on"), "{line}");
    std::thread::sleep(Duration::from_millis(1_200));
    assert_eq!(child.try_wait().unwrap(), None, "it goes on");
    std::fs::create_dir(&folder).unwrap();
    let patience = Instant::now() + Duration::from_secs(10);
    while !file.exists() {
        assert!(Instant::now() < patience);
        std::thread::sleep(Duration::from_millis(20));
    }
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    line.clear();
    said.read_to_string(&mut line).unwrap();
    assert_eq!(line, "", "it warns once");
}

#[test]
fn a_tally_path_that_can_never_be_written_is_said_at_the_start() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("no/such/folder/tally.json");
    let (mut child, line) =
        started(&["--listen", "127.0.0.1:0", "--tally", file.to_str().unwrap()]);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(line.contains("no/such/folder") && !line.contains("listening"), "{line}");
}

#[test]
fn a_second_signal_ends_it_while_sessions_do_not_answer_its_unbind() {
    use std::io::Write;
    let (mut child, line) = started(&["--listen", "127.0.0.1:0"]);
    let address = line.trim().strip_prefix("listening on ").unwrap();
    let mut esme = std::net::TcpStream::connect(address).unwrap();
    let bind = b"\0\0\0\x19\0\0\0\x09\0\0\0\0\0\0\0\x01a\0b\0\0\x34\0\0\0";
    let mut whole = bind.to_vec();
    whole[3] = whole.len() as u8;
    esme.write_all(&whole).unwrap();
    esme.read_exact(&mut [0; 16]).unwrap();
    // without a second one it waits two seconds for the unbind_resp
    for _ in 0..2 {
        kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
