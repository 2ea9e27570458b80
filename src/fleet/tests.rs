//! A lead and its agents on a virtual clock, over a carrier that loses and repeats letters and is away for a while.
use super::agent::{Agent, Deed};
use super::lead::{Lead, News};
use super::wire::{Ability, Subjects, Who};
use crate::esme::{Event, Final, IdSample, Order};
use crate::kit::{Nanos, Rng};
use crate::measure::{
    CellInterval, FleetRecord, Gauges, Interval, LatencyRange, Metric, Outcome, Recorder, Ticket,
};
use crate::plan::{OnAgentLoss, Overrides, Plan, Source, load};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

const STEP: Nanos = Nanos::from_millis(10);

fn who(id: &str, name: &str) -> Who {
    Who { id: id.into(), name: name.into(), version: "1".into() }
}

fn plan(text: &str) -> Arc<Plan> {
    let text = format!("target.address = \"127.0.0.1:1\"\nload.workers = 2\n{text}");
    Arc::new(load(&Source::Text { name: "t.toml".into(), text }, &Overrides::default()).unwrap())
}

fn steady() -> Arc<Plan> {
    plan("load.stages = [{ hold = 100, for = \"10s\" }]\nbinds.count = 8")
}

/// An agent and the workers that it thinks it has. Its clock is ahead by `ahead`.
struct Far {
    agent: Agent,
    ahead: Nanos,
    alive: bool,
    near: Range<u32>,
    start: Option<Nanos>,
    told: u64,
    stopped: bool,
    range: LatencyRange,
    orders: Vec<Order>,
    said: Vec<String>,
}

struct World {
    now: Nanos,
    rng: Rng,
    lead: Lead,
    far: Vec<Far>,
    away: Option<Range<Nanos>>,
    loss: u64,
    sent: CellInterval,
    news: Vec<News>,
    record: Option<FleetRecord>,
}

impl World {
    fn new(agents: usize, allowed: &[&str]) -> World {
        let subjects = Subjects::of("g").unwrap();
        let limit = Nanos::from_millis(15);
        let lead =
            Lead::new(who("L", "lead"), subjects.clone(), agents, Nanos::from_secs(5), limit);
        let range = LatencyRange::for_deadline(Nanos::from_secs(30));
        let far = (0..agents).map(|n| {
            let me = who(&format!("A{n}"), &format!("a{n}"));
            let ability = Ability { cores: 2, sessions_max: 1_000, ..Ability::default() };
            let allowed = allowed.iter().map(|a| (*a).to_owned()).collect();
            Far {
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
        World {
            now: Nanos::from_secs(1),
            rng: Rng::new(7),
            lead,
            far: far.collect(),
            away: None,
            loss: 0,
            sent: CellInterval::new(range),
            news: Vec::new(),
            record: None,
        }
    }

    fn connected(&self) -> bool {
        !self.away.as_ref().is_some_and(|away| away.contains(&self.now))
    }

    /// Time goes on, letters are carried, workers report.
    fn step(&mut self) {
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
        self.carry();
    }

    fn run(&mut self, seconds: u64) {
        for _ in 0..seconds * 100 {
            self.step();
        }
    }

    fn carry(&mut self) {
        for _ in 0..200 {
            let mut letters = self.lead.take_out();
            for far in self.far.iter_mut().filter(|far| far.alive) {
                letters.extend(far.agent.take_out());
            }
            if letters.is_empty() {
                break;
            }
            for (subject, octets) in letters {
                let lost = !self.connected() || self.rng.below(100) < self.loss;
                if lost {
                    continue;
                }
                let copies = 1 + u64::from(self.rng.below(100) < self.loss);
                for _ in 0..copies {
                    self.deliver(&subject, &octets);
                }
            }
        }
        self.hear();
    }

    fn deliver(&mut self, subject: &str, octets: &[u8]) {
        if subject.starts_with("smppbench.g.lead.") || subject == "smppbench.g.join" {
            self.lead.on_letter(octets, self.now);
        }
        for n in 0..self.far.len() {
            let own = subject == format!("smppbench.g.agent.A{n}");
            if self.far[n].alive && (own || subject == "smppbench.g.call") {
                let now = self.now + self.far[n].ahead;
                self.far[n].agent.on_letter(octets, now);
                self.act(n);
            }
        }
    }

    fn hear(&mut self) {
        for news in self.lead.take_news() {
            match news {
                News::Over(_, record) => self.record = Some(record),
                other => self.news.push(other),
            }
        }
    }

    fn act(&mut self, n: usize) {
        let now = self.now + self.far[n].ahead;
        let far = &mut self.far[n];
        loop {
            let deeds = far.agent.take_deeds();
            if deeds.is_empty() {
                return;
            }
            for deed in deeds {
                match deed {
                    Deed::Examine(run, plan) => far.agent.examined(run, Ok(*plan), now),
                    Deed::Begin(run, _, near, _) => {
                        far.near = near.clone();
                        for worker in near {
                            let ready = Event::Ready {
                                worker,
                                sessions_up: 2,
                                failures: Vec::new(),
                                place: None,
                            };
                            far.agent.on_event(run, ready, now);
                        }
                    }
                    Deed::Tell(_, order) => {
                        match &order {
                            Order::Start { at } => far.start = Some(*at),
                            Order::Stop => far.stopped = true,
                            _ => {}
                        }
                        far.orders.push(order);
                    }
                    Deed::TellOne(run, worker, Order::Claim { batch, strays }) => {
                        // the odd ones are its own
                        let own = (0u32..).zip(&strays).filter(|(_, s)| s.number % 2 == 1);
                        let places = own.map(|(place, _)| place).collect();
                        let event = Event::Claimed { worker, batch, places };
                        far.agent.on_event(run, event, now);
                    }
                    Deed::TellOne(..) | Deed::Recycle(..) => {}
                    Deed::Say(line) => far.said.push(line),
                }
            }
        }
    }

    fn second(&mut self, n: usize, worker: u32, number: u64) -> Box<Interval> {
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

    fn work(&mut self, n: usize) {
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

    /// Mustered, opened and started, one second from now.
    fn start(&mut self, plan: &Arc<Plan>) {
        for far in &mut self.far {
            far.agent.hello();
        }
        self.run(12);
        assert!(self.news.iter().any(|n| matches!(n, News::Mustered)), "{:?}", self.news);
        self.lead.open(plan, self.now);
        self.run(12);
        assert!(self.news.iter().any(|n| matches!(n, News::Accepted(0, _))), "{:?}", self.news);
        let at = self.now + Nanos::from_secs(1);
        self.lead.order(0, Order::Start { at }, self.now);
        self.carry();
    }

    fn stop(&mut self) {
        self.lead.order(0, Order::Stop, self.now);
        self.run(8);
        self.lead.close(0, self.now);
        self.run(1);
    }

    /// What the lead passed on, summed up.
    fn heard(&self) -> CellInterval {
        let mut sum = CellInterval::new(LatencyRange::for_deadline(Nanos::from_secs(30)));
        for news in &self.news {
            let interval = match news {
                News::Event(_, Event::Interval(interval)) => interval,
                News::Event(_, Event::Final(last)) => &last.interval,
                _ => continue,
            };
            for cell in interval.cells.iter().flatten() {
                sum.merge(cell);
            }
        }
        sum
    }

    fn same_as_sent(&self) {
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

#[test]
fn what_a_lead_passes_on_is_the_sum_of_what_its_agents_told_bucket_by_bucket() {
    for agents in [1, 2, 4] {
        let mut world = World::new(agents, &[]);
        world.start(&steady());
        world.run(6);
        world.stop();
        world.same_as_sent();
        let record = world.record.as_ref().unwrap();
        assert_eq!(record.agents.len(), agents);
        for (n, agent) in record.agents.iter().enumerate() {
            let fix = agent.clock_before.unwrap();
            let ahead = 1_000_000_000_000 * (n as i64 + 1);
            assert!(fix.offset_ns.abs_diff(ahead) <= fix.uncertainty.0, "{fix:?}");
            assert!(agent.lost.is_none() && agent.clock_after.is_some());
        }
    }
}

#[test]
fn no_second_is_lost_or_counted_twice_where_letters_are_lost_and_repeated_and_nats_is_away() {
    let mut world = World::new(3, &[]);
    world.loss = 20;
    world.start(&steady());
    world.run(3);
    // longer than an agent may be silent, shorter than NATS may be away
    world.away = Some(world.now..world.now + Nanos::from_secs(12));
    world.run(15);
    world.stop();
    world.same_as_sent();
    let record = world.record.as_ref().unwrap();
    assert!(record.agents.iter().all(|agent| agent.lost.is_none()), "{record:?}");
}

#[test]
fn all_agents_start_at_the_same_instant_each_on_its_own_clock() {
    let mut world = World::new(4, &[]);
    world.start(&steady());
    world.run(1);
    let starts: BTreeMap<u64, usize> = world.far.iter().fold(BTreeMap::new(), |mut all, far| {
        let at = far.start.unwrap().since(far.ahead);
        *all.entry(at.0 / 1_000_000).or_default() += 1;
        all
    });
    // the carrier takes no time here: to the millisecond they are one
    assert!(starts.len() <= 2, "{starts:?}");
}

#[test]
fn an_agent_that_vanishes_is_lost_its_books_are_closed_and_the_others_go_on() {
    let mut world = World::new(2, &[]);
    world.start(&steady());
    world.run(4);
    world.far[1].alive = false;
    world.run(8);
    world.stop();
    let lost = world.news.iter().find_map(|news| match news {
        News::Event(_, Event::Lost { workers, who, why }) => Some((workers.clone(), who, why)),
        _ => None,
    });
    let (workers, who, why) = lost.expect("its loss is told");
    assert_eq!((workers, who.as_str(), why.as_str()), (2..4, "a1", "vanished"));
    let tally = world.heard().tally;
    assert!(tally.balances(), "{tally:?}");
    let record = world.record.as_ref().unwrap();
    let loss = record.agents[1].lost.as_ref().unwrap();
    assert!(record.agents[0].lost.is_none());
    assert_eq!((tally.lost, tally.unsent), (loss.lost, loss.unsent));
}

#[test]
fn an_agent_whose_lead_is_gone_drains_and_unbinds_within_a_deadline_and_is_free_again() {
    let mut world = World::new(1, &[]);
    world.start(&steady());
    world.run(3);
    // the lead hears and says nothing any more
    world.lead = World::new(1, &[]).lead;
    world.lead.take_out();
    for _ in 0..2_500 {
        world.now += STEP;
        let now = world.now + world.far[0].ahead;
        world.far[0].agent.tick(now, true);
        world.far[0].agent.take_out();
        world.act(0);
        world.work(0);
    }
    let orders = &world.far[0].orders;
    assert!(
        matches!(
            orders[..],
            [Order::Start { .. }, Order::EndLoad { .. }, Order::Drain { .. }, Order::Stop]
        ),
        "{orders:?}"
    );
    assert!(world.far[0].said.iter().any(|line| line.contains("it vanished")));
    assert!(world.far[0].agent.is_stopped(0));
}

#[test]
fn an_agent_is_not_pointed_where_it_was_not_allowed_to_go() {
    let text = "guard.messages_max = 100\nguard.allow_target = [\"192.0.2.7:2775\"]\nbinds.count = 2\n\
                load.stages = [{ hold = 5, for = \"2s\" }]";
    let source = format!("target.address = \"192.0.2.7:2775\"\n{text}");
    let source = Source::Text { name: "t.toml".into(), text: source };
    let plan = Arc::new(load(&source, &Overrides::default()).unwrap());
    for (allowed, lets) in [(&["192.0.2.7:2775"][..], true), (&[][..], false)] {
        let mut world = World::new(2, allowed);
        world.run(3);
        world.lead.open(&plan, world.now);
        world.run(4);
        let accepted = world.news.iter().any(|n| matches!(n, News::Accepted(..)));
        let refused = world.news.iter().find_map(|news| match news {
            News::Refused(_, why) => Some(why.clone()),
            _ => None,
        });
        assert_eq!((accepted, refused.is_none()), (lets, lets));
        let names = |why: &String| {
            why.starts_with("agent a") && why.contains("--allow-target 192.0.2.7:2775")
        };
        assert!(refused.as_ref().is_none_or(names), "{refused:?}");
    }
}

#[test]
fn a_late_joiner_is_refused_and_told_so() {
    let mut world = World::new(1, &[]);
    world.start(&steady());
    let subjects = Subjects::of("g").unwrap();
    let mut late = Agent::new(who("B", "late"), subjects, Ability::default(), Vec::new());
    late.hello();
    for (_, octets) in late.take_out() {
        world.lead.on_letter(&octets, world.now);
    }
    for (subject, octets) in world.lead.take_out() {
        if subject == "smppbench.g.agent.B" {
            late.on_letter(&octets, world.now);
        }
    }
    let said: Vec<String> = late
        .take_deeds()
        .into_iter()
        .filter_map(|deed| if let Deed::Say(line) = deed { Some(line) } else { None })
        .collect();
    assert_eq!(said, ["lead lead: a run with 1 agents is on; wait for the next"]);
}

#[test]
fn strays_are_claimed_by_their_owner_before_anybody_is_stopped() {
    use crate::correlate::Notice;
    use crate::esme::Stray;
    let mut world = World::new(2, &[]);
    world.start(&steady());
    world.run(3);
    let notice = Notice {
        received: Nanos(5),
        session: 0,
        state: 2,
        intermediate: false,
        err: [0; 4],
        rule: 0,
    };
    let strays = (0..10).map(|number| Stray { number, key: number, notice }).collect();
    let now = world.now + world.far[0].ahead;
    world.far[0].agent.on_event(0, Event::Unmatched { worker: 0, strays }, now);
    world.run(1);
    world.stop();
    let settled = world.far[0].orders.iter().find_map(|order| match order {
        Order::Settled { worker: 0, claimed, unclaimed, excused: false } => {
            Some((claimed.len(), unclaimed.len()))
        }
        _ => None,
    });
    assert_eq!(settled, Some((5, 5)));
    let record = world.record.as_ref().unwrap();
    assert_eq!(record.receipts_crossed, 5);
    assert!(record.receipts_uncertainty_max.is_some());
}

#[test]
fn the_profile_says_what_a_lost_agent_means() {
    assert_eq!(steady().fleet.on_agent_loss, OnAgentLoss::Continue);
    let stop = plan("fleet.on_agent_loss = \"stop\"\nload.stages = [{ hold = 1, for = \"1s\" }]");
    assert_eq!(stop.fleet.on_agent_loss, OnAgentLoss::Stop);
}
