//! `hold = "5k"`: one rate.
use super::StageShape;
use crate::kit::Rate;
use crate::plan::schedule::curve::Builder;
use crate::plan::schedule::error::Unschedulable;

impl StageShape for Rate {
    fn key(&self) -> &'static str {
        "hold"
    }
    fn rates(&self) -> Vec<Rate> {
        vec![*self]
    }
    fn lay(&self, units: &[u64], curve: &mut Builder) -> Result<(), Unschedulable> {
        curve.straight(curve.length, units[0], units[0]);
        Ok(())
    }
    fn brief(&self, rate: &dyn Fn(Rate) -> String, _: &str) -> String {
        rate(*self)
    }
}
