use proptest::prelude::*;

use super::decode_input as found_in;
use super::*;

/// As JSON.
fn decode_input(input: &[u8]) -> Result<Vec<Value>, String> {
    Ok(found_in(input)?.iter().flat_map(Found::json).collect())
}

const ENQUIRE_LINK: &str = "00000010000000150000000000000007";
const SUBMIT_SM: &str = "0000003a000000040000000000000047000101343437373030393030303030\
                         000101343437373030393030313233000000000000000000000178";

fn lines(text: &str) -> Vec<Value> {
    decode_input(text.as_bytes()).unwrap()
}

#[test]
fn a_pdu_is_shown_with_every_key_of_the_contract() {
    let line = &lines(SUBMIT_SM)[0];
    for key in [
        "command",
        "command_length",
        "command_status",
        "sequence_number",
        "body",
        "tlvs",
        "anomalies",
        "malformed",
        "answer_hex",
        "session",
    ] {
        assert!(line.get(key).is_some(), "{key}");
    }
    assert_eq!(line["command"], "submit_sm");
    assert_eq!(line["command_status"], serde_json::json!({ "code": 0, "name": "ESME_ROK" }));
    assert_eq!(line["body"]["destination_addr"], "447700900123");
    assert_eq!(line["body"]["text"], "x");
    assert_eq!(
        line["answer_hex"],
        "000000118000000400000000000000470000".strip_suffix("00").unwrap()
    );
    assert_eq!((&line["malformed"], &line["session"]), (&Value::Null, &"continue".into()));
}

#[test]
fn hex_may_be_spaced_prefixed_and_go_over_lines() {
    let spaced =
        format!("0x{} {}\n{}", &ENQUIRE_LINK[..7], &ENQUIRE_LINK[7..12], &ENQUIRE_LINK[12..]);
    for text in [ENQUIRE_LINK, &spaced.replace("7 ", "7:"), &ENQUIRE_LINK.to_uppercase()] {
        let found = lines(text);
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(found[0]["answer_hex"], "00000010800000150000000000000007");
    }
    assert_eq!(lines(&format!("{ENQUIRE_LINK}{SUBMIT_SM}\n{ENQUIRE_LINK}")).len(), 3);
}

#[test]
fn a_line_that_ends_early_does_not_swallow_the_next() {
    let found = lines(&format!("{}\n{ENQUIRE_LINK}", &ENQUIRE_LINK[..30]));
    assert_eq!(found.len(), 2);
    assert_eq!(found[0]["malformed"]["kind"], "NEED_MORE");
    assert_eq!(found[1]["command"], "enquire_link");
}

#[test]
fn a_stream_that_cannot_be_cut_closes_the_session() {
    let found = lines(&format!("{ENQUIRE_LINK}ffffffff000000040000000000000001"));
    assert_eq!(found.len(), 2);
    assert_eq!(found[1]["malformed"]["kind"], "COMMAND_LENGTH_TOO_LONG");
    assert_eq!(found[1]["answer_hex"], "00000010800000000000000200000000");
    assert_eq!(found[1]["session"], "close");
}

#[test]
fn what_is_no_hex_is_named_with_its_place() {
    for (text, why) in [
        ("00g0", "neither a file nor hexadecimal: character 3 is 'g'"),
        ("000", "an odd number of hexadecimal digits; an octet has two"),
        ("  \n", "nothing to decode; give hexadecimal, - or a capture"),
        ("00\nxx", "line 2: neither a file nor hexadecimal: character 1 is 'x'"),
    ] {
        assert_eq!(decode_input(text.as_bytes()), Err(why.to_owned()), "{text:?}");
    }
}

/// Ethernet, IPv4 and TCP around a payload, from port 2775 of 10.0.0.1 to port 4000 of 10.0.0.2.
fn packet(sequence: u32, syn: bool, payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![0; 12];
    octets.extend([0x81, 0x00, 0x00, 0x05, 0x08, 0x00]);
    octets.extend([0x45, 0]);
    octets.extend((40 + payload.len() as u16).to_be_bytes());
    octets.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    octets.extend(2775_u16.to_be_bytes());
    octets.extend(4000_u16.to_be_bytes());
    octets.extend(sequence.to_be_bytes());
    octets.extend([0, 0, 0, 0, 0x50, if syn { 0x02 } else { 0x10 }, 0, 0, 0, 0, 0, 0]);
    octets.extend(payload);
    octets
}

fn pcap(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut capture = Vec::new();
    for word in [0xA1B2_C3D4_u32, 0x0004_0002, 0, 0, 65_535, 1] {
        capture.extend(word.to_le_bytes());
    }
    for packet in packets {
        for word in [7, 500_000, packet.len() as u32, packet.len() as u32] {
            capture.extend(word.to_le_bytes());
        }
        capture.extend(packet);
    }
    capture
}

fn pcapng(packets: &[Vec<u8>]) -> Vec<u8> {
    fn block(kind: u32, body: &[u8], capture: &mut Vec<u8>) {
        let octets = (body.len().next_multiple_of(4) + 12) as u32;
        capture.extend(kind.to_be_bytes());
        capture.extend(octets.to_be_bytes());
        capture.extend(body);
        capture.resize(capture.len().next_multiple_of(4), 0);
        capture.extend(octets.to_be_bytes());
    }
    let mut capture = Vec::new();
    block(
        0x0A0D_0D0A,
        &[0x1A, 0x2B, 0x3C, 0x4D, 0, 1, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255],
        &mut capture,
    );
    block(1, &[0, 1, 0, 0, 0, 0, 255, 255, 0, 9, 0, 1, 9, 0, 0, 0, 0, 0, 0, 0], &mut capture);
    for packet in packets {
        let ticks = 7_500_000_000_u64;
        let mut body = vec![0; 4];
        body.extend(ticks.to_be_bytes());
        body.extend(
            [(packet.len() as u32).to_be_bytes(), (packet.len() as u32).to_be_bytes()].concat(),
        );
        body.extend(packet);
        block(6, &body, &mut capture);
    }
    capture
}

#[test]
fn pdus_are_cut_out_of_segments_late_doubled_and_split_anywhere() {
    let stream = parse_hex(&format!("{SUBMIT_SM}{ENQUIRE_LINK}{SUBMIT_SM}")).unwrap();
    // Sequence numbers wrap within the stream.
    let base = u32::MAX - 20;
    let segment = |from: usize, to: usize| {
        packet(base.wrapping_add(1 + from as u32), false, &stream[from..to])
    };
    let packets = [
        packet(base, true, b""),
        segment(0, 10),
        segment(40, 70),
        segment(0, 10),
        segment(5, 40),
        segment(70, stream.len()),
    ];
    for capture in [pcap(&packets), pcapng(&packets)] {
        assert!(pcap::is_capture(&capture));
        let found = decode_input(&capture).unwrap();
        let commands: Vec<_> = found.iter().map(|line| line["command"].as_str().unwrap()).collect();
        assert_eq!(commands, ["submit_sm", "enquire_link", "submit_sm"]);
        assert_eq!(found[0]["from"], "10.0.0.1:2775");
        assert_eq!(found[0]["time_s"], 7.5);
        for end in 0..capture.len() {
            let _ = decode_input(&capture[..end]);
        }
    }
}

#[test]
fn a_hundred_thousand_small_segments_behind_a_gap_are_put_together_in_order() {
    // one that walks what it keeps for each of them does 10^10 steps here
    let pdus = 1_725;
    let stream: Vec<u8> = parse_hex(SUBMIT_SM).unwrap().repeat(pdus);
    // sequence numbers wrap behind the gap
    let base = u32::MAX - 50_000;
    let segment = |from: usize, to: usize| {
        packet(base.wrapping_add(1 + from as u32), false, &stream[from..to])
    };
    let mut packets = vec![packet(base, true, b"")];
    packets.extend((2..stream.len()).rev().map(|at| segment(at, at + 1)));
    packets.push(segment(0, 2));
    assert!(packets.len() > 100_000);
    let found = decode_input(&pcap(&packets)).unwrap();
    assert_eq!(found.len(), pdus);
}

#[test]
fn a_capture_with_a_gap_that_is_never_closed_goes_on_behind_it() {
    let pdu = parse_hex(SUBMIT_SM).unwrap();
    let stream: Vec<u8> = pdu.repeat(100_000);
    let mut packets = vec![packet(0, true, b""), packet(1, false, &pdu)];
    // the second PDU was never captured
    packets.extend((2..100_000).map(|n| {
        let at = n * pdu.len();
        packet(1 + at as u32, false, &stream[at..at + pdu.len()])
    }));
    let found = decode_input(&pcap(&packets)).unwrap();
    assert_eq!(found.len(), 100_000 - 1);
}

#[test]
fn a_stream_of_another_protocol_gives_nothing() {
    let capture =
        pcap(&[packet(0, true, b""), packet(1, false, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")]);
    assert_eq!(decode_input(&capture), Ok(Vec::new()));
}

proptest! {
    #[test]
    fn a_damaged_capture_never_panics(
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..12),
        new_format in any::<bool>(),
    ) {
        let stream = parse_hex(&format!("{SUBMIT_SM}{ENQUIRE_LINK}")).unwrap();
        let packets = [packet(0, true, b""), packet(11, false, &stream[10..]), packet(1, false, &stream[..20])];
        let mut capture = if new_format { pcapng(&packets) } else { pcap(&packets) };
        for (place, octet) in damage {
            let octets = capture.len();
            capture[place.index(octets - 4) + 4] = octet;
        }
        let _ = decode_input(&capture);
    }
}

/// A PDU in hex.
fn pdu(id: u32, status: u32, body: &[u8]) -> String {
    let mut octets = Vec::new();
    for word in [16 + body.len() as u32, id, status, 7] {
        octets.extend(word.to_be_bytes());
    }
    octets.extend(body);
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn submit(esm_class: u8, data_coding: u8, short_message: &[u8]) -> String {
    let mut body = b"\0\x01\x01447700900001\0\x01\x01447700900123\0".to_vec();
    body.extend([esm_class, 0, 0, 0, 0, 1, 0, data_coding, 0, short_message.len() as u8]);
    body.extend(short_message);
    pdu(4, 0, &body)
}

#[test]
fn a_user_data_header_is_shown_element_by_element_and_an_odd_one_is_an_anomaly() {
    let line = &lines(&submit(0x40, 0, b"\x05\x00\x03\x2a\x02\x01hi"))[0];
    let udh = &line["body"]["user_data_header"];
    assert_eq!(udh["octets_hex"], "0500032a0201");
    let element = &udh["elements"][0];
    assert_eq!(element["name"], "concatenation_8bit");
    assert_eq!(
        (&element["reference"], &element["total"], &element["part"]),
        (&42.into(), &2.into(), &1.into())
    );
    assert_eq!((&line["body"]["text"], &line["anomalies"]), (&"hi".into(), &serde_json::json!([])));
    for odd in [
        &b"\x0a\x00\x03\x2a\x02\x01"[..],
        b"\x05\x00\x03\x2a\x02\x03hi",
        b"\x05\x00\x09\x2a\x02\x01hi",
        b"",
    ] {
        let line = &lines(&submit(0x40, 0, odd))[0];
        assert_eq!(line["anomalies"][0]["kind"], "ODD_USER_DATA_HEADER", "{line}");
        assert_eq!(line["malformed"], Value::Null, "{line}");
    }
}

#[test]
fn texts_of_message_class_codings_are_read() {
    for (data_coding, octets, text) in [
        (0x10, &b"\x00 hi"[..], "@ hi"),
        (0x11, b"hi", "hi"),
        (0x18, b"\x04\x1f\x04\x40", "Пр"),
        (0xF0, b"\x00 hi", "@ hi"),
        (0xF3, b"hi", "hi"),
    ] {
        let line = &lines(&submit(0, data_coding, octets))[0];
        assert_eq!(line["body"]["text"], text, "{data_coding:#x}");
    }
    for binary in [0x14, 0x15, 0xF4, 0xF5, 0x04] {
        assert!(lines(&submit(0, binary, b"hi"))[0]["body"].get("text").is_none(), "{binary:#x}");
    }
}

#[test]
fn tlvs_behind_the_header_of_a_refusal_are_shown() {
    // additional_status_info_text, and no message_id before it
    let line = &lines(&pdu(0x8000_0004, 0x45, b"\x00\x1d\x00\x05nope\0"))[0];
    assert_eq!(line["body"], Value::Null);
    assert_eq!(line["tlvs"][0]["name"], "additional_status_info_text");
    assert_eq!(line["tlvs"][0]["value"], "nope");
    let with_body = &lines(&pdu(0x8000_0004, 0x45, b"abc\0"))[0];
    assert_eq!(with_body["tlvs"], serde_json::json!([]));
}

#[test]
fn addresses_and_texts_are_masked_and_everything_else_stays() {
    let deliver = "\0\x01\x01447700900001\0\x01\x01447700900123\0\x04\0\0\0\0\0\0\0\0";
    let text = "id:77 sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000 text:secret";
    let mut body = deliver.as_bytes().to_vec();
    body.push(text.len() as u8);
    body.extend(text.as_bytes());
    body.extend(b"\x04\x24\x00\x06secret\x03\x81\x00\x09\x00447700\x01\x01");
    for hex in [pdu(5, 0, &body), submit(0x40, 0, b"\x05\x00\x03\x2a\x02\x01secret")] {
        let mut line = lines(&hex).remove(0);
        assert!(line.to_string().contains("secret"));
        mask::line(&mut line);
        let shown = line.to_string();
        let hidden = ["secret", "736563726574", "900001", "900123", "3437373030"];
        assert!(hidden.iter().all(|text| !shown.contains(text)), "{shown}");
        assert_eq!(line["body"]["source_addr"], "447700******");
    }
    let mut line = lines(&submit(0x40, 0, b"\x05\x00\x03\x2a\x02\x01secret")).remove(0);
    mask::line(&mut line);
    assert_eq!(line["body"]["short_message_hex"], format!("0500032a0201{}", "*".repeat(12)));
    assert_eq!(line["body"]["text"], "<6 characters>");
    let mut receipt = lines(&pdu(5, 0, &body)).remove(0);
    mask::line(&mut receipt);
    assert_eq!(receipt["body"]["receipt"]["state"], "DELIVRD");
    assert_eq!(receipt["body"]["receipt"]["id"], "77");
}

#[test]
fn the_layout_for_a_terminal_shows_fields_and_masks_the_same() {
    let octets = parse_hex(&submit(0x40, 0, b"\x05\x00\x03\x2a\x02\x01secret")).unwrap();
    let found = Found::of(&octets);
    let (open, masked) = (text(&found, true), text(&found, false));
    assert!(open.starts_with("submit_sm  seq 7") && open.contains("secret"), "{open}");
    assert!(open.contains("447700900123") && open.contains("part 1 of 2"), "{open}");
    assert!(!masked.contains("secret") && !masked.contains("900123"), "{masked}");
    assert!(masked.contains("447700******") && masked.contains("<6 octets>"), "{masked}");
    let cut = Found::of(&found.octets[..30]);
    assert!(text(&cut, false).contains("30 octets that are no whole PDU"), "{}", text(&cut, false));
}

#[test]
fn what_is_pasted_in_other_forms_is_decoded_the_same() {
    let octets = parse_hex(ENQUIRE_LINK).unwrap();
    let listed: Vec<String> = octets.iter().map(|o| format!("0x{o:x}")).collect();
    let escaped: String = octets.iter().map(|o| format!("\\x{o:02x}")).collect();
    let spaced: Vec<String> = octets.iter().map(|o| format!("{o:02x}")).collect();
    for text in [
        listed.join(", "),
        format!("b'{escaped}'"),
        spaced.join("-"),
        format!(
            "00000000  {}  {}  |...|\n00000010\n",
            spaced[..8].join(" "),
            spaced[8..].join(" ")
        ),
        format!("0000   {}   ................\n", spaced.join(" ")),
        format!("\u{feff}{ENQUIRE_LINK}\r\n"),
    ] {
        let found = lines(&text);
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(found[0]["command"], "enquire_link", "{text}");
    }
}
