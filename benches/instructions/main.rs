//! A guard: how many instructions a message takes, counted and not timed, so that a shared machine says the
//! same as a quiet one. Each job runs under callgrind twice, with N messages and with 2 N; the difference is
//! what N messages take, without what starting takes. The counts are held against `benches/instructions.json`:
//! more than 3 % above fails, more than 3 % below fails too, for then the table is to be renewed.
//!
//! `cargo bench --bench instructions [-- --renew] [--only NAME]`. Counts belong to a compiler: with another one
//! than the table's it fails and says how to renew. Without valgrind it says `skipped`, which is a failure where
//! SMPPBENCH_VALGRIND=1.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints its table")]
#[allow(dead_code, unreachable_pub, reason = "the benches share it; none uses all of it")]
#[path = "../bare/mod.rs"]
mod bare;
mod jobs;

use bare::args::Arguments;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// The hidden argument; a job and its count of messages follow.
const HIDDEN: &str = "--job";
/// Beyond it, in either direction, somebody should look.
const TOLERANCE: f64 = 0.03;
const RENEW: &str = "cargo bench --bench instructions -- --renew";

/// The kept table.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Table {
    /// The compiler that these counts belong to.
    rustc: String,
    target: String,
    instructions_per_message: BTreeMap<String, f64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::of_this_process();
    if arguments.has("--test") {
        return ExitCode::SUCCESS;
    }
    if let Some(at) = arguments.all().iter().position(|a| a == HIDDEN) {
        let count = arguments.all().get(at + 2).and_then(|n| n.parse().ok()).unwrap_or(0);
        let name = arguments.all().get(at + 1).map_or("", String::as_str);
        return if jobs::run(name, count) { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!(
            "skipped: the instructions of a message are counted with valgrind, which is not here"
        );
        let wanted = std::env::var_os("SMPPBENCH_VALGRIND").is_some_and(|v| v == "1");
        return if wanted { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    }
    match guard(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("instructions: {e}");
            ExitCode::FAILURE
        }
    }
}

fn table_path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/instructions.json")
}

/// Counts, compares, prints. False: the table and the code do not agree.
fn guard(arguments: &Arguments) -> io::Result<bool> {
    let renew = arguments.has("--renew");
    let (rustc, target) = compiler()?;
    let kept: Table = match std::fs::read(table_path()) {
        Ok(octets) => serde_json::from_slice(&octets)?,
        Err(_) if renew => Table::default(),
        Err(e) => return Err(io::Error::other(format!("benches/instructions.json: {e}"))),
    };
    if !renew && (&kept.rustc, &kept.target) != (&rustc, &target) {
        println!("the table is of {} on {}, this is {rustc} on {target}", kept.rustc, kept.target);
        println!("counts belong to a compiler; renew on the commit before your change: {RENEW}");
        return Ok(false);
    }
    println!("{:<44} {:>12} {:>12} {:>8}", "instructions a message", "kept", "now", "change");
    // a part of the table is renewed within the rest of it
    let rest = arguments.has("--only").then(|| kept.instructions_per_message.clone());
    let mut now = Table { rustc, target, instructions_per_message: rest.unwrap_or_default() };
    let mut agrees = true;
    for job in jobs::ALL.iter().filter(|job| arguments.wants("--only", job.name)) {
        let (once, twice) = (count(job.name, job.count)?, count(job.name, job.count * 2)?);
        let each = twice.saturating_sub(once) as f64 / job.count as f64;
        let each = (each * 10.0).round() / 10.0;
        let before = kept.instructions_per_message.get(job.name).copied();
        agrees &= say(job.name, before, each) || renew;
        now.instructions_per_message.insert(job.name.to_owned(), each);
    }
    if renew {
        std::fs::write(table_path(), format!("{}\n", serde_json::to_string_pretty(&now)?))?;
        println!("renewed");
    }
    Ok(agrees)
}

/// One line of the table. False: out of tolerance.
fn say(name: &str, kept: Option<f64>, now: f64) -> bool {
    let Some(kept) = kept else {
        println!("{name:<44} {:>12} {now:>12.1} {:>8}  new: {RENEW}", "-", "-");
        return false;
    };
    let change = now / kept - 1.0;
    let word = match change {
        c if c > TOLERANCE => "  more than before: make it cheaper, or say why and renew",
        c if c < -TOLERANCE => "  cheaper than before: renew the table",
        _ => "",
    };
    println!("{name:<44} {kept:>12.1} {now:>12.1} {:>+7.1}%{word}", change * 100.0);
    word.is_empty()
}

/// (version, target) of the compiler that cargo uses here.
fn compiler() -> io::Result<(String, String)> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let out = Command::new(rustc).arg("-vV").output()?;
    let text = String::from_utf8_lossy(&out.stdout);
    let after = |key: &str| {
        text.lines().find_map(|l| l.strip_prefix(key)).unwrap_or("unknown").trim().to_owned()
    };
    Ok((text.lines().next().unwrap_or("unknown").to_owned(), after("host:")))
}

/// Instructions of a whole process that does a job `messages` times.
fn count(name: &str, messages: u64) -> io::Result<u64> {
    let out = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args([HIDDEN, name, &messages.to_string()])
        // the C library picks its copies by the processor: the plain ones are the same everywhere
        .env("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX2,-AVX,-ERMS,-FSRM,-AVX512F")
        .output()?;
    let said = String::from_utf8_lossy(&out.stderr);
    let collected = said.lines().find_map(|l| l.split_once("Collected :"));
    match (out.status.success(), collected.and_then(|(_, n)| n.trim().parse().ok())) {
        (true, Some(count)) => Ok(count),
        _ => Err(io::Error::other(format!("valgrind could not count {name}:\n{said}"))),
    }
}
