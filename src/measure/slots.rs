//! The tenths of a disturbed second: finer than a row, so that a recovery is timed to a tenth
//! (docs/measuring.md, "Recovery"). Kept only while time is disturbed.
use super::latency::{Latency, LatencyRange};
use crate::kit::Nanos;
use serde::{Deserialize, Serialize};

/// What ended in one tenth of a second.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Slot {
    /// submit_sm accepted.
    pub accepted: u64,
    /// Response times of those, to two digits; timed out and lost ones are censored.
    pub response: Latency,
}

/// One slot of the whole run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlotRow {
    /// Its start, from the start of the load.
    pub at: Nanos,
    /// submit_sm accepted in it.
    pub accepted: u64,
    /// p99 of the response times in it. None: it falls among the censored, or there are none.
    pub response_p99: Option<Nanos>,
}

/// The slots of one second.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Slots {
    /// When the second begins, on the clock of its worker.
    begins: Nanos,
    slots: Vec<Slot>,
}

impl Slots {
    /// Length of a slot.
    pub const LENGTH: Nanos = Nanos::from_millis(100);
    /// Slots in a second.
    pub const COUNT: usize = 10;

    /// The empty slots of the second that begins at `begins`.
    pub fn new(begins: Nanos, range: LatencyRange) -> Slots {
        let coarse = LatencyRange { max: range.max, digits: 2 };
        let slot = || Slot { accepted: 0, response: Latency::new(coarse) };
        Slots { begins, slots: (0..Slots::COUNT).map(|_| slot()).collect() }
    }

    /// The slot of a time. What was seen before the second, or after it, counts in its first or last slot.
    fn at(&mut self, at: Nanos) -> &mut Slot {
        let number = (at.since(self.begins).0 / Slots::LENGTH.0) as usize;
        &mut self.slots[number.min(Slots::COUNT - 1)]
    }

    /// Counts submit_sm that were accepted at `at`, `response` after their intended time.
    pub(super) fn accepted(&mut self, at: Nanos, response: Nanos, count: u64) {
        let slot = self.at(at);
        slot.accepted += count;
        slot.response.record_n(response, count);
    }

    /// Counts submit_sm whose answer had not come by `at`, when they were given up on.
    pub(super) fn unanswered(&mut self, at: Nanos, waited: Nanos, count: u64) {
        self.at(at).response.censor_n(waited, count);
    }

    /// Adds those of another worker.
    fn merge(&mut self, other: &Slots) {
        let Slots { begins: _, slots } = other;
        for (mine, theirs) in self.slots.iter_mut().zip(slots) {
            let Slot { accepted, response } = theirs;
            mine.accepted += accepted;
            mine.response.merge(response);
        }
    }

    /// Adds slots where either has some.
    pub fn merge_into(mine: &mut Option<Box<Slots>>, theirs: Option<&Slots>) {
        match (mine, theirs) {
            (Some(mine), Some(theirs)) => mine.merge(theirs),
            (mine @ None, Some(theirs)) => *mine = Some(Box::new(theirs.clone())),
            (Some(_) | None, None) => {}
        }
    }

    /// In order of time.
    pub fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_is_counted_in_the_tenth_in_which_it_ended() {
        let range = LatencyRange::for_deadline(Nanos::from_secs(1));
        let ms = Nanos::from_millis;
        let mut slots = Slots::new(ms(5_000), range);
        slots.accepted(ms(4_990), ms(1), 1);
        slots.accepted(ms(5_199), ms(2), 3);
        slots.accepted(ms(6_001), ms(3), 5);
        slots.unanswered(ms(5_900), ms(9), 7);
        let mut sum = Some(Box::new(slots.clone()));
        Slots::merge_into(&mut sum, Some(&slots));
        let counts: Vec<u64> = sum.unwrap().iter().map(|slot| slot.accepted).collect();
        assert_eq!(counts, [2, 6, 0, 0, 0, 0, 0, 0, 0, 10]);
        let last = slots.iter().last().unwrap();
        assert_eq!((last.response.count(), last.response.censored_count()), (5, 7));
    }
}
