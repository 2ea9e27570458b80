//! What follows when the SMSC throttles a message: nothing, a pause of the session, or a retry of the message; and when
//! its answers say that it is congested. A policy is one arm of [`Throttling::on_throttled`] or
//! [`Throttling::on_congestion`].
use super::context::Context;
use super::session::EsmeSession;
use super::setup::Setup;
use crate::kit::{Nanos, Rng};
use crate::measure::Ticket;
use crate::plan::{CongestionThresholds, OnCongestion, OnThrottle};

/// The first pause after a throttle; it doubles with each further one, up to [`PAUSE_MAX`].
const PAUSE_MIN: Nanos = Nanos::from_millis(100);
/// The longest pause of a session under `backoff`.
const PAUSE_MAX: Nanos = Nanos::from_secs(5);
/// The longest pause of a message under `retry`.
const RETRY_PAUSE_MAX: Nanos = Nanos::from_secs(1);

/// A message that is to be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct QueuedRetry {
    pub(super) at: Nanos,
    pub(super) index: u64,
    pub(super) stage: u16,
    pub(super) intended: Nanos,
    /// Sends of this message before this one.
    pub(super) attempt: u8,
}

/// What follows from a throttle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reaction {
    /// It is a result like any other.
    Nothing,
    /// The session sends nothing before then.
    Pause(Nanos),
    /// The message is sent again.
    Retry(QueuedRetry),
}

/// The profile's policy, and what is left of the retries that the guard allows.
#[derive(Debug)]
pub(super) struct Throttling {
    policy: OnThrottle,
    on_congestion: OnCongestion,
    thresholds: CongestionThresholds,
    retries_left: u64,
}

fn doubled(first: Nanos, times: u32, max: Nanos) -> Nanos {
    Nanos(first.0.saturating_mul(1 << times.min(20)).min(max.0))
}

impl Throttling {
    /// What `guard.messages_max` leaves for retries is divided among the workers.
    pub(super) fn new(setup: &Setup, workers: usize) -> Throttling {
        let retries_left = match setup.plan.guard.messages_max {
            None => u64::MAX,
            Some(max) => max.saturating_sub(setup.schedule.len()) / (workers as u64).max(1),
        };
        let load = &setup.plan.load;
        Throttling {
            policy: load.on_throttle,
            on_congestion: load.on_congestion,
            thresholds: load.congestion,
            retries_left,
        }
    }

    /// A response said this `congestion_state`. Returns until when its session pauses; None: it does not. The first
    /// answer after a pause decides anew.
    #[cold]
    pub(super) fn on_congestion(
        &self,
        session: &mut EsmeSession,
        state: u8,
        now: Nanos,
    ) -> Option<Nanos> {
        match self.on_congestion {
            OnCongestion::Count => return None,
            OnCongestion::Backoff => {}
        }
        if session.is_congested(now) {
            return None;
        }
        let pause = if state >= self.thresholds.stop {
            doubled(PAUSE_MIN, session.count_congestion(), PAUSE_MAX)
        } else {
            session.forget_congestions();
            if state < self.thresholds.slow {
                return None;
            }
            PAUSE_MIN
        };
        session.congested(now + pause);
        Some(now + pause)
    }

    /// A message was answered with a status that the profile calls retryable.
    #[cold]
    pub(super) fn on_throttled(
        &mut self,
        session: &mut EsmeSession,
        ticket: &Ticket,
        context: &Context,
        rng: &mut Rng,
        now: Nanos,
    ) -> Reaction {
        match self.policy {
            OnThrottle::Count => Reaction::Nothing,
            OnThrottle::Backoff if session.paused_until().is_some() => Reaction::Nothing,
            OnThrottle::Backoff => {
                Reaction::Pause(now + doubled(PAUSE_MIN, session.count_throttle(), PAUSE_MAX))
            }
            OnThrottle::Retry => self.retry(ticket, context, rng, now),
        }
    }

    fn retry(&mut self, ticket: &Ticket, context: &Context, rng: &mut Rng, now: Nanos) -> Reaction {
        let load = &context.setup.plan.load;
        let sends = u32::from(ticket.attempt) + 1;
        let pause = doubled(PAUSE_MIN, u32::from(ticket.attempt), RETRY_PAUSE_MAX);
        // at least half the pause, so that what was throttled together does not come back together
        let at = now + Nanos(pause.0 / 2 + rng.below(pause.0 / 2 + 1));
        let is_too_old = at.since(ticket.intended) > load.age_max;
        let is_over = sends >= load.attempts_max || is_too_old || context.phase.is_stopping();
        if is_over || self.retries_left == 0 {
            return Reaction::Nothing;
        }
        self.retries_left -= 1;
        Reaction::Retry(QueuedRetry {
            at,
            index: ticket.index,
            stage: context.setup.stage_of(ticket.cell),
            intended: ticket.intended,
            attempt: ticket.attempt.saturating_add(1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttled(policy: &str) -> (Throttling, Context, EsmeSession) {
        let context = Context::of_profile(&format!(
            "[load]\nstages = [{{ hold = 10, for = \"1s\" }}]\n{policy}"
        ));
        let session = EsmeSession::new(context.setup.sessions[0], &context.setup);
        (Throttling::new(&context.setup, 1), context, session)
    }

    #[test]
    fn pauses_of_a_session_double_while_it_is_throttled_in_a_row() {
        let (mut throttling, context, mut session) = throttled("on_throttle = \"backoff\"");
        let (ticket, mut rng) = (Ticket::default(), Rng::new(1));
        let mut pauses = Vec::new();
        for _ in 0..8 {
            let now = Nanos::from_secs(1);
            match throttling.on_throttled(&mut session, &ticket, &context, &mut rng, now) {
                Reaction::Pause(until) => pauses.push(until.since(now).0 / 1_000_000),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        session.forget_throttles();
        assert!(session.pause(Nanos::from_secs(9)));
        let reaction = throttling.on_throttled(&mut session, &ticket, &context, &mut rng, Nanos(1));
        assert_eq!(reaction, Reaction::Nothing, "it is paused already");
    }

    #[test]
    fn a_session_slows_down_then_stops_for_longer_and_longer_and_goes_on_below_the_thresholds() {
        let policy = "on_congestion = \"backoff\"\ncongestion = { slow = 50, stop = 90 }";
        let (throttling, _, mut session) = throttled(policy);
        let mut now = Nanos::from_secs(1);
        let mut pauses = |states: &[u8]| -> Vec<u64> {
            let mut pause = |state: &u8| {
                let until = throttling.on_congestion(&mut session, *state, now);
                assert!(until.is_none_or(|_| {
                    throttling.on_congestion(&mut session, 100, now).is_none()
                }));
                let pause = until.map_or(0, |until| until.since(now).0 / 1_000_000);
                now = until.unwrap_or(now);
                pause
            };
            states.iter().map(&mut pause).collect()
        };
        assert_eq!(pauses(&[0, 49, 50, 89, 50]), [0, 0, 100, 100, 100]);
        assert_eq!(
            pauses(&[90, 100, 91, 95, 90, 90, 90, 90]),
            [100, 200, 400, 800, 1600, 3200, 5000, 5000]
        );
        assert_eq!(pauses(&[30, 90, 60, 90, 90]), [0, 100, 100, 100, 200]);
        let (counting, _, mut session) = throttled("on_congestion = \"count\"");
        assert_eq!(counting.on_congestion(&mut session, 100, now), None);
    }

    #[test]
    fn a_message_is_sent_again_as_often_as_the_profile_says() {
        let policy = "on_throttle = \"retry\"\nattempts_max = 3";
        let (mut throttling, context, mut session) = throttled(policy);
        let (mut ticket, mut rng, mut sends) = (Ticket::default(), Rng::new(1), 1);
        while let Reaction::Retry(retry) =
            throttling.on_throttled(&mut session, &ticket, &context, &mut rng, Nanos(5))
        {
            ticket.attempt = retry.attempt;
            sends += 1;
        }
        assert_eq!(sends, 3);
    }
}
