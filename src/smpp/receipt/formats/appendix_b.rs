//! The text of SMPP v3.4, Appendix B, in short_message, and both TLVs.
use super::{Format, PduBuf, ReceiptPdu};
use crate::smpp::CommandId;
use crate::smpp::octets::find;
use crate::smpp::receipt::MessageState;
use crate::smpp::receipt::fields::Fields;

pub(super) const FORMAT: Format = Format {
    command_id: CommandId::DELIVER_SM,
    write,
    #[cfg(test)]
    vector: b"\x04\0\0\0\0\0\0\0\0\x66id:1234567890 sub:001 dlvrd:001 submit date:1801222309 \
        done date:1801222310 stat:DELIVRD err:000 text:\
        \x00\x1E\x00\x0B1234567890\0\x04\x27\x00\x01\x02",
};

fn write(receipt: &ReceiptPdu<'_>, page: &mut PduBuf) {
    receipt.put_head(page);
    let start = page.len;
    put_text(receipt, page);
    // an err of any length keeps a receipt's text well under 255
    page.octets[start - 1] = (page.len - start) as u8;
    receipt.put_tlvs(page);
}

/// Appends the text, which other formats carry elsewhere.
#[inline]
pub(super) fn put_text(receipt: &ReceiptPdu<'_>, page: &mut PduBuf) {
    page.put(b"id:");
    page.put_front(receipt.id);
    let is_delivered = receipt.state == MessageState::Delivered;
    page.put(if is_delivered { b" sub:001 dlvrd:001" } else { b" sub:001 dlvrd:000" });
    page.put(b" submit date:");
    page.put_front((receipt.submitted, 10));
    page.put(b" done date:");
    page.put_front((receipt.done, 10));
    receipt.put_outcome(err_of(receipt.state), page);
}

/// The err of a state; ours, for Appendix B leaves it to the vendor.
pub(super) const fn err_of(state: MessageState) -> &'static [u8; 3] {
    match state {
        MessageState::Delivered | MessageState::Enroute | MessageState::Accepted => b"000",
        MessageState::Scheduled
        | MessageState::Expired
        | MessageState::Deleted
        | MessageState::Undeliverable
        | MessageState::Unknown
        | MessageState::Rejected
        | MessageState::Skipped
        | MessageState::Other(_) => b"001",
    }
}

/// Reads what the hot path needs of a text that has every field of Appendix B, as wide as most SMSCs write it: then
/// each is at a known offset behind the id. `None`: another text.
#[inline]
pub(in crate::smpp::receipt) fn read(body: &[u8]) -> Option<Fields<'_>> {
    const NAMES: [(usize, &[u8]); 6] = [
        (0, b" sub:"),
        (8, b" dlvrd:"),
        (18, b" submit date:"),
        (41, b" done date:"),
        (62, b" stat:"),
        (75, b" err:"),
    ];
    const VALUES: [(usize, usize); 6] = [(5, 8), (15, 18), (31, 41), (52, 62), (68, 75), (80, 83)];
    let octets = body.strip_prefix(b"id:")?;
    let (id, behind) = octets.split_at(find(octets, b' ')?);
    let (fields, rest) = behind.split_first_chunk::<83>()?;
    let named = NAMES.iter().all(|(at, name)| fields[*at..].starts_with(name));
    // a blank would end a value before its width is full, a NUL is no part of one
    let full = VALUES.iter().all(|(from, to)| fields[*from..*to].iter().all(|o| *o > b' '));
    let ends = rest.first().is_none_or(|octet| *octet == b' ');
    let known = named && full && ends && id.last().is_some_and(|octet| *octet != 0);
    let (stat, err) = (Some(&fields[68..75]), Some(&fields[80..83]));
    known.then_some(Fields { id: Some(id), stat, err, ..Fields::default() })
}
