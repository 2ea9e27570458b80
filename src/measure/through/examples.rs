//! A few messages of each class of the books, so that they can be looked up in the gateway's logs.
use crate::kit::Nanos;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Examples kept of each class.
const EXAMPLES_MAX: usize = 1_000;

/// Which class of the books an example is of.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ExampleClass {
    /// A submit_sm that was lost.
    Lost,
    /// A submit_sm that came out more than once.
    Duplicate,
    /// A submit_sm of which a field was altered.
    Altered,
    /// A submit_sm that was rejected and came out.
    Ghost,
    /// A submit_sm that came out and is none of this run's.
    Unexpected,
    /// A submit_sm that came out at another upstream.
    WrongUpstream,
    /// A receipt that was lost.
    ReceiptLost,
    /// A receipt that came again.
    ReceiptDuplicate,
    /// A receipt that was altered.
    ReceiptAltered,
    /// A receipt that came to another account.
    ReceiptOtherAccount,
    /// A receipt for no message that was accepted.
    ReceiptUnknown,
    /// An MO that was lost.
    MoLost,
    /// An MO that came more than once.
    MoDuplicate,
    /// An MO that was altered.
    MoAltered,
}

impl ExampleClass {
    /// Its name in result.json and in file names.
    pub const fn name(self) -> &'static str {
        match self {
            ExampleClass::Lost => "lost",
            ExampleClass::Duplicate => "duplicate",
            ExampleClass::Altered => "altered",
            ExampleClass::Ghost => "ghost",
            ExampleClass::Unexpected => "unexpected",
            ExampleClass::WrongUpstream => "wrong_upstream",
            ExampleClass::ReceiptLost => "receipt_lost",
            ExampleClass::ReceiptDuplicate => "receipt_duplicate",
            ExampleClass::ReceiptAltered => "receipt_altered",
            ExampleClass::ReceiptOtherAccount => "receipt_other_account",
            ExampleClass::ReceiptUnknown => "receipt_unknown",
            ExampleClass::MoLost => "mo_lost",
            ExampleClass::MoDuplicate => "mo_duplicate",
            ExampleClass::MoAltered => "mo_altered",
        }
    }
}

/// One message of a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// Its class.
    pub class: ExampleClass,
    /// Its number; None: it is none of this run's.
    pub message: Option<u64>,
    /// The part, from 0.
    pub part: u8,
    /// message_id in front; empty: none.
    pub front_id: String,
    /// message_id behind; empty: none.
    pub upstream_id: String,
    /// Session in front. None: it was not seen there.
    pub session: Option<u32>,
    /// When it was sent: written in front, or behind for receipts and MO.
    pub sent: Nanos,
    /// When it came out on the other side. None: it did not.
    pub came: Option<Nanos>,
    /// What is wrong, with the field and its value before and after where there is one.
    pub what: String,
}

/// Examples of all classes, of each the first ones only.
#[derive(Clone, Debug, Default)]
pub struct Examples {
    list: Vec<Example>,
    counts: std::collections::BTreeMap<ExampleClass, usize>,
}

impl Examples {
    /// Adds an example, which is built only where its class has room.
    pub fn add(&mut self, class: ExampleClass, example: impl FnOnce() -> Example) {
        let count = self.counts.entry(class).or_default();
        if *count < EXAMPLES_MAX {
            *count += 1;
            self.list.push(example());
        }
    }

    /// Names the session of each otherwise.
    pub fn rename_sessions(&mut self, name: impl Fn(u32) -> u32) {
        for example in &mut self.list {
            example.session = example.session.map(&name);
        }
    }

    /// Those of a class, in the order they were found.
    pub fn of(&self, class: ExampleClass) -> impl Iterator<Item = &Example> {
        self.list.iter().filter(move |example| example.class == class)
    }

    /// All of them.
    pub fn all(&self) -> &[Example] {
        &self.list
    }
}
