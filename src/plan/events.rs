//! When the events of a plan occur: a pure function of the plan.
use super::model::{EventAction, Plan, PlannedEvent};
use crate::kit::Nanos;

/// One occurrence of an event of the plan. Times are from the start of the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// Index of the event in [`Plan::events`].
    pub event: u16,
    /// Which of its repeats, from 0 on.
    pub repeat: u32,
    /// When it begins.
    pub from: Nanos,
    /// When it ends; `from`, where it does not last. For a command, its time limit.
    pub until: Nanos,
}

impl Occurrence {
    /// How long it lasts; a command, at most.
    pub fn length(&self) -> Nanos {
        self.until.since(self.from)
    }
}

/// The occurrences of all events that begin while the load lasts, by their begin; those of one time in the order of the
/// events.
pub fn occurrences(plan: &Plan) -> Vec<Occurrence> {
    let end = plan.load_length();
    let mut all: Vec<Occurrence> = Vec::new();
    for (index, event) in plan.events.iter().enumerate() {
        all.extend(occurrences_of(event, index as u16).take_while(|o| o.from < end));
    }
    all.sort_by_key(|o| (o.from, o.event));
    all
}

/// The occurrences of one event, in order.
fn occurrences_of(event: &PlannedEvent, index: u16) -> impl Iterator<Item = Occurrence> {
    let every = event.every.unwrap_or_default();
    let first = event.at.unwrap_or(every);
    let length = event.length;
    (0..event.repeat).map(move |repeat| {
        let from = Nanos(every.0.saturating_mul(u64::from(repeat)).saturating_add(first.0));
        Occurrence { event: index, repeat, from, until: Nanos(from.0.saturating_add(length.0)) }
    })
}

/// Number of occurrences of an event that fit into a load of this length: those that also end within it.
pub(super) fn fitting(event: &PlannedEvent, load: Nanos) -> u64 {
    let first = event.at.or(event.every).unwrap_or_default();
    let Some(room) = load.0.checked_sub(first.0.saturating_add(within(event).0)) else { return 0 };
    match event.every {
        // one that begins with the end of the load does not occur
        Some(every) if within(event) == Nanos::ZERO => room.div_ceil(every.0),
        Some(every) => room / every.0 + 1,
        None => u64::from(room > 0 || within(event) > Nanos::ZERO),
    }
}

/// How much of the load an occurrence takes. A command may outlast it.
fn within(event: &PlannedEvent) -> Nanos {
    if event.action.is_command() { Nanos::ZERO } else { event.length }
}

/// The first two occurrences that need the same sessions at the same time. Sessions are struck from the first on, so any
/// two events that strike sessions share some.
pub(super) fn clash(plan: &Plan) -> Option<(Occurrence, Occurrence)> {
    let all = occurrences(plan);
    let action = |o: &Occurrence| plan.events[usize::from(o.event)].action;
    let floods = |o: &Occurrence| action(o) == EventAction::BindFlood;
    let strikes = |o: &Occurrence| action(o).strikes_sessions();
    let mut latest: [Option<Occurrence>; 2] = [None; 2];
    for next in all {
        let kind = match (strikes(&next), floods(&next)) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => continue,
        };
        if let Some(before) = latest[kind]
            && (next.from < before.until || next.from == before.from)
        {
            return Some((before, next));
        }
        latest[kind] = Some(next);
    }
    None
}
