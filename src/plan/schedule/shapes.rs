//! The shapes of a stage: its rate over time. Each stands in a file of its own, with its keys, its exact schedule
//! and its words. A further shape is such a file and a variant of [`Shape`]; parsing, writing, the JSON Schema and
//! the spelling suggestions are derived from it.
mod hold;
mod max;
mod ramp;
mod sine;
mod spike;
mod stairs;

pub use ramp::Ramp;
pub use sine::Sine;
pub use spike::Spike;
pub use stairs::Stairs;

use super::curve::{Builder, Curve, exceeds};
use super::error::Unschedulable;
use crate::kit::{Nanos, Rate};
use crate::plan::values::{As, RateAboveZero};
use max::Max;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// A shape of a stage.
pub(super) trait StageShape {
    /// Its key in a profile; without a name, a stage is called so.
    fn key(&self) -> &'static str;
    /// The rates among its parameters, in the order that `append_segments` expects. Empty: a closed loop. Override
    /// `peak` where a parameter is not itself a rate of the stage.
    fn rate_parameters(&self) -> Vec<Rate>;
    /// Its highest rate; None in a closed loop.
    fn peak(&self) -> Option<Rate> {
        self.rate_parameters().into_iter().reduce(|a, b| if exceeds(b, a) { b } else { a })
    }
    /// Extra factor on the curve's unit, for shapes whose knots are no multiples of the common unit.
    fn unit_factor(&self) -> u64 {
        1
    }
    /// Appends its segments to the builder; `units` are its `rate_parameters` in units of the curve.
    ///
    /// # Errors
    /// What makes it impossible.
    fn append_segments(&self, units: &[u64], builder: &mut Builder) -> Result<(), Unschedulable>;
    /// The length of the stage where the shape itself says it.
    ///
    /// # Errors
    /// The length does not fit into 64 bits of nanoseconds.
    fn own_length(&self) -> Result<Option<Nanos>, Unschedulable> {
        Ok(None)
    }
    /// Checks that a stage of this length fits the shape.
    ///
    /// # Errors
    /// Why it does not.
    fn check_length(&self, _: Nanos) -> Result<(), Unschedulable> {
        Ok(())
    }
    /// A short description, such as `200/s to 5,000/s`. `rate` formats a rate; `to` is the separator between two rates.
    fn brief(&self, rate: &dyn Fn(Rate) -> String, to: &str) -> String;
    /// The whole shape in words, for a person who checks a plan.
    fn words(&self, rate: &dyn Fn(Rate) -> String) -> String {
        format!("{} {}", self.key(), self.brief(rate, " to "))
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
        Curve::of(self, length.0).ok().flatten().map(|curve| curve.messages())
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

    pub(super) fn rate_parameters(&self) -> Vec<Rate> {
        self.kind().rate_parameters()
    }
    pub(super) fn unit_factor(&self) -> u64 {
        self.kind().unit_factor()
    }
    pub(super) fn append_segments(
        &self,
        units: &[u64],
        builder: &mut Builder,
    ) -> Result<(), Unschedulable> {
        self.kind().append_segments(units, builder)
    }
}
