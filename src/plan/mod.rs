//! A profile becomes a plan.
pub mod behaviour;
mod model;
pub use model::*;
