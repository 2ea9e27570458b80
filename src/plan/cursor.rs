//! A worker's own messages in order: the schedule and the striping, walked cheaply. It knows no clock:
//! whoever holds it compares [`Cursor::peek`] with the time.
#[cfg(test)]
mod tests;

use super::schedule::{Due, Pacing, Schedule};
use super::striping::{Numbers, Own, Striping, Walk};
use std::sync::Arc;

/// One worker's scheduled messages, and its numbers for closed-loop ones.
#[derive(Debug)]
pub struct Cursor {
    schedule: Arc<Schedule>,
    pacing: Pacing,
    own: Walk,
    closed: Numbers,
    due: Option<Due>,
    /// The next of its own messages, where the schedule holds no time for it (any more).
    beyond: Option<Own>,
}

impl Cursor {
    /// Stands at the first message of `worker` (0..`striping.workers_count()`).
    pub fn new(schedule: Arc<Schedule>, striping: &Arc<Striping>, worker: usize) -> Cursor {
        Cursor::of(schedule, striping, worker, None)
    }

    /// The same, of one account only: accounts do not wait for each other.
    pub fn of_account(
        schedule: Arc<Schedule>,
        striping: &Arc<Striping>,
        worker: usize,
        account: u16,
    ) -> Cursor {
        Cursor::of(schedule, striping, worker, Some(account))
    }

    fn of(
        schedule: Arc<Schedule>,
        striping: &Arc<Striping>,
        worker: usize,
        account: Option<u16>,
    ) -> Cursor {
        let own = Walk::of(striping, worker, account, 0);
        let closed = Numbers::new(Walk::of(striping, worker, account, schedule.len()));
        let mut cursor =
            Cursor { schedule, pacing: Pacing::new(), own, closed, due: None, beyond: None };
        cursor.advance();
        cursor
    }

    /// The next scheduled message, whenever it is due; None when all are done.
    #[inline]
    pub const fn peek(&self) -> Option<&Due> {
        self.due.as_ref()
    }

    /// On to the next.
    #[inline]
    pub fn advance(&mut self) {
        if self.beyond.is_none()
            && let Some(own) = self.own.next()
        {
            self.place(own);
        } else {
            self.due = None;
        }
    }

    #[inline]
    fn place(&mut self, own: Own) {
        let Own { index, account, sender } = own;
        match self.pacing.time_of(&self.schedule, index) {
            Some((at, stage)) => self.due = Some(Due { index, at, stage, sender, account }),
            None => {
                self.due = None;
                self.beyond.get_or_insert(own);
            }
        }
    }

    /// Goes on by another schedule, which may move what has not been taken yet. Each message is still taken
    /// once, in order, whatever was taken before.
    pub fn steer(&mut self, schedule: Arc<Schedule>) {
        self.schedule = schedule;
        self.pacing = Pacing::new();
        let waits = self.due.map(|d| Own { index: d.index, account: d.account, sender: d.sender });
        if let Some(own) = waits.or_else(|| self.beyond.take()) {
            self.beyond = None;
            self.place(own);
        }
    }

    /// (number of this worker's next closed-loop message, distance to the one after it); distance 0: no more
    /// is known than the next. Numbers begin at `schedule.len()` and are striped as all others are; None where
    /// this worker owns no sender.
    #[inline]
    pub fn closed_peek(&self) -> Option<(u64, u32)> {
        self.closed.peek()
    }

    /// So many closed-loop messages were sent.
    #[inline]
    pub fn closed_take(&mut self, count: u32) {
        self.closed.take(count);
    }
}
