//! `[fleet]`: what holds where several machines run a plan.
use crate::kit::Nanos;
use crate::plan::values::{AboveZero, As};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of a run over several machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Fleet {
    /// Reaction to a lost agent; `"continue"` by default.
    pub on_agent_loss: OnAgentLoss,
    /// Maximum uncertainty of an agent's clock, above 0s; 10ms by default. With more, the run does not start.
    #[serde(with = "As::<AboveZero>")]
    pub clock_uncertainty_max: Nanos,
}

impl Default for Fleet {
    fn default() -> Fleet {
        let clock_uncertainty_max = Nanos::from_millis(10);
        Fleet { on_agent_loss: OnAgentLoss::Continue, clock_uncertainty_max }
    }
}

/// Reaction to a lost agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnAgentLoss {
    /// The other agents go on; what it was to send is not sent.
    Continue,
    /// The load ends; the other agents drain and report.
    Stop,
}
