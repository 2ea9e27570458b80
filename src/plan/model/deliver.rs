//! `[deliver]`: how deliver_sm is answered.
use crate::kit::Nanos;
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::values::{As, SHARES_MAX, Share, Span, StatusShare};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How deliver_sm is answered: by default at once, and with ESME_ROK.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Deliver {
    /// Delay before each answer; 0s by default.
    #[serde(with = "As::<Span>")]
    pub delay: Nanos,
    /// Statuses other than ESME_ROK and the share of deliver_sm that is answered with each; together with `no_answer` at
    /// most 1.
    #[serde(with = "As::<Vec<StatusShare>>")]
    pub answers: Vec<(u32, f64)>,
    /// The share of deliver_sm that is never answered, from 0 to 1; 0 by default.
    #[serde(with = "As::<Share>")]
    pub no_answer: f64,
}

impl Deliver {
    /// At once, always, and with ESME_ROK.
    pub fn is_plain(&self) -> bool {
        self.delay == Nanos::ZERO && self.answers.is_empty() && self.no_answer <= 0.0
    }

    pub(in crate::plan) fn check(&self) -> PlanResult<()> {
        let sum = self.answers.iter().map(|(_, share)| share).sum::<f64>() + self.no_answer;
        if sum > SHARES_MAX {
            let why = format!("the shares add up to {sum}; at most 1");
            return Err(PlanError::about("answers", why));
        }
        Ok(())
    }
}
