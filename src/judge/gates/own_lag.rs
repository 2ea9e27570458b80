//! Gates on times from the intended send whose limit lies below the harness's own lateness (docs/verdict.md, "Was the
//! harness fit"): where the lag alone exceeds the limit and no other part of the time does, the SMSC is not to blame.
use super::decision::{Decision, GateOutcome, undecided};
use super::sample::{from_write, latency_gate, statistic_value};
use crate::judge::check::{Relation, Unit};
use crate::judge::name::Statistic;
use crate::measure::{Latency, Metric};

/// The other parts of a time that begins at the intended send; the last of them is the SMSC's time from the write. None:
/// harness_lag is no part of the metric.
pub(super) fn other_parts(metric: Metric) -> Option<[Metric; 3]> {
    let last = from_write(metric).filter(|last| *last != metric)?;
    Some([Metric::WindowWait, Metric::WriteWait, last])
}

/// Whether a statistic of a sum is at least that of each of its parts.
pub(super) fn adds_up(statistic: Statistic) -> bool {
    match statistic {
        Statistic::Min | Statistic::Mean | Statistic::Max | Statistic::Quantile(_) => true,
        Statistic::Count | Statistic::Censored | Statistic::Stddev => false,
    }
}

/// The decision on a limit, which is undecided where the harness alone broke it.
pub(super) fn unless_own_lag<'m>(
    decision: Decision,
    of: impl Fn(Metric) -> &'m Latency,
    metric: Metric,
    statistic: Statistic,
    relation: Relation,
    limit: f64,
) -> Decision {
    let may_be = decision.0 == GateOutcome::Fail && relation.bounds_above() && adds_up(statistic);
    let Some(parts) = other_parts(metric).filter(|_| may_be) else { return decision };
    let breaks =
        |part: Metric| latency_gate(of(part), statistic, relation, limit).0 == GateOutcome::Fail;
    if !breaks(Metric::HarnessLag) || parts.into_iter().any(breaks) {
        return decision;
    }
    undecided(why(metric, statistic, statistic_value(of(Metric::HarnessLag), statistic)))
}

/// Why such a gate is undecided, and what to gate on instead.
pub(super) fn why(metric: Metric, statistic: Statistic, lag: Option<f64>) -> String {
    let lag = lag.map_or(String::new(), |lag| format!(" ({})", Unit::Nanoseconds.show(lag)));
    let instead = match other_parts(metric) {
        Some([.., last]) => {
            let name = statistic.name().map_or(String::new(), |name| format!(".{name}"));
            format!("; gate on {}{name}, which leaves it out", last.name())
        }
        None => String::new(),
    };
    format!("the harness's own lag{lag} exceeds the limit, and nothing else does{instead}")
}
