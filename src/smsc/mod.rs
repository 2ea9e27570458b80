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
mod desk;
mod faults;
mod letter;
mod limits;
mod mint;
mod mo;
mod outbox;
mod peer;
mod scan;
mod scribe;
mod server;
mod settings;
mod submit;
mod tally;

#[cfg(test)]
mod tests;

pub use self::core::Core;
pub use server::{Running, Server};
pub use tally::{
    BindTally, ByFault, ByState, ByStatus, MoTally, ReceiptTally, ResponseTally, SessionTally,
    SubmitTally, Tally,
};
