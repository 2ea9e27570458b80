//! The live view as a process on a terminal of its own: stdout stays the result's, keys do what they say, and
//! the terminal is given back. Skipped, aloud, where there is no `setsid` (util-linux) to hand over a terminal.
#![cfg(feature = "tui")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test panics, and says what it skips"
)]
use nix::pty::{Winsize, openpty};
use nix::sys::termios::{LocalFlags, tcgetattr};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);
const ENTER: &str = "\u{1b}[?1049h";
const LEAVE: &str = "\u{1b}[?1049l";

/// A run with the live view on a pseudo-terminal of 100×30.
struct OnTerminal {
    child: Child,
    keyboard: File,
    terminal: OwnedFd,
    /// All that was written to the terminal.
    screen: Arc<Mutex<Vec<u8>>>,
}

impl OnTerminal {
    fn start(arguments: &[&str]) -> Option<OnTerminal> {
        if !Command::new("setsid").arg("--version").output().is_ok_and(|o| o.status.success()) {
            eprintln!("SKIPPED: there is no setsid to hand over a terminal");
            return None;
        }
        let size = Winsize { ws_row: 30, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(&size, None).unwrap();
        let end = || Stdio::from(pty.slave.try_clone().unwrap());
        let child = Command::new("setsid")
            .args(["--ctty", "--wait", env!("CARGO_BIN_EXE_smppbench"), "run"])
            .args(["--rate", "100", "--workers", "1", "--warmup", "0s", "--json"])
            .args(arguments)
            .env("TERM", "xterm-256color")
            .stdin(end())
            .stdout(Stdio::piped())
            .stderr(end())
            .spawn()
            .unwrap();
        let screen = Arc::new(Mutex::new(Vec::new()));
        let (kept, mut master) = (screen.clone(), File::from(pty.master));
        let keyboard = master.try_clone().unwrap();
        std::thread::spawn(move || {
            let mut octets = [0; 4096];
            while let Ok(n @ 1..) = master.read(&mut octets) {
                kept.lock().unwrap().extend_from_slice(&octets[..n]);
            }
        });
        Some(OnTerminal { child, keyboard, terminal: pty.slave, screen })
    }

    fn screen(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap()).into_owned()
    }

    fn wait_for(&self, text: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.screen().contains(text) {
            assert!(Instant::now() < until, "no {text:?} in {:?}", self.screen());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Its exit code, what it wrote to stdout, and to the terminal.
    fn end(mut self) -> (Option<i32>, String, String) {
        let mut result = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut result).unwrap();
        let code = self.child.wait().unwrap().code();
        let modes = tcgetattr(&self.terminal).unwrap().local_flags;
        assert!(modes.contains(LocalFlags::ICANON | LocalFlags::ECHO), "the terminal is still raw");
        self.wait_for(LEAVE);
        (code, result, self.screen())
    }
}

impl Drop for OnTerminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn folder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run").display().to_string();
    (folder, path)
}

#[test]
fn q_ends_the_load_and_plus_and_minus_change_it_while_stdout_holds_the_result_alone() {
    let (_folder, path) = folder();
    let Some(mut run) = OnTerminal::start(&["--duration", "60s", "--out", &path]) else { return };
    run.wait_for("ESME_ROK");
    assert!(run.screen().contains(ENTER));
    run.press("--");
    run.wait_for("rate 80 %");
    run.press("q");
    let (code, result, screen) = run.end();
    assert_eq!(code, Some(0), "{screen}");
    let result: serde_json::Value = serde_json::from_str(&result).unwrap();
    assert_eq!(result["window"]["cut_reason"], "ended by the operator");
    assert_eq!(result["ledger"]["balanced"], true);
    assert_eq!(screen.matches(ENTER).count(), screen.matches(LEAVE).count());
}

#[test]
fn control_c_gives_the_terminal_back_and_interrupts() {
    let (_folder, path) = folder();
    let Some(mut run) = OnTerminal::start(&["--duration", "60s", "--out", &path]) else { return };
    run.wait_for("ESME_ROK");
    run.press("\u{3}");
    let (code, result, screen) = run.end();
    assert_eq!(code, Some(130), "{screen}");
    let result: serde_json::Value = serde_json::from_str(&result).unwrap();
    assert_eq!(result["window"]["cut_reason"], "interrupted");
    assert_eq!(screen.matches(ENTER).count(), screen.matches(LEAVE).count());
}

#[test]
fn a_run_that_ends_by_itself_gives_the_terminal_back() {
    let (_folder, path) = folder();
    let Some(run) = OnTerminal::start(&["--duration", "2s", "--out", &path]) else { return };
    let (code, _, screen) = run.end();
    assert_eq!(code, Some(0), "{screen}");
}
