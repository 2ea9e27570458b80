//! Runs the commands of events as processes, each watched by a thread: none may hold the run up, and none outlives its
//! time limit or the run. Their output is discarded: standard output is the run's.
use super::commands::{Command, CommandEnd};
use crate::kit::{Clock, Nanos};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::os::unix::process::CommandExt;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Between two looks at a process.
const LOOK_EVERY: Nanos = Nanos::from_millis(5);

/// The processes of a run.
#[derive(Debug)]
pub(super) struct Processes {
    told: UnboundedSender<CommandEnd>,
    ended: UnboundedReceiver<CommandEnd>,
    is_over: Arc<AtomicBool>,
    running: usize,
}

impl Processes {
    pub(super) fn new() -> Processes {
        let (told, ended) = unbounded_channel();
        Processes { told, ended, is_over: Arc::default(), running: 0 }
    }

    /// Starts a command.
    pub(super) fn start(&mut self, command: Command) {
        let (told, is_over) = (self.told.clone(), self.is_over.clone());
        let occurrence = command.occurrence;
        let thread = std::thread::Builder::new().name("event-command".to_owned());
        let spawned = thread.spawn(move || {
            let from = Clock::now();
            let fault = run(&command, &is_over).err().map(|fault| fault.to_string());
            let ran = (from, Clock::now());
            // a run that has ended does not ask any more
            let _ = told.send(CommandEnd { occurrence: command.occurrence, ran, fault });
        });
        match spawned {
            Ok(_) => {}
            Err(e) => {
                let ran = (Clock::now(), Clock::now());
                let fault = Some(CommandFault::Start(e).to_string());
                let _ = self.told.send(CommandEnd { occurrence, ran, fault });
            }
        }
        self.running += 1;
    }

    /// The next command that ends. Pending while none does.
    pub(super) async fn next(&mut self) -> CommandEnd {
        match self.ended.recv().await {
            Some(end) => {
                self.running -= 1;
                end
            }
            // not reached: `told` is kept here
            None => std::future::pending().await,
        }
    }

    /// Kills those that still run, and waits for their ends: a moment at most.
    pub(super) async fn stop(&mut self) -> Vec<CommandEnd> {
        self.is_over.store(true, Ordering::Relaxed);
        let mut ends = Vec::new();
        while self.running > 0 {
            match tokio::time::timeout(STOP_WITHIN.into(), self.next()).await {
                Ok(end) => ends.push(end),
                Err(_) => return ends,
            }
        }
        ends
    }
}

/// How long killed processes may take to end.
const STOP_WITHIN: Nanos = Nanos::from_millis(500);

impl Drop for Processes {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

/// What went wrong with a command.
#[derive(Debug, thiserror::Error)]
enum CommandFault {
    #[error("not run: {0}")]
    Start(std::io::Error),
    #[error("{0}")]
    Status(ExitStatus),
    #[error("lost sight of: {0}")]
    Wait(std::io::Error),
    #[error("killed when the run ended")]
    RunEnded,
    #[error("killed at its time limit of {} s", .0.as_secs_f64())]
    Limit(Nanos),
}

/// Runs a command to its end, in a process group of its own.
fn run(command: &Command, is_over: &AtomicBool) -> Result<(), CommandFault> {
    let (program, arguments) = command.words.split_first().expect("the plan has checked it");
    let mut process = std::process::Command::new(program);
    process.args(arguments).process_group(0);
    process.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = process.spawn().map_err(CommandFault::Start)?;
    let limit = Clock::now() + command.limit;
    loop {
        match child.try_wait().map_err(CommandFault::Wait)? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(CommandFault::Status(status)),
            None => {}
        }
        if is_over.load(Ordering::Relaxed) {
            kill(&mut child);
            return Err(CommandFault::RunEnded);
        }
        if Clock::now() >= limit {
            kill(&mut child);
            return Err(CommandFault::Limit(command.limit));
        }
        std::thread::sleep(LOOK_EVERY.into());
    }
}

/// Kills a process and those that it has started.
fn kill(child: &mut Child) {
    let group = Pid::from_raw(child.id() as i32);
    // both fail only where nothing is left
    let _ = killpg(group, Signal::SIGKILL);
    let _ = child.wait();
}
