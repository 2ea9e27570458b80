//! What the books of both sides of a gateway cost: processor time of a run in memory, in a closed loop with receipts,
//! without books and with them, in turns. The gateway is a wire, so that neither side's work is any relay's: what is
//! added is the marker, the witnesses and the books (goal: at most 30 % of the rate of the run without them is given up,
//! all on one core; over sockets the books have a thread of their own).
//!
//! `cargo bench --bench through [-- --seconds 4] [--window 100] [--turns 5]`
#![allow(clippy::print_stdout, reason = "a bench prints its table")]
#[allow(dead_code, unreachable_pub, reason = "the benches share it; none uses all of it")]
#[path = "bare/args.rs"]
mod args;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use args::{Arguments, median, process_cpu_ns};
use smppbench::measure::NoObserver;
use smppbench::plan::{self, Overrides, Plan, RunMarker, Source};
use smppbench::smpp::marker::Carrier;
use smppbench::trial::{Memory, Trial};

/// A run without books, or with them and the marker in these carriers.
const KINDS: [(&str, &[Carrier]); 3] = [
    ("run", &[]),
    ("through, marker in the TLV", &[Carrier::Tlv]),
    ("through, marker in TLV and text", &[Carrier::Tlv, Carrier::Text]),
];

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

/// Processor time of a message in nanoseconds, and the number of messages.
fn cost(plan: &Plan, carriers: &[Carrier]) -> (f64, u64) {
    let mut plan = plan.clone();
    let has_books = !carriers.is_empty();
    if has_books {
        plan.marker = Some(RunMarker { run: 7, probe: false, carriers: carriers.to_vec() });
    }
    let before = process_cpu_ns();
    let record = Memory { has_books, ..Memory::default() }
        .run(&plan, &mut NoObserver)
        .expect("a run in memory binds");
    let spent = process_cpu_ns() - before;
    let accepted = record.ledger().accepted;
    if let Some(through) = &record.through {
        assert!(through.balanced && through.submits.once == accepted, "{:?}", through.submits);
    }
    (spent as f64 / accepted.max(1) as f64, accepted)
}

fn main() {
    let arguments = Arguments::of_this_process();
    if arguments.has("--test") {
        return;
    }
    let plan = profile(arguments.number("--seconds", 4), arguments.number("--window", 100));
    let turns = arguments.number("--turns", 5);
    let mut costs: [Vec<f64>; KINDS.len()] = Default::default();
    let mut messages = 0;
    for _ in 0..turns {
        for (costs, (_, carriers)) in costs.iter_mut().zip(KINDS) {
            let (cost, accepted) = self::cost(&plan, carriers);
            costs.push(cost);
            messages = accepted;
        }
    }
    let medians = costs.map(median);
    println!("{messages} messages a run, {turns} turns; processor time a message");
    for ((name, _), cost) in KINDS.iter().zip(medians) {
        let given_up = 1.0 - medians[0] / cost;
        println!("{name:<34} {cost:>8.0} ns   {:>5.1} % of the rate given up", given_up * 100.0);
    }
}
