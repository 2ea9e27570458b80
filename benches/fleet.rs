//! What leading costs: 32 simulated agents with 1,000 sessions each, whose messages a real lead reads, checks, adds up
//! and gives to a real controller. Prints the share of one core that a second of such a run takes, and the size of
//! a report. The messages' way through NATS is not in it.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints, and fails by panicking"
)]
use smppbench::coordinator::{PoolTiming, RunController};
use smppbench::esme::{Event, Order};
use smppbench::fleet::{Ability, Agent, AgentAction, Lead, LeadEvent, Subjects, Who};
use smppbench::kit::{Nanos, Rng};
use smppbench::measure::{Gauges, Interval, LatencyRange, NoObserver, Outcome, Recorder, Ticket};
use smppbench::plan::{Overrides, Plan, Source, load};
use std::sync::Arc;
use std::time::{Duration, Instant};

const AGENTS: usize = 32;
const SESSIONS: usize = 1_000;
const WORKERS: u32 = 2;
/// Messages a second of each agent.
const RATE: u64 = 10_000;
const SECONDS: u64 = 20;

fn who(id: &str) -> Who {
    Who { id: id.into(), name: id.into(), version: "1".into() }
}

fn plan() -> Arc<Plan> {
    let text = format!(
        "target.address = \"127.0.0.1:1\"\nbinds.count = {}\nload.stages = [{{ hold = {}, for = \"1h\" }}]",
        AGENTS * SESSIONS,
        RATE * AGENTS as u64
    );
    let mut plan = load(&Source::Text { name: "b.toml".into(), text }, &Overrides::default());
    if plan.is_err() {
        // where open files are few, the guard asks for fewer sessions: their number costs a lead nothing but its end
        let text = "target.address = \"127.0.0.1:1\"\nbinds.count = 64\nload.stages = [{ hold = 320000, for = \"1h\" }]";
        let source = Source::Text { name: "b.toml".into(), text: text.into() };
        plan = load(&source, &Overrides::default());
    }
    Arc::new(plan.unwrap())
}

/// A second as a worker sees it: answers and receipts around their medians, log-normally.
fn second(worker: u32, number: u64, rng: &mut Rng, range: LatencyRange) -> Box<Interval> {
    let mut recorder = Recorder::new(worker, 1, range);
    for _ in 0..RATE / u64::from(WORKERS) {
        let spread =
            |rng: &mut Rng, median: f64| Nanos((median * (rng.normal() * 0.5).exp()) as u64);
        let intended = Nanos(number * 1_000_000_000);
        let slot_free = intended;
        let written = slot_free + spread(rng, 30_000.0);
        let ticket = Ticket { intended, slot_free, offered: written, written, ..Ticket::default() };
        recorder.tally(0).planned += 1;
        recorder.written(&ticket);
        recorder.settled(&ticket, Outcome::Accepted, written + spread(rng, 8e6));
        let receipt = spread(rng, 4e8);
        for metric in [3, 4, 5] {
            recorder.cell(0).latency[metric].record(receipt);
        }
        recorder.interval().receipt_by_state[2].record(receipt);
        recorder.acknowledged(spread(rng, 2e5), 1);
    }
    recorder.take(
        number,
        Gauges { sessions_up: 500, cpu_ns: 300_000_000, ..Gauges::default() },
        None,
    )
}

struct World {
    lead: Lead,
    agents: Vec<Agent>,
    /// What the lead's side took.
    spent: Duration,
    octets: u64,
    octets_max: usize,
}

impl World {
    fn carry(&mut self, now: Nanos, news: &mut Vec<LeadEvent>) {
        loop {
            let down = self.lead.take_out();
            let mut up = Vec::new();
            for (n, agent) in self.agents.iter_mut().enumerate() {
                for (subject, octets) in &down {
                    if subject.ends_with(".call")
                        || *subject == format!("smppbench.g.agent.A{n:02}")
                    {
                        agent.on_message(octets, now);
                    }
                }
                loop {
                    let actions = agent.take_actions();
                    if actions.is_empty() {
                        break;
                    }
                    for action in actions {
                        match action {
                            AgentAction::Examine(run, plan) => agent.examined(run, Ok(*plan), now),
                            AgentAction::Begin(run, _, near, _) => {
                                for worker in near {
                                    let ready = Event::Ready {
                                        worker,
                                        sessions_up: 500,
                                        failures: Vec::new(),
                                        dropped: None,
                                    };
                                    agent.on_event(run, ready, now);
                                }
                            }
                            _ => {}
                        }
                    }
                }
                up.extend(agent.take_out());
            }
            let began = Instant::now();
            for (_, octets) in &up {
                self.octets += octets.len() as u64;
                self.octets_max = self.octets_max.max(octets.len());
                self.lead.on_message(octets, now);
            }
            news.extend(self.lead.take_events());
            self.spent += began.elapsed();
            if down.is_empty() && up.is_empty() {
                return;
            }
        }
    }
}

fn main() {
    let subjects = Subjects::of("g").unwrap();
    let limit = Nanos::from_millis(100);
    let agents = (0..AGENTS).map(|n| {
        let ability = Ability { cores: WORKERS, sessions_max: 2_000, ..Ability::default() };
        Agent::new(who(&format!("A{n:02}")), subjects.clone(), ability, Vec::new())
    });
    let agents = agents.collect();
    let lead = Lead::new(who("L"), subjects.clone(), AGENTS, Nanos::from_secs(5), limit);
    let mut world = World { lead, agents, spent: Duration::ZERO, octets: 0, octets_max: 0 };
    let mut now = Nanos::from_secs(1);
    let mut news = Vec::new();
    let pass = |world: &mut World, now: &mut Nanos, news: &mut Vec<LeadEvent>, steps: u64| {
        for _ in 0..steps {
            *now += Nanos::from_millis(20);
            let began = Instant::now();
            world.lead.tick(*now, true);
            world.spent += began.elapsed();
            world.agents.iter_mut().for_each(|agent| agent.tick(*now, true));
            world.carry(*now, news);
        }
    };
    world.agents.iter_mut().for_each(Agent::announce);
    pass(&mut world, &mut now, &mut news, 100);
    let plan = plan();
    world.lead.open(&plan, now);
    pass(&mut world, &mut now, &mut news, 100);
    let workers = AGENTS as u32 * WORKERS;
    let mut controller = RunController::new(&plan, workers, 0, PoolTiming::LOCAL).unwrap();
    for event in news.drain(..) {
        if let LeadEvent::Event(_, event) = event {
            controller.on_event(event, now);
        }
    }
    controller.tick(now, &mut NoObserver);
    for order in controller.take_orders() {
        world.lead.order(0, order, now);
    }
    pass(&mut world, &mut now, &mut news, 1);
    let mut rng = Rng::new(1);
    let range = LatencyRange::for_deadline(plan.receipts.deadline.max(plan.timeouts.response));
    (world.spent, world.octets, world.octets_max) = (Duration::ZERO, 0, 0);
    for number in 0..SECONDS {
        let seconds: Vec<_> =
            (0..workers).map(|worker| second(worker, number, &mut rng, range)).collect();
        for interval in seconds {
            let agent = (interval.worker / WORKERS) as usize;
            world.agents[agent].on_event(0, Event::Interval(interval), now);
        }
        for _ in 0..50 {
            pass(&mut world, &mut now, &mut news, 1);
            let began = Instant::now();
            for event in news.drain(..) {
                if let LeadEvent::Event(_, event) = event {
                    assert!(!matches!(event, Event::Lost { .. }), "{event:?}");
                    controller.on_event(event, now);
                }
            }
            controller.tick(now, &mut NoObserver);
            for order in controller.take_orders() {
                assert!(!matches!(order, Order::Stop), "the run goes on");
            }
            controller.take_spent();
            world.spent += began.elapsed();
        }
    }
    let share = world.spent.as_secs_f64() / SECONDS as f64;
    let each = world.octets as f64 / SECONDS as f64 / AGENTS as f64 / 1024.0;
    println!("leading {AGENTS} agents of {SESSIONS} sessions: {:.2} % of one core", share * 100.0);
    println!(
        "largest message {} KiB, {each:.1} KiB a second from each agent",
        world.octets_max / 1024
    );
}
