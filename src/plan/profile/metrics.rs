//! `[metrics]`: OpenMetrics while a run goes on.
use crate::plan::error::{PlanError, Read};
use crate::plan::guard::is_loopback;
use crate::plan::values::{As, ListenAddress, Maybe, Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// OpenMetrics, served while a run goes on.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::plan) struct Metrics {
    /// Address to serve them at, as host:port. Without it, they are not served.
    #[serde(with = "As::<Maybe<Text<ListenAddress>>>")]
    pub(super) listen: Option<String>,
    /// Whether that address may be off this machine's loopback: whoever reaches it can read the run's figures. False by
    /// default.
    pub(super) allow_remote: bool,
}

impl Metrics {
    pub(super) fn check(&self) -> Read<()> {
        if self.listen.as_deref().is_some_and(|l| !is_loopback(l)) && !self.allow_remote {
            let why = "is not loopback: whoever reaches it can read the run's figures; \
                       --metrics-allow-remote (metrics.allow_remote = true) allows that";
            return Err(PlanError::about("listen", why));
        }
        Ok(())
    }
}
