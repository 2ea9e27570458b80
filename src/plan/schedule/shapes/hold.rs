//! `hold = "5k"`: one rate.
use super::stage_shape::StageShape;
use crate::kit::Rate;
use crate::plan::schedule::curve::Builder;
use crate::plan::schedule::error::Unschedulable;

impl StageShape for Rate {
    fn key(&self) -> &'static str {
        "hold"
    }
    fn rate_parameters(&self) -> Vec<Rate> {
        vec![*self]
    }
    fn append_segments(&self, units: &[u64], builder: &mut Builder) -> Result<(), Unschedulable> {
        builder.straight(builder.length, units[0], units[0]);
        Ok(())
    }
    fn brief(&self, rate: &dyn Fn(Rate) -> String, _: &str) -> String {
        rate(*self)
    }
}
