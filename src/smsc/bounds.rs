//! Limits on what ESMEs can make the simulator keep. What one session may have shrinks as sessions become
//! many, so that the total stays bounded too. Knows no PDU.
use crate::kit::Nanos;
use std::collections::BTreeSet;

/// Longest PDU that a session may send before it is bound: room for any bind. Half a PDU is kept until the
/// rest arrives, so this bounds what a connection that never binds costs.
pub(super) const UNBOUND_PDU_OCTETS_MAX: usize = 1024;
/// Connections that are not bound yet; one more closes the oldest of them.
const UNBOUND_MAX: usize = 4096;
/// A connection that we close, but whose peer does not take what is still to be written, is reset after this.
pub(super) const CLOSE_WITHIN: Nanos = Nanos::from_secs(5);
/// An ESME has this long to answer our unbind, where `timers.response` does not say.
pub(super) const UNBIND_WITHIN: Nanos = Nanos::from_secs(30);
/// Answers to submit_sm that are not due yet, over all sessions; beyond: ESME_RMSGQFUL.
pub(super) const REPLIES_MAX: u64 = 1_000_000;

/// Unwritten octets, over all sessions.
const OUT_OCTETS: usize = 64 * 1024 * 1024;
/// Unacknowledged deliver_sm, over all sessions.
const DELIVERIES: usize = 500_000;

/// What one session may have at present.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    /// Unwritten octets; beyond, it is not read.
    pub(super) out_octets_max: usize,
    /// Unwritten octets of a connection that is not bound; one read that brings more ends it.
    pub(super) unbound_out_octets_max: usize,
    /// Answers that are not due yet; beyond, it is not read.
    pub(super) replies_max: usize,
    /// Unacknowledged deliver_sm.
    pub(super) deliveries_max: usize,
    /// `receipts.window`, which goes before the share above.
    stated_window: Option<usize>,
}

impl Bounds {
    pub(super) fn new(stated_window: Option<usize>) -> Bounds {
        let mut bounds = Bounds {
            out_octets_max: 0,
            unbound_out_octets_max: 0,
            replies_max: 0,
            deliveries_max: 0,
            stated_window,
        };
        bounds.share(0, 0);
        bounds
    }

    /// Divides the totals among the connections, and among the sessions that receive.
    pub(super) fn share(&mut self, connections: usize, receivers: usize) {
        let (all, receivers) = (connections.max(1), receivers.max(1));
        self.out_octets_max = (OUT_OCTETS / all).clamp(32 * 1024, 4 * 1024 * 1024);
        self.unbound_out_octets_max = (OUT_OCTETS / all).clamp(16 * 1024, 512 * 1024);
        self.replies_max = (REPLIES_MAX as usize / (all + 1)).max(1_000);
        let fair = (DELIVERIES / receivers).clamp(1_000, 10_000);
        self.deliveries_max = self.stated_window.unwrap_or(fair);
    }
}

/// Connections that are not bound, oldest first: session numbers rise.
#[derive(Clone, Debug, Default)]
pub(super) struct Unbound(BTreeSet<u32>);

impl Unbound {
    /// Adds a fresh connection. Whether there are too many now.
    pub(super) fn add(&mut self, session: u32) -> bool {
        self.0.insert(session);
        self.0.len() > UNBOUND_MAX
    }
    /// It is bound, or gone.
    pub(super) fn remove(&mut self, session: u32) {
        self.0.remove(&session);
    }
    /// Takes out the oldest.
    pub(super) fn take_oldest(&mut self) -> Option<u32> {
        self.0.pop_first()
    }
}

/// When connections are given up: a bind, an answer to our unbind, or room for our last octets is overdue.
/// One deadline a session.
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
    /// The first one; MAX where there is none.
    #[inline]
    pub(super) fn due(&self) -> Nanos {
        self.0.first().map_or(Nanos::MAX, |(due, _)| *due)
    }
    /// The session of the first one.
    pub(super) fn first(&self) -> Option<u32> {
        self.0.first().map(|(_, session)| *session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_session_may_have_shrinks_as_they_become_many_but_a_stated_window_does_not() {
        let mut bounds = Bounds::new(None);
        assert_eq!((bounds.out_octets_max, bounds.deliveries_max), (4 << 20, 10_000));
        assert_eq!(bounds.replies_max, 500_000);
        for many in [1_usize, 10, 100, 1_000, 10_000] {
            bounds.share(many, many);
            assert!(bounds.out_octets_max * many <= OUT_OCTETS.max(many * 32 * 1024));
            assert!(bounds.deliveries_max * many <= DELIVERIES.max(many * 1_000));
            assert!(bounds.replies_max >= 1_000);
        }
        let mut stated = Bounds::new(Some(3));
        stated.share(10_000, 10_000);
        assert_eq!(stated.deliveries_max, 3);
    }

    #[test]
    fn a_deadline_that_is_moved_is_not_heard_twice() {
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
