//! Rare events of the simulator for whoever watches it: binds, refusals, ends of sessions, faults. Never one for each
//! message, and no address or text.
use crate::plan::behaviour::FaultKind;
use crate::session::Role;
use crate::smpp::CommandStatus;
use std::collections::VecDeque;
use std::fmt::{self, Display, Formatter};

/// How a bound session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// The ESME sent unbind.
    UnboundByEsme,
    /// The simulator sent unbind, and the ESME answered or closed.
    UnboundBySmsc,
    /// The simulator closed the connection: a fault, a timer, a limit, or a stream without framing.
    ClosedBySmsc,
    /// The connection ended without an unbind.
    Dropped,
}

/// What a fault was done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultReach {
    /// This many bound sessions; 0: it found none.
    Sessions(usize),
    /// The next bind.
    NextBind,
    /// All binds from now on.
    AllBinds,
    /// The next connection.
    NextConnection,
    /// All connections from now on.
    AllConnections,
}

/// Something rare that the simulator did or saw. Displayed in one line; a system_id is quoted and escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SmscEvent {
    /// A bind was accepted.
    Bound {
        /// Number of the connection.
        session: u32,
        /// The system_id of the bind.
        system_id: String,
        /// Role of the session.
        role: Role,
    },
    /// A bind was refused.
    BindRefused {
        /// Number of the connection.
        session: u32,
        /// The system_id of the bind. None: the bind cannot be read.
        system_id: Option<String>,
        /// The status of the answer.
        status: CommandStatus,
    },
    /// A bound session ended.
    SessionEnded {
        /// Number of the connection.
        session: u32,
        /// The system_id of its bind.
        system_id: String,
        /// How it ended.
        end: SessionEnd,
    },
    /// A fault was done at its time or by a command. Those drawn by their `share` are counted in the tally only: they
    /// can be as many as messages.
    Fault {
        /// What was done.
        kind: FaultKind,
        /// To whom.
        reach: FaultReach,
    },
    /// Number of events that were discarded because nobody took them.
    Lost(u64),
}

impl Display for SessionEnd {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SessionEnd::UnboundByEsme => "unbound by the ESME",
            SessionEnd::UnboundBySmsc => "unbound by the simulator",
            SessionEnd::ClosedBySmsc => "closed by the simulator",
            SessionEnd::Dropped => "connection lost without an unbind",
        })
    }
}

impl Display for FaultReach {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            FaultReach::Sessions(0) => f.write_str("no session to do it to"),
            FaultReach::Sessions(1) => f.write_str("1 session"),
            FaultReach::Sessions(count) => write!(f, "{count} sessions"),
            FaultReach::NextBind => f.write_str("the next bind"),
            FaultReach::AllBinds => f.write_str("all binds from now on"),
            FaultReach::NextConnection => f.write_str("the next connection"),
            FaultReach::AllConnections => f.write_str("all connections from now on"),
        }
    }
}

impl Display for SmscEvent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            SmscEvent::Bound { session, system_id, role } => {
                write!(f, "session {session}: {system_id:?} bound as {}", role.name())
            }
            SmscEvent::BindRefused { session, system_id: Some(system_id), status } => {
                write!(f, "session {session}: bind of {system_id:?} refused with {status}")
            }
            SmscEvent::BindRefused { session, system_id: None, status } => {
                write!(f, "session {session}: unreadable bind refused with {status}")
            }
            SmscEvent::SessionEnded { session, system_id, end } => {
                write!(f, "session {session}: {system_id:?} ended, {end}")
            }
            SmscEvent::Fault { kind, reach } => write!(f, "fault {}: {reach}", kind.word()),
            SmscEvent::Lost(count) => write!(f, "{count} events are not shown"),
        }
    }
}

/// A system_id as events show it.
pub(super) fn shown(system_id: &[u8]) -> String {
    String::from_utf8_lossy(system_id).into_owned()
}

/// Events that nobody has taken yet. Off by default: then it keeps nothing, and builds no event.
#[derive(Debug, Default)]
pub(super) struct EventLog {
    is_on: bool,
    events: VecDeque<SmscEvent>,
    /// Events discarded since the last one that was taken.
    lost: u64,
}

/// Maximum number of events kept; further ones are counted.
const EVENTS_MAX: usize = 1024;

impl EventLog {
    /// Keeps events from now on.
    pub(super) fn turn_on(&mut self) {
        self.is_on = true;
    }

    /// Adds an event, which is built only where the log is on.
    pub(super) fn add(&mut self, event: impl FnOnce() -> SmscEvent) {
        if !self.is_on {
            return;
        }
        if self.events.len() < EVENTS_MAX {
            self.events.push_back(event());
        } else {
            self.lost += 1;
        }
    }

    /// Takes the oldest event. None: there is none.
    pub(super) fn take(&mut self) -> Option<SmscEvent> {
        let first = self.events.pop_front();
        first.or_else(|| {
            Some(std::mem::take(&mut self.lost)).filter(|n| *n > 0).map(SmscEvent::Lost)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_that_nobody_takes_are_counted_and_not_kept() {
        let mut log = EventLog::default();
        let event = || SmscEvent::Fault { kind: FaultKind::Close, reach: FaultReach::Sessions(0) };
        log.add(|| panic!("an event is built where the log is off"));
        log.turn_on();
        (0..EVENTS_MAX + 5).for_each(|_| log.add(event));
        let taken: Vec<SmscEvent> = std::iter::from_fn(|| log.take()).collect();
        assert_eq!(taken.len(), EVENTS_MAX + 1);
        assert_eq!(taken[0].to_string(), "fault close: no session to do it to");
        assert_eq!(taken.last(), Some(&SmscEvent::Lost(5)));
    }

    #[test]
    fn a_system_id_cannot_forge_a_line_or_steer_a_terminal() {
        let system_id = shown(b"a\n\x1b[2J\"\xff");
        let line = SmscEvent::Bound { session: 3, system_id, role: Role::Receiver }.to_string();
        assert_eq!(line, "session 3: \"a\\n\\u{1b}[2J\\\"\u{fffd}\" bound as receiver");
    }
}
