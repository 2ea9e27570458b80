//! Receipts of one SMSC differ from each other in numbers: the last one read is a template for the next. What fits
//! it says the same, but for its id, and need not be read again.

use super::formats::read_appendix_b;
use super::tlvs::ReceiptTlvs;
use super::{Brief, Delivered, IdIn, MessageState, read_frame, skip_cstr};
use crate::smpp::{CommandId, Header, Tlvs};
use std::ops::Range;

/// Reads receipts as [`read_frame`] does, faster where they resemble each other.
#[derive(Debug, Default)]
pub struct ReceiptTemplate {
    /// Octets of the PDU that was read last; 0: there is no template.
    length: usize,
    /// Stretches that a PDU must have too.
    fixed: Vec<FixedWord>,
    /// The others, as far as what is in them matters.
    masked_words: Vec<MaskedWord>,
    id: Range<usize>,
    err: Range<usize>,
    id_in: Option<IdIn>,
    state: Option<MessageState>,
    intermediate: bool,
    /// Reads before a new template is learn: receipts that do not resemble each other are not worth one.
    wait: u32,
    misses: u32,
}

/// Receipts one behind the other that fit one template: see [`ReceiptTemplate::alike`].
#[derive(Clone, Debug)]
pub struct ReceiptRun<'a> {
    /// All of them.
    frames: &'a [u8],
    /// Octets of each.
    length: usize,
    /// Where in each its id is; it is not empty.
    id: Range<usize>,
    first: Brief<'a>,
}

impl<'a> ReceiptRun<'a> {
    /// The first receipt; the others have the same fields except their ids.
    pub fn first(&self) -> Brief<'a> {
        self.first
    }
    /// Octets of all.
    pub fn octets(&self) -> usize {
        self.frames.len()
    }
    /// How many there are.
    pub fn count(&self) -> usize {
        self.frames.len() / self.length
    }
    fn frames(&self) -> std::slice::ChunksExact<'a, u8> {
        self.frames.chunks_exact(self.length)
    }
    /// The sequence_number of each.
    pub fn sequence_numbers(&self) -> impl ExactSizeIterator<Item = u32> + use<'a> {
        self.frames().map(|frame| match frame[..Header::OCTETS].last_chunk() {
            Some(number) => u32::from_be_bytes(*number),
            None => 0,
        })
    }
    /// The id of each.
    pub fn ids(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let id = self.id.clone();
        self.frames().map(move |frame| &frame[id.clone()])
    }
}

/// Longer PDUs are not worth a template.
const OCTETS_MAX: usize = 1024;

/// Octets of a stretch: the widest word that any processor has.
const WIDE: usize = 16;

/// Such a word.
#[derive(Clone, Copy, Debug)]
#[repr(align(16))]
struct Word([u8; WIDE]);

/// A stretch of the PDU that was read last.
#[derive(Clone, Copy, Debug)]
struct FixedWord {
    at: u16,
    octets: Word,
}

/// A stretch of which some octets may be others.
#[derive(Clone, Copy, Debug)]
struct MaskedWord {
    at: u16,
    octets: Word,
    /// All ones where a PDU must have the same octets.
    fixed: Word,
    /// All ones where octets may differ, if they are above a blank: then they neither end nor begin a field.
    open: Word,
}

/// The stretch of a PDU that begins there.
#[inline]
fn wide(frame: &[u8], at: u16) -> Option<&[u8; WIDE]> {
    let at = usize::from(at);
    frame.get(at..at + WIDE)?.first_chunk()
}

// no octet branches in these, so that a processor does all of a stretch at once
impl FixedWord {
    /// Adds to `wrong` what is not as it must be.
    #[inline]
    fn differs(&self, octets: &[u8; WIDE], wrong: &mut [u8; WIDE]) {
        for n in 0..WIDE {
            wrong[n] |= octets[n] ^ self.octets.0[n];
        }
    }
}

impl MaskedWord {
    /// Adds to `wrong` what is not as it must be.
    #[inline]
    fn differs(&self, octets: &[u8; WIDE], wrong: &mut [u8; WIDE]) {
        for n in 0..WIDE {
            let ends_field = u8::from(octets[n] <= b' ').wrapping_neg();
            let differs = octets[n] ^ self.octets.0[n];
            wrong[n] |= (differs & self.fixed.0[n]) | (ends_field & self.open.0[n]);
        }
    }
}

impl ReceiptTemplate {
    /// See [`read_frame`].
    #[inline]
    pub fn read<'a>(&mut self, frame: &'a [u8]) -> Option<Delivered<'a>> {
        match self.fits(frame).then(|| self.brief(frame)).flatten() {
            Some(brief) => Some(Delivered::Receipt(brief)),
            None => self.read_anew(frame),
        }
    }

    /// The fields of a PDU that fits.
    #[inline]
    fn brief<'a>(&self, frame: &'a [u8]) -> Option<Brief<'a>> {
        let (id, err) = (&frame[self.id.clone()], &frame[self.err.clone()]);
        let (id_in, state) = (self.id_in?, self.state?);
        let (intermediate, odd_state) = (self.intermediate, false);
        Some(Brief { id, id_in, state, word: &[], odd_state, err, intermediate })
    }

    /// The receipts at the start of `octets` that follow each other, whole, and fit. None: the first PDU does not.
    #[inline]
    pub fn alike<'a>(&self, octets: &'a [u8]) -> Option<ReceiptRun<'a>> {
        if self.length == 0 || self.id.is_empty() {
            return None;
        }
        let count = octets.chunks_exact(self.length).take_while(|frame| self.fits(frame)).count();
        if count == 0 {
            return None;
        }
        let frames = &octets[..count * self.length];
        let first = self.brief(frames)?;
        Some(ReceiptRun { frames, length: self.length, id: self.id.clone(), first })
    }

    #[inline]
    fn fits(&self, frame: &[u8]) -> bool {
        if frame.len() != self.length || self.length == 0 {
            return false;
        }
        let mut wrong = [0; WIDE];
        for stretch in &self.fixed {
            let Some(octets) = wide(frame, stretch.at) else { return false };
            stretch.differs(octets, &mut wrong);
        }
        for stretch in &self.masked_words {
            let Some(octets) = wide(frame, stretch.at) else { return false };
            stretch.differs(octets, &mut wrong);
        }
        wrong.iter().fold(0, |all, octet| all | octet) == 0
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
            self.learn(frame, brief);
        }
        read
    }

    fn learn(&mut self, frame: &[u8], brief: &Brief<'_>) {
        self.clear();
        // what is odd is rare, or becomes so
        let is_plain = brief.id_in != IdIn::Absent && brief.word.is_empty() && !brief.odd_state;
        let Some(layout) = Layout::of(frame).filter(|_| is_plain) else { return };
        let place = |part: &[u8]| {
            // what is not there may stand at any address
            if part.is_empty() {
                return 0..0;
            }
            let start = part.as_ptr().addr() - frame.as_ptr().addr();
            start..start + part.len()
        };
        let tlv_id = layout.tlv_id.map_or(0..0, place);
        let open = [place(layout.source_addr), place(layout.text_id), tlv_id];
        let may_differ = [12..Header::OCTETS, place(layout.behind_err)];
        let (mut fixed_all, mut open_all) = (vec![0xFF; frame.len()], vec![0; frame.len()]);
        for range in open.iter().chain(&may_differ) {
            fixed_all[range.clone()].fill(0);
        }
        for range in open {
            open_all[range].fill(0xFF);
        }
        if !self.cover(frame, &fixed_all, &open_all) {
            return self.clear();
        }
        self.length = frame.len();
        (self.id, self.err) = (place(brief.id), place(brief.err));
        (self.id_in, self.state) = (Some(brief.id_in), Some(brief.state));
        self.intermediate = brief.intermediate;
        // a template that does not fit the PDU that it was learnt from is dropped
        if !self.fits(frame) {
            self.clear();
        }
    }

    fn clear(&mut self) {
        self.length = 0;
        self.fixed.clear();
        self.masked_words.clear();
    }

    /// Covers the PDU with as few stretches as there need be, most of them fixed. `fixed` and `open` as [`MaskedWord`] has
    /// them, of all octets; what is neither may be anything. False: a PDU shorter than a stretch cannot be covered.
    fn cover(&mut self, frame: &[u8], fixed: &[u8], open: &[u8]) -> bool {
        let last = frame.len().saturating_sub(WIDE);
        let is_fixed = |n: &usize| fixed[*n] != 0;
        let mut next = 0;
        while let Some(first) = (next..frame.len()).find(|n| fixed[*n] | open[*n] != 0) {
            // the fixed octets around it, if it is one of them
            let end = first + (first..frame.len()).take_while(is_fixed).count();
            let begin = end - (0..end).rev().take_while(is_fixed).count();
            let are_enough = end > first && end - begin >= WIDE;
            let at = if are_enough { first.min(end - WIDE) } else { first.min(last) };
            next = at + WIDE;
            let at = at as u16;
            let [Some(octets), Some(fixed), Some(open)] =
                [frame, fixed, open].map(|all| wide(all, at).copied().map(Word))
            else {
                return false;
            };
            if fixed.0 == [0xFF; WIDE] {
                self.fixed.push(FixedWord { at, octets });
            } else {
                self.masked_words.push(MaskedWord { at, octets, fixed, open });
            }
        }
        true
    }
}

/// Where in a deliver_sm that is a receipt to the letter what varies stands.
struct Layout<'a> {
    source_addr: &'a [u8],
    text_id: &'a [u8],
    tlv_id: Option<&'a [u8]>,
    /// The text behind `err:` and its value, which is not read.
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
        let fields = read_appendix_b(short_message)?;
        let (text_id, err) = (fields.id?, fields.err?);
        let err_ends = err.as_ptr().addr() + err.len() - short_message.as_ptr().addr();
        let behind_err = short_message.get(err_ends + 1..).unwrap_or_default();
        let receipt_tlvs = ReceiptTlvs::of(Tlvs(tlvs));
        Some(Layout { source_addr, text_id, tlv_id: receipt_tlvs.id, behind_err })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::pdu::DeliverSm;
    use crate::smpp::{CommandStatus, Tag, put_tlv};
    use bytes::BytesMut;

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
        let mut template = ReceiptTemplate::default();
        for tlv in [true, false] {
            for n in 0..300u32 {
                let id = format!("{:010}", 7 * n);
                let tlv_id = [id.as_bytes(), b"\0"].concat();
                let source = format!("4477009{n:05}");
                let tlv_id = tlv.then_some(&tlv_id[..]);
                let frame = receipt(&id, tlv_id, &source, "2611280643", &format!("{n:05}"));
                assert!(n < 64 || template.fits(&frame), "{n}");
                assert_eq!(template.read(&frame), read_frame(&frame));
            }
        }
    }

    #[test]
    fn every_octet_that_matters_is_in_a_stretch() {
        let mut frame =
            receipt("0000000001", Some(b"0000000001\0"), "447700900001", "2611280643", "x");
        let mut template = ReceiptTemplate::default();
        template.read(&frame);
        assert!(template.fits(&frame));
        let behind_err = Layout::of(&frame).unwrap().behind_err;
        let start = behind_err.as_ptr().addr() - frame.as_ptr().addr();
        let free = [12..Header::OCTETS, start..start + behind_err.len()];
        for at in 0..frame.len() {
            let octet = std::mem::replace(&mut frame[at], 0);
            let matters = octet != 0 && free.iter().all(|range| !range.contains(&at));
            assert_eq!(template.fits(&frame), !matters, "{at}");
            frame[at] = octet;
        }
        // what little must overlap
        let stretches = template.fixed.len() + template.masked_words.len();
        assert!(stretches <= frame.len().div_ceil(WIDE) + 2, "{stretches} for {}", frame.len());
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
            let mut template = ReceiptTemplate::default();
            template.read(&first);
            assert!(template.fits(&first));
            assert!(other.len() == first.len() && !template.fits(&other));
            assert_eq!(template.read(&other), read_frame(&other));
        }
    }

    #[test]
    fn any_octet_in_any_place_is_read_as_without_a_template() {
        for tlv_id in [None, Some(&b"0000000001\0"[..])] {
            let frame = receipt("0000000001", tlv_id, "447700900001", "2611280643", "abc");
            for at in 4..frame.len() {
                for octet in 0..=255 {
                    let mut template = ReceiptTemplate::default();
                    template.read(&frame);
                    let mut changed = frame.clone();
                    changed[at] = octet;
                    assert_eq!(template.read(&changed), read_frame(&changed), "{at}: {octet}");
                }
            }
        }
    }
}
