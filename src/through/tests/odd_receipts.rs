//! Gateways that are odd rather than wrong, and what the books must not say of them: receipts.
use super::by_hand::ByHand;
use super::model::{BEHIND, FRONT};
use crate::measure::through::{ReceiptBooks, ThroughRecord, Transit};
use crate::net::SightingKind;
use crate::smpp::pdu::DeliverSm;
use crate::smpp::{CommandStatus, Tag, Tlvs, put_tlv};

/// A message that went through, under these ids.
fn through(hand: &mut ByHand, message: u64, front: &str, upstream: &str) {
    let at = 10 * message;
    hand.accepted(at, message, front);
    hand.delivered(at + 2, message, 0, upstream);
}

/// A receipt with this date on which the message was done.
fn receipt_of(id: &str, done: &str) -> Vec<u8> {
    let text = format!(
        "id:{id} sub:001 dlvrd:001 submit date:2601010000 done date:{done} stat:DELIVRD err:000 text:"
    );
    let sm = DeliverSm { esm_class: 4, short_message: text.as_bytes(), ..DeliverSm::default() };
    let mut out = bytes::BytesMut::new();
    sm.encode(CommandStatus::ESME_ROK, 1, &mut out);
    out.to_vec()
}

/// Sent, once, lost, duplicate, by the gateway, unknown.
fn counts(record: &ThroughRecord) -> [u64; 6] {
    let ReceiptBooks { sent, once, lost, duplicate, by_gateway, unknown, .. } = record.receipts;
    [sent, once, lost, duplicate, by_gateway, unknown]
}

#[test]
fn a_receipt_that_our_smsc_sent_again_and_the_gateway_passed_on_once_is_not_lost() {
    // the gateway refuses the first, or its answer is late: our SMSC sends it again
    for came_at in [1_500, 500] {
        let mut hand = ByHand::new();
        through(&mut hand, 0, "F0", "U0");
        hand.receipt_behind(100, "U0");
        hand.receipt_behind(1_100, "U0");
        hand.receipt(came_at, "F0");
        assert_eq!(counts(&hand.closed(9_000)), [1, 1, 0, 0, 0, 0], "{came_at}");
    }
}

#[test]
fn a_receipt_that_our_smsc_sent_again_with_another_date_is_not_altered_whichever_came() {
    let again = || receipt_of("U0", "2601010002");
    for (came, altered) in [("2601010001", 0), ("2601010002", 0), ("2601010009", 1)] {
        let mut hand = ByHand::new();
        through(&mut hand, 0, "F0", "U0");
        hand.receipt_behind(100, "U0");
        hand.sees(BEHIND, 1_100, SightingKind::Wrote(again()));
        hand.sees(FRONT, 1_200, SightingKind::Read(receipt_of("F0", came)));
        let record = hand.closed(9_000);
        assert_eq!(counts(&record), [1, 1, 0, 0, 0, 0], "{came}");
        assert_eq!(record.receipts.altered, altered, "{came}");
        let returned = record.times.of(Transit::ReceiptReturn).max().unwrap_or_default();
        assert_eq!((returned.0 + 500_000) / 1_000_000, 1_100, "from the first sending");
    }
}

#[test]
fn a_receipt_that_our_smsc_sent_twice_and_that_came_twice_is_no_duplicate_of_the_gateway() {
    let mut hand = ByHand::new();
    through(&mut hand, 0, "F0", "U0");
    for at in [100, 1_100] {
        hand.receipt_behind(at, "U0");
        hand.receipt(at + 5, "F0");
    }
    hand.receipt(1_200, "F0");
    assert_eq!(counts(&hand.closed(9_000)), [2, 2, 0, 1, 0, 0]);
}

#[test]
fn a_receipt_that_our_smsc_sent_again_and_that_never_came_is_lost_once() {
    let mut hand = ByHand::new();
    through(&mut hand, 0, "F0", "U0");
    hand.receipt_behind(100, "U0");
    hand.receipt_behind(1_100, "U0");
    assert_eq!(counts(&hand.closed(9_000)), [1, 0, 1, 0, 0, 0]);
}

#[test]
fn a_receipt_that_our_smsc_sent_before_its_response_is_of_its_message_and_not_of_the_gateway() {
    for came_at in [9, 30] {
        let mut hand = ByHand::new();
        hand.accepted(0, 0, "F0");
        let sequence = hand.out(2, 0);
        hand.receipt_behind(5, "U0");
        hand.receipt(came_at, "F0");
        hand.answered_behind(20, sequence, 0, "U0");
        let record = hand.closed(9_000);
        assert_eq!(counts(&record), [1, 1, 0, 0, 0, 0], "{came_at}");
        assert_eq!((record.receipts.untracked, record.receipts.altered), (0, 0));
    }
}

#[test]
fn a_receipt_before_its_response_that_never_came_is_lost() {
    let mut hand = ByHand::new();
    hand.accepted(0, 0, "F0");
    let sequence = hand.out(2, 0);
    hand.receipt_behind(5, "U0");
    hand.answered_behind(20, sequence, 0, "U0");
    assert_eq!(counts(&hand.closed(9_000)), [1, 0, 1, 0, 0, 0]);
}

#[test]
fn receipts_of_two_messages_that_have_one_id_are_untracked_and_neither_lost_nor_doubled() {
    let mut hand = ByHand::new();
    through(&mut hand, 0, "F", "U0");
    through(&mut hand, 1, "F", "U1");
    for (at, id) in [(100, "U0"), (101, "U1")] {
        hand.receipt_behind(at, id);
    }
    hand.receipt(110, "F");
    hand.receipt(111, "F");
    let record = hand.closed(9_000);
    assert_eq!(counts(&record), [2, 0, 0, 0, 0, 0]);
    assert_eq!((record.receipts.untracked, record.receipts.untracked_in_front), (2, 2));
}

#[test]
fn an_id_that_is_given_again_once_its_message_is_through_is_that_of_the_new_one() {
    let mut hand = ByHand::new();
    for message in 0..3 {
        let at = 100 * message;
        hand.accepted(at, message, "F");
        hand.delivered(at + 2, message, 0, &format!("U{message}"));
        hand.receipt_behind(at + 5, &format!("U{message}"));
        hand.receipt(at + 9, "F");
    }
    assert_eq!(counts(&hand.closed(9_000)), [3, 3, 0, 0, 0, 0]);
}

#[test]
fn a_receipt_of_a_message_that_was_given_no_id_is_not_lost_but_untracked() {
    let mut hand = ByHand::new();
    through(&mut hand, 0, "", "U0");
    through(&mut hand, 1, "", "U1");
    hand.receipt_behind(100, "U0");
    hand.receipt_behind(101, "U1");
    hand.receipt(110, "X0");
    hand.receipt(111, "");
    let record = hand.closed(9_000);
    let ReceiptBooks { sent, once, lost, untracked, unknown, by_gateway, .. } = record.receipts;
    assert_eq!((sent, once, lost, untracked), (2, 0, 0, 2));
    assert_eq!((unknown, by_gateway, record.receipts.untracked_in_front), (0, 0, 2));
}

#[test]
fn a_receipt_that_our_smsc_sent_once_our_esme_was_gone_is_pending_and_not_lost() {
    let mut hand = ByHand::new();
    through(&mut hand, 0, "F0", "U0");
    hand.receipt_behind(3_000, "U0");
    let record = hand.closed_since(2_500, 9_000);
    assert_eq!(counts(&record)[..3], [1, 0, 0]);
    assert_eq!(record.receipts.pending, 1);
}

#[test]
fn a_receipt_whose_text_says_another_state_than_its_tlv_is_altered() {
    let receipt = |id: &str, stat: &str| {
        let text = format!(
            "id:{id} sub:001 dlvrd:001 submit date:2601010000 done date:2601010001 stat:{stat} err:000 text:"
        );
        let (mut tlvs, mut out) = (bytes::BytesMut::new(), bytes::BytesMut::new());
        put_tlv(Tag::MESSAGE_STATE, &[2], &mut tlvs);
        let short_message = text.as_bytes();
        let sm =
            DeliverSm { esm_class: 4, short_message, tlvs: Tlvs(&tlvs), ..DeliverSm::default() };
        sm.encode(CommandStatus::ESME_ROK, 1, &mut out);
        out.to_vec()
    };
    let mut hand = ByHand::new();
    through(&mut hand, 0, "F0", "U0");
    hand.sees(BEHIND, 100, SightingKind::Wrote(receipt("U0", "DELIVRD")));
    hand.sees(FRONT, 110, SightingKind::Read(receipt("F0", "UNDELIV")));
    let record = hand.closed(9_000);
    assert_eq!((record.receipts.once, record.receipts.altered), (1, 1));
    let row = &record.fields[0];
    assert_eq!(
        (row.name.as_str(), row.sent.as_str(), row.came.as_str()),
        ("receipt.state", "DELIVRD", "UNDELIV")
    );
}

#[test]
fn receipts_of_messages_that_are_not_kept_are_not_called_unknown() {
    let mut hand = ByHand::keeping(1);
    for message in 0..3 {
        hand.accepted(message, message, &format!("F{message}"));
    }
    for message in 0..3 {
        hand.delivered(10 + message, message, 0, &format!("U{message}"));
        hand.receipt_behind(20 + message, &format!("U{message}"));
        hand.receipt(30 + message, &format!("F{message}"));
    }
    let record = hand.closed(9_000);
    let ReceiptBooks { sent, once, untracked, untracked_in_front, unknown, .. } = record.receipts;
    assert_eq!((sent, once, untracked, untracked_in_front, unknown), (3, 1, 2, 2, 0));
}

#[test]
fn what_our_smsc_does_on_purpose_is_not_laid_to_a_clean_relay() {
    use super::simulation::{Outcome, Setup};
    for (behaviour, unanswered) in [
        ("receipts.duplicate = 0.5", false),
        ("receipts.before_response = 0.3", false),
        ("receipts.other_bind = true", false),
        ("receipts.lost = 0.3", false),
        ("response.lost = 0.2", true),
    ] {
        let profile = format!("{}{behaviour}\n", super::profile(1_000, 500));
        let Outcome { through, .. } = Setup::with(&profile, super::delays()).run();
        let ThroughRecord { submits, receipts, balanced, .. } = &through;
        assert!(balanced, "{behaviour}");
        assert_eq!((submits.lost, submits.duplicate, submits.ghost), (0, 0, 0), "{behaviour}");
        assert_eq!(submits.unanswered > 0, unanswered, "{behaviour}");
        assert_eq!(submits.maybe_out, submits.unanswered, "{behaviour}");
        let ReceiptBooks { duplicate, by_gateway, unknown, altered, .. } = receipts;
        assert_eq!((duplicate, by_gateway, unknown, altered), (&0, &0, &0, &0), "{behaviour}");
        // the relay knows no id before its response, and passes such a receipt on to nobody
        let is_early = behaviour.contains("before_response");
        assert_eq!(receipts.lost > 0, is_early, "{behaviour}: {receipts:?}");
        assert_eq!(receipts.untracked > 0, unanswered, "{behaviour}: {receipts:?}");
    }
}
