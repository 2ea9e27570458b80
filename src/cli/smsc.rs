//! `smppbench smsc`: runs the simulator until a signal ends it. Its result is the tally.
use super::args::SmscArgs;
use super::exit::{Exit, Failure, print, say};
use super::folder;
use crate::coordinator::Signals;
use crate::plan::behaviour::Behaviour;
use crate::plan::behaviour_file;
use crate::smsc::{RunningServer, Server, Tally};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// From one write of the tally to the next.
const TALLY_EVERY: Duration = Duration::from_secs(1);

/// Runs the verb.
pub(super) fn run(args: &SmscArgs) -> Result<Exit, Failure> {
    let behaviour = args.behaviour.as_deref().map(behaviour_file::load).transpose()?;
    let behaviour = behaviour.unwrap_or_else(Behaviour::default);
    let running = Server::start(&behaviour, args.listen).map_err(|e| match e.kind() {
        // a certificate or key that is not valid, found before anything is bound
        io::ErrorKind::InvalidInput => Failure::usage(e),
        _ => Failure::internal(format!("cannot listen on {}: {e}", args.listen)),
    })?;
    let mut file = TallyFile { path: args.tally.as_deref(), has_warned: false };
    file.begin()?;
    say(&format!("listening on {}", running.address));
    let tally = serve(running, &mut file)?;
    // the tally goes to stdout, and to its file if one is given
    let printed = print(&format!("{}\n", json(&tally)));
    file.write(&tally).map_err(|e| Failure::internal(file.says(&e)))?;
    printed
}

/// Serves until SIGINT, SIGTERM or SIGHUP. After a second signal it does not wait for the sessions to end.
fn serve(running: RunningServer, file: &mut TallyFile<'_>) -> Result<Tally, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::internal(format!("cannot start: {e}")))?;
    let mut signals = Signals::listen()
        .map_err(|e| Failure::internal(format!("cannot wait for signals: {e}")))?;
    let served = runtime.block_on(async {
        let mut every = tokio::time::interval(TALLY_EVERY);
        let mut last = Tally::default();
        loop {
            tokio::select! {
                () = signals.more_than(0) => break,
                _ = every.tick() => match running.tally() {
                    Some(tally) => {
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
        let stopped = tokio::task::spawn_blocking(move || running.try_stop());
        tokio::select! {
            stopped = stopped => Ok(stopped.ok().flatten().unwrap_or(last)),
            () = signals.more_than(1) => Ok(last),
        }
    });
    // a simulator that is still stopping ends with the process
    runtime.shutdown_background();
    served
}

fn json(tally: &Tally) -> String {
    serde_json::to_string_pretty(tally).expect("a tally is counts under names")
}

/// The file of the tally. A full disk, or a lack of file descriptors, does not end the simulator.
struct TallyFile<'a> {
    path: Option<&'a Path>,
    has_warned: bool,
}

impl TallyFile<'_> {
    /// Writes the first tally, before any session is served. A path that is wrong is an error.
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

    /// Writes the tally, and warns once if that fails.
    fn save(&mut self, tally: &Tally) {
        if let Err(e) = self.write(tally) {
            self.warn(&e);
        }
    }

    fn warn(&mut self, e: &io::Error) {
        if !std::mem::replace(&mut self.has_warned, true) {
            say(&format!("{}; the simulator goes on and retries every second", self.says(e)));
        }
    }

    fn says(&self, e: &io::Error) -> String {
        let path = self.path.unwrap_or(Path::new("")).display();
        format!("cannot write the tally to {path}: {e}")
    }

    /// Writes the tally completely or not at all.
    fn write(&self, tally: &Tally) -> io::Result<()> {
        let Some(path) = self.path else { return Ok(()) };
        folder::replace(path, |file| writeln!(file, "{}", json(tally)))
    }
}

/// Whether an error means that the path is wrong, and not that a resource is short for now.
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
