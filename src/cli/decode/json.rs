//! A PDU as the JSON of docs/reference/commands.md, "decode".

use serde_json::{Map, Value, json};

use crate::smpp::answer::{Answer, Role, State, answer, strict_fault};
use crate::smpp::coding::Coding;
use crate::smpp::pdu::{self, Body, BodyFault, Dest, Field, Malformed, Pdu};
use crate::smpp::receipt::{self, MessageState};
use crate::smpp::udh::{self, Udh};
use crate::smpp::{CommandId, Header, Tag, TlvType, Tlvs, frame};

/// One value a PDU of a stream of octets, and one for a rest that is incomplete or cannot be cut.
pub fn decode_json(stream: &[u8]) -> Vec<Value> {
    let mut lines = Vec::new();
    let mut rest = stream;
    while !rest.is_empty() {
        match frame::cut(rest, frame::OCTETS_MAX_DEFAULT) {
            Ok(Some(octets)) => {
                lines.push(pdu_json(&rest[..octets]));
                rest = &rest[octets..];
            }
            Ok(None) => {
                lines.push(incomplete(rest));
                break;
            }
            Err(desync) => {
                lines.push(cannot_be_cut(rest, desync));
                break;
            }
        }
    }
    lines
}

/// The JSON of a frame: a whole PDU as [`frame::cut`] gives it.
pub fn pdu_json(frame: &[u8]) -> Value {
    let Some(header) = Header::read(frame) else {
        return incomplete(frame);
    };
    let receiver = receiver_of(header.command_id);
    let mut content = match pdu::decode(frame) {
        Ok(pdu) => content_json(&pdu, frame, receiver),
        Err(fault) => no_content_json(&malformed_json(&fault)),
    };
    if let Some(tlvs) = tlvs_behind_header(header, frame) {
        content["body"] = Value::Null;
        content["tlvs"] = tlvs_json(tlvs);
    }
    line(header_json(header), content, &answer(frame, receiver, State::BoundTrx))
}

/// The keys that say what the PDU holds.
fn content_json(pdu: &Pdu<'_>, frame: &[u8], receiver: Role) -> Value {
    let (body, tlvs) = body_json(pdu);
    let anomalies = pdu.anomalies.iter().map(|odd| fault_json(odd.kind.name(), odd.at, &odd.why()));
    let is_checked = receiver == Role::Smsc && !pdu.header.command_id.is_response();
    let refused = is_checked.then(|| strict_fault(pdu)).flatten();
    json!({
        "body": body,
        "tlvs": tlvs_json(tlvs),
        "anomalies": anomalies.chain(udh_anomaly(frame, &pdu.body)).collect::<Value>(),
        "malformed": refused.as_ref().map(malformed_json),
    })
}

/// The same keys of octets that cannot be read.
fn no_content_json(fault: &Value) -> Value {
    json!({ "body": null, "tlvs": [], "anomalies": [], "malformed": fault })
}

fn line(header: Value, content: Value, answer: &Answer) -> Value {
    let session = if answer.close { "close" } else { "continue" };
    let rest = json!({ "answer_hex": answer.octets.as_deref().map(hex), "session": session });
    let keys = [header, content, rest].into_iter().filter_map(|part| match part {
        Value::Object(keys) => Some(keys),
        _ => None,
    });
    Value::Object(keys.flatten().collect())
}

/// The receiver: an ESME for what only an SMSC sends, else an SMSC.
fn receiver_of(id: CommandId) -> Role {
    match id {
        CommandId::DELIVER_SM | CommandId::OUTBIND | CommandId::ALERT_NOTIFICATION => Role::Esme,
        _ => Role::Smsc,
    }
}

fn header_json(header: Header) -> Value {
    let Header { command_length, command_id, command_status, sequence_number } = header;
    json!({
        "command": command_id.name(),
        "command_id": format!("0x{:08X}", command_id.0),
        "command_length": command_length,
        "command_status": { "code": command_status.0, "name": command_status.name() },
        "sequence_number": sequence_number,
    })
}

fn fault_json(kind: &str, at: usize, why: &str) -> Value {
    json!({ "kind": kind, "at": at, "why": why })
}

fn malformed_json(fault: &Malformed) -> Value {
    let mut kind = fault.kind.name().to_owned();
    if fault.kind == BodyFault::Semantic {
        kind = format!("{kind}:{}", fault.field);
    }
    fault_json(&kind, fault.at, &fault.why())
}

/// A stream that ends within a PDU: not an error by itself.
fn incomplete(rest: &[u8]) -> Value {
    let why = match command_length(rest) {
        Some(octets) => format!("{} octets of {octets}: the rest is awaited", rest.len()),
        None => format!("{} octets: command_length is awaited", rest.len()),
    };
    let fault = fault_json("NEED_MORE", rest.len(), &why);
    let nothing = Answer { octets: None, close: false };
    line(start_json(rest), no_content_json(&fault), &nothing)
}

fn cannot_be_cut(rest: &[u8], desync: frame::Desync) -> Value {
    let fault = fault_json(desync.name(), 0, &desync.to_string());
    let answer = answer(rest, Role::Smsc, State::BoundTrx);
    line(start_json(rest), no_content_json(&fault), &answer)
}

fn command_length(octets: &[u8]) -> Option<u32> {
    octets.first_chunk().map(|length| u32::from_be_bytes(*length))
}

/// The header of octets that are not a whole PDU, as far as it is there.
fn start_json(octets: &[u8]) -> Value {
    let length = command_length(octets);
    let unread = || json!({ "command": null, "command_length": length, "command_status": null, "sequence_number": null });
    Header::read(octets).map_or_else(unread, header_json)
}

/// The fields; null for a response without a body.
fn body_json<'a>(pdu: &Pdu<'a>) -> (Value, Tlvs<'a>) {
    let mut fields = Map::new();
    let mut tlvs = Tlvs(&[]);
    let mut listed = 0;
    pdu.body.fields(&mut |name, field| {
        listed += 1;
        match field {
            Field::Int(value) => drop(fields.insert(name.into(), json!(value))),
            Field::Text(value) => drop(fields.insert(name.into(), json!(text(value)))),
            Field::ShortMessage(value) => short_message_json(value, &mut fields),
            Field::Dests(dests) => {
                fields.insert("number_of_dests".into(), json!(dests.count));
                fields.insert(name.into(), dests.iter().map(dest_json).collect());
            }
            Field::Unsuccessful(list) => {
                fields.insert("no_unsuccess".into(), json!(list.count));
                let entry = |sme: pdu::UnsuccessfulSme<'_>| {
                    json!({
                        "dest_addr_ton": sme.dest_addr_ton,
                        "dest_addr_npi": sme.dest_addr_npi,
                        "destination_addr": text(sme.destination_addr),
                        "error_status_code": sme.error_status_code.0,
                    })
                };
                fields.insert(name.into(), list.iter().map(entry).collect());
            }
            Field::Tlvs(run) => tlvs = run,
        }
    });
    if let Body::Unknown(octets) = pdu.body {
        fields.insert("octets_hex".into(), json!(hex(octets)));
        return (Value::Object(fields), tlvs);
    }
    add_text(&pdu.body, &mut fields);
    add_receipt(&pdu.body, &mut fields);
    let header_only_response = pdu.header.command_id.is_response() && fields.is_empty();
    let body =
        if listed == 0 || header_only_response { Value::Null } else { Value::Object(fields) };
    (body, tlvs)
}

fn short_message_json(value: &[u8], fields: &mut Map<String, Value>) {
    fields.insert("sm_length".into(), json!(value.len()));
    fields.insert("short_message_hex".into(), json!(hex(value)));
    if is_printable(value) {
        fields.insert("short_message_ascii".into(), json!(text(value)));
    }
}

/// The message of a PDU, in short_message or message_payload.
pub(super) struct Message<'a> {
    pub(super) esm_class: u8,
    pub(super) data_coding: u8,
    octets: &'a [u8],
}

pub(super) fn message<'a>(body: &Body<'a>) -> Option<Message<'a>> {
    let (esm_class, data_coding, short_message, tlvs) = match body {
        Body::SubmitSm(sm) => (sm.esm_class, sm.data_coding, sm.short_message, sm.tlvs),
        Body::DeliverSm(sm) => (sm.esm_class, sm.data_coding, sm.short_message, sm.tlvs),
        Body::SubmitMulti(sm) => (sm.esm_class, sm.data_coding, sm.short_message, sm.tlvs),
        Body::DataSm(sm) => (sm.esm_class, sm.data_coding, &[][..], sm.tlvs),
        _ => return None,
    };
    let payload = tlvs.get(Tag::MESSAGE_PAYLOAD).filter(|_| short_message.is_empty());
    Some(Message { esm_class, data_coding, octets: payload.unwrap_or(short_message) })
}

/// The message's text as its `data_coding` says, after a user data header, and that header.
fn add_text(body: &Body<'_>, fields: &mut Map<String, Value>) {
    let Some(message) = message(body) else { return };
    let mut octets = message.octets;
    if let Some(udh) = udh_of(&message) {
        octets = &octets[udh.octets.len()..];
        fields.insert("user_data_header".into(), udh_json(&udh));
    }
    if let Some(coding) = Coding::of_data_coding(message.data_coding).filter(|_| !octets.is_empty())
    {
        fields.insert("text".into(), json!(coding.decode(octets)));
    }
}

fn udh_of<'a>(message: &Message<'a>) -> Option<Udh<'a>> {
    (message.esm_class & 0x40 != 0).then(|| Udh::read(message.octets))
}

fn udh_json(udh: &Udh<'_>) -> Value {
    let element = |element: &udh::Element<'_>| {
        let mut line = json!({
            "id": format!("0x{:02X}", element.id),
            "name": element.name(),
            "length": element.data.len(),
            "data_hex": hex(element.data),
        });
        if let Some(udh::PartOf { reference, total, part }) = element.part() {
            line["reference"] = json!(reference);
            line["total"] = json!(total);
            line["part"] = json!(part);
        }
        if let Some((destination, originator)) = element.ports() {
            line["destination_port"] = json!(destination);
            line["originator_port"] = json!(originator);
        }
        line
    };
    json!({
        "octets_hex": hex(udh.octets),
        "elements": udh.elements.iter().map(element).collect::<Value>(),
    })
}

/// A fault of a user data header, with its place in the PDU.
fn udh_anomaly(frame: &[u8], body: &Body<'_>) -> Option<Value> {
    let message = message(body)?;
    let (at, why) = udh_of(&message)?.odd?;
    // the message is a part of the frame
    let start = (message.octets.as_ptr() as usize).saturating_sub(frame.as_ptr() as usize);
    let start = if message.octets.is_empty() { 0 } else { start };
    Some(fault_json("ODD_USER_DATA_HEADER", start + at, why))
}

fn add_receipt(body: &Body<'_>, fields: &mut Map<String, Value>) {
    let plain = receipt::text_of(body);
    if let Some(read) = receipt::read_body(body, &plain) {
        let line = json!({
            "id": text(read.id),
            "state": MessageState::stat(read.state),
            "err": text(read.err),
            "intermediate": read.intermediate,
        });
        fields.insert("receipt".into(), line);
    }
}

/// The TLVs of a response that refuses and leaves out its body (v5.0 3.2.1.3): they follow the header.
pub(super) fn tlvs_behind_header(header: Header, frame: &[u8]) -> Option<Tlvs<'_>> {
    let refuses = header.command_id.is_response() && !header.command_status.is_ok();
    let run = frame.get(Header::OCTETS..).filter(|run| refuses && !run.is_empty())?;
    let known = |tag: Tag| tag.name().is_some() || (0x1400..=0x3FFF).contains(&tag.0);
    let all = Tlvs(run);
    all.iter().all(|tlv| tlv.is_ok_and(|(tag, _)| known(tag))).then_some(all)
}

fn dest_json(dest: Dest<'_>) -> Value {
    match dest {
        Dest::Sme { dest_addr_ton, dest_addr_npi, destination_addr } => json!({
            "dest_flag": 1,
            "dest_addr_ton": dest_addr_ton,
            "dest_addr_npi": dest_addr_npi,
            "destination_addr": text(destination_addr),
        }),
        Dest::List { dl_name } => json!({ "dest_flag": 2, "dl_name": text(dl_name) }),
    }
}

fn tlvs_json(tlvs: Tlvs<'_>) -> Value {
    tlvs.iter().map_while(Result::ok).map(|(tag, value)| tlv_json(tag, value)).collect()
}

fn tlv_json(tag: Tag, value: &[u8]) -> Value {
    let mut line = json!({
        "tag": format!("0x{:04X}", tag.0),
        "name": tag.name().unwrap_or("vendor"),
        "length": value.len(),
        "value_hex": hex(value),
    });
    if let Some(number) = number(tag, value) {
        line["value"] = json!(number);
        return line;
    }
    match tag.info().map(|info| info.tlv_type) {
        Some(TlvType::Cstr) => {
            line["nul_terminated"] = json!(value.ends_with(&[0]));
            line["value"] = json!(text(value.strip_suffix(&[0]).unwrap_or(value)));
        }
        Some(TlvType::Octets) if !value.is_empty() && is_printable(value) => {
            line["ascii"] = json!(text(value));
        }
        Some(TlvType::Int1 | TlvType::Int2 | TlvType::Int4 | TlvType::Octets) | None => {}
    }
    line
}

/// The value of a TLV that is an integer by its definition.
pub(super) fn number(tag: Tag, value: &[u8]) -> Option<u64> {
    let (TlvType::Int1 | TlvType::Int2 | TlvType::Int4) = tag.info()?.tlv_type else { return None };
    let fits = (1..=8).contains(&value.len());
    fits.then(|| value.iter().fold(0, |number, octet| number << 8 | u64::from(*octet)))
}

pub(super) fn is_printable(octets: &[u8]) -> bool {
    octets.iter().all(|octet| matches!(octet, b' '..=b'~'))
}

/// ASCII, and beyond it Latin-1: every octet has a character.
pub(super) fn text(octets: &[u8]) -> String {
    Coding::Latin1.decode(octets)
}

/// Lower-case digits.
pub(in crate::cli) fn hex(octets: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    octets.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 15)]).collect()
}
