//! `run --metrics` as a process: what a plain client reads while it runs, what a bad client gets, and which
//! addresses are refused. Another implementation reads the scrape where there is one (`SMPPBENCH_ORACLES=1`
//! makes its absence a failure; `SMPPBENCH_PYTHON` is the interpreter).
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test panics, and says what it skips"
)]
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

fn smppbench(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smppbench"));
    command
        .args(["run", "--live", "off", "--workers", "1", "--out"])
        .arg(folder.join("run"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A run that is killed where a test ends before it.
struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
    address: String,
}

impl Running {
    fn start(folder: &Path, arguments: &[&str]) -> Running {
        let mut child = smppbench(folder, arguments).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let address = loop {
            let mut line = String::new();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended without saying where");
            assert!(!line.contains("warning: metrics"), "{line}");
            if let Some(url) = line.trim().strip_prefix("metrics on http://") {
                break url.strip_suffix("/metrics").unwrap().to_owned();
            }
        };
        Running { child, stderr, address }
    }

    /// What the server says to these octets, all of it.
    fn ask(&self, request: &[u8]) -> String {
        let mut socket = TcpStream::connect(&self.address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        // a server that has seen enough closes while we still write
        let _ = socket.write_all(request);
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn get(&self, path: &str) -> String {
        self.ask(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes())
    }

    /// The first scrape in which `name` is above `value`.
    fn scrape_beyond(&self, name: &str, value: f64) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = self.get("/metrics");
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
            let found = body.lines().find_map(|l| l.strip_prefix(name)?.trim().parse::<f64>().ok());
            if found.unwrap() > value {
                return answer;
            }
            assert!(Instant::now() < until, "{answer}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn end(mut self) -> (Option<i32>, String, String) {
        let (mut out, mut err) = (String::new(), String::new());
        self.child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        self.stderr.read_to_string(&mut err).unwrap();
        (self.child.wait().unwrap().code(), out, err)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const WRITTEN: &str = "smppbench_submit_sm_written_total ";

/// The events of a stream: their names, and their data as JSON.
fn events(stream: &str) -> Vec<(String, serde_json::Value)> {
    // chunks of HTTP/1.1 are cut at the lines that the server ends them with
    let fields = stream.lines().filter(|l| l.starts_with("event: ") || l.starts_with("data: "));
    let fields: Vec<&str> = fields.collect();
    let pairs = fields.chunks_exact(2).map(|pair| {
        let name = pair[0].strip_prefix("event: ").unwrap().to_owned();
        (name, serde_json::from_str(pair[1].strip_prefix("data: ").unwrap()).unwrap())
    });
    pairs.collect()
}

#[test]
fn a_browser_follows_a_run_and_has_its_report_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let run = Running::start(
        folder.path(),
        &[
            "--metrics",
            "127.0.0.1:0",
            "--rate",
            "100",
            "--duration",
            "5s",
            "--warmup",
            "1s",
            "--set",
            "embedded.response.congestion=85",
            "--gate",
            "ratio.rejected = 0",
            "--json",
        ],
    );
    let page = run.ask(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(page.starts_with("HTTP/1.1 200 OK"), "{page}");
    assert!(
        page.contains("Content-Security-Policy") && page.contains("new EventSource(\"/events\")")
    );
    let mut stalled = TcpStream::connect(&run.address).unwrap();
    // a reader that never reads does not disturb the others
    stalled.write_all(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").unwrap();
    let stream = run.ask(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    let (head, body) = stream.split_once("\r\n\r\n").unwrap();
    assert!(head.to_lowercase().contains("content-type: text/event-stream"), "{head}");
    let events = events(body);
    let (name, last) = events.last().unwrap();
    assert_eq!(name, "end");
    assert!(events.len() > 2 && events[..events.len() - 1].iter().all(|(name, _)| name == "frame"));
    let parts = |frame: &serde_json::Value, of: &str| -> String {
        frame[of].as_array().unwrap().iter().map(|part| part[1].as_str().unwrap()).collect()
    };
    let drawn = |frame: &serde_json::Value| parts(frame, "figures").contains("<svg");
    let shown = events.iter().find(|(_, frame)| drawn(frame)).expect("a frame during the run");
    assert_eq!(shown.0, "frame");
    assert!(parts(last, "figures").contains("Congestion, as the SMSC says"));
    assert!(parts(last, "tables").contains("ratio.rejected"));
    // which verdict it is depends on the machine
    assert!(parts(last, "verdict").contains("<p class=\"outcome\">"), "{}", parts(last, "verdict"));
    let path = folder.path().join("run");
    assert_eq!(last["folder"], path.display().to_string());
    assert_eq!(last["report"], std::fs::read_to_string(path.join("report.html")).unwrap());
    drop(stalled);
    assert_eq!(run.end().0, Some(0));
}

#[test]
fn a_run_is_scraped_while_it_runs_and_bad_requests_do_not_disturb_it() {
    let folder = tempfile::tempdir().unwrap();
    let run = Running::start(
        folder.path(),
        &[
            "--metrics",
            "127.0.0.1:0",
            "--rate",
            "100",
            "--duration",
            "4s",
            "--warmup",
            "0s",
            "--json",
        ],
    );
    let first = run.scrape_beyond(WRITTEN, 0.0);
    let (head, body) = first.split_once("\r\n\r\n").unwrap();
    let head = head.to_lowercase();
    let content = "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert!(head.contains(content), "{head}");
    assert!(body.ends_with("# EOF\n"));

    for (request, status) in [
        (&b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"[..], "200 OK"),
        (b"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK"),
        (b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
        // a page of another site whose name was made to lead here
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "421"),
        (b"GET /events HTTP/1.1\r\nHost: evil.example:80\r\n\r\n", "421"),
        (b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n", "405"),
        (b"GET /metrics/../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
        (b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "405"),
        (b"\x00\x00\x00\x10\x00\x00\x00\x15\r\n\r\n", "400"),
    ] {
        let answer = run.ask(request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{status}: {answer}");
    }
    let head_only = run.ask(b"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(head_only.ends_with("\r\n\r\n"), "{head_only}");
    let mut huge = b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: ".to_vec();
    huge.resize(100_000, b'a');
    let answer = run.ask(&huge);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    let many: String = (0..200).map(|n| format!("X{n}: 1\r\n")).collect();
    let answer = run.ask(format!("GET /metrics HTTP/1.1\r\n{many}\r\n").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    // connections that say nothing, up to the last place but one
    let silent: Vec<TcpStream> =
        (0..12).map(|_| TcpStream::connect(&run.address).unwrap()).collect();

    let second = run.scrape_beyond(WRITTEN, 150.0);
    let body_2 = second.split_once("\r\n\r\n").unwrap().1;
    let found = another_reader(folder.path(), body, body_2);
    let (code, out, err) = run.end();
    drop(silent);
    assert_eq!(code, Some(0), "{err}");
    let result: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(result["ledger"]["written"], 400);
    assert_eq!(result["ledger"]["balanced"], true);
    if let Some(found) = found {
        assert_eq!(found["families"], smppbench::watch::metrics::METRICS.len());
        let types = serde_json::json!(["counter", "gauge", "histogram", "info"]);
        assert_eq!(found["types"], types);
        assert!(found["answered"]["ESME_ROK"].as_f64().unwrap() > 100.0, "{found}");
        assert_eq!(found["info"]["name"], "quick");
    }
}

/// What Python's client makes of two scrapes; None where it is not here, and that is said.
fn another_reader(folder: &Path, first: &str, second: &str) -> Option<serde_json::Value> {
    let paths = [folder.join("first.txt"), folder.join("second.txt")];
    std::fs::write(&paths[0], first).unwrap();
    std::fs::write(&paths[1], second).unwrap();
    let python = std::env::var("SMPPBENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let imports = Command::new(&python).args(["-c", "import prometheus_client"]).output();
    if !imports.is_ok_and(|o| o.status.success()) {
        let why = format!("{python} has no prometheus_client: the scrape was not read by it");
        let wanted = std::env::var("SMPPBENCH_ORACLES").is_ok_and(|v| v == "1");
        assert!(!wanted, "{why}");
        eprintln!("SKIPPED: {why}");
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracles/metrics.py");
    let read = Command::new(&python).arg(script).args(&paths).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    Some(serde_json::from_slice(&read.stdout).unwrap())
}

fn refused(arguments: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let Output { status, stderr, stdout } = smppbench(folder.path(), arguments).output().unwrap();
    assert!(stdout.is_empty());
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[test]
fn an_address_that_is_not_loopback_is_refused_unless_it_is_allowed() {
    let (code, err) = refused(&["--metrics", "0.0.0.0:0", "--duration", "1s"]);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("--metrics-allow-remote"), "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
    let (code, err) = refused(&["--metrics", "nowhere", "--duration", "1s"]);
    assert_eq!(code, Some(2), "{err}");

    let folder = tempfile::tempdir().unwrap();
    let run = Running::start(
        folder.path(),
        &[
            "--metrics",
            "0.0.0.0:0",
            "--metrics-allow-remote",
            "--rate",
            "50",
            "--duration",
            "1s",
            "--warmup",
            "0s",
        ],
    );
    assert!(run.address.starts_with("0.0.0.0:"));
    assert!(run.get("/healthz").ends_with("ok\n"));
    assert_eq!(run.end().0, Some(0));
}

#[test]
fn a_port_that_is_taken_is_one_line_and_exit_1_before_anything_is_sent() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    // a target that counts its callers
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    target.set_nonblocking(true).unwrap();
    let target_address = target.local_addr().unwrap().to_string();
    let (code, err) =
        refused(&["--metrics", &address, "--target", &target_address, "--duration", "1s"]);
    assert_eq!(code, Some(1), "{err}");
    let line = err.lines().find(|l| l.contains("cannot serve metrics")).unwrap();
    assert!(line.contains(&address), "{line}");
    assert!(target.accept().is_err(), "it called the target");
}
