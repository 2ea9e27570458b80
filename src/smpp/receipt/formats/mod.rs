//! The formats of receipts. Each is a file: what the simulator writes of it, what only it needs to be read, and a test
//! vector. Here is their table, and what they share. They know no session and no clock.
mod appendix_b;
mod data_sm;
mod openmarket;
mod payload;
#[cfg(test)]
mod tests;
mod tlv_only;

pub(super) use appendix_b::read as read_appendix_b;

use super::MessageState;
use crate::smpp::{CommandId, Tag};
use bytes::BytesMut;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a receipt is carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptFormat {
    /// Text of Appendix B in short_message, and both TLVs.
    #[default]
    AppendixB,
    /// OpenMarket's text, without TLVs.
    Openmarket,
    /// TLVs without text.
    TlvOnly,
    /// Text in message_payload.
    Payload,
    /// A data_sm with TLVs.
    DataSm,
}

/// A format: its PDU and its writer.
struct Format {
    command_id: CommandId,
    /// Appends everything from esm_class on.
    write: fn(&ReceiptPdu<'_>, &mut PduBuf),
    /// What `write` appends of the sample in `tests.rs`.
    #[cfg(test)]
    vector: &'static [u8],
}

impl ReceiptFormat {
    /// The table of the formats.
    const fn row(self) -> &'static Format {
        match self {
            ReceiptFormat::AppendixB => &appendix_b::FORMAT,
            ReceiptFormat::Openmarket => &openmarket::FORMAT,
            ReceiptFormat::TlvOnly => &tlv_only::FORMAT,
            ReceiptFormat::Payload => &payload::FORMAT,
            ReceiptFormat::DataSm => &data_sm::FORMAT,
        }
    }
}

/// Octets at the front of an array, and their number: copied as a move of a fixed size.
pub type Front<'a, const N: usize> = (&'a [u8; N], usize);

/// An address of a receipt.
#[derive(Clone, Copy, Debug)]
pub struct ReceiptAddress<'a> {
    /// Type of number.
    pub ton: u8,
    /// Numbering plan indicator.
    pub npi: u8,
    /// The digits.
    pub digits: Front<'a, 20>,
}

/// A receipt to be written, in any format.
#[derive(Clone, Copy, Debug)]
pub struct ReceiptPdu<'a> {
    /// sequence_number.
    pub sequence_number: u32,
    /// service_type, with its NUL.
    pub service_type: &'a [u8],
    /// source_addr: the message's destination.
    pub source: ReceiptAddress<'a>,
    /// destination_addr: the message's source.
    pub destination: ReceiptAddress<'a>,
    /// 0x04 for a final receipt, 0x20 for an intermediate notification.
    pub esm_class: u8,
    /// The message id as the receipt spells it.
    pub id: Front<'a, 40>,
    /// When the message was submitted: `YYMMDDhhmmss`, UTC.
    pub submitted: &'a [u8; 12],
    /// When the message reached its state: `YYMMDDhhmmss`, UTC.
    pub done: &'a [u8; 12],
    /// The message's state.
    pub state: MessageState,
    /// The err, of which at most 16 octets are written. None: as the format has it for the state.
    pub err: Option<&'a str>,
}

impl ReceiptPdu<'_> {
    /// Appends the receipt in `format`. It is put together on the stack and appended once.
    #[inline]
    pub fn write(&self, format: ReceiptFormat, out: &mut BytesMut) {
        let format = format.row();
        // the first four octets are for the length
        let mut page = PduBuf { octets: [0; 512], len: 4 };
        page.put(&format.command_id.0.to_be_bytes());
        page.put(&[0; 4]);
        page.put(&self.sequence_number.to_be_bytes());
        match self.service_type {
            [0] => page.put(&[0]),
            named => page.put_slice(named),
        }
        for address in [&self.source, &self.destination] {
            page.put(&[address.ton, address.npi]);
            page.put_front(address.digits);
            page.put(&[0]);
        }
        (format.write)(self, &mut page);
        let octets = page.len as u32;
        page.octets[..4].copy_from_slice(&octets.to_be_bytes());
        out.extend_from_slice(&page.octets[..page.len]);
    }

    /// Appends what is between the addresses and the text of a deliver_sm, with an empty text.
    #[inline]
    fn put_head(&self, page: &mut PduBuf) {
        page.put(&[self.esm_class, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }

    /// Appends `stat`, `err` (`usual` where there is none of its own) and the key of an empty text.
    #[inline]
    fn put_outcome(&self, usual: &[u8; 3], page: &mut PduBuf) {
        page.put(b" stat:");
        let stat = self.state.stat().as_bytes();
        match stat.first_chunk::<7>() {
            Some(stat) => page.put(stat),
            None => page.put_slice(stat),
        }
        page.put(b" err:");
        match self.err {
            Some(err) => page.put_slice(&err.as_bytes()[..err.len().min(16)]),
            None => page.put(usual),
        }
        page.put(b" text:");
    }

    /// Appends TLVs `receipted_message_id` and `message_state`.
    #[inline]
    fn put_tlvs(&self, page: &mut PduBuf) {
        page.put(&Tag::RECEIPTED_MESSAGE_ID.0.to_be_bytes());
        page.put(&(self.id.1 as u16 + 1).to_be_bytes());
        page.put_front(self.id);
        page.put(&[0]);
        page.put(&Tag::MESSAGE_STATE.0.to_be_bytes());
        page.put(&[0, 1, self.state.wire()]);
    }
}

/// A PDU on the stack; a receipt is never longer.
struct PduBuf {
    octets: [u8; 512],
    len: usize,
}

impl PduBuf {
    #[inline]
    fn put<const N: usize>(&mut self, octets: &[u8; N]) {
        self.octets[self.len..self.len + N].copy_from_slice(octets);
        self.len += N;
    }
    /// Copies all `N` octets and keeps the first `len`: a move of a fixed size.
    #[inline]
    fn put_front<const N: usize>(&mut self, (octets, len): Front<'_, N>) {
        self.octets[self.len..self.len + N].copy_from_slice(octets);
        self.len += len;
    }
    fn put_slice(&mut self, octets: &[u8]) {
        self.octets[self.len..self.len + octets.len()].copy_from_slice(octets);
        self.len += octets.len();
    }
}
