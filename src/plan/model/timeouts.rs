//! `[timeouts]`: maximum times to wait.
use crate::kit::Nanos;
use crate::plan::values::{AboveZero, As, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Maximum times to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// Maximum wait for a TCP connection, and for its TLS handshake, above 0s; 5s by default.
    #[serde(with = "As::<AboveZero>")]
    pub connect: Nanos,
    /// Maximum wait for the response to a bind, above 0s; 5s by default.
    #[serde(with = "As::<AboveZero>")]
    pub bind: Nanos,
    /// Maximum wait for submit_sm_resp, from the write of the submit_sm, and for enquire_link_resp; above 0s; 10s by
    /// default.
    #[serde(with = "As::<AboveZero>")]
    pub response: Nanos,
    /// Maximum time after the load in which the backlog is still sent; 30s by default. Answers and receipts are awaited
    /// to their own deadlines.
    #[serde(with = "As::<Span>")]
    pub drain: Nanos,
    /// Maximum wait for unbind_resp, or for the close of the connection, above 0s; 5s by default.
    #[serde(with = "As::<AboveZero>")]
    pub unbind: Nanos,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            connect: Nanos::from_secs(5),
            bind: Nanos::from_secs(5),
            response: Nanos::from_secs(10),
            drain: Nanos::from_secs(30),
            unbind: Nanos::from_secs(5),
        }
    }
}
