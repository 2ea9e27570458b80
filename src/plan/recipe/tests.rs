use super::*;
use crate::plan::{Overrides, Source, load};
use crate::smpp::coding::Coding;
use crate::smpp::marker::{Carrier, Marker};
use crate::smpp::pdu::{self, Body};

fn recipe(text: &str) -> Recipe {
    try_recipe(text).unwrap()
}

fn try_recipe(text: &str) -> Result<Recipe, PlanError> {
    let source = Source::Text { name: "x.toml".into(), text: text.into() };
    Recipe::new(&load(&source, &Overrides::default())?)
}

fn marked(text: &str, carriers: &[Carrier]) -> Recipe {
    let source = Source::Text { name: "x.toml".into(), text: text.into() };
    let mut plan = load(&source, &Overrides::default()).unwrap();
    plan.marker = Some(RunMarker { run: 77, probe: false, carriers: carriers.to_vec() });
    Recipe::new(&plan).unwrap()
}

/// What a test wants to know of a stamped submit_sm.
struct Sent {
    from: String,
    to: String,
    octets: Vec<u8>,
    esm_class: u8,
    coding: u8,
    payload: Option<Vec<u8>>,
    tlvs: Vec<(u16, Vec<u8>)>,
}

fn sent(recipe: &Recipe, index: u64) -> Sent {
    let mut out = BytesMut::new();
    recipe.stamp(index, 9, 1_700_000_000_123_000_000, &mut Scratch::new(), &mut out);
    let pdu = pdu::decode(&out).unwrap();
    assert!(pdu.anomalies.is_empty(), "{:?}", pdu.anomalies);
    assert_eq!((pdu.header.sequence_number, pdu.header.command_length as usize), (9, out.len()));
    let Body::SubmitSm(sm) = pdu.body else { panic!("{:?}", pdu.body) };
    Sent {
        from: String::from_utf8(sm.source_addr.to_vec()).unwrap(),
        to: String::from_utf8(sm.destination_addr.to_vec()).unwrap(),
        octets: sm.short_message.to_vec(),
        esm_class: sm.esm_class,
        coding: sm.data_coding,
        payload: sm.tlvs.get(Tag::MESSAGE_PAYLOAD).map(<[u8]>::to_vec),
        tlvs: sm.tlvs.iter().map(|t| t.unwrap()).map(|(t, v)| (t.0, v.to_vec())).collect(),
    }
}

fn text_of(sent: &Sent) -> String {
    let udh = if sent.esm_class & 0x40 == 0 { 0 } else { usize::from(sent.octets[0]) + 1 };
    Coding::of_data_coding(sent.coding).unwrap().decode(&sent.octets[udh..])
}

#[test]
fn the_default_message_goes_to_the_unassigned_numbers_in_turn() {
    let r = recipe("");
    let first = sent(&r, 0);
    assert_eq!((first.from.as_str(), first.to.as_str()), ("447700900000", "447700900000"));
    assert_eq!(first.octets.len(), 63);
    assert_eq!(sent(&r, 7).to, "447700900007");
    assert_eq!(sent(&r, 1000).to, "447700900000");
    assert_eq!(r.destination(1999), "447700900999");
    let picked = r.pick(5);
    assert_eq!((picked.label, picked.part, picked.parts, picked.message), (0, 0, 1, 5));
    assert_eq!((picked.coding, picked.expects), (0, Expects::Final));
    assert!(!r.uses_time());
}

#[test]
fn a_mix_keeps_its_weights_exactly_and_numbers_every_message_once() {
    let r = recipe(
        r#"[[messages]]
label = "a"
weight = 6
text = "a"
[[messages]]
label = "b"
weight = 3
text_file = "/dev/null"
[[messages]]
label = "c"
weight = 3
octets = "00 ff"
data_coding = 4
"#,
    );
    assert_eq!(r.period(), (4, 4));
    let labels: Vec<u16> = (0..8).map(|i| r.pick(i).label).collect();
    assert_eq!(labels, [0, 1, 2, 0, 0, 1, 2, 0]);
    let numbers: Vec<u64> = (0..1000).map(|i| r.pick(i).message).collect();
    assert_eq!(numbers, (0..1000).collect::<Vec<u64>>());
    assert_eq!(sent(&r, 2).octets, [0x00, 0xFF]);
    assert_eq!(sent(&r, 2).coding, 4);
}

#[test]
fn each_kind_takes_its_own_destinations_in_turn() {
    let r = recipe(
        r#"[[messages]]
label = "a"
weight = 2
destination = { range = ["009", "011"] }
[[messages]]
label = "b"
destination = { random = "44##" }
"#,
    );
    let of = |label: u16| {
        let own = (0..900).filter(|i| r.pick(*i).label == label);
        own.map(|i| sent(&r, i).to).collect::<Vec<_>>()
    };
    assert_eq!(of(0)[..4], ["009", "010", "011", "009"]);
    assert_eq!(of(0).len(), 600);
    let random = of(1);
    assert!(random.iter().all(|to| to.len() == 4 && to.starts_with("44")));
    let mut distinct = random.clone();
    distinct.sort();
    distinct.dedup();
    assert!(distinct.len() > 80, "{}", distinct.len());
    assert_eq!(random, of(1));
}

#[test]
fn the_parts_of_a_long_text_follow_each_other_under_one_reference() {
    let text = "x".repeat(400);
    let r = recipe(&format!(
        r#"[[messages]]
text = "{text}""#
    ));
    assert_eq!(r.period(), (3, 1));
    for message in [0u64, 1, 300] {
        for part in 0..3u8 {
            let index = message * 3 + u64::from(part);
            let picked = r.pick(index);
            assert_eq!((picked.part, picked.parts, picked.message), (part, 3, message));
            let s = sent(&r, index);
            assert_eq!(s.octets[..6], [5, 0, 3, message as u8, 3, part + 1]);
            assert_eq!(s.esm_class, 0x40);
            assert_eq!(s.to, format!("{}", 447_700_900_000 + message));
        }
    }
    let whole: String = (0..3).map(|i| text_of(&sent(&r, i))).collect();
    assert_eq!(whole, text);
}

#[test]
fn long_texts_go_by_16_bit_reference_by_sar_or_as_payload() {
    let long = |how: &str| {
        recipe(&format!(
            r#"[[messages]]
long = "{how}"
text = "{}""#,
            "é".repeat(200)
        ))
    };
    let s = sent(&long("udh16"), 2 * 0x0102 + 1);
    assert_eq!(s.octets[..7], [6, 8, 4, 1, 2, 2, 2]);
    let s = sent(&long("sar"), 2 * 0x0102 + 1);
    assert_eq!(s.tlvs, [(0x020C, vec![1, 2]), (0x020E, vec![2]), (0x020F, vec![2])]);
    assert_eq!((s.esm_class, s.octets.len()), (0, 47));
    let s = sent(&long("payload"), 5);
    assert_eq!((s.octets.len(), s.payload.unwrap().len()), (0, 200));
}

#[test]
fn placeholders_are_filled_in_texts_of_any_coding_and_in_tlvs() {
    for (lead, coding) in [("Hi ", 0u8), ("Привет ", 8)] {
        let r = recipe(&format!(
            r#"[[messages]]
text = "{lead}{{seq}} {{destination}} {{time}} {{1}}"
tlvs = [{{ tag = 0x1400, cstring = "n{{seq}}-{{uuid}}" }}]"#
        ));
        assert!(r.uses_time());
        let s = sent(&r, 42);
        assert_eq!(s.coding, coding);
        let expected = format!("{lead}0000000042 447700900042 2023-11-14T22:13:20.123Z {{1}}");
        assert_eq!(text_of(&s), expected);
        let tlv = String::from_utf8(s.tlvs[0].1.clone()).unwrap();
        assert!(tlv.starts_with("n0000000042-") && tlv.ends_with('\0'), "{tlv:?}");
        let uuid = &tlv[12..48];
        assert_eq!((&uuid[8..9], &uuid[14..15]), ("-", "4"));
        assert_ne!(sent(&r, 43).tlvs, s.tlvs);
        assert_eq!(sent(&r, 42).tlvs, s.tlvs);
    }
}

#[test]
fn a_placeholder_may_lie_across_two_parts() {
    let lead = "x".repeat(150);
    let r = recipe(&format!(
        r#"[[messages]]
text = "{lead}{{uuid}}{{seq}}""#
    ));
    assert_eq!(r.period(), (2, 1));
    let whole: String = (6..8).map(|i| text_of(&sent(&r, i))).collect();
    assert_eq!(whole.len(), 150 + 36 + 10);
    assert!(whole.ends_with("0000000003"), "{whole}");
    let one = recipe(
        r#"[[messages]]
text = "{uuid}""#,
    );
    assert_eq!(text_of(&sent(&one, 3)), whole[150..186]);
}

#[test]
fn addresses_of_different_lengths_are_each_sent_whole() {
    let file = std::env::temp_dir().join(format!("smppbench-recipe-{}.csv", std::process::id()));
    std::fs::write(&file, "4477009\n447700900123\n").unwrap();
    let r = recipe(&format!(
        r#"[[messages]]
text = "to {{destination}}."
destination = {{ file = "{}" }}"#,
        file.display()
    ));
    std::fs::remove_file(&file).unwrap();
    for (index, to) in [(0, "4477009"), (1, "447700900123"), (2, "4477009")] {
        let s = sent(&r, index);
        assert_eq!((s.to.as_str(), text_of(&s)), (to, format!("to {to}.")));
    }
}

#[test]
fn the_source_may_vary_too_and_the_destination_stay() {
    let r = recipe(
        r#"[[messages]]
source = { range = ["100", "102"] }
destination = "447700900123""#,
    );
    let addresses: Vec<_> = (0..4).map(|i| sent(&r, i)).map(|s| (s.from, s.to)).collect();
    let from: Vec<&str> = addresses.iter().map(|a| a.0.as_str()).collect();
    assert_eq!(from, ["100", "101", "102", "100"]);
    assert!(addresses.iter().all(|a| a.1 == "447700900123"));
}

#[test]
fn what_silence_means_follows_from_registered_delivery() {
    for (asked, expected) in [
        (0u8, Expects::Nothing),
        (1, Expects::Final),
        (2, Expects::Perhaps),
        (3, Expects::Perhaps),
        (0x10, Expects::Nothing),
        (0x11, Expects::Final),
    ] {
        let r = recipe(&format!(
            r"[[messages]]
registered_delivery = {asked}"
        ));
        assert_eq!((r.pick(0).expects, r.pick(0).registered_delivery), (expected, asked));
    }
}

#[test]
fn what_cannot_be_sent_is_refused_when_the_plan_is_made() {
    for (text, wanted) in [
        (
            r#"text = "Приве"
data_coding = 3"#,
            "x.toml:2: messages[0].text: character 1 ('П', U+041F) is not in Latin-1",
        ),
        (
            r#"text = "a"
data_coding = 4"#,
            "x.toml:2: messages[0].text: no text can be written in data_coding 4",
        ),
        (
            r#"text = "{seq}"
packed = true"#,
            "a placeholder cannot be packed",
        ),
        (
            r#"text = "ж"
packed = true"#,
            "UCS-2 is not packed",
        ),
        (
            r#"tlvs = [{ tag = "user_message_reference", hex = "010203" }]"#,
            "x.toml:2: messages[0].tlvs[0]: 3 octets, but user_message_reference holds at most 2",
        ),
        (r#"octets = "0""#, "x.toml:2: messages[0].octets: \"0\" is not valid; write pairs"),
        ("tlvs = [{ tag = 5120, int = 256 }]", "256 does not fit 1 octets"),
    ] {
        let line = try_recipe(&format!(
            r"[[messages]]
{text}"
        ))
        .unwrap_err()
        .to_string();
        assert!(line.contains(wanted), "{line}");
    }
    let long = format!(
        r#"[[messages]]
long = "reject"
text = "{}""#,
        "x".repeat(161)
    );
    let line = try_recipe(&long).unwrap_err().to_string();
    assert!(
        line.contains("x.toml:3: messages[0].text: the text has 161 units and 160 fit"),
        "{line}"
    );
    let fine = r#"[[messages]]
weight = 9999
text = "a"
[[messages]]
weight = 10000
long = "udh8"
"#;
    let line = try_recipe(&format!("{fine}text = \"{}\"", "x".repeat(153 * 120))).unwrap_err();
    assert!(line.to_string().contains("round the weights"), "{line}");
}

#[test]
fn a_packed_text_is_packed() {
    let r = recipe(
        r#"[[messages]]
text = "hellohello"
packed = true"#,
    );
    let s = sent(&r, 0);
    assert_eq!(s.octets.len(), 9);
    assert_eq!(Coding::GsmPacked.decode(&s.octets), "hellohello");
}

#[test]
fn a_stretch_stamped_at_once_is_the_same_octets_as_one_by_one() {
    let ranges = [
        ("447700900000", "447700900999"),
        ("99999990", "99999999"),
        ("4990000000", "5199999999"),
        ("100", "199"),
    ];
    for (from, to) in ranges {
        let text = format!(
            r#"[[messages]]
destination = {{ range = ["{from}", "{to}"] }}"#
        );
        let r = recipe(&text);
        assert!(r.is_uniform());
        for (index, step) in [(0, 1), (9_999_990, 7), (3, 123_456_789), (u64::MAX >> 8, 2)] {
            let (mut at_once, mut one_by_one) = (BytesMut::from(&b"x"[..]), BytesMut::from("x"));
            let mut scratch = Scratch::default();
            let stretch = SubmitRun { index, step, sequence_number: 5, count: 150 };
            r.stamp_run(&stretch, 0, &mut scratch, &mut at_once);
            for n in 0..150 {
                let index = index + u64::from(n) * u64::from(step);
                r.stamp(index, 5 + n, 0, &mut scratch, &mut one_by_one);
            }
            assert_eq!(at_once, one_by_one, "{from} from {index} by {step}");
        }
    }
}

#[test]
fn what_varies_in_more_than_its_destination_is_not_uniform_and_stamped_all_the_same() {
    for text in [
        r#"[[messages]]
text = "{seq}""#,
        r"[[messages]]
[[messages]]",
    ] {
        let r = recipe(text);
        assert!(!r.is_uniform(), "{text}");
        let (mut at_once, mut one_by_one) = (BytesMut::new(), BytesMut::new());
        let mut scratch = Scratch::default();
        let stretch = SubmitRun { index: 7, step: 3, sequence_number: 1, count: 4 };
        r.stamp_run(&stretch, 0, &mut scratch, &mut at_once);
        for n in 0..4 {
            r.stamp(7 + 3 * u64::from(n), 1 + n, 0, &mut scratch, &mut one_by_one);
        }
        assert_eq!(at_once, one_by_one);
    }
}

#[test]
fn a_placeholder_that_nobody_knows_is_refused_with_a_suggestion() {
    let refused = |messages: &str| {
        let source = Source::Text { name: "x.toml".into(), text: messages.into() };
        crate::plan::load(&source, &Overrides::default()).map(|_| ()).map_err(|e| e.to_string())
    };
    for (text, says) in [
        ("{nosuch}", "\"{nosuch}\" is not a known placeholder; known are {seq}, {uuid}"),
        ("to {destnation}", "did you mean \"{destination}\"?"),
        ("{SEQ}", "did you mean \"{seq}\"?"),
        ("{ seq }", "did you mean \"{seq}\"?"),
        ("{random:6}", "\"{random:6}\" is not a known placeholder"),
        ("{seq}{first-name}", "{first-name}"),
    ] {
        let line = refused(&format!(
            r#"[[messages]]
text = "{text}"
"#
        ))
        .unwrap_err();
        assert!(line.starts_with("x.toml:2: messages[0].text: ") && line.contains(says), "{line}");
        let line = refused(&format!(
            r#"[[messages]]
tlvs = [{{ tag = 0x1400, text = "{text}" }}]
"#
        ));
        let line = line.unwrap_err();
        assert!(line.contains("messages[0].tlvs[0]: ") && line.contains(says), "{line}");
    }
    for text in ["{}", "{1}", "{a b}", "{seq", "{'a': 1}", "{{{seq}}}"] {
        assert_eq!(
            refused(&format!(
                r#"[[messages]]
text = "{text}"
"#
            )),
            Ok(()),
            "{text}"
        );
    }
}

#[test]
fn each_carrier_holds_the_number_of_its_message_and_its_part() {
    let r = marked("", &Carrier::ALL);
    for index in [0, 1, 70_000] {
        let sent = sent(&r, index);
        let marker = RunMarker { run: 77, ..RunMarker::default() }.of(index, 0);
        let reference = (index as u16).to_be_bytes().to_vec();
        let tlvs =
            [(Tag::USER_MESSAGE_REFERENCE.0, reference), (Marker::TLV.0, marker.tlv().into())];
        assert_eq!(sent.tlvs, tlvs);
        assert_eq!(
            (sent.from.as_bytes(), sent.to.as_bytes()),
            (&marker.address()[..], &marker.address()[..])
        );
        assert_eq!(sent.octets.len(), 63 + 1 + Marker::TOKEN_OCTETS);
        assert!(sent.octets.ends_with(&marker.token()));
    }
}

#[test]
fn every_part_of_a_long_text_ends_with_its_own_token_and_the_text_is_whole() {
    let around = "Grüße [€] an alle, 0123456789. ".repeat(9);
    let text = format!("{around}{{destination}} und {{uuid}}{around}");
    for (coding, wide) in [(0, false), (8, true)] {
        for long in ["udh8", "udh16", "sar", "payload"] {
            let profile =
                format!("[[messages]]\ntext = {text:?}\ndata_coding = {coding}\nlong = {long:?}");
            let r = marked(&profile, &[Carrier::Text]);
            let parts = r.pick(0).parts;
            assert_eq!(parts == 1, long == "payload");
            let mut whole = String::new();
            for part in 0..parts {
                let sent = sent(&r, u64::from(parts) * 3 + u64::from(part));
                let octets = sent.payload.clone().unwrap_or(sent.octets.clone());
                let shown = if long == "payload" {
                    Coding::of_data_coding(coding).unwrap().decode(&octets)
                } else {
                    text_of(&sent)
                };
                let marker = RunMarker { run: 77, ..RunMarker::default() }.of(3, part);
                let token = String::from_utf8(marker.token().to_vec()).unwrap();
                let (front, _) = shown.split_at(shown.len() - token.len());
                assert!(shown.ends_with(&token), "{shown}");
                assert!(octets.len() <= if wide { 140 } else { 160 } || long == "payload");
                whole.push_str(front);
            }
            // parts are filled with blanks to their end
            let (whole, around) = (whole.replace(' ', ""), around.replace(' ', ""));
            assert!(whole.starts_with(&format!("{around}447700900003und")), "{whole}");
            assert!(whole.ends_with(&around), "{whole}");
        }
    }
}

#[test]
fn a_message_of_octets_has_no_token_and_the_other_carriers_all_the_same() {
    let r = marked("[[messages]]\noctets = \"0102030405\"", &[Carrier::Text, Carrier::Tlv]);
    let sent = sent(&r, 5);
    assert_eq!((sent.octets.len(), sent.tlvs.len()), (5, 1));
}
