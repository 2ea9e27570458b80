//! The phases of a run as a state machine without I/O: events and time in, orders and a record out.
//! connect → load → drain → unbind. The same on a virtual clock as over TCP.
use super::commands::{Command, CommandEnd, Commands};
use super::recoveries::{LoadState, Recoveries};
use super::worker_pool::PoolTiming;
use crate::esme::{BindFailure, BindFault, DroppedBind, Event, IdSample, Order, Setup};
use crate::kit::{NS_PER_S, Nanos, RateChange};
use crate::measure::{
    CellKey, CutReason, Interval, IntervalRow, Observer, Phase, Progress, RunRecord, Steer,
};
use crate::plan::{OnAgentLoss, Plan, Schedule, Shape};
use std::ops::Range;
use std::sync::Arc;

/// Why a run did not begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The sessions that could not be bound.
    pub sessions: Vec<BindFailure>,
    /// Number of sessions that were bound.
    pub bound: u64,
    /// On a ladder: whether the bind of a session that was dropped on purpose is free.
    pub place: Option<DroppedBind>,
}

/// One line per session.
impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines: Vec<String> = self.sessions.iter().map(BindFailure::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

/// Controls the phases of one run.
pub struct RunController {
    plan: Arc<Plan>,
    setup: Setup,
    keys: Vec<CellKey>,
    workers: u32,
    record: RunRecord,
    phase: Phase,
    ready: u32,
    sessions_up: u64,
    failures: Vec<BindFailure>,
    place: Option<DroppedBind>,
    /// By worker: whether its final report has come, or will not come.
    ended: Vec<bool>,
    lost: u32,
    agents_lost: bool,
    /// By worker: (quiet, handed, received).
    quiet: Vec<(bool, u64, u64)>,
    start: Option<Nanos>,
    load_ends: Nanos,
    give_up_at: Nanos,
    orders: Vec<Order>,
    #[expect(clippy::vec_box, reason = "intervals are large and travel by pointer")]
    spent: Vec<Box<Interval>>,
    shown_at: Nanos,
    ids: IdSample,
    commands: Commands,
    timing: PoolTiming,
    /// None: the plan has no events.
    recoveries: Option<Recoveries>,
}

/// Messages of the schedule in the time of a row.
fn scheduled(schedule: &Schedule, row: &IntervalRow, load_ends: Nanos) -> u64 {
    let upto = |at: Nanos| schedule.count_before(at.min(load_ends));
    upto(row.at + row.length) - upto(row.at)
}

impl std::fmt::Debug for RunController {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunController").field("phase", &self.phase).finish_non_exhaustive()
    }
}

impl RunController {
    /// A run of `plan` with `workers` workers, which connect by themselves. `wall_at_zero`: the wall
    /// clock (ns since 1970) at the zero of the clock that `now` comes from. `timing`: of the pool.
    ///
    /// # Errors
    /// Where the plan cannot be worked out.
    pub fn new(
        plan: &Arc<Plan>,
        workers: u32,
        wall_at_zero: u64,
        timing: PoolTiming,
    ) -> Result<RunController, crate::plan::PlanError> {
        let setup = Setup::new(plan.clone(), workers as usize)?;
        Ok(RunController {
            keys: Setup::cell_keys(plan),
            record: RunRecord::new(Setup::range(plan), wall_at_zero),
            load_ends: setup.load_ends(),
            plan: plan.clone(),
            setup,
            workers,
            phase: Phase::Connect,
            ready: 0,
            sessions_up: 0,
            failures: Vec::new(),
            place: None,
            ended: vec![false; workers as usize],
            lost: 0,
            agents_lost: false,
            quiet: vec![(false, 0, 0); workers as usize],
            start: None,
            give_up_at: Nanos::MAX,
            orders: Vec::new(),
            spent: Vec::new(),
            shown_at: Nanos::ZERO,
            ids: IdSample::default(),
            commands: Commands::of(plan),
            timing,
            recoveries: Recoveries::new(plan, Setup::range(plan)),
        })
    }

    /// Takes in an event of a worker.
    pub fn on_event(&mut self, event: Event, now: Nanos) {
        match event {
            Event::Ready { worker: _, sessions_up, failures, dropped: place } => {
                self.ready += 1;
                self.sessions_up += sessions_up;
                self.failures.extend(failures);
                self.place = self.place.take().or(place);
            }
            Event::Interval(interval) => self.absorb(interval, now),
            Event::Quiet { worker, quiet, handed, received } => {
                self.quiet[worker as usize] = (quiet, handed, received);
            }
            Event::AllLost { worker: _ } => {
                self.lost += 1;
                if self.lost >= self.workers {
                    self.cut(CutReason::EveryBindLost, now);
                }
            }
            Event::Foreign { what } => self.cut(CutReason::ForeignTraffic(what), now),
            // between agents: answered on the way here
            Event::Unmatched { .. } | Event::Claimed { .. } | Event::PartUpdates { .. } => {}
            Event::Lost { workers, who, why } => self.agent_lost(&workers, &who, &why, now),
            Event::Final(last) => {
                self.ended[last.worker as usize] = true;
                self.record.sessions.extend(last.sessions);
                self.record.exchanges.extend(last.exchanges);
                self.ids.merge(last.ids);
                self.absorb(last.interval, now);
            }
        }
    }

    /// An agent and its workers are lost. Before the load, their sessions count as not bound; later the other agents go
    /// on, or the run ends, as the profile says.
    fn agent_lost(&mut self, workers: &Range<u32>, who: &str, why: &str, now: Nanos) {
        if self.start.is_none() {
            let session = self.setup.sessions.iter().find(|s| workers.contains(&s.worker));
            let session = session.map_or(0, |s| s.id);
            let why = format!("agent {who} {why} before the load began");
            self.failures.push(BindFailure { session, fault: BindFault::Unreachable, why });
            self.ready = self.workers;
        }
        self.agents_lost = true;
        for worker in workers.clone().map(|w| w as usize) {
            if let Some(ended) = self.ended.get_mut(worker).filter(|ended| !**ended) {
                *ended = true;
                self.quiet[worker] = (true, 0, 0);
                self.lost += 1;
            }
        }
        if self.lost >= self.workers {
            self.cut(CutReason::EveryAgentLost(format!("{who} {why}")), now);
        } else if self.plan.fleet.on_agent_loss == OnAgentLoss::Stop {
            self.cut(CutReason::AgentLost(format!("{who} {why}")), now);
        }
    }

    fn absorb(&mut self, interval: Box<Interval>, now: Nanos) {
        let schedule = &self.setup.schedule;
        self.record.absorb(&interval, &self.keys, &|at| schedule.stage_at(at));
        let at = Nanos::from_secs(interval.number);
        let rows = Arc::make_mut(&mut self.record.intervals);
        if let Some(row) = rows.iter_mut().rev().find(|row| row.at == at) {
            row.scheduled = scheduled(schedule, row, self.load_ends);
        }
        if let Some(recoveries) = &mut self.recoveries {
            recoveries.absorb(&interval);
            self.follow_events(now);
        }
        self.spent.push(interval);
    }

    /// Seconds of the load that every worker has reported which has not ended; MAX: all have.
    fn seconds_of_all(&self) -> u64 {
        let workers = self.ended.iter().zip(0..).filter(|(ended, _)| !**ended);
        let reported = |worker: usize| self.record.workers.get(worker).map_or(0, |w| w.seconds);
        workers.map(|(_, worker)| reported(worker)).min().unwrap_or(u64::MAX)
    }

    /// Works through the seconds that every worker has reported; tells the workers where the run has recovered from an
    /// event.
    fn follow_events(&mut self, now: Nanos) {
        let seconds = self.seconds_of_all();
        let (Some(start), Some(recoveries)) = (self.start, &mut self.recoveries) else { return };
        let state = LoadState {
            schedule: &self.setup.schedule,
            load_ends: self.load_ends,
            seconds,
            ahead: (now + self.timing.steer_ahead).since(start),
        };
        if let Some(at) = recoveries.advance(&state, &mut self.record) {
            self.orders.push(Order::Recovered { at });
        }
    }

    /// Ends the load now, and drains. The first reason is kept.
    pub fn cut(&mut self, reason: CutReason, now: Nanos) {
        if self.record.cut_reason.is_none() && self.phase != Phase::Unbind {
            self.record.cut_reason = Some(reason);
        }
        match (self.phase, self.start) {
            (Phase::Connect, _) | (_, None) => self.stop(now),
            (Phase::Load, Some(start)) => {
                let at = now.since(start);
                self.load_ends = self.load_ends.min(at);
                self.commands.stop();
                self.orders.push(Order::EndLoad { at });
            }
            (Phase::Drain | Phase::Unbind, Some(_)) => {}
        }
    }

    /// Does what is due, and returns when to call again at the latest.
    pub fn tick(&mut self, now: Nanos, observer: &mut dyn Observer) -> Nanos {
        let before = self.phase;
        match observer.steer() {
            Some(Steer::End(reason)) => self.cut(reason, now),
            Some(Steer::Rate { percent }) => self.steer(percent, now),
            None => {}
        }
        match self.phase {
            Phase::Connect => self.begin(now, observer),
            Phase::Load => {
                if let Some(start) = self.start.filter(|start| now >= *start) {
                    self.commands.tick(now.since(start));
                }
                if now >= self.load_end() {
                    self.drain(now);
                }
            }
            Phase::Drain => {
                if self.all_quiet() || now >= self.give_up_at || self.lost >= self.workers {
                    self.stop(now);
                }
            }
            Phase::Unbind => {}
        }
        if self.phase != before || now >= self.shown_at + Nanos::from_secs(1) {
            self.shown_at = now;
            if let Some(reason) = self.show(now, observer) {
                self.cut(reason, now);
            }
        }
        let soon = self.shown_at + Nanos::from_secs(1);
        match self.phase {
            Phase::Connect | Phase::Unbind => soon,
            Phase::Load => soon.min(self.load_end()).min(self.next_command()),
            Phase::Drain => soon.min(self.give_up_at),
        }
    }

    /// Changes the rate from a moment ahead on, so that every worker works out the same schedule. Not in a closed loop,
    /// outside the load, or beyond the guard.
    fn steer(&mut self, percent: u32, now: Nanos) {
        let (Phase::Load, Some(start)) = (self.phase, self.start) else { return };
        let at = (now + self.timing.steer_ahead).since(start);
        let mut changes = self.record.rate_changes.clone();
        changes.push(RateChange { at, percent });
        let allowed = |schedule: &Schedule| {
            let max = self.plan.guard.messages_max;
            max.is_none_or(|max| schedule.len() <= max)
                && self
                    .plan
                    .guard
                    .rate_max
                    .is_none_or(|max| schedule.peak_after(at) <= max.as_f64())
        };
        let closed = self.plan.stages.iter().any(|stage| stage.shape == Shape::Max);
        let Some(schedule) = self.setup.steered(&changes).ok().filter(|s| !closed && allowed(s))
        else {
            return;
        };
        self.setup.schedule = schedule;
        self.record.rate_changes.clone_from(&changes);
        self.orders.push(Order::Steer { changes });
    }

    fn next_command(&self) -> Nanos {
        self.start.map_or(Nanos::MAX, |s| s.after(self.commands.next_at()))
    }

    /// Takes the commands that are to be run now.
    pub fn take_commands(&mut self) -> Vec<Command> {
        self.commands.take_due()
    }
    /// A command has ended.
    pub fn command_ended(&mut self, end: &CommandEnd) {
        if let Some(start) = self.start {
            self.record.add_event(end.occurrence(start));
        }
    }

    fn load_end(&self) -> Nanos {
        self.start.map_or(Nanos::MAX, |s| s + self.load_ends)
    }

    fn begin(&mut self, now: Nanos, observer: &mut dyn Observer) {
        if self.ready < self.workers {
            return;
        }
        if !self.failures.is_empty() {
            self.stop(now);
            return;
        }
        let Some(at) = observer.start(now + self.timing.start_ahead) else { return };
        self.start = Some(at);
        self.record.spill_to(observer.spill_store());
        self.record.started_wall_ns += at.0;
        self.orders.push(Order::Start { at });
        self.phase = Phase::Load;
    }

    fn drain(&mut self, now: Nanos) {
        let timeouts = &self.plan.timeouts;
        let until = self.load_ends + timeouts.drain;
        self.orders.push(Order::Drain { until });
        // the last message sent in the drain is answered, and its receipt due, by then
        let waits = timeouts.drain + timeouts.response + self.plan.receipts.deadline;
        self.give_up_at = now + waits + Nanos::from_secs(1);
        self.phase = Phase::Drain;
    }

    fn all_quiet(&self) -> bool {
        let handed: u64 = self.quiet.iter().map(|q| q.1).sum();
        let received: u64 = self.quiet.iter().map(|q| q.2).sum();
        // batches sent to a lost agent never arrive
        (handed == received || self.agents_lost) && self.quiet.iter().all(|q| q.0)
    }

    fn stop(&mut self, now: Nanos) {
        if self.phase != Phase::Unbind {
            self.phase = Phase::Unbind;
            self.orders.push(Order::Stop);
            self.give_up_at = now + self.plan.timeouts.unbind + self.timing.final_report_max;
            match self.start {
                Some(start) => self.record.ended = now.since(start),
                // there was no load: the record begins where it ends
                None => self.record.started_wall_ns += now.0,
            }
        }
    }

    /// The workers without a final report, in words; None: all reported.
    pub fn silent_workers(&self) -> Option<String> {
        let silent: Vec<usize> = (0..self.ended.len()).filter(|w| !self.ended[*w]).collect();
        let names: Vec<String> = silent.iter().map(usize::to_string).collect();
        (!silent.is_empty()).then(|| format!("worker {}", names.join(", ")))
    }

    /// Whether a load has begun.
    pub fn has_begun(&self) -> bool {
        self.start.is_some()
    }

    /// The run is stopped at once, without a drain: observers see the record a last time.
    pub fn stopped_at_once(&mut self, now: Nanos, observer: &mut dyn Observer) {
        self.cut(CutReason::Interrupted, now);
        self.record.settle_rows();
        observer.stopped_at_once(&self.progress(now));
    }

    fn progress(&self, now: Nanos) -> Progress<'_> {
        Progress {
            phase: self.phase,
            at: self.start.map_or(Nanos::ZERO, |s| now.since(s)),
            load_ends: self.load_ends,
            record: &self.record,
            sessions: (self.up(), self.setup.sessions.len() as u64),
        }
    }

    fn show(&mut self, now: Nanos, observer: &mut dyn Observer) -> Option<CutReason> {
        self.record.settle_rows();
        let loaded = self.start.map_or(Nanos::ZERO, |start| now.since(start));
        self.record.load_ended = loaded.min(self.load_ends).min(self.record.reported_by_all());
        let samples = observer.observed(now);
        if let Some(start) = self.start {
            // what was sampled before the load is on no axis of it
            for sample in samples.iter().filter(|sample| sample.at >= start) {
                Arc::make_mut(&mut self.record.observed).absorb(sample, sample.at.since(start));
            }
        }
        observer.progress(&self.progress(now))
    }

    /// Sessions that are bound, by the last second that all workers have reported.
    fn up(&self) -> u64 {
        let seconds = self.seconds_of_all();
        let is_whole = |row: &&IntervalRow| (row.at + row.length).0.div_ceil(NS_PER_S) <= seconds;
        let last = self.record.intervals.iter().rev().find(is_whole);
        last.map_or(self.sessions_up, |row| row.gauges.sessions_up)
    }

    /// Takes the orders for all workers.
    pub fn take_orders(&mut self) -> Vec<Order> {
        std::mem::take(&mut self.orders)
    }
    /// Takes the intervals whose buffers are free.
    pub fn take_spent(&mut self) -> Vec<Box<Interval>> {
        std::mem::take(&mut self.spent)
    }
    /// Whether the final report of every worker has come, or will not come.
    pub fn is_done(&self, now: Nanos) -> bool {
        self.phase == Phase::Unbind && (self.ended.iter().all(|e| *e) || now >= self.give_up_at)
    }

    /// More than 1 % missing and more than 1 % unknown: would another id_mode have matched them?
    fn try_id_modes(&mut self) {
        let t = self.record.ledger();
        let hundredth = t.receipts_expected / 100;
        if t.receipts_missing > hundredth && self.record.receipts_unknown > hundredth {
            self.record.ids_sampled = self.ids.receipts_count();
            let matches = self.ids.matches().into_iter();
            self.record.id_modes = matches.map(|(name, n)| (name.to_owned(), n)).collect();
        }
    }

    /// The record, or why there was no run.
    ///
    /// # Errors
    /// [`Failure`] where sessions could not be bound at the start.
    pub fn finish(mut self) -> Result<RunRecord, Failure> {
        if self.start.is_none() && !self.failures.is_empty() {
            let (bound, place) = (self.sessions_up, self.place);
            return Err(Failure { sessions: self.failures, bound, place });
        }
        self.record.load_ended = self.load_ends;
        if let Some(recoveries) = self.recoveries.take() {
            recoveries.finish(self.load_ends, &mut self.record);
        }
        self.record.sessions.sort_by_key(|s| s.id);
        self.record.rejections.sort_by_key(|r| (r.answered_wall_ns, r.session, r.sequence_number));
        self.record.missing.sort_by_key(|m| (m.answered_wall_ns, m.session, m.sequence_number));
        self.try_id_modes();
        self.record.settle_rows();
        let schedule = &self.setup.schedule;
        for row in Arc::make_mut(&mut self.record.intervals) {
            row.scheduled = scheduled(schedule, row, self.load_ends);
        }
        Ok(self.record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Gauges, NoObserver, Recorder};

    #[test]
    fn sessions_of_a_worker_that_has_not_reported_a_second_yet_are_bound_all_the_same() {
        let plan = crate::plan::load(&crate::plan::Source::quick(), &Default::default()).unwrap();
        let mut controller = RunController::new(&Arc::new(plan), 2, 0, PoolTiming::LOCAL).unwrap();
        for worker in 0..2 {
            let ready =
                Event::Ready { worker, sessions_up: 1, failures: Vec::new(), dropped: None };
            controller.on_event(ready, Nanos::ZERO);
        }
        controller.tick(Nanos::ZERO, &mut NoObserver);
        let range = Setup::range(&controller.plan);
        let mut told = |worker: u32, second: u64, sessions_up: u64| {
            let gauges = Gauges { sessions_up, ..Gauges::default() };
            let interval = Recorder::new(worker, 1, range).take(second, gauges, None);
            controller.on_event(Event::Interval(interval), Nanos::from_secs(second + 1));
            controller.up()
        };
        assert_eq!(told(0, 0, 1), 2);
        assert_eq!((told(1, 0, 1), told(1, 1, 1)), (2, 2));
        // one went down in the next second
        assert_eq!((told(0, 1, 0), told(0, 2, 0)), (1, 1));
    }
}
