//! What the books of both sides of a gateway cost a run in memory, in a closed loop with receipts: without books, with them
//! on a thread of their own, as over sockets, and with them on the run's own thread; in turns. Twice: the gateway is a
//! relay that decodes each PDU, gives it a number and an id of its own, and encodes it again, which is the least that a
//! gateway does; and it is a wire, so that the difference is the marker, the witnesses and the books alone.
//!
//! Goal: with a relay, and the books on a thread of their own, at most 30 % of the rate is given up.
//!
//! `cargo bench --bench through [-- --seconds 4] [--window 100] [--turns 5]`
#![allow(clippy::print_stdout, reason = "a bench prints its table")]
#[allow(dead_code, unreachable_pub, reason = "the benches share it; none uses all of it")]
#[path = "bare/args.rs"]
mod args;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[path = "through/relay.rs"]
mod relay;

use args::{Arguments, median, process_cpu_ns};
use relay::Relay;
use smppbench::measure::NoObserver;
use smppbench::plan::{self, Overrides, Plan, RunMarker, Source};
use smppbench::smpp::marker::Carrier;
use smppbench::trial::{BooksOn, Gateway, Memory, Trial};
use std::time::Instant;

/// What messages carry, and where books are kept.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    carriers: &'static [Carrier],
    books: Option<BooksOn>,
}

const KINDS: [Kind; 4] = [
    Kind { name: "no books", carriers: &[], books: None },
    Kind { name: "marker only", carriers: &BOTH, books: None },
    Kind { name: "books on a thread", carriers: &BOTH, books: Some(BooksOn::AThread) },
    Kind { name: "books on the run's thread", carriers: &BOTH, books: Some(BooksOn::TheRun) },
];

const BOTH: [Carrier; 2] = [Carrier::Tlv, Carrier::Text];

fn profile(seconds: u64, window: u64) -> Plan {
    let text = format!(
        r#"load.stages = [{{ max = true, for = "{seconds}s" }}]
        binds = {{ count = 4, window = {window} }}
        receipts.deadline = "10s"
        [embedded]
        response.latency = "5ms"
        receipts.delay = "50ms""#
    );
    let source = Source::Text { name: "bench.toml".into(), text };
    plan::load(&source, &Overrides::default()).expect("the profile is valid")
}

/// What a run took, in nanoseconds a message.
#[derive(Clone, Copy)]
struct Cost {
    elapsed: f64,
    processor: f64,
}

/// The cost, and the number of messages.
fn cost(plan: &Plan, kind: Kind, gateway: Option<Box<dyn Gateway>>) -> (Cost, u64) {
    let Kind { carriers, books, .. } = kind;
    let mut plan = plan.clone();
    if !carriers.is_empty() {
        plan.marker = Some(RunMarker { run: 7, probe: false, carriers: carriers.to_vec() });
    }
    let (begun, before) = (Instant::now(), process_cpu_ns());
    let record = Memory { books, gateway, ..Memory::default() }
        .run(&plan, &mut NoObserver)
        .expect("a run in memory binds");
    let (elapsed, processor) = (begun.elapsed().as_nanos(), process_cpu_ns() - before);
    let accepted = record.ledger().accepted;
    if let Some(through) = &record.through {
        let once = through.submits.once;
        assert!(through.balanced && once == accepted, "{:?}", through.submits);
        assert!(through.fields.is_empty() && through.receipts.once == once, "{:?}", through.fields);
    }
    let of_one = |all: f64| all / accepted.max(1) as f64;
    (Cost { elapsed: of_one(elapsed as f64), processor: of_one(processor as f64) }, accepted)
}

fn main() {
    let arguments = Arguments::of_this_process();
    if arguments.has("--test") {
        return;
    }
    let plan = profile(arguments.number("--seconds", 4), arguments.number("--window", 100));
    let turns = arguments.number("--turns", 5);
    for (gateway, has_relay) in [("a relay", true), ("a wire", false)] {
        let mut costs: [Vec<Cost>; KINDS.len()] = Default::default();
        let mut messages = 0;
        for _ in 0..turns {
            for (costs, kind) in costs.iter_mut().zip(KINDS) {
                let gateway = has_relay.then(|| Box::<Relay>::default() as Box<dyn Gateway>);
                let (cost, accepted) = self::cost(&plan, kind, gateway);
                costs.push(cost);
                messages = accepted;
            }
        }
        println!("through {gateway}: {messages} messages a run, {turns} turns, ns a message");
        println!("  {:<26} {:>8} {:>9} {:>10}", "", "elapsed", "given up", "processor");
        let of = |kind: usize, of: fn(&Cost) -> f64| median(costs[kind].iter().map(of).collect());
        for (kind, Kind { name, .. }) in KINDS.iter().enumerate() {
            let elapsed = of(kind, |cost| cost.elapsed);
            let given_up = 100.0 * (1.0 - of(0, |cost| cost.elapsed) / elapsed);
            let processor = of(kind, |cost| cost.processor);
            println!("  {name:<26} {elapsed:>8.0} {given_up:>7.1} % {processor:>10.0}");
        }
    }
}
