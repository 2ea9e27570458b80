//! Faults of the simulator, and fixed answers by destination.
use crate::kit::Nanos;
use crate::plan::error::PlanError;
use crate::plan::values::{AboveZero, AllOrOne, As, Ascii, Share, Span, StateName, Status};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A fixed answer and receipt for a destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Pattern of the destination: `"*404"`, `"4477*"`, or a whole address.
    #[serde(with = "As::<Ascii<64>>")]
    pub destination: String,
    /// The command_status of submit_sm_resp, by name or number. Without it, the usual answer.
    #[serde(default, with = "As::<Option<Status>>")]
    pub status: Option<u32>,
    /// The receipt's state: `"UNDELIV"`. Without it, the usual state.
    #[serde(default, with = "As::<Option<StateName>>")]
    pub state: Option<u8>,
    /// The receipt's err field: at most 16 characters.
    #[serde(default, with = "As::<Option<Ascii<16>>>")]
    pub err: Option<String>,
}

/// A fault of the simulator, and when it occurs: one of `at`, `every`, `share`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The kind of the fault.
    pub kind: FaultKind,
    /// Time after the first bind at which the fault occurs once.
    #[serde(default, with = "As::<Option<Span>>")]
    pub at: Option<Nanos>,
    /// Time from one occurrence to the next, above 0s.
    #[serde(default, with = "As::<Option<AboveZero>>")]
    pub every: Option<Nanos>,
    /// The share of submit_sm (or, for faults of binds, of connections) that the fault affects, from 0 to 1.
    #[serde(default, with = "As::<Option<Share>>")]
    pub share: Option<f64>,
    /// Whether the fault affects one session or all; `"one"` by default.
    #[serde(default, rename = "sessions", with = "As::<AllOrOne>")]
    pub all_sessions: bool,
}

impl Fault {
    pub(super) fn check(&self) -> Result<(), PlanError> {
        let given = [self.at.is_some(), self.every.is_some(), self.share.is_some()];
        if given.iter().filter(|given| **given).count() == 1 {
            return Ok(());
        }
        let why = "no trigger; write one of at = \"3s\", every = \"5s\", share = 0.001";
        Err(PlanError::about("", why))
    }
}

/// A fault of the simulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// It sends unbind during the run.
    Unbind,
    /// It closes the connection (FIN).
    Close,
    /// It resets the connection (RST).
    Reset,
    /// It stops sending and goes on reading.
    HalfClose,
    /// It sends octets that are not a PDU.
    Garbage,
    /// It sends half a PDU, then closes.
    Truncated,
    /// It sends a response with a TLV longer than its PDU.
    OversizeTlv,
    /// It sends generic_nack instead of the response.
    GenericNack,
    /// It leaves enquire_link unanswered.
    NoEnquireAnswer,
    /// It reads slowly.
    SlowReader,
    /// It answers a bind with ESME_RBINDFAIL.
    BindRefuse,
    /// It accepts a connection and closes it at once.
    AcceptThenDrop,
}

impl FaultKind {
    /// Every kind, in the order of its declaration.
    pub const ALL: [FaultKind; 12] = [
        FaultKind::Unbind,
        FaultKind::Close,
        FaultKind::Reset,
        FaultKind::HalfClose,
        FaultKind::Garbage,
        FaultKind::Truncated,
        FaultKind::OversizeTlv,
        FaultKind::GenericNack,
        FaultKind::NoEnquireAnswer,
        FaultKind::SlowReader,
        FaultKind::BindRefuse,
        FaultKind::AcceptThenDrop,
    ];

    /// Its word in behaviour files.
    pub const fn word(self) -> &'static str {
        match self {
            FaultKind::Unbind => "unbind",
            FaultKind::Close => "close",
            FaultKind::Reset => "reset",
            FaultKind::HalfClose => "half_close",
            FaultKind::Garbage => "garbage",
            FaultKind::Truncated => "truncated",
            FaultKind::OversizeTlv => "oversize_tlv",
            FaultKind::GenericNack => "generic_nack",
            FaultKind::NoEnquireAnswer => "no_enquire_answer",
            FaultKind::SlowReader => "slow_reader",
            FaultKind::BindRefuse => "bind_refuse",
            FaultKind::AcceptThenDrop => "accept_then_drop",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_the_one_that_behaviour_files_use() {
        for kind in FaultKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        }
    }
}
