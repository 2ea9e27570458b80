//! The commands of a run's events (`do = "exec"`): which is due, without I/O. They run where the run is conducted, so on
//! one machine however many there are.
use crate::kit::Nanos;
use crate::measure::EventOccurrence;
use crate::plan::{Occurrence, Plan, occurrences};
use std::collections::VecDeque;

/// A command that is to be run now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The occurrence that it is of.
    pub occurrence: Occurrence,
    /// The command and its arguments; at least one word.
    pub words: Vec<String>,
    /// It is killed after this time.
    pub limit: Nanos,
}

/// How a command ended.
#[derive(Debug)]
pub struct CommandEnd {
    /// Which.
    pub occurrence: Occurrence,
    /// When it was started and when it ended (CLOCK_MONOTONIC).
    pub ran: (Nanos, Nanos),
    /// What went wrong, for a person: `exit status: 3`. None: it ended with 0.
    pub fault: Option<String>,
}

impl CommandEnd {
    /// What the record says of it; `start` of the load.
    pub fn occurrence(&self, start: Nanos) -> EventOccurrence {
        let Occurrence { event, repeat, .. } = self.occurrence;
        let mut occurrence = EventOccurrence::begin(event, repeat, self.ran.0.since(start));
        occurrence.until = self.ran.1.since(start);
        occurrence.note.clone_from(&self.fault);
        occurrence
    }
}

/// The commands that are still to be run.
#[derive(Debug, Default)]
pub struct Commands {
    /// Soonest first.
    to_come: VecDeque<Command>,
    due: Vec<Command>,
}

impl Commands {
    /// Those of a plan.
    pub fn of(plan: &Plan) -> Commands {
        let mut to_come = VecDeque::new();
        for occurrence in occurrences(plan) {
            let event = &plan.events[usize::from(occurrence.event)];
            if event.action.is_command() {
                let (words, limit) = (event.exec.clone(), occurrence.length());
                to_come.push_back(Command { occurrence, words, limit });
            }
        }
        Commands { to_come, due: Vec::new() }
    }

    /// When the next one is due, as an offset; MAX: never.
    pub fn next_at(&self) -> Nanos {
        self.to_come.front().map_or(Nanos::MAX, |command| command.occurrence.from)
    }

    /// Makes those due that are so at this offset.
    pub fn tick(&mut self, offset: Nanos) {
        while self.next_at() <= offset {
            self.due.extend(self.to_come.pop_front());
        }
    }

    /// None is run any more.
    pub fn stop(&mut self) {
        self.to_come.clear();
    }

    /// Takes those that are due.
    pub fn take_due(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.due)
    }
}
