//! What the lead does with its runs: each is offered, accepted, bound, driven by the orders of whoever conducts it,
//! and over when every agent's workers have ended. What an agent that is lost leaves open is accounted for here.
use super::FleetError;
use super::claims::{Claims, Told as Letters};
use super::clock;
use super::departed::speaks_for_itself;
use super::lead::{Lead, LeadEvent};
use super::loss::ReportedCounts;
use super::run::{Part, Run, Stage};
use super::seconds::Seconds;
use super::shares::stretches;
use super::talk::{Down, Offer, Up};
use crate::esme::{Event, Order, PartUpdate, Setup};
use crate::kit::Nanos;
use crate::measure::{AgentRecord, FleetRecord};
use crate::plan::Plan;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Within this every agent says whether it will run an offer.
const ACCEPT_WITHIN: Nanos = Nanos::from_secs(20);
/// Before the end, so long are claims waited for.
const CLAIMS_WITHIN: Nanos = Nanos::from_secs(8);
/// After the end, so long are clocks asked.
const CLOCKS_WITHIN: Nanos = Nanos::from_secs(2);

impl Lead {
    /// Begins a run; its number. What becomes of it is told.
    pub fn open(&mut self, plan: &Arc<Plan>, now: Nanos) -> u32 {
        let number = self.next_run;
        self.next_run += 1;
        if let Some(seat) = self.seats.iter().find(|seat| !seat.is_live()) {
            let why = seat.gone.clone().unwrap_or_default();
            self.news.push(LeadEvent::Broken(number, format!("agent {} {why}", seat.who.name)));
            return number;
        }
        match self.run_of(plan, number, now) {
            Ok(run) => {
                self.seats.iter_mut().for_each(super::lead::AgentPeer::ask_clock);
                self.runs.insert(number, run);
            }
            Err(why) => self.news.push(LeadEvent::Refused(number, why.to_string())),
        }
        number
    }

    fn run_of(&self, plan: &Arc<Plan>, number: u32, now: Nanos) -> Result<Run, FleetError> {
        let cores: Vec<u32> = self.seats.iter().map(|seat| seat.ability.cores).collect();
        let stretches = stretches(plan, &cores)?;
        let workers = stretches.last().map_or(0, |s| s.end);
        let setup = Setup::new(plan.clone(), workers as usize)
            .map_err(|e| FleetError::Plan(e.to_string()))?;
        for (seat, stretch) in self.seats.iter().zip(&stretches) {
            let sessions = sessions_of(&setup, stretch);
            let max = seat.ability.sessions_max;
            if sessions > max {
                let agent = seat.who.name.clone();
                return Err(FleetError::TooManySessions { agent, sessions, max });
            }
        }
        let part = |workers: Range<u32>| Part {
            workers,
            accepted: false,
            ended: false,
            told: ReportedCounts::default(),
            finals: 0,
            report_octets_max: 0,
            before: None,
            after: None,
            lost: None,
        };
        Ok(Run {
            load_ends: setup.load_ends(),
            setup,
            workers,
            stage: Stage::Clocks,
            since: now,
            parts: stretches.into_iter().map(part).collect(),
            start: None,
            claims: Claims::new(number),
            seconds: Seconds::new(self.seats.len() as u32),
            stopping: None,
            closing: None,
            stopped: false,
        })
    }

    pub(super) fn tick_runs(&mut self, now: Nanos) {
        for number in self.runs.keys().copied().collect::<Vec<_>>() {
            let Some(run) = self.runs.get(&number) else { continue };
            let known = self.seats.iter().all(|s| !s.is_live() || s.clock_is_known());
            match run.stage {
                Stage::Clocks if known => self.offer(number, now),
                Stage::Clocks | Stage::Offered if now >= run.since + ACCEPT_WITHIN => {
                    let silent = run.parts.iter().zip(&self.seats).find(|(p, _)| !p.accepted);
                    let name = silent.map_or("", |(_, seat)| seat.who.name.as_str());
                    let why = format!("agent {name} has not said whether it will run this");
                    self.drop_run(number, LeadEvent::Broken(number, why));
                }
                Stage::Running if run.closing.is_some_and(|at| now >= at + CLOCKS_WITHIN) => {
                    self.over(number);
                }
                Stage::Running => self.stop_when_claims_are_settled(number, now),
                Stage::After if known || now >= run.since + CLOCKS_WITHIN => self.over(number),
                Stage::Clocks | Stage::Offered | Stage::After => {}
            }
        }
    }

    fn offer(&mut self, number: u32, now: Nanos) {
        if let Some(why) = self.clocks_too_far() {
            self.drop_run(number, LeadEvent::Broken(number, why));
            return;
        }
        let Some(run) = self.runs.get_mut(&number) else { return };
        run.stage = Stage::Offered;
        run.since = now;
        let mut offers = Vec::new();
        for (part, seat) in run.parts.iter_mut().zip(&self.seats) {
            part.before = seat.fix;
            offers.push(Offer {
                run: number,
                plan: (*run.setup.plan).clone(),
                near: part.workers.clone(),
                workers: run.workers,
            });
        }
        for (place, offer) in offers.into_iter().enumerate() {
            self.tell(place, &Down::Offer(Box::new(offer)));
        }
    }

    /// The run will not be.
    pub(super) fn drop_run(&mut self, number: u32, news: LeadEvent) {
        self.news.push(news);
        self.runs.remove(&number);
        self.tell_all(&Down::Close { run: number });
    }

    fn tell_all(&mut self, down: &Down) {
        for place in 0..self.seats.len() {
            self.tell(place, down);
        }
    }

    pub(super) fn on_up(&mut self, place: usize, up: Up, octets: u64, now: Nanos) {
        match up {
            Up::Accepted { run } => self.accepted(place, run),
            Up::Refused { run, why } => {
                if self.runs.get(&run).is_some_and(|r| r.stage == Stage::Offered) {
                    let why = format!("agent {}: {why}", self.seats[place].who.name);
                    self.drop_run(run, LeadEvent::Refused(run, why));
                }
            }
            Up::Event { run, event } => {
                let parts = self.runs.get(&run).map(|r| &r.parts[place]);
                if parts.is_some_and(|part| !speaks_for_itself(&event, &part.workers)) {
                    self.lose(place, "spoke for workers that are not its own", now);
                } else {
                    self.on_event(place, run, event, octets);
                }
            }
            Up::Unmatched { run, strays } => {
                let live = self.live(run);
                let Some(r) = self.runs.get_mut(&run).filter(|r| !r.stopped) else { return };
                // on the way out nobody is asked any more
                let live = if r.stopping.is_some() { Vec::new() } else { live };
                let excused = r.any_lost();
                let letters = r.claims.offer(place, strays, &live, excused);
                self.deliver(letters);
            }
            Up::Away { run, news } => self.bring_home(run, news),
            Up::Claimed { run, batch, places } => {
                let Some(r) = self.runs.get_mut(&run) else { return };
                let excused = r.any_lost();
                let letters = r.claims.answered(place, batch, &places, excused);
                self.deliver(letters);
            }
            Up::Ended { run, fault } => {
                if let Some(why) = fault {
                    self.lose_in_run(run, place, &why, now);
                }
                self.ended(run, place, now);
            }
        }
    }

    /// News of parts go to the agent whose worker owns the message.
    fn bring_home(&mut self, number: u32, news: Vec<(u32, PartUpdate)>) {
        let Some(run) = self.runs.get(&number) else { return };
        let mut by_worker: BTreeMap<u32, Vec<PartUpdate>> = BTreeMap::new();
        for (worker, news) in news {
            by_worker.entry(worker).or_default().push(news);
        }
        let mut letters = Letters::new();
        for (worker, news) in by_worker {
            if let Some(place) = run.parts.iter().position(|p| p.workers.contains(&worker)) {
                let order = Order::PartUpdates { worker, updates: news };
                letters.push((place, Down::Order { run: number, order }));
            }
        }
        self.deliver(letters);
    }

    fn live(&self, run: u32) -> Vec<usize> {
        let Some(run) = self.runs.get(&run) else { return Vec::new() };
        let live = |p: &usize| !run.parts[*p].ended && run.parts[*p].lost.is_none();
        (0..run.parts.len()).filter(live).collect()
    }

    fn deliver(&mut self, letters: Letters) {
        for (place, down) in letters {
            self.tell(place, &down);
        }
    }

    fn accepted(&mut self, place: usize, number: u32) {
        let Some(run) = self.runs.get_mut(&number).filter(|r| r.stage == Stage::Offered) else {
            return;
        };
        run.parts[place].accepted = true;
        if run.parts.iter().all(|p| p.accepted) {
            run.stage = Stage::Running;
            let workers = run.workers;
            self.news.push(LeadEvent::Accepted(number, workers));
            self.tell_all(&Down::Bind { run: number });
        }
    }

    fn on_event(&mut self, place: usize, number: u32, event: Event, octets: u64) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        let part = &mut run.parts[place];
        if part.lost.is_some() {
            // its books are closed
            return;
        }
        match &event {
            Event::Interval(interval) => {
                part.told.add(interval);
                part.report_octets_max = part.report_octets_max.max(octets);
            }
            Event::Final(last) => {
                part.told.add(&last.interval);
                part.finals += 1;
                if part.finals as usize == part.workers.len() {
                    run.seconds.ended();
                }
            }
            Event::Ready { .. }
            | Event::Quiet { .. }
            | Event::AllLost { .. }
            | Event::Foreign { .. } => {}
            // these are said between workers and their agent, or by this lead
            Event::Unmatched { .. }
            | Event::Claimed { .. }
            | Event::PartUpdates { .. }
            | Event::Lost { .. } => return,
        }
        match event {
            Event::Interval(interval) => {
                run.seconds.add(interval);
                self.tell_seconds(number);
            }
            event => {
                self.tell_seconds(number);
                self.news.push(LeadEvent::Event(number, event));
            }
        }
    }

    pub(super) fn tell_seconds(&mut self, number: u32) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        let whole = run.seconds.take().into_iter();
        self.news.extend(whole.map(|interval| LeadEvent::Event(number, Event::Interval(interval))));
    }

    /// What whoever conducts the run says to all workers.
    pub fn order(&mut self, number: u32, order: Order, now: Nanos) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        match &order {
            Order::Start { at } => {
                run.start = Some(*at);
                let at = *at;
                for place in 0..self.seats.len() {
                    let fix = self.seats[place].fix.unwrap_or_default();
                    let order = Order::Start { at: clock::theirs(&fix, at) };
                    self.tell(place, &Down::Order { run: number, order });
                }
                return self.flush(now);
            }
            Order::EndLoad { at } => run.load_ends = run.load_ends.min(*at),
            Order::Steer { changes } => {
                if let Ok(schedule) = run.setup.steered(changes) {
                    run.setup.schedule = schedule;
                }
            }
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
        self.tell_all(&Down::Order { run: number, order });
        self.flush(now);
    }

    /// Workers are stopped when no receipt is on its way between agents: each is then counted, once.
    fn stop_when_claims_are_settled(&mut self, number: u32, now: Nanos) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        let Some(since) = run.stopping.filter(|_| !run.stopped) else { return };
        if run.claims.is_idle() || now >= since + CLAIMS_WITHIN {
            run.stopped = true;
            self.close_books(number);
            self.tell_all(&Down::Order { run: number, order: Order::Stop });
            self.end_if_all_have_ended(number, now);
        }
    }

    pub(super) fn ended(&mut self, number: u32, place: usize, now: Nanos) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        run.parts[place].ended = true;
        let letters = run.claims.gone(place);
        self.deliver(letters);
        self.end_if_all_have_ended(number, now);
    }

    fn end_if_all_have_ended(&mut self, number: u32, now: Nanos) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        if run.stage == Stage::Running && run.parts.iter().all(|p| p.ended) {
            run.stage = Stage::After;
            run.since = now;
            let alone = self.runs.len() == 1;
            if alone {
                self.seats.iter_mut().for_each(super::lead::AgentPeer::ask_clock);
            }
        }
    }

    /// Whoever conducted the run is through with it.
    pub fn close(&mut self, number: u32, now: Nanos) {
        self.tell_all(&Down::Close { run: number });
        self.flush(now);
        let Some(run) = self.runs.get_mut(&number) else { return };
        match run.stage {
            // the last words are in, and the ends of the workers on their way
            Stage::Running => {
                run.closing.get_or_insert(now);
            }
            Stage::Clocks | Stage::Offered => self.over(number),
            Stage::After => {}
        }
    }

    fn over(&mut self, number: u32) {
        let Some(mut run) = self.runs.remove(&number) else { return };
        if run.stage == Stage::After {
            for (part, seat) in run.parts.iter_mut().zip(&self.seats) {
                part.after = seat.fix.filter(|_| seat.clock_is_known() && seat.is_live());
            }
        }
        let (receipts_crossed, between) = run.claims.crossed();
        let uncertain = between.map(|(a, b)| self.uncertainty_between(*a, *b)).max();
        let agents = run.parts.iter().zip(&self.seats).map(|(part, seat)| AgentRecord {
            name: seat.who.name.clone(),
            version: seat.who.version.clone(),
            first_worker: part.workers.start,
            workers: part.workers.len() as u32,
            sessions: sessions_of(&run.setup, &part.workers),
            environment: seat.ability.environment.clone(),
            clock_before: part.before,
            clock_after: part.after,
            report_octets_max: part.report_octets_max,
            lost: part.lost.clone(),
        });
        let record = FleetRecord {
            agents: agents.collect(),
            receipts_crossed,
            receipts_uncertainty_max: uncertain,
        };
        self.news.push(LeadEvent::Over(number, record));
    }
}

fn sessions_of(setup: &Setup, workers: &Range<u32>) -> u64 {
    setup.sessions.iter().filter(|s| workers.contains(&s.worker)).count() as u64
}
