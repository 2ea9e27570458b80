//! A guard: how many instructions a message takes and how often it misses a cache, counted and not timed, so that a
//! shared machine says the same as a quiet one. Each job runs under cachegrind twice, with N messages and with 2 N; the
//! difference is what N messages take, without what starting takes. The counts are held against
//! `benches/instructions.json`: instructions more than 3 % above fail, more than 3 % below fail too, for then the table
//! is to be renewed. Cache misses move with where code and memory happen to lie, the same code by half: they fail where they
//! more than double and rise by more than [`MISSES_SLACK`]. The caches are those of [`CACHES`] on every machine.
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
/// Share by which misses may rise.
const MISSES_TOLERANCE: f64 = 1.0;
/// Misses a message that nobody looks at.
const MISSES_SLACK: f64 = 4.0;
/// First-level caches of 32 KiB, and 8 MiB behind them; lines of 64 octets.
const CACHES: [&str; 3] = ["--I1=32768,8,64", "--D1=32768,8,64", "--LL=8388608,16,64"];
const RENEW: &str = "cargo bench --bench instructions -- --renew";

/// The kept table.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Table {
    /// The compiler that these counts belong to.
    rustc: String,
    target: String,
    instructions_per_message: BTreeMap<String, f64>,
    /// Misses of the first-level data cache.
    #[serde(default)]
    d1_misses_per_message: BTreeMap<String, f64>,
    /// Misses of the last-level cache on data.
    #[serde(default)]
    ll_misses_per_message: BTreeMap<String, f64>,
}

/// What a process, or a message, took.
#[derive(Clone, Copy, Debug)]
struct Counts {
    instructions: f64,
    d1_misses: f64,
    ll_misses: f64,
}

impl Counts {
    /// A message's part of what this process took beyond a shorter one.
    fn each_beyond(self, shorter: Counts, messages: u64) -> Counts {
        let each = |twice: f64, once: f64, digits: f64| {
            ((twice - once).max(0.0) / messages as f64 * digits).round() / digits
        };
        Counts {
            instructions: each(self.instructions, shorter.instructions, 10.0),
            d1_misses: each(self.d1_misses, shorter.d1_misses, 100.0),
            ll_misses: each(self.ll_misses, shorter.ll_misses, 100.0),
        }
    }
}

impl Table {
    /// None: there is no such job, or it was kept before misses were counted.
    fn kept(&self, name: &str) -> Option<Counts> {
        Some(Counts {
            instructions: *self.instructions_per_message.get(name)?,
            d1_misses: *self.d1_misses_per_message.get(name)?,
            ll_misses: *self.ll_misses_per_message.get(name)?,
        })
    }

    fn keep(&mut self, name: &str, counts: Counts) {
        let Counts { instructions, d1_misses, ll_misses } = counts;
        self.instructions_per_message.insert(name.to_owned(), instructions);
        self.d1_misses_per_message.insert(name.to_owned(), d1_misses);
        self.ll_misses_per_message.insert(name.to_owned(), ll_misses);
    }
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
    println!(
        "{:<44} {:>10} {:>10} {:>7} {:>8} {:>8} {:>8} {:>8}",
        "a message's", "instr.", "now", "change", "D1 miss", "now", "LL miss", "now"
    );
    // a part of the table is renewed within the rest of it
    let rest = if arguments.has("--only") { kept.clone() } else { Table::default() };
    let mut now = Table { rustc, target, ..rest };
    let mut agrees = true;
    for job in jobs::ALL.iter().filter(|job| arguments.wants("--only", job.name)) {
        let (once, twice) = (count(job.name, job.count)?, count(job.name, job.count * 2)?);
        let each = twice.each_beyond(once, job.count);
        agrees &= say(job.name, kept.kept(job.name), each) || renew;
        now.keep(job.name, each);
    }
    if renew {
        std::fs::write(table_path(), format!("{}\n", serde_json::to_string_pretty(&now)?))?;
        println!("renewed");
    }
    Ok(agrees)
}

/// One line of the table. False: out of tolerance.
fn say(name: &str, kept: Option<Counts>, now: Counts) -> bool {
    let Counts { instructions, d1_misses, ll_misses } = now;
    let Some(kept) = kept else {
        println!(
            "{name:<44} {:>10} {instructions:>10.1} {:>7} {:>8} {d1_misses:>8.2} {:>8} {ll_misses:>8.2}  new: {RENEW}",
            "-", "-", "-", "-"
        );
        return false;
    };
    let change = instructions / kept.instructions - 1.0;
    let rises = |now: f64, kept: f64| now > kept * (1.0 + MISSES_TOLERANCE) + MISSES_SLACK;
    let word = match change {
        c if c > TOLERANCE => "  more than before: make it cheaper, or say why and renew",
        c if c < -TOLERANCE => "  cheaper than before: renew the table",
        _ if rises(d1_misses, kept.d1_misses) || rises(ll_misses, kept.ll_misses) => {
            "  more misses than before: keep together what is used together, or say why and renew"
        }
        _ => "",
    };
    println!(
        "{name:<44} {:>10.1} {instructions:>10.1} {:>+6.1}% {:>8.2} {d1_misses:>8.2} {:>8.2} {ll_misses:>8.2}{word}",
        kept.instructions,
        change * 100.0,
        kept.d1_misses,
        kept.ll_misses
    );
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

/// What a whole process takes that does a job `messages` times.
fn count(name: &str, messages: u64) -> io::Result<Counts> {
    let out = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=yes", "--cachegrind-out-file=/dev/null"])
        .args(CACHES)
        .arg(std::env::current_exe()?)
        .args([HIDDEN, name, &messages.to_string()])
        // the C library picks its copies by the processor: the plain ones are the same everywhere
        .env("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX2,-AVX,-ERMS,-FSRM,-AVX512F")
        .output()?;
    let said = String::from_utf8_lossy(&out.stderr);
    let number = |key: &str| -> Option<f64> {
        let line = said.lines().find(|line| line.contains(key))?;
        let (_, value) = line.rsplit_once(key)?;
        value.split('(').next()?.trim().replace(',', "").parse().ok()
    };
    let counts = || {
        Some(Counts {
            instructions: number("I   refs:")?,
            d1_misses: number("D1  misses:")?,
            ll_misses: number("LLd misses:")?,
        })
    };
    match counts() {
        Some(counts) if out.status.success() => Ok(counts),
        _ => Err(io::Error::other(format!("valgrind could not count {name}:\n{said}"))),
    }
}
