//! What the parts of a worker assignment: the plan, the phase, and the places where they report what happened.
use super::failed::FailedMessages;
use super::mailbox::WorkerMailbox;
use super::orders::{Event, WorkerAssignment};
use super::part_update::{PartOutcome, PartUpdate};
use super::parts::Parts;
use super::phase::Phase;
use super::setup::Setup;
use super::telling::Telling;
use crate::correlate::Key;
use crate::kit::Nanos;
use crate::measure::{Gauges, Interval, Outcome, Recorder, Ticket};
use crate::plan::{Foreign, PlanError};

/// Passed to the parts by reference; each field guards its own state.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) setup: Setup,
    pub(super) phase: Phase,
    /// Counters and distributions of the interval that is filling.
    pub(super) recorder: Recorder,
    /// Messages of several parts; None: there are none.
    pub(super) parts: Option<Parts>,
    /// Messages to the other workers of this process.
    pub(super) mailbox: WorkerMailbox,
    /// Events for the coordinator.
    pub(super) telling: Telling,
    /// Failed messages, listed one by one.
    pub(super) failed: FailedMessages,
}

impl Context {
    /// # Errors
    /// Where the plan cannot be worked out.
    pub(super) fn new(
        assignment: &WorkerAssignment,
        wall_at_zero: u64,
    ) -> Result<Context, PlanError> {
        let workers = assignment.workers as usize;
        let setup = Setup::new(assignment.plan.clone(), workers)?;
        let plan = &setup.plan;
        let cells_count = Setup::cell_keys(plan).len();
        Ok(Context {
            phase: Phase::Binding,
            recorder: Recorder::new(assignment.worker, cells_count, Setup::range(plan)),
            parts: Parts::new(&setup, assignment),
            mailbox: WorkerMailbox::new(assignment.worker, &assignment.near),
            telling: Telling::new(assignment.worker, plan.guard.foreign == Foreign::Stop),
            failed: FailedMessages::new(&setup, workers, wall_at_zero),
            setup,
        })
    }

    /// A submit_sm ended for good: counted for its whole message, where messages have several parts.
    #[inline]
    pub(super) fn part_ended(&mut self, index: u64, outcome: PartOutcome) {
        if let Some(parts) = &mut self.parts {
            parts.ended(index, outcome, &mut self.mailbox, &mut self.recorder);
        }
    }

    /// The receipt under this id came, or will not come: likewise.
    #[inline]
    pub(super) fn part_receipted(&mut self, key: Key, session: u32, delivered: bool) {
        if let Some(parts) = &mut self.parts {
            parts.receipted(key, session, delivered, &mut self.mailbox, &mut self.recorder);
        }
    }

    /// A submit_sm ended without an answer. `request`: its session and sequence_number.
    pub(super) fn unanswered(
        &mut self,
        request: (u32, u32),
        ticket: &Ticket,
        outcome: Outcome,
        now: Nanos,
    ) {
        self.recorder.settled(ticket, outcome, now);
        self.part_ended(ticket.index, PartOutcome::Failed);
        self.failed.trace(request, ticket, None);
    }

    /// Passes on the updates of parts for workers on other machines.
    pub(super) fn send_part_updates(&mut self) {
        let Some(parts) = &mut self.parts else { return };
        let updates = parts.take_for_other_machines();
        if !updates.is_empty() {
            self.mailbox.count_handed(updates.len() as u64);
            self.telling.tell(Event::PartUpdates { updates });
        }
    }

    /// Applies part updates from workers on other machines.
    pub(super) fn apply_part_updates(&mut self, updates: &[PartUpdate]) {
        self.mailbox.count_received(updates.len() as u64);
        if let Some(parts) = &mut self.parts {
            for update in updates {
                parts.count(*update, &mut self.recorder);
            }
        }
    }

    /// The interval that is filling, with these gauges; an empty one takes its place.
    pub(super) fn take_interval(&mut self, gauges: Gauges) -> Box<Interval> {
        let spare = self.telling.take_spare();
        let number = self.telling.interval_number();
        let interval = self.recorder.take(number, gauges, spare);
        self.count_disturbed_in_slots(number + 1);
        interval
    }

    /// The interval that begins to fill, the second `number`, is counted by tenths too where it is disturbed.
    pub(super) fn count_disturbed_in_slots(&mut self, number: u64) {
        if self.setup.disturbed.has_second(number)
            && let Some(start) = self.phase.start()
        {
            self.recorder.count_in_slots(start + Nanos::from_secs(number));
        }
    }
}

#[cfg(test)]
impl Context {
    /// The only worker of a run of this profile.
    pub(super) fn of_profile(profile: &str) -> Context {
        use crate::plan::{Overrides, Source, load};
        let source = Source::Text { name: "test.toml".into(), text: profile.into() };
        let plan = load(&source, &Overrides::default()).unwrap_or_else(|e| panic!("{e}"));
        let assignment = WorkerAssignment { plan: plan.into(), worker: 0, workers: 1, near: 0..1 };
        Context::new(&assignment, 0).unwrap_or_else(|e| panic!("{e}"))
    }

    /// The events that were told since the last call.
    pub(super) fn events(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        self.telling.take(&mut events);
        events
    }
}
