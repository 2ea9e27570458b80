//! Any receipt, in text and in TLVs: the full reading and the hot path's short one say the same.
#![no_main]

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use smppbench::smpp::pdu::{self, Body, DataSm, DeliverSm};
use smppbench::smpp::receipt::{self, Brief, Delivered, Receipt};
use smppbench::smpp::{CommandId, CommandStatus, Header, Tag, Tlvs, put_tlv};

/// Text, and TLVs that a receipt may have or any octets in their place.
struct Parts {
    esm_class: u8,
    text: Vec<u8>,
    tlvs: BytesMut,
}

fn parts(data: &[u8]) -> Option<Parts> {
    let [shape, split, rest @ ..] = data else { return None };
    let esm_class = [0x04, 0x20, 0x00, 0x44, 0x08, 0xFF, 0x24, 0x10][usize::from(shape & 7)];
    let (text, others) = rest.split_at(rest.len().min(usize::from(*split)));
    let mut tlvs = BytesMut::new();
    match shape >> 3 & 3 {
        0 => {}
        1 => tlvs.extend_from_slice(others),
        2 => {
            let (id, state) = others.split_at(others.len() / 2);
            put_tlv(Tag::RECEIPTED_MESSAGE_ID, id, &mut tlvs);
            put_tlv(Tag::MESSAGE_STATE, state, &mut tlvs);
        }
        _ => put_tlv(Tag::MESSAGE_PAYLOAD, others, &mut tlvs),
    }
    Some(Parts { esm_class, text: text.to_vec(), tlvs })
}

/// A frame read as it stands, or brought into plain octets where it must be.
fn short<'a>(frame: &'a [u8], room: &'a mut Vec<u8>) -> Delivered<'a> {
    match receipt::read_frame(frame).expect("it is a deliver_sm or a data_sm") {
        Delivered::Coded => {
            Delivered::Receipt(receipt::read_coded(frame, room).expect("it is a receipt"))
        }
        plain => plain,
    }
}

fn same(full: Option<Receipt<'_>>, short: Delivered<'_>) {
    match (full, short) {
        (None, Delivered::Mo) => {}
        (Some(full), Delivered::Receipt(short)) => {
            let Receipt { id, id_in, state, word, odd_state, err, intermediate, .. } = full;
            assert_eq!(short, Brief { id, id_in, state, word, odd_state, err, intermediate });
        }
        (full, short) => panic!("{full:?} is not {short:?}"),
    }
}

/// A whole PDU around what `write` appends.
fn whole(id: CommandId, body: Body<'_>) -> BytesMut {
    let header = Header {
        command_length: 0,
        command_id: id,
        command_status: CommandStatus::ESME_ROK,
        sequence_number: 1,
    };
    let mut out = BytesMut::new();
    pdu::Pdu { header, body, anomalies: Vec::new() }.encode(&mut out);
    out
}

fuzz_target!(|data: &[u8]| {
    // as it comes off the wire, whatever it is
    let _ = receipt::read_frame(data);
    let Some(Parts { esm_class, text, tlvs }) = parts(data) else { return };
    let deliver = DeliverSm {
        esm_class,
        source_addr: b"447700900001",
        destination_addr: b"12345",
        short_message: &text,
        tlvs: Tlvs(&tlvs),
        ..DeliverSm::default()
    };
    let frame = whole(CommandId::DELIVER_SM, Body::DeliverSm(deliver));
    let (body, mut room) = (Body::DeliverSm(deliver), Vec::new());
    same(receipt::read_body(&body, &receipt::text_of(&body)), short(&frame, &mut room));
    let _ = receipt::read_like(&frame, &mut Vec::new());
    let data_sm = DataSm { esm_class, tlvs: Tlvs(&tlvs), ..DataSm::default() };
    let frame = whole(CommandId::DATA_SM, Body::DataSm(data_sm));
    let (body, mut room) = (Body::DataSm(data_sm), Vec::new());
    same(receipt::read_body(&body, &receipt::text_of(&body)), short(&frame, &mut room));
});
