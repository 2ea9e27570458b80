//! A PDU as the JSON of docs/reference/commands.md, "decode". Knows no input format.

use serde_json::{Map, Value, json};

use crate::smpp::answer::{Role, State, answer, strict_fault};
use crate::smpp::coding::Coding;
use crate::smpp::pdu::{self, Body, BodyFault, Dest, Field, Malformed, Pdu};
use crate::smpp::receipt::{self, MessageState};
use crate::smpp::udh::{self, Udh};
use crate::smpp::{CommandId, CommandStatus, Header, Tag, TlvType, Tlvs, frame};

/// One value a PDU of a stream of octets; a last one for what cannot be cut, or is incomplete.
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
    let decoded = pdu::decode(frame);
    let receiver = receiver_of(header.command_id);
    let mut line = header_json(header);
    let behind = tlvs_behind_header(header, frame);
    match &decoded {
        Ok(pdu) => {
            let (body, tlvs) = body_json(pdu);
            line.insert("body".into(), if behind.is_some() { Value::Null } else { body });
            line.insert("tlvs".into(), tlvs_json(behind.unwrap_or(tlvs)));
            let odd =
                pdu.anomalies.iter().map(|odd| fault_json(odd.kind.name(), odd.at, &odd.why()));
            let odd = odd.chain(udh_anomaly(frame, &pdu.body));
            line.insert("anomalies".into(), odd.collect());
            let refused = match receiver {
                Role::Smsc if !header.command_id.is_response() => strict_fault(pdu),
                Role::Smsc | Role::Esme => None,
            };
            line.insert("malformed".into(), refused.as_ref().map_or(Value::Null, malformed_json));
        }
        Err(fault) => {
            line.insert("body".into(), Value::Null);
            line.insert("tlvs".into(), behind.map_or_else(|| json!([]), tlvs_json));
            line.insert("anomalies".into(), json!([]));
            line.insert("malformed".into(), malformed_json(fault));
        }
    }
    let answer = answer(frame, receiver, State::BoundTrx);
    line.insert("answer_hex".into(), json!(answer.octets.as_deref().map(hex)));
    line.insert("session".into(), session(answer.close));
    Value::Object(line)
}

/// Who receives it: what an ESME may send goes to an SMSC, the rest to an ESME.
fn receiver_of(id: CommandId) -> Role {
    match id {
        CommandId::DELIVER_SM | CommandId::OUTBIND | CommandId::ALERT_NOTIFICATION => Role::Esme,
        _ => Role::Smsc,
    }
}

fn session(close: bool) -> Value {
    json!(if close { "close" } else { "continue" })
}

fn header_json(header: Header) -> Map<String, Value> {
    let Header { command_length, command_id, command_status, sequence_number } = header;
    let mut line = Map::new();
    line.insert("command".into(), json!(command_id.name()));
    line.insert("command_id".into(), json!(format!("0x{:08X}", command_id.0)));
    line.insert("command_length".into(), json!(command_length));
    line.insert("command_status".into(), status_json(command_status));
    line.insert("sequence_number".into(), json!(sequence_number));
    line
}

fn status_json(status: CommandStatus) -> Value {
    json!({ "code": status.0, "name": status.name() })
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
    let wanted = rest.first_chunk::<4>().map(|length| u32::from_be_bytes(*length));
    let why = match wanted {
        Some(octets) => format!("{} octets of {octets}: the rest is awaited", rest.len()),
        None => format!("{} octets: command_length is awaited", rest.len()),
    };
    without_body(rest, &fault_json("NEED_MORE", rest.len(), &why), Value::Null, false)
}

fn cannot_be_cut(rest: &[u8], desync: frame::Desync) -> Value {
    let answer = answer(rest, Role::Smsc, State::BoundTrx);
    let answer_hex = json!(answer.octets.as_deref().map(hex));
    without_body(rest, &fault_json(desync.name(), 0, &desync.to_string()), answer_hex, answer.close)
}

fn without_body(rest: &[u8], malformed: &Value, answer_hex: Value, close: bool) -> Value {
    let header = Header::read(rest).map(header_json);
    let length = rest.first_chunk::<4>().map(|length| u32::from_be_bytes(*length));
    let mut line = header.unwrap_or_else(|| {
        let mut line = Map::new();
        line.insert("command".into(), Value::Null);
        line.insert("command_length".into(), json!(length));
        line.insert("command_status".into(), Value::Null);
        line.insert("sequence_number".into(), Value::Null);
        line
    });
    line.insert("body".into(), Value::Null);
    line.insert("tlvs".into(), json!([]));
    line.insert("anomalies".into(), json!([]));
    line.insert("malformed".into(), malformed.clone());
    line.insert("answer_hex".into(), answer_hex);
    line.insert("session".into(), session(close));
    Value::Object(line)
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

/// What a PDU carries to or from a phone.
struct Message<'a> {
    esm_class: u8,
    data_coding: u8,
    octets: &'a [u8],
}

fn message<'a>(body: &Body<'a>) -> Option<Message<'a>> {
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

/// What is odd about a user data header, at its place in the PDU.
fn udh_anomaly(frame: &[u8], body: &Body<'_>) -> Option<Value> {
    let message = message(body)?;
    let (at, why) = udh_of(&message)?.odd?;
    // the message is a part of the frame
    let start = (message.octets.as_ptr() as usize).saturating_sub(frame.as_ptr() as usize);
    let start = if message.octets.is_empty() { 0 } else { start };
    Some(fault_json("ODD_USER_DATA_HEADER", start + at, why))
}

/// What is read of a receipt.
fn add_receipt(body: &Body<'_>, fields: &mut Map<String, Value>) {
    let read = match body {
        Body::DeliverSm(sm) => receipt::read(sm),
        Body::DataSm(sm) => receipt::read_data(sm),
        _ => None,
    };
    if let Some(read) = read {
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
    match tag.info().map(|info| info.tlv_type) {
        Some(TlvType::Int1 | TlvType::Int2 | TlvType::Int4) if (1..=8).contains(&value.len()) => {
            let number = value.iter().fold(0, |number, octet| number << 8 | u64::from(*octet));
            line["value"] = json!(number);
        }
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

fn is_printable(octets: &[u8]) -> bool {
    octets.iter().all(|octet| matches!(octet, b' '..=b'~'))
}

/// ASCII, and beyond it Latin-1: every octet has a character, so that none is lost.
fn text(octets: &[u8]) -> String {
    Coding::Latin1.decode(octets)
}

/// Lower-case digits.
pub(in crate::cli) fn hex(octets: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    octets.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 15)]).collect()
}
