//! The second of a growing record that a view shows.
use crate::measure::{IntervalRow, Progress};

/// The last complete second that all workers have reported.
pub(super) fn last_full_row<'a>(p: &'a Progress<'_>) -> Option<&'a IntervalRow> {
    let rows = &p.record.intervals;
    let until = p.at.min(p.record.reported_by_all());
    rows.iter().rev().find(|r| r.at + r.length <= until).or(rows.last())
}
