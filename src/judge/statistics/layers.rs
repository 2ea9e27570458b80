//! One run's distribution second by second, laid out so that the quantile of any mix of its seconds takes a
//! microsecond: counts cumulated over the values, with the seconds beside one another. No histogram is
//! built for a resample.
use super::blocks::{Blocks, draw};
use super::effect::Deviation;
use crate::kit::Rng;
use crate::measure::Latency;

/// The values of one second: buckets that hold any, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BucketCounts(pub Vec<Bucket>);

/// A count of values between `low` and `high`, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Smallest value it can hold.
    pub low: u64,
    /// Largest.
    pub high: u64,
    /// How many.
    pub count: u64,
}

impl BucketCounts {
    /// The observed values, without the censored ones.
    pub fn of(latency: &Latency) -> BucketCounts {
        let histogram = latency.histogram();
        let buckets = histogram.iter_recorded().map(|v| Bucket {
            low: histogram.lowest_equivalent(v.value_iterated_to()),
            high: histogram.highest_equivalent(v.value_iterated_to()),
            count: v.count_at_value(),
        });
        BucketCounts(buckets.collect())
    }

    /// How many values.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|b| b.count).sum()
    }
}

/// Spans a run is divided into at most: neighbours are put together beyond.
const SPANS_MAX: usize = 600;
/// Smallest distinct value, in nanoseconds: shorter ones count as this, so that ratios exist.
pub const SHORTEST_NS: f64 = 1_000.0;

/// The seconds of a run, one of its metrics.
#[derive(Clone, Debug)]
pub struct Layers {
    /// Ends of the buckets, ascending.
    bounds: Vec<(f64, f64)>,
    /// `cumulative[bucket * spans + span]`: values in that span up to and with that bucket.
    cumulative: Vec<u32>,
    spans: usize,
    /// All values, those that were only bounded from below among them, for each that was seen.
    sample_of_seen: f64,
}

impl Layers {
    /// Makes the table of seconds. `censored`: number of censored values of the run. None: there is no value.
    pub fn of(seconds: &[&BucketCounts], censored: u64) -> Option<Layers> {
        let together = seconds.len().div_ceil(SPANS_MAX).max(1);
        let spans = seconds.len().div_ceil(together);
        let mut all: Vec<(u64, u64)> = seconds
            .iter()
            .flat_map(|s| s.0.iter().filter(|b| b.count > 0).map(|b| (b.high, b.low)))
            .collect();
        all.sort_unstable();
        all.dedup_by_key(|b| b.0);
        let mut counts = vec![0u32; all.len() * spans];
        for (number, second) in seconds.iter().enumerate() {
            for bucket in second.0.iter().filter(|b| b.count > 0) {
                let place = all.partition_point(|b| b.0 < bucket.high);
                let cell = &mut counts[place * spans + number / together];
                *cell = cell.saturating_add(u32::try_from(bucket.count).unwrap_or(u32::MAX));
            }
        }
        for cell in spans..counts.len() {
            counts[cell] = counts[cell].saturating_add(counts[cell - spans]);
        }
        let seen: f64 = counts.iter().rev().take(spans).map(|n| f64::from(*n)).sum();
        if seen <= 0.0 {
            return None;
        }
        Some(Layers {
            bounds: all.iter().map(|(high, low)| (*low as f64, *high as f64)).collect(),
            cumulative: counts,
            spans,
            sample_of_seen: (seen + censored as f64) / seen,
        })
    }

    /// Spans of time: the seconds, or several together.
    pub fn spans(&self) -> usize {
        self.spans
    }

    fn up_to(&self, bucket: usize, weights: &[u32]) -> f64 {
        let row = &self.cumulative[bucket * self.spans..][..self.spans];
        row.iter().zip(weights).map(|(n, w)| u64::from(*n) * u64::from(*w)).sum::<u64>() as f64
    }

    /// ln of the quantile `q` (in nanoseconds) of a mix in which each span has a weight, interpolated within a bucket.
    /// None: it lies among the censored values.
    pub fn ln_quantile(&self, weights: &[u32], q: f64) -> Option<f64> {
        self.ln_quantile_from(self.bounds.len() / 2, weights, q).map(|found| found.0)
    }

    /// The same, looked for around a bucket; with the bucket it was found in.
    fn ln_quantile_from(&self, start: usize, weights: &[u32], q: f64) -> Option<(f64, usize)> {
        let last = self.bounds.len() - 1;
        let seen = self.up_to(last, weights);
        let rank = q * seen * self.sample_of_seen;
        if seen <= 0.0 || rank > seen {
            return None;
        }
        let low = self.search(start, weights, rank);
        let below = if low == 0 { 0.0 } else { self.up_to(low - 1, weights) };
        let within = self.up_to(low, weights) - below;
        let part = if within > 0.0 { ((rank - below) / within).clamp(0.0, 1.0) } else { 1.0 };
        let (from, to) = self.bounds[low];
        Some(((from + (to - from) * part).max(SHORTEST_NS).ln(), low))
    }

    /// The first bucket up to and with which there are `rank` values, looked for in growing steps from `start`:
    /// a mix's quantile is near the whole's.
    fn search(&self, start: usize, weights: &[u32], rank: f64) -> usize {
        let last = self.bounds.len() - 1;
        let reaches = |bucket: usize| self.up_to(bucket, weights) >= rank;
        let (mut low, mut high, mut step) = (start, start, 1);
        if reaches(start) {
            loop {
                if low == 0 {
                    break;
                }
                low = low.saturating_sub(step);
                if !reaches(low) {
                    low += 1;
                    break;
                }
                (high, step) = (low, step * 2);
            }
        } else {
            low += 1;
            while high < last {
                high = (high + step).min(last);
                if reaches(high) {
                    break;
                }
                (low, step) = (high + 1, step * 2);
            }
        }
        while low < high {
            let middle = usize::midpoint(low, high);
            if reaches(middle) { high = middle } else { low = middle + 1 }
        }
        high
    }

    /// By how much each span pulls ln of the quantile up, times the number of spans: its mean is 0, its spread that of the quantile.
    pub fn influence(&self, q: f64) -> Option<Vec<f64>> {
        let ones = vec![1; self.spans];
        let q = q * self.sample_of_seen;
        let seen = self.up_to(self.bounds.len() - 1, &ones);
        let value = self.ln_quantile(&ones, q / self.sample_of_seen)?.exp();
        let bucket = self.bounds.partition_point(|b| b.1 < value).min(self.bounds.len() - 1);
        let slope = self.ln_slope(&ones, q / self.sample_of_seen)?;
        let (from, to) = self.bounds[bucket];
        let part = if to > from { ((value - from) / (to - from)).clamp(0.0, 1.0) } else { 1.0 };
        let total = &self.cumulative[(self.bounds.len() - 1) * self.spans..];
        let influence = (0..self.spans).map(|span| {
            let upper = f64::from(self.cumulative[bucket * self.spans + span]);
            let lower = match bucket {
                0 => 0.0,
                _ => f64::from(self.cumulative[(bucket - 1) * self.spans + span]),
            };
            let below = lower + (upper - lower) * part;
            -(below - q * f64::from(total[span])) / seen * slope * self.spans as f64
        });
        Some(influence.collect())
    }

    /// How steeply ln of the quantile rises with q.
    fn ln_slope(&self, weights: &[u32], q: f64) -> Option<f64> {
        let reach = (q.min(1.0 - q) / 2.0).min(0.05);
        let low = self.ln_quantile(weights, q - reach)?;
        let most = (1.0 / self.sample_of_seen).min(q + reach);
        let high = self.ln_quantile(weights, most)?;
        Some(((high - low) / (most - q + reach)).max(1e-9))
    }

    /// What the seconds say of the spread of ln of the quantile, by resampling blocks of them. None below eight spans, or where
    /// the quantile lies among the values that were never seen.
    pub fn deviation(&self, q: f64, resamples: usize, rng: &mut Rng) -> Option<Deviation> {
        if self.spans < SPANS_MIN {
            return None;
        }
        let blocks = Blocks::with_reference(&self.influence(q)?, &self.influence(0.5)?);
        let mut weights = vec![1; self.spans];
        let (centre, bucket) = self.ln_quantile_from(self.bounds.len() / 2, &weights, q)?;
        let draws = (0..resamples).map(|_| {
            draw(rng, blocks.length, &mut weights);
            // where it was never seen, it is longer than all that was
            let drawn = self.ln_quantile_from(bucket, &weights, q);
            drawn.map_or(f64::INFINITY, |drawn| drawn.0 - centre)
        });
        let found = Deviation::of_draws(draws.collect())?;
        Some(found.widened(blocks.widening, blocks.df))
    }
}

/// Fewer spans say nothing of their own spread.
pub const SPANS_MIN: usize = 8;

/// The same for two runs side by side: what one second did to both is drawn for both. The spread of ln of the
/// ratio second to first. None where the spans differ in number.
pub fn paired_deviation(
    first: &Layers,
    second: &Layers,
    q: f64,
    resamples: usize,
    rng: &mut Rng,
) -> Option<Deviation> {
    if first.spans != second.spans || first.spans < SPANS_MIN {
        return None;
    }
    let apart = |q: f64| -> Option<Vec<f64>> {
        let (a, b) = (first.influence(q)?, second.influence(q)?);
        Some(a.iter().zip(&b).map(|(a, b)| b - a).collect())
    };
    let blocks = Blocks::with_reference(&apart(q)?, &apart(0.5)?);
    let mut weights = vec![1; first.spans];
    let from =
        [first, second].map(|side| side.ln_quantile_from(side.bounds.len() / 2, &weights, q));
    let [Some((ln_first, at_first)), Some((ln_second, at_second))] = from else { return None };
    let draws = (0..resamples).filter_map(|_| {
        draw(rng, blocks.length, &mut weights);
        let drawn = (
            second.ln_quantile_from(at_second, &weights, q),
            first.ln_quantile_from(at_first, &weights, q),
        );
        match drawn {
            (Some(second), Some(first)) => Some(second.0 - first.0 - (ln_second - ln_first)),
            (None, Some(_)) => Some(f64::INFINITY),
            (Some(_), None) => Some(f64::NEG_INFINITY),
            (None, None) => None,
        }
    });
    let found = Deviation::of_draws(draws.collect())?;
    Some(found.widened(blocks.widening, blocks.df))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::Nanos;
    use crate::measure::LatencyRange;

    fn second(values: impl Iterator<Item = u64>) -> Latency {
        let mut latency = Latency::new(LatencyRange { max: Nanos::from_secs(60), digits: 2 });
        values.for_each(|v| latency.record(Nanos(v)));
        latency
    }

    #[test]
    fn the_quantile_of_a_mix_is_the_quantile_of_the_merged_histograms() {
        let mut rng = Rng::new(3);
        let seconds: Vec<Latency> = (0..20)
            .map(|s| second((0..300).map(|_| 1_000_000 * (s % 3 + 1) + rng.below(9_000_000))))
            .collect();
        let sparse: Vec<BucketCounts> = seconds.iter().map(BucketCounts::of).collect();
        let layers = Layers::of(&sparse.iter().collect::<Vec<_>>(), 0).unwrap();
        let mut weights = vec![0; 20];
        for round in 0..50 {
            draw(&mut rng, 1 + round % 4, &mut weights);
            let mut merged = second(std::iter::empty());
            for (latency, weight) in seconds.iter().zip(&weights) {
                (0..*weight).for_each(|_| merged.merge(latency));
            }
            for q in [0.05, 0.5, 0.9, 0.99] {
                let wanted = merged.quantile(q).unwrap().0 as f64;
                let found = layers.ln_quantile(&weights, q).unwrap().exp();
                assert!((found / wanted - 1.0).abs() < 0.01, "q {q}: {found} for {wanted}");
            }
        }
    }

    #[test]
    fn values_never_seen_push_the_quantile_up_and_at_last_out_of_sight() {
        let sparse = BucketCounts::of(&second((1..=1000).map(|n| n * 1_000_000)));
        let q = |censored, q: f64| {
            let layers = Layers::of(&[&sparse], censored).unwrap();
            layers.ln_quantile(&[1], q).map(|v| (v.exp() / 1e6).round())
        };
        assert_eq!(q(0, 0.5), Some(500.0));
        assert!((q(250, 0.5).unwrap() - 625.0).abs() < 5.0);
        assert_eq!(q(250, 0.9), None);
        assert!(Layers::of(&[&BucketCounts::default()], 3).is_none());
    }

    #[test]
    fn the_influence_of_the_seconds_has_the_spread_that_resampling_finds() {
        let mut rng = Rng::new(9);
        let sparse: Vec<BucketCounts> = (0..60)
            .map(|_| {
                let slow = (0.05 * rng.normal()).exp();
                let values: Vec<u64> =
                    (0..200).map(|_| (20e6 * slow * (0.3 * rng.normal()).exp()) as u64).collect();
                BucketCounts::of(&second(values.into_iter()))
            })
            .collect();
        let layers = Layers::of(&sparse.iter().collect::<Vec<_>>(), 0).unwrap();
        for q in [0.5, 0.9] {
            let error = Blocks::of(&layers.influence(q).unwrap()).standard_error;
            let found = layers.deviation(q, 4000, &mut rng).unwrap();
            assert!((found.middle() / error - 1.0).abs() < 0.25, "{q}: {found:?}, {error}");
        }
    }
}
