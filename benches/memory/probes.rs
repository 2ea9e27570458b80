//! The probes: each runs in a process that was started for it and gives its figures as JSON.
use crate::bare::harness::{self, Load};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::{Value, json};
use smppbench::correlate::{Awaits, Correlator, IdRule, IdSource, Tracking};
use smppbench::esme::Awaited;
use smppbench::kit::Nanos;
use smppbench::measure::{CutReason, Observer, Phase, Progress};
use smppbench::plan::Plan;
use smppbench::trial::{Tcp, Trial};
use std::io;
use std::net::SocketAddr;

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Idle sessions.
    pub(crate) binds: usize,
    /// Awaited receipts.
    pub(crate) receipts: usize,
    /// Messages a second of the day.
    pub(crate) rate: u64,
    /// Its length.
    pub(crate) seconds: u64,
}

/// As many open files as this process may ask for.
pub(crate) fn raise_descriptors() {
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // where it is refused, the plan's guard says what is missing
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// A line of `/proc/PROCESS/status`, in octets; 0 where there is none.
fn status_of(process: &str, key: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with(key)).unwrap_or_default();
    let kib = line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// Octets that a process has resident.
pub(crate) fn resident_of(process: &str) -> u64 {
    status_of(process, "VmRSS:")
}

pub(crate) fn mib(octets: u64) -> f64 {
    (octets as f64 / 1024.0 / 1024.0 * 10.0).round() / 10.0
}

/// Looks at the memory of processes while a run goes on.
struct Watch<'a> {
    process: &'a str,
    /// At the last look in the load; what came before it is warm-up.
    in_load: u64,
    in_load_of_other: u64,
    sessions: (u64, u64),
}

impl Observer for Watch<'_> {
    fn progress(&mut self, progress: &Progress<'_>) -> Option<CutReason> {
        if progress.phase == Phase::Load {
            self.in_load = resident_of("self");
            self.in_load_of_other = resident_of(self.process);
            self.sessions = progress.sessions;
        }
        None
    }
}

/// A run that holds `size.binds` sessions and sends one message a second. `other`: the process whose memory
/// counts, and what it had before, where it is not this one.
pub(crate) fn binds(
    address: SocketAddr,
    size: Size,
    other: Option<(&str, u64)>,
) -> io::Result<Value> {
    let load = load(size.binds, 10, Some(1), 5_000);
    let plan = harness::plan(&load, address).map_err(io::Error::other)?;
    let own = resident_of("self");
    let (process, before) = other.unwrap_or(("self", own));
    let mut watch = Watch { process, in_load: 0, in_load_of_other: 0, sessions: (0, 0) };
    Tcp::default().run(&plan, &mut watch).map_err(io::Error::other)?;
    let held = watch.in_load_of_other;
    Ok(json!({
        "binds": watch.sessions.0, "before_mib": mib(before), "resident_mib": mib(held),
        "goal_mib": 64,
        "peak_mib": mib(status_of(process, "VmHWM:")),
    }))
}

fn load(binds: usize, window: usize, rate: Option<u64>, measured_ms: u64) -> Load {
    Load {
        binds,
        window,
        rate,
        receipts: true,
        workers: 1,
        precise: false,
        warmup_ms: 0,
        measured_ms,
    }
}

/// As large as what a worker keeps of a message, whose fields are its own.
#[derive(Clone, Copy)]
struct Kept([u32; 5]);
const _: () = assert!(size_of::<Kept>() == size_of::<Awaited>());

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

/// Looks at the clock around each of many small pieces of work.
#[derive(Default)]
struct Looks {
    longest: u64,
    over_100_us: u64,
    over_1_ms: u64,
    total: u64,
}

impl Looks {
    #[inline]
    fn at(&mut self, work: impl FnOnce()) {
        let start = used();
        work();
        let took = used() - start;
        self.total += took;
        self.over_100_us += u64::from(took > 100_000);
        self.over_1_ms += u64::from(took > 1_000_000);
        self.longest = self.longest.max(took);
    }
}

/// What the machine alone does to such looks: as much fresh memory is filled, without a ledger.
fn without_ledger(size: Size) -> Looks {
    let mut looks = Looks::default();
    let mut plain: Vec<[u32; 10]> = Vec::with_capacity(size.receipts);
    for n in 0..size.receipts {
        looks.at(|| plain.push([n as u32; 10]));
    }
    std::hint::black_box(&plain);
    looks
}

/// Processor time of this thread: what took the processor away from it does not count as its insert.
fn used() -> u64 {
    let spent = nix::time::clock_gettime(nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID);
    spent.map_or(0, |t| t.tv_sec() as u64 * 1_000_000_000 + t.tv_nsec() as u64)
}

/// The correlator alone, as a worker uses it: ids of ten digits, one insert a message.
pub(crate) fn correlator(size: Size) -> Value {
    let before = resident_of("self");
    let mut correlator = Correlator::new(size.receipts, Nanos::from_secs(3_600));
    let mut met = Vec::new();
    let mut id = *b"1000000000";
    let mut looks = Looks::default();
    let mut tracked = 0u64;
    for n in 0..size.receipts as u64 {
        for digit in id.iter_mut().rev() {
            *digit = if *digit == b'9' { b'0' } else { *digit + 1 };
            if *digit != b'0' {
                break;
            }
        }
        let (key, _) = IdRule::Exact.key(&id, IdSource::Response, 7);
        let kept = Kept([n as u32; 5]);
        looks.at(|| {
            tracked += u64::from(correlator.accepted(key, kept, &mut met) == Tracking::Awaited)
        });
    }
    let held = resident_of("self") - before;
    let peak = status_of("self", "VmHWM:");
    let control = without_ledger(size);
    json!({
        "awaited": correlator.awaited(), "tracked": tracked,
        "resident_mb": (held as f64 / 1e5).round() / 10.0, "goal_mb": 400,
        "octets_per_receipt": (held as f64 / tracked.max(1) as f64 * 10.0).round() / 10.0,
        "of_which_the_entry": Correlator::<Kept>::entry_octets(),
        "peak_mb": (peak as f64 / 1e5).round() / 10.0,
        "longest_insert_us": looks.longest as f64 / 1000.0, "goal_us": 1000,
        "inserts_over_1_ms": looks.over_1_ms, "inserts_over_100_us": looks.over_100_us,
        "mean_insert_ns": looks.total as f64 / tracked.max(1) as f64,
        "without_ledger_longest_us": control.longest as f64 / 1000.0,
        "without_ledger_over_1_ms": control.over_1_ms,
        "without_ledger_over_100_us": control.over_100_us,
    })
}

/// A run of the harness against a server that accepts and never sends a receipt.
pub(crate) fn run(address: SocketAddr, size: Size) -> io::Result<Value> {
    let mut plan =
        harness::plan(&load(1, 1000, None, 600_000), address).map_err(io::Error::other)?;
    bounded(&mut plan, size);
    let before = resident_of("self");
    let mut watch = Watch { process: "self", in_load: 0, in_load_of_other: 0, sessions: (0, 0) };
    let mut until = Until { watch: &mut watch, accepted: size.receipts as u64 };
    let record = Tcp::default().run(&plan, &mut until).map_err(io::Error::other)?;
    let all = record.ledger();
    let held = watch.in_load - before;
    let tracked = all.receipts_expected - all.receipts_untracked;
    Ok(json!({
        "accepted": all.accepted, "untracked": all.receipts_untracked, "balanced": all.balances(),
        "awaited": tracked, "resident_mb": (held as f64 / 1e5).round() / 10.0, "goal_mb": 400,
        "octets_per_receipt": (held as f64 / tracked.max(1) as f64 * 10.0).round() / 10.0,
        "peak_mb": (status_of("self", "VmHWM:") as f64 / 1e5).round() / 10.0,
        "longest_turn_us": record.workers.iter().map(|w| w.loop_max_ns).max().unwrap_or(0) / 1000,
    }))
}

/// The load ends by its count; receipts are awaited for longer than that takes.
fn bounded(plan: &mut Plan, size: Size) {
    plan.receipts.outstanding_max = size.receipts;
    plan.receipts.deadline = Nanos::from_secs(30);
}

/// Ends the load when so many were accepted.
struct Until<'a, 'b> {
    watch: &'a mut Watch<'b>,
    accepted: u64,
}

impl Observer for Until<'_, '_> {
    fn progress(&mut self, progress: &Progress<'_>) -> Option<CutReason> {
        self.watch.progress(progress);
        let accepted = progress.record.ledger().accepted;
        (accepted >= self.accepted).then(|| CutReason::Said("enough".to_owned()))
    }
}
