//! The whole load side against the whole simulator in memory, on a virtual clock: exact, seeded, a million messages in
//! seconds. The network is a pair of pipes per session, each with a latency; time jumps from event to event.
use super::Trial;
use crate::coordinator::{PoolTiming, RunController, RunError};
use crate::esme::{self, FloodAttempt, FloodBind, Order, WorkerAssignment, WorkerMessage};
use crate::kit::Nanos;
use crate::measure::{Observer, RunRecord};
use crate::net::{ConnAction, End, Endpoint};
use crate::plan::Plan;
use crate::smsc;
use bytes::{Buf, BytesMut};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

mod books;
mod disturbed;
mod network;
mod smsc_end;

use books::BooksInMemory;
pub use books::BooksOn;
use network::Between;
pub use network::{Gateway, Network, Way};

/// Runs plans in memory against the simulator with the plan's `embedded` behaviour.
#[derive(Debug, Default)]
pub struct Memory {
    /// How the two are connected.
    pub network: Network,
    /// Number of workers; 0: that of the plan, or 1.
    pub workers: u32,
    /// Octets delivered to a session as if the SMSC had sent them: (offset from the start of the clock, session, octets).
    pub injected: Vec<(Nanos, u32, Vec<u8>)>,
    /// What stands between the two. None: a wire.
    pub gateway: Option<Box<dyn Gateway>>,
    /// Where books of both sides are kept: [`RunRecord::through`]. The plan's marker tells messages apart. None: nowhere.
    pub books: Option<BooksOn>,
    /// SimEvent the simulator counted in the last run.
    pub last_tally: Option<smsc::Tally>,
}

/// Start of the virtual clock; a time of zero means "not yet".
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
        let mut simulation = Simulation::new(self, &plan, workers)?;
        simulation.run_to_end(observer);
        self.last_tally = Some(simulation.smsc.tally().clone());
        self.gateway = simulation.between.gateway.take();
        let now = simulation.now;
        let through = simulation.books.map(|books| Arc::new(books.finish(now)));
        let mut record = simulation.controller.finish().map_err(RunError::CannotBind)?;
        record.through = through;
        Ok(record)
    }

    fn tally(&self) -> Option<&smsc::Tally> {
        self.last_tally.as_ref()
    }
}

/// Workers and controller share a virtual clock.
const IN_MEMORY: PoolTiming =
    PoolTiming { start_ahead: Nanos::from_millis(1), ..PoolTiming::LOCAL };

/// An event of the simulation.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SimEvent {
    Connect { worker: u32, link: u32 },
    ToEsme { pair: u32, connection: u32, octets: Vec<u8> },
    ToSmsc { pair: u32, connection: u32, octets: Vec<u8> },
    EsmeSeesEnd { pair: u32, connection: u32, reset: bool },
    SmscSeesEnd { pair: u32, connection: u32 },
    WorkerMessage { worker: u32, batch: u32 },
    AttemptLate { pair: u32 },
}

/// The pair of pipes of one session.
#[derive(Debug, Default)]
struct PipePair {
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
    /// Whether the SMSC does not read for now; octets wait in `to_smsc`.
    reads_paused: bool,
    /// The SMSC has closed its direction.
    half_closed: bool,
    /// The ESME has closed its direction.
    esme_half_closed: bool,
    /// The SMSC has ended the connection while the ESME does not read: whether by a reset.
    end_waits: Option<bool>,
    /// A bind attempt beyond the sessions of the plan.
    flood: Option<(FloodAttempt, FloodBind)>,
}

/// Events by time; those of one time in the order in which they were added.
#[derive(Debug, Default)]
struct SimQueue {
    heap: BinaryHeap<Reverse<(Nanos, u64, SimEvent)>>,
    added: u64,
}

impl SimQueue {
    fn push(&mut self, at: Nanos, event: SimEvent) {
        self.added += 1;
        self.heap.push(Reverse((at, self.added, event)));
    }
    /// MAX: there is none.
    fn next_at(&self) -> Nanos {
        self.heap.peek().map_or(Nanos::MAX, |Reverse((at, ..))| *at)
    }
    /// The next event, where its time has come.
    fn pop_due(&mut self, now: Nanos) -> Option<SimEvent> {
        if self.next_at() > now {
            return None;
        }
        self.heap.pop().map(|Reverse((_, _, event))| event)
    }
}

struct Simulation {
    now: Nanos,
    esmes: Vec<esme::Core>,
    ticks: Vec<Nanos>,
    smsc: smsc::Core,
    smsc_tick: Nanos,
    controller: RunController,
    controller_tick: Nanos,
    pairs: Vec<PipePair>,
    /// By worker, by link: number of its pair of pipes.
    pair_of: Vec<Vec<u32>>,
    /// By the SMSC's session number: number of its pair of pipes.
    pair_of_session: Vec<u32>,
    queue: SimQueue,
    batches: Vec<Vec<WorkerMessage>>,
    between: Between,
    books: Option<BooksInMemory>,
    events: Vec<esme::Event>,
    dirty: Vec<u32>,
}

impl Simulation {
    fn new(memory: &mut Memory, plan: &Arc<Plan>, workers: u32) -> Result<Simulation, RunError> {
        let mut esmes = Vec::new();
        for worker in 0..workers {
            let share = WorkerAssignment { plan: plan.clone(), worker, workers, near: 0..workers };
            esmes.push(esme::Core::new(&share, WALL)?);
        }
        let mut simulation = Simulation {
            now: START,
            ticks: vec![START; esmes.len()],
            smsc: smsc::Core::new(&plan.embedded, WALL),
            smsc_tick: START,
            controller: RunController::new(plan, workers, WALL, IN_MEMORY)?,
            controller_tick: START,
            pairs: Vec::new(),
            pair_of: vec![Vec::new(); esmes.len()],
            pair_of_session: Vec::new(),
            queue: SimQueue::default(),
            batches: Vec::new(),
            between: Between { network: memory.network, gateway: memory.gateway.take() },
            books: None,
            events: Vec::new(),
            dirty: Vec::new(),
            esmes,
        };
        if let Some(on) = memory.books {
            let Simulation { esmes, smsc, books, .. } = &mut simulation;
            *books = Some(BooksInMemory::of(on, plan, esmes, smsc, START)?);
        }
        for worker in 0..workers {
            for link in 0..simulation.esmes[worker as usize].sessions_count() as u32 {
                let pair = simulation.pairs.len() as u32;
                simulation.pairs.push(PipePair { worker, link, ..PipePair::default() });
                simulation.pair_of[worker as usize].push(pair);
                if plan.ladder.is_none() {
                    simulation.at(START, SimEvent::Connect { worker, link });
                }
            }
        }
        (0..simulation.esmes.len()).for_each(|worker| simulation.connect_next(worker));
        for (at, session, octets) in &memory.injected {
            let found = simulation
                .pairs
                .iter()
                .position(|w| simulation.esmes[w.worker as usize].session_id(w.link) == *session);
            if let Some(pair) = found {
                let octets = octets.clone();
                simulation
                    .at(START + *at, SimEvent::ToEsme { pair: pair as u32, connection: 1, octets });
            }
        }
        Ok(simulation)
    }

    fn at(&mut self, time: Nanos, event: SimEvent) {
        self.queue.push(time, event);
    }

    fn run_to_end(&mut self, observer: &mut dyn Observer) {
        loop {
            self.now = self.next();
            while let Some(event) = self.queue.pop_due(self.now) {
                self.handle(event);
            }
            for worker in 0..self.esmes.len() {
                if self.ticks[worker] <= self.now {
                    self.tick_esme(worker);
                }
            }
            if self.smsc_tick <= self.now {
                self.tick_smsc();
            }
            self.controller_tick = self.controller.tick(self.now, observer);
            for order in self.controller.take_orders() {
                self.carry_out(&order);
            }
            self.pass_over_commands();
            for mut spent in self.controller.take_spent() {
                spent.clear();
                self.esmes[spent.worker as usize].recycle(spent);
            }
            if let Some(books) = &mut self.books {
                books.told(self.now.since(Nanos(1)));
            }
            if self.controller.is_done(self.now) {
                return;
            }
        }
    }

    fn next(&self) -> Nanos {
        let queued = self.queue.next_at();
        let ticks = self.ticks.iter().copied().min().unwrap_or(Nanos::MAX);
        queued.min(ticks).min(self.smsc_tick).min(self.controller_tick).max(self.now)
    }

    fn carry_out(&mut self, order: &Order) {
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

    /// On a bind ladder: connects the next session when the core allows it.
    fn connect_next(&mut self, worker: usize) {
        if let Some((link, pause)) = self.esmes[worker].next_bind() {
            self.at(self.now + pause, SimEvent::Connect { worker: worker as u32, link });
        }
    }

    /// Moves the outputs of a worker's core: octets, events, batches for other workers.
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
            self.at(now + Nanos::from_micros(1), SimEvent::WorkerMessage { worker: to, batch });
        }
        let mut events = std::mem::take(&mut self.events);
        self.esmes[worker].take_events(&mut events);
        for event in events.drain(..) {
            self.controller.on_event(event, now);
        }
        self.events = events;
        self.connect_next(worker);
        if !self.esmes[worker].plan().events.is_empty() {
            self.after_planned_events(worker);
        }
    }

    fn flush_esme(&mut self, worker: usize, link: u32) {
        let pair = self.pair_of[worker][link as usize];
        let (connection, up) = {
            let w = &self.pairs[pair as usize];
            (w.connection, w.esme_up)
        };
        if !up {
            return;
        }
        let esme = &mut self.esmes[worker];
        let is_sliced = esme.wish(link) == ConnAction::Slice && !esme.out(link).is_empty();
        let most = if is_sliced { esme.slice(link) } else { usize::MAX };
        let most = most.min(esme.out(link).len());
        esme.witness_write(link, most, self.now);
        let octets = esme.out(link).split_to(most).to_vec();
        if !octets.is_empty() && !self.pairs[pair as usize].esme_half_closed {
            self.esmes[worker].wrote(link, octets.len(), self.now);
            self.deliver(pair, connection, octets, false);
        }
        match self.esmes[worker].wish(link) {
            ConnAction::Stay | ConnAction::HoldReads | ConnAction::Slice => {}
            ConnAction::HalfClose => {
                if !std::mem::replace(&mut self.pairs[pair as usize].esme_half_closed, true) {
                    let later = self.now + self.between.network.latency;
                    self.at(later, SimEvent::SmscSeesEnd { pair, connection });
                }
            }
            wish @ (ConnAction::CloseWhenFlushed | ConnAction::Close | ConnAction::Reset) => {
                self.pairs[pair as usize].esme_up = false;
                let later = self.now + self.between.network.latency;
                self.at(later, SimEvent::SmscSeesEnd { pair, connection });
                self.esme_ends(worker, link, &End::Wished(wish));
            }
        }
    }

    fn esme_ends(&mut self, worker: usize, link: u32, end: &End) {
        let again = self.esmes[worker].disconnected(link, end, self.now);
        if let Some(at) = again {
            self.at(at, SimEvent::Connect { worker: worker as u32, link });
        }
        self.ticks[worker] = self.now;
        self.after_esme(worker);
    }

    /// Puts octets on a pipe, in segments.
    fn deliver(&mut self, pair: u32, connection: u32, octets: Vec<u8>, to_esme: bool) {
        let arrives = self.now + self.between.network.latency;
        let way = if to_esme { Way::Up } else { Way::Down };
        let octets = self.between.pass(pair, octets, way);
        let segment = match self.between.network.segment_octets {
            0 => octets.len(),
            n => n,
        };
        let arrival = |octets: Vec<u8>| {
            if to_esme {
                SimEvent::ToEsme { pair, connection, octets }
            } else {
                SimEvent::ToSmsc { pair, connection, octets }
            }
        };
        if segment >= octets.len() {
            self.at(arrives, arrival(octets));
        } else {
            for part in octets.chunks(segment) {
                self.at(arrives, arrival(part.to_vec()));
            }
        }
    }

    fn handle(&mut self, event: SimEvent) {
        match event {
            SimEvent::Connect { worker, link } => self.connect(worker as usize, link),
            SimEvent::ToEsme { pair, connection, octets } => {
                self.esme_reads(pair, connection, &octets)
            }
            SimEvent::ToSmsc { pair, connection, octets } => {
                self.smsc_reads(pair, connection, &octets)
            }
            SimEvent::EsmeSeesEnd { pair, connection, reset } => {
                let w = &mut self.pairs[pair as usize];
                let is_current = w.connection == connection && w.esme_up;
                if is_current && w.flood.is_some() {
                    self.end_attempt(pair);
                } else if is_current
                    && self.esmes[w.worker as usize].wish(w.link) == ConnAction::HoldReads
                {
                    w.end_waits = Some(reset);
                } else if is_current {
                    w.esme_up = false;
                    let (worker, link) = (w.worker as usize, w.link);
                    let end = if reset {
                        End::Failed(std::io::ErrorKind::ConnectionReset.into())
                    } else {
                        End::PeerClosed
                    };
                    if w.smsc.is_some() {
                        // only one direction was closed: now the other is
                        let later = self.now + self.between.network.latency;
                        self.at(later, SimEvent::SmscSeesEnd { pair, connection });
                    }
                    self.esme_ends(worker, link, &end);
                }
            }
            SimEvent::SmscSeesEnd { pair, connection } => {
                let w = &mut self.pairs[pair as usize];
                if w.connection == connection
                    && let Some(session) = w.smsc.take()
                {
                    let esme_reads = w.esme_up;
                    self.smsc.closed(session, self.now);
                    self.smsc_tick = self.now;
                    self.after_smsc();
                    if esme_reads {
                        // the ESME closed one direction only: now the other is closed
                        let later = self.now + self.between.network.latency;
                        self.at(later, SimEvent::EsmeSeesEnd { pair, connection, reset: false });
                    }
                }
            }
            SimEvent::AttemptLate { pair } => self.end_attempt(pair),
            SimEvent::WorkerMessage { worker, batch } => {
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
        let pair = self.pair_of[worker][link as usize];
        let session = self.open_pipes(pair);
        self.esmes[worker].connected(link, self.now);
        self.ticks[worker] = self.now;
        self.smsc_tick = self.now;
        self.after_esme(worker);
        self.flush_smsc(session);
    }

    fn esme_reads(&mut self, pair: u32, connection: u32, octets: &[u8]) {
        let w = &mut self.pairs[pair as usize];
        if w.connection != connection || !w.esme_up {
            return;
        }
        w.to_esme.extend_from_slice(octets);
        if w.flood.is_some() {
            self.attempt_reads(pair);
            return;
        }
        let (worker, link) = (w.worker as usize, w.link);
        if self.esmes[worker].wish(link) == ConnAction::HoldReads {
            return;
        }
        let used = self.esmes[worker].on_octets(link, &w.to_esme, self.now);
        w.to_esme.advance(used);
        self.flush_esme(worker, link);
        self.ticks[worker] = self.now;
        self.after_esme(worker);
    }
}
