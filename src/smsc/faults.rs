//! When the simulator misbehaves (`faults`): at a time after the first bind, again and again, or with a probability.
//! How each fault is done is in `inject`.
use crate::kit::{Nanos, Rng};
use crate::plan::behaviour::{Fault, FaultKind};

/// What a fault happens at: where it has a probability, it is drawn there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultTrigger {
    /// An accepted connection.
    Connection,
    /// A received bind.
    Bind,
    /// A received enquire_link.
    EnquireLink,
    /// A received submit_sm.
    Submit,
}

impl FaultTrigger {
    pub(super) fn of(kind: FaultKind) -> FaultTrigger {
        match kind {
            FaultKind::AcceptThenDrop => FaultTrigger::Connection,
            FaultKind::BindRefuse => FaultTrigger::Bind,
            FaultKind::NoEnquireAnswer => FaultTrigger::EnquireLink,
            FaultKind::Unbind
            | FaultKind::Close
            | FaultKind::Reset
            | FaultKind::HalfClose
            | FaultKind::Garbage
            | FaultKind::Truncated
            | FaultKind::OversizeTlv
            | FaultKind::GenericNack
            | FaultKind::SlowReader => FaultTrigger::Submit,
        }
    }
}

/// A fault and when it happens next; MAX: never, or by probability only.
#[derive(Clone, Debug)]
struct ScheduledFault {
    fault: Fault,
    next: Nanos,
}

/// All faults of a behaviour.
#[derive(Clone, Debug)]
pub(super) struct Faults {
    list: Vec<ScheduledFault>,
    /// Whether any fault is drawn at submit_sm: the hot path checks nothing else.
    any_at_submits: bool,
    /// When the next timed fault happens; MAX: never.
    due: Nanos,
    /// Number of the next binds that timed faults refuse; MAX: all.
    binds_to_refuse: u64,
    /// Number of the next connections that timed faults drop; MAX: all.
    connections_to_drop: u64,
}

/// Uses up one of `count`, unless it stands for all. False: the count is 0.
fn take_one(count: &mut u64) -> bool {
    let is_some = *count > 0;
    if is_some && *count != u64::MAX {
        *count -= 1;
    }
    is_some
}

impl Faults {
    pub(super) fn new(faults: &[Fault]) -> Faults {
        let untimed = |fault: &Fault| fault.at.is_none() && fault.every.is_none();
        let list: Vec<ScheduledFault> = faults
            .iter()
            .map(|fault| {
                let mut fault = fault.clone();
                // without a time or a probability a fault happens each time
                if untimed(&fault) && fault.share.is_none() {
                    fault.share = Some(1.0);
                }
                ScheduledFault { fault, next: Nanos::MAX }
            })
            .collect();
        let any_at_submits = list.iter().any(|scheduled| {
            scheduled.fault.share.is_some()
                && FaultTrigger::of(scheduled.fault.kind) == FaultTrigger::Submit
        });
        let (due, binds_to_refuse, connections_to_drop) = (Nanos::MAX, 0, 0);
        Faults { list, any_at_submits, due, binds_to_refuse, connections_to_drop }
    }

    /// Starts the timed faults at the first bind.
    pub(super) fn start(&mut self, now: Nanos) {
        for ScheduledFault { fault, next } in &mut self.list {
            if let Some(first) = fault.at.or(fault.every) {
                *next = now.after(first);
            }
        }
        self.set_due();
    }

    fn set_due(&mut self) {
        self.due = self.list.iter().map(|scheduled| scheduled.next).min().unwrap_or(Nanos::MAX);
    }

    /// When the next timed fault is due; MAX: never.
    #[inline]
    pub(super) fn due(&self) -> Nanos {
        self.due
    }

    /// Whether any fault is drawn at submit_sm.
    #[inline]
    pub(super) fn any_at_submits(&self) -> bool {
        self.any_at_submits
    }

    /// Takes a timed fault that is due, and whether it applies to all sessions.
    pub(super) fn pop(&mut self, now: Nanos) -> Option<(FaultKind, bool)> {
        let scheduled = self.list.iter_mut().filter(|s| s.next <= now).min_by_key(|s| s.next)?;
        scheduled.next = match scheduled.fault.every {
            Some(every) if every > Nanos::ZERO => scheduled.next.after(every),
            Some(_) | None => Nanos::MAX,
        };
        let found = (scheduled.fault.kind, scheduled.fault.all_sessions);
        self.set_due();
        Some(found)
    }

    /// Draws a fault at an event. None: no fault happens.
    pub(super) fn draw(&self, trigger: FaultTrigger, rng: &mut Rng) -> Option<FaultKind> {
        self.list
            .iter()
            .filter(|scheduled| FaultTrigger::of(scheduled.fault.kind) == trigger)
            .find(|scheduled| scheduled.fault.share.is_some_and(|share| rng.chance(share)))
            .map(|scheduled| scheduled.fault.kind)
    }

    /// Refuses one more of the next binds, or all.
    pub(super) fn refuse_binds(&mut self, all: bool) {
        self.binds_to_refuse = if all { u64::MAX } else { self.binds_to_refuse.saturating_add(1) };
    }

    /// Drops one more of the next connections, or all.
    pub(super) fn drop_connections(&mut self, all: bool) {
        self.connections_to_drop =
            if all { u64::MAX } else { self.connections_to_drop.saturating_add(1) };
    }

    /// Whether a fault refuses the bind that was received.
    pub(super) fn refuses_bind(&mut self, rng: &mut Rng) -> bool {
        self.draw(FaultTrigger::Bind, rng).is_some() || take_one(&mut self.binds_to_refuse)
    }

    /// Whether a fault drops the connection that was accepted.
    pub(super) fn drops_connection(&mut self, rng: &mut Rng) -> bool {
        self.draw(FaultTrigger::Connection, rng).is_some()
            || take_one(&mut self.connections_to_drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timed_faults_count_from_the_first_bind() {
        let fault = |at, every| Fault {
            kind: FaultKind::Close,
            at,
            every,
            share: None,
            all_sessions: false,
        };
        let s = Nanos::from_secs;
        let mut faults = Faults::new(&[fault(Some(s(3)), None), fault(None, Some(s(5)))]);
        assert_eq!((faults.due(), faults.any_at_submits()), (Nanos::MAX, false));
        faults.start(s(10));
        let mut times = Vec::new();
        for now in 10..=25 {
            while faults.pop(s(now)).is_some() {
                times.push(now);
            }
        }
        assert_eq!(times, [13, 15, 20, 25]);
    }

    #[test]
    fn timed_faults_refuse_as_many_binds_as_were_added_or_all() {
        let (mut faults, mut rng) = (Faults::new(&[]), Rng::new(1));
        assert!(!faults.refuses_bind(&mut rng) && !faults.drops_connection(&mut rng));
        faults.refuse_binds(false);
        faults.refuse_binds(false);
        assert!(faults.refuses_bind(&mut rng) && faults.refuses_bind(&mut rng));
        assert!(!faults.refuses_bind(&mut rng));
        faults.drop_connections(true);
        assert!((0..100).all(|_| faults.drops_connection(&mut rng)));
    }
}
