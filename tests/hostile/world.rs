//! One run of the load side on a virtual clock, against an SMSC that somebody plays: exact, and as fast as it can be
//! worked out. The fuzz target `hostile_smsc` plays on the same stage.
use bytes::BytesMut;
use smppbench::coordinator::{Failure, PoolTiming, RunController};
use smppbench::esme::{Core, Order, WorkerAssignment};
use smppbench::kit::Nanos;
use smppbench::measure::{NoObserver, RunRecord};
use smppbench::net::{ConnAction, End, Endpoint};
use smppbench::plan::Plan;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// What an SMSC does on a connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deed {
    /// Octets, however they are cut.
    Say(Vec<u8>),
    Close,
    Reset,
    /// Takes octets no more, or again.
    Read(bool),
}

/// Deeds, each so much later, on a link.
pub(crate) type Deeds = Vec<(Nanos, u32, Deed)>;

/// Whoever plays the SMSC.
pub(crate) trait Smsc {
    /// A connection of this link has come.
    fn connected(&mut self, _link: u32, _now: Nanos, _deeds: &mut Deeds) {}
    /// These octets came on it, whole PDUs or not.
    fn heard(&mut self, link: u32, octets: &[u8], now: Nanos, deeds: &mut Deeds);
}

/// The virtual clock starts here.
const START: Nanos = Nanos::from_secs(1);
const WALL: u64 = 1_767_225_600_000_000_000;
/// A run that is not over by then never will be.
const END: Nanos = Nanos::from_secs(4_000);
/// Nobody makes us keep more than this towards a peer with a window of some thousands.
const OUT_MAX: usize = 16 << 20;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Connect(u32),
    /// On the connection with this number.
    Esme(u32, u32, Deed),
}

#[derive(Clone, Debug, Default)]
struct Wire {
    connection: u32,
    up: bool,
    deaf: bool,
    carry: BytesMut,
}

/// A run.
pub(crate) struct World<'a> {
    now: Nanos,
    core: Core,
    controller: RunController,
    tick: Nanos,
    conductor_tick: Nanos,
    wires: Vec<Wire>,
    queue: BinaryHeap<Reverse<(Nanos, u64, What)>>,
    order: u64,
    smsc: &'a mut dyn Smsc,
    /// When the load began.
    pub(crate) start: Option<Nanos>,
}

impl<'a> World<'a> {
    pub(crate) fn new(plan: &Arc<Plan>, smsc: &'a mut dyn Smsc) -> World<'a> {
        let share = WorkerAssignment { plan: plan.clone(), worker: 0, workers: 1, near: 0..1 };
        let core = Core::new(&share, WALL).expect("the plan can be carried out");
        let controller = RunController::new(plan, 1, WALL, PoolTiming::LOCAL)
            .expect("the plan can be carried out");
        let wires = vec![Wire::default(); core.sessions_count()];
        let queue = BinaryHeap::new();
        let mut world = World {
            now: START,
            core,
            controller,
            tick: START,
            conductor_tick: START,
            wires,
            queue,
            order: 0,
            smsc,
            start: None,
        };
        for link in 0..world.wires.len() as u32 {
            world.at(START, What::Connect(link));
        }
        world
    }

    /// Plays it to its end; the record, or why no run began; and when the load began.
    pub(crate) fn run(mut self) -> (Result<RunRecord, Failure>, Option<Nanos>) {
        loop {
            let queued = self.queue.peek().map_or(Nanos::MAX, |Reverse((at, ..))| *at);
            self.now = queued.min(self.tick).min(self.conductor_tick).max(self.now);
            assert!(self.now < END, "the run does not end");
            while self.queue.peek().is_some_and(|Reverse((at, ..))| *at <= self.now) {
                if let Some(Reverse((_, _, what))) = self.queue.pop() {
                    self.happen(what);
                }
            }
            if self.tick <= self.now {
                self.tick_core();
            }
            self.conductor_tick = self.controller.tick(self.now, &mut NoObserver);
            for order in self.controller.take_orders() {
                if let Order::Start { at } = order {
                    self.start = Some(at);
                }
                self.core.order(&order, self.now);
                self.tick_core();
            }
            for mut spent in self.controller.take_spent() {
                spent.clear();
                self.core.recycle(spent);
            }
            if self.controller.is_done(self.now) {
                return (self.controller.finish(), self.start);
            }
        }
    }

    fn at(&mut self, time: Nanos, what: What) {
        self.order += 1;
        self.queue.push(Reverse((time, self.order, what)));
    }

    fn tick_core(&mut self) {
        // a tick that wants another at once gets it a microsecond later, as a timer would give it
        self.tick = self.core.tick(self.now).max(self.now + Nanos::from_micros(1));
        self.settle();
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Connect(link) => {
                let wire = &mut self.wires[link as usize];
                *wire = Wire { connection: wire.connection + 1, up: true, ..Wire::default() };
                self.core.connected(link, self.now);
                let mut deeds = Deeds::new();
                self.smsc.connected(link, self.now, &mut deeds);
                self.plan(deeds);
                self.settle();
            }
            What::Esme(link, connection, deed) => {
                let wire = &self.wires[link as usize];
                if wire.up && wire.connection == connection {
                    self.done_to_us(link, deed);
                }
            }
        }
    }

    fn done_to_us(&mut self, link: u32, deed: Deed) {
        match deed {
            Deed::Say(octets) => {
                let wire = &mut self.wires[link as usize];
                wire.carry.extend_from_slice(&octets);
                let carry = std::mem::take(&mut wire.carry);
                let used = self.core.on_octets(link, &carry, self.now);
                assert!(used <= carry.len(), "it used more than there was");
                self.wires[link as usize].carry.extend_from_slice(&carry[used..]);
                // what the read made due must not wait for the clock
                self.tick = self.tick.min(self.now + Nanos::from_micros(1));
            }
            Deed::Close => self.end(link, &End::PeerClosed),
            Deed::Reset => {
                self.end(link, &End::Failed(std::io::ErrorKind::ConnectionReset.into()));
            }
            Deed::Read(reads) => self.wires[link as usize].deaf = !reads,
        }
        self.settle();
        self.flush(link);
    }

    fn plan(&mut self, deeds: Deeds) {
        for (after, link, deed) in deeds {
            let link = link % self.wires.len() as u32;
            let connection = self.wires[link as usize].connection;
            self.at(self.now + after, What::Esme(link, connection, deed));
        }
    }

    fn settle(&mut self) {
        let mut dirty = Vec::new();
        self.core.take_dirty(&mut dirty);
        for link in dirty {
            self.flush(link);
        }
        self.core.take_messages(|_, _| unreachable!("there is one worker"));
        let mut events = Vec::new();
        self.core.take_events(&mut events);
        for event in events {
            self.controller.on_event(event, self.now);
        }
    }

    fn flush(&mut self, link: u32) {
        let wire = &self.wires[link as usize];
        if !wire.up {
            return;
        }
        let waiting = self.core.out(link).len();
        assert!(waiting <= OUT_MAX, "{waiting} octets wait to be written");
        if waiting > 0 && !wire.deaf {
            let octets = self.core.out(link).split();
            self.core.wrote(link, octets.len(), self.now);
            let mut deeds = Deeds::new();
            self.smsc.heard(link, &octets, self.now, &mut deeds);
            self.plan(deeds);
        }
        let flushed = self.core.out(link).is_empty();
        match self.core.wish(link) {
            ConnAction::Stay
            | ConnAction::HoldReads
            | ConnAction::HalfClose
            | ConnAction::Slice => {}
            ConnAction::CloseWhenFlushed if !flushed => {}
            wish @ (ConnAction::CloseWhenFlushed | ConnAction::Close | ConnAction::Reset) => {
                self.end(link, &End::Wished(wish));
            }
        }
    }

    fn end(&mut self, link: u32, end: &End) {
        self.wires[link as usize].up = false;
        if let Some(at) = self.core.disconnected(link, end, self.now) {
            self.at(at.max(self.now), What::Connect(link));
        }
        self.tick = self.tick.min(self.now + Nanos::from_micros(1));
        self.settle();
    }
}

/// What does not add up in a record: the sums of docs/ledger.md, worked out here from the counters alone.
pub(crate) fn unbalanced(record: &RunRecord) -> Vec<String> {
    let fields = record.ledger().fields();
    let n = |name: &str| fields.iter().find(|f| f.0 == name).map_or(0, |f| f.1);
    let mut faults = Vec::new();
    let mut same = |what: &str, left: u64, right: u64| {
        if left != right {
            faults.push(format!("{what}: {left} is not {right}"));
        }
    };
    same(
        "planned + retries",
        n("planned") + n("retries"),
        n("written") + n("dropped") + n("unsent"),
    );
    let ends = n("accepted") + n("rejected") + n("timed_out") + n("lost") + n("open_at_end");
    same("written", n("written"), ends);
    let found = n("receipts_final") + n("receipts_missing") + n("receipts_silent");
    let found = found + n("receipts_untracked") + n("receipts_ambiguous");
    same("receipts asked", n("receipts_expected") + n("receipts_may_come"), found);
    let statuses: u64 = record.sum(|_| true).statuses.iter().map(|(_, count)| count).sum();
    same("answers by status", statuses, n("accepted") + n("rejected"));
    let of_sessions: u64 = record.sessions.iter().map(|s| s.written).sum();
    same("written by session", of_sessions, n("written"));
    faults
}
