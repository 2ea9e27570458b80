//! Agents that are lost during a run: their shares are settled. And which workers an agent may report.
use super::lead::{Lead, LeadEvent};
use super::lead_run::RunPhase;
use super::loss;
use crate::esme::Event;
use crate::kit::Nanos;
use crate::measure::AgentLoss;
use std::ops::Range;

impl Lead {
    pub(super) fn lose_in_runs(&mut self, place: usize, why: &str, now: Nanos) {
        for number in self.runs.keys().copied().collect::<Vec<_>>() {
            let phase = self.runs.get(&number).map(|r| r.phase);
            match phase {
                Some(RunPhase::Clocks | RunPhase::Offered) => {
                    let why = format!("agent {} {why}", self.peers[place].who.name);
                    self.drop_run(number, LeadEvent::Broken(number, why));
                }
                Some(RunPhase::Running) => {
                    self.lose_in_run(number, place, why, now);
                    self.ended(number, place, now);
                }
                Some(RunPhase::After) | None => {}
            }
        }
    }

    /// Settles the share of an agent that will report nothing more.
    pub(super) fn lose_in_run(&mut self, number: u32, place: usize, why: &str, now: Nanos) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        let at = run.offset(now);
        let share = &run.shares[place];
        if share.lost.is_some() || share.ended {
            return;
        }
        let mut lost = AgentLoss { at, why: why.to_owned(), lost: 0, unsent: 0 };
        let mut events = Vec::new();
        if run.start.is_some_and(|start| now >= start) {
            // what it had still to send is known when the load has ended
            let ends = run.load_ends.min(at);
            let loss = loss::settle_share(&run.setup, &share.workers, &share.reported, at, ends);
            lost.lost = loss.lost;
            run.shares[place].reported.add(&loss.interval);
            events.push(Event::Interval(loss.interval));
        }
        run.shares[place].lost = Some(lost);
        if (run.shares[place].finals as usize) < run.shares[place].workers.len() {
            run.intervals.ended();
        }
        let workers = run.shares[place].workers.clone();
        let all_lost = run.shares.iter().all(|p| p.lost.is_some());
        if all_lost {
            run.load_ends = run.load_ends.min(at);
        }
        self.tell_intervals(number);
        self.events.extend(events.into_iter().map(|event| LeadEvent::Event(number, event)));
        if all_lost {
            self.settle_lost_shares(number);
        }
        let who = self.peers[place].who.name.clone();
        let lost = Event::Lost { workers, who, why: why.to_owned() };
        self.events.push(LeadEvent::Event(number, lost));
    }

    /// The load has ended: counts as unsent what lost agents had still to send.
    pub(super) fn settle_lost_shares(&mut self, number: u32) {
        let Some(run) = self.runs.get_mut(&number) else { return };
        for share in &mut run.shares {
            let Some(lost) = share.lost.as_mut().filter(|_| run.start.is_some()) else { continue };
            let loss = loss::settle_share(
                &run.setup,
                &share.workers,
                &share.reported,
                lost.at,
                run.load_ends,
            );
            lost.unsent += loss.unsent;
            share.reported.add(&loss.interval);
            self.events.push(LeadEvent::Event(number, Event::Interval(loss.interval)));
        }
    }
}

/// Whether an event is about `workers` only: an agent must not report others.
pub(super) fn is_about(event: &Event, workers: &Range<u32>) -> bool {
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
