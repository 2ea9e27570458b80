//! The compared metrics, one row each, with the better direction. Percentiles are those of every latency that is the
//! SMSC's, and of every transit time of a gateway; the harness's own lag is not compared, nor is how early a receipt was.
use crate::judge::check::Unit;
use crate::judge::name::PERCENTILES;
use crate::judge::through::ThroughRatio;
use crate::measure::through::TRANSITS;
use crate::measure::{Counters, LATENCY_METRICS, Metric, Timed};
use serde::{Deserialize, Serialize};

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Less.
    Lower,
    /// More.
    Higher,
}

/// Where a compared figure comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// A quantile of a distribution.
    Latency(Timed, f64),
    /// A rate: its count in a second.
    Rate(fn(&Counters) -> u64),
    /// A share: part and whole in a second.
    Share(fn(&Counters) -> (u64, u64)),
    /// A share of what went wrong inside a gateway, of the whole run.
    Inside,
}

/// One row.
#[derive(Clone, Debug)]
pub(super) struct ComparedMetric {
    /// Its path in result.json.
    pub(super) name: String,
    pub(super) source: Source,
    pub(super) better: Direction,
}

impl ComparedMetric {
    pub(super) const fn unit(&self) -> Unit {
        match self.source {
            Source::Latency(..) => Unit::Nanoseconds,
            Source::Rate(_) => Unit::PerSecond,
            Source::Share(_) | Source::Inside => Unit::Ratio,
        }
    }

    /// Whether only a run through a gateway has it.
    pub(super) const fn is_of_a_gateway(&self) -> bool {
        match self.source {
            Source::Latency(Timed::Transit(_), _) | Source::Inside => true,
            Source::Latency(Timed::Metric(_), _) | Source::Rate(_) | Source::Share(_) => false,
        }
    }
}

/// The metrics that make the verdict by default; Holm's correction covers them.
pub const PRIMARY: [&str; 6] = [
    "response.p50",
    "response.p99",
    "receipt.p50",
    "receipt.p99",
    "rate.accepted",
    "ratio.missing",
];

/// What makes it beside [`PRIMARY`] where both sides went through a gateway: these transit times, and every share of what
/// went wrong inside.
const PRIMARY_TIMES: [&str; 2] = ["through.forward.p50", "through.forward.p99"];

/// The names that make the verdict beside [`PRIMARY`] where both sides went through a gateway.
pub(super) fn primary_of_a_gateway() -> impl Iterator<Item = String> {
    PRIMARY_TIMES.into_iter().map(str::to_owned).chain(ThroughRatio::ALL.map(ThroughRatio::metric))
}

/// A rate's name, and what it counts.
type Rate = (&'static str, fn(&Counters) -> u64);

const RATES: [Rate; 3] = [
    ("rate.written", |s| s.written),
    ("rate.accepted", |s| s.accepted),
    ("rate.receipts", |s| s.receipts_final),
];

type SharesRow = (&'static str, fn(&Counters) -> (u64, u64));

const SHARES: [SharesRow; 5] = [
    ("ratio.rejected", |s| (s.rejected, s.written)),
    ("ratio.throttled", |s| (s.throttled, s.written)),
    ("ratio.timed_out", |s| (s.timed_out, s.written)),
    ("ratio.lost", |s| (s.lost, s.written)),
    ("ratio.missing", |s| (s.receipts_missing, s.receipts_final + s.receipts_missing)),
];

/// Whether a latency is the SMSC's, so that shorter is better.
const fn is_the_smscs(metric: Metric) -> bool {
    match metric {
        Metric::Response
        | Metric::Service
        | Metric::WindowWait
        | Metric::WriteWait
        | Metric::Receipt
        | Metric::ReceiptFromWrite
        | Metric::ReceiptAfterResponse => true,
        Metric::HarnessLag
        | Metric::Rejected
        | Metric::ReceiptBeforeResponse
        | Metric::Bind
        | Metric::EnquireLink
        | Metric::DeliverAck
        | Metric::TlsHandshake
        | Metric::Redelivery => false,
    }
}

/// Every row. A row's number is that of its random numbers: further rows come last.
pub(super) fn all() -> Vec<ComparedMetric> {
    let latencies = LATENCY_METRICS.iter().filter(|row| is_the_smscs(row.metric));
    let percentiles = |timed: Timed| {
        PERCENTILES.iter().map(move |(name, q)| ComparedMetric {
            name: format!("{timed}.{name}"),
            source: Source::Latency(timed, *q),
            better: Direction::Lower,
        })
    };
    let latencies = latencies.flat_map(|row| percentiles(row.metric.into()));
    let transits = TRANSITS.iter().flat_map(|row| percentiles(row.transit.into()));
    let rates = RATES.iter().map(|(name, of)| ComparedMetric {
        name: (*name).to_owned(),
        source: Source::Rate(*of),
        better: Direction::Higher,
    });
    let shares = SHARES.iter().map(|(name, of)| ComparedMetric {
        name: (*name).to_owned(),
        source: Source::Share(*of),
        better: Direction::Lower,
    });
    let insides = ThroughRatio::ALL.map(|ratio| ComparedMetric {
        name: ratio.metric(),
        source: Source::Inside,
        better: Direction::Lower,
    });
    latencies.chain(rates).chain(shares).chain(transits).chain(insides).collect()
}

/// Names of all compared metrics.
pub fn compared_names() -> Vec<String> {
    all().into_iter().map(|row| row.name).collect()
}

/// The unit of a compared metric; None: it is not compared.
pub fn compared_unit(name: &str) -> Option<Unit> {
    all().into_iter().find(|row| row.name == name).map(|row| row.unit())
}

/// Names of the compared shares.
pub fn compared_shares() -> impl Iterator<Item = &'static str> {
    SHARES.iter().map(|row| row.0)
}

/// Names of the compared rates.
pub fn compared_rates() -> impl Iterator<Item = &'static str> {
    RATES.iter().map(|row| row.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::all_names;

    #[test]
    fn every_compared_name_is_in_the_catalogue_and_every_primary_one_is_compared() {
        let (catalogue, compared) = (all_names(), compared_names());
        assert!(compared.iter().all(|name| catalogue.contains(name)), "{compared:?}");
        assert!(PRIMARY.iter().all(|name| compared.contains(&(*name).to_owned())));
        assert!(primary_of_a_gateway().all(|name| compared.contains(&name)));
    }
}
