//! The sessions of a worker: which are bound, which failed to be, what ends when one goes down.
use super::bind_ladder::{BindLadder, LadderStep};
use super::context::Context;
use super::orders::{BindFailure, BindFault, Event};
use super::output::BufferPool;
use super::session::{EsmeSession, SessionStatus};
use super::setup::Setup;
use super::telling::Telling;
use crate::kit::{Nanos, Rng};
use crate::measure::{DownCause, Metric, Outcome, Recorder, SessionRecord};
use crate::net::ConnAction;
use crate::smpp::CommandStatus;
use bytes::BytesMut;
use std::ops::{Index, IndexMut};

/// The sessions of a worker, numbered 0.. as [`Endpoint`](crate::net::Endpoint) numbers them.
#[derive(Debug)]
pub(super) struct Sessions {
    all: Vec<EsmeSession>,
    /// By session: whether it is in `dirty`.
    is_dirty: Vec<bool>,
    /// Sessions whose output or action changed outside their own read.
    dirty: Vec<u32>,
    buffers: BufferPool,
    /// Sessions whose first attempt has not ended.
    untried: usize,
    /// First attempts that failed.
    failures: Vec<BindFailure>,
    /// Where sessions bind one after the other.
    ladder: Option<BindLadder>,
}

impl Index<usize> for Sessions {
    type Output = EsmeSession;
    #[inline]
    fn index(&self, session: usize) -> &EsmeSession {
        &self.all[session]
    }
}

impl IndexMut<usize> for Sessions {
    #[inline]
    fn index_mut(&mut self, session: usize) -> &mut EsmeSession {
        &mut self.all[session]
    }
}

impl Sessions {
    /// Those that `worker` owns.
    pub(super) fn new(setup: &Setup, worker: u32) -> Sessions {
        let mine = setup.sessions.iter().filter(|s| s.worker == worker);
        let all: Vec<EsmeSession> = mine.map(|s| EsmeSession::new(*s, setup)).collect();
        Sessions {
            is_dirty: vec![false; all.len()],
            dirty: Vec::new(),
            buffers: BufferPool::default(),
            untried: all.len(),
            failures: Vec::new(),
            ladder: setup.plan.ladder.map(BindLadder::new),
            all,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }
    #[inline]
    pub(super) fn iter(&self) -> std::slice::Iter<'_, EsmeSession> {
        self.all.iter()
    }
    /// Those that are bound.
    pub(super) fn up(&self) -> impl Iterator<Item = &EsmeSession> {
        self.iter().filter(|s| s.status == SessionStatus::Up)
    }
    /// Whether every one has ended for good.
    pub(super) fn all_gone(&self) -> bool {
        self.iter().all(|s| s.status == SessionStatus::Gone)
    }
    /// Whether nothing is in flight or waits to be written.
    pub(super) fn is_quiet(&self) -> bool {
        self.iter().all(|s| s.window.open_count() == 0 && s.output.is_empty())
    }
    /// The rows of the result.
    pub(super) fn records(&mut self) -> Vec<SessionRecord> {
        self.all.iter_mut().map(EsmeSession::record).collect()
    }

    /// The output or action of a session changed outside its own read.
    #[inline]
    pub(super) fn mark_dirty(&mut self, session: usize) {
        if !std::mem::replace(&mut self.is_dirty[session], true) {
            self.dirty.push(session as u32);
        }
    }
    #[inline]
    pub(super) fn take_dirty(&mut self, into: &mut Vec<u32>) {
        for session in self.dirty.drain(..) {
            self.is_dirty[session as usize] = false;
            into.push(session);
        }
    }

    /// A session, and the buffers for its output.
    #[inline]
    pub(super) fn with_buffers(&mut self, session: usize) -> (&mut EsmeSession, &mut BufferPool) {
        (&mut self.all[session], &mut self.buffers)
    }
    /// Where an answer to the peer is written.
    #[inline]
    pub(super) fn out_with_buffer(&mut self, session: usize) -> &mut BytesMut {
        self.all[session].output.with_buffer(&mut self.buffers)
    }

    /// A write at `stamp` took `octets` of a session's output.
    #[inline]
    pub(super) fn wrote(
        &mut self,
        session: usize,
        octets: usize,
        stamp: Nanos,
        recorder: &mut Recorder,
    ) {
        let EsmeSession { output, window, counts, .. } = &mut self.all[session];
        counts.written += output.wrote(octets, stamp, window, recorder, &mut self.buffers);
    }

    /// A write at `stamp` did not take everything; the stream has taken `taken` octets.
    pub(super) fn blocked(&mut self, session: usize, taken: usize, stamp: Nanos) {
        let EsmeSession { output, window, .. } = &mut self.all[session];
        output.blocked(taken, stamp, window);
    }

    /// A connection is up: the bind goes out.
    pub(super) fn connected(&mut self, session: usize, setup: &Setup, now: Nanos) {
        self.all[session].connected(setup, now);
        self.mark_dirty(session);
    }

    /// A bind was accepted, so long after it was sent.
    pub(super) fn bound(
        &mut self,
        session: usize,
        after: Nanos,
        now: Nanos,
        context: &mut Context,
    ) {
        let Context { recorder, phase, .. } = context;
        recorder.whole(Metric::Bind).record(after);
        if let Some(outage) = self.all[session].bound(phase.start(), now) {
            recorder.outage(outage);
        }
    }

    /// A bind was refused. Returns why, for a person.
    pub(super) fn refused(&mut self, session: usize, status: CommandStatus, now: Nanos) -> String {
        self.all[session].refused(status, now);
        format!("bind refused with {status}")
    }

    /// An attempt to bind has ended; only the first one of each session is told. Returns the session that is to be
    /// dropped on purpose.
    pub(super) fn on_bind_result(
        &mut self,
        session: usize,
        failure: Option<(BindFault, &str)>,
        telling: &mut Telling,
    ) -> Option<usize> {
        if !self.all[session].first_tried() || self.untried == 0 {
            return None;
        }
        self.untried -= 1;
        let id = self.all[session].plan.id;
        let failure =
            failure.map(|(fault, why)| BindFailure { session: id, fault, why: why.to_owned() });
        let mut dropped = None;
        if let Some(ladder) = &mut self.ladder {
            let up: Vec<bool> = self.all.iter().map(|s| s.status == SessionStatus::Up).collect();
            match ladder.on_bind_result(failure, &up, &mut self.failures) {
                LadderStep::Next => {}
                LadderStep::Drop(session) => dropped = Some(session),
                LadderStep::SkipFrom(first) => self.skip_remaining(first),
            }
        } else {
            self.failures.extend(failure);
        }
        if self.untried == 0 {
            let up = self.up().count() as u64;
            let (sessions_up, dropped) =
                self.ladder.take().map_or((up, None), |ladder| ladder.result(up));
            let failures = std::mem::take(&mut self.failures);
            let worker = telling.worker();
            telling.tell(Event::Ready { worker, sessions_up, failures, dropped });
        }
        dropped
    }

    /// On a ladder: what was not tried will not be.
    fn skip_remaining(&mut self, first: usize) {
        self.all[first..].iter_mut().for_each(EsmeSession::skip);
        self.untried = 0;
    }

    /// On a ladder: the session to connect next, and the pause before it. None: not yet, or no more.
    pub(super) fn next_bind(&mut self) -> Option<(usize, Nanos)> {
        self.ladder.as_mut()?.next_bind()
    }

    /// A session carries nothing any more: what was in flight on it is lost. Returns how many submit_sm that are.
    pub(super) fn go_down(
        &mut self,
        session: usize,
        cause: DownCause,
        now: Nanos,
        context: &mut Context,
    ) -> u64 {
        let lost = self.lose_in_flight(session, Outcome::Lost, now, context);
        self.all[session].go_down(cause, lost, now);
        lost
    }

    /// A session that has unbound has ended.
    pub(super) fn end_unbound(&mut self, session: usize, now: Nanos, context: &mut Context) {
        self.all[session].unbound();
        self.all[session].status = SessionStatus::Gone;
        self.lose_in_flight(session, Outcome::OpenAtEnd, now, context);
    }

    /// Settles all submit_sm in flight on a session.
    fn lose_in_flight(
        &mut self,
        session: usize,
        outcome: Outcome,
        now: Nanos,
        context: &mut Context,
    ) -> u64 {
        let s = &mut self.all[session];
        let mut lost = 0;
        for (number, mut ticket) in s.window.drain() {
            if ticket.written == Nanos::ZERO {
                // part of it may have gone: it counts as written, and as lost
                ticket.write_at(now);
                context.recorder.written(&ticket);
                s.counts.written += 1;
            }
            context.unanswered((s.plan.id, number), &ticket, outcome, now);
            lost += 1;
        }
        s.output.forget_requests();
        lost
    }

    /// Ends the submit_sm whose answer has not come within `timeouts.response` of their write. Returns how many.
    pub(super) fn time_out(&mut self, session: usize, now: Nanos, context: &mut Context) -> u32 {
        let response = context.setup.plan.timeouts.response;
        let s = &mut self.all[session];
        let mut count = 0;
        while let Some((number, mut ticket)) = s.window.oldest() {
            if ticket.written == Nanos::ZERO {
                if now < s.output.unwritten_since() + response {
                    break;
                }
                ticket.write_at(now);
                context.recorder.written(&ticket);
                s.counts.written += 1;
            } else if now < ticket.written + response {
                break;
            }
            s.window.settle(number);
            s.late.remember(number, ticket);
            context.unanswered((s.plan.id, number), &ticket, Outcome::TimedOut, now);
            count += 1;
        }
        count
    }

    /// When a session that is down is tried again; None: it has gone for good.
    pub(super) fn next_attempt(
        &mut self,
        session: usize,
        now: Nanos,
        context: &mut Context,
        rng: &mut Rng,
    ) -> Option<Nanos> {
        let Context { setup, phase, .. } = context;
        let s = &mut self.all[session];
        let rebind = setup.plan.accounts[usize::from(s.plan.account)].binds.rebind;
        let never_began = phase.start().is_none() && !s.was_bound();
        let is_over = phase.is_stopping() || never_began || setup.plan.ladder.is_some();
        let pause = rebind.filter(|_| !is_over).and_then(|rebind| s.rebind_pause(rebind, rng));
        if pause.is_none() {
            self.gone_for_good(session, context);
        }
        pause.map(|pause| now + pause)
    }

    fn gone_for_good(&mut self, session: usize, context: &mut Context) {
        let Context { setup, phase, recorder, telling, .. } = context;
        if let Some(outage) = self.all[session].gone_for_good(phase.start()) {
            recorder.outage(outage);
        }
        let began = phase.start().is_some() || self.iter().any(EsmeSession::was_bound);
        if self.all_gone() && began && !phase.is_stopping() && setup.plan.ladder.is_none() {
            telling.all_lost();
        }
    }

    /// Unbinds every session that is bound, and gives up the others.
    pub(super) fn unbind_all(&mut self, now: Nanos) {
        for session in 0..self.len() {
            let s = &mut self.all[session];
            match s.status {
                SessionStatus::Up => s.session.unbind(now, s.output.octets()),
                SessionStatus::Binding => s.action = ConnAction::Close,
                SessionStatus::Down => s.status = SessionStatus::Gone,
                SessionStatus::Gone => {}
            }
            if matches!(s.status, SessionStatus::Up | SessionStatus::Binding) {
                self.mark_dirty(session);
            }
        }
    }

    /// Closes the sessions that have not unbound in time.
    pub(super) fn close_remaining(&mut self) {
        for session in 0..self.len() {
            let s = &mut self.all[session];
            if matches!(s.status, SessionStatus::Up | SessionStatus::Binding) {
                s.unbind_overdue();
                self.mark_dirty(session);
            }
        }
    }
}

#[cfg(test)]
impl Sessions {
    /// Connects a session, and its bind is accepted.
    pub(super) fn connect_and_bind(&mut self, session: usize, context: &mut Context, now: Nanos) {
        use crate::smpp::Header;
        self.connected(session, &context.setup, now);
        let s = &mut self.all[session];
        let header = Header {
            command_length: Header::OCTETS as u32,
            command_id: s.plan.role.command_id().response(),
            command_status: CommandStatus::ESME_ROK,
            sequence_number: 1,
        };
        let event = s.session.on_header(&header, now, s.output.octets());
        assert_eq!(event, crate::session::SessionEvent::Bound(Nanos::ZERO));
        s.output.octets().clear();
        self.bound(session, Nanos::ZERO, now, context);
    }
}

#[cfg(test)]
mod tests;
