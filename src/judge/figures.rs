//! The catalogue of rates, ratios and ledger lines, one row each. A figure's name is its path in result.json, and the
//! same in gates and tables. Latencies have their own catalogue (`measure::LATENCY_METRICS`).
use super::check::Unit;
use super::measured::Measured;
use super::receipts::MissingShare;
use crate::measure::Counters;

/// The counters behind a figure: the measured part of a run, or a group of it.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Its counters.
    pub tally: &'a Counters,
    /// Measured time in seconds.
    pub seconds: f64,
    /// Planned rate; None: a group or a closed loop.
    pub target: Option<f64>,
    /// Whether there is no schedule.
    pub closed: bool,
    /// MO received in the measured time; None: a group.
    pub mo: Option<u64>,
    /// Share of the time without a free slot; None: a group.
    pub window_full: Option<f64>,
}

impl<'a> Scope<'a> {
    /// The whole measured part, with the number of its MO.
    pub fn whole(measured: &'a Measured, mo: u64) -> Scope<'a> {
        Scope {
            tally: measured.tally(),
            seconds: measured.seconds(),
            target: measured.target,
            closed: measured.closed,
            mo: Some(mo),
            window_full: measured.window_full,
        }
    }
    /// A group of the measured part.
    pub fn group(measured: &Measured, tally: &'a Counters, seconds: f64) -> Scope<'a> {
        Scope { tally, seconds, target: None, closed: measured.closed, mo: None, window_full: None }
    }
    fn per_second(&self, count: u64) -> Option<f64> {
        (self.seconds > 0.0).then(|| count as f64 / self.seconds)
    }
}

/// One row of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct FigureRow {
    /// Its block in result.json: `rate` or `ratio`.
    pub block: &'static str,
    /// Its name there.
    pub name: &'static str,
    /// Its unit.
    pub unit: Unit,
    /// What it is, in one sentence.
    pub says: &'static str,
    /// Its value; None: undefined in this scope.
    pub of: fn(&Scope<'_>) -> Option<f64>,
}

impl FigureRow {
    /// Whether it is a share of errors of the SMSC.
    pub(super) fn is_error_share(&self) -> bool {
        let errors = ["rejected", "throttled", "timed_out", "missing"];
        self.block == "ratio" && errors.contains(&self.name)
    }
    /// Whether it is the share of missing receipts, which may be uncertain.
    pub(super) fn is_missing(&self) -> bool {
        self.block == "ratio" && self.name == "missing"
    }
}

type Figure = fn(&Scope<'_>) -> Option<f64>;

const fn rate(name: &'static str, says: &'static str, of: Figure) -> FigureRow {
    FigureRow { block: "rate", name, unit: Unit::PerSecond, says, of }
}

const fn ratio(name: &'static str, says: &'static str, of: Figure) -> FigureRow {
    FigureRow { block: "ratio", name, unit: Unit::Ratio, says, of }
}

/// Every rate and ratio, in the order of the contract.
pub const FIGURES: [FigureRow; 13] = [
    rate("target", "the mean rate that the plan wants in the measured time", |s| s.target),
    rate("scheduled", "submit_sm whose intended time lies in the measured time", |s| {
        if s.closed { None } else { s.per_second(s.tally.planned) }
    }),
    rate("written", "submit_sm that were written to a connection", |s| {
        s.per_second(s.tally.written)
    }),
    rate("accepted", "submit_sm that the SMSC accepted", |s| s.per_second(s.tally.accepted)),
    rate("answered", "submit_sm that the SMSC answered, accepted or not", |s| {
        s.per_second(s.tally.answered())
    }),
    rate("receipts", "final receipts of messages that a receipt was asked for", |s| {
        if receipts_asked(s.tally) { s.per_second(s.tally.receipts_final) } else { None }
    }),
    rate("mo", "mobile-originated messages received", |s| s.mo.and_then(|n| s.per_second(n))),
    ratio("rejected", "submit_sm answered with an error status, of those written", |s| {
        share(s.tally.rejected, s.tally.written)
    }),
    ratio(
        "throttled",
        "submit_sm answered with ESME_RTHROTTLED or ESME_RMSGQFUL, of those written",
        |s| share(s.tally.throttled, s.tally.written),
    ),
    ratio("timed_out", "submit_sm without an answer by their deadline, of those written", |s| {
        share(s.tally.timed_out, s.tally.written)
    }),
    ratio("lost", "submit_sm in flight on a connection that ended, of those written", |s| {
        share(s.tally.lost, s.tally.written)
    }),
    ratio("missing", "accepted messages whose final receipt did not come by its deadline", |s| {
        MissingShare::of(s.tally).and_then(|missing| missing.figure())
    }),
    ratio(
        "window_full",
        "share of the time in which no window slot was free, so that messages waited",
        |s| s.window_full,
    ),
];

/// A line of the ledger: its name and its counter.
pub type LedgerLine = (&'static str, fn(&Counters) -> u64);

/// The lines of the ledger, in the order of the contract.
pub const LEDGER: [LedgerLine; 13] = [
    ("planned", |t| t.planned),
    ("retries", |t| t.retries),
    ("written", |t| t.written),
    ("dropped", |t| t.dropped),
    ("unsent", |t| t.unsent),
    ("accepted", |t| t.accepted),
    ("rejected", |t| t.rejected),
    ("timed_out", |t| t.timed_out),
    ("lost", |t| t.lost),
    ("open_at_end", |t| t.open_at_end),
    ("late_responses", |t| t.late_responses),
    ("ids_given_twice", |t| t.ids_given_twice),
    ("self_inflicted_throttles", |t| t.self_inflicted_throttles),
];

/// Whether any accepted message asked for a receipt.
pub fn receipts_asked(tally: &Counters) -> bool {
    tally.receipts_expected + tally.receipts_may_come > 0
}

fn share(part: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}

/// The figure of that block and name.
pub(super) fn figure(block: &str, name: &str) -> Option<&'static FigureRow> {
    FIGURES.iter().find(|row| row.block == block && row.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_by_its_name_and_an_empty_run_has_no_ratio() {
        let tally = Counters::default();
        let scope = Scope {
            tally: &tally,
            seconds: 0.0,
            target: None,
            closed: false,
            mo: Some(0),
            window_full: None,
        };
        for row in FIGURES {
            assert_eq!(figure(row.block, row.name).map(|r| r.name), Some(row.name));
            assert_eq!((row.of)(&scope), None, "{}", row.name);
        }
    }

    #[test]
    fn every_ledger_line_is_a_counter_of_the_tally() {
        let names: Vec<&str> = Counters::default().fields().iter().map(|f| f.0).collect();
        for (name, _) in LEDGER {
            assert!(names.contains(&name), "{name}");
        }
    }
}
