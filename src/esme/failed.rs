//! Messages that failed, one by one: submit_sm that were rejected, receipts that never came, and the octets of failed
//! exchanges for a capture file. The first ones of each are kept; the counters count all.
use super::awaited::Awaited;
use super::setup::Setup;
use super::trace::Trace;
use crate::correlate::Note;
use crate::kit::Nanos;
use crate::measure::{Exchange, FAILED_MAX, MissingReceipt, Recorder, Rejection, Ticket};
use crate::smpp::CommandStatus;

/// The lists of failed messages.
#[derive(Debug)]
pub(super) struct FailedMessages {
    /// The wall clock (ns since 1970) at the zero of the clock that times come from.
    wall_at_zero: u64,
    rejections_left: usize,
    missing_left: usize,
    /// None: no exchange is kept.
    trace: Option<Trace>,
}

impl FailedMessages {
    /// `workers`: those of the run, which divide the exchanges to be kept among them.
    pub(super) fn new(setup: &Setup, workers: usize, wall_at_zero: u64) -> FailedMessages {
        let trace = setup.plan.trace_failed.map(|count| Trace::new(count.div_ceil(workers)));
        FailedMessages {
            wall_at_zero,
            rejections_left: FAILED_MAX,
            missing_left: FAILED_MAX,
            trace,
        }
    }

    fn wall(&self, at: Nanos) -> u64 {
        self.wall_at_zero + at.0
    }

    /// A submit_sm was rejected.
    #[cold]
    pub(super) fn list_rejection(
        &mut self,
        recorder: &mut Recorder,
        (session, sequence_number): (u32, u32),
        ticket: &Ticket,
        status: CommandStatus,
        now: Nanos,
    ) {
        if self.rejections_left == 0 {
            return;
        }
        self.rejections_left -= 1;
        let rejection = Rejection {
            session,
            sequence_number,
            intended_wall_ns: self.wall(ticket.intended),
            written_wall_ns: self.wall(ticket.written),
            answered_wall_ns: self.wall(now),
            status: status.0,
        };
        recorder.interval().rejections.push(rejection);
    }

    /// A receipt did not come. `note` finds what is known of the message's id.
    #[cold]
    pub(super) fn list_missing(
        &mut self,
        recorder: &mut Recorder,
        awaited: &Awaited,
        note: impl FnOnce() -> Option<Note>,
    ) {
        if self.missing_left == 0 {
            return;
        }
        self.missing_left -= 1;
        let note = note();
        let missing = MissingReceipt {
            session: awaited.session(),
            sequence_number: note.map(|n| n.sequence_number),
            message_id: note.map(|n| String::from_utf8_lossy(n.id.octets()).into_owned()),
            intended_wall_ns: self.wall(awaited.intended()),
            written_wall_ns: self.wall(awaited.written()),
            answered_wall_ns: self.wall(awaited.answered()),
        };
        recorder.interval().missing.push(missing);
    }

    /// Keeps the exchange of a message that was rejected by `answer`, or timed out or lost without one.
    #[inline]
    pub(super) fn trace(
        &mut self,
        (session, sequence_number): (u32, u32),
        ticket: &Ticket,
        answer: Option<(Nanos, &[u8])>,
    ) {
        if let Some(trace) = &mut self.trace {
            trace.keep((session, sequence_number), ticket, answer);
        }
    }

    /// The exchanges that were kept.
    pub(super) fn take_exchanges(&mut self, setup: &Setup) -> Vec<Exchange> {
        let trace = self.trace.take();
        trace.map_or(Vec::new(), |trace| trace.into_exchanges(&setup.recipe, self.wall_at_zero))
    }
}
