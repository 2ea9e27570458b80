//! The load side: what one worker does with its share of a plan.
//!
//! [`Core`] decides everything and awaits nothing: time is an argument, octets come and go in buffers.
//! [`run`] puts it on a thread with a reactor. It must not know the simulator.
mod account_sender;
mod bind_ladder;
mod catch_up;
mod core;
mod deferred_writes;
mod deliver;
mod failed;
#[cfg(test)]
mod forms;
mod inbound;
mod life;
mod mailbox;
mod orders;
mod parts;
mod per_message;
mod receipts;
mod samples;
#[cfg(test)]
mod scripted;
mod secure;
mod sender;
mod session;
mod setup;
mod state;
#[cfg(test)]
mod tests;
mod throttle;
#[cfg(test)]
mod told_apart;
mod trace;
mod unmatched;
mod unmatched_receipts;
mod unsent;
mod worker;

pub use core::Core;
pub use mailbox::{Awaited, WorkerMessage};
pub use orders::{BindFailure, BindFault, DroppedBind, Event, Final, Order, WorkerAssignment};
pub use parts::{PartOutcome, PartUpdate};
pub use per_message::AcceptedPart;
pub use samples::IdSample;
pub use secure::client_tls;
pub use setup::{SessionPlan, Setup, id_rule};
pub use unmatched_receipts::UnmatchedReceipt;
pub use worker::{Wires, WorkerError, run};
