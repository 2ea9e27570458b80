//! Carries out what the planned events say: sessions are closed, silenced, cut in pieces or replaced. What is due, and
//! what is counted, is the business of [`Events`](super::super::events::Events).
use super::super::events::{Effect, Step, entry};
use super::super::flood::FloodAttempt;
use super::super::session::SessionStatus;
use super::Core;
use crate::kit::Nanos;
use crate::measure::DownCause;
use crate::net::ConnAction;
use crate::plan::{EventAction, Occurrence};
use crate::smpp::frame;

impl Core {
    /// Does what the events have due at this offset.
    #[cold]
    pub(super) fn turn_events(&mut self, offset: Nanos, now: Nanos) {
        if self.is_stopping() {
            return;
        }
        while let Some(step) = self.events.next_step(offset) {
            match step {
                Step::Begin(occurrence) => self.begin_event(&occurrence, offset, now),
                Step::End(occurrence) => self.end_event(&occurrence, offset, now),
                Step::Replace(occurrence, session) => self.replace(&occurrence, session, now),
                Step::Attempt(occurrence) => self.attempt(&occurrence),
                Step::NextPiece => {
                    for session in self.events.allow_piece() {
                        self.sessions.mark_dirty(session);
                    }
                }
            }
        }
    }

    fn begin_event(&mut self, occurrence: &Occurrence, offset: Nanos, now: Nanos) {
        let event = self.events.event(occurrence);
        let (action, octets) = (event.action, event.octets.unwrap_or(1));
        let struck: Vec<usize> = match action {
            // counted when each is replaced
            EventAction::Churn => Vec::new(),
            _ => self.events.struck(occurrence),
        };
        let struck: Vec<usize> = struck.into_iter().filter(|s| self.is_connected(*s)).collect();
        let interval = self.context.recorder.interval();
        self.events.begun(occurrence, struck.len(), interval);
        let start = self.context.phase.start().unwrap_or(now);
        for session in struck {
            match action {
                EventAction::Close | EventAction::Reset => {
                    let until = start + occurrence.until;
                    self.cut_off(session, occurrence, until, action == EventAction::Reset, now);
                }
                EventAction::Unbind => {
                    self.unbind_for(session, occurrence, start + occurrence.until, now);
                }
                EventAction::HalfClose => self.half_close(session, occurrence, now),
                EventAction::StopReading => {
                    self.events.set_effect(session, Effect::Unread);
                    self.sessions[session].action = ConnAction::HoldReads;
                }
                EventAction::StopAcknowledging => {
                    self.events.set_effect(session, Effect::Unacknowledged);
                    self.deliveries.withhold(session);
                }
                EventAction::NoEnquireAnswer => {
                    self.events.set_effect(session, Effect::NoEnquireAnswer);
                }
                EventAction::Blackhole => self.events.set_effect(session, Effect::Blackhole),
                EventAction::Slice => {
                    self.events.set_effect(session, Effect::Sliced(octets));
                    self.events.slice_from(offset);
                    self.sessions[session].action = ConnAction::Slice;
                }
                EventAction::Churn | EventAction::BindFlood | EventAction::Exec => {}
            }
        }
    }

    /// Whether a session has a connection that it uses.
    fn is_connected(&self, session: usize) -> bool {
        let s = &self.sessions[session];
        let used = [ConnAction::Stay, ConnAction::HoldReads, ConnAction::Slice];
        matches!(s.status, SessionStatus::Up | SessionStatus::Binding)
            && used.contains(&s.action)
            && self.events.effect(session) != Effect::Leaving
    }

    /// Closes or resets a connection, without an unbind.
    fn cut_off(
        &mut self,
        session: usize,
        occurrence: &Occurrence,
        away_until: Nanos,
        is_reset: bool,
        now: Nanos,
    ) {
        if self.sessions[session].status == SessionStatus::Up {
            self.events.ends(session, occurrence, away_until);
        } else {
            self.events.keep_away(session, away_until);
        }
        let why = self.events.named(occurrence);
        self.give_up_session(session, &why, now);
        if is_reset {
            self.sessions[session].action = ConnAction::Reset;
        }
    }

    /// A bound session sends nothing more, unbinds once all is answered, and is bound again later.
    fn unbind_for(&mut self, session: usize, o: &Occurrence, away_until: Nanos, now: Nanos) {
        let s = &mut self.sessions[session];
        if !s.session.is_bound() {
            return;
        }
        s.stop_sending();
        self.follow(session, now);
        self.events.ends(session, o, away_until);
        self.events.set_effect(session, Effect::Leaving);
        self.unbind_idle(now);
    }

    /// Unbinds the sessions that were to, and have nothing in flight any more.
    pub(super) fn unbind_idle(&mut self, now: Nanos) {
        for session in self.events.with_effect(|effect| effect == Effect::Leaving) {
            let s = &mut self.sessions[session];
            if s.status == SessionStatus::Up && s.window.open_count() == 0 {
                s.session.unbind(now, s.output.octets());
                self.sessions.mark_dirty(session);
            }
        }
    }

    fn half_close(&mut self, session: usize, occurrence: &Occurrence, now: Nanos) {
        self.events.ends(session, occurrence, Nanos::ZERO);
        let s = &mut self.sessions[session];
        s.action = ConnAction::HalfClose;
        s.stop_sending();
        self.follow(session, now);
        self.sessions.mark_dirty(session);
    }

    /// Our unbind was answered: the connection closes, and is not the last of the session where the run goes on.
    pub(super) fn on_unbound(&mut self, session: usize, now: Nanos) {
        let by = now + self.context.setup.plan.timeouts.unbind;
        let s = &mut self.sessions[session];
        s.close_when_flushed(by);
        s.unbound();
        if !self.is_stopping() {
            self.go_down(session, DownCause::Unbind, now);
        }
    }

    /// Replaces a session that is bound.
    fn replace(&mut self, occurrence: &Occurrence, session: usize, now: Nanos) {
        let s = &self.sessions[session];
        if s.status == SessionStatus::Up && s.session.is_bound() && self.is_connected(session) {
            self.events.count_turn(occurrence, self.context.recorder.interval());
            self.unbind_for(session, occurrence, Nanos::ZERO, now);
        }
    }

    fn end_event(&mut self, occurrence: &Occurrence, offset: Nanos, now: Nanos) {
        let at = occurrence.until.min(offset);
        self.events.over(occurrence, at, self.context.recorder.interval());
        match self.events.event(occurrence).action {
            EventAction::StopReading => self.lift(|effect| effect == Effect::Unread),
            EventAction::Slice => self.lift(|effect| matches!(effect, Effect::Sliced(_))),
            EventAction::NoEnquireAnswer => self.lift(|effect| effect == Effect::NoEnquireAnswer),
            EventAction::Blackhole => self.lift(|effect| effect == Effect::Blackhole),
            EventAction::StopAcknowledging => {
                self.lift(|effect| effect == Effect::Unacknowledged);
                let Core { deliveries, sessions, context, .. } = self;
                deliveries.answer_withheld(&context.setup.plan, sessions, &mut context.recorder);
            }
            EventAction::Close
            | EventAction::Reset
            | EventAction::Unbind
            | EventAction::HalfClose
            | EventAction::Churn
            | EventAction::BindFlood
            | EventAction::Exec => {}
        }
        self.next_tick.maintain_at(self.next_tick.maintenance_at().min(now));
    }

    /// Nothing is done any more to the sessions to which this was done.
    fn lift(&mut self, wanted: impl Fn(Effect) -> bool) {
        for session in self.events.with_effect(wanted) {
            self.events.set_effect(session, Effect::None);
            let s = &mut self.sessions[session];
            if matches!(s.action, ConnAction::HoldReads | ConnAction::Slice) {
                s.action = ConnAction::Stay;
            }
            self.sessions.mark_dirty(session);
            self.resumed.push(session as u32);
        }
    }

    /// The run ends: every occurrence is over.
    pub(super) fn stop_events(&mut self, now: Nanos) {
        let offset = self.context.phase.offset(now).unwrap_or_default();
        for occurrence in self.events.stop() {
            self.end_event(&occurrence, offset, now);
        }
    }

    /// Takes the sessions whose pump is to be woken although it may have nothing to write.
    #[inline]
    pub fn take_resumed(&mut self, wake: impl FnMut(u32)) {
        self.resumed.drain(..).for_each(wake);
    }

    /// Octets of a read that vanish: those of whole PDUs, so that the stream goes on with one.
    #[cold]
    pub(super) fn swallow(&mut self, octets: &[u8]) -> usize {
        let (mut used, mut unheard) = (0, 0);
        let used = loop {
            match frame::cut(&octets[used..], frame::OCTETS_MAX_DEFAULT) {
                Ok(Some(length)) => {
                    used += length;
                    unheard += 1;
                }
                Ok(None) => break used,
                Err(_) => break octets.len(),
            }
        };
        self.events.vanished((0, unheard), self.context.recorder.interval());
        used
    }

    /// What black-holed sessions have to write is gone, and counts as written.
    #[cold]
    pub(super) fn drop_outputs(&mut self, now: Nanos) {
        for session in self.events.with_effect(|effect| effect == Effect::Blackhole) {
            let out = self.sessions[session].output.octets();
            let octets = out.len();
            if octets > 0 {
                out.clear();
                let before = self.sessions[session].counts.written;
                self.sessions.wrote(session, octets, now, &mut self.context.recorder);
                let vanished = self.sessions[session].counts.written - before;
                self.events.vanished((vanished, 0), self.context.recorder.interval());
            }
        }
    }
}

/// Bind attempts beyond the sessions of the plan.
impl Core {
    fn attempt(&mut self, occurrence: &Occurrence) {
        let attempts = &mut self.attempts;
        if let Some(attempt) = attempts.next(occurrence, &self.context.setup) {
            self.events.count_turn(&attempt.occurrence, self.context.recorder.interval());
        }
    }

    /// Takes the bind attempts that are to be made now.
    #[inline]
    pub fn take_attempts(&mut self, make: impl FnMut(FloodAttempt)) {
        self.attempts.take(make);
    }

    /// A bind attempt has ended. `status`: of its bind_resp; None: there was none.
    pub fn attempt_ended(&mut self, attempt: &FloodAttempt, status: Option<u32>) {
        self.attempts.ended();
        if let Some(status) = status {
            let interval = self.context.recorder.interval();
            entry(interval, &attempt.occurrence).answers.add(&status, 1);
        }
    }
}
