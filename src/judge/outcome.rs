//! What a verdict can be: its outcomes, and what limited the run.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether the SMSC sustained the rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did.
    Sustained,
    /// It did not.
    NotSustained,
    /// The harness did not keep up.
    InconclusiveHarness,
    /// The run was too unsteady or too short to decide.
    InconclusiveNoise,
}

impl Outcome {
    /// As result.json spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Sustained => "sustained",
            Outcome::NotSustained => "not_sustained",
            Outcome::InconclusiveHarness => "inconclusive_harness",
            Outcome::InconclusiveNoise => "inconclusive_noise",
        }
    }
}

/// What limited the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Limiter {
    /// The tool or its machine.
    Harness,
    /// The SMSC rejected messages for their rate.
    SmscThrottle,
    /// Connections were lost or missing.
    Connection,
    /// The SMSC read too slowly: sockets took no octets.
    Backpressure,
    /// The window was full.
    Window,
    /// The SMSC answered late, or fell behind.
    SmscLatency,
    /// Receipts came late or fell behind, while answers kept up.
    Receipts,
    /// Nothing limited it.
    None,
}

impl Limiter {
    /// As result.json spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Limiter::Harness => "harness",
            Limiter::SmscThrottle => "smsc_throttle",
            Limiter::Connection => "connection",
            Limiter::Backpressure => "backpressure",
            Limiter::Window => "window",
            Limiter::SmscLatency => "smsc_latency",
            Limiter::Receipts => "receipts",
            Limiter::None => "none",
        }
    }

    /// As a report prints it.
    pub const fn says(self) -> &'static str {
        match self {
            Limiter::Harness => "the harness",
            Limiter::SmscThrottle => "the SMSC throttled",
            Limiter::Connection => "the connections",
            Limiter::Backpressure => "the SMSC read too slowly",
            Limiter::Window => "the window",
            Limiter::SmscLatency => "the SMSC answered late",
            Limiter::Receipts => "receipts were late or missing",
            Limiter::None => "none",
        }
    }
}
