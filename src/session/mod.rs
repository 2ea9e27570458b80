//! One SMPP session as a state machine without I/O, for both ends (specification v3.4, section 2.2).
//!
//! It knows its role and state, numbers its own requests, keeps the window of those in flight, probes an idle
//! connection, and reports by events what the peer did. It knows neither sockets nor clocks: `now` is an argument.
mod sequence;
mod state;
mod window;

#[cfg(test)]
mod tests;

pub use sequence::Sequence;
pub use state::{Role, Session, SessionEvent, SessionState, Timers};
pub use window::{Numbered, Window};
