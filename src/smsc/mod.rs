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
//! `submits` hands receipts to `deliveries`. What `control` leaves to another part it returns as a `Followup`.
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
