//! The working side as a state machine: messages, events of its workers and time in; messages and actions out. It
//! works for one lead at a time, and sends only to targets that it allows.
use super::FleetError;
use super::agent_run::AgentRun;
use super::lead::{AWAY_MAX, BEAT};
use super::reliable_channel::ReliableChannel;
use super::run_messages::{Offer, ToAgent, ToLead};
use super::wire::{self, Ability, MessageBody, MessageError, Subjects, Who, pack, unpack};
use crate::esme::{Event, Order, UnmatchedReceipt};
use crate::kit::Nanos;
use crate::measure::Interval;
use crate::plan::{Plan, is_loopback};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// A lead without a message for this long is lost, while NATS can be reached.
const ORPHAN_AFTER: Nanos = Nanos::from_secs(10);
/// Longest wait for responses and receipts without a lead, before it unbinds.
const DRAIN_ALONE: Nanos = Nanos::from_secs(5);
/// How long unmatched receipts are collected before they are sent to the lead.
const OFFER_EVERY: Nanos = Nanos::from_millis(100);

/// Action that the agent asks its runtime for.
#[derive(Debug)]
pub enum AgentAction {
    /// Check a plan and read its passwords: (run, plan). Answered with [`Agent::examined`].
    Examine(u32, Box<Plan>),
    /// Start workers: (run, plan, numbers of this agent's workers, number of all workers).
    Begin(u32, Arc<Plan>, Range<u32>, u32),
    /// Send an order to all workers of a run: (run, order).
    Tell(u32, Order),
    /// Send an order to one worker: (run, worker, order).
    TellOne(u32, u32, Order),
    /// Reuse the buffer of an interval: (run, interval).
    Recycle(u32, Box<Interval>),
    /// Print a line.
    Log(String),
}

/// The lead that the agent works for.
#[derive(Debug)]
struct LeadSession {
    session: String,
    lead: Who,
    channel: ReliableChannel,
    heard: Nanos,
    told: Nanos,
    acked: (u64, bool),
}

/// The working side of a fleet.
#[derive(Debug)]
pub struct Agent {
    me: Who,
    subjects: Subjects,
    ability: Ability,
    allowed: Vec<String>,
    engaged: Option<LeadSession>,
    runs: BTreeMap<u32, AgentRun>,
    offers: BTreeMap<u32, Offer>,
    away_since: Option<Nanos>,
    leaving: bool,
    out: Vec<(String, Vec<u8>)>,
    actions: Vec<AgentAction>,
}

impl Agent {
    /// `allowed`: targets off loopback that it may send to.
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
            actions: Vec::new(),
        }
    }

    /// Takes the messages to send: (subject, octets).
    pub fn take_out(&mut self) -> Vec<(String, Vec<u8>)> {
        std::mem::take(&mut self.out)
    }
    /// Takes the actions, in order.
    pub fn take_actions(&mut self) -> Vec<AgentAction> {
        std::mem::take(&mut self.actions)
    }
    /// Whether the workers of a run have been told to stop, or do not exist here.
    pub fn is_stopped(&self, run: u32) -> bool {
        self.runs.get(&run).is_none_or(|run| run.stopped)
    }
    /// Whether it was asked to leave and no run is left.
    pub fn may_go(&self) -> bool {
        self.leaving && self.runs.is_empty()
    }

    /// Announces the agent to leads.
    pub fn announce(&mut self) {
        self.join(None);
    }

    fn join(&mut self, to: Option<&str>) {
        let body = MessageBody::Join {
            to: to.map(str::to_owned),
            busy: self.engaged.is_some() || !self.runs.is_empty(),
            ability: Box::new(self.ability.clone()),
        };
        let message = wire::write(&self.me, to.unwrap_or_default(), &body, &[]);
        self.out.push((self.subjects.join(), message));
    }

    /// Takes in a message.
    pub fn on_message(&mut self, octets: &[u8], now: Nanos) {
        let (message, payload) = match wire::read(octets) {
            Ok(read) => read,
            Err(MessageError::Unreadable) => return,
            Err(e @ MessageError::Version { .. }) => {
                self.actions.push(AgentAction::Log(format!("refused a call: {e}")));
                // the lead learns our version from our answer
                self.join(None);
                return;
            }
        };
        let ours = self.engaged.as_ref().is_some_and(|e| e.session == message.session);
        if ours && let Some(engaged) = &mut self.engaged {
            engaged.heard = now;
        }
        match message.body {
            MessageBody::Call { .. } if !self.leaving => self.join(Some(&message.who.id)),
            MessageBody::Engage => self.engage(message.who, message.session, now),
            MessageBody::Dismiss { why } if ours => self.dismissed(&message.who.name, &why, now),
            MessageBody::Dismiss { why } => {
                self.actions.push(AgentAction::Log(format!("lead {}: {why}", message.who.name)));
            }
            MessageBody::Ping { number } if ours => {
                self.send_message(&MessageBody::Pong { number, at: now }, &[])
            }
            MessageBody::Part { number, last, ack } if ours => {
                let Some(engaged) = &mut self.engaged else { return };
                engaged.channel.on_ack(ack, false);
                if let Some(packed) = engaged.channel.on_part(number, last, payload) {
                    match unpack::<ToAgent>(&packed) {
                        Ok(down) => self.on_down(down),
                        Err(e) => {
                            let why = format!("could not read what the lead sent: {e}");
                            self.send_message(&MessageBody::Dismiss { why: why.clone() }, &[]);
                            self.dismissed(&message.who.name, &why, now);
                        }
                    }
                }
            }
            MessageBody::Ack { ack, again } if ours => {
                if let Some(engaged) = &mut self.engaged {
                    engaged.channel.on_ack(ack, again);
                }
            }
            MessageBody::Call { .. }
            | MessageBody::Ping { .. }
            | MessageBody::Part { .. }
            | MessageBody::Ack { .. } => {}
            // sent by agents
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
        self.actions.push(AgentAction::Log(format!("working for {}", lead.name)));
        self.engaged = Some(LeadSession {
            session,
            lead,
            channel: ReliableChannel::default(),
            heard: now,
            told: now,
            acked: (0, false),
        });
    }

    /// The lead releases the agent: what still runs is drained and unbound.
    fn dismissed(&mut self, lead: &str, why: &str, now: Nanos) {
        self.actions.push(AgentAction::Log(format!("released by {lead}: {why}")));
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
                    self.actions.push(AgentAction::Tell(*number, Order::EndLoad { at }));
                    self.actions
                        .push(AgentAction::Tell(*number, Order::Drain { until: at + drain }));
                }
                None => run.alone_until = Some(now),
            }
        }
    }

    fn on_down(&mut self, down: ToAgent) {
        match down {
            ToAgent::Offer(offer) => self.on_offer(*offer),
            ToAgent::Bind { run: number } => {
                if let Some(run) = self.runs.get_mut(&number).filter(|r| !r.begun) {
                    run.begun = true;
                    let (plan, near) = (run.plan.clone(), run.near.clone());
                    self.actions.push(AgentAction::Begin(number, plan, near, run.workers));
                }
            }
            ToAgent::Order { run: number, order } => {
                let Some(run) = self.runs.get_mut(&number) else { return };
                match &order {
                    Order::Start { at } => run.start = Some(*at),
                    Order::Stop => run.stopped = true,
                    Order::EndLoad { .. }
                    | Order::Steer { .. }
                    | Order::Recovered { .. }
                    | Order::Drain { .. }
                    | Order::Claim { .. }
                    | Order::Settled { .. }
                    | Order::PartUpdates { .. } => {}
                }
                self.actions.push(AgentAction::Tell(number, order));
            }
            ToAgent::Claim { run, batch, receipts } => self.on_claim(run, batch, &receipts),
            ToAgent::Close { run: number } => {
                self.offers.remove(&number);
                if self.runs.get(&number).is_some_and(|run| !run.begun) {
                    self.runs.remove(&number);
                } else if let Some(run) = self.runs.get_mut(&number).filter(|r| !r.stopped) {
                    run.stopped = true;
                    self.actions.push(AgentAction::Tell(number, Order::Stop));
                }
            }
        }
    }

    fn on_offer(&mut self, offer: Offer) {
        let run = offer.run;
        if let Some(why) = self.forbids(&offer.plan) {
            self.tell(&ToLead::Refused { run, why });
            return;
        }
        self.actions.push(AgentAction::Examine(run, Box::new(offer.plan.clone())));
        self.offers.insert(run, offer);
    }

    /// Why the agent does not send to the plan's targets; None: all are allowed. Access to NATS alone must not allow
    /// it to send anywhere.
    fn forbids(&self, plan: &Plan) -> Option<String> {
        if plan.target.embedded {
            return Some("target.address \"embedded\" is a simulator in one process; give the address of an SMSC".to_owned());
        }
        let allowed = |address: &str| {
            is_loopback(address) || self.allowed.iter().any(|a| a.eq_ignore_ascii_case(address))
        };
        let address = plan.target.addresses.iter().find(|address| !allowed(address))?;
        Some(format!(
            "{address} is not loopback, and this agent was not started with --allow-target {address}"
        ))
    }

    /// The result of [`AgentAction::Examine`]: the plan with its passwords, or why not.
    pub fn examined(&mut self, run: u32, examined: Result<Plan, FleetError>, now: Nanos) {
        let Some(offer) = self.offers.remove(&run) else { return };
        match examined {
            Ok(plan) => {
                let here = AgentRun::new(plan, offer.near, offer.workers);
                self.runs.insert(run, here);
                self.tell(&ToLead::Accepted { run });
            }
            Err(why) => self.tell(&ToLead::Refused { run, why: why.to_string() }),
        }
        self.flush(now);
    }

    /// Shows receipts that another agent has read to the workers that would own them.
    fn on_claim(&mut self, number: u32, batch: u64, receipts: &[UnmatchedReceipt]) {
        let Some(run) = self.runs.get_mut(&number) else {
            self.tell(&ToLead::Claimed { run: number, batch, places: Vec::new() });
            return;
        };
        for (worker, strays) in run.show(batch, receipts) {
            self.actions.push(AgentAction::TellOne(
                number,
                worker,
                Order::Claim { batch, receipts: strays },
            ));
        }
    }

    /// Takes in an event of a worker.
    pub fn on_event(&mut self, number: u32, event: Event, now: Nanos) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        match event {
            Event::Interval(interval) => {
                if let Some(spent) = run.intervals.add(interval) {
                    self.actions.push(AgentAction::Recycle(number, spent));
                }
                self.tell_intervals(number);
            }
            Event::Final(last) => {
                run.intervals.ended();
                self.tell_intervals(number);
                self.tell(&ToLead::Event { run: number, event: Event::Final(last) });
            }
            Event::Unmatched { worker, receipts: strays } => {
                run.unmatched.extend(strays.into_iter().map(|receipt| (worker, receipt)));
                run.unsent_since.get_or_insert(now);
            }
            Event::PartUpdates { updates: news } => {
                run.part_updates.extend(news);
                run.unsent_since.get_or_insert(now);
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
                self.tell(&ToLead::Event { run: number, event });
            }
            event @ (Event::Ready { .. } | Event::AllLost { .. } | Event::Foreign { .. }) => {
                self.tell(&ToLead::Event { run: number, event });
            }
            // sent by leads
            Event::Lost { .. } => {}
        }
        self.flush(now);
    }

    fn tell_intervals(&mut self, number: u32) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        for interval in run.intervals.take() {
            let event = Event::Interval(interval);
            let up = ToLead::Event { run: number, event };
            self.tell(&up);
            if let ToLead::Event { event: Event::Interval(interval), .. } = up {
                self.actions.push(AgentAction::Recycle(number, interval));
            }
        }
    }

    fn on_claimed(&mut self, number: u32, worker: u32, batch: u64, places: &[u32]) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        if let Some(places) = run.claimed(worker, batch, places) {
            self.tell(&ToLead::Claimed { run: number, batch, places });
        }
    }

    /// All workers of a run have ended; `fault`: one failed.
    pub fn ended(&mut self, number: u32, fault: Option<String>, now: Nanos) {
        let Some(run) = self.runs.remove(&number) else { return };
        let fault = fault.or_else(|| (!run.stopped).then(|| "ended early".to_owned()));
        self.tell(&ToLead::Ended { run: number, fault });
        self.flush(now);
        if self.engaged.is_none() && self.runs.is_empty() {
            self.actions.push(AgentAction::Log("drained and unbound; waiting for work".to_owned()));
        }
    }

    /// The operator ends this process: what runs is drained and unbound first.
    pub fn leave(&mut self, now: Nanos) {
        if self.leaving {
            return;
        }
        self.leaving = true;
        self.send_message(
            &MessageBody::Dismiss { why: "was stopped by its operator".to_owned() },
            &[],
        );
        self.engaged = None;
        self.drain_alone(now);
    }

    /// Does what is due. `connected`: NATS can be reached.
    pub fn tick(&mut self, now: Nanos, connected: bool) {
        self.check_lead_alive(now, connected);
        let mut unsent = Vec::new();
        for (number, run) in &mut self.runs {
            if run.unsent_since.is_some_and(|at| now >= at + OFFER_EVERY) {
                run.unsent_since = None;
                unsent.push((
                    *number,
                    std::mem::take(&mut run.unmatched),
                    std::mem::take(&mut run.part_updates),
                ));
            }
            let over = run.quiet.iter().all(|quiet| *quiet);
            if run.alone_until.is_some_and(|until| over || now >= until) && !run.stopped {
                run.stopped = true;
                self.actions.push(AgentAction::Tell(*number, Order::Stop));
            }
        }
        for (run, receipts, updates) in unsent {
            if !receipts.is_empty() {
                self.tell(&ToLead::Unmatched { run, receipts });
            }
            if !updates.is_empty() {
                self.tell(&ToLead::PartUpdates { run, updates });
            }
        }
        self.flush(now);
        self.beat(now);
    }

    fn check_lead_alive(&mut self, now: Nanos, connected: bool) {
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
            self.dismissed(
                &name,
                if away { "NATS is out of reach" } else { "it stopped responding" },
                now,
            );
        }
    }

    fn tell(&mut self, up: &ToLead) {
        if let Some(engaged) = &mut self.engaged {
            engaged.channel.send(&pack(up));
        }
    }

    fn send_message(&mut self, body: &MessageBody, payload: &[u8]) {
        if let Some(engaged) = &self.engaged {
            let message = wire::write(&self.me, &engaged.session, body, payload);
            self.out.push((self.subjects.lead(&engaged.session), message));
        }
    }

    fn flush(&mut self, now: Nanos) {
        let Some(engaged) = &mut self.engaged else { return };
        let parts = engaged.channel.take(now);
        if parts.is_empty() {
            return;
        }
        engaged.acked = engaged.channel.ack();
        engaged.told = now;
        let ack = engaged.acked.0;
        for part in parts {
            let body = MessageBody::Part { number: part.number, last: part.last, ack };
            self.send_message(&body, &part.octets);
        }
    }

    fn beat(&mut self, now: Nanos) {
        let Some(engaged) = &mut self.engaged else { return };
        let ack = engaged.channel.ack();
        if now >= engaged.told + BEAT || ack != engaged.acked {
            engaged.acked = ack;
            engaged.told = now;
            self.send_message(&MessageBody::Ack { ack: ack.0, again: ack.1 }, &[]);
        }
    }
}
