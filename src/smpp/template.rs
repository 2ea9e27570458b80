//! A `submit_sm` encoded once and stamped per send: the hot path copies it and patches what varies.
//! Knows no recipe and no text: pieces are octets, already in the message's coding.
#[cfg(test)]
mod tests;

use std::fmt;

use bytes::{BufMut, BytesMut};

use super::pdu::SubmitSm;
use super::{CommandStatus, Header, Tag, Tlvs, put_tlv};

/// A piece of a field that may vary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplatePart {
    /// The same octets in every PDU.
    Fixed(Vec<u8>),
    /// Octets that each send brings.
    Var {
        /// Which of the variables given to `stamp`.
        index: usize,
        /// Octets that it mostly has: with just these the stamp is fast.
        nominal_octets: usize,
    },
}

/// A template that no `submit_sm` can be made of. Remedy: shorten the field that is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemplateError {
    /// The field, as the specification spells it.
    pub field: &'static str,
    /// Its octets, with every variable at its nominal length.
    pub octets: usize,
    /// The most that it can hold.
    pub octets_max: usize,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TemplateError { field, octets, octets_max } = self;
        write!(f, "{field} has {octets} octets; it holds at most {octets_max}")
    }
}

impl std::error::Error for TemplateError {}

/// Octets of an address without its NUL (v3.4 5.2.8, 5.2.9).
const ADDRESS_OCTETS_MAX: usize = 20;
/// Octets of a `short_message` (v5.0; v3.4 has one fewer).
const SHORT_MESSAGE_OCTETS_MAX: usize = 255;
/// Octets of a TLV's value.
const TLV_OCTETS_MAX: usize = 65_535;

/// Collects what a [`Template`] is made of.
#[derive(Debug, Clone)]
pub struct TemplateBuilder {
    service_type: Vec<u8>,
    source: (u8, u8),
    source_addr: Vec<TemplatePart>,
    dest: (u8, u8),
    destination_addr: Vec<TemplatePart>,
    esm_class: u8,
    protocol_id: u8,
    priority_flag: u8,
    schedule_delivery_time: Vec<u8>,
    validity_period: Vec<u8>,
    registered_delivery: u8,
    replace_if_present_flag: u8,
    data_coding: u8,
    sm_default_msg_id: u8,
    short_message: Vec<TemplatePart>,
    tlvs: Vec<(Tag, Vec<TemplatePart>)>,
}

impl TemplateBuilder {
    /// Starts from a `submit_sm` in which nothing varies.
    pub fn new(base: &SubmitSm<'_>) -> Self {
        let fixed = |octets: &[u8]| vec![TemplatePart::Fixed(octets.to_vec())];
        TemplateBuilder {
            service_type: base.service_type.to_vec(),
            source: (base.source_addr_ton, base.source_addr_npi),
            source_addr: fixed(base.source_addr),
            dest: (base.dest_addr_ton, base.dest_addr_npi),
            destination_addr: fixed(base.destination_addr),
            esm_class: base.esm_class,
            protocol_id: base.protocol_id,
            priority_flag: base.priority_flag,
            schedule_delivery_time: base.schedule_delivery_time.to_vec(),
            validity_period: base.validity_period.to_vec(),
            registered_delivery: base.registered_delivery,
            replace_if_present_flag: base.replace_if_present_flag,
            data_coding: base.data_coding,
            sm_default_msg_id: base.sm_default_msg_id,
            short_message: fixed(base.short_message),
            tlvs: base
                .tlvs
                .iter()
                .map_while(Result::ok)
                .map(|(tag, value)| (tag, fixed(value)))
                .collect(),
        }
    }

    /// Replaces `source_addr`.
    #[must_use]
    pub fn source_addr(mut self, pieces: Vec<TemplatePart>) -> Self {
        self.source_addr = pieces;
        self
    }

    /// Replaces `destination_addr`.
    #[must_use]
    pub fn destination_addr(mut self, pieces: Vec<TemplatePart>) -> Self {
        self.destination_addr = pieces;
        self
    }

    /// Replaces `short_message`.
    #[must_use]
    pub fn short_message(mut self, pieces: Vec<TemplatePart>) -> Self {
        self.short_message = pieces;
        self
    }

    /// Adds a TLV after those that are there.
    #[must_use]
    pub fn tlv(mut self, tag: Tag, pieces: Vec<TemplatePart>) -> Self {
        self.tlvs.push((tag, pieces));
        self
    }

    /// Encodes the template.
    ///
    /// # Errors
    /// [`TemplateError`] where an address, the short message or a TLV is too long for its field with
    /// every variable at its nominal length.
    pub fn build(self) -> Result<Template, TemplateError> {
        within("source_addr", &self.source_addr, ADDRESS_OCTETS_MAX)?;
        within("destination_addr", &self.destination_addr, ADDRESS_OCTETS_MAX)?;
        within("short_message", &self.short_message, SHORT_MESSAGE_OCTETS_MAX)?;
        for (tag, pieces) in &self.tlvs {
            within(tag.name().unwrap_or("tlv"), pieces, TLV_OCTETS_MAX)?;
        }
        let mut image = BytesMut::new();
        let places = self.assemble(&mut image);
        Ok(Template { image: image.to_vec(), places, sheet: Vec::new() })
    }

    /// Writes the whole PDU, every variable as zeros of its nominal length, and notes where each stands.
    fn assemble(&self, out: &mut BytesMut) -> Vec<PatchSite> {
        let (source_addr, destination_addr) =
            (image(&self.source_addr), image(&self.destination_addr));
        let short_message = image(&self.short_message);
        let mut run = BytesMut::new();
        let mut in_run = Vec::new();
        for (tag, pieces) in &self.tlvs {
            in_run.push((run.len() + 4, pieces));
            put_tlv(*tag, &image(pieces), &mut run);
        }
        let sm = SubmitSm {
            service_type: &self.service_type,
            source_addr_ton: self.source.0,
            source_addr_npi: self.source.1,
            source_addr: &source_addr,
            dest_addr_ton: self.dest.0,
            dest_addr_npi: self.dest.1,
            destination_addr: &destination_addr,
            esm_class: self.esm_class,
            protocol_id: self.protocol_id,
            priority_flag: self.priority_flag,
            schedule_delivery_time: &self.schedule_delivery_time,
            validity_period: &self.validity_period,
            registered_delivery: self.registered_delivery,
            replace_if_present_flag: self.replace_if_present_flag,
            data_coding: self.data_coding,
            sm_default_msg_id: self.sm_default_msg_id,
            short_message: &short_message,
            tlvs: Tlvs(&run),
        };
        sm.encode(CommandStatus::ESME_ROK, 0, out);
        let source_at = Header::OCTETS + self.service_type.len() + 1 + 2;
        let dest_at = source_at + source_addr.len() + 1 + 2;
        let run_at = out.len() - run.len();
        let message_at = run_at - short_message.len();
        let mut places = Vec::new();
        note_places(source_at, LengthField::None, &self.source_addr, &mut places);
        note_places(dest_at, LengthField::None, &self.destination_addr, &mut places);
        note_places(message_at, LengthField::SmLength, &self.short_message, &mut places);
        for (at, pieces) in in_run {
            note_places(run_at + at, LengthField::Tlv, pieces, &mut places);
        }
        places
    }
}

fn within(
    field: &'static str,
    pieces: &[TemplatePart],
    octets_max: usize,
) -> Result<(), TemplateError> {
    let octets = pieces.iter().map(TemplatePart::nominal_octets).sum();
    if octets > octets_max {
        return Err(TemplateError { field, octets, octets_max });
    }
    Ok(())
}

impl TemplatePart {
    fn nominal_octets(&self) -> usize {
        match self {
            TemplatePart::Fixed(octets) => octets.len(),
            TemplatePart::Var { index: _, nominal_octets } => *nominal_octets,
        }
    }
}

fn image(pieces: &[TemplatePart]) -> Vec<u8> {
    let mut octets = Vec::new();
    for piece in pieces {
        match piece {
            TemplatePart::Fixed(fixed) => octets.extend_from_slice(fixed),
            TemplatePart::Var { index: _, nominal_octets } => {
                octets.resize(octets.len() + nominal_octets, b'0')
            }
        }
    }
    octets
}

fn note_places(
    field_at: usize,
    length: LengthField,
    pieces: &[TemplatePart],
    places: &mut Vec<PatchSite>,
) {
    let octets_of_field: usize = pieces.iter().map(TemplatePart::nominal_octets).sum();
    let mut at = field_at;
    for piece in pieces {
        let octets = piece.nominal_octets();
        match piece {
            TemplatePart::Fixed(_) => {}
            TemplatePart::Var { index, nominal_octets: _ } => {
                let room = length.octets_max() - octets_of_field;
                places.push(PatchSite { at, octets, index: *index, field_at, length, room });
            }
        }
        at += octets;
    }
}

/// The octets before a field that hold its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LengthField {
    /// Nothing: a C-octet string.
    None,
    /// `sm_length`, one octet.
    SmLength,
    /// A TLV's length, two octets.
    Tlv,
}

impl LengthField {
    const fn octets_max(self) -> usize {
        match self {
            LengthField::None => ADDRESS_OCTETS_MAX,
            LengthField::SmLength => SHORT_MESSAGE_OCTETS_MAX,
            LengthField::Tlv => TLV_OCTETS_MAX,
        }
    }

    /// Adds to the length that stands right before `field_at`.
    fn add(self, pdu: &mut [u8], field_at: usize, more: usize, fewer: usize) {
        match self {
            LengthField::None => {}
            LengthField::SmLength => {
                let length = usize::from(pdu[field_at - 1]) + more - fewer;
                pdu[field_at - 1] = length as u8;
            }
            LengthField::Tlv => {
                let length = u16::from_be_bytes([pdu[field_at - 2], pdu[field_at - 1]]);
                let length = (usize::from(length) + more - fewer) as u16;
                pdu[field_at - 2..field_at].copy_from_slice(&length.to_be_bytes());
            }
        }
    }
}

/// Where a variable stands in the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PatchSite {
    at: usize,
    octets: usize,
    index: usize,
    /// Where its field begins.
    field_at: usize,
    length: LengthField,
    /// Octets by which the field may grow.
    room: usize,
}

/// A `submit_sm` ready to be stamped.
#[derive(Debug, Clone)]
pub struct Template {
    /// The whole PDU with every variable at its nominal length.
    image: Vec<u8>,
    /// In the order of the image.
    places: Vec<PatchSite>,
    /// The image several times, to be copied at once; empty where it was not asked for.
    sheet: Vec<u8>,
}

/// Octets of a sheet: few enough to stay in the fastest cache.
const SHEET_OCTETS: usize = 4096;

impl Template {
    /// Prepares for [`Template::stamp_images`], with these octets where the only variable stands.
    #[must_use]
    pub fn with_sheet(mut self, only_var: &[u8]) -> Template {
        if let [place] = self.places.as_slice() {
            let octets = only_var.len().min(place.octets);
            self.image[place.at..place.at + octets].copy_from_slice(&only_var[..octets]);
        }
        self.sheet = self.image.repeat((SHEET_OCTETS / self.image.len()).max(1));
        self
    }

    /// Appends `count` PDUs numbered from `first` on, every variable still as the image has it, and gives
    /// all their octets to be filled in; each has [`Template::octets`]. Needs [`Template::with_sheet`].
    #[inline]
    pub fn stamp_images<'a>(&self, first: u32, count: u32, out: &'a mut BytesMut) -> &'a mut [u8] {
        let start = out.len();
        let mut left = count as usize * self.image.len();
        out.reserve(left);
        while left > 0 && !self.sheet.is_empty() {
            let octets = left.min(self.sheet.len());
            out.extend_from_slice(&self.sheet[..octets]);
            left -= octets;
        }
        let pdus = &mut out[start..];
        for (pdu, number) in pdus.chunks_exact_mut(self.image.len()).zip(first..) {
            pdu[12..16].copy_from_slice(&number.to_be_bytes());
        }
        pdus
    }

    /// Appends the PDU with this `sequence_number` and these variables (by index; a missing one is
    /// empty). One copy and a patch each where every variable has its nominal length; else the copy
    /// goes piece by piece and the lengths are set right. Allocates nothing but room in `out`. A
    /// variable that would let its field outgrow what it can hold is cut.
    #[inline]
    pub fn stamp(&self, sequence_number: u32, vars: &[&[u8]], out: &mut BytesMut) {
        let nominal = self
            .places
            .iter()
            .all(|place| vars.get(place.index).is_some_and(|var| var.len() == place.octets));
        let start = out.len();
        if nominal {
            out.put_slice(&self.image);
            let pdu = &mut out[start..];
            for place in &self.places {
                pdu[place.at..place.at + place.octets].copy_from_slice(vars[place.index]);
            }
        } else {
            self.piece_together(vars, out);
        }
        out[start + 12..start + 16].copy_from_slice(&sequence_number.to_be_bytes());
    }

    /// Appends the PDU with this `sequence_number`, every variable still as the image has it, and gives it
    /// to be filled in: see [`Template::only_place`].
    #[inline]
    pub fn stamp_image<'a>(&self, sequence_number: u32, out: &'a mut BytesMut) -> &'a mut [u8] {
        let start = out.len();
        out.extend_from_slice(&self.image);
        let pdu = &mut out[start..];
        pdu[12..16].copy_from_slice(&sequence_number.to_be_bytes());
        pdu
    }

    /// Where the only variable stands in the PDU, if there is just one; it has its nominal length there.
    pub fn only_place(&self) -> Option<usize> {
        match self.places.as_slice() {
            [place] => Some(place.at),
            _ => None,
        }
    }

    fn piece_together(&self, vars: &[&[u8]], out: &mut BytesMut) {
        let start = out.len();
        // Where the field of the last variable begins, in the image and in what is written.
        let (mut field_at, mut written_at) = (0, 0);
        let (mut copied, mut grown) = (0, 0);
        for place in &self.places {
            out.put_slice(&self.image[copied..place.at]);
            copied = place.at + place.octets;
            if place.field_at != field_at {
                field_at = place.field_at;
                written_at = out.len() - start - (place.at - place.field_at);
                grown = 0;
            }
            let var = vars.get(place.index).copied().unwrap_or_default();
            let var = &var[..var.len().min(place.octets + place.room.saturating_sub(grown))];
            grown += var.len().saturating_sub(place.octets);
            out.put_slice(var);
            place.length.add(&mut out[start..], written_at, var.len(), place.octets);
        }
        out.put_slice(&self.image[copied..]);
        let octets = (out.len() - start) as u32;
        out[start..start + 4].copy_from_slice(&octets.to_be_bytes());
    }

    /// Octets of the PDU with every variable at its nominal length.
    pub fn octets(&self) -> usize {
        self.image.len()
    }
}
