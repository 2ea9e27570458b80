//! What was observed beside a run, and its drift, as tables.
use super::table::{Cell, Table, Tone, Value, count, known, share, text};
use crate::judge::{DriftRow, ObservedFigures, Unit};
use crate::report::document::Document;

/// Both ends of a growth.
fn interval([low, high]: [f64; 2]) -> Cell {
    text(format!("{} to {}", Unit::PerHour.show(low), Unit::PerHour.show(high)))
}

/// A series in a row.
pub(super) fn observed(d: &Document) -> Table {
    let header = "observed | max | mean | growth an hour | +<interval | points | without value";
    let row = |o: &ObservedFigures| {
        let figure =
            |value: Option<f64>| known(value.map(|v| (v, o.unit)), |(v, u)| Value::Figure(v, u));
        let failed = match o.failed {
            0 => Cell::default(),
            n => count(n).in_tone(Tone::Warn),
        };
        vec![
            text(o.path()),
            figure(o.max),
            figure(o.mean),
            known(o.growth, |growth| Value::Figure(growth, Unit::PerHour)),
            o.ci.map_or(Cell::default(), interval),
            count(o.points as u64),
            failed,
        ]
    };
    let mut table =
        Table::of("observed-table", "Observed beside the load", header, &d.observe, row);
    if table.note.is_empty() {
        table.note = "Over the measured time. Growth: Sen's slope as a share of the median, with its 95 % interval."
            .to_owned();
    }
    // a process has six series, and a page any number
    table.brief = 20;
    table.without_empty_columns()
}

/// A figure of a long run in a row.
pub(super) fn drift(d: &Document) -> Table {
    let header =
        "drift | median | an hour | <interval | over the measured time | p | +values | drifted";
    let per_hour = |value: f64| Unit::PerHour.show(value);
    let row = |row: &DriftRow| {
        let (word, tone) = if row.drifted { ("yes", Tone::Warn) } else { ("no", Tone::Good) };
        vec![
            text(&row.metric),
            Value::Figure(row.median, row.unit).into(),
            text(per_hour(row.per_hour)),
            interval(row.ci),
            Value::Figure(row.change, Unit::Ratio).into(),
            share(row.p),
            count(row.values as u64),
            text(word).in_tone(tone),
        ]
    };
    let mut table = Table::of("drift-table", "Drift by the minute", header, &d.drift, row);
    if table.note.is_empty() {
        table.note = "Drifted: the 95 % interval excludes zero, p is below 5 % for all rows together, and the change \
                      matters (1 % of a rate, 5 % of a median time or of what was observed, 10 % of a p99)."
            .to_owned();
    }
    table
}
