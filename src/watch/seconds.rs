//! Which second of a record to show while it grows.
use crate::measure::{IntervalRow, Progress};

/// The last second that is over and that all workers have reported: one that is filling, or lacks a worker, would
/// mislead.
pub(super) fn last_full_row<'a>(p: &'a Progress<'_>) -> Option<&'a IntervalRow> {
    let rows = &p.record.intervals;
    let until = p.at.min(p.record.reported_by_all());
    rows.iter().rev().find(|r| r.at + r.length <= until).or(rows.last())
}
