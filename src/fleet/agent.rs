//! The working side as a state machine: letters, its workers' events and time in; letters and deeds out. It works
//! for one lead at a time, and for nobody that wants it where it was not allowed to go.
use super::FleetError;
use super::flow::Flow;
use super::here::Run;
use super::lead::{AWAY_MAX, BEAT};
use super::talk::{Down, Offer, Up};
use super::wire::{self, Ability, LetterError, MessageBody, Subjects, Who, pack, unpack};
use crate::esme::{Event, Order, UnmatchedReceipt};
use crate::kit::Nanos;
use crate::measure::Interval;
use crate::plan::{Plan, is_loopback};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// A lead that has not been heard for so long is gone, while NATS can be reached.
const ORPHAN_AFTER: Nanos = Nanos::from_secs(10);
/// Without a lead, answers and receipts are awaited so long at most; then it unbinds.
const DRAIN_ALONE: Nanos = Nanos::from_secs(5);
/// Receipts of nobody here are gathered so long before they are offered.
const OFFER_EVERY: Nanos = Nanos::from_millis(100);

/// What is to be done in the world.
#[derive(Debug)]
pub enum AgentAction {
    /// Could this plan be run here, and with which passwords? Answered with [`Agent::examined`].
    Examine(u32, Box<Plan>),
    /// Begin workers: (run, plan, those near, all).
    Begin(u32, Arc<Plan>, Range<u32>, u32),
    /// To all workers of a run.
    Tell(u32, Order),
    /// To one of them.
    TellOne(u32, u32, Order),
    /// An interval may be filled again.
    Recycle(u32, Box<Interval>),
    /// For whoever watches.
    Log(String),
}

/// For whom it works.
#[derive(Debug)]
struct Engaged {
    session: String,
    lead: Who,
    flow: Flow,
    heard: Nanos,
    told: Nanos,
    acked: (u64, bool),
}

/// The working side.
#[derive(Debug)]
pub struct Agent {
    me: Who,
    subjects: Subjects,
    ability: Ability,
    allowed: Vec<String>,
    engaged: Option<Engaged>,
    runs: BTreeMap<u32, Run>,
    offers: BTreeMap<u32, Offer>,
    away_since: Option<Nanos>,
    leaving: bool,
    out: Vec<(String, Vec<u8>)>,
    deeds: Vec<AgentAction>,
}

impl Agent {
    /// `allowed`: targets beside loopback that it may be pointed at.
    pub fn new(me: Who, subjects: Subjects, ability: Ability, allowed: Vec<String>) -> Agent {
        Agent {
            me,
            subjects,
            ability,
            allowed,
            engaged: None,
            runs: BTreeMap::new(),
            offers: BTreeMap::new(),
            away_since: None,
            leaving: false,
            out: Vec::new(),
            deeds: Vec::new(),
        }
    }

    /// Letters to be sent: (subject, octets).
    pub fn take_out(&mut self) -> Vec<(String, Vec<u8>)> {
        std::mem::take(&mut self.out)
    }
    /// What is to be done, in order.
    pub fn take_deeds(&mut self) -> Vec<AgentAction> {
        std::mem::take(&mut self.deeds)
    }
    /// Its workers have been told to stop, or are not here.
    pub fn is_stopped(&self, run: u32) -> bool {
        self.runs.get(&run).is_none_or(|run| run.stopped)
    }
    /// It was asked to go, and may.
    pub fn may_go(&self) -> bool {
        self.leaving && self.runs.is_empty()
    }

    /// Says that it is there.
    pub fn hello(&mut self) {
        self.join(None);
    }

    fn join(&mut self, to: Option<&str>) {
        let say = MessageBody::Join {
            to: to.map(str::to_owned),
            busy: self.engaged.is_some() || !self.runs.is_empty(),
            ability: Box::new(self.ability.clone()),
        };
        let letter = wire::write(&self.me, to.unwrap_or_default(), &say, &[]);
        self.out.push((self.subjects.join(), letter));
    }

    /// A letter has come.
    pub fn on_letter(&mut self, octets: &[u8], now: Nanos) {
        let (letter, body) = match wire::read(octets) {
            Ok(read) => read,
            Err(LetterError::Unreadable) => return,
            Err(e @ LetterError::Version { .. }) => {
                self.deeds.push(AgentAction::Log(format!("refused a call: {e}")));
                // the lead learns it from our letter, which names our version
                self.join(None);
                return;
            }
        };
        let ours = self.engaged.as_ref().is_some_and(|e| e.session == letter.session);
        if ours && let Some(engaged) = &mut self.engaged {
            engaged.heard = now;
        }
        match letter.say {
            MessageBody::Call { .. } if !self.leaving => self.join(Some(&letter.who.id)),
            MessageBody::Engage => self.engage(letter.who, letter.session, now),
            MessageBody::Dismiss { why } if ours => self.dismissed(&letter.who.name, &why, now),
            MessageBody::Dismiss { why } => {
                self.deeds.push(AgentAction::Log(format!("lead {}: {why}", letter.who.name)));
            }
            MessageBody::Ping { number } if ours => {
                self.say(&MessageBody::Pong { number, at: now }, &[])
            }
            MessageBody::Part { number, last, ack } if ours => {
                let Some(engaged) = &mut self.engaged else { return };
                engaged.flow.on_ack(ack, false);
                if let Some(message) = engaged.flow.on_part(number, last, body) {
                    match unpack::<Down>(&message) {
                        Ok(down) => self.on_down(down),
                        Err(e) => {
                            let why = format!("could not read what the lead sent: {e}");
                            self.say(&MessageBody::Dismiss { why: why.clone() }, &[]);
                            self.dismissed(&letter.who.name, &why, now);
                        }
                    }
                }
            }
            MessageBody::Ack { ack, again } if ours => {
                if let Some(engaged) = &mut self.engaged {
                    engaged.flow.on_ack(ack, again);
                }
            }
            MessageBody::Call { .. }
            | MessageBody::Ping { .. }
            | MessageBody::Part { .. }
            | MessageBody::Ack { .. } => {}
            // said by agents
            MessageBody::Join { .. } | MessageBody::Pong { .. } => {}
        }
        self.flush(now);
    }

    fn engage(&mut self, lead: Who, session: String, now: Nanos) {
        if self.engaged.as_ref().is_some_and(|e| e.session == session) {
            return;
        }
        if self.engaged.is_some() || !self.runs.is_empty() || self.leaving {
            self.join(Some(&session));
            return;
        }
        self.deeds.push(AgentAction::Log(format!("working for {}", lead.name)));
        self.engaged = Some(Engaged {
            session,
            lead,
            flow: Flow::default(),
            heard: now,
            told: now,
            acked: (0, false),
        });
    }

    /// The lead needs it no more. What still runs is drained and unbound.
    fn dismissed(&mut self, lead: &str, why: &str, now: Nanos) {
        self.deeds.push(AgentAction::Log(format!("{lead} lets go: {why}")));
        self.engaged = None;
        self.offers.clear();
        self.drain_alone(now);
    }

    fn drain_alone(&mut self, now: Nanos) {
        self.runs.retain(|_, run| run.begun);
        for (number, run) in &mut self.runs {
            if run.alone_until.is_some() || run.stopped {
                continue;
            }
            let drain = run.plan.timeouts.drain.min(DRAIN_ALONE);
            run.alone_until = Some(now + drain);
            match run.start.filter(|start| now >= *start) {
                Some(start) => {
                    let at = now.since(start);
                    self.deeds.push(AgentAction::Tell(*number, Order::EndLoad { at }));
                    self.deeds.push(AgentAction::Tell(*number, Order::Drain { until: at + drain }));
                }
                None => run.alone_until = Some(now),
            }
        }
    }

    fn on_down(&mut self, down: Down) {
        match down {
            Down::Offer(offer) => self.on_offer(*offer),
            Down::Bind { run: number } => {
                if let Some(run) = self.runs.get_mut(&number).filter(|r| !r.begun) {
                    run.begun = true;
                    let (plan, near) = (run.plan.clone(), run.near.clone());
                    self.deeds.push(AgentAction::Begin(number, plan, near, run.workers));
                }
            }
            Down::Order { run: number, order } => {
                let Some(run) = self.runs.get_mut(&number) else { return };
                match &order {
                    Order::Start { at } => run.start = Some(*at),
                    Order::Stop => run.stopped = true,
                    Order::EndLoad { .. }
                    | Order::Steer { .. }
                    | Order::Drain { .. }
                    | Order::Claim { .. }
                    | Order::Settled { .. }
                    | Order::PartUpdates { .. } => {}
                }
                self.deeds.push(AgentAction::Tell(number, order));
            }
            Down::Claim { run, batch, strays } => self.on_claim(run, batch, &strays),
            Down::Close { run: number } => {
                self.offers.remove(&number);
                if self.runs.get(&number).is_some_and(|run| !run.begun) {
                    self.runs.remove(&number);
                } else if let Some(run) = self.runs.get_mut(&number).filter(|r| !r.stopped) {
                    run.stopped = true;
                    self.deeds.push(AgentAction::Tell(number, Order::Stop));
                }
            }
        }
    }

    fn on_offer(&mut self, offer: Offer) {
        let run = offer.run;
        if let Some(why) = self.forbids(&offer.plan) {
            self.tell(&Up::Refused { run, why });
            return;
        }
        self.deeds.push(AgentAction::Examine(run, Box::new(offer.plan.clone())));
        self.offers.insert(run, offer);
    }

    /// Whoever reaches NATS cannot point this machine elsewhere.
    fn forbids(&self, plan: &Plan) -> Option<String> {
        if plan.target.embedded {
            return Some("target embedded cannot be shared by several machines".to_owned());
        }
        let allowed = |address: &str| {
            is_loopback(address) || self.allowed.iter().any(|a| a.eq_ignore_ascii_case(address))
        };
        let address = plan.target.addresses.iter().find(|address| !allowed(address))?;
        Some(format!(
            "{address} is not loopback, and this agent was not started with --allow-target {address}"
        ))
    }

    /// What came of [`AgentAction::Examine`]: the plan with its passwords, or one line.
    pub fn examined(&mut self, run: u32, examined: Result<Plan, FleetError>, now: Nanos) {
        let Some(offer) = self.offers.remove(&run) else { return };
        match examined {
            Ok(plan) => {
                let here = Run::new(plan, offer.near, offer.workers);
                self.runs.insert(run, here);
                self.tell(&Up::Accepted { run });
            }
            Err(why) => self.tell(&Up::Refused { run, why: why.to_string() }),
        }
        self.flush(now);
    }

    /// Receipts that another agent has read: shown to the workers that would own them.
    fn on_claim(&mut self, number: u32, batch: u64, strays: &[UnmatchedReceipt]) {
        let Some(run) = self.runs.get_mut(&number) else {
            self.tell(&Up::Claimed { run: number, batch, places: Vec::new() });
            return;
        };
        for (worker, strays) in run.show(batch, strays) {
            self.deeds.push(AgentAction::TellOne(
                number,
                worker,
                Order::Claim { batch, receipts: strays },
            ));
        }
    }

    /// A worker has spoken.
    pub fn on_event(&mut self, number: u32, event: Event, now: Nanos) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        match event {
            Event::Interval(interval) => {
                if let Some(spent) = run.seconds.add(interval) {
                    self.deeds.push(AgentAction::Recycle(number, spent));
                }
                self.tell_seconds(number);
            }
            Event::Final(last) => {
                run.seconds.ended();
                self.tell_seconds(number);
                self.tell(&Up::Event { run: number, event: Event::Final(last) });
            }
            Event::Unmatched { worker, receipts: strays } => {
                run.strays.extend(strays.into_iter().map(|stray| (worker, stray)));
                run.strays_since.get_or_insert(now);
            }
            Event::PartUpdates { updates: news } => {
                run.away.extend(news);
                run.strays_since.get_or_insert(now);
            }
            Event::Claimed { worker, batch, positions: places } => {
                self.on_claimed(number, worker, batch, &places);
            }
            Event::Quiet { worker, quiet, handed, received } => {
                let place = worker.checked_sub(run.near.start).map(|p| p as usize);
                if let Some(known) = place.and_then(|p| run.quiet.get_mut(p)) {
                    *known = quiet;
                }
                let event = Event::Quiet { worker, quiet, handed, received };
                self.tell(&Up::Event { run: number, event });
            }
            event @ (Event::Ready { .. } | Event::AllLost { .. } | Event::Foreign { .. }) => {
                self.tell(&Up::Event { run: number, event });
            }
            // said by leads
            Event::Lost { .. } => {}
        }
        self.flush(now);
    }

    fn tell_seconds(&mut self, number: u32) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        for interval in run.seconds.take() {
            let event = Event::Interval(interval);
            let up = Up::Event { run: number, event };
            self.tell(&up);
            if let Up::Event { event: Event::Interval(interval), .. } = up {
                self.deeds.push(AgentAction::Recycle(number, interval));
            }
        }
    }

    fn on_claimed(&mut self, number: u32, worker: u32, batch: u64, places: &[u32]) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        if let Some(places) = run.claimed(worker, batch, places) {
            self.tell(&Up::Claimed { run: number, batch, places });
        }
    }

    /// All workers of a run have ended.
    pub fn ended(&mut self, number: u32, fault: Option<String>, now: Nanos) {
        let Some(run) = self.runs.remove(&number) else { return };
        let fault = fault.or_else(|| (!run.stopped).then(|| "ended before its time".to_owned()));
        self.tell(&Up::Ended { run: number, fault });
        self.flush(now);
        if self.engaged.is_none() && self.runs.is_empty() {
            self.deeds.push(AgentAction::Log("drained and unbound; waiting for work".to_owned()));
        }
    }

    /// Whoever runs this process wants it to end: what runs is drained and unbound first.
    pub fn leave(&mut self, now: Nanos) {
        if self.leaving {
            return;
        }
        self.leaving = true;
        self.say(&MessageBody::Dismiss { why: "was stopped by its operator".to_owned() }, &[]);
        self.engaged = None;
        self.drain_alone(now);
    }

    /// Time passes. `connected`: NATS can be reached.
    pub fn tick(&mut self, now: Nanos, connected: bool) {
        self.watch_lead(now, connected);
        let mut unmatched = Vec::new();
        for (number, run) in &mut self.runs {
            if run.strays_since.is_some_and(|at| now >= at + OFFER_EVERY) {
                run.strays_since = None;
                unmatched.push((
                    *number,
                    std::mem::take(&mut run.strays),
                    std::mem::take(&mut run.away),
                ));
            }
            let over = run.quiet.iter().all(|quiet| *quiet);
            if run.alone_until.is_some_and(|until| over || now >= until) && !run.stopped {
                run.stopped = true;
                self.deeds.push(AgentAction::Tell(*number, Order::Stop));
            }
        }
        for (run, strays, news) in unmatched {
            if !strays.is_empty() {
                self.tell(&Up::Unmatched { run, strays });
            }
            if !news.is_empty() {
                self.tell(&Up::Away { run, news });
            }
        }
        self.flush(now);
        self.beat(now);
    }

    fn watch_lead(&mut self, now: Nanos, connected: bool) {
        let away = if connected {
            self.away_since = None;
            false
        } else {
            now >= *self.away_since.get_or_insert(now) + AWAY_MAX
        };
        let Some(engaged) = &mut self.engaged else { return };
        if !connected {
            engaged.heard = now;
        }
        let orphan = now >= engaged.heard + ORPHAN_AFTER;
        if orphan || away {
            let name = engaged.lead.name.clone();
            self.dismissed(&name, if away { "NATS is out of reach" } else { "it vanished" }, now);
        }
    }

    fn tell(&mut self, up: &Up) {
        if let Some(engaged) = &mut self.engaged {
            engaged.flow.send(&pack(up));
        }
    }

    fn say(&mut self, say: &MessageBody, body: &[u8]) {
        if let Some(engaged) = &self.engaged {
            let letter = wire::write(&self.me, &engaged.session, say, body);
            self.out.push((self.subjects.lead(&engaged.session), letter));
        }
    }

    fn flush(&mut self, now: Nanos) {
        let Some(engaged) = &mut self.engaged else { return };
        let parts = engaged.flow.take(now);
        if parts.is_empty() {
            return;
        }
        engaged.acked = engaged.flow.ack();
        engaged.told = now;
        let ack = engaged.acked.0;
        for part in parts {
            let say = MessageBody::Part { number: part.number, last: part.last, ack };
            self.say(&say, &part.octets);
        }
    }

    fn beat(&mut self, now: Nanos) {
        let Some(engaged) = &mut self.engaged else { return };
        let ack = engaged.flow.ack();
        if now >= engaged.told + BEAT || ack != engaged.acked {
            engaged.acked = ack;
            engaged.told = now;
            self.say(&MessageBody::Ack { ack: ack.0, again: ack.1 }, &[]);
        }
    }
}
