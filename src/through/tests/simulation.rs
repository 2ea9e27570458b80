//! Our ESME, a relay, and two of our SMSC on a virtual clock, with witnesses on both sides.
use super::plants::Plant;
use super::relay::{Habits, Peer, Relay};
use crate::coordinator::{PoolTiming, RunController};
use crate::esme::{self, WorkerAssignment};
use crate::kit::Nanos;
use crate::measure::through::ThroughRecord;
use crate::measure::{NoObserver, RunRecord};
use crate::net::{ConnAction, End, Endpoint, Witness, Witnesses};
use crate::plan::{self, Overrides, Plan, RunMarker, Source};
use crate::smpp::Header;
use crate::smpp::marker::Carrier;
use crate::smsc;
use crate::through::{Ledger, Settings};
use bytes::{Buf, BytesMut};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;

const START: Nanos = Nanos::from_secs(1);
const WALL: u64 = 1_767_225_600 * 1_000_000_000;
/// One way over each of the four pipes.
const WIRE: Nanos = Nanos::from_micros(20);
const RUN: u32 = 0x5EED_0001;

/// What came of a simulated run.
pub(super) struct Outcome {
    pub(super) record: RunRecord,
    pub(super) through: ThroughRecord,
    pub(super) planted: BTreeMap<Plant, u64>,
    pub(super) mo_planted: [u64; 3],
}

impl Outcome {
    pub(super) fn planted(&self, plant: Plant) -> u64 {
        self.planted.get(&plant).copied().unwrap_or_default()
    }
}

/// A run of a profile with a relay that has these habits.
pub(in crate::through) struct Setup {
    pub(super) profile: String,
    pub(super) habits: Habits,
    pub(super) carriers: Vec<Carrier>,
    pub(super) is_probe: bool,
    pub(super) outstanding_max: usize,
    pub(super) rewrites: Vec<plan::Rewrite>,
}

impl Setup {
    pub(in crate::through) fn of(profile: &str) -> Setup {
        Setup {
            profile: profile.to_owned(),
            habits: Habits::default(),
            carriers: vec![Carrier::Tlv, Carrier::Text],
            is_probe: false,
            outstanding_max: plan::Upstream::default().outstanding_max,
            rewrites: Vec::new(),
        }
    }

    pub(in crate::through) fn with(profile: &str, habits: Habits) -> Setup {
        Setup { habits, ..Setup::of(profile) }
    }

    pub(super) fn run(self) -> Outcome {
        let mut plan = self.plan();
        let carriers = self.carriers.clone();
        plan.marker = Some(RunMarker { run: RUN, probe: self.is_probe, carriers });
        Simulation::new(&Arc::new(plan), self).run()
    }

    /// The plan of its profile.
    pub(in crate::through) fn plan(&self) -> Plan {
        let source = Source::Text { name: "test.toml".into(), text: self.profile.clone() };
        plan::load(&source, &Overrides::default()).unwrap_or_else(|e| panic!("{e}"))
    }
}

/// A gateway that stays bound to our SMSC for run after run.
pub(in crate::through) struct Standing {
    simulation: Simulation,
    carriers: Vec<Carrier>,
    run: u32,
}

impl Standing {
    pub(in crate::through) fn new(setup: Setup) -> Standing {
        let carriers = setup.carriers.clone();
        let marker = RunMarker { run: RUN, probe: false, carriers: carriers.clone() };
        let plan = Plan { marker: Some(marker), ..setup.plan() };
        Standing { simulation: Simulation::new(&Arc::new(plan), setup), carriers, run: RUN }
    }

    /// What the messages of the next run carry.
    pub(in crate::through) fn marker(&self) -> RunMarker {
        RunMarker { run: self.run, probe: false, carriers: self.carriers.clone() }
    }

    /// One run, with the books of both sides in its record.
    pub(in crate::through) fn run(&mut self, plan: &Plan) -> RunRecord {
        let plan = Plan { marker: Some(self.marker()), ..plan.clone() };
        self.run += 1;
        self.simulation.run_again(&Arc::new(plan), self.run)
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Connect(u32),
    ToEsme(u32, Vec<u8>),
    ToSmsc(u32, u32, Vec<u8>),
    ClientToRelay(u32, Vec<u8>),
    UpstreamToRelay(u32, u32, Vec<u8>),
    Nothing,
}

struct Simulation {
    now: Nanos,
    esme: esme::Core,
    esme_tick: Nanos,
    smscs: Vec<smsc::Core>,
    smsc_ticks: Vec<Nanos>,
    relay: Relay,
    controller: RunController,
    controller_tick: Nanos,
    queue: BinaryHeap<Reverse<(Nanos, u64, Event)>>,
    order: u64,
    front: Witness,
    witnesses: Witnesses,
    ledger: Ledger,
    dirty: Vec<u32>,
    /// Sessions of our ESME that are connected.
    connected: BTreeSet<u32>,
}

/// Our ESME and the controller of a run.
fn load_side(plan: &Arc<Plan>, front: &Witness) -> (esme::Core, RunController) {
    let share = WorkerAssignment { plan: plan.clone(), worker: 0, workers: 1, near: 0..1 };
    let mut esme = esme::Core::new(&share, WALL).unwrap_or_else(|e| panic!("{e}"));
    esme.witnessed(front.clone());
    let timing = PoolTiming { start_ahead: Nanos::from_millis(1), ..PoolTiming::LOCAL };
    (esme, RunController::new(plan, 1, WALL, timing).unwrap())
}

impl Simulation {
    fn new(plan: &Arc<Plan>, setup: Setup) -> Simulation {
        let mut witnesses = Witnesses::new(u64::MAX);
        let front = witnesses.witness();
        let (esme, controller) = load_side(plan, &front);
        let mut smscs = Vec::new();
        for number in 0..2 {
            let mut behaviour = plan.embedded.clone();
            behaviour.seed = number;
            let mut smsc = smsc::Core::new(&behaviour, WALL);
            smsc.witnessed(witnesses.witness(), RUN);
            smscs.push(smsc);
        }
        let mut settings = Settings::of(plan, 1, &plan.embedded);
        settings.deadline = Nanos::from_millis(1_500);
        settings.outstanding_max = setup.outstanding_max;
        settings.rewrites = setup.rewrites;
        let mut simulation = Simulation {
            now: START,
            esme,
            esme_tick: START,
            smsc_ticks: vec![START; 2],
            smscs,
            relay: Relay::new(setup.habits),
            controller,
            controller_tick: START,
            queue: BinaryHeap::new(),
            order: 0,
            front,
            witnesses,
            ledger: Ledger::new(settings),
            dirty: Vec::new(),
            connected: BTreeSet::new(),
        };
        for upstream in 0..2 {
            for _ in 0..2 {
                let session = simulation.smscs[upstream as usize].connected(START);
                simulation.relay.connected(upstream, session, START);
            }
        }
        simulation.begin();
        simulation
    }

    /// Our ESME connects a millisecond from now.
    fn begin(&mut self) {
        self.ledger.begin(self.now);
        for link in 0..self.esme.sessions_count() as u32 {
            self.at(self.now + Nanos::from_millis(1), Event::Connect(link));
        }
    }

    fn at(&mut self, at: Nanos, event: Event) {
        self.order += 1;
        self.queue.push(Reverse((at, self.order, event)));
    }

    fn run(mut self) -> Outcome {
        while !self.controller.is_done(self.now) {
            self.step();
        }
        Outcome {
            through: self.ledger.finish(self.now),
            record: self.controller.finish().unwrap(),
            planted: self.relay.planted,
            mo_planted: self.relay.mo_planted,
        }
    }

    /// Another run with the same relay and simulators. `next`: what the markers of the run after it say. It waits until the
    /// relay is empty, as a run over sockets does.
    fn run_again(&mut self, plan: &Arc<Plan>, next: u32) -> RunRecord {
        let (esme, controller) = load_side(plan, &self.front);
        (self.esme, self.controller) = (esme, controller);
        (self.esme_tick, self.controller_tick) = (self.now, self.now);
        self.queue.retain(|Reverse((_, _, event))| match event {
            Event::ToSmsc(..) | Event::UpstreamToRelay(..) => true,
            Event::Connect(_) | Event::ToEsme(..) | Event::ClientToRelay(..) | Event::Nothing => {
                false
            }
        });
        self.relay.clients_are_gone();
        self.connected.clear();
        self.begin();
        while !self.controller.is_done(self.now) {
            self.step();
        }
        let front_ended = self.now;
        let deadline = Nanos::from_secs(2);
        while !self.ledger.is_empty(self.now) && self.now < front_ended + deadline + deadline {
            self.step();
            // nothing else may be due for a long time
            self.at(self.now + Nanos::from_millis(1), Event::Nothing);
        }
        let through = self.ledger.turn(next, front_ended, self.now);
        let controller = std::mem::replace(&mut self.controller, load_side(plan, &self.front).1);
        let mut record = controller.finish().unwrap();
        record.through = Some(Arc::new(through));
        record
    }

    /// All that happens at the next time at which something does.
    fn step(&mut self) {
        let queued = self.queue.peek().map_or(Nanos::MAX, |Reverse((at, ..))| *at);
        let smscs = self.smsc_ticks[0].min(self.smsc_ticks[1]);
        let next = queued.min(self.esme_tick).min(smscs).min(self.controller_tick);
        self.now = next.min(self.relay.next_due()).max(self.now);
        while self.queue.peek().is_some_and(|Reverse((at, ..))| *at <= self.now) {
            if let Some(Reverse((_, _, event))) = self.queue.pop() {
                self.handle(event);
            }
        }
        while let Some((to, octets)) = self.relay.take_due(self.now) {
            let arrives = self.now + WIRE;
            match to {
                Peer::Client(link) => self.at(arrives, Event::ToEsme(link, octets)),
                Peer::Upstream(smsc, session) => {
                    self.at(arrives, Event::ToSmsc(smsc, session, octets));
                }
            }
        }
        for smsc in 0..2 {
            if self.smsc_ticks[smsc] <= self.now {
                self.tick_smsc(smsc);
            }
        }
        if self.esme_tick <= self.now {
            self.tick_esme();
        }
        self.controller_tick = self.controller.tick(self.now, &mut NoObserver);
        for order in self.controller.take_orders() {
            self.esme.order(&order, self.now);
            self.tick_esme();
        }
        for mut spent in self.controller.take_spent() {
            spent.clear();
            self.esme.recycle(spent);
        }
        while let Some(sighting) = self.witnesses.take() {
            self.ledger.take(sighting);
        }
        self.ledger.advance(self.now.since(Nanos(1)));
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Nothing => {}
            Event::Connect(link) => {
                self.connected.insert(link);
                self.esme.connected(link, self.now);
                self.esme_tick = self.now;
            }
            Event::ToEsme(link, _) if !self.connected.contains(&link) => {}
            Event::ToEsme(link, octets) => {
                self.esme.on_octets(link, &octets, self.now);
                self.flush_esme(link);
                self.esme_tick = self.now;
            }
            Event::ToSmsc(smsc, session, octets) => {
                self.smscs[smsc as usize].on_octets(session, &octets, self.now);
                self.flush_smsc(smsc as usize, session);
                self.tick_smsc(smsc as usize);
            }
            Event::ClientToRelay(link, octets) => {
                for frame in frames(&octets) {
                    self.relay.on_client_pdu(link, frame, self.now);
                }
            }
            Event::UpstreamToRelay(smsc, session, octets) => {
                for frame in frames(&octets) {
                    self.relay.on_upstream_pdu(smsc, session, frame, self.now);
                }
            }
        }
    }

    fn tick_smsc(&mut self, smsc: usize) {
        let next = self.smscs[smsc].tick(self.now);
        self.smsc_ticks[smsc] = next.max(self.now + Nanos(1));
        let mut dirty = std::mem::take(&mut self.dirty);
        self.smscs[smsc].take_dirty(&mut dirty);
        for session in dirty.drain(..) {
            self.flush_smsc(smsc, session);
        }
        self.dirty = dirty;
    }

    fn flush_smsc(&mut self, smsc: usize, session: u32) {
        let octets = written(&mut self.smscs[smsc], session, self.now);
        if !octets.is_empty() {
            let event = Event::UpstreamToRelay(smsc as u32, session, octets);
            self.at(self.now + WIRE, event);
        }
    }

    fn tick_esme(&mut self) {
        let next = self.esme.tick(self.now);
        self.esme_tick = next.max(self.now + Nanos::from_micros(1));
        let mut dirty = std::mem::take(&mut self.dirty);
        self.esme.take_dirty(&mut dirty);
        for link in dirty.drain(..) {
            self.flush_esme(link);
        }
        self.dirty = dirty;
        let mut events = Vec::new();
        self.esme.take_events(&mut events);
        for event in events {
            self.controller.on_event(event, self.now);
        }
    }

    fn flush_esme(&mut self, link: u32) {
        let octets = written(&mut self.esme, link, self.now);
        if !octets.is_empty() {
            self.at(self.now + WIRE, Event::ClientToRelay(link, octets));
        }
        match self.esme.wish(link) {
            ConnAction::Stay
            | ConnAction::HoldReads
            | ConnAction::HalfClose
            | ConnAction::Slice => {}
            wish @ (ConnAction::CloseWhenFlushed | ConnAction::Close | ConnAction::Reset) => {
                self.connected.remove(&link);
                self.esme.disconnected(link, &End::Wished(wish), self.now);
            }
        }
    }
}

/// Takes what an endpoint has to write, as the pump does.
fn written<E: Endpoint>(endpoint: &mut E, session: u32, now: Nanos) -> Vec<u8> {
    let out: &mut BytesMut = endpoint.out(session);
    let octets = out.to_vec();
    if !octets.is_empty() {
        endpoint.witness_write(session, octets.len(), now);
        endpoint.out(session).advance(octets.len());
        endpoint.wrote(session, octets.len(), now);
    }
    octets
}

fn frames(octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = octets;
    std::iter::from_fn(move || {
        let header = Header::read(rest)?;
        let (frame, after) = rest.split_at(header.command_length as usize);
        rest = after;
        Some(frame)
    })
}
