//! `upstream.routes`: at which listener messages to a destination must come out of a gateway.
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::values::{As, ListenAddress, Prefix};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where messages to some destinations must come out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The destinations: their first digits and `*`, as in `"44*"`; `"*"` is every destination that no other route names.
    #[serde(with = "As::<Prefix>")]
    pub to: String,
    /// The listener that they must come out at: one of `listen`, as it is written there.
    #[serde(with = "As::<ListenAddress>")]
    pub upstream: String,
}

impl Route {
    /// The first digits of the destinations; empty: any.
    pub fn prefix(&self) -> &str {
        self.to.strip_suffix('*').unwrap_or(&self.to)
    }
}

/// Checks that every route names one of `listen`, and that no two have the same destinations.
pub(super) fn check(routes: &[Route], listen: &[String]) -> PlanResult<()> {
    for (number, route) in routes.iter().enumerate() {
        let mistake =
            |key: &str, why| Err(PlanError::about(key, why).under_item(number).under("routes"));
        if !listen.contains(&route.upstream) {
            let all = listen.join(", ");
            let why =
                format!("{} is not one of upstream.listen; write one of {all}", route.upstream);
            return mistake("upstream", why);
        }
        if routes[..number].iter().any(|before| before.to == route.to) {
            let why = format!("{} has a route already; leave one out", route.to);
            return mistake("to", why);
        }
    }
    Ok(())
}
