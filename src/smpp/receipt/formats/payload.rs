//! The text of Appendix B in message_payload.
use super::{Format, PduBuf, ReceiptPdu, appendix_b};
use crate::smpp::{CommandId, Tag};

pub(super) const FORMAT: Format = Format {
    command_id: CommandId::DELIVER_SM,
    write,
    #[cfg(test)]
    vector: b"\x04\0\0\0\0\0\0\0\0\0\x04\x24\x00\x66id:1234567890 sub:001 dlvrd:001 \
        submit date:1801222309 done date:1801222310 stat:DELIVRD err:000 text:",
};

fn write(receipt: &ReceiptPdu<'_>, page: &mut PduBuf) {
    receipt.put_head(page);
    page.put(&Tag::MESSAGE_PAYLOAD.0.to_be_bytes());
    page.put(&[0; 2]);
    let start = page.len;
    appendix_b::put_text(receipt, page);
    let octets = (page.len - start) as u16;
    page.octets[start - 2..start].copy_from_slice(&octets.to_be_bytes());
}
