//! Offset of another machine's monotonic clock to ours, from the quickest of many pings. Their clock was read between
//! ping and answer, so the error is half of the round trip at most.
use crate::kit::Nanos;
use crate::measure::ClockFix;

/// Pings of one machine.
#[derive(Clone, Debug, Default)]
pub(super) struct ClockFilter {
    best: Option<(u64, i64)>,
    samples_count: u32,
}

impl ClockFilter {
    /// Adds a ping sent at `sent` and answered with `theirs` at `received`.
    pub(super) fn sample(&mut self, sent: Nanos, theirs: Nanos, received: Nanos) {
        self.samples_count += 1;
        let delay = received.since(sent).0;
        if self.best.is_none_or(|(best, _)| delay < best) {
            let middle = i128::from(sent.0) + i128::from(delay / 2);
            let offset = i128::from(theirs.0) - middle;
            self.best = Some((delay, i64::try_from(offset).unwrap_or(i64::MAX)));
        }
    }
    /// Number of answers.
    pub(super) fn samples_count(&self) -> u32 {
        self.samples_count
    }
    /// Offset by the quickest answer; None: no answer yet.
    pub(super) fn fix(&self) -> Option<ClockFix> {
        let (delay, offset_ns) = self.best?;
        Some(ClockFix { offset_ns, uncertainty: Nanos(delay.div_ceil(2)) })
    }
}

/// A time of our clock on theirs.
pub(super) fn theirs(fix: &ClockFix, ours: Nanos) -> Nanos {
    let at = i128::from(ours.0) + i128::from(fix.offset_ns);
    Nanos(u64::try_from(at.max(0)).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::Rng;
    use proptest::prelude::{any, prop_assert, proptest};

    proptest! {
        #[test]
        fn the_offset_is_never_off_by_more_than_its_uncertainty(
            seed in any::<u64>(), offset in -1_000_000_000_000i64..1_000_000_000_000,
        ) {
            let mut rng = Rng::new(seed);
            let mut filter = ClockFilter::default();
            let mut now = 5_000_000_000_000u64;
            for _ in 0..50 {
                // each way takes what it takes, seldom the same
                let (there, back) = (20_000 + rng.below(400_000), 20_000 + rng.below(5_000_000));
                let theirs = (now + there).wrapping_add_signed(offset);
                filter.sample(Nanos(now), Nanos(theirs), Nanos(now + there + back));
                now += 10_000_000;
            }
            let fix = filter.fix().unwrap();
            prop_assert!(fix.offset_ns.abs_diff(offset) <= fix.uncertainty.0 + 1);
            let there = super::theirs(&fix, Nanos(now));
            prop_assert!(there.0.abs_diff(now.wrapping_add_signed(offset)) <= fix.uncertainty.0 + 1);
        }
    }
}
