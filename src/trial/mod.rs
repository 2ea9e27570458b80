//! A trial: one run of a plan, whatever carries it. [`Tcp`] runs it over sockets; [`Memory`] runs the whole
//! load side against the whole simulator on a virtual clock. Everything above (search, comparison, the
//! command line) works on any [`Trial`].
mod memory;
mod tcp;

#[cfg(test)]
mod tests;

pub use memory::{Memory, Network};
pub use tcp::Tcp;

use crate::coordinator::RunError;
use crate::measure::{Observer, RunRecord};
use crate::plan::Plan;
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
