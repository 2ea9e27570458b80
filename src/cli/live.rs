//! What watches a run: the live view or the line, decided by `--live` and by what stderr is; and the metrics.
use super::args::Live;
use super::exit::say;
use crate::coordinator::RunError;
use crate::plan::{Plan, PlanError};
use crate::watch::{Line, LineMode, Metrics, Observers};
use std::io::{Error, ErrorKind, IsTerminal, stderr};

/// All that the flags and the plan ask for.
///
/// # Errors
/// Where what was asked for by name cannot be had: before anything is sent.
pub(super) fn observers(live: Live, plan: &Plan) -> Result<Observers<'static>, RunError> {
    let mut observers = Observers::new();
    if let Some(address) = &plan.metrics_listen {
        let metrics = Metrics::listen(plan, address).map_err(|e| cannot_serve(address, &e))?;
        say(&format!("metrics on http://{}/metrics", metrics.address()));
        observers.push(metrics);
    }
    watch(live, plan, &mut observers)?;
    Ok(observers)
}

fn cannot_serve(address: &str, e: &Error) -> RunError {
    match e.kind() {
        ErrorKind::PermissionDenied => {
            RunError::Plan(PlanError::about("metrics.listen", format!("{address}: {e}")))
        }
        kind => RunError::Io(Error::new(kind, format!("cannot serve metrics on {address}: {e}"))),
    }
}

fn watch(live: Live, plan: &Plan, observers: &mut Observers<'static>) -> Result<(), RunError> {
    let terminal = stderr().is_terminal();
    let mode = match live {
        Live::Off => LineMode::Off,
        Live::Auto | Live::Tui if terminal => {
            LineMode::Bar { columns: columns(), colour: colour() }
        }
        Live::Auto | Live::Line | Live::Tui => LineMode::Plain,
    };
    observers.push(Line::new(plan, mode, stderr()));
    Ok(())
}

/// <https://no-color.org>: set and not empty.
fn colour() -> bool {
    std::env::var_os("NO_COLOR").is_none()
}

/// Columns as the shell tells them; 80 where it does not.
fn columns() -> usize {
    std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).unwrap_or(80)
}
