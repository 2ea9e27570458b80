//! `ramp = ["0", "5k"]`: a straight line from one rate to another.
use super::stage_shape::StageShape;
use crate::kit::Rate;
use crate::plan::schedule::curve::Builder;
use crate::plan::schedule::error::Unschedulable;
use crate::plan::values::{AnyRate, Kind};
use schemars::{Schema, SchemaGenerator};
use serde::de::Deserializer;
use serde::ser::Serializer;

/// From one rate to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ramp(pub Rate, pub Rate);

impl Kind for Ramp {
    type Value = Ramp;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Ramp, D::Error> {
        <(AnyRate, AnyRate)>::read(from).map(|(from, to)| Ramp(from, to))
    }
    fn write<S: Serializer>(ramp: &Ramp, to: S) -> Result<S::Ok, S::Error> {
        <(AnyRate, AnyRate)>::write(&(ramp.0, ramp.1), to)
    }
    fn schema(generator: &mut SchemaGenerator) -> Schema {
        <(AnyRate, AnyRate)>::schema(generator)
    }
}

impl StageShape for Ramp {
    fn key(&self) -> &'static str {
        "ramp"
    }
    fn rate_parameters(&self) -> Vec<Rate> {
        vec![self.0, self.1]
    }
    fn append_segments(&self, units: &[u64], builder: &mut Builder) -> Result<(), Unschedulable> {
        builder.straight(builder.length, units[0], units[1]);
        Ok(())
    }
    fn brief(&self, rate: &dyn Fn(Rate) -> String, to: &str) -> String {
        format!("{}{to}{}", rate(self.0), rate(self.1))
    }
}
