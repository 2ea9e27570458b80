//! `spike = { base, peak, at, for }`: a constant rate with one peak in it.
use super::stage_shape::StageShape;
use crate::kit::{Nanos, Rate};
use crate::plan::schedule::curve::Builder;
use crate::plan::schedule::error::Unschedulable;
use crate::plan::values::{AboveZero, AnyRate, As, RateAboveZero, Span, span_text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A constant rate with one peak in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spike {
    /// The rate before and after the peak, in messages a second.
    #[serde(with = "As::<AnyRate>")]
    pub base: Rate,
    /// The rate during the peak, in messages a second; above 0.
    #[serde(with = "As::<RateAboveZero>")]
    pub peak: Rate,
    /// Start of the peak, from the start of the stage.
    #[serde(with = "As::<Span>")]
    pub at: Nanos,
    /// Length of the peak, above 0s; it ends within the stage.
    #[serde(rename = "for", with = "As::<AboveZero>")]
    pub length: Nanos,
}

impl StageShape for Spike {
    fn key(&self) -> &'static str {
        "spike"
    }
    fn rate_parameters(&self) -> Vec<Rate> {
        vec![self.base, self.peak]
    }
    fn append_segments(&self, units: &[u64], builder: &mut Builder) -> Result<(), Unschedulable> {
        let (base, peak) = (units[0], units[1]);
        builder.straight(self.at.0, base, base);
        builder.straight(self.at.after(self.length).0, peak, peak);
        builder.straight(builder.length, base, base);
        Ok(())
    }
    fn check_length(&self, length: Nanos) -> Result<(), Unschedulable> {
        if self.at.after(self.length) > length { Err(Unschedulable::SpikeBeyond) } else { Ok(()) }
    }
    fn brief(&self, rate: &dyn Fn(Rate) -> String, _: &str) -> String {
        format!("{}, peak {}", rate(self.base), rate(self.peak))
    }
    fn words(&self, rate: &dyn Fn(Rate) -> String) -> String {
        let (base, peak) = (rate(self.base), rate(self.peak));
        let (at, length) = (span_text(self.at), span_text(self.length));
        format!("{base} with a spike of {peak} at {at} for {length}")
    }
}
