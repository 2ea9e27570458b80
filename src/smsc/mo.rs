//! When mobile-originated messages come.
use crate::kit::{NS_PER_S, Nanos, Rate};
use crate::plan::behaviour::Mo;

/// When mobile-originated messages come: the n-th at n / rate after the first receiver bound.
#[derive(Clone, Debug)]
pub(super) struct MoSource {
    rate: Rate,
    start: Option<Nanos>,
    pub(super) count: u64,
    /// Whose turn it is among all that receive.
    pub(super) turn: usize,
}

impl MoSource {
    pub(super) fn new(mo: &Mo) -> Option<MoSource> {
        let rate = mo.rate.filter(|rate| rate.num > 0)?;
        Some(MoSource { rate, start: None, count: 0, turn: 0 })
    }

    /// A receiver bound; the first one starts it.
    pub(super) fn start(&mut self, now: Nanos) {
        self.start.get_or_insert(now);
    }

    /// When the next one comes.
    pub(super) fn due(&self) -> Nanos {
        let Some(start) = self.start else { return Nanos::MAX };
        let next = u128::from(self.count + 1) * u128::from(NS_PER_S) * u128::from(self.rate.den);
        let after = next / u128::from(self.rate.num);
        start.after(Nanos(u64::try_from(after).unwrap_or(u64::MAX)))
    }
}
