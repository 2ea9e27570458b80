//! Results of a self-check: the throughput and pacing that this machine reached against the harness's own peer.
use super::Nanos;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

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

/// The folder for what is measured of this machine: `$XDG_STATE_HOME/smppbench`, or below `~/.local/state`. None: neither
/// variable is set.
pub fn state_folder() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    folder_of(variable("XDG_STATE_HOME"), variable("HOME"))
}

fn folder_of(state: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    // the base directory specification: a relative path there is to be ignored
    let state = state.filter(|p| p.is_absolute());
    let base = state.or_else(|| Some(home.filter(|p| p.is_absolute())?.join(".local/state")))?;
    Some(base.join("smppbench"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_kept_in_the_state_folder_and_a_relative_one_is_ignored() {
        let of = |s: &str| Some(PathBuf::from(s));
        let wanted = |s: &str| Some(PathBuf::from(s).join("smppbench"));
        assert_eq!(folder_of(of("/state"), of("/home/a")), wanted("/state"));
        assert_eq!(folder_of(of("state"), of("/home/a")), wanted("/home/a/.local/state"));
        assert_eq!(folder_of(None, of("/home/a")), wanted("/home/a/.local/state"));
        assert_eq!(folder_of(None, None), None);
    }

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
