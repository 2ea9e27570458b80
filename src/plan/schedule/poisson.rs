//! Poisson arrivals: exponential gaps of mean one message, each a pure function of (seed, stage, i), in
//! fixed point and summed as integers. Mapped through a stage's integral they follow any shape. The
//! logarithm is made of basic IEEE operations only, so that every machine draws the same gaps.
use crate::kit::{mix64, stream_seed};

/// Bits after the point.
pub(super) const FRACTION_BITS: u32 = 32;
/// A sum is kept for every so many messages, so that any message is found without walking all.
const STRIDE: u64 = 1 << 16;
/// Names the stream among a run's.
const STREAM_KIND: u64 = 0x706F_6973;

/// The gaps of one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gaps {
    seed: u64,
    /// The sum of the gaps 0..=k·STRIDE.
    sums: Vec<u128>,
    count: u64,
}

impl Gaps {
    /// Walks the gaps of a stage until their sum reaches `bound` (in 2⁻³² messages).
    pub(super) fn until(bound: u128, seed: u64, stage: u64) -> Gaps {
        let seed = stream_seed(seed, STREAM_KIND, stage);
        let mut sums = Vec::new();
        let mut sum = 0u128;
        let mut count = 0u64;
        loop {
            sum += u128::from(gap(seed, count));
            if sum >= bound {
                return Gaps { seed, sums, count };
            }
            if count.is_multiple_of(STRIDE) {
                sums.push(sum);
            }
            count += 1;
        }
    }

    /// Messages in the stage.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// The gap before message `i`.
    #[inline]
    pub(super) fn gap(&self, i: u64) -> u64 {
        gap(self.seed, i)
    }

    /// Messages whose sum `holds`, which does so up to some message and for none after it.
    pub(super) fn count_while(&self, holds: impl Fn(u128) -> bool) -> u64 {
        let Some(block) = self.sums.partition_point(|sum| holds(*sum)).checked_sub(1) else {
            return 0;
        };
        let first = block as u64 * STRIDE;
        let end = self.count.min(first + STRIDE);
        let mut sum = self.sums[block];
        let mut sums = vec![sum];
        sums.extend((first + 1..end).map(|i| {
            sum += u128::from(self.gap(i));
            sum
        }));
        first + sums.partition_point(|sum| holds(*sum)) as u64
    }

    /// The sum of the gaps up to and with message `i`'s; `i` below the count.
    pub(super) fn sum(&self, i: u64) -> u128 {
        let block = i / STRIDE;
        let kept = self.sums[usize::try_from(block).expect("as many as were kept")];
        (block * STRIDE + 1..=i).fold(kept, |sum, k| sum + u128::from(self.gap(k)))
    }
}

/// An exponential of mean 1 in 2⁻³² units.
#[inline]
fn gap(seed: u64, i: u64) -> u64 {
    // 53 uniform bits, never 0: u in (0, 1]
    let u = ((mix64(seed.wrapping_add(i)) >> 11) + 1) as f64 / (1u64 << 53) as f64;
    (-ln(u) * (1u64 << FRACTION_BITS) as f64 + 0.5) as u64
}

/// The natural logarithm of a normal number above 0, to within a few units of the last place.
fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let mut exponent = ((bits >> 52) as i64 - 1023) as f64;
    let mut m = f64::from_bits(bits & ((1 << 52) - 1) | (1023 << 52));
    if m > std::f64::consts::SQRT_2 {
        m *= 0.5;
        exponent += 1.0;
    }
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let mut series = 0.0;
    let mut k = 21.0;
    while k >= 1.0 {
        series = series * z + 1.0 / k;
        k -= 2.0;
    }
    2.0 * s * series + exponent * std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_agrees_with_the_library_to_the_last_digits() {
        for i in 1..=10_000u32 {
            let x = f64::from(i) / 10_000.0;
            assert!((ln(x) - x.ln()).abs() <= 4e-15, "{x}: {} {}", ln(x), x.ln());
        }
        assert!((ln(1e-16) - 1e-16f64.ln()).abs() < 1e-13);
    }

    #[test]
    fn messages_up_to_a_sum_are_those_that_a_walk_counts() {
        let gaps = Gaps::until(200_000u128 << FRACTION_BITS, 5, 1);
        for messages in [0u128, 1, 65_535, 65_536, 65_537, 131_072, 150_000, 300_000] {
            let bound = messages << FRACTION_BITS;
            let mut sum = 0;
            let walked = (0..gaps.count()).take_while(|i| {
                sum += u128::from(gaps.gap(*i));
                sum < bound
            });
            assert_eq!(gaps.count_while(|sum| sum < bound), walked.count() as u64, "{messages}");
        }
    }

    #[test]
    fn a_sum_found_through_the_kept_ones_is_the_sum_of_all() {
        let gaps = Gaps::until(200_000u128 << FRACTION_BITS, 5, 1);
        let mut sum = 0;
        for i in 0..gaps.count() {
            sum += u128::from(gaps.gap(i));
            if i % 9_973 == 0 || i + 1 == gaps.count() {
                assert_eq!(gaps.sum(i), sum, "{i}");
            }
        }
    }
}
