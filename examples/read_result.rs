//! Reads a saved result.json with the library: the verdict, the rate, and percentiles; also one that was not printed,
//! from the whole distribution.
//!
//!     cargo run --example read_result -- reports/evening-20261130T200000Z/result.json
#![allow(clippy::print_stdout, reason = "an example shows what it found")]
use smppbench::report::Document;
use std::error::Error;
use std::fmt::Write;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "reports/sample/result.json".to_owned());
    print!("{}", run(Path::new(&path))?);
    Ok(())
}

/// What a result says, in a few lines.
pub(crate) fn run(path: &Path) -> Result<String, Box<dyn Error>> {
    let document = Document::from_json(&std::fs::read(path)?)?;
    let mut says = format!("{} against {}\n", document.run.name, document.run.target);
    // None: a closed loop, or nothing was sent
    let outcome = document.verdict.outcome.map_or("no verdict", |outcome| outcome.name());
    writeln!(says, "verdict {outcome}, harness {}", document.verdict.harness.state.name())?;
    if let Some(Some(accepted)) = document.rate.get("accepted") {
        writeln!(says, "accepted {accepted:.0} a second")?;
    }
    for name in ["response", "service"] {
        let Some(Some(row)) = document.latency.get(name) else { continue };
        writeln!(says, "{name} p50 {}, p99 {}", percentile(row.p50), percentile(row.p99))?;
        // any other quantile is in the distribution, an HdrHistogram of nanoseconds
        let p75 = row.distribution()?.histogram().value_at_quantile(0.75);
        writeln!(says, "{name} p75 {}", percentile(Some(p75)))?;
    }
    writeln!(says, "receipts missing {}", document.ledger.receipts.missing)?;
    Ok(says)
}

/// None: too few messages lie beyond this percentile, or it falls among messages that were never answered.
fn percentile(ns: Option<u64>) -> String {
    ns.map_or("–".to_owned(), |ns| format!("{} µs", ns / 1_000))
}
