//! What was sampled beside a run: series of the target's own figures, on the time axis of the load. Bounded as the rows of a
//! record are: at most [`ObservedSeries::POINTS_MAX`] points, and beyond that each covers a longer time.
use crate::kit::Nanos;
use serde::{Deserialize, Serialize};

/// What a series is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SeriesUnit {
    /// Octets.
    Octets,
    /// Octets a second.
    OctetsPerSecond,
    /// Processor cores in use.
    Cores,
    /// Events a second.
    PerSecond,
    /// Seconds.
    Seconds,
    /// A number of no special kind.
    Number,
}

/// A value of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The series.
    pub series: String,
    /// What it is measured in.
    pub unit: SeriesUnit,
    /// The value; finite.
    pub value: f64,
}

/// What one look at a source found.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedSample {
    /// The source's name.
    pub source: String,
    /// When, on the clock of the run.
    pub at: Nanos,
    /// Its values. May be empty: the first look at a counter has no rate yet.
    pub readings: Vec<Reading>,
    /// Why values are missing; None: none are.
    pub fault: Option<String>,
}

/// The values of a series in a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ObservedPoint {
    /// Start of the stretch, from the start of the load; the series has its length.
    pub at: Nanos,
    /// Mean of the values.
    pub mean: f64,
    /// Largest.
    pub max: f64,
    /// How many.
    pub count: u64,
}

impl ObservedPoint {
    fn absorb(&mut self, other: &ObservedPoint) {
        let count = self.count + other.count;
        self.mean += (other.mean - self.mean) * other.count as f64 / count as f64;
        self.max = self.max.max(other.max);
        self.count = count;
    }
}

/// One series of one source.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedSeries {
    /// The source's name.
    pub source: String,
    /// The series' name.
    pub series: String,
    /// What it is measured in.
    pub unit: SeriesUnit,
    /// Time that a point covers: a second, and twice as much each time that the points were merged.
    pub length: Nanos,
    /// The points by time. Where a sample failed, there is none.
    pub points: Vec<ObservedPoint>,
}

impl ObservedSeries {
    /// Maximum number of points; beyond it neighbours are merged.
    pub const POINTS_MAX: usize = 3_600;

    fn push(&mut self, at: Nanos, value: f64) {
        let at = self.stretch(at);
        let point = ObservedPoint { at, mean: value, max: value, count: 1 };
        match self.points.last_mut() {
            Some(last) if last.at >= at => last.absorb(&point),
            Some(_) | None => self.points.push(point),
        }
        if self.points.len() > Self::POINTS_MAX {
            self.length = self.length + self.length;
            let finer = std::mem::take(&mut self.points);
            for point in finer {
                let at = self.stretch(point.at);
                match self.points.last_mut() {
                    Some(last) if last.at == at => last.absorb(&point),
                    Some(_) | None => self.points.push(ObservedPoint { at, ..point }),
                }
            }
        }
    }

    /// Start of the stretch that a time lies in.
    fn stretch(&self, at: Nanos) -> Nanos {
        Nanos(at.0 / self.length.0 * self.length.0)
    }

    /// Mean of the values between two times from the start of the load; None: there are none.
    pub fn mean_between(&self, from: Nanos, to: Nanos) -> Option<f64> {
        // a point that covers more than the stretch speaks for all of it
        let first = self.points.partition_point(|p| p.at + self.length <= from);
        let inside = self.points[first..].iter().take_while(|p| p.at < to);
        let mut sum: Option<ObservedPoint> = None;
        for point in inside {
            match &mut sum {
                Some(sum) => sum.absorb(point),
                None => sum = Some(*point),
            }
        }
        sum.map(|point| point.mean)
    }
}

/// How often a source failed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceGaps {
    /// The source's name.
    pub source: String,
    /// Samples in all.
    pub samples: u64,
    /// Of those, failed ones.
    pub failed: u64,
    /// The first failure, from the start of the load, and its reason; None: there was none.
    pub first: Option<(Nanos, String)>,
}

/// Everything that was sampled beside a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Series, in the order in which they came.
    pub series: Vec<ObservedSeries>,
    /// Each source that was sampled.
    pub sources: Vec<SourceGaps>,
}

/// Most series of a run; more are not kept.
const SERIES_MAX: usize = 2_048;

impl Observed {
    /// Adds a sample that was taken `at` from the start of the load.
    pub fn absorb(&mut self, sample: &ObservedSample, at: Nanos) {
        let source = self.source(&sample.source);
        source.samples += 1;
        if let Some(fault) = &sample.fault {
            source.failed += 1;
            source.first.get_or_insert_with(|| (at, fault.clone()));
        }
        for reading in sample.readings.iter().filter(|reading| reading.value.is_finite()) {
            if let Some(series) = self.series(&sample.source, reading) {
                series.push(at, reading.value);
            }
        }
    }

    fn source(&mut self, name: &str) -> &mut SourceGaps {
        let index = self.sources.iter().position(|known| known.source == name);
        let index = index.unwrap_or_else(|| {
            self.sources.push(SourceGaps {
                source: name.to_owned(),
                samples: 0,
                failed: 0,
                first: None,
            });
            self.sources.len() - 1
        });
        &mut self.sources[index]
    }

    fn series(&mut self, source: &str, reading: &Reading) -> Option<&mut ObservedSeries> {
        let known = |s: &ObservedSeries| s.source == source && s.series == reading.series;
        let index = self.series.iter().position(known);
        if index.is_none() && self.series.len() == SERIES_MAX {
            return None;
        }
        let index = index.unwrap_or_else(|| {
            self.series.push(ObservedSeries {
                source: source.to_owned(),
                series: reading.series.clone(),
                unit: reading.unit,
                length: Nanos::from_secs(1),
                points: Vec::new(),
            });
            self.series.len() - 1
        });
        self.series.get_mut(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at: u64, value: f64) -> ObservedSample {
        let reading = Reading { series: "rss".into(), unit: SeriesUnit::Octets, value };
        ObservedSample {
            source: "gw".into(),
            at: Nanos::from_secs(at),
            readings: vec![reading],
            fault: None,
        }
    }

    #[test]
    fn a_long_run_keeps_at_most_3600_points_and_their_mean_and_maximum() {
        let mut observed = Observed::default();
        for second in 0..10_000u64 {
            let value = if second == 7_777 { 1e6 } else { second as f64 };
            observed.absorb(&sample(second, value), Nanos::from_secs(second));
        }
        let series = &observed.series[0];
        assert_eq!((series.points.len(), series.length), (2_500, Nanos::from_secs(4)));
        assert_eq!(series.points.iter().map(|p| p.count).sum::<u64>(), 10_000);
        assert_eq!(series.points[10].mean, 41.5);
        let max = series.points.iter().map(|p| p.max).fold(0.0, f64::max);
        assert_eq!(max, 1e6, "the largest value of a merged point is kept");
        assert!(series.points.windows(2).all(|w| w[0].at + series.length == w[1].at));
    }

    #[test]
    fn samples_of_one_second_are_one_point_and_a_failed_one_is_a_gap_with_its_reason() {
        let mut observed = Observed::default();
        for tenth in 0..10 {
            observed.absorb(&sample(0, f64::from(tenth)), Nanos::from_millis(100 * tenth as u64));
        }
        let failed =
            ObservedSample { readings: Vec::new(), fault: Some("no".into()), ..sample(1, 0.0) };
        observed.absorb(&failed, Nanos::from_secs(1));
        observed.absorb(&sample(2, f64::NAN), Nanos::from_secs(2));
        observed.absorb(&sample(3, 5.0), Nanos::from_secs(3));
        let points: Vec<(u64, f64)> =
            observed.series[0].points.iter().map(|p| (p.at.0 / 1_000_000_000, p.mean)).collect();
        assert_eq!(points, [(0, 4.5), (3, 5.0)]);
        let gaps = &observed.sources[0];
        assert_eq!((gaps.samples, gaps.failed), (13, 1));
        assert_eq!(gaps.first, Some((Nanos::from_secs(1), "no".to_owned())));
    }

    #[test]
    fn the_mean_of_a_stretch_is_weighted_by_its_samples() {
        let mut observed = Observed::default();
        for (ms, value) in [(0, 1.0), (500, 3.0), (1_000, 8.0), (5_000, 0.0)] {
            observed.absorb(&sample(0, value), Nanos::from_millis(ms));
        }
        let series = &observed.series[0];
        let mean = |from, to| series.mean_between(Nanos::from_secs(from), Nanos::from_secs(to));
        assert_eq!((mean(0, 1), mean(0, 2), mean(2, 5)), (Some(2.0), Some(4.0), None));
    }
}
