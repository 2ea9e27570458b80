//! The regular stall of an SMSC (`response.stall`): nothing is written while it lasts.
use crate::kit::Nanos;
use crate::plan::behaviour::Stall;

/// When stalls begin and end; the first one begins one period after the first bind.
#[derive(Clone, Debug)]
pub(super) struct StallSchedule {
    /// None: there are no stalls.
    stall: Option<Stall>,
    /// When the first session bound.
    start: Nanos,
    is_on: bool,
    /// When `is_on` changes next; MAX: never.
    next_change: Nanos,
}

impl StallSchedule {
    pub(super) fn new(stall: Option<Stall>) -> StallSchedule {
        let stall = stall.filter(|s| s.length > Nanos::ZERO && s.every > s.length);
        StallSchedule { stall, start: Nanos::MAX, is_on: false, next_change: Nanos::MAX }
    }

    /// Starts the schedule at the first bind.
    pub(super) fn start(&mut self, now: Nanos) {
        if let Some(stall) = self.stall {
            self.start = now;
            self.next_change = now.after(stall.every);
        }
    }

    /// Whether a stall goes on.
    #[inline]
    pub(super) fn is_on(&self) -> bool {
        self.is_on
    }

    /// When a stall begins or ends next; MAX: never.
    #[inline]
    pub(super) fn due(&self) -> Nanos {
        self.next_change
    }

    /// Brings the state to `now`. True: a stall ended.
    #[inline]
    pub(super) fn update(&mut self, now: Nanos) -> bool {
        if now < self.next_change {
            return false;
        }
        let Some(stall) = self.stall else { return false };
        let was_on = self.is_on;
        let cycles = now.since(self.start).0 / stall.every.0;
        let begin = self.start.after(Nanos(cycles * stall.every.0));
        let end = begin.after(stall.length);
        self.is_on = cycles > 0 && now < end;
        self.next_change = if self.is_on { end } else { begin.after(stall.every) };
        was_on && !self.is_on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stall_begins_at_every_period_but_the_first() {
        let ms = Nanos::from_millis;
        let mut stall = StallSchedule::new(Some(Stall { every: ms(10), length: ms(3) }));
        assert_eq!(stall.due(), Nanos::MAX);
        stall.start(ms(100));
        let silent: Vec<u64> = (100..140)
            .filter(|now| {
                stall.update(ms(*now));
                stall.is_on()
            })
            .collect();
        assert_eq!(silent, [110, 111, 112, 120, 121, 122, 130, 131, 132]);
        assert_eq!(stall.due(), ms(140));
    }
}
