//! Keeps a run on disk while it goes on, so that one that is killed at hour nine can still be rendered: the
//! distributions of each second are appended as it closes, and result.json is written anew now and then with
//! `state: "partial"`. Runs on the coordinator's thread; a worker never waits for it.
use super::exit::warn;
use super::facts::Facts;
use super::folder::{self, FolderError};
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
/// The log while it is being written; it goes when the whole one is in its place.
const LOG_PART: &str = "latency.hlog.part";

/// A second's figures may still come in for so long after it.
const SETTLED: Nanos = Nanos::from_secs(5);
/// result.json is written anew after so long, and never more often than a fiftieth of the time allows.
const EVERY: Nanos = Nanos::from_secs(10);
const COST_SHARE: u64 = 50;

/// Writes a run down while it goes on.
pub(super) struct Journal<'a> {
    facts: &'a Facts,
    path: PathBuf,
    log: Option<BufWriter<File>>,
    /// Rows before this offset are in the log.
    logged: Nanos,
    rows_count: usize,
    save_at: Nanos,
    /// It could not be written, which was said; the run goes on without.
    given_up: bool,
}

impl<'a> Journal<'a> {
    pub(super) fn new(facts: &'a Facts, path: &Path) -> Journal<'a> {
        Journal {
            facts,
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

    /// Appends what has closed. Where the record has merged neighbours, the log is written anew.
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
                // one of an earlier run in the same folder would be taken for this one's
                let _ = std::fs::remove_file(self.path.join(LOG));
                let mut log = BufWriter::new(File::create(self.path.join(LOG_PART))?);
                let started = utc_rfc3339(record.started_wall_ns);
                log.write_all(hlog::header(&self.facts.id, &started).as_bytes())?;
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
        // a rate is what the record holds by the seconds that it holds, not by the time since
        let load_ended = progress.at.min(progress.load_ends).min(progress.record.held());
        let record = so_far(progress.record, load_ended, progress.at);
        let judgement = judge::judge(&self.facts.plan, &record, &HostUse::default());
        let run = self.facts.run(&record, &judgement, &[], None);
        // it is made and written row by row: what it takes does not grow with the run
        let document = document(&run);
        folder::write_with(&self.path.join("result.json"), |file| {
            document.write_json(Document::rows(&run), file)
        })
    }
}

/// A run that has come so far: nothing that is still open is settled.
fn so_far(record: &RunRecord, load_ended: Nanos, at: Nanos) -> RunRecord {
    let mut record = record.clone();
    record.load_ended = load_ended;
    record.ended = at;
    let seconds = at.0 / crate::kit::NS_PER_S;
    record.cut_reason.get_or_insert(CutReason::NotOver(seconds));
    record
}

/// Its document without its rows. What is still open is in no ledger yet, and so it balances none.
fn document(run: &Run<'_>) -> Document {
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
            warn(format!("the run is not kept on disk while it goes on: {path}: {e}"));
        }
        None
    }

    fn spill_store(&mut self) -> Option<Arc<dyn SpillStore>> {
        // where there is none, what cannot be written there is said when the journal is
        let scratch = Scratch::new(&self.path).ok()?;
        Some(Arc::new(scratch))
    }

    fn stopped_at_once(&mut self, progress: &Progress<'_>) {
        if let Err(why) = self.save(progress) {
            warn(format!("what was measured is not kept: {why}"));
        }
    }
}

/// The whole log stands in its place: the appended one goes.
pub(super) fn close(path: &Path) {
    // where there was none, nothing is to go
    let _ = std::fs::remove_file(path.join(LOG_PART));
}
