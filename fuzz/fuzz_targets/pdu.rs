//! Any PDU: decoding never panics, what was read is written back, and every answer is a lawful PDU.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use smppbench::smpp::answer::{Role, State, answer};
use smppbench::smpp::pdu::{self, Body, Field};
use smppbench::smpp::{CommandId, Header, frame};

const ROLES: [Role; 2] = [Role::Smsc, Role::Esme];
const STATES: [State; 5] =
    [State::Open, State::BoundTx, State::BoundRx, State::BoundTrx, State::Unbound];

/// Half of the time the header is made good: what is behind it is reached then.
fn framed(data: &[u8]) -> Option<Vec<u8>> {
    let (&choice, rest) = data.split_first()?;
    if choice & 1 == 0 {
        return Some(rest.to_vec());
    }
    let named = CommandId::NAMED;
    let (id, _) = named[usize::from(choice >> 1) % named.len()];
    let (&status, body) = rest.split_first()?;
    let mut whole = BytesMut::new();
    let octets = (Header::OCTETS + body.len()) as u32;
    let command_status = smppbench::smpp::CommandStatus(u32::from(status));
    Header { command_length: octets, command_id: id, command_status, sequence_number: 7 }
        .write(&mut whole);
    whole.extend_from_slice(body);
    Some(whole.to_vec())
}

/// Walks everything that a PDU shows of itself.
fn look_at(body: &Body<'_>) {
    body.fields(&mut |_, field| match field {
        Field::Int(_) | Field::Text(_) | Field::ShortMessage(_) => {}
        Field::Dests(dests) => assert!(dests.iter().count() <= usize::from(dests.count)),
        Field::Unsuccessful(list) => assert!(list.iter().count() <= usize::from(list.count)),
        Field::Tlvs(tlvs) => {
            let octets: usize =
                tlvs.iter().map_while(Result::ok).map(|(_, value)| value.len() + 4).sum();
            assert!(octets <= tlvs.0.len());
        }
    });
}

fn check_answer(octets: &[u8], role: Role, state: State) {
    let answer = answer(octets, role, state);
    let Some(back) = &answer.octets else { return };
    assert_eq!(frame::cut(back, frame::OCTETS_MAX_DEFAULT), Ok(Some(back.len())));
    let header = Header::read(back).expect("a whole PDU has a header");
    assert!(header.command_id.is_response(), "only responses are answers");
    let read = pdu::decode(back).expect("an answer of ours is well-formed");
    let asked = Header::read(octets).filter(|_| !answer.close);
    assert!(asked.is_none_or(|asked| asked.sequence_number == read.header.sequence_number));
}

fuzz_target!(|data: &[u8]| {
    let Some(octets) = framed(data) else { return };
    for role in ROLES {
        for state in STATES {
            check_answer(&octets, role, state);
        }
    }
    let _ = pdu::message_id(&octets);
    let _ = pdu::congestion_state(&octets);
    let Ok(first) = pdu::decode(&octets) else { return };
    look_at(&first.body);
    for anomaly in &first.anomalies {
        assert!(!anomaly.why().is_empty());
    }
    let mut again = BytesMut::new();
    first.encode(&mut again);
    if first.anomalies.is_empty() {
        assert_eq!(&again[..], &octets[..], "a PDU without an anomaly is written as it was read");
    }
    // with anomalies: what could be read of it is stable from here on
    if let Ok(second) = pdu::decode(&again) {
        let mut third = BytesMut::new();
        second.encode(&mut third);
        assert_eq!(again, third);
    }
});
