use super::*;
use serde_json::Value;

/// As JSON, and what is said of the rest.
pub(super) fn decode_all(input: &[u8]) -> (Vec<Value>, Option<DecodeError>) {
    let mut lines = Vec::new();
    let read = decode(input, |found| {
        lines.extend(found.json());
        Ok(())
    });
    (lines, read.err())
}

/// As JSON, of what can be read as a whole.
pub(super) fn decode_input(input: &[u8]) -> Result<Vec<Value>, String> {
    match decode_all(input) {
        (lines, None) => Ok(lines),
        (_, Some(why)) => Err(why.to_string()),
    }
}

pub(super) const ENQUIRE_LINK: &str = "00000010000000150000000000000007";
pub(super) const SUBMIT_SM: &str = "0000003a000000040000000000000047000101343437373030393030303030\
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
fn text_that_is_not_hex_is_reported_with_its_place() {
    for (text, why) in [
        ("00g0", "neither a file nor hexadecimal: character 3 is 'g'"),
        ("000", "an odd number of hexadecimal digits; an octet has two"),
        ("  \n", "nothing to decode; give hexadecimal, - or a capture"),
        ("00\nxx", "line 2: neither a file nor hexadecimal: character 1 is 'x'"),
    ] {
        assert_eq!(decode_input(text.as_bytes()), Err(why.to_owned()), "{text:?}");
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
    let found = FoundPdu::of(&octets);
    let (open, masked) = (found.text(true), found.text(false));
    assert!(open.starts_with("submit_sm  seq 7") && open.contains("secret"), "{open}");
    assert!(open.contains("447700900123") && open.contains("part 1 of 2"), "{open}");
    assert!(!masked.contains("secret") && !masked.contains("900123"), "{masked}");
    assert!(masked.contains("447700******") && masked.contains("<6 octets>"), "{masked}");
    let cut = FoundPdu::of(&found.octets[..30]);
    assert!(cut.text(false).contains("30 octets that are not a whole PDU"), "{}", cut.text(false));
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

#[test]
fn a_receipt_in_ucs2_is_read_in_json_as_in_the_layout() {
    let text = "id:77 sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000 text:";
    let ucs2: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let mut body = b"\0\x01\x01447700900001\0\x01\x01447700900123\0\x04\0\0\0\0\0\0\x08\0".to_vec();
    body.push(ucs2.len() as u8);
    body.extend(ucs2);
    let hex = pdu(5, 0, &body);
    let receipt = &lines(&hex)[0]["body"]["receipt"];
    assert_eq!((&receipt["id"], &receipt["state"]), (&"77".into(), &"DELIVRD".into()));
    let shown = FoundPdu::of(&parse_hex(&hex).unwrap()).text(true);
    assert!(shown.contains("id \"77\" state DELIVRD"), "{shown}");
}
