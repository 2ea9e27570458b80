//! What is to be sent later, in order of time. Knows no PDU and no session beyond its number.
use super::pending_delivery::DeliverySlab;
use crate::kit::Nanos;
use crate::smpp::CommandStatus;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Items in order of their time, first in first out among equals of one kind of latency. What comes in
/// order (constant latencies) costs a queue; only what does not costs a heap.
#[derive(Clone, Debug)]
pub(super) struct TimerQueue<T> {
    in_order: VecDeque<(Nanos, T)>,
    others: BinaryHeap<Reverse<Entry<T>>>,
    pushed: u64,
}

#[derive(Clone, Debug)]
struct Entry<T> {
    due: Nanos,
    number: u64,
    item: T,
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.due, self.number) == (other.due, other.number)
    }
}
impl<T> Eq for Entry<T> {}
impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.number).cmp(&(other.due, other.number))
    }
}

impl<T> Default for TimerQueue<T> {
    fn default() -> Self {
        TimerQueue { in_order: VecDeque::new(), others: BinaryHeap::new(), pushed: 0 }
    }
}

impl<T> TimerQueue<T> {
    /// Enters an item.
    #[inline]
    pub(super) fn push(&mut self, due: Nanos, item: T) {
        match self.in_order.back() {
            Some((last, _)) if *last > due => {
                self.pushed += 1;
                self.others.push(Reverse(Entry { due, number: self.pushed, item }));
            }
            Some(_) | None => self.in_order.push_back((due, item)),
        }
    }

    /// The time of the first item; MAX where there is none.
    #[inline]
    pub(super) fn due(&self) -> Nanos {
        let first = self.in_order.front().map_or(Nanos::MAX, |(due, _)| *due);
        let other = self.others.peek().map_or(Nanos::MAX, |Reverse(entry)| entry.due);
        first.min(other)
    }

    /// The first item.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<(Nanos, T)> {
        let first = self.in_order.front().map(|(due, _)| *due);
        let other = self.others.peek().map(|Reverse(entry)| entry.due);
        match (first, other) {
            (Some(first), Some(other)) if other < first => self.pop_other(),
            (Some(_), _) => self.in_order.pop_front(),
            (None, _) => self.pop_other(),
        }
    }

    fn pop_other(&mut self) -> Option<(Nanos, T)> {
        self.others.pop().map(|Reverse(entry)| (entry.due, entry.item))
    }

    /// Items in it.
    pub(super) fn len(&self) -> usize {
        self.in_order.len() + self.others.len()
    }

    /// Drops the items that are not to be kept.
    pub(super) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.in_order.retain(|(_, item)| keep(item));
        self.others.retain(|Reverse(entry)| keep(&entry.item));
    }
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// As it should be.
    Plain,
    /// As a generic_nack.
    Nack,
    /// With a TLV that says it is longer than the PDU.
    OversizeTlv,
}

/// An answer to a submit_sm that is not due yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reply {
    /// The session that asked.
    pub(super) session: u32,
    /// Its sequence_number.
    pub(super) sequence: u32,
    /// ESME_ROK: `number` is the message's.
    pub(super) status: CommandStatus,
    /// What [`DeliverySlab`] keeps for its receipt, or [`DeliverySlab::NONE`].
    pub(super) letter: u32,
    /// How it is written.
    pub(super) manner: Manner,
    /// The message id's number.
    pub(super) number: u64,
}

/// Everything that waits for its time.
#[derive(Clone, Debug)]
pub(super) struct TimedWork {
    /// Answers to submit_sm.
    pub(super) replies: TimerQueue<Reply>,
    /// Receipts, by their place in `letters`.
    pub(super) receipts: TimerQueue<u32>,
    /// Receipts that are due and wait for `receipts.rate`, likewise.
    pub(super) paced: TimerQueue<u32>,
    /// Deliveries to be sent again, likewise.
    pub(super) retries: TimerQueue<u32>,
    /// (session, sequence_number) of deliveries whose answer should have come by then.
    pub(super) checks: TimerQueue<(u32, u32)>,
    /// Sessions whose timers may have run out.
    pub(super) timers: TimerQueue<u32>,
    /// What waits.
    pub(super) letters: DeliverySlab,
}

/// Checks of deliveries that have been answered are dropped once there are this many more than of the rest.
const SPENT_CHECKS_MAX: usize = 65_536;

impl TimedWork {
    /// At most `letters_max` receipts and other deliveries wait.
    pub(super) fn new(letters_max: usize) -> TimedWork {
        TimedWork {
            replies: TimerQueue::default(),
            receipts: TimerQueue::default(),
            paced: TimerQueue::default(),
            retries: TimerQueue::default(),
            checks: TimerQueue::default(),
            timers: TimerQueue::default(),
            letters: DeliverySlab::new(letters_max),
        }
    }

    /// Whether most checks are of deliveries that have been answered: each of the others has a letter.
    #[inline]
    pub(super) fn has_spent_checks(&self) -> bool {
        self.checks.len() > SPENT_CHECKS_MAX + 2 * self.letters.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::Rng;

    #[test]
    fn an_agenda_gives_everything_back_in_order_of_time() {
        let mut rng = Rng::new(5);
        let mut agenda = TimerQueue::default();
        let mut times: Vec<u64> = (0..10_000).map(|_| rng.below(1_000)).collect();
        for time in &times {
            agenda.push(Nanos(*time), *time);
        }
        times.sort_unstable();
        for time in times {
            assert_eq!(agenda.due(), Nanos(time));
            assert_eq!(agenda.pop(), Some((Nanos(time), time)));
        }
        assert_eq!((agenda.due(), agenda.pop()), (Nanos::MAX, None));
    }

    #[test]
    fn items_that_are_dropped_never_come_and_the_rest_keep_their_order() {
        let mut agenda = TimerQueue::default();
        for n in [5_u64, 9, 3, 7, 4, 8] {
            agenda.push(Nanos(n), n);
        }
        agenda.retain(|n| n % 2 == 0 || *n == 3);
        let left: Vec<u64> = std::iter::from_fn(|| agenda.pop()).map(|(_, n)| n).collect();
        assert_eq!(left, [3, 4, 8]);
    }

    #[test]
    fn what_comes_in_order_never_sees_the_heap() {
        let mut agenda = TimerQueue::default();
        for n in 0..1_000_000_u64 {
            agenda.push(Nanos(n / 3), n);
        }
        assert!(agenda.others.is_empty());
        assert_eq!(agenda.len(), 1_000_000);
        assert_eq!(agenda.pop(), Some((Nanos(0), 0)));
    }
}
