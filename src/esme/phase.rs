//! Where a worker stands between its first bind and its final report.
use crate::kit::Nanos;

/// Each phase holds what exists only in it. Times are of CLOCK_MONOTONIC, offsets count from the start of the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Sessions bind; the load has no start yet.
    Binding,
    /// The load begins, or began, at `start`.
    Loading { start: Nanos },
    /// Messages that are still due at the offset `until` are not sent any more.
    Draining { start: Nanos, until: Nanos },
    /// Sessions unbind; those that have not done so at `by` are closed.
    Unbinding { start: Option<Nanos>, by: Nanos },
    /// The final report has been made.
    Finished { start: Option<Nanos> },
}

impl Phase {
    /// When the load begins or began; None: that is not known yet.
    #[inline]
    pub(super) fn start(&self) -> Option<Nanos> {
        match *self {
            Phase::Binding => None,
            Phase::Loading { start } | Phase::Draining { start, .. } => Some(start),
            Phase::Unbinding { start, .. } | Phase::Finished { start } => start,
        }
    }

    /// The offset of `now`; None: the load has not begun.
    #[inline]
    pub(super) fn offset(&self, now: Nanos) -> Option<Nanos> {
        self.start().filter(|start| now >= *start).map(|start| now.since(start))
    }

    /// Whether nothing is sent any more because the run ends.
    #[inline]
    pub(super) fn is_stopping(&self) -> bool {
        matches!(self, Phase::Unbinding { .. } | Phase::Finished { .. })
    }

    /// Whether the final report has been made.
    #[inline]
    pub(super) fn is_finished(&self) -> bool {
        matches!(self, Phase::Finished { .. })
    }

    /// Whether messages that are due at this offset are left unsent, because the drain is over.
    #[inline]
    pub(super) fn is_drained(&self, offset: Nanos) -> bool {
        matches!(self, Phase::Draining { until, .. } if offset >= *until)
    }

    /// Whether sessions that have not unbound by now are to be closed.
    pub(super) fn is_unbind_over(&self, now: Nanos) -> bool {
        matches!(self, Phase::Unbinding { by, .. } if now >= *by)
    }

    /// The load begins at `start`.
    pub(super) fn begin(&mut self, start: Nanos) {
        if *self == Phase::Binding {
            *self = Phase::Loading { start };
        }
    }

    /// The drain ends at the offset `until`.
    pub(super) fn drain(&mut self, until: Nanos) {
        if let Phase::Loading { start } | Phase::Draining { start, .. } = *self {
            *self = Phase::Draining { start, until };
        }
    }

    /// Sessions are to unbind until `by`. False: they had been told before.
    pub(super) fn unbind(&mut self, by: Nanos) -> bool {
        let first = !self.is_stopping();
        if first {
            *self = Phase::Unbinding { start: self.start(), by };
        }
        first
    }

    /// The final report is made.
    pub(super) fn finish(&mut self) {
        *self = Phase::Finished { start: self.start() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_goes_through_its_phases_and_keeps_its_start() {
        let mut phase = Phase::Binding;
        assert_eq!((phase.start(), phase.offset(Nanos(9))), (None, None));
        phase.drain(Nanos(5));
        assert_eq!(phase, Phase::Binding, "nothing is sent that could drain");
        phase.begin(Nanos(10));
        assert_eq!((phase.offset(Nanos(9)), phase.offset(Nanos(12))), (None, Some(Nanos(2))));
        assert!(!phase.is_drained(Nanos::MAX));
        phase.drain(Nanos(5));
        assert!(!phase.is_drained(Nanos(4)) && phase.is_drained(Nanos(5)));
        assert!(phase.unbind(Nanos(30)) && !phase.unbind(Nanos(40)));
        assert!(phase.is_stopping() && !phase.is_unbind_over(Nanos(29)));
        assert!(phase.is_unbind_over(Nanos(30)) && !phase.is_finished());
        phase.finish();
        assert!(phase.is_stopping() && phase.is_finished());
        assert_eq!(phase.start(), Some(Nanos(10)));
    }

    #[test]
    fn a_run_that_never_began_can_be_stopped() {
        let mut phase = Phase::Binding;
        assert!(phase.unbind(Nanos(3)));
        phase.begin(Nanos(1));
        assert_eq!(phase, Phase::Unbinding { start: None, by: Nanos(3) });
    }
}
