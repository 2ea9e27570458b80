//! The leading side as a state machine: letters, orders and time in; letters and news out. `run` holds what
//! belongs to one run; here are the agents, their clocks and their heartbeats.
use super::clock::ClockFilter;
use super::discovery::{AgentDiscovery, Next};
use super::flow::Flow;
use super::run::Run;
use super::talk::{Down, Up};
use super::wire::{self, Ability, LetterError, MessageBody, Subjects, Who, pack, unpack};
use crate::esme::Event;
use crate::kit::Nanos;
use crate::measure::{ClockFix, FleetRecord};
use std::collections::BTreeMap;

/// Each side says at least this often that it is there.
pub(super) const BEAT: Nanos = Nanos::from_millis(500);
/// Who has not been heard for so long is gone, while NATS can be reached.
const GONE_AFTER: Nanos = Nanos::from_secs(5);
/// So long NATS may be out of reach: a server that restarts costs nothing.
pub(super) const AWAY_MAX: Nanos = Nanos::from_secs(30);
/// A question to a clock that is not answered within this is asked again.
const PING_AGAIN: Nanos = Nanos::from_millis(200);
/// An agent is told again that it is engaged.
const ENGAGE_AGAIN: Nanos = Nanos::from_millis(300);
/// Answers that a clock is judged by; at most so many where they are slow.
const SAMPLES: u32 = 24;
const SAMPLES_MAX: u32 = 240;

/// What whoever leads is to know.
#[derive(Debug)]
pub enum LeadEvent {
    /// All wanted agents have come, and their clocks are known.
    Mustered,
    /// They have not: one line.
    Failed(String),
    /// All will run it, with so many workers in all.
    Accepted(u32, u32),
    /// An agent, or the plan itself, will not do: one line.
    Refused(u32, String),
    /// The fleet cannot run it: one line.
    Broken(u32, String),
    /// A worker's word.
    Event(u32, Event),
    /// It is over, and this was its fleet.
    Over(u32, FleetRecord),
}

/// Asking a clock.
#[derive(Debug, Default)]
pub(super) struct Probe {
    filter: ClockFilter,
    asked: Option<(u64, Nanos)>,
    next: u64,
    done: bool,
}

/// An agent of ours.
#[derive(Debug)]
pub(super) struct AgentPeer {
    pub(super) who: Who,
    pub(super) ability: Ability,
    pub(super) flow: Flow,
    heard: Nanos,
    told: Nanos,
    acked: (u64, bool),
    engaged_at: Option<Nanos>,
    answers: bool,
    /// Why it is none any more.
    pub(super) gone: Option<String>,
    pub(super) probe: Probe,
    pub(super) fix: Option<ClockFix>,
}

impl AgentPeer {
    pub(super) fn is_live(&self) -> bool {
        self.gone.is_none()
    }
    pub(super) fn ask_clock(&mut self) {
        let next = self.probe.next;
        self.probe = Probe { next, ..Probe::default() };
    }
    pub(super) fn clock_is_known(&self) -> bool {
        self.probe.done
    }
}

/// The leading side.
#[derive(Debug)]
pub struct Lead {
    pub(super) me: Who,
    subjects: Subjects,
    muster: Option<AgentDiscovery>,
    mustered: bool,
    failed: bool,
    clock_max: Nanos,
    pub(super) seats: Vec<AgentPeer>,
    pub(super) runs: BTreeMap<u32, Run>,
    pub(super) next_run: u32,
    away_since: Option<Nanos>,
    engaging_since: Option<Nanos>,
    out: Vec<(String, Vec<u8>)>,
    pub(super) news: Vec<LeadEvent>,
}

impl Lead {
    /// Looks for so many agents; their clocks must be known to `clock_max`.
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
            muster: Some(AgentDiscovery::new(wanted, timeout)),
            mustered: false,
            failed: false,
            clock_max,
            seats: Vec::new(),
            runs: BTreeMap::new(),
            next_run: 0,
            away_since: None,
            engaging_since: None,
            out: Vec::new(),
            news: Vec::new(),
        }
    }

    /// Letters to be sent: (subject, octets).
    pub fn take_out(&mut self) -> Vec<(String, Vec<u8>)> {
        std::mem::take(&mut self.out)
    }
    /// What has become known.
    pub fn take_news(&mut self) -> Vec<LeadEvent> {
        std::mem::take(&mut self.news)
    }

    /// A letter has come.
    pub fn on_letter(&mut self, octets: &[u8], now: Nanos) {
        let (letter, body) = match wire::read(octets) {
            Ok(read) => read,
            // a stranger on the subject is nobody's fault; another version is, while we gather
            Err(LetterError::Unreadable) => return,
            Err(e @ LetterError::Version { .. }) => {
                if self.muster.is_some() {
                    self.fail(&e.to_string());
                } else if let LetterError::Version { who, .. } = &e {
                    self.dismiss(&who.id.clone(), &e.to_string());
                }
                return;
            }
        };
        let who = letter.who;
        match letter.say {
            MessageBody::Join { to, busy, ability } => {
                // an answer to another lead's call is none of our business
                if to.is_none_or(|to| to == self.me.id) {
                    self.on_join(who, busy, *ability, now);
                }
            }
            MessageBody::Pong { number, at } => self.on_pong(&who.id, number, at, now),
            MessageBody::Part { number, last, ack } => {
                let Some(place) = self.heard_from(&who.id, now) else { return };
                let seat = &mut self.seats[place];
                seat.flow.on_ack(ack, false);
                if let Some(message) = seat.flow.on_part(number, last, body) {
                    match unpack::<Up>(&message) {
                        Ok(up) => self.on_up(place, up, message.len() as u64, now),
                        Err(e) => self.lose(place, &format!("sent what cannot be read: {e}"), now),
                    }
                }
            }
            MessageBody::Ack { ack, again } => {
                if let Some(place) = self.heard_from(&who.id, now) {
                    self.seats[place].flow.on_ack(ack, again);
                }
            }
            MessageBody::Dismiss { why } => {
                // it has let itself go
                if let Some(place) = self.heard_from(&who.id, now) {
                    self.lose(place, &why, now);
                }
            }
            // said by leads
            MessageBody::Call { .. } | MessageBody::Engage | MessageBody::Ping { .. } => {}
        }
        self.flush(now);
    }

    fn on_join(&mut self, who: Who, busy: bool, ability: Ability, now: Nanos) {
        if let Some(muster) = &mut self.muster {
            muster.on_join(who, busy, ability, now);
        } else if let Some(place) = self.seats.iter().position(|s| s.who.id == who.id) {
            if busy && !self.seats[place].answers {
                let name = who.name;
                self.fail(&format!("agent {name} has begun to work for another run; try again"));
            }
        } else if !self.seats.is_empty() && !busy {
            let n = self.seats.len();
            self.dismiss(&who.id, &format!("a run with {n} agents is on; wait for the next"));
        }
    }

    fn heard_from(&mut self, id: &str, now: Nanos) -> Option<usize> {
        let place = self.seats.iter().position(|s| s.who.id == id)?;
        let seat = &mut self.seats[place];
        seat.heard = now;
        seat.is_live().then_some(place)
    }

    fn on_pong(&mut self, id: &str, number: u64, at: Nanos, now: Nanos) {
        let Some(place) = self.heard_from(id, now) else { return };
        let clock_max = self.clock_max;
        let seat = &mut self.seats[place];
        seat.answers = true;
        let probe = &mut seat.probe;
        let Some((_, sent)) = probe.asked.take_if(|asked| asked.0 == number) else { return };
        probe.filter.sample(sent, at, now);
        let good = probe.filter.fix().is_some_and(|fix| fix.uncertainty <= clock_max);
        let count = probe.filter.samples_count();
        if (count >= SAMPLES && good) || count >= SAMPLES_MAX {
            probe.done = true;
            seat.fix = probe.filter.fix();
        } else {
            self.ping(place, now);
        }
    }

    fn ping(&mut self, place: usize, now: Nanos) {
        let probe = &mut self.seats[place].probe;
        let number = probe.next;
        probe.next += 1;
        probe.asked = Some((number, now));
        self.say(place, &MessageBody::Ping { number }, &[]);
    }

    /// Time passes. `connected`: NATS can be reached.
    pub fn tick(&mut self, now: Nanos, connected: bool) {
        self.muster_on(now);
        self.watch_seats(now, connected);
        for place in 0..self.seats.len() {
            let seat = &self.seats[place];
            if !seat.is_live() || seat.probe.done {
                continue;
            }
            if !seat.answers && seat.engaged_at.is_none_or(|at| now >= at + ENGAGE_AGAIN) {
                self.seats[place].engaged_at = Some(now);
                self.say(place, &MessageBody::Engage, &[]);
            }
            let asked = self.seats[place].probe.asked;
            if asked.is_none_or(|(_, at)| now >= at + PING_AGAIN) {
                self.ping(place, now);
            }
        }
        self.tick_runs(now);
        self.flush(now);
        self.beat(now);
    }

    fn muster_on(&mut self, now: Nanos) {
        if self.failed || self.mustered {
            return;
        }
        if let Some(muster) = &mut self.muster {
            match muster.next(&self.me.version, now) {
                Next::Wait => {}
                Next::Call => {
                    let wanted = muster.wanted();
                    let call =
                        wire::write(&self.me, &self.me.id, &MessageBody::Call { wanted }, &[]);
                    self.out.push((self.subjects.call(), call));
                }
                Next::Fail(line) => self.fail(&line),
                Next::Engage(come, rest) => {
                    for who in rest {
                        self.dismiss(&who.id, "enough have come; wait for the next");
                    }
                    self.seats = come.into_iter().map(|(w, a)| seat(w, a, now)).collect();
                    self.muster = None;
                    self.engaging_since = Some(now);
                }
            }
            return;
        }
        let late = self.engaging_since.is_some_and(|at| now >= at + Nanos::from_secs(10));
        if let Some(seat) = self.seats.iter().find(|s| late && !s.probe.done) {
            let line = format!("agent {} came and does not answer any more", seat.who.name);
            self.fail(&line);
        } else if self.seats.iter().all(|s| s.probe.done) {
            match self.clocks_too_far() {
                Some(line) => self.fail(&line),
                None => {
                    self.mustered = true;
                    self.news.push(LeadEvent::Mustered);
                }
            }
        }
    }

    /// An agent whose clock cannot be told well enough.
    pub(super) fn clocks_too_far(&self) -> Option<String> {
        let max = self.clock_max;
        let far = self.seats.iter().filter(|s| s.is_live()).find_map(|seat| {
            let uncertainty = seat.fix.map(|fix| fix.uncertainty)?;
            (uncertainty > max).then_some((seat, uncertainty))
        });
        far.map(|(seat, uncertainty)| {
            format!(
                "the clock of agent {} can be told to {:.3} ms only, and {:.3} ms are allowed; \
                 bring it nearer, or raise fleet.clock_uncertainty_max",
                seat.who.name,
                uncertainty.0 as f64 / 1e6,
                max.0 as f64 / 1e6
            )
        })
    }

    /// How far apart two agents' clocks may be at most, as far as they are known.
    pub(super) fn uncertainty_between(&self, a: usize, b: usize) -> Nanos {
        let of = |place: usize| self.seats[place].fix.map_or(Nanos::ZERO, |fix| fix.uncertainty);
        of(a) + of(b)
    }

    /// The fleet cannot be: all who came are let go.
    fn fail(&mut self, line: &str) {
        if self.failed {
            return;
        }
        self.failed = true;
        let muster = self.muster.take();
        let come = muster.iter().flat_map(AgentDiscovery::come).map(|who| who.id.clone());
        let seated = self.seats.iter().map(|seat| seat.who.id.clone());
        for id in come.chain(seated).collect::<Vec<_>>() {
            self.dismiss(&id, "no run came of it");
        }
        self.news.push(LeadEvent::Failed(line.to_owned()));
    }

    /// All agents are let go.
    pub fn release(&mut self) {
        for place in 0..self.seats.len() {
            if self.seats[place].is_live() {
                self.say(place, &MessageBody::Dismiss { why: "done".to_owned() }, &[]);
            }
        }
    }

    fn dismiss(&mut self, id: &str, why: &str) {
        let say = MessageBody::Dismiss { why: why.to_owned() };
        let letter = wire::write(&self.me, &self.me.id, &say, &[]);
        self.out.push((self.subjects.agent(id), letter));
    }

    fn say(&mut self, place: usize, say: &MessageBody, body: &[u8]) {
        let letter = wire::write(&self.me, &self.me.id, say, body);
        let subject = self.subjects.agent(&self.seats[place].who.id);
        self.out.push((subject, letter));
    }

    /// Who has been silent for too long is gone; while NATS is away nobody can be heard.
    fn watch_seats(&mut self, now: Nanos, connected: bool) {
        if connected {
            self.away_since = None;
        } else {
            let since = *self.away_since.get_or_insert(now);
            self.seats.iter_mut().for_each(|seat| seat.heard = now);
            if now >= since + AWAY_MAX {
                for place in 0..self.seats.len() {
                    self.lose(place, "was out of reach: NATS has been away for 30 s", now);
                }
            }
            return;
        }
        if !self.mustered {
            return;
        }
        for place in 0..self.seats.len() {
            let seat = &self.seats[place];
            if seat.is_live() && now >= seat.heard + GONE_AFTER {
                self.lose(place, "vanished", now);
            }
        }
    }

    pub(super) fn lose(&mut self, place: usize, why: &str, now: Nanos) {
        if self.seats[place].is_live() {
            // should it still be there, it must not go on alone
            self.say(place, &MessageBody::Dismiss { why: format!("the lead says: {why}") }, &[]);
            self.seats[place].gone = Some(why.to_owned());
            self.lose_in_runs(place, why, now);
        }
    }

    pub(super) fn tell(&mut self, place: usize, down: &Down) {
        if self.seats[place].is_live() {
            self.seats[place].flow.send(&pack(down));
        }
    }

    /// Sends what the flows have to say.
    pub(super) fn flush(&mut self, now: Nanos) {
        for place in 0..self.seats.len() {
            let seat = &mut self.seats[place];
            if !seat.is_live() {
                continue;
            }
            let parts = seat.flow.take(now);
            if parts.is_empty() {
                continue;
            }
            seat.acked = seat.flow.ack();
            seat.told = now;
            let ack = seat.acked.0;
            for part in parts {
                let say = MessageBody::Part { number: part.number, last: part.last, ack };
                self.say(place, &say, &part.octets);
            }
        }
    }

    /// Heartbeats, and news of what has come.
    fn beat(&mut self, now: Nanos) {
        for place in 0..self.seats.len() {
            let seat = &mut self.seats[place];
            let ack = seat.flow.ack();
            if seat.is_live() && seat.answers && (now >= seat.told + BEAT || ack != seat.acked) {
                seat.acked = ack;
                seat.told = now;
                self.say(place, &MessageBody::Ack { ack: ack.0, again: ack.1 }, &[]);
            }
        }
    }
}

fn seat(who: Who, ability: Ability, now: Nanos) -> AgentPeer {
    AgentPeer {
        who,
        ability,
        flow: Flow::default(),
        heard: now,
        told: now,
        acked: (0, false),
        engaged_at: None,
        answers: false,
        gone: None,
        probe: Probe::default(),
        fix: None,
    }
}
