//! Probable cost of a search, by its settings and an assumed rate of the SMSC.
use super::binds::{BindsSettings, SWEEP_MAX};
use super::document::Cost;
use super::rate::RateSettings;
use super::window::WindowSettings;
use crate::kit::Nanos;

/// Connecting, draining and unbinding, for each trial.
const AROUND_S: f64 = 0.3;
/// Steps of a sweep beyond the one where throughput stops growing, the refinement around it, and the first look.
const BEYOND: f64 = 6.0;

/// Number of times that `most` can be halved.
fn doublings(most: u64) -> f64 {
    (most.max(1) as f64).log2().ceil()
}

fn cost(trials: f64, messages: f64, seconds: f64) -> Cost {
    Cost { trials: trials as u32, messages: messages.ceil() as u64, seconds }
}

fn swept(steps: f64, settle: Nanos, measure: Nanos, rate: f64) -> (f64, f64) {
    let each = (settle + measure).as_secs_f64();
    (steps * each * rate, steps * (each + AROUND_S))
}

impl RateSettings {
    /// Where the limit is near four times the first rate: two doublings, a bisection to the width, confirmations, and the
    /// latencies below it.
    pub fn estimate(&self) -> Cost {
        let bisection = (2f64.ln() / self.width.max(1e-6).ln_1p()).log2().ceil().max(1.0);
        let (short, long) = (3.0 + bisection, f64::from(self.confirmations) + 3.0);
        let Self { lengths, .. } = self;
        let (settle, measure) = (lengths.settle.as_secs_f64(), lengths.measure.as_secs_f64());
        let sent = short * (settle + measure) + long * (settle + lengths.confirm.as_secs_f64());
        let rate = (self.start * 3.0).min(self.ceiling);
        cost(short + long, sent * rate, sent + (short + long) * AROUND_S)
    }
}

impl WindowSettings {
    /// Where the SMSC takes `rate`, and enforces some window below the ceiling.
    pub fn estimate(&self, rate: f64) -> Cost {
        // bursts double up to the ceiling and close in from there
        let bursts = 2.0 * doublings(self.ceiling);
        let burst_messages = 4.0 * self.ceiling as f64;
        let steps = doublings(self.ceiling.min(64)) + BEYOND;
        let (messages, seconds) = swept(steps, self.settle, self.measure, rate);
        cost(bursts + steps, burst_messages + messages, bursts * AROUND_S + seconds)
    }
}

impl BindsSettings {
    /// Where the SMSC takes `rate`, and accepts about as many binds as the ceiling.
    pub fn estimate(&self, rate: f64) -> Cost {
        let types = self.types.len() as f64;
        let climbing = types * self.pause.as_secs_f64() * self.ceiling as f64;
        let steps =
            if self.sweep { doublings(self.ceiling.min(SWEEP_MAX)) + BEYOND / 2.0 } else { 0.0 };
        let (messages, seconds) = swept(steps, self.settle, self.measure, rate);
        cost(types + steps, messages, climbing + types * AROUND_S + seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Budget, Lengths};
    use super::*;

    const BUDGET: Budget = Budget { trials_max: 9, messages_max: None, seconds_max: 60.0 };

    #[test]
    fn an_estimate_grows_with_the_rate_and_with_what_is_tried() {
        let settings = |ceiling| WindowSettings {
            ceiling,
            settle: Nanos::from_millis(300),
            measure: Nanos::from_secs(1),
            budget: BUDGET,
        };
        let (slow, fast) = (settings(64).estimate(100.0), settings(64).estimate(10_000.0));
        assert_eq!(slow.trials, fast.trials);
        assert!(slow.messages < 2_500 && fast.messages > 100_000, "{slow:?} {fast:?}");
        assert!(settings(1_024).estimate(100.0).messages > slow.messages);
        let rate = |start| RateSettings {
            objectives: Vec::new(),
            width: 0.02,
            start,
            floor: 0.01,
            ceiling: 1e6,
            confirmations: 2,
            lengths: Lengths::default(),
            budget: BUDGET,
        };
        let cost = rate(100.0).estimate();
        assert!((10..=30).contains(&cost.trials) && (20.0..=120.0).contains(&cost.seconds));
        assert_eq!(rate(1_000.0).estimate().messages, 10 * cost.messages);
    }
}
