//! A receipt as the books compare it.
use super::compare::{Change, cut};
use crate::correlate::Key;
use crate::kit::Nanos;
use crate::plan::Rewrite;
use crate::smpp::pdu;
use crate::smpp::receipt::{self, Date, MessageState, Receipt};
use std::borrow::Cow;

/// A receipt as our SMSC sent it, or as it came in front.
#[derive(Clone, Debug)]
pub(super) struct SentReceipt<'f> {
    /// When it was written behind, or read in front.
    pub(super) at: Nanos,
    /// Place of the session on which it came, in front.
    pub(super) session: u32,
    /// The id under which it was sent or came.
    pub(super) id: Key,
    /// Hash of what it says. None: it can be compared only field by field.
    pub(super) said: Option<u64>,
    /// Its PDU.
    pub(super) frame: Cow<'f, [u8]>,
}

/// What is compared of a receipt.
struct Fields {
    state: MessageState,
    /// The vendor's own word for the state; empty: it is a state's name.
    word: Vec<u8>,
    /// What its text says of the state, and how that reads; empty: nothing.
    stat: Vec<u8>,
    stat_state: Option<MessageState>,
    err: Vec<u8>,
    /// submit date and done date, to the minute: many leave the seconds out.
    dates: [Option<Date>; 2],
    text: Vec<u8>,
}

/// A delivery that is a receipt, taken apart. None: it is a message.
fn with_receipt<T>(frame: &[u8], use_it: impl FnOnce(&Receipt<'_>) -> T) -> Option<T> {
    let pdu = pdu::decode(frame).ok()?;
    let text = receipt::text_of(&pdu.body);
    receipt::read_body(&pdu.body, &text).map(|receipt| use_it(&receipt))
}

fn shown(octets: &[u8]) -> String {
    cut(&String::from_utf8_lossy(octets))
}

impl Fields {
    fn of(receipt: &Receipt<'_>) -> Fields {
        let to_the_minute = |date: Option<Date>| date.map(|date| Date { second: 0, ..date });
        Fields {
            state: receipt.state,
            word: receipt.word.to_vec(),
            stat: receipt.stat.to_vec(),
            stat_state: MessageState::known_stat(receipt.stat),
            err: receipt.err.to_vec(),
            dates: [receipt.submit_date, receipt.done_date].map(to_the_minute),
            text: receipt.text.to_vec(),
        }
    }

    /// Its state by name, or the vendor's own word.
    fn state(&self) -> String {
        if self.word.is_empty() { self.state.stat().to_owned() } else { shown(&self.word) }
    }

    fn dates(&self) -> String {
        let shown = |date: Option<Date>| {
            date.map_or_else(
                || "none".to_owned(),
                |Date { year, month, day, hour, minute, second: _ }| {
                    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}")
                },
            )
        };
        let [submitted, done] = self.dates.map(shown);
        format!("{submitted} / {done}")
    }
}

impl SentReceipt<'_> {
    /// To be kept longer than its octets.
    pub(super) fn into_owned(self) -> SentReceipt<'static> {
        SentReceipt { frame: Cow::Owned(self.frame.into_owned()), ..self }
    }

    fn fields(&self) -> Option<Fields> {
        with_receipt(&self.frame, Fields::of)
    }

    /// Its state by name, or the vendor's own word.
    pub(super) fn state(&self) -> String {
        self.fields().map(|fields| fields.state()).unwrap_or_default()
    }

    /// Whether nothing changed on the way up.
    pub(super) fn is_unchanged(&self, came: &SentReceipt<'_>) -> bool {
        self.said.is_some() && self.said == came.said || self.changes(came).is_empty()
    }

    /// What changed on the way up.
    pub(super) fn changes(&self, came: &SentReceipt<'_>) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut add = |name, rewrite, sent, came| {
            changes.push(Change { name: Cow::Borrowed(name), rewrite, sent, came });
        };
        // both were read as receipts before
        let (Some(sent), Some(came)) = (self.fields(), came.fields()) else { return Vec::new() };
        if (sent.state, &sent.word) != (came.state, &came.word) {
            add("state", Rewrite::ReceiptState, sent.state(), came.state());
        } else if sent.stat_state != came.stat_state
            && !sent.stat.is_empty()
            && !came.stat.is_empty()
        {
            // its TLV says what it said, and its text does not
            add("state", Rewrite::ReceiptState, shown(&sent.stat), shown(&came.stat));
        }
        if sent.err != came.err {
            add("err", Rewrite::ReceiptErr, shown(&sent.err), shown(&came.err));
        }
        if sent.dates != came.dates {
            add("dates", Rewrite::ReceiptDates, sent.dates(), came.dates());
        }
        if sent.text != came.text {
            add("text", Rewrite::ReceiptText, shown(&sent.text), shown(&came.text));
        }
        changes
    }
}
