//! The exchanges of failed messages, for a capture file: what was sent, what came back, when. The octets of
//! a submit_sm are made again from its number, so a message that succeeds costs nothing.
use crate::kit::Nanos;
use crate::measure::{Exchange, Ticket};
use crate::plan::{Recipe, Scratch};
use bytes::BytesMut;

/// The exchanges that are kept until the end of the run.
#[derive(Debug)]
pub(super) struct Trace {
    left: usize,
    kept: Vec<FailedExchange>,
}

#[derive(Debug)]
struct FailedExchange {
    session: u32,
    sequence_number: u32,
    ticket: Ticket,
    answered: Option<(Nanos, Vec<u8>)>,
}

impl Trace {
    pub(super) fn new(exchanges_max: usize) -> Trace {
        Trace { left: exchanges_max, kept: Vec::new() }
    }

    /// Keeps an exchange, as long as there is room.
    pub(super) fn keep(
        &mut self,
        (session, sequence_number): (u32, u32),
        ticket: &Ticket,
        answer: Option<(Nanos, &[u8])>,
    ) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        let answered = answer.map(|(at, octets)| (at, octets.to_vec()));
        self.kept.push(FailedExchange { session, sequence_number, ticket: *ticket, answered });
    }

    /// All that was kept, with the octets that were sent. A `{time}` in a text reads as the time of the write.
    pub(super) fn into_exchanges(self, recipe: &Recipe, wall_at_zero: u64) -> Vec<Exchange> {
        let mut scratch = Scratch::default();
        let made = self.kept.into_iter().map(|failed| {
            let mut out = BytesMut::new();
            let FailedExchange { session, sequence_number, ticket, answered } = failed;
            let wall = wall_at_zero + ticket.written.0;
            recipe.stamp(ticket.index, sequence_number, wall, &mut scratch, &mut out);
            let answer = answered.map(|(at, octets)| (wall_at_zero + at.0, octets));
            Exchange { session, sent_wall_ns: wall, submit_sm: out.to_vec(), answer }
        });
        made.collect()
    }
}
