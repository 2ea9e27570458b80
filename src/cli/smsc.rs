//! `smppbench smsc`: the simulator on its own, until a signal ends it. Its result is the tally. It logs what happens,
//! and takes commands on standard input.
mod commands;
mod log;

use super::args::SmscArgs;
use super::exit::{Exit, Failure, print, say};
use super::folder;
use crate::coordinator::Signals;
use crate::plan::behaviour::Behaviour;
use crate::plan::behaviour_file;
use crate::smsc::{CommandOutcome, RunningServer, Server, SmscEvent, Tally};
use commands::Line;
use log::{Printer, Totals};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc;

/// How often the tally is written, and totals are logged.
const TALLY_EVERY: Duration = Duration::from_secs(1);
/// Number of events that wait to be logged; the simulator keeps or counts further ones.
const EVENTS_AHEAD: usize = 256;

/// Runs the verb.
pub(super) fn run(args: &SmscArgs) -> Result<Exit, Failure> {
    let behaviour = args.behaviour.as_deref().map(behaviour_file::load).transpose()?;
    let behaviour = behaviour.unwrap_or_else(Behaviour::default);
    let (started, events) = start(&behaviour, args);
    let running = started.map_err(|e| match e.kind() {
        // a certificate or key that is not valid: found before anything is bound
        io::ErrorKind::InvalidInput => Failure::usage(e),
        _ => Failure::internal(format!("cannot listen on {}: {e}", args.listen)),
    })?;
    let mut file = TallyFile { path: args.tally.as_deref(), has_warned: false };
    file.begin()?;
    say(&format!("listening on {}", running.address));
    let cannot = |e: io::Error| Failure::internal(format!("cannot start: {e}"));
    let mut console = Console {
        talk: Printer::to_stderr().map_err(cannot)?,
        lost: 0,
        results: Printer::to_stdout().map_err(cannot)?,
        totals: args.logs().then(Totals::default),
    };
    let tally = serve(running, events, &mut console, &mut file);
    console.talk.finish();
    console.results.finish();
    let tally = tally?;
    // the tally goes to stdout and, where one is named, to its file
    let printed = print(&format!("{}\n", json(&tally)));
    file.write(&tally).map_err(|e| Failure::internal(file.says(&e)))?;
    printed
}

/// Starts the simulator, with a channel of its events where they are logged.
fn start(
    behaviour: &Behaviour,
    args: &SmscArgs,
) -> (io::Result<RunningServer>, Option<mpsc::Receiver<SmscEvent>>) {
    if !args.logs() {
        return (Server::start(behaviour, args.listen), None);
    }
    let (events, received) = mpsc::channel(EVENTS_AHEAD);
    (Server::start_logged(behaviour, args.listen, events), Some(received))
}

/// The next value of a channel; waits for ever once there is none.
async fn next<T>(channel: &mut Option<mpsc::Receiver<T>>) -> T {
    if let Some(received) = channel {
        match received.recv().await {
            Some(value) => return value,
            None => *channel = None,
        }
    }
    std::future::pending().await
}

/// Serves until `quit`, SIGINT, SIGTERM or SIGHUP. A second one does not wait for the sessions to end.
fn serve(
    running: RunningServer,
    mut events: Option<mpsc::Receiver<SmscEvent>>,
    console: &mut Console,
    file: &mut TallyFile<'_>,
) -> Result<Tally, Failure> {
    let cannot = |e: io::Error| Failure::internal(format!("cannot start: {e}"));
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
    let served = runtime.block_on(async {
        let mut signals = Signals::listen().map_err(cannot)?;
        let mut lines = Some(commands::lines().map_err(cannot)?);
        let mut every = tokio::time::interval(TALLY_EVERY);
        let mut last = Tally::default();
        loop {
            tokio::select! {
                // one that came while it started counts too
                () = signals.more_than(0) => break,
                event = next(&mut events) => console.event(&event),
                line = next(&mut lines) => if console.ends_with(&running, &line) {
                    break;
                },
                _ = every.tick() => match running.tally() {
                    Some(tally) => {
                        console.second(&tally);
                        file.save(&tally);
                        last = tally;
                    }
                    None if running.has_ended() => {
                        return Err(Failure::internal("the simulator's thread has ended"));
                    }
                    None => {}
                },
            }
        }
        let mut stopping = tokio::task::spawn_blocking(move || running.try_stop());
        let tally = loop {
            tokio::select! {
                stopped = &mut stopping => break stopped.ok().flatten().unwrap_or(last),
                () = signals.more_than(1) => break last,
                event = next(&mut events) => console.event(&event),
            }
        };
        while let Some(event) = events.as_mut().and_then(|events| events.try_recv().ok()) {
            console.event(&event);
        }
        console.second(&tally);
        Ok(tally)
    });
    // a simulator that is still stopping ends with the process
    runtime.shutdown_background();
    served
}

/// What is printed while it runs.
struct Console {
    /// To stderr: the log, and the outcomes of commands.
    talk: Printer,
    /// Lines to stderr that were discarded and are not told yet.
    lost: u64,
    /// To stdout.
    results: Printer,
    /// None: nothing is logged.
    totals: Option<Totals>,
}

impl Console {
    fn talk(&mut self, line: String) {
        if self.lost > 0 && self.talk.print(format!("{} lines are not shown", self.lost)) {
            self.lost = 0;
        }
        self.lost += u64::from(!self.talk.print(line));
    }

    fn event(&mut self, event: &SmscEvent) {
        self.talk(event.to_string());
    }

    /// Logs what was counted since the last call.
    fn second(&mut self, tally: &Tally) {
        if let Some(line) = self.totals.as_mut().and_then(|totals| totals.line(tally)) {
            self.talk(line);
        }
    }

    /// Does what a line of standard input commands. True: the simulator ends.
    fn ends_with(&mut self, running: &RunningServer, line: &str) -> bool {
        const SILENT: &str = "the simulator does not answer";
        match Line::parse(line) {
            Line::Empty => {}
            Line::Quit => return true,
            Line::Mistake(told) => self.talk(told),
            Line::Help => commands::help().for_each(|line| self.talk(line)),
            Line::Tally => match running.tally() {
                Some(tally) => {
                    if !self.results.print(json_line(&tally)) {
                        self.talk("tally: not printed, nobody reads standard output".to_owned());
                    }
                }
                None => self.talk(SILENT.to_owned()),
            },
            Line::Command(command) => {
                let verb = command.name();
                let told = match running.command(command) {
                    // the log has a line for it
                    Some(CommandOutcome::Fault(_)) if self.totals.is_some() => return false,
                    Some(outcome) => commands::told(verb, &outcome),
                    None => SILENT.to_owned(),
                };
                self.talk(told);
            }
        }
        false
    }
}

fn json_line(tally: &Tally) -> String {
    serde_json::to_string(tally).expect("a tally is counts under names")
}

fn json(tally: &Tally) -> String {
    serde_json::to_string_pretty(tally).expect("a tally is counts under names")
}

/// Where the tally is written. A disk that is full, or a moment without descriptors, does not end the simulator.
struct TallyFile<'a> {
    path: Option<&'a Path>,
    has_warned: bool,
}

impl TallyFile<'_> {
    /// The first write, before anybody is served: a path that can never be written is said at once.
    fn begin(&mut self) -> Result<(), Failure> {
        match self.write(&Tally::default()) {
            Err(e) if is_mistake(e.kind()) => Err(Failure::internal(self.says(&e))),
            Err(e) => {
                self.warn(&e);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Writes it if it can, and warns once if it cannot.
    fn save(&mut self, tally: &Tally) {
        if let Err(e) = self.write(tally) {
            self.warn(&e);
        }
    }

    fn warn(&mut self, e: &io::Error) {
        if !std::mem::replace(&mut self.has_warned, true) {
            say(&format!("{}; the simulator goes on, and tries again every second", self.says(e)));
        }
    }

    fn says(&self, e: &io::Error) -> String {
        let path = self.path.unwrap_or(Path::new("")).display();
        format!("cannot write the tally to {path}: {e}")
    }

    /// Whole or not at all: a reader never finds half a tally.
    fn write(&self, tally: &Tally) -> io::Result<()> {
        let Some(path) = self.path else { return Ok(()) };
        folder::replace(path, |file| writeln!(file, "{}", json(tally)))
    }
}

/// Whether an error says that the path is wrong, and not that something is short for now.
fn is_mistake(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::NotFound
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::InvalidFilename
    )
}
