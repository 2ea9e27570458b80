//! The operator's keys and the requests they make. The view's thread records them, the coordinator's thread takes them.
use crate::measure::{CutReason, Steer};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::sync::{Mutex, PoisonError};

/// A step of the rate, in percent of the plan.
const STEP: u32 = 10;
/// Limits of [`Steer::Rate`].
const PERCENT_MIN: u32 = 10;
const PERCENT_MAX: u32 = 1_000;

/// The action of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Pauses or resumes the view.
    Pause,
    /// Explains the view, or returns to it.
    Help,
    /// Raises the rate by a step.
    Faster,
    /// Lowers the rate by a step.
    Slower,
    /// Ends the load, drains and reports.
    Finish,
    /// As SIGINT does.
    Interrupt,
}

impl Action {
    pub(super) fn of(key: KeyEvent) -> Option<Action> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        match key.code {
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                Some(Action::Interrupt)
            }
            KeyCode::Char(_) if key.modifiers.contains(KeyModifiers::CONTROL) => None,
            KeyCode::Char('p') => Some(Action::Pause),
            KeyCode::Char('?') => Some(Action::Help),
            // the key without shift, where + needs it
            KeyCode::Char('+' | '=') => Some(Action::Faster),
            KeyCode::Char('-') => Some(Action::Slower),
            KeyCode::Char('q') => Some(Action::Finish),
            _ => None,
        }
    }
}

/// The state of the operator's rate request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RateRequest {
    /// No rate request is pending.
    None,
    /// The run has not taken it yet.
    New,
    /// The run took it; snapshots since then.
    Sent(u32),
}

/// The operator's requests, as the view shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OperatorRequest {
    /// Percent of the plan's rate.
    pub(super) percent: u32,
    /// Whether the load must end.
    pub(super) end: bool,
    /// Whether the run did not take the last rate_request.
    pub(super) refused: bool,
}

#[derive(Debug)]
struct State {
    asked: OperatorRequest,
    rate_request: RateRequest,
    end_sent: bool,
}

/// The operator's requests, shared by two threads.
#[derive(Debug)]
pub(super) struct Keys(Mutex<State>);

impl Keys {
    pub(super) fn new() -> Keys {
        let asked = OperatorRequest { percent: 100, end: false, refused: false };
        Keys(Mutex::new(State { asked, rate_request: RateRequest::None, end_sent: false }))
    }

    /// The state is always complete, even if a thread panicked.
    fn with<T>(&self, then: impl FnOnce(&mut State) -> T) -> T {
        then(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn asked(&self) -> OperatorRequest {
        self.with(|s| s.asked)
    }

    pub(super) fn faster(&self) {
        self.rate(|percent| (percent + STEP).min(PERCENT_MAX));
    }

    pub(super) fn slower(&self) {
        self.rate(|percent| percent.saturating_sub(STEP).max(PERCENT_MIN));
    }

    fn rate(&self, step: impl FnOnce(u32) -> u32) {
        self.with(|s| {
            s.asked.percent = step(s.asked.percent);
            s.asked.refused = false;
            s.rate_request = RateRequest::New;
        });
    }

    pub(super) fn end(&self) {
        self.with(|s| s.asked.end = true);
    }

    /// The next request for the run; each is returned once.
    pub(super) fn take(&self) -> Option<Steer> {
        self.with(|s| {
            if s.asked.end && !s.end_sent {
                s.end_sent = true;
                return Some(Steer::End(CutReason::Operator));
            }
            if s.rate_request == RateRequest::New {
                s.rate_request = RateRequest::Sent(0);
                return Some(Steer::Rate { percent: s.asked.percent });
            }
            None
        })
    }

    /// Records the rate in force. A request that is not in force after two snapshots was refused and is dropped.
    pub(super) fn in_force(&self, percent: u32) {
        self.with(|s| match s.rate_request {
            RateRequest::Sent(_) if s.asked.percent == percent => {
                s.rate_request = RateRequest::None
            }
            RateRequest::Sent(looks) if looks < 1 => s.rate_request = RateRequest::Sent(looks + 1),
            RateRequest::Sent(_) => {
                s.asked.percent = percent;
                s.asked.refused = true;
                s.rate_request = RateRequest::None;
            }
            RateRequest::None | RateRequest::New => {}
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(code: KeyCode, modifiers: KeyModifiers) -> Option<Action> {
        Action::of(KeyEvent::new(code, modifiers))
    }

    #[test]
    fn each_key_means_one_thing_and_others_mean_nothing() {
        for (key, action) in [
            ('p', Some(Action::Pause)),
            ('?', Some(Action::Help)),
            ('+', Some(Action::Faster)),
            ('=', Some(Action::Faster)),
            ('-', Some(Action::Slower)),
            ('q', Some(Action::Finish)),
            ('c', None),
            ('x', None),
        ] {
            assert_eq!(pressed(KeyCode::Char(key), KeyModifiers::NONE), action, "{key}");
        }
        let control = KeyModifiers::CONTROL;
        assert_eq!(pressed(KeyCode::Char('c'), control), Some(Action::Interrupt));
        assert_eq!(pressed(KeyCode::Char('q'), control), None);
        assert_eq!(pressed(KeyCode::Esc, KeyModifiers::NONE), None);
    }

    #[test]
    fn wishes_are_told_once_and_steps_between_two_looks_are_one_wish() {
        let keys = Keys::new();
        assert_eq!(keys.take(), None);
        keys.faster();
        keys.faster();
        keys.slower();
        assert_eq!(keys.take(), Some(Steer::Rate { percent: 110 }));
        assert_eq!(keys.take(), None);
        keys.end();
        keys.end();
        assert_eq!(keys.take(), Some(Steer::End(CutReason::Operator)));
        assert_eq!(keys.take(), None);
    }

    #[test]
    fn the_rate_stays_between_a_tenth_and_ten_times_the_plan() {
        let keys = Keys::new();
        (0..50).for_each(|_| keys.slower());
        assert_eq!(keys.asked().percent, PERCENT_MIN);
        (0..200).for_each(|_| keys.faster());
        assert_eq!(keys.asked().percent, PERCENT_MAX);
    }

    #[test]
    fn a_wish_that_is_not_taken_is_forgotten_and_told_so() {
        let keys = Keys::new();
        keys.faster();
        assert!(keys.take().is_some());
        keys.in_force(100);
        assert_eq!(keys.asked(), OperatorRequest { percent: 110, end: false, refused: false });
        keys.in_force(100);
        assert_eq!(keys.asked(), OperatorRequest { percent: 100, end: false, refused: true });
        keys.slower();
        assert_eq!(keys.take(), Some(Steer::Rate { percent: 90 }));
        keys.in_force(90);
        keys.in_force(90);
        assert_eq!(keys.asked(), OperatorRequest { percent: 90, end: false, refused: false });
    }
}
