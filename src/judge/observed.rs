//! What was sampled beside a run, over the measured time: mean, maximum and growth of each series, and what rose together
//! with the service time (docs/tasks/watch-the-target.md). It judges no cause.
use super::check::Unit;
use super::drift::DriftRow;
use super::measured::Measured;
use super::statistics;
use crate::kit::{Nanos, words};
use crate::measure::{
    IntervalRow, LatencySummary, ObservedPoint, ObservedSeries, RunRecord, SeriesUnit,
};
use crate::plan::{OWN, Plan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;

const HOUR_S: f64 = 3_600.0;

/// One series over the measured time.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
pub struct ObservedFigures {
    /// Name of its source.
    pub name: String,
    /// Its name.
    pub series: String,
    /// Unit of max and mean.
    pub unit: Unit,
    /// Largest value; null: it has none in the measured time.
    pub max: Option<f64>,
    /// Mean of the values.
    pub mean: Option<f64>,
    /// Growth an hour as a share of the median: Sen's slope; null: too few points, or the median is not above 0.
    pub growth: Option<f64>,
    /// The interval of the growth, 95 %.
    pub ci: Option<[f64; 2]>,
    /// Points in the measured time that these figures rest on: one a second, or a longer time after merging.
    pub points: usize,
    /// Samples of its source in the whole run.
    pub samples: u64,
    /// Of those, without a value of this series.
    pub failed: u64,
}

impl Serialize for ObservedFigures {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ObservedFigures { name, series, unit, max, mean, growth, ci, points, samples, failed } =
            self;
        let number = |value: &Option<f64>| json!(value.and_then(|v| unit.number(v)));
        serializer.collect_map([
            ("name", json!(name)),
            ("series", json!(series)),
            ("unit", json!(unit)),
            ("max", number(max)),
            ("mean", number(mean)),
            ("growth", json!(growth)),
            ("ci", json!(ci)),
            ("points", json!(points)),
            ("samples", json!(samples)),
            ("failed", json!(failed)),
        ])
    }
}

impl From<SeriesUnit> for Unit {
    fn from(unit: SeriesUnit) -> Unit {
        match unit {
            SeriesUnit::Octets => Unit::Octets,
            SeriesUnit::OctetsPerSecond => Unit::OctetsPerSecond,
            SeriesUnit::Cores => Unit::Cores,
            SeriesUnit::PerSecond => Unit::PerSecond,
            SeriesUnit::Seconds => Unit::Seconds,
            SeriesUnit::Number => Unit::Number,
        }
    }
}

/// Change over the measured time, as a share of the median, below which growth is no finding.
const CHANGE_MIN: f64 = 0.01;

impl ObservedFigures {
    /// `gw.rss`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.name, self.series)
    }

    /// Whether the series grew in a measured time of `seconds`: its interval is above zero, and what it grew by is at
    /// least 1 % of its median.
    pub fn grew(&self, seconds: f64) -> bool {
        self.ci.is_some_and(|ci| ci[0] > 0.0)
            && self.growth.is_some_and(|growth| growth * seconds / HOUR_S >= CHANGE_MIN)
    }

    /// The growth with its interval: `2.1 %/h (1.2 to 3 %/h)`; None: unknown.
    pub fn shows_growth(&self) -> Option<String> {
        let share = |value: f64| Unit::PerHour.show(value);
        let growth = share(self.growth?);
        Some(match self.ci {
            Some([low, high]) => format!("{growth} ({} to {})", share(low), share(high)),
            None => growth,
        })
    }
}

/// The figures of every series, in the order of the plan; one that was never sampled has none.
pub(super) fn observed(
    plan: &Plan,
    record: &RunRecord,
    measured: &Measured,
) -> Vec<ObservedFigures> {
    let rows: Vec<&IntervalRow> = measured.rows(record).collect();
    let mut names = plan.observed_series();
    let seen = &record.observed.series;
    for series in seen {
        let name = (series.source.clone(), series.series.clone());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let of = |(source, name): (String, String)| {
        let never = ObservedSeries {
            source,
            series: name,
            unit: SeriesUnit::Number,
            length: Nanos::from_secs(1),
            points: Vec::new(),
        };
        let found = seen.iter().find(|s| s.source == never.source && s.series == never.series);
        figures(record, found.unwrap_or(&never), &rows)
    };
    names.into_iter().map(of).collect()
}

/// The points of a series whose middle lies in one of these rows.
fn points_in<'s>(
    series: &'s ObservedSeries,
    rows: &'s [&IntervalRow],
) -> impl Iterator<Item = &'s ObservedPoint> {
    series.points.iter().filter(|point| {
        let middle = point.at + Nanos(series.length.0 / 2);
        let before = rows.partition_point(|row| row.at <= middle);
        before.checked_sub(1).is_some_and(|n| middle < rows[n].at + rows[n].length)
    })
}

fn figures(record: &RunRecord, series: &ObservedSeries, rows: &[&IntervalRow]) -> ObservedFigures {
    let points: Vec<&ObservedPoint> = points_in(series, rows).collect();
    let count: u64 = points.iter().map(|p| p.count).sum();
    let sum: f64 = points.iter().map(|p| p.mean * p.count as f64).sum();
    let by_hour: Vec<(f64, f64)> =
        points.iter().map(|p| (p.at.as_secs_f64() / HOUR_S, p.mean)).collect();
    let growth = statistics::relative_trend(&by_hour).map(|(_, shares)| shares);
    let source = record.observed.sources.iter().find(|s| s.source == series.source);
    let (samples, values) =
        (source.map_or(0, |s| s.samples), series.points.iter().map(|p| p.count).sum());
    ObservedFigures {
        name: series.source.clone(),
        series: series.series.clone(),
        unit: series.unit.into(),
        max: points.iter().map(|p| p.max).reduce(f64::max),
        mean: (count > 0).then(|| sum / count as f64),
        growth: growth.map(|g| g[1]),
        ci: growth.map(|g| [g[0], g[2]]),
        points: points.len(),
        samples,
        failed: samples.saturating_sub(values),
    }
}

/// What grew or drifted, a line each.
pub(super) fn notes(
    all: &[ObservedFigures],
    drift: &[DriftRow],
    measured: &Measured,
) -> Vec<String> {
    let drifted = drift.iter().filter(|row| row.drifted).map(|row| {
        let way = if row.change > 0.0 { "rose" } else { "fell" };
        let [low, high] = row.ci.map(|end| Unit::PerHour.show(end));
        let change = words::percent(row.change.abs());
        format!("drift: {} {way} by {change} over the measured time ({low} to {high})", row.metric)
    });
    let grown =
        all.iter().filter(|one| drift.is_empty() && one.grew(measured.seconds())).map(|one| {
            let growth = one.shows_growth().unwrap_or_default();
            format!("observe.{} grew in the measured time: {growth}", one.path())
        });
    drifted.chain(grown).collect()
}

/// Sources that failed, a line each.
pub(super) fn gaps(record: &RunRecord) -> Vec<String> {
    let failing = record.observed.sources.iter();
    let line = |s: &crate::measure::SourceGaps| {
        let (at, why) = s.first.as_ref()?;
        Some(format!(
            "observe {}: {} of {} samples failed, the first at {}: {why}",
            s.source,
            words::count(s.failed),
            words::count(s.samples),
            words::seconds(at.as_secs_f64().floor())
        ))
    };
    failing.filter_map(line).collect()
}

/// Rank correlation from which a series is named beside the limiter.
const STRONG: f64 = 0.7;
/// Fewest seconds that it must rest on.
const SECONDS_MIN: usize = 60;
/// Most series that are named.
const NAMED_MAX: usize = 3;

type Percentile = fn(&LatencySummary) -> Option<u64>;

/// What rose together with the service time, the strongest first: evidence, and no cause.
pub(super) fn rose_together(record: &RunRecord, measured: &Measured) -> Vec<String> {
    let rows: Vec<&IntervalRow> = measured.rows(record).collect();
    let service: [(&str, Percentile); 2] =
        [("p50", LatencySummary::p50), ("p99", LatencySummary::p99)];
    let mut found: Vec<(f64, String)> = Vec::new();
    for series in record.observed.series.iter().filter(|s| s.source != OWN) {
        let mut best: Option<(f64, &str, usize)> = None;
        for (name, of) in service {
            let pairs: Vec<(f64, f64)> = rows
                .iter()
                .filter_map(|row| {
                    let value = series.mean_between(row.at, row.at + row.length)?;
                    Some((of(&row.service)? as f64, value))
                })
                .collect();
            let (times, values): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let Some(rho) = statistics::spearman(&times, &values) else { continue };
            if times.len() >= SECONDS_MIN && best.is_none_or(|b| rho > b.0) {
                best = Some((rho, name, times.len()));
            }
        }
        if let Some((rho, name, count)) = best.filter(|best| best.0 >= STRONG) {
            let path = format!("{}.{}", series.source, series.series);
            found.push((
                rho,
                format!(
                    "{path} rose together with the service time {name}: rank correlation {rho:.2} over {} intervals, \
                     which shows no cause",
                    words::count(count as u64)
                ),
            ));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().take(NAMED_MAX).map(|f| f.1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::measured::Measured;
    use crate::judge::sample::{Fate, GOOD, plan, quiet, record};
    use crate::kit::Rng;
    use crate::measure::{ObservedSample, Reading};
    use std::sync::Arc;

    /// Ninety seconds in which the service time, queue.follows and queue.beside each go their way.
    fn run() -> (crate::plan::Plan, RunRecord) {
        let plan = plan(20, 0, 90);
        let wave = |second: u64| second * 7_919 % 97;
        let fate = |_: u64, intended: Nanos| {
            let second = intended.0 / 1_000_000_000;
            Fate { service: Nanos::from_millis(10 + wave(second)), ..GOOD }
        };
        let mut record = record(&plan, fate, quiet);
        let mut rng = Rng::new(7);
        let observed = Arc::make_mut(&mut record.observed);
        for second in 0..90 {
            let reading = |series: &str, value| Reading {
                series: series.to_owned(),
                unit: SeriesUnit::Number,
                value,
            };
            let follows = wave(second) as f64 + 5.0 * rng.normal();
            let readings = vec![reading("follows", follows), reading("beside", rng.normal())];
            let at = Nanos::from_secs(second);
            let sample = ObservedSample { source: "queue".into(), at, readings, fault: None };
            observed.absorb(&sample, at);
        }
        (plan, record)
    }

    #[test]
    fn only_what_rose_with_the_service_time_is_named_and_no_cause_is_claimed() {
        let (plan, record) = run();
        let found = rose_together(&record, &Measured::of(&plan, &record));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("queue.follows rose together with the service time"));
        assert!(found[0].contains("over 90 intervals") && found[0].contains("shows no cause"));
    }

    #[test]
    fn a_series_of_the_plan_that_was_never_sampled_is_listed_without_figures() {
        let (mut plan, record) = run();
        plan.observe.push(crate::plan::Observe {
            name: "gw".into(),
            pid: Some(1),
            ..crate::plan::Observe::default()
        });
        let all = observed(&plan, &record, &Measured::of(&plan, &record));
        let found: Vec<(String, usize)> = all.iter().map(|o| (o.path(), o.points)).collect();
        assert_eq!(found[0], ("gw.rss".to_owned(), 0));
        assert!(found.contains(&("queue.beside".to_owned(), 90)), "{found:?}");
        assert!(all[0].max.is_none() && all[0].growth.is_none());
    }
}
