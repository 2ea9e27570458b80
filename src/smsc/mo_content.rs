//! Texts and addresses of mobile-originated messages.
use super::pending_delivery::Address;
use crate::smpp::marker::{Marker, MarkerKind, MessageKey};

/// The text of MO where none is configured.
pub(super) const MO_TEXT: &str = "STOP";
/// Destination of MO: a short code that we chose; docs/smpp/protocol.md gives none.
const MO_DESTINATION: &[u8] = b"60601";

/// The text of an MO, encoded.
#[derive(Clone, Debug)]
pub(super) struct MoText {
    pub(super) data_coding: u8,
    pub(super) octets: Vec<u8>,
}

impl MoText {
    /// ASCII in data_coding 0, any other text in UCS-2.
    pub(super) fn new(text: &str) -> MoText {
        if text.is_ascii() {
            return MoText { data_coding: 0, octets: text.as_bytes().to_vec() };
        }
        MoText { data_coding: 8, octets: text.encode_utf16().flat_map(u16::to_be_bytes).collect() }
    }
}

impl MoText {
    /// The text with the marker of an MO of a run at its end.
    pub(super) fn marked(&self, run: u32, of: u8, number: u64) -> MoText {
        let key = MessageKey { kind: MarkerKind::Mo, message: number, part: of };
        let mut text = self.clone();
        for octet in b" ".iter().chain(&Marker::new(run, key).token()) {
            if self.data_coding == 8 {
                text.octets.push(0);
            }
            text.octets.push(*octet);
        }
        text
    }
}

/// Source and destination of the MO with this number.
pub(super) fn mo_addresses(number: u64) -> (Address, Address) {
    let source = format!("447700900{:03}", number % 1000);
    let source = Address::new(1, 1, source.as_bytes(), 0, source.len());
    (source, Address::new(3, 0, MO_DESTINATION, 0, MO_DESTINATION.len()))
}
