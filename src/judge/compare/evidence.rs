//! The data of one run for a comparison. `report` makes it from a saved run, tests make it from random numbers.
use crate::judge::check::Unit;
use crate::judge::health::HealthState;
use crate::judge::statistics::BucketCounts;
use crate::kit::{Nanos, words};
use crate::measure::{Counters, Latency, Timed};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One run.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Names it: `<name>-<UTC>`.
    pub id: String,
    /// Its settings and machine.
    pub fingerprint: Fingerprint,
    /// Distributions of its measured messages, with the censored values; transit times are those of the whole load.
    pub latencies: Vec<(Timed, Latency)>,
    /// Rates by name (`rate.accepted`), per second of the measured time; what is undefined is absent.
    pub rates: Vec<(String, f64)>,
    /// Shares by name (`ratio.missing`), as counts of the measured messages.
    pub shares: Vec<(String, Proportion)>,
    /// Its measured seconds, in order; empty: they were not saved.
    pub seconds: Vec<Second>,
    /// All its seconds, with transit times and without counts; empty: they were not saved, or it was through no gateway.
    pub transits: Vec<Second>,
    /// Whether the harness kept up.
    pub harness: HealthState,
    /// Whether work piled up, so that its response times only reflect its length.
    pub work_piled_up: bool,
    /// What stands beside: recoveries of events, and what was observed.
    pub beside: Vec<BesideFigure>,
    /// Saved by an earlier version, whose response and service times include rejected submit_sm.
    pub latency_includes_rejected: bool,
}

/// A figure of one run: `event.cut.recovery`, `observe.gw.rss.max`.
#[derive(Clone, Debug, PartialEq)]
pub struct BesideFigure {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: Unit,
    /// None: unknown, such as a recovery that was not seen to its end.
    pub value: Option<f64>,
}

/// A count out of a total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proportion {
    /// The count.
    pub part: u64,
    /// The total.
    pub of: u64,
}

impl Proportion {
    /// The share; None: the total is 0.
    pub fn value(self) -> Option<f64> {
        (self.of > 0).then(|| self.part as f64 / self.of as f64)
    }
}

/// `3 of 10,000`.
impl fmt::Display for Proportion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", words::count(self.part), words::count(self.of))
    }
}

/// One measured second, or more where neighbours were merged.
#[derive(Clone, Debug, Default)]
pub struct Second {
    /// Its start, from the start of the load.
    pub at: Nanos,
    /// How long.
    pub length: Nanos,
    /// What happened in it.
    pub counts: Counters,
    /// Distributions of what was answered, receipted or came through a gateway in it.
    pub latencies: Vec<(Timed, BucketCounts)>,
}

/// Settings and machine of a run, by dotted name, in order. It leaves out what may differ between compared runs: names
/// of run and target, accounts, seed, run folder, self-check and TCP statistics. It has no secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint(pub Vec<(String, String)>);

/// A key whose value differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Dotted name.
    pub key: String,
    /// On one side; None: it is not there.
    pub base: Option<String>,
    /// On the other.
    pub candidate: Option<String>,
}

impl Fingerprint {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// Where two differ, in the order of their keys.
    pub fn differences(&self, other: &Fingerprint) -> Vec<Difference> {
        let keys = self.0.iter().chain(other.0.iter().filter(|(k, _)| self.get(k).is_none()));
        keys.filter(|(key, _)| self.get(key) != other.get(key))
            .map(|(key, _)| Difference {
                key: key.clone(),
                base: self.get(key).map(str::to_owned),
                candidate: other.get(key).map(str::to_owned),
            })
            .collect()
    }
}

impl Evidence {
    /// The distribution of one metric or transit time.
    pub fn latency(&self, timed: impl Into<Timed>) -> Option<&Latency> {
        let timed = timed.into();
        self.latencies.iter().find(|(known, _)| *known == timed).map(|(_, latency)| latency)
    }
    /// The seconds that have this metric or transit time.
    pub(super) fn seconds_of(&self, timed: Timed) -> &[Second] {
        match timed {
            Timed::Metric(_) => &self.seconds,
            Timed::Transit(_) => &self.transits,
        }
    }
    /// A rate by its name.
    pub fn rate(&self, name: &str) -> Option<f64> {
        self.rates.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }
    /// A share by its name.
    pub fn share(&self, name: &str) -> Option<Proportion> {
        self.shares.iter().find(|(known, _)| known == name).map(|(_, share)| *share)
    }
}
