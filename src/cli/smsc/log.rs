//! What the simulator prints while it runs: events, totals, and answers to commands.
use crate::cli::exit::{put, say};
use crate::smsc::Tally;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use std::{io, mem};

/// Number of lines that wait for the reader of a stream. Further ones are discarded.
const LINES_MAX: usize = 4096;
/// How long the last lines are waited for.
const FLUSH_WITHIN: Duration = Duration::from_secs(1);
const FLUSH_CHECK_EVERY: Duration = Duration::from_millis(1);

/// Prints to a stream on a thread of its own: a terminal that is held, or a pipe that nobody reads, does not hold the
/// simulator.
#[derive(Debug)]
pub(super) struct Printer {
    lines: SyncSender<String>,
    thread: JoinHandle<()>,
}

impl Printer {
    /// A printer to stderr.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub(super) fn to_stderr() -> io::Result<Printer> {
        Printer::start("log", say)
    }

    /// A printer to stdout. An output that takes nothing is told with the last tally.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub(super) fn to_stdout() -> io::Result<Printer> {
        Printer::start("results", |line| drop(put(&format!("{line}\n"))))
    }

    fn start(name: &str, print: impl Fn(&str) + Send + 'static) -> io::Result<Printer> {
        let (lines, received) = sync_channel::<String>(LINES_MAX);
        let print_all = move || received.iter().for_each(|line| print(&line));
        let thread = Builder::new().name(name.to_owned()).spawn(print_all)?;
        Ok(Printer { lines, thread })
    }

    /// Prints a line, later. False: too many wait, and it is discarded.
    pub(super) fn print(&self, line: String) -> bool {
        self.lines.try_send(line).is_ok()
    }

    /// Waits until all lines are printed, for a second at most.
    pub(super) fn finish(self) {
        drop(self.lines);
        for _ in 0..FLUSH_WITHIN.as_millis() / FLUSH_CHECK_EVERY.as_millis() {
            if self.thread.is_finished() {
                return;
            }
            std::thread::sleep(FLUSH_CHECK_EVERY);
        }
    }
}

/// What is told of a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    submits: u64,
    accepted: u64,
    refused: u64,
    receipts: u64,
    mo: u64,
    faults: u64,
}

impl Counts {
    fn of(tally: &Tally) -> Counts {
        let Tally { submits, receipts, mo, faults, .. } = tally;
        Counts {
            submits: submits.received,
            accepted: submits.accepted,
            refused: submits.refused.total(),
            receipts: receipts.by_state.total()
                + receipts.duplicated
                + receipts.retried
                + receipts.intermediate
                + receipts.by_command,
            mo: mo.sent + mo.retried,
            faults: faults.total(),
        }
    }
}

/// The totals a second.
#[derive(Debug, Default)]
pub(super) struct Totals(Counts);

impl Totals {
    /// What was counted since the last call, in one line. None: nothing was.
    pub(super) fn line(&mut self, tally: &Tally) -> Option<String> {
        let now = Counts::of(tally);
        let last = mem::replace(&mut self.0, now);
        if now == last {
            return None;
        }
        let mut line = format!(
            "submit_sm {} (accepted {}, refused {}), receipts {}, MO {}",
            now.submits - last.submits,
            now.accepted - last.accepted,
            now.refused - last.refused,
            now.receipts - last.receipts,
            now.mo - last.mo
        );
        if now.faults > last.faults {
            line.push_str(&format!(", faults {}", now.faults - last.faults));
        }
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::behaviour::FaultKind;
    use crate::smpp::CommandStatus;

    #[test]
    fn a_stream_that_takes_nothing_holds_nobody_and_keeps_a_bounded_number_of_lines() {
        let (go, gate) = std::sync::mpsc::channel::<()>();
        let (printed, lines) = std::sync::mpsc::channel();
        let printer = Printer::start("test", move |line| {
            gate.recv().ok();
            printed.send(line.to_owned()).unwrap();
        });
        let printer = printer.unwrap();
        let taken = (0..3 * LINES_MAX).filter(|n| printer.print(n.to_string())).count();
        assert!((LINES_MAX..=LINES_MAX + 1).contains(&taken), "{taken}");
        drop(go);
        printer.finish();
        assert_eq!(lines.try_iter().count(), taken);
    }

    #[test]
    fn totals_are_those_of_the_time_since_the_last_line() {
        let (mut totals, mut tally) = (Totals::default(), Tally::default());
        assert_eq!(totals.line(&tally), None);
        (tally.submits.received, tally.submits.accepted) = (7, 5);
        tally.submits.refused.add(CommandStatus::ESME_RTHROTTLED);
        tally.submits.refused.add(CommandStatus::ESME_RSYSERR);
        tally.receipts.by_state.add(2);
        (tally.receipts.retried, tally.receipts.by_command) = (1, 1);
        tally.mo.sent = 4;
        let first = "submit_sm 7 (accepted 5, refused 2), receipts 3, MO 4";
        assert_eq!(totals.line(&tally).as_deref(), Some(first));
        assert_eq!(totals.line(&tally), None);
        tally.faults.add(FaultKind::GenericNack);
        let second = "submit_sm 0 (accepted 0, refused 0), receipts 0, MO 0, faults 1";
        assert_eq!(totals.line(&tally).as_deref(), Some(second));
    }
}
