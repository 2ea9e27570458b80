//! A run as its folder holds it: the document, and the distributions of each interval.
use super::document::Document;
use crate::kit::Nanos;
use crate::measure::{Latency, Metric};

/// A saved run, or one that has just ended: what every format is rendered from.
#[derive(Clone, Debug)]
pub struct Saved {
    /// result.json.
    pub document: Document,
    /// latency.hlog; None where only result.json is at hand.
    pub seconds: Option<Vec<Second>>,
}

/// The distributions of one interval (values seen only, two significant digits).
#[derive(Clone, Debug)]
pub struct Second {
    /// Its start, from the start of the load.
    pub at: Nanos,
    /// How long.
    pub length: Nanos,
    /// Of what was answered or receipted in it; metrics without a value are left out.
    pub latencies: Vec<(Metric, Latency)>,
}

impl Second {
    /// The distribution of one metric.
    pub fn latency(&self, metric: Metric) -> Option<&Latency> {
        self.latencies.iter().find(|(known, _)| *known == metric).map(|(_, latency)| latency)
    }
}
