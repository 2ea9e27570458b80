//! Receipts of one SMSC differ from each other in numbers: the last one read is a mould for the next. What fits
//! it says the same, but for its id, and need not be read again.

use super::{Brief, Delivered, IdIn, MessageState, Wanted, read_frame, skip_cstr, text};
use crate::smpp::{CommandId, Header, Tlvs};
use std::ops::Range;

/// Reads receipts as [`read_frame`] does, faster where they resemble each other.
#[derive(Debug, Default)]
pub struct Mould {
    /// The PDU that was read last, word by word of eight octets.
    octets: Vec<u8>,
    /// All ones where a PDU must have the same octets.
    fixed: Vec<u8>,
    /// Where there may be others, so long as none is a blank or less: they end no field and begin none.
    open: [Range<usize>; 3],
    id: Range<usize>,
    err: Range<usize>,
    id_in: Option<IdIn>,
    state: Option<MessageState>,
    intermediate: bool,
    /// Reads before a new mould is cast: receipts that do not resemble each other are not worth one.
    wait: u32,
    misses: u32,
}

/// Longer PDUs are not worth a mould.
const OCTETS_MAX: usize = 1024;

impl Mould {
    /// See [`read_frame`].
    #[inline]
    pub fn read<'a>(&mut self, frame: &'a [u8]) -> Option<Delivered<'a>> {
        if let (true, Some(id_in), Some(state)) = (self.fits(frame), self.id_in, self.state) {
            let (id, err) = (&frame[self.id.clone()], &frame[self.err.clone()]);
            let brief = Brief { id, id_in, state, err, intermediate: self.intermediate };
            return Some(Delivered::Receipt(brief));
        }
        self.read_anew(frame)
    }

    #[inline]
    fn fits(&self, frame: &[u8]) -> bool {
        if frame.len() != self.octets.len() || frame.is_empty() {
            return false;
        }
        let (words, rest) = frame.as_chunks::<8>();
        let (moulds, mould_rest) = self.octets.as_chunks::<8>();
        let (masks, mask_rest) = self.fixed.as_chunks::<8>();
        let mut differing = 0;
        for ((word, mould), mask) in words.iter().zip(moulds).zip(masks) {
            let word = u64::from_ne_bytes(*word) ^ u64::from_ne_bytes(*mould);
            differing |= word & u64::from_ne_bytes(*mask);
        }
        for ((octet, mould), mask) in rest.iter().zip(mould_rest).zip(mask_rest) {
            differing |= u64::from((octet ^ mould) & mask);
        }
        differing == 0 && self.open.iter().all(|place| is_graphic(&frame[place.clone()]))
    }

    #[cold]
    fn read_anew<'a>(&mut self, frame: &'a [u8]) -> Option<Delivered<'a>> {
        let read = read_frame(frame);
        if self.wait > 0 {
            self.wait -= 1;
            return read;
        }
        // ever more seldom where nothing fits
        self.misses = (self.misses + 1).min(6);
        self.wait = (1 << self.misses) - 2;
        if let Some(Delivered::Receipt(brief)) = &read {
            self.cast(frame, brief);
        }
        read
    }

    fn cast(&mut self, frame: &[u8], brief: &Brief<'_>) {
        self.octets.clear();
        let Some(layout) = Layout::of(frame).filter(|_| brief.id_in != IdIn::Absent) else {
            return;
        };
        let place = |part: &[u8]| {
            let start = part.as_ptr().addr() - frame.as_ptr().addr();
            start..start + part.len()
        };
        self.fixed.clear();
        self.fixed.resize(frame.len(), 0xFF);
        let tlv_id = layout.tlv_id.map_or(0..0, place);
        self.open = [place(layout.source_addr), place(layout.text_id), tlv_id];
        let may_differ = [12..Header::OCTETS, place(layout.behind_err)];
        for open in self.open.iter().chain(&may_differ) {
            self.fixed[open.clone()].fill(0);
        }
        self.octets.extend_from_slice(frame);
        (self.id, self.err) = (place(brief.id), place(brief.err));
        (self.id_in, self.state) = (Some(brief.id_in), Some(brief.state));
        self.intermediate = brief.intermediate;
        // a mould that fits nothing, not even what it was cast of, is none
        if !self.fits(frame) {
            self.octets.clear();
        }
    }
}

/// Where in a deliver_sm that is a receipt to the letter what varies stands.
struct Layout<'a> {
    source_addr: &'a [u8],
    text_id: &'a [u8],
    tlv_id: Option<&'a [u8]>,
    /// What follows `err:` and its value, which nobody reads.
    behind_err: &'a [u8],
}

impl<'a> Layout<'a> {
    fn of(frame: &'a [u8]) -> Option<Layout<'a>> {
        let is_deliver_sm = Header::read(frame)?.command_id == CommandId::DELIVER_SM;
        if !is_deliver_sm || frame.len() > OCTETS_MAX {
            return None;
        }
        let addresses = skip_cstr(&frame[Header::OCTETS..])?.get(2..)?;
        let behind_source = skip_cstr(addresses)?;
        let source_addr = &addresses[..addresses.len() - behind_source.len() - 1];
        let rest = skip_cstr(behind_source.get(2..)?)?;
        let rest = skip_cstr(skip_cstr(rest.get(3..)?)?)?;
        let (fixed, rest) = rest.split_at_checked(5)?;
        let (short_message, tlvs) = rest.split_at_checked(usize::from(fixed[4]))?;
        let fields = text::to_the_letter(short_message)?;
        let (text_id, err) = (fields.id?, fields.err?);
        let err_ends = err.as_ptr().addr() + err.len() - short_message.as_ptr().addr();
        let behind_err = short_message.get(err_ends + 1..).unwrap_or_default();
        let wanted = Wanted::of(Tlvs(tlvs));
        Some(Layout { source_addr, text_id, tlv_id: wanted.id, behind_err })
    }
}

/// No octet is a blank or less.
#[inline]
fn is_graphic(octets: &[u8]) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let word = |word: &[u8; 8]| {
        let word = u64::from_ne_bytes(*word);
        // 0x21 and more carries into the highest bit of its octet
        (((word & !HIGH) + 0x5F5F_5F5F_5F5F_5F5F) | word) & HIGH == HIGH
    };
    match octets.last_chunk::<8>() {
        Some(last) => word(last) && octets.as_chunks::<8>().0.iter().all(word),
        None => octets.iter().all(|octet| *octet > b' '),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::pdu::DeliverSm;
    use crate::smpp::{CommandStatus, Tag, put_tlv};
    use bytes::BytesMut;
    use proptest::prelude::*;

    fn receipt(id: &str, tlv_id: Option<&[u8]>, source: &str, date: &str, text: &str) -> Vec<u8> {
        let body = format!(
            "id:{id} sub:001 dlvrd:001 submit date:{date} done date:{date} stat:DELIVRD err:000 text:{text}"
        );
        let (mut run, mut out) = (BytesMut::new(), BytesMut::new());
        if let Some(id) = tlv_id {
            put_tlv(Tag::RECEIPTED_MESSAGE_ID, id, &mut run);
        }
        put_tlv(Tag::MESSAGE_STATE, &[2], &mut run);
        let sm = DeliverSm {
            source_addr: source.as_bytes(),
            destination_addr: b"447700900000",
            esm_class: 4,
            short_message: body.as_bytes(),
            tlvs: Tlvs(&run),
            ..DeliverSm::default()
        };
        sm.encode(CommandStatus::ESME_ROK, 1, &mut out);
        out.to_vec()
    }

    #[test]
    fn receipts_that_differ_in_numbers_and_text_fit_and_are_read_the_same() {
        let mut mould = Mould::default();
        for tlv in [true, false] {
            for n in 0..300u32 {
                let id = format!("{:010}", 7 * n);
                let tlv_id = [id.as_bytes(), b"\0"].concat();
                let source = format!("4477009{n:05}");
                let tlv_id = tlv.then_some(&tlv_id[..]);
                let frame = receipt(&id, tlv_id, &source, "2611280643", &format!("{n:05}"));
                assert!(n < 64 || mould.fits(&frame), "{n}");
                assert_eq!(mould.read(&frame), read_frame(&frame));
            }
        }
    }

    #[test]
    fn what_would_shift_a_field_or_says_something_else_does_not_fit() {
        let frame = |id, tlv_id, date| receipt(id, Some(tlv_id), "447700900001", date, "x");
        let first = frame("0000000001", b"0000000001\0", "2611280643");
        let mut with_nul = first.clone();
        with_nul[Header::OCTETS + 5] = 0;
        for other in [
            frame("000 stat:X", b"0000000001\0", "2611280643"),
            with_nul,
            frame("0000000001", b"0000000001x", "2611280643"),
            frame("0000000001", b"00000000\0\0\0", "2611280643"),
            frame("0000000001", b"0000000001\0", "2611280644"),
        ] {
            let mut mould = Mould::default();
            mould.read(&first);
            assert!(mould.fits(&first));
            assert!(other.len() == first.len() && !mould.fits(&other));
            assert_eq!(mould.read(&other), read_frame(&other));
        }
    }

    proptest! {
        #[test]
        fn a_changed_octet_anywhere_is_read_as_without_a_mould(
            at in 0usize..400, octet in any::<u8>(), tlv in any::<bool>()
        ) {
            let mut mould = Mould::default();
            let tlv_id = tlv.then_some(&b"0000000001\0"[..]);
            let mut frame = receipt("0000000001", tlv_id, "447700900001", "2611280643", "abc");
            mould.read(&frame);
            prop_assert!(mould.fits(&frame));
            let at = 4 + at % (frame.len() - 4);
            frame[at] = octet;
            prop_assert_eq!(mould.read(&frame), read_frame(&frame));
        }

        #[test]
        fn graphic_octets_are_those_above_the_blank(octets in proptest::collection::vec(any::<u8>(), 0..40)) {
            prop_assert_eq!(is_graphic(&octets), octets.iter().all(|o| *o > b' '));
            let graphic: Vec<u8> = octets.iter().map(|o| (*o).max(b'!')).collect();
            prop_assert!(is_graphic(&graphic));
        }
    }
}
