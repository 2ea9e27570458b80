//! A receipt as the books compare it.
use super::compare::{Change, cut};
use crate::kit::Nanos;
use crate::plan::Rewrite;
use crate::smpp::receipt::{self, Receipt};
use std::borrow::Cow;

/// A receipt as our SMSC sent it, or as it came in front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SentReceipt {
    /// When it was written behind, or read in front.
    pub(super) at: Nanos,
    /// Its state by name, or the vendor's own word.
    pub(super) state: String,
    err: Box<[u8]>,
    dates: Box<str>,
    text: Box<[u8]>,
    /// Place of the session on which it came, in front.
    pub(super) session: u32,
}

impl SentReceipt {
    /// Of a receipt that was written or read at `at` on this session.
    pub(super) fn of(receipt: &Receipt<'_>, at: Nanos, session: u32) -> SentReceipt {
        let date = |date: Option<receipt::Date>| {
            date.map_or_else(String::new, |d| {
                let receipt::Date { year, month, day, hour, minute, .. } = d;
                // the seconds are left out by many
                format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}")
            })
        };
        SentReceipt {
            at,
            state: match receipt.word {
                [] => format!("{:?}", receipt.state),
                word => String::from_utf8_lossy(word).into_owned(),
            },
            err: receipt.err.into(),
            dates: format!("{} / {}", date(receipt.submit_date), date(receipt.done_date)).into(),
            text: receipt.text.into(),
            session,
        }
    }

    /// What changed on the way up.
    pub(super) fn changes(&self, came: &SentReceipt) -> Vec<Change> {
        let text = |octets: &[u8]| cut(&String::from_utf8_lossy(octets));
        let pairs = [
            ("state", Rewrite::ReceiptState, self.state.clone(), came.state.clone()),
            ("err", Rewrite::ReceiptErr, text(&self.err), text(&came.err)),
            ("dates", Rewrite::ReceiptDates, self.dates.to_string(), came.dates.to_string()),
            ("text", Rewrite::ReceiptText, text(&self.text), text(&came.text)),
        ];
        let changed = pairs.into_iter().filter(|(_, _, sent, came)| sent != came);
        changed
            .map(|(name, rewrite, sent, came)| Change {
                name: Cow::Borrowed(name),
                rewrite,
                sent,
                came,
            })
            .collect()
    }
}
