//! A `submit_sm` encoded once and stamped per send: the hot path copies it and patches what varies.
//! Knows no recipe and no text: pieces are octets, already in the message's coding.

use std::fmt;

use bytes::{BufMut, BytesMut};

use super::pdu::SubmitSm;
use super::{CommandStatus, Tag, put_tlv};

/// A piece of a field that may vary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
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

/// Collects what a [`Template`] is made of.
#[derive(Debug, Clone)]
pub struct TemplateBuilder {
    service_type: Vec<u8>,
    source: (u8, u8),
    source_addr: Vec<Piece>,
    dest: (u8, u8),
    destination_addr: Vec<Piece>,
    esm_class: u8,
    protocol_id: u8,
    priority_flag: u8,
    schedule_delivery_time: Vec<u8>,
    validity_period: Vec<u8>,
    registered_delivery: u8,
    replace_if_present_flag: u8,
    data_coding: u8,
    sm_default_msg_id: u8,
    short_message: Vec<Piece>,
    tlvs: Vec<(Tag, Vec<Piece>)>,
}

impl TemplateBuilder {
    /// Starts from a `submit_sm` in which nothing varies.
    pub fn new(base: &SubmitSm<'_>) -> Self {
        let fixed = |octets: &[u8]| vec![Piece::Fixed(octets.to_vec())];
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
    pub fn source_addr(mut self, pieces: Vec<Piece>) -> Self {
        self.source_addr = pieces;
        self
    }

    /// Replaces `destination_addr`.
    #[must_use]
    pub fn destination_addr(mut self, pieces: Vec<Piece>) -> Self {
        self.destination_addr = pieces;
        self
    }

    /// Replaces `short_message`.
    #[must_use]
    pub fn short_message(mut self, pieces: Vec<Piece>) -> Self {
        self.short_message = pieces;
        self
    }

    /// Adds a TLV after those that are there.
    #[must_use]
    pub fn tlv(mut self, tag: Tag, pieces: Vec<Piece>) -> Self {
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
            within(tag.name().unwrap_or("tlv"), pieces, usize::from(u16::MAX))?;
        }
        let nominal = self.nominal();
        let vars: Vec<&[u8]> = nominal.iter().map(Vec::as_slice).collect();
        let mut image = BytesMut::new();
        let mut patches = Vec::new();
        self.assemble(0, &vars, &mut image, Some(&mut patches));
        Ok(Template { image: image.to_vec(), patches, recipe: self })
    }

    /// Each variable at its nominal length, as zeros; one that stands in several places has the first's.
    fn nominal(&self) -> Vec<Vec<u8>> {
        let mut nominal: Vec<Vec<u8>> = Vec::new();
        let tlvs = self.tlvs.iter().flat_map(|(_, pieces)| pieces);
        let fields = [&self.source_addr, &self.destination_addr, &self.short_message];
        for piece in fields.into_iter().flatten().chain(tlvs) {
            match piece {
                Piece::Fixed(_) => {}
                Piece::Var { index, nominal_octets } => {
                    if nominal.len() <= *index {
                        nominal.resize(index + 1, Vec::new());
                    }
                    if nominal[*index].is_empty() {
                        nominal[*index].resize(*nominal_octets, b'0');
                    }
                }
            }
        }
        nominal
    }

    /// Writes the whole PDU; where `patches` is given, notes there where each variable stands.
    fn assemble(
        &self,
        sequence_number: u32,
        vars: &[&[u8]],
        out: &mut BytesMut,
        mut patches: Option<&mut Vec<Patch>>,
    ) {
        let pdu = out.len();
        let source_addr = join(&self.source_addr, vars, ADDRESS_OCTETS_MAX);
        let destination_addr = join(&self.destination_addr, vars, ADDRESS_OCTETS_MAX);
        let short_message = join(&self.short_message, vars, SHORT_MESSAGE_OCTETS_MAX);
        let mut run = BytesMut::new();
        let mut places = Vec::new();
        for (tag, pieces) in &self.tlvs {
            places.push((run.len() + 4, pieces));
            put_tlv(*tag, &join(pieces, vars, usize::from(u16::MAX)), &mut run);
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
            tlvs: super::Tlvs(&run),
        };
        sm.encode(CommandStatus::ESME_ROK, sequence_number, out);
        let Some(patches) = patches.as_mut() else { return };
        let source_at = super::Header::OCTETS + self.service_type.len() + 1 + 2;
        let dest_at = source_at + source_addr.len() + 1 + 2;
        let run_at = out.len() - pdu - run.len();
        let message_at = run_at - short_message.len();
        note_patches(source_at, &self.source_addr, vars, patches);
        note_patches(dest_at, &self.destination_addr, vars, patches);
        note_patches(message_at, &self.short_message, vars, patches);
        for (at, pieces) in places {
            note_patches(run_at + at, pieces, vars, patches);
        }
    }
}

fn within(field: &'static str, pieces: &[Piece], octets_max: usize) -> Result<(), TemplateError> {
    let octets = pieces.iter().map(Piece::nominal_octets).sum();
    if octets > octets_max {
        return Err(TemplateError { field, octets, octets_max });
    }
    Ok(())
}

impl Piece {
    fn nominal_octets(&self) -> usize {
        match self {
            Piece::Fixed(octets) => octets.len(),
            Piece::Var { index: _, nominal_octets } => *nominal_octets,
        }
    }

    fn octets<'a>(&'a self, vars: &[&'a [u8]]) -> &'a [u8] {
        match self {
            Piece::Fixed(octets) => octets,
            Piece::Var { index, nominal_octets: _ } => {
                vars.get(*index).copied().unwrap_or_default()
            }
        }
    }
}

fn join(pieces: &[Piece], vars: &[&[u8]], octets_max: usize) -> Vec<u8> {
    let mut joined: Vec<u8> = pieces.iter().flat_map(|piece| piece.octets(vars)).copied().collect();
    joined.truncate(octets_max);
    joined
}

fn note_patches(field_at: usize, pieces: &[Piece], vars: &[&[u8]], patches: &mut Vec<Patch>) {
    let mut at = field_at;
    for piece in pieces {
        let octets = piece.octets(vars).len();
        match piece {
            Piece::Fixed(_) => {}
            Piece::Var { index, nominal_octets: _ } => {
                patches.push(Patch { at, octets, index: *index });
            }
        }
        at += octets;
    }
}

/// Where a variable stands in the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Patch {
    at: usize,
    octets: usize,
    index: usize,
}

/// A `submit_sm` ready to be stamped.
#[derive(Debug, Clone)]
pub struct Template {
    /// The whole PDU with every variable at its nominal length.
    image: Vec<u8>,
    patches: Vec<Patch>,
    /// For the sends whose variables have other lengths.
    recipe: TemplateBuilder,
}

impl Template {
    /// Appends the PDU with this `sequence_number` and these variables (by index; a missing one is
    /// empty). One copy and a patch each where every variable has its nominal length; else the PDU is
    /// put together anew. A field that would grow beyond what it can hold is cut there.
    #[inline]
    pub fn stamp(&self, sequence_number: u32, vars: &[&[u8]], out: &mut BytesMut) {
        let nominal = self
            .patches
            .iter()
            .all(|patch| vars.get(patch.index).is_some_and(|var| var.len() == patch.octets));
        if !nominal {
            return self.recipe.assemble(sequence_number, vars, out, None);
        }
        let start = out.len();
        out.put_slice(&self.image);
        let pdu = &mut out[start..];
        pdu[12..16].copy_from_slice(&sequence_number.to_be_bytes());
        for patch in &self.patches {
            pdu[patch.at..patch.at + patch.octets].copy_from_slice(vars[patch.index]);
        }
    }

    /// Octets of the PDU with every variable at its nominal length.
    pub fn octets(&self) -> usize {
        self.image.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::pdu::{self, Body};

    fn var(index: usize, nominal_octets: usize) -> Piece {
        Piece::Var { index, nominal_octets }
    }

    fn template() -> Template {
        let base = SubmitSm {
            service_type: b"CMT",
            source_addr: b"447700900000",
            dest_addr_ton: 1,
            validity_period: b"000001000000000R",
            registered_delivery: 1,
            ..SubmitSm::default()
        };
        TemplateBuilder::new(&base)
            .destination_addr(vec![Piece::Fixed(b"4477009".to_vec()), var(0, 5)])
            .short_message(vec![
                Piece::Fixed(b"Hello ".to_vec()),
                var(1, 3),
                Piece::Fixed(b"!".to_vec()),
            ])
            .tlv(Tag::USER_MESSAGE_REFERENCE, vec![Piece::Fixed(vec![0, 7])])
            .tlv(Tag(0x2157), vec![var(1, 3), var(0, 5)])
            .build()
            .unwrap()
    }

    fn stamped(vars: &[&[u8]]) -> Vec<u8> {
        let mut out = BytesMut::from(&b"before"[..]);
        template().stamp(77, vars, &mut out);
        out[6..].to_vec()
    }

    #[test]
    fn every_variable_stands_in_its_place_whatever_its_length() {
        for vars in [[&b"00123"[..], b"abc"], [b"1", b"a longer one"], [b"", b""]] {
            let frame = stamped(&vars);
            let pdu = pdu::decode(&frame).unwrap();
            assert!(pdu.anomalies.is_empty(), "{:?}", pdu.anomalies);
            assert_eq!(pdu.header.sequence_number, 77);
            assert_eq!(pdu.header.command_length as usize, frame.len());
            let Body::SubmitSm(sm) = pdu.body else { panic!("{:?}", pdu.body) };
            assert_eq!(sm.destination_addr, [b"4477009", vars[0]].concat());
            assert_eq!(sm.short_message, [b"Hello ", vars[1], b"!"].concat());
            assert_eq!(sm.tlvs.get(Tag(0x2157)), Some(&[vars[1], vars[0]].concat()[..]));
            assert_eq!(sm.tlvs.get(Tag::USER_MESSAGE_REFERENCE), Some(&[0, 7][..]));
            assert_eq!((sm.service_type, sm.registered_delivery), (&b"CMT"[..], 1));
        }
    }

    #[test]
    fn the_fast_stamp_and_the_assembled_one_are_the_same_octets() {
        let template = template();
        let vars: [&[u8]; 2] = [b"00123", b"abc"];
        let mut fast = BytesMut::new();
        template.stamp(9, &vars, &mut fast);
        let mut slow = BytesMut::new();
        template.recipe.assemble(9, &vars, &mut slow, None);
        assert_eq!(fast, slow);
        assert_eq!(template.octets(), fast.len());
    }

    #[test]
    fn a_field_that_outgrows_its_place_is_refused_when_built_and_cut_when_stamped() {
        let base = SubmitSm::default();
        let error =
            TemplateBuilder::new(&base).destination_addr(vec![var(0, 21)]).build().unwrap_err();
        assert_eq!(error.to_string(), "destination_addr has 21 octets; it holds at most 20");
        let template = TemplateBuilder::new(&base).short_message(vec![var(0, 2)]).build().unwrap();
        let mut out = BytesMut::new();
        template.stamp(1, &[&[b'x'; 300]], &mut out);
        let Body::SubmitSm(sm) = pdu::decode(&out).unwrap().body else { panic!() };
        assert_eq!(sm.short_message.len(), 255);
    }
}
