//! `sine = { mean, amplitude, period }`: mean + amplitude · sin(2πt/period), as 64 straight ramps a period.
use super::stage_shape::StageShape;
use crate::kit::{Nanos, Rate};
use crate::plan::schedule::bounds::PIECES_MAX;
use crate::plan::schedule::curve::{Builder, sum};
use crate::plan::schedule::error::Unschedulable;
use crate::plan::values::{AboveZero, AnyRate, As, RateAboveZero, span_text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Straight ramps in one period of a sine (docs/measuring.md, "Schedule").
const RAMPS_PER_PERIOD: u64 = 64;
/// Steps of a sine's rate: millionths of a message a second.
const UNITS: u64 = 1_000_000;
/// sin(2πk/64) · 10⁹ for the first quarter: a table, so that every machine has the same knots.
const QUARTER: [i64; 17] = [
    0,
    98_017_140,
    195_090_322,
    290_284_677,
    382_683_432,
    471_396_737,
    555_570_233,
    634_393_284,
    707_106_781,
    773_010_453,
    831_469_612,
    881_921_264,
    923_879_533,
    956_940_336,
    980_785_280,
    995_184_727,
    1_000_000_000,
];

/// A rate that swings about a mean: mean + amplitude · sin(2πt/period).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sine {
    /// The mean rate, in messages a second; above 0.
    #[serde(with = "As::<RateAboveZero>")]
    pub mean: Rate,
    /// Maximum difference from the mean, in messages a second; at most the mean.
    #[serde(with = "As::<AnyRate>")]
    pub amplitude: Rate,
    /// Length of one swing: at least 1ms.
    #[serde(with = "As::<AboveZero>")]
    pub period: Nanos,
}

impl StageShape for Sine {
    fn key(&self) -> &'static str {
        "sine"
    }
    fn rate_parameters(&self) -> Vec<Rate> {
        vec![self.mean, self.amplitude]
    }
    fn peak(&self) -> Option<Rate> {
        Some(sum(self.mean, self.amplitude))
    }
    fn unit_factor(&self) -> u64 {
        UNITS
    }
    fn append_segments(&self, units: &[u64], builder: &mut Builder) -> Result<(), Unschedulable> {
        let (mean, amplitude, period) = (units[0], units[1], self.period.0);
        if amplitude > mean {
            return Err(Unschedulable::SineBelowZero);
        }
        if period < 1_000_000 || builder.length / period >= PIECES_MAX / RAMPS_PER_PERIOD {
            return Err(Unschedulable::SinePeriod);
        }
        let knot = |k: u64| {
            let swing = i128::from(amplitude) * i128::from(sine(k % RAMPS_PER_PERIOD));
            let rate = i128::from(mean) + swing.div_euclid(1_000_000_000);
            u64::try_from(rate.max(0)).unwrap_or(u64::MAX)
        };
        let mut k = 0u64;
        while !builder.done() {
            let until = u128::from(period) * u128::from(k + 1) / u128::from(RAMPS_PER_PERIOD);
            let until = u64::try_from(until).unwrap_or(u64::MAX);
            builder.straight(until, knot(k), knot(k + 1));
            k += 1;
        }
        Ok(())
    }
    fn brief(&self, rate: &dyn Fn(Rate) -> String, _: &str) -> String {
        format!("{} ± {}", rate(self.mean), rate(self.amplitude))
    }
    fn words(&self, rate: &dyn Fn(Rate) -> String) -> String {
        format!("sine {}, period {}", self.brief(rate, " to "), span_text(self.period))
    }
}

/// sin(2πk/64) · 10⁹, k in 0..64.
fn sine(k: u64) -> i64 {
    let quarter = |k: u64| QUARTER[usize::try_from(k).expect("at most 16")];
    match k {
        0..=16 => quarter(k),
        17..=32 => quarter(32 - k),
        33..=48 => -quarter(k - 32),
        _ => -quarter(64 - k),
    }
}
