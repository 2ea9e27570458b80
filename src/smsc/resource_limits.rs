//! Limits on the memory that ESMEs can make the simulator use. The limit of one session shrinks as the number of
//! sessions grows, so that the total is bounded too. Knows no PDU.
use crate::kit::Nanos;
use std::collections::BTreeSet;

/// Longest PDU accepted before the bind, in octets; every bind is shorter. A partial PDU is kept until the rest
/// arrives, so this limits the memory of a connection that never binds.
pub(super) const UNBOUND_PDU_OCTETS_MAX: usize = 1024;
/// Maximum number of connections that are not bound; one more closes the oldest of them.
const UNBOUND_MAX: usize = 4096;
/// How long a connection that the simulator closes may take to accept its last octets before it is reset.
pub(super) const CLOSE_WITHIN: Nanos = Nanos::from_secs(5);
/// How long an ESME has to answer an unbind where `timers.response` is not set.
pub(super) const UNBIND_WITHIN: Nanos = Nanos::from_secs(30);
/// Maximum number of delayed submit_sm_resp over all sessions; beyond it the answer is ESME_RMSGQFUL.
pub(super) const REPLIES_MAX: u64 = 1_000_000;

/// Maximum of unwritten octets over all sessions.
const OUT_OCTETS: usize = 64 * 1024 * 1024;
/// Maximum number of unacknowledged deliver_sm over all sessions.
const DELIVERIES: usize = 500_000;

/// The present limits of one session.
#[derive(Clone, Debug)]
pub(super) struct SessionLimits {
    /// Unwritten octets; at this limit the session is not read.
    pub(super) out_octets_max: usize,
    /// Unwritten octets of a connection that is not bound; a read that exceeds the limit ends the connection.
    pub(super) unbound_out_octets_max: usize,
    /// Delayed answers; at this limit the session is not read.
    pub(super) replies_max: usize,
    /// Unacknowledged deliver_sm.
    pub(super) deliveries_max: usize,
    /// `receipts.window`, which overrides the computed `deliveries_max`.
    stated_window: Option<usize>,
}

impl SessionLimits {
    pub(super) fn new(stated_window: Option<usize>) -> SessionLimits {
        let mut limits = SessionLimits {
            out_octets_max: 0,
            unbound_out_octets_max: 0,
            replies_max: 0,
            deliveries_max: 0,
            stated_window,
        };
        limits.divide(0, 0);
        limits
    }

    /// Divides the totals by the number of connections, and by the number of sessions that receive.
    pub(super) fn divide(&mut self, connections: usize, receivers: usize) {
        let (all, receivers) = (connections.max(1), receivers.max(1));
        self.out_octets_max = (OUT_OCTETS / all).clamp(32 * 1024, 4 * 1024 * 1024);
        self.unbound_out_octets_max = (OUT_OCTETS / all).clamp(16 * 1024, 512 * 1024);
        self.replies_max = (REPLIES_MAX as usize / (all + 1)).max(1_000);
        let fair = (DELIVERIES / receivers).clamp(1_000, 10_000);
        self.deliveries_max = self.stated_window.unwrap_or(fair);
    }
}

/// The connections that are not bound, oldest first: session numbers only rise.
#[derive(Clone, Debug, Default)]
pub(super) struct UnboundSessions(BTreeSet<u32>);

impl UnboundSessions {
    /// Adds a new connection. True: the oldest one must be closed.
    pub(super) fn add(&mut self, session: u32) -> bool {
        self.0.insert(session);
        self.0.len() > UNBOUND_MAX
    }
    /// Removes a session that is bound or closed.
    pub(super) fn remove(&mut self, session: u32) {
        self.0.remove(&session);
    }
    /// Removes the oldest. None: all sessions are bound.
    pub(super) fn take_oldest(&mut self) -> Option<u32> {
        self.0.pop_first()
    }
}

/// When connections are closed because their bind, their unbind_resp or the write of their last octets is overdue.
/// At most one deadline a session.
#[derive(Clone, Debug, Default)]
pub(super) struct Deadlines(BTreeSet<(Nanos, u32)>);

impl Deadlines {
    /// Moves a session's deadline from `from` to `to`; MAX: none.
    pub(super) fn set(&mut self, session: u32, from: Nanos, to: Nanos) {
        if from != Nanos::MAX {
            self.0.remove(&(from, session));
        }
        if to != Nanos::MAX {
            self.0.insert((to, session));
        }
    }
    /// The earliest deadline; MAX: there is none.
    #[inline]
    pub(super) fn due(&self) -> Nanos {
        self.0.first().map_or(Nanos::MAX, |(due, _)| *due)
    }
    /// The session with the earliest deadline. None: there is no deadline.
    pub(super) fn first(&self) -> Option<u32> {
        self.0.first().map(|(_, session)| *session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_of_a_session_shrink_with_their_number_but_a_stated_window_does_not() {
        let mut limits = SessionLimits::new(None);
        assert_eq!((limits.out_octets_max, limits.deliveries_max), (4 << 20, 10_000));
        assert_eq!(limits.replies_max, 500_000);
        for many in [1_usize, 10, 100, 1_000, 10_000] {
            limits.divide(many, many);
            assert!(limits.out_octets_max * many <= OUT_OCTETS.max(many * 32 * 1024));
            assert!(limits.deliveries_max * many <= DELIVERIES.max(many * 1_000));
            assert!(limits.replies_max >= 1_000);
        }
        let mut stated = SessionLimits::new(Some(3));
        stated.divide(10_000, 10_000);
        assert_eq!(stated.deliveries_max, 3);
    }

    #[test]
    fn a_deadline_that_is_moved_does_not_come_twice() {
        let mut deadlines = Deadlines::default();
        deadlines.set(7, Nanos::MAX, Nanos(5));
        deadlines.set(8, Nanos::MAX, Nanos(6));
        deadlines.set(7, Nanos(5), Nanos(9));
        assert_eq!((deadlines.due(), deadlines.first()), (Nanos(6), Some(8)));
        deadlines.set(8, Nanos(6), Nanos::MAX);
        deadlines.set(7, Nanos(9), Nanos::MAX);
        assert_eq!(deadlines.due(), Nanos::MAX);
    }
}
