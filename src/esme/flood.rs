//! Bind attempts beyond the sessions of the plan (`do = "bind_flood"`): each on a connection of its own, which is closed
//! at once when its bind is answered.
use super::setup::{SessionPlan, Setup};
use crate::kit::Nanos;
use crate::net::{ConnAction, Endpoint};
use crate::plan::{Occurrence, Plan};
use crate::session::{Session, SessionEvent, Timers};
use crate::smpp::{CommandStatus, Header, frame};
use bytes::BytesMut;

/// Most attempts of a worker that go on at once; beyond, none is made.
const AT_ONCE_MAX: usize = 1_000;

/// One attempt that is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FloodAttempt {
    pub(super) occurrence: Occurrence,
    /// It binds as this session of the plan does.
    pub(super) like: SessionPlan,
}

/// The attempts of one worker.
#[derive(Debug, Default)]
pub(super) struct FloodAttempts {
    to_make: Vec<FloodAttempt>,
    /// Attempts that have not ended.
    open_count: usize,
    /// Attempts so far: they take turns with the sessions of the plan.
    made: usize,
}

impl FloodAttempts {
    /// One more attempt, unless too many go on.
    pub(super) fn next(&mut self, occurrence: &Occurrence, setup: &Setup) -> Option<FloodAttempt> {
        if self.open_count >= AT_ONCE_MAX {
            return None;
        }
        let like = setup.sessions[self.made % setup.sessions.len()];
        self.open_count += 1;
        self.made += 1;
        let attempt = FloodAttempt { occurrence: *occurrence, like };
        self.to_make.push(attempt);
        Some(attempt)
    }

    #[inline]
    pub(super) fn take(&mut self, make: impl FnMut(FloodAttempt)) {
        self.to_make.drain(..).for_each(make);
    }

    pub(super) fn ended(&mut self) {
        self.open_count -= 1;
    }
}

/// The connection of one attempt: it binds, and closes with the answer.
#[derive(Debug)]
pub struct FloodBind {
    session: Session,
    out: BytesMut,
    status: Option<CommandStatus>,
}

impl FloodBind {
    /// Octets of its read buffer: a bind_resp fits in many times over.
    pub(super) const READ_OCTETS: usize = 4 * 1024;

    /// A connection of this attempt is up: the bind goes out.
    pub fn new(attempt: &FloodAttempt, plan: &Plan, now: Nanos) -> FloodBind {
        let timers = Timers { enquire_link: Nanos::MAX, response: plan.timeouts.bind };
        let mut session = Session::esme(attempt.like.role, timers, now);
        let mut out = BytesMut::new();
        let account = &plan.accounts[usize::from(attempt.like.account)];
        session.bind(&account.bind(), now, &mut out);
        FloodBind { session, out, status: None }
    }

    /// The command_status of its bind_resp. None: there was none.
    pub fn status(&self) -> Option<u32> {
        self.status.map(|status| status.0)
    }
}

impl Endpoint for FloodBind {
    fn on_octets(&mut self, _: u32, octets: &[u8], now: Nanos) -> usize {
        let mut used = 0;
        while self.status.is_none() {
            let Ok(Some(length)) = frame::cut(&octets[used..], frame::OCTETS_MAX_DEFAULT) else {
                return used;
            };
            let header = Header::read(&octets[used..]).expect("a whole PDU has a header");
            used += length;
            match self.session.on_header(&header, now, &mut self.out) {
                SessionEvent::Bound(_) => self.status = Some(CommandStatus::ESME_ROK),
                SessionEvent::BindRefused(status) => self.status = Some(status),
                SessionEvent::None
                | SessionEvent::BindAsked(_)
                | SessionEvent::EnquireAnswered(_)
                | SessionEvent::PeerUnbound
                | SessionEvent::Unbound
                | SessionEvent::Nacked(..)
                | SessionEvent::UnknownResponse
                | SessionEvent::Data
                | SessionEvent::Illegal(_)
                | SessionEvent::UnknownCommand => {}
            }
        }
        octets.len()
    }
    fn out(&mut self, _: u32) -> &mut BytesMut {
        &mut self.out
    }
    fn wrote(&mut self, _: u32, _: usize, _: Nanos) {}
    fn wish(&self, _: u32) -> ConnAction {
        if self.status.is_some() { ConnAction::Close } else { ConnAction::Stay }
    }
    fn tick(&mut self, _: Nanos) -> Nanos {
        Nanos::MAX
    }
    fn take_dirty(&mut self, _: &mut Vec<u32>) {}
}
