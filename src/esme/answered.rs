//! Requests of ours that were accepted together.
use crate::kit::Nanos;
use crate::measure::Ticket;

/// One request that was accepted, or several that differ only in their numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answered<'a> {
    /// The number within the run of the session they went on.
    pub(super) session: u32,
    /// sequence_number of the first.
    pub(super) first: u32,
    /// Of the first.
    pub(super) ticket: &'a Ticket,
    /// Stamp of the read that held the answers.
    pub(super) at: Nanos,
}
