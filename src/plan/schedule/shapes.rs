//! The shapes of a stage: its rate over time. Each stands in a file of its own, with its keys, its exact schedule
//! and its words. A further shape is such a file and a variant of [`Shape`]; parsing, writing, the JSON Schema and
//! the spelling suggestions are derived from it.
mod hold;
mod max;
mod ramp;
mod sine;
mod spike;
mod stage_shape;
mod stairs;

pub use ramp::Ramp;
pub use sine::Sine;
pub use spike::Spike;
pub use stairs::Stairs;

use super::curve::Curve;
use super::error::Unschedulable;
use crate::kit::{Nanos, Rate};
use crate::plan::values::{As, RateAboveZero};
use max::Max;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use stage_shape::StageShape;

/// A stage's rate over time (docs/measuring.md, "Schedule").
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// One rate above 0, in messages a second.
    Hold(#[serde(with = "As::<RateAboveZero>")] Rate),
    /// A straight line from one rate to another: `[from, to]`, in messages a second.
    Ramp(#[serde(with = "As::<Ramp>")] Ramp),
    /// Steps of constant rate.
    Stairs(Stairs),
    /// A constant rate with one peak in it.
    Spike(Spike),
    /// A rate that swings about a mean.
    Sine(Sine),
    /// A closed loop: as fast as the windows allow.
    Max,
}

impl Shape {
    fn kind(&self) -> &dyn StageShape {
        match self {
            Shape::Hold(rate) => rate,
            Shape::Ramp(ramp) => ramp,
            Shape::Stairs(stairs) => stairs,
            Shape::Spike(spike) => spike,
            Shape::Sine(sine) => sine,
            Shape::Max => &Max,
        }
    }
}

impl Shape {
    /// Its key in a profile.
    pub fn key(&self) -> &'static str {
        self.kind().key()
    }

    /// The highest rate it reaches; None where it has none (closed loop).
    pub fn peak(&self) -> Option<Rate> {
        self.kind().peak()
    }

    /// Its one rate, where it is a hold.
    pub const fn held(&self) -> Option<Rate> {
        if let Shape::Hold(rate) = self { Some(*rate) } else { None }
    }

    /// Whether it is a closed loop: no rate is planned.
    pub fn is_closed(&self) -> bool {
        self.peak().is_none()
    }

    /// Messages that a stage of this shape and length plans, as a real number; None for a closed loop, and where no
    /// schedule can hold it.
    pub fn messages(&self, length: Nanos) -> Option<f64> {
        self.curve(length.0).ok().flatten().map(|curve| curve.messages())
    }

    /// A short description, such as `200/s to 5,000/s`. `rate` formats a rate; `to` is the separator between two rates.
    pub fn brief(&self, rate: &dyn Fn(Rate) -> String, to: &str) -> String {
        self.kind().brief(rate, to)
    }

    /// The whole shape in words: `stairs 100/s to 500/s by 100/s, 2s each`.
    pub fn words(&self, rate: &dyn Fn(Rate) -> String) -> String {
        self.kind().words(rate)
    }

    /// The length of a stage that does not say it, where the shape does.
    pub(in crate::plan) fn own_length(&self) -> Result<Option<Nanos>, Unschedulable> {
        self.kind().own_length()
    }

    /// Checks that a stage of this length fits the shape.
    pub(in crate::plan) fn check_length(&self, length: Nanos) -> Result<(), Unschedulable> {
        self.kind().check_length(length)
    }

    /// The curve of a stage of this shape and `length` nanoseconds; None for a closed loop.
    ///
    /// # Errors
    /// As [`Curve::of`].
    pub(super) fn curve(&self, length: u64) -> Result<Option<Curve>, Unschedulable> {
        let shape = self.kind();
        let append = |units: &[u64], builder: &mut _| shape.append_segments(units, builder);
        Curve::of(length, &shape.rate_parameters(), shape.unit_factor(), append)
    }
}
