//! A NATS server, a simulator and agents as processes of their own, on loopback.
use serde_json::Value;
use std::io::Write;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// One world at a time: they share two cores with everything else.
static TURN: Mutex<()> = Mutex::new(());

/// Where nats-server is; None: skipped aloud, which is a failure where SMPPBENCH_NATS is set.
fn server() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/bin".into()]);
    let found = folders.map(|folder| folder.join("nats-server")).find(|file| file.is_file());
    if found.is_none() {
        assert!(
            std::env::var_os("SMPPBENCH_NATS").is_none(),
            "SMPPBENCH_NATS is set, and there is no nats-server"
        );
        println!("skipped: there is no nats-server");
    }
    found
}

/// A process that ends with its owner.
pub(crate) struct Process(pub(crate) Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    pub(crate) fn signal(&self, name: &str) {
        let id = self.0.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }
}

pub(crate) struct World {
    pub(crate) dir: tempfile::TempDir,
    server: PathBuf,
    pub(crate) nats: Option<Process>,
    pub(crate) url: String,
    smsc: Option<Process>,
    pub(crate) target: String,
    pub(crate) agents: Vec<Process>,
    _turn: MutexGuard<'static, ()>,
}

pub(crate) const BEHAVIOUR: &str = r#"
        response.latency = "5ms"
        [receipts]
        delay = "150ms"
        other_bind = true
    "#;

pub(crate) fn bin() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_smppbench"));
    command.env("NO_COLOR", "1");
    command
}

pub(crate) fn until<T>(what: &str, within: Duration, mut found: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(began.elapsed() < within, "waited {within:?} for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

impl World {
    /// None where there is no nats-server. `more`: further arguments of it.
    pub(crate) fn new(more: &[&str]) -> Option<World> {
        let server = server()?;
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut world = World {
            dir: tempfile::tempdir().unwrap(),
            server,
            nats: None,
            url: String::new(),
            smsc: None,
            target: String::new(),
            agents: Vec::new(),
            _turn: turn,
        };
        world.start_nats("-1", more);
        Some(world)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn start_nats(&mut self, port: &str, more: &[&str]) {
        let ports = self.path("ports");
        let _ = std::fs::remove_dir_all(&ports);
        std::fs::create_dir(&ports).unwrap();
        let mut command = Command::new(&self.server);
        command.args(["-a", "127.0.0.1", "-p", port, "--ports_file_dir"]).arg(&ports).args(more);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.nats = Some(Process(child));
        self.url = until("nats-server", Duration::from_secs(20), || {
            let file = std::fs::read_dir(&ports).ok()?.next()?.ok()?;
            let text = std::fs::read_to_string(file.path()).ok()?;
            let ports: Value = serde_json::from_str(&text).ok()?;
            Some(ports["nats"][0].as_str()?.to_owned())
        });
    }

    pub(crate) fn restart_nats(&mut self, away: Duration) {
        let port = self.url.rsplit(':').next().unwrap().to_owned();
        self.nats = None;
        std::thread::sleep(away);
        self.start_nats(&port, &[]);
    }

    pub(crate) fn start_smsc(&mut self, behaviour: &str) {
        std::fs::write(self.path("behaviour.toml"), behaviour).unwrap();
        let log = std::fs::File::create(self.path("smsc.log")).unwrap();
        let mut command = bin();
        command.args(["smsc", "--listen", "127.0.0.1:0", "--behaviour"]);
        command.arg(self.path("behaviour.toml")).arg("--tally").arg(self.path("tally.json"));
        self.smsc = Some(Process(command.stderr(log).stdout(Stdio::null()).spawn().unwrap()));
        self.target = until("the simulator", Duration::from_secs(20), || {
            let log = self.read("smsc.log");
            let at = log.split_once("listening on ")?.1;
            Some(at.lines().next()?.trim().to_owned())
        });
    }

    /// The simulator's tally once it has ended.
    pub(crate) fn tally(&mut self) -> Value {
        let mut smsc = self.smsc.take().unwrap();
        smsc.signal("-TERM");
        let _ = smsc.0.wait();
        serde_json::from_str(&self.read("tally.json")).unwrap()
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    pub(crate) fn agent_command(&self, name: &str) -> Command {
        let log = std::fs::File::create(self.path(&format!("{name}.log"))).unwrap();
        let mut command = bin();
        command.args(["agent", "--nats", &self.url, "--name", name]);
        command.stderr(log).stdout(Stdio::null());
        command
    }

    pub(crate) fn add_agents(&mut self, names: &[&str]) {
        for name in names {
            let child = self.agent_command(name).spawn().unwrap();
            self.agents.push(Process(child));
        }
        for name in names {
            until("an agent", Duration::from_secs(20), || {
                self.read(&format!("{name}.log")).contains("waits for work").then_some(())
            });
        }
    }

    /// `verb` with a profile, led over `agents` agents.
    pub(crate) fn lead(&self, verb: &[&str], profile: &str, agents: usize) -> Command {
        let file = self.path("profile.toml");
        std::fs::write(&file, profile).unwrap();
        let mut command = bin();
        command.args(verb).arg(&file).args(["--target", &self.target]);
        command.args(["--nats", &self.url, "--agents", &agents.to_string()]);
        command.args(["--agents-timeout", "5s", "--out"]).arg(self.path("out"));
        if verb[0] != "find" {
            command.args(["--live", "off"]);
        }
        if verb[0] == "run" {
            command.arg("--verbose");
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn result(&self) -> Value {
        let octets = std::fs::read(self.path("out").join("result.json")).unwrap();
        serde_json::from_slice(&octets).unwrap()
    }

    /// Waits until the load has been on for so long: the simulator's tally tells.
    pub(crate) fn wait_for_submits(&self, at_least: u64) {
        until("submit_sm", Duration::from_secs(40), || {
            let tally: Value = serde_json::from_str(&self.read("tally.json")).ok()?;
            (tally["submits"]["received"].as_u64()? >= at_least).then_some(())
        });
    }
}

pub(crate) fn profile(rate: u32, seconds: u32, more: &str) -> String {
    format!(
        r#"
            name = "fleet"
            binds = {{ count = 8, window = 50 }}
            receipts.deadline = "8s"
            load = {{ workers = 1, stages = [{{ hold = {rate}, for = "{seconds}s", name = "hold" }}] }}
            {more}"#
    )
}

pub(crate) fn says(output: &Output) -> String {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

pub(crate) fn number(value: &Value, path: &str) -> u64 {
    let found = path.split('/').fold(value, |v, key| &v[key]);
    found.as_u64().unwrap_or_else(|| panic!("{path}: {found}"))
}

/// Publishes a message a few times on a subject of NATS, by hand.
pub(crate) fn pester(url: &str, subject: &str, message: &str) {
    let mut stream = TcpStream::connect(url.trim_start_matches("nats://")).unwrap();
    stream.write_all(b"CONNECT {\"verbose\":false}\r\n").unwrap();
    let message = format!("{message}\n");
    for _ in 0..15 {
        write!(stream, "PUB {subject} {}\r\n{message}\r\n", message.len()).unwrap();
        std::thread::sleep(Duration::from_millis(200));
    }
}
