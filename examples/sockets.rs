//! A run over sockets: 200 messages a second for a second against the embedded simulator, which listens on loopback.
//! With another target in the plan the same code measures a real SMSC; the guard asks for its leave first.
//!
//!     cargo run --example sockets
#![allow(clippy::print_stdout, reason = "an example shows what it found")]
use smppbench::judge::{self, Judgement};
use smppbench::kit::HostUse;
use smppbench::measure::{CutReason, Metric, Observer, Progress};
use smppbench::plan::{self, Overrides, Source};
use smppbench::trial::{Tcp, Trial};
use std::error::Error;
use std::fmt::Write;

/// Sees the run while it goes on. Returning a reason would end the load, drain, and report.
#[derive(Default)]
struct Watch {
    looks_count: u32,
}

impl Observer for Watch {
    fn progress(&mut self, progress: &Progress<'_>) -> Option<CutReason> {
        self.looks_count += 1;
        let (bound, planned) = progress.sessions;
        assert!(bound <= planned);
        None
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("{}", run()?);
    Ok(())
}

/// Runs the plan, checks its ledger against the simulator's own tally, and says what was found.
pub(crate) fn run() -> Result<String, Box<dyn Error>> {
    // the flags of the command line, over the built-in profile `bare`
    let flags = Overrides {
        rate: Some("200".into()),
        duration: Some("1s".into()),
        warmup: Some("0s".into()),
        ..Overrides::default()
    };
    let plan = plan::load(&Source::bare(), &flags)?;
    let (mut tcp, mut watch) = (Tcp::default(), Watch::default());
    let record = tcp.run(&plan, &mut watch)?;
    assert!(watch.looks_count > 0);

    let Judgement { books, outcome, health, .. } =
        judge::judge(&plan, &record, &HostUse::default());
    let tally = tcp.tally().ok_or("the embedded simulator has a tally")?;
    assert!(books.balanced, "{:?}", books.failures);
    assert_eq!(record.ledger().accepted, tally.submits.accepted);

    let mut found = format!("accepted {}", record.ledger().accepted);
    let all = record.sum(|_| true);
    if let Some(p50) = all.metric(Metric::Response).quantile(0.5) {
        write!(found, ", response p50 {} µs", p50.0 / 1_000)?;
    }
    // a machine that is too busy to measure says so: then the times are its own, and not the SMSC's
    write!(found, ", harness {}, outcome {outcome:?}", health.state.name())?;
    Ok(found)
}
