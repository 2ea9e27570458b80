//! What a comparison needs to know of one run. Plain data: `report` makes it from a saved run, tests from chance.
use crate::judge::health::HealthState;
use crate::judge::outcome::Outcome;
use crate::judge::statistics::BucketCounts;
use crate::kit::Nanos;
use crate::measure::{Counters, Latency, Metric};
use serde::{Deserialize, Serialize};

/// One run.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Names it: `<name>-<UTC>`.
    pub id: String,
    /// What it was made with.
    pub fingerprint: Fingerprint,
    /// Distributions of its measured messages, those that are recorded per message; the censored among them.
    pub latencies: Vec<(Metric, Latency)>,
    /// Rates by name (`rate.accepted`), per second of the measured time; what is undefined is absent.
    pub rates: Vec<(String, f64)>,
    /// Shares by name (`ratio.missing`), as counts of the measured messages.
    pub shares: Vec<(String, Proportion)>,
    /// Its measured seconds, in order; empty where they were not kept.
    pub seconds: Vec<Second>,
    /// Whether the tool kept up.
    pub harness: HealthState,
    /// None in closed loop and where nothing is sent.
    pub outcome: Option<Outcome>,
    /// True where response and service times count refused submit_sm too, as an earlier version had it.
    pub counts_refusals: bool,
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proportion {
    /// Those meant.
    pub part: u64,
    /// All.
    pub of: u64,
}

impl Proportion {
    /// As a number; None of nothing.
    pub fn value(self) -> Option<f64> {
        (self.of > 0).then(|| self.part as f64 / self.of as f64)
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
    /// Distributions of what was answered or receipted in it.
    pub latencies: Vec<(Metric, BucketCounts)>,
}

/// What a run was made with, by dotted name, in order. Not in it: the run's and the target's names, accounts, the
/// seed, the run folder, and what a self-check or the kernel's connections said; those may differ
/// between runs that are compared, and often are what is compared. Secrets have no place in it.
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
    /// The distribution of one metric.
    pub fn latency(&self, metric: Metric) -> Option<&Latency> {
        self.latencies.iter().find(|(known, _)| *known == metric).map(|(_, latency)| latency)
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
