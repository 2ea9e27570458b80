//! The right answer to any frame: which PDU is legal when (docs/smpp/protocol.md, "Session states") and what an error
//! earns (docs/smpp/protocol.md, "Errors"). Knows no session object and no message store: role and state are arguments,
//! and what only a store could answer is refused as an empty store would refuse it.

#[cfg(test)]
mod tests;

use bytes::BytesMut;

use super::pdu::{self, BindResp, Body, BodyFault, Field, Malformed, Pdu, SubmitMulti, SubmitSm};
use super::time::SmppTime;
use super::{CommandId, CommandStatus, Header, Tag, Tlvs, frame};

/// Who receives, and so answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The message centre.
    Smsc,
    /// Its client.
    Esme,
}

/// The state of a session (v3.4 2.2; v5.0 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Connected, not bound.
    Open,
    /// Bound as transmitter.
    BoundTx,
    /// Bound as receiver.
    BoundRx,
    /// Bound as transceiver.
    BoundTrx,
    /// Unbound, not yet closed.
    Unbound,
}

/// The response to a frame.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// The PDU that goes back, if one does.
    pub octets: Option<Vec<u8>>,
    /// Whether the connection is closed then: only where the stream cannot be cut.
    pub close: bool,
}

/// The response to a frame, before it is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// Nothing: a response, a `generic_nack`, or a PDU that has no response.
    Nothing,
    /// The matching response with this status.
    Response(CommandStatus),
    /// A `generic_nack` with this status.
    Nack(CommandStatus),
}

/// The answer to a frame. `frame` may also be the front of a stream that cannot be cut.
pub fn answer(frame: &[u8], role: Role, state: State) -> Answer {
    match frame::cut(frame, frame::OCTETS_MAX_DEFAULT) {
        Ok(None) => return Answer::default(),
        Ok(Some(_)) => {}
        Err(_desync) => {
            let mut out = BytesMut::new();
            let status = CommandStatus::ESME_RINVCMDLEN;
            pdu::header_only(CommandId::GENERIC_NACK, status, 0, &mut out);
            return Answer { octets: Some(out.to_vec()), close: true };
        }
    }
    let Some(header) = Header::read(frame) else {
        return Answer::default();
    };
    let decoded = pdu::decode(frame);
    let mut out = BytesMut::new();
    match reply(header, &decoded, role, state) {
        Reply::Nothing => return Answer::default(),
        Reply::Nack(status) => {
            pdu::header_only(CommandId::GENERIC_NACK, status, header.sequence_number, &mut out);
        }
        Reply::Response(status) => respond(header, &decoded, status, &mut out),
    }
    Answer { octets: Some(out.to_vec()), close: false }
}

/// What a frame earns. A body that cannot be read is judged before the state is. An SMSC is strict
/// (it refuses what a strict receiver would), an ESME soft: a delivery that it refused for an oddity
/// would come again for ever (docs/smpp/in-the-wild.md, row 22).
pub fn reply(
    header: Header,
    decoded: &Result<Pdu<'_>, Malformed>,
    role: Role,
    state: State,
) -> Reply {
    let id = header.command_id;
    if id.is_response() {
        return Reply::Nothing;
    }
    if id.name().is_none() {
        return Reply::Nack(CommandStatus::ESME_RINVCMDID);
    }
    let has_response = id != CommandId::OUTBIND && id != CommandId::ALERT_NOTIFICATION;
    let refuse = |status| if has_response { Reply::Response(status) } else { Reply::Nack(status) };
    let pdu = match decoded {
        Ok(pdu) => pdu,
        Err(fault) => return refuse(fault.status),
    };
    if role == Role::Smsc
        && let Some(status) = strict_fault(pdu).map(|fault| fault.status)
    {
        return refuse(status);
    }
    if let Some(status) = illegal(id, role, state) {
        return refuse(status);
    }
    if !has_response {
        return Reply::Nothing;
    }
    Reply::Response(of_an_empty_store(id))
}

/// What a strict receiver refuses in a PDU that could be read: its first anomaly with a status, or a
/// value that may not stand where it does.
pub fn strict_fault(pdu: &Pdu<'_>) -> Option<Malformed> {
    let odd = pdu.anomalies.iter().find_map(|odd| {
        Some(Malformed { kind: odd.kind, at: odd.at, field: odd.field, status: odd.status? })
    });
    odd.or_else(|| {
        let (field, status) = semantic_fault(&pdu.body)?;
        Some(Malformed {
            kind: BodyFault::Semantic,
            at: offset_of(&pdu.body, field),
            field,
            status,
        })
    })
}

/// What the values of a `submit_sm` earn, each taken for itself; `None`: nothing is wrong.
pub fn check(sm: &SubmitSm<'_>) -> Option<CommandStatus> {
    check_submit_sm(sm).map(|(_, status)| status)
}

type Found = Option<(&'static str, CommandStatus)>;

fn semantic_fault(body: &Body<'_>) -> Found {
    if let Body::SubmitSm(sm) = body {
        return check_submit_sm(sm);
    }
    if let Body::SubmitMulti(sm) = body {
        return check_submit_multi(sm);
    }
    None
}

fn check_submit_sm(sm: &SubmitSm<'_>) -> Found {
    check_flags(&Flags {
        esm_class: sm.esm_class,
        priority_flag: sm.priority_flag,
        schedule_delivery_time: sm.schedule_delivery_time,
        validity_period: sm.validity_period,
        registered_delivery: sm.registered_delivery,
        replace_if_present_flag: sm.replace_if_present_flag,
        sm_default_msg_id: sm.sm_default_msg_id,
        short_message: sm.short_message,
        tlvs: sm.tlvs,
    })
}

fn check_submit_multi(sm: &SubmitMulti<'_>) -> Found {
    if sm.dest_addresses.count == 0 {
        return Some(("number_of_dests", CommandStatus::ESME_RINVNUMDESTS));
    }
    check_flags(&Flags {
        esm_class: sm.esm_class,
        priority_flag: sm.priority_flag,
        schedule_delivery_time: sm.schedule_delivery_time,
        validity_period: sm.validity_period,
        registered_delivery: sm.registered_delivery,
        // Reserved here (v3.4 4.5.1).
        replace_if_present_flag: 0,
        sm_default_msg_id: sm.sm_default_msg_id,
        short_message: sm.short_message,
        tlvs: sm.tlvs,
    })
}

/// The fields that `submit_sm` and `submit_multi` share.
struct Flags<'a> {
    esm_class: u8,
    priority_flag: u8,
    schedule_delivery_time: &'a [u8],
    validity_period: &'a [u8],
    registered_delivery: u8,
    replace_if_present_flag: u8,
    sm_default_msg_id: u8,
    short_message: &'a [u8],
    tlvs: Tlvs<'a>,
}

fn check_flags(flags: &Flags<'_>) -> Found {
    let time_is_wrong = |text: &[u8]| !text.is_empty() && SmppTime::parse(text).is_err();
    // From an ESME only default, delivery acknowledgement and user acknowledgement (v3.4 5.2.12).
    let type_is_wrong = !matches!(flags.esm_class & 0x3C, 0x00 | 0x08 | 0x10);
    let both = !flags.short_message.is_empty()
        && flags.tlvs.get(Tag::MESSAGE_PAYLOAD).is_some_and(|payload| !payload.is_empty());
    let table = [
        (type_is_wrong, "esm_class", CommandStatus::ESME_RINVESMCLASS),
        (flags.priority_flag > 3, "priority_flag", CommandStatus::ESME_RINVPRTFLG),
        (
            time_is_wrong(flags.schedule_delivery_time),
            "schedule_delivery_time",
            CommandStatus::ESME_RINVSCHED,
        ),
        (time_is_wrong(flags.validity_period), "validity_period", CommandStatus::ESME_RINVEXPIRY),
        (
            flags.registered_delivery & 0xE0 != 0,
            "registered_delivery",
            CommandStatus::ESME_RINVREGDLVFLG,
        ),
        (
            flags.replace_if_present_flag > 1,
            "replace_if_present_flag",
            CommandStatus::ESME_RINVREPFLAG,
        ),
        // No message is predefined.
        (flags.sm_default_msg_id != 0, "sm_default_msg_id", CommandStatus::ESME_RINVDFTMSGID),
        (both, "short_message", CommandStatus::ESME_RINVMSGLEN),
    ];
    table.into_iter().find(|(wrong, _, _)| *wrong).map(|(_, field, status)| (field, status))
}

/// Octets from the start of the PDU to a field.
fn offset_of(body: &Body<'_>, wanted: &str) -> usize {
    let mut at = Header::OCTETS;
    let mut found = None;
    body.fields(&mut |field, value| {
        let same = field == wanted || (field == "dest_addresses" && wanted == "number_of_dests");
        if same && found.is_none() {
            found = Some(at);
        }
        at += match value {
            Field::Int(_) => 1,
            Field::Text(text) => text.len() + 1,
            Field::ShortMessage(octets) => octets.len() + 1,
            Field::Dests(dests) => dests.octets.len() + 1,
            Field::Unsuccessful(list) => list.octets.len() + 1,
            Field::Tlvs(tlvs) => tlvs.0.len(),
        };
    });
    found.unwrap_or(Header::OCTETS)
}

/// The table of docs/smpp/protocol.md, "Session states" with v5.0's additions: the status where this may not come now.
fn illegal(id: CommandId, receiver: Role, state: State) -> Option<CommandStatus> {
    let bound = match state {
        State::BoundTx | State::BoundRx | State::BoundTrx => true,
        State::Open | State::Unbound => false,
    };
    let transmits = matches!(state, State::BoundTx | State::BoundTrx);
    let receives = matches!(state, State::BoundRx | State::BoundTrx);
    let (smsc, esme) = (receiver == Role::Smsc, receiver == Role::Esme);
    if id.is_bind() && smsc && bound {
        return Some(CommandStatus::ESME_RALYBND);
    }
    let legal = match id {
        CommandId::BIND_RECEIVER | CommandId::BIND_TRANSMITTER | CommandId::BIND_TRANSCEIVER => {
            smsc && state == State::Open
        }
        CommandId::OUTBIND => esme && state == State::Open,
        CommandId::DELIVER_SM | CommandId::ALERT_NOTIFICATION => esme && receives,
        CommandId::DATA_SM | CommandId::UNBIND => bound,
        CommandId::ENQUIRE_LINK => true,
        // submit_sm, submit_multi, query_sm, cancel_sm, replace_sm, and the broadcast family.
        _ => smsc && transmits,
    };
    (!legal).then_some(CommandStatus::ESME_RINVBNDSTS)
}

/// The status of a legal request where no message is kept: there is nothing to find, change or cancel.
fn of_an_empty_store(id: CommandId) -> CommandStatus {
    match id {
        CommandId::QUERY_SM => CommandStatus::ESME_RQUERYFAIL,
        CommandId::CANCEL_SM => CommandStatus::ESME_RCANCELFAIL,
        CommandId::REPLACE_SM => CommandStatus::ESME_RREPLACEFAIL,
        CommandId::BROADCAST_SM => CommandStatus::ESME_RBCASTFAIL,
        CommandId::QUERY_BROADCAST_SM => CommandStatus::ESME_RBCASTQUERYFAIL,
        CommandId::CANCEL_BROADCAST_SM => CommandStatus::ESME_RBCASTCANCELFAIL,
        _ => CommandStatus::ESME_ROK,
    }
}

/// Encodes the response. An id that a store would give is empty.
fn respond(
    header: Header,
    decoded: &Result<Pdu<'_>, Malformed>,
    status: CommandStatus,
    out: &mut BytesMut,
) {
    let sequence_number = header.sequence_number;
    let id = header.command_id.response();
    if !status.is_ok() {
        return pdu::header_only(id, status, sequence_number, out);
    }
    match header.command_id {
        CommandId::BIND_RECEIVER | CommandId::BIND_TRANSMITTER | CommandId::BIND_TRANSCEIVER => {
            let tlvs = Tlvs(&[0x02, 0x10, 0x00, 0x01, 0x34]);
            let system_id = decoded.as_ref().map(|pdu| system_id(&pdu.body)).unwrap_or_default();
            BindResp { system_id, tlvs }.encode(id, status, sequence_number, out);
        }
        CommandId::SUBMIT_SM => pdu::submit_sm_resp(status, sequence_number, b"", out),
        CommandId::DATA_SM => pdu::data_sm_resp(status, sequence_number, b"", out),
        CommandId::DELIVER_SM => pdu::deliver_sm_resp(status, sequence_number, out),
        CommandId::SUBMIT_MULTI => {
            pdu::SubmitMultiResp::default().encode(status, sequence_number, out);
        }
        _ => pdu::header_only(id, status, sequence_number, out),
    }
}

/// The name that a bind gives, which its response repeats (as OpenMarket does).
fn system_id<'a>(body: &Body<'a>) -> &'a [u8] {
    if let Body::BindReceiver(bind) | Body::BindTransmitter(bind) | Body::BindTransceiver(bind) =
        body
    {
        return bind.system_id;
    }
    &[]
}
