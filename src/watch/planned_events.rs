//! What the live view says of the events of the plan: which one is on, and from which one the run recovers.
use crate::kit::{Nanos, words::printable};
use crate::measure::{Phase, Progress};
use crate::plan::{Plan, occurrences};

/// The occurrences of a plan's events with their names, in order of time.
#[derive(Clone, Debug, Default)]
pub(super) struct PlannedEvents(Vec<(Nanos, Nanos, String)>);

impl PlannedEvents {
    pub(super) fn of(plan: &Plan) -> PlannedEvents {
        let name = |event: u16| printable(&plan.events[usize::from(event)].name);
        PlannedEvents(occurrences(plan).iter().map(|o| (o.from, o.until, name(o.event))).collect())
    }

    /// `event restart`, then `recovering from restart`. None: no event disturbs the run now.
    pub(super) fn says(&self, p: &Progress<'_>) -> Option<String> {
        if self.0.is_empty() || p.phase != Phase::Load {
            return None;
        }
        if let Some(name) = self.on(p.at) {
            return Some(format!("event {name}"));
        }
        let (begun, _, name) = self.latest(p.at)?;
        // not a time that the next event disturbs already
        let of_it = |(from, to): &(Nanos, Nanos)| from <= begun && *from <= p.at && p.at < *to;
        let disturbed = p.record.disturbed.iter().any(of_it);
        disturbed.then(|| format!("recovering from {name}"))
    }

    /// The event that is on at a time of the load.
    pub(super) fn on(&self, at: Nanos) -> Option<&str> {
        /// An event that is over at once is shown for this long.
        const SHOWN_MIN: Nanos = Nanos::from_secs(1);
        let (from, until, name) = self.latest(at)?;
        (at < (*until).max(*from + SHOWN_MIN)).then_some(name.as_str())
    }

    fn latest(&self, at: Nanos) -> Option<&(Nanos, Nanos, String)> {
        self.0.iter().rev().find(|(from, ..)| *from <= at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{LatencyRange, RunRecord};
    use crate::plan::{Overrides, Source, load};

    #[test]
    fn an_event_is_named_while_it_is_on_and_while_the_run_recovers_from_it() {
        let text = "load.stages = [{ hold = 10, for = \"60s\" }]\n[[events]]\ndo = \"blackhole\"\nname = \"hole\"\n\
                    at = \"10s\"\nfor = \"3s\"";
        let source = Source::Text { name: "test.toml".into(), text: text.into() };
        let plan = load(&source, &Overrides::default()).unwrap_or_else(|e| panic!("{e}"));
        let events = PlannedEvents::of(&plan);
        let mut record = RunRecord::new(LatencyRange::for_deadline(Nanos::from_secs(1)), 0);
        record.disturbed = vec![(Nanos::from_secs(9), Nanos::from_secs(20))];
        let says = |second: u64| {
            let (at, load_ends) = (Nanos::from_secs(second), Nanos::from_secs(60));
            let phase = Phase::Load;
            events.says(&Progress { phase, at, load_ends, record: &record, sessions: (1, 1) })
        };
        for (second, wanted) in [
            (9, None),
            (10, Some("event hole")),
            (12, Some("event hole")),
            (13, Some("recovering from hole")),
            (20, None),
        ] {
            assert_eq!(says(second).as_deref(), wanted, "{second} s");
        }
        assert_eq!(
            (events.on(Nanos::from_secs(11)), events.on(Nanos::from_secs(13))),
            (Some("hole"), None)
        );
    }
}
