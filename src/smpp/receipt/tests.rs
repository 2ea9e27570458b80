use bytes::BytesMut;

use super::*;
use crate::smpp::{CommandStatus, Tag, put_tlv};

fn receipt_of(text: &[u8]) -> Receipt<'_> {
    read(&DeliverSm { esm_class: 0x04, short_message: text, ..DeliverSm::default() }).unwrap()
}

fn date(year: u16, month: u8, day: u8, hour: u8, minute: u8, second: u8) -> Option<Date> {
    Some(Date { year, month, day, hour, minute, second })
}

#[test]
fn a_receipt_of_appendix_b_is_read_whole() {
    let receipt = receipt_of(
        b"id:0123456789 sub:001 dlvrd:002 submit date:1005232039 done date:1005242339 \
          stat:DELIVRD err:012 text:This is a sample mes",
    );
    assert_eq!(
        receipt,
        Receipt {
            id: b"0123456789",
            id_in: IdIn::Text,
            text_id: Some(b"0123456789"),
            state: MessageState::Delivered,
            word: b"",
            odd_state: false,
            stat: b"DELIVRD",
            err: b"012",
            sub: Some(1),
            dlvrd: Some(2),
            submit_date: date(2010, 5, 23, 20, 39, 0),
            done_date: date(2010, 5, 24, 23, 39, 0),
            text: b"This is a sample mes",
            intermediate: false,
        }
    );
}

#[test]
fn openmarkets_spelling_with_seconds_and_no_done_date_is_read() {
    let receipt = receipt_of(
        b"id:0118Z-0122I-2309U-57DGB sub:000 dlvrd:000 submitdate:180122230957 \
          donedate:000000000000 stat:REJECTD err:375 text:",
    );
    assert_eq!(receipt.id, b"0118Z-0122I-2309U-57DGB");
    assert_eq!(receipt.submit_date, date(2018, 1, 22, 23, 9, 57));
    assert_eq!(receipt.done_date, None);
    assert_eq!((receipt.state, receipt.err), (MessageState::Rejected, &b"375"[..]));
    assert_eq!((receipt.sub, receipt.text), (Some(0), &b""[..]));
}

#[test]
fn keys_come_in_any_order_and_case_and_the_first_counts() {
    let receipt = receipt_of(b"ERR: 0 Stat:undeliv ID:42 id:43 Text:id:99 stat:DELIVRD\0");
    assert_eq!((receipt.id, receipt.err), (&b"42"[..], &b"0"[..]));
    assert_eq!(receipt.state, MessageState::Undeliverable);
    assert_eq!(receipt.text, b"id:99 stat:DELIVRD");
    let empty = receipt_of(b"id: sub:001 stat:EXPIRED");
    assert_eq!((empty.id, empty.id_in, empty.sub), (&b""[..], IdIn::Absent, Some(1)));
}

#[test]
fn a_state_without_its_label_is_taken_only_where_the_label_is_missing() {
    let bare = receipt_of(b"id:7 done date:180903120816 DELIVRD err:000 Text:");
    assert_eq!((bare.state, bare.err), (MessageState::Delivered, &b"000"[..]));
    let labelled = receipt_of(b"id:7 stat:UNDELIV err:000 testing EXPIRED");
    assert_eq!(labelled.state, MessageState::Undeliverable);
    assert_eq!(receipt_of(b"id:7 stat:WEIRD").state, MessageState::Other(255));
}

#[test]
fn a_state_after_the_text_is_taken_only_where_there_is_no_other() {
    assert_eq!(receipt_of(b"id:7 err:0 text: stat:EXPIRED").state, MessageState::Expired);
    assert_eq!(receipt_of(b"id:7 text: my stat:us").state, MessageState::Other(255));
}

#[test]
fn the_tlvs_go_before_the_text() {
    let mut run = BytesMut::new();
    put_tlv(Tag::RECEIPTED_MESSAGE_ID, b"38601fa\0", &mut run);
    put_tlv(Tag::MESSAGE_STATE, &[2], &mut run);
    let sm = DeliverSm {
        esm_class: 0x04,
        short_message: b"id:0059113978 stat:UNDELIV err:1",
        tlvs: Tlvs(&run),
        ..DeliverSm::default()
    };
    let receipt = read(&sm).unwrap();
    assert_eq!((receipt.id, receipt.id_in), (&b"38601fa"[..], IdIn::Tlv));
    assert_eq!(receipt.text_id, Some(&b"0059113978"[..]));
    assert_eq!((receipt.state, receipt.stat), (MessageState::Delivered, &b"UNDELIV"[..]));
}

#[test]
fn esm_class_alone_decides() {
    let sm = |esm_class| DeliverSm {
        esm_class,
        short_message: b"id:1 stat:ENROUTE",
        ..DeliverSm::default()
    };
    for message in [0x00, 0x40, 0x08, 0x10, 0x18, 0x80] {
        assert_eq!(read(&sm(message)), None, "{message:#x}");
    }
    for (class, intermediate) in [(0x04, false), (0x44, false), (0x20, true), (0x07, false)] {
        assert_eq!(read(&sm(class)).unwrap().intermediate, intermediate, "{class:#x}");
    }
}

#[test]
fn the_hot_path_reads_what_the_full_one_reads() {
    let mut tlvs = BytesMut::new();
    put_tlv(Tag::RECEIPTED_MESSAGE_ID, b"ab12", &mut tlvs);
    put_tlv(Tag::MESSAGE_STATE, &[5], &mut tlvs);
    let mut payload = BytesMut::new();
    put_tlv(Tag::MESSAGE_PAYLOAD, b"id:77 stat:EXPIRED err:3 text:x", &mut payload);
    let texts: [&[u8]; 3] =
        [b"id:0123456789 sub:001 stat:DELIVRD err:000 text:id:9", b"", b"stat:X"];
    for text in texts {
        for run in [&b""[..], &tlvs, &payload] {
            for esm_class in [0, 4, 0x20] {
                let sm = DeliverSm {
                    service_type: b"CMT",
                    source_addr: b"4477",
                    destination_addr: b"4478",
                    validity_period: b"020610233429000R",
                    esm_class,
                    short_message: text,
                    tlvs: Tlvs(run),
                    ..DeliverSm::default()
                };
                let (mut frame, mut room) = (BytesMut::new(), Vec::new());
                sm.encode(CommandStatus::ESME_ROK, 1, &mut frame);
                assert_eq!(read_plainly(&frame, &mut room), Some(brief(read(&sm))));
                for end in 0..frame.len() {
                    let _ = read_frame(&frame[..end]);
                }
                let mut room = Vec::new();
                let data = DataSm { esm_class, tlvs: Tlvs(run), ..DataSm::default() };
                frame.clear();
                data.encode(CommandStatus::ESME_ROK, 1, &mut frame);
                assert_eq!(read_plainly(&frame, &mut room), Some(brief(read_data(&data))));
            }
        }
    }
}

fn brief(receipt: Option<Receipt<'_>>) -> Delivered<'_> {
    match receipt {
        None => Delivered::Mo,
        Some(Receipt { id, id_in, state, word, odd_state, err, intermediate, .. }) => {
            Delivered::Receipt(Brief { id, id_in, state, word, odd_state, err, intermediate })
        }
    }
}

#[test]
fn dates_of_every_length_are_read_and_impossible_ones_are_none() {
    assert_eq!(Date::read(b"1005232039"), date(2010, 5, 23, 20, 39, 0));
    assert_eq!(Date::read(b"110206193041"), date(2011, 2, 6, 19, 30, 41));
    assert_eq!(Date::read(b"201906190720"), date(2019, 6, 19, 7, 20, 0));
    assert_eq!(Date::read(b"20110314181534"), date(2011, 3, 14, 18, 15, 34));
    assert_eq!(Date::read(b"9912312359"), date(1999, 12, 31, 23, 59, 0));
    for none in
        [&b""[..], b"0000000000", b"000000000000", b"1013232039", b"10052320", b"100523203x"]
    {
        assert_eq!(Date::read(none), None, "{none:?}");
    }
}

#[test]
fn every_state_reads_back_from_its_number_and_its_stat() {
    for (number, state) in (0..).zip(MessageState::ALL) {
        assert_eq!((state.wire(), MessageState::from_wire(number)), (number, state));
        assert_eq!(MessageState::from_stat(state.stat().as_bytes()), state);
        assert_eq!(state.is_final(), number > 1);
    }
    assert_eq!(MessageState::from_wire(77), MessageState::Other(77));
    assert_eq!(MessageState::Other(77).wire(), 77);
}

/// A frame read as it stands, or brought into plain octets where it must be.
fn read_plainly<'a>(frame: &'a [u8], room: &'a mut Vec<u8>) -> Option<Delivered<'a>> {
    match read_frame(frame)? {
        Delivered::Coded => read_coded(frame, room).map(Delivered::Receipt),
        plain => Some(plain),
    }
}

fn framed(sm: &DeliverSm<'_>) -> BytesMut {
    let mut frame = BytesMut::new();
    sm.encode(CommandStatus::ESME_ROK, 1, &mut frame);
    frame
}

#[test]
fn a_receipt_in_ucs2_or_behind_a_header_is_read_alike_by_every_reader() {
    let text = b"id:0123456789 sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:UNDELIV err:012 text:x";
    let wide: Vec<u8> = text.iter().flat_map(|octet| [0, *octet]).collect();
    let behind = [&[5, 0, 3, 9, 1, 1][..], &text[..]].concat();
    let mut payload = BytesMut::new();
    put_tlv(Tag::MESSAGE_PAYLOAD, &wide, &mut payload);
    for (esm_class, data_coding, short_message, tlvs) in [
        (4, 8, &wide[..], &b""[..]),
        (4, 0, &wide, b""),
        (0x44, 0, &behind, b""),
        (4, 8, b"", &payload),
    ] {
        let tlvs = Tlvs(tlvs);
        let sm = DeliverSm { esm_class, data_coding, short_message, tlvs, ..DeliverSm::default() };
        let body = Body::DeliverSm(sm);
        let plain = text_of(&body);
        let full = read_body(&body, &plain).unwrap();
        assert_eq!((full.id, full.state), (&b"0123456789"[..], MessageState::Undeliverable));
        let (frame, mut room) = (framed(&sm), Vec::new());
        assert_eq!(read_frame(&frame), Some(Delivered::Coded));
        assert_eq!(read_plainly(&frame, &mut room), Some(brief(Some(full))));
        let mut template = ReceiptTemplate::default();
        assert_eq!(template.read(&frame), Some(Delivered::Coded));
    }
}

#[test]
fn a_message_state_that_is_no_state_leaves_the_word_to_the_text() {
    for (value, odd) in
        [(&[0][..], true), (&[10], true), (&[], true), (&[0, 0, 0, 2], true), (&[3], false)]
    {
        let mut tlvs = BytesMut::new();
        put_tlv(Tag::MESSAGE_STATE, value, &mut tlvs);
        let text = |short_message| DeliverSm {
            esm_class: 4,
            short_message,
            tlvs: Tlvs(&tlvs),
            ..DeliverSm::default()
        };
        let said =
            read(&text(b"id:7 stat:UNDELIV err:255")).map(|r| (r.state, r.odd_state)).unwrap();
        let expected = if odd { MessageState::Undeliverable } else { MessageState::Expired };
        assert_eq!(said, (expected, odd), "{value:?}");
        let word = read(&text(b"id:7 stat:ACKED err:255")).unwrap();
        assert_eq!(word.word, if odd { &b"ACKED"[..] } else { b"" });
    }
}

#[test]
fn a_message_reads_like_a_receipt_where_its_text_has_an_id_and_a_state() {
    let like = |esm_class, short_message: &[u8]| {
        let frame = framed(&DeliverSm { esm_class, short_message, ..DeliverSm::default() });
        let mut room = Vec::new();
        read_like(&frame, &mut room).map(|brief| (brief.id.to_vec(), brief.state))
    };
    let read = Some((b"12".to_vec(), MessageState::Delivered));
    assert_eq!(like(0, b"id:12 sub:001 stat:DELIVRD err:000"), read);
    assert_eq!(like(0, b"\0i\0d\0:\x001\x002\0 \0s\0t\0a\0t\0:\0D\0E\0L\0I\0V\0R\0D"), read);
    for (esm_class, text) in
        [(4, &b"id:12 stat:DELIVRD"[..]), (0, b"my id:12"), (0, b"stat:DELIVRD"), (0, b"hello")]
    {
        assert_eq!(like(esm_class, text), None);
    }
}
