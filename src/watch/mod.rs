//! What a run looks like while it goes on: observers, which are told once a second and never asked to wait.
mod line;
pub mod metrics;
mod observers;
mod scratch;
mod seconds;
#[cfg(feature = "tui")]
pub mod tui;

pub use line::{Line, LineMode};
pub use metrics::Metrics;
pub use observers::Observers;
pub use scratch::Scratch;
#[cfg(feature = "tui")]
pub use tui::Tui;
