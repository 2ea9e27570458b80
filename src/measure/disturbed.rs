//! Which times of a load are disturbed by an event (docs/measuring.md, "Recovery"). A message belongs to them by its
//! intended time, a second by its own.
use crate::kit::{NS_PER_S, Nanos};

/// Disturbed times of a load, in whole seconds. Each begins a moment before an occurrence; its end is known once the run
/// has recovered from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisturbedTime {
    /// The earliest start; MAX: nothing is ever disturbed.
    first: Nanos,
    /// (start, end), sorted by start. An end of MAX: not recovered yet.
    spans: Vec<(Nanos, Nanos)>,
}

impl DisturbedTime {
    /// A message that was intended this long before an occurrence may still be in flight when it begins.
    pub const LEAD: Nanos = Nanos::from_secs(1);

    /// Disturbed by occurrences that begin at these times, in order.
    pub fn by(occurrences: impl Iterator<Item = Nanos>) -> DisturbedTime {
        let spans: Vec<_> =
            occurrences.map(|from| (DisturbedTime::start_of(from), Nanos::MAX)).collect();
        DisturbedTime { first: spans.first().map_or(Nanos::MAX, |span| span.0), spans }
    }

    /// When the time that an occurrence disturbs begins.
    pub fn start_of(from: Nanos) -> Nanos {
        let start = from.since(DisturbedTime::LEAD);
        Nanos(start.0 - start.0 % NS_PER_S)
    }

    /// Whether a message that is intended at this time is disturbed.
    #[inline]
    pub fn contains(&self, at: Nanos) -> bool {
        at >= self.first && self.is_within(at)
    }

    #[cold]
    fn is_within(&self, at: Nanos) -> bool {
        let begun = self.spans.partition_point(|(start, _)| *start <= at);
        begun > 0 && at < self.spans[begun - 1].1
    }

    /// Whether any part of the second `number` is disturbed.
    pub fn has_second(&self, number: u64) -> bool {
        // starts and ends are whole seconds
        self.contains(Nanos::from_secs(number))
    }

    /// The run has recovered from all that began before: messages intended from `at` on are undisturbed, up to the next
    /// occurrence. `at` is a whole second.
    pub fn recovered(&mut self, at: Nanos) {
        for (_, end) in
            self.spans.iter_mut().filter(|(start, end)| *start < at && *end == Nanos::MAX)
        {
            *end = at;
        }
    }

    /// The next start after `at`; MAX: there is none.
    pub fn next_start(&self, at: Nanos) -> Nanos {
        let begun = self.spans.partition_point(|(start, _)| *start <= at);
        self.spans.get(begun).map_or(Nanos::MAX, |span| span.0)
    }

    /// The next time after `at` at which undisturbed and disturbed time may change; MAX: there is none.
    pub fn next_change(&self, at: Nanos) -> Nanos {
        let ends = self.spans.iter().map(|span| span.1);
        let end = ends.filter(|end| *end > at).min().unwrap_or(Nanos::MAX);
        end.min(self.next_start(at))
    }

    /// The disturbed times before `end`, joined where they touch.
    pub fn before(&self, end: Nanos) -> Vec<(Nanos, Nanos)> {
        let mut joined: Vec<(Nanos, Nanos)> = Vec::new();
        for (from, to) in self.spans.iter().map(|(from, to)| (*from, (*to).min(end))) {
            match joined.last_mut() {
                Some(last) if last.1 >= from => last.1 = last.1.max(to),
                Some(_) | None if from < to => joined.push((from, to)),
                Some(_) | None => {}
            }
        }
        joined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Nanos {
        Nanos::from_millis(ms)
    }

    #[test]
    fn time_is_disturbed_from_a_second_before_an_occurrence_until_it_has_recovered() {
        let mut time = DisturbedTime::by([ms(5_500), ms(20_000), ms(23_000)].into_iter());
        let s = Nanos::from_secs;
        assert!(
            !time.contains(Nanos(s(4).0 - 1)) && time.contains(s(4)) && time.contains(s(1_000))
        );
        assert_eq!((time.next_start(s(4)), time.next_change(s(4))), (s(19), s(19)));
        time.recovered(s(12));
        assert!(time.contains(Nanos(s(12).0 - 1)) && !time.contains(s(12)) && !time.has_second(18));
        assert!(time.has_second(19) && time.contains(s(30)));
        assert_eq!((time.next_change(s(4)), time.next_change(s(12))), (s(12), s(19)));
        assert_eq!(time.before(s(40)), [(s(4), s(12)), (s(19), s(40))]);
        time.recovered(s(35));
        assert_eq!(time.before(s(40)), [(s(4), s(12)), (s(19), s(35))]);
        assert_eq!(time.before(s(10)), [(s(4), s(10))]);
    }

    #[test]
    fn without_an_occurrence_nothing_is_disturbed() {
        let mut time = DisturbedTime::by(std::iter::empty());
        time.recovered(Nanos::from_secs(3));
        assert!(!time.contains(Nanos::ZERO) && !time.contains(Nanos(u64::MAX - 1)));
        assert_eq!(
            (time.next_change(Nanos::ZERO), time.before(Nanos::MAX)),
            (Nanos::MAX, Vec::new())
        );
    }

    #[test]
    fn an_occurrence_in_the_first_second_disturbs_the_load_from_its_start() {
        let time = DisturbedTime::by([ms(300)].into_iter());
        assert!(time.contains(Nanos::ZERO));
    }
}
