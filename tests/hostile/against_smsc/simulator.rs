//! `smppbench smsc` as a process, and what must hold of it whatever an ESME did.
use super::esme::Esme;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(super) struct Simulator {
    child: Child,
    pub(super) address: SocketAddr,
    speaks_tls: bool,
    folder: tempfile::TempDir,
}

impl Simulator {
    /// Starts one with this behaviour and at most so many descriptors.
    pub(super) fn start(behaviour: &str, files_max: Option<u32>) -> Simulator {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(path("behaviour.toml"), behaviour.replace("FOLDER", &path(""))).unwrap();
        if behaviour.contains("[tls]") {
            let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
            std::fs::write(path("cert.pem"), made.cert.pem()).unwrap();
            std::fs::write(path("key.pem"), made.signing_key.serialize_pem()).unwrap();
        }
        let limit = files_max.map_or(String::new(), |max| format!("ulimit -n {max} && "));
        let mut child = Command::new("sh")
            .arg("-c")
            .arg(format!("{limit}exec \"$0\" \"$@\""))
            .arg(env!("CARGO_BIN_EXE_smppbench"))
            .args(["smsc", "--listen", "127.0.0.1:0", "--behaviour", &path("behaviour.toml")])
            .args(["--tally", &path("tally.json")])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut says = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        says.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").expect(&line).parse().unwrap();
        // a pipe that nobody reads would hold the simulator up
        std::thread::spawn(move || std::io::copy(&mut says, &mut std::io::sink()));
        Simulator { child, address, speaks_tls: behaviour.contains("[tls]"), folder }
    }

    /// The most memory it has had, in MiB.
    pub(super) fn memory_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }

    /// A session that does everything right gets everything that it is owed.
    pub(super) fn serves(&self) -> Result<(), String> {
        const MESSAGES: u32 = 50;
        if self.speaks_tls {
            return self.serves_tls();
        }
        let mut esme = Esme::connect(self.address);
        let status = esme.bind_as(Esme::TRX, "good", "good");
        if status != Some(0) {
            return Err(format!("a good bind got {status:?}"));
        }
        esme.send(&Esme::submits(MESSAGES, 1));
        let (mut answers, mut receipts) = (0, 0);
        while answers < MESSAGES || receipts < MESSAGES {
            let Some(pdu) = esme.next() else {
                return Err(format!("a good session got {answers} answers, {receipts} receipts"));
            };
            match (pdu.id, pdu.status) {
                (Esme::SUBMIT_RESP, 0) => answers += 1,
                (Esme::DELIVER, _) => {
                    receipts += 1;
                    esme.say(Esme::DELIVER_RESP, 0, pdu.sequence);
                }
                other => return Err(format!("a good session got {other:?}")),
            }
        }
        esme.say(Esme::UNBIND, 0, 1_000);
        // mobile-originated messages may come in between
        let rest = std::iter::from_fn(|| esme.next().map(|pdu| pdu.id));
        let last = rest.into_iter().find(|id| *id != Esme::DELIVER);
        let closed = esme.next().is_none();
        (last == Some(Esme::UNBIND_RESP) && closed)
            .then_some(())
            .ok_or(format!("a good session's unbind got {last:?}, closed {closed}"))
    }

    /// The same over TLS, by the program's own client.
    fn serves_tls(&self) -> Result<(), String> {
        let done = Command::new(env!("CARGO_BIN_EXE_smppbench"))
            .args([
                "dial",
                "--system-id",
                "good",
                "--target",
                &self.address.to_string(),
                "--tls-ca",
            ])
            .arg(self.folder.path().join("cert.pem"))
            .args(["--to", "447700900123", "--text", "hello"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        if done.status.success() { Ok(()) } else { Err(format!("a good session over TLS: {said}")) }
    }

    /// Ends it by SIGTERM; its tally, which balances.
    pub(super) fn end(mut self) -> Result<Value, String> {
        kill(Pid::from_raw(self.child.id() as i32), Signal::SIGTERM).unwrap();
        let begun = Instant::now();
        let code = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status.code();
            }
            if begun.elapsed() > Duration::from_secs(10) {
                return Err("it does not end".to_owned());
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        if code != Some(0) {
            return Err(format!("it ended with {code:?}"));
        }
        let mut printed = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        let tally: Value = serde_json::from_str(&printed).map_err(|e| format!("tally: {e}"))?;
        balances(&tally).map(|()| tally)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // one that has ended cannot be killed
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A count, or the sum of an object of counts.
pub(super) fn count(tally: &Value, path: &str) -> u64 {
    let value = tally.pointer(path).unwrap_or_else(|| panic!("the tally has no {path}"));
    match value.as_object() {
        Some(counts) => counts.values().filter_map(Value::as_u64).sum(),
        None => value.as_u64().unwrap(),
    }
}

/// One status of an object of counts.
pub(super) fn of(tally: &Value, path: &str, status: &str) -> u64 {
    tally.pointer(path).unwrap()[status].as_u64().unwrap_or(0)
}

fn balances(tally: &Value) -> Result<(), String> {
    let sum = |paths: &[&str]| paths.iter().map(|path| count(tally, path)).sum::<u64>();
    let accepted = ["/submits/accepted", "/submits/refused"];
    let sums = [
        (sum(&["/submits/received"]), sum(&accepted) + sum(&["/submits/ignored"])),
        (
            sum(&accepted),
            sum(&["/responses/sent", "/responses/withheld"])
                + sum(&["/responses/undelivered", "/responses/pending"]),
        ),
        (
            sum(&["/submits/asked"]),
            sum(&["/receipts/by_state", "/receipts/withheld"])
                + sum(&["/receipts/pending", "/receipts/undeliverable"]),
        ),
    ];
    match sums.iter().all(|(left, right)| left == right) {
        true => Ok(()),
        false => Err(format!("the tally does not balance: {sums:?}")),
    }
}
