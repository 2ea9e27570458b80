//! The load side: what one worker does with its part of a plan.
//!
//! [`Core`] decides everything and awaits nothing: time is an argument, octets come and go in buffers.
//! [`run`] puts it on a thread with a reactor. It must not know the simulator.
//!
//! `Core` composes parts that own their state, and is the only place where they meet. A part is given the data of
//! another as an argument, or returns what is to be done.
//!
//! | part | owns | a message passes it in |
//! |---|---|---|
//! | `Sessions` | connections, binds, windows, outputs | `Sessions::wrote`: its octets were written |
//! | `Sending` | cursors, free slots, stages, pauses, retries | `Sending::dispatch_due`: it is sent |
//! | `Receipts` | awaited receipts, ids, unmatched receipts | `Receipts::await_receipts`, `Receipts::matched`: a receipt is matched |
//! | `Deliveries` | how deliver_sm is read and answered | `Deliveries::answer_alike`, `Deliveries::read` |
//! | `Events` | what is broken on purpose, and what came of it | – |
//! | `Parts` | messages of several segments | `Context::part_ended` |
//! | `Phase`, `Telling` | where the run stands; what the coordinator is told | – |
//!
//! A response is settled where sessions, sending and receipts meet: `Core::on_plain_answers` in `core/reads.rs`.
mod account_sender;
mod answered;
mod awaited;
mod bind_ladder;
mod catch_up;
mod connecting;
mod context;
mod core;
mod deferred_writes;
mod deliveries;
mod events;
mod failed;
mod flood;
mod flooding;
#[cfg(test)]
mod forms;
mod free_slots;
mod late_requests;
mod mailbox;
mod next_tick;
mod orders;
mod output;
mod part_update;
mod parts;
mod phase;
mod receipt_aliases;
mod receipts;
mod received;
mod response_times;
mod samples;
#[cfg(test)]
mod scripted;
mod secure;
mod sending;
mod session;
mod session_outcome;
mod sessions;
mod setup;
mod telling;
#[cfg(test)]
mod tests;
mod throttle;
#[cfg(test)]
mod told_apart;
mod trace;
mod unmatched_receipts;
mod unsent;
mod worker;

pub use crate::net::Witness;
pub use awaited::Awaited;
pub use core::Core;
pub use flood::{FloodAttempt, FloodBind};
pub use mailbox::WorkerMessage;
pub use orders::{BindFailure, BindFault, DroppedBind, Event, Final, Order, WorkerAssignment};
pub use part_update::{AcceptedPart, PartOutcome, PartUpdate};
pub use samples::IdSample;
pub use secure::client_tls;
pub use setup::{SessionPlan, Setup};
pub use unmatched_receipts::UnmatchedReceipt;
pub use worker::{Wires, WorkerError, run};
