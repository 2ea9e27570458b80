//! The response times of one session: one digit, made at its first answer.
use crate::kit::Nanos;
use crate::measure::{Latency, LatencyRange};

/// Response times that are in no histogram yet: a session's own is in no cache when its turn comes, so several
/// go there at once.
#[derive(Debug, Default)]
struct Recent {
    /// Each with how many answers in a row had it; 0: free.
    times: [(Nanos, u32); 8],
    /// The last one.
    last: usize,
}

impl Recent {
    /// Adds `count` answers. False: there is no room.
    #[inline]
    fn takes(&mut self, response: Nanos, count: u32) -> bool {
        let Some((last, answers)) = self.times.get_mut(self.last) else { return false };
        if *answers == 0 || *last == response {
            *last = response;
            *answers += count;
            return true;
        }
        let next = self.times.get_mut(self.last + 1);
        self.last += usize::from(next.is_some());
        next.map(|next| *next = (response, count)).is_some()
    }
}

/// The response times of one session.
#[derive(Debug)]
pub(super) struct ResponseTimes {
    recent: Recent,
    /// Those that are not recent; None: there are none.
    all: Option<Box<Latency>>,
    range: LatencyRange,
}

impl ResponseTimes {
    /// `range`: of the worker's distributions.
    pub(super) fn new(range: LatencyRange) -> ResponseTimes {
        let range = LatencyRange { max: range.max, digits: 1 };
        ResponseTimes { recent: Recent::default(), all: None, range }
    }

    /// `count` answers took `response`.
    #[inline]
    pub(super) fn record(&mut self, response: Nanos, count: u32) {
        if !self.recent.takes(response, count) {
            self.record_recent();
            self.recent.takes(response, count);
        }
    }

    fn record_recent(&mut self) {
        let recent = std::mem::take(&mut self.recent);
        for (response, count) in recent.times.into_iter().filter(|(_, count)| *count > 0) {
            let all = self.all.get_or_insert_with(|| Box::new(Latency::new(self.range)));
            all.record_n(response, u64::from(count));
        }
    }

    /// The distribution; None: there was no answer.
    pub(super) fn take(&mut self) -> Option<Latency> {
        self.record_recent();
        self.all.take().map(|all| *all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recent_response_times_are_kept_in_runs_until_eight_are_there() {
        let mut recent = Recent::default();
        for n in 0..8 {
            assert!(recent.takes(Nanos(n), 1) && recent.takes(Nanos(n), 2), "{n}");
        }
        assert!(!recent.takes(Nanos(8), 1) && recent.takes(Nanos(7), 1));
        let counts = recent.times.map(|(_, count)| count);
        assert_eq!((counts, recent.times[7].0), ([3, 3, 3, 3, 3, 3, 3, 4], Nanos(7)));
    }
}
