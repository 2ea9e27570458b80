//! Requests that have timed out: an answer that comes all the same is late, and not unknown.
use crate::measure::Ticket;
use hashbrown::HashMap;
use std::collections::VecDeque;

/// The last timed-out requests of a connection. A peer may ask for any sequence_number any number of times: each
/// look takes the same time.
#[derive(Debug, Default)]
pub(super) struct LateRequests {
    tickets: HashMap<u32, Ticket, foldhash::fast::FixedState>,
    /// sequence_numbers, oldest first; those that were answered are still among them.
    order: VecDeque<u32>,
}

impl LateRequests {
    /// Remembered per session.
    const MAX: usize = 4096;

    pub(super) fn remember(&mut self, sequence_number: u32, ticket: Ticket) {
        if self.order.len() == Self::MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.tickets.remove(&oldest);
        }
        self.order.push_back(sequence_number);
        self.tickets.insert(sequence_number, ticket);
    }

    pub(super) fn take(&mut self, sequence_number: u32) -> Option<Ticket> {
        self.tickets.remove(&sequence_number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_late_once_and_the_oldest_are_forgotten() {
        let mut late = LateRequests::default();
        for number in 0..=LateRequests::MAX as u32 {
            late.remember(number, Ticket { index: u64::from(number), ..Ticket::default() });
        }
        assert!(late.take(0).is_none(), "it was forgotten");
        assert_eq!(late.take(1).map(|ticket| ticket.index), Some(1));
        assert!(late.take(1).is_none());
    }
}
