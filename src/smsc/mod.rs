//! The embedded simulator: an SMSC whose behaviour is data ([`crate::plan::behaviour`]).
//!
//! [`Core`] is synchronous, without I/O and without a clock, and every chance is of its seed; [`Server`] puts
//! it on a thread behind a listening socket. It shares no code with the load side, so that the two bear
//! witness against each other: the [`Tally`] says what was really done.
//!
//! ```
//! use smppbench::plan::behaviour_file;
//! use smppbench::smsc::Server;
//!
//! Rare events go into a log in the context, from which the server hands them to its caller. A `Command` makes the
//! running simulator send an MO or a receipt, or do a fault.
//!
//! `submits` hands receipts to `deliveries`. What `control` leaves to another part it returns as a `Followup`.
mod accounts;
mod command;
mod connections;
mod context;
mod control;
mod core;
mod delay;
mod deliveries;
mod delivery_writer;
mod events;
mod faults;
mod id_generator;
mod inject;
mod mo;
mod mo_content;
mod outcome_policy;
mod peer;
mod peer_table;
mod pending_delivery;
mod rate_limits;
mod resource_limits;
mod server;
mod stall;
mod submit_fields;
mod submits;
mod tally;
mod timer_queue;

#[cfg(test)]
mod tests;

pub use self::core::Core;
pub use command::{Command, CommandError, CommandOutcome};
pub use events::{FaultReach, SessionEnd, SmscEvent};
pub use server::{RunningServer, Server};
pub use tally::{
    BindTally, ByFault, ByState, ByStatus, MoTally, ReceiptTally, ResponseTally, SessionTally,
    SubmitTally, Tally,
};
