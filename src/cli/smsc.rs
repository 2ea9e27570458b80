//! `smppbench smsc`: the simulator on its own, until a signal ends it. Its result is the tally.
use super::args::SmscArgs;
use super::exit::{Exit, fail, print, say};
use crate::plan::behaviour::Behaviour;
use crate::plan::behaviour_file;
use crate::smsc::{Running, Server, Tally};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// The tally is written so often.
const TALLY_EVERY: Duration = Duration::from_secs(1);

/// Runs the verb.
pub(super) fn run(args: &SmscArgs) -> Exit {
    let behaviour = match args.behaviour.as_deref().map(behaviour_file::load).transpose() {
        Ok(behaviour) => behaviour.unwrap_or_else(Behaviour::default),
        Err(e) => return fail(Exit::Usage, &e.to_string()),
    };
    let running = match Server::start(&behaviour, args.listen) {
        Ok(running) => running,
        // a certificate or key that will not do: found before anything is bound
        Err(e) if e.kind() == io::ErrorKind::InvalidInput => {
            return fail(Exit::Usage, &e.to_string());
        }
        Err(e) => return fail(Exit::Internal, &format!("cannot listen on {}: {e}", args.listen)),
    };
    say(&format!("listening on {}", running.address));
    match serve(running, args.tally.as_deref()) {
        Ok(tally) => print(&format!("{}\n", json(&tally))),
        Err(e) => fail(Exit::Internal, &e),
    }
}

/// Serves until SIGINT or SIGTERM.
fn serve(running: Running, file: Option<&Path>) -> Result<Tally, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| format!("cannot start: {e}"))?;
    runtime.block_on(async {
        let no_signals = |e: io::Error| format!("cannot wait for signals: {e}");
        let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
        let mut every = tokio::time::interval(TALLY_EVERY);
        loop {
            tokio::select! {
                _ = interrupt.recv() => break,
                _ = terminate.recv() => break,
                _ = every.tick() => match running.tally() {
                    Some(tally) => save(file, &tally)?,
                    None => return Err("the simulator's thread has ended".to_owned()),
                },
            }
        }
        Ok(())
    })?;
    let tally = running.stop();
    save(file, &tally)?;
    Ok(tally)
}

fn json(tally: &Tally) -> String {
    serde_json::to_string_pretty(tally).expect("a tally is counts under names")
}

/// Written beside and then renamed: a reader never finds half a tally.
fn save(file: Option<&Path>, tally: &Tally) -> Result<(), String> {
    let Some(file) = file else { return Ok(()) };
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let write = || -> io::Result<()> {
        let mut out = std::fs::File::create(&beside)?;
        writeln!(out, "{}", json(tally))?;
        std::fs::rename(&beside, file)
    };
    write().map_err(|e| format!("cannot write {}: {e}", file.display()))
}
