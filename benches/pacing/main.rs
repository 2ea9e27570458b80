//! How late the harness writes, beside a bare loop that does nothing but arm an absolute timerfd and write:
//! `harness_lag` of the one, write stamp − intended time of the other, at the same rates, in turns, against
//! the same bare server in another process. The goal is a ratio of 1.5 at most.
//!
//! `cargo bench --bench pacing [-- --rate 10000] [--workers 1|2] [--precise on|off] [--rounds 3] [--seconds 3]
//! [--warmup 1] [--json FILE]`. With two workers the bare side is two loops, each with half the rate. A bare loop
//! that is busy for more than nine tenths of its core says what the machine can, not what a timer can.
#![allow(clippy::print_stdout, reason = "a bench prints its table")]
#[allow(dead_code, unreachable_pub, reason = "the benches share it; none uses all of it")]
#[path = "../bare/mod.rs"]
mod bare;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use bare::args::{Arguments, median, write_json};
use bare::client::{self, Done, Task};
use bare::harness::{self, Load};
use bare::peer::{self, Kind, Peer};
use serde_json::{Value, json};
use smppbench::measure::Metric;
use std::io;
use std::time::Duration;

/// Messages a second.
const RATES: [u64; 4] = [1_000, 10_000, 50_000, 200_000];
/// A window that is never full, and few writes a wake: what is late is late by the pacer's doing.
const SHAPE: (usize, usize) = (2, 1000);

fn main() -> io::Result<()> {
    // as the binary does
    smppbench::kit::small_pages_only();
    let arguments = Arguments::of_this_process();
    if arguments.has("--test") || peer::served(arguments.all()) {
        return Ok(());
    }
    let rounds = arguments.number("--rounds", 3);
    let ms = |flag, otherwise| (arguments.number(flag, otherwise) * 1000.0) as u64;
    let (measured_ms, warmup_ms) = (ms("--seconds", 3.0), ms("--warmup", 1.0));
    println!(
        "{:>7} {:>7} {:>7} {:>10} {:>10} {:>6} {:>11} {:>11} {:>6} {:>9} {:>9} {:>6}",
        "rate",
        "workers",
        "precise",
        "bare p50",
        "lag p50",
        "ratio",
        "bare p99",
        "lag p99",
        "ratio",
        "bare ns",
        "worker ns",
        "busy"
    );
    let peer = Peer::start(Kind::Bare)?;
    let mut rows = Vec::new();
    for workers in [1, 2] {
        for precise in [false, true] {
            let on = if precise { "on" } else { "off" };
            let chosen = arguments.wants("--precise", on)
                && arguments.wants("--workers", &workers.to_string());
            for rate in RATES {
                if !chosen || !arguments.wants("--rate", &rate.to_string()) {
                    continue;
                }
                let load = Load {
                    binds: SHAPE.0,
                    window: SHAPE.1,
                    rate: Some(rate),
                    receipts: false,
                    workers,
                    precise,
                    warmup_ms,
                    measured_ms,
                };
                rows.push(row(&peer, &load, rounds)?);
            }
        }
    }
    write_json(&arguments, &json!({ "bench": "pacing", "rows": rows }))
}

/// One round: percentiles in nanoseconds, bare and harness, and what a message cost each.
struct Round {
    bare: [f64; 2],
    harness: [f64; 2],
    bare_ns: f64,
    busy: f64,
    worker_ns: f64,
}

fn row(peer: &Peer, load: &Load, rounds: usize) -> io::Result<Value> {
    let rounds: Vec<Round> =
        (0..rounds).map(|_| round(peer, load)).collect::<io::Result<Vec<_>>>()?;
    let of = |value: &dyn Fn(&Round) -> f64| median(rounds.iter().map(value).collect());
    let at = |p: usize| {
        let ratio = of(&|r| r.harness[p] / r.bare[p].max(1.0));
        (of(&|r| r.bare[p]), of(&|r| r.harness[p]), ratio)
    };
    let ((bare_p50, lag_p50, ratio_p50), (bare_p99, lag_p99, ratio_p99)) = (at(0), at(1));
    let (bare_ns, worker_ns) = (of(&|r| r.bare_ns), of(&|r| r.worker_ns));
    let busy = of(&|r| r.busy);
    let us = |ns: f64| format!("{:.1} us", ns / 1000.0);
    println!(
        "{:>7} {:>7} {:>7} {:>10} {:>10} {ratio_p50:>6.2} {:>11} {:>11} {ratio_p99:>6.2} {bare_ns:>9.0} {worker_ns:>9.0} {busy:>6.2}",
        load.rate.unwrap_or(0),
        load.workers,
        if load.precise { "on" } else { "off" },
        us(bare_p50),
        us(lag_p50),
        us(bare_p99),
        us(lag_p99),
    );
    Ok(json!({
        "rate": load.rate, "workers": load.workers, "precise": load.precise,
        "bare_p50_ns": bare_p50, "harness_lag_p50_ns": lag_p50, "ratio_p50": ratio_p50,
        "bare_p99_ns": bare_p99, "harness_lag_p99_ns": lag_p99, "ratio_p99": ratio_p99,
        "bare_cpu_ns": bare_ns, "bare_busy": busy, "worker_cpu_ns": worker_ns,
    }))
}

fn round(peer: &Peer, load: &Load) -> io::Result<Round> {
    let done = bare(peer, load)?;
    let mut late: Vec<u32> = done.iter().flat_map(|d| &d.lateness).copied().collect();
    late.sort_unstable();
    let rank = |q: f64| (late.len() as f64 * q).ceil().max(1.0) as usize - 1;
    let at = |q: f64| late.get(rank(q)).map_or(f64::NAN, |ns| f64::from(*ns));
    let plan = harness::plan(load, peer.address).map_err(io::Error::other)?;
    let ran = harness::run(&plan).map_err(io::Error::other)?;
    let lag = ran.measured.metric(Metric::HarnessLag);
    let lag = |q: f64| lag.quantile(q).map_or(f64::NAN, |n| n.0 as f64);
    let (cpu, messages) = done.iter().fold((0, 0), |(c, m), d| (c + d.cpu_ns, m + d.messages));
    Ok(Round {
        bare: [at(0.5), at(0.99)],
        harness: [lag(0.5), lag(0.99)],
        bare_ns: cpu as f64 / messages.max(1) as f64,
        busy: done.iter().map(Done::busy).fold(0.0, f64::max),
        worker_ns: ran.cpu_per_message,
    })
}

/// As many loops as there are workers; each has its share of the binds and of the rate.
fn bare(peer: &Peer, load: &Load) -> io::Result<Vec<Done>> {
    let count = load.workers;
    let share = Load { binds: load.binds / count, ..*load };
    let plan = harness::plan(&share, peer.address).map_err(io::Error::other)?;
    let task = Task {
        plan: &plan,
        address: peer.address,
        rate: load.rate.map(|rate| rate / count as u64),
        warmup: Duration::from_millis(load.warmup_ms),
        measured: Duration::from_millis(load.measured_ms),
        lateness: true,
    };
    std::thread::scope(|scope| {
        let loops: Vec<_> = (0..count).map(|_| scope.spawn(|| client::run(&task))).collect();
        loops
            .into_iter()
            .map(|l| l.join().unwrap_or_else(|_| Err(io::Error::other("a bare loop panicked"))))
            .collect()
    })
}
