//! Views of a run in progress: observers that get its progress once a second and never block it.
pub mod metrics;
mod observed;
mod observers;
mod planned_events;
mod progress_line;
mod scratch;
mod seconds;
#[cfg(feature = "tui")]
pub mod tui;

pub use metrics::{Metrics, RunPage};
pub use observers::Observers;
pub use progress_line::{LineMode, ProgressLine};
pub use scratch::Scratch;
#[cfg(feature = "tui")]
pub use tui::Tui;
