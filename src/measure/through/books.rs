//! The counters of both sides of a gateway.
use crate::kit::Nanos;
use crate::smpp::marker::Carrier;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How messages were told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MarkerUse {
    /// The carriers that the load had.
    pub used: Vec<Carrier>,
    /// What the probes showed of each carrier; empty: no probes were sent.
    pub tried: Vec<CarrierTrial>,
}

/// What became of one carrier of the probes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CarrierTrial {
    /// The carrier.
    pub carrier: Carrier,
    /// Probes on which it came out whole.
    pub survived: u64,
    /// Probes that came out.
    pub probes: u64,
    /// What it was on the first probe on which it did not survive, and what came out instead. None: it always survived.
    pub became: Option<(String, String)>,
}

/// Who answers the submit_sm in front.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnsweredBy {
    /// The gateway, before our SMSC has.
    Itself,
    /// Our SMSC: the gateway passes its answer on.
    Upstream,
    /// Some so, some so.
    Mixed,
    /// No message was answered on both sides.
    #[default]
    Unknown,
}

impl AnsweredBy {
    /// Its name in result.json.
    pub const fn name(self) -> &'static str {
        match self {
            AnsweredBy::Itself => "itself",
            AnsweredBy::Upstream => "upstream",
            AnsweredBy::Mixed => "mixed",
            AnsweredBy::Unknown => "unknown",
        }
    }
}

/// Submits answered in front before our SMSC had answered, and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// Answered in front first: the gateway answered on its own.
    pub itself: u64,
    /// Answered behind first.
    pub upstream: u64,
}

impl Answers {
    /// Who answers. A gateway that answers by itself may be overtaken by a fast SMSC now and then: up to 5 % of them.
    pub const fn by(self) -> AnsweredBy {
        match (self.itself, self.upstream) {
            (0, 0) => AnsweredBy::Unknown,
            (0, _) => AnsweredBy::Upstream,
            (itself, upstream) if upstream.saturating_mul(19) <= itself => AnsweredBy::Itself,
            _ => AnsweredBy::Mixed,
        }
    }
}

/// Every submit_sm that our ESME sent, by what became of it: `sent` = `accepted` + `rejected` + `unanswered` +
/// `untracked`; `accepted` = `once` + `duplicate` + `lost` + `pending`. A message that was sent again after a throttle
/// is one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SubmitBooks {
    /// Sent in front.
    pub sent: u64,
    /// Accepted in front.
    pub accepted: u64,
    /// Rejected in front, and accepted at no attempt.
    pub rejected: u64,
    /// Rejected in front, by their last status.
    pub rejected_by: Vec<(u32, u64)>,
    /// Not answered in front.
    pub unanswered: u64,
    /// Accepted, and came out once in time.
    pub once: u64,
    /// Accepted, and did not come out by the deadline.
    pub lost: u64,
    /// Lost, and came out after the deadline.
    pub late: u64,
    /// Unanswered: nobody can say whether they should have come out. `maybe_out` of them did.
    pub maybe: u64,
    /// Unanswered, and came out.
    pub maybe_out: u64,
    /// Rejected in front, and came out all the same without being refused by our SMSC.
    pub ghost: u64,
    /// Accepted, and came out more than once.
    pub duplicate: u64,
    /// Copies beyond the first, of whatever was sent.
    pub copies: u64,
    /// Came out again once our SMSC had refused what came out before: the gateway tried again. No copies.
    #[serde(default)]
    pub retries: u64,
    /// Copies before which a connection on either side was made anew since the copy before.
    pub copies_over_reconnect: u64,
    /// Submit_sm that came out and are none of this run's.
    pub unexpected: u64,
    /// Came out with a field changed that no rewrite declares.
    pub altered: u64,
    /// Came out at another upstream than the routes say.
    pub wrong_upstream: u64,
    /// Came out in other segments than they went in.
    pub resegmented: u64,
    /// Parts that came out of messages that had gone in uncut, whose other parts did not; in no other count.
    pub incomplete_parts: u64,
    /// Accepted, not come out, and the deadline is not over.
    pub pending: u64,
    /// Sent beyond what may be kept: nothing is said about them.
    pub untracked: u64,
    /// What came out behind: submit_sm that our SMSC read, or whole messages where they came out in other segments.
    pub came_out: u64,
}

/// Every final receipt that our SMSC sent, by what became of it: `sent` = `once` + `lost` + `pending` + `untracked`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiptBooks {
    /// Sent behind.
    pub sent: u64,
    /// Came in front, one for one that was sent.
    pub once: u64,
    /// Did not come in front by the deadline.
    pub lost: u64,
    /// Came in front beyond those that were sent.
    pub duplicate: u64,
    /// Came with another state, err, date or text.
    pub altered: u64,
    /// Came before the response to their message.
    pub before_response: u64,
    /// Came on another session of the account that had sent the message.
    pub other_bind: u64,
    /// Came on a session of another account.
    pub other_account: u64,
    /// Came for no message that was accepted in front.
    pub unknown: u64,
    /// Came for a message for which our SMSC sent none: the gateway made them.
    pub by_gateway: u64,
    /// Sent behind, not come, and the deadline is not over.
    pub pending: u64,
    /// Of messages that are not kept.
    pub untracked: u64,
    /// Read in front: `once` + `duplicate` + `unknown` + `by_gateway` + `untracked_in_front`.
    pub came: u64,
    /// Came for a message that is not kept.
    pub untracked_in_front: u64,
    /// Intermediate notifications, which are in no other count: sent behind, and come in front.
    pub intermediate: (u64, u64),
}

/// Every MO that our SMSC sent, by what became of it: `sent` = `once` + `duplicate` + `lost` + `pending` + `untracked`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MoBooks {
    /// Sent behind.
    pub sent: u64,
    /// Came in front once.
    pub once: u64,
    /// Did not come in front by the deadline.
    pub lost: u64,
    /// Came in front more than once.
    pub duplicate: u64,
    /// Copies beyond the first.
    pub copies: u64,
    /// Came in front with a field changed that no rewrite declares.
    pub altered: u64,
    /// Came in front and are none of this run's.
    pub unexpected: u64,
    /// Sent, not come, and the deadline is not over.
    pub pending: u64,
    /// Sent beyond what may be kept.
    pub untracked: u64,
    /// Read in front: `once` + `duplicate` + `copies` + `unexpected`, and late ones.
    pub came: u64,
    /// Lost, and came after the deadline.
    pub late: u64,
}

/// The three books of a run's load.
#[derive(Clone, Copy, Debug)]
pub struct Books<'a> {
    /// Submits, downwards.
    pub submits: &'a SubmitBooks,
    /// Receipts, upwards.
    pub receipts: &'a ReceiptBooks,
    /// Mobile-originated messages, upwards.
    pub mo: &'a MoBooks,
}

/// One field that came out other than it went in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldChange {
    /// The field: `submit.` or `receipt.` or `mo.`, and its name on the wire, `text`, `udh`, `segmentation`, or `tlv.`
    /// and a tag.
    pub name: String,
    /// Messages on which it changed.
    pub altered: u64,
    /// Whether a rewrite declares it; it makes no message `altered` then.
    pub declared: bool,
    /// What was sent, of the first.
    pub sent: String,
    /// What came out, of the first.
    pub came: String,
}

/// Within what an order is kept.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum OrderBy {
    /// Messages of one session in front.
    Bind,
    /// Messages to one destination.
    Destination,
}

impl OrderBy {
    /// Its name in result.json.
    pub const fn name(self) -> &'static str {
        match self {
            OrderBy::Bind => "bind",
            OrderBy::Destination => "destination",
        }
    }
}

/// Reordering as RFC 4737 has it: a message is reordered where one sent later came out before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reordering {
    /// Within what.
    pub by: OrderBy,
    /// Messages that came out, their first copies only.
    pub messages: u64,
    /// Messages that are reordered.
    pub reordered: u64,
    /// The largest extent: messages that came out from the first sent later, to the reordered one.
    pub extent_max: u64,
    /// The sum of the extents.
    pub extent_sum: u64,
    /// Messages of streams beyond the number that is kept.
    pub untracked: u64,
}

/// Messages with these two answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusPair {
    /// command_status of our SMSC. None: it was not asked, or did not answer.
    pub upstream: Option<u32>,
    /// command_status of the gateway. None: it did not answer.
    pub front: Option<u32>,
    /// Whether they came out: our SMSC was asked.
    pub came_out: bool,
    /// Messages.
    pub count: u64,
    /// Mean time from the answer behind to the answer in front, where that order held. None: it never did.
    pub later: Option<Nanos>,
    /// Messages refused behind after an accept in front, that a receipt told the sender.
    pub told_by_receipt: u64,
}
