//! The hostile suite: SMSCs, hosts and inputs that do what they must not, as a table of rows. Each row says what
//! it expects; that it ends within its bound, without a panic, with its exit code, a report and balanced books
//! and below a bound of memory is looked at in every one. `HOSTILE=words` plays only the rows whose name holds
//! the words.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]
mod against_smsc;
mod books;
mod host;
mod in_memory;
mod input;
mod input_saved;
mod line;
mod pdus;
mod peer;
mod play;
mod process;
mod row;
mod run_answers;
mod run_bind;
mod run_close;
mod run_frames;
mod run_receipts;
mod run_tls;
mod run_window;
mod tls;
mod verbs;
mod world;

use row::Row;

/// Every row against `run`.
fn against_run() -> Vec<Row> {
    [
        run_bind::rows(),
        run_close::rows(),
        run_answers::rows(),
        run_window::rows(),
        run_receipts::rows(),
        run_frames::rows(),
        run_tls::rows(),
    ]
    .concat()
}

/// Every other row: the host, the input, and the other verbs.
fn against_the_rest() -> Vec<Row> {
    [host::rows(), input::rows(), input_saved::rows(), verbs::rows()].concat()
}

#[test]
fn every_row_of_the_table_holds() {
    let wanted = std::env::var("HOSTILE").unwrap_or_default();
    let mut rows = [against_run(), against_the_rest()].concat();
    let count = rows.len();
    rows.retain(|row| row.name.contains(&wanted));
    if smppbench::kit::hangup_is_ignored() {
        println!("skipped: SIGHUP is ignored here, as nohup has it: the rows that send it");
        rows.retain(|row| !row.name.contains("SIGHUP"));
    }
    let failures = play::play(&rows);
    let of = rows.len();
    assert!(
        failures.is_empty(),
        "{} of {of} rows fail ({count} in all):\n\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn no_two_rows_share_a_name() {
    let mut names: Vec<String> =
        [against_run(), against_the_rest()].concat().into_iter().map(|row| row.name).collect();
    names.sort();
    for pair in names.windows(2) {
        assert_ne!(pair[0], pair[1]);
    }
}
