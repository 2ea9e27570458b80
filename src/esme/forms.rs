//! Receipts in the forms that live SMSCs send, in whole runs against a scripted SMSC.
use super::scripted::{Smsc, deliver, play, said};
use crate::judge;
use crate::kit::HostUse;
use crate::measure::RunRecord;
use crate::smpp::{Tag, put_tlv};
use bytes::BytesMut;

/// What an SMSC sends for an id, one PDU after the other.
type Form = fn(&str) -> Vec<Vec<u8>>;

fn profile(more: &str) -> String {
    format!(
        "load.stages = [{{ hold = 20, for = \"1s\" }}]\ntimeouts = {{ response = \"1s\" }}\n\
         messages = [{{ registered_delivery = 1, text = \"a\" }}]\n{more}"
    )
}

fn run(form: Form, more: &str) -> (Vec<String>, RunRecord) {
    let submit = |smsc: &mut Smsc, session: u32, n: u32, _: &[u8]| {
        let id = format!("{n:010}");
        smsc.accept(session, n, &id);
        for (place, pdu) in (1..).zip(form(&id)) {
            smsc.send(session, 20 * place, pdu);
        }
    };
    let (plan, record) = play(&profile(more), submit);
    let j = judge::judge(&plan, &record, &HostUse::default());
    assert!(j.books.balanced, "{:?}", j.books);
    (j.notes, record)
}

fn ucs2(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

fn with_state(value: &[u8]) -> BytesMut {
    let mut tlvs = BytesMut::new();
    put_tlv(Tag::MESSAGE_STATE, value, &mut tlvs);
    tlvs
}

#[test]
fn receipts_in_ucs2_behind_a_header_or_with_a_state_that_says_nothing_are_counted_by_their_text() {
    let forms: [Form; 5] = [
        |id| vec![deliver(4, 8, &ucs2(&said(id, "UNDELIV", "255")), &[])],
        |id| {
            let text = said(id, "UNDELIV", "255");
            vec![deliver(0x44, 0, &[&[5, 0, 3, 1, 1, 1][..], text.as_bytes()].concat(), &[])]
        },
        |id| vec![deliver(4, 0, said(id, "UNDELIV", "255").as_bytes(), &with_state(&[0]))],
        |id| vec![deliver(4, 0, said(id, "UNDELIV", "255").as_bytes(), &with_state(&[0, 0, 0, 2]))],
        |id| vec![deliver(4, 0, said(id, "UNDELIV", "255").as_bytes(), &with_state(&[77]))],
    ];
    for (number, form) in forms.into_iter().enumerate() {
        let (_, record) = run(form, "");
        let t = record.ledger();
        assert_eq!((t.receipts_final, t.receipts_missing, t.by_state[5]), (20, 0, 20), "{number}");
        assert_eq!((t.receipts_intermediate, record.receipts_unknown), (0, 0), "{number}");
        let odd = record.anomalies.iter().filter(|a| a.kind == "message_state_says_nothing");
        assert_eq!(odd.map(|a| a.count).sum::<u64>(), if number > 1 { 20 } else { 0 });
    }
}

#[test]
fn a_word_that_is_no_state_is_intermediate_unless_the_profile_lists_it() {
    let acked_first: Form = |id| {
        [("ACKED  ", "003"), ("DELIVRD", "004")]
            .map(|(stat, err)| deliver(4, 0, said(id, stat, err).as_bytes(), &[]))
            .to_vec()
    };
    let (_, record) = run(acked_first, "");
    let t = record.ledger();
    assert_eq!((t.receipts_final, t.receipts_intermediate, t.by_state[2]), (20, 20, 20));
    let (_, record) = run(acked_first, "receipts.final_states = [\"acked\", \"DELIVRD\"]");
    let t = record.ledger();
    assert_eq!((t.receipts_final, t.receipts_duplicate, t.by_state[10]), (20, 20, 20));
}

#[test]
fn a_receipt_under_esm_class_0_is_an_mo_that_is_named_unless_the_text_is_to_decide() {
    let plain: Form = |id| vec![deliver(0, 0, said(id, "DELIVRD", "000").as_bytes(), &[])];
    let (notes, record) = run(plain, "");
    let t = record.ledger();
    assert_eq!((t.receipts_final, t.receipts_missing), (0, 20));
    assert_eq!((record.mo_received, record.mo_like_receipts), (20, 20));
    assert!(notes.iter().any(|n| n.contains("MO look like receipts")), "{notes:?}");
    let (notes, record) = run(plain, "receipts.accept = \"text\"");
    assert_eq!((record.ledger().receipts_final, record.mo_received), (20, 0));
    assert!(!notes.iter().any(|n| n.contains("MO")), "{notes:?}");
}

#[test]
fn what_reads_like_a_receipt_of_ours_in_another_form_is_not_foreign_traffic() {
    let live = "target = { address = \"127.0.0.1:2775\" }\nguard = { foreign = \"stop\" }";
    let forms: [(Form, &str); 4] = [
        (|id| vec![deliver(0, 0, said(id, "DELIVRD", "000").as_bytes(), &[])], live),
        (|id| vec![deliver(4, 8, &ucs2(&said(id, "DELIVRD", "000")), &[])], live),
        // an id that another id_mode would have matched
        (
            |id| {
                let number: u64 = id.parse().unwrap();
                vec![deliver(4, 0, said(&number.to_string(), "DELIVRD", "000").as_bytes(), &[])]
            },
            live,
        ),
        (|_| vec![deliver(4, 0, &[0xC1; 40], &[])], live),
    ];
    for (number, (form, more)) in forms.into_iter().enumerate() {
        let (_, record) = run(form, more);
        assert_eq!(record.cut_reason, None, "{number}");
    }
    let strange: [Form; 2] = [
        |_| vec![deliver(0, 0, b"a message from somebody", &[])],
        |_| vec![deliver(4, 0, said("neverheardof", "DELIVRD", "000").as_bytes(), &[])],
    ];
    for form in strange {
        let (_, record) = run(form, live);
        assert!(record.cut_reason.is_some());
    }
}
