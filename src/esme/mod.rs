//! The load side: what one worker does with its share of a plan.
//!
//! [`Core`] decides everything and awaits nothing: time is an argument, octets come and go in buffers.
//! [`run`] puts it on a thread with a reactor. It must not know the simulator.
mod backlog;
mod climb;
mod core;
mod deliver;
mod exchange;
mod failed;
#[cfg(test)]
mod forms;
mod inbound;
mod lane;
mod life;
mod lines;
mod link;
mod orders;
mod parts;
mod per_message;
mod receipts;
mod samples;
#[cfg(test)]
mod scripted;
mod secure;
mod sender;
mod setup;
mod state;
mod strays;
#[cfg(test)]
mod tests;
mod throttle;
#[cfg(test)]
mod told_apart;
mod trace;
mod unmatched;
mod unsent;
mod worker;

pub use core::Core;
pub use exchange::{Awaited, Handed};
pub use orders::{BindFailure, BindFault, Event, Final, Order, Place, Share};
pub use parts::{PartFate, PartNews};
pub use per_message::AcceptedPart;
pub use samples::IdSample;
pub use secure::client_tls;
pub use setup::{SessionPlan, Setup, id_rule};
pub use strays::Stray;
pub use worker::{Wires, WorkerError, run};
