//! One account's sending on one worker: its own walk through the schedule, the order in which window slots
//! became free, and which session carries the next message. Accounts do not wait for each other.
use super::catch_up::CatchUpLimit;
use super::throttle::QueuedRetry;
use crate::kit::Nanos;
use crate::plan::Cursor;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// When each free slot became free, oldest first; runs of equal stamps are kept as one.
///
/// docs/measuring.md, "Times of a message": `slot_free` is the intended time, unless no slot was free then; in that
/// case it is the stamp of what freed the slot the message got. Messages take slots in the order in which they became
/// free.
#[derive(Debug, Default)]
pub(super) struct FreeSlots {
    runs: VecDeque<(Nanos, u32)>,
    count: usize,
}

impl FreeSlots {
    #[inline]
    pub(super) fn freed(&mut self, at: Nanos, slots: u32) {
        if slots == 0 {
            return;
        }
        self.count += slots as usize;
        match self.runs.back_mut() {
            Some(run) if run.0 == at => run.1 += slots,
            Some(_) | None => self.runs.push_back((at, slots)),
        }
    }
    /// The oldest free slot is taken.
    #[inline]
    pub(super) fn take(&mut self) -> Option<Nanos> {
        let run = self.runs.front_mut()?;
        let at = run.0;
        run.1 -= 1;
        if run.1 == 0 {
            self.runs.pop_front();
        }
        self.count -= 1;
        Some(at)
    }
    /// The oldest so many are taken.
    #[inline]
    pub(super) fn take_some(&mut self, mut slots: usize) {
        slots = slots.min(self.count);
        self.count -= slots;
        while let Some(run) = self.runs.front_mut().filter(|_| slots > 0) {
            let taken = slots.min(run.1 as usize);
            run.1 -= taken as u32;
            slots -= taken;
            if run.1 == 0 {
                self.runs.pop_front();
            }
        }
    }
    /// So many free slots went with their session: the ones freed last.
    pub(super) fn withdraw(&mut self, slots: usize) {
        for _ in 0..slots.min(self.count) {
            let Some(run) = self.runs.back_mut() else { return };
            run.1 -= 1;
            self.count -= 1;
            if run.1 == 0 {
                self.runs.pop_back();
            }
        }
    }
    #[inline]
    pub(super) fn count(&self) -> usize {
        self.count
    }
}

/// One account's sending on one worker.
#[derive(Debug)]
pub(super) struct AccountSender {
    /// Local numbers of its sessions that may send.
    pub(super) links: Vec<u32>,
    /// The first of their sender numbers, and the step from one to the next.
    classes: (u32, u32),
    pub(super) cursor: Cursor,
    pub(super) free: FreeSlots,
    pub(super) horizon: CatchUpLimit,
    /// What is to be sent again, soonest first.
    pub(super) again: BinaryHeap<Reverse<QueuedRetry>>,
    /// Where the search for a session with room goes on.
    pub(super) turn: usize,
    /// Since when no slot has been free; None while one is.
    pub(super) full_since: Option<Nanos>,
    /// Time without a free slot since the last interval.
    pub(super) full_ns: u64,
}

impl AccountSender {
    pub(super) fn new(cursor: Cursor, catch_up: Option<f64>, classes: (u32, u32)) -> AccountSender {
        AccountSender {
            links: Vec::new(),
            classes,
            cursor,
            free: FreeSlots::default(),
            horizon: CatchUpLimit::new(catch_up),
            again: BinaryHeap::new(),
            turn: 0,
            full_since: None,
            full_ns: 0,
        }
    }

    /// Where in `links` the session of this sender stands: a worker's senders are equally spaced.
    #[inline]
    pub(super) fn place_of(&self, sender: u32) -> usize {
        let (first, stride) = self.classes;
        let place = (sender.saturating_sub(first) / stride.max(1)) as usize;
        if place < self.links.len() { place } else { 0 }
    }

    /// Slots became free. A read that freed none leaves the clock of a full window running.
    #[inline]
    pub(super) fn freed(&mut self, at: Nanos, slots: u32) {
        if slots == 0 {
            return;
        }
        self.free.freed(at, slots);
        if let Some(since) = self.full_since.take() {
            self.full_ns += at.since(since).0;
        }
    }

    /// The oldest free slot is taken at `now`.
    #[inline]
    pub(super) fn take_slot(&mut self, now: Nanos) -> Option<Nanos> {
        let freed = self.free.take();
        if self.free.count() == 0 && self.full_since.is_none() {
            self.full_since = Some(now);
        }
        freed
    }

    /// So many of the oldest free slots are taken at `now`.
    #[inline]
    pub(super) fn take_slots(&mut self, slots: usize, now: Nanos) {
        self.free.take_some(slots);
        if slots > 0 && self.free.count() == 0 && self.full_since.is_none() {
            self.full_since = Some(now);
        }
    }

    /// So many free slots went with their session.
    pub(super) fn withdraw(&mut self, slots: usize, now: Nanos) {
        self.free.withdraw(slots);
        if self.free.count() == 0 && self.full_since.is_none() {
            self.full_since = Some(now);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_taken_in_the_order_in_which_they_became_free() {
        let mut f = FreeSlots::default();
        f.freed(Nanos(1), 2);
        f.freed(Nanos(1), 1);
        f.freed(Nanos(5), 1);
        let mut g = FreeSlots::default();
        g.runs.clone_from(&f.runs);
        g.count = f.count;
        let taken: Vec<_> = std::iter::from_fn(|| f.take()).collect();
        assert_eq!(taken, [Nanos(1), Nanos(1), Nanos(1), Nanos(5)]);
        g.take_some(2);
        assert_eq!((g.count(), g.take(), g.take()), (2, Some(Nanos(1)), Some(Nanos(5))));
    }

    #[test]
    fn a_session_that_goes_takes_its_own_slots_with_it() {
        let mut f = FreeSlots::default();
        f.freed(Nanos(1), 2);
        f.freed(Nanos(9), 3);
        f.withdraw(4);
        assert_eq!((f.count(), f.take(), f.take()), (1, Some(Nanos(1)), None));
    }
}
