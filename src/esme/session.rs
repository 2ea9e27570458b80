//! One planned session, kept over reconnects: its state machine, its window, its output, what it counted.
use super::late_requests::LateRequests;
use super::output::Output;
use super::response_times::ResponseTimes;
use super::session_outcome::SessionOutcome;
use super::setup::{SessionPlan, Setup};
use crate::kit::{Nanos, Rng};
use crate::measure::{DownCause, Outage, SessionRecord, Ticket, Transport};
use crate::net::ConnAction;
use crate::plan::Rebind;
use crate::session::{Numbered, Session, Window};
use crate::smpp::CommandStatus;

/// Where a session stands between connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionStatus {
    /// Not yet tried, or waiting to be tried again.
    Down,
    /// Connected, bind on its way.
    Binding,
    /// Bound.
    Up,
    /// Ended for good.
    Gone,
}

impl Numbered for Ticket {
    #[inline]
    fn nth(self, n: u32) -> Ticket {
        let index = self.index + u64::from(self.step) * u64::from(n);
        Ticket { index, ..self }
    }
}

/// One planned session. What each read and write touches stands together: with a thousand sessions, none of it is in
/// a cache when its turn comes.
#[derive(Debug)]
#[repr(C)]
pub(super) struct EsmeSession {
    pub(super) status: SessionStatus,
    /// What is to become of the connection.
    pub(super) action: ConnAction,
    pub(super) plan: SessionPlan,
    pacing: Pacing,
    pub(super) window: Window<Ticket>,
    pub(super) session: Session,
    pub(super) counts: SessionCounts,
    pub(super) response_times: ResponseTimes,
    pub(super) output: Output,
    pub(super) late: LateRequests,
    history: History,
}

/// When a session may send.
#[derive(Debug)]
struct Pacing {
    /// Free slots of this session that its account counts: see [`EsmeSession::slot_change`].
    counted_slots: usize,
    /// Nothing is sent before then: after a throttle, or at the session's own cap. None: not paused.
    paused_until: Option<Nanos>,
    /// Throttles in a row, under `backoff`.
    throttles: u32,
    /// When its own cap lets it send again.
    next_turn: Nanos,
}

/// The connections of a session so far.
#[derive(Debug)]
struct History {
    /// Counts connections, so that an answer for an earlier one is recognised.
    connection: u32,
    /// When a bind without bind_resp is given up.
    bind_by: Nanos,
    /// When a connection that closes is closed even with octets left to write.
    close_by: Nanos,
    /// Whether its first attempt was told to the coordinator.
    is_tried: bool,
    /// Whether it has been bound: it is then bound again as the profile says, also before the load.
    was_bound: bool,
    /// Refused for its credentials: never tried again.
    is_banned: bool,
    outcome: SessionOutcome,
    /// The outage that goes on: since when, why, and how many submit_sm it lost.
    down: Option<(Nanos, DownCause, u64)>,
    /// Attempts to bind it again since it went down.
    attempts: u32,
    reconnects: u32,
    congestion_state: Option<u8>,
    /// Answers in a row that told it to stop, under `on_congestion`.
    congestions: u32,
    /// Until when it is paused for the SMSC's congestion; what other answers say meanwhile changes nothing.
    congested_until: Nanos,
    transport: Option<Box<Transport>>,
}

/// What a session counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SessionCounts {
    pub(super) written: u64,
    pub(super) accepted: u64,
    pub(super) rejected: u64,
    pub(super) delivered: u64,
}

impl EsmeSession {
    pub(super) fn new(plan: SessionPlan, setup: &Setup) -> EsmeSession {
        let window = setup.plan.accounts[usize::from(plan.account)].binds.window;
        let timers = setup.timers(plan.account);
        EsmeSession {
            plan,
            status: SessionStatus::Down,
            action: ConnAction::Stay,
            pacing: Pacing {
                counted_slots: 0,
                paused_until: None,
                throttles: 0,
                next_turn: Nanos::ZERO,
            },
            window: Window::new(if plan.sender.is_some() { window } else { 0 }),
            session: Session::esme(plan.role, timers, Nanos::ZERO),
            counts: SessionCounts::default(),
            response_times: ResponseTimes::new(Setup::range(&setup.plan)),
            output: Output::default(),
            late: LateRequests::default(),
            history: History {
                connection: 0,
                bind_by: Nanos::MAX,
                close_by: Nanos::MAX,
                is_tried: false,
                was_bound: false,
                is_banned: false,
                outcome: SessionOutcome::NeverConnected,
                down: None,
                attempts: 0,
                reconnects: 0,
                congestion_state: None,
                congestions: 0,
                congested_until: Nanos::ZERO,
                transport: None,
            },
        }
    }

    /// Whether deliver_sm and data_sm may come on it.
    #[inline]
    pub(super) fn takes_deliveries(&self) -> bool {
        self.status == SessionStatus::Up && self.plan.role.receives()
    }

    /// Counts what the kernel counted on a connection that has just ended.
    pub(super) fn record_tcp_stats(&mut self, transport: &Transport) {
        match &mut self.history.transport {
            Some(sum) => sum.followed_by(transport),
            none => *none = Some(Box::new(transport.clone())),
        }
    }

    pub(super) fn set_congestion_state(&mut self, state: u8) {
        self.history.congestion_state = Some(state);
    }

    /// The row of the result.
    pub(super) fn record(&mut self) -> SessionRecord {
        SessionRecord {
            id: self.plan.id,
            account: self.plan.account,
            role: self.plan.role.name().to_owned(),
            state: self.history.outcome.to_string(),
            written: self.counts.written,
            accepted: self.counts.accepted,
            rejected: self.counts.rejected,
            delivered: self.counts.delivered,
            reconnects: self.history.reconnects,
            response: self.response_times.take(),
            congestion_state: self.history.congestion_state,
            transport: self.history.transport.as_deref().cloned(),
        }
    }
}

/// When it may send. The window alone knows how many slots are free; its account follows it.
impl EsmeSession {
    /// Submit_sm that may be sent now.
    #[inline]
    pub(super) fn free_slots(&self) -> usize {
        if self.session.is_bound() { self.usable_slots() } else { 0 }
    }

    #[inline]
    fn usable_slots(&self) -> usize {
        if self.status == SessionStatus::Up && self.pacing.paused_until.is_none() {
            self.window.free_count()
        } else {
            0
        }
    }

    /// How many free slots were gained or lost since the account last asked: it adds the return value to its count,
    /// which then agrees with the window.
    #[inline]
    pub(super) fn slot_change(&mut self) -> isize {
        let slots = self.usable_slots();
        slots as isize - std::mem::replace(&mut self.pacing.counted_slots, slots) as isize
    }

    /// The account has taken `slots` of this session's free slots off its count, for requests that it opens.
    #[inline]
    pub(super) fn take_counted_slots(&mut self, slots: usize) {
        self.pacing.counted_slots -= slots;
    }

    #[inline]
    pub(super) fn paused_until(&self) -> Option<Nanos> {
        self.pacing.paused_until
    }

    /// Nothing is sent before `until`. False: the session was paused already.
    pub(super) fn pause(&mut self, until: Nanos) -> bool {
        let before = self.pacing.paused_until;
        self.pacing.paused_until = Some(before.map_or(until, |before| before.max(until)));
        before.is_none()
    }

    /// Nothing more is sent on this connection.
    pub(super) fn stop_sending(&mut self) {
        self.pacing.paused_until = Some(Nanos::MAX);
    }

    /// Ends a pause, where one goes on; returns when it was over.
    pub(super) fn resume(&mut self) -> Option<Nanos> {
        self.pacing.paused_until.take()
    }

    /// One more throttle in a row: returns how many came before it.
    pub(super) fn count_throttle(&mut self) -> u32 {
        self.pacing.throttles += 1;
        self.pacing.throttles - 1
    }

    /// A submit_sm was accepted: the next throttle is the first.
    #[inline]
    pub(super) fn forget_throttles(&mut self) {
        self.pacing.throttles = 0;
    }

    /// Whether it is paused for the SMSC's congestion.
    pub(super) fn is_congested(&self, now: Nanos) -> bool {
        now < self.history.congested_until
    }

    /// One more answer in a row that tells it to stop: returns how many came before it.
    pub(super) fn count_congestion(&mut self) -> u32 {
        self.history.congestions += 1;
        self.history.congestions - 1
    }

    /// It pauses for the SMSC's congestion.
    pub(super) fn congested(&mut self, until: Nanos) {
        self.history.congested_until = until;
    }

    /// The SMSC does not tell it to stop: the next time is the first.
    pub(super) fn forget_congestions(&mut self) {
        self.history.congestions = 0;
    }

    /// One submit_sm was sent at its own cap, of one each `turn`: when the next may go. Lateness of up to one turn is
    /// made up for, so that the cap is also the rate of a session that always has something to send.
    pub(super) fn next_turn(&mut self, turn: Nanos, now: Nanos) -> Nanos {
        let last = self.pacing.next_turn;
        let since = if last.after(turn) > now { last } else { now };
        self.pacing.next_turn = since + turn;
        self.pacing.next_turn
    }
}

/// Its connections.
impl EsmeSession {
    /// Counts connections.
    #[inline]
    pub(super) fn connection(&self) -> u32 {
        self.history.connection
    }

    /// A new connection: the bind goes out.
    pub(super) fn connected(&mut self, setup: &Setup, now: Nanos) {
        let account = self.plan.account;
        self.session = Session::esme(self.plan.role, setup.timers(account), now);
        self.status = SessionStatus::Binding;
        self.action = ConnAction::Stay;
        self.output.clear();
        self.late = LateRequests::default();
        self.pacing.paused_until = None;
        self.pacing.throttles = 0;
        self.history.congestions = 0;
        self.history.congested_until = Nanos::ZERO;
        self.history.connection += 1;
        self.history.close_by = Nanos::MAX;
        self.history.bind_by = now + setup.plan.timeouts.bind;
        let account = &setup.plan.accounts[usize::from(account)];
        self.session.bind(&account.bind(), now, self.output.octets());
    }

    /// Whether its bind was not answered in time.
    pub(super) fn is_bind_overdue(&self, now: Nanos) -> bool {
        self.status == SessionStatus::Binding && now >= self.history.bind_by
    }

    /// The bind was accepted. Returns the outage that this ends; `start` of the load.
    pub(super) fn bound(&mut self, start: Option<Nanos>, now: Nanos) -> Option<Outage> {
        self.status = SessionStatus::Up;
        let history = &mut self.history;
        history.was_bound = true;
        history.outcome = SessionOutcome::Bound;
        let attempts = std::mem::take(&mut history.attempts);
        let (from, cause, lost) = history.down.take()?;
        history.reconnects += 1;
        let start = start.unwrap_or(now);
        let (from, to) = (from.since(start), Some(now.since(start)));
        Some(Outage { session: self.plan.id, from, to, cause, lost, attempts })
    }

    /// Its first attempt has ended. False: it was told before.
    pub(super) fn first_tried(&mut self) -> bool {
        !std::mem::replace(&mut self.history.is_tried, true)
    }

    /// The bind was refused.
    pub(super) fn refused(&mut self, status: CommandStatus, now: Nanos) {
        self.action = ConnAction::Close;
        self.history.outcome = SessionOutcome::Refused(status);
        let credentials = [
            CommandStatus::ESME_RBINDFAIL,
            CommandStatus::ESME_RINVPASWD,
            CommandStatus::ESME_RINVSYSID,
        ];
        self.history.is_banned |= credentials.contains(&status);
        self.mark_down(DownCause::Other(format!("bind_refused {status}")), now);
    }

    /// No connection could be made.
    pub(super) fn connect_failed(&mut self, why: &str, now: Nanos) {
        self.history.outcome = SessionOutcome::Failed(why.to_owned());
        self.mark_down(DownCause::Other(why.to_owned()), now);
    }

    fn mark_down(&mut self, cause: DownCause, now: Nanos) {
        self.history.down.get_or_insert((now, cause, 0));
    }

    /// The connection is given up from our side.
    pub(super) fn give_up(&mut self, why: &str) {
        self.action = ConnAction::Close;
        self.history.outcome = SessionOutcome::Failed(why.to_owned());
    }

    /// Its connection carries nothing any more, and `lost` submit_sm with it.
    pub(super) fn go_down(&mut self, cause: DownCause, lost: u64, now: Nanos) {
        let was_up = self.status == SessionStatus::Up;
        self.status = SessionStatus::Down;
        if self.history.down.is_none() && (was_up || lost > 0) {
            self.history.down = Some((now, cause.clone(), lost));
        }
        if was_up {
            self.history.outcome = SessionOutcome::Lost(cause);
        }
    }

    /// Why a connection that we closed has ended.
    pub(super) fn own_cause(&self) -> DownCause {
        DownCause::Other(self.history.outcome.to_string())
    }

    /// Writes what is left, then closes; at the latest at `by`.
    pub(super) fn close_when_flushed(&mut self, by: Nanos) {
        self.action = ConnAction::CloseWhenFlushed;
        self.history.close_by = by;
    }

    /// Whether a connection that closes has been written to for long enough; asked once.
    pub(super) fn take_close_overdue(&mut self, now: Nanos) -> bool {
        let is_overdue = now >= self.history.close_by;
        if is_overdue {
            self.history.close_by = Nanos::MAX;
            self.action = ConnAction::Close;
        }
        is_overdue
    }

    /// The SMSC has unbound it.
    pub(super) fn unbound_by_smsc(&mut self) {
        self.history.outcome = SessionOutcome::UnboundBySmsc;
    }
    /// Our unbind was answered.
    pub(super) fn unbound(&mut self) {
        self.history.outcome = SessionOutcome::Unbound;
    }
    pub(super) fn is_unbound(&self) -> bool {
        self.history.outcome == SessionOutcome::Unbound
    }
    /// Our unbind was not answered.
    pub(super) fn unbind_overdue(&mut self) {
        self.action = ConnAction::Close;
        self.history.outcome = SessionOutcome::NoUnbindResp;
    }
    /// It is never tried.
    pub(super) fn skip(&mut self) {
        self.status = SessionStatus::Gone;
        self.history.outcome = SessionOutcome::NotTried;
    }

    pub(super) fn was_bound(&self) -> bool {
        self.history.was_bound
    }

    /// The pause before a session that is down is tried again: jittered, doubling within the profile's bounds. None: it
    /// is not tried again.
    pub(super) fn rebind_pause(&mut self, rebind: Rebind, rng: &mut Rng) -> Option<Nanos> {
        let history = &mut self.history;
        let is_left = rebind.attempts_max == 0 || history.attempts < rebind.attempts_max;
        if history.is_banned || !is_left {
            return None;
        }
        let doubled = rebind.min.0.saturating_mul(1 << history.attempts.min(20)).min(rebind.max.0);
        history.attempts += 1;
        // at least half the pause, so that a crowd does not come back as one
        Some(Nanos(doubled / 2 + rng.below(doubled / 2 + 1)))
    }

    /// It is not tried again. Returns the outage that never ended.
    pub(super) fn gone_for_good(&mut self, start: Option<Nanos>) -> Option<Outage> {
        self.status = SessionStatus::Gone;
        let (from, cause, lost) = self.history.down.take()?;
        let from = start.map_or(Nanos::ZERO, |start| from.since(start));
        let (session, attempts) = (self.plan.id, self.history.attempts);
        Some(Outage { session, from, to: None, cause, lost, attempts })
    }
}
