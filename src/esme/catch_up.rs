//! How fast a backlog may go out (`load.catch_up`). Pure: offsets in, offset out.
use crate::kit::Nanos;

/// The offset of the schedule up to which messages may be sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct CatchUpLimit {
    /// None: all that is due goes out at once.
    factor: Option<f64>,
    reached: Nanos,
    asked: Nanos,
}

impl CatchUpLimit {
    pub(super) fn new(factor: Option<f64>) -> CatchUpLimit {
        CatchUpLimit { factor, reached: Nanos::ZERO, asked: Nanos::ZERO }
    }

    /// How far one may send at `now` (an offset): the schedule's time passes at most `factor` times as fast
    /// as the clock's while behind, and never runs ahead of it.
    pub(super) fn at(&mut self, now: Nanos) -> Nanos {
        let Some(factor) = self.factor else { return now };
        let passed = now.since(self.asked).0 as f64 * factor;
        self.reached = self.reached.after(Nanos(passed as u64)).min(now);
        self.asked = now;
        self.reached
    }

    /// Sending stopped at a message of this offset for want of a slot: time that passes now is not saved up.
    pub(super) fn blocked(&mut self, at: Nanos) {
        self.reached = self.reached.min(at);
    }

    /// While behind: when the message at `due` may go, at the earliest.
    pub(super) fn when(&self, due: Nanos) -> Nanos {
        match self.factor {
            Some(factor) if due > self.reached => {
                let wait = due.since(self.reached).0 as f64 / factor;
                due.max(self.asked.after(Nanos(wait.ceil() as u64)))
            }
            Some(_) | None => due,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_cap_all_that_is_due_may_go() {
        let mut h = CatchUpLimit::new(None);
        assert_eq!(h.at(Nanos(77)), Nanos(77));
    }

    #[test]
    fn after_a_block_the_schedule_is_caught_up_at_the_capped_speed_and_no_faster() {
        let mut h = CatchUpLimit::new(Some(1.25));
        assert_eq!(h.at(Nanos(100)), Nanos(100));
        h.blocked(Nanos(100));
        // blocked from 100 to 500: each look finds the same message waiting
        for now in [200, 300, 400, 500] {
            h.at(Nanos(now));
            h.blocked(Nanos(100));
        }
        assert_eq!(h.at(Nanos(600)), Nanos(225));
        assert_eq!(h.at(Nanos(1_000)), Nanos(725));
        // 100 + 1.25 (t - 500) = t at t = 2100
        assert_eq!(h.at(Nanos(2_100)), Nanos(2_100));
        assert_eq!(h.at(Nanos(9_000)), Nanos(9_000));
    }
}
