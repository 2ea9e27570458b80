//! The load side's decisions for one worker: no I/O, no clock, no await. Its parts are in the files
//! beside it: `inbound` (responses), `deliver` (receipts and MO), `life` (connections and deadlines).
use super::account_sender::AccountSender;
use super::bind_ladder::BindLadder;
use super::failed::FailuresSeen;
use super::mailbox::{Awaited, WorkerMailbox, WorkerMessage};
use super::orders::{BindFailure, Event, Order, WorkerAssignment};
use super::parts::Parts;
use super::receipts::FinalReceipt;
use super::samples::IdSample;
use super::session::{Deferred, EsmeSession, OutSpares, SessionStatus};
use super::setup::{Setup, id_rule};
use super::trace::Trace;
use super::unmatched_receipts::Strays;
use crate::correlate::{Correlator, IdRule, Key, ReceiptInfo, ReceiptMatch};
use crate::kit::{Nanos, Rate, RateChange, Rng, stream_seed};
use crate::measure::{Gauges, Interval, LatencyRange, Recorder, WriteBatch};
use crate::net::{ConnAction, Endpoint};
use crate::plan::{Cursor, PlanError, Scratch};
use crate::smpp::receipt::{FinalStates, ReceiptTemplate};
use bytes::BytesMut;
use hashbrown::HashMap;
use std::collections::VecDeque;

/// One worker's load side.
pub struct Core {
    pub(super) setup: Setup,
    pub(super) worker: u32,
    pub(super) links: Vec<EsmeSession>,
    pub(super) lanes: Vec<AccountSender>,
    /// By account: its lane here, if it has one.
    pub(super) lane_of: Vec<Option<usize>>,
    pub(super) recorder: Recorder,
    pub(super) correlator: Correlator<Awaited>,
    pub(super) rule: IdRule,
    pub(super) key_seed: u64,
    /// Keys of one read, to work with them together.
    pub(super) keys: Vec<Key>,
    pub(super) exchange: WorkerMailbox,
    /// Receipts that may be another agent's; None where there is no other.
    pub(super) strays: Option<Strays>,
    pub(super) events: Vec<Event>,
    pub(super) template: ReceiptTemplate,
    /// The text of the last receipt that was not in plain octets.
    pub(super) room: Vec<u8>,
    pub(super) met: Vec<(ReceiptInfo, ReceiptMatch<Awaited>)>,
    /// The last final receipt, and how many in a row were like it that are not recorded yet.
    pub(super) receipts_alike: (Option<FinalReceipt>, u64),
    pub(super) range: LatencyRange,
    pub(super) rng: Rng,
    /// Whatever can be read is answered at once, and with ESME_ROK.
    pub(super) answers_plainly: bool,
    /// Answers that wait for `deliver.delay`.
    pub(super) deferred: VecDeque<Deferred>,
    /// Which states end a message.
    pub(super) final_states: FinalStates,
    pub(super) dirty: Vec<u32>,
    pub(super) scratch: Scratch,
    pub(super) out_spares: OutSpares,
    pub(super) wall_at_zero: u64,
    /// When the load began; None before.
    pub(super) start: Option<Nanos>,
    /// Offset of the load's end.
    pub(super) load_ends: Nanos,
    pub(super) drain_until: Option<Nanos>,
    /// The closed-loop stage that is on: (stage, end as an offset).
    pub(super) closed: Option<(u16, Nanos)>,
    interval_number: u64,
    pub(super) maintenance_at: Nanos,
    /// When the pacer has been told to call again.
    armed: Nanos,
    /// It must be told of an earlier time.
    rearm: bool,
    /// Receipts are left to be given up on, from then on; MAX: none.
    pub(super) settle_at: Nanos,
    pub(super) quiet_told: Option<(bool, u64, u64)>,
    pub(super) unbind_by: Nanos,
    pub(super) untried: usize,
    pub(super) failures: Vec<BindFailure>,
    /// Where sessions bind one after the other.
    pub(super) climb: Option<BindLadder>,
    pub(super) all_lost_told: bool,
    pub(super) foreign_told: bool,
    pub(super) stopping: bool,
    pub(super) finished: bool,
    /// Messages whose fate on the SMSC's side nobody knows: their receipts may still come.
    pub(super) unaccounted: u64,
    /// Messages of several parts; None where there are none.
    pub(super) parts: Option<Parts>,
    /// Failed messages, listed one by one.
    pub(super) failures_seen: FailuresSeen,
    /// Failed exchanges to keep; None: not asked for.
    pub(super) trace: Option<Trace>,
    /// Deliveries that we refused or left unanswered, and when they first came.
    pub(super) refused: HashMap<u64, Nanos, foldhash::fast::FixedState>,
    /// The first message ids seen.
    pub(super) ids: IdSample,
    /// Some account has a cap per bind.
    pub(super) capped: bool,
    /// Sessions on hold.
    pub(super) held: Vec<u32>,
    /// Retries that the guard still allows this worker.
    pub(super) retries_left: u64,
    #[expect(clippy::vec_box, reason = "intervals are large and travel by pointer")]
    spares: Vec<Box<Interval>>,
}

impl Core {
    /// A worker's core. `wall_at_zero`: the wall clock (ns since 1970) at the zero of the clock that `now` comes from.
    ///
    /// # Errors
    /// Where the plan cannot be worked out.
    pub fn new(share: &WorkerAssignment, wall_at_zero: u64) -> Result<Core, PlanError> {
        let setup = Setup::new(share.plan.clone(), share.workers as usize)?;
        let plan = &setup.plan;
        let mine = setup.sessions.iter().filter(|s| s.worker == share.worker);
        let links: Vec<EsmeSession> = mine
            .map(|s| {
                let window = plan.accounts[usize::from(s.account)].binds.window;
                EsmeSession::new(*s, window, setup.timers(s.account))
            })
            .collect();
        let (lanes, lane_of) = lanes(&setup, &links, share.worker as usize);
        let range = Setup::range(plan);
        let kept_max = (plan.receipts.outstanding_max / share.workers as usize).max(1);
        Ok(Core {
            worker: share.worker,
            untried: links.len(),
            links,
            lanes,
            lane_of,
            recorder: Recorder::new(share.worker, Setup::cell_keys(plan).len(), range),
            correlator: Correlator::new(kept_max, plan.receipts.deadline).with_homes(setup.homes()),
            rule: id_rule(plan.receipts.id_mode),
            key_seed: stream_seed(plan.seed, 0x1D, 0),
            keys: Vec::new(),
            exchange: WorkerMailbox::new(share.worker, &share.near),
            strays: share.is_of_a_fleet().then(Strays::default),
            events: Vec::new(),
            template: ReceiptTemplate::default(),
            room: Vec::new(),
            met: Vec::new(),
            receipts_alike: (None, 0),
            range,
            rng: Rng::new(stream_seed(plan.seed, 0xE5, u64::from(share.worker))),
            answers_plainly: plan.deliver.is_plain(),
            deferred: VecDeque::new(),
            final_states: FinalStates::of(plan.receipts.final_states.iter().map(String::as_str)),
            dirty: Vec::new(),
            scratch: Scratch::default(),
            out_spares: OutSpares::default(),
            wall_at_zero,
            start: None,
            load_ends: setup.load_ends(),
            drain_until: None,
            closed: None,
            interval_number: 0,
            maintenance_at: Nanos::ZERO,
            armed: Nanos::MAX,
            rearm: false,
            settle_at: Nanos::MAX,
            quiet_told: None,
            unbind_by: Nanos::MAX,
            failures: Vec::new(),
            climb: plan.ladder.map(BindLadder::new),
            all_lost_told: false,
            foreign_told: false,
            stopping: false,
            finished: false,
            unaccounted: 0,
            capped: plan.accounts.iter().any(|a| a.binds.rate_max.is_some()),
            parts: has_parts(&setup).then(|| Parts::new(share)),
            failures_seen: FailuresSeen::new(kept_max),
            trace: plan.trace_failed.map(|n| Trace::new(n.div_ceil(share.workers as usize))),
            refused: HashMap::with_hasher(foldhash::fast::FixedState::with_seed(2)),
            ids: IdSample::default(),
            held: Vec::new(),
            retries_left: retries_max(&setup, u64::from(share.workers)),
            spares: Vec::new(),
            setup,
        })
    }

    /// Sessions of this worker, numbered 0.. as [`Endpoint`] numbers them.
    pub fn sessions_count(&self) -> usize {
        self.links.len()
    }
    /// The number within the run of a session of this worker.
    pub fn session_id(&self, session: u32) -> u32 {
        self.links[session as usize].plan.id
    }
    /// Connects a second of the session's account, where planned.
    pub fn connect_rate(&self, session: u32) -> Option<Rate> {
        let account = usize::from(self.links[session as usize].plan.account);
        self.setup.plan.accounts[account].binds.connect_rate
    }
    /// Whether it is on its way out.
    pub fn is_stopping(&self) -> bool {
        self.stopping
    }
    /// Whether every free slot is used at once.
    pub fn is_closed_loop(&self) -> bool {
        self.closed.is_some()
    }
    /// Whether the last word has been said.
    pub fn finished(&self) -> bool {
        self.finished
    }
    /// Moves what is to be told to the coordinator into `into`.
    pub fn take_events(&mut self, into: &mut Vec<Event>) {
        into.append(&mut self.events);
    }
    /// Whether something became due sooner than the pacer was told to call again.
    pub fn take_rearm(&mut self) -> bool {
        std::mem::take(&mut self.rearm)
    }
    /// Something is due at this time.
    #[inline]
    pub(super) fn wake_by(&mut self, at: Nanos) {
        if at < self.armed {
            self.armed = at;
            self.rearm = true;
        }
    }
    /// Gives what other workers own to `give`, in batches.
    pub fn take_handed(&mut self, give: impl FnMut(usize, Vec<WorkerMessage>)) {
        self.exchange.take(give);
    }
    /// An interval comes back, cleared, to be filled again.
    pub fn recycle(&mut self, spare: Box<Interval>) {
        if self.spares.len() < 2 {
            self.spares.push(spare);
        }
    }

    /// Does what the coordinator says.
    pub fn order(&mut self, order: &Order, now: Nanos) {
        match order {
            Order::Start { at } => {
                self.start = Some(*at);
                for lane in &mut self.lanes {
                    lane.take_full_ns(*at);
                }
            }
            Order::EndLoad { at } => {
                self.load_ends = self.load_ends.min(*at);
                self.closed = None;
            }
            Order::Steer { changes } => self.steer(changes),
            Order::Drain { until } => self.drain_until = Some(*until),
            Order::Claim { batch, strays } => self.claim(*batch, strays),
            Order::Settled { worker, claimed, unclaimed, excused } => {
                if *worker == self.worker {
                    self.strays_settled(claimed, unclaimed, *excused, now);
                }
            }
            Order::Home { worker, news } => {
                if *worker == self.worker {
                    self.come_home(news);
                }
            }
            Order::Stop => self.stop(now),
        }
        self.maintenance_at = now;
    }

    /// The schedule is another from the last of these changes on.
    fn steer(&mut self, changes: &[RateChange]) {
        // the coordinator has worked the same schedule out before it asked for it
        let Ok(schedule) = self.setup.steered(changes) else { return };
        self.setup.schedule = schedule;
        for lane in &mut self.lanes {
            lane.cursor.steer(self.setup.schedule.clone());
        }
    }

    /// The offset of `now` from the start of the load.
    pub(super) fn offset(&self, now: Nanos) -> Option<Nanos> {
        self.start.filter(|s| now >= *s).map(|s| now.since(s))
    }

    pub(super) fn touch(&mut self, link: usize) {
        let l = &mut self.links[link];
        if !l.dirty {
            l.dirty = true;
            self.dirty.push(link as u32);
        }
    }

    fn take_intervals(&mut self, now: Nanos) {
        let Some(start) = self.start else { return };
        while now >= start + Nanos::from_secs(self.interval_number + 1) {
            let end = start + Nanos::from_secs(self.interval_number + 1);
            let gauges = self.gauges(end);
            self.record_receipts();
            let spare = self.spares.pop();
            let interval = self.recorder.take(self.interval_number, gauges, spare);
            self.interval_number += 1;
            self.events.push(Event::Interval(interval));
        }
    }

    /// The interval that is still filling, at the very end.
    pub(super) fn last_interval(&mut self, now: Nanos) -> Box<Interval> {
        let gauges = self.gauges(now);
        self.record_receipts();
        self.recorder.take(self.interval_number, gauges, None)
    }

    fn gauges(&mut self, now: Nanos) -> Gauges {
        let up = self.links.iter().filter(|l| l.standing == SessionStatus::Up);
        let (sessions_up, slots, _) =
            up.fold((0, 0, ()), |(n, slots, ()), l| (n + 1, slots + l.window.limit() as u64, ()));
        let lanes = self.lanes.len().max(1) as u64;
        let full: u64 = self.lanes.iter_mut().map(|l| l.take_full_ns(now)).sum();
        let offset = self.offset(now).unwrap_or_default();
        Gauges {
            in_flight: self.links.iter().map(|l| l.window.open_count() as u64).sum(),
            backlog: self.backlog(offset),
            awaited: self.correlator.awaited() as u64,
            sessions_up,
            slots,
            window_full_ns: full / lanes,
            cpu_ns: 0,
            run_delay_ns: 0,
        }
    }

    fn next_wake(&self, now: Nanos) -> Nanos {
        let mut next = self.maintenance_at.min(self.settle_at);
        if let Some(first) = self.deferred.front() {
            next = next.min(first.due);
        }
        let Some(start) = self.start else { return next };
        next = next.min(start + Nanos::from_secs(self.interval_number + 1));
        if self.stopping {
            return next;
        }
        next = next.min(self.next_release());
        let offset = now.since(start);
        for lane in &self.lanes {
            next = next.min(self.next_send(lane, offset));
        }
        if self.closed.is_none()
            && let Some(at) = self.setup.schedule.next_closed_after(offset)
        {
            next = next.min(start + at);
        }
        next.max(start.min(next))
    }

    /// When this lane may send next; MAX: not before something else happens.
    #[inline]
    pub(super) fn next_send(&self, lane: &AccountSender, offset: Nanos) -> Nanos {
        let mut next = Nanos::MAX;
        let Some(start) = self.start else { return next };
        if let Some(again) = lane.again.peek().filter(|_| lane.free.count() > 0) {
            next = again.0.at;
        }
        // a message that waits for a slot is sent by the read that frees one, not by the clock
        let due = lane
            .cursor
            .peek()
            .filter(|due| due.at < self.load_ends && (due.at > offset || lane.free.count() > 0));
        due.map_or(next, |due| next.min(start + lane.horizon.when(due.at)))
    }
}

/// One lane for each account that sends here.
fn lanes(
    setup: &Setup,
    links: &[EsmeSession],
    worker: usize,
) -> (Vec<AccountSender>, Vec<Option<usize>>) {
    let plan = &setup.plan;
    let mut lanes: Vec<AccountSender> = Vec::new();
    let mut lane_of = vec![None; plan.accounts.len()];
    for (number, link) in links.iter().enumerate().filter(|(_, l)| l.plan.sender.is_some()) {
        let account = link.plan.account;
        let lane = *lane_of[usize::from(account)].get_or_insert_with(|| {
            let cursor =
                Cursor::of_account(setup.schedule.clone(), &setup.striping, worker, account);
            let first = link.plan.sender.unwrap_or(0);
            let stride = setup.striping.workers_count() as u32;
            lanes.push(AccountSender::new(cursor, plan.load.catch_up, (first, stride)));
            lanes.len() - 1
        });
        lanes[lane].links.push(number as u32);
    }
    (lanes, lane_of)
}

/// What `guard.messages_max` leaves for retries, divided among the workers.
fn retries_max(setup: &Setup, workers: u64) -> u64 {
    match setup.plan.guard.messages_max {
        None => u64::MAX,
        Some(max) => max.saturating_sub(setup.schedule.len()) / workers.max(1),
    }
}

fn has_parts(setup: &Setup) -> bool {
    (0..setup.plan.messages.len() as u16).any(|label| setup.recipe.traits_of(label).1 > 1)
}

/// A session that owes its peer so many octets of answers is not read: a peer that does not take answers must
/// not ask for more. Requests of ours do not count: they are bounded by the window, and the peer may be waiting for
/// us to read before it reads them.
const ANSWERS_OCTETS_MAX: usize = 4 * 1024 * 1024;

impl Endpoint for Core {
    const SLICE: usize = 16 * 1024;

    fn on_octets(&mut self, session: u32, octets: &[u8], now: Nanos) -> usize {
        self.inbound(session as usize, octets, now)
    }

    fn out(&mut self, session: u32) -> &mut BytesMut {
        &mut self.links[session as usize].out
    }

    fn wrote(&mut self, session: u32, octets: usize, stamp: Nanos) {
        let Core { links, recorder, out_spares, .. } = self;
        let link = &mut links[session as usize];
        link.written += octets as u64;
        link.taken.0 = 0;
        link.unwritten_since = stamp;
        let mut together = WriteBatch::default();
        while let Some(run) = link.unwritten.front_mut() {
            let (first, count) = run.take_written(link.written);
            link.submit_octets = link.submit_octets.saturating_sub((count * run.octets) as usize);
            link.window.stamp_run(first, count, |ticket, count| {
                ticket.write_at(stamp);
                link.counts.written += u64::from(count);
                recorder.add_written(ticket, count, &mut together);
            });
            if run.count > 0 {
                break;
            }
            link.unwritten.pop_front();
        }
        recorder.count_written_batch(&together);
        if link.out.is_empty() {
            link.socket_full = false;
            out_spares.give(&mut link.out);
        } else {
            link.mark_offered(stamp);
        }
        while let Some((end, read, count)) = link.acks.front().copied() {
            if end > link.written {
                break;
            }
            recorder.acknowledged(stamp.since(read), count);
            link.acks.pop_front();
        }
    }

    fn blocked(&mut self, session: u32, taken: usize, stamp: Nanos) {
        let link = &mut self.links[session as usize];
        link.taken = (taken, stamp);
        link.mark_offered(stamp);
    }

    fn reads(&self, session: u32) -> bool {
        self.links[session as usize].answers_octets() < ANSWERS_OCTETS_MAX
    }

    fn wish(&self, session: u32) -> ConnAction {
        self.links[session as usize].wish
    }

    fn tick(&mut self, now: Nanos) -> Nanos {
        self.release(now);
        if let Some(offset) = self.offset(now) {
            self.turn_stages(offset, now);
            self.pump(None, now);
            if self.drain_until.is_some_and(|until| offset >= until) {
                self.give_up_unsent(now);
            }
            self.take_intervals(now);
        }
        self.answer_deferred(now);
        if now >= self.maintenance_at {
            self.maintain(now);
        } else if now >= self.settle_at {
            self.settle_receipts(now);
        }
        self.armed = self.next_wake(now);
        self.rearm = false;
        self.armed
    }

    fn take_dirty(&mut self, into: &mut Vec<u32>) {
        for link in self.dirty.drain(..) {
            self.links[link as usize].dirty = false;
            into.push(link);
        }
    }
}
