//! The lead's runs: each is offered, accepted, bound, driven by the orders of its caller, and over when the workers
//! of every agent have ended.
use super::FleetError;
use super::clock;
use super::interval_merger::IntervalMerger;
use super::lead::{Lead, LeadEvent};
use super::lead_run::{AgentShare, LeadRun, RunPhase};
use super::loss::ReportedCounts;
use super::lost_agents::is_about;
use super::receipt_claims::{Outgoing, ReceiptClaims};
use super::run_messages::{Offer, ToAgent, ToLead};
use super::shares::worker_ranges;
use crate::esme::{Event, Order, PartUpdate, Setup};
use crate::kit::Nanos;
use crate::measure::{AgentRecord, FleetRecord};
use crate::plan::Plan;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Longest wait for all agents to accept an offer.
const ACCEPT_WITHIN: Nanos = Nanos::from_secs(20);
/// Longest wait for claims before the end.
const CLAIMS_WITHIN: Nanos = Nanos::from_secs(8);
/// Longest measurement of the clocks after the end.
const CLOCKS_WITHIN: Nanos = Nanos::from_secs(2);

impl Lead {
    /// Begins a run, and returns its number. Events tell how it goes on.
    pub fn open(&mut self, plan: &Arc<Plan>, now: Nanos) -> u32 {
        let number = self.next_run;
        self.next_run += 1;
        if let Some(peer) = self.peers.iter().find(|peer| !peer.is_live()) {
            let why = peer.lost.clone().unwrap_or_default();
            self.events.push(LeadEvent::Broken(number, format!("agent {} {why}", peer.who.name)));
            return number;
        }
        match self.run_of(plan, number, now) {
            Ok(run) => {
                self.peers.iter_mut().for_each(super::lead::AgentPeer::measure_clock);
                self.runs.insert(number, run);
            }
            Err(why) => self.events.push(LeadEvent::Refused(number, why.to_string())),
        }
        number
    }

    fn run_of(&self, plan: &Arc<Plan>, number: u32, now: Nanos) -> Result<LeadRun, FleetError> {
        let cores: Vec<u32> = self.peers.iter().map(|peer| peer.ability.cores).collect();
        let worker_ranges = worker_ranges(plan, &cores)?;
        let workers = worker_ranges.last().map_or(0, |s| s.end);
        let setup = Setup::new(plan.clone(), workers as usize)
            .map_err(|e| FleetError::Plan(e.to_string()))?;
        for (peer, range) in self.peers.iter().zip(&worker_ranges) {
            let sessions = sessions_of(&setup, range);
            let max = peer.ability.sessions_max;
            if sessions > max {
                let agent = peer.who.name.clone();
                return Err(FleetError::TooManySessions { agent, sessions, max });
            }
        }
        let share = |workers: Range<u32>| AgentShare {
            workers,
            accepted: false,
            ended: false,
            reported: ReportedCounts::default(),
            finals: 0,
            report_octets_max: 0,
            before: None,
            after: None,
            lost: None,
        };
        Ok(LeadRun {
            load_ends: setup.load_ends(),
            setup,
            workers,
            phase: RunPhase::Clocks,
            since: now,
            shares: worker_ranges.into_iter().map(share).collect(),
            start: None,
            claims: ReceiptClaims::new(number),
            intervals: IntervalMerger::new(self.peers.len() as u32),
            stopping: None,
            closing: None,
            stopped: false,
        })
    }

    pub(super) fn tick_runs(&mut self, now: Nanos) {
        for number in self.runs.keys().copied().collect::<Vec<_>>() {
            let Some(run) = self.runs.get(&number) else { continue };
            let known = self.peers.iter().all(|s| !s.is_live() || s.clock_is_known());
            match run.phase {
                RunPhase::Clocks if known => self.offer(number, now),
                RunPhase::Clocks | RunPhase::Offered if now >= run.since + ACCEPT_WITHIN => {
                    let silent = run.shares.iter().zip(&self.peers).find(|(p, _)| !p.accepted);
                    let name = silent.map_or("", |(_, peer)| peer.who.name.as_str());
                    let why = format!("agent {name} did not answer the offer");
                    self.drop_run(number, LeadEvent::Broken(number, why));
                }
                RunPhase::Running if run.closing.is_some_and(|at| now >= at + CLOCKS_WITHIN) => {
                    self.over(number);
                }
                RunPhase::Running => self.stop_when_claims_are_settled(number, now),
                RunPhase::After if known || now >= run.since + CLOCKS_WITHIN => self.over(number),
                RunPhase::Clocks | RunPhase::Offered | RunPhase::After => {}
            }
        }
    }

    fn offer(&mut self, number: u32, now: Nanos) {
        if let Some(why) = self.clocks_too_far() {
            self.drop_run(number, LeadEvent::Broken(number, why));
            return;
        }
        let Some(run) = self.runs.get_mut(&number) else { return };
        run.phase = RunPhase::Offered;
        run.since = now;
        let mut offers = Vec::new();
        for (share, peer) in run.shares.iter_mut().zip(&self.peers) {
            share.before = peer.fix;
            offers.push(Offer {
                run: number,
                plan: (*run.setup.plan).clone(),
                near: share.workers.clone(),
                workers: run.workers,
            });
        }
        for (place, offer) in offers.into_iter().enumerate() {
            self.tell(place, &ToAgent::Offer(Box::new(offer)));
        }
    }

    /// Cancels a run before its start.
    pub(super) fn drop_run(&mut self, number: u32, event: LeadEvent) {
        self.events.push(event);
        self.runs.remove(&number);
        self.tell_all(&ToAgent::Close { run: number });
    }

    fn tell_all(&mut self, down: &ToAgent) {
        for place in 0..self.peers.len() {
            self.tell(place, down);
        }
    }

    pub(super) fn on_up(&mut self, place: usize, up: ToLead, octets: u64, now: Nanos) {
        match up {
            ToLead::Accepted { run } => self.accepted(place, run),
            ToLead::Refused { run, why } => {
                if self.runs.get(&run).is_some_and(|r| r.phase == RunPhase::Offered) {
                    let why = format!("agent {}: {why}", self.peers[place].who.name);
                    self.drop_run(run, LeadEvent::Refused(run, why));
                }
            }
            ToLead::Event { run, event } => {
                let shares = self.runs.get(&run).map(|r| &r.shares[place]);
                if shares.is_some_and(|share| !is_about(&event, &share.workers)) {
                    self.lose(place, "reported workers that are not its own", now);
                } else {
                    self.on_event(place, run, event, octets);
                }
            }
            ToLead::Unmatched { run, receipts } => {
                let live = self.live(run);
                let Some(r) = self.runs.get_mut(&run).filter(|r| !r.stopped) else { return };
                // at the end no agent is asked any more
                let live = if r.stopping.is_some() { Vec::new() } else { live };
                let excused = r.any_lost();
                let outgoing = r.claims.offer(place, receipts, &live, excused);
                self.deliver(outgoing);
            }
            ToLead::PartUpdates { run, updates } => self.forward_part_updates(run, updates),
            ToLead::Claimed { run, batch, places } => {
                let Some(r) = self.runs.get_mut(&run) else { return };
                let excused = r.any_lost();
                let outgoing = r.claims.answered(place, batch, &places, excused);
                self.deliver(outgoing);
            }
            ToLead::Ended { run, fault } => {
                if let Some(why) = fault {
                    self.lose_in_run(run, place, &why, now);
                }
                self.ended(run, place, now);
            }
        }
    }

    /// Sends part updates to the agent whose worker owns the message.
    fn forward_part_updates(&mut self, number: u32, updates: Vec<(u32, PartUpdate)>) {
        let Some(run) = self.runs.get(&number) else { return };
        let mut by_worker: BTreeMap<u32, Vec<PartUpdate>> = BTreeMap::new();
        for (worker, update) in updates {
            by_worker.entry(worker).or_default().push(update);
        }
        let mut outgoing = Outgoing::new();
        for (worker, news) in by_worker {
            if let Some(place) = run.shares.iter().position(|p| p.workers.contains(&worker)) {
                let order = Order::PartUpdates { worker, updates: news };
                outgoing.push((place, ToAgent::Order { run: number, order }));
            }
        }
        self.deliver(outgoing);
    }

    fn live(&self, run: u32) -> Vec<usize> {
        let Some(run) = self.runs.get(&run) else { return Vec::new() };
        let live = |p: &usize| !run.shares[*p].ended && run.shares[*p].lost.is_none();
        (0..run.shares.len()).filter(live).collect()
    }

    fn deliver(&mut self, outgoing: Outgoing) {
        for (place, down) in outgoing {
            self.tell(place, &down);
        }
    }

    fn accepted(&mut self, place: usize, number: u32) {
        let Some(run) = self.runs.get_mut(&number).filter(|r| r.phase == RunPhase::Offered) else {
            return;
        };
        run.shares[place].accepted = true;
        if run.shares.iter().all(|p| p.accepted) {
            run.phase = RunPhase::Running;
            let workers = run.workers;
            self.events.push(LeadEvent::Accepted(number, workers));
            self.tell_all(&ToAgent::Bind { run: number });
        }
    }

    fn on_event(&mut self, place: usize, number: u32, event: Event, octets: u64) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        let share = &mut run.shares[place];
        if share.lost.is_some() {
            // its share is settled
            return;
        }
        match &event {
            Event::Interval(interval) => {
                share.reported.add(interval);
                share.report_octets_max = share.report_octets_max.max(octets);
            }
            Event::Final(last) => {
                share.reported.add(&last.interval);
                share.finals += 1;
                if share.finals as usize == share.workers.len() {
                    run.intervals.ended();
                }
            }
            Event::Ready { .. }
            | Event::Quiet { .. }
            | Event::AllLost { .. }
            | Event::Foreign { .. } => {}
            // these go between workers and their agent, or come from this lead
            Event::Unmatched { .. }
            | Event::Claimed { .. }
            | Event::PartUpdates { .. }
            | Event::Lost { .. } => return,
        }
        match event {
            Event::Interval(interval) => {
                run.intervals.add(interval);
                self.tell_intervals(number);
            }
            event => {
                self.tell_intervals(number);
                self.events.push(LeadEvent::Event(number, event));
            }
        }
    }

    pub(super) fn tell_intervals(&mut self, number: u32) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        let whole = run.intervals.take().into_iter();
        self.events
            .extend(whole.map(|interval| LeadEvent::Event(number, Event::Interval(interval))));
    }

    /// Passes an order of the run's caller to all workers.
    pub fn order(&mut self, number: u32, order: Order, now: Nanos) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        match &order {
            Order::Start { at } => {
                run.start = Some(*at);
                let at = *at;
                for place in 0..self.peers.len() {
                    let fix = self.peers[place].fix.unwrap_or_default();
                    let order = Order::Start { at: clock::theirs(&fix, at) };
                    self.tell(place, &ToAgent::Order { run: number, order });
                }
                return self.flush(now);
            }
            Order::EndLoad { at } => run.load_ends = run.load_ends.min(*at),
            Order::Steer { changes } => {
                if let Ok(schedule) = run.setup.steered(changes) {
                    run.setup.schedule = schedule;
                }
            }
            Order::Recovered { at } => run.setup.disturbed.recovered(*at),
            Order::Stop => {
                run.stopping.get_or_insert(now);
                self.stop_when_claims_are_settled(number, now);
                return self.flush(now);
            }
            Order::Drain { .. }
            | Order::Claim { .. }
            | Order::Settled { .. }
            | Order::PartUpdates { .. } => {}
        }
        self.tell_all(&ToAgent::Order { run: number, order });
        self.flush(now);
    }

    /// Stops the workers when no receipt is between agents: each is then counted once.
    fn stop_when_claims_are_settled(&mut self, number: u32, now: Nanos) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        let Some(since) = run.stopping.filter(|_| !run.stopped) else { return };
        if run.claims.is_idle() || now >= since + CLAIMS_WITHIN {
            run.stopped = true;
            self.settle_lost_shares(number);
            self.tell_all(&ToAgent::Order { run: number, order: Order::Stop });
            self.end_if_all_have_ended(number, now);
        }
    }

    pub(super) fn ended(&mut self, number: u32, place: usize, now: Nanos) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        run.shares[place].ended = true;
        let outgoing = run.claims.agent_ended(place);
        self.deliver(outgoing);
        self.end_if_all_have_ended(number, now);
    }

    fn end_if_all_have_ended(&mut self, number: u32, now: Nanos) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        if run.phase == RunPhase::Running && run.shares.iter().all(|p| p.ended) {
            run.phase = RunPhase::After;
            run.since = now;
            let alone = self.runs.len() == 1;
            if alone {
                self.peers.iter_mut().for_each(super::lead::AgentPeer::measure_clock);
            }
        }
    }

    /// The caller has finished with the run.
    pub fn close(&mut self, number: u32, now: Nanos) {
        self.tell_all(&ToAgent::Close { run: number });
        self.flush(now);
        let Some(run) = self.runs.get_mut(&number) else { return };
        match run.phase {
            // the final reports have come, and the ends of the workers follow
            RunPhase::Running => {
                run.closing.get_or_insert(now);
            }
            RunPhase::Clocks | RunPhase::Offered => self.over(number),
            RunPhase::After => {}
        }
    }

    fn over(&mut self, number: u32) {
        let Some(mut run) = self.runs.remove(&number) else { return };
        if run.phase == RunPhase::After {
            for (share, peer) in run.shares.iter_mut().zip(&self.peers) {
                share.after = peer.fix.filter(|_| peer.clock_is_known() && peer.is_live());
            }
        }
        let (receipts_crossed, between) = run.claims.crossed();
        let uncertain = between.map(|(a, b)| self.uncertainty_between(*a, *b)).max();
        let agents = run.shares.iter().zip(&self.peers).map(|(share, peer)| AgentRecord {
            name: peer.who.name.clone(),
            version: peer.who.version.clone(),
            first_worker: share.workers.start,
            workers: share.workers.len() as u32,
            sessions: sessions_of(&run.setup, &share.workers),
            environment: peer.ability.environment.clone(),
            clock_before: share.before,
            clock_after: share.after,
            report_octets_max: share.report_octets_max,
            lost: share.lost.clone(),
        });
        let record = FleetRecord {
            agents: agents.collect(),
            receipts_crossed,
            receipts_uncertainty_max: uncertain,
        };
        self.events.push(LeadEvent::Over(number, record));
    }
}

fn sessions_of(setup: &Setup, workers: &Range<u32>) -> u64 {
    setup.sessions.iter().filter(|s| workers.contains(&s.worker)).count() as u64
}
