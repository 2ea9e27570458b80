//! The whole ESME against the whole SMSC in memory, on a virtual clock: exact, seeded, a million messages
//! in seconds. The network is a pair of pipes per session, each with a latency; time jumps from event to event.
use super::Trial;
use crate::coordinator::{Distance, RunController, RunError};
use crate::esme::{self, Order, WorkerAssignment, WorkerMessage};
use crate::kit::Nanos;
use crate::measure::{Observer, RunRecord};
use crate::net::{ConnAction, End, Endpoint};
use crate::plan::Plan;
use crate::smsc;
use bytes::{Buf, BytesMut};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// The network between the two.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    /// One way.
    pub latency: Nanos,
    /// Octets of one delivery at the most: small ones cut PDUs in pieces. 0: as written.
    pub segment_octets: usize,
}

impl Default for Network {
    fn default() -> Self {
        Network { latency: Nanos::from_micros(50), segment_octets: 0 }
    }
}

/// Runs plans in memory against the simulator with the plan's `embedded` behaviour.
#[derive(Debug, Default)]
pub struct Memory {
    /// How the two are connected.
    pub network: Network,
    /// Workers; 0: as many as the plan says, or 1.
    pub workers: u32,
    /// Octets put on an ESME's link as if the SMSC had sent them: (offset from the start of the clock, session, octets).
    pub injected: Vec<(Nanos, u32, Vec<u8>)>,
    /// What the simulator counted in the last run.
    pub last_tally: Option<smsc::Tally>,
}

/// The virtual clock starts here: times of zero are left to mean "not yet".
const START: Nanos = Nanos::from_secs(1);
/// The virtual wall clock at zero: 2026-01-01T00:00:00Z.
const WALL: u64 = 1_767_225_600 * 1_000_000_000;

impl Trial for Memory {
    fn run(&mut self, plan: &Plan, observer: &mut dyn Observer) -> Result<RunRecord, RunError> {
        let plan = Arc::new(plan.clone());
        let wanted = match self.workers {
            0 => plan.load.workers.unwrap_or(1) as u32,
            n => n,
        };
        let workers = wanted.min(plan.senders_count().max(1) as u32).max(1);
        let mut world = World::new(self, &plan, workers)?;
        world.play(observer);
        self.last_tally = Some(world.smsc.tally().clone());
        world.controller.finish().map_err(RunError::CannotBind)
    }

    fn tally(&self) -> Option<&smsc::Tally> {
        self.last_tally.as_ref()
    }
}

/// Workers and controller share a virtual clock.
const NEXT_DOOR: Distance = Distance { lead: Nanos::from_millis(1), ..Distance::NEAR };

/// What happens at a time.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Connect { worker: u32, link: u32 },
    ToEsme { wire: u32, connection: u32, octets: Vec<u8> },
    ToSmsc { wire: u32, connection: u32, octets: Vec<u8> },
    EsmeHearsEnd { wire: u32, connection: u32, reset: bool },
    SmscHearsEnd { wire: u32, connection: u32 },
    WorkerMessage { worker: u32, batch: u32 },
}

/// One session's pair of pipes.
#[derive(Debug, Default)]
struct Wire {
    worker: u32,
    link: u32,
    /// Counts connections; what is in flight for an older one is dropped.
    connection: u32,
    /// The SMSC's number of the session, while connected there.
    smsc: Option<u32>,
    /// Whether the ESME's end is up.
    esme_up: bool,
    to_esme: BytesMut,
    to_smsc: BytesMut,
    /// The SMSC does not read for now; what comes waits in `to_smsc`.
    held: bool,
    /// The SMSC has closed its direction.
    half_closed: bool,
}

struct World {
    now: Nanos,
    esmes: Vec<esme::Core>,
    ticks: Vec<Nanos>,
    smsc: smsc::Core,
    smsc_tick: Nanos,
    controller: RunController,
    conductor_tick: Nanos,
    wires: Vec<Wire>,
    /// By worker, by link: its wire.
    wire_of: Vec<Vec<u32>>,
    /// By the SMSC's session number: its wire.
    wire_of_smsc: Vec<u32>,
    queue: BinaryHeap<Reverse<(Nanos, u64, What)>>,
    order: u64,
    batches: Vec<Vec<WorkerMessage>>,
    network: Network,
    events: Vec<esme::Event>,
    dirty: Vec<u32>,
}

impl World {
    fn new(memory: &Memory, plan: &Arc<Plan>, workers: u32) -> Result<World, RunError> {
        let mut esmes = Vec::new();
        for worker in 0..workers {
            let share = WorkerAssignment { plan: plan.clone(), worker, workers, near: 0..workers };
            esmes.push(esme::Core::new(&share, WALL)?);
        }
        let mut world = World {
            now: START,
            ticks: vec![START; esmes.len()],
            smsc: smsc::Core::new(&plan.embedded, WALL),
            smsc_tick: START,
            controller: RunController::new(plan, workers, WALL, NEXT_DOOR)?,
            conductor_tick: START,
            wires: Vec::new(),
            wire_of: vec![Vec::new(); esmes.len()],
            wire_of_smsc: Vec::new(),
            queue: BinaryHeap::new(),
            order: 0,
            batches: Vec::new(),
            network: memory.network,
            events: Vec::new(),
            dirty: Vec::new(),
            esmes,
        };
        for worker in 0..workers {
            for link in 0..world.esmes[worker as usize].sessions_count() as u32 {
                let wire = world.wires.len() as u32;
                world.wires.push(Wire { worker, link, ..Wire::default() });
                world.wire_of[worker as usize].push(wire);
                if plan.ladder.is_none() {
                    world.at(START, What::Connect { worker, link });
                }
            }
        }
        (0..world.esmes.len()).for_each(|worker| world.climb(worker));
        for (at, session, octets) in &memory.injected {
            let found = world
                .wires
                .iter()
                .position(|w| world.esmes[w.worker as usize].session_id(w.link) == *session);
            if let Some(wire) = found {
                let octets = octets.clone();
                world.at(START + *at, What::ToEsme { wire: wire as u32, connection: 1, octets });
            }
        }
        Ok(world)
    }

    fn at(&mut self, time: Nanos, what: What) {
        self.order += 1;
        self.queue.push(Reverse((time, self.order, what)));
    }

    fn play(&mut self, observer: &mut dyn Observer) {
        loop {
            self.now = self.next();
            while self.queue.peek().is_some_and(|Reverse((at, ..))| *at <= self.now) {
                if let Some(Reverse((_, _, what))) = self.queue.pop() {
                    self.happen(what);
                }
            }
            for worker in 0..self.esmes.len() {
                if self.ticks[worker] <= self.now {
                    self.tick_esme(worker);
                }
            }
            if self.smsc_tick <= self.now {
                self.tick_smsc();
            }
            self.conductor_tick = self.controller.tick(self.now, observer);
            for order in self.controller.take_orders() {
                self.obey(&order);
            }
            for mut spent in self.controller.take_spent() {
                spent.clear();
                self.esmes[spent.worker as usize].recycle(spent);
            }
            if self.controller.is_done(self.now) {
                return;
            }
        }
    }

    fn next(&self) -> Nanos {
        let queued = self.queue.peek().map_or(Nanos::MAX, |Reverse((at, ..))| *at);
        let ticks = self.ticks.iter().copied().min().unwrap_or(Nanos::MAX);
        queued.min(ticks).min(self.smsc_tick).min(self.conductor_tick).max(self.now)
    }

    fn obey(&mut self, order: &Order) {
        for worker in 0..self.esmes.len() {
            self.esmes[worker].order(order, self.now);
            self.tick_esme(worker);
        }
    }

    fn tick_esme(&mut self, worker: usize) {
        let next = self.esmes[worker].tick(self.now);
        // a tick that wants another at once gets it a microsecond later, as a timer would give it
        self.ticks[worker] = next.max(self.now + Nanos::from_micros(1));
        self.after_esme(worker);
    }

    fn tick_smsc(&mut self) {
        let next = self.smsc.tick(self.now);
        self.smsc_tick = next.max(self.now + Nanos(1));
        self.after_smsc();
    }

    /// On a ladder: the next session connects when the core lets it.
    fn climb(&mut self, worker: usize) {
        if let Some((link, pause)) = self.esmes[worker].next_bind() {
            self.at(self.now + pause, What::Connect { worker: worker as u32, link });
        }
    }

    /// Moves what the ESME's core has left: octets, events, batches for other workers.
    fn after_esme(&mut self, worker: usize) {
        let mut dirty = std::mem::take(&mut self.dirty);
        self.esmes[worker].take_dirty(&mut dirty);
        for link in dirty.drain(..) {
            self.flush_esme(worker, link);
        }
        self.dirty = dirty;
        let (now, batches) = (self.now, &mut self.batches);
        let mut handed = Vec::new();
        self.esmes[worker].take_messages(|to, batch| {
            handed.push((to as u32, batches.len() as u32));
            batches.push(batch);
        });
        for (to, batch) in handed {
            self.at(now + Nanos::from_micros(1), What::WorkerMessage { worker: to, batch });
        }
        let mut events = std::mem::take(&mut self.events);
        self.esmes[worker].take_events(&mut events);
        for event in events.drain(..) {
            self.controller.on_event(event, now);
        }
        self.events = events;
        self.climb(worker);
    }

    fn flush_esme(&mut self, worker: usize, link: u32) {
        let wire = self.wire_of[worker][link as usize];
        let (connection, up) = {
            let w = &self.wires[wire as usize];
            (w.connection, w.esme_up)
        };
        if !up {
            return;
        }
        let out = self.esmes[worker].out(link);
        let octets = out.to_vec();
        out.clear();
        if !octets.is_empty() {
            self.esmes[worker].wrote(link, octets.len(), self.now);
            self.ship(wire, connection, octets, false);
        }
        match self.esmes[worker].wish(link) {
            ConnAction::Stay | ConnAction::HoldReads | ConnAction::HalfClose => {}
            wish @ (ConnAction::CloseWhenFlushed | ConnAction::Close | ConnAction::Reset) => {
                self.wires[wire as usize].esme_up = false;
                let later = self.now + self.network.latency;
                self.at(later, What::SmscHearsEnd { wire, connection });
                self.esme_ends(worker, link, &End::Wished(wish));
            }
        }
    }

    fn esme_ends(&mut self, worker: usize, link: u32, end: &End) {
        let again = self.esmes[worker].disconnected(link, end, self.now);
        if let Some(at) = again {
            self.at(at, What::Connect { worker: worker as u32, link });
        }
        self.ticks[worker] = self.now;
        self.after_esme(worker);
    }

    /// Puts octets on a pipe, in segments.
    fn ship(&mut self, wire: u32, connection: u32, octets: Vec<u8>, to_esme: bool) {
        let arrives = self.now + self.network.latency;
        let segment = match self.network.segment_octets {
            0 => octets.len(),
            n => n,
        };
        let what = |octets: Vec<u8>| {
            if to_esme {
                What::ToEsme { wire, connection, octets }
            } else {
                What::ToSmsc { wire, connection, octets }
            }
        };
        if segment >= octets.len() {
            self.at(arrives, what(octets));
        } else {
            for part in octets.chunks(segment) {
                self.at(arrives, what(part.to_vec()));
            }
        }
    }

    fn after_smsc(&mut self) {
        let mut dirty = std::mem::take(&mut self.dirty);
        self.smsc.take_dirty(&mut dirty);
        for session in dirty.drain(..) {
            self.flush_smsc(session);
        }
        self.dirty = dirty;
    }

    fn flush_smsc(&mut self, session: u32) {
        let Some(&wire) = self.wire_of_smsc.get(session as usize) else { return };
        if self.wires[wire as usize].smsc != Some(session) {
            return;
        }
        let connection = self.wires[wire as usize].connection;
        let wish = self.smsc.wish(session);
        if !matches!(wish, ConnAction::Close | ConnAction::Reset) {
            let out = self.smsc.out(session);
            let octets = out.to_vec();
            out.clear();
            if !octets.is_empty() {
                self.smsc.wrote(session, octets.len(), self.now);
                self.ship(wire, connection, octets, true);
            }
        }
        if matches!(wish, ConnAction::Close | ConnAction::Reset | ConnAction::CloseWhenFlushed) {
            self.wires[wire as usize].smsc = None;
            self.smsc.closed(session, self.now);
            let reset = wish == ConnAction::Reset;
            let later = self.now + self.network.latency;
            self.at(later, What::EsmeHearsEnd { wire, connection, reset });
            self.smsc_tick = self.now;
            return;
        }
        if wish == ConnAction::HalfClose
            && !std::mem::replace(&mut self.wires[wire as usize].half_closed, true)
        {
            let later = self.now + self.network.latency;
            self.at(later, What::EsmeHearsEnd { wire, connection, reset: false });
        }
        // what was just flushed may have been the reason not to read
        let reads = self.smsc.wish(session) != ConnAction::HoldReads;
        if reads && std::mem::take(&mut self.wires[wire as usize].held) {
            self.smsc_takes_in(wire, session);
        }
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Connect { worker, link } => self.connect(worker as usize, link),
            What::ToEsme { wire, connection, octets } => self.esme_reads(wire, connection, &octets),
            What::ToSmsc { wire, connection, octets } => self.smsc_reads(wire, connection, &octets),
            What::EsmeHearsEnd { wire, connection, reset } => {
                let w = &mut self.wires[wire as usize];
                if w.connection == connection && w.esme_up {
                    w.esme_up = false;
                    let (worker, link) = (w.worker as usize, w.link);
                    let end = if reset {
                        End::Failed(std::io::ErrorKind::ConnectionReset.into())
                    } else {
                        End::PeerClosed
                    };
                    if w.smsc.is_some() {
                        // only one direction was closed: now the other is
                        let later = self.now + self.network.latency;
                        self.at(later, What::SmscHearsEnd { wire, connection });
                    }
                    self.esme_ends(worker, link, &end);
                }
            }
            What::SmscHearsEnd { wire, connection } => {
                let w = &mut self.wires[wire as usize];
                if w.connection == connection
                    && let Some(session) = w.smsc.take()
                {
                    self.smsc.closed(session, self.now);
                    self.smsc_tick = self.now;
                    self.after_smsc();
                }
            }
            What::WorkerMessage { worker, batch } => {
                let batch = std::mem::take(&mut self.batches[batch as usize]);
                self.esmes[worker as usize].on_messages(&batch);
                self.after_esme(worker as usize);
            }
        }
    }

    fn connect(&mut self, worker: usize, link: u32) {
        if self.esmes[worker].is_stopping() {
            self.esmes[worker].connect_failed(link, "stopping", self.now);
            self.after_esme(worker);
            return;
        }
        let wire = self.wire_of[worker][link as usize];
        let session = self.smsc.connected(self.now);
        let places = session as usize + 1;
        if self.wire_of_smsc.len() < places {
            self.wire_of_smsc.resize(places, u32::MAX);
        }
        self.wire_of_smsc[session as usize] = wire;
        let w = &mut self.wires[wire as usize];
        w.connection += 1;
        w.smsc = Some(session);
        w.esme_up = true;
        w.to_esme.clear();
        w.to_smsc.clear();
        (w.held, w.half_closed) = (false, false);
        self.esmes[worker].connected(link, self.now);
        self.ticks[worker] = self.now;
        self.smsc_tick = self.now;
        self.after_esme(worker);
        self.flush_smsc(session);
    }

    fn esme_reads(&mut self, wire: u32, connection: u32, octets: &[u8]) {
        let w = &mut self.wires[wire as usize];
        if w.connection != connection || !w.esme_up {
            return;
        }
        w.to_esme.extend_from_slice(octets);
        let (worker, link) = (w.worker as usize, w.link);
        let used = self.esmes[worker].on_octets(link, &w.to_esme, self.now);
        w.to_esme.advance(used);
        self.flush_esme(worker, link);
        self.ticks[worker] = self.now;
        self.after_esme(worker);
    }

    fn smsc_reads(&mut self, wire: u32, connection: u32, octets: &[u8]) {
        let w = &mut self.wires[wire as usize];
        let Some(session) = w.smsc.filter(|_| w.connection == connection) else { return };
        w.to_smsc.extend_from_slice(octets);
        if self.smsc.wish(session) == ConnAction::HoldReads {
            w.held = true;
            return;
        }
        self.smsc_takes_in(wire, session);
    }

    fn smsc_takes_in(&mut self, wire: u32, session: u32) {
        let w = &mut self.wires[wire as usize];
        let used = self.smsc.on_octets(session, &w.to_smsc, self.now);
        w.to_smsc.advance(used);
        self.flush_smsc(session);
        self.smsc_tick = self.now;
        self.after_smsc();
    }
}
