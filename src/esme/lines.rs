//! The connections of a worker's sessions, so that what the pacer has stamped is written at once and does not
//! wait for each session's own task to be polled.
use crate::kit::Clock;
use crate::net::{Endpoint, TcpLine, Wish, wrote};
use std::cell::RefCell;

/// The connections, by session.
#[derive(Debug)]
pub(super) struct Lines(
    /// None: not connected, or over TLS, where a task must see to it.
    Vec<RefCell<Option<TcpLine>>>,
);

impl Lines {
    pub(super) fn new(sessions: usize) -> Lines {
        Lines((0..sessions).map(|_| RefCell::new(None)).collect())
    }

    /// Has, or has no more, a connection that may be written to at once.
    pub(super) fn set(&self, session: u32, line: Option<TcpLine>) {
        *self.0[session as usize].borrow_mut() = line;
    }

    /// Writes what a session has to write. False: something is left to be done by its task.
    pub(super) fn write<E: Endpoint>(&self, core: &mut E, session: u32) -> bool {
        let line = self.0[session as usize].borrow();
        let Some(line) = line.as_ref().filter(|_| core.wish(session) == Wish::Stay) else {
            return false;
        };
        loop {
            if core.out(session).is_empty() {
                return true;
            }
            let stamp = Clock::now();
            match line.write_now(core.out(session)) {
                Ok(octets) if octets > 0 => wrote(core, session, octets, stamp),
                // its task meets the same, and knows what to do
                Ok(_) | Err(_) => return false,
            }
        }
    }
}
