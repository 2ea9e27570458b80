//! What the events of a run did, and how long it took to recover from them (docs/measuring.md, "Recovery"): one row an
//! occurrence, and a summary over the repeats of each event.
use super::statistics::median_ranks;
use crate::kit::Nanos;
use crate::measure::{DisturbedTime, EventOccurrence, Recovery, RunRecord, SlotRow, Slots, Unseen};
use crate::plan::{EventBinds, Plan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long the run took to recover from one occurrence, from its end, in seconds; null: that was not seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecoveryRow {
    /// The longest of the three below.
    pub total_s: Option<f64>,
    /// Until the last of its sessions was bound again; 0: none had ended.
    pub sessions_s: Option<f64>,
    /// Until the rate stayed within its band of the undisturbed rate.
    pub rate_s: Option<f64>,
    /// Until the p99 response time stayed within its band.
    pub response_s: Option<f64>,
    /// Until the backlog was as small as before the occurrence, to the second.
    pub backlog_s: Option<f64>,
    /// `total_s` is at least this.
    pub at_least_s: f64,
    /// Why it was not seen to its end: `load_ended`, `next_event`, `nothing_before` (too few undisturbed seconds to compare
    /// with); null: the run recovered.
    pub unseen: Option<String>,
}

/// One occurrence of an event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventRow {
    /// Name of the event.
    pub name: String,
    /// What it did.
    #[serde(rename = "do")]
    pub action: String,
    /// The sessions it struck as planned: a number, `half` or `all`; null: it strikes none.
    pub binds: Option<String>,
    /// Which of its repeats, from 1 on.
    pub repeat: u32,
    /// When it began, from the start of the load.
    pub at_s: f64,
    /// How long it lasted; 0: it was over at once.
    pub for_s: f64,
    /// Number of sessions struck, or of bind attempts made.
    pub sessions: u32,
    /// submit_sm in flight on its sessions when they ended.
    pub lost: u64,
    /// submit_sm that timed out after it began and before the next occurrence.
    pub timed_out: u64,
    /// Receipts that became missing likewise.
    pub missing: u64,
    /// Receipts received twice likewise.
    pub duplicated: u64,
    /// The recovery.
    pub recovery: RecoveryRow,
    /// What else happened: how a command ended.
    pub note: Option<String>,
    /// Tenths of a second around it: [seconds from its end, accepted per second, p99 response in nanoseconds or null].
    pub points: Vec<(f64, f64, Option<u64>)>,
}

/// A figure over the repeats of an event, in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RepeatFigure {
    /// `s`.
    pub unit: String,
    /// The median; null: it falls among the repeats that were not seen to their end.
    pub median: Option<f64>,
    /// The longest; null: a repeat was not seen to its end.
    pub worst: Option<f64>,
    /// `worst` is at least this.
    pub at_least: Option<f64>,
    /// Interval of the median by order statistics; null: fewer than five repeats.
    pub ci: Option<MedianInterval>,
}

/// The interval of a median.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MedianInterval {
    /// Lower end.
    pub low: Option<f64>,
    /// Upper end; null: it falls among the repeats that were not seen to their end.
    pub high: Option<f64>,
    /// The probability that it holds the median, at least 0.9.
    pub confidence: f64,
}

/// An event over its repeats.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecoverySummary {
    /// Name of the event.
    pub name: String,
    /// What it does.
    #[serde(rename = "do")]
    pub action: String,
    /// Number of occurrences.
    pub occurrences: u64,
    /// Of those: the run was seen to recover.
    pub recovered: u64,
    /// submit_sm lost in all of them.
    pub lost: u64,
    /// Timed out.
    pub timed_out: u64,
    /// Missing receipts.
    pub missing: u64,
    /// Receipts received twice.
    pub duplicated: u64,
    /// The whole recovery.
    pub recovery: RepeatFigure,
    /// Until the sessions were bound again.
    pub sessions: RepeatFigure,
    /// Until the rate was back.
    pub rate: RepeatFigure,
    /// Until the response time was back.
    pub response: RepeatFigure,
}

/// The rows of a run, in order of time.
pub(super) fn rows(plan: &Plan, record: &RunRecord) -> Vec<EventRow> {
    let mut seen: Vec<&EventOccurrence> = record.events.iter().collect();
    seen.sort_by_key(|occurrence| (occurrence.from, occurrence.event));
    let ends = seen.iter().skip(1).map(|next| DisturbedTime::start_of(next.from));
    let ends: Vec<Nanos> = ends.chain([record.load_ended]).collect();
    let rows = seen.iter().zip(ends).filter_map(|(occurrence, end)| {
        let event = plan.events.get(usize::from(occurrence.event))?;
        let same = |r: &&Recovery| (r.event, r.repeat) == (occurrence.event, occurrence.repeat);
        let begin = DisturbedTime::start_of(occurrence.from);
        let around = |slot: &&SlotRow| slot.at >= begin && slot.at < end;
        let points = record.slots.iter().filter(around).map(|slot| point(slot, occurrence.until));
        let binds = event.action.strikes_sessions().then(|| match event.binds {
            EventBinds::Count(count) => count.to_string(),
            EventBinds::Half => "half".to_owned(),
            EventBinds::All => "all".to_owned(),
        });
        Some(EventRow {
            name: event.name.clone(),
            action: event.action.word().to_owned(),
            binds,
            repeat: occurrence.repeat + 1,
            at_s: occurrence.from.as_secs_f64(),
            for_s: occurrence.until.since(occurrence.from).as_secs_f64(),
            sessions: occurrence.sessions,
            lost: occurrence.lost,
            timed_out: occurrence.timed_out,
            missing: occurrence.missing,
            duplicated: occurrence.duplicated,
            recovery: recovery(record.recoveries.iter().find(same)),
            note: occurrence.note.clone(),
            points: points.collect(),
        })
    });
    rows.collect()
}

fn point(slot: &SlotRow, until: Nanos) -> (f64, f64, Option<u64>) {
    let rate = slot.accepted as f64 / Slots::LENGTH.as_secs_f64();
    let tenths = (slot.at.0 as f64 - until.0 as f64) / 1e9;
    ((tenths * 1e3).round() / 1e3, rate, slot.response_p99.map(|p99| p99.0))
}

fn recovery(found: Option<&Recovery>) -> RecoveryRow {
    let Some(found) = found else {
        let unseen = Some(Unseen::LoadEnded.word().to_owned());
        return RecoveryRow { unseen, ..RecoveryRow::default() };
    };
    let seconds = |time: Option<Nanos>| time.map(Nanos::as_secs_f64);
    RecoveryRow {
        total_s: seconds(found.whole()),
        sessions_s: seconds(found.sessions),
        rate_s: seconds(found.rate),
        response_s: seconds(found.response),
        backlog_s: seconds(found.backlog),
        at_least_s: found.at_least.as_secs_f64(),
        unseen: found.unseen.map(|why| why.word().to_owned()),
    }
}

impl RepeatFigure {
    /// Over these repeats; None: not seen to its end. `at_least`: the longest that was seen of any.
    fn of(values: impl Iterator<Item = Option<f64>>, at_least: Option<f64>) -> RepeatFigure {
        let values: Vec<Option<f64>> = values.collect();
        let mut known: Vec<f64> = values.iter().copied().flatten().collect();
        known.sort_by(f64::total_cmp);
        // repeats that were not seen to their end took longer than all others that were: none is known to be shorter
        let (count, all_seen) = (values.len(), known.len() == values.len());
        let at = |rank: usize| known.get(rank - 1).copied();
        let median = match count {
            0 => None,
            odd if odd % 2 == 1 => at(odd / 2 + 1),
            even => at(even / 2).zip(at(even / 2 + 1)).map(|(a, b)| f64::midpoint(a, b)),
        };
        RepeatFigure {
            unit: "s".to_owned(),
            median,
            worst: known.last().copied().filter(|_| all_seen),
            at_least: known.last().copied().into_iter().chain(at_least).reduce(f64::max),
            ci: median_ranks(count).map(|(low, high, confidence)| MedianInterval {
                low: at(low),
                high: at(high),
                confidence,
            }),
        }
    }
}

impl RecoverySummary {
    /// The summaries of a run's rows, in the order in which the events first occurred.
    pub fn all(rows: &[EventRow]) -> Vec<RecoverySummary> {
        let mut names: Vec<&str> = Vec::new();
        for row in rows {
            if !names.contains(&row.name.as_str()) {
                names.push(&row.name);
            }
        }
        let of = |name: &str| rows.iter().filter(|row| row.name == name).collect::<Vec<_>>();
        names.into_iter().map(|name| RecoverySummary::of(&of(name))).collect()
    }

    fn of(rows: &[&EventRow]) -> RecoverySummary {
        let sum = |of: fn(&EventRow) -> u64| rows.iter().map(|row| of(row)).sum();
        let figure = |of: fn(&RecoveryRow) -> Option<f64>| {
            RepeatFigure::of(rows.iter().map(|row| of(&row.recovery)), None)
        };
        let at_least = rows.iter().map(|row| row.recovery.at_least_s).reduce(f64::max);
        let whole = rows.iter().map(|row| row.recovery.total_s);
        RecoverySummary {
            name: rows.first().map_or(String::new(), |row| row.name.clone()),
            action: rows.first().map_or(String::new(), |row| row.action.clone()),
            occurrences: rows.len() as u64,
            recovered: rows.iter().filter(|row| row.recovery.total_s.is_some()).count() as u64,
            lost: sum(|row| row.lost),
            timed_out: sum(|row| row.timed_out),
            missing: sum(|row| row.missing),
            duplicated: sum(|row| row.duplicated),
            recovery: RepeatFigure::of(whole, at_least),
            sessions: figure(|recovery| recovery.sessions_s),
            rate: figure(|recovery| recovery.rate_s),
            response: figure(|recovery| recovery.response_s),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(values: &[Option<f64>]) -> RepeatFigure {
        RepeatFigure::of(values.iter().copied(), Some(9.0))
    }

    #[test]
    fn a_repeat_that_was_not_seen_to_its_end_leaves_no_worst_and_counts_as_the_longest() {
        let all = figure(&[Some(3.0), Some(1.0), Some(2.0)]);
        assert_eq!((all.median, all.worst, all.ci), (Some(2.0), Some(3.0), None));
        let one = figure(&[Some(3.0), None, Some(2.0)]);
        assert_eq!((one.median, one.worst, one.at_least), (Some(3.0), None, Some(9.0)));
        let most = figure(&[None, None, Some(2.0)]);
        assert_eq!((most.median, most.at_least), (None, Some(9.0)));
        assert_eq!(figure(&[]).median, None);
    }

    #[test]
    fn the_median_of_five_repeats_has_an_interval_from_the_shortest_to_the_longest() {
        let five = figure(&[Some(3.0), Some(1.0), Some(2.0), Some(5.0), Some(4.0)]);
        let ci = five.ci.unwrap();
        assert_eq!((five.median, ci.low, ci.high), (Some(3.0), Some(1.0), Some(5.0)));
        assert!((ci.confidence - 0.9375).abs() < 1e-12);
        let censored = figure(&[Some(3.0), Some(1.0), Some(2.0), None, Some(4.0)]);
        assert_eq!((censored.median, censored.ci.unwrap().high), (Some(3.0), None));
    }
}
