//! A lead and its agents on a virtual clock, and the carrier between them.
use crate::esme::{Event, Final, IdSample, Order};
use crate::fleet::agent::{Agent, AgentAction};
use crate::fleet::lead::{Lead, LeadEvent};
use crate::fleet::wire::{Ability, Subjects, Who};
use crate::kit::{Nanos, Rng};
use crate::measure::{
    CellInterval, FleetRecord, Gauges, Interval, LatencyRange, Metric, Outcome, Recorder, Ticket,
};
use crate::plan::{Overrides, Plan, Source, load};
use std::ops::Range;
use std::sync::Arc;

pub(super) const STEP: Nanos = Nanos::from_millis(10);

pub(super) fn who(id: &str, name: &str) -> Who {
    Who { id: id.into(), name: name.into(), version: "1".into() }
}

pub(super) fn plan(text: &str) -> Arc<Plan> {
    let text = format!("target.address = \"127.0.0.1:1\"\nload.workers = 2\n{text}");
    Arc::new(load(&Source::Text { name: "t.toml".into(), text }, &Overrides::default()).unwrap())
}

pub(super) fn steady() -> Arc<Plan> {
    plan("load.stages = [{ hold = 100, for = \"10s\" }]\nbinds.count = 8")
}

/// An agent and the workers that it thinks it has. Its clock is ahead by `ahead`.
pub(super) struct TestAgent {
    pub(super) agent: Agent,
    pub(super) ahead: Nanos,
    pub(super) alive: bool,
    pub(super) near: Range<u32>,
    pub(super) start: Option<Nanos>,
    pub(super) told: u64,
    pub(super) stopped: bool,
    pub(super) range: LatencyRange,
    pub(super) orders: Vec<Order>,
    pub(super) said: Vec<String>,
}

pub(super) struct TestFleet {
    pub(super) now: Nanos,
    pub(super) rng: Rng,
    pub(super) lead: Lead,
    pub(super) far: Vec<TestAgent>,
    pub(super) away: Option<Range<Nanos>>,
    pub(super) loss: u64,
    /// Each way takes a step.
    pub(super) slow: bool,
    pub(super) sent: CellInterval,
    pub(super) events: Vec<LeadEvent>,
    pub(super) record: Option<FleetRecord>,
}

impl TestFleet {
    pub(super) fn new(agents: usize, allowed: &[&str]) -> TestFleet {
        TestFleet::of(agents, allowed, Nanos::from_millis(15))
    }

    pub(super) fn of(agents: usize, allowed: &[&str], limit: Nanos) -> TestFleet {
        let subjects = Subjects::of("g").unwrap();
        let lead =
            Lead::new(who("L", "lead"), subjects.clone(), agents, Nanos::from_secs(5), limit);
        let range = LatencyRange::for_deadline(Nanos::from_secs(30));
        let far = (0..agents).map(|n| {
            let me = who(&format!("A{n}"), &format!("a{n}"));
            let ability = Ability { cores: 2, sessions_max: 1_000, ..Ability::default() };
            let allowed = allowed.iter().map(|a| (*a).to_owned()).collect();
            TestAgent {
                agent: Agent::new(me, subjects.clone(), ability, allowed),
                ahead: Nanos::from_secs(1_000 * (n as u64 + 1)),
                alive: true,
                near: 0..0,
                start: None,
                told: 0,
                stopped: false,
                range,
                orders: Vec::new(),
                said: Vec::new(),
            }
        });
        TestFleet {
            now: Nanos::from_secs(1),
            rng: Rng::new(7),
            lead,
            far: far.collect(),
            away: None,
            loss: 0,
            slow: false,
            sent: CellInterval::new(range),
            events: Vec::new(),
            record: None,
        }
    }

    pub(super) fn connected(&self) -> bool {
        !self.away.as_ref().is_some_and(|away| away.contains(&self.now))
    }

    /// Time goes on, messages are carried, workers report.
    pub(super) fn step(&mut self) {
        self.now += STEP;
        let connected = self.connected();
        self.lead.tick(self.now, connected);
        self.carry();
        for n in 0..self.far.len() {
            if self.far[n].alive {
                let now = self.now + self.far[n].ahead;
                self.far[n].agent.tick(now, connected);
                self.act(n);
                self.work(n);
            }
        }
        if !self.slow {
            self.carry();
        }
    }

    pub(super) fn run(&mut self, seconds: u64) {
        for _ in 0..seconds * 100 {
            self.step();
        }
    }

    pub(super) fn carry(&mut self) {
        for _ in 0..200 {
            let mut messages = self.lead.take_out();
            for far in self.far.iter_mut().filter(|far| far.alive) {
                messages.extend(far.agent.take_out());
            }
            if messages.is_empty() {
                break;
            }
            for (subject, octets) in messages {
                let lost = !self.connected() || self.rng.below(100) < self.loss;
                if lost {
                    continue;
                }
                let copies = 1 + u64::from(self.rng.below(100) < self.loss);
                for _ in 0..copies {
                    self.deliver(&subject, &octets);
                }
            }
            if self.slow {
                break;
            }
        }
        self.hear();
    }

    pub(super) fn deliver(&mut self, subject: &str, octets: &[u8]) {
        if subject.starts_with("smppbench.g.lead.") || subject == "smppbench.g.join" {
            self.lead.on_message(octets, self.now);
        }
        for n in 0..self.far.len() {
            let own = subject == format!("smppbench.g.agent.A{n}");
            if self.far[n].alive && (own || subject == "smppbench.g.call") {
                let now = self.now + self.far[n].ahead;
                self.far[n].agent.on_message(octets, now);
                self.act(n);
            }
        }
    }

    pub(super) fn hear(&mut self) {
        for news in self.lead.take_events() {
            match news {
                LeadEvent::Over(_, record) => self.record = Some(record),
                other => self.events.push(other),
            }
        }
    }

    pub(super) fn act(&mut self, n: usize) {
        let now = self.now + self.far[n].ahead;
        let far = &mut self.far[n];
        loop {
            let actions = far.agent.take_actions();
            if actions.is_empty() {
                return;
            }
            for action in actions {
                match action {
                    AgentAction::Examine(run, plan) => far.agent.examined(run, Ok(*plan), now),
                    AgentAction::Begin(run, _, near, _) => {
                        far.near = near.clone();
                        for worker in near {
                            let ready = Event::Ready {
                                worker,
                                sessions_up: 2,
                                failures: Vec::new(),
                                dropped: None,
                            };
                            far.agent.on_event(run, ready, now);
                        }
                    }
                    AgentAction::Tell(_, order) => {
                        match &order {
                            Order::Start { at } => far.start = Some(*at),
                            Order::Stop => far.stopped = true,
                            _ => {}
                        }
                        far.orders.push(order);
                    }
                    AgentAction::TellOne(run, worker, Order::Claim { batch, receipts: strays }) => {
                        // the odd ones are its own
                        let own = (0u32..).zip(&strays).filter(|(_, s)| s.number % 2 == 1);
                        let places = own.map(|(place, _)| place).collect();
                        let event = Event::Claimed { worker, batch, positions: places };
                        far.agent.on_event(run, event, now);
                    }
                    AgentAction::TellOne(..) | AgentAction::Recycle(..) => {}
                    AgentAction::Log(line) => far.said.push(line),
                }
            }
        }
    }

    pub(super) fn second(&mut self, n: usize, worker: u32, number: u64) -> Box<Interval> {
        let mut recorder = Recorder::new(worker, 1, self.far[n].range);
        for at in 0..25u64 {
            let t = Ticket {
                intended: Nanos(at),
                slot_free: Nanos(at),
                written: Nanos(at),
                ..Ticket::default()
            };
            recorder.tally(0).planned += 1;
            recorder.written(&t);
            let took = Nanos(1_000_000 + self.rng.below(90_000_000));
            recorder.settled(&t, Outcome::Accepted, took);
        }
        recorder.take(number, Gauges::default(), None)
    }

    pub(super) fn work(&mut self, n: usize) {
        let now = self.now + self.far[n].ahead;
        let Some(start) = self.far[n].start else { return };
        while now >= start + Nanos::from_secs(self.far[n].told + 1) && !self.far[n].near.is_empty()
        {
            let number = self.far[n].told;
            for worker in self.far[n].near.clone() {
                let interval = self.second(n, worker, number);
                self.sent.merge(interval.cells[0].as_ref().unwrap());
                self.far[n].agent.on_event(0, Event::Interval(interval), now);
            }
            self.far[n].told += 1;
        }
        if self.far[n].stopped {
            let number = self.far[n].told;
            for worker in std::mem::take(&mut self.far[n].near) {
                let interval = self.second(n, worker, number);
                self.sent.merge(interval.cells[0].as_ref().unwrap());
                let last = Final {
                    worker,
                    interval,
                    sessions: Vec::new(),
                    exchanges: Vec::new(),
                    ids: IdSample::default(),
                };
                self.far[n].agent.on_event(0, Event::Final(Box::new(last)), now);
            }
            self.far[n].start = None;
            self.far[n].agent.ended(0, None, now);
        }
        self.act(n);
    }

    /// AgentsReady, opened and started, one second from now.
    pub(super) fn start(&mut self, plan: &Arc<Plan>) {
        for far in &mut self.far {
            far.agent.announce();
        }
        self.run(12);
        assert!(
            self.events.iter().any(|n| matches!(n, LeadEvent::AgentsReady)),
            "{:?}",
            self.events
        );
        self.lead.open(plan, self.now);
        self.run(12);
        assert!(
            self.events.iter().any(|n| matches!(n, LeadEvent::Accepted(0, _))),
            "{:?}",
            self.events
        );
        let at = self.now + Nanos::from_secs(1);
        self.lead.order(0, Order::Start { at }, self.now);
        self.carry();
    }

    pub(super) fn stop(&mut self) {
        self.lead.order(0, Order::Stop, self.now);
        self.run(8);
        self.lead.close(0, self.now);
        self.run(1);
    }

    /// What the lead passed on, summed up.
    pub(super) fn heard(&self) -> CellInterval {
        let mut sum = CellInterval::new(LatencyRange::for_deadline(Nanos::from_secs(30)));
        for news in &self.events {
            let interval = match news {
                LeadEvent::Event(_, Event::Interval(interval)) => interval,
                LeadEvent::Event(_, Event::Final(last)) => &last.interval,
                _ => continue,
            };
            for cell in interval.cells.iter().flatten() {
                sum.merge(cell);
            }
        }
        sum
    }

    pub(super) fn same_as_sent(&self) {
        let heard = self.heard();
        assert_eq!(heard.tally, self.sent.tally);
        for metric in [Metric::Response, Metric::Service, Metric::HarnessLag] {
            let buckets = |cell: &CellInterval| -> Vec<(u64, u64)> {
                let recorded = cell.metric(metric).histogram().iter_recorded();
                recorded.map(|v| (v.value_iterated_to(), v.count_at_value())).collect()
            };
            assert_eq!(buckets(&heard), buckets(&self.sent));
            assert_eq!(heard.metric(metric).sum_ns(), self.sent.metric(metric).sum_ns());
        }
        assert!(heard.tally.accepted > 0);
    }
}
