//! The load side's decisions for one worker: no I/O, no clock, no await. [`Core`] only composes parts that own their
//! state, and is the only place where they meet: `reads` (what a read brings) and `life` (connections, deadlines, the
//! end) are beside it.
use super::context::Context;
use super::deliveries::Deliveries;
use super::events::{Effect, Events};
use super::flood::FloodAttempts;
use super::mailbox::WorkerMessage;
use super::next_tick::NextTick;
use super::orders::{Event, Order, WorkerAssignment};
use super::receipts::Receipts;
use super::sending::Sending;
use super::sessions::Sessions;
use crate::kit::{Nanos, Rate, RateChange, Rng, stream_seed};
use crate::measure::{Gauges, Interval};
use crate::net::{ConnAction, Endpoint, Witness};
use crate::plan::{Plan, PlanError};
use bytes::BytesMut;
use std::sync::Arc;

mod life;
mod reads;
mod strikes;

/// One worker's load side.
pub struct Core {
    /// The plan, the phase, and where the parts report what happened.
    context: Context,
    sessions: Sessions,
    sending: Sending,
    receipts: Receipts,
    deliveries: Deliveries,
    events: Events,
    /// Bind attempts beyond the sessions of the plan.
    attempts: FloodAttempts,
    /// Sessions whose pump is to be woken.
    resumed: Vec<u32>,
    rng: Rng,
    next_tick: NextTick,
    /// Who is told all octets. None: nobody.
    witness: Option<Box<Witness>>,
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core").field("phase", &self.context.phase).finish_non_exhaustive()
    }
}

impl Core {
    /// A worker's core. `wall_at_zero`: the wall clock (ns since 1970) at the zero of the clock that `now` comes from.
    ///
    /// # Errors
    /// Where the plan cannot be worked out.
    pub fn new(assignment: &WorkerAssignment, wall_at_zero: u64) -> Result<Core, PlanError> {
        let (worker, workers) = (assignment.worker, assignment.workers as usize);
        let context = Context::new(assignment, wall_at_zero)?;
        let setup = &context.setup;
        let sessions = Sessions::new(setup, worker);
        Ok(Core {
            sending: Sending::new(setup, &sessions, worker, workers, wall_at_zero),
            sessions,
            receipts: Receipts::new(setup, workers, assignment.is_of_a_fleet()),
            deliveries: Deliveries::new(&setup.plan),
            events: Events::new(setup, worker, workers),
            attempts: FloodAttempts::default(),
            resumed: Vec::new(),
            rng: Rng::new(stream_seed(setup.plan.seed, 0xE5, u64::from(worker))),
            next_tick: NextTick::new(),
            witness: None,
            context,
        })
    }

    /// The plan of the run.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.context.setup.plan
    }
    /// Tells all octets from now on to `witness`.
    pub fn witnessed(&mut self, witness: Witness) {
        self.witness = Some(Box::new(witness));
    }

    /// Sessions of this worker, numbered 0.. as [`Endpoint`] numbers them.
    pub fn sessions_count(&self) -> usize {
        self.sessions.len()
    }
    /// The number within the run of a session of this worker.
    pub fn session_id(&self, session: u32) -> u32 {
        self.sessions[session as usize].plan.id
    }
    /// Connects a second of the session's account, where planned.
    pub fn connect_rate(&self, session: u32) -> Option<Rate> {
        let account = usize::from(self.sessions[session as usize].plan.account);
        self.context.setup.plan.accounts[account].binds.connect_rate
    }
    /// Whether it unbinds, or has ended.
    pub fn is_stopping(&self) -> bool {
        self.context.phase.is_stopping()
    }
    /// Whether every free slot is used at once.
    pub fn is_closed_loop(&self) -> bool {
        self.sending.is_closed_loop()
    }
    /// Whether the final report has been sent.
    pub fn finished(&self) -> bool {
        self.context.phase.is_finished()
    }

    /// Moves what is to be told to the coordinator into `into`.
    pub fn take_events(&mut self, into: &mut Vec<Event>) {
        self.context.telling.take(into);
    }
    /// Whether something became due sooner than the last tick said.
    pub fn take_rearm(&mut self) -> bool {
        self.next_tick.take_sooner()
    }
    /// Passes each batch for another worker of this process to `give`, with the place of that worker.
    pub fn take_messages(&mut self, give: impl FnMut(usize, Vec<WorkerMessage>)) {
        self.context.mailbox.take(give);
    }
    /// Takes in a batch from another worker.
    pub fn on_messages(&mut self, batch: &[WorkerMessage]) {
        self.receipts.on_messages(batch, &mut self.context);
    }
    /// An interval comes back, cleared, to be filled again.
    pub fn recycle(&mut self, spare: Box<Interval>) {
        self.context.telling.recycle(spare);
    }

    /// Does what the coordinator says.
    pub fn order(&mut self, order: &Order, now: Nanos) {
        let Core { context, sending, receipts, events, .. } = self;
        let me = context.telling.worker();
        match order {
            Order::Start { at } => {
                context.phase.begin(*at);
                context.count_disturbed_in_slots(0);
                sending.begin(*at);
            }
            Order::EndLoad { at } => {
                sending.end_load(*at);
                events.end_load(*at);
            }
            Order::Steer { changes } => self.steer(changes),
            Order::Recovered { at } => context.setup.disturbed.recovered(*at),
            Order::Drain { until } => context.phase.drain(*until),
            Order::Claim { batch, receipts: offered } => receipts.claim(*batch, offered, context),
            Order::Settled { worker, claimed, unclaimed, excused } => {
                if *worker == me {
                    receipts.on_settled(claimed, unclaimed, *excused, now, context);
                }
            }
            Order::PartUpdates { worker, updates } => {
                if *worker == me {
                    context.apply_part_updates(updates);
                }
            }
            Order::Stop => self.stop(now),
        }
        self.next_tick.maintain_at(now);
    }

    /// Replaces the schedule with one that has these rate changes.
    fn steer(&mut self, changes: &[RateChange]) {
        // the coordinator has worked the same schedule out before it asked for it
        let Ok(schedule) = self.context.setup.steered(changes) else { return };
        self.sending.steer(&schedule);
        self.context.setup.schedule = schedule;
    }

    /// Sends what is due and has a slot. `here`: the session whose read freed slots, for the closed loop.
    #[inline]
    fn dispatch_due(&mut self, here: Option<usize>, now: Nanos) {
        self.sending.dispatch_due(here, &mut self.sessions, &mut self.context, now);
    }

    /// The account of this session follows its window, whose slots became free, or were lost, at this time.
    #[inline]
    fn follow(&mut self, session: usize, at: Nanos) {
        self.sending.follow(&mut self.sessions[session], at);
    }

    /// Tells the intervals that are over.
    fn tell_intervals(&mut self, now: Nanos) {
        let Some(start) = self.context.phase.start() else { return };
        loop {
            let end = self.context.telling.interval_ends(start);
            if now < end {
                return;
            }
            let interval = self.take_interval(end);
            self.context.telling.interval(interval);
        }
    }

    /// What happened since the last interval ended.
    fn take_interval(&mut self, now: Nanos) -> Box<Interval> {
        let gauges = self.gauges(now);
        self.receipts.record_alike(&mut self.context.recorder);
        let mut interval = self.context.take_interval(gauges);
        if self.events.is_on() {
            self.events.close_interval(&mut interval);
        }
        interval
    }

    fn gauges(&mut self, now: Nanos) -> Gauges {
        let up = self.sessions.up();
        let (sessions_up, slots) =
            up.fold((0, 0), |(count, slots), s| (count + 1, slots + s.window.limit() as u64));
        let accounts = self.sending.accounts_count().max(1) as u64;
        let full_ns = self.sending.take_full_ns(now);
        let offset = self.context.phase.offset(now).unwrap_or_default();
        Gauges {
            in_flight: self.sessions.iter().map(|s| s.window.open_count() as u64).sum(),
            backlog: self.sending.backlog(offset, &self.context),
            awaited: self.receipts.awaited_count() as u64,
            sessions_up,
            slots,
            window_full_ns: full_ns / accounts,
            cpu_ns: 0,
            run_delay_ns: 0,
        }
    }

    fn next_due(&self, now: Nanos) -> Nanos {
        let Core { context, sessions, sending, receipts, deliveries, events, next_tick, .. } = self;
        let mut next = next_tick.maintenance_at().min(receipts.settle_at());
        next = next.min(deliveries.next_due().unwrap_or(Nanos::MAX));
        let Some(start) = context.phase.start() else { return next };
        next = next.min(context.telling.interval_ends(start)).min(start.after(events.next_at()));
        if !context.phase.is_stopping() {
            next = next.min(sending.next_due(sessions, context, now));
        }
        next
    }
}

/// Octets of answers from which on a session is not read: a peer that does not take answers must not ask for more.
/// Requests of ours do not count: they are bounded by the window, and the peer may be waiting for us to read before it
/// reads them.
const ANSWERS_OCTETS_MAX: usize = 4 * 1024 * 1024;

impl Endpoint for Core {
    const SLICE: usize = 16 * 1024;

    fn on_octets(&mut self, session: u32, octets: &[u8], now: Nanos) -> usize {
        let is_vanishing = self.events.has_blackholes();
        if is_vanishing && self.events.effect(session as usize) == Effect::Blackhole {
            return self.swallow(octets);
        }
        let used = self.on_read(session as usize, octets, now);
        if is_vanishing {
            self.drop_outputs(now);
        }
        if let Some(witness) = &self.witness {
            witness.read(self.session_id(session), &octets[..used], now);
        }
        used
    }

    fn witness_write(&mut self, session: u32, octets: usize, stamp: Nanos) {
        if let Some(witness) = &self.witness {
            witness.wrote(
                self.session_id(session),
                &self.sessions[session as usize].output.octets()[..octets],
                stamp,
            );
        }
    }

    fn out(&mut self, session: u32) -> &mut BytesMut {
        self.sessions[session as usize].output.octets()
    }

    fn wrote(&mut self, session: u32, octets: usize, stamp: Nanos) {
        self.sessions.wrote(session as usize, octets, stamp, &mut self.context.recorder);
    }

    fn blocked(&mut self, session: u32, taken: usize, stamp: Nanos) {
        self.sessions.blocked(session as usize, taken, stamp);
    }

    fn reads(&self, session: u32) -> bool {
        self.sessions[session as usize].output.answer_octets() < ANSWERS_OCTETS_MAX
    }

    fn wish(&self, session: u32) -> ConnAction {
        self.sessions[session as usize].action
    }

    fn slice(&mut self, session: u32) -> usize {
        self.events.take_allowed(session as usize)
    }

    fn tick(&mut self, now: Nanos) -> Nanos {
        self.sending.resume_sessions(&mut self.sessions, now);
        if let Some(offset) = self.context.phase.offset(now) {
            if offset >= self.events.next_at() {
                self.turn_events(offset, now);
            }
            self.sending.turn_stages(offset, &mut self.sessions, &mut self.context, now);
            self.dispatch_due(None, now);
            if self.context.phase.is_drained(offset) {
                self.sending.give_up_unsent(&mut self.context, now);
            }
            self.tell_intervals(now);
        }
        self.deliveries.answer_deferred(now, &mut self.sessions, &mut self.context.recorder);
        if now >= self.next_tick.maintenance_at() {
            self.maintain(now);
        } else if now >= self.receipts.settle_at() {
            self.receipts.expire(now, &mut self.context);
        }
        if self.events.has_blackholes() {
            self.drop_outputs(now);
        }
        self.sending.take_wake_by();
        let next = self.next_due(now);
        self.next_tick.promise(next)
    }

    fn take_dirty(&mut self, into: &mut Vec<u32>) {
        self.sessions.take_dirty(into);
    }
}
