//! One run of the harness itself, everything on, against a server that is given; and the plan that both it
//! and the bare client take their messages from.
use smppbench::measure::{CellInterval, NoObserver, RunRecord};
use smppbench::plan::{self, Overrides, Plan, PlanError, Source};
use smppbench::trial::{RunError, Tcp, Trial};
use std::net::SocketAddr;

/// What is to be run.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Transceivers of one account.
    pub binds: usize,
    /// Open on each.
    pub window: usize,
    /// Messages a second; None: closed loop.
    pub rate: Option<u64>,
    /// Asked for with every message.
    pub receipts: bool,
    /// Threads.
    pub workers: usize,
    /// `load.precise`.
    pub precise: bool,
    /// Not measured.
    pub warmup_ms: u64,
    /// Measured.
    pub measured_ms: u64,
}

/// The plan of a load: the built-in profile's message.
pub fn plan(load: &Load, address: SocketAddr) -> Result<Plan, PlanError> {
    let rate = load.rate.map_or_else(|| "max".to_owned(), |rate| rate.to_string());
    let overrides = Overrides {
        target: Some(address.to_string()),
        binds: Some(load.binds),
        window: Some(load.window),
        rate: Some(rate),
        warmup: Some(format!("{}ms", load.warmup_ms)),
        duration: Some(format!("{}ms", load.measured_ms)),
        receipts: Some(load.receipts),
        workers: Some(load.workers),
        set: vec![format!("load.precise={}", load.precise)],
        ..Overrides::default()
    };
    plan::load(&Source::bare(), &overrides)
}

/// What came of a run.
#[derive(Debug)]
pub struct Ran {
    /// Of the measured stage.
    pub measured: CellInterval,
    /// Accepted in the measured stage, a second.
    pub per_second: f64,
    /// The workers' processor time by accepted message, over the whole seconds after the first.
    pub cpu_per_message: f64,
    /// Accepted in the whole run.
    pub accepted: u64,
    /// The books balance and every message was accepted.
    pub balanced: bool,
}

/// One run.
pub fn run(plan: &Plan) -> Result<Ran, RunError> {
    let record: RunRecord = Tcp::default().run(plan, &mut NoObserver)?;
    let last = plan.stages.len().saturating_sub(1);
    let measured = record.sum(|k| usize::from(k.stage) == last);
    let seconds = plan.stages[last].length.as_secs_f64();
    let all = record.ledger();
    Ok(Ran {
        per_second: measured.tally.accepted as f64 / seconds,
        cpu_per_message: cpu_per_message(&record),
        accepted: all.accepted,
        balanced: all.balances() && all.accepted == all.written && all.receipts_missing == 0,
        measured,
    })
}

/// The first second holds the binds, and what came after the last whole one is told without its processor
/// time; a run that has no second between them is taken as it is.
fn cpu_per_message(record: &RunRecord) -> f64 {
    let whole = record.workers.iter().map(|w| w.cpu_ns.len()).min().unwrap_or(0);
    let whole = whole.min(record.load_ended.0 as usize / 1_000_000_000);
    let from = usize::from(whole > 1);
    let cpu: u64 = record.workers.iter().flat_map(|w| w.cpu_ns.get(from..whole)).flatten().sum();
    let rows = record.intervals.get(from..whole).unwrap_or_default();
    let accepted: u64 = rows.iter().map(|row| row.tally.accepted).sum();
    cpu as f64 / accepted.max(1) as f64
}
