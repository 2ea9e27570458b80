//! Which second of a record to show while it grows.
use crate::measure::{IntervalRow, Progress};

/// The last second that is over. Gauges and percentiles of one that is filling would mislead.
pub(super) fn last_full_row<'a>(p: &'a Progress<'_>) -> Option<&'a IntervalRow> {
    let rows = &p.record.intervals;
    rows.iter().rev().find(|r| r.at + r.length <= p.at).or(rows.last())
}
