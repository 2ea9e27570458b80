//! Which progress a run shows: decided by `--live` and by what stderr is.
use super::args::Live;
use crate::plan::Plan;
use crate::watch::{Line, LineMode};
use std::io::{IsTerminal, Stderr, stderr};

/// The line of progress on stderr.
pub(super) fn observer(live: Live, plan: &Plan) -> Line<Stderr> {
    let terminal = stderr().is_terminal();
    let colour = std::env::var_os("NO_COLOR").is_none();
    let mode = match live {
        Live::Off => LineMode::Off,
        Live::Auto if terminal => LineMode::Bar { columns: columns(), colour },
        Live::Auto | Live::Line => LineMode::Plain,
    };
    Line::new(plan, mode, stderr())
}

/// Columns as the shell tells them; 80 where it does not.
fn columns() -> usize {
    std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).unwrap_or(80)
}
