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
//! let behaviour = behaviour_file::parse("limits = { window = 10 }\nresponse.latency = \"5ms\"")?;
//! let server = Server::start(&behaviour, "127.0.0.1:0".parse()?)?;
//! let client = std::net::TcpStream::connect(server.address)?; // here your ESME binds and submits
//! drop(client);
//! let tally = server.stop();
//! assert_eq!(tally.submits.accepted, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
mod accounts;
mod connections;
mod context;
mod control;
mod core;
mod delay;
mod deliveries;
mod delivery_writer;
mod faults;
mod id_generator;
mod inject;
mod mo;
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
pub use server::{RunningServer, Server};
pub use tally::{
    BindTally, ByFault, ByState, ByStatus, MoTally, ReceiptTally, ResponseTally, SessionTally,
    SubmitTally, Tally,
};
