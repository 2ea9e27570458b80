//! The coding tables against `tests/data/gsm0338.json`, and every coding there and back.

use proptest::prelude::*;
use serde_json::Value;
use smppbench::smpp::coding::{Coding, pack, unpack};

fn table() -> Value {
    serde_json::from_str(include_str!("../data/gsm0338.json")).unwrap()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn text<'a>(row: &'a Value, key: &str) -> &'a str {
    row[key].as_str().unwrap()
}

#[test]
fn every_character_of_gsm_03_38_has_its_septets_both_ways() {
    let mut count = 0;
    for row in
        ["basic", "extension"].iter().flat_map(|part| table()[part].as_array().unwrap().clone())
    {
        let code = text(&row, "code");
        if code == "0x1B" {
            continue;
        }
        let character = text(&row, "char");
        let octets = Coding::Gsm.encode(character).unwrap();
        assert_eq!(hex(&octets), code[2..].to_lowercase(), "{character:?}");
        assert_eq!(Coding::Gsm.decode(&octets), character);
        count += 1;
    }
    assert_eq!(count, 137);
}

#[test]
fn every_packing_test_is_packed_and_unpacked() {
    for row in table()["tests"].as_array().unwrap() {
        let string = text(row, "text");
        let septets = Coding::Gsm.encode(string).unwrap();
        assert_eq!(hex(&septets), text(row, "unpacked_hex"), "{string}");
        let packed = Coding::GsmPacked.encode(string).unwrap();
        assert_eq!(hex(&packed), text(row, "packed_hex"), "{string}");
        assert_eq!(unpack(&packed, septets.len(), 0), septets, "{string}");
        assert_eq!(Coding::GsmPacked.decode(&packed), string);
    }
    for row in table()["tests_udh"].as_array().unwrap() {
        let septets = Coding::Gsm.encode(text(row, "text")).unwrap();
        let fill_bits = row["fill_bits"].as_u64().unwrap() as u8;
        let packed = pack(&septets, fill_bits);
        assert_eq!(
            format!("{}{}", text(row, "udh_hex"), hex(&packed)),
            text(row, "packed_with_udh_hex")
        );
        assert_eq!(unpack(&packed, septets.len(), fill_bits), septets);
    }
}

#[test]
fn the_coding_is_chosen_from_the_text_and_a_lacking_character_is_named() {
    assert_eq!(Coding::choose("Grüße [€]"), Coding::Gsm);
    assert_eq!(Coding::choose("Привет"), Coding::Ucs2);
    let fault = Coding::Gsm.encode("ab`").unwrap_err();
    assert_eq!((fault.character, fault.position), ('`', 3));
    assert_eq!(Coding::Ascii.encode("é").unwrap_err().position, 1);
    assert_eq!(Coding::Gsm.encode("\u{1b}").unwrap_err().character, '\u{1b}');
}

#[test]
fn octets_that_are_no_text_are_shown_as_replacements() {
    assert_eq!(Coding::Gsm.decode(&[0x80, b'a', 0x1B]), "\u{FFFD}a\u{FFFD}");
    assert_eq!(Coding::Ucs2.decode(&[0xD8, 0x3D, 0x00]), "\u{FFFD}\u{FFFD}");
    assert_eq!(Coding::Ascii.decode(&[0xE9]), "\u{FFFD}");
}

proptest! {
    #[test]
    fn what_a_coding_encodes_it_decodes(string in "\\PC{0,40}") {
        for coding in Coding::ALL {
            // Seven septets and a zero cannot be told from eight with '@' at the end.
            if coding == Coding::GsmPacked && string.ends_with('@') {
                continue;
            }
            if let Ok(octets) = coding.encode(&string) {
                prop_assert_eq!(coding.decode(&octets), string.as_str());
            }
        }
    }

    #[test]
    fn any_septets_pack_and_unpack(septets in proptest::collection::vec(0_u8..128, 0..200), fill in 0_u8..7) {
        let packed = pack(&septets, fill);
        prop_assert_eq!(unpack(&packed, septets.len(), fill), septets);
    }
}
