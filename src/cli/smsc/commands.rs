//! Commands on standard input, one a line.
use crate::smsc::{Command, CommandError, CommandOutcome};
use nix::sys::signal::{SigSet, Signal};
use std::io::{self, BufRead, Read};
use std::time::Duration;
use tokio::sync::mpsc;

/// Maximum length of a line, in octets. It is above any text that an MO may have.
const LINE_OCTETS_MAX: u64 = 256 << 10;
/// Number of lines that are read ahead.
const LINES_AHEAD: usize = 16;
/// Time until a terminal is read again that is in the foreground of another process.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Printed by `help`.
const HELP: [&str; 6] = [
    "mo FROM TO TEXT        send a mobile-originated message to a session that receives, in turn",
    "receipt ID STATE       send a final receipt for a message id; STATE as DELIVRD, UNDELIV, EXPIRED",
    "fault KIND one|all     do a fault to one session or all; KIND as close, reset, unbind, garbage",
    "tally                  print the tally as one JSON line on standard output",
    "help                   print these lines",
    "quit                   end the simulator, as SIGINT does: its sessions are unbound, its tally printed",
];

/// A line of standard input, understood.
#[derive(Debug)]
pub(super) enum Line {
    /// Nothing is on it.
    Empty,
    /// For the simulator.
    Command(Command),
    Tally,
    Help,
    /// The simulator ends.
    Quit,
    /// Not a command: what was read, and a remedy. No address and no text is in it.
    Mistake(String),
}

/// The lines of `help`.
pub(super) fn help() -> impl Iterator<Item = String> {
    HELP.iter().map(|line| (*line).to_owned())
}

impl Line {
    /// Reads a line.
    pub(super) fn parse(line: &str) -> Line {
        let line = line.trim_start().trim_end_matches(['\r', '\n']);
        let (verb, rest) = word(line);
        let made = match verb {
            "" => return Line::Empty,
            "tally" if rest.is_empty() => return Line::Tally,
            "help" if rest.is_empty() => return Line::Help,
            "quit" | "exit" if rest.is_empty() => return Line::Quit,
            "mo" => {
                let (from, rest) = word(rest);
                let (to, text) = word(rest);
                if text.is_empty() {
                    let count = rest.split_whitespace().count() + usize::from(!from.is_empty());
                    return mistake(verb, count, "mo FROM TO TEXT");
                }
                Command::mo(from, to, text)
            }
            "receipt" => match words(rest)[..] {
                [id, state] => Command::receipt(id, state),
                ref other => return mistake(verb, other.len(), "receipt ID STATE"),
            },
            "fault" => match words(rest)[..] {
                [kind, sessions] => Command::fault(kind, sessions),
                ref other => return mistake(verb, other.len(), "fault KIND one|all"),
            },
            "tally" | "help" | "quit" | "exit" => return mistake(verb, words(rest).len(), verb),
            other => {
                let shown: String = other.chars().take(40).collect();
                let known =
                    "mo FROM TO TEXT, receipt ID STATE, fault KIND one|all, tally, help, or quit";
                return Line::Mistake(format!("{shown:?} is not a command; write {known}"));
            }
        };
        made.map_or_else(|e: CommandError| Line::Mistake(format!("{verb}: {e}")), Line::Command)
    }
}

/// The first word of a text, and what follows the white space after it.
fn word(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

fn mistake(verb: &str, count: usize, wanted: &str) -> Line {
    let words = if count == 1 { "word" } else { "words" };
    Line::Mistake(format!("{verb} with {count} {words} after it is not valid; write {wanted}"))
}

/// What is told of a command that was done.
pub(super) fn told(verb: &str, outcome: &CommandOutcome) -> String {
    match outcome {
        CommandOutcome::Sent { session, system_id } => {
            format!("{verb}: sent to session {session} of {system_id:?}")
        }
        CommandOutcome::NoReceiver => format!(
            "{verb}: not sent, no session can receive it now; bind as receiver or transceiver, \
             and answer deliver_sm"
        ),
        CommandOutcome::Fault(reach) => format!("{verb}: {reach}"),
    }
}

/// Reads standard input on a thread of its own, which ends with it or with the process.
///
/// # Errors
/// The thread cannot be started.
pub(super) fn lines() -> io::Result<mpsc::Receiver<String>> {
    let (lines, received) = mpsc::channel(LINES_AHEAD);
    std::thread::Builder::new().name("commands".to_owned()).spawn(move || {
        // in the background of a shell, a read from its terminal would stop the process; so it fails (EIO)
        let mut stops = SigSet::empty();
        stops.add(Signal::SIGTTIN);
        let may_retry = stops.thread_block().is_ok();
        while let Err(e) = read_lines(&mut io::stdin().lock(), &lines) {
            if !may_retry || e.raw_os_error() != Some(nix::libc::EIO) {
                return;
            }
            std::thread::sleep(RETRY_AFTER);
        }
    })?;
    Ok(received)
}

/// Hands on line after line until the input ends or nobody takes them. What is beyond the maximum length of a line is
/// read as further lines.
fn read_lines(input: &mut impl BufRead, lines: &mpsc::Sender<String>) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let octets = input.by_ref().take(LINE_OCTETS_MAX).read_until(b'\n', &mut line)?;
        let text = String::from_utf8_lossy(&line).into_owned();
        if octets == 0 || lines.blocking_send(text).is_err() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake_in(line: &str) -> String {
        match Line::parse(line) {
            Line::Mistake(told) => told,
            other => panic!("{line:?}: {other:?}"),
        }
    }

    #[test]
    fn every_command_is_read_with_any_white_space() {
        for line in [
            "mo 447700900001 60601 hello  world\n",
            "  mo\t+447700900001   60601 x\r\n",
            "receipt 1000000007 DELIVRD",
            "receipt 0aff-01 undeliv \n",
            "fault close one",
            "fault half_close all\n",
        ] {
            assert!(matches!(Line::parse(line), Line::Command(_)), "{line:?}");
        }
        assert!(matches!(Line::parse("tally\n"), Line::Tally));
        assert!(matches!(Line::parse("help"), Line::Help));
        assert!(matches!(Line::parse(" quit\n"), Line::Quit));
        assert!(matches!(Line::parse("exit\r\n"), Line::Quit));
        assert!(matches!(Line::parse(" \r\n"), Line::Empty));
    }

    #[test]
    fn what_means_nothing_is_told_with_what_was_read_and_a_remedy() {
        for (line, read, remedy) in [
            ("stop", "\"stop\" is not a command", "write mo FROM TO TEXT, receipt ID STATE, fault"),
            ("mo 1 2", "mo with 2 words after it", "write mo FROM TO TEXT"),
            ("mo", "mo with 0 words after it", "write mo FROM TO TEXT"),
            ("receipt 12", "receipt with 1 word after it", "write receipt ID STATE"),
            ("receipt 12 SOON", "receipt: \"SOON\"", "write one of DELIVRD"),
            ("fault close", "fault with 1 word after it", "write fault KIND one|all"),
            ("fault fire all", "fault: \"fire\"", "write one of unbind, close"),
            ("fault close 3", "fault: \"3\"", "write one or all"),
            ("quit now", "quit with 1 word after it", "write quit"),
            ("tally now", "tally with 1 word after it", "write tally"),
        ] {
            let told = mistake_in(line);
            assert!(told.contains(read) && told.contains(remedy), "{line:?}: {told}");
            assert!(!told.contains('\n'));
        }
        let secret = mistake_in("mo 447700900001 60601");
        assert!(!secret.contains("4477") && !secret.contains("60601"), "{secret}");
        assert!(mistake_in(&"x".repeat(100_000)).len() < 200);
    }

    #[test]
    fn lines_are_read_to_the_end_whatever_their_length_and_octets() {
        let mut input = vec![b'x'; LINE_OCTETS_MAX as usize + 1];
        input.extend_from_slice(b"\nhelp\n\xff\xfe\nlast");
        let (lines, mut received) = mpsc::channel(16);
        read_lines(&mut &input[..], &lines).unwrap();
        drop(lines);
        let all: Vec<String> = std::iter::from_fn(|| received.blocking_recv()).collect();
        assert_eq!(all.len(), 5);
        assert_eq!(all[1..], ["x\n", "help\n", "\u{fffd}\u{fffd}\n", "last"]);
    }
}
