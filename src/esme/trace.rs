//! The exchanges of failed messages, for a capture file: what was sent, what came back, when. The octets of
//! a submit_sm are made again from its number, so a message that succeeds costs nothing.
use super::core::Core;
use crate::kit::Nanos;
use crate::measure::{Exchange, Ticket};
use crate::plan::Scratch;
use bytes::BytesMut;

/// What is kept until the end of the run.
#[derive(Debug)]
pub(super) struct Trace {
    left: usize,
    kept: Vec<Failed>,
}

#[derive(Debug)]
struct Failed {
    session: u32,
    sequence_number: u32,
    ticket: Ticket,
    answered: Option<(Nanos, Vec<u8>)>,
}

impl Trace {
    pub(super) fn new(most: usize) -> Trace {
        Trace { left: most, kept: Vec::new() }
    }
}

impl Core {
    /// A message failed: rejected by `answer`, or timed out or lost without one.
    #[inline]
    pub(super) fn trace_failed(
        &mut self,
        link: usize,
        sequence_number: u32,
        ticket: &Ticket,
        answer: Option<(Nanos, &[u8])>,
    ) {
        let Some(trace) = self.trace.as_mut().filter(|t| t.left > 0) else { return };
        trace.left -= 1;
        let session = self.links[link].plan.id;
        let answered = answer.map(|(at, octets)| (at, octets.to_vec()));
        trace.kept.push(Failed { session, sequence_number, ticket: *ticket, answered });
    }

    /// All that was kept, with the octets that were sent. A `{time}` in a text reads as the time of the write.
    pub(super) fn take_exchanges(&mut self) -> Vec<Exchange> {
        let Some(trace) = self.trace.take() else { return Vec::new() };
        let mut scratch = Scratch::default();
        let made = trace.kept.into_iter().map(|failed| {
            let mut out = BytesMut::new();
            let Failed { session, sequence_number, ticket, answered } = failed;
            let wall = self.wall_at_zero + ticket.written.0;
            self.setup.recipe.stamp(ticket.index, sequence_number, wall, &mut scratch, &mut out);
            let answer = answered.map(|(at, octets)| (self.wall_at_zero + at.0, octets));
            Exchange { session, sent_wall_ns: wall, submit_sm: out.to_vec(), answer }
        });
        made.collect()
    }
}
