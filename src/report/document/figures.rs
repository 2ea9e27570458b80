//! Distributions and groups of a result.
use super::ledger::Ledger;
use super::table::Table;
use crate::measure::Latency;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A distribution, in whole nanoseconds. A percentile that the sample does not support is null. A percentile among the
/// censored values is null too, with a lower bound in its `_at_least`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LatencyRow {
    /// `ns`.
    pub unit: String,
    /// Observed values.
    pub count: u64,
    /// Censored values: only a lower bound is known.
    pub censored: u64,
    /// Smallest observed value.
    pub min: Option<u64>,
    /// Mean of the observed values.
    pub mean: Option<u64>,
    /// Standard deviation of the observed values.
    pub stddev: Option<u64>,
    /// Median.
    pub p50: Option<u64>,
    /// 90th percentile.
    pub p90: Option<u64>,
    /// 95th percentile.
    pub p95: Option<u64>,
    /// 99th percentile.
    pub p99: Option<u64>,
    /// 99.9th percentile.
    pub p99_9: Option<u64>,
    /// 99.99th percentile.
    pub p99_99: Option<u64>,
    /// Largest observed value.
    pub max: Option<u64>,
    /// 95 % order-statistic interval of each percentile, by its name.
    pub ci: Table<Option<[Option<u64>; 2]>>,
    /// Observed values: base64 of the HdrHistogram V2 compressed encoding; null: there are none.
    pub hdr: Option<String>,
    /// The median is at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_at_least: Option<u64>,
    /// The 90th percentile is at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p90_at_least: Option<u64>,
    /// The 95th percentile is at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95_at_least: Option<u64>,
    /// The 99th percentile is at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_at_least: Option<u64>,
    /// The 99.9th percentile is at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_9_at_least: Option<u64>,
    /// The 99.99th percentile is at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_99_at_least: Option<u64>,
}

/// Why a row has no distribution.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DistributionError {
    /// No value was observed.
    #[error("it holds no value")]
    Empty,
    /// Its encoding is broken: the reason.
    #[error("{0}")]
    Unread(String),
}

impl LatencyRow {
    /// The observed values as a distribution, without the censored ones.
    ///
    /// # Errors
    /// [`DistributionError`]
    pub fn distribution(&self) -> Result<Latency, DistributionError> {
        let hdr = self.hdr.as_ref().ok_or(DistributionError::Empty)?;
        Latency::from_base64(hdr).map_err(|why| DistributionError::Unread(why.to_string()))
    }

    /// The percentile of that name (`p99_9`): (value, lower bound if it lies among the censored values).
    pub fn percentile(&self, name: &str) -> (Option<u64>, Option<u64>) {
        match name {
            "p50" => (self.p50, self.p50_at_least),
            "p90" => (self.p90, self.p90_at_least),
            "p95" => (self.p95, self.p95_at_least),
            "p99" => (self.p99, self.p99_at_least),
            "p99_9" => (self.p99_9, self.p99_9_at_least),
            "p99_99" => (self.p99_99, self.p99_99_at_least),
            _ => (None, None),
        }
    }
}

/// An account, label, stage, coding, number of parts, or status of rejections.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// `account`, `label`, `stage`, `coding`, `parts` or `status`.
    pub by: String,
    /// Its name.
    pub name: String,
    /// The whole run.
    pub ledger: Ledger,
    /// Per second of the measured time (of a stage: its own).
    pub rate: Table<Option<f64>>,
    /// Shares of one.
    pub ratio: Table<Option<f64>>,
    /// Distributions of its measured messages.
    pub latency: Table<Option<LatencyRow>>,
    /// Every counter of its measured messages (of a stage: its own).
    #[serde(default)]
    pub measured: Table<u64>,
}
