//! What each shape says of itself.
use crate::kit::{Nanos, Rate};
use crate::plan::schedule::curve::{Builder, exceeds};
use crate::plan::schedule::error::Unschedulable;

/// A shape of a stage.
pub(in crate::plan::schedule) trait StageShape {
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
