//! Our codec against rusmpp's, which nobody here wrote. Its known differences (it drops trailing
//! octets, adds a missing NUL, and is strict about field lengths and times) keep it from judging what
//! is odd; what it reads and writes back unchanged, we must read and write back too.

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use rusmpp::decode::DecodeWithLength;
use rusmpp::encode::{Encode, Length};
use serde_json::Value;
use smppbench::smpp::pdu::{self, Bind, BindResp, Body, DataSm, DeliverSm, QuerySm, SubmitSm};
use smppbench::smpp::{CommandId, CommandStatus, Header, Tag, Tlvs, put_tlv};

fn oracle(frame: &[u8]) -> Option<rusmpp::Command> {
    let mut source = BytesMut::from(&frame[4..]);
    rusmpp::Command::decode(&mut source, frame.len() - 4).ok().map(|(command, _)| command)
}

fn encoded_by_oracle(command: &rusmpp::Command) -> Vec<u8> {
    let mut octets = vec![0; command.length()];
    let written = command.encode(&mut octets);
    octets.truncate(written);
    let length = (octets.len() as u32 + 4).to_be_bytes();
    [&length[..], &octets].concat()
}

fn reencoded(frame: &[u8]) -> Option<Vec<u8>> {
    let pdu = pdu::decode(frame).ok()?;
    let mut out = BytesMut::new();
    pdu.encode(&mut out);
    Some(out.to_vec())
}

fn vectors() -> Vec<(String, Vec<u8>)> {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../data/vectors.json")).unwrap();
    let octets = |hex: &str| {
        (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect()
    };
    vectors
        .iter()
        .filter(|vector| !vector["decoded"].is_null())
        .map(|vector| (vector["name"].to_string(), octets(vector["hex"].as_str().unwrap())))
        .collect()
}

#[test]
fn what_the_oracle_reads_of_the_vectors_both_write_back_alike() {
    let (mut read, mut alike) = (0, 0);
    for (name, wire) in vectors() {
        let Some(command) = oracle(&wire) else { continue };
        read += 1;
        let header = Header::read(&wire).unwrap();
        assert_eq!(u32::from(command.id()), header.command_id.0, "{name}");
        assert_eq!(u32::from(command.status()), header.command_status.0, "{name}");
        assert_eq!(command.sequence_number(), header.sequence_number, "{name}");
        alike += usize::from(encoded_by_oracle(&command) == wire);
        assert_eq!(reencoded(&wire).as_deref(), Some(&wire[..]), "{name}");
    }
    println!("rusmpp reads {read} of {} and writes {alike} back unchanged", vectors().len());
    assert!(read >= 70 && alike >= 65, "{read} {alike}");
}

fn cstr(characters_max: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(0x21_u8..0x7F, 0..=characters_max)
}

fn time() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![Just(Vec::new()), Just(b"020610233429000R".to_vec())]
}

prop_compose! {
    fn sm()(
        service_type in cstr(5),
        addresses in (cstr(20), cstr(20)),
        times in (time(), time()),
        flags in any::<[u8; 8]>(),
        short_message in vec(any::<u8>(), 0..=255),
        reference in any::<u16>(),
        vendor in vec(any::<u8>(), 0..30),
    ) -> BytesMut {
        let mut run = BytesMut::new();
        put_tlv(Tag::USER_MESSAGE_REFERENCE, &reference.to_be_bytes(), &mut run);
        put_tlv(Tag(0x2157), &vendor, &mut run);
        let [source_addr_ton, dest_addr_npi, esm_class, protocol_id, priority_flag, registered_delivery, data_coding, sm_default_msg_id] = flags;
        let mut out = BytesMut::new();
        SubmitSm {
            service_type: &service_type,
            source_addr_ton,
            source_addr_npi: 1,
            source_addr: &addresses.0,
            dest_addr_ton: 1,
            dest_addr_npi,
            destination_addr: &addresses.1,
            esm_class,
            protocol_id,
            priority_flag,
            schedule_delivery_time: &times.0,
            validity_period: &times.1,
            registered_delivery,
            replace_if_present_flag: 0,
            data_coding,
            sm_default_msg_id,
            short_message: &short_message,
            tlvs: Tlvs(&run),
        }
        .encode(CommandStatus::ESME_ROK, 7, &mut out);
        out
    }
}

proptest! {
    #[test]
    fn the_oracle_reads_every_submit_sm_that_we_write(frame in sm()) {
        let command = oracle(&frame).expect("rusmpp reads a submit_sm within v5.0's bounds");
        prop_assert_eq!(encoded_by_oracle(&command), frame.to_vec());
        let Some(rusmpp::Pdu::SubmitSm(theirs)) = command.pdu() else { panic!("{command:?}") };
        let ours = pdu::decode(&frame).unwrap();
        let Body::SubmitSm(ours) = ours.body else { panic!("{:?}", ours.body) };
        prop_assert_eq!(&theirs.short_message().clone().into_bytes()[..], ours.short_message);
        prop_assert_eq!(theirs.destination_addr.to_string().into_bytes(), ours.destination_addr);
        prop_assert_eq!(theirs.source_addr.to_string().into_bytes(), ours.source_addr);
        prop_assert_eq!(theirs.tlvs().len(), ours.tlvs.iter().count());
    }

    #[test]
    fn the_oracle_reads_the_other_pdus_that_we_write(
        (system_id, password, range) in (cstr(15), cstr(8), cstr(40)),
        // rusmpp holds data_sm's addresses to 21 octets; v3.4 4.7.1 has 65.
        (message_id, address) in (cstr(64), cstr(20)),
        short_message in vec(any::<u8>(), 0..=254),
        version in any::<u8>(),
    ) {
        let ok = CommandStatus::ESME_ROK;
        let mut frames: Vec<BytesMut> = vec![BytesMut::new(); 6];
        Bind { system_id: &system_id, password: &password, address_range: &range, interface_version: version, ..Bind::default() }
            .encode(CommandId::BIND_TRANSCEIVER, ok, 1, &mut frames[0]);
        let tlv = [0x02, 0x10, 0x00, 0x01, version];
        BindResp { system_id: &system_id, tlvs: Tlvs(&tlv) }
            .encode(CommandId::BIND_RECEIVER_RESP, ok, 2, &mut frames[1]);
        pdu::submit_sm_resp(ok, 3, &message_id, &mut frames[2]);
        DeliverSm { short_message: &short_message, esm_class: 4, ..DeliverSm::default() }
            .encode(ok, 4, &mut frames[3]);
        DataSm { source_addr: &address, ..DataSm::default() }.encode(ok, 5, &mut frames[4]);
        QuerySm { message_id: &message_id, ..QuerySm::default() }.encode(ok, 6, &mut frames[5]);
        for frame in frames {
            let command = oracle(&frame).expect("rusmpp reads what is within the specification");
            prop_assert_eq!(encoded_by_oracle(&command), frame.to_vec());
        }
    }

    #[test]
    fn whatever_the_oracle_reads_without_loss_we_read_too(
        which in any::<prop::sample::Index>(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let vectors = vectors();
        let (name, wire) = &vectors[which.index(vectors.len())];
        let mut wire = wire.clone();
        // The length stays: framing is not the body's.
        let (_, body) = wire.split_at_mut(4);
        for (place, octet) in damage {
            let octets = body.len();
            body[place.index(octets)] = octet;
        }
        // rusmpp takes any request without a body, whatever its mandatory fields.
        let bare_request = wire.len() == Header::OCTETS && wire[4] & 0x80 == 0;
        let lossless = !bare_request && oracle(&wire).is_some_and(|command| encoded_by_oracle(&command) == wire);
        if lossless {
            prop_assert_eq!(reencoded(&wire), Some(wire), "{}", name);
        }
    }
}
