//! The counts of an agent that was lost: what it reported is exact; what it had in flight, and what it may have sent
//! since its last report, is lost; what it had still to send is unsent. So the run's ledger balances.
use crate::esme::Setup;
use crate::kit::Nanos;
use crate::measure::{CellInterval, Counters, Interval, Metric};
use crate::plan::Cursor;
use std::ops::Range;

/// Counters that an agent has reported so far, by cell.
#[derive(Clone, Debug, Default)]
pub(super) struct ReportedCounts {
    cells: Vec<Counters>,
    /// Offset from the start of the load up to which it has reported.
    until: Nanos,
}

impl ReportedCounts {
    /// Adds a report.
    pub(super) fn add(&mut self, interval: &Interval) {
        if self.cells.len() < interval.cells.len() {
            self.cells.resize_with(interval.cells.len(), Counters::default);
        }
        for (mine, theirs) in self.cells.iter_mut().zip(&interval.cells) {
            if let Some(theirs) = theirs {
                mine.merge(&theirs.tally);
            }
        }
        self.until = self.until.max(Nanos::from_secs(interval.number + 1));
    }
}

/// What is added to the run's record for a lost agent, and its sums.
#[derive(Debug)]
pub(super) struct Loss {
    /// Counted as if the agent had reported it.
    pub(super) interval: Box<Interval>,
    /// submit_sm with unknown outcome.
    pub(super) lost: u64,
    /// submit_sm that it had still to send.
    pub(super) unsent: u64,
}

/// Settles the share of an agent that ran `workers` and was lost at `at` (an offset from the start of the load, which
/// ends at `load_ends`). It may have sent what was due before `at`, and no more.
pub(super) fn settle_share(
    setup: &Setup,
    workers: &Range<u32>,
    reported: &ReportedCounts,
    at: Nanos,
    load_ends: Nanos,
) -> Loss {
    let cells_count = Setup::cell_keys(&setup.plan).len();
    let range = Setup::range(&setup.plan);
    let mut shares = vec![(0u64, 0u64); cells_count];
    for worker in workers.clone() {
        count_share(setup, worker, at, load_ends, &mut shares);
    }
    let mut interval = Box::new(Interval::new(workers.start, cells_count, range));
    interval.number = at.0 / crate::kit::NS_PER_S;
    // its CPU time is not known
    interval.uses = Vec::new();
    let mut loss = Loss { interval, lost: 0, unsent: 0 };
    let waited = at.since(reported.until);
    for (cell, (due, all)) in shares.into_iter().enumerate() {
        let known = reported.cells.get(cell).cloned().unwrap_or_default();
        let mut rest = CellInterval::new(range);
        settle_cell(&known, due, all, waited, &mut rest);
        loss.lost += rest.tally.lost;
        loss.unsent += rest.tally.unsent;
        if rest.tally != Counters::default() {
            loss.interval.cells[cell] = Some(Box::new(rest));
        }
    }
    loss
}

/// By cell: messages of this worker due before `at`, and before `load_ends`.
fn count_share(setup: &Setup, worker: u32, at: Nanos, load_ends: Nanos, shares: &mut [(u64, u64)]) {
    let mut cursor = Cursor::new(setup.schedule.clone(), &setup.striping, worker as usize);
    for until in [at.min(load_ends), load_ends] {
        setup.skip_before(&mut cursor, until, |cell, count| {
            if let Some((before, all)) = shares.get_mut(usize::from(cell)) {
                *before += if until <= at { count } else { 0 };
                *all += count;
            }
        });
    }
}

/// Counts what is missing in a cell of which `known` was reported.
fn settle_cell(known: &Counters, due: u64, all: u64, waited: Nanos, rest: &mut CellInterval) {
    // planned since its last report: up to its loss they may have been sent, later ones were not
    let maybe = due.saturating_sub(known.planned);
    let never = all.saturating_sub(known.planned.max(due));
    // a message put into a buffer counts as planned, and may have been sent in part
    let stamped = (known.planned + known.retries)
        .saturating_sub(known.written + known.dropped + known.unsent);
    let settled = known.answered() + known.timed_out + known.lost + known.open_at_end;
    let open = known.written.saturating_sub(settled);
    let tally = &mut rest.tally;
    tally.planned = maybe + never;
    tally.written = maybe + stamped;
    tally.lost = maybe + stamped + open;
    tally.unsent = never;
    let expected = known.receipts_expected.saturating_sub(
        known.receipts_final - known.receipts_final_unasked + known.receipts_missing,
    );
    let may_come = known
        .receipts_may_come
        .saturating_sub(known.receipts_final_unasked + known.receipts_silent);
    // untracked and ambiguous ones are of either kind
    let awaited =
        (expected + may_come).saturating_sub(known.receipts_untracked + known.receipts_ambiguous);
    tally.receipts_silent = may_come.min(awaited);
    tally.receipts_missing = awaited - tally.receipts_silent;
    // censored: when they were sent is not known
    rest.latency[Metric::Service as usize].censor_n(waited, tally.lost);
    rest.latency[Metric::Response as usize].censor_n(waited, tally.lost + tally.unsent);
    rest.latency[Metric::Receipt as usize].censor_n(waited, rest.tally.receipts_missing);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Overrides, Source, load};
    use std::sync::Arc;

    fn setup() -> Setup {
        let text = r#"
            load.stages = [{ hold = 1000, for = "10s" }]
            binds = { count = 4, window = 20 }
        "#;
        let source = Source::Text { name: "t.toml".into(), text: text.into() };
        Setup::new(Arc::new(load(&source, &Overrides::default()).unwrap()), 4).unwrap()
    }

    #[test]
    fn the_ledger_of_a_lost_agent_balances_and_covers_its_whole_share_of_the_schedule() {
        let setup = setup();
        let mut reported = ReportedCounts::default();
        let range = Setup::range(&setup.plan);
        let mut interval = Interval::new(2, 1, range);
        let mut cell = CellInterval::new(range);
        // half of 3 s at 1,000/s: 1,500; 20 open, 1 in a buffer, 7 receipts awaited
        cell.tally = Counters {
            planned: 1_500,
            written: 1_499,
            accepted: 1_479,
            receipts_expected: 1_479,
            receipts_final: 1_470,
            receipts_untracked: 2,
            ..Counters::default()
        };
        interval.number = 2;
        interval.cells[0] = Some(Box::new(cell.clone()));
        reported.add(&interval);
        let loss = settle_share(&setup, &(2..4), &reported, Nanos::from_secs(5), setup.load_ends());
        let mut sum = cell.tally.clone();
        let rest = loss.interval.cells[0].as_ref().unwrap();
        sum.merge(&rest.tally);
        assert!(sum.balances(), "{sum:?}");
        assert_eq!(sum.planned, 5_000);
        // 1,000 were due in the two seconds between its last report and its loss
        assert_eq!((loss.lost, loss.unsent), (1_000 + 1 + 20, 2_500));
        assert_eq!(rest.tally.receipts_missing, 7);
        assert_eq!(rest.metric(Metric::Response).sample_count(), loss.lost + loss.unsent);
        assert_eq!(rest.metric(Metric::Service).sample_count(), loss.lost);
        assert_eq!(loss.interval.number, 5);
    }

    #[test]
    fn nothing_is_unsent_where_the_load_ends_with_the_agent() {
        let setup = setup();
        let at = Nanos::from_secs(4);
        let loss = settle_share(&setup, &(0..2), &ReportedCounts::default(), at, at);
        assert_eq!((loss.lost, loss.unsent), (2_000, 0));
    }
}
