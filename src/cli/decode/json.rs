//! A PDU as the JSON of CONTRACT.md. Knows no input format.

use serde_json::{Map, Value, json};

use crate::smpp::answer::{Role, State, answer, strict_fault};
use crate::smpp::coding::Coding;
use crate::smpp::pdu::{self, Body, Dest, FaultKind, Field, Malformed, Pdu};
use crate::smpp::{CommandId, CommandStatus, Header, Tag, TlvType, Tlvs, frame, without_passwords};

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
    // a password is shown to nobody, not even to who has the octets
    let masked = without_passwords(frame);
    let frame = &masked[..];
    let decoded = pdu::decode(frame);
    let receiver = receiver_of(header.command_id);
    let mut line = header_json(header);
    match &decoded {
        Ok(pdu) => {
            let (body, tlvs) = body_json(pdu);
            line.insert("body".into(), body);
            line.insert("tlvs".into(), tlvs_json(tlvs));
            let odd =
                pdu.anomalies.iter().map(|odd| fault_json(odd.kind.name(), odd.at, &odd.why()));
            line.insert("anomalies".into(), odd.collect());
            let refused = match receiver {
                Role::Smsc if !header.command_id.is_response() => strict_fault(pdu),
                Role::Smsc | Role::Esme => None,
            };
            line.insert("malformed".into(), refused.as_ref().map_or(Value::Null, malformed_json));
        }
        Err(fault) => {
            line.insert("body".into(), Value::Null);
            line.insert("tlvs".into(), json!([]));
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
    if fault.kind == FaultKind::Semantic {
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

/// The message's text as its `data_coding` says, after a user data header.
fn add_text(body: &Body<'_>, fields: &mut Map<String, Value>) {
    let (esm_class, data_coding, octets) = if let Body::SubmitSm(sm) = body {
        (sm.esm_class, sm.data_coding, sm.short_message)
    } else if let Body::DeliverSm(sm) = body {
        (sm.esm_class, sm.data_coding, sm.short_message)
    } else if let Body::SubmitMulti(sm) = body {
        (sm.esm_class, sm.data_coding, sm.short_message)
    } else {
        return;
    };
    let header_octets = match octets.first() {
        Some(length) if esm_class & 0x40 != 0 => usize::from(*length) + 1,
        Some(_) | None => 0,
    };
    let (Some(octets), Some(coding)) =
        (octets.get(header_octets..), Coding::of_data_coding(data_coding))
    else {
        return;
    };
    if !octets.is_empty() {
        fields.insert("text".into(), json!(coding.decode(octets)));
    }
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
pub(super) fn hex(octets: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    octets.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 15)]).collect()
}
