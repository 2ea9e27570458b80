//! Results of a self-check: the throughput and pacing that this machine reached against the harness's own peer.
use super::Nanos;
use serde::{Deserialize, Serialize};

/// Results of a self-check.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Selfcheck {
    /// When it was measured, in UTC.
    pub measured_at: String,
    /// Throughput in closed loop.
    pub ceilings: Vec<Ceiling>,
    /// Lateness in open loop.
    pub pacing: Vec<Pacing>,
}

/// The highest throughput of one configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ceiling {
    /// Number of sessions.
    pub binds: u32,
    /// Window of each session.
    pub window: u32,
    /// Whether each message had a receipt.
    pub receipts: bool,
    /// Messages accepted a second.
    pub per_second: f64,
}

/// Lateness of messages at one rate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pacing {
    /// Planned messages a second.
    pub per_second: u64,
    /// Share of the messages sent within a millisecond of their intended time.
    pub adherence: Option<f64>,
    /// Median time from intended to sent.
    pub lag_p50_ns: Option<Nanos>,
    /// 99th percentile of that time.
    pub lag_p99_ns: Option<Nanos>,
}

impl Selfcheck {
    /// The highest throughput with or without receipts. None: it was not measured.
    pub fn ceiling(&self, receipts: bool) -> Option<&Ceiling> {
        let same = self.ceilings.iter().filter(|c| c.receipts == receipts && c.per_second > 0.0);
        same.max_by(|a, b| a.per_second.total_cmp(&b.per_second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_is_the_highest_of_its_kind() {
        let of = |receipts, per_second| Ceiling { receipts, per_second, ..Ceiling::default() };
        let ceilings = vec![of(false, 10.0), of(false, 30.0), of(true, 20.0)];
        let s = Selfcheck { ceilings, ..Selfcheck::default() };
        assert_eq!(s.ceiling(false).map(|c| c.per_second), Some(30.0));
        assert_eq!(s.ceiling(true).map(|c| c.per_second), Some(20.0));
        assert_eq!(Selfcheck::default().ceiling(true), None);
    }
}
