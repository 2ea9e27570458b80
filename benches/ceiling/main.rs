//! The harness against the limit of the machine: messages a second and processor time a message of a bare
//! epoll client and of the whole harness, in turns, against the same server in another process.
//!
//! `cargo bench --bench ceiling [-- --shape 1x64] [--receipts on|off] [--rounds 3] [--seconds 3]
//! [--warmup 0.5] [--only ceiling|pacing|simulator] [--json FILE]`. A ratio of one round compares two runs that
//! stood side by side; its median is what to read, with the lowest and the highest of the rounds. Absolute figures are the
//! machine's of the moment. Every wait has a bound: a row that fails is said, the others go on, and the exit code is 1.
//! The last table is kept beside the result of `smppbench selfcheck`, as `ceiling.json`.
#![allow(clippy::print_stdout, reason = "a bench prints its table")]
#[allow(dead_code, unreachable_pub, reason = "the benches share it; none uses all of it")]
#[path = "../bare/mod.rs"]
mod bare;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use bare::args::{Arguments, median, process_cpu_ns, write_json};
use bare::client::{self, Done, Task};
use bare::harness::{self, Load};
use bare::peer::{self, Kind, Peer};
use serde_json::{Value, json};
use smppbench::kit::{Clock, Environment, state_folder, utc_rfc3339};
use std::io;
use std::time::Duration;

/// binds × window.
const SHAPES: [(usize, usize); 7] =
    [(1, 1), (1, 10), (1, 64), (1, 1000), (8, 64), (100, 10), (1000, 10)];
/// Messages a second of the open loops, over [`PACED`] binds × window.
const RATES: [u64; 3] = [1_000, 10_000, 50_000];
const PACED: (usize, usize) = (8, 1000);

fn main() -> io::Result<()> {
    // as the binary does
    smppbench::kit::small_pages_only();
    let arguments = Arguments::of_this_process();
    if arguments.has("--test") || peer::served(arguments.all()) {
        return Ok(());
    }
    let bench = Bench {
        rounds: arguments.number("--rounds", 3),
        measured_ms: (arguments.number("--seconds", 3.0) * 1000.0) as u64,
        warmup_ms: (arguments.number("--warmup", 0.5) * 1000.0) as u64,
    };
    let cpu = Environment::read().cpu.unwrap_or_else(|| "a processor without a name".to_owned());
    println!("{cpu}; {} rounds of {:.1} s", bench.rounds, bench.measured_ms as f64 / 1e3);
    let mut rows = Rows::default();
    for receipts in [false, true] {
        if !arguments.wants("--receipts", if receipts { "on" } else { "off" }) {
            continue;
        }
        if arguments.wants("--only", "ceiling") {
            harness_heading("closed loop: the harness beside a bare client, one bare server");
            for shape in SHAPES.into_iter().filter(|s| wanted(&arguments, *s)) {
                rows.add(&name(shape), bench.harness_row(shape, None, receipts));
            }
        }
        if arguments.wants("--only", "pacing") {
            harness_heading("open loop: the same, paced");
            for rate in RATES {
                rows.add(&format!("{rate}/s"), bench.harness_row(PACED, Some(rate), receipts));
            }
        }
        if arguments.wants("--only", "simulator") {
            simulator_heading();
            for shape in SHAPES.into_iter().filter(|s| wanted(&arguments, *s)) {
                rows.add(&name(shape), bench.simulator_row(shape, receipts));
            }
        }
    }
    let table = json!({
        "bench": "ceiling", "cpu": cpu, "measured_at": utc_rfc3339(Clock::wall_ns()),
        "rounds": bench.rounds, "rows": rows.measured,
    });
    write_json(&arguments, &table)?;
    if let Some(folder) = state_folder() {
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("ceiling.json"), format!("{table:#}\n"))?;
    }
    match rows.failed {
        0 => Ok(()),
        failed => Err(io::Error::other(format!("{failed} rows failed"))),
    }
}

/// What was measured, and how many rows could not be.
#[derive(Default)]
struct Rows {
    measured: Vec<Value>,
    failed: usize,
}

impl Rows {
    fn add(&mut self, name: &str, row: io::Result<Value>) {
        match row {
            Ok(row) => self.measured.push(row),
            Err(e) => {
                println!("{name:>9} failed: {e}");
                self.failed += 1;
            }
        }
    }
}

/// The median, the lowest and the highest.
fn spread(ratios: &[f64]) -> [f64; 3] {
    let low = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let high = ratios.iter().copied().fold(0.0, f64::max);
    [median(ratios.to_vec()), low, high]
}

fn name((binds, window): (usize, usize)) -> String {
    format!("{binds}x{window}")
}

fn wanted(arguments: &Arguments, shape: (usize, usize)) -> bool {
    arguments.wants("--shape", &name(shape))
}

fn harness_heading(title: &str) {
    println!("\n{title}");
    println!(
        "{:>9} {:>7} {:>8} {:>11} {:>11} {:>6} {:>13}  {:>9} {:>9} {:>9} {:>9} {:>8}",
        "shape",
        "rate",
        "receipts",
        "bare/s",
        "harness/s",
        "ratio",
        "low to high",
        "bare ns",
        "worker ns",
        "proc. ns",
        "calls/msg",
        "balanced"
    );
}

fn simulator_heading() {
    println!("\nthe simulator beside the bare server, one bare client");
    println!(
        "{:>9} {:>8} {:>11} {:>12} {:>6} {:>13}",
        "shape", "receipts", "bare/s", "simulator/s", "ratio", "low to high"
    );
}

/// How long and how often.
struct Bench {
    rounds: usize,
    measured_ms: u64,
    warmup_ms: u64,
}

/// One round of a row.
struct Round {
    bare: Done,
    harness_per_second: f64,
    worker_ns: f64,
    process_ns: f64,
    balanced: bool,
}

impl Bench {
    fn load(&self, shape: (usize, usize), rate: Option<u64>, receipts: bool) -> Load {
        Load {
            binds: shape.0,
            window: shape.1,
            rate,
            receipts,
            workers: 1,
            precise: false,
            warmup_ms: self.warmup_ms,
            measured_ms: self.measured_ms,
        }
    }

    fn bare(&self, peer: &Peer, load: &Load) -> io::Result<Done> {
        let plan = harness::plan(load, peer.address).map_err(io::Error::other)?;
        client::run(&Task {
            plan: &plan,
            address: peer.address,
            rate: load.rate,
            warmup: Duration::from_millis(self.warmup_ms),
            measured: Duration::from_millis(self.measured_ms),
            lateness: false,
        })
    }

    /// The bare client and the harness, the one first in even rounds and the other in odd ones.
    fn round(&self, peer: &Peer, load: &Load, number: usize) -> io::Result<Round> {
        let first = if number.is_multiple_of(2) { Some(self.bare(peer, load)?) } else { None };
        let plan = harness::plan(load, peer.address).map_err(io::Error::other)?;
        let before = process_cpu_ns();
        let ran = harness::run(&plan).map_err(io::Error::other)?;
        let spent = process_cpu_ns() - before;
        let bare = first.map_or_else(|| self.bare(peer, load), Ok)?;
        Ok(Round {
            bare,
            harness_per_second: ran.per_second,
            worker_ns: ran.cpu_per_message,
            process_ns: spent as f64 / ran.accepted.max(1) as f64,
            balanced: ran.balanced,
        })
    }

    fn harness_row(
        &self,
        shape: (usize, usize),
        rate: Option<u64>,
        receipts: bool,
    ) -> io::Result<Value> {
        let load = self.load(shape, rate, receipts);
        let peer = Peer::start(Kind::bare(receipts))?;
        let rounds: Vec<Round> =
            (0..self.rounds).map(|n| self.round(&peer, &load, n)).collect::<io::Result<_>>()?;
        let of = |value: &dyn Fn(&Round) -> f64| median(rounds.iter().map(value).collect());
        let bare = of(&|r| r.bare.per_second());
        let harness = of(&|r| r.harness_per_second);
        let ratios: Vec<f64> =
            rounds.iter().map(|r| r.harness_per_second / r.bare.per_second()).collect();
        let [ratio, low, high] = spread(&ratios);
        let bare_ns = of(&|r| r.bare.cpu_per_message());
        let (worker_ns, process_ns) = (of(&|r| r.worker_ns), of(&|r| r.process_ns));
        let calls = of(&|r| r.bare.calls as f64 / r.bare.messages.max(1) as f64);
        let balanced = rounds.iter().all(|r| r.balanced);
        println!(
            "{:>9} {:>7} {:>8} {bare:>11.0} {harness:>11.0} {ratio:>6.3} {low:>5.3} to {high:>5.3}  {bare_ns:>9.0} {worker_ns:>9.0} \
             {process_ns:>9.0} {calls:>9.3} {balanced:>8}",
            name(shape),
            rate.map_or_else(|| "max".into(), |r| r.to_string()),
            if receipts { "each" } else { "none" },
        );
        Ok(json!({
            "kind": if rate.is_some() { "paced" } else { "closed_loop" },
            "binds": shape.0, "window": shape.1, "rate": rate, "receipts": receipts,
            "bare_per_second": bare, "harness_per_second": harness, "ratio": ratio,
            "ratios": ratios,
            "bare_cpu_ns": bare_ns, "worker_cpu_ns": worker_ns, "process_cpu_ns": process_ns,
            "bare_calls": calls, "balanced": balanced,
        }))
    }

    fn simulator_row(&self, shape: (usize, usize), receipts: bool) -> io::Result<Value> {
        let load = self.load(shape, None, receipts);
        let (bare, simulator) = (Peer::start(Kind::bare(receipts))?, Peer::start(Kind::Simulator)?);
        let mut pairs = Vec::new();
        for _ in 0..self.rounds {
            let pair = [self.bare(&bare, &load)?, self.bare(&simulator, &load)?];
            pairs.push(pair.map(|done| done.per_second()));
        }
        let of = |value: &dyn Fn(&[f64; 2]) -> f64| median(pairs.iter().map(value).collect());
        let (bare, simulator) = (of(&|p| p[0]), of(&|p| p[1]));
        let ratios: Vec<f64> = pairs.iter().map(|p| p[1] / p[0]).collect();
        let [ratio, low, high] = spread(&ratios);
        println!(
            "{:>9} {:>8} {bare:>11.0} {simulator:>12.0} {ratio:>6.3} {low:>5.3} to {high:>5.3}",
            name(shape),
            if receipts { "each" } else { "none" },
        );
        Ok(json!({
            "kind": "simulator", "binds": shape.0, "window": shape.1, "receipts": receipts,
            "bare_per_second": bare, "simulator_per_second": simulator, "ratio": ratio, "ratios": ratios,
        }))
    }
}
