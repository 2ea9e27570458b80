//! Gates on a distribution of the whole run: decided by its interval, not by its point.
use super::decision::{Decision, GateOutcome, HARNESS, by, undecided};
use crate::judge::check::{Relation, Unit};
use crate::judge::name::Statistic;
use crate::judge::statistics;
use crate::kit::Nanos;
use crate::measure::{Latency, Metric};

pub(super) fn statistic_value(latency: &Latency, statistic: Statistic) -> Option<f64> {
    let ns = |n: Option<Nanos>| n.map(|n| n.0 as f64);
    match statistic {
        Statistic::Count => Some(latency.count() as f64),
        Statistic::Censored => Some(latency.censored_count() as f64),
        Statistic::Min => ns(latency.min()),
        Statistic::Mean => latency.mean(),
        Statistic::Stddev => latency.stddev(),
        Statistic::Max => ns(latency.max()),
        Statistic::Quantile(q) => ns(statistics::quantile(latency, q).value),
    }
}

pub(super) fn latency_gate(
    latency: &Latency,
    statistic: Statistic,
    relation: Relation,
    limit: f64,
) -> Decision {
    let Statistic::Quantile(q) = statistic else {
        let censored = latency.censored_count();
        let bounded = matches!(statistic, Statistic::Max | Statistic::Mean | Statistic::Stddev);
        return match statistic_value(latency, statistic) {
            None => undecided("nothing was measured"),
            Some(v) if bounded && censored > 0 && relation.holds(v, limit) => {
                undecided(format!("{censored} messages are censored: they took longer"))
            }
            Some(v) => by(relation.holds(v, limit)),
        };
    };
    let found = statistics::quantile(latency, q);
    if !found.supported {
        let n = latency.sample_count();
        let needed = (statistics::BEYOND_MIN / (1.0 - q)).ceil();
        return undecided(format!("too few samples: {n}, needed {needed:.0}"));
    }
    let ns = |n: Option<Nanos>| n.map(|n| n.0 as f64);
    let (low, high) = (ns(found.low).or(ns(found.at_least)), ns(found.high));
    match relation {
        Relation::Equal => match ns(found.value) {
            Some(v) => by(relation.holds(v, limit)),
            None => undecided("the percentile lies among messages that were never answered"),
        },
        Relation::Below | Relation::AtMost => {
            if high.is_some_and(|h| relation.holds(h, limit)) {
                by(true)
            } else if let Some(bound) =
                ns(found.at_least).filter(|bound| !relation.holds(*bound, limit))
            {
                let why = format!("at least {}", Unit::Nanoseconds.show(bound));
                (GateOutcome::Fail, Some(why))
            } else if low.is_some_and(|l| !relation.holds(l, limit)) {
                by(false)
            } else {
                undecided(straddles(low, high))
            }
        }
        Relation::AtLeast | Relation::Above => {
            if low.is_some_and(|l| relation.holds(l, limit)) {
                by(true)
            } else if high.is_some_and(|h| !relation.holds(h, limit)) {
                by(false)
            } else {
                undecided(straddles(low, high))
            }
        }
    }
}

fn straddles(low: Option<f64>, high: Option<f64>) -> String {
    let show = |v: Option<f64>| v.map_or("?".to_owned(), |v| Unit::Nanoseconds.show(v));
    format!("its interval [{}, {}] contains the limit", show(low), show(high))
}

/// The SMSC's time from the write, which this time is or ends with. None: neither.
pub(super) fn from_write(metric: Metric) -> Option<Metric> {
    match metric {
        Metric::Response | Metric::Service => Some(Metric::Service),
        Metric::Receipt | Metric::ReceiptFromWrite => Some(Metric::ReceiptFromWrite),
        Metric::WindowWait
        | Metric::HarnessLag
        | Metric::WriteWait
        | Metric::Rejected
        | Metric::ReceiptAfterResponse
        | Metric::ReceiptBeforeResponse
        | Metric::Bind
        | Metric::EnquireLink
        | Metric::DeliverAck
        | Metric::TlsHandshake
        | Metric::Redelivery => None,
    }
}

/// docs/verdict.md, "Was the harness fit": lateness of the harness only adds time. A passed upper limit stays passed; a
/// failed one stays failed if the time from the write alone exceeds it; all else is undecided.
pub(super) fn with_invalid_harness<'m>(
    decision: Decision,
    of: impl Fn(Metric) -> &'m Latency,
    metric: Metric,
    statistic: Statistic,
    relation: Relation,
    limit: f64,
) -> Decision {
    let alone = from_write(metric);
    match (decision.0, relation.bounds_above(), alone) {
        (GateOutcome::Pass, true, _) => decision,
        (GateOutcome::Fail, true, Some(alone)) => {
            match latency_gate(of(alone), statistic, relation, limit).0 {
                GateOutcome::Fail => (
                    GateOutcome::Fail,
                    Some("the time from the write alone exceeds the limit".to_owned()),
                ),
                GateOutcome::Pass | GateOutcome::Undecided => undecided(HARNESS),
            }
        }
        (GateOutcome::Undecided, ..) => decision,
        (GateOutcome::Pass | GateOutcome::Fail, ..) => undecided(HARNESS),
    }
}
