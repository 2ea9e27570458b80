//! Gates that must hold in every span of the run (`for = "10s"`). The figure of a span decides, not an interval around
//! it: it is a count, not an estimate. Spans are consecutive whole seconds of the measured time, by the time at which
//! things happened.
use super::decision::{Decision, GateOutcome, HARNESS, undecided};
use super::expression::Limit;
use super::figure;
use super::input::GateInput;
use super::own_lag;
use super::read::Gate;
use crate::judge::check::Relation;
use crate::judge::figures::Scope;
use crate::judge::measured::without;
use crate::judge::name::{Group, Meaning, StageSpan, Statistic};
use crate::judge::receipts::MissingShare;
use crate::judge::statistics::{BEYOND_MIN, BucketCounts, supports};
use crate::kit::{Nanos, words};
use crate::measure::{Counters, IntervalRow, Metric};

/// The figure of a span.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum SpanFigure {
    /// A figure.
    Value(f64),
    /// A percentile among messages that were never answered: longer than any value.
    Beyond,
    /// There is none: the reason.
    Nothing(String),
}

/// A row with the distribution of the gate's metric, unpacked once.
pub(super) struct RowSample<'r> {
    row: &'r IntervalRow,
    values: BucketCounts,
}

impl<'r> RowSample<'r> {
    pub(super) fn of(row: &'r IntervalRow, gate: &Gate) -> RowSample<'r> {
        match gate.named.meaning {
            Meaning::Latency(metric, _) => RowSample::of_metric(row, metric),
            Meaning::Figure(_)
            | Meaning::Ledger(_)
            | Meaning::Verdict(_)
            | Meaning::Observed(..)
            | Meaning::Event(..)
            | Meaning::Transit(..)
            | Meaning::Inside(_) => RowSample { row, values: BucketCounts::default() },
        }
    }

    fn of_metric(row: &'r IntervalRow, metric: Metric) -> RowSample<'r> {
        let opened = row.latency(metric);
        RowSample { row, values: opened.as_ref().map(BucketCounts::of).unwrap_or_default() }
    }

    fn end(&self) -> Nanos {
        self.row.at + self.row.length
    }
}

/// The figure of some rows together.
pub(super) fn over(samples: &[RowSample<'_>], gate: &Gate, measured: &SpanContext) -> SpanFigure {
    let mut tally = Counters::default();
    samples.iter().for_each(|m| tally.merge(&m.row.tally));
    match gate.named.meaning {
        Meaning::Ledger(count) => SpanFigure::Value(count(&tally) as f64),
        Meaning::Figure(row) => {
            let seconds: f64 = samples.iter().map(|m| m.row.length.as_secs_f64()).sum();
            let full: f64 = samples.iter().map(|m| m.row.gauges.window_full_ns as f64).sum();
            let scope = Scope {
                tally: &tally,
                seconds,
                target: None,
                closed: measured.closed,
                mo: Some(samples.iter().map(|m| m.row.mo).sum()),
                window_full: Some((full / (seconds * 1e9 * measured.workers)).min(1.0)),
            };
            let missing = MissingShare::of_span(&tally).filter(|_| row.is_missing());
            if let (Some(missing), Limit::Number(limit)) = (missing, &gate.expression.limit) {
                let holds = |value: f64| gate.expression.relation.holds(value, *limit);
                return match missing.decide(holds, *limit) {
                    Some(_) => SpanFigure::Value(missing.low),
                    None => SpanFigure::Nothing(missing.why(&tally)),
                };
            }
            match (row.of)(&scope) {
                Some(value) => SpanFigure::Value(value),
                None => SpanFigure::Nothing("it is undefined in this span".to_owned()),
            }
        }
        Meaning::Latency(metric, statistic) => latency(samples, metric, statistic),
        Meaning::Verdict(_)
        | Meaning::Observed(..)
        | Meaning::Event(..)
        | Meaning::Transit(..)
        | Meaning::Inside(_) => SpanFigure::Nothing("it is not a figure of a span".to_owned()),
    }
}

fn latency(samples: &[RowSample<'_>], metric: Metric, statistic: Statistic) -> SpanFigure {
    let briefs = || samples.iter().filter_map(|m| m.row.summary(metric));
    let count: u64 = briefs().map(|b| b.count).sum();
    let censored: u64 = briefs().map(|b| b.censored).sum();
    match statistic {
        Statistic::Count => SpanFigure::Value(count as f64),
        Statistic::Censored => SpanFigure::Value(censored as f64),
        Statistic::Max if censored > 0 => SpanFigure::Beyond,
        Statistic::Max => match briefs().filter_map(|b| b.max()).max() {
            Some(max) => SpanFigure::Value(max as f64),
            None => SpanFigure::Nothing("nothing was measured".to_owned()),
        },
        Statistic::Quantile(q) => {
            if !supports(count + censored, q) {
                let needed = (BEYOND_MIN / (1.0 - q)).ceil();
                let n = count + censored;
                return SpanFigure::Nothing(format!("too few samples: {n}, needed {needed:.0}"));
            }
            let rank = (q * (count + censored) as f64 - 1e-9).ceil() as u64;
            nth(samples, rank).map_or(SpanFigure::Beyond, |v| SpanFigure::Value(v as f64))
        }
        Statistic::Min | Statistic::Mean | Statistic::Stddev => {
            SpanFigure::Nothing("it is not recorded per second".to_owned())
        }
    }
}

/// Whether these rows break the gate's limit. None: it cannot be told, for the reason given.
pub(super) fn breaks(
    samples: &[RowSample<'_>],
    gate: &Gate,
    limit: f64,
    context: &SpanContext,
) -> (SpanFigure, Option<bool>) {
    let relation = gate.expression.relation;
    let found = over(samples, gate, context);
    let broken = match &found {
        SpanFigure::Nothing(_) => return (found, None),
        SpanFigure::Value(value) => !relation.holds(*value, limit),
        SpanFigure::Beyond => relation.bounds_above() || relation == Relation::Equal,
    };
    match broken.then(|| own_lag(samples, gate, limit)).flatten() {
        Some(why) => (SpanFigure::Nothing(why), None),
        None => (found, Some(broken)),
    }
}

/// The reason why these rows cannot be judged where the harness's own lag breaks an upper limit and nothing else does.
/// The wait for a window slot is not kept by second: there was none where a slot was always free.
fn own_lag(samples: &[RowSample<'_>], gate: &Gate, limit: f64) -> Option<String> {
    let Meaning::Latency(metric, statistic) = gate.named.meaning else { return None };
    let [_, parts @ ..] = own_lag::other_parts(metric)?;
    let may_be = gate.expression.relation.bounds_above() && own_lag::adds_up(statistic);
    if !may_be || samples.iter().any(|m| m.row.gauges.window_full_ns > 0) {
        return None;
    }
    // no statistic is above the largest value, which is at hand without unpacking
    let lags = samples.iter().filter_map(|m| m.row.summary(Metric::HarnessLag)?.max());
    if lags.max().is_none_or(|lag| gate.expression.relation.holds(lag as f64, limit)) {
        return None;
    }
    let figure = |part: Metric| {
        let rows: Vec<_> = samples.iter().map(|m| RowSample::of_metric(m.row, part)).collect();
        latency(&rows, part, statistic)
    };
    let is_within = |figure: SpanFigure| match figure {
        SpanFigure::Value(value) => gate.expression.relation.holds(value, limit),
        SpanFigure::Beyond | SpanFigure::Nothing(_) => false,
    };
    match figure(Metric::HarnessLag) {
        SpanFigure::Value(lag) if !gate.expression.relation.holds(lag, limit) => {
            let alone = parts.into_iter().all(|part| is_within(figure(part)));
            alone.then(|| own_lag::why(metric, statistic, Some(lag)))
        }
        SpanFigure::Value(_) | SpanFigure::Beyond | SpanFigure::Nothing(_) => None,
    }
}

/// The `rank`-th smallest value (from 1); None beyond those seen.
fn nth(samples: &[RowSample<'_>], rank: u64) -> Option<u64> {
    let mut buckets: Vec<(u64, u64)> =
        samples.iter().flat_map(|m| m.values.0.iter().map(|b| (b.high, b.count))).collect();
    buckets.sort_unstable();
    let mut seen = 0;
    buckets.into_iter().find_map(|(high, count)| {
        seen += count;
        (seen >= rank).then_some(high)
    })
}

/// Facts of the run that the figures of spans depend on.
pub(super) struct SpanContext {
    /// Whether there is no schedule.
    pub(super) closed: bool,
    /// Number of workers.
    pub(super) workers: f64,
}

impl SpanContext {
    pub(super) fn new(closed: bool, workers: usize) -> SpanContext {
        SpanContext { closed, workers: workers.max(1) as f64 }
    }
}

/// The stretches of time of a gate: the measured stages, adjacent ones joined, or the named stage; without what events
/// disturbed.
pub(super) fn stretches(
    stages: &[StageSpan],
    group: Group,
    until: Nanos,
    disturbed: &[(Nanos, Nanos)],
) -> Vec<(Nanos, Nanos)> {
    without(of_stages(stages, group, until), disturbed)
}

fn of_stages(stages: &[StageSpan], group: Group, until: Nanos) -> Vec<(Nanos, Nanos)> {
    if stages.is_empty() {
        return vec![(Nanos::ZERO, until)];
    }
    let mut stretches: Vec<(Nanos, Nanos)> = Vec::new();
    for (number, stage) in stages.iter().enumerate() {
        let wanted = match group {
            Group::Stage(n) => usize::from(n) == number,
            Group::Whole | Group::Account(_) | Group::Label(_) => stage.measure,
        };
        let (from, to) = (stage.from.min(until), stage.to.min(until));
        match stretches.last_mut() {
            _ if !wanted || from >= to => {}
            Some(last) if last.1 == from => last.1 = to,
            _ => stretches.push((from, to)),
        }
    }
    stretches
}

/// The rows wholly in one stretch, in order.
pub(super) fn samples<'r>(
    rows: &'r [IntervalRow],
    gate: &Gate,
    (from, to): (Nanos, Nanos),
) -> Vec<RowSample<'r>> {
    let inside = |row: &&IntervalRow| row.at >= from && row.at + row.length <= to;
    rows.iter().filter(inside).map(|row| RowSample::of(row, gate)).collect()
}

/// The figures of all spans so far.
struct SpanResults<'m> {
    value: Option<f64>,
    broken: Option<(&'m [RowSample<'m>], SpanFigure)>,
    broken_count: usize,
    nothing: Option<(&'m [RowSample<'m>], String)>,
    spans: usize,
}

/// Decides a gate in every span of its length.
pub(super) fn decide(
    input: &GateInput<'_>,
    gate: &Gate,
    limit: f64,
    every: Nanos,
) -> (Option<f64>, Decision) {
    let kind = SpanContext::new(input.measured.closed, input.workers);
    let until = input.load_ended.max(input.measured.to);
    let stretches: Vec<Vec<RowSample<'_>>> =
        stretches(&input.names.stages, gate.named.group, until, &input.measured.disturbed_spans)
            .into_iter()
            .map(|stretch| samples(&input.rows, gate, stretch))
            .collect();
    let relation = gate.expression.relation;
    let mut worst =
        SpanResults { value: None, broken: None, broken_count: 0, nothing: None, spans: 0 };
    for span in stretches.iter().flat_map(|stretch| spans(stretch, every)) {
        worst.spans += 1;
        let (found, broken) = breaks(span, gate, limit, &kind);
        if let SpanFigure::Nothing(why) = &found {
            worst.nothing.get_or_insert((span, why.clone()));
            continue;
        }
        if let SpanFigure::Value(value) = found {
            let further =
                |old: f64| if relation.bounds_above() { old.max(value) } else { old.min(value) };
            worst.value = Some(worst.value.map_or(value, further));
        }
        if broken == Some(true) {
            worst.broken_count += 1;
            worst.broken.get_or_insert((span, found));
        }
    }
    let decision = conclude(&worst, gate, every);
    (worst.value, with_harness(decision, input.is_trusted(), gate, input.measured.tally()))
}

/// Every sequence of adjacent rows that is as long as `every`.
fn spans<'m>(
    samples: &'m [RowSample<'m>],
    every: Nanos,
) -> impl Iterator<Item = &'m [RowSample<'m>]> {
    (0..samples.len()).filter_map(move |from| {
        let start = samples[from].row.at;
        let mut end = start;
        for (to, sample) in samples.iter().enumerate().skip(from) {
            if sample.row.at != end {
                return None; // a second is missing
            }
            end = sample.end();
            if end.since(start) >= every {
                return Some(&samples[from..=to]);
            }
        }
        None
    })
}

/// `from 12 s to 22 s`.
pub(super) fn place(span: &[RowSample<'_>]) -> String {
    let (Some(first), Some(last)) = (span.first(), span.last()) else { return String::new() };
    let show = |n: Nanos| words::seconds(n.as_secs_f64());
    format!("from {} to {}", show(first.row.at), show(last.end()))
}

/// The figure of a span for a person.
pub(super) fn shown(found: &SpanFigure, gate: &Gate) -> String {
    match found {
        SpanFigure::Value(value) => gate.named.meaning.unit().show(*value),
        SpanFigure::Beyond => "never answered".to_owned(),
        SpanFigure::Nothing(why) => why.clone(),
    }
}

fn conclude(worst: &SpanResults<'_>, gate: &Gate, every: Nanos) -> Decision {
    let length = words::seconds(every.as_secs_f64());
    if let Some((span, found)) = &worst.broken {
        let more = match worst.broken_count {
            1 => String::new(),
            n => format!("; {} of {} spans failed", n, worst.spans),
        };
        let why = format!("failed {}: {}{more}", place(span), shown(found, gate));
        return (GateOutcome::Fail, Some(why));
    }
    if worst.spans == 0 {
        return undecided(format!("no {length} were measured without a gap"));
    }
    match &worst.nothing {
        Some((span, why)) => undecided(format!("{}: {why}", place(span))),
        None => (GateOutcome::Pass, Some(format!("in each of {} spans of {length}", worst.spans))),
    }
}

/// docs/verdict.md, "Was the harness fit": lateness of the harness only adds to latencies; counts do not depend on it.
fn with_harness(decision: Decision, trusted: bool, gate: &Gate, t: &Counters) -> Decision {
    let counts = match gate.named.meaning {
        Meaning::Ledger(_) => true,
        Meaning::Latency(_, statistic) => statistic.is_count(),
        Meaning::Figure(_)
        | Meaning::Verdict(_)
        | Meaning::Observed(..)
        | Meaning::Event(..)
        | Meaning::Transit(..)
        | Meaning::Inside(_) => false,
    };
    let latency = matches!(gate.named.meaning, Meaning::Latency(..));
    let kept =
        decision.0 == GateOutcome::Pass && latency && gate.expression.relation.bounds_above();
    let stands = match (&gate.named.meaning, &gate.expression.limit) {
        (Meaning::Figure(row), Limit::Number(limit)) => {
            figure::stays_valid(row, gate.expression.relation, *limit, decision.0, t)
        }
        _ => false,
    };
    if trusted || counts || kept || stands || decision.0 == GateOutcome::Undecided {
        return decision;
    }
    undecided(HARNESS)
}
