//! Turns the readings of two sides into one estimate per metric: its scale, the value of each side, its uncertainty.
use super::comparison::{Scale, Settings, Test};
use super::evidence::{Evidence, Proportion};
use super::metrics::{self, ComparedMetric};
use super::reading::{Reading, Resampling, by_chance, side_by_side};
use super::side::RunSet;
use crate::judge::check::Unit;
use crate::judge::statistics::{Deviation, Effect, mann_whitney, mean, of_runs, spread};
use crate::kit::{Rng, stream_seed};

/// The estimate of a metric.
pub(super) struct Estimate {
    pub(super) row: ComparedMetric,
    pub(super) base: Vec<Option<Reading>>,
    pub(super) candidate: Vec<Option<Reading>>,
    pub(super) known: EstimateResult,
}

/// Whether a metric could be compared.
pub(super) enum EstimateResult {
    /// Both sides have it. Values in its unit.
    Both {
        scale: Scale,
        base: f64,
        candidate: f64,
        effect: Option<Effect>,
        p: Option<f64>,
        test: Test,
    },
    /// On a side it lies among the censored values.
    Unseen,
    /// Some runs of a side do not have it.
    Partly,
}

impl EstimateResult {
    /// Whether it is 0 on both sides: no test, however few messages there were.
    pub(super) fn is_zero_on_both_sides(&self) -> bool {
        matches!(self, EstimateResult::Both { base: 0.0, candidate: 0.0, .. })
    }
}

/// The metrics that both sides have.
fn rows(base: &RunSet, candidate: &RunSet) -> Vec<(usize, ComparedMetric)> {
    let has = |side: &RunSet, row: &ComparedMetric| !side.readings(&row.name).is_empty();
    let all = metrics::all().into_iter().enumerate();
    all.filter(|(_, row)| has(base, row) && has(candidate, row)).collect()
}

fn whole(readings: &[Option<Reading>]) -> Option<Vec<&Reading>> {
    readings.iter().map(Option::as_ref).collect()
}

/// The estimate of a metric.
fn estimate(
    row: ComparedMetric,
    base: &RunSet,
    candidate: &RunSet,
    effect: impl FnOnce(&[&Reading], &[&Reading], Scale) -> Option<Effect>,
    ranks: bool,
) -> Estimate {
    let (a, b) = (base.readings(&row.name).to_vec(), candidate.readings(&row.name).to_vec());
    let known = match (whole(&a), whole(&b)) {
        (Some(a), Some(b)) if a.iter().chain(&b).all(|r| r.value.is_some()) => {
            both(&a, &b, effect, ranks)
        }
        (Some(_), Some(_)) => EstimateResult::Unseen,
        _ => EstimateResult::Partly,
    };
    Estimate { row, base: a, candidate: b, known }
}

/// Fewest runs per side for a test by ranks.
const RANKS_FROM: usize = 5;

fn both(
    a: &[&Reading],
    b: &[&Reading],
    effect: impl FnOnce(&[&Reading], &[&Reading], Scale) -> Option<Effect>,
    ranks: bool,
) -> EstimateResult {
    let zero = a.iter().chain(b).any(|r| r.value.is_none_or(|v| v <= 0.0));
    let scale = if zero { Scale::Difference } else { Scale::Ratio };
    let (xs, ys) = (values(a, scale), values(b, scale));
    let middle = |values: &[f64]| {
        let centre = mean(values).unwrap_or(f64::NAN);
        if scale == Scale::Ratio { centre.exp() } else { centre }
    };
    let effect = effect(a, b, scale).filter(|e| !e.error.middle().is_nan());
    let by_ranks = ranks && a.len() >= RANKS_FROM && b.len() >= RANKS_FROM;
    let (p, test) = match (by_ranks, mann_whitney(&xs, &ys)) {
        (true, Some(found)) => (Some(found.p), Test::MannWhitney),
        _ => (effect.map(|e| e.p()), Test::Interval),
    };
    EstimateResult::Both { scale, base: middle(&xs), candidate: middle(&ys), effect, p, test }
}

/// The readings' values on a scale.
fn values(readings: &[&Reading], scale: Scale) -> Vec<f64> {
    let of =
        |r: &&Reading| r.value.map_or(f64::NAN, |v| if scale == Scale::Ratio { v.ln() } else { v });
    readings.iter().map(of).collect()
}

fn own(reading: &Reading, scale: Scale) -> Option<Deviation> {
    match scale {
        Scale::Ratio => reading.ln_error,
        Scale::Difference => reading.error,
    }
}

/// The counts of all runs of a side together; None: it is not a share.
pub(super) fn counts<'r>(
    row: &ComparedMetric,
    readings: impl Iterator<Item = &'r Reading>,
) -> Option<Proportion> {
    if row.unit() != Unit::Ratio {
        return None;
    }
    readings
        .filter_map(|reading| reading.share)
        .reduce(|sum, own| Proportion { part: sum.part + own.part, of: sum.of + own.of })
}

/// The uncertainty by chance of the counts of all runs of a side together; None: it is not a share.
fn pooled(row: &ComparedMetric, readings: &[&Reading], scale: Scale) -> Option<Deviation> {
    let (error, ln_error) = by_chance(counts(row, readings.iter().copied())?);
    if scale == Scale::Ratio { ln_error } else { Some(error) }
}

fn at_least_chance(found: Deviation, chance: Option<Deviation>) -> Deviation {
    chance.map_or(found, |chance| found.or_wider(chance))
}

/// Estimates of two sides measured apart.
pub(super) fn independent(base: &RunSet, candidate: &RunSet, settings: &Settings) -> Vec<Estimate> {
    rows(base, candidate)
        .into_iter()
        .map(|(number, row)| {
            let mut rng = Rng::new(stream_seed(settings.seed, RUNS, number as u64));
            let shape = row.clone();
            let effect = |a: &[&Reading], b: &[&Reading], scale: Scale| {
                let (xs, ys) = (values(a, scale), values(b, scale));
                let mut several = |values: &[f64], readings: &[&Reading]| {
                    let found = of_runs(values, settings.resamples, &mut rng)?;
                    Some(at_least_chance(found, pooled(&shape, readings, scale)))
                };
                let (from, to) = match (a, b) {
                    ([a], [b]) => (own(a, scale)?, own(b, scale)?),
                    ([a], _) => {
                        let to = several(&ys, b)?;
                        (alone(a, &ys, scale)?, to)
                    }
                    (_, [b]) => (several(&xs, a)?, alone(b, &xs, scale)?),
                    _ => (several(&xs, a)?, several(&ys, b)?),
                };
                let estimate = mean(&ys)? - mean(&xs)?;
                let mut error = Deviation::difference(from, to);
                if a.len().min(b.len()) == 1 && a.len().max(b.len()) > 1 {
                    // both errors rest on the spread of one side's runs
                    error.df = (a.len().max(b.len()) - 1) as f64;
                }
                Some(Effect { estimate, error })
            };
            estimate(row, base, candidate, effect, true)
        })
        .collect()
}

/// The uncertainty of a single run compared with several: the noise between the other side's runs, at least its own.
fn alone(reading: &Reading, others: &[f64], scale: Scale) -> Option<Deviation> {
    let between = Deviation::even(spread(others)?, (others.len() - 1) as f64);
    Some(match own(reading, scale) {
        Some(within) => between.or_wider(within),
        None => between,
    })
}

/// Estimates of two sides measured at the same time.
pub(super) fn paired(
    base: &RunSet,
    candidate: &RunSet,
    bases: &[Evidence],
    candidates: &[Evidence],
    settings: &Settings,
) -> Vec<Estimate> {
    rows(base, candidate)
        .into_iter()
        .map(|(number, row)| {
            let mut rng = Rng::new(stream_seed(settings.seed, PAIRS, number as u64));
            let shape = row.clone();
            let effect = |a: &[&Reading], b: &[&Reading], scale: Scale| {
                let differences: Vec<f64> = values(a, scale)
                    .iter()
                    .zip(values(b, scale))
                    .map(|(from, to)| to - from)
                    .collect();
                let found = match (bases, candidates) {
                    ([base], [candidate]) => {
                        let mut draw = Resampling { resamples: settings.resamples, rng: &mut rng };
                        let (ln, linear) = side_by_side(base, candidate, &shape, &mut draw);
                        let found = if scale == Scale::Ratio { ln } else { linear };
                        // without seconds to pair, each side's own uncertainty counts
                        found.or_else(|| {
                            Some(Deviation::difference(own(a[0], scale)?, own(b[0], scale)?))
                        })?
                    }
                    _ => of_runs(&differences, settings.resamples, &mut rng)?,
                };
                let chance = pooled(&shape, a, scale)
                    .zip(pooled(&shape, b, scale))
                    .map(|(a, b)| Deviation::difference(a, b));
                let error = at_least_chance(found, chance);
                Some(Effect { estimate: mean(&differences)?, error })
            };
            estimate(row, base, candidate, effect, false)
        })
        .collect()
}

/// Numbers of the random streams.
const RUNS: u64 = 0xC1;
const PAIRS: u64 = 0xC2;
