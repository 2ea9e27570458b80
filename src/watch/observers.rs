//! Several observers of one run.
use crate::kit::Nanos;
use crate::measure::{CutReason, ObservedSample, Observer, Progress, SpillStore, Steer};
use std::fmt;
use std::sync::Arc;

/// Observers called one after the other. The first reason to end the load wins.
#[derive(Default)]
pub struct Observers<'a>(Vec<Box<dyn Observer + 'a>>);

impl<'a> Observers<'a> {
    /// No observers.
    pub fn new() -> Observers<'a> {
        Observers::default()
    }

    /// Adds an observer.
    pub fn push(&mut self, observer: impl Observer + 'a) {
        self.0.push(Box::new(observer));
    }
}

impl Observer for Observers<'_> {
    fn progress(&mut self, progress: &Progress<'_>) -> Option<CutReason> {
        // every observer gets the progress, also after one that ends the run
        let reasons: Vec<CutReason> =
            self.0.iter_mut().filter_map(|observer| observer.progress(progress)).collect();
        reasons.into_iter().next()
    }

    fn start(&mut self, earliest: Nanos) -> Option<Nanos> {
        // the load begins when every observer allows it
        self.0.iter_mut().try_fold(earliest, |at, observer| Some(at.max(observer.start(earliest)?)))
    }

    fn spill_store(&mut self) -> Option<Arc<dyn SpillStore>> {
        self.0.iter_mut().find_map(|observer| observer.spill_store())
    }

    fn stopped_at_once(&mut self, progress: &Progress<'_>) {
        self.0.iter_mut().for_each(|observer| observer.stopped_at_once(progress));
    }

    fn steer(&mut self) -> Option<Steer> {
        // one request at a time: the next call takes the next one
        self.0.iter_mut().find_map(|observer| observer.steer())
    }

    fn observed(&mut self, now: Nanos) -> Vec<ObservedSample> {
        self.0.iter_mut().flat_map(|observer| observer.observed(now)).collect()
    }
}

impl fmt::Debug for Observers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observers").field("count", &self.0.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{LatencyRange, Phase, RunRecord};

    struct Says<'a>(&'a mut u32, Option<&'static str>);

    impl Observer for Says<'_> {
        fn progress(&mut self, _: &Progress<'_>) -> Option<CutReason> {
            *self.0 += 1;
            self.1.map(CutReason::from)
        }
    }

    #[test]
    fn all_are_told_and_the_first_reason_ends_the_load() {
        let (mut one, mut two, mut three) = (0, 0, 0);
        let mut all = Observers::new();
        all.push(Says(&mut one, None));
        all.push(Says(&mut two, Some("gate")));
        all.push(Says(&mut three, Some("operator")));
        let record = RunRecord::new(LatencyRange::for_deadline(Nanos::from_secs(1)), 0);
        let progress = Progress {
            phase: Phase::Load,
            at: Nanos::ZERO,
            load_ends: Nanos::ZERO,
            record: &record,
            sessions: (0, 0),
        };
        assert_eq!(all.progress(&progress), Some(CutReason::Said("gate".to_owned())));
        drop(all);
        assert_eq!((one, two, three), (1, 1, 1));
    }
}
