//! The limits of docs/verdict.md, "Was the harness fit", and our own where it has none.
use crate::kit::Nanos;

/// Share of the scheduled messages sent on time; below: degraded.
pub const ADHERENCE_DEGRADED: f64 = 0.99;
/// Below: invalid.
pub const ADHERENCE_INVALID: f64 = 0.95;
/// Fewest late messages that make a run invalid, whatever share of a short run they are.
pub const LATE_MIN: u64 = 10;
/// harness_lag p99 that is never too much.
pub const LAG_FLOOR: Nanos = Nanos::from_millis(1);
/// Share of response p50 that harness_lag p99 may take.
pub const LAG_DEGRADED: f64 = 0.05;
/// The same; beyond it and [`LAG_INVALID_FLOOR`]: invalid.
const LAG_INVALID: f64 = 0.20;
/// harness_lag p99 that is never invalid.
const LAG_INVALID_FLOOR: Nanos = Nanos::from_millis(5);
/// Share of its core that a worker may use.
pub const CPU: f64 = 0.80;
/// The same in closed loop; beyond it the worker limits the run.
pub const CPU_CLOSED: f64 = 0.95;
/// Share of its time that a worker may be busy or wait for a core while the load falls behind its schedule. Beyond:
/// the reads that free window slots are late too, so it is unknown what limited the run. Invalid.
pub const BUSY: f64 = 0.80;
/// Share of its time that a worker's loop may be blocked; beyond: degraded.
pub const HELD_DEGRADED: f64 = 0.01;
/// Beyond: invalid.
pub const HELD_INVALID: f64 = 0.05;
/// Written of the scheduled messages during the load; below it the load falls behind.
pub const ON_PACE: f64 = 0.99;
/// Share of its time that a worker may wait for a core.
pub const RUN_DELAY: f64 = 0.10;
/// Share of the time for which a quota may stop the harness.
pub const THROTTLED: f64 = 0.01;
/// Share of processor time that a hypervisor may take.
pub const STEAL: f64 = 0.02;
/// Written of the scheduled messages, without those that waited for the SMSC.
pub const ACHIEVED: f64 = 0.999;

/// The limits of harness_lag p99 at a median response time, in nanoseconds: (degraded, invalid).
pub fn lag(response_p50: Option<Nanos>) -> (f64, f64) {
    let share = |share: f64, floor: Nanos| {
        response_p50.map_or(0.0, |p50| p50.0 as f64 * share).max(floor.0 as f64)
    };
    (share(LAG_DEGRADED, LAG_FLOOR), share(LAG_INVALID, LAG_INVALID_FLOOR))
}
