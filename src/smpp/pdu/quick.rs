//! For the hot path: reads one thing out of a frame, or writes a response, without a full decode and
//! without allocating. A frame is a whole PDU as [`frame::cut`](crate::smpp::frame::cut) gives it.

use bytes::{BufMut, BytesMut};

use crate::smpp::octets::{find, nuls};
use crate::smpp::{CommandId, CommandStatus, Header, Tag, Tlvs};

/// The `message_id` of a `submit_sm_resp` or `data_sm_resp`: the octets between header and NUL (to
/// the end where there is no NUL). `None` where there is no body; an empty slice where it is empty.
#[inline]
pub fn message_id(resp_frame: &[u8]) -> Option<&[u8]> {
    let body = resp_frame.get(Header::OCTETS..)?;
    if body.is_empty() {
        return None;
    }
    let end = find(body, 0).unwrap_or(body.len());
    Some(&body[..end])
}

/// submit_sm_resp that follow each other as most do: see [`plain_answers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainAnswers {
    /// sequence_number of the first.
    pub first: u32,
    /// How many.
    pub count: u32,
    /// Octets of each.
    pub octets: usize,
}

/// The submit_sm_resp at the start of `octets` that are equally long and numbered one after the other, say
/// ESME_ROK, and hold a `message_id` that is not empty and nothing else. None: the first PDU is no such one,
/// or has not wholly come.
#[inline]
pub fn plain_answers(octets: &[u8]) -> Option<PlainAnswers> {
    // a message_id has at most 65 octets, its NUL among them
    const SHORTEST: usize = Header::OCTETS + 2;
    const LONGEST: usize = Header::OCTETS + 65;
    let (length_and_id, status_and_number) = halves(octets)?;
    let (length, id) = ((length_and_id >> 32) as usize, length_and_id as u32);
    let plain = id == CommandId::SUBMIT_SM_RESP.0
        && status_and_number >> 32 == 0
        && (SHORTEST..=LONGEST).contains(&length);
    if !plain {
        return None;
    }
    let mut number = status_and_number;
    for frame in octets.chunks_exact(length) {
        let as_the_first = halves(frame) == Some((length_and_id, number));
        if !as_the_first || !is_message_id(&frame[Header::OCTETS..]) {
            break;
        }
        number += 1;
    }
    let count = (number - status_and_number) as u32;
    let first = status_and_number as u32;
    (count > 0).then_some(PlainAnswers { first, count, octets: length })
}

/// The header as two numbers: length and command_id, command_status and sequence_number.
#[inline]
fn halves(octets: &[u8]) -> Option<(u64, u64)> {
    let (halves, _) = octets.first_chunk::<{ Header::OCTETS }>()?.as_chunks::<8>();
    Some((u64::from_be_bytes(halves[0]), u64::from_be_bytes(halves[1])))
}

/// Not empty, and its only NUL at the end.
#[inline]
fn is_message_id(field: &[u8]) -> bool {
    if let (Some(first), Some(last), 9..=16) =
        (field.first_chunk(), field.last_chunk(), field.len())
    {
        // nearly all: two words have all of it, and the second ends with the NUL
        let (first, last) = (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
        return nuls(first) == 0 && nuls(last).trailing_zeros() == 63;
    }
    field.len() > 1 && find(field, 0) == Some(field.len() - 1)
}

/// `congestion_state` (v5.0 4.8.4.18) of any response that begins with one C-octet string or none.
pub fn congestion_state(resp_frame: &[u8]) -> Option<u8> {
    let body = resp_frame.get(Header::OCTETS..)?;
    let after_string = find(body, 0).map_or(&body[..0], |nul| &body[nul + 1..]);
    Tlvs(after_string)
        .get_int1(Tag::CONGESTION_STATE)
        .or_else(|| Tlvs(body).get_int1(Tag::CONGESTION_STATE))
}

/// Whether a response's body is as it is without TLVs, but for one `congestion_state` from 0 to 100: after a
/// `message_id` where `status` is 0, after an empty string or none where it is not.
pub fn adds_only_congestion_state(status: CommandStatus, body: &[u8]) -> bool {
    const TLV: [u8; 4] = [0x04, 0x28, 0x00, 0x01];
    let Some((before, [tlv @ .., state])) = body.split_last_chunk::<5>() else { return false };
    let is_plain_before = if status.is_ok() {
        is_message_id(before) && before.len() <= 65
    } else {
        matches!(before, [] | [0])
    };
    *tlv == TLV && *state <= 100 && is_plain_before
}

/// Appends a PDU of 16 octets.
#[inline]
pub fn header_only(id: CommandId, status: CommandStatus, sequence_number: u32, out: &mut BytesMut) {
    Header {
        command_length: Header::OCTETS as u32,
        command_id: id,
        command_status: status,
        sequence_number,
    }
    .write(out);
}

/// Appends a `submit_sm_resp`: with `message_id` where `status` is 0, header only where it is not.
#[inline]
pub fn submit_sm_resp(
    status: CommandStatus,
    sequence_number: u32,
    message_id: &[u8],
    out: &mut BytesMut,
) {
    id_resp(CommandId::SUBMIT_SM_RESP, status, sequence_number, message_id, out);
}

/// Appends a `data_sm_resp`: with `message_id` where `status` is 0, header only where it is not.
#[inline]
pub fn data_sm_resp(
    status: CommandStatus,
    sequence_number: u32,
    message_id: &[u8],
    out: &mut BytesMut,
) {
    id_resp(CommandId::DATA_SM_RESP, status, sequence_number, message_id, out);
}

#[inline]
fn id_resp(
    id: CommandId,
    status: CommandStatus,
    sequence_number: u32,
    message_id: &[u8],
    out: &mut BytesMut,
) {
    if !status.is_ok() {
        return header_only(id, status, sequence_number, out);
    }
    let octets = Header::OCTETS + message_id.len() + 1;
    out.reserve(octets);
    Header {
        command_length: octets as u32,
        command_id: id,
        command_status: status,
        sequence_number,
    }
    .write(out);
    out.put_slice(message_id);
    out.put_u8(0);
}

/// Appends a `deliver_sm_resp`: 17 octets with an empty `message_id` (v3.4 4.6.2).
#[inline]
pub fn deliver_sm_resp(status: CommandStatus, sequence_number: u32, out: &mut BytesMut) {
    out.reserve(Header::OCTETS + 1);
    Header {
        command_length: Header::OCTETS as u32 + 1,
        command_id: CommandId::DELIVER_SM_RESP,
        command_status: status,
        sequence_number,
    }
    .write(out);
    out.put_u8(0);
}

/// Appends a `deliver_sm_resp` with ESME_ROK for each of these sequence_numbers.
#[inline]
pub fn deliver_sm_resps(sequence_numbers: impl ExactSizeIterator<Item = u32>, out: &mut BytesMut) {
    const OCTETS: usize = Header::OCTETS + 1;
    let mut image = [0; OCTETS];
    image[..4].copy_from_slice(&(OCTETS as u32).to_be_bytes());
    image[4..8].copy_from_slice(&CommandId::DELIVER_SM_RESP.0.to_be_bytes());
    out.reserve(OCTETS * sequence_numbers.len());
    for sequence_number in sequence_numbers {
        image[12..Header::OCTETS].copy_from_slice(&sequence_number.to_be_bytes());
        out.extend_from_slice(&image);
    }
}
