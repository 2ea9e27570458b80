//! `stairs = { from, to, step, each }`: steps of constant rate.
use super::stage_shape::StageShape;
use crate::kit::{Nanos, Rate};
use crate::plan::schedule::bounds::PIECES_MAX;
use crate::plan::schedule::curve::{Builder, exceeds};
use crate::plan::schedule::error::Unschedulable;
use crate::plan::values::{AboveZero, AnyRate, As, RateAboveZero, span_text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Steps of constant rate: `from`, `from + step`, and so on to `to`, each for `each`. They go down where `to` is
/// below `from`. Without `for`, the stage lasts as long as all its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stairs {
    /// The rate of the first step, in messages a second.
    #[serde(with = "As::<AnyRate>")]
    pub from: Rate,
    /// The rate of the last step, in messages a second.
    #[serde(with = "As::<AnyRate>")]
    pub to: Rate,
    /// The difference between two steps, in messages a second; above 0.
    #[serde(with = "As::<RateAboveZero>")]
    pub step: Rate,
    /// Length of each step, above 0s.
    #[serde(with = "As::<AboveZero>")]
    pub each: Nanos,
}

impl Stairs {
    fn length(&self) -> Option<Nanos> {
        // |to − from| / step, rounded up, in exact fractions
        let wide = |r: Rate| (u128::from(r.num), u128::from(r.den));
        let ((fn_, fd), (tn, td), (sn, sd)) = (wide(self.from), wide(self.to), wide(self.step));
        let gap = (fn_.checked_mul(td)?).abs_diff(tn.checked_mul(fd)?);
        let steps = gap.checked_mul(sd)?.div_ceil(fd.checked_mul(td)?.checked_mul(sn)?) + 1;
        u64::try_from(steps).ok()?.checked_mul(self.each.0).map(Nanos)
    }
}

impl StageShape for Stairs {
    fn key(&self) -> &'static str {
        "stairs"
    }
    fn rate_parameters(&self) -> Vec<Rate> {
        vec![self.from, self.to, self.step]
    }
    fn peak(&self) -> Option<Rate> {
        Some(if exceeds(self.from, self.to) { self.from } else { self.to })
    }
    fn append_segments(&self, units: &[u64], builder: &mut Builder) -> Result<(), Unschedulable> {
        let (from, to, step, each) = (units[0], units[1], units[2], self.each.0);
        if each == 0 || step == 0 {
            return Err(Unschedulable::NoStep);
        }
        let steps = from.abs_diff(to).div_ceil(step).min(builder.length.div_ceil(each));
        if steps > PIECES_MAX {
            return Err(Unschedulable::Stairs { steps });
        }
        for k in 0..=steps {
            let climbed = step.saturating_mul(k);
            let rate = if from <= to {
                from.saturating_add(climbed).min(to)
            } else {
                from.saturating_sub(climbed).max(to)
            };
            let last = k == steps;
            let until = if last { builder.length } else { each.saturating_mul(k + 1) };
            builder.straight(until, rate, rate);
        }
        Ok(())
    }
    fn own_length(&self) -> Result<Option<Nanos>, Unschedulable> {
        self.length().map(Some).ok_or(Unschedulable::TooManySteps)
    }
    fn brief(&self, rate: &dyn Fn(Rate) -> String, to: &str) -> String {
        format!("{}{to}{} by {}", rate(self.from), rate(self.to), rate(self.step))
    }
    fn words(&self, rate: &dyn Fn(Rate) -> String) -> String {
        format!("stairs {}, {} each", self.brief(rate, " to "), span_text(self.each))
    }
}
