//! The leading side as a state machine: messages, orders and time in; messages and events out. Here are the agents,
//! their clocks and their heartbeats; `lead_runs` has the runs.
use super::clock::ClockFilter;
use super::discovery::{AgentDiscovery, DiscoveryStep};
use super::lead_run::LeadRun;
use super::reliable_channel::ReliableChannel;
use super::run_messages::{ToAgent, ToLead};
use super::wire::{self, Ability, MessageBody, MessageError, Subjects, Who, pack, unpack};
use crate::esme::Event;
use crate::kit::Nanos;
use crate::measure::{ClockFix, FleetRecord};
use std::collections::BTreeMap;

/// Longest time between two messages of either side.
pub(super) const BEAT: Nanos = Nanos::from_millis(500);
/// An agent without a message for this long is lost, while NATS can be reached.
const GONE_AFTER: Nanos = Nanos::from_secs(5);
/// How long NATS may be out of reach: the restart of a server must not end a run.
pub(super) const AWAY_MAX: Nanos = Nanos::from_secs(30);
/// A ping without an answer within this is repeated.
const PING_AGAIN: Nanos = Nanos::from_millis(200);
/// An `engage` without an answer within this is repeated.
const ENGAGE_AGAIN: Nanos = Nanos::from_millis(300);
/// Answers that the offset of a clock is worked out from; the most, where they are slow.
const SAMPLES: u32 = 24;
const SAMPLES_MAX: u32 = 240;

/// Event for the caller of the lead.
#[derive(Debug)]
pub enum LeadEvent {
    /// All wanted agents have joined, and their clocks are known.
    AgentsReady,
    /// The agents cannot form a fleet: why, in one line.
    Failed(String),
    /// All agents accept a run: (run, number of workers in all).
    Accepted(u32, u32),
    /// An agent refuses a run, or its plan does not fit the fleet: (run, why in one line).
    Refused(u32, String),
    /// The fleet cannot run it: (run, why in one line).
    Broken(u32, String),
    /// Event of a worker: (run, event).
    Event(u32, Event),
    /// A run is over: (run, record of its fleet).
    Over(u32, FleetRecord),
}

/// Measurement of an agent's clock.
#[derive(Debug, Default)]
pub(super) struct ClockProbe {
    filter: ClockFilter,
    asked: Option<(u64, Nanos)>,
    next: u64,
    done: bool,
}

/// An agent as the lead tracks it.
#[derive(Debug)]
pub(super) struct AgentPeer {
    pub(super) who: Who,
    pub(super) ability: Ability,
    pub(super) channel: ReliableChannel,
    heard: Nanos,
    told: Nanos,
    acked: (u64, bool),
    engaged_at: Option<Nanos>,
    answers: bool,
    /// Why the agent was lost; None: it is connected.
    pub(super) lost: Option<String>,
    pub(super) probe: ClockProbe,
    pub(super) fix: Option<ClockFix>,
}

impl AgentPeer {
    pub(super) fn is_live(&self) -> bool {
        self.lost.is_none()
    }
    pub(super) fn measure_clock(&mut self) {
        let next = self.probe.next;
        self.probe = ClockProbe { next, ..ClockProbe::default() };
    }
    pub(super) fn clock_is_known(&self) -> bool {
        self.probe.done
    }
}

/// The leading side of a fleet.
#[derive(Debug)]
pub struct Lead {
    pub(super) me: Who,
    subjects: Subjects,
    /// None: all agents have joined.
    discovery: Option<AgentDiscovery>,
    agents_ready: bool,
    failed: bool,
    clock_max: Nanos,
    pub(super) peers: Vec<AgentPeer>,
    pub(super) runs: BTreeMap<u32, LeadRun>,
    pub(super) next_run: u32,
    away_since: Option<Nanos>,
    engaging_since: Option<Nanos>,
    out: Vec<(String, Vec<u8>)>,
    pub(super) events: Vec<LeadEvent>,
}

impl Lead {
    /// Looks for `wanted` agents; their clocks must be known to `clock_max`.
    pub fn new(
        me: Who,
        subjects: Subjects,
        wanted: usize,
        timeout: Nanos,
        clock_max: Nanos,
    ) -> Lead {
        Lead {
            me,
            subjects,
            discovery: Some(AgentDiscovery::new(wanted, timeout)),
            agents_ready: false,
            failed: false,
            clock_max,
            peers: Vec::new(),
            runs: BTreeMap::new(),
            next_run: 0,
            away_since: None,
            engaging_since: None,
            out: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Takes the messages to send: (subject, octets).
    pub fn take_out(&mut self) -> Vec<(String, Vec<u8>)> {
        std::mem::take(&mut self.out)
    }
    /// Takes the events, in order.
    pub fn take_events(&mut self) -> Vec<LeadEvent> {
        std::mem::take(&mut self.events)
    }

    /// Takes in a message.
    pub fn on_message(&mut self, octets: &[u8], now: Nanos) {
        let (message, payload) = match wire::read(octets) {
            Ok(read) => read,
            // other senders on the subject are ignored; another version is an error, while agents join
            Err(MessageError::Unreadable) => return,
            Err(e @ MessageError::Version { .. }) => {
                if self.discovery.is_some() {
                    self.fail(&e.to_string());
                } else if let MessageError::Version { who, .. } = &e {
                    self.dismiss(&who.id.clone(), &e.to_string());
                }
                return;
            }
        };
        let who = message.who;
        match message.body {
            MessageBody::Join { to, busy, ability } => {
                // ignore answers to the call of another lead
                if to.is_none_or(|to| to == self.me.id) {
                    self.on_join(who, busy, *ability, now);
                }
            }
            MessageBody::Pong { number, at } => self.on_pong(&who.id, number, at, now),
            MessageBody::Part { number, last, ack } => {
                let Some(place) = self.heard_from(&who.id, now) else { return };
                let peer = &mut self.peers[place];
                peer.channel.on_ack(ack, false);
                if let Some(packed) = peer.channel.on_part(number, last, payload) {
                    match unpack::<ToLead>(&packed) {
                        Ok(up) => self.on_up(place, up, packed.len() as u64, now),
                        Err(e) => self.lose(place, &format!("sent what cannot be read: {e}"), now),
                    }
                }
            }
            MessageBody::Ack { ack, again } => {
                if let Some(place) = self.heard_from(&who.id, now) {
                    self.peers[place].channel.on_ack(ack, again);
                }
            }
            MessageBody::Dismiss { why } => {
                // the agent leaves
                if let Some(place) = self.heard_from(&who.id, now) {
                    self.lose(place, &why, now);
                }
            }
            // sent by leads
            MessageBody::Call { .. } | MessageBody::Engage | MessageBody::Ping { .. } => {}
        }
        self.flush(now);
    }

    fn on_join(&mut self, who: Who, busy: bool, ability: Ability, now: Nanos) {
        if let Some(discovery) = &mut self.discovery {
            discovery.on_join(who, busy, ability, now);
        } else if let Some(place) = self.peers.iter().position(|s| s.who.id == who.id) {
            if busy && !self.peers[place].answers {
                let name = who.name;
                self.fail(&format!("agent {name} works for another run now; try again"));
            }
        } else if !self.peers.is_empty() && !busy {
            let n = self.peers.len();
            self.dismiss(&who.id, &format!("a run with {n} agents goes on; wait for the next"));
        }
    }

    fn heard_from(&mut self, id: &str, now: Nanos) -> Option<usize> {
        let place = self.peers.iter().position(|s| s.who.id == id)?;
        let peer = &mut self.peers[place];
        peer.heard = now;
        peer.is_live().then_some(place)
    }

    fn on_pong(&mut self, id: &str, number: u64, at: Nanos, now: Nanos) {
        let Some(place) = self.heard_from(id, now) else { return };
        let clock_max = self.clock_max;
        let peer = &mut self.peers[place];
        peer.answers = true;
        let probe = &mut peer.probe;
        let Some((_, sent)) = probe.asked.take_if(|asked| asked.0 == number) else { return };
        probe.filter.sample(sent, at, now);
        let good = probe.filter.fix().is_some_and(|fix| fix.uncertainty <= clock_max);
        let count = probe.filter.samples_count();
        if (count >= SAMPLES && good) || count >= SAMPLES_MAX {
            probe.done = true;
            peer.fix = probe.filter.fix();
        } else {
            self.ping(place, now);
        }
    }

    fn ping(&mut self, place: usize, now: Nanos) {
        let probe = &mut self.peers[place].probe;
        let number = probe.next;
        probe.next += 1;
        probe.asked = Some((number, now));
        self.send_message(place, &MessageBody::Ping { number }, &[]);
    }

    /// Does what is due. `connected`: NATS can be reached.
    pub fn tick(&mut self, now: Nanos, connected: bool) {
        self.gather_agents(now);
        self.check_agents_alive(now, connected);
        for place in 0..self.peers.len() {
            let peer = &self.peers[place];
            if !peer.is_live() || peer.probe.done {
                continue;
            }
            if !peer.answers && peer.engaged_at.is_none_or(|at| now >= at + ENGAGE_AGAIN) {
                self.peers[place].engaged_at = Some(now);
                self.send_message(place, &MessageBody::Engage, &[]);
            }
            let asked = self.peers[place].probe.asked;
            if asked.is_none_or(|(_, at)| now >= at + PING_AGAIN) {
                self.ping(place, now);
            }
        }
        self.tick_runs(now);
        self.flush(now);
        self.beat(now);
    }

    fn gather_agents(&mut self, now: Nanos) {
        if self.failed || self.agents_ready {
            return;
        }
        if let Some(discovery) = &mut self.discovery {
            match discovery.next(&self.me.version, now) {
                DiscoveryStep::Wait => {}
                DiscoveryStep::Call => {
                    let wanted = discovery.wanted();
                    let call =
                        wire::write(&self.me, &self.me.id, &MessageBody::Call { wanted }, &[]);
                    self.out.push((self.subjects.call(), call));
                }
                DiscoveryStep::Fail(line) => self.fail(&line),
                DiscoveryStep::Engage(joined, rest) => {
                    for who in rest {
                        self.dismiss(&who.id, "enough agents have joined; wait for the next run");
                    }
                    self.peers = joined.into_iter().map(|(w, a)| new_peer(w, a, now)).collect();
                    self.discovery = None;
                    self.engaging_since = Some(now);
                }
            }
            return;
        }
        let late = self.engaging_since.is_some_and(|at| now >= at + Nanos::from_secs(10));
        if let Some(peer) = self.peers.iter().find(|s| late && !s.probe.done) {
            let line = format!("agent {} joined and does not answer any more", peer.who.name);
            self.fail(&line);
        } else if self.peers.iter().all(|s| s.probe.done) {
            match self.clocks_too_far() {
                Some(line) => self.fail(&line),
                None => {
                    self.agents_ready = true;
                    self.events.push(LeadEvent::AgentsReady);
                }
            }
        }
    }

    /// Why a clock is not known well enough, for the first such agent; None: all are.
    pub(super) fn clocks_too_far(&self) -> Option<String> {
        let max = self.clock_max;
        let far = self.peers.iter().filter(|s| s.is_live()).find_map(|peer| {
            let uncertainty = peer.fix.map(|fix| fix.uncertainty)?;
            (uncertainty > max).then_some((peer, uncertainty))
        });
        far.map(|(peer, uncertainty)| {
            format!(
                "clock of agent {}: known to ±{:.3} ms, limit {:.3} ms; use a nearer agent, or raise \
                 fleet.clock_uncertainty_max",
                peer.who.name,
                uncertainty.0 as f64 / 1e6,
                max.0 as f64 / 1e6
            )
        })
    }

    /// Largest error of a time between two agents' clocks.
    pub(super) fn uncertainty_between(&self, a: usize, b: usize) -> Nanos {
        let of = |place: usize| self.peers[place].fix.map_or(Nanos::ZERO, |fix| fix.uncertainty);
        of(a) + of(b)
    }

    /// The agents cannot form a fleet: all that joined are released.
    fn fail(&mut self, line: &str) {
        if self.failed {
            return;
        }
        self.failed = true;
        let discovery = self.discovery.take();
        let joined = discovery.iter().flat_map(AgentDiscovery::joined).map(|who| who.id.clone());
        let peers = self.peers.iter().map(|peer| peer.who.id.clone());
        for id in joined.chain(peers).collect::<Vec<_>>() {
            self.dismiss(&id, "the lead could not begin a run");
        }
        self.events.push(LeadEvent::Failed(line.to_owned()));
    }

    /// Releases all agents.
    pub fn release(&mut self) {
        for place in 0..self.peers.len() {
            if self.peers[place].is_live() {
                self.send_message(place, &MessageBody::Dismiss { why: "done".to_owned() }, &[]);
            }
        }
    }

    fn dismiss(&mut self, id: &str, why: &str) {
        let body = MessageBody::Dismiss { why: why.to_owned() };
        let message = wire::write(&self.me, &self.me.id, &body, &[]);
        self.out.push((self.subjects.agent(id), message));
    }

    fn send_message(&mut self, place: usize, body: &MessageBody, payload: &[u8]) {
        let message = wire::write(&self.me, &self.me.id, body, payload);
        let subject = self.subjects.agent(&self.peers[place].who.id);
        self.out.push((subject, message));
    }

    /// Agents without a message for too long are lost. While NATS is out of reach, no message can come.
    fn check_agents_alive(&mut self, now: Nanos, connected: bool) {
        if connected {
            self.away_since = None;
        } else {
            let since = *self.away_since.get_or_insert(now);
            self.peers.iter_mut().for_each(|peer| peer.heard = now);
            if now >= since + AWAY_MAX {
                for place in 0..self.peers.len() {
                    self.lose(place, "was out of reach: no NATS for 30 s", now);
                }
            }
            return;
        }
        if !self.agents_ready {
            return;
        }
        for place in 0..self.peers.len() {
            let peer = &self.peers[place];
            if peer.is_live() && now >= peer.heard + GONE_AFTER {
                self.lose(place, "stopped responding", now);
            }
        }
    }

    pub(super) fn lose(&mut self, place: usize, why: &str, now: Nanos) {
        if self.peers[place].is_live() {
            // if it still runs, it must not go on alone
            self.send_message(
                place,
                &MessageBody::Dismiss { why: format!("the lead says: {why}") },
                &[],
            );
            self.peers[place].lost = Some(why.to_owned());
            self.lose_in_runs(place, why, now);
        }
    }

    pub(super) fn tell(&mut self, place: usize, down: &ToAgent) {
        if self.peers[place].is_live() {
            self.peers[place].channel.send(&pack(down));
        }
    }

    /// Sends the parts that the channels have ready.
    pub(super) fn flush(&mut self, now: Nanos) {
        for place in 0..self.peers.len() {
            let peer = &mut self.peers[place];
            if !peer.is_live() {
                continue;
            }
            let parts = peer.channel.take(now);
            if parts.is_empty() {
                continue;
            }
            peer.acked = peer.channel.ack();
            peer.told = now;
            let ack = peer.acked.0;
            for part in parts {
                let body = MessageBody::Part { number: part.number, last: part.last, ack };
                self.send_message(place, &body, &part.octets);
            }
        }
    }

    /// Sends heartbeats and acknowledgements.
    fn beat(&mut self, now: Nanos) {
        for place in 0..self.peers.len() {
            let peer = &mut self.peers[place];
            let ack = peer.channel.ack();
            if peer.is_live() && peer.answers && (now >= peer.told + BEAT || ack != peer.acked) {
                peer.acked = ack;
                peer.told = now;
                self.send_message(place, &MessageBody::Ack { ack: ack.0, again: ack.1 }, &[]);
            }
        }
    }
}

fn new_peer(who: Who, ability: Ability, now: Nanos) -> AgentPeer {
    AgentPeer {
        who,
        ability,
        channel: ReliableChannel::default(),
        heard: now,
        told: now,
        acked: (0, false),
        engaged_at: None,
        answers: false,
        lost: None,
        probe: ClockProbe::default(),
        fix: None,
    }
}
