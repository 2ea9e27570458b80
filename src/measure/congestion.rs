//! What the SMSC's responses say of its load: `congestion_state` (SMPP v5.0 4.8.4.18), counted for one second or a run.
use serde::{Deserialize, Serialize};

/// The values of `congestion_state` in responses: 0 idle, 80 to 90 optimum, 100 congested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CongestionStates {
    /// Responses that carried it.
    pub count: u64,
    /// Sum of their values.
    pub sum: u64,
    /// The highest of them; 0 where there is none.
    pub max: u8,
    /// How often a session paused because of it (`load.on_congestion`).
    pub pauses: u64,
}

impl CongestionStates {
    /// The highest value that has a meaning; the others are reserved, and not counted.
    pub const HIGHEST: u8 = 100;

    /// Counts the value of one response.
    pub fn add(&mut self, state: u8) {
        if state <= Self::HIGHEST {
            self.merge(&CongestionStates {
                count: 1,
                sum: u64::from(state),
                max: state,
                pauses: 0,
            });
        }
    }

    /// Adds `other`.
    pub fn merge(&mut self, other: &CongestionStates) {
        let CongestionStates { count, sum, max, pauses } = *other;
        self.count += count;
        self.sum += sum;
        self.max = self.max.max(max);
        self.pauses += pauses;
    }

    /// The mean. None: no response carried it.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// The highest. None: no response carried it.
    pub fn max(&self) -> Option<u8> {
        (self.count > 0).then_some(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_values_are_not_counted_and_none_is_not_zero() {
        let mut states = CongestionStates::default();
        assert_eq!((states.mean(), states.max()), (None, None));
        [0, 101, 255].into_iter().for_each(|state| states.add(state));
        assert_eq!((states.mean(), states.max()), (Some(0.0), Some(0)));
        let mut other = CongestionStates::default();
        [85, 95].into_iter().for_each(|state| other.add(state));
        states.merge(&other);
        assert_eq!((states.mean(), states.max()), (Some(60.0), Some(95)));
    }
}
