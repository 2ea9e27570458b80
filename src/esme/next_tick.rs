//! When the core wants to be called next, and whether that became sooner than it had said.
use crate::kit::Nanos;

/// The time of the next [`tick`](crate::net::Endpoint::tick).
#[derive(Debug)]
pub(super) struct NextTick {
    /// What the last tick said.
    promised: Nanos,
    /// Something became due before that.
    is_sooner: bool,
    /// When deadlines are looked at next.
    maintenance_at: Nanos,
}

impl NextTick {
    pub(super) fn new() -> NextTick {
        NextTick { promised: Nanos::MAX, is_sooner: false, maintenance_at: Nanos::ZERO }
    }

    /// Something is due at this time.
    #[inline]
    pub(super) fn wake_by(&mut self, at: Nanos) {
        if at < self.promised {
            self.promised = at;
            self.is_sooner = true;
        }
    }

    /// A tick says when it wants the next one.
    #[inline]
    pub(super) fn promise(&mut self, at: Nanos) -> Nanos {
        self.promised = at;
        self.is_sooner = false;
        at
    }

    /// Whether something became due sooner than promised; asked once.
    #[inline]
    pub(super) fn take_sooner(&mut self) -> bool {
        std::mem::take(&mut self.is_sooner)
    }

    #[inline]
    pub(super) fn maintenance_at(&self) -> Nanos {
        self.maintenance_at
    }

    /// Deadlines are looked at then.
    #[inline]
    pub(super) fn maintain_at(&mut self, at: Nanos) {
        self.maintenance_at = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_due_before_the_promised_time_is_told_and_once() {
        let mut next = NextTick::new();
        next.promise(Nanos(10));
        next.wake_by(Nanos(12));
        assert!(!next.take_sooner());
        next.wake_by(Nanos(8));
        assert!(next.take_sooner() && !next.take_sooner());
        next.wake_by(Nanos(9));
        assert!(!next.take_sooner());
    }
}
