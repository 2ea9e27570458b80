//! OpenMarket's text (docs/smpp/openmarket.md, "deliver_sm"): dates with seconds, zeros for the counts and where
//! nothing was ever done; no TLVs.
use super::{Format, PduBuf, ReceiptPdu, appendix_b};
use crate::smpp::CommandId;
use crate::smpp::receipt::MessageState;

pub(super) const FORMAT: Format = Format {
    command_id: CommandId::DELIVER_SM,
    write,
    #[cfg(test)]
    vector: b"\x04\0\0\0\0\0\0\0\0\x68id:1234567890 sub:000 dlvrd:000 submitdate:180122230957 \
        donedate:180122231059 stat:DELIVRD err:004 text:",
};

fn write(receipt: &ReceiptPdu<'_>, page: &mut PduBuf) {
    receipt.put_head(page);
    let start = page.len;
    page.put(b"id:");
    page.put_front(receipt.id);
    page.put(b" sub:000 dlvrd:000 submitdate:");
    page.put(receipt.submitted);
    page.put(b" donedate:");
    page.put(if is_never_done(receipt.state) { b"000000000000" } else { receipt.done });
    receipt.put_outcome(err_of(receipt.state), page);
    // an err of any length keeps a receipt's text well under 255
    page.octets[start - 1] = (page.len - start) as u8;
}

/// Whether nothing was ever done for a message in this state: the date is zeros.
const fn is_never_done(state: MessageState) -> bool {
    match state {
        MessageState::Scheduled
        | MessageState::Enroute
        | MessageState::Unknown
        | MessageState::Rejected
        | MessageState::Skipped
        | MessageState::Other(_) => true,
        MessageState::Delivered
        | MessageState::Expired
        | MessageState::Deleted
        | MessageState::Undeliverable
        | MessageState::Accepted => false,
    }
}

/// The err of a state, as far as docs/smpp/openmarket.md, "deliver_sm" names it; the rest is ours.
const fn err_of(state: MessageState) -> &'static [u8; 3] {
    match state {
        MessageState::Delivered => b"004",
        MessageState::Undeliverable => b"345",
        MessageState::Rejected => b"375",
        MessageState::Scheduled
        | MessageState::Enroute
        | MessageState::Expired
        | MessageState::Deleted
        | MessageState::Accepted
        | MessageState::Unknown
        | MessageState::Skipped
        | MessageState::Other(_) => appendix_b::err_of(state),
    }
}
