//! What a process holds in memory, and where the bytes are: 10,000 idle binds (goal: at most 64 MiB
//! resident), 10,000,000 awaited receipts in the correlator (goal: at most 400 MB; no insert longer than
//! 1 ms), the same in a run of the harness whose receipts never come, and a day of 1,500/s over 8 binds on the virtual
//! clock (goal: at no time of its first hour more than 10 % above what it held after five minutes, nor later).
//!
//! `cargo bench --bench memory [-- --only binds|simulator|correlator|run|day] [--binds 10000] [--receipts 10000000]
//! [--rate 1500] [--seconds 86400] [--json FILE]`. Each figure is of a process of its own, started for it; the kernel's memory of sockets is not in it.
#![allow(clippy::print_stdout, reason = "a bench prints its table")]
#[allow(dead_code, unreachable_pub, reason = "the benches share it; none uses all of it")]
#[path = "../bare/mod.rs"]
mod bare;
mod day;
mod probes;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use bare::args::{Arguments, write_json};
use bare::peer::{self, Kind, Peer};
use serde_json::{Value, json};
use std::io;
use std::process::{Command, Stdio};

/// What is measured, each in a process of its own.
const PROBES: [&str; 5] = ["binds", "simulator", "correlator", "run", "day"];
/// The hidden argument; the probe's name follows.
const HIDDEN: &str = "--probe";

fn main() -> io::Result<()> {
    let arguments = Arguments::of_this_process();
    if arguments.has("--test") {
        return Ok(());
    }
    // as the binary does
    smppbench::kit::small_pages_only();
    probes::raise_descriptors();
    if peer::served(arguments.all()) {
        return Ok(());
    }
    let size = probes::Size {
        binds: arguments.number("--binds", 10_000),
        receipts: arguments.number("--receipts", 10_000_000),
        rate: arguments.number("--rate", 1_500),
        seconds: arguments.number("--seconds", 86_400),
    };
    if let Some(name) = arguments.each(HIDDEN).next() {
        println!("{}", probe(name, &arguments, size)?);
        return Ok(());
    }
    let mut rows = Vec::new();
    for name in PROBES.into_iter().filter(|name| arguments.wants("--only", name)) {
        let mut figures = ask(name, size)?;
        if let Some(all) = figures["resident_mib"].as_f64() {
            // what one bind takes is there once; the rest is what each takes
            let one = ask(name, probes::Size { binds: 1, ..size })?;
            let fixed = one["resident_mib"].as_f64().unwrap_or(0.0);
            let each = (all - fixed) * 1024.0 * 1024.0 / size.binds.max(1) as f64;
            figures["with_one_bind_mib"] = fixed.into();
            figures["octets_per_bind"] = each.round().into();
        }
        println!("\n{name}");
        for (key, value) in figures.as_object().into_iter().flatten() {
            println!("  {key:<34} {value}");
        }
        rows.push(json!({ "probe": name, "figures": figures }));
    }
    write_json(&arguments, &json!({ "bench": "memory", "rows": rows }))
}

/// Asks a process of its own, with the servers it needs in others.
fn ask(name: &str, size: probes::Size) -> io::Result<Value> {
    let peer = match name {
        "binds" => Some(Peer::start(Kind::BareReceipts)?),
        // it accepts and never sends a receipt
        "run" => Some(Peer::start(Kind::Bare)?),
        "simulator" => Some(Peer::start(Kind::Simulator)?),
        _ => None,
    };
    let before = peer.as_ref().map_or(0, |p| probes::resident_of(&p.process()));
    let mut command = Command::new(std::env::current_exe()?);
    command.args([HIDDEN, name, "--binds", &size.binds.to_string()]);
    command.args(["--receipts", &size.receipts.to_string()]);
    command.args(["--rate", &size.rate.to_string(), "--seconds", &size.seconds.to_string()]);
    if let Some(peer) = &peer {
        command.args(["--address", &peer.address.to_string(), "--process", &peer.process()]);
        command.args(["--before", &before.to_string()]);
    }
    let out = command.stderr(Stdio::inherit()).output()?;
    if !out.status.success() {
        return Err(io::Error::other(format!("the probe {name} failed")));
    }
    Ok(serde_json::from_slice(&out.stdout)?)
}

fn probe(name: &str, arguments: &Arguments, size: probes::Size) -> io::Result<Value> {
    let address = || {
        let typed = arguments.each("--address").next().unwrap_or_default();
        typed.parse().map_err(io::Error::other)
    };
    let process = arguments.each("--process").next().unwrap_or("self");
    match name {
        "binds" => probes::binds(address()?, size, None),
        "simulator" => {
            probes::binds(address()?, size, Some((process, arguments.number("--before", 0))))
        }
        "correlator" => Ok(probes::correlator(size)),
        "day" => day::day(size),
        _ => probes::run(address()?, size),
    }
}
