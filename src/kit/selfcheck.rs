//! What this machine was once found to bear, against a peer of our own: plain figures and how to tell whose
//! they are. How they are found is not known here.
use super::Nanos;
use serde::{Deserialize, Serialize};

/// What a self-check found on a machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Selfcheck {
    /// When, in UTC.
    pub measured_at: String,
    /// Closed loop: messages a second.
    pub ceilings: Vec<Ceiling>,
    /// Open loop: how late messages left.
    pub pacing: Vec<Pacing>,
}

/// As fast as it goes, in one shape of connections.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ceiling {
    /// Sessions.
    pub binds: u32,
    /// Messages open on each.
    pub window: u32,
    /// Whether a receipt came for each message.
    pub receipts: bool,
    /// Messages accepted a second.
    pub per_second: f64,
}

/// How late messages left at one rate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pacing {
    /// Messages a second that were to be sent.
    pub per_second: u64,
    /// Share of them that left within a millisecond of their time.
    pub adherence: Option<f64>,
    /// Half of them left within this after their time.
    pub lag_p50_ns: Option<Nanos>,
    /// 99 % did.
    pub lag_p99_ns: Option<Nanos>,
}

impl Selfcheck {
    /// The highest ceiling with or without receipts. None: none was measured.
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
