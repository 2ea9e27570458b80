//! One latency distribution: an HdrHistogram of what was seen, and another of what was given up on.
//!
//! A value that was never seen (timed out, lost, missing) stays in the sample as "at least so long"
//! (docs/measuring.md, "Missing answers"): it is counted in `censored`, and a percentile that falls among the censored
//! is not a number but a bound.
use super::packed::{self, HistogramError};
use crate::kit::Nanos;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer as _, V2DeflateSerializer, V2Serializer};
use serde::{Deserialize, Serialize};

/// Bounds and precision of a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatencyRange {
    /// Largest value held; what is longer is censored there, never clamped.
    pub max: Nanos,
    /// Significant decimal digits, 1 to 3.
    pub digits: u8,
}

impl LatencyRange {
    /// docs/measuring.md, "Missing answers": 1 µs to max(deadline, 1 h), three digits.
    pub fn for_deadline(deadline: Nanos) -> LatencyRange {
        LatencyRange { max: deadline.max(Nanos::from_secs(3600)), digits: 3 }
    }
    fn empty(self) -> Histogram<u64> {
        Histogram::new_with_bounds(
            Self::LOWEST_NS,
            self.max.0.max(2 * Self::LOWEST_NS),
            self.digits,
        )
        .expect("bounds are ordered and digits are 1 to 3")
    }
    /// 1 µs: below it values are told apart to half a microsecond.
    pub const LOWEST_NS: u64 = 1_000;
}

/// A latency distribution in nanoseconds. Merging is exact: it adds buckets, never averages.
#[derive(Clone, Debug)]
pub struct Latency {
    range: LatencyRange,
    seen: Histogram<u64>,
    /// Exact, beside the histogram's buckets.
    sum: u128,
    /// Exact; 0 without a value.
    max: u64,
    censored: Option<Box<Histogram<u64>>>,
    censored_count: u64,
}

impl Latency {
    /// What it can hold.
    pub fn range(&self) -> LatencyRange {
        self.range
    }

    /// Nothing recorded yet.
    pub fn new(range: LatencyRange) -> Latency {
        Latency { range, seen: range.empty(), sum: 0, max: 0, censored: None, censored_count: 0 }
    }

    /// One value. Beyond the range it is censored at the range's end.
    #[inline]
    pub fn record(&mut self, value: Nanos) {
        if self.seen.record(value.0).is_ok() {
            self.sum += u128::from(value.0);
            self.max = self.max.max(value.0);
        } else {
            self.censor(self.range.max);
        }
    }

    /// The same value so many times.
    #[inline]
    pub fn record_n(&mut self, value: Nanos, count: u64) {
        if count == 0 {
            return;
        }
        if self.seen.record_n(value.0, count).is_ok() {
            self.sum += u128::from(value.0) * u128::from(count);
            self.max = self.max.max(value.0);
        } else {
            self.censor_n(self.range.max, count);
        }
    }

    /// One value that is only known to be at least so long.
    pub fn censor(&mut self, at_least: Nanos) {
        self.censor_n(at_least, 1);
    }

    /// So many values that are only known to be at least so long.
    #[cold]
    pub fn censor_n(&mut self, at_least: Nanos, count: u64) {
        if count == 0 {
            return;
        }
        let range = self.range;
        let bounds = self.censored.get_or_insert_with(|| Box::new(range.empty()));
        bounds.saturating_record_n(at_least.0, count);
        self.censored_count = self.censored_count.saturating_add(count);
    }

    /// Adds all of `other`; the same range, or values are re-recorded.
    pub fn merge(&mut self, other: &Latency) {
        let Latency { range: _, seen, sum, max, censored, censored_count } = other;
        if !seen.is_empty() && self.seen.add(seen).is_err() {
            for v in seen.iter_recorded() {
                self.seen.saturating_record_n(v.value_iterated_to(), v.count_at_value());
            }
        }
        self.sum += sum;
        self.max = self.max.max(*max);
        self.censored_count += censored_count;
        if let Some(theirs) = censored {
            let range = self.range;
            let mine = self.censored.get_or_insert_with(|| Box::new(range.empty()));
            if mine.add(&**theirs).is_err() {
                for v in theirs.iter_recorded() {
                    mine.saturating_record_n(v.value_iterated_to(), v.count_at_value());
                }
            }
        }
    }

    /// Back to nothing, keeping the memory.
    pub fn clear(&mut self) {
        if !self.seen.is_empty() {
            self.seen.reset();
        }
        self.sum = 0;
        self.max = 0;
        self.censored = None;
        self.censored_count = 0;
    }

    /// Values seen.
    pub fn count(&self) -> u64 {
        self.seen.len()
    }
    /// Values only bounded from below.
    pub fn censored_count(&self) -> u64 {
        self.censored_count
    }
    /// Seen and censored.
    pub fn sample_count(&self) -> u64 {
        self.count().saturating_add(self.censored_count)
    }
    /// True if there is neither a value nor a bound.
    pub fn is_empty(&self) -> bool {
        self.sample_count() == 0
    }
    /// Smallest value seen, to the histogram's precision.
    pub fn min(&self) -> Option<Nanos> {
        (self.count() > 0).then(|| Nanos(self.seen.min()))
    }
    /// Largest value seen, exactly (to the histogram's precision where it came out of one alone).
    pub fn max(&self) -> Option<Nanos> {
        (self.count() > 0).then_some(Nanos(self.max))
    }
    /// Exact mean of the values seen, in nanoseconds.
    pub fn mean(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.sum as f64 / self.count() as f64)
    }
    /// Exact sum of the values seen, in nanoseconds.
    pub fn sum_ns(&self) -> u128 {
        self.sum
    }
    /// Standard deviation of the values seen, in nanoseconds, to the histogram's precision.
    pub fn stddev(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.seen.stdev())
    }

    /// The quantile `q` (0 to 1) over all of the sample, the censored counted as longer than all seen.
    /// None where it falls among the censored, or where there is no sample.
    pub fn quantile(&self, q: f64) -> Option<Nanos> {
        let rank = rank_of(q, self.sample_count())?;
        self.value_at_rank(rank)
    }

    /// The value of the `rank`-th smallest (from 1); None among the censored.
    pub fn value_at_rank(&self, rank: u64) -> Option<Nanos> {
        if rank == 0 || rank > self.count() {
            return None;
        }
        // half a step below the rank, so that rounding inside the library cannot step over it
        let q = (rank as f64 - 0.5) / self.count() as f64;
        Some(Nanos(self.seen.value_at_quantile(q).min(self.max)))
    }

    /// A lower bound of the quantile where [`Latency::quantile`] is None: every censored value is taken at its bound.
    pub fn quantile_at_least(&self, q: f64) -> Option<Nanos> {
        let rank = rank_of(q, self.sample_count())?;
        let mut all = self.seen.clone();
        if let Some(bounds) = &self.censored {
            all.add(&**bounds).ok()?;
        }
        let q = (rank as f64 - 0.5) / all.len() as f64;
        Some(Nanos(lowest(&all, all.value_at_quantile(q))))
    }

    /// The share of the sample that is at most `value`; the censored are not.
    pub fn share_at_most(&self, value: Nanos) -> Option<f64> {
        if self.is_empty() {
            return None;
        }
        Some(self.seen.count_between(0, value.0) as f64 / self.sample_count() as f64)
    }

    /// The histogram of the values seen.
    pub fn histogram(&self) -> &Histogram<u64> {
        &self.seen
    }

    /// The HdrHistogram V2 compressed encoding of the values seen.
    pub(super) fn to_octets(&self) -> Vec<u8> {
        let mut octets = Vec::new();
        V2DeflateSerializer::new()
            .serialize(&self.seen, &mut octets)
            .expect("writing into a Vec cannot fail");
        octets
    }

    /// Base64 of the HdrHistogram V2 compressed encoding of the values seen.
    pub fn to_base64(&self) -> String {
        to_base64(&self.to_octets())
    }

    /// A distribution out of [`Latency::to_base64`]; without its censored values and exact sums, which that encoding lacks.
    ///
    /// # Errors
    /// What is wrong with the encoding.
    pub fn from_base64(text: &str) -> Result<Latency, HistogramError> {
        let octets = BASE64.decode(text)?;
        Latency::from_octets(&octets)
    }

    /// The same out of [`Latency::to_octets`].
    pub(super) fn from_octets(octets: &[u8]) -> Result<Latency, HistogramError> {
        let seen = packed::read(octets)?;
        let range = LatencyRange { max: Nanos(seen.high()), digits: seen.sigfig() };
        let mean = seen.mean();
        let sum = (mean * seen.len() as f64) as u128;
        let max = if seen.is_empty() { 0 } else { seen.max() };
        Ok(Latency { range, seen, sum, max, censored: None, censored_count: 0 })
    }
}

impl Latency {
    /// With the largest value and the mean (in nanoseconds) as they are known besides, which its encoding rounds.
    pub fn exactly(mut self, max: Option<Nanos>, mean: Option<u64>) -> Latency {
        if let Some(max) = max {
            self.max = max.0;
        }
        if let Some(mean) = mean {
            self.sum = u128::from(mean) * u128::from(self.count());
        }
        self
    }
}

/// Octets as a line of text holds them.
pub(super) fn to_base64(octets: &[u8]) -> String {
    BASE64.encode(octets)
}

/// The figures of a closed distribution that pictures need; the whole of it lies with its row
/// ([`super::IntervalRow::latency`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatencyBrief {
    /// Values seen.
    pub count: u64,
    /// Values only bounded from below.
    pub censored: u64,
    /// p50, p90, p99 and the largest seen. Rows are kept by the thousand: a number for "none" takes half the room
    /// of an Option.
    figures: [u64; 4],
}

impl Default for LatencyBrief {
    fn default() -> Self {
        LatencyBrief { count: 0, censored: 0, figures: [Self::NONE; 4] }
    }
}

impl LatencyBrief {
    const NONE: u64 = u64::MAX;

    /// Closes a distribution.
    pub fn of(latency: &Latency) -> LatencyBrief {
        if latency.is_empty() {
            return LatencyBrief::default();
        }
        let [p50, p90, p99] = [0.5, 0.9, 0.99].map(|q| latency.quantile(q));
        LatencyBrief {
            count: latency.count(),
            censored: latency.censored_count(),
            figures: [p50, p90, p99, latency.max()].map(|f| f.map_or(Self::NONE, |n| n.0)),
        }
    }

    fn figure(&self, number: usize) -> Option<u64> {
        Some(self.figures[number]).filter(|f| *f != Self::NONE)
    }
    /// None where it falls among the censored, or without a sample; nanoseconds, like the others.
    pub fn p50(&self) -> Option<u64> {
        self.figure(0)
    }
    /// 90th percentile.
    pub fn p90(&self) -> Option<u64> {
        self.figure(1)
    }
    /// 99th percentile.
    pub fn p99(&self) -> Option<u64> {
        self.figure(2)
    }
    /// Largest seen.
    pub fn max(&self) -> Option<u64> {
        self.figure(3)
    }
}

fn lowest(h: &Histogram<u64>, value: u64) -> u64 {
    h.lowest_equivalent(value).min(h.max())
}

/// The rank (from 1) of quantile `q` among `n`.
fn rank_of(q: f64, n: u64) -> Option<u64> {
    if n == 0 {
        return None;
    }
    // the product can come out a hair above a whole number: 0.9 * 10 must be rank 9
    let rank = (q * n as f64 - 1e-9).ceil() as u64;
    Some(rank.clamp(1, n))
}

#[derive(Serialize, Deserialize)]
struct Wire {
    range: LatencyRange,
    seen: String,
    sum: u128,
    max: u64,
    censored: Option<String>,
    censored_count: u64,
}

/// Empty where nothing was recorded: most distributions of a second are.
fn pack(h: &Histogram<u64>) -> String {
    if h.is_empty() {
        return String::new();
    }
    let mut octets = Vec::new();
    V2Serializer::new().serialize(h, &mut octets).expect("writing into a Vec cannot fail");
    BASE64.encode(octets)
}

fn unpack(text: &str, range: LatencyRange) -> Result<Histogram<u64>, HistogramError> {
    if text.is_empty() {
        return Ok(range.empty());
    }
    let octets = BASE64.decode(text)?;
    packed::read(&octets)
}

impl Serialize for Latency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire {
            range: self.range,
            seen: pack(&self.seen),
            sum: self.sum,
            max: self.max,
            censored: self.censored.as_deref().map(pack),
            censored_count: self.censored_count,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Latency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Latency, D::Error> {
        use serde::de::Error;
        let wire = Wire::deserialize(deserializer)?;
        let range = wire.range;
        let censored = wire
            .censored
            .as_deref()
            .map(|c| unpack(c, range))
            .transpose()
            .map_err(D::Error::custom)?;
        Ok(Latency {
            range: wire.range,
            seen: unpack(&wire.seen, range).map_err(D::Error::custom)?,
            sum: wire.sum,
            max: wire.max,
            censored: censored.map(Box::new),
            censored_count: wire.censored_count,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range() -> LatencyRange {
        LatencyRange::for_deadline(Nanos::from_secs(30))
    }

    #[test]
    fn a_percentile_among_the_censored_is_a_bound_and_not_a_number() {
        let mut l = Latency::new(range());
        for ms in 1..=98 {
            l.record(Nanos::from_millis(ms));
        }
        l.censor(Nanos::from_secs(5));
        l.censor(Nanos::from_secs(5));
        assert_eq!(l.sample_count(), 100);
        let p98 = l.quantile(0.98).unwrap();
        assert!(p98.0.abs_diff(98_000_000) < 98_000, "{p98:?}");
        assert_eq!(l.quantile(0.99), None);
        let bound = l.quantile_at_least(0.99).unwrap();
        assert!(bound.0.abs_diff(5_000_000_000) <= 5_000_000, "{bound:?}");
    }

    #[test]
    fn merging_two_halves_equals_recording_the_whole() {
        let (mut a, mut b, mut whole) =
            (Latency::new(range()), Latency::new(range()), Latency::new(range()));
        for i in 0..10_000u64 {
            let v = Nanos(i * i % 900_000_007);
            if i % 2 == 0 {
                a.record(v)
            } else {
                b.record(v)
            }
            whole.record(v);
        }
        a.merge(&b);
        assert_eq!(a.histogram(), whole.histogram());
        assert_eq!(a.sum_ns(), whole.sum_ns());
    }

    #[test]
    fn it_travels_whole_through_serde_and_through_base64() {
        let mut l = Latency::new(range());
        for i in 0..1000 {
            l.record(Nanos::from_micros(i * 17));
        }
        l.censor(Nanos::from_secs(9));
        let back: Latency = serde_json::from_str(&serde_json::to_string(&l).unwrap()).unwrap();
        assert_eq!(back.histogram(), l.histogram());
        assert_eq!((back.censored_count(), back.sum_ns()), (1, l.sum_ns()));
        assert_eq!(Latency::from_base64(&l.to_base64()).unwrap().histogram(), l.histogram());
        assert!(Latency::from_base64("???").is_err());
    }

    #[test]
    fn what_lies_beyond_the_range_is_censored_not_clamped() {
        let mut l = Latency::new(LatencyRange { max: Nanos::from_secs(1), digits: 3 });
        l.record(Nanos::from_secs(3));
        assert_eq!((l.count(), l.censored_count()), (0, 1));
    }
}
