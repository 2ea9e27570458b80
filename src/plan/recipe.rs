//! The recipe: submit_sm number -> which message, which part, and its octets. All texts are encoded and
//! split when it is made; a send copies a template and patches what varies. A pure function of
//! (plan, number): it knows no schedule, no session and no clock.
mod addresses;
mod run;
#[cfg(test)]
mod tests;
mod text;
mod tokens;
mod variables;

use super::error::PlanError;
use super::model::{Long, Message, Plan, RunMarker};
use super::schedule::gcd;
use super::striping::interleave;
use crate::kit::{decimal, stream_seed};
use crate::smpp::marker::{Carrier, Marker};
use crate::smpp::pdu::SubmitSm;
use crate::smpp::segment::{self, Concatenation};
use crate::smpp::{Tag, Template, TemplateBuilder, TemplatePart};
use addresses::AddressSource;
use bytes::BytesMut;
use text::EncodedText;
use variables::{Var, Variables};

pub use run::SubmitRun;
pub use variables::Scratch;

/// Longest period of the mix, in submit_sm.
const PATTERN_MAX: u64 = 1 << 20;
/// Messages times the period of their mix: steps that it takes to lay it out.
const MIX_MAX: u64 = 1 << 29;
/// Names the random streams of a run's seed.
const SOURCES: u64 = 0x7372_6373;
const DESTINATIONS: u64 = 0x6465_7374;

/// Whether a message must have a final receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expects {
    /// No final receipt was asked for.
    Nothing,
    /// One must come.
    Final,
    /// One comes on failure only, or on success only (registered_delivery 2 and 3): silence may be right.
    Perhaps,
}

/// Message, part and options of one submit_sm number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubmitInfo {
    /// Which of the plan's messages.
    pub label: u16,
    /// This part, from 0.
    pub part: u8,
    /// Parts of the message.
    pub parts: u8,
    /// data_coding.
    pub coding: u8,
    /// registered_delivery.
    pub registered_delivery: u8,
    /// Whether it must have a final receipt.
    pub expects: Expects,
    /// The message's number: the same for all its parts, and for no others.
    pub message: u64,
}

/// One place in the period of the mix.
#[derive(Clone, Copy, Debug)]
struct MixSlot {
    message: u16,
    part: u8,
    /// Messages of the period before this one, of all kinds.
    rank: u32,
    /// Messages of the period before this one, of its kind.
    own: u32,
}

/// Where a submit_sm number stands in the mix.
#[derive(Clone, Copy, Debug)]
pub struct MixPosition {
    period: u64,
    slot: MixSlot,
}

/// One of the plan's messages, ready to be stamped.
#[derive(Clone, Debug)]
struct PreparedMessage {
    parts: Vec<PreparedPart>,
    weight: u64,
    source: AddressSource,
    destination: AddressSource,
    coding: u8,
    registered_delivery: u8,
}

/// One part: its template and its variables.
#[derive(Clone, Debug)]
struct PreparedPart {
    template: Template,
    uses: Variables,
    /// Where the digits of the destination stand, if they are all that varies and never change their number.
    destination_at: Option<usize>,
}

/// All messages of a plan and the order in which they are sent.
#[derive(Clone, Debug)]
pub struct Recipe {
    messages: Vec<PreparedMessage>,
    pattern: Vec<MixSlot>,
    messages_per_period: u64,
    seed: u64,
    /// What every submit_sm carries. None: nothing.
    marker: Option<Box<RunMarker>>,
}

impl Recipe {
    /// Encodes and splits every message of the plan.
    ///
    /// # Errors
    /// A character that the coding lacks, a text that does not fit, a TLV too long, weights too fine.
    pub fn new(plan: &Plan) -> Result<Recipe, PlanError> {
        let messages: Vec<PreparedMessage> = plan
            .messages
            .iter()
            .enumerate()
            .map(|(number, message)| prepare(message, number, plan))
            .collect::<Result<_, _>>()?;
        let pattern = mix(messages.iter().map(|k| (k.weight, k.parts.len() as u64)).collect())?;
        let messages_per_period = pattern.last().map_or(1, |slot| u64::from(slot.rank) + 1);
        let marker = plan.marker.clone().map(Box::new);
        let mut recipe = Recipe { messages, pattern, messages_per_period, seed: plan.seed, marker };
        let common = recipe.messages.iter().fold(0, |g, k| gcd(k.weight, g)).max(1);
        recipe.messages.iter_mut().for_each(|k| k.weight /= common);
        Ok(recipe)
    }

    #[inline]
    fn slot(&self, index: u64) -> (u64, MixSlot) {
        let length = self.pattern.len() as u64;
        if length == 1 {
            return (index, self.pattern[0]);
        }
        (index / length, self.pattern[(index % length) as usize])
    }

    /// Where number `index` stands, found once for all that is asked about it.
    #[inline]
    pub fn place(&self, index: u64) -> MixPosition {
        let (period, slot) = self.slot(index);
        MixPosition { period, slot }
    }

    /// (which of the plan's messages, its registered_delivery).
    #[inline]
    pub fn label_and_delivery(&self, place: &MixPosition) -> (u16, u8) {
        let message = place.slot.message;
        (message, self.messages[usize::from(message)].registered_delivery)
    }

    /// Message, part and options of number `index`.
    #[inline]
    pub fn pick(&self, index: u64) -> SubmitInfo {
        let (period, slot) = self.slot(index);
        let prepared = &self.messages[usize::from(slot.message)];
        SubmitInfo {
            label: slot.message,
            part: slot.part,
            parts: prepared.parts.len() as u8,
            coding: prepared.coding,
            registered_delivery: prepared.registered_delivery,
            expects: expects(prepared.registered_delivery),
            message: period * self.messages_per_period + u64::from(slot.rank),
        }
    }

    /// Appends the submit_sm of number `index`. `wall_ns` (nanoseconds since 1970) fills `{time}`; it may
    /// be anything where [`Recipe::uses_time`] is false.
    #[inline]
    pub fn stamp(
        &self,
        index: u64,
        sequence_number: u32,
        wall_ns: u64,
        scratch: &mut Scratch,
        out: &mut BytesMut,
    ) {
        self.stamp_at(&self.place(index), sequence_number, wall_ns, scratch, out);
    }

    /// The same, of a number whose place is known.
    #[inline]
    pub fn stamp_at(
        &self,
        place: &MixPosition,
        sequence_number: u32,
        wall_ns: u64,
        scratch: &mut Scratch,
        out: &mut BytesMut,
    ) {
        let MixPosition { period, slot } = *place;
        let prepared = &self.messages[usize::from(slot.message)];
        let part = &prepared.parts[usize::from(slot.part)];
        let own = period * prepared.weight + u64::from(slot.own);
        if let (AddressSource::Range { first, size, digits }, Some(at)) =
            (&prepared.destination, part.destination_at)
        {
            // the commonest message of all: digits in one place, written where they stand
            let pdu = part.template.stamp_image(sequence_number, out);
            return addresses::write_in_range(*first, *size, own, &mut pdu[at..at + *digits]);
        }
        if part.uses.needs(Var::Destination) {
            scratch.destination(|to| prepared.destination.write(own, to));
        }
        if part.uses.only_destination() {
            return part.template.stamp(sequence_number, &[scratch.digits()], out);
        }
        if part.uses.needs(Var::Source) {
            scratch.source(|to| prepared.source.write(own, to));
        }
        let message = period * self.messages_per_period + u64::from(slot.rank);
        scratch.fill(&part.uses, self.seed, message, wall_ns);
        if part.uses.has_marker()
            && let Some(marker) = &self.marker
        {
            scratch.mark(&part.uses, marker.of(message, slot.part));
        }
        part.uses.with(scratch, |vars| part.template.stamp(sequence_number, vars, out));
    }

    /// The destination of number `index`, as [`Recipe::stamp`] writes it.
    pub fn destination(&self, index: u64) -> String {
        let (period, slot) = self.slot(index);
        let prepared = &self.messages[usize::from(slot.message)];
        let mut digits = [0; variables::ADDRESS_OCTETS];
        let octets =
            prepared.destination.write(period * prepared.weight + u64::from(slot.own), &mut digits);
        String::from_utf8_lossy(&digits[..octets]).into_owned()
    }

    /// Which of the plan's messages number `index` is.
    #[inline]
    pub fn label(&self, index: u64) -> u16 {
        self.slot(index).1.message
    }

    /// The labels of one period of the mix.
    pub(super) fn labels(&self) -> Vec<u16> {
        self.pattern.iter().map(|slot| slot.message).collect()
    }

    /// The data_coding of the plan's message `label`, and its number of submit_sm.
    pub fn traits_of(&self, label: u16) -> (u8, u32) {
        self.messages.get(usize::from(label)).map_or((0, 1), |k| (k.coding, k.parts.len() as u32))
    }

    /// Whether any message has a `{time}`.
    pub fn uses_time(&self) -> bool {
        self.messages.iter().flat_map(|k| &k.parts).any(|part| part.uses.needs(Var::Time))
    }

    /// (submit_sm, messages) of one period of the mix.
    pub const fn period(&self) -> (u64, u64) {
        (self.pattern.len() as u64, self.messages_per_period)
    }

    /// Octets of the longest submit_sm.
    pub fn octets_max(&self) -> usize {
        let parts = self.messages.iter().flat_map(|k| &k.parts);
        parts.map(|part| part.template.octets()).max().unwrap_or(0)
    }
}

const fn expects(registered_delivery: u8) -> Expects {
    match registered_delivery & 3 {
        0 => Expects::Nothing,
        1 => Expects::Final,
        _ => Expects::Perhaps,
    }
}

/// One period of the mix, from (weight, parts): the messages interleaved, the parts of one message one after the
/// other.
fn mix(mut messages: Vec<(u64, u64)>) -> Result<Vec<MixSlot>, PlanError> {
    let common = messages.iter().fold(0, |g, (weight, _)| gcd(*weight, g)).max(1);
    messages.iter_mut().for_each(|(weight, _)| *weight /= common);
    let length: u64 = messages.iter().map(|(weight, parts)| weight * parts).sum();
    let most = PATTERN_MAX.min(MIX_MAX / messages.len().max(1) as u64);
    if length > most {
        let why = format!("a mix of {length} submit_sm, more than {most}; round the weights");
        return Err(PlanError::about("messages", why));
    }
    let weights: Vec<u64> = messages.iter().map(|(weight, _)| *weight).collect();
    let mut own = vec![0u32; messages.len()];
    let mut pattern = Vec::with_capacity(length as usize);
    for (rank, number) in interleave(&weights).into_iter().enumerate() {
        for part in 0..messages[number].1 {
            let (rank, own) = (rank as u32, own[number]);
            pattern.push(MixSlot { message: number as u16, part: part as u8, rank, own });
        }
        own[number] += 1;
    }
    Ok(pattern)
}

fn prepare(message: &Message, number: usize, plan: &Plan) -> Result<PreparedMessage, PlanError> {
    let path = format!("messages[{number}]");
    let (number, files) = (number as u64, &plan.number_files);
    let source =
        AddressSource::new(&message.source, files, stream_seed(plan.seed, SOURCES, number));
    let destination = AddressSource::new(
        &message.destination,
        files,
        stream_seed(plan.seed, DESTINATIONS, number),
    );
    let long = message.long;
    let encoded = match &message.octets {
        None => {
            let text = message.text.as_deref().unwrap_or_default();
            let marked = plan.marker.as_ref().is_some_and(|marker| marker.has(Carrier::Text));
            text::encode(text, message, long, destination.longest(), marked)
                .map_err(|e| e.under("text").under(&path))?
        }
        Some(octets) => {
            let own_header = message.esm_class & 0x40 != 0;
            let long = if own_header { Long::Reject } else { long };
            let parts = segment::split_octets(octets, long)
                .map_err(|e| PlanError::about(format!("{path}.octets"), e.to_string()))?;
            let coding = message.data_coding.unwrap_or(0x04);
            EncodedText { parts: parts.into_iter().map(text::fixed).collect(), coding }
        }
    };
    let parts = encoded
        .parts
        .iter()
        .map(|part| {
            let marker = plan.marker.as_ref();
            prepare_part(message, part, encoded.coding, (&source, &destination), marker, &path)
        })
        .collect::<Result<_, _>>()?;
    Ok(PreparedMessage {
        parts,
        weight: message.weight.max(1),
        source,
        destination,
        coding: encoded.coding,
        registered_delivery: message.registered_delivery,
    })
}

/// The fields of a part that do not vary.
fn base<'m>(message: &'m Message, part: &text::EncodedPart, coding: u8) -> SubmitSm<'m> {
    SubmitSm {
        service_type: message.service_type.as_bytes(),
        source_addr_ton: message.source.ton,
        source_addr_npi: message.source.npi,
        dest_addr_ton: message.destination.ton,
        dest_addr_npi: message.destination.npi,
        esm_class: message.esm_class | part.concatenation.esm_class(),
        protocol_id: message.protocol_id,
        priority_flag: message.priority,
        schedule_delivery_time: message.schedule_delivery_time.as_bytes(),
        validity_period: message.validity_period.as_bytes(),
        registered_delivery: message.registered_delivery,
        data_coding: coding,
        ..SubmitSm::default()
    }
}

/// Adds the TLVs of a marker.
fn mark(
    mut builder: TemplateBuilder,
    marker: Option<&RunMarker>,
    uses: &mut Variables,
) -> TemplateBuilder {
    let has = |carrier| marker.is_some_and(|marker| marker.has(carrier));
    if has(Carrier::UserMessageReference) {
        let reference = vec![uses.piece(Var::Reference, false, 0, 2)];
        builder = builder.tlv(Tag::USER_MESSAGE_REFERENCE, reference);
    }
    if has(Carrier::Tlv) {
        let value = vec![uses.piece(Var::MarkerTlv, false, 0, Marker::TLV_OCTETS)];
        builder = builder.tlv(Marker::TLV, value);
    }
    builder
}

fn prepare_part(
    message: &Message,
    part: &text::EncodedPart,
    coding: u8,
    (source, destination): (&AddressSource, &AddressSource),
    marker: Option<&RunMarker>,
    path: &str,
) -> Result<PreparedPart, PlanError> {
    let mut uses = Variables::default();
    let base = base(message, part, coding);
    // the destination comes first, so that the commonest message has just variable 0
    let has = |carrier| marker.is_some_and(|marker| marker.has(carrier));
    let address = |of: &AddressSource, var, carrier, uses: &mut Variables| match has(carrier) {
        true => vec![uses.piece(Var::MarkerAddress, false, 0, Marker::ADDRESS_DIGITS)],
        false => of.pieces(var, uses),
    };
    let to = address(destination, Var::Destination, Carrier::Destination, &mut uses);
    let from = address(source, Var::Source, Carrier::Source, &mut uses);
    let mut builder = TemplateBuilder::new(&base).destination_addr(to).source_addr(from);
    let mut body = header(part.concatenation, &mut uses);
    body.extend(part.pieces(&mut uses));
    builder = match part.concatenation {
        Concatenation::Payload => builder.tlv(Tag::MESSAGE_PAYLOAD, body),
        Concatenation::Single
        | Concatenation::Udh8 { .. }
        | Concatenation::Udh16 { .. }
        | Concatenation::Sar { .. } => builder.short_message(body),
    };
    if let Concatenation::Sar { total, seqnum } = part.concatenation {
        let reference = vec![uses.piece(Var::Reference, false, 0, 2)];
        builder = builder
            .tlv(Tag::SAR_MSG_REF_NUM, reference)
            .tlv(Tag::SAR_TOTAL_SEGMENTS, vec![TemplatePart::Fixed(vec![total])])
            .tlv(Tag::SAR_SEGMENT_SEQNUM, vec![TemplatePart::Fixed(vec![seqnum])]);
    }
    builder = mark(builder, marker, &mut uses);
    for (number, tlv) in message.tlvs.iter().enumerate() {
        let at = |e: PlanError| e.under_item(number).under("tlvs").under(path);
        text::check_tlv_text(tlv.value()).map_err(at)?;
        let value = text::tlv(tlv.value(), destination.longest(), &mut uses);
        text::check_tlv(tlv.tag, &value).map_err(at)?;
        builder = builder.tlv(Tag(tlv.tag), value);
    }
    uses.check().map_err(|e| e.under(path))?;
    let template = builder.build().map_err(|e| PlanError::about(path, e.to_string()))?;
    let destination_at = template.only_place().filter(|_| uses.only_destination());
    let template = match (destination_at, destination) {
        (Some(_), AddressSource::Range { first, digits, .. }) => {
            let mut octets = [0; variables::ADDRESS_OCTETS];
            decimal(*first, &mut octets[..*digits]);
            template.with_sheet(&octets[..*digits])
        }
        _ => template,
    };
    Ok(PreparedPart { template, uses, destination_at })
}

/// The user data header of a part, its reference left to vary.
fn header(concatenation: Concatenation, uses: &mut Variables) -> Vec<TemplatePart> {
    let udh = concatenation.udh(0);
    let (var, octets) = match concatenation {
        Concatenation::Single | Concatenation::Sar { .. } | Concatenation::Payload => {
            return Vec::new();
        }
        Concatenation::Udh8 { .. } => (Var::ReferenceLow, 1),
        Concatenation::Udh16 { .. } => (Var::Reference, 2),
    };
    // length, element, its length: the reference stands after these three octets
    vec![
        TemplatePart::Fixed(udh[..3].to_vec()),
        uses.piece(var, false, 0, octets),
        TemplatePart::Fixed(udh[3 + octets..].to_vec()),
    ]
}
