//! Whether the measured time was steady (docs/verdict.md, "Warm-up and steady state"). It only reports and cuts
//! nothing.
use super::check::{About, Check, Unit};
use super::measured::{Measured, stage_spans};
use super::statistics::{Slope, mean, median, mser5, theil_sen};
use crate::kit::Nanos;
use crate::measure::{IntervalRow, RunRecord};
use crate::plan::{Plan, Shape};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Seconds needed before a run is called steady.
pub(super) const SAMPLES_MIN: usize = 30;
/// The check that receipts do not fall behind.
pub(super) const AWAITED_GROWTH: &str = "awaited_receipts_growth";
/// Fewest seconds to judge growth by its slope; fewer are judged by each second's step.
pub(super) const SLOPE_SAMPLES_MIN: usize = 6;
const RATE_DRIFT_MAX: f64 = 0.01;
const P50_DRIFT_MAX: f64 = 0.05;

/// Whether the measured time was steady (docs/verdict.md, "Warm-up and steady state").
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Steady {
    /// null: unknown; the run was too short, or the plan itself changes the rate.
    pub steady: Option<bool>,
    /// The reason.
    pub reason: String,
    /// Measured seconds that were judged.
    pub samples: usize,
    /// Length of warm-up that was needed, in seconds; null: the warm-up was long enough.
    pub warmup_needed_s: Option<f64>,
    /// Drift of rate and of response p50 over the measured time.
    #[serde(skip)]
    pub drifts: Vec<Check>,
    /// Growth of messages in flight, of the backlog and of awaited receipts.
    #[serde(skip)]
    pub growths: Vec<Check>,
}

impl Steady {
    /// Judges the longest measured stage of one rate, or of a closed loop.
    pub fn of(plan: &Plan, record: &RunRecord, measured: &Measured) -> Steady {
        let Some((stage, rows)) = longest_constant_stage(plan, record, measured) else {
            let reason = if plan.stages.is_empty() {
                "the plan sends nothing".to_owned()
            } else if measured.rows.is_empty() {
                "no whole second was measured".to_owned()
            } else {
                "the plan itself changes the rate".to_owned()
            };
            return Steady { reason, samples: measured.rows.len(), ..Steady::default() };
        };
        let mut steady = Steady { samples: rows.len(), ..Steady::default() };
        steady.growths = growths(&rows, measured);
        if rows.len() < SAMPLES_MIN {
            steady.reason = format!(
                "{} s measured at one rate; {SAMPLES_MIN} s are needed to call a run steady",
                rows.len()
            );
        } else {
            steady.drifts = drifts(&rows);
        }
        steady.warmup_needed_s = warmup_needed(plan, stage, &rows).map(Nanos::as_secs_f64);
        steady.conclude();
        steady
    }

    fn conclude(&mut self) {
        let failed: Vec<String> = self
            .drifts
            .iter()
            .chain(&self.growths)
            .filter(|c| c.failed())
            .map(Check::says)
            .collect();
        if !failed.is_empty() {
            self.steady = Some(false);
            self.reason = format!("no steady state: {}", failed.join("; "));
        } else if !self.drifts.is_empty() {
            self.steady = Some(true);
            self.reason = "rate and response time did not drift; no queue grew".to_owned();
        }
    }
}

/// The longest measured stage of one rate, with its whole undisturbed seconds.
fn longest_constant_stage<'a>(
    plan: &Plan,
    record: &'a RunRecord,
    measured: &'a Measured,
) -> Option<(usize, Vec<&'a IntervalRow>)> {
    let spans = stage_spans(plan);
    plan.stages
        .iter()
        .enumerate()
        .filter(|(_, stage)| stage.measure)
        .filter(|(_, stage)| matches!(stage.shape, Shape::Hold(_) | Shape::Max))
        .map(|(number, _)| {
            let (from, to) = spans[number];
            let to = to.min(record.load_ended);
            let rows: Vec<&IntervalRow> =
                measured.rows(record).filter(|r| r.at >= from && r.at + r.length <= to).collect();
            (number, rows)
        })
        .filter(|(_, rows)| !rows.is_empty())
        .max_by_key(|(_, rows)| rows.len())
}

/// A row's counter by the second.
fn per_second(row: &IntervalRow, count: u64) -> f64 {
    count as f64 / row.length.as_secs_f64()
}

fn answered_rate(rows: &[&IntervalRow]) -> Vec<f64> {
    rows.iter().map(|r| per_second(r, r.tally.answered())).collect()
}

fn p50s(rows: &[&IntervalRow]) -> Vec<f64> {
    rows.iter().filter_map(|r| r.response.p50()).map(|p| p as f64).collect()
}

fn drifts(rows: &[&IntervalRow]) -> Vec<Check> {
    let rate = drift("rate_drift", &answered_rate(rows), RATE_DRIFT_MAX);
    let p50 = drift("response.p50_drift", &p50s(rows), P50_DRIFT_MAX);
    rate.into_iter().chain(p50).collect()
}

/// Relative change over the measured time. A change beyond the limit that may be noise (the interval of the slope
/// contains zero) passes.
fn drift(name: &str, values: &[f64], limit: f64) -> Option<Check> {
    let slope = theil_sen(values)?;
    let middle = median(values).filter(|m| *m > 0.0)?;
    let change = slope.value * (values.len() - 1) as f64 / middle;
    let mut check =
        Check::at_most(name, Some(change), limit, Unit::Ratio).with_subject(About::Drift);
    let small = change.abs() <= limit;
    check.ok = Some(small || !slope.is_certain());
    let noise = if check.failed() || small { "" } else { ", within the noise" };
    Some(check.with_note(format!("over the measured time{noise}")))
}

fn growths(rows: &[&IntervalRow], measured: &Measured) -> Vec<Check> {
    let written: f64 = rows.iter().map(|r| r.tally.written as f64).sum();
    let expected: f64 = rows.iter().map(|r| r.tally.receipts_expected as f64).sum();
    let series =
        |of: fn(&IntervalRow) -> u64| -> Vec<f64> { rows.iter().map(|r| of(r) as f64).collect() };
    let mut checks = Vec::new();
    let mut judge = |name: &str, values: &[f64], limit: f64| {
        let slope = theil_sen(values).filter(|_| values.len() >= SLOPE_SAMPLES_MIN);
        checks.extend(match slope {
            Some(slope) => Some(growth(name, &slope, values.len(), limit)),
            None => short_growth(name, values, limit),
        });
    };
    let in_flight = series(|r| r.gauges.in_flight);
    let usual = median(&in_flight).unwrap_or(0.0);
    judge("in_flight_growth", &in_flight, (0.001 * written).max(0.1 * usual).max(10.0));
    if !measured.closed {
        judge("backlog_growth", &series(|r| r.gauges.backlog), (0.001 * written).max(10.0));
    }
    if expected > 0.0 {
        let awaited = series(|r| r.gauges.awaited);
        let usual = median(&awaited).unwrap_or(0.0);
        judge(AWAITED_GROWTH, &awaited, (0.01 * expected).max(0.1 * usual).max(10.0));
    }
    checks
}

/// Growth over the measured time, by the slope.
fn growth(name: &str, slope: &Slope, samples: usize, limit: f64) -> Check {
    let grown = slope.value * (samples - 1) as f64;
    let mut check =
        Check::at_most(name, Some(grown), limit, Unit::Count).with_subject(About::Growth);
    check.ok = Some(grown <= limit || slope.low <= 0.0);
    check.with_note("from the start to the end of the measured time")
}

/// The same for a run too short for a slope: growth in every second counts; other growth is undecided.
fn short_growth(name: &str, values: &[f64], limit: f64) -> Option<Check> {
    let (first, rest) = values.split_first()?;
    let grown = rest.last()? - first;
    let mut check =
        Check::at_most(name, Some(grown), limit, Unit::Count).with_subject(About::Growth);
    if check.failed() && !values.windows(2).all(|w| w[0] < w[1]) {
        check.ok = None;
    }
    Some(check.with_note("from the start to the end of the measured time"))
}

/// The warm-up that a stage needed; None: MSER-5 cuts nothing that matters.
fn warmup_needed(plan: &Plan, stage: usize, rows: &[&IntervalRow]) -> Option<Nanos> {
    let in_flight: Vec<f64> = rows.iter().map(|r| r.gauges.in_flight as f64).collect();
    let series = [(answered_rate(rows), 0.01), (p50s(rows), 0.05), (in_flight, 0.10)];
    let cut = series.iter().filter_map(|(values, matters)| {
        let cut = mser5(values).filter(|c| *c > 0)?;
        let (start, rest) = (mean(&values[..cut])?, mean(&values[cut..])?);
        // the start must differ by what matters, and by more than the rest differs within itself
        let spread = median(&values[cut..].iter().map(|v| (v - rest).abs()).collect::<Vec<_>>())?;
        let gap = (start - rest).abs();
        (gap > matters * rest && gap > 2.0 * spread).then_some(cut)
    });
    let cut = cut.max()?;
    let warmup = plan.stages[..stage]
        .iter()
        .rev()
        .take_while(|s| !s.measure)
        .fold(Nanos::ZERO, |sum, s| sum + s.length);
    let length = rows[..cut].iter().fold(Nanos::ZERO, |sum, r| sum + r.length);
    Some(warmup + length)
}
