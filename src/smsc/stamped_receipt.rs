//! A receipt that is written again with another id and other addresses of the same lengths: nearly all receipts of a
//! second differ in nothing else. Knows no format: where the id stands is found by writing one that cannot stand elsewhere.
use super::id_generator::{ID_MAX, SpelledId};
use super::pending_delivery::{AddressRef, ReceiptContent};
use crate::smpp::Header;
use bytes::BytesMut;

/// What decides all octets of a receipt but its sequence_number, the digits of its addresses and its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReceiptKey {
    /// ton, npi and length of source and destination.
    addresses: [[u8; 3]; 2],
    id_length: u8,
    esm_class: u8,
    state: u8,
    rule: u16,
    /// Wall seconds of its dates.
    seconds: [u64; 2],
}

impl ReceiptKey {
    /// The key of a receipt. `seconds`: of its submit date and its done date, since 1970.
    #[inline]
    pub(super) fn new(
        content: &ReceiptContent<'_>,
        id: &SpelledId,
        seconds: [u64; 2],
    ) -> ReceiptKey {
        let shape =
            |address: AddressRef<'_>| [address.ton, address.npi, address.digits.len() as u8];
        ReceiptKey {
            addresses: [shape(content.from), shape(content.to)],
            id_length: id.raw().1 as u8,
            esm_class: content.esm_class,
            state: content.state,
            rule: content.rule,
            seconds,
        }
    }
}

/// The receipt that was written last, ready to be stamped.
#[derive(Clone, Debug, Default)]
pub(super) struct StampedReceipt {
    /// None: none was written yet.
    key: Option<ReceiptKey>,
    /// All of it. Empty: its key was met once only.
    octets: Vec<u8>,
    /// Where the digits of source and destination stand.
    digits_at: [usize; 2],
    /// Where the id stands.
    ids_at: Vec<usize>,
}

/// An octet that is in no receipt, so that an id of it is found again.
const FOREIGN: u8 = 0xFF;

impl StampedReceipt {
    /// Whether the last receipt was not stamped.
    #[cfg(test)]
    pub(super) fn is_unused(&self) -> bool {
        self.octets.is_empty()
    }

    /// Whether [`StampedReceipt::stamp`] can write this receipt. `write` appends one with the id that it is given; it is
    /// called when a key is met for the second time in a row.
    #[inline]
    pub(super) fn fits(
        &mut self,
        key: ReceiptKey,
        service_type_octets: usize,
        write: impl FnOnce(&SpelledId, &mut BytesMut),
    ) -> bool {
        if self.key != Some(key) {
            self.key = Some(key);
            self.octets.clear();
            return false;
        }
        if self.octets.is_empty() {
            self.learn(key, service_type_octets, write);
        }
        !self.ids_at.is_empty()
    }

    #[cold]
    fn learn(
        &mut self,
        key: ReceiptKey,
        service_type_octets: usize,
        write: impl FnOnce(&SpelledId, &mut BytesMut),
    ) {
        let octets = [FOREIGN; ID_MAX];
        let foreign = &octets[..usize::from(key.id_length)];
        self.ids_at.clear();
        let Some(id) = SpelledId::of(foreign) else { return };
        let mut out = BytesMut::new();
        write(&id, &mut out);
        self.octets = out.to_vec();
        let source = Header::OCTETS + service_type_octets + 2;
        let [[.., source_length], _] = key.addresses;
        self.digits_at = [source, source + usize::from(source_length) + 3];
        let mut from = 0;
        while let Some(at) = self.octets[from..].windows(foreign.len()).position(|w| w == foreign) {
            self.ids_at.push(from + at);
            from += at + foreign.len();
        }
    }

    /// Appends the receipt with this sequence_number, these addresses and this id.
    #[inline]
    pub(super) fn stamp(
        &self,
        content: &ReceiptContent<'_>,
        sequence: u32,
        id: &SpelledId,
        out: &mut BytesMut,
    ) {
        let start = out.len();
        out.extend_from_slice(&self.octets);
        // patched behind the copy, not before it: a processor waits where it reads what it has just written in pieces
        let page = &mut out[start..];
        page[12..16].copy_from_slice(&sequence.to_be_bytes());
        for (at, address) in self.digits_at.into_iter().zip([content.from, content.to]) {
            page[at..at + address.digits.len()].copy_from_slice(address.digits);
        }
        for at in &self.ids_at {
            let place = &mut page[*at..];
            match (id.as_slice().first_chunk::<10>(), id.raw().1) {
                (Some(ten), 10) => place[..10].copy_from_slice(ten),
                (_, length) => place[..length].copy_from_slice(id.as_slice()),
            }
        }
    }
}
