//! What a run looks like while it goes on: observers, which are told once a second and never asked to wait.
pub mod metrics;
mod observers;
mod progress_line;
mod scratch;
mod seconds;
#[cfg(feature = "tui")]
pub mod tui;

pub use metrics::Metrics;
pub use observers::Observers;
pub use progress_line::{LineMode, ProgressLine};
pub use scratch::Scratch;
#[cfg(feature = "tui")]
pub use tui::Tui;
