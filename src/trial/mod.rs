//! A trial: one run of a plan. [`Tcp`] runs it over sockets; [`Through`] over sockets through a gateway; [`Memory`] runs the whole
//! load side against the whole simulator on a virtual clock. Everything above (search, comparison, the
//! command line) works on any [`Trial`].
//!
//! ```
//! use smppbench::measure::NoObserver;
//! use smppbench::plan::{self, Overrides, Source};
//! use smppbench::trial::{Memory, Tcp, Trial};
//!
//! /// How many messages the target accepted.
//! fn accepted(trial: &mut dyn Trial) -> Result<u64, Box<dyn std::error::Error>> {
//!     let flags = Overrides {
//!         rate: Some("100".into()),
//!         duration: Some("1s".into()),
//!         warmup: Some("0s".into()),
//!         ..Overrides::default()
//!     };
//!     let plan = plan::load(&Source::bare(), &flags)?;
//!     Ok(trial.run(&plan, &mut NoObserver)?.ledger().accepted)
//! }
//! assert_eq!(accepted(&mut Memory::default())?, 100); // virtual time: at once
//! assert_eq!(accepted(&mut Tcp::default())?, 100); // sockets on loopback: a second
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
pub mod duel;
#[cfg(feature = "nats")]
mod fleet;
mod memory;
mod tcp;
mod through;

#[cfg(test)]
mod tests;

pub use crate::coordinator::{Failure, RunError};
pub use crate::esme::{BindFailure, BindFault, DroppedBind, client_tls};
#[cfg(feature = "nats")]
pub use fleet::FleetTrial;
pub use memory::{BooksOn, Gateway, Memory, Network, Way};
pub use tcp::{Tcp, workers};
pub use through::{Through, direct};

use crate::judge::TallyView;
use crate::measure::{Observer, RunRecord};
use crate::plan::Plan;
use crate::smpp::receipt::MessageState;
use crate::smsc;

/// Runs plans.
pub trait Trial {
    /// One run, from connect to unbind.
    ///
    /// # Errors
    /// [`RunError`] where there is no record: the plan cannot be carried out, or nothing could be bound.
    fn run(&mut self, plan: &Plan, observer: &mut dyn Observer) -> Result<RunRecord, RunError>;

    /// What the embedded simulator counted in the last run, where there was one.
    fn tally(&self) -> Option<&smsc::Tally>;
}

/// The simulator's tally as the books read it.
pub fn tally_view(tally: &smsc::Tally) -> TallyView {
    let mut submits_by_status = vec![(0, tally.submits.accepted)];
    for (status, count) in tally.submits.refused.iter() {
        submits_by_status.push((status.0, count));
    }
    if tally.submits.ignored > 0 {
        // read and never answered: no status of the specification
        submits_by_status.push((u32::MAX, tally.submits.ignored));
    }
    let mut receipts_by_state = [0; 11];
    for (state, count) in receipts_by_state.iter_mut().enumerate() {
        *count = tally.receipts.by_state.get(MessageState::from_wire(state as u8));
    }
    TallyView {
        submits_by_status,
        responses_sent: tally.responses.sent,
        responses_withheld: tally.responses.withheld,
        receipts_by_state,
        receipts_duplicated: tally.receipts.duplicated,
        receipts_withheld: tally.receipts.withheld,
        receipts_retried: tally.receipts.retried,
        receipts_pending: tally.receipts.pending + tally.receipts.undeliverable,
    }
}
