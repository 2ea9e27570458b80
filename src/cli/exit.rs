//! How a command ends: the exit codes of docs/reference/exit-codes.md, one row each, and the one error of the command
//! line, which names its code. Messages go to stderr; stdout is the result.
use super::folder::FolderError;
use super::load::LoadError;
use crate::coordinator::{self, RunError};
use crate::judge::compare::CompareError;
use crate::kit::words;
use crate::plan::PlanError;
use std::collections::HashMap;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Exit {
    /// Done, and gates passed.
    Done = 0,
    /// Internal or I/O error; also a ledger that does not balance.
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

/// What each exit code means.
pub(super) const MEANINGS: [(Exit, &str); 8] = [
    (Exit::Done, "done, and the gates passed"),
    (Exit::Internal, "an internal or I/O error; a ledger that does not balance is one"),
    (Exit::Usage, "a usage or profile error, or refused by the guard"),
    (Exit::CannotBind, "could not connect or bind"),
    (
        Exit::NotTrustworthy,
        "not trustworthy: a gate could not be decided, or --strict was given and the verdict is inconclusive",
    ),
    (Exit::GateFailed, "a gate failed"),
    (
        Exit::EndedEarly,
        "ended early: every bind was lost, foreign traffic came, or an agent was lost",
    ),
    (Exit::Interrupted, "interrupted by SIGINT or SIGTERM; what was measured is still reported"),
];

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Why a verb has no result, or not all of it. Each has its exit code; its text is printed on stderr.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// A fault that a verb finds, with its code.
    #[error("{1}")]
    Of(Exit, String),
    /// All that is wrong with a profile and the flags over it, a line each.
    #[error("{}", .0.join("\n"))]
    Mistakes(Vec<String>),
    /// A profile, or a flag over it.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A saved run or a baseline.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Runs that cannot be compared.
    #[error(transparent)]
    Compare(#[from] CompareError),
    /// A folder or a file to write.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Standard output takes nothing.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
    /// A run that did not begin, or was stopped at once.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl Failure {
    /// Arguments or a profile that are not valid, or that the guard refuses.
    pub(super) fn usage(why: impl Display) -> Failure {
        Failure::Of(Exit::Usage, why.to_string())
    }

    /// A fault of this tool or of the machine.
    pub(super) fn internal(why: impl Display) -> Failure {
        Failure::Of(Exit::Internal, why.to_string())
    }

    /// The code that the command ends with.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Failure::Of(exit, _) => *exit,
            Failure::Mistakes(_) | Failure::Plan(_) | Failure::Load(_) | Failure::Compare(_) => {
                Exit::Usage
            }
            Failure::Folder(_) | Failure::Output(_) => Exit::Internal,
            Failure::Run(e) => match e {
                RunError::Plan(_) | RunError::Refused(_) => Exit::Usage,
                RunError::CannotBind(_) | RunError::Fleet(_) | RunError::Upstream(_) => {
                    Exit::CannotBind
                }
                RunError::Io(_) | RunError::Worker(_) => Exit::Internal,
                RunError::Interrupted(_) | RunError::Killed => Exit::Interrupted,
            },
        }
    }

    /// Prints why on stderr, and returns the exit code.
    pub(super) fn print(&self) -> Exit {
        const LINES_MAX: usize = 5;
        if let Failure::Mistakes(mistakes) = self {
            mistakes.iter().for_each(talk);
            if mistakes.len() > 1 {
                talk(words::counted(mistakes.len() as u64, "error"));
            }
            return self.exit();
        }
        let lines = match self {
            Failure::Run(RunError::CannotBind(unbound)) => causes(unbound),
            Failure::Run(e) => e.to_string().lines().map(str::to_owned).collect(),
            other => vec![other.to_string()],
        };
        for line in lines.iter().take(LINES_MAX) {
            talk(line);
        }
        if lines.len() > LINES_MAX {
            talk(format!("… and {} more causes", lines.len() - LINES_MAX));
        }
        self.exit()
    }
}

/// A line for each cause, with its number of sessions: thousands may fail for the same reason.
fn causes(unbound: &coordinator::Failure) -> Vec<String> {
    // each cause with its first session, and the number of sessions
    let mut causes = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for failure in &unbound.sessions {
        let place = *places.entry(&failure.why).or_insert(causes.len());
        match causes.get_mut(place) {
            None => causes.push((failure, 1)),
            Some((_, count)) => *count += 1,
        }
    }
    let sessions = unbound.bound + unbound.sessions.len() as u64;
    let lines = causes.into_iter().map(|(failure, count)| match count {
        1 => failure.to_string(),
        all if all == sessions => format!("all {all} sessions: {}", failure.why),
        some => format!("{some} of {sessions} sessions: {}", failure.why),
    });
    lines.collect()
}

/// Prints a line on stderr; stdout is the result. A stderr that cannot be written to does not end a run.
pub(super) fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Prints a line on stderr, with the program's name.
pub(super) fn talk(line: impl Display) {
    say(&format!("smppbench: {line}"));
}

/// Prints a warning on stderr.
pub(super) fn warn(line: impl Display) {
    say(&format!("smppbench: warning: {line}"));
}

/// Prints the result on stdout.
///
/// # Errors
/// As [`put_octets`].
pub(super) fn put(text: &str) -> Result<(), Failure> {
    put_octets(text.as_bytes())
}

/// Writes octets of the result to stdout. A reader that has closed its pipe is not an error; a full disk is.
///
/// # Errors
/// [`Failure::Output`].
pub(super) fn put_octets(octets: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    written(stdout.write_all(octets).and_then(|()| stdout.flush()))
}

/// The result of a write to stdout, for code that writes there itself: a closed pipe is not an error.
///
/// # Errors
/// [`Failure::Output`].
pub(super) fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(Failure::Output(e)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Prints the text that is the result of a verb, and ends it.
///
/// # Errors
/// As [`put_octets`].
pub(super) fn print(text: &str) -> Result<Exit, Failure> {
    put(text).map(|()| Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::esme::{BindFailure, BindFault};

    fn unbound(bound: u64, whys: &[&str]) -> coordinator::Failure {
        let failure = |(session, why): (u32, &&str)| BindFailure {
            session,
            fault: BindFault::Silent,
            why: (*why).to_owned(),
        };
        let sessions = (0..).zip(whys).map(failure).collect();
        coordinator::Failure { sessions, bound, place: None }
    }

    #[test]
    fn sessions_that_fail_alike_share_one_line() {
        let told = |bound, whys: &[&str]| causes(&unbound(bound, whys));
        assert_eq!(told(0, &["refused"; 2]), ["all 2 sessions: refused"]);
        assert_eq!(told(8, &["refused"; 2]), ["2 of 10 sessions: refused"]);
        let mixed = ["session 0: refused", "session 1: closed"];
        assert_eq!(told(2, &["refused", "closed"]), mixed);
        let mixed = ["2 of 3 sessions: refused", "session 1: closed"];
        assert_eq!(told(0, &["refused", "closed", "refused"]), mixed);
        assert_eq!(told(8, &["refused"]), ["session 0: refused"]);
    }

    #[test]
    fn every_failure_ends_with_its_documented_code() {
        let page = include_str!("../../docs/reference/exit-codes.md");
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        let documented: Vec<u8> = rows.map(|code| code.parse().unwrap()).collect();
        assert_eq!(MEANINGS.map(|row| row.0 as u8).to_vec(), documented);
        let path = std::path::PathBuf::from("x");
        let io = || io::Error::other("no");
        let all: Vec<(Failure, u8)> = vec![
            (Failure::internal("no"), 1),
            (Failure::usage("no"), 2),
            (Failure::Of(Exit::EndedEarly, "ended early: foreign_traffic".to_owned()), 6),
            (PlanError::about("rate", "no").into(), 2),
            (Failure::Mistakes(vec!["no".to_owned(); 2]), 2),
            (LoadError::Unreadable { path: path.clone(), why: io() }.into(), 2),
            (CompareError::Empty.into(), 2),
            (FolderError::Make { path, why: io() }.into(), 1),
            (Failure::Output(io()), 1),
            (RunError::Plan(PlanError::about("rate", "no")).into(), 2),
            (RunError::Refused("no".to_owned()).into(), 2),
            (RunError::CannotBind(unbound(1, &["refused"])).into(), 3),
            (RunError::Fleet("no".to_owned()).into(), 3),
            (RunError::Io(io()).into(), 1),
            (RunError::Worker("no".to_owned()).into(), 1),
            (RunError::Interrupted("before the load".to_owned()).into(), 130),
            (RunError::Killed.into(), 130),
        ];
        for (failure, code) in all {
            assert_eq!(failure.exit() as u8, code, "{failure}");
        }
    }
}
