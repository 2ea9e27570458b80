//! An ESME against `smppbench smsc`, one row each. After each row the simulator serves a well-behaved session, its
//! memory has stayed below the row's bound, and its tally balances and says what the row says.
mod esme;
mod rows;
mod simulator;

use rows::{ROWS, Row};
use simulator::Simulator;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Rows that play at once. Most of them wait.
const THREADS: usize = 6;
/// A row that takes longer has hung somewhere.
const ROW_WITHIN: Duration = Duration::from_secs(30);

fn play(row: &Row) -> Result<(), String> {
    let begun = Instant::now();
    let simulator = Simulator::start(row.behaviour, row.files_max);
    (row.play)(&simulator);
    simulator.serves()?;
    let memory = simulator.memory_mib();
    let tally = simulator.end()?;
    if memory > row.memory_mib {
        return Err(format!("{memory} MiB, above {}", row.memory_mib));
    }
    if !(row.holds)(&tally) {
        return Err(format!("the tally says otherwise: {tally}"));
    }
    let took = begun.elapsed();
    if took > ROW_WITHIN { Err(format!("it took {took:?}")) } else { Ok(()) }
}

#[test]
fn whatever_an_esme_does_the_simulator_stays_small_serves_others_and_counts_right() {
    // thousands of connections need as many descriptors
    let limit = nix::sys::resource::Resource::RLIMIT_NOFILE;
    let (_, hard) = nix::sys::resource::getrlimit(limit).unwrap();
    nix::sys::resource::setrlimit(limit, hard, hard).unwrap();
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(row) = ROWS.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let played = std::panic::catch_unwind(|| play(row));
                    let said = match played {
                        Ok(Ok(())) => continue,
                        Ok(Err(said)) => said,
                        Err(_) => "the row itself panicked".to_owned(),
                    };
                    failures.lock().unwrap().push(format!("{}: {said}", row.name));
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), ROWS.len(), failures.join("\n"));
}
