//! Delivery receipts: told apart from messages, read from TLVs and text, written. Knows no session
//! and matches no ids: that is the correlator's.
//!
//! `esm_class` alone decides what is a receipt (docs/smpp/protocol.md, "Bit fields"): 0x04 final, 0x20 intermediate. A
//! `receipted_message_id` in a message is not enough (OpenMarket puts its own ticket there), and a
//! receipt's text under `esm_class` 0 is a message, which [`read_like`] reads where a profile asks for
//! it. The id of TLV `receipted_message_id` goes before the text's, TLV `message_state` before `stat`,
//! where it is one of the states 1 to 9 in one octet.
//!
//! A text in UCS-2, in packed septets or behind a user data header is brought into plain octets first:
//! [`text_of`], [`read_coded`].

mod date;
mod fields;
mod finals;
mod formats;
mod id_rule;
mod plain;
mod said;
mod state;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod tlvs;

use crate::smpp::octets::find;
use crate::smpp::pdu::{Body, DataSm, DeliverSm};
use crate::smpp::{CommandId, Header, Tlvs};
use fields::Fields;
use formats::read_appendix_b;
use std::borrow::Cow;
use tlvs::{ReceiptTlvs, TlvState};

pub use date::Date;
pub use finals::FinalStates;
pub use formats::{Front, ReceiptAddress, ReceiptFormat, ReceiptPdu};
pub use id_rule::{IdRule, IdSource, IdSpelling};
pub use plain::text_of;
pub use said::{Said, read_said};
pub use state::MessageState;
pub use template::{ReceiptRun, ReceiptTemplate};
use text::Depth;

/// Where a receipt's id was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdIn {
    /// TLV `receipted_message_id`.
    Tlv,
    /// The text's `id:`.
    Text,
    /// Nowhere: the id is empty.
    Absent,
}

/// A receipt, all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt<'a> {
    /// The message id as written; empty where there is none.
    pub id: &'a [u8],
    /// Where it was.
    pub id_in: IdIn,
    /// The text's id, also where TLV `receipted_message_id` went before it.
    pub text_id: Option<&'a [u8]>,
    /// The state: of TLV `message_state`, else of `stat`.
    pub state: MessageState,
    /// The `stat` that made the state and is no state's name; empty otherwise.
    pub word: &'a [u8],
    /// TLV `message_state` is there, and says nothing.
    pub odd_state: bool,
    /// `stat` as written; empty where there is none.
    pub stat: &'a [u8],
    /// `err` as written; empty where there is none.
    pub err: &'a [u8],
    /// `sub`, where it is a number.
    pub sub: Option<u32>,
    /// `dlvrd`, where it is a number.
    pub dlvrd: Option<u32>,
    /// `submit date`, where it is one.
    pub submit_date: Option<Date>,
    /// `done date`, where it is one (zeros are none).
    pub done_date: Option<Date>,
    /// All that follows the first `text:`, without trailing NULs; empty where there is none.
    pub text: &'a [u8],
    /// An intermediate notification (`esm_class` 0x20).
    pub intermediate: bool,
}

/// The fields of a receipt that the hot path needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brief<'a> {
    /// The message id as written; empty where there is none.
    pub id: &'a [u8],
    /// Where it was.
    pub id_in: IdIn,
    /// The state: of TLV `message_state`, else of `stat`.
    pub state: MessageState,
    /// The `stat` that made the state and is no state's name; empty otherwise.
    pub word: &'a [u8],
    /// TLV `message_state` is there, and says nothing.
    pub odd_state: bool,
    /// `err` as written; empty where there is none.
    pub err: &'a [u8],
    /// An intermediate notification (`esm_class` 0x20).
    pub intermediate: bool,
}

/// The content of a `deliver_sm` or `data_sm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered<'a> {
    /// A mobile-originated message (or an SME's acknowledgement: anything that is no receipt).
    Mo,
    /// A delivery receipt or an intermediate notification.
    Receipt(Brief<'a>),
    /// One of these whose text is not in plain octets: [`read_coded`] reads it.
    Coded,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DeliveryKind {
    Mo,
    Final,
    Intermediate,
}

impl DeliveryKind {
    #[inline]
    fn of(esm_class: u8) -> DeliveryKind {
        match esm_class & 0x3C {
            0x04 => DeliveryKind::Final,
            0x20 => DeliveryKind::Intermediate,
            _ => DeliveryKind::Mo,
        }
    }
}

/// Reads a receipt whose text is in plain octets; `None`: it is a message.
pub fn read<'a>(sm: &DeliverSm<'a>) -> Option<Receipt<'a>> {
    let receipt_tlvs = ReceiptTlvs::of(sm.tlvs);
    read_parts(sm.esm_class, receipt_tlvs.body(sm.short_message), &receipt_tlvs)
}

/// Reads a receipt that came as `data_sm`, its text in plain octets; `None`: it is a message.
pub fn read_data<'a>(sm: &DataSm<'a>) -> Option<Receipt<'a>> {
    let receipt_tlvs = ReceiptTlvs::of(sm.tlvs);
    read_parts(sm.esm_class, receipt_tlvs.body(&[]), &receipt_tlvs)
}

/// Reads a receipt, whatever its coding. `text`: its text in plain octets, which [`text_of`] makes. `None`: it is a
/// message, or another PDU.
pub fn read_body<'a>(body: &Body<'a>, text: &'a [u8]) -> Option<Receipt<'a>> {
    let (esm_class, tlvs) = match body {
        Body::DeliverSm(sm) => (sm.esm_class, sm.tlvs),
        Body::DataSm(sm) => (sm.esm_class, sm.tlvs),
        _ => return None,
    };
    read_parts(esm_class, text, &ReceiptTlvs::of(tlvs))
}

fn read_parts<'a>(
    esm_class: u8,
    text: &'a [u8],
    receipt_tlvs: &ReceiptTlvs<'a>,
) -> Option<Receipt<'a>> {
    let intermediate = match DeliveryKind::of(esm_class) {
        DeliveryKind::Mo => return None,
        DeliveryKind::Final => false,
        DeliveryKind::Intermediate => true,
    };
    let fields = text::scan(text, Depth::All);
    let (id, id_in) = choose_id(receipt_tlvs.id, fields.id);
    let (state, word) = choose_state(receipt_tlvs.state, fields.stat);
    let number = |digits: Option<&[u8]>| std::str::from_utf8(digits?).ok()?.parse().ok();
    Some(Receipt {
        id,
        id_in,
        text_id: fields.id,
        state,
        word,
        odd_state: receipt_tlvs.state.is_odd(),
        stat: fields.stat.unwrap_or_default(),
        err: fields.err.unwrap_or_default(),
        sub: number(fields.sub),
        dlvrd: number(fields.dlvrd),
        submit_date: fields.submit_date.and_then(Date::read),
        done_date: fields.done_date.and_then(Date::read),
        text: fields.text.unwrap_or_default(),
        intermediate,
    })
}

/// The fields of a `deliver_sm` or `data_sm` that a receipt is read from.
struct Carrier<'a> {
    esm_class: u8,
    data_coding: u8,
    short_message: &'a [u8],
    tlvs: Tlvs<'a>,
}

impl<'a> Carrier<'a> {
    #[inline]
    fn of(frame: &'a [u8]) -> Option<Carrier<'a>> {
        let header = Header::read(frame)?;
        let data_sm = match header.command_id {
            CommandId::DELIVER_SM => false,
            CommandId::DATA_SM => true,
            _ => return None,
        };
        let rest = skip_cstr(&frame[Header::OCTETS..])?;
        let rest = skip_cstr(rest.get(2..)?)?;
        let rest = skip_cstr(rest.get(2..)?)?;
        let esm_class = *rest.first()?;
        if data_sm {
            let (fixed, tlvs) = rest.split_at_checked(3)?;
            let (data_coding, tlvs) = (fixed[2], Tlvs(tlvs));
            return Some(Carrier { esm_class, data_coding, short_message: &[], tlvs });
        }
        let rest = skip_cstr(rest.get(3..)?)?;
        let rest = skip_cstr(rest)?;
        let (fixed, rest) = rest.split_at_checked(5)?;
        let (short_message, tlvs) = rest.split_at_checked(usize::from(fixed[4]))?;
        Some(Carrier { esm_class, data_coding: fixed[2], short_message, tlvs: Tlvs(tlvs) })
    }
}

/// Reads what the hot path needs out of a frame (a whole PDU), scanning it once. `None`: neither a
/// `deliver_sm` nor a `data_sm`, or one that ends too early: [`decode`](crate::smpp::pdu::decode) says why.
#[inline]
pub fn read_frame(frame: &[u8]) -> Option<Delivered<'_>> {
    let Carrier { esm_class, short_message, tlvs, .. } = Carrier::of(frame)?;
    let intermediate = match DeliveryKind::of(esm_class) {
        DeliveryKind::Mo => return Some(Delivered::Mo),
        DeliveryKind::Final => false,
        DeliveryKind::Intermediate => true,
    };
    let receipt_tlvs = ReceiptTlvs::of(tlvs);
    let body = receipt_tlvs.body(short_message);
    if let Some(fields) = read_appendix_b(body) {
        return Some(Delivered::Receipt(brief(&receipt_tlvs, &fields, intermediate)));
    }
    Some(read_other(&receipt_tlvs, esm_class, body, intermediate))
}

#[inline(never)]
fn read_other<'a>(
    receipt_tlvs: &ReceiptTlvs<'a>,
    esm_class: u8,
    body: &'a [u8],
    intermediate: bool,
) -> Delivered<'a> {
    if plain::is_coded(esm_class, body) {
        return Delivered::Coded;
    }
    let fields = text::scan(body, Depth::Brief);
    if fields.id.is_none() && !body.is_empty() {
        // septets that are packed say nothing until they are unpacked
        return Delivered::Coded;
    }
    Delivered::Receipt(brief(receipt_tlvs, &fields, intermediate))
}

#[inline]
fn brief<'a>(receipt_tlvs: &ReceiptTlvs<'a>, fields: &Fields<'a>, intermediate: bool) -> Brief<'a> {
    let (id, id_in) = choose_id(receipt_tlvs.id, fields.id);
    let (state, word) = choose_state(receipt_tlvs.state, fields.stat);
    let (odd_state, err) = (receipt_tlvs.state.is_odd(), fields.err.unwrap_or_default());
    Brief { id, id_in, state, word, odd_state, err, intermediate }
}

/// Reads a receipt whose text is not in plain octets; they are made in `room`. `None`: it is no receipt.
#[cold]
pub fn read_coded<'a>(frame: &'a [u8], room: &'a mut Vec<u8>) -> Option<Brief<'a>> {
    let Carrier { esm_class, data_coding, short_message, tlvs } = Carrier::of(frame)?;
    let intermediate = match DeliveryKind::of(esm_class) {
        DeliveryKind::Mo => return None,
        DeliveryKind::Final => false,
        DeliveryKind::Intermediate => true,
    };
    let receipt_tlvs = ReceiptTlvs::of(tlvs);
    let text = plain::of(esm_class, data_coding, receipt_tlvs.body(short_message));
    let fields = text::scan(in_room(text, room), Depth::Brief);
    Some(brief(&receipt_tlvs, &fields, intermediate))
}

/// Reads a message as the receipt that it reads like: its text has an id and a state. `None`: it does not, or it is a
/// receipt.
#[cold]
pub fn read_like<'a>(frame: &'a [u8], room: &'a mut Vec<u8>) -> Option<Brief<'a>> {
    let Carrier { esm_class, data_coding, short_message, tlvs } = Carrier::of(frame)?;
    if DeliveryKind::of(esm_class) != DeliveryKind::Mo {
        return None;
    }
    let receipt_tlvs = ReceiptTlvs::of(tlvs);
    let body = receipt_tlvs.body(short_message);
    let text = if plain::is_coded(esm_class, body) {
        in_room(plain::of(esm_class, data_coding, body), room)
    } else {
        body
    };
    let fields = text::scan(text, Depth::Brief);
    let is_there = |field: Option<&[u8]>| field.is_some_and(|value| !value.is_empty());
    (is_there(fields.id) && is_there(fields.stat)).then(|| brief(&receipt_tlvs, &fields, false))
}

fn in_room<'a>(text: Cow<'a, [u8]>, room: &'a mut Vec<u8>) -> &'a [u8] {
    match text {
        Cow::Borrowed(text) => text,
        Cow::Owned(text) => {
            *room = text;
            room
        }
    }
}

#[inline]
fn skip_cstr(octets: &[u8]) -> Option<&[u8]> {
    let nul = find(octets, 0)?;
    Some(&octets[nul + 1..])
}

#[inline]
fn choose_id<'a>(tlv: Option<&'a [u8]>, text: Option<&'a [u8]>) -> (&'a [u8], IdIn) {
    match (tlv, text) {
        (Some(id), _) if !id.is_empty() => (id, IdIn::Tlv),
        (_, Some(id)) if !id.is_empty() => (id, IdIn::Text),
        _ => (&[], IdIn::Absent),
    }
}

/// The state, and the word that made it where that is no state's name.
#[inline]
fn choose_state(tlv: TlvState, stat: Option<&[u8]>) -> (MessageState, &[u8]) {
    match (tlv, stat.filter(|stat| !stat.is_empty())) {
        (TlvState::State(value), _) => (MessageState::from_wire(value), &[]),
        (_, Some(stat)) => match MessageState::from_stat(stat) {
            state @ MessageState::Other(_) => (state, stat),
            state => (state, &[]),
        },
        (TlvState::Odd(value), None) => (MessageState::from_wire(value), &[]),
        (TlvState::Nothing | TlvState::OddLength, None) => (MessageState::Other(u8::MAX), &[]),
    }
}
