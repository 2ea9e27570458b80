//! The recipe: submit_sm number -> which message, which part, and its octets. All texts are encoded and
//! split when it is made; a send copies a template and patches what varies. A pure function of
//! (plan, number): it knows no schedule, no session and no clock.
mod addresses;
mod run;
#[cfg(test)]
mod tests;
mod text;
mod variables;

use super::error::PlanError;
use super::model::{Content, Long, Message, Plan};
use super::schedule::gcd;
use crate::kit::{decimal, stream_seed};
use crate::smpp::pdu::SubmitSm;
use crate::smpp::segment::{self, Tie};
use crate::smpp::{Piece, Tag, Template, TemplateBuilder};
use addresses::Addresses;
use bytes::BytesMut;
use text::Encoded;
use variables::{Uses, Var};

pub use run::Stretch;
pub use variables::Scratch;

/// Longest period of the mix, in submit_sm.
const PATTERN_MAX: u64 = 1 << 20;
/// Messages times the period of their mix: steps that it takes to lay it out.
const MIX_MAX: u64 = 1 << 29;
/// Names the random streams of a run's seed.
const SOURCES: u64 = 0x7372_6373;
const DESTINATIONS: u64 = 0x6465_7374;

/// What silence about a message means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expects {
    /// No final receipt was asked for.
    Nothing,
    /// One must come.
    Final,
    /// One comes on failure only, or on success only (registered_delivery 2 and 3): silence may be right.
    Perhaps,
}

/// What stands under one submit_sm number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picked {
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
    /// What silence means.
    pub expects: Expects,
    /// The message's number: the same for all its parts, and for no others.
    pub message: u64,
}

/// One place in the period of the mix.
#[derive(Clone, Copy, Debug)]
struct Slot {
    kind: u16,
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
    slot: Slot,
}

/// One of the plan's messages, ready to be stamped.
#[derive(Clone, Debug)]
struct Kind {
    parts: Vec<Stampable>,
    weight: u64,
    source: Addresses,
    destination: Addresses,
    coding: u8,
    registered_delivery: u8,
}

/// One part: its template and what its variables are.
#[derive(Clone, Debug)]
struct Stampable {
    template: Template,
    uses: Uses,
    /// Where the digits of the destination stand, if they are all that varies and never change their number.
    destination_at: Option<usize>,
}

/// All messages of a plan and the order in which they are sent.
#[derive(Clone, Debug)]
pub struct Recipe {
    kinds: Vec<Kind>,
    pattern: Vec<Slot>,
    messages_per_period: u64,
    seed: u64,
}

impl Recipe {
    /// Encodes and splits every message of the plan.
    ///
    /// # Errors
    /// A character that the coding lacks, a text that does not fit, a TLV too long, weights too fine.
    pub fn new(plan: &Plan) -> Result<Recipe, PlanError> {
        let kinds: Vec<Kind> = plan
            .messages
            .iter()
            .enumerate()
            .map(|(number, message)| kind(message, number, plan.seed))
            .collect::<Result<_, _>>()?;
        let pattern = mix(kinds.iter().map(|k| (k.weight, k.parts.len() as u64)).collect())?;
        let messages_per_period = pattern.last().map_or(1, |slot| u64::from(slot.rank) + 1);
        let mut recipe = Recipe { kinds, pattern, messages_per_period, seed: plan.seed };
        let common = recipe.kinds.iter().fold(0, |g, k| gcd(k.weight, g)).max(1);
        recipe.kinds.iter_mut().for_each(|k| k.weight /= common);
        Ok(recipe)
    }

    #[inline]
    fn slot(&self, index: u64) -> (u64, Slot) {
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
        let kind = place.slot.kind;
        (kind, self.kinds[usize::from(kind)].registered_delivery)
    }

    /// What stands under number `index`.
    #[inline]
    pub fn pick(&self, index: u64) -> Picked {
        let (period, slot) = self.slot(index);
        let kind = &self.kinds[usize::from(slot.kind)];
        Picked {
            label: slot.kind,
            part: slot.part,
            parts: kind.parts.len() as u8,
            coding: kind.coding,
            registered_delivery: kind.registered_delivery,
            expects: expects(kind.registered_delivery),
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
        let kind = &self.kinds[usize::from(slot.kind)];
        let part = &kind.parts[usize::from(slot.part)];
        let own = period * kind.weight + u64::from(slot.own);
        if let (Addresses::Range { first, size, digits }, Some(at)) =
            (&kind.destination, part.destination_at)
        {
            // the commonest message of all: digits in one place, written where they stand
            let pdu = part.template.stamp_image(sequence_number, out);
            return addresses::write_in_range(*first, *size, own, &mut pdu[at..at + *digits]);
        }
        if part.uses.needs(Var::Destination) {
            scratch.destination(|to| kind.destination.write(own, to));
        }
        if part.uses.only_destination() {
            return part.template.stamp(sequence_number, &[scratch.digits()], out);
        }
        if part.uses.needs(Var::Source) {
            scratch.source(|to| kind.source.write(own, to));
        }
        let message = period * self.messages_per_period + u64::from(slot.rank);
        scratch.fill(&part.uses, self.seed, message, wall_ns);
        part.uses.with(scratch, |vars| part.template.stamp(sequence_number, vars, out));
    }

    /// The destination of number `index`, as [`Recipe::stamp`] writes it.
    pub fn destination(&self, index: u64) -> String {
        let (period, slot) = self.slot(index);
        let kind = &self.kinds[usize::from(slot.kind)];
        let mut digits = [0; variables::ADDRESS_OCTETS];
        let octets =
            kind.destination.write(period * kind.weight + u64::from(slot.own), &mut digits);
        String::from_utf8_lossy(&digits[..octets]).into_owned()
    }

    /// Which of the plan's messages number `index` is.
    #[inline]
    pub fn label(&self, index: u64) -> u16 {
        self.slot(index).1.kind
    }

    /// The labels of one period of the mix.
    pub(super) fn labels(&self) -> Vec<u16> {
        self.pattern.iter().map(|slot| slot.kind).collect()
    }

    /// What the recipe makes of the plan's message `label`: its data_coding, and how many submit_sm it takes.
    pub fn traits_of(&self, label: u16) -> (u8, u32) {
        self.kinds.get(usize::from(label)).map_or((0, 1), |k| (k.coding, k.parts.len() as u32))
    }

    /// Whether any message has a `{time}`.
    pub fn uses_time(&self) -> bool {
        self.kinds.iter().flat_map(|k| &k.parts).any(|part| part.uses.needs(Var::Time))
    }

    /// (submit_sm, messages) of one period of the mix.
    pub const fn period(&self) -> (u64, u64) {
        (self.pattern.len() as u64, self.messages_per_period)
    }

    /// Octets of the longest submit_sm.
    pub fn octets_max(&self) -> usize {
        let parts = self.kinds.iter().flat_map(|k| &k.parts);
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

/// One period of the mix, from (weight, parts): smooth weighted round robin over messages, the parts of
/// one message one after the other.
fn mix(mut kinds: Vec<(u64, u64)>) -> Result<Vec<Slot>, PlanError> {
    let common = kinds.iter().fold(0, |g, (weight, _)| gcd(*weight, g)).max(1);
    kinds.iter_mut().for_each(|(weight, _)| *weight /= common);
    let length: u64 = kinds.iter().map(|(weight, parts)| weight * parts).sum();
    let most = PATTERN_MAX.min(MIX_MAX / kinds.len().max(1) as u64);
    if length > most {
        let why = format!("a mix of {length} submit_sm, more than {most}; round the weights");
        return Err(PlanError::about("messages", why));
    }
    let total: u64 = kinds.iter().map(|(weight, _)| weight).sum();
    let mut credit = vec![0i64; kinds.len()];
    let mut own = vec![0u32; kinds.len()];
    let mut pattern = Vec::with_capacity(length as usize);
    for rank in 0..total {
        let mut best = 0;
        for (number, (weight, _)) in kinds.iter().enumerate() {
            credit[number] += *weight as i64;
            if credit[number] > credit[best] {
                best = number;
            }
        }
        credit[best] -= total as i64;
        for part in 0..kinds[best].1 {
            let (rank, own) = (rank as u32, own[best]);
            pattern.push(Slot { kind: best as u16, part: part as u8, rank, own });
        }
        own[best] += 1;
    }
    Ok(pattern)
}

fn kind(message: &Message, number: usize, seed: u64) -> Result<Kind, PlanError> {
    let path = format!("messages[{number}]");
    let number = number as u64;
    let source = Addresses::new(&message.source, stream_seed(seed, SOURCES, number));
    let destination = Addresses::new(&message.destination, stream_seed(seed, DESTINATIONS, number));
    let long = match message.long {
        Long::Udh8 => segment::Long::Udh8,
        Long::Udh16 => segment::Long::Udh16,
        Long::Sar => segment::Long::Sar,
        Long::Payload => segment::Long::Payload,
        Long::Reject => segment::Long::Reject,
    };
    let encoded = match &message.content {
        Content::Text(text) => text::encode(text, message, long, destination.longest())
            .map_err(|e| e.under("text").under(&path))?,
        Content::Octets(octets) => {
            let own_header = message.esm_class & 0x40 != 0;
            let long = if own_header { segment::Long::Reject } else { long };
            let parts = segment::split_octets(octets, long)
                .map_err(|e| PlanError::about(format!("{path}.octets"), e.to_string()))?;
            let coding = message.data_coding.unwrap_or(0x04);
            Encoded { parts: parts.into_iter().map(text::fixed).collect(), coding }
        }
    };
    let parts = encoded
        .parts
        .iter()
        .map(|part| stampable(message, part, encoded.coding, &source, &destination, &path))
        .collect::<Result<_, _>>()?;
    Ok(Kind {
        parts,
        weight: message.weight.max(1),
        source,
        destination,
        coding: encoded.coding,
        registered_delivery: message.registered_delivery,
    })
}

fn stampable(
    message: &Message,
    part: &text::Pieces,
    coding: u8,
    source: &Addresses,
    destination: &Addresses,
    path: &str,
) -> Result<Stampable, PlanError> {
    let mut uses = Uses::default();
    let base = SubmitSm {
        service_type: message.service_type.as_bytes(),
        source_addr_ton: message.source.ton,
        source_addr_npi: message.source.npi,
        dest_addr_ton: message.destination.ton,
        dest_addr_npi: message.destination.npi,
        esm_class: message.esm_class | part.tie.esm_class(),
        protocol_id: message.protocol_id,
        priority_flag: message.priority,
        schedule_delivery_time: message.schedule_delivery_time.as_bytes(),
        validity_period: message.validity_period.as_bytes(),
        registered_delivery: message.registered_delivery,
        data_coding: coding,
        ..SubmitSm::default()
    };
    // the destination comes first, so that the commonest message has just variable 0
    let to = destination.pieces(Var::Destination, &mut uses);
    let from = source.pieces(Var::Source, &mut uses);
    let mut builder = TemplateBuilder::new(&base).destination_addr(to).source_addr(from);
    let mut body = header(part.tie, &mut uses);
    body.extend(part.pieces(&mut uses));
    builder = match part.tie {
        Tie::Payload => builder.tlv(Tag::MESSAGE_PAYLOAD, body),
        Tie::Single | Tie::Udh8 { .. } | Tie::Udh16 { .. } | Tie::Sar { .. } => {
            builder.short_message(body)
        }
    };
    if let Tie::Sar { total, seqnum } = part.tie {
        let reference = vec![uses.piece(Var::Reference, false, 0, 2)];
        builder = builder
            .tlv(Tag::SAR_MSG_REF_NUM, reference)
            .tlv(Tag::SAR_TOTAL_SEGMENTS, vec![Piece::Fixed(vec![total])])
            .tlv(Tag::SAR_SEGMENT_SEQNUM, vec![Piece::Fixed(vec![seqnum])]);
    }
    for (number, tlv) in message.tlvs.iter().enumerate() {
        let at = |e: PlanError| e.under_item(number).under("tlvs").under(path);
        text::check_tlv_text(&tlv.value).map_err(at)?;
        let value = text::tlv(&tlv.value, destination.longest(), &mut uses);
        text::check_tlv(tlv.tag, &value).map_err(at)?;
        builder = builder.tlv(Tag(tlv.tag), value);
    }
    uses.check().map_err(|e| e.under(path))?;
    let template = builder.build().map_err(|e| PlanError::about(path, e.to_string()))?;
    let destination_at = template.only_place().filter(|_| uses.only_destination());
    let template = match (destination_at, destination) {
        (Some(_), Addresses::Range { first, digits, .. }) => {
            let mut octets = [0; variables::ADDRESS_OCTETS];
            decimal(*first, &mut octets[..*digits]);
            template.with_sheet(&octets[..*digits])
        }
        _ => template,
    };
    Ok(Stampable { template, uses, destination_at })
}

/// The user data header of a part, its reference left to vary.
fn header(tie: Tie, uses: &mut Uses) -> Vec<Piece> {
    let udh = tie.udh(0);
    let (var, octets) = match tie {
        Tie::Single | Tie::Sar { .. } | Tie::Payload => return Vec::new(),
        Tie::Udh8 { .. } => (Var::ReferenceLow, 1),
        Tie::Udh16 { .. } => (Var::Reference, 2),
    };
    // length, element, its length: the reference stands after these three octets
    vec![
        Piece::Fixed(udh[..3].to_vec()),
        uses.piece(var, false, 0, octets),
        Piece::Fixed(udh[3 + octets..].to_vec()),
    ]
}
