//! Counters and distributions of one cell (stage, account, label), in an interval or in a run.
use super::counters::{Counters, Counts};
use super::latency::{Latency, LatencyRange};
use super::metric::Metric;
use crate::kit::Nanos;
use serde::{Deserialize, Serialize};

/// Counters and distributions of one cell (stage, account, label).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CellInterval {
    /// Counters.
    pub tally: Counters,
    /// Responses by command_status, 0 included.
    pub statuses: Counts<u32>,
    /// Final receipts by `err` as written, cut to 4 octets and padded with zeros.
    pub by_err: Counts<[u8; 4]>,
    /// Matched receipts by the rule that matched them, as its index in `correlate::IdRule::ALL`.
    pub by_rule: Counts<u8>,
    /// Messages accepted after more than one attempt, by the number of attempts.
    #[serde(default)]
    pub by_tries: Counts<u8>,
    /// Times of rejections by command_status, to two digits; statuses beyond the first [`Self::STATUSES_MAX`] are added up
    /// under [`Self::OTHER_STATUS`].
    #[serde(default)]
    pub rejected_by_status: Vec<(u32, Latency)>,
    /// The per-message distributions, by [`Metric`].
    pub latency: Vec<Latency>,
}

impl CellInterval {
    /// Maximum number of statuses with rejection times of their own.
    pub const STATUSES_MAX: usize = 16;
    /// Key of all other statuses.
    pub const OTHER_STATUS: u32 = u32::MAX;

    /// An empty cell.
    pub fn new(range: LatencyRange) -> CellInterval {
        CellInterval {
            tally: Counters::default(),
            statuses: Counts::default(),
            by_err: Counts::default(),
            by_rule: Counts::default(),
            by_tries: Counts::default(),
            rejected_by_status: Vec::new(),
            latency: (0..Metric::PER_MESSAGE_COUNT).map(|_| Latency::new(range)).collect(),
        }
    }
    /// Adds `other`.
    pub fn merge(&mut self, other: &CellInterval) {
        let CellInterval {
            tally,
            statuses,
            by_err,
            by_rule,
            by_tries,
            rejected_by_status,
            latency,
        } = other;
        self.tally.merge(tally);
        self.statuses.merge(statuses);
        self.by_err.merge(by_err);
        self.by_rule.merge(by_rule);
        self.by_tries.merge(by_tries);
        for (status, theirs) in rejected_by_status {
            let range = LatencyRange { max: theirs.range().max, digits: 3 };
            self.refusals(*status, range).merge(theirs);
        }
        for (mine, theirs) in self.latency.iter_mut().zip(latency) {
            mine.merge(theirs);
        }
    }
    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.tally = Counters::default();
        self.statuses.clear();
        self.by_err.clear();
        self.by_rule.clear();
        self.by_tries.clear();
        self.rejected_by_status.clear();
        self.latency.iter_mut().for_each(Latency::clear);
    }
    /// The lowest response time that falls into the same histogram bucket as this one.
    pub fn lowest_like(&self, response: Nanos) -> Nanos {
        let range = self.metric(Metric::Response).histogram();
        Nanos(range.lowest_equivalent(response.0.min(range.high())))
    }
    /// Times of the rejections with this status.
    pub fn refusals(&mut self, status: u32, range: LatencyRange) -> &mut Latency {
        let all = &mut self.rejected_by_status;
        let known = |all: &[(u32, Latency)], status| all.iter().position(|(s, _)| *s == status);
        let full = all.len() >= Self::STATUSES_MAX;
        let status = if full && known(all, status).is_none() { Self::OTHER_STATUS } else { status };
        let index = known(all, status).unwrap_or_else(|| {
            let coarse = LatencyRange { max: range.max, digits: 2 };
            all.push((status, Latency::new(coarse)));
            all.len() - 1
        });
        &mut all[index].1
    }
    /// The distribution of a per-message metric.
    pub fn metric(&self, metric: Metric) -> &Latency {
        &self.latency[metric as usize]
    }
}
