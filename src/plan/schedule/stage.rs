//! A stage of a plan, and how its messages are spaced.
use super::shapes::Shape;
use crate::kit::Nanos;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How arrivals are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Arrival {
    /// Messages are evenly spaced.
    Constant,
    /// Gaps are exponential (Poisson arrivals), reproducible from the seed.
    Poisson,
}

/// One stretch of load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Unique within the plan.
    pub name: String,
    /// Its rate over time.
    pub shape: Shape,
    /// Its length; not zero.
    pub length: Nanos,
    /// Whether its messages make the headline.
    pub measure: bool,
}
