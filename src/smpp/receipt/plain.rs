//! A receipt's text in plain octets, one a character, whatever it came in: behind a user data header, in UCS-2 of
//! either order, in packed septets. What the text looks like decides, not `data_coding` alone: that is often wrong.
use super::text::{self, Depth};
use super::tlvs::ReceiptTlvs;
use crate::smpp::coding::unpack;
use crate::smpp::pdu::Body;
use std::borrow::Cow;

const UDHI: u8 = 0x40;

/// The order of UCS-2 units.
#[derive(Clone, Copy)]
enum Order {
    HighFirst,
    LowFirst,
}

/// Whether the text must be brought into plain octets before it is read.
#[inline]
pub(super) fn is_coded(esm_class: u8, text: &[u8]) -> bool {
    let [first, second, ..] = text else { return false };
    // every receipt begins with a letter or a digit: not with a zero, nor with a byte order mark
    esm_class & UDHI != 0 || *first == 0 || *second == 0 || *first >= 0xFE
}

/// The text of a `deliver_sm` or `data_sm` in plain octets; empty of any other PDU.
pub fn text_of<'a>(body: &Body<'a>) -> Cow<'a, [u8]> {
    let (esm_class, data_coding, short_message, tlvs) = match body {
        Body::DeliverSm(sm) => (sm.esm_class, sm.data_coding, sm.short_message, sm.tlvs),
        Body::DataSm(sm) => (sm.esm_class, sm.data_coding, &[][..], sm.tlvs),
        _ => return Cow::Borrowed(&[]),
    };
    of(esm_class, data_coding, ReceiptTlvs::of(tlvs).body(short_message))
}

/// A text in plain octets.
pub(super) fn of(esm_class: u8, data_coding: u8, text: &[u8]) -> Cow<'_, [u8]> {
    let header = match text.first() {
        Some(length) if esm_class & UDHI != 0 => (usize::from(*length) + 1).min(text.len()),
        Some(_) | None => 0,
    };
    // a header that is announced and is not there: the text is all of it
    let header = if text::scan(text, Depth::Brief).id.is_some() { 0 } else { header };
    let behind = &text[header..];
    if let Some((order, units)) = wide(behind) {
        return Cow::Owned(narrowed(order, units));
    }
    if is_septets(data_coding) && text::scan(behind, Depth::Brief).id.is_none() {
        // septets begin at the next septet's border behind a header
        let fill = ((7 - header * 8 % 7) % 7) as u8;
        let unpacked = unpack(behind, behind.len() * 8 / 7, fill);
        if text::scan(&unpacked, Depth::Brief).id.is_some() {
            return Cow::Owned(unpacked);
        }
    }
    Cow::Borrowed(behind)
}

fn is_septets(data_coding: u8) -> bool {
    data_coding == 0 || (data_coding >= 0xF0 && data_coding & 0x04 == 0)
}

/// UCS-2, by its looks: its first two characters are ASCII, or it has a byte order mark.
fn wide(text: &[u8]) -> Option<(Order, &[u8])> {
    match text {
        [0xFE, 0xFF, units @ ..] => Some((Order::HighFirst, units)),
        [0xFF, 0xFE, units @ ..] => Some((Order::LowFirst, units)),
        [0, 1..=255, 0, 1..=255, ..] => Some((Order::HighFirst, text)),
        [1..=255, 0, 1..=255, 0, ..] => Some((Order::LowFirst, text)),
        _ => None,
    }
}

/// Each unit as an octet; what is no ASCII is `?`.
fn narrowed(order: Order, units: &[u8]) -> Vec<u8> {
    let octet = |unit: &[u8]| match (order, unit) {
        (Order::HighFirst, [0, low]) | (Order::LowFirst, [low, 0]) if low.is_ascii() => *low,
        _ => b'?',
    };
    units.chunks_exact(2).map(octet).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::coding::pack;

    const TEXT: &[u8] = b"id:0123456789 sub:001 dlvrd:001 stat:DELIVRD err:000 text:x";

    fn high_first(text: &[u8]) -> Vec<u8> {
        text.iter().flat_map(|octet| [0, *octet]).collect()
    }
    fn low_first(text: &[u8]) -> Vec<u8> {
        text.iter().flat_map(|octet| [*octet, 0]).collect()
    }

    #[test]
    fn a_text_is_the_same_in_every_coding_and_behind_any_header() {
        let marked = [&[0xFE, 0xFF][..], &high_first(TEXT)].concat();
        for (data_coding, coded) in [
            (0, TEXT.to_vec()),
            (8, TEXT.to_vec()),
            (8, high_first(TEXT)),
            (0, high_first(TEXT)),
            (8, low_first(TEXT)),
            (8, marked),
        ] {
            assert_eq!(of(4, data_coding, &coded)[..], *TEXT);
            for header in [&[5, 0, 3, 7, 1, 1][..], &[6, 8, 4, 0, 7, 1, 1], &[0]] {
                let behind = [header, &coded].concat();
                assert_eq!(of(0x44, data_coding, &behind)[..], *TEXT, "{header:?}");
            }
        }
        // announced, and not there
        assert_eq!(of(0x44, 0, TEXT)[..], *TEXT);
    }

    #[test]
    fn packed_septets_are_unpacked_where_the_text_says_nothing_as_it_stands() {
        let unpacked = of(4, 0, &pack(TEXT, 0)).into_owned();
        assert!(unpacked.starts_with(TEXT), "{unpacked:?}");
        let header = [5, 0, 3, 7, 1, 1];
        let behind = [&header[..], &pack(TEXT, 1)].concat();
        assert!(of(0x44, 0, &behind).starts_with(TEXT));
        assert_eq!(of(4, 4, &pack(TEXT, 0))[..], pack(TEXT, 0)[..], "binary is no text");
    }

    #[test]
    fn whatever_is_shorter_than_its_header_or_a_unit_is_no_text() {
        for text in [&b""[..], &[0], &[0, 0], &[9, 1, 2], &[0, 1, 0], &[0xFE, 0xFF, 0]] {
            for esm_class in [4, 0x44] {
                let _ = of(esm_class, 0, text);
                let _ = of(esm_class, 8, text);
            }
        }
    }
}
