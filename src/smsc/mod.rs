//! The embedded simulator: an SMSC whose behaviour is data ([`crate::plan::behaviour`]).
//!
//! [`Core`] is synchronous, without I/O and without a clock, and every chance is of its seed; [`Server`] puts
//! it on a thread behind a listening socket. It shares no code with the load side, so that the two bear
//! witness against each other: the [`Tally`] says what was really done.
mod accounts;
mod bounds;
mod control;
mod core;
mod delay;
mod deliver;
mod delivery_writer;
mod faults;
mod id_generator;
mod limits;
mod mo;
mod outcome_policy;
mod peer;
mod pending_delivery;
mod server;
mod settings;
mod submit;
mod submit_fields;
mod tally;
mod timed_work;

#[cfg(test)]
mod tests;

pub use self::core::Core;
pub use server::{Running, Server};
pub use tally::{
    BindTally, ByFault, ByState, ByStatus, MoTally, ReceiptTally, ResponseTally, SessionTally,
    SubmitTally, Tally,
};
