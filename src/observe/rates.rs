//! Counters as rates: the difference between two looks, by the time between them.
use crate::kit::Nanos;
use std::collections::HashMap;

/// The counters of one source, as they were at the last look. A source has a bounded number of them.
#[derive(Debug, Default)]
pub(super) struct Rates(HashMap<String, (Nanos, f64)>);

impl Rates {
    /// The rate per second since the last look. None at the first one, and where the counter has begun anew.
    pub(super) fn of(&mut self, name: &str, value: f64, now: Nanos) -> Option<f64> {
        let before = match self.0.get_mut(name) {
            Some(before) => std::mem::replace(before, (now, value)),
            None => {
                self.0.insert(name.to_owned(), (now, value));
                return None;
            }
        };
        let seconds = now.since(before.0).as_secs_f64();
        (seconds > 0.0 && value >= before.1).then(|| (value - before.1) / seconds)
    }

    /// Forgets the last look: what is counted is another's from now on.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_needs_two_looks_and_a_counter_that_begins_anew_has_none() {
        let mut rates = Rates::default();
        let mut at = |s: u64, value: f64| rates.of("n", value, Nanos::from_secs(s));
        assert_eq!(at(1, 100.0), None);
        assert_eq!(at(3, 150.0), Some(25.0));
        assert_eq!(at(4, 10.0), None, "it was restarted");
        assert_eq!(at(5, 12.0), Some(2.0));
    }
}
