use super::*;
use crate::smpp::pdu::{self, Body};

fn var(index: usize, nominal_octets: usize) -> TemplatePart {
    TemplatePart::Var { index, nominal_octets }
}

fn template() -> Template {
    let base = SubmitSm {
        service_type: b"CMT",
        source_addr: b"447700900000",
        dest_addr_ton: 1,
        validity_period: b"000001000000000R",
        registered_delivery: 1,
        ..SubmitSm::default()
    };
    TemplateBuilder::new(&base)
        .destination_addr(vec![TemplatePart::Fixed(b"4477009".to_vec()), var(0, 5)])
        .short_message(vec![
            TemplatePart::Fixed(b"Hello ".to_vec()),
            var(1, 3),
            TemplatePart::Fixed(b"!".to_vec()),
        ])
        .tlv(Tag::USER_MESSAGE_REFERENCE, vec![TemplatePart::Fixed(vec![0, 7])])
        .tlv(Tag(0x2157), vec![var(1, 3), var(0, 5)])
        .build()
        .unwrap()
}

fn stamped(vars: &[&[u8]]) -> Vec<u8> {
    let mut out = BytesMut::from(&b"before"[..]);
    template().stamp(77, vars, &mut out);
    out[6..].to_vec()
}

#[test]
fn every_variable_stands_in_its_place_whatever_its_length() {
    for vars in [[&b"00123"[..], b"abc"], [b"1", b"a longer one"], [b"", b""]] {
        let frame = stamped(&vars);
        let pdu = pdu::decode(&frame).unwrap();
        assert!(pdu.anomalies.is_empty(), "{:?}", pdu.anomalies);
        assert_eq!(pdu.header.sequence_number, 77);
        assert_eq!(pdu.header.command_length as usize, frame.len());
        let Body::SubmitSm(sm) = pdu.body else { panic!("{:?}", pdu.body) };
        assert_eq!(sm.destination_addr, [b"4477009", vars[0]].concat());
        assert_eq!(sm.short_message, [b"Hello ", vars[1], b"!"].concat());
        assert_eq!(sm.tlvs.get(Tag(0x2157)), Some(&[vars[1], vars[0]].concat()[..]));
        assert_eq!(sm.tlvs.get(Tag::USER_MESSAGE_REFERENCE), Some(&[0, 7][..]));
        assert_eq!((sm.service_type, sm.registered_delivery), (&b"CMT"[..], 1));
    }
}

#[test]
fn the_fast_stamp_and_the_one_put_together_are_the_same_octets() {
    let template = template();
    let vars: [&[u8]; 2] = [b"00123", b"abc"];
    let mut fast = BytesMut::new();
    template.stamp(0, &vars, &mut fast);
    let mut slow = BytesMut::new();
    template.piece_together(&vars, &mut slow);
    assert_eq!(fast, slow);
    assert_eq!(template.octets(), fast.len());
}

#[test]
fn the_image_and_its_only_variable_filled_in_are_the_pdu_as_stamped() {
    let builder = TemplateBuilder::new(&SubmitSm::default());
    let digits = vec![TemplatePart::Fixed(b"4477".to_vec()), var(0, 8)];
    let template = builder.destination_addr(digits).build().unwrap();
    let mut stamped = BytesMut::new();
    template.stamp(9, &[b"00123456"], &mut stamped);
    let mut filled = BytesMut::from(&b"before"[..]);
    let at = template.only_place().unwrap();
    template.stamp_image(9, &mut filled)[at..at + 8].copy_from_slice(b"00123456");
    assert_eq!(filled[6..], stamped);
    assert_eq!(self::template().only_place(), None);
}

#[test]
fn two_variables_of_a_field_share_its_room() {
    let pieces = vec![TemplatePart::Fixed(b"12345".to_vec()), var(0, 5), var(1, 5)];
    let builder = TemplateBuilder::new(&SubmitSm::default());
    let template = builder.source_addr(pieces.clone()).tlv(Tag(0x1400), pieces).build().unwrap();
    for (vars, address) in [
        ([&b"abcdefgh"[..], b"ABCDEFGH"], &b"12345abcdefghABCDEFG"[..]),
        ([b"", b"ABCDEFGHIJKL"], b"12345ABCDEFGHIJ"),
        ([b"", b""], b"12345"),
    ] {
        let mut out = BytesMut::new();
        template.stamp(1, &vars, &mut out);
        let pdu = pdu::decode(&out).unwrap();
        let Body::SubmitSm(sm) = pdu.body else { panic!() };
        assert_eq!(sm.source_addr, address);
        assert_eq!(sm.tlvs.get(Tag(0x1400)), Some(&[b"12345", vars[0], vars[1]].concat()[..]));
        assert!(pdu.anomalies.is_empty());
    }
}

#[test]
fn a_field_that_outgrows_its_place_is_refused_when_built_and_cut_when_stamped() {
    let base = SubmitSm::default();
    let error = TemplateBuilder::new(&base).destination_addr(vec![var(0, 21)]).build().unwrap_err();
    assert_eq!(error.to_string(), "destination_addr has 21 octets; it holds at most 20");
    let template = TemplateBuilder::new(&base).short_message(vec![var(0, 2)]).build().unwrap();
    let mut out = BytesMut::new();
    template.stamp(1, &[&[b'x'; 300]], &mut out);
    let Body::SubmitSm(sm) = pdu::decode(&out).unwrap().body else { panic!() };
    assert_eq!(sm.short_message.len(), 255);
}
