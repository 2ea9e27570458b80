//! Saves a run while it goes on, so that a run that is killed after hours can still be rendered: the distributions
//! of each second are appended as it closes, and result.json is rewritten now and then with `state: "partial"`. Runs
//! on the coordinator's thread; a worker never waits for it.
use super::exit::warn;
use super::folder::{self, FolderError};
use super::run_context::RunContext;
use crate::judge;
use crate::kit::{Clock, HostUse, Nanos, utc_rfc3339};
use crate::measure::{CutReason, Observer, Phase, Progress, RunRecord, SpillStore};
use crate::report::{Document, Run, Second, hlog};
use crate::watch::Scratch;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const LOG: &str = "latency.hlog";
/// The log during the run; removed when the complete one is written.
const LOG_PART: &str = "latency.hlog.part";

/// How long after a second its figures may still come in.
const SETTLED: Nanos = Nanos::from_secs(5);
/// Time between rewrites of result.json; longer where they would take more than a fiftieth of the time.
const EVERY: Nanos = Nanos::from_secs(10);
const COST_SHARE: u64 = 50;

/// Observer that saves a run while it goes on.
pub(super) struct Journal<'a> {
    context: &'a RunContext,
    path: PathBuf,
    log: Option<BufWriter<File>>,
    /// Offset up to which rows are in the log.
    logged: Nanos,
    rows_count: usize,
    save_at: Nanos,
    /// Whether a write failed, which was reported; the run goes on without the journal.
    given_up: bool,
}

impl<'a> Journal<'a> {
    pub(super) fn new(context: &'a RunContext, path: &Path) -> Journal<'a> {
        Journal {
            context,
            path: path.to_owned(),
            log: None,
            logged: Nanos::ZERO,
            rows_count: 0,
            save_at: EVERY,
            given_up: false,
        }
    }

    fn keep(&mut self, progress: &Progress<'_>) -> io::Result<()> {
        self.append(progress)?;
        if progress.at >= self.save_at {
            let began = Clock::now();
            self.save(progress).map_err(io::Error::other)?;
            let cost = Clock::now().since(began);
            self.save_at = progress.at + EVERY.max(Nanos(cost.0 * COST_SHARE));
        }
        Ok(())
    }

    /// Appends the rows that have closed. Where the record has merged rows, the log is rewritten.
    fn append(&mut self, progress: &Progress<'_>) -> io::Result<()> {
        let record = progress.record;
        let merged = record.intervals.len() < self.rows_count;
        self.rows_count = record.intervals.len();
        if merged || self.log.is_none() {
            self.logged = Nanos::ZERO;
            self.log = None;
        }
        let closed = progress.at.since(SETTLED);
        let rows =
            record.intervals.iter().filter(|r| r.at >= self.logged && r.at + r.length <= closed);
        let Some(until) = rows.clone().map(|row| row.at + row.length).max() else { return Ok(()) };
        let log = match &mut self.log {
            Some(log) => log,
            None => {
                std::fs::create_dir_all(&self.path)?;
                // a log of an earlier run in the same folder would look like this run's
                let _ = std::fs::remove_file(self.path.join(LOG));
                let mut log = BufWriter::new(File::create(self.path.join(LOG_PART))?);
                let started = utc_rfc3339(record.started_wall_ns);
                log.write_all(hlog::header(&self.context.id, &started).as_bytes())?;
                self.log.insert(log)
            }
        };
        for row in rows {
            log.write_all(hlog::lines(&Second::of(row)).as_bytes())?;
        }
        log.flush()?;
        self.logged = until;
        Ok(())
    }

    fn save(&self, progress: &Progress<'_>) -> Result<(), FolderError> {
        folder::make(&self.path)?;
        // rates are over the seconds in the record, not over the time since the start
        let load_ended = progress.at.min(progress.load_ends).min(progress.record.held());
        let record = partial_record(progress.record, load_ended, progress.at);
        let judgement = judge::judge(&self.context.plan, &record, &HostUse::default());
        let run = self.context.run(&record, &judgement, &[], None);
        // written row by row, so that its memory does not grow with the run
        let document = document(&run);
        folder::write_with(&self.path.join("result.json"), |file| {
            document.write_json(Document::rows(&run), file)
        })
    }
}

/// The record of a run that is not over: what is in flight stays unsettled.
pub(super) fn partial_record(record: &RunRecord, load_ended: Nanos, at: Nanos) -> RunRecord {
    let mut record = record.clone();
    record.load_ended = load_ended;
    record.ended = at;
    let seconds = at.0 / crate::kit::NS_PER_S;
    record.cut_reason.get_or_insert(CutReason::NotOver(seconds));
    record
}

/// The document without its rows. Messages in flight are in no ledger yet, so no ledger is said to balance.
pub(super) fn document(run: &Run<'_>) -> Document {
    let mut document = Document::without_rows(run);
    document.ledger.balanced = None;
    document.groups.iter_mut().for_each(|group| group.ledger.balanced = None);
    document.books.clear();
    document
}

impl Observer for Journal<'_> {
    fn progress(&mut self, progress: &Progress<'_>) -> Option<CutReason> {
        let under_way = matches!(progress.phase, Phase::Load | Phase::Drain);
        if under_way
            && !self.given_up
            && let Err(e) = self.keep(progress)
        {
            self.given_up = true;
            let path = self.path.display();
            warn(format!("cannot save the run while it goes on: {path}: {e}"));
        }
        None
    }

    fn spill_store(&mut self) -> Option<Arc<dyn SpillStore>> {
        // a folder that cannot be written to is reported when the journal is saved
        let scratch = Scratch::new(&self.path).ok()?;
        Some(Arc::new(scratch))
    }

    fn stopped_at_once(&mut self, progress: &Progress<'_>) {
        if let Err(why) = self.save(progress) {
            warn(format!("cannot save what was measured: {why}"));
        }
    }
}

/// Removes the appended log, when the complete one is written.
pub(super) fn close(path: &Path) {
    // there may be none
    let _ = std::fs::remove_file(path.join(LOG_PART));
}
