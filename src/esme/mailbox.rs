//! What this worker hands to the others of its process: receipts and message ids that their tables own, and updates
//! of parts of messages that they count. It is handed over in batches.
//!
//! Each id belongs to the worker that its key names, so that a receipt finds its message wherever either
//! came in. Nothing is shared: values travel.
use super::awaited::Awaited;
use super::part_update::{AcceptedPart, PartUpdate};
use crate::correlate::{Key, Note, ReceiptInfo};
use crate::kit::Nanos;
use std::ops::Range;

/// One thing handed to the worker that owns its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerMessage {
    /// A message was accepted.
    Accepted(Key, Awaited, Note),
    /// A message was accepted after its deadline.
    AcceptedLate(Key, Awaited),
    /// A receipt came.
    Receipt(Key, ReceiptInfo),
    /// The id of a part of a message of several: (its key, its session, the message's number, its parts).
    PartKey(Key, u32, u64, u8),
    /// A change of state of such a part.
    Part(PartUpdate),
    /// A part of a message that has one receipt for all was accepted.
    PartOf(AcceptedPart),
    /// The first such part: its id is the one under which the receipt is awaited.
    AcceptedFirst(Key, Awaited),
    /// The id of such a part, which was accepted at this time; kept for the list of missing receipts.
    Noted(Key, Nanos, Note),
    /// From now on the first key stands for the second; kept for a deadline beyond this time.
    Alias(Key, Key, Nanos),
    /// A receipt of a part, under the key by which its message is awaited.
    ReceiptOfFirst(Key, ReceiptInfo),
}

impl WorkerMessage {
    /// The key that the table of awaited receipts is asked for; None: it is not asked.
    #[inline]
    pub(super) fn key(&self) -> Option<Key> {
        match self {
            WorkerMessage::Accepted(key, ..)
            | WorkerMessage::AcceptedLate(key, _)
            | WorkerMessage::Receipt(key, _)
            | WorkerMessage::AcceptedFirst(key, _)
            | WorkerMessage::ReceiptOfFirst(key, _) => Some(*key),
            WorkerMessage::PartKey(..)
            | WorkerMessage::Part(_)
            | WorkerMessage::PartOf(_)
            | WorkerMessage::Noted(..)
            | WorkerMessage::Alias(..) => None,
        }
    }
}

/// The messages that wait to be handed over, by worker.
#[derive(Debug)]
pub(super) struct WorkerMailbox {
    /// The place of this worker among those of its process.
    worker: u32,
    outboxes: Vec<Vec<WorkerMessage>>,
    /// Batches handed to other workers so far.
    handed: u64,
    /// Batches received from other workers so far.
    received: u64,
    /// This worker stops: what it can count itself it does not hand over any more.
    is_closing: bool,
}

impl WorkerMailbox {
    /// Between the workers of one process; `worker` is one of `near`.
    pub(super) fn new(worker: u32, near: &Range<u32>) -> WorkerMailbox {
        let outboxes = near.clone().map(|_| Vec::new()).collect();
        let worker = worker - near.start;
        WorkerMailbox { worker, outboxes, handed: 0, received: 0, is_closing: false }
    }

    /// Whether this worker owns every key.
    #[inline]
    pub(super) fn is_alone(&self) -> bool {
        self.outboxes.len() == 1
    }
    /// The place of the worker that owns `key`; None: this one does.
    #[inline]
    pub(super) fn owner(&self, key: Key) -> Option<usize> {
        if self.is_alone() {
            return None;
        }
        let workers = self.outboxes.len() as u64;
        let owner = (key.0 % workers) as usize;
        (owner != self.worker as usize).then_some(owner)
    }
    /// The same; None also once this worker stops.
    #[inline]
    pub(super) fn owner_until_stop(&self, key: Key) -> Option<usize> {
        self.owner(key).filter(|_| !self.is_closing)
    }
    #[inline]
    pub(super) fn is_closing(&self) -> bool {
        self.is_closing
    }
    /// This worker stops.
    pub(super) fn close(&mut self) {
        self.is_closing = true;
    }

    #[inline]
    pub(super) fn hand(&mut self, owner: usize, message: WorkerMessage) {
        self.outboxes[owner].push(message);
    }
    /// Gives each batch that is ready to `give`, with the place of its worker.
    pub(super) fn take(&mut self, mut give: impl FnMut(usize, Vec<WorkerMessage>)) {
        for (worker, outbox) in self.outboxes.iter_mut().enumerate() {
            if !outbox.is_empty() {
                self.handed += 1;
                give(worker, std::mem::take(outbox));
            }
        }
    }
    pub(super) fn is_empty(&self) -> bool {
        self.outboxes.iter().all(Vec::is_empty)
    }

    /// Counts what was handed over by another way.
    pub(super) fn count_handed(&mut self, count: u64) {
        self.handed += count;
    }
    /// Counts what came from other workers.
    pub(super) fn count_received(&mut self, count: u64) {
        self.received += count;
    }
    /// Handed and received so far.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.handed, self.received)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_stops_keeps_what_it_can_count_itself() {
        let mut mailbox = WorkerMailbox::new(5, &(4..6));
        assert_eq!((mailbox.owner(Key(6)), mailbox.owner(Key(7))), (Some(0), None));
        assert_eq!(mailbox.owner_until_stop(Key(6)), Some(0));
        mailbox.close();
        assert_eq!((mailbox.owner(Key(6)), mailbox.owner_until_stop(Key(6))), (Some(0), None));
    }

    #[test]
    fn batches_are_counted_when_they_are_taken() {
        let mut mailbox = WorkerMailbox::new(0, &(0..3));
        let message = WorkerMessage::Alias(Key(1), Key(2), Nanos(3));
        (0..4).for_each(|_| mailbox.hand(2, message));
        let mut taken = Vec::new();
        mailbox.take(|worker, batch| taken.push((worker, batch.len())));
        mailbox.take(|_, _| unreachable!("all is taken"));
        assert_eq!((taken, mailbox.counts()), (vec![(2, 4)], (1, 0)));
    }
}
