//! `[fleet]`: what holds where several machines run a plan.
use crate::kit::Nanos;
use crate::plan::values::{AboveZero, As};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What holds where several machines run a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Fleet {
    /// What a lost agent means for the run; `"continue"` by default.
    pub on_agent_loss: OnAgentLoss,
    /// Maximum uncertainty of an agent's clock, above 0s; 10ms by default. Beyond it there is no run.
    #[serde(with = "As::<AboveZero>")]
    pub clock_uncertainty_max: Nanos,
}

impl Default for Fleet {
    fn default() -> Fleet {
        let clock_uncertainty_max = Nanos::from_millis(10);
        Fleet { on_agent_loss: OnAgentLoss::Continue, clock_uncertainty_max }
    }
}

/// What a lost agent means for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnAgentLoss {
    /// The other agents go on; what it was to send is not sent.
    Continue,
    /// The load ends; the other agents drain and report.
    Stop,
}
