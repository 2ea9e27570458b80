//! The planned events, as far as they concern one worker: which is due, which of its sessions are struck and how, and
//! what is counted of each occurrence. It decides; `core/strikes.rs` carries out.
//!
//! What an event does to a session ends with the connection: a session that is bound anew is not struck again.
use super::setup::Setup;
use crate::kit::{NS_PER_S, Nanos, Rate};
use crate::measure::{EventOccurrence, Interval};
use crate::plan::{EventAction, Occurrence, PlannedEvent, occurrences};
use std::collections::VecDeque;
use std::sync::Arc;

/// The pause between two pieces of a sliced write.
const SLICE_PAUSE: Nanos = Nanos::from_millis(1);

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// An occurrence begins.
    Begin(Occurrence),
    /// An occurrence is over.
    End(Occurrence),
    /// A session of this worker is replaced, for this occurrence.
    Replace(Occurrence, usize),
    /// A further connection attempts to bind, for this occurrence.
    Attempt(Occurrence),
    /// Sliced sessions may write their next piece.
    NextPiece,
}

/// An occurrence that lasts.
#[derive(Clone, Copy, Debug)]
struct Running {
    occurrence: Occurrence,
    /// Turns a second, of all workers: sessions to replace, or attempts to bind.
    rate: Option<Rate>,
    /// The next turn.
    turn: u64,
}

impl Running {
    /// When its next turn is, as an offset; MAX: it has none.
    fn next_turn(&self) -> Nanos {
        let Some(rate) = self.rate else { return Nanos::MAX };
        let after = u128::from(self.turn) * u128::from(rate.den) * u128::from(NS_PER_S);
        let at = self.occurrence.from.after(Nanos((after / u128::from(rate.num.max(1))) as u64));
        if at < self.occurrence.until { at } else { Nanos::MAX }
    }
}

/// What is done to a session's connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Effect {
    #[default]
    None,
    /// It is not read.
    Unread,
    /// It sends nothing more, and unbinds once all that is in flight is answered.
    Leaving,
    /// Its deliver_sm are not answered.
    Unacknowledged,
    /// enquire_link is not answered.
    NoEnquireAnswer,
    /// Octets vanish.
    Blackhole,
    /// Writes are cut into pieces of this number of octets.
    Sliced(usize),
}

/// One session of this worker, as events see it.
#[derive(Clone, Copy, Debug, Default)]
struct Struck {
    /// Its number within the run.
    id: u32,
    effect: Effect,
    /// The occurrence whose strike will end its connection.
    ended_by: Option<Occurrence>,
    /// The occurrence that it went down in, until it is bound again.
    down_in: Option<Occurrence>,
    /// It is not connected before then.
    away_until: Nanos,
    /// It is connected again at once.
    is_replaced: bool,
    /// Octets that it may write now, while it is sliced.
    allowed_octets: usize,
}

/// Counts that are put down to the latest occurrence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Damage {
    timed_out: u64,
    missing: u64,
    duplicated: u64,
}

impl Damage {
    fn of(interval: &Interval) -> Damage {
        let mut sum = Damage::default();
        for cell in interval.cells.iter().flatten() {
            sum.timed_out += cell.tally.timed_out;
            sum.missing += cell.tally.receipts_missing;
            sum.duplicated += cell.tally.receipts_duplicate;
        }
        sum
    }
}

/// The events of one worker.
#[derive(Debug)]
pub(super) struct Events {
    planned: Arc<[PlannedEvent]>,
    /// Soonest first.
    to_come: VecDeque<Occurrence>,
    running: Vec<Running>,
    /// When the next step is due, as an offset; MAX: never.
    next_at: Nanos,
    /// When sliced sessions write their next piece; MAX: none is sliced.
    next_piece_at: Nanos,
    /// By session of this worker; empty where the plan has no events.
    sessions: Vec<Struck>,
    /// By number within the run: the session of this worker.
    local: Vec<Option<u32>>,
    /// The occurrence that began last, and until when a session that goes down does so because of it.
    latest: Option<(Occurrence, Nanos)>,
    /// Of the interval that is filling: what has been put down already.
    counted: Damage,
    /// How long after an occurrence a session may still go down because of it, besides the event's own `hold`.
    response: Nanos,
    blackholes: usize,
    worker: (u64, u64),
}

impl Events {
    pub(super) fn new(setup: &Setup, worker: u32, workers: usize) -> Events {
        let plan = &setup.plan;
        let mut local = Vec::new();
        let mut sessions = Vec::new();
        if !plan.events.is_empty() {
            local = vec![None; setup.sessions.len()];
            for s in setup.sessions.iter().filter(|s| s.worker == worker) {
                local[s.id as usize] = Some(sessions.len() as u32);
                sessions.push(Struck { id: s.id, ..Struck::default() });
            }
        }
        let mut events = Events {
            planned: plan.events.clone().into(),
            to_come: occurrences(plan).into(),
            running: Vec::new(),
            next_at: Nanos::MAX,
            next_piece_at: Nanos::MAX,
            sessions,
            local,
            latest: None,
            counted: Damage::default(),
            response: plan.timeouts.response,
            blackholes: 0,
            worker: (u64::from(worker), workers.max(1) as u64),
        };
        events.set_next();
        events
    }

    /// When the next step is due, as an offset; MAX: never.
    #[inline]
    pub(super) fn next_at(&self) -> Nanos {
        self.next_at
    }

    /// Whether the plan has events.
    #[inline]
    pub(super) fn is_on(&self) -> bool {
        !self.sessions.is_empty()
    }

    /// Whether octets of some session vanish.
    #[inline]
    pub(super) fn has_blackholes(&self) -> bool {
        self.blackholes > 0
    }

    pub(super) fn event(&self, occurrence: &Occurrence) -> &PlannedEvent {
        &self.planned[usize::from(occurrence.event)]
    }

    fn set_next(&mut self) {
        let mut next = self.to_come.front().map_or(Nanos::MAX, |o| o.from).min(self.next_piece_at);
        for running in &self.running {
            next = next.min(running.occurrence.until).min(running.next_turn());
        }
        self.next_at = next;
    }

    /// What is due at this offset, one step after the other: what ends goes before what begins.
    pub(super) fn next_step(&mut self, offset: Nanos) -> Option<Step> {
        let step = self.due_step(offset);
        self.set_next();
        step
    }

    fn due_step(&mut self, offset: Nanos) -> Option<Step> {
        let over = self.running.iter().position(|r| r.occurrence.until <= offset);
        let mut position = 0;
        while position < self.running.len() {
            let running = &mut self.running[position];
            if running.next_turn() > offset {
                position += 1;
                continue;
            }
            let (occurrence, turn) = (running.occurrence, running.turn);
            running.turn += 1;
            if let Some(step) = self.turn(occurrence, turn) {
                return Some(step);
            }
        }
        if let Some(over) = over {
            return Some(Step::End(self.running.swap_remove(over).occurrence));
        }
        if self.next_piece_at <= offset {
            self.next_piece_at = offset.after(SLICE_PAUSE);
            return Some(Step::NextPiece);
        }
        let next = self.to_come.front().filter(|next| next.from <= offset).copied()?;
        self.to_come.pop_front();
        // a command is run, and its end told, by the coordinator
        let is_command = self.event(&next).action.is_command();
        if next.until > next.from && !is_command {
            let rate = self.event(&next).rate;
            self.running.push(Running { occurrence: next, rate, turn: 0 });
        }
        Some(Step::Begin(next))
    }

    /// What this worker does in a turn of an occurrence; None: it is another worker's.
    fn turn(&self, occurrence: Occurrence, turn: u64) -> Option<Step> {
        match self.event(&occurrence).action {
            EventAction::Churn => {
                let count = self.event(&occurrence).binds.count(self.local.len()) as u64;
                let session = self.local[(turn % count.max(1)) as usize]?;
                Some(Step::Replace(occurrence, session as usize))
            }
            _ => (turn % self.worker.1 == self.worker.0).then_some(Step::Attempt(occurrence)),
        }
    }

    /// The load ends at this offset, sooner than planned: nothing begins any more, and what lasts ends then.
    pub(super) fn end_load(&mut self, at: Nanos) {
        self.to_come.retain(|o| o.from < at);
        for o in self.running.iter_mut().map(|r| &mut r.occurrence).chain(&mut self.to_come) {
            o.until = o.until.min(at);
        }
        for session in &mut self.sessions {
            session.away_until = Nanos::ZERO;
        }
        self.set_next();
    }

    /// Every occurrence that lasts is over, and none begins any more.
    pub(super) fn stop(&mut self) -> Vec<Occurrence> {
        self.to_come.clear();
        let over = self.running.drain(..).map(|r| r.occurrence).collect();
        self.set_next();
        over
    }

    /// The sessions of this worker that an occurrence strikes.
    pub(super) fn struck(&self, occurrence: &Occurrence) -> Vec<usize> {
        let event = self.event(occurrence);
        if !event.action.strikes_sessions() {
            return Vec::new();
        }
        let count = event.binds.count(self.local.len());
        self.local[..count].iter().flatten().map(|session| *session as usize).collect()
    }
}

/// What happens to sessions.
impl Events {
    /// The next end of this session's connection is this occurrence's doing. It is not connected again before
    /// `away_until`.
    pub(super) fn ends(&mut self, session: usize, occurrence: &Occurrence, away_until: Nanos) {
        let struck = &mut self.sessions[session];
        struck.ended_by = Some(*occurrence);
        struck.away_until = away_until;
        struck.is_replaced =
            self.planned[usize::from(occurrence.event)].action == EventAction::Churn;
    }

    /// A session that is only being bound is given up: it is not connected again before then.
    pub(super) fn keep_away(&mut self, session: usize, until: Nanos) {
        self.sessions[session].away_until = until;
    }

    /// The name of an occurrence as a cause.
    pub(super) fn named(&self, occurrence: &Occurrence) -> String {
        format!("event {}", self.event(occurrence).name)
    }

    /// Why the connection of a session ends, where an event ends it.
    pub(super) fn cause(&self, session: usize) -> Option<String> {
        let occurrence = self.sessions.get(session)?.ended_by?;
        Some(self.named(&occurrence))
    }

    /// From now on this is done to a session's connection.
    pub(super) fn set_effect(&mut self, session: usize, effect: Effect) {
        let before = std::mem::replace(&mut self.sessions[session].effect, effect);
        self.blackholes += usize::from(effect == Effect::Blackhole);
        self.blackholes -= usize::from(before == Effect::Blackhole);
        if let Effect::Sliced(octets) = effect {
            self.sessions[session].allowed_octets = octets;
        }
    }

    /// Sliced sessions write their first piece at this offset.
    pub(super) fn slice_from(&mut self, offset: Nanos) {
        self.next_piece_at = self.next_piece_at.min(offset.after(SLICE_PAUSE));
        self.set_next();
    }

    /// What is done to a session's connection.
    #[inline]
    pub(super) fn effect(&self, session: usize) -> Effect {
        self.sessions.get(session).map_or(Effect::None, |struck| struck.effect)
    }

    /// Sessions with this effect.
    pub(super) fn with_effect(&self, wanted: impl Fn(Effect) -> bool) -> Vec<usize> {
        (0..self.sessions.len()).filter(|s| wanted(self.sessions[*s].effect)).collect()
    }

    /// The sliced sessions may write a piece each. Returns them; none: nothing is sliced any more.
    pub(super) fn allow_piece(&mut self) -> Vec<usize> {
        let sliced = self.with_effect(|effect| matches!(effect, Effect::Sliced(_)));
        for session in &sliced {
            if let Effect::Sliced(octets) = self.sessions[*session].effect {
                self.sessions[*session].allowed_octets = octets;
            }
        }
        if sliced.is_empty() {
            self.next_piece_at = Nanos::MAX;
            self.set_next();
        }
        sliced
    }

    /// Octets that a sliced session may write now; until the next piece, no more.
    pub(super) fn take_allowed(&mut self, session: usize) -> usize {
        std::mem::take(&mut self.sessions[session].allowed_octets)
    }

    /// A session has a new connection: nothing is done to it.
    pub(super) fn on_connected(&mut self, session: usize) {
        if self.is_on() {
            self.set_effect(session, Effect::None);
        }
    }

    /// When a session that is down is connected again, where the rebind policy says `at`.
    pub(super) fn connect_at(&mut self, session: usize, at: Nanos, now: Nanos) -> Nanos {
        let Some(struck) = self.sessions.get_mut(session) else { return at };
        let at = if std::mem::take(&mut struck.is_replaced) { now } else { at };
        at.max(struck.away_until)
    }
}

/// What an interval says of an occurrence.
pub(super) fn entry<'i>(interval: &'i mut Interval, o: &Occurrence) -> &'i mut EventOccurrence {
    interval.event(o.event, o.repeat, o.from)
}

/// What is counted.
impl Events {
    /// An occurrence begins, with this number of sessions struck here. What was counted so far is put down to the one before it.
    pub(super) fn begun(&mut self, o: &Occurrence, sessions: usize, interval: &mut Interval) {
        self.attribute(interval);
        let last = o.until.after(self.event(o).recover.hold).after(self.response);
        self.latest = Some((*o, last));
        entry(interval, o).sessions += sessions as u32;
    }

    /// An occurrence is over at this offset.
    pub(super) fn over(&mut self, o: &Occurrence, at: Nanos, interval: &mut Interval) {
        let entry = entry(interval, o);
        entry.until = entry.until.max(at);
    }

    /// One more session was replaced, or bind attempted.
    pub(super) fn count_turn(&mut self, o: &Occurrence, interval: &mut Interval) {
        entry(interval, o).sessions += 1;
    }

    /// Octets of so many submit_sm, and of so many PDUs of the SMSC, have vanished.
    pub(super) fn vanished(&mut self, (ours, theirs): (u64, u64), interval: &mut Interval) {
        let hole = self.running.iter().map(|r| r.occurrence);
        let hole = hole.rev().find(|o| self.event(o).action == EventAction::Blackhole);
        if let Some(occurrence) = hole {
            let entry = entry(interval, &occurrence);
            entry.vanished += ours;
            entry.unheard += theirs;
        }
    }

    /// A session that was bound went down at this offset, and `lost` submit_sm with it.
    pub(super) fn on_down(
        &mut self,
        session: usize,
        lost: u64,
        at: Nanos,
        interval: &mut Interval,
    ) {
        let struck = &self.sessions[session];
        let in_latest = self.latest.filter(|(o, last)| {
            let event = &self.planned[usize::from(o.event)];
            let is_among = !event.action.strikes_sessions()
                || (struck.id as usize) < event.binds.count(self.local.len());
            at <= *last && is_among
        });
        let because_of = struck.ended_by.or(in_latest.map(|(o, _)| o));
        let struck = &mut self.sessions[session];
        struck.ended_by = None;
        struck.down_in = because_of;
        if let Some(occurrence) = because_of {
            let entry = entry(interval, &occurrence);
            entry.ended += 1;
            entry.lost += lost;
        }
    }

    /// A session was bound at this offset.
    pub(super) fn on_bound(&mut self, session: usize, at: Nanos, interval: &mut Interval) {
        let Some(struck) = self.sessions.get_mut(session) else { return };
        struck.away_until = Nanos::ZERO;
        if let Some(occurrence) = struck.down_in.take() {
            let entry = entry(interval, &occurrence);
            entry.rebound += 1;
            entry.bound_again = entry.bound_again.max(Some(at));
        }
    }

    /// Puts what was counted since the last call down to the latest occurrence.
    pub(super) fn attribute(&mut self, interval: &mut Interval) {
        let now = Damage::of(interval);
        let before = std::mem::replace(&mut self.counted, now);
        let Some((o, _)) = self.latest.filter(|_| now != before) else { return };
        let entry = entry(interval, &o);
        entry.timed_out += now.timed_out - before.timed_out;
        entry.missing += now.missing - before.missing;
        entry.duplicated += now.duplicated - before.duplicated;
    }

    /// An interval is over: what was counted in it is put down, and the next begins with nothing.
    pub(super) fn close_interval(&mut self, interval: &mut Interval) {
        self.attribute(interval);
        self.counted = Damage::default();
    }
}
