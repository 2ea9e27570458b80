//! The whole harness against the embedded simulator over loopback TCP, closed loop: messages a second, and
//! the load side's processor time a message. `cargo bench --bench loopback [-- SECONDS]`.
//!
//! One absolute figure says little on a shared machine: compare rows of one run, or two builds interleaved.
#![allow(clippy::print_stdout, reason = "a bench prints its table")]
use smppbench::measure::NoObserver;
use smppbench::plan::{self, Overrides, Source};
use smppbench::trial::{Tcp, Trial};

fn main() {
    // `cargo bench` passes --bench; `cargo test --benches` passes --test
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|a| a == "--test") {
        return;
    }
    let seconds: u64 = arguments.iter().find_map(|a| a.parse().ok()).unwrap_or(4);
    println!(
        "{:>16} {:>9} {:>12} {:>10} {:>9}",
        "binds x window", "receipts", "messages/s", "ns/message", "balanced"
    );
    for receipts in [false, true] {
        for (binds, window) in [(1, 1), (1, 10), (1, 64), (1, 1000), (8, 64), (100, 10), (1000, 10)]
        {
            row(binds, window, receipts, seconds);
        }
    }
}

fn row(binds: usize, window: usize, receipts: bool, seconds: u64) {
    let overrides = Overrides {
        binds: Some(binds),
        window: Some(window),
        rate: Some("max".into()),
        duration: Some(format!("{seconds}s")),
        warmup: Some("1s".into()),
        receipts: Some(receipts),
        ..Overrides::default()
    };
    let plan = match plan::load(&Source::bare(), &overrides) {
        Ok(plan) => plan,
        Err(e) => return println!("{e}"),
    };
    match Tcp::default().run(&plan, &mut NoObserver) {
        Ok(record) => {
            let t = record.sum(|k| usize::from(k.stage) + 1 == plan.stages.len()).tally;
            let all = record.ledger();
            let cpu: u64 = record.workers.iter().flat_map(|w| &w.cpu_ns).sum();
            println!(
                "{:>16} {:>9} {:>12.0} {:>10.0} {:>9}",
                format!("{binds} x {window}"),
                if receipts { "each" } else { "none" },
                t.accepted as f64 / seconds as f64,
                cpu as f64 / all.accepted.max(1) as f64,
                all.balances(),
            );
        }
        Err(e) => println!("{binds} x {window}: {e}"),
    }
}
