//! What is counted: the pieces of a message's way one by one, the load side's core with all of them, and
//! whole runs in memory. Every job takes the number of messages, fixed seeds, and no clock.
use crate::bare::wire::{self, Ids, Sheet};
use bytes::{Buf, BytesMut};
use smppbench::correlate::{Awaits, Correlator, IdRule, IdSource, ReceiptInfo};
use smppbench::esme::{Core, Order, WorkerAssignment};
use smppbench::kit::{Nanos, Rng};
use smppbench::measure::{LatencyRange, NoObserver, Outcome, Recorder, Ticket};
use smppbench::net::Endpoint;
use smppbench::plan::behaviour::Behaviour;
use smppbench::plan::{self, Cursor, Overrides, Plan, Recipe, Schedule, Scratch, Source, Striping};
use smppbench::session::{Sequence, Window};
use smppbench::smpp::{CommandId, Header, frame, pdu, receipt};
use smppbench::smsc;
use smppbench::trial::{Memory, Trial};
use std::hint::black_box;
use std::sync::Arc;

/// A thing to count.
pub(crate) struct Job {
    /// As the table has it.
    pub(crate) name: &'static str,
    /// Messages of the shorter run.
    pub(crate) count: u64,
    run: fn(u64),
}

/// All of them.
pub(crate) const ALL: [Job; 13] = [
    Job { name: "submit_sm stamped from the recipe", count: 20_000, run: stamp },
    Job { name: "window opened and settled", count: 20_000, run: window },
    Job { name: "submit_sm_resp cut and read", count: 20_000, run: response },
    Job { name: "receipt read", count: 20_000, run: receipt_read },
    Job { name: "correlator accepts and meets its receipt", count: 20_000, run: correlator },
    Job { name: "recorder takes written and settled", count: 20_000, run: recorder },
    Job { name: "cursor of an open loop", count: 20_000, run: cursor },
    Job { name: "esme core, no receipts", count: 20_000, run: core_alone },
    Job { name: "esme core, a receipt each", count: 20_000, run: core_with_receipts },
    Job { name: "simulator's core, no receipts", count: 20_000, run: simulator_alone },
    Job { name: "simulator's core, a receipt each", count: 20_000, run: simulator_with_receipts },
    Job { name: "whole run in memory, no receipts", count: 10_000, run: memory_alone },
    Job { name: "whole run in memory, a receipt each", count: 10_000, run: memory_with_receipts },
];

/// Does a job. False: there is none of that name.
pub(crate) fn run(name: &str, count: u64) -> bool {
    let job = ALL.iter().find(|job| job.name == name);
    job.map(|job| (job.run)(count)).is_some()
}

fn quick(overrides: &Overrides) -> Plan {
    plan::load(&Source::bare(), overrides).expect("quick is a profile")
}

fn stamp(count: u64) {
    let recipe = Recipe::new(&quick(&Overrides::default())).expect("quick has a message");
    let (mut scratch, mut out) = (Scratch::default(), BytesMut::with_capacity(1 << 16));
    for index in 0..count {
        if index % 100 == 0 {
            out.clear();
        }
        recipe.stamp(black_box(index), index as u32, 0, &mut scratch, &mut out);
    }
    black_box(&out);
}

fn window(count: u64) {
    let mut sequence = Sequence::default();
    let mut window: Window<Ticket> = Window::new(1000);
    let mut numbers = Vec::with_capacity(1000);
    for _ in 0..count / 1000 {
        numbers.clear();
        while let Some(number) = window.open(&mut sequence, black_box(Ticket::default())) {
            numbers.push(number);
        }
        for number in &numbers {
            black_box(window.settle(*number));
        }
    }
}

fn response(count: u64) {
    let frames = wire::submit_sm_resp().repeat(1000);
    for _ in 0..count / 1000 {
        let mut rest = black_box(&frames[..]);
        while let Ok(Some(octets)) = frame::cut(rest, frame::OCTETS_MAX_DEFAULT) {
            black_box(Header::read(rest));
            black_box(pdu::message_id(&rest[..octets]));
            rest = &rest[octets..];
        }
    }
}

fn receipt_read(count: u64) {
    let submit_sm = wire::submit_sm(&quick(&Overrides::default())).expect("quick has a message");
    let frame = wire::receipt(&submit_sm);
    for _ in 0..count {
        black_box(receipt::read_frame(black_box(&frame)));
    }
}

/// As large as what a worker keeps of a message.
#[derive(Clone, Copy)]
struct Kept([u32; 5]);

impl Awaits for Kept {
    fn since(&self) -> Nanos {
        Nanos(u64::from(self.0[0]))
    }
    fn mark(&self) -> u16 {
        0
    }
    fn session(&self) -> u32 {
        0
    }
}

fn correlator(count: u64) {
    let mut correlator: Correlator<Kept> = Correlator::new(1 << 20, Nanos::from_secs(30));
    let (mut accepted, mut receipted) = (Ids::default(), Ids::default());
    let mut met = Vec::new();
    let notice = ReceiptInfo {
        received: Nanos(5),
        session: 0,
        state: 2,
        intermediate: false,
        err: *b"000\0",
        rule: 0,
    };
    for index in 0..count {
        let (key, _) = IdRule::Exact.key(accepted.advance(), IdSource::Response, 7);
        correlator.accepted(key, Kept([1; 5]), &mut met);
        if index >= 1000 {
            let (key, _) = IdRule::Exact.key(receipted.advance(), IdSource::Receipt, 7);
            black_box(correlator.receipt(key, notice));
        }
    }
}

fn recorder(count: u64) {
    let mut recorder = Recorder::new(0, 1, LatencyRange::for_deadline(Nanos::from_secs(30)));
    let mut rng = Rng::new(1);
    for index in 0..count {
        let intended = Nanos(1 + index * 1000);
        let slot_free = intended + Nanos(rng.below(100_000));
        let written = slot_free + Nanos(rng.below(50_000));
        let answered = written + Nanos(rng.below(20_000_000));
        let offered = written;
        let ticket = Ticket { index, intended, slot_free, offered, written, ..Ticket::default() };
        recorder.written(&ticket);
        recorder.settled(&ticket, Outcome::Accepted, answered);
    }
    black_box(&recorder);
}

fn cursor(count: u64) {
    let overrides = Overrides {
        rate: Some("50000".into()),
        warmup: Some("0s".into()),
        duration: Some("60s".into()),
        ..Overrides::default()
    };
    let plan = quick(&overrides);
    let schedule = Schedule::new(&plan.stages, plan.load.arrival, plan.seed).expect("one hold");
    let striping = Arc::new(Striping::new(&plan, 1));
    let mut cursor = Cursor::new(Arc::new(schedule), &striping, 0);
    for _ in 0..count {
        black_box(cursor.peek());
        cursor.advance();
    }
}

fn core_alone(count: u64) {
    core(count, false);
}

fn core_with_receipts(count: u64) {
    core(count, true);
}

/// The load side's core in a closed loop of 100; what answers it only stamps.
fn core(count: u64, receipts: bool) {
    let overrides = Overrides {
        binds: Some(1),
        window: Some(100),
        rate: Some("max".into()),
        duration: Some("1000s".into()),
        warmup: Some("0s".into()),
        receipts: Some(receipts),
        ..Overrides::default()
    };
    let plan = quick(&overrides);
    let submit_sm = wire::submit_sm(&plan).expect("quick has a message");
    let mut responses = Sheet::new(&wire::submit_sm_resp(), 128);
    let mut deliveries = Sheet::new(&wire::receipt(&submit_sm), 128);
    let mut ids = Ids::default();
    let share = WorkerAssignment { plan: Arc::new(plan), worker: 0, workers: 1, near: 0..1 };
    let mut core = Core::new(&share, 0).expect("quick is a plan");
    let mut now = Nanos::from_secs(1);
    core.connected(0, now);
    let (mut submits, mut delivered) = (0, 0);
    let mut replies = Vec::with_capacity(1 << 16);
    while submits < count {
        replies.clear();
        responses.clear();
        deliveries.clear();
        let out = core.out(0);
        let octets = wire::walk(out, |command, number| match CommandId(command) {
            CommandId::SUBMIT_SM => {
                submits += 1;
                let id = ids.advance();
                responses.stamp_id(number, id);
                if receipts {
                    delivered += 1;
                    deliveries.stamp_id(delivered, id);
                }
            }
            CommandId::BIND_TRANSCEIVER => replies.extend_from_slice(&wire::bind_resp(number)),
            _ => {}
        });
        out.advance(octets);
        core.wrote(0, octets, now);
        now += Nanos::from_micros(20);
        let bound = !replies.is_empty();
        replies.extend_from_slice(responses.stamped());
        replies.extend_from_slice(deliveries.stamped());
        core.on_octets(0, &replies, now);
        if bound {
            core.order(&Order::Start { at: now }, now);
        }
        core.tick(now);
    }
}

fn simulator_alone(count: u64) {
    simulator(count, false);
}

fn simulator_with_receipts(count: u64) {
    simulator(count, true);
}

/// The simulator's core with a window of 1,000 open on one session; what asks it only stamps.
fn simulator(count: u64, receipts: bool) {
    const WINDOW: u64 = 1_000;
    let overrides = Overrides { receipts: Some(receipts), ..Overrides::default() };
    let plan = quick(&overrides);
    let submit_sm = wire::submit_sm(&plan).expect("quick has a message");
    let mut submits = Sheet::new(&submit_sm, WINDOW as usize);
    let mut acks = Sheet::new(&wire::deliver_sm_resp(), WINDOW as usize);
    let mut core = smsc::Core::new(&Behaviour::default(), 0);
    let mut now = Nanos::from_secs(1);
    let session = core.connected(now);
    core.on_octets(session, &wire::bind(&plan), now);
    core.out(session).clear();
    let mut answered = 0;
    let mut asked = Vec::with_capacity(1 << 20);
    let mut number = 1;
    while answered < count {
        submits.clear();
        for _ in 0..WINDOW {
            number += 1;
            submits.stamp(number);
        }
        asked.clear();
        asked.extend_from_slice(acks.stamped());
        asked.extend_from_slice(submits.stamped());
        now += Nanos::from_micros(20);
        core.on_octets(session, black_box(&asked), now);
        acks.clear();
        let out = core.out(session);
        let octets = wire::walk(out, |command, number| match CommandId(command) {
            CommandId::SUBMIT_SM_RESP => answered += 1,
            CommandId::DELIVER_SM => acks.stamp(number),
            _ => {}
        });
        out.advance(octets);
        core.tick(now);
    }
}

fn memory_alone(count: u64) {
    memory(count, false);
}

fn memory_with_receipts(count: u64) {
    memory(count, true);
}

/// Both cores on the virtual clock: so many messages at ten thousand a second.
fn memory(count: u64, receipts: bool) {
    let overrides = Overrides {
        rate: Some("10000".into()),
        duration: Some(format!("{}ms", count / 10)),
        warmup: Some("0s".into()),
        receipts: Some(receipts),
        workers: Some(1),
        ..Overrides::default()
    };
    let record = Memory::default().run(&quick(&overrides), &mut NoObserver);
    assert_eq!(record.expect("it binds").ledger().accepted, count);
}
