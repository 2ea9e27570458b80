//! All connections: what is written to them and read from them, their limits, deadlines and timers. Knows no account
//! and no message.
use super::peer::Peer;
use super::peer_table::PeerTable;
use super::rate_limits::TokenBucket;
use super::resource_limits::{
    CLOSE_WITHIN, Deadlines, SessionLimits, UNBIND_WITHIN, UNBOUND_PDU_OCTETS_MAX, UnboundSessions,
};
use super::stall::StallSchedule;
use super::tally::SessionTally;
use super::timer_queue::TimerQueue;
use crate::kit::Nanos;
use crate::net::ConnAction;
use crate::plan::behaviour::{Behaviour, Scope, SmscTimers};
use crate::session::{Role, Session, SessionState, Timers};
use crate::smpp::frame;
use bytes::BytesMut;

/// How often a session with a slow reader is read.
const SLOW_READ_EVERY: Nanos = Nanos::from_secs(1);

/// Settings of each new connection.
#[derive(Debug)]
struct PeerSettings {
    /// Maximum number of unanswered submit_sm.
    window: usize,
    /// `limits.rate` with scope "session".
    bucket: Option<TokenBucket>,
    timers: SmscTimers,
}

/// All connections.
#[derive(Debug)]
pub(super) struct Connections {
    settings: PeerSettings,
    peers: PeerTable,
    limits: SessionLimits,
    unbound: UnboundSessions,
    deadlines: Deadlines,
    /// Sessions to check for timers that ran out.
    timers: TimerQueue<u32>,
    /// Bound sessions in the order of their binds.
    bound: Vec<u32>,
    /// The bound sessions that receive deliveries.
    receivers: Vec<u32>,
    /// Whether any session has bound yet.
    any_bound: bool,
    stall: StallSchedule,
    /// Sessions whose pump must be woken.
    changed: Vec<u32>,
    /// The session whose octets are being read. Its pump writes afterwards without being woken.
    reading: Option<u32>,
    /// Stands in for the output of a session that must not write.
    void: BytesMut,
}

impl Connections {
    pub(super) fn new(behaviour: &Behaviour) -> Connections {
        let limits = &behaviour.limits;
        let session_rate = limits.rate.filter(|_| limits.scope == Scope::Session);
        Connections {
            settings: PeerSettings {
                window: limits.window.unwrap_or(usize::MAX),
                bucket: session_rate.and_then(|rate| TokenBucket::new(rate, limits.burst)),
                timers: behaviour.timers,
            },
            peers: PeerTable::default(),
            limits: SessionLimits::new(behaviour.receipts.window),
            unbound: UnboundSessions::default(),
            deadlines: Deadlines::default(),
            timers: TimerQueue::default(),
            bound: Vec::new(),
            receivers: Vec::new(),
            any_bound: false,
            stall: StallSchedule::new(behaviour.response.stall),
            changed: Vec::new(),
            reading: None,
            void: BytesMut::new(),
        }
    }

    /// None: the connection is closed.
    #[inline]
    pub(super) fn get(&self, session: u32) -> Option<&Peer> {
        self.peers.get(session)
    }
    /// None: the connection is closed.
    #[inline]
    pub(super) fn get_mut(&mut self, session: u32) -> Option<&mut Peer> {
        self.peers.get_mut(session)
    }
    /// Number of connections.
    pub(super) fn count(&self) -> usize {
        self.peers.count()
    }
    /// The session numbers of all connections.
    pub(super) fn numbers(&self) -> Vec<u32> {
        self.peers.numbers()
    }
    /// Bound sessions in the order of their binds.
    pub(super) fn bound(&self) -> &[u32] {
        &self.bound
    }
    /// The bound sessions that receive deliveries.
    pub(super) fn receivers(&self) -> &[u32] {
        &self.receivers
    }
    /// The present limits of one session.
    #[inline]
    pub(super) fn limits(&self) -> &SessionLimits {
        &self.limits
    }
    /// Whether a session may be sent one more delivery.
    #[inline]
    pub(super) fn can_receive(&self, session: u32) -> bool {
        self.peers.get(session).is_some_and(|p| p.can_receive(self.limits.deliveries_max))
    }
    /// Whether an answer written now reaches the session only after the present read or stall.
    #[inline]
    pub(super) fn defers_output(&self, session: u32) -> bool {
        self.reading == Some(session) || self.stall.is_on()
    }

    /// Adds a connection. True: too many are unbound now.
    pub(super) fn add(&mut self, now: Nanos) -> (u32, bool) {
        let PeerSettings { window, bucket, timers } = &self.settings;
        let init = timers.session_init;
        let timers = Timers {
            enquire_link: timers.enquire_link.unwrap_or(Nanos::MAX),
            response: timers.response.unwrap_or(Nanos::MAX),
        };
        let peer = Peer::new(Session::smsc(timers, now), *window, bucket.clone());
        let session = self.peers.add(peer);
        self.set_deadline(session, init.map_or(Nanos::MAX, |span| now.after(span)));
        (session, self.unbound.add(session))
    }

    /// Removes a connection that is closed. [`Connections::divide_limits`] must follow.
    pub(super) fn remove(&mut self, session: u32) -> Option<Box<Peer>> {
        self.set_deadline(session, Nanos::MAX);
        self.unbound.remove(session);
        self.peers.remove(session)
    }

    /// Adapts the limits of a session to the present number of connections and receivers.
    pub(super) fn divide_limits(&mut self) {
        self.limits.divide(self.peers.count(), self.receivers.len());
    }

    /// Records that a session is bound. True: it is the first one ever.
    pub(super) fn bind(&mut self, session: u32, role: Role, now: Nanos) -> bool {
        self.unbound.remove(session);
        self.set_deadline(session, Nanos::MAX);
        self.bound.push(session);
        if role.receives() {
            self.receivers.push(session);
            self.divide_limits();
        }
        let is_first = !std::mem::replace(&mut self.any_bound, true);
        if is_first {
            self.stall.start(now);
        }
        is_first
    }

    /// Records that a session is not bound any more.
    pub(super) fn unlist_bound(&mut self, session: u32) {
        self.bound.retain(|other| *other != session);
    }

    /// Records that a session receives no more deliveries.
    pub(super) fn unlist_receiver(&mut self, session: u32) {
        self.receivers.retain(|other| *other != session);
        self.divide_limits();
    }

    /// Sends unbind.
    pub(super) fn unbind(&mut self, session: u32, now: Nanos) {
        let Some(peer) = self.peers.get_mut(session) else { return };
        peer.session.unbind(now, peer.output.buffer());
        if self.settings.timers.response.is_none() {
            self.set_deadline(session, now.after(UNBIND_WITHIN));
        }
        self.mark_changed(session);
        self.arm(session);
    }

    /// Ends a connection from the simulator's side.
    pub(super) fn close(&mut self, session: u32, action: ConnAction, now: Nanos) {
        if let Some(peer) = self.peers.get_mut(session)
            && peer.handles_input()
        {
            peer.action = action;
            self.set_deadline(session, now.after(CLOSE_WITHIN));
            self.mark_changed(session);
        }
    }

    /// Closes at once the connection that has been unbound for longest. False: all are bound.
    pub(super) fn close_oldest_unbound(&mut self, now: Nanos) -> bool {
        let Some(session) = self.unbound.take_oldest() else { return false };
        self.close(session, ConnAction::Close, now);
        // it may have been closing already, and waiting for its last octets to be written
        if let Some(peer) = self.peers.get_mut(session) {
            peer.action = ConnAction::Close;
        }
        self.mark_changed(session);
        true
    }

    /// Maximum octets of a PDU that a session may send now. None: it is not bound and has been sent too many answers.
    #[inline]
    pub(super) fn pdu_octets_max(&self, peer: &Peer) -> Option<usize> {
        match peer.session.state() {
            SessionState::Open if peer.output.len() > self.limits.unbound_out_octets_max => None,
            SessionState::Open => Some(UNBOUND_PDU_OCTETS_MAX),
            SessionState::Bound(_) | SessionState::Unbinding(_) | SessionState::Unbound => {
                Some(frame::OCTETS_MAX_DEFAULT)
            }
        }
    }

    /// Closes a connection that has been sent too many answers without a bind.
    pub(super) fn close_unbound(&mut self, session: u32, now: Nanos) {
        self.unbound.remove(session);
        self.close(session, ConnAction::Close, now);
    }

    /// Lists a session whose output or action changed outside its own read.
    #[inline]
    pub(super) fn mark_changed(&mut self, session: u32) {
        if self.reading == Some(session) {
            return;
        }
        if let Some(peer) = self.peers.get_mut(session) {
            peer.output.discard_if_closed();
            if !peer.is_changed {
                peer.is_changed = true;
                self.changed.push(session);
            }
        }
    }

    /// Moves the sessions listed as changed into `into`.
    pub(super) fn take_changed(&mut self, into: &mut Vec<u32>) {
        for session in &self.changed {
            if let Some(peer) = self.peers.get_mut(*session) {
                peer.is_changed = false;
            }
        }
        into.append(&mut self.changed);
    }

    /// A read of a session begins. False: the connection is closed.
    #[inline]
    pub(super) fn begin_read(&mut self, session: u32, now: Nanos) -> bool {
        let Some(peer) = self.peers.get_mut(session) else { return false };
        peer.session.heard(now);
        self.reading = Some(session);
        true
    }

    /// A read of a session is over: the ESME can know the answers given in it, and a slow reader pauses.
    pub(super) fn end_read(&mut self, session: u32, now: Nanos) {
        if let Some(peer) = self.peers.get_mut(session) {
            if !self.stall.is_on() {
                peer.window.settle();
            }
            peer.output.discard_if_closed();
            if peer.faults.reads_slowly && peer.action == ConnAction::Stay {
                peer.reads_paused_until = now.after(SLOW_READ_EVERY);
                self.arm(session);
            }
        }
        self.reading = None;
    }

    /// The octets to write next to a session.
    #[inline]
    pub(super) fn out(&mut self, session: u32) -> &mut BytesMut {
        let is_stalled = self.stall.is_on();
        match self.peers.get_mut(session) {
            Some(peer) if !is_stalled => peer.output.unwritten(),
            Some(_) | None => {
                self.void.clear();
                &mut self.void
            }
        }
    }

    /// What the pump must do with a connection.
    #[inline]
    pub(super) fn action(&self, session: u32) -> ConnAction {
        let Some(peer) = self.peers.get(session) else { return ConnAction::Close };
        match peer.action {
            ConnAction::Stay
                if peer.reads_paused_until > Nanos::ZERO || self.is_at_read_limit(peer) =>
            {
                ConnAction::HoldReads
            }
            // the octets to write before that cannot be written during a stall
            ConnAction::CloseWhenFlushed | ConnAction::HalfClose if self.stall.is_on() => {
                ConnAction::Stay
            }
            action => action,
        }
    }

    /// Whether too many answers are unwritten or delayed to read the session.
    fn is_at_read_limit(&self, peer: &Peer) -> bool {
        let octets_max = match peer.session.state() {
            SessionState::Open => self.limits.unbound_out_octets_max,
            SessionState::Bound(_) | SessionState::Unbinding(_) | SessionState::Unbound => {
                self.limits.out_octets_max
            }
        };
        peer.output.len() >= octets_max || peer.window.unanswered() >= self.limits.replies_max
    }

    /// When a stall begins or ends next; MAX: never.
    #[inline]
    pub(super) fn stall_due(&self) -> Nanos {
        self.stall.due()
    }

    /// Begins or ends a stall where that is due. When one ends, wakes all sessions to write their answers.
    #[inline]
    pub(super) fn update_stall(&mut self, now: Nanos) {
        if self.stall.update(now) {
            for session in self.peers.numbers() {
                if let Some(peer) = self.peers.get_mut(session) {
                    peer.window.settle();
                }
                self.mark_changed(session);
            }
        }
    }

    /// Sets when a connection is closed; MAX: never.
    fn set_deadline(&mut self, session: u32, at: Nanos) {
        if let Some(peer) = self.peers.get_mut(session) {
            let before = std::mem::replace(&mut peer.deadline, at);
            self.deadlines.set(session, before, at);
        }
    }

    /// The earliest deadline of a connection; MAX: there is none.
    #[inline]
    pub(super) fn deadline_due(&self) -> Nanos {
        self.deadlines.due()
    }

    /// Ends the connection whose deadline has passed: no bind came, an unbind was not answered, or the ESME did not
    /// read the last octets.
    pub(super) fn pass_deadline(&mut self, now: Nanos, count: &mut SessionTally) {
        let Some(session) = self.deadlines.first() else { return };
        self.set_deadline(session, Nanos::MAX);
        let Some(peer) = self.peers.get_mut(session) else { return };
        if !peer.handles_input() {
            if self.stall.is_on() {
                // nothing is written during a stall: that is not the fault of the ESME
                return self.set_deadline(session, now.after(CLOSE_WITHIN));
            }
            count.flush_timeouts += u64::from(peer.action == ConnAction::CloseWhenFlushed);
            peer.action = ConnAction::Reset;
            return self.mark_changed(session);
        }
        match peer.session.state() {
            SessionState::Open => count.init_timeouts += 1,
            SessionState::Unbinding(_) => count.response_timeouts += 1,
            SessionState::Bound(_) | SessionState::Unbound => return,
        }
        self.close(session, ConnAction::CloseWhenFlushed, now);
    }

    /// When the timers of a session are checked next; MAX: never.
    #[inline]
    pub(super) fn timer_due(&self) -> Nanos {
        self.timers.due()
    }

    fn next_timer(&self, peer: &Peer) -> Nanos {
        let own = peer.session.next_tick();
        let inactivity = self.settings.timers.inactivity;
        let idle = match peer.session.state() {
            SessionState::Bound(_) => inactivity.map(|span| peer.session.last_heard().after(span)),
            SessionState::Open | SessionState::Unbinding(_) | SessionState::Unbound => None,
        };
        let paused = peer.reads_paused_until;
        let resume = if paused > Nanos::ZERO { paused } else { Nanos::MAX };
        own.min(idle.unwrap_or(Nanos::MAX)).min(resume)
    }

    /// Schedules the next check of a session's timers, unless an earlier one is scheduled.
    pub(super) fn arm(&mut self, session: u32) {
        let due = self.peers.get(session).map_or(Nanos::MAX, |peer| self.next_timer(peer));
        let Some(peer) = self.peers.get_mut(session) else { return };
        if due < peer.timer_at {
            peer.timer_at = due;
            self.timers.push(due, session);
        }
    }

    /// Checks the timers of the session that is due.
    pub(super) fn run_timer(&mut self, now: Nanos, count: &mut SessionTally) {
        let Some((due, session)) = self.timers.pop() else { return };
        let Some(peer) = self.peers.get_mut(session) else { return };
        if peer.timer_at != due {
            return;
        }
        peer.timer_at = Nanos::MAX;
        if peer.reads_paused_until > Nanos::ZERO && now >= peer.reads_paused_until {
            peer.reads_paused_until = Nanos::ZERO;
            self.mark_changed(session);
        }
        let Some(peer) = self.peers.get_mut(session) else { return };
        if !peer.handles_input() {
            return;
        }
        let idle_since = peer.session.last_heard();
        let inactivity = self.settings.timers.inactivity;
        let is_idle = inactivity.is_some_and(|span| now >= idle_since.after(span));
        if peer.session.is_bound() && is_idle {
            count.inactivity_timeouts += 1;
        } else if peer.session.tick(now, peer.output.buffer()).is_some() {
            count.response_timeouts += 1;
        } else {
            self.mark_changed(session);
            return self.arm(session);
        }
        self.close(session, ConnAction::CloseWhenFlushed, now);
    }
}
