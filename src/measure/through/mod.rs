//! What came of a run through a gateway, with our ESME in front of it and our SMSC behind it: the books of both sides
//! as plain data. What they mean and how they are kept is in docs/through.md.
mod books;
mod examples;
mod transit;

pub use books::{
    AnsweredBy, Answers, Books, CarrierTrial, FieldChange, MarkerUse, MoBooks, OrderBy,
    ReceiptBooks, Reordering, StatusPair, SubmitBooks,
};
pub use examples::{Example, ExampleClass, Examples};
pub use transit::{TRANSITS, Transit, TransitRow, TransitTimes};

/// The books of both sides of a gateway at the end of a run.
#[derive(Clone, Debug)]
pub struct ThroughRecord {
    /// How messages were told apart.
    pub marker: MarkerUse,
    /// Who answered submit_sm.
    pub answers: Answers,
    /// Submits, downwards. Counted in submit_sm as our ESME sent them.
    pub submits: SubmitBooks,
    /// Receipts, upwards.
    pub receipts: ReceiptBooks,
    /// Mobile-originated messages, upwards.
    pub mo: MoBooks,
    /// The same books of the probes that were sent before the load.
    pub probes: SubmitBooks,
    /// The receipts of the probes, which are in no other count.
    pub probe_receipts: ReceiptBooks,
    /// Fields that came out other than they went in, by name.
    pub fields: Vec<FieldChange>,
    /// Reordering as RFC 4737 has it.
    pub order: Vec<Reordering>,
    /// What our SMSC said behind, against what the gateway said in front.
    pub statuses: Vec<StatusPair>,
    /// A few of each class, with both ids.
    pub examples: Examples,
    /// Transit times.
    pub times: TransitTimes,
    /// Wall-clock time at 0 of the times in `examples`, nanoseconds since 1970; 0: not known.
    pub wall_at_zero_ns: u64,
    /// Octets that the witnesses could not tell. Not 0: the books are not complete.
    pub missed_octets: u64,
    /// Whether every sum adds up, and nothing was missed.
    pub balanced: bool,
}

impl ThroughRecord {
    /// Its three books.
    pub const fn books(&self) -> Books<'_> {
        Books { submits: &self.submits, receipts: &self.receipts, mo: &self.mo }
    }
}
