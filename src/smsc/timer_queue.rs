//! A queue by due time. Knows neither PDUs nor sessions.
use crate::kit::Nanos;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Items by due time. Items pushed in order of their due time (constant latencies) go to a FIFO; only the heap pay
/// for a heap.
#[derive(Clone, Debug)]
pub(super) struct TimerQueue<T> {
    in_order: VecDeque<(Nanos, T)>,
    heap: BinaryHeap<Reverse<TimedItem<T>>>,
    pushed: u64,
}

#[derive(Clone, Debug)]
struct TimedItem<T> {
    due: Nanos,
    number: u64,
    item: T,
}

impl<T> PartialEq for TimedItem<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.due, self.number) == (other.due, other.number)
    }
}
impl<T> Eq for TimedItem<T> {}
impl<T> PartialOrd for TimedItem<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for TimedItem<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.number).cmp(&(other.due, other.number))
    }
}

impl<T> Default for TimerQueue<T> {
    fn default() -> Self {
        TimerQueue { in_order: VecDeque::new(), heap: BinaryHeap::new(), pushed: 0 }
    }
}

impl<T> TimerQueue<T> {
    /// Adds an item.
    #[inline]
    pub(super) fn push(&mut self, due: Nanos, item: T) {
        match self.in_order.back() {
            Some((last, _)) if *last > due => {
                self.pushed += 1;
                self.heap.push(Reverse(TimedItem { due, number: self.pushed, item }));
            }
            Some(_) | None => self.in_order.push_back((due, item)),
        }
    }

    /// Due time of the first item; MAX: the queue is empty.
    #[inline]
    pub(super) fn due(&self) -> Nanos {
        let first = self.in_order.front().map_or(Nanos::MAX, |(due, _)| *due);
        let other = self.heap.peek().map_or(Nanos::MAX, |Reverse(entry)| entry.due);
        first.min(other)
    }

    /// Removes and returns the first item and its due time.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<(Nanos, T)> {
        let first = self.in_order.front().map(|(due, _)| *due);
        let other = self.heap.peek().map(|Reverse(entry)| entry.due);
        match (first, other) {
            (Some(first), Some(other)) if other < first => self.pop_other(),
            (Some(_), _) => self.in_order.pop_front(),
            (None, _) => self.pop_other(),
        }
    }

    fn pop_other(&mut self) -> Option<(Nanos, T)> {
        self.heap.pop().map(|Reverse(entry)| (entry.due, entry.item))
    }

    /// Number of items.
    pub(super) fn len(&self) -> usize {
        self.in_order.len() + self.heap.len()
    }

    /// Drops the items for which `keep` is false.
    pub(super) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.in_order.retain(|(_, item)| keep(item));
        self.heap.retain(|Reverse(entry)| keep(&entry.item));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::Rng;

    #[test]
    fn items_come_back_in_order_of_time() {
        let mut rng = Rng::new(5);
        let mut queue = TimerQueue::default();
        let mut times: Vec<u64> = (0..10_000).map(|_| rng.below(1_000)).collect();
        for time in &times {
            queue.push(Nanos(*time), *time);
        }
        times.sort_unstable();
        for time in times {
            assert_eq!(queue.due(), Nanos(time));
            assert_eq!(queue.pop(), Some((Nanos(time), time)));
        }
        assert_eq!((queue.due(), queue.pop()), (Nanos::MAX, None));
    }

    #[test]
    fn items_that_are_dropped_never_come_and_the_rest_keep_their_order() {
        let mut queue = TimerQueue::default();
        for n in [5_u64, 9, 3, 7, 4, 8] {
            queue.push(Nanos(n), n);
        }
        queue.retain(|n| n % 2 == 0 || *n == 3);
        let left: Vec<u64> = std::iter::from_fn(|| queue.pop()).map(|(_, n)| n).collect();
        assert_eq!(left, [3, 4, 8]);
    }

    #[test]
    fn items_pushed_in_order_never_reach_the_heap() {
        let mut queue = TimerQueue::default();
        for n in 0..1_000_000_u64 {
            queue.push(Nanos(n / 3), n);
        }
        assert!(queue.heap.is_empty());
        assert_eq!(queue.len(), 1_000_000);
        assert_eq!(queue.pop(), Some((Nanos(0), 0)));
    }
}
