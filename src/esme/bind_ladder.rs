//! A ladder of binds: one session after the other, until one fails. Then, where that is asked, a bound session
//! is dropped without an unbind and its bind tried again, to see whether the SMSC releases it at once.
use super::orders::{BindFailure, BindFault, DroppedBind};
use crate::kit::Nanos;
use crate::plan::Ladder;

/// From a drop on purpose to the attempt to bind in its stead: the peer must have seen it go.
const DROP_SEEN: Nanos = Nanos::from_millis(200);

/// Progress of a ladder of binds on one worker.
#[derive(Debug)]
pub(super) struct BindLadder {
    ladder: Ladder,
    /// The next session to connect.
    next: usize,
    /// The pause before it connects; None: another one is being tried.
    pause: Option<Nanos>,
    /// Sessions that were bound when the first failure came.
    bound: Option<u64>,
    /// The bind of a dropped session is being tried again.
    is_replacing: bool,
    dropped: Option<DroppedBind>,
}

/// What follows from the end of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LadderStep {
    /// The next session connects, if there is one.
    Next,
    /// This session is dropped, and the next one tries to bind in its stead.
    Drop(usize),
    /// The sessions from this one on are not tried.
    SkipFrom(usize),
}

impl BindLadder {
    pub(super) fn new(ladder: Ladder) -> BindLadder {
        let pause = Some(Nanos::ZERO);
        BindLadder { ladder, next: 0, pause, bound: None, is_replacing: false, dropped: None }
    }

    /// The session to connect next, and the pause before it. None: not yet, or no more.
    pub(super) fn next_bind(&mut self) -> Option<(usize, Nanos)> {
        let pause = self.pause.take()?;
        self.next += 1;
        Some((self.next - 1, pause))
    }

    /// An attempt has ended: `up` says of each session whether it is bound now. A failure that is to be reported is
    /// added to `failures`.
    pub(super) fn on_bind_result(
        &mut self,
        failure: Option<BindFailure>,
        up: &[bool],
        failures: &mut Vec<BindFailure>,
    ) -> LadderStep {
        if self.is_replacing {
            let occupied = failure.map(|failure| DroppedBind::Occupied(failure.fault));
            self.dropped = Some(occupied.unwrap_or(DroppedBind::Released));
            return LadderStep::SkipFrom(self.next);
        }
        let has_more = self.next < up.len();
        let Some(failure) = failure else {
            self.pause = Some(self.ladder.pause).filter(|_| has_more);
            return LadderStep::Next;
        };
        self.bound = Some(up.iter().filter(|up| **up).count() as u64);
        let refused = matches!(failure.fault, BindFault::Refused(_) | BindFault::Dropped);
        failures.push(failure);
        let replaces = self.ladder.replace && refused && has_more;
        match up.iter().rposition(|up| *up).filter(|_| replaces) {
            Some(session) => {
                self.is_replacing = true;
                self.pause = Some(self.ladder.pause.max(DROP_SEEN));
                LadderStep::Drop(session)
            }
            None => LadderStep::SkipFrom(self.next),
        }
    }

    /// Sessions bound at its top, `up` where nothing failed; and whether the SMSC released the bind that was dropped.
    pub(super) fn result(self, up: u64) -> (u64, Option<DroppedBind>) {
        (self.bound.unwrap_or(up), self.dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(fault: BindFault) -> BindFailure {
        BindFailure { session: 0, fault, why: String::new() }
    }

    #[test]
    fn the_last_bound_session_is_dropped_after_a_refusal_and_its_bind_tried_once() {
        let mut ladder = BindLadder::new(Ladder { pause: Nanos(5), replace: true });
        let mut failures = Vec::new();
        assert_eq!(ladder.next_bind(), Some((0, Nanos::ZERO)));
        assert_eq!(ladder.next_bind(), None, "the first is being tried");
        let up = [true, false, false];
        assert_eq!(ladder.on_bind_result(None, &up, &mut failures), LadderStep::Next);
        assert_eq!(ladder.next_bind(), Some((1, Nanos(5))));
        let refused = failure(BindFault::Refused(5));
        let step = ladder.on_bind_result(Some(refused.clone()), &up, &mut failures);
        assert_eq!((step, &failures), (LadderStep::Drop(0), &vec![refused.clone()]));
        assert_eq!(ladder.next_bind(), Some((2, DROP_SEEN)));
        let step = ladder.on_bind_result(Some(refused), &[false; 3], &mut failures);
        assert_eq!((step, failures.len()), (LadderStep::SkipFrom(3), 1));
        let occupied = DroppedBind::Occupied(BindFault::Refused(5));
        assert_eq!(ladder.result(9), (1, Some(occupied)));
    }

    #[test]
    fn a_host_that_cannot_be_reached_releases_no_bind() {
        let mut ladder = BindLadder::new(Ladder { pause: Nanos(5), replace: true });
        let _ = ladder.next_bind();
        let step = ladder.on_bind_result(
            Some(failure(BindFault::Unreachable)),
            &[false; 2],
            &mut Vec::new(),
        );
        assert_eq!((step, ladder.result(7)), (LadderStep::SkipFrom(1), (0, None)));
    }
}
