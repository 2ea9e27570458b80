//! `max = true`: a closed loop, as fast as the windows allow.
use super::stage_shape::StageShape;
use crate::kit::Rate;
use crate::plan::schedule::curve::Builder;
use crate::plan::schedule::error::Unschedulable;

/// A closed loop.
pub(super) struct Max;

impl StageShape for Max {
    fn key(&self) -> &'static str {
        "max"
    }
    fn rate_parameters(&self) -> Vec<Rate> {
        Vec::new()
    }
    fn append_segments(&self, _: &[u64], _: &mut Builder) -> Result<(), Unschedulable> {
        Ok(())
    }
    fn brief(&self, _: &dyn Fn(Rate) -> String, _: &str) -> String {
        "closed loop".to_owned()
    }
    fn words(&self, rate: &dyn Fn(Rate) -> String) -> String {
        self.brief(rate, " to ")
    }
}
