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

/// The lines that a stream has printed so far.
struct Lines {
    received: std::sync::mpsc::Receiver<String>,
    seen: Vec<String>,
}

impl Lines {
    /// Reads the stream on a thread of its own.
    fn of(stream: impl Read + Send + 'static) -> Lines {
        let (lines, received) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    return;
                }
            }
        });
        Lines { received, seen: Vec::new() }
    }

    /// Waits until a value can be found among all lines.
    fn wait<T>(&mut self, what: &str, find: impl Fn(&[String]) -> Option<T>) -> T {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(found) = find(&self.seen) {
                return found;
            }
            let left = until.saturating_duration_since(Instant::now());
            match self.received.recv_timeout(left) {
                Ok(line) => self.seen.push(line),
                Err(_) => panic!("no {what:?} among {:#?}", self.seen),
            }
        }
    }

    /// Waits for a line with `part`.
    fn with(&mut self, part: &str) -> String {
        self.wait(part, |lines| lines.iter().find(|line| line.contains(part)).cloned())
    }
}

/// The sum of a count over all lines of totals.
fn total(lines: &[String], name: &str) -> u64 {
    let totals = lines.iter().filter(|line| line.starts_with("submit_sm "));
    let counts =
        totals.flat_map(|line| line.split(", ")).filter_map(|part| part.strip_prefix(name));
    counts.map(|count| count.trim().parse::<u64>().unwrap()).sum()
}

/// A PDU: its command_id and its body.
fn pdu_of(stream: &mut std::net::TcpStream) -> (u32, u32, Vec<u8>) {
    let mut head = [0; 16];
    stream.read_exact(&mut head).unwrap();
    let word = |at: usize| u32::from_be_bytes(head[at..at + 4].try_into().unwrap());
    let mut body = vec![0; word(0) as usize - 16];
    stream.read_exact(&mut body).unwrap();
    (word(4), word(12), body)
}

#[test]
fn it_logs_what_happens_and_does_what_standard_input_commands() {
    use std::io::Write;
    let mut child = Command::new(env!("CARGO_BIN_EXE_smppbench"))
        .args(["smsc", "--listen", "127.0.0.1:0", "--log"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = Lines::of(child.stderr.take().unwrap());
    let mut results = Lines::of(child.stdout.take().unwrap());
    let mut input = child.stdin.take().unwrap();
    let address = told.with("listening on ").split_off("listening on ".len());
    writeln!(input, "fault close all").unwrap();
    told.with("fault close: no session to do it to");
    writeln!(input, "mo 447700900001 60601 nobody").unwrap();
    told.with("mo: not sent");
    writeln!(input, "hello there").unwrap();
    assert!(told.with("\"hello\" is not a command").contains("write mo FROM TO TEXT"));
    let mut esme = std::net::TcpStream::connect(address).unwrap();
    esme.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    esme.write_all(b"\0\0\0\x19\0\0\0\x09\0\0\0\0\0\0\0\x01a\0b\0\0\x34\0\0\0").unwrap();
    assert_eq!(pdu_of(&mut esme).0, 0x8000_0009);
    told.with("\"a\" bound as transceiver");
    for (command, part) in [
        ("mo 447700900001 60602 hello you", &b"hello you"[..]),
        ("receipt 0a-7 UNDELIV", b"id:0a-7 sub:001 dlvrd:000"),
    ] {
        writeln!(input, "{command}").unwrap();
        let (id, sequence, body) = pdu_of(&mut esme);
        assert_eq!(id, 0x0000_0005);
        assert!(body.windows(part.len()).any(|window| window == part), "{body:?}");
        let mut answer = b"\0\0\0\x11\x80\0\0\x05\0\0\0\0".to_vec();
        answer.extend_from_slice(&sequence.to_be_bytes());
        answer.push(0);
        esme.write_all(&answer).unwrap();
    }
    told.with("receipt: sent to session 0 of \"a\"");
    told.wait("totals of one receipt and one MO", |lines| {
        (total(lines, "receipts ") == 1 && total(lines, "MO ") == 1).then_some(())
    });
    // enquire_link: once it is answered, the answers before it are counted
    esme.write_all(b"\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\x09").unwrap();
    assert_eq!(pdu_of(&mut esme).0, 0x8000_0015);
    writeln!(input, "tally").unwrap();
    let line = results.with("{");
    let tally: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(tally["mo"]["acknowledged"]["ESME_ROK"], 1, "{line}");
    assert_eq!(tally["receipts"]["acknowledged"]["ESME_ROK"], 1, "{line}");
    assert_eq!(tally["receipts"]["by_command"], 1);
    assert_eq!(tally["faults_without_target"]["close"], 1);
    drop(input);
    drop(esme);
    told.with("\"a\" ended, connection lost without an unbind");
    assert_eq!(child.try_wait().unwrap(), None, "it goes on after the end of standard input");
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    results.with("\"faults_without_target\": {");
}

#[test]
fn quit_on_standard_input_ends_it_with_its_tally() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_smppbench"))
        .args(["smsc", "--listen", "127.0.0.1:0"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"help\nquit\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let tally: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(tally["sessions"]["connections"], 0);
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("quit                   end the simulator"), "{told}");
}

#[test]
fn a_stderr_that_nobody_reads_stops_neither_commands_nor_the_end() {
    use std::io::Write;
    let mut child = Command::new(env!("CARGO_BIN_EXE_smppbench"))
        .args(["smsc", "--listen", "127.0.0.1:0", "--log", "on"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _unread = child.stderr.take().unwrap();
    let mut results = Lines::of(child.stdout.take().unwrap());
    let mut input = child.stdin.take().unwrap();
    // more than a pipe and the lines that wait hold
    for _ in 0..8_000 {
        writeln!(input, "nothing").unwrap();
    }
    writeln!(input, "tally").unwrap();
    results.with("{\"sessions\":");
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < until, "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
