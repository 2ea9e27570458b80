//! The lists of failed messages: submit_sm that were rejected, receipts that never came. The first so many of
//! each; the ledger counts all.
use super::core::Core;
use super::mailbox::Awaited;
use crate::correlate::{Key, Notes};
use crate::kit::Nanos;
use crate::measure::{FAILED_MAX, MissingReceipt, Rejection, Ticket};
use crate::smpp::CommandStatus;

/// What is kept for the lists.
#[derive(Debug)]
pub(super) struct FailuresSeen {
    rejections_left: usize,
    missing_left: usize,
    /// Ids of the messages accepted within the last deadline.
    pub(super) notes: Notes,
}

impl FailuresSeen {
    /// Notes at once: 8 MB where ids have ten octets.
    const NOTES_MAX: usize = 1 << 18;

    pub(super) fn new(awaited_max: usize) -> FailuresSeen {
        let notes = Notes::new(awaited_max.min(Self::NOTES_MAX));
        FailuresSeen { rejections_left: FAILED_MAX, missing_left: FAILED_MAX, notes }
    }
}

impl Core {
    /// A submit_sm was rejected.
    #[cold]
    pub(super) fn list_rejection(
        &mut self,
        link: usize,
        sequence_number: u32,
        ticket: &Ticket,
        status: CommandStatus,
        now: Nanos,
    ) {
        if self.failures_seen.rejections_left == 0 {
            return;
        }
        self.failures_seen.rejections_left -= 1;
        let wall = |at: Nanos| self.wall_at_zero + at.0;
        let rejection = Rejection {
            session: self.links[link].plan.id,
            sequence_number,
            intended_wall_ns: wall(ticket.intended),
            written_wall_ns: wall(ticket.written),
            answered_wall_ns: wall(now),
            status: status.0,
        };
        self.recorder.interval().rejections.push(rejection);
    }

    /// A receipt did not come.
    #[cold]
    pub(super) fn list_missing(&mut self, key: Key, awaited: &Awaited) {
        if self.failures_seen.missing_left == 0 {
            return;
        }
        self.failures_seen.missing_left -= 1;
        let note = self.failures_seen.notes.find(awaited.answered(), key);
        let wall = |at: Nanos| self.wall_at_zero + at.0;
        let missing = MissingReceipt {
            session: awaited.session(),
            sequence_number: note.map(|n| n.sequence_number),
            message_id: note.map(|n| String::from_utf8_lossy(n.id.octets()).into_owned()),
            intended_wall_ns: wall(awaited.intended()),
            written_wall_ns: wall(awaited.written()),
            answered_wall_ns: wall(awaited.answered()),
        };
        self.recorder.interval().missing.push(missing);
    }
}
