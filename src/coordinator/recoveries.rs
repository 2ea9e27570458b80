//! Follows the events of a run while it goes on: what came before each occurrence, and when the run has recovered from it
//! (docs/measuring.md, "Recovery"). It does no I/O; seconds go in once every worker has reported them.
use crate::kit::Nanos;
use crate::measure::{
    DisturbedTime, EventOccurrence, Interval, Latency, LatencyRange, Metric, Recovery,
    RecoveryBands, RecoveryTracker, Reference, RunRecord, SlotCounts, SlotRow, Slots,
    UndisturbedSecond, UndisturbedSeconds, Unseen,
};
use crate::plan::{Occurrence, Plan, Schedule, occurrences};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The sums of one second over the workers.
#[derive(Debug)]
struct SecondCounts {
    accepted: u64,
    backlog: u64,
    sessions_up: u64,
    /// When the last outage ended that ended in it.
    last_bound: Option<Nanos>,
    response: Latency,
    slots: Option<Box<Slots>>,
}

impl SecondCounts {
    fn new(range: LatencyRange) -> SecondCounts {
        SecondCounts {
            accepted: 0,
            backlog: 0,
            sessions_up: 0,
            last_bound: None,
            response: Latency::new(range),
            slots: None,
        }
    }
}

/// What is known of the load at the time of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct LoadState<'s> {
    pub(super) schedule: &'s Schedule,
    /// End of the load, from its start.
    pub(super) load_ends: Nanos,
    /// Seconds that every worker has reported.
    pub(super) seconds: u64,
    /// The earliest offset that every worker can still be told of in time.
    pub(super) ahead: Nanos,
}

/// The recoveries of one run.
#[derive(Debug)]
pub(super) struct Recoveries {
    plan: Arc<Plan>,
    occurrences: Vec<Occurrence>,
    /// Number of occurrences that have begun.
    begun: usize,
    disturbed: DisturbedTime,
    range: LatencyRange,
    /// Seconds that not every worker has reported yet.
    open: BTreeMap<u64, SecondCounts>,
    next_second: u64,
    /// By stage.
    undisturbed: Vec<UndisturbedSeconds>,
    /// Sessions bound in the last undisturbed second.
    usual_sessions: u64,
    /// The occurrence that is followed, and when the last of the sessions that it ended was bound again.
    followed: Option<(RecoveryTracker, Option<Nanos>)>,
}

impl Recoveries {
    /// None: the plan has no events.
    pub(super) fn new(plan: &Arc<Plan>, range: LatencyRange) -> Option<Recoveries> {
        let occurrences = occurrences(plan);
        if occurrences.is_empty() {
            return None;
        }
        Some(Recoveries {
            disturbed: DisturbedTime::by(occurrences.iter().map(|o| o.from)),
            occurrences,
            begun: 0,
            range,
            open: BTreeMap::new(),
            next_second: 0,
            undisturbed: vec![UndisturbedSeconds::new(range); plan.stages.len().max(1)],
            usual_sessions: plan.sessions_count() as u64,
            followed: None,
            plan: plan.clone(),
        })
    }

    /// Takes in the second of a worker.
    pub(super) fn absorb(&mut self, interval: &Interval) {
        let coarse = LatencyRange { max: self.range.max, digits: 2 };
        let second = self.open.entry(interval.number).or_insert_with(|| SecondCounts::new(coarse));
        for cell in interval.cells.iter().flatten() {
            second.accepted += cell.tally.accepted;
            if interval.slots.is_none() {
                second.response.merge(cell.metric(Metric::Response));
            }
        }
        second.backlog += interval.gauges.backlog;
        second.sessions_up += interval.gauges.sessions_up;
        let bound = interval.outages.iter().filter_map(|outage| outage.to).max();
        second.last_bound = second.last_bound.max(bound);
        Slots::merge_into(&mut second.slots, interval.slots.as_deref());
    }

    /// Works through the seconds that every worker has reported, and adds what follows to the record. Returns the offset
    /// from which on messages are undisturbed again, where the run has just recovered.
    pub(super) fn advance(
        &mut self,
        state: &LoadState<'_>,
        record: &mut RunRecord,
    ) -> Option<Nanos> {
        let mut recovered = false;
        let known = self.open.last_key_value().map_or(0, |(number, _)| number + 1);
        for number in self.next_second..state.seconds.min(known) {
            self.next_second = number + 1;
            let second = self.open.remove(&number);
            let second = second.unwrap_or_else(|| SecondCounts::new(self.range));
            if self.disturbed.has_second(number) {
                self.disturbed_second(number, &second, state, record);
                recovered |= self.finish_recovered(record);
            } else {
                self.undisturbed_second(number, &second, state.schedule);
            }
        }
        let at = whole_second_after(state.ahead);
        let next = self
            .occurrences
            .get(self.begun)
            .map_or(state.load_ends, |o| DisturbedTime::start_of(o.from).min(state.load_ends));
        let recovered = (recovered && at < next).then_some(at);
        if let Some(at) = recovered {
            self.disturbed.recovered(at);
        }
        record.disturbed = self.disturbed.before(state.load_ends);
        recovered
    }

    /// Every worker has reported for the last time: what is not recovered will not be.
    pub(super) fn finish(mut self, load_ends: Nanos, record: &mut RunRecord) {
        if let Some((tracker, _)) = self.followed.take() {
            record.recoveries.push(tracker.finish(Unseen::LoadEnded));
        }
        record.disturbed = self.disturbed.before(load_ends);
    }

    fn undisturbed_second(&mut self, number: u64, second: &SecondCounts, schedule: &Schedule) {
        let at = Nanos::from_secs(number);
        self.usual_sessions = second.sessions_up;
        let Some(stage) = schedule.stage_at(at).or(self.plan.stages.is_empty().then_some(0)) else {
            return;
        };
        let weight = self.weight(at, at + Nanos::from_secs(1), schedule);
        let SecondCounts { accepted, backlog, ref response, .. } = *second;
        let second = UndisturbedSecond { weight, accepted, response, backlog };
        self.undisturbed[usize::from(stage)].add(&second);
    }

    /// What accepted messages are compared with: the scheduled ones, or in a closed loop the time.
    fn weight(&self, from: Nanos, to: Nanos, schedule: &Schedule) -> f64 {
        if self.is_closed(schedule.stage_at(from)) {
            to.since(from).as_secs_f64()
        } else {
            (schedule.count_before(to) - schedule.count_before(from)) as f64
        }
    }

    fn is_closed(&self, stage: Option<u16>) -> bool {
        let stage = stage.and_then(|stage| self.plan.stages.get(usize::from(stage)));
        stage.is_some_and(|stage| stage.shape.is_closed())
    }

    fn disturbed_second(
        &mut self,
        number: u64,
        second: &SecondCounts,
        state: &LoadState<'_>,
        record: &mut RunRecord,
    ) {
        let begins = Nanos::from_secs(number);
        let slots: Vec<_> = second.slots.iter().flat_map(|slots| slots.iter()).collect();
        for place in 0..Slots::COUNT {
            let at = begins + Nanos(Slots::LENGTH.0 * place as u64);
            let ends = at + Slots::LENGTH;
            self.begin_occurrences(ends, state.schedule, record);
            if ends > state.load_ends {
                break;
            }
            self.follow_end(&record.events);
            let weight = self.weight(at, ends, state.schedule);
            let empty = (0, None);
            let (accepted, response) =
                slots.get(place).map_or(empty, |slot| (slot.accepted, Some(&slot.response)));
            if let Some((tracker, _)) = &mut self.followed {
                let sample = response.map_or(0, Latency::sample_count);
                let limit = tracker.response_limit().unwrap_or(Nanos::MAX);
                let fast = response.and_then(|r| r.share_at_most(limit)).unwrap_or(1.0);
                let slow = sample - (fast * sample as f64).round() as u64;
                tracker.slot(SlotCounts { at, weight, accepted, sample, slow });
            }
            if record.slots.len() < RunRecord::SLOTS_MAX {
                let response_p99 = response.and_then(|r| r.quantile(0.99));
                record.slots.push(SlotRow { at, accepted, response_p99 });
            }
        }
        // after the load sessions unbind
        let ends = begins + Nanos::from_secs(1);
        if ends <= state.load_ends {
            self.follow_sessions(ends, second, &record.events);
        }
    }

    /// Begins to follow the occurrences that begin before `ends`.
    fn begin_occurrences(&mut self, ends: Nanos, schedule: &Schedule, record: &mut RunRecord) {
        while let Some(next) = self.occurrences.get(self.begun).copied().filter(|o| o.from < ends) {
            self.begun += 1;
            if let Some((tracker, _)) = self.followed.take() {
                record.recoveries.push(tracker.finish(Unseen::NextEvent));
            }
            let recover = self.plan.events[usize::from(next.event)].recover;
            let bands = RecoveryBands {
                rate: recover.rate,
                response: recover.response,
                hold: recover.hold,
            };
            let reference = self.reference(schedule.stage_at(next.from));
            let sends = !self.plan.stages.is_empty();
            let occurrence = (next.event, next.repeat);
            let tracker = RecoveryTracker::new(occurrence, next.until, bands, reference, sends);
            self.followed = Some((tracker, None));
        }
    }

    /// The undisturbed seconds of this stage, or of all that are like it where there are too few.
    fn reference(&self, stage: Option<u16>) -> Option<Reference> {
        let own = self.undisturbed.get(usize::from(stage?))?;
        own.reference().or_else(|| {
            let mut all = UndisturbedSeconds::new(self.range);
            for (number, seconds) in (0u16..).zip(&self.undisturbed) {
                if self.is_closed(Some(number)) == self.is_closed(stage) {
                    all.merge(seconds);
                }
            }
            all.reference()
        })
    }

    /// The end of the occurrence that is followed, as it really was.
    fn follow_end(&mut self, events: &[EventOccurrence]) {
        let Some((tracker, _)) = &mut self.followed else { return };
        let (event, repeat) = tracker.occurrence();
        let seen = events.iter().find(|o| (o.event, o.repeat) == (event, repeat));
        let is_command = self.plan.events[usize::from(event)].action.is_command();
        match seen {
            // a command ends when it ends, at the latest at its time limit; only its end is told as one
            Some(seen) if is_command && (seen.until > seen.from || seen.note.is_some()) => {
                tracker.ends_at(seen.until);
            }
            Some(seen) if !is_command => tracker.ends_at(tracker.until().max(seen.until)),
            Some(_) | None => {}
        }
    }

    /// Whether the sessions are bound at the end of a second, and the backlog is drained.
    fn follow_sessions(&mut self, at: Nanos, second: &SecondCounts, events: &[EventOccurrence]) {
        let Some((tracker, last_bound)) = &mut self.followed else { return };
        tracker.backlog(at, second.backlog);
        let (event, repeat) = tracker.occurrence();
        let seen = events.iter().find(|o| (o.event, o.repeat) == (event, repeat));
        let begun = self.occurrences[self.begun - 1].from;
        let bound = second.last_bound.filter(|bound| *bound >= begun);
        *last_bound = (*last_bound).max(bound).max(seen.and_then(|seen| seen.bound_again));
        let away = seen.is_some_and(|seen| seen.ended > seen.rebound);
        if away || second.sessions_up < self.usual_sessions || at <= tracker.until() {
            tracker.sessions_away(at);
        } else {
            tracker.sessions_bound(*last_bound);
        }
    }

    /// Ends what has recovered. True: it has.
    fn finish_recovered(&mut self, record: &mut RunRecord) -> bool {
        let done = self.followed.take_if(|(tracker, _)| tracker.has_recovered());
        let recovery: Option<Recovery> = done.map(|(tracker, _)| tracker.finish(Unseen::LoadEnded));
        record.recoveries.extend(recovery);
        recovery.is_some()
    }
}

/// The first whole second from `at` on.
fn whole_second_after(at: Nanos) -> Nanos {
    Nanos::from_secs(at.0.div_ceil(crate::kit::NS_PER_S))
}
