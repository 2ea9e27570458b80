//! Sending state of one account on one worker: its own cursor in the schedule, the order in which window slots
//! became free, and which session carries the next message. Accounts do not wait for each other.
use super::catch_up::CatchUpLimit;
use super::context::Context;
use super::free_slots::FreeSlots;
use super::session::EsmeSession;
use super::sessions::Sessions;
use super::throttle::QueuedRetry;
use super::unsent::{self, Unsent};
use crate::kit::Nanos;
use crate::plan::{Cursor, Due, Schedule};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// One account's sending on one worker.
#[derive(Debug)]
pub(super) struct AccountSender {
    /// The sessions that may send, as this worker numbers them.
    sessions: Vec<u32>,
    /// The first of their sender numbers, and the step from one to the next.
    senders: (u32, u32),
    cursor: Cursor,
    free: FreeSlots,
    catch_up: CatchUpLimit,
    /// Soonest first.
    retry_queue: BinaryHeap<Reverse<QueuedRetry>>,
    /// Where the search for a session with a free slot goes on.
    turn: usize,
    /// Since when no slot has been free; None while one is.
    full_since: Option<Nanos>,
    /// Time without a free slot since the last interval.
    full_ns: u64,
}

impl AccountSender {
    pub(super) fn new(cursor: Cursor, catch_up: Option<f64>, senders: (u32, u32)) -> AccountSender {
        AccountSender {
            sessions: Vec::new(),
            senders,
            cursor,
            free: FreeSlots::default(),
            catch_up: CatchUpLimit::new(catch_up),
            retry_queue: BinaryHeap::new(),
            turn: 0,
            full_since: None,
            full_ns: 0,
        }
    }

    pub(super) fn add_session(&mut self, session: usize) {
        self.sessions.push(session as u32);
    }

    /// Goes on with another schedule.
    pub(super) fn steer(&mut self, schedule: Arc<Schedule>) {
        self.cursor.steer(schedule);
    }

    /// Where in `sessions` the one of this sender is: a worker's senders are equally spaced.
    #[inline]
    fn position_of(&self, sender: u32) -> usize {
        let (first, step) = self.senders;
        let position = (sender.saturating_sub(first) / step.max(1)) as usize;
        if position < self.sessions.len() { position } else { 0 }
    }

    /// The session that carries the next message of this sender: its own, or the next one with a free slot.
    #[inline]
    pub(super) fn pick(&mut self, sender: u32, sessions: &Sessions) -> Option<usize> {
        if self.free.count() == 0 {
            return None;
        }
        let count = self.sessions.len();
        let own = self.sessions[self.position_of(sender)] as usize;
        if sessions[own].free_slots() > 0 {
            return Some(own);
        }
        for step in 0..count {
            let position = (self.turn + step) % count;
            let session = self.sessions[position] as usize;
            if sessions[session].free_slots() > 0 {
                self.turn = (position + 1) % count;
                return Some(session);
            }
        }
        None
    }
}

/// Free slots: the windows of the sessions know how many there are; the account keeps since when.
impl AccountSender {
    /// Brings the account's count in line with the window of one of its sessions, which gained or lost slots at `at`.
    #[inline]
    pub(super) fn follow(&mut self, session: &mut EsmeSession, at: Nanos) {
        let change = session.slot_change();
        if change > 0 {
            self.freed(change as u32, at);
        } else if change < 0 {
            self.free.withdraw(change.unsigned_abs());
            self.mark_full(at);
        }
    }

    #[inline]
    fn freed(&mut self, slots: u32, at: Nanos) {
        self.free.freed(at, slots);
        if let Some(since) = self.full_since.take() {
            self.full_ns += at.since(since).0;
        }
    }

    #[inline]
    fn mark_full(&mut self, now: Nanos) {
        if self.free.count() == 0 && self.full_since.is_none() {
            self.full_since = Some(now);
        }
    }

    /// Takes the oldest free slot for a request that is opened on this session. Returns when it became free.
    #[inline]
    pub(super) fn take_slot(&mut self, session: &mut EsmeSession, now: Nanos) -> Option<Nanos> {
        session.take_counted_slots(1);
        let freed = self.free.take();
        self.mark_full(now);
        freed
    }

    /// Takes the oldest `slots` free slots for requests that were opened on this session.
    #[inline]
    pub(super) fn take_slots(&mut self, session: &mut EsmeSession, slots: usize, now: Nanos) {
        session.take_counted_slots(slots);
        self.free.take_some(slots);
        if slots > 0 {
            self.mark_full(now);
        }
    }

    #[cfg(test)]
    pub(super) fn free_count(&self) -> usize {
        self.free.count()
    }

    /// Time without a free slot since the last call, up to `now`.
    pub(super) fn take_full_ns(&mut self, now: Nanos) -> u64 {
        if let Some(since) = self.full_since {
            self.full_ns += now.since(since).0;
            self.full_since = Some(now);
        }
        std::mem::take(&mut self.full_ns)
    }
}

/// What is to be sent.
impl AccountSender {
    /// The next message of the schedule.
    #[inline]
    pub(super) fn next_due(&self) -> Option<&Due> {
        self.cursor.peek()
    }
    #[inline]
    pub(super) fn advance(&mut self) {
        self.cursor.advance();
    }

    /// The offset of the schedule up to which messages may be sent at this offset.
    #[inline]
    pub(super) fn catch_up_to(&mut self, offset: Nanos) -> Nanos {
        self.catch_up.at(offset)
    }
    /// No slot was free for the message due at this offset.
    #[inline]
    pub(super) fn blocked(&mut self, due: Nanos) {
        self.catch_up.blocked(due);
    }

    /// The next message of a closed loop: its number, and the step to the one after it.
    #[inline]
    pub(super) fn closed_peek(&self) -> Option<(u64, u32)> {
        self.cursor.closed_peek()
    }
    #[inline]
    pub(super) fn closed_take(&mut self, count: u32) {
        self.cursor.closed_take(count);
    }

    pub(super) fn queue_retry(&mut self, retry: QueuedRetry) {
        self.retry_queue.push(Reverse(retry));
    }
    /// The soonest retry, if it is due.
    #[inline]
    pub(super) fn due_retry(&self, now: Nanos) -> Option<QueuedRetry> {
        self.retry_queue.peek().map(|retry| retry.0).filter(|retry| retry.at <= now)
    }
    pub(super) fn take_retry(&mut self) -> Option<QueuedRetry> {
        self.retry_queue.pop().map(|retry| retry.0)
    }
    pub(super) fn has_retries(&self) -> bool {
        !self.retry_queue.is_empty()
    }

    /// When a message may be sent next; MAX: not before something else happens.
    #[inline]
    pub(super) fn next_send(&self, start: Nanos, offset: Nanos, load_ends: Nanos) -> Nanos {
        let has_slot = self.free.count() > 0;
        let mut next = Nanos::MAX;
        if let Some(retry) = self.retry_queue.peek().filter(|_| has_slot) {
            next = retry.0.at;
        }
        // a message that waits for a slot is sent by the read that frees one, not by the clock
        let due =
            self.cursor.peek().filter(|due| due.at < load_ends && (due.at > offset || has_slot));
        due.map_or(next, |due| next.min(start + self.catch_up.when(due.at)))
    }

    /// Counts the messages that are due before an offset as never sent.
    pub(super) fn pass_over(&mut self, unsent: &Unsent, context: &mut Context) {
        unsent::pass_over(&mut self.cursor, unsent, context);
    }

    /// Messages of the schedule that are due before the offset `limit` and not sent. `senders_count`: of the run.
    pub(super) fn backlog(&mut self, limit: Nanos, senders_count: f64, context: &Context) -> u64 {
        let setup = &context.setup;
        let Some(first) = self.cursor.peek().filter(|due| due.at < limit).map(|due| due.index)
        else {
            return 0;
        };
        let share = self.sessions.len() as f64 / senders_count;
        let about = || {
            let all = setup.schedule.count_before(limit).saturating_sub(first);
            (all as f64 * share).ceil() as u64
        };
        self.cursor.due_before(limit, &setup.recipe).unwrap_or_else(about)
    }
}
