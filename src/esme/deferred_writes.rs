//! The connections of a worker's sessions, so that what the pacer has stamped is written at once and does not
//! wait for each session's own task to be polled.
use super::core::Core;
use crate::kit::Clock;
use crate::net::{ConnAction, Endpoint, SharedTcpStream, wrote};
use std::cell::RefCell;

/// The connections, by session.
#[derive(Debug)]
pub(super) struct Lines {
    /// None: not connected, or over TLS, where a task must see to it.
    lines: Vec<RefCell<Option<SharedTcpStream>>>,
    /// Sessions whose last read left something that waits to be written.
    held: RefCell<Vec<u32>>,
    /// So many may wait; fewer than two: none does.
    held_max: usize,
}

/// Of so many sessions one may wait: the SMSC must not run out of work while they do.
const SESSIONS_PER_HELD: usize = 16;
/// However many sessions there are.
const HELD_MAX: usize = 64;

impl Lines {
    pub(super) fn new(sessions: usize) -> Lines {
        Lines {
            lines: (0..sessions).map(|_| RefCell::new(None)).collect(),
            held: RefCell::new(Vec::new()),
            held_max: (sessions / SESSIONS_PER_HELD).min(HELD_MAX),
        }
    }

    /// Has, or has no more, a connection that may be written to at once.
    pub(super) fn set(&self, session: u32, line: Option<SharedTcpStream>) {
        *self.lines[session as usize].borrow_mut() = line;
    }

    /// Writes what a session has to write. False: something is left to be done by its task.
    pub(super) fn write<E: Endpoint>(&self, core: &mut E, session: u32) -> bool {
        let line = self.lines[session as usize].borrow();
        let Some(line) = line.as_ref().filter(|_| core.wish(session) == ConnAction::Stay) else {
            return false;
        };
        loop {
            if core.out(session).is_empty() {
                return true;
            }
            let stamp = Clock::now();
            match line.write_now(core.out(session)) {
                Ok(octets) if octets > 0 => wrote(core, session, octets, stamp),
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {
                    core.blocked(session, 0, stamp);
                    return false;
                }
                // its task meets the same, and knows what to do
                Ok(_) | Err(_) => return false,
            }
        }
    }

    /// In a closed loop what a read leaves to be written may wait for what the next reads leave: an SMSC that is
    /// faster than we are sleeps after each of our writes, and to wake it costs more than to write. Once there
    /// are enough, or nobody is left to be read, all of it goes.
    pub(super) fn hold(&self, core: &mut Core, session: u32) -> Deferral {
        let may_wait = self.held_max > 1
            && core.is_closed_loop()
            && core.wish(session) == ConnAction::Stay
            && !core.out(session).is_empty()
            && self.lines[session as usize].borrow().is_some();
        if !may_wait {
            return Deferral::No;
        }
        let mut held = self.held.borrow_mut();
        held.push(session);
        match held.len() {
            1 => Deferral::First,
            count if count < self.held_max => Deferral::Behind,
            _ => Deferral::Enough,
        }
    }

    /// Writes all that waits. `wake` is told of the sessions whose task has something left to do.
    pub(super) fn write_held(&self, core: &mut Core, mut wake: impl FnMut(u32)) {
        for session in self.held.borrow_mut().drain(..) {
            if !self.write(core, session) {
                wake(session);
            }
        }
    }
}

/// Whether what a read left to be written waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deferral {
    /// It does not.
    No,
    /// Nothing waited before.
    First,
    /// It waits with others.
    Behind,
    /// So many wait that all of it should go.
    Enough,
}
