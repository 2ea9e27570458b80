//! Agents that go before their time: what becomes of the runs they had a part in. And what an agent may speak of.
use super::lead::{Lead, LeadEvent};
use super::loss;
use super::run::Stage;
use crate::esme::Event;
use crate::kit::Nanos;
use crate::measure::AgentLoss;
use std::ops::Range;

impl Lead {
    pub(super) fn lose_in_runs(&mut self, place: usize, why: &str, now: Nanos) {
        for number in self.runs.keys().copied().collect::<Vec<_>>() {
            let stage = self.runs.get(&number).map(|r| r.stage);
            match stage {
                Some(Stage::Clocks | Stage::Offered) => {
                    let why = format!("agent {} {why}", self.seats[place].who.name);
                    self.drop_run(number, LeadEvent::Broken(number, why));
                }
                Some(Stage::Running) => {
                    self.lose_in_run(number, place, why, now);
                    self.ended(number, place, now);
                }
                Some(Stage::After) | None => {}
            }
        }
    }

    /// Closes the books of an agent that will say nothing more.
    pub(super) fn lose_in_run(&mut self, number: u32, place: usize, why: &str, now: Nanos) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        let at = run.offset(now);
        let part = &run.parts[place];
        if part.lost.is_some() || part.ended {
            return;
        }
        let mut lost = AgentLoss { at, why: why.to_owned(), lost: 0, unsent: 0 };
        let mut events = Vec::new();
        if run.start.is_some_and(|start| now >= start) {
            // what it was still to send is known when the load has ended
            let ends = run.load_ends.min(at);
            let loss = loss::close(&run.setup, &part.workers, &part.told, at, ends);
            lost.lost = loss.lost;
            run.parts[place].told.add(&loss.interval);
            events.push(Event::Interval(loss.interval));
        }
        run.parts[place].lost = Some(lost);
        if (run.parts[place].finals as usize) < run.parts[place].workers.len() {
            run.seconds.ended();
        }
        let workers = run.parts[place].workers.clone();
        let nobody_left = run.parts.iter().all(|p| p.lost.is_some());
        if nobody_left {
            run.load_ends = run.load_ends.min(at);
        }
        self.tell_seconds(number);
        self.news.extend(events.into_iter().map(|event| LeadEvent::Event(number, event)));
        if nobody_left {
            self.close_books(number);
        }
        let who = self.seats[place].who.name.clone();
        let lost = Event::Lost { workers, who, why: why.to_owned() };
        self.news.push(LeadEvent::Event(number, lost));
    }

    /// The load has ended: what agents that were lost were still to send was not sent.
    pub(super) fn close_books(&mut self, number: u32) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        for part in &mut run.parts {
            let Some(lost) = part.lost.as_mut().filter(|_| run.start.is_some()) else { continue };
            let loss = loss::close(&run.setup, &part.workers, &part.told, lost.at, run.load_ends);
            lost.unsent += loss.unsent;
            part.told.add(&loss.interval);
            self.news.push(LeadEvent::Event(number, Event::Interval(loss.interval)));
        }
    }
}

/// Whether all that an event speaks of are `workers`: what an agent says is not believed further.
pub(super) fn speaks_for_itself(event: &Event, workers: &Range<u32>) -> bool {
    match event {
        Event::Ready { worker, .. } | Event::Quiet { worker, .. } | Event::AllLost { worker } => {
            workers.contains(worker)
        }
        Event::Interval(interval) => interval.used().iter().all(|u| workers.contains(&u.worker)),
        Event::Final(last) => {
            let used = last.interval.used();
            workers.contains(&last.worker) && used.iter().all(|u| workers.contains(&u.worker))
        }
        Event::Foreign { .. }
        | Event::Unmatched { .. }
        | Event::Claimed { .. }
        | Event::PartUpdates { .. }
        | Event::Lost { .. } => true,
    }
}
