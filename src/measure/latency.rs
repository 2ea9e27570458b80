//! One latency distribution: an HdrHistogram of the observed values, and another of the lower bounds of censored ones.
//!
//! A value that was not observed (timed out, lost, missing) stays in the sample with its lower bound
//! (docs/measuring.md, "Missing answers"): it is censored. A percentile among the censored values is a bound, not a
//! number.
use super::histogram_codec::{self, HistogramError};
use crate::kit::Nanos;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer as _, V2DeflateSerializer, V2Serializer};
use serde::{Deserialize, Serialize};

/// Bounds and precision of a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatencyRange {
    /// Largest value; a longer one is censored at this value, never clamped.
    pub max: Nanos,
    /// Significant decimal digits, 1 to 3.
    pub digits: u8,
}

impl LatencyRange {
    /// From 1 µs to the deadline or one hour, whichever is longer, to three digits
    /// (docs/measuring.md, "Missing answers").
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
    /// 1 µs: values below it have a resolution of half a microsecond.
    pub const LOWEST_NS: u64 = 1_000;
}

/// A latency distribution in nanoseconds. Merging is exact: it adds buckets, never averages.
#[derive(Clone, Debug)]
pub struct Latency {
    range: LatencyRange,
    observed: Histogram<u64>,
    /// Exact sum of the observed values.
    sum: u128,
    /// Exact maximum of the observed values; 0 without one.
    max: u64,
    /// Lower bounds of the censored values. None: there are none.
    censored: Option<Box<Histogram<u64>>>,
    censored_count: u64,
}

impl Latency {
    /// Its bounds and precision.
    pub fn range(&self) -> LatencyRange {
        self.range
    }

    /// An empty distribution.
    pub fn new(range: LatencyRange) -> Latency {
        Latency {
            range,
            observed: range.empty(),
            sum: 0,
            max: 0,
            censored: None,
            censored_count: 0,
        }
    }

    /// Records a value. A value beyond the range is censored at the end of the range.
    #[inline]
    pub fn record(&mut self, value: Nanos) {
        if self.observed.record(value.0).is_ok() {
            self.sum += u128::from(value.0);
            self.max = self.max.max(value.0);
        } else {
            self.censor(self.range.max);
        }
    }

    /// Records a value `count` times.
    #[inline]
    pub fn record_n(&mut self, value: Nanos, count: u64) {
        if count == 0 {
            return;
        }
        if self.observed.record_n(value.0, count).is_ok() {
            self.sum += u128::from(value.0) * u128::from(count);
            self.max = self.max.max(value.0);
        } else {
            self.censor_n(self.range.max, count);
        }
    }

    /// Records a value that is known only to be at least this long.
    pub fn censor(&mut self, at_least: Nanos) {
        self.censor_n(at_least, 1);
    }

    /// Records `count` values that are known only to be at least this long.
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

    /// Adds `other`. Where the ranges differ, its values are recorded anew.
    pub fn merge(&mut self, other: &Latency) {
        let Latency { range: _, observed, sum, max, censored, censored_count } = other;
        if !observed.is_empty() && self.observed.add(observed).is_err() {
            for v in observed.iter_recorded() {
                self.observed.saturating_record_n(v.value_iterated_to(), v.count_at_value());
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

    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        if !self.observed.is_empty() {
            self.observed.reset();
        }
        self.sum = 0;
        self.max = 0;
        self.censored = None;
        self.censored_count = 0;
    }

    /// Number of observed values.
    pub fn count(&self) -> u64 {
        self.observed.len()
    }
    /// Number of censored values.
    pub fn censored_count(&self) -> u64 {
        self.censored_count
    }
    /// Number of observed and censored values.
    pub fn sample_count(&self) -> u64 {
        self.count().saturating_add(self.censored_count)
    }
    /// Whether it has neither an observed nor a censored value.
    pub fn is_empty(&self) -> bool {
        self.sample_count() == 0
    }
    /// Smallest observed value, to the precision of the histogram.
    pub fn min(&self) -> Option<Nanos> {
        (self.count() > 0).then(|| Nanos(self.observed.min()))
    }
    /// Largest observed value, exact unless it was decoded from a histogram.
    pub fn max(&self) -> Option<Nanos> {
        (self.count() > 0).then_some(Nanos(self.max))
    }
    /// Exact mean of the observed values, in nanoseconds.
    pub fn mean(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.sum as f64 / self.count() as f64)
    }
    /// Exact sum of the observed values, in nanoseconds.
    pub fn sum_ns(&self) -> u128 {
        self.sum
    }
    /// Standard deviation of the observed values, in nanoseconds, to the precision of the histogram.
    pub fn stddev(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.observed.stdev())
    }

    /// The quantile `q` (0 to 1) of the sample; censored values count as longer than all observed ones. None: it falls among
    /// the censored values, or the sample is empty.
    pub fn quantile(&self, q: f64) -> Option<Nanos> {
        let rank = rank_of(q, self.sample_count())?;
        self.value_at_rank(rank)
    }

    /// The `rank`-th smallest value (from 1). None: it is censored.
    pub fn value_at_rank(&self, rank: u64) -> Option<Nanos> {
        if rank == 0 || rank > self.count() {
            return None;
        }
        // half a rank lower, so that rounding in the library cannot reach the next one
        let q = (rank as f64 - 0.5) / self.count() as f64;
        Some(Nanos(self.observed.value_at_quantile(q).min(self.max)))
    }

    /// A lower bound of the quantile, also where [`Latency::quantile`] is None: every censored value counts as its bound.
    pub fn quantile_at_least(&self, q: f64) -> Option<Nanos> {
        let rank = rank_of(q, self.sample_count())?;
        let mut all = self.observed.clone();
        if let Some(bounds) = &self.censored {
            all.add(&**bounds).ok()?;
        }
        let q = (rank as f64 - 0.5) / all.len() as f64;
        Some(Nanos(lowest(&all, all.value_at_quantile(q))))
    }

    /// The share of the sample with an observed value of at most `value`. None: the sample is empty.
    pub fn share_at_most(&self, value: Nanos) -> Option<f64> {
        if self.is_empty() {
            return None;
        }
        Some(self.observed.count_between(0, value.0) as f64 / self.sample_count() as f64)
    }

    /// The histogram of the observed values.
    pub fn histogram(&self) -> &Histogram<u64> {
        &self.observed
    }

    /// The HdrHistogram V2 compressed encoding of the observed values.
    pub(super) fn to_octets(&self) -> Vec<u8> {
        let mut octets = Vec::new();
        V2DeflateSerializer::new()
            .serialize(&self.observed, &mut octets)
            .expect("writing into a Vec cannot fail");
        octets
    }

    /// Base64 of the HdrHistogram V2 compressed encoding of the observed values.
    pub fn to_base64(&self) -> String {
        to_base64(&self.to_octets())
    }

    /// Decodes [`Latency::to_base64`]. The encoding has neither censored values nor exact sums.
    ///
    /// # Errors
    /// The text is not a valid histogram.
    pub fn from_base64(text: &str) -> Result<Latency, HistogramError> {
        let octets = BASE64.decode(text)?;
        Latency::from_octets(&octets)
    }

    /// Decodes [`Latency::to_octets`].
    pub(super) fn from_octets(octets: &[u8]) -> Result<Latency, HistogramError> {
        let observed = histogram_codec::read(octets)?;
        let range = LatencyRange { max: Nanos(observed.high()), digits: observed.sigfig() };
        let mean = observed.mean();
        let sum = (mean * observed.len() as f64) as u128;
        let max = if observed.is_empty() { 0 } else { observed.max() };
        Ok(Latency { range, observed, sum, max, censored: None, censored_count: 0 })
    }
}

impl Latency {
    /// Sets the exact maximum and mean (in nanoseconds), which the encoding rounds. None: as decoded.
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

/// Octets in base64.
pub(super) fn to_base64(octets: &[u8]) -> String {
    BASE64.encode(octets)
}

/// The figures of a closed distribution that charts need. Its row keeps the whole of it
/// ([`super::IntervalRow::latency`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatencySummary {
    /// Number of observed values.
    pub count: u64,
    /// Number of censored values.
    pub censored: u64,
    /// p50, p90, p99 and maximum. Thousands of rows are kept: `NONE` takes half the memory of an Option.
    figures: [u64; 4],
}

impl Default for LatencySummary {
    fn default() -> Self {
        LatencySummary { count: 0, censored: 0, figures: [Self::NONE; 4] }
    }
}

impl LatencySummary {
    const NONE: u64 = u64::MAX;

    /// The figures of a distribution.
    pub fn of(latency: &Latency) -> LatencySummary {
        if latency.is_empty() {
            return LatencySummary::default();
        }
        let [p50, p90, p99] = [0.5, 0.9, 0.99].map(|q| latency.quantile(q));
        LatencySummary {
            count: latency.count(),
            censored: latency.censored_count(),
            figures: [p50, p90, p99, latency.max()].map(|f| f.map_or(Self::NONE, |n| n.0)),
        }
    }

    fn figure(&self, number: usize) -> Option<u64> {
        Some(self.figures[number]).filter(|f| *f != Self::NONE)
    }
    /// Median in nanoseconds. None, here and below: it falls among the censored values, or the sample is empty.
    pub fn p50(&self) -> Option<u64> {
        self.figure(0)
    }
    /// 90th percentile in nanoseconds.
    pub fn p90(&self) -> Option<u64> {
        self.figure(1)
    }
    /// 99th percentile in nanoseconds.
    pub fn p99(&self) -> Option<u64> {
        self.figure(2)
    }
    /// Largest observed value in nanoseconds.
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
    // rounding can lift the product slightly above a whole number: 0.9 * 10 must be rank 9
    let rank = (q * n as f64 - 1e-9).ceil() as u64;
    Some(rank.clamp(1, n))
}

/// The serialised form of a distribution.
#[derive(Serialize, Deserialize)]
struct SerializedLatency {
    range: LatencyRange,
    observed: String,
    sum: u128,
    max: u64,
    censored: Option<String>,
    censored_count: u64,
}

/// Encodes a histogram in base64; empty where nothing was recorded, as in most distributions of a second.
fn encode(h: &Histogram<u64>) -> String {
    if h.is_empty() {
        return String::new();
    }
    let mut octets = Vec::new();
    V2Serializer::new().serialize(h, &mut octets).expect("writing into a Vec cannot fail");
    BASE64.encode(octets)
}

/// Decodes [`encode`].
fn decode(text: &str, range: LatencyRange) -> Result<Histogram<u64>, HistogramError> {
    if text.is_empty() {
        return Ok(range.empty());
    }
    let octets = BASE64.decode(text)?;
    histogram_codec::read(&octets)
}

impl Serialize for Latency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        SerializedLatency {
            range: self.range,
            observed: encode(&self.observed),
            sum: self.sum,
            max: self.max,
            censored: self.censored.as_deref().map(encode),
            censored_count: self.censored_count,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Latency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Latency, D::Error> {
        use serde::de::Error;
        let serialized = SerializedLatency::deserialize(deserializer)?;
        let range = serialized.range;
        let censored = serialized
            .censored
            .as_deref()
            .map(|c| decode(c, range))
            .transpose()
            .map_err(D::Error::custom)?;
        Ok(Latency {
            range: serialized.range,
            observed: decode(&serialized.observed, range).map_err(D::Error::custom)?,
            sum: serialized.sum,
            max: serialized.max,
            censored: censored.map(Box::new),
            censored_count: serialized.censored_count,
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
    fn it_is_read_back_from_serde_and_from_base64() {
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
    fn a_value_beyond_the_range_is_censored_not_clamped() {
        let mut l = Latency::new(LatencyRange { max: Nanos::from_secs(1), digits: 3 });
        l.record(Nanos::from_secs(3));
        assert_eq!((l.count(), l.censored_count()), (0, 1));
    }
}
