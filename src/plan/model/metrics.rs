//! `[metrics]`: OpenMetrics while a run goes on.
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::values::{As, ListenAddress, is_loopback};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// OpenMetrics, served during a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// Address to serve OpenMetrics at, as host:port. Without it, they are not served.
    #[serde(with = "As::<Option<ListenAddress>>")]
    pub listen: Option<String>,
    /// Whether `listen` may be off loopback, where other machines can read the run's figures; false by default.
    pub allow_remote: bool,
}

impl Metrics {
    pub(in crate::plan) fn check(&self) -> PlanResult<()> {
        if self.listen.as_deref().is_some_and(|l| !is_loopback(l)) && !self.allow_remote {
            let why = "is not loopback: whoever reaches it can read the run's figures; \
                       --metrics-allow-remote (metrics.allow_remote = true) allows that";
            return Err(PlanError::about("listen", why));
        }
        Ok(())
    }
}
