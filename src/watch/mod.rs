//! What a run looks like while it goes on: observers, which are told once a second and never asked to wait.
mod line;

pub use line::{Line, LineMode};
