//! Books of both sides of a trial in memory.
use crate::esme;
use crate::kit::Nanos;
use crate::measure::through::ThroughRecord;
use crate::net::Witnesses;
use crate::plan::Plan;
use crate::smsc;
use crate::through::{Ledger, Settings};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

/// Where the books of a run in memory are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BooksOn {
    /// With the run, step by step.
    TheRun,
    /// On a thread of their own, as over sockets.
    AThread,
}

/// Books of both sides, and where sightings for them wait.
#[derive(Debug)]
pub(super) enum BooksInMemory {
    OnTheRun(Box<Sightings>),
    OnAThread {
        thread: JoinHandle<Box<Sightings>>,
        /// The time up to which all was told, in nanoseconds. MAX: the run has ended.
        told: Arc<AtomicU64>,
    },
}

#[derive(Debug)]
pub(super) struct Sightings {
    witnesses: Witnesses,
    ledger: Ledger,
}

impl Sightings {
    /// Looks at what was seen up to a time.
    fn look(&mut self, upto: Nanos) {
        while let Some(sighting) = self.witnesses.take() {
            self.ledger.take(sighting);
        }
        self.ledger.advance(upto);
    }

    fn look_until_the_end(mut self: Box<Self>, told: &AtomicU64) -> Box<Sightings> {
        loop {
            let upto = told.load(Ordering::Acquire);
            self.look(Nanos(upto));
            if upto == u64::MAX {
                return self;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }
}

impl BooksInMemory {
    /// Books of what these tell, from `start` on.
    pub(super) fn of(
        on: BooksOn,
        plan: &Plan,
        esmes: &mut [esme::Core],
        smsc: &mut smsc::Core,
        start: Nanos,
    ) -> std::io::Result<BooksInMemory> {
        let mut witnesses = Witnesses::new(u64::MAX);
        esmes.iter_mut().for_each(|esme| esme.witnessed(witnesses.witness()));
        let settings = Settings::of(plan, esmes.len() as u32, &plan.embedded);
        smsc.witnessed(witnesses.witness(), settings.run);
        let mut ledger = Ledger::new(settings);
        ledger.begin(start);
        let sightings = Box::new(Sightings { witnesses, ledger });
        if on == BooksOn::TheRun {
            return Ok(BooksInMemory::OnTheRun(sightings));
        }
        let told = Arc::<AtomicU64>::default();
        let its_told = told.clone();
        let thread = std::thread::Builder::new().name("books".to_owned());
        let thread = thread.spawn(move || sightings.look_until_the_end(&its_told))?;
        Ok(BooksInMemory::OnAThread { thread, told })
    }

    /// All was told up to a time.
    pub(super) fn told(&mut self, upto: Nanos) {
        match self {
            BooksInMemory::OnTheRun(sightings) => sightings.look(upto),
            BooksInMemory::OnAThread { told, .. } => told.store(upto.0, Ordering::Release),
        }
    }

    /// Closes the books.
    pub(super) fn finish(mut self, now: Nanos) -> ThroughRecord {
        self.told(Nanos::MAX);
        let sightings = match self {
            BooksInMemory::OnTheRun(sightings) => sightings,
            BooksInMemory::OnAThread { thread, .. } => {
                thread.join().expect("the books' thread panics at nothing that it sees")
            }
        };
        sightings.ledger.finish(now)
    }
}
