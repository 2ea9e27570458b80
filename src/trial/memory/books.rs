//! Books of both sides of a trial in memory, as behind a gateway that is a wire.
use crate::esme;
use crate::kit::Nanos;
use crate::measure::through::ThroughRecord;
use crate::net::Witnesses;
use crate::plan::Plan;
use crate::smsc;
use crate::through::{Ledger, Settings};

/// Books of both sides, and where sightings for them wait.
pub(super) struct BooksInMemory {
    witnesses: Witnesses,
    ledger: Ledger,
}

impl BooksInMemory {
    /// Books of what these tell, from `start` on.
    pub(super) fn of(
        plan: &Plan,
        esmes: &mut [esme::Core],
        smsc: &mut smsc::Core,
        start: Nanos,
    ) -> BooksInMemory {
        let mut witnesses = Witnesses::new(u64::MAX);
        esmes.iter_mut().for_each(|esme| esme.witnessed(witnesses.witness()));
        let settings = Settings::of(plan, esmes.len() as u32, &plan.embedded);
        smsc.witnessed(witnesses.witness(), settings.run);
        let mut ledger = Ledger::new(settings);
        ledger.begin(start);
        BooksInMemory { witnesses, ledger }
    }

    /// Looks at what was seen up to a time.
    pub(super) fn look(&mut self, upto: Nanos) {
        while let Some(sighting) = self.witnesses.take() {
            self.ledger.take(sighting);
        }
        self.ledger.advance(upto);
    }

    /// Closes the books.
    pub(super) fn finish(mut self, now: Nanos) -> ThroughRecord {
        self.look(now);
        self.ledger.finish(now)
    }
}
