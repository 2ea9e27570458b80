//! A ladder of binds: one session after the other, until one fails. Then, where that is asked, a bound session
//! is dropped without an unbind and its place tried again, to see whether the SMSC gives it back at once.
use super::core::Core;
use super::orders::{BindFailure, BindFault, DroppedBind};
use super::session::SessionStatus;
use super::state::State;
use crate::kit::Nanos;
use crate::plan::Ladder;

/// From a drop on purpose to the attempt to take its place: the peer must have seen it go.
const DROP_SEEN: Nanos = Nanos::from_millis(200);

/// How far a ladder has been climbed.
#[derive(Debug)]
pub(super) struct BindLadder {
    ladder: Ladder,
    /// The next link to connect.
    next: usize,
    /// It may go now, after this pause.
    open: Option<Nanos>,
    /// Sessions that were bound when the first failure came.
    bound: Option<u64>,
    /// A place is being tried again.
    replacing: bool,
    place: Option<DroppedBind>,
}

impl BindLadder {
    pub(super) fn new(ladder: Ladder) -> BindLadder {
        BindLadder {
            ladder,
            next: 0,
            open: Some(Nanos::ZERO),
            bound: None,
            replacing: false,
            place: None,
        }
    }

    /// Sessions bound at the top of it, `up` where nothing failed; and what became of the dropped one's place.
    pub(super) fn result(self, up: u64) -> (u64, Option<DroppedBind>) {
        (self.bound.unwrap_or(up), self.place)
    }
}

impl Core {
    /// Whether sessions bind one after the other.
    pub fn is_ladder(&self) -> bool {
        self.setup.plan.ladder.is_some()
    }

    /// On a ladder: the session to connect next, and the pause before it. None: not yet, or no more.
    pub fn next_rung(&mut self) -> Option<(u32, Nanos)> {
        let climb = self.climb.as_mut().filter(|_| !self.stopping)?;
        let pause = climb.open.take()?;
        let link = climb.next;
        climb.next += 1;
        Some((link as u32, pause))
    }

    /// One more rung was tried.
    pub(super) fn climbed(&mut self, failure: Option<BindFailure>, now: Nanos) {
        let Some(climb) = self.climb.as_mut() else { return };
        let more = climb.next < self.links.len();
        if climb.replacing {
            climb.place = Some(failure.map_or(DroppedBind::Free, |f| DroppedBind::Taken(f.fault)));
            return self.leave_the_rest();
        }
        let Some(failure) = failure else {
            climb.open = Some(climb.ladder.pause).filter(|_| more);
            return;
        };
        let up = |l: &&super::session::EsmeSession| l.standing == SessionStatus::Up;
        climb.bound = Some(self.links.iter().filter(up).count() as u64);
        let refused = matches!(failure.fault, BindFault::Refused(_) | BindFault::Dropped);
        self.failures.push(failure);
        let last_up = self.links.iter().rposition(|l| l.standing == SessionStatus::Up);
        let again = climb.ladder.replace && refused && more;
        match last_up.filter(|_| again) {
            Some(link) => {
                climb.replacing = true;
                climb.open = Some(climb.ladder.pause.max(DROP_SEEN));
                self.give_up_link(link, "dropped on purpose", now);
            }
            None => self.leave_the_rest(),
        }
    }

    /// What was not tried will not be.
    fn leave_the_rest(&mut self) {
        let from = self.climb.as_ref().map_or(0, |c| c.next);
        for link in &mut self.links[from..] {
            link.standing = SessionStatus::Gone;
            link.state = State::NotTried;
        }
        self.untried = 0;
    }
}
