//! Every PDU as a value (v3.4 chapter 4; v5.0's broadcast family). Soft: what can be read is read.
//! Knows no session: whether a PDU may come now is not judged here.
//!
//! One file a family; this one holds the table of all.

#[macro_use]
mod table;

mod bind;
mod broadcast;
mod data;
mod deliver;
mod fault;
mod query;
mod quick;
mod session;
mod submit;
#[cfg(test)]
mod tests;

use bytes::BytesMut;

use super::octets::Reader;
use super::{CommandId, CommandStatus, Header, Tlvs};

pub use bind::{Bind, BindResp, Outbind};
pub use broadcast::{BroadcastResp, BroadcastSm, CancelBroadcastSm, QueryBroadcastSm};
pub use data::{DataSm, DataSmResp};
pub use deliver::{DeliverSm, DeliverSmResp};
pub use fault::{Anomaly, BodyFault, Malformed};
pub use query::{CancelSm, QuerySm, QuerySmResp};
pub use quick::{
    PlainAnswers, adds_only_congestion_state, congestion_state, data_sm_resp, deliver_sm_resp,
    deliver_sm_resps, header_only, message_id, plain_answers, submit_sm_resp,
};
pub use session::{AlertNotification, HeaderOnly};
pub use submit::{
    Dest, Dests, ReplaceSm, SubmitMulti, SubmitMultiResp, SubmitSm, SubmitSmResp, Unsuccessful,
    UnsuccessfulSme,
};

/// A field's value, for those who show or compare a PDU without knowing which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field<'a> {
    /// An integer of one octet.
    Int(u8),
    /// A C-octet string, without its NUL.
    Text(&'a [u8]),
    /// `short_message`: octets with an `sm_length`.
    ShortMessage(&'a [u8]),
    /// The destinations of a `submit_multi`.
    Dests(Dests<'a>),
    /// The addresses that a `submit_multi` did not reach.
    Unsuccessful(Unsuccessful<'a>),
    /// The TLVs.
    Tlvs(Tlvs<'a>),
}

/// One constructor for each field type of `table.rs`, named as it is there.
impl<'a> Field<'a> {
    fn int1(value: u8) -> Self {
        Field::Int(value)
    }
    fn cstr(value: &'a [u8]) -> Self {
        Field::Text(value)
    }
    fn time(value: &'a [u8]) -> Self {
        Field::Text(value)
    }
    fn short_message(value: &'a [u8]) -> Self {
        Field::ShortMessage(value)
    }
    fn dests(value: Dests<'a>) -> Self {
        Field::Dests(value)
    }
    fn unsuccessful(value: Unsuccessful<'a>) -> Self {
        Field::Unsuccessful(value)
    }
    fn tlvs(value: Tlvs<'a>) -> Self {
        Field::Tlvs(value)
    }
}

macro_rules! body_type {
    ($a:lifetime request $type:ident) => { $type<$a> };
    ($a:lifetime response $type:ident) => { Option<$type<$a>> };
}

macro_rules! bodies {
    ($($variant:ident($kind:ident $type:ident) = $id:ident;)*) => {
        /// The body of every PDU. A response's is `None` where it has no octets, which every
        /// response may lack.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Body<'a> {
            $(
                #[doc = concat!("[`CommandId::", stringify!($id), "`].")]
                $variant(body_type!('a $kind $type)),
            )*
            /// The octets of a body whose `command_id` has no name.
            Unknown(&'a [u8]),
        }

        impl<'a> Body<'a> {
            /// The `command_id` that goes with this body; `None` for [`Body::Unknown`].
            pub fn command_id(&self) -> Option<CommandId> {
                match self {
                    $(Body::$variant(_) => Some(CommandId::$id),)*
                    Body::Unknown(_) => None,
                }
            }

            fn read(
                id: CommandId,
                octets: &'a [u8],
                reader: &mut Reader<'a>,
            ) -> Result<Self, Malformed> {
                Ok(match id {
                    $(CommandId::$id => Body::$variant(bodies!(@read $kind $type octets reader)),)*
                    _ => Body::Unknown(octets),
                })
            }

            /// A value of every PDU in turn, out of what `source` draws.
            #[cfg(test)]
            fn samples(source: &mut tests::Source<'a>) -> Vec<Self> {
                vec![$(Body::$variant(bodies!(@sample $kind $type source)),)*]
            }

            fn write(&self, out: &mut BytesMut) {
                match self {
                    $(Body::$variant(body) => bodies!(@write $kind body out),)*
                    Body::Unknown(octets) => out.extend_from_slice(octets),
                }
            }

            /// The fields by name, in the order of the wire; none where there is no body.
            pub fn fields(&self, visit: &mut dyn FnMut(&'static str, Field<'a>)) {
                match self {
                    $(Body::$variant(body) => bodies!(@fields $kind body visit),)*
                    Body::Unknown(_) => {}
                }
            }
        }
    };
    (@read request $type:ident $octets:ident $reader:ident) => { $type::read($reader)? };
    (@read response $type:ident $octets:ident $reader:ident) => {
        if $octets.is_empty() { None } else { Some($type::read($reader)?) }
    };
    (@sample request $type:ident $source:ident) => { $type::sample($source) };
    (@sample response $type:ident $source:ident) => { Some($type::sample($source)) };
    (@write request $body:ident $out:ident) => { $body.write($out) };
    (@write response $body:ident $out:ident) => { if let Some(body) = $body { body.write($out) } };
    (@fields request $body:ident $visit:ident) => { $body.fields($visit) };
    (@fields response $body:ident $visit:ident) => { if let Some(body) = $body { body.fields($visit) } };
}

bodies! {
    GenericNack(response HeaderOnly) = GENERIC_NACK;
    BindReceiver(request Bind) = BIND_RECEIVER;
    BindReceiverResp(response BindResp) = BIND_RECEIVER_RESP;
    BindTransmitter(request Bind) = BIND_TRANSMITTER;
    BindTransmitterResp(response BindResp) = BIND_TRANSMITTER_RESP;
    BindTransceiver(request Bind) = BIND_TRANSCEIVER;
    BindTransceiverResp(response BindResp) = BIND_TRANSCEIVER_RESP;
    Outbind(request Outbind) = OUTBIND;
    SubmitSm(request SubmitSm) = SUBMIT_SM;
    SubmitSmResp(response SubmitSmResp) = SUBMIT_SM_RESP;
    SubmitMulti(request SubmitMulti) = SUBMIT_MULTI;
    SubmitMultiResp(response SubmitMultiResp) = SUBMIT_MULTI_RESP;
    DeliverSm(request DeliverSm) = DELIVER_SM;
    DeliverSmResp(response DeliverSmResp) = DELIVER_SM_RESP;
    DataSm(request DataSm) = DATA_SM;
    DataSmResp(response DataSmResp) = DATA_SM_RESP;
    QuerySm(request QuerySm) = QUERY_SM;
    QuerySmResp(response QuerySmResp) = QUERY_SM_RESP;
    CancelSm(request CancelSm) = CANCEL_SM;
    CancelSmResp(response HeaderOnly) = CANCEL_SM_RESP;
    ReplaceSm(request ReplaceSm) = REPLACE_SM;
    ReplaceSmResp(response HeaderOnly) = REPLACE_SM_RESP;
    Unbind(request HeaderOnly) = UNBIND;
    UnbindResp(response HeaderOnly) = UNBIND_RESP;
    EnquireLink(request HeaderOnly) = ENQUIRE_LINK;
    EnquireLinkResp(response HeaderOnly) = ENQUIRE_LINK_RESP;
    AlertNotification(request AlertNotification) = ALERT_NOTIFICATION;
    BroadcastSm(request BroadcastSm) = BROADCAST_SM;
    BroadcastSmResp(response BroadcastResp) = BROADCAST_SM_RESP;
    QueryBroadcastSm(request QueryBroadcastSm) = QUERY_BROADCAST_SM;
    QueryBroadcastSmResp(response BroadcastResp) = QUERY_BROADCAST_SM_RESP;
    CancelBroadcastSm(request CancelBroadcastSm) = CANCEL_BROADCAST_SM;
    CancelBroadcastSmResp(response HeaderOnly) = CANCEL_BROADCAST_SM_RESP;
}

/// A whole PDU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pdu<'a> {
    /// The header as it stood.
    pub header: Header,
    /// The body.
    pub body: Body<'a>,
    /// Anomalies: empty, and without allocation, in the normal case.
    pub anomalies: Vec<Anomaly>,
}

impl Pdu<'_> {
    /// Appends the PDU with its header's id, status and sequence; `command_length` is counted anew.
    pub fn encode(&self, out: &mut BytesMut) {
        let Header { command_length: _, command_id, command_status, sequence_number } = self.header;
        encode_with(command_id, command_status, sequence_number, out, |out| self.body.write(out));
    }
}

/// Decodes a frame: a whole PDU as [`frame::cut`](crate::smpp::frame::cut) gives it.
///
/// # Errors
/// [`Malformed`] where a request's body cannot be read, or where `frame` is not as long as its
/// `command_length`. A response is never malformed: what can be read of it is, the rest is an anomaly.
pub fn decode(frame: &[u8]) -> Result<Pdu<'_>, Malformed> {
    let whole = Header::read(frame).filter(|header| header.command_length as usize == frame.len());
    let Some(header) = whole else {
        return Err(Malformed {
            kind: BodyFault::CommandLength,
            at: 0,
            field: "command_length",
            status: CommandStatus::ESME_RINVCMDLEN,
        });
    };
    let octets = &frame[Header::OCTETS..];
    let response = header.command_id.is_response();
    let mut reader = Reader::new(octets, Header::OCTETS, response);
    let body = match Body::read(header.command_id, octets, &mut reader) {
        Ok(body) => body,
        Err(fault) if response => {
            reader.note(fault.kind, fault.at, fault.field, None);
            Body::Unknown(octets)
        }
        Err(fault) => return Err(fault),
    };
    note_oddities(header, octets, &mut reader);
    Ok(Pdu { header, body, anomalies: reader.anomalies })
}

/// What only header and body together show.
fn note_oddities(header: Header, octets: &[u8], reader: &mut Reader<'_>) {
    let Header { command_length: _, command_id, command_status, sequence_number: _ } = header;
    if command_id.name().is_none() {
        let status = (!command_id.is_response()).then_some(CommandStatus::ESME_RINVCMDID);
        reader.note(BodyFault::UnknownCommandId, 4, "command_id", status);
    }
    if !command_id.is_response() && !command_status.is_ok() {
        reader.note(BodyFault::StatusInRequest, 8, "command_status", None);
    }
    // A lone NUL is the empty body that v3.3 always sends; v5.0 allows congestion_state in any response.
    let is_usual = octets.len() <= 1 || adds_only_congestion_state(command_status, octets);
    if command_id.is_response() && !command_status.is_ok() && !is_usual {
        reader.note(BodyFault::BodyOnError, Header::OCTETS, "body", None);
    }
    let carries_id = matches!(command_id, CommandId::SUBMIT_SM_RESP | CommandId::DATA_SM_RESP);
    if carries_id && command_status.is_ok() && matches!(octets, [] | [0, ..]) {
        reader.note(BodyFault::NoMessageId, Header::OCTETS, "message_id", None);
    }
}

/// Appends a PDU whose body `write` appends, and then sets its `command_length`.
pub(crate) fn encode_with(
    command_id: CommandId,
    command_status: CommandStatus,
    sequence_number: u32,
    out: &mut BytesMut,
    write: impl FnOnce(&mut BytesMut),
) {
    let start = out.len();
    Header { command_length: 0, command_id, command_status, sequence_number }.write(out);
    write(out);
    let octets = u32::try_from(out.len() - start).expect("a PDU is far below 4 GiB");
    out[start..start + 4].copy_from_slice(&octets.to_be_bytes());
}
