//! Turns estimates into verdicts.
use super::comparison::{MetricComparison, Scale, Settings, Test, Verdict};
use super::decide::{Estimate, EstimateResult, counts};
use super::metrics::{Direction, Source};
use super::reading::Reading;
use super::side::RunSet;
use crate::judge::check::Unit;
use crate::judge::name::PERCENTILES;
use crate::judge::statistics::{Effect, SPANS_MIN, holm, wilson};
use crate::kit::{Nanos, words};
use crate::measure::Timed;

/// Every metric with its verdict; Holm's correction covers the primary ones, and separately the others.
pub(super) fn verdicts(
    estimates: Vec<Estimate>,
    settings: &Settings,
    base: &RunSet,
    candidate: &RunSet,
    lateness: Option<Nanos>,
) -> Vec<MetricComparison> {
    let primary = |e: &Estimate| settings.primary.contains(&e.row.name);
    // what is 0 on both sides can show no difference, so it is none of the tests to correct for
    let p = |e: &Estimate| match e.known {
        EstimateResult::Both { p, .. } if !e.known.is_zero_on_both_sides() => p,
        EstimateResult::Both { .. } | EstimateResult::Unseen | EstimateResult::Partly => None,
    };
    let mut corrected: Vec<Option<f64>> = vec![None; estimates.len()];
    for family in [true, false] {
        let members: Vec<usize> = (0..estimates.len())
            .filter(|n| primary(&estimates[*n]) == family && p(&estimates[*n]).is_some())
            .collect();
        let raw: Vec<f64> = members.iter().filter_map(|n| p(&estimates[*n])).collect();
        for (member, value) in members.into_iter().zip(holm(&raw)) {
            corrected[member] = Some(value);
        }
    }
    let runs = base.runs.len().min(candidate.runs.len());
    estimates
        .into_iter()
        .zip(corrected)
        .map(|(estimate, p_holm)| {
            let is_primary = primary(&estimate);
            let is_counted_by_both = matches!(estimate.row.source, Source::Inside);
            let mut settled = verdict(estimate, p_holm, settings, runs);
            settled.primary = is_primary;
            if settled.is_zero_on_both_sides() {
                (settled.verdict, settled.runs_needed, settled.note) =
                    (Verdict::Equivalent, None, None);
            } else if let Some(lateness) = lateness.filter(|_| !is_counted_by_both) {
                mistrust(&mut settled, lateness);
            }
            settled
        })
        .collect()
}

/// Withdraws a verdict that the harness's lateness could explain.
fn mistrust(out: &mut MetricComparison, lateness: Nanos) {
    let late = if lateness == Nanos::MAX {
        "the harness did not keep up".to_owned()
    } else {
        format!("the harness did not keep up: it was {} late at p99", words::duration(lateness.0))
    };
    let decided = matches!(out.verdict, Verdict::Better | Verdict::Worse);
    if decided && certain_change(out).is_some_and(|change| change > lateness.0 as f64) {
        out.note = Some(format!("{late}, which does not explain the change"));
    } else {
        out.verdict = Verdict::Inconclusive;
        out.runs_needed = None;
        out.note = Some(late);
    }
}

/// The smallest certain change of a latency, in nanoseconds. None: lateness at p99 does not bound this figure.
fn certain_change(out: &MetricComparison) -> Option<f64> {
    let known = [".p50", ".p90", ".p95", ".p99"].iter().any(|end| out.name.ends_with(end));
    let (low, high, base) = (out.low?, out.high?, out.base?);
    if out.unit != Unit::Nanoseconds || !known {
        return None;
    }
    let (low, high) = match out.scale {
        Scale::Ratio => ((low - 1.0) * base, (high - 1.0) * base),
        Scale::Difference => (low, high),
    };
    Some(low.abs().min(high.abs()))
}

fn verdict(
    estimate: Estimate,
    p_holm: Option<f64>,
    settings: &Settings,
    runs: usize,
) -> MetricComparison {
    let Estimate { row, base, candidate, known } = estimate;
    let each = |readings: &[Option<Reading>]| -> Vec<Option<f64>> {
        readings.iter().map(|r| r.as_ref().and_then(|r| r.value)).collect()
    };
    let mut out = MetricComparison {
        unit: row.unit(),
        better: row.better,
        primary: false,
        base: None,
        candidate: None,
        base_runs: each(&base),
        candidate_runs: each(&candidate),
        scale: Scale::Ratio,
        change: None,
        low: None,
        high: None,
        effect_min: settings.effect_of(&row.name),
        p: None,
        p_holm,
        test: Test::Interval,
        verdict: Verdict::Inconclusive,
        runs_needed: None,
        note: None,
        base_counts: counts(&row, base.iter().flatten()),
        candidate_counts: counts(&row, candidate.iter().flatten()),
        name: row.name.clone(),
    };
    match known {
        EstimateResult::Partly => {
            out.note = Some("it is undefined or has too few samples in a run".to_owned());
        }
        EstimateResult::Unseen => unseen(&mut out, &base, &candidate),
        EstimateResult::Both { scale, base: from, candidate: to, effect, p, test } => {
            (out.base, out.candidate) = (Some(from), Some(to));
            (out.scale, out.p, out.test) = (scale, p, test);
            if scale == Scale::Difference {
                out.effect_min = match row.source {
                    Source::Share(_) => settings.share_effect_min,
                    // a gateway that is free of this matters to the message
                    Source::Inside => settings.own_effect_of(&row.name).unwrap_or(0.0),
                    Source::Latency(..) | Source::Rate(_) => out.effect_min * from.max(to),
                };
            }
            match effect {
                Some(effect) => judge(&mut out, effect, settings, runs),
                None => {
                    out.change = Some(if scale == Scale::Ratio { to / from } else { to - from });
                    out.note = Some(format!(
                        "its noise is unknown: give more runs, or run folders of at least {SPANS_MIN} measured seconds"
                    ));
                }
            }
            if runs == 1 && base.iter().chain(&candidate).flatten().any(|r| r.rough) {
                out.note.get_or_insert_with(|| rough(&row.source));
            }
        }
    }
    out
}

/// Why messages count as independent.
fn rough(source: &Source) -> String {
    let why = match source {
        Source::Latency(Timed::Metric(_), _) | Source::Rate(_) | Source::Share(_) => {
            format!("fewer than {SPANS_MIN} seconds in latency.hlog, or too few answers beyond it")
        }
        Source::Latency(Timed::Transit(_), _) => {
            format!(
                "fewer than {SPANS_MIN} seconds with transit times in latency.hlog, or too few messages beyond it"
            )
        }
        Source::Inside => "counted over the whole run".to_owned(),
    };
    format!("{why}: messages count as independent")
}

/// docs/comparing.md. A certain difference (corrected p and interval agree) that is not certainly small: better or
/// worse. Certainly small: equivalent. Else inconclusive.
fn judge(out: &mut MetricComparison, effect: Effect, settings: &Settings, runs: usize) {
    let (low, high) = effect.interval(settings.alpha);
    let (bound_low, bound_high) = match out.scale {
        Scale::Ratio => (-(1.0 + out.effect_min).ln(), (1.0 + out.effect_min).ln()),
        Scale::Difference => (-out.effect_min, out.effect_min),
    };
    let shown = |v: f64| match out.scale {
        _ if !v.is_finite() => None,
        Scale::Ratio => Some(v.exp()).filter(|v| v.is_finite()),
        Scale::Difference => Some(v),
    };
    (out.change, out.low, out.high) = (shown(effect.estimate), shown(low), shown(high));
    let certain = out.p_holm.is_some_and(|p| p <= settings.alpha);
    out.verdict = if low >= bound_low && high <= bound_high {
        Verdict::Equivalent
    } else if certain && low > 0.0 {
        rising(out.better)
    } else if certain && high < 0.0 {
        falling(out.better)
    } else {
        Verdict::Inconclusive
    };
    if out.verdict == Verdict::Inconclusive {
        out.runs_needed = effect.runs_needed(settings.alpha, bound_high, runs);
    }
}

const fn rising(better: Direction) -> Verdict {
    match better {
        Direction::Lower => Verdict::Worse,
        Direction::Higher => Verdict::Better,
    }
}

const fn falling(better: Direction) -> Verdict {
    match better {
        Direction::Lower => Verdict::Better,
        Direction::Higher => Verdict::Worse,
    }
}

/// A percentile among messages that were never answered has no value, but it is longer than any value. It is decided if
/// every run of one side certainly has too many such messages, and every run of the other certainly has not.
fn unseen(out: &mut MetricComparison, base: &[Option<Reading>], candidate: &[Option<Reading>]) {
    let longest = |side: &[Option<Reading>]| -> Option<f64> {
        side.iter().map(|r| r.as_ref()?.value).try_fold(0.0f64, |most, v| Some(most.max(v?)))
    };
    // even the fewest censored messages that chance allows are too many, in each run
    let bound = |side: &[Option<Reading>]| -> Option<f64> {
        side.iter()
            .map(|r| {
                let r = r.as_ref()?;
                let share = r.share?;
                let (fewest, _) = wilson(share.part, share.of);
                let beyond = r.value.is_none() && fewest > beyond_share(&out.name);
                r.at_least.filter(|_| beyond)
            })
            .try_fold(f64::INFINITY, |least, v| Some(least.min(v?)))
    };
    let says = |bound: f64| format!("one side is at least {}", out.unit.show(bound));
    let settled = match (longest(base), bound(candidate), bound(base), longest(candidate)) {
        (Some(from), Some(at_least), _, _) if at_least > from * (1.0 + out.effect_min) => {
            Some((rising(out.better), Some(at_least / from), None, says(at_least)))
        }
        (_, _, Some(at_least), Some(to)) if at_least > to * (1.0 + out.effect_min) => {
            Some((falling(out.better), None, Some(to / at_least), says(at_least)))
        }
        _ => None,
    };
    match settled {
        Some((verdict, low, high, note)) => {
            (out.verdict, out.low, out.high, out.note) = (verdict, low, high, Some(note));
        }
        None => out.note = Some("it lies among messages that were never answered".to_owned()),
    }
}

/// The share of a sample beyond a percentile's name: `receipt.p99` has 0.01.
fn beyond_share(name: &str) -> f64 {
    let percentile = name.rsplit('.').next().unwrap_or("");
    PERCENTILES.iter().find(|p| p.0 == percentile).map_or(1.0, |p| 1.0 - p.1)
}
