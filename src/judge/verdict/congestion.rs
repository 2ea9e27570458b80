//! What the SMSC's own `congestion_state` (SMPP v5.0) says beside the limiter.
use crate::judge::measured::Measured;
use crate::judge::outcome::Limiter;
use crate::kit::words;
use crate::measure::{CongestionStates, IntervalRow, RunRecord};

/// The value up to which an SMSC is at its best (v5.0 4.8.4.18); above it, it is close to congestion.
const OPTIMUM_MAX: f64 = 90.0;

/// Evidence from the congestion_state of the measured seconds. None: there was none, or it has no part in this limiter.
pub(super) fn evidence(
    record: &RunRecord,
    measured: &Measured,
    limiter: Limiter,
) -> Option<String> {
    let over = |wanted: fn(&IntervalRow) -> bool| {
        let mut states = CongestionStates::default();
        let rows = measured.rows(record).filter(|row| wanted(row));
        rows.for_each(|row| states.merge(&row.congestion));
        states
    };
    let all = over(|_| true);
    let (mean, max) = (all.mean()?, all.max()?);
    let says = match limiter {
        Limiter::Harness | Limiter::None => return None,
        Limiter::SmscThrottle => {
            let (with, without) =
                (over(|r| r.tally.throttled > 0), over(|r| r.tally.throttled == 0));
            let other = without.mean().map_or(String::new(), |mean| {
                format!(", in the other seconds {mean:.0} on average")
            });
            let during = with.mean().unwrap_or(mean);
            let max = with.max().unwrap_or(max);
            format!(
                "in the seconds with throttling the SMSC said congestion_state {during:.0} of 100 on average and {max} at \
                 most{other}"
            )
        }
        Limiter::Connection
        | Limiter::Backpressure
        | Limiter::Window
        | Limiter::SmscLatency
        | Limiter::Receipts => {
            let close = if mean > OPTIMUM_MAX { ": it was close to congestion" } else { "" };
            format!(
                "meanwhile the SMSC said congestion_state {mean:.0} of 100 on average and {max} at most{close}"
            )
        }
    };
    let paused = if all.pauses > 0 {
        format!(
            "; sessions paused {} for it (load.on_congestion)",
            words::counted(all.pauses, "time")
        )
    } else {
        String::new()
    };
    Some(says + &paused)
}
