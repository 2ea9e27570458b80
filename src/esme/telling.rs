//! What the coordinator is told: events in their order, and what was told already.
use super::orders::Event;
use crate::kit::Nanos;
use crate::measure::Interval;

/// Events that wait to be taken, and what must not be told twice.
#[derive(Debug)]
pub(super) struct Telling {
    worker: u32,
    events: Vec<Event>,
    /// The number of the interval that is filling.
    interval_number: u64,
    /// Empty intervals, to be filled again.
    #[expect(clippy::vec_box, reason = "intervals are large and travel by pointer")]
    spares: Vec<Box<Interval>>,
    /// The last [`Event::Quiet`].
    quiet: Option<(bool, u64, u64)>,
    all_lost: bool,
    /// Foreign traffic ends the run and was not told yet.
    foreign_stops: bool,
}

impl Telling {
    pub(super) fn new(worker: u32, foreign_stops: bool) -> Telling {
        Telling {
            worker,
            events: Vec::new(),
            interval_number: 0,
            spares: Vec::new(),
            quiet: None,
            all_lost: false,
            foreign_stops,
        }
    }

    /// The number of this worker.
    pub(super) fn worker(&self) -> u32 {
        self.worker
    }
    pub(super) fn tell(&mut self, event: Event) {
        self.events.push(event);
    }
    /// Moves the events into `into`.
    #[inline]
    pub(super) fn take(&mut self, into: &mut Vec<Event>) {
        into.append(&mut self.events);
    }

    /// When the interval that is filling ends.
    #[inline]
    pub(super) fn interval_ends(&self, start: Nanos) -> Nanos {
        start + Nanos::from_secs(self.interval_number + 1)
    }
    pub(super) fn interval_number(&self) -> u64 {
        self.interval_number
    }
    /// An interval that is over is told; the next one begins.
    pub(super) fn interval(&mut self, interval: Box<Interval>) {
        self.interval_number += 1;
        self.tell(Event::Interval(interval));
    }
    /// Keeps an empty interval to be filled again.
    pub(super) fn recycle(&mut self, spare: Box<Interval>) {
        if self.spares.len() < 2 {
            self.spares.push(spare);
        }
    }
    pub(super) fn take_spare(&mut self) -> Option<Box<Interval>> {
        self.spares.pop()
    }

    /// Tells whether nothing is left to wait for, where that or a count has changed.
    pub(super) fn quiet(&mut self, quiet: bool, handed: u64, received: u64) {
        let told = (quiet, handed, received);
        if self.quiet != Some(told) {
            self.quiet = Some(told);
            self.tell(Event::Quiet { worker: self.worker, quiet, handed, received });
        }
    }

    /// Tells that no session will be bound any more, once.
    pub(super) fn all_lost(&mut self) {
        if !std::mem::replace(&mut self.all_lost, true) {
            self.tell(Event::AllLost { worker: self.worker });
        }
    }

    /// Whether foreign traffic would end the run, and was not told yet.
    pub(super) fn may_be_foreign(&self) -> bool {
        self.foreign_stops
    }
    /// Tells of foreign traffic, once, where it ends the run.
    pub(super) fn foreign(&mut self, what: &str) {
        if std::mem::take(&mut self.foreign_stops) {
            self.tell(Event::Foreign { what: what.to_owned() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(telling: &mut Telling) -> usize {
        let mut events = Vec::new();
        telling.take(&mut events);
        events.len()
    }

    #[test]
    fn what_did_not_change_is_told_once() {
        let mut telling = Telling::new(0, true);
        for (quiet, handed, count) in [(false, 0, 1), (false, 0, 0), (true, 0, 1), (true, 1, 1)] {
            telling.quiet(quiet, handed, 0);
            assert_eq!(told(&mut telling), count);
        }
        for count in [2, 0] {
            telling.all_lost();
            telling.foreign("an MO");
            assert_eq!(told(&mut telling), count);
        }
        assert!(!telling.may_be_foreign());
        let mut telling = Telling::new(0, false);
        telling.foreign("an MO");
        assert_eq!(told(&mut telling), 0, "it does not end the run");
    }

    #[test]
    fn intervals_are_numbered_and_two_empty_ones_are_kept() {
        use crate::measure::LatencyRange;
        let range = LatencyRange::for_deadline(Nanos::from_secs(1));
        let interval = || Box::new(Interval::new(0, 1, range));
        let mut telling = Telling::new(0, false);
        assert_eq!(telling.interval_ends(Nanos(7)), Nanos(7) + Nanos::from_secs(1));
        telling.interval(interval());
        assert_eq!((told(&mut telling), telling.interval_number()), (1, 1));
        (0..3).for_each(|_| telling.recycle(interval()));
        let kept = std::iter::from_fn(|| telling.take_spare()).count();
        assert_eq!(kept, 2);
    }
}
