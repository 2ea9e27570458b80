//! When mobile-originated messages are sent, and through which receiver.
use crate::kit::{NS_PER_S, Nanos, Rate};
use crate::plan::behaviour::Mo;

/// The schedule of mobile-originated messages: number n is due n / rate after the first receiver bound.
#[derive(Clone, Debug)]
pub(super) struct MoSource {
    rate: Rate,
    /// When the first receiver bound. None: not yet.
    start: Option<Nanos>,
    /// Messages that have been due so far.
    count: u64,
    /// Index of the next receiver to use, among all of them.
    next_receiver: usize,
}

impl MoSource {
    /// None: no MO are configured.
    pub(super) fn new(mo: &Mo) -> Option<MoSource> {
        let rate = mo.rate.filter(|rate| rate.num > 0)?;
        Some(MoSource { rate, start: None, count: 0, next_receiver: 0 })
    }

    /// Starts the schedule, unless an earlier receiver has.
    pub(super) fn start(&mut self, now: Nanos) {
        self.start.get_or_insert(now);
    }

    /// When the next message is due; MAX: no receiver has bound yet.
    pub(super) fn due(&self) -> Nanos {
        let Some(start) = self.start else { return Nanos::MAX };
        let next = u128::from(self.count + 1) * u128::from(NS_PER_S) * u128::from(self.rate.den);
        let after = next / u128::from(self.rate.num);
        start.after(Nanos(u64::try_from(after).unwrap_or(u64::MAX)))
    }

    /// Takes the message that is due: its number and its receiver, in turn. None: there is no receiver, and the
    /// message is skipped.
    pub(super) fn next(&mut self, receivers: &[u32]) -> Option<(u64, u32)> {
        let number = self.count;
        self.count += 1;
        if receivers.is_empty() {
            return None;
        }
        let session = receivers[self.next_receiver % receivers.len()];
        self.next_receiver = (self.next_receiver + 1) % receivers.len();
        Some((number, session))
    }
}
