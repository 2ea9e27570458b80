//! A data_sm with TLVs.
use super::{Format, PduBuf, ReceiptPdu};
use crate::smpp::CommandId;

pub(super) const FORMAT: Format = Format {
    command_id: CommandId::DATA_SM,
    write,
    #[cfg(test)]
    vector: b"\x04\0\0\x00\x1E\x00\x0B1234567890\0\x04\x27\x00\x01\x02",
};

fn write(receipt: &ReceiptPdu<'_>, page: &mut PduBuf) {
    page.put(&[receipt.esm_class, 0, 0]);
    receipt.put_tlvs(page);
}
