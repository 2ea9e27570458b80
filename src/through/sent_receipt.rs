//! A receipt as the books compare it.
use super::compare::{Change, cut};
use crate::kit::Nanos;
use crate::plan::Rewrite;
use crate::smpp::receipt::{Date, MessageState, Receipt};
use std::borrow::Cow;

/// A receipt as our SMSC sent it, or as it came in front.
#[derive(Clone, Debug)]
pub(super) struct SentReceipt {
    /// When it was written behind, or read in front.
    pub(super) at: Nanos,
    state: MessageState,
    /// The vendor's own word for the state; empty: it is a state's name.
    word: Box<[u8]>,
    err: Box<[u8]>,
    /// submit date and done date, to the minute: many leave the seconds out.
    dates: [Option<Date>; 2],
    text: Box<[u8]>,
    /// Place of the session on which it came, in front.
    pub(super) session: u32,
}

fn text(octets: &[u8]) -> String {
    cut(&String::from_utf8_lossy(octets))
}

impl SentReceipt {
    /// Of a receipt that was written or read at `at` on this session.
    pub(super) fn of(receipt: &Receipt<'_>, at: Nanos, session: u32) -> SentReceipt {
        let to_the_minute = |date: Option<Date>| date.map(|date| Date { second: 0, ..date });
        SentReceipt {
            at,
            state: receipt.state,
            word: receipt.word.into(),
            err: receipt.err.into(),
            dates: [receipt.submit_date, receipt.done_date].map(to_the_minute),
            text: receipt.text.into(),
            session,
        }
    }

    /// Its state by name, or the vendor's own word.
    pub(super) fn state(&self) -> String {
        if self.word.is_empty() { self.state.stat().to_owned() } else { text(&self.word) }
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

    /// What changed on the way up.
    pub(super) fn changes(&self, came: &SentReceipt) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut add = |name, rewrite, sent, came| {
            changes.push(Change { name: Cow::Borrowed(name), rewrite, sent, came });
        };
        if (self.state, &self.word) != (came.state, &came.word) {
            add("state", Rewrite::ReceiptState, self.state(), came.state());
        }
        if self.err != came.err {
            add("err", Rewrite::ReceiptErr, text(&self.err), text(&came.err));
        }
        if self.dates != came.dates {
            add("dates", Rewrite::ReceiptDates, self.dates(), came.dates());
        }
        if self.text != came.text {
            add("text", Rewrite::ReceiptText, text(&self.text), text(&came.text));
        }
        changes
    }
}
