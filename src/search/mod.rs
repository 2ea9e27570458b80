//! Finding limits (docs/search.md): the highest rate that keeps its objectives ([`rate`]), the window that an SMSC
//! enforces and the one that is enough ([`window`]), and how many binds it accepts ([`binds`]). Works on any trial.
//!
//! Decisions are pure: [`bracket`] (results of trials in, the next trial out), [`enforced`] (exact limits), [`knee`].
//! The drivers beside them build plans, run them, and read records.
mod advice;
mod binds;
pub mod bracket;
mod budget;
pub mod document;
pub mod enforced;
mod estimate;
mod evidence;
pub mod knee;
mod objective;
mod rate;
mod shape;
mod sweep;
mod trial_runner;
mod votes;
mod window;

pub use binds::{BindsSettings, binds};
pub use budget::Budget;
pub use document::{Ended, Kind, SCHEMA, Search};
pub use objective::{DEFAULT, Objective, is_of_a_gateway};
pub use rate::{RateSettings, rate};
pub use shape::Lengths;
pub use trial_runner::{SearchEnv, Stop};
pub use window::{WindowSettings, window};
