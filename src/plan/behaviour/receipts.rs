//! How the simulator answers submit_sm, and how it sends delivery receipts.
use super::Latency;
use super::congestion::{CongestionSource, CongestionValue};
use super::limits::COUNT_MAX;
use crate::kit::{Nanos, Rate};
use crate::plan::error::PlanError;
use crate::plan::values::{
    AboveZero, As, RateOrNone, SHARES_MAX, Share, States, StatusShare, Whole,
};
use crate::smpp::receipt::ReceiptFormat;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Most deliveries that may be set to wait.
const WAITING_MAX: u64 = 1 << 26;

/// How submit_sm is answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Response {
    /// Time from the read that held a submit_sm to its response: a duration, or a distribution; 0s by default.
    pub latency: Latency,
    /// A regular stall: the simulator answers nothing during it, then everything at once.
    pub stall: Option<Stall>,
    /// Statuses other than ESME_ROK and the share of submit_sm that gets each; together at most 1.
    #[serde(with = "As::<Vec<StatusShare>>")]
    pub errors: Vec<(u32, f64)>,
    /// The share of submit_sm that is accepted and never answered, from 0 to 1; 0 by default.
    #[serde(with = "As::<Share>")]
    pub lost: f64,
    /// How a message_id is spelled in a response; `"decimal"` by default.
    pub id: IdFormat,
    /// The congestion_state (SMPP v5.0) in each submit_sm_resp: `"load"`, which is the fullest of the limits in percent, or
    /// a fixed value from 0 to 100. Without it, responses have none.
    #[serde(with = "As::<Option<CongestionValue>>")]
    pub congestion: Option<CongestionSource>,
}

impl Response {
    pub(super) fn check(&self) -> Result<(), PlanError> {
        if self.errors.iter().map(|(_, share)| share).sum::<f64>() > SHARES_MAX {
            let why = "the shares add up to more than 1; lower them";
            return Err(PlanError::about("errors", why));
        }
        if self.stall.is_some_and(|stall| stall.length >= stall.every) {
            let why = "as long as `every`: it would never answer; shorten it";
            return Err(PlanError::about("stall.for", why));
        }
        Ok(())
    }
}

/// A regular stall. The first starts `every` after the first bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stall {
    /// Time from the start of one stall to the start of the next, above 0s.
    #[serde(with = "As::<AboveZero>")]
    pub every: Nanos,
    /// Length of each stall, above 0s and shorter than `every`.
    #[serde(rename = "for", with = "As::<AboveZero>")]
    pub length: Nanos,
}

/// How a message_id is spelled in a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdFormat {
    /// Ten decimal digits.
    #[default]
    Decimal,
    /// Eight lower-case hexadecimal digits.
    Hex,
    /// A UUID: 8-4-4-4-12 hexadecimal digits.
    Uuid,
    /// OpenMarket's ticket: `NNNNN-NNNNN-NNNNN-NNNNN`.
    Ticket,
}

/// How a message id is spelled in a receipt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptId {
    /// As in the response.
    #[default]
    Same,
    /// The number in decimal, without leading zeros.
    Decimal,
    /// The number in hexadecimal.
    Hex,
    /// As in the response, in upper case.
    Upper,
    /// As in the response, with zeros before it to 20 characters.
    ZeroPadded,
}

/// How delivery receipts are sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReceiptBehaviour {
    /// Time from the response to the receipt: a duration, or a distribution; 0s by default.
    pub delay: Latency,
    /// Maximum number of receipts a second; 0, the default, is no limit.
    #[serde(with = "As::<RateOrNone>")]
    pub rate: Option<Rate>,
    /// The share of receipts with each state, from 0 to 1; together at most 1. The rest is DELIVRD.
    #[serde(with = "As::<States>")]
    pub states: Vec<(u8, f64)>,
    /// How the message id is spelled in a receipt; `"same"` by default.
    pub id: ReceiptId,
    /// How a receipt is carried; `"appendix_b"` by default.
    pub format: ReceiptFormat,
    /// The share of receipts that is never sent, from 0 to 1; 0 by default.
    #[serde(with = "As::<Share>")]
    pub lost: f64,
    /// The share of receipts that is sent twice, from 0 to 1; 0 by default.
    #[serde(with = "As::<Share>")]
    pub duplicate: f64,
    /// The share of receipts that is sent before its submit_sm_resp, from 0 to 1; 0 by default.
    #[serde(with = "As::<Share>")]
    pub before_response: f64,
    /// The share of receipts that an intermediate notification (ENROUTE) precedes, from 0 to 1; 0 by default.
    #[serde(with = "As::<Share>")]
    pub intermediate: f64,
    /// Whether receipts come on another receiving session of the account, if there is one; false by default.
    pub other_bind: bool,
    /// Maximum number of unacknowledged deliver_sm of a session, from 1 on. By default 10,000, and fewer if more than
    /// 50 sessions receive.
    #[serde(with = "As::<Option<Whole<usize, 1, COUNT_MAX>>>")]
    pub window: Option<usize>,
    /// Maximum number of deliveries that wait to be due, and of those that wait for a receiver of one account;
    /// 1,000,000 by default. Further ones are dropped, and counted.
    #[serde(with = "As::<Whole<usize, 1, WAITING_MAX>>")]
    pub waiting_max: usize,
    /// How a deliver_sm is sent again after a refusal or no answer. Without it, it is not sent again.
    pub retry: Option<Retry>,
}

impl ReceiptBehaviour {
    /// `waiting_max` unless it is set: some 100 MB.
    pub const WAITING_MAX: usize = 1_000_000;
}

impl Default for ReceiptBehaviour {
    fn default() -> ReceiptBehaviour {
        ReceiptBehaviour {
            delay: Latency::Zero,
            rate: None,
            states: Vec::new(),
            id: ReceiptId::Same,
            format: ReceiptFormat::AppendixB,
            lost: 0.0,
            duplicate: 0.0,
            before_response: 0.0,
            intermediate: 0.0,
            other_bind: false,
            window: None,
            waiting_max: ReceiptBehaviour::WAITING_MAX,
            retry: None,
        }
    }
}

/// How a deliver_sm is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Time after a refusal, or without an answer, above 0s.
    #[serde(with = "As::<AboveZero>")]
    pub after: Nanos,
    /// Maximum number of further attempts, from 0 to 1000000; 1 by default.
    #[serde(default = "once", with = "As::<Whole<u32, 0, 1_000_000>>")]
    pub max: u32,
}

const fn once() -> u32 {
    1
}
