//! One run of the program as a child process: bounded, killed at its bound, its memory looked at while it runs.
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

/// What is started, and how.
#[derive(Debug, Default)]
pub(crate) struct Call {
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) stdin: Vec<u8>,
    /// A shell line that prepares something and ends in `exec "$0" "$@"`.
    pub(crate) shell: Option<String>,
    pub(crate) within: Duration,
    /// Signals to send, and when.
    pub(crate) signals: Vec<(Duration, i32)>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    /// None: ended by a signal.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) wall: Duration,
    /// It was still there at its bound.
    pub(crate) hung: bool,
    /// The most memory that was resident, in kB.
    pub(crate) memory_kb: u64,
}

const STEP: Duration = Duration::from_millis(10);

/// Runs it in `place`; `pid` holds its number while it runs.
pub(crate) fn call(call: &Call, place: &Path, pid: &AtomicI32) -> Ended {
    let binary = env!("CARGO_BIN_EXE_smppbench");
    let mut command = match &call.shell {
        Some(line) => {
            let mut shell = Command::new("bash");
            shell.arg("-c").arg(line).arg(binary);
            shell
        }
        None => Command::new(binary),
    };
    let (out, err, input) = (place.join(".stdout"), place.join(".stderr"), place.join(".stdin"));
    std::fs::write(&input, &call.stdin).expect("a scratch file can be written");
    command
        .args(&call.args)
        .current_dir(place)
        .env_remove("GITHUB_ACTIONS")
        .env_remove("GITHUB_STEP_SUMMARY")
        .env("HOME", place)
        .envs(call.env.iter().cloned())
        .stdin(File::open(&input).expect("it was just written"))
        .stdout(File::create(&out).expect("a scratch file can be written"))
        .stderr(File::create(&err).expect("a scratch file can be written"));
    let began = Instant::now();
    let mut child = command.spawn().expect("the program can be started");
    pid.store(child.id() as i32, Ordering::SeqCst);
    let mut ended = watch(&mut child, call, began);
    pid.store(0, Ordering::SeqCst);
    ended.out = text(&out);
    ended.err = text(&err);
    ended
}

fn watch(child: &mut Child, call: &Call, began: Instant) -> Ended {
    let mut ended = Ended::default();
    let mut signals = call.signals.clone();
    let mut turns = 0u32;
    loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            ended.code = status.code();
            break;
        }
        if turns.is_multiple_of(4) {
            ended.memory_kb = ended.memory_kb.max(resident_kb(child.id()));
        }
        turns += 1;
        let now = began.elapsed();
        if let Some(place) = signals.iter().position(|(at, _)| *at <= now) {
            signal(child.id() as i32, signals.remove(place).1);
        }
        if now > call.within {
            ended.hung = true;
            // whatever the kill finds is already gone
            let _ = child.kill();
            let _ = child.wait();
            break;
        }
        std::thread::sleep(STEP);
    }
    ended.wall = began.elapsed();
    ended
}

fn text(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

/// The most that was ever resident (VmHWM); 0 where it is gone already, or is not yet the program: between fork and
/// exec it is this test, and a shell may stand before it.
fn resident_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    if !status.starts_with("Name:\tsmppbench\n") {
        return 0;
    }
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Sends a signal to one process; one that is gone takes none.
pub(crate) fn signal(pid: i32, number: i32) {
    use nix::sys::signal::{Signal, kill};
    if pid > 0
        && let Ok(signal) = Signal::try_from(number)
    {
        let _ = kill(nix::unistd::Pid::from_raw(pid), signal);
    }
}

/// A process that serves a row and is stopped with it: `smppbench smsc` on a free port.
#[derive(Debug)]
pub(crate) struct Simulator {
    child: Child,
    pub(crate) address: String,
}

impl Simulator {
    /// With this behaviour (TOML), in `place`.
    pub(crate) fn start(behaviour: &str, place: &Path) -> Simulator {
        use std::io::{BufRead, BufReader};
        let file = place.join("simulator.toml");
        std::fs::write(&file, behaviour).expect("a scratch file can be written");
        let mut child = Command::new(env!("CARGO_BIN_EXE_smppbench"))
            .args(["smsc", "--listen", "127.0.0.1:0", "--behaviour"])
            .arg(&file)
            .current_dir(place)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the simulator can be started");
        let mut said = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut line = String::new();
        said.read_line(&mut line).expect("the simulator says where it listens");
        let address = line.trim().rsplit(' ').next().unwrap_or_default().to_owned();
        // whatever else it says must not fill the pipe
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Simulator { child, address }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
