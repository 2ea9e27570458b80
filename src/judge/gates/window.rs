//! Gates that must hold in every span of the run (`for = "10s"`). What a span held is a fact, not an estimate: its
//! figure decides, not an interval around it. Spans are by the time things happened: whole seconds on end, of
//! measured time.
use super::decision::{Decision, GateOutcome, HARNESS, undecided};
use super::expression::Limit;
use super::figure;
use super::input::GateInput;
use super::read::Gate;
use crate::judge::check::Relation;
use crate::judge::figures::Scope;
use crate::judge::name::{Group, Meaning, StageSpan, Statistic};
use crate::judge::receipts::MissingShare;
use crate::judge::statistics::{BEYOND_MIN, Sparse, supports};
use crate::kit::{Nanos, words};
use crate::measure::{Counters, IntervalRow, Metric};

/// What a span came to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    /// A figure.
    Value(f64),
    /// A percentile among messages that were never answered: longer than anything.
    Beyond,
    /// Nothing that could be judged: why.
    Nothing(String),
}

/// A row with the one distribution that the gate asks of, opened once.
pub(super) struct Moment<'r> {
    row: &'r IntervalRow,
    values: Sparse,
}

impl<'r> Moment<'r> {
    pub(super) fn of(row: &'r IntervalRow, gate: &Gate) -> Moment<'r> {
        let opened = match gate.named.meaning {
            Meaning::Latency(metric, _) => row.latency(metric),
            Meaning::Figure(_) | Meaning::Ledger(_) | Meaning::Verdict(_) => None,
        };
        Moment { row, values: opened.as_ref().map(Sparse::of).unwrap_or_default() }
    }
    fn end(&self) -> Nanos {
        self.row.at + self.row.length
    }
}

/// The figure of some rows together.
pub(super) fn over(moments: &[Moment<'_>], gate: &Gate, measured: &Kind) -> Found {
    let mut tally = Counters::default();
    moments.iter().for_each(|m| tally.merge(&m.row.tally));
    match gate.named.meaning {
        Meaning::Ledger(count) => Found::Value(count(&tally) as f64),
        Meaning::Figure(row) => {
            let seconds: f64 = moments.iter().map(|m| m.row.length.as_secs_f64()).sum();
            let full: f64 = moments.iter().map(|m| m.row.gauges.window_full_ns as f64).sum();
            let scope = Scope {
                tally: &tally,
                seconds,
                target: None,
                closed: measured.closed,
                mo: Some(moments.iter().map(|m| m.row.mo).sum()),
                window_full: Some((full / (seconds * 1e9 * measured.workers)).min(1.0)),
            };
            let missing = MissingShare::of_span(&tally).filter(|_| row.is_missing());
            if let (Some(missing), Limit::Number(limit)) = (missing, &gate.expression.limit) {
                let holds = |value: f64| gate.expression.relation.holds(value, *limit);
                return match missing.decide(holds, *limit) {
                    Some(_) => Found::Value(missing.low),
                    None => Found::Nothing(missing.why(&tally)),
                };
            }
            match (row.of)(&scope) {
                Some(value) => Found::Value(value),
                None => Found::Nothing("it is undefined".to_owned()),
            }
        }
        Meaning::Latency(metric, statistic) => latency(moments, metric, statistic),
        Meaning::Verdict(_) => Found::Nothing("a verdict is no figure of a span".to_owned()),
    }
}

fn latency(moments: &[Moment<'_>], metric: Metric, statistic: Statistic) -> Found {
    let briefs = || moments.iter().filter_map(|m| m.row.summary(metric));
    let count: u64 = briefs().map(|b| b.count).sum();
    let censored: u64 = briefs().map(|b| b.censored).sum();
    match statistic {
        Statistic::Count => Found::Value(count as f64),
        Statistic::Censored => Found::Value(censored as f64),
        Statistic::Max if censored > 0 => Found::Beyond,
        Statistic::Max => match briefs().filter_map(|b| b.max()).max() {
            Some(max) => Found::Value(max as f64),
            None => Found::Nothing("nothing was measured".to_owned()),
        },
        Statistic::Quantile(q) => {
            if !supports(count + censored, q) {
                let needed = (BEYOND_MIN / (1.0 - q)).ceil();
                let n = count + censored;
                return Found::Nothing(format!("too few samples: {n}, needed {needed:.0}"));
            }
            let rank = (q * (count + censored) as f64 - 1e-9).ceil() as u64;
            nth(moments, rank).map_or(Found::Beyond, |v| Found::Value(v as f64))
        }
        Statistic::Min | Statistic::Mean | Statistic::Stddev => {
            Found::Nothing("it is not kept by the second".to_owned())
        }
    }
}

/// The `rank`-th smallest value (from 1); None beyond those seen.
fn nth(moments: &[Moment<'_>], rank: u64) -> Option<u64> {
    let mut buckets: Vec<(u64, u64)> =
        moments.iter().flat_map(|m| m.values.0.iter().map(|b| (b.high, b.count))).collect();
    buckets.sort_unstable();
    let mut seen = 0;
    buckets.into_iter().find_map(|(high, count)| {
        seen += count;
        (seen >= rank).then_some(high)
    })
}

/// What of a run the figures of its spans depend on.
pub(super) struct Kind {
    /// Without a schedule.
    pub(super) closed: bool,
    /// Threads.
    pub(super) workers: f64,
}

impl Kind {
    pub(super) fn new(closed: bool, workers: usize) -> Kind {
        Kind { closed, workers: workers.max(1) as f64 }
    }
}

/// The stretches of time that a gate looks at: measured stages (put together where they touch), or the named one.
pub(super) fn stretches(stages: &[StageSpan], group: Group, until: Nanos) -> Vec<(Nanos, Nanos)> {
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
pub(super) fn moments<'r>(
    rows: &'r [IntervalRow],
    gate: &Gate,
    (from, to): (Nanos, Nanos),
) -> Vec<Moment<'r>> {
    let inside = |row: &&IntervalRow| row.at >= from && row.at + row.length <= to;
    rows.iter().filter(inside).map(|row| Moment::of(row, gate)).collect()
}

/// The worst span, and what is to say of the rest.
struct Worst<'m> {
    value: Option<f64>,
    broken: Option<(&'m [Moment<'m>], Found)>,
    broken_count: usize,
    nothing: Option<(&'m [Moment<'m>], String)>,
    spans: usize,
}

/// Decides a gate in every span of its length.
pub(super) fn decide(
    input: &GateInput<'_>,
    gate: &Gate,
    limit: f64,
    every: Nanos,
) -> (Option<f64>, Decision) {
    let kind = Kind::new(input.measured.closed, input.workers);
    let until = input.load_ended.max(input.measured.to);
    let stretches: Vec<Vec<Moment<'_>>> = stretches(&input.names.stages, gate.named.group, until)
        .into_iter()
        .map(|stretch| moments(&input.rows, gate, stretch))
        .collect();
    let relation = gate.expression.relation;
    let mut worst = Worst { value: None, broken: None, broken_count: 0, nothing: None, spans: 0 };
    for span in stretches.iter().flat_map(|stretch| spans(stretch, every)) {
        worst.spans += 1;
        let found = over(span, gate, &kind);
        let holds = match &found {
            Found::Nothing(why) => {
                worst.nothing.get_or_insert((span, why.clone()));
                continue;
            }
            Found::Value(value) => relation.holds(*value, limit),
            Found::Beyond => !relation.bounds_above() && relation != Relation::Equal,
        };
        if let Found::Value(value) = found {
            let further =
                |old: f64| if relation.bounds_above() { old.max(value) } else { old.min(value) };
            worst.value = Some(worst.value.map_or(value, further));
        }
        if !holds {
            worst.broken_count += 1;
            worst.broken.get_or_insert((span, found));
        }
    }
    let decision = conclude(&worst, gate, every);
    (worst.value, with_harness(decision, input.is_trusted(), gate, input.measured.tally()))
}

/// Every run of neighbouring rows that is just as long as asked.
fn spans<'m>(moments: &'m [Moment<'m>], every: Nanos) -> impl Iterator<Item = &'m [Moment<'m>]> {
    (0..moments.len()).filter_map(move |from| {
        let start = moments[from].row.at;
        let mut end = start;
        for (to, moment) in moments.iter().enumerate().skip(from) {
            if moment.row.at != end {
                return None; // a second is missing
            }
            end = moment.end();
            if end.since(start) >= every {
                return Some(&moments[from..=to]);
            }
        }
        None
    })
}

/// `from 12 s to 22 s`.
pub(super) fn place(span: &[Moment<'_>]) -> String {
    let (Some(first), Some(last)) = (span.first(), span.last()) else { return String::new() };
    let show = |n: Nanos| words::seconds(n.as_secs_f64());
    format!("from {} to {}", show(first.row.at), show(last.end()))
}

/// What a span came to, in words.
pub(super) fn shown(found: &Found, gate: &Gate) -> String {
    match found {
        Found::Value(value) => gate.named.meaning.unit().show(*value),
        Found::Beyond => "never answered".to_owned(),
        Found::Nothing(why) => why.clone(),
    }
}

fn conclude(worst: &Worst<'_>, gate: &Gate, every: Nanos) -> Decision {
    let length = words::seconds(every.as_secs_f64());
    if let Some((span, found)) = &worst.broken {
        let more = match worst.broken_count {
            1 => String::new(),
            n => format!(", and in {} of {} such spans in all", n, worst.spans),
        };
        let why = format!("broken {}: {}{more}", place(span), shown(found, gate));
        return (GateOutcome::Fail, Some(why));
    }
    if worst.spans == 0 {
        return undecided(format!("no {length} on end were measured"));
    }
    match &worst.nothing {
        Some((span, why)) => undecided(format!("{}: {why}", place(span))),
        None => (GateOutcome::Pass, Some(format!("in each of {} spans of {length}", worst.spans))),
    }
}

/// docs/verdict.md, "Was the harness fit": lateness of the tool only adds to latencies; counts do not depend on it.
fn with_harness(decision: Decision, trusted: bool, gate: &Gate, t: &Counters) -> Decision {
    let counts = match gate.named.meaning {
        Meaning::Ledger(_) => true,
        Meaning::Latency(_, statistic) => {
            matches!(statistic, Statistic::Count | Statistic::Censored)
        }
        Meaning::Figure(_) | Meaning::Verdict(_) => false,
    };
    let latency = matches!(gate.named.meaning, Meaning::Latency(..));
    let kept =
        decision.0 == GateOutcome::Pass && latency && gate.expression.relation.bounds_above();
    let stands = match (&gate.named.meaning, &gate.expression.limit) {
        (Meaning::Figure(row), Limit::Number(limit)) => {
            figure::stands(row, gate.expression.relation, *limit, decision.0, t)
        }
        _ => false,
    };
    if trusted || counts || kept || stands || decision.0 == GateOutcome::Undecided {
        return decision;
    }
    undecided(HARNESS)
}
