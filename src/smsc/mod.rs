//! The embedded simulator: an SMSC whose behaviour is data ([`crate::plan::behaviour`]).
//!
//! [`Core`] is synchronous, without I/O and without a clock, and draws all chance from its seed; [`Server`] runs it on a
//! thread behind a listening socket. It shares no code with the load side, so that each checks the other: the [`Tally`]
//! counts what was really done.
//!
//! A PDU or due work goes from [`Core`] to one part, and from there downwards only:
//!
//! ```text
//! core ──► control      binds, unbinds, enquire_link, other requests ──┐
//!      ──► submits      submit_sm: limits, faults, policy, answer      ├─► context: connections, accounts, faults,
//!      ──► deliveries   receipts and MO: rate, receiver, retries       │            ids, rng, tally
//!      ──► inject       faults done to sessions ───────────────────────┘
//! ```
//!
//! Rare events go into a log in the context, from which the server hands them to its caller. A `Command` makes the
//! running simulator send an MO or a receipt, or do a fault.
//!
//! `submits` hands receipts to `deliveries`. What `control` leaves to another part it returns as a `Followup`.
//!
//! ```
//! use smppbench::plan::behaviour_file;
//! use smppbench::smsc::Server;
//!
//! let behaviour = behaviour_file::parse("limits = { window = 10 }\nresponse.latency = \"5ms\"")?;
//! let server = Server::start(&behaviour, "127.0.0.1:0".parse()?)?;
//! let client = std::net::TcpStream::connect(server.address)?; // here your ESME binds and submits
//! drop(client);
//! let tally = server.stop();
//! assert_eq!(tally.submits.accepted, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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
mod runs;
mod server;
mod stall;
mod stamped_receipt;
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
