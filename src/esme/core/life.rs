//! Connections of the sessions, deadlines, and the end of the run.
use super::super::orders::{BindFault, Event, Final};
use super::super::session::SessionStatus;
use super::Core;
use crate::kit::Nanos;
use crate::measure::{DownCause, Metric, Transport};
use crate::net::End;
use crate::smpp::{CommandId, CommandStatus};

impl Core {
    /// A connection of this session is up: the bind goes out.
    pub fn connected(&mut self, session: u32, now: Nanos) {
        if let Some(witness) = &self.witness {
            witness.connected(self.session_id(session), now);
        }
        self.sessions.connected(session as usize, &self.context.setup, now);
        self.events.on_connected(session as usize);
        self.deliveries.answer_at_once(session as usize);
        self.next_tick.maintain_at(self.next_tick.maintenance_at().min(now));
    }

    /// Records a TLS handshake that took `took`.
    pub fn on_tls_connected(&mut self, took: Nanos) {
        self.context.recorder.whole(Metric::TlsHandshake).record(took);
    }

    /// Whether sessions bind one after the other.
    pub fn is_ladder(&self) -> bool {
        self.context.setup.plan.ladder.is_some()
    }

    /// On a ladder: the session to connect next, and the pause before it. None: not yet, or no more.
    pub fn next_bind(&mut self) -> Option<(u32, Nanos)> {
        if self.is_stopping() {
            return None;
        }
        self.sessions.next_bind().map(|(session, pause)| (session as u32, pause))
    }

    pub(super) fn on_bound(&mut self, session: usize, after: Nanos, now: Nanos) {
        self.sessions.bound(session, after, now, &mut self.context);
        if self.events.is_on() {
            let offset = self.context.phase.offset(now).unwrap_or_default();
            self.events.on_bound(session, offset, self.context.recorder.interval());
        }
        self.follow(session, now);
        self.on_bind_result(session, None, now);
        self.dispatch_due(Some(session), now);
    }

    pub(super) fn on_bind_refused(&mut self, session: usize, status: CommandStatus, now: Nanos) {
        let why = self.sessions.refused(session, status, now);
        self.on_bind_result(session, Some((BindFault::Refused(status.0), &why)), now);
    }

    /// An attempt to bind has ended; `failure`: how it failed, and the same for a person.
    fn on_bind_result(&mut self, session: usize, failure: Option<(BindFault, &str)>, now: Nanos) {
        let telling = &mut self.context.telling;
        let dropped = self.sessions.on_bind_result(session, failure, telling);
        if let Some(dropped) = dropped {
            self.give_up_session(dropped, "dropped on purpose", now);
        }
    }

    /// No connection could be made. Says when to try again, if at all.
    pub fn connect_failed(&mut self, session: u32, why: &str, now: Nanos) -> Option<Nanos> {
        let session = session as usize;
        self.sessions[session].connect_failed(why, now);
        self.on_bind_result(session, Some((BindFault::Unreachable, why)), now);
        self.next_attempt(session, now)
    }

    /// Records what the kernel counted on a connection that has just ended; told before [`Core::disconnected`].
    pub fn record_tcp_stats(&mut self, session: u32, transport: &Transport) {
        self.sessions[session as usize].record_tcp_stats(transport);
    }

    /// The connection is gone. Says when to connect again, if at all.
    pub fn disconnected(&mut self, session: u32, end: &End, now: Nanos) -> Option<Nanos> {
        if let Some(witness) = &self.witness {
            witness.ended(self.session_id(session), now);
        }
        let session = session as usize;
        let s = &self.sessions[session];
        let cause = match end {
            End::Wished(_) => s.own_cause(),
            End::PeerClosed => DownCause::Closed,
            End::Failed(e) if e.kind() == std::io::ErrorKind::ConnectionReset => DownCause::Reset,
            End::Failed(e) => DownCause::Other(format!("failed: {e}")),
        };
        if self.is_stopping() && (s.is_unbound() || matches!(end, End::PeerClosed)) {
            self.sessions.end_unbound(session, now, &mut self.context);
            self.finish_if_done(now);
            return None;
        }
        if s.status == SessionStatus::Binding && !matches!(end, End::Wished(_)) {
            let why = format!("connection {cause} before bind_resp");
            self.on_bind_result(session, Some((BindFault::Dropped, &why)), now);
        }
        self.go_down(session, cause, now);
        self.next_attempt(session, now)
    }

    /// The session carries nothing any more.
    pub(super) fn go_down(&mut self, session: usize, cause: DownCause, now: Nanos) {
        let was_bound = self.sessions[session].status == SessionStatus::Up;
        let cause = self.events.cause(session).map_or(cause, DownCause::Other);
        let lost = self.sessions.go_down(session, cause, now, &mut self.context);
        if was_bound && self.events.is_on() && !self.is_stopping() {
            let offset = self.context.phase.offset(now).unwrap_or_default();
            self.events.on_down(session, lost, offset, self.context.recorder.interval());
        }
        self.receipts.add_unaccounted(lost);
        self.follow(session, now);
    }

    /// Gives a connection up from our side.
    pub(super) fn give_up_session(&mut self, session: usize, why: &str, now: Nanos) {
        self.sessions[session].give_up(why);
        if self.sessions[session].status == SessionStatus::Binding {
            self.on_bind_result(session, Some((BindFault::Silent, why)), now);
        }
        self.go_down(session, DownCause::Other(why.to_owned()), now);
        self.sessions.mark_dirty(session);
    }

    /// When a session that is down is tried again; None: never.
    fn next_attempt(&mut self, session: usize, now: Nanos) -> Option<Nanos> {
        let at = self.sessions.next_attempt(session, now, &mut self.context, &mut self.rng);
        if at.is_none() {
            self.finish_if_done(now);
        }
        at.map(|at| self.events.connect_at(session, at, now))
    }

    /// Deadlines, probes, expiries: every few milliseconds.
    pub(super) fn maintain(&mut self, now: Nanos) {
        // 10 ms for up to 1,000 sessions, in proportion beyond
        let step = Nanos::from_millis(10 * (1 + self.sessions.len() as u64 / 1000));
        self.next_tick.maintain_at(now + step);
        for session in 0..self.sessions.len() {
            if self.sessions[session].take_close_overdue(now) {
                self.sessions.mark_dirty(session);
            }
            match self.sessions[session].status {
                SessionStatus::Down | SessionStatus::Gone => {}
                SessionStatus::Binding => {
                    if self.sessions[session].is_bind_overdue(now) {
                        self.give_up_session(session, "no bind_resp in time", now);
                    }
                }
                SessionStatus::Up => self.maintain_session(session, now),
            }
        }
        if self.events.is_on() {
            self.unbind_idle(now);
        }
        self.receipts.expire(now, &mut self.context);
        self.context.send_part_updates();
        if self.context.phase.is_unbind_over(now) {
            self.sessions.close_remaining();
        }
        self.tell_quiet(now);
    }

    fn maintain_session(&mut self, session: usize, now: Nanos) {
        let timed_out = self.sessions.time_out(session, now, &mut self.context);
        if timed_out > 0 {
            self.receipts.add_unaccounted(u64::from(timed_out));
            self.follow(session, now);
            self.dispatch_due(Some(session), now);
        }
        let s = &mut self.sessions[session];
        let before = s.output.len();
        if let Some(unanswered) = s.session.tick(now, s.output.octets()) {
            if unanswered == CommandId::UNBIND {
                s.unbind_overdue();
                self.sessions.mark_dirty(session);
            } else {
                let name = unanswered.name().unwrap_or("request");
                self.give_up_session(session, &format!("{name} unanswered"), now);
            }
        } else if s.output.len() > before {
            self.sessions.mark_dirty(session);
        }
    }

    /// In the drain: tells when there is nothing left to wait for.
    fn tell_quiet(&mut self, now: Nanos) {
        let Core { context, sessions, sending, receipts, deliveries, .. } = self;
        let Some(offset) = context.phase.offset(now) else { return };
        if offset < sending.load_ends() || context.phase.is_stopping() {
            return;
        }
        let quiet = sessions.is_quiet()
            && !sending.has_backlog(offset, context)
            && receipts.is_quiet()
            && deliveries.next_due().is_none()
            && context.mailbox.is_empty();
        let (handed, received) = context.mailbox.counts();
        context.telling.quiet(quiet, handed, received);
    }

    /// Unbinds every session; what is in flight then stays so.
    pub(super) fn stop(&mut self, now: Nanos) {
        let by = now + self.context.setup.plan.timeouts.unbind;
        if !self.context.phase.unbind(by) {
            return;
        }
        self.stop_events(now);
        let Core { context, sessions, sending, receipts, .. } = self;
        context.mailbox.close();
        sending.give_up_unsent(context, now);
        receipts.stop(context);
        sessions.unbind_all(now);
        self.finish_if_done(now);
    }

    /// Sends the final report once every session has ended.
    fn finish_if_done(&mut self, now: Nanos) {
        let is_unbinding = self.is_stopping() && !self.finished();
        if !is_unbinding || !self.sessions.all_gone() {
            return;
        }
        self.context.phase.finish();
        // answers that came after the unbind may have brought ids whose receipts nobody waits for any more
        self.receipts.give_up_awaited(&mut self.context);
        self.sending.abandon_retries(&mut self.context);
        if let Some(parts) = &mut self.context.parts {
            parts.close(&mut self.context.recorder);
        }
        let sessions = self.sessions.records();
        let interval = self.take_interval(now);
        let ids = self.receipts.take_ids();
        let exchanges = self.context.failed.take_exchanges(&self.context.setup);
        let worker = self.context.telling.worker();
        let last = Final { worker, interval, sessions, exchanges, ids };
        self.context.telling.tell(Event::Final(Box::new(last)));
    }
}
