//! Sessions that must not send yet (throttled or congested under `backoff`, or at their own cap), and messages that are sent again.
//! A paused session has no free slot: to wait for it is window wait, not lag.
use super::super::context::Context;
use super::super::part_update::PartOutcome;
use super::super::session::EsmeSession;
use super::super::sessions::Sessions;
use super::super::throttle::Reaction;
use super::Sending;
use crate::kit::{Nanos, Rng};
use crate::measure::Ticket;
use crate::smpp::CommandStatus;

impl Sending {
    /// A message was rejected. True: it will be sent again.
    #[cold]
    pub(in super::super) fn on_rejected(
        &mut self,
        session: &mut EsmeSession,
        number: usize,
        (ticket, status): (&Ticket, CommandStatus),
        context: &Context,
        rng: &mut Rng,
        now: Nanos,
    ) -> bool {
        self.follow(session, now);
        if !context.setup.plan.load.retryable.contains(&status.0) {
            return false;
        }
        match self.throttling.on_throttled(session, ticket, context, rng, now) {
            Reaction::Nothing => false,
            Reaction::Pause(until) => {
                self.pause(session, number, until, now);
                false
            }
            Reaction::Retry(retry) => {
                let account = usize::from(session.plan.account);
                let Some(position) = self.position_of[account] else { return false };
                self.accounts[position].queue_retry(retry);
                self.wake_by = self.wake_by.min(retry.at);
                true
            }
        }
    }

    /// A response on this session said this `congestion_state`. True: the session pauses for it.
    #[cold]
    pub(in super::super) fn on_congestion(
        &mut self,
        session: &mut EsmeSession,
        number: usize,
        state: u8,
        now: Nanos,
    ) -> bool {
        let Some(until) = self.throttling.on_congestion(session, state, now) else { return false };
        self.pause(session, number, until, now);
        true
    }

    /// After a send: a session with a cap of its own waits for its next turn.
    pub(super) fn keep_to_cap(
        &mut self,
        number: usize,
        sessions: &mut Sessions,
        context: &Context,
        now: Nanos,
    ) {
        let session = &mut sessions[number];
        let account = &context.setup.plan.accounts[usize::from(session.plan.account)];
        let Some(cap) = account.binds.rate_max else { return };
        let turn = Nanos((u128::from(cap.den) * 1_000_000_000 / u128::from(cap.num.max(1))) as u64);
        let until = session.next_turn(turn, now);
        if until > now {
            self.pause(session, number, until, now);
        }
    }

    /// The session sends nothing before `until`. It has no free slot then: to wait for it is window wait, not lag.
    fn pause(&mut self, session: &mut EsmeSession, number: usize, until: Nanos, now: Nanos) {
        if session.pause(until) {
            self.follow(session, now);
            self.paused_sessions.push(number as u32);
            self.wake_by = self.wake_by.min(until);
        }
    }

    /// Sessions whose pause is over send again, from the time it was over.
    pub(in super::super) fn resume_sessions(&mut self, sessions: &mut Sessions, now: Nanos) {
        let mut position = 0;
        while position < self.paused_sessions.len() {
            let session = &mut sessions[self.paused_sessions[position] as usize];
            if session.paused_until().is_some_and(|until| until > now) {
                position += 1;
                continue;
            }
            let since = session.resume().unwrap_or(now);
            self.paused_sessions.swap_remove(position);
            self.follow(session, since);
        }
    }

    /// What was still to be sent again when the run ended stays as it was answered.
    pub(in super::super) fn abandon_retries(&mut self, context: &mut Context) {
        for account in &mut self.accounts {
            while let Some(retry) = account.take_retry() {
                context.part_ended(retry.index, PartOutcome::Failed);
            }
        }
    }
}
