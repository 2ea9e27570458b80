//! A worker's own messages in order: the schedule and the striping, walked cheaply. It knows no clock:
//! its caller compares [`Cursor::peek`] with the time.
#[cfg(test)]
mod tests;

use super::recipe::Recipe;
use super::schedule::{Due, Schedule, ScheduleCursor};
use super::striping::{ClosedLoopNumbers, OwnCount, OwnCounts, OwnMessage, OwnMessages, Striping};
use crate::kit::Nanos;
use std::sync::Arc;

/// Messages of one stage, account and label that were passed over together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Their stage.
    pub stage: u16,
    /// The account that was to send them.
    pub account: u16,
    /// Which of the plan's messages.
    pub label: u16,
    /// How many; not 0.
    pub count: u64,
}

/// One worker's scheduled messages, and its numbers for closed-loop ones.
#[derive(Debug)]
pub struct Cursor {
    schedule: Arc<Schedule>,
    pacing: ScheduleCursor,
    own: OwnMessages,
    closed: ClosedLoopNumbers,
    due: Option<Due>,
    /// The next of its own messages, where the schedule holds no time for it (any more).
    beyond: Option<OwnMessage>,
    owner: Owner,
    /// Made at the first [`Cursor::skip_before`]; Some(None): the period is too long, they are walked.
    counts: Option<Option<OwnCounts>>,
}

/// Whose messages they are.
#[derive(Debug)]
struct Owner {
    striping: Arc<Striping>,
    worker: usize,
    account: Option<u16>,
}

impl Owner {
    /// The counts of its own messages, worked out once. None where only a walk tells them.
    fn counts<'c>(
        &self,
        kept: &'c mut Option<Option<OwnCounts>>,
        recipe: &Recipe,
    ) -> Option<&'c OwnCounts> {
        let Owner { striping, worker, account } = self;
        let new = || OwnCounts::new(striping, *worker, *account, &recipe.labels());
        kept.get_or_insert_with(new).as_ref()
    }
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
        let own = OwnMessages::of(striping, worker, account, 0);
        let closed =
            ClosedLoopNumbers::new(OwnMessages::of(striping, worker, account, schedule.len()));
        let mut cursor = Cursor {
            schedule,
            pacing: ScheduleCursor::new(),
            own,
            closed,
            due: None,
            beyond: None,
            owner: Owner { striping: striping.clone(), worker, account },
            counts: None,
        };
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
    fn place(&mut self, own: OwnMessage) {
        let OwnMessage { index, account, sender } = own;
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
        self.pacing = ScheduleCursor::new();
        let waits =
            self.due.map(|d| OwnMessage { index: d.index, account: d.account, sender: d.sender });
        if let Some(own) = waits.or_else(|| self.beyond.take()) {
            self.beyond = None;
            self.place(own);
        }
    }

    /// What is taken next, and the number of the first message that is intended at `at` or later; None: nothing lies
    /// between.
    fn until(&self, at: Nanos) -> Option<(Due, u64)> {
        let end = self.schedule.count_before(at);
        self.due.filter(|due| due.index < end).map(|due| (due, end))
    }

    /// Passes over all messages that are intended before `at` (from the start of the load), and returns how
    /// many they were. `recipe` is the plan's, always the same. The cost does not grow with their number,
    /// save where account and label repeat together only after more than 2^20 messages: those are walked,
    /// and a plan has at most 10^9 of them.
    pub fn skip_before(&mut self, at: Nanos, recipe: &Recipe) -> Vec<Skipped> {
        let Some((due, end)) = self.until(at) else { return Vec::new() };
        let counts = self.owner.counts(&mut self.counts, recipe);
        let Some(counts) = counts else { return self.walk_before(end, recipe) };
        let mut skipped = Vec::new();
        let mut from = due.index;
        let mut before = counts.below(from);
        for stage in due.stage.. {
            let until = self.schedule.stage_first(stage) + self.schedule.stage_count(stage);
            let until = until.min(end);
            let upto = counts.below(until);
            for (a, b) in before.iter().zip(&upto) {
                let OwnCount { account, label, count } = *b;
                let count = count - a.count;
                if count > 0 {
                    skipped.push(Skipped { stage, account, label, count });
                }
            }
            (from, before) = (until, upto);
            if from >= end {
                break;
            }
        }
        self.own.seek(end);
        self.pacing.jump();
        self.advance();
        skipped
    }

    /// How many messages are intended before `at` and were not taken yet. None where that would take a walk over
    /// them. `recipe` is the plan's, always the same.
    pub fn due_before(&mut self, at: Nanos, recipe: &Recipe) -> Option<u64> {
        let Some((due, end)) = self.until(at) else { return Some(0) };
        let counts = self.owner.counts(&mut self.counts, recipe)?;
        let sum = |n: u64| counts.below(n).iter().map(|own| own.count).sum::<u64>();
        Some(sum(end) - sum(due.index))
    }

    /// The same one by one, up to message `end`.
    fn walk_before(&mut self, end: u64, recipe: &Recipe) -> Vec<Skipped> {
        let mut skipped: Vec<Skipped> = Vec::new();
        while let Some(due) = self.due.filter(|due| due.index < end) {
            let Due { stage, account, index, .. } = due;
            let label = recipe.label(index);
            let same = |s: &&mut Skipped| (s.stage, s.account, s.label) == (stage, account, label);
            match skipped.iter_mut().rev().find(same) {
                Some(found) => found.count += 1,
                None => skipped.push(Skipped { stage, account, label, count: 1 }),
            }
            self.advance();
        }
        skipped.sort_unstable();
        skipped
    }

    /// (number of this worker's next closed-loop message, distance to the one after it); distance 0: no more
    /// is known than the next. ClosedLoopNumbers begin at `schedule.len()` and are striped as all others are; None where
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
