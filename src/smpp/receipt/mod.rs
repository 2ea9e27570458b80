//! Delivery receipts: told apart from messages, read from TLVs and text, written. Knows no session
//! and matches no ids: that is the correlator's.
//!
//! `esm_class` alone decides what is a receipt (FACTS B.10): 0x04 final, 0x20 intermediate. A
//! `receipted_message_id` in a message is not enough (OpenMarket puts its own ticket there), and a
//! receipt's text under `esm_class` 0 is a message. The id of TLV `receipted_message_id` goes before
//! the text's, TLV `message_state` before `stat`.

mod date;
mod mould;
mod state;
#[cfg(test)]
mod tests;
mod text;
mod write;

use crate::smpp::octets::find;
use crate::smpp::pdu::{DataSm, DeliverSm};
use crate::smpp::{CommandId, Header, Tag, Tlvs};

pub use date::Date;
pub use mould::{Alike, Mould};
pub use state::MessageState;
use text::Depth;
pub use write::{ReceiptFields, ReceiptFormat, write_text};

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

/// What the hot path needs of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brief<'a> {
    /// The message id as written; empty where there is none.
    pub id: &'a [u8],
    /// Where it was.
    pub id_in: IdIn,
    /// The state: of TLV `message_state`, else of `stat`.
    pub state: MessageState,
    /// `err` as written; empty where there is none.
    pub err: &'a [u8],
    /// An intermediate notification (`esm_class` 0x20).
    pub intermediate: bool,
}

/// What a `deliver_sm` or `data_sm` brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered<'a> {
    /// A mobile-originated message (or an SME's acknowledgement: anything that is no receipt).
    Mo,
    /// A delivery receipt or an intermediate notification.
    Receipt(Brief<'a>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Mo,
    Final,
    Intermediate,
}

impl Kind {
    #[inline]
    fn of(esm_class: u8) -> Kind {
        match esm_class & 0x3C {
            0x04 => Kind::Final,
            0x20 => Kind::Intermediate,
            _ => Kind::Mo,
        }
    }
}

/// Reads a receipt; `None`: it is a message.
pub fn read<'a>(sm: &DeliverSm<'a>) -> Option<Receipt<'a>> {
    read_parts(sm.esm_class, sm.short_message, sm.tlvs)
}

/// Reads a receipt that came as `data_sm`; `None`: it is a message.
pub fn read_data<'a>(sm: &DataSm<'a>) -> Option<Receipt<'a>> {
    read_parts(sm.esm_class, &[], sm.tlvs)
}

fn read_parts<'a>(esm_class: u8, short_message: &'a [u8], tlvs: Tlvs<'a>) -> Option<Receipt<'a>> {
    let intermediate = match Kind::of(esm_class) {
        Kind::Mo => return None,
        Kind::Final => false,
        Kind::Intermediate => true,
    };
    let wanted = Wanted::of(tlvs);
    let fields = text::scan(wanted.body(short_message), Depth::All);
    let (id, id_in) = choose_id(wanted.id, fields.id);
    let number = |digits: Option<&[u8]>| std::str::from_utf8(digits?).ok()?.parse().ok();
    Some(Receipt {
        id,
        id_in,
        text_id: fields.id,
        state: choose_state(wanted.state, fields.stat),
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

/// Reads what the hot path needs out of a frame (a whole PDU), scanning it once. `None`: neither a
/// `deliver_sm` nor a `data_sm`, or one that ends too early: [`decode`](crate::smpp::pdu::decode) says why.
#[inline]
pub fn read_frame(frame: &[u8]) -> Option<Delivered<'_>> {
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
    let (short_message, tlvs) = if data_sm {
        (&[][..], rest.get(3..)?)
    } else {
        let rest = skip_cstr(rest.get(3..)?)?;
        let rest = skip_cstr(rest)?;
        let (fixed, rest) = rest.split_at_checked(5)?;
        rest.split_at_checked(usize::from(fixed[4]))?
    };
    let intermediate = match Kind::of(esm_class) {
        Kind::Mo => return Some(Delivered::Mo),
        Kind::Final => false,
        Kind::Intermediate => true,
    };
    let wanted = Wanted::of(Tlvs(tlvs));
    let fields = text::scan(wanted.body(short_message), Depth::Brief);
    let (id, id_in) = choose_id(wanted.id, fields.id);
    let state = choose_state(wanted.state, fields.stat);
    let err = fields.err.unwrap_or_default();
    Some(Delivered::Receipt(Brief { id, id_in, state, err, intermediate }))
}

#[inline]
fn skip_cstr(octets: &[u8]) -> Option<&[u8]> {
    let nul = find(octets, 0)?;
    Some(&octets[nul + 1..])
}

/// The three TLVs that a receipt may have, found in one walk.
#[derive(Default)]
struct Wanted<'a> {
    id: Option<&'a [u8]>,
    state: Option<u8>,
    payload: Option<&'a [u8]>,
}

impl<'a> Wanted<'a> {
    #[inline]
    fn of(tlvs: Tlvs<'a>) -> Self {
        let mut wanted = Wanted::default();
        for (tag, value) in tlvs.iter().map_while(Result::ok) {
            match tag {
                Tag::RECEIPTED_MESSAGE_ID => {
                    wanted.id.get_or_insert(value.strip_suffix(&[0]).unwrap_or(value));
                }
                Tag::MESSAGE_STATE => {
                    wanted.state = wanted.state.or(value.first().copied());
                }
                Tag::MESSAGE_PAYLOAD => {
                    wanted.payload.get_or_insert(value);
                }
                _ => {}
            }
        }
        wanted
    }

    /// The receipt's text: `short_message`, or where that is empty `message_payload`.
    #[inline]
    fn body(&self, short_message: &'a [u8]) -> &'a [u8] {
        if short_message.is_empty() { self.payload.unwrap_or_default() } else { short_message }
    }
}

#[inline]
fn choose_id<'a>(tlv: Option<&'a [u8]>, text: Option<&'a [u8]>) -> (&'a [u8], IdIn) {
    match (tlv, text) {
        (Some(id), _) if !id.is_empty() => (id, IdIn::Tlv),
        (_, Some(id)) if !id.is_empty() => (id, IdIn::Text),
        _ => (&[], IdIn::Absent),
    }
}

#[inline]
fn choose_state(tlv: Option<u8>, stat: Option<&[u8]>) -> MessageState {
    match (tlv, stat) {
        (Some(value), _) => MessageState::from_wire(value),
        (None, Some(stat)) => MessageState::from_stat(stat),
        (None, None) => MessageState::Other(u8::MAX),
    }
}
