//! What a result says of the gateway that a run went through.
use super::figures::LatencyRow;
use super::table::Table;
use crate::measure::through::{
    AnsweredBy, Books, ExampleClass, FieldChange, MarkerUse, MoBooks, OrderBy, ReceiptBooks,
    SubmitBooks,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::{Deref, DerefMut};

/// Distributions by metric, and those of the way through a gateway.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Latencies {
    /// By metric; null: undefined here.
    #[serde(flatten)]
    pub metrics: Table<Option<LatencyRow>>,
    /// Transit times of a gateway by name. Absent: the run was through none.
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    pub through: Table<Option<LatencyRow>>,
}

impl Deref for Latencies {
    type Target = Table<Option<LatencyRow>>;
    fn deref(&self) -> &Table<Option<LatencyRow>> {
        &self.metrics
    }
}

impl DerefMut for Latencies {
    fn deref_mut(&mut self) -> &mut Table<Option<LatencyRow>> {
        &mut self.metrics
    }
}

/// The books of both sides of a gateway, over the whole run, in submit_sm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Through {
    /// How messages were told apart.
    pub marker: MarkerUse,
    /// Who answered the submit_sm in front.
    pub answers: AnsweredBy,
    /// Submits, downwards.
    pub submits: SubmitBooks,
    /// Receipts, upwards.
    pub receipts: ReceiptBooks,
    /// Mobile-originated messages, upwards.
    pub mo: MoBooks,
    /// The submits of the probes, which are in no other count.
    pub probes: SubmitBooks,
    /// The receipts of the probes, which are in no other count.
    #[serde(default)]
    pub probe_receipts: ReceiptBooks,
    /// Fields that came out other than they went in, by name, with the first example.
    pub fields: Vec<FieldChange>,
    /// Reordering as RFC 4737 has it.
    pub order: Vec<OrderRow>,
    /// What our SMSC said behind against what the gateway said in front.
    pub statuses: Vec<StatusRow>,
    /// The first messages of each class.
    pub examples: Vec<ThroughExample>,
    /// Octets that were read or written and could not be looked at; not 0: the books are not complete.
    pub missed_octets: u64,
    /// Whether every sum adds up, and nothing was missed.
    pub balanced: bool,
}

impl Through {
    /// Its three books.
    pub const fn books(&self) -> Books<'_> {
        Books { submits: &self.submits, receipts: &self.receipts, mo: &self.mo }
    }
}

/// Reordering of the messages of a session in front, or to a destination.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderRow {
    /// Within what.
    pub by: OrderBy,
    /// Messages that came out.
    pub messages: u64,
    /// Of these, share before which one came out that was sent later; null: none came out.
    pub ratio: Option<f64>,
    /// The largest extent, in messages.
    pub extent: u64,
}

/// Messages with these two answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StatusRow {
    /// command_status behind, by name or number; null: none.
    pub upstream: Option<String>,
    /// command_status in front; null: none.
    pub front: Option<String>,
    /// Whether they came out behind.
    #[serde(default)]
    pub came_out: bool,
    /// Messages.
    pub count: u64,
    /// Mean time from the answer behind to that in front; null: they never came in this order.
    pub later_ns: Option<u64>,
    /// Messages refused behind after an accept in front of which a receipt told the sender.
    pub told_by_receipt: u64,
}

/// A message to look up in the gateway's logs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ThroughExample {
    /// What became of it.
    pub class: ExampleClass,
    /// message_id in front; empty: none.
    pub front_id: String,
    /// message_id behind; empty: none.
    pub upstream_id: String,
    /// Session in front; null: not seen there.
    pub session: Option<u32>,
    /// When it was sent, RFC 3339.
    pub sent_at: String,
    /// When it came out on the other side; null: it did not.
    pub came_at: Option<String>,
    /// What is wrong.
    pub what: String,
}
