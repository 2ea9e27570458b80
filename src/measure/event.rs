//! What happened in one occurrence of a planned event, as the workers and the coordinator saw it.
use super::counters::Counts;
use crate::kit::Nanos;
use serde::{Deserialize, Serialize};

/// One occurrence of an event. Times are from the start of the load, as they really were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventOccurrence {
    /// Index of the event in the plan.
    pub event: u16,
    /// Which of its repeats, from 0 on.
    pub repeat: u32,
    /// When it began.
    pub from: Nanos,
    /// When it ended; `from`, where it does not last.
    pub until: Nanos,
    /// Number of sessions struck, or of bind attempts made.
    pub sessions: u32,
    /// submit_sm in flight on its sessions when they ended.
    pub lost: u64,
    /// submit_sm that timed out since it began and before the next occurrence.
    pub timed_out: u64,
    /// Receipts that became missing likewise.
    pub missing: u64,
    /// Receipts received twice likewise.
    pub duplicated: u64,
    /// submit_sm whose octets it let vanish.
    pub vanished: u64,
    /// PDUs of the SMSC whose octets it let vanish.
    pub unheard: u64,
    /// Number of its sessions that ended because of it.
    pub ended: u32,
    /// Of `ended`: bound again.
    pub rebound: u32,
    /// When the last of them was bound again. None: none was. See [`EventOccurrence::all_bound_again`].
    pub bound_again: Option<Nanos>,
    /// Answers to its bind attempts by command_status.
    pub answers: Counts<u32>,
    /// What went wrong with its command. None: nothing, or it has none.
    pub note: Option<String>,
}

impl EventOccurrence {
    /// An occurrence that begins.
    pub fn begin(event: u16, repeat: u32, from: Nanos) -> EventOccurrence {
        EventOccurrence {
            event,
            repeat,
            from,
            until: from,
            sessions: 0,
            lost: 0,
            timed_out: 0,
            missing: 0,
            duplicated: 0,
            vanished: 0,
            unheard: 0,
            ended: 0,
            rebound: 0,
            bound_again: None,
            answers: Counts::default(),
            note: None,
        }
    }

    /// When the last of the sessions that ended was bound again. None: none ended, or not all were bound again.
    pub fn all_bound_again(&self) -> Option<Nanos> {
        self.bound_again.filter(|_| self.ended == self.rebound)
    }

    /// Adds what another worker, or the same one later, says of the same occurrence.
    pub fn merge(&mut self, other: &EventOccurrence) {
        let EventOccurrence {
            event: _,
            repeat: _,
            from,
            until,
            sessions,
            lost,
            timed_out,
            missing,
            duplicated,
            vanished,
            unheard,
            ended,
            rebound,
            bound_again,
            answers,
            note,
        } = other;
        self.from = self.from.min(*from);
        self.until = self.until.max(*until);
        self.sessions += sessions;
        self.lost += lost;
        self.timed_out += timed_out;
        self.missing += missing;
        self.duplicated += duplicated;
        self.vanished += vanished;
        self.unheard += unheard;
        self.ended += ended;
        self.rebound += rebound;
        self.bound_again = self.bound_again.max(*bound_again);
        self.answers.merge(answers);
        if self.note.is_none() {
            self.note.clone_from(note);
        }
    }
}

/// Adds occurrences to a list that is sorted by event and repeat.
pub(super) fn merge_events(into: &mut Vec<EventOccurrence>, from: &[EventOccurrence]) {
    for one in from {
        match into.binary_search_by_key(&(one.event, one.repeat), |o| (o.event, o.repeat)) {
            Ok(index) => into[index].merge(one),
            Err(index) => into.insert(index, one.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_occurrence_is_the_sum_of_what_every_worker_saw_of_it() {
        let at = Nanos::from_secs(3);
        let mut one = EventOccurrence::begin(0, 1, at);
        (one.sessions, one.ended, one.rebound, one.lost) = (2, 2, 2, 5);
        one.bound_again = Some(Nanos::from_secs(4));
        let mut other = EventOccurrence::begin(0, 1, at + Nanos(7));
        (other.sessions, other.ended, other.lost) = (1, 1, 2);
        let mut merged = Vec::new();
        merge_events(&mut merged, &[one, EventOccurrence::begin(0, 0, Nanos::ZERO)]);
        merge_events(&mut merged, &[other.clone()]);
        assert_eq!(merged.iter().map(|o| o.repeat).collect::<Vec<_>>(), [0, 1]);
        assert_eq!((merged[1].from, merged[1].sessions, merged[1].lost), (at, 3, 7));
        // one session is still away
        assert_eq!(merged[1].all_bound_again(), None);
        let mut later = EventOccurrence::begin(0, 1, at + Nanos(7));
        (later.rebound, later.bound_again) = (1, Some(Nanos::from_secs(5)));
        merge_events(&mut merged, &[later]);
        assert_eq!(merged[1].all_bound_again(), Some(Nanos::from_secs(5)));
    }
}
