//! A thread that keeps the books of both sides while a run goes on.
use crate::coordinator::Signals;
use crate::kit::{Clock, Nanos, words};
use crate::measure::through::ThroughRecord;
use crate::measure::{CutReason, ObservedSample, Observer, Progress, SpillStore, Steer};
use crate::net::Witnesses;
use crate::through::Ledger;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// From one look at what was seen to the next.
pub(super) const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(20);
/// A witness tells within this time what it saw.
const WITNESS_LATE: Nanos = Nanos::from_secs(1);

/// The books, and where sightings for them wait.
#[derive(Debug)]
pub(super) struct Sightings {
    pub(super) witnesses: Witnesses,
    /// None: they are closed.
    pub(super) ledger: Option<Ledger>,
}

/// A thread that keeps the books.
#[derive(Debug)]
pub(super) struct Bookkeeper {
    shared: Arc<Mutex<Sightings>>,
    has_ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// It is valid after a panic too: what was taken is in the ledger or is gone.
fn locked(shared: &Mutex<Sightings>) -> MutexGuard<'_, Sightings> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sightings {
    fn look(&mut self, now: Nanos) {
        let Some(ledger) = &mut self.ledger else { return };
        while let Some(sighting) = self.witnesses.take() {
            ledger.take(sighting);
        }
        ledger.advance(now.since(WITNESS_LATE));
    }
}

impl Bookkeeper {
    pub(super) fn start(sightings: Sightings) -> std::io::Result<Bookkeeper> {
        let shared = Arc::new(Mutex::new(sightings));
        let has_ended = Arc::new(AtomicBool::new(false));
        let (its_share, its_end) = (shared.clone(), has_ended.clone());
        let thread = std::thread::Builder::new().name("books".to_owned()).spawn(move || {
            while !its_end.load(Ordering::Relaxed) {
                locked(&its_share).look(Clock::now());
                std::thread::sleep(LOOK_EVERY);
            }
        })?;
        Ok(Bookkeeper { shared, has_ended, thread: Some(thread) })
    }

    pub(super) fn ledger<T: Default>(&self, of: impl FnOnce(&mut Ledger) -> T) -> T {
        locked(&self.shared).ledger.as_mut().map(of).unwrap_or_default()
    }

    /// Waits until nothing more is awaited, at most until `until` on both sides, and no longer than no signal comes. Tells
    /// `hear` once where something is awaited.
    pub(super) fn wait_until_quiet(&self, until: Nanos, signals: &Signals, hear: Option<fn(&str)>) {
        let until = until + WITNESS_LATE;
        let begun = Clock::now();
        let mut unheard = hear;
        loop {
            std::thread::sleep(LOOK_EVERY);
            let now = Clock::now();
            // what was seen up to the begin has been looked at by then
            let is_seen = now > begun + WITNESS_LATE + WITNESS_LATE;
            let is_over = now > until || signals.count() > 0;
            if is_over || (is_seen && self.ledger(|ledger| ledger.is_quiet(now))) {
                return;
            }
            if let Some(hear) = unheard.take_if(|_| is_seen) {
                let left = words::duration(until.since(now).0);
                hear(&format!(
                    "waiting for what is still inside the gateway, at most {left}; SIGINT ends the wait"
                ));
            }
        }
    }

    /// Waits until the gateway holds nothing more, as far as can be told, at most until `until`, and no longer than no signal
    /// comes.
    pub(super) fn wait_until_empty(&self, until: Nanos, signals: &Signals) {
        loop {
            let now = Clock::now();
            let seen = now.since(WITNESS_LATE);
            let is_over = now > until || signals.count() > 0;
            if is_over || self.ledger(|ledger| ledger.is_empty(seen)) {
                return;
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Closes the books at `now`, as [`Bookkeeper::close`] does, and opens those of the next run, whose messages carry `run`.
    pub(super) fn turn(&self, run: u32, front_ended: Nanos, now: Nanos) -> Option<ThroughRecord> {
        let mut shared = locked(&self.shared);
        shared.look(now);
        shared.ledger.as_mut().map(|ledger| ledger.turn(run, front_ended, now))
    }

    /// Closes the books at `now`. `front_ended`: when our ESME was gone, so that nothing could reach it any more. None: they
    /// are closed already.
    pub(super) fn close(&mut self, front_ended: Nanos, now: Nanos) -> Option<ThroughRecord> {
        self.end();
        let mut shared = locked(&self.shared);
        shared.look(now);
        shared.ledger.take().map(|ledger| ledger.finish_since(front_ended, now))
    }

    fn end(&mut self) {
        self.has_ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // a panic of it leaves books that do not balance
            let _ = thread.join();
        }
    }
}

impl Drop for Bookkeeper {
    fn drop(&mut self) {
        self.end();
    }
}

/// Tells the books when the load starts, and passes everything on.
pub(super) struct LoadStart<'a> {
    pub(super) books: &'a Bookkeeper,
    pub(super) observer: &'a mut dyn Observer,
}

impl Observer for LoadStart<'_> {
    fn progress(&mut self, progress: &Progress<'_>) -> Option<CutReason> {
        self.observer.progress(progress)
    }
    fn start(&mut self, earliest: Nanos) -> Option<Nanos> {
        let at = self.observer.start(earliest)?;
        self.books.ledger(|ledger| ledger.load_starts(at));
        Some(at)
    }
    fn spill_store(&mut self) -> Option<Arc<dyn SpillStore>> {
        self.observer.spill_store()
    }
    fn stopped_at_once(&mut self, progress: &Progress<'_>) {
        self.observer.stopped_at_once(progress);
    }
    fn steer(&mut self) -> Option<Steer> {
        self.observer.steer()
    }
    fn observed(&mut self, now: Nanos) -> Vec<ObservedSample> {
        self.observer.observed(now)
    }
}
