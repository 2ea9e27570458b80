//! The exit codes of CONTRACT.md: one row each.
use std::process::ExitCode;

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Exit {
    /// Done, and gates passed.
    Done = 0,
    /// Internal or I/O error; books that do not balance among them.
    Internal = 1,
    /// Usage or profile error, or refused by the guard.
    Usage = 2,
    /// Could not connect or bind.
    CannotBind = 3,
    /// Not trustworthy: a gate could not be decided, or `--strict` and inconclusive.
    NotTrustworthy = 4,
    /// A gate failed.
    GateFailed = 5,
    /// Ended early: every bind lost, foreign traffic, agent lost.
    EndedEarly = 6,
    /// Interrupted by SIGINT or SIGTERM.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Says one line on stderr and gives the code back.
pub(super) fn fail(exit: Exit, line: &str) -> Exit {
    say(&format!("smppbench: {line}"));
    exit
}

/// Talk goes to stderr; stdout is the result. A stderr that takes nothing is not worth a run.
pub(super) fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// The result, on stdout. A reader that has gone away (a closed pipe) is no error of ours; a full disk is.
///
/// # Errors
/// The exit code; why was said.
pub(super) fn put(text: &str) -> Result<(), Exit> {
    put_octets(text.as_bytes())
}

/// The same of octets.
///
/// # Errors
/// The exit code; why was said.
pub(super) fn put_octets(octets: &[u8]) -> Result<(), Exit> {
    use std::io::{ErrorKind, Write};
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(octets).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            Err(fail(Exit::Internal, &format!("cannot write to standard output: {e}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The code of a verb whose result is this text.
pub(super) fn print(text: &str) -> Exit {
    put(text).err().unwrap_or(Exit::Done)
}
