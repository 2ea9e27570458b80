//! A trial in memory: the whole load side against the whole simulator on a virtual clock, without a socket, a thread
//! or a sleep. The same seed gives the same nanoseconds, so a test can assert exact figures.
//!
//!     cargo run --example memory
#![allow(clippy::print_stdout, reason = "an example shows what it found")]
use smppbench::judge::{self, Outcome};
use smppbench::kit::HostUse;
use smppbench::measure::{Metric, NoObserver};
use smppbench::plan::{self, Overrides, Source};
use smppbench::trial::{Memory, Trial};
use std::error::Error;
use std::fmt::Write;

/// 5,000 messages in 10 virtual seconds against an SMSC that answers after 20 ms and loses every twentieth receipt.
const PROFILE: &str = r#"
name = "memory"
seed = 7
binds = { count = 2, window = 20 }
receipts.deadline = "2s"

[[load.stages]]
hold = 500
for = "10s"

[embedded]
response.latency = "20ms"
receipts = { delay = "300ms", lost = 0.05 }
"#;

fn main() -> Result<(), Box<dyn Error>> {
    println!("{}", run()?);
    Ok(())
}

/// Runs the plan, asserts what must hold, and says what was found.
pub(crate) fn run() -> Result<String, Box<dyn Error>> {
    let source = Source::Text { name: "memory.toml".into(), text: PROFILE.into() };
    let plan = plan::load(&source, &Overrides::default())?;
    let mut memory = Memory::default();
    let record = memory.run(&plan, &mut NoObserver)?;
    let judgement = judge::judge(&plan, &record, &HostUse::default());

    // every message is accounted for, and the simulator counted the same
    assert!(judgement.books.balanced, "{:?}", judgement.books.failures);
    let ledger = record.ledger();
    let tally = memory.tally().ok_or("a trial in memory has a tally")?;
    assert_eq!((ledger.planned, ledger.accepted), (5_000, 5_000));
    assert_eq!(ledger.receipts_missing, tally.receipts.withheld);
    assert_eq!(ledger.receipts_final + ledger.receipts_missing, 5_000);

    // the SMSC took 20 ms, and each way on the virtual network 50 µs
    let all = record.sum(|_| true);
    let p99 = all.metric(Metric::Response).quantile(0.99).ok_or("no message was answered")?;
    assert!((20_000_000..20_300_000).contains(&p99.0), "{p99:?}");
    assert_eq!(judgement.outcome, Some(Outcome::NotSustained), "receipts are missing");

    let mut found = String::new();
    writeln!(found, "accepted {}, response p99 {} µs", ledger.accepted, p99.0 / 1_000)?;
    write!(found, "receipts {}, missing {}", ledger.receipts_final, ledger.receipts_missing)?;
    Ok(found)
}
