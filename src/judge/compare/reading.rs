//! One figure of one run, with its uncertainty from this run alone.
use super::evidence::{Evidence, Fingerprint, Proportion, Second};
use super::metrics::{ComparedMetric, Source};
use crate::judge::statistics::{
    self, Blocks, BucketCounts, Deviation, Layers, SHORTEST_NS, SPANS_MIN, paired_deviation, wilson,
};
use crate::kit::Rng;
use crate::measure::{Counters, Timed};
use serde::{Deserialize, Serialize};

/// A figure of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// In the metric's unit; None: it lies among the censored values.
    pub value: Option<f64>,
    /// The lower bound of such a figure.
    pub at_least: Option<f64>,
    /// The counts of a share; of a latency, its censored values.
    pub share: Option<Proportion>,
    /// Uncertainty of ln of the value, from the run's seconds; None: unknown.
    pub ln_error: Option<Deviation>,
    /// The same of the value itself.
    pub error: Option<Deviation>,
    /// Whether there were no seconds, so that messages count as independent.
    pub rough: bool,
}

/// How to resample.
pub(super) struct Resampling<'a> {
    pub(super) resamples: usize,
    pub(super) rng: &'a mut Rng,
}

impl Reading {
    /// The figure of a run. None: undefined, or the sample is too small.
    pub(super) fn of(
        run: &Evidence,
        row: &ComparedMetric,
        draw: Option<&mut Resampling<'_>>,
    ) -> Option<Reading> {
        match row.source {
            Source::Latency(timed, q) => latency(run, timed, q, draw),
            Source::Rate(count) => rate(run, &row.name, count),
            Source::Share(counts) => share(run, &row.name, &run.seconds, counts),
            Source::Inside => share(run, &row.name, &[], |_| (0, 0)),
        }
    }
}

fn latency(
    run: &Evidence,
    timed: Timed,
    q: f64,
    draw: Option<&mut Resampling<'_>>,
) -> Option<Reading> {
    let latency = run.latency(timed).filter(|l| !l.is_empty())?;
    let found = statistics::quantile(latency, q);
    if !found.supported {
        return None;
    }
    let ns = |n: crate::kit::Nanos| (n.0 as f64).max(SHORTEST_NS);
    let value = found.value.map(ns);
    let by_order = value.zip(found.low).map(|(value, low)| {
        let high = found.high.map_or(f64::INFINITY, ns);
        Deviation::of_interval(ns(low).ln(), value.ln(), high.ln())
    });
    let asked = draw.is_some();
    let by_seconds =
        draw.and_then(|draw| layers(run, timed)?.deviation(q, draw.resamples, draw.rng));
    Some(Reading {
        value,
        at_least: found.at_least.map(ns),
        share: Some(Proportion { part: latency.censored_count(), of: latency.sample_count() }),
        ln_error: by_seconds.or(by_order),
        error: None,
        rough: asked && by_seconds.is_none(),
    })
}

fn layers(run: &Evidence, timed: Timed) -> Option<Layers> {
    let nothing = BucketCounts::default();
    let seconds: Vec<&BucketCounts> = run
        .seconds_of(timed)
        .iter()
        .map(|s| s.latencies.iter().find(|(known, _)| *known == timed).map_or(&nothing, |l| &l.1))
        .collect();
    let censored = run.latency(timed)?.censored_count();
    Layers::of(&seconds, censored)
}

/// How far each second exceeds the expectation from the whole run.
fn surplus(
    seconds: &[Second],
    part: impl Fn(&Second) -> f64,
    of: impl Fn(&Second) -> f64,
) -> Vec<f64> {
    let all: f64 = seconds.iter().map(&of).sum();
    let mean = if all > 0.0 { seconds.iter().map(&part).sum::<f64>() / all } else { 0.0 };
    seconds.iter().map(|s| part(s) - mean * of(s)).collect()
}

/// A second's length.
fn length(second: &Second) -> f64 {
    second.length.as_secs_f64()
}

fn rate(run: &Evidence, name: &str, count: fn(&Counters) -> u64) -> Option<Reading> {
    let value = run.rate(name)?;
    let part = |s: &Second| count(&s.counts) as f64;
    let all: f64 = run.seconds.iter().map(part).sum();
    let ln_error = (run.seconds.len() >= SPANS_MIN && all > 0.0).then(|| {
        let blocks = Blocks::of(&surplus(&run.seconds, part, length));
        Deviation::even(blocks.standard_error * run.seconds.len() as f64 / all, blocks.df)
    });
    let error = match value {
        0.0 => Some(Deviation::NONE),
        value => ln_error.map(|e| e.times(value)),
    };
    Some(Reading { value: Some(value), at_least: None, share: None, ln_error, error, rough: false })
}

/// `seconds`: those in which the share is counted; none: messages count as independent.
fn share(
    run: &Evidence,
    name: &str,
    seconds: &[Second],
    counts: fn(&Counters) -> (u64, u64),
) -> Option<Reading> {
    let share = run.share(name)?;
    let value = share.value()?;
    let (part, of) =
        (|s: &Second| counts(&s.counts).0 as f64, |s: &Second| counts(&s.counts).1 as f64);
    let all: f64 = seconds.iter().map(of).sum();
    let chance = (value * (1.0 - value) / share.of as f64).sqrt();
    // errors come in clusters: the counts scatter more than those of independent messages
    let scatter = if seconds.len() >= SPANS_MIN && all > 0.0 && chance > 0.0 {
        let blocks = Blocks::of(&surplus(seconds, part, of));
        let seen = blocks.standard_error * seconds.len() as f64 / all;
        ((seen / chance).max(1.0), blocks.df)
    } else {
        (1.0, 1e6)
    };
    let (error, ln_error) = by_chance(share);
    let widened = |d: Deviation| if scatter.0 > 1.0 { d.widened(scatter.0, scatter.1) } else { d };
    Some(Reading {
        value: Some(value),
        at_least: None,
        share: Some(share),
        ln_error: ln_error.map(widened),
        error: Some(widened(error)),
        rough: seconds.is_empty(),
    })
}

/// The uncertainty if messages are independent: (of the share, of its ln unless it is 0).
pub(super) fn by_chance(share: Proportion) -> (Deviation, Option<Deviation>) {
    let value = share.value().unwrap_or(0.0);
    let (low, high) = wilson(share.part, share.of);
    let ln =
        (value > 0.0 && low > 0.0).then(|| Deviation::of_interval(low.ln(), value.ln(), high.ln()));
    (Deviation::of_interval(low, value, high), ln)
}

/// The uncertainty of (ln of the ratio, the difference) of two simultaneous runs, from their paired seconds.
pub(super) fn side_by_side(
    base: &Evidence,
    candidate: &Evidence,
    row: &ComparedMetric,
    draw: &mut Resampling<'_>,
) -> (Option<Deviation>, Option<Deviation>) {
    let (base, candidate) = (&common(base, candidate), &common(candidate, base));
    let seconds = match row.source {
        Source::Latency(timed, _) => base.seconds_of(timed),
        Source::Rate(_) | Source::Share(_) => &base.seconds,
        Source::Inside => &[],
    };
    if seconds.len() < SPANS_MIN {
        return (None, None);
    }
    match row.source {
        Source::Latency(timed, q) => {
            let ln = layers(base, timed)
                .zip(layers(candidate, timed))
                .and_then(|(a, b)| paired_deviation(&a, &b, q, draw.resamples, draw.rng));
            (ln, None)
        }
        Source::Rate(count) => {
            let part = |s: &Second| count(&s.counts) as f64;
            together(base, candidate, part, length)
        }
        Source::Share(counts) => together(
            base,
            candidate,
            |s| counts(&s.counts).0 as f64,
            |s| counts(&s.counts).1 as f64,
        ),
        Source::Inside => (None, None),
    }
}

/// A run with only the seconds that the other one has too.
fn common(run: &Evidence, other: &Evidence) -> Evidence {
    let both = |own: &[Second], other: &[Second]| -> Vec<Second> {
        let has =
            |second: &&Second| other.binary_search_by_key(&second.at, |theirs| theirs.at).is_ok();
        own.iter().filter(has).cloned().collect()
    };
    Evidence {
        id: String::new(),
        fingerprint: Fingerprint::default(),
        latencies: run.latencies.clone(),
        rates: Vec::new(),
        shares: Vec::new(),
        seconds: both(&run.seconds, &other.seconds),
        transits: both(&run.transits, &other.transits),
        harness: run.harness,
        work_piled_up: run.work_piled_up,
        beside: Vec::new(),
        latency_includes_rejected: run.latency_includes_rejected,
    }
}

/// The same for ratios of sums: the paired surpluses of each second.
fn together(
    base: &Evidence,
    candidate: &Evidence,
    part: impl Fn(&Second) -> f64 + Copy,
    of: impl Fn(&Second) -> f64 + Copy,
) -> (Option<Deviation>, Option<Deviation>) {
    let n = base.seconds.len() as f64;
    let sum = |run: &Evidence, what: &dyn Fn(&Second) -> f64| -> f64 {
        run.seconds.iter().map(what).sum()
    };
    let even = |scale_a: f64, scale_b: f64| {
        if scale_a <= 0.0 || scale_b <= 0.0 {
            return None;
        }
        let (a, b) = (surplus(&base.seconds, part, of), surplus(&candidate.seconds, part, of));
        let both: Vec<f64> =
            a.iter().zip(&b).map(|(a, b)| (b / scale_b - a / scale_a) * n).collect();
        let blocks = Blocks::of(&both);
        Some(Deviation::even(blocks.standard_error, blocks.df))
    };
    (even(sum(base, &part), sum(candidate, &part)), even(sum(base, &of), sum(candidate, &of)))
}
