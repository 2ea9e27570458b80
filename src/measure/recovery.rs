//! When a run has recovered from an event (docs/measuring.md, "Recovery"): its sessions are bound again, its rate is back
//! within a band of the undisturbed one, and so is the p99 of its response times. Pure: seconds and slots in, a time out.
use super::latency::{Latency, LatencyRange};
use super::slots::Slots;
use crate::kit::Nanos;
use std::collections::VecDeque;

/// What counts as recovered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RecoveryBands {
    /// Largest distance of the rate from the undisturbed one, as a share of it.
    pub rate: f64,
    /// Largest p99 of the response time as a multiple of the undisturbed one.
    pub response: f64,
    /// How long both must hold.
    pub hold: Nanos,
}

/// One undisturbed second of the run.
#[derive(Debug)]
pub struct UndisturbedSecond<'s> {
    /// What the rate is compared with: messages scheduled; 1 in a closed loop.
    pub weight: f64,
    /// submit_sm accepted in it.
    pub accepted: u64,
    /// Response times of what ended in it.
    pub response: &'s Latency,
    /// Messages due and not sent at its end.
    pub backlog: u64,
}

/// The undisturbed seconds of a stage so far.
#[derive(Clone, Debug)]
pub struct UndisturbedSeconds {
    weight: f64,
    accepted: u64,
    /// Accepted / weight of each second: number, sum, and sum of squares.
    shares: (u64, f64, f64),
    response: Latency,
    backlog_max: u64,
}

/// What a recovery is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reference {
    /// Accepted / weight.
    pub share: f64,
    /// Standard deviation of the share of a second, as a share of the mean.
    pub spread: f64,
    /// p99 of the response time.
    pub response_p99: Nanos,
    /// Largest backlog.
    pub backlog: u64,
}

impl UndisturbedSeconds {
    /// A recovery is only compared with at least this number of seconds.
    pub const SECONDS_MIN: u64 = 3;

    /// None yet.
    pub fn new(range: LatencyRange) -> UndisturbedSeconds {
        let coarse = LatencyRange { max: range.max, digits: 2 };
        UndisturbedSeconds {
            weight: 0.0,
            accepted: 0,
            shares: (0, 0.0, 0.0),
            response: Latency::new(coarse),
            backlog_max: 0,
        }
    }

    /// Adds a second.
    pub fn add(&mut self, second: &UndisturbedSecond<'_>) {
        if second.weight > 0.0 {
            let share = second.accepted as f64 / second.weight;
            self.shares.0 += 1;
            self.shares.1 += share;
            self.shares.2 += share * share;
        }
        self.weight += second.weight;
        self.accepted += second.accepted;
        self.response.merge(second.response);
        self.backlog_max = self.backlog_max.max(second.backlog);
    }

    /// Adds those of another stage.
    pub fn merge(&mut self, other: &UndisturbedSeconds) {
        let UndisturbedSeconds { weight, accepted, shares, response, backlog_max } = other;
        self.weight += weight;
        self.accepted += accepted;
        self.shares.0 += shares.0;
        self.shares.1 += shares.1;
        self.shares.2 += shares.2;
        self.response.merge(response);
        self.backlog_max = self.backlog_max.max(*backlog_max);
    }

    /// What to compare with. None: there are too few seconds, or nothing was accepted in them.
    pub fn reference(&self) -> Option<Reference> {
        let (seconds, sum, squares) = self.shares;
        if seconds < Self::SECONDS_MIN || self.accepted == 0 {
            return None;
        }
        let mean = sum / seconds as f64;
        let variance = (squares / seconds as f64 - mean * mean).max(0.0);
        Some(Reference {
            share: self.accepted as f64 / self.weight,
            spread: variance.sqrt() / mean,
            response_p99: self.response.quantile(0.99)?,
            backlog: self.backlog_max,
        })
    }
}

/// What is counted of one slot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlotCounts {
    /// Its start, from the start of the load.
    pub at: Nanos,
    /// As [`UndisturbedSecond::weight`], of the slot.
    pub weight: f64,
    /// submit_sm accepted in it.
    pub accepted: u64,
    /// Response times in it, censored ones among them.
    pub sample: u64,
    /// Of those: beyond the band.
    pub slow: u64,
}

/// Why a recovery was not seen to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unseen {
    /// The load ended before.
    LoadEnded,
    /// Another occurrence began before.
    NextEvent,
    /// Too few undisturbed seconds before it, so that there is nothing to compare with.
    NothingBefore,
}

impl Unseen {
    /// As result.json spells it.
    pub const fn word(self) -> &'static str {
        match self {
            Unseen::LoadEnded => "load_ended",
            Unseen::NextEvent => "next_event",
            Unseen::NothingBefore => "nothing_before",
        }
    }
}

/// How long a run took to recover from one occurrence. All times are from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Index of the event in the plan.
    pub event: u16,
    /// Which of its repeats, from 0 on.
    pub repeat: u32,
    /// Until the last of its sessions was bound again; 0: none had ended. None, here and below: it was not seen.
    pub sessions: Option<Nanos>,
    /// Until the rate was back.
    pub rate: Option<Nanos>,
    /// Until the response time was back.
    pub response: Option<Nanos>,
    /// Until the backlog was as small as before, and stayed so; to the second.
    pub backlog: Option<Nanos>,
    /// How long all three took at least, as far as was seen.
    pub at_least: Nanos,
    /// Why it was not seen to its end. None: the run recovered.
    pub unseen: Option<Unseen>,
}

impl Recovery {
    /// Until all three were back. None: that was not seen, and takes at least [`Recovery::at_least`].
    pub fn whole(&self) -> Option<Nanos> {
        let parts = [self.sessions?, self.rate?, self.response?];
        parts.into_iter().max().filter(|_| self.unseen.is_none())
    }
}

/// Follows one occurrence until the run has recovered from it.
#[derive(Debug)]
pub struct RecoveryTracker {
    bands: RecoveryBands,
    reference: Option<Reference>,
    recovery: Recovery,
    /// End of the occurrence, from the start of the load.
    until: Nanos,
    /// The slots of the last second.
    window: VecDeque<SlotCounts>,
    /// From when on every window was within its band: rate, response.
    since: [Option<Nanos>; 2],
    /// End of what was seen.
    seen: Nanos,
    /// The last time at which a session was not bound.
    away: Nanos,
}

impl RecoveryTracker {
    /// Follows an occurrence that ends at `until`. `reference`: what was before it. `sends`: whether the run sends; one that
    /// only receives has neither a rate nor a response time.
    pub fn new(
        (event, repeat): (u16, u32),
        until: Nanos,
        bands: RecoveryBands,
        reference: Option<Reference>,
        sends: bool,
    ) -> RecoveryTracker {
        let nothing = sends && reference.is_none();
        let applies = (!sends).then_some(Nanos::ZERO);
        RecoveryTracker {
            bands,
            reference,
            recovery: Recovery {
                event,
                repeat,
                sessions: None,
                rate: applies,
                response: applies,
                backlog: None,
                at_least: Nanos::ZERO,
                unseen: nothing.then_some(Unseen::NothingBefore),
            },
            until,
            window: VecDeque::with_capacity(Slots::COUNT),
            since: [None; 2],
            seen: until,
            away: Nanos::ZERO,
        }
    }

    /// Index of the event, and which of its repeats.
    pub fn occurrence(&self) -> (u16, u32) {
        (self.recovery.event, self.recovery.repeat)
    }

    /// End of the occurrence, as far as is known.
    pub fn until(&self) -> Nanos {
        self.until
    }

    /// The longest response time within its band. None: there is nothing to compare with.
    pub fn response_limit(&self) -> Option<Nanos> {
        let p99 = self.reference?.response_p99;
        Some(Nanos((p99.0 as f64 * self.bands.response) as u64))
    }

    /// The occurrence ends at another time than was known.
    pub fn ends_at(&mut self, until: Nanos) {
        if until != self.until {
            self.until = until;
            self.seen = until;
            self.since = [None; 2];
            self.window.clear();
        }
    }

    /// All its sessions are bound again, the last of them at `at`. None: none had ended.
    pub fn sessions_bound(&mut self, at: Option<Nanos>) {
        let at = at.unwrap_or(self.until);
        self.recovery.sessions = Some(at.since(self.until));
    }

    /// Some session is not bound at this time.
    pub fn sessions_away(&mut self, at: Nanos) {
        self.recovery.sessions = None;
        self.away = at;
    }

    /// The backlog at the end of a second.
    pub fn backlog(&mut self, at: Nanos, backlog: u64) {
        let usual = self.reference.map_or(0, |reference| reference.backlog);
        if backlog > usual {
            self.recovery.backlog = None;
        } else if at > self.until {
            self.recovery.backlog.get_or_insert(at.since(self.until));
        }
    }

    /// Takes in the next slot.
    pub fn slot(&mut self, slot: SlotCounts) {
        if slot.at < self.until {
            return;
        }
        self.seen = self.seen.max(slot.at + Slots::LENGTH);
        self.window.push_back(slot);
        if self.window.len() < Slots::COUNT {
            return;
        }
        let within = self.within();
        let start = self.window.pop_front().map_or(self.until, |first| first.at);
        // nothing was out of its band after the occurrence: it is back from its end on
        let is_first = start.since(self.until) < Slots::LENGTH;
        let start = if is_first { self.until } else { start };
        for (since, within) in self.since.iter_mut().zip(within) {
            *since = if within { since.or(Some(start)) } else { None };
        }
        let held = |since: &Nanos| self.seen.since(*since) >= self.bands.hold;
        let [rate, response] =
            self.since.map(|since| since.filter(held).map(|s| s.since(self.until)));
        self.recovery.rate = self.recovery.rate.or(rate);
        self.recovery.response = self.recovery.response.or(response);
    }

    /// Whether rate and response of the last second are within their bands.
    fn within(&self) -> [bool; 2] {
        let Some(reference) = self.reference else { return [false; 2] };
        let sum = |of: fn(&SlotCounts) -> u64| self.window.iter().map(of).sum::<u64>();
        let weight: f64 = self.window.iter().map(|slot| slot.weight).sum();
        let expected = reference.share * weight;
        // no narrower than the undisturbed seconds are wide, and than one message
        let band = self.bands.rate.max(SPREADS * reference.spread) * expected + 1.0;
        let rate = (sum(|slot| slot.accepted) as f64 - expected).abs() <= band;
        let (sample, slow) = (sum(|slot| slot.sample), sum(|slot| slot.slow));
        // of less than 100 values the p99 is the longest
        let response = slow * 100 <= sample && (sample > 0 || expected < 1.0);
        [rate, response]
    }

    /// Whether the run has recovered.
    pub fn has_recovered(&self) -> bool {
        self.recovery.whole().is_some()
    }

    /// What was seen of it. `why`: why it is not followed any longer, where it has not recovered.
    pub fn finish(self, why: Unseen) -> Recovery {
        let recovered = self.has_recovered();
        let RecoveryTracker { mut recovery, seen, until, away, since, .. } = self;
        // what is within its band at the end of what was seen may go on to hold
        let out = Nanos(seen.0.saturating_sub(SECOND.0)).since(until);
        let least = |found: Option<Nanos>, since: Option<Nanos>| {
            found.or(since.map(|since| since.since(until))).unwrap_or(out)
        };
        let sessions = recovery.sessions.unwrap_or(away.since(until));
        let (rate, response) = (least(recovery.rate, since[0]), least(recovery.response, since[1]));
        recovery.at_least = sessions.max(rate).max(response);
        if !recovered {
            recovery.unseen = recovery.unseen.or(Some(why));
        }
        recovery
    }
}

/// Length of the window of rate and response time.
const SECOND: Nanos = Nanos::from_secs(1);

/// Standard deviations of the undisturbed seconds that a band is wide at least.
const SPREADS: f64 = 3.0;

#[cfg(test)]
mod tests;
