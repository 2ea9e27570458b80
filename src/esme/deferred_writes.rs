//! The connections of a worker's sessions, so that what the pacer has stamped is written at once and does not
//! wait for each session's own task to be polled; and writes that are deferred so that several go together.
use crate::kit::Clock;
use crate::net::{ConnAction, Endpoint, SharedTcpStream, wrote};
use std::cell::RefCell;

/// The connections, by session.
#[derive(Debug)]
pub(super) struct DirectWrites {
    /// None: not connected, or over TLS, which its own task writes.
    streams: Vec<RefCell<Option<SharedTcpStream>>>,
    /// Sessions whose last read left octets that wait to be written.
    deferred_writes: RefCell<Vec<u32>>,
    /// Most writes to defer; below 2, none is deferred.
    deferred_max: usize,
}

/// One session in this many may wait: the SMSC must not run out of work while they do.
const SESSIONS_PER_DEFERRED: usize = 16;
/// Most writes to defer, however many sessions there are.
const DEFERRED_MAX: usize = 64;

impl DirectWrites {
    pub(super) fn new(sessions: usize) -> DirectWrites {
        DirectWrites {
            streams: (0..sessions).map(|_| RefCell::new(None)).collect(),
            deferred_writes: RefCell::new(Vec::new()),
            deferred_max: (sessions / SESSIONS_PER_DEFERRED).min(DEFERRED_MAX),
        }
    }

    /// Sets the connection of a session that may be written to at once; None: there is none any more.
    pub(super) fn set(&self, session: u32, stream: Option<SharedTcpStream>) {
        *self.streams[session as usize].borrow_mut() = stream;
    }

    /// Writes what a session has to write. False: something is left to be done by its task.
    pub(super) fn write<E: Endpoint>(&self, core: &mut E, session: u32) -> bool {
        let stream = self.streams[session as usize].borrow();
        let Some(stream) = stream.as_ref().filter(|_| core.wish(session) == ConnAction::Stay)
        else {
            return false;
        };
        loop {
            if core.out(session).is_empty() {
                return true;
            }
            let stamp = Clock::now();
            match stream.write_now(core.out(session)) {
                Ok(octets) if octets > 0 => wrote(core, session, octets, stamp),
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {
                    core.blocked(session, 0, stamp);
                    return false;
                }
                // the session's own task gets the same result and handles it
                Ok(_) | Err(_) => return false,
            }
        }
    }

    /// In a closed loop what a read leaves to be written may wait for what the next reads leave: an SMSC that is
    /// faster than we are sleeps after each of our writes, and to wake it costs more than to write. Once there
    /// are enough, or no session is left to be read, all of it goes.
    pub(super) fn try_defer<E: Endpoint>(
        &self,
        core: &mut E,
        is_closed_loop: bool,
        session: u32,
    ) -> Deferral {
        let may_wait = self.deferred_max > 1
            && is_closed_loop
            && core.wish(session) == ConnAction::Stay
            && !core.out(session).is_empty()
            && self.streams[session as usize].borrow().is_some();
        if !may_wait {
            return Deferral::No;
        }
        let mut deferred = self.deferred_writes.borrow_mut();
        deferred.push(session);
        match deferred.len() {
            1 => Deferral::First,
            count if count < self.deferred_max => Deferral::Behind,
            _ => Deferral::Enough,
        }
    }

    /// Writes all that was deferred. `wake` is told of the sessions whose task has something left to do.
    pub(super) fn write_deferred<E: Endpoint>(&self, core: &mut E, mut wake: impl FnMut(u32)) {
        for session in self.deferred_writes.borrow_mut().drain(..) {
            if !self.write(core, session) {
                wake(session);
            }
        }
    }
}

/// Whether the write after a read is deferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deferral {
    /// The session's own task writes now.
    No,
    /// It is deferred, as the first one.
    First,
    /// It is deferred with others.
    Behind,
    /// As many as may be are deferred: all of them are to be written.
    Enough,
}
