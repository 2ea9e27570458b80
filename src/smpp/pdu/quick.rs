//! For the hot path: reads one thing out of a frame, or writes a response, without a full decode and
//! without allocating. A frame is a whole PDU as [`frame::cut`](crate::smpp::frame::cut) gives it.

use bytes::{BufMut, BytesMut};

use crate::smpp::octets::find;
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

/// `congestion_state` (v5.0 4.8.4.18) of any response that begins with one C-octet string or none.
pub fn congestion_state(resp_frame: &[u8]) -> Option<u8> {
    let body = resp_frame.get(Header::OCTETS..)?;
    let after_string = find(body, 0).map_or(&body[..0], |nul| &body[nul + 1..]);
    Tlvs(after_string)
        .get_int1(Tag::CONGESTION_STATE)
        .or_else(|| Tlvs(body).get_int1(Tag::CONGESTION_STATE))
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
