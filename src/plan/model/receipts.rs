//! `[receipts]`: how receipts are told and matched.
use crate::kit::Nanos;
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::values::{AboveZero, As, Whole};
use crate::smpp::receipt::IdRule;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const OUTSTANDING_MAX: u64 = 1 << 32;

/// How receipts are told from other messages, and matched with their submit_sm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Receipts {
    /// How message ids are spelled in responses and receipts; `"exact"` by default.
    pub id_mode: IdRule,
    /// States, or an SMSC's own words, that end the wait for a receipt. By default DELIVRD, EXPIRED, DELETED, UNDELIV,
    /// ACCEPTD, REJECTD and SKIPPED.
    #[schemars(length(min = 1))]
    pub final_states: Vec<String>,
    /// Time from the submit_sm_resp after which a receipt is missing, above 0s; 30s by default.
    #[serde(with = "As::<AboveZero>")]
    pub deadline: Nanos,
    /// Maximum number of receipts awaited at once, from 1 to 4294967296; 4000000 by default. Beyond it messages are
    /// counted as untracked.
    #[serde(with = "As::<Whole<usize, 1, OUTSTANDING_MAX>>")]
    pub outstanding_max: usize,
    /// Which deliver_sm and data_sm count as receipts; `"esm_class"` by default.
    pub accept: Accept,
    /// How many receipts a text of several parts has; `"part"` by default.
    pub per: Per,
}

impl Default for Receipts {
    fn default() -> Receipts {
        let finals = ["DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "REJECTD", "SKIPPED"];
        Receipts {
            id_mode: IdRule::Exact,
            final_states: finals.map(String::from).to_vec(),
            deadline: Nanos::from_secs(30),
            outstanding_max: 4_000_000,
            accept: Accept::EsmClass,
            per: Per::Part,
        }
    }
}

impl Receipts {
    pub(in crate::plan) fn check(&self) -> PlanResult<()> {
        if self.final_states.is_empty() {
            let why = "is empty; no receipt would ever count, write at least \"DELIVRD\"";
            return Err(PlanError::about("final_states", why));
        }
        Ok(())
    }
}

/// How many receipts a text of several parts has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// One for each part.
    #[default]
    Part,
    /// One for all parts together.
    Message,
}

/// Which deliver_sm and data_sm count as receipts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Accept {
    /// A deliver_sm whose esm_class says that it is one.
    #[default]
    EsmClass,
    /// Also a deliver_sm whose text is a receipt's.
    Text,
}
