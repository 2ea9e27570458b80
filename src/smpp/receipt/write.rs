//! Writes a receipt's text, for the simulator. Knows no PDU and no clock: times are arguments.

use bytes::{BufMut, BytesMut};

use super::date::Date;
use super::state::MessageState;

/// A spelling of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ReceiptFormat {
    /// v3.4 Appendix B: `submit date:YYMMDDhhmm`.
    #[default]
    AppendixB,
    /// OpenMarket: `submitdate:YYMMDDhhmmss`, counts of 000, `donedate:000000000000` while not done.
    OpenMarket,
    /// No text: id and state stand in TLVs only.
    TlvOnly,
}

/// What a receipt says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptFields<'a> {
    /// The message id as the receipt spells it.
    pub id: &'a [u8],
    /// Short messages submitted, 0 to 999.
    pub sub: u16,
    /// Short messages delivered, 0 to 999.
    pub dlvrd: u16,
    /// Submitted at: nanoseconds since 1970, UTC.
    pub submit_ns: u64,
    /// Done at, likewise; `None` where it never was (zeros in OpenMarket's form).
    pub done_ns: Option<u64>,
    /// The state; its `stat` is written.
    pub state: MessageState,
    /// Vendor's error code, mostly three digits.
    pub err: &'a str,
    /// The message's text: its first 20 octets are written.
    pub text: &'a [u8],
}

/// Octets of the text that a receipt repeats (Appendix B).
const TEXT_OCTETS_MAX: usize = 20;

/// Appends the text of a receipt; nothing for [`ReceiptFormat::TlvOnly`].
pub fn write_text(format: ReceiptFormat, fields: &ReceiptFields<'_>, out: &mut BytesMut) {
    let (submit, done, seconds) = match format {
        ReceiptFormat::AppendixB => (&b" submit date:"[..], &b" done date:"[..], false),
        ReceiptFormat::OpenMarket => (&b" submitdate:"[..], &b" donedate:"[..], true),
        ReceiptFormat::TlvOnly => return,
    };
    let ReceiptFields { id, sub, dlvrd, submit_ns, done_ns, state, err, text } = *fields;
    out.reserve(128 + id.len());
    out.put_slice(b"id:");
    out.put_slice(id);
    out.put_slice(b" sub:");
    three(sub, out);
    out.put_slice(b" dlvrd:");
    three(dlvrd, out);
    out.put_slice(submit);
    Date::of_unix_ns(submit_ns).write(seconds, out);
    out.put_slice(done);
    match done_ns {
        Some(ns) => Date::of_unix_ns(ns).write(seconds, out),
        None => out.put_slice(&b"000000000000"[..if seconds { 12 } else { 10 }]),
    }
    out.put_slice(b" stat:");
    out.put_slice(state.stat().as_bytes());
    out.put_slice(b" err:");
    out.put_slice(err.as_bytes());
    out.put_slice(b" text:");
    out.put_slice(&text[..text.len().min(TEXT_OCTETS_MAX)]);
}

fn three(count: u16, out: &mut BytesMut) {
    let count = count.min(999);
    let digit = |value: u16| b'0' + (value % 10) as u8;
    out.put_slice(&[digit(count / 100), digit(count / 10), digit(count)]);
}
