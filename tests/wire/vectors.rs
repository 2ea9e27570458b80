//! Every vector of `tests/data/vectors.json`: what is well formed decodes to the listed fields and
//! re-encodes to the same octets; what is malformed or illegal earns the listed answer.

use bytes::BytesMut;
use serde_json::{Value, json};
use smppbench::smpp::answer::{Role, State, answer};
use smppbench::smpp::pdu::{self, Field};
use smppbench::smpp::{CommandId, Header, Tag, TlvType, Tlvs, frame};

fn vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("../data/vectors.json")).unwrap()
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}")).to_owned()
}

fn octets(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn ascii(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

/// The TLV as the vectors list it.
fn tlv(tag: Tag, value: &[u8]) -> Value {
    let mut listed = json!({
        "tag": format!("0x{:04X}", tag.0),
        "name": tag.name().unwrap_or("vendor"),
        "length": value.len(),
        "value_hex": hex(value),
    });
    match tag.info().map(|info| info.tlv_type) {
        Some(TlvType::Int1 | TlvType::Int2 | TlvType::Int4) => {
            listed["value"] =
                json!(value.iter().fold(0_u64, |sum, octet| sum << 8 | u64::from(*octet)));
        }
        Some(TlvType::Cstr) => {
            listed["nul_terminated"] = json!(value.ends_with(&[0]));
            listed["value"] = json!(ascii(value.strip_suffix(&[0]).unwrap_or(value)));
        }
        Some(TlvType::Octets) | None => {}
    }
    listed
}

fn assert_body(name: &str, pdu: &pdu::Pdu<'_>, decoded: &Value) {
    let mut fields = serde_json::Map::new();
    let mut tlvs = Tlvs(&[]);
    pdu.body.fields(&mut |field, value| match value {
        Field::Int(value) => drop(fields.insert(field.into(), json!(value))),
        Field::Text(value) => drop(fields.insert(field.into(), json!(ascii(value)))),
        Field::ShortMessage(value) => {
            fields.insert("sm_length".into(), json!(value.len()));
            fields.insert("short_message_hex".into(), json!(hex(value)));
        }
        Field::Dests(dests) => drop(fields.insert("number_of_dests".into(), json!(dests.count))),
        Field::Unsuccessful(list) => drop(fields.insert("no_unsuccess".into(), json!(list.count))),
        Field::Tlvs(value) => tlvs = value,
    });
    let listed = decoded["body"].as_object().cloned().unwrap_or_default();
    for (field, value) in &listed {
        if !matches!(field.as_str(), "short_message_ascii" | "dest_addresses") {
            assert_eq!(fields.get(field), Some(value), "{name}: {field}");
        }
    }
    assert!(fields.keys().all(|field| listed.contains_key(field)), "{name}: {fields:?}");
    let found: Vec<Value> =
        tlvs.iter().map_while(Result::ok).map(|(tag, value)| tlv(tag, value)).collect();
    let listed = decoded["tlvs"].as_array().cloned().unwrap_or_default();
    assert_eq!(found.len(), listed.len(), "{name}");
    for (found, listed) in found.iter().zip(&listed) {
        for (key, value) in listed.as_object().unwrap().iter().filter(|(key, _)| *key != "ascii") {
            assert_eq!(&found[key], value, "{name}: {listed}");
        }
    }
}

#[test]
fn whatever_is_well_formed_decodes_to_its_fields_and_reencodes_to_its_octets() {
    let mut count = 0;
    for vector in vectors() {
        let decoded = if vector["decoded"].is_null() {
            &vector["decoded_if_lenient"]
        } else {
            &vector["decoded"]
        };
        if decoded.is_null() {
            continue;
        }
        let (name, wire) = (text(&vector, "name"), octets(&text(&vector, "hex")));
        assert_eq!(frame::cut(&wire, frame::OCTETS_MAX_DEFAULT), Ok(Some(wire.len())), "{name}");
        let pdu = pdu::decode(&wire).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert_eq!(json!(pdu.header.command_length), decoded["command_length"], "{name}");
        assert_eq!(pdu.header.command_id.to_string(), text(decoded, "command"), "{name}");
        let status = format!("0x{:08X}", pdu.header.command_status.0);
        assert_eq!(status, text(decoded, "command_status"), "{name}");
        assert_eq!(json!(pdu.header.sequence_number), decoded["sequence_number"], "{name}");
        assert_body(&name, &pdu, decoded);
        let mut again = BytesMut::new();
        pdu.encode(&mut again);
        assert_eq!(hex(&again), hex(&wire), "{name}");
        let tolerated = vector["category"] == "malformed"
            || !vector["relax"].is_null()
            || decoded["body_must_be_ignored"] == true;
        assert!(tolerated || pdu.anomalies.is_empty(), "{name}: {:?}", pdu.anomalies);
        count += 1;
    }
    assert_eq!(count, 94, "vectors with decoded fields");
}

#[test]
fn every_malformed_vector_shows_its_fault_and_its_status() {
    for vector in vectors().iter().filter(|vector| vector["category"] == "malformed") {
        let (name, wire) = (text(vector, "name"), octets(&text(vector, "hex")));
        let error = text(&vector["expected"], "error");
        if error.starts_with("SEMANTIC") {
            continue;
        }
        let (kind, status) = match frame::cut(&wire, frame::OCTETS_MAX_DEFAULT) {
            Err(desync) => (desync.name(), 2),
            Ok(_) => match pdu::decode(&wire) {
                Err(fault) => (fault.kind.name(), fault.status.0),
                Ok(pdu) => {
                    let odd = pdu.anomalies.first().unwrap_or_else(|| panic!("{name}: no anomaly"));
                    (odd.kind.name(), odd.status.unwrap_or_default().0)
                }
            },
        };
        assert_eq!(kind, error, "{name}");
        let listed = text(&vector["expected"], "status");
        assert!(
            listed.contains(&format!("(0x{status:02X})")),
            "{name}: {status:#x} is not {listed}"
        );
    }
}

fn state_of(vector: &Value) -> State {
    match vector["expected"]["session_state_before"].as_str() {
        Some("OPEN") => State::Open,
        Some("BOUND_TX") => State::BoundTx,
        Some("BOUND_RX") => State::BoundRx,
        Some("UNBOUND") => State::Unbound,
        Some("BOUND_TRX") | None => State::BoundTrx,
        Some(other) => panic!("{other}"),
    }
}

#[test]
fn every_malformed_and_illegal_vector_earns_the_listed_answer() {
    let mut count = 0;
    for vector in vectors().iter().filter(|vector| !vector["expected"].is_null()) {
        let (name, wire) = (text(vector, "name"), octets(&text(vector, "hex")));
        let sent_by_the_smsc =
            matches!(name.as_str(), "state_outbind_unsolicited" | "state_alert_notification");
        let role = if sent_by_the_smsc { Role::Esme } else { Role::Smsc };
        let answer = answer(&wire, role, state_of(vector));
        let listed = vector["expected"]["reply_hex"].as_str().map(str::to_owned);
        // The one vector whose answer differs from vendor to vendor lists none.
        if vector["expected"]["basis"] != "vendor" {
            assert_eq!(answer.octets.as_deref().map(hex), listed, "{name}");
        }
        let session = if answer.close { "close" } else { "continue" };
        assert_eq!(session, text(&vector["expected"], "session"), "{name}");
        count += 1;
    }
    assert_eq!(count, 31);
}

#[test]
fn what_is_well_formed_is_not_refused_and_no_response_is_answered() {
    for vector in
        vectors().iter().filter(|vector| vector["expected"].is_null() && vector["relax"].is_null())
    {
        let (name, wire) = (text(vector, "name"), octets(&text(vector, "hex")));
        let header = Header::read(&wire).unwrap();
        let from_the_smsc = matches!(
            header.command_id,
            CommandId::DELIVER_SM | CommandId::ALERT_NOTIFICATION | CommandId::OUTBIND
        );
        let role = if from_the_smsc { Role::Esme } else { Role::Smsc };
        let state = match header.command_id.is_bind() || header.command_id == CommandId::OUTBIND {
            true => State::Open,
            false => State::BoundTrx,
        };
        let answer = answer(&wire, role, state);
        let unanswered = header.command_id.is_response()
            || matches!(header.command_id, CommandId::ALERT_NOTIFICATION | CommandId::OUTBIND);
        assert_eq!(answer.octets.is_none(), unanswered, "{name}");
        let Some(octets) = answer.octets else { continue };
        let reply = pdu::decode(&octets).unwrap();
        assert_eq!(reply.header.command_id, header.command_id.response(), "{name}");
        assert_eq!(reply.header.sequence_number, header.sequence_number, "{name}");
        let kept = matches!(
            header.command_id,
            CommandId::QUERY_SM
                | CommandId::CANCEL_SM
                | CommandId::BROADCAST_SM
                | CommandId::CANCEL_BROADCAST_SM
        );
        assert_eq!(reply.header.command_status.is_ok(), !kept, "{name}");
    }
}
