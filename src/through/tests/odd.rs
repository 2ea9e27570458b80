//! Gateways that are odd rather than wrong, and what the books must not say of them: submits.
use super::by_hand::ByHand;
use super::model::{response, settings, submit};
use crate::measure::through::{SubmitBooks, ThroughRecord, Transit};
use crate::net::SightingKind;
use crate::through::{Route, Settings};

const THROTTLED: u32 = 0x58;

/// Count, least and largest value of a transit, in milliseconds.
fn timed(record: &ThroughRecord, transit: Transit) -> (u64, u64, u64) {
    let time = record.times.of(transit);
    let [min, max] = [time.min(), time.max()].map(|time| time.unwrap_or_default().0);
    (time.count(), (min + 500_000) / 1_000_000, (max + 500_000) / 1_000_000)
}

#[test]
fn a_message_that_our_smsc_refused_and_the_gateway_tried_again_is_no_duplicate() {
    let mut hand = ByHand::new();
    let sequence = hand.sent(0, 0);
    hand.delivered(10, 0, THROTTLED, "");
    hand.delivered(110, 0, THROTTLED, "");
    hand.delivered(210, 0, 0, "U0");
    hand.answered(213, sequence, 0, "F0");
    hand.receipt_behind(300, "U0");
    hand.receipt(310, "F0");
    let record = hand.closed(9_000);
    let SubmitBooks { accepted, once, duplicate, copies, came_out, .. } = record.submits;
    assert_eq!((accepted, once, duplicate, copies, came_out), (1, 1, 0, 0, 3));
    assert_eq!((record.receipts.once, record.receipts.by_gateway), (1, 0));
    let rows: Vec<_> =
        record.statuses.iter().map(|row| (row.upstream, row.front, row.told_by_receipt)).collect();
    assert_eq!(rows, [(Some(0), Some(0), 0)], "what our SMSC said in the end");
    assert_eq!(timed(&record, Transit::ResponseReturn), (1, 3, 3));
}

#[test]
fn a_copy_of_what_our_smsc_took_or_had_not_answered_is_a_duplicate() {
    for status in [None, Some(0)] {
        let mut hand = ByHand::new();
        hand.accepted(0, 0, "F0");
        let first = hand.out(10, 0);
        status.into_iter().for_each(|status| hand.answered_behind(11, first, status, "U0"));
        let second = hand.out(20, 0);
        if status.is_none() {
            hand.answered_behind(21, first, THROTTLED, "");
        }
        hand.answered_behind(22, second, 0, "U1");
        let SubmitBooks { once, duplicate, copies, .. } = hand.closed(9_000).submits;
        assert_eq!((once, duplicate, copies), (0, 1, 1), "{status:?}");
    }
}

#[test]
fn a_rejected_message_that_was_refused_behind_and_then_taken_is_a_ghost() {
    let mut hand = ByHand::new();
    let sequence = hand.sent(0, 0);
    hand.delivered(10, 0, THROTTLED, "");
    hand.answered(15, sequence, THROTTLED, "");
    hand.delivered(100, 0, 0, "U0");
    let SubmitBooks { rejected, ghost, .. } = hand.closed(9_000).submits;
    assert_eq!((rejected, ghost), (1, 1));
}

#[test]
fn a_lost_message_that_comes_out_when_its_place_was_needed_is_late_and_makes_none_a_duplicate() {
    let mut hand = ByHand::keeping(1);
    hand.accepted(0, 0, "F0");
    hand.accepted(5_000, 1, "F1");
    hand.delivered(5_010, 1, 0, "U1");
    hand.delivered(5_020, 0, 0, "U0");
    let SubmitBooks { accepted, once, lost, late, duplicate, copies, .. } =
        hand.closed(9_000).submits;
    assert_eq!((accepted, once, lost, late, duplicate, copies), (2, 1, 1, 1, 0, 0));
}

#[test]
fn a_rejected_message_that_comes_out_when_its_place_was_needed_is_a_ghost_and_no_duplicate() {
    let mut hand = ByHand::keeping(1);
    let sequence = hand.sent(0, 0);
    hand.answered(1, sequence, THROTTLED, "");
    hand.accepted(5_000, 1, "F1");
    hand.delivered(5_010, 1, 0, "U1");
    hand.delivered(5_020, 0, 0, "U0");
    let SubmitBooks { rejected, once, ghost, duplicate, .. } = hand.closed(9_000).submits;
    assert_eq!((rejected, once, ghost, duplicate), (1, 1, 1, 0));
}

#[test]
fn an_unanswered_message_that_comes_out_when_its_place_was_needed_is_maybe_out() {
    let mut hand = ByHand::keeping(1);
    hand.sent(0, 0);
    hand.accepted(5_000, 1, "F1");
    hand.delivered(5_010, 1, 0, "U1");
    hand.delivered(5_020, 0, 0, "U0");
    let SubmitBooks { maybe, maybe_out, once, duplicate, .. } = hand.closed(9_000).submits;
    assert_eq!((maybe, maybe_out, once, duplicate), (1, 1, 1, 0));
}

#[test]
fn two_copies_of_a_message_whose_place_was_needed_make_one_duplicate() {
    let mut hand = ByHand::keeping(1);
    for message in 0..3 {
        let at = 100 * message;
        hand.accepted(at, message, &format!("F{message}"));
        hand.delivered(at + 1, message, 0, &format!("U{message}"));
        hand.receipt_behind(at + 2, &format!("U{message}"));
        hand.receipt(at + 3, &format!("F{message}"));
    }
    hand.out(400, 0);
    hand.out(410, 0);
    let SubmitBooks { once, duplicate, copies, .. } = hand.closed(9_000).submits;
    assert_eq!((once, duplicate, copies), (2, 1, 2));
}

#[test]
fn a_message_that_our_esme_sends_again_after_a_throttle_behind_is_no_duplicate_and_timed_by_attempt()
 {
    let mut hand = ByHand::new();
    let first = hand.sent(0, 0);
    hand.delivered(5, 0, THROTTLED, "");
    hand.answered(8, first, THROTTLED, "");
    let second = hand.sent(1_000, 0);
    let out = hand.out(1_005, 0);
    hand.answered_behind(1_025, out, 0, "U0");
    hand.answered(1_028, second, 0, "F0");
    let record = hand.closed(9_000);
    let SubmitBooks { sent, once, duplicate, retries, .. } = record.submits;
    assert_eq!((sent, once, duplicate, retries), (1, 1, 0, 1));
    assert_eq!(timed(&record, Transit::Gateway), (2, 8, 8));
    assert_eq!(timed(&record, Transit::ResponseReturn), (2, 3, 3));
}

#[test]
fn an_attempt_that_the_gateway_rejects_itself_is_not_timed_from_the_answer_to_an_earlier_one() {
    let mut hand = ByHand::new();
    let first = hand.sent(0, 0);
    hand.delivered(5, 0, THROTTLED, "");
    hand.answered(8, first, THROTTLED, "");
    let second = hand.sent(1_000, 0);
    hand.answered(1_001, second, THROTTLED, "");
    let record = hand.closed(9_000);
    assert_eq!(timed(&record, Transit::Gateway), (2, 1, 8));
    assert_eq!(timed(&record, Transit::ResponseReturn), (1, 3, 3));
}

#[test]
fn messages_that_come_out_under_one_sequence_number_are_answered_in_their_order() {
    let mut hand = ByHand::new();
    for message in 0..3 {
        hand.accepted(message, message, &format!("F{message}"));
    }
    for message in 0..3 {
        hand.out_as(10 + message, message, 1);
    }
    for message in 0..3 {
        hand.answered_behind(20 + message, 1, 0, &format!("U{message}"));
        hand.receipt_behind(30 + message, &format!("U{message}"));
        hand.receipt(40 + message, &format!("F{message}"));
    }
    let record = hand.closed(9_000);
    assert_eq!((record.submits.once, record.receipts.once), (3, 3));
    assert_eq!(record.statuses.len(), 1, "every one was answered: {:?}", record.statuses);
}

#[test]
fn a_message_that_is_tried_again_at_an_upstream_that_is_not_of_its_route_is_at_the_wrong_one() {
    for again in [1, 2] {
        let mut hand = ByHand::with(Settings {
            routes: vec![Route { prefix: "44".to_owned(), upstream: 0 }],
            upstreams: vec!["one".to_owned(), "other".to_owned()],
            ..settings(10)
        });
        hand.accepted(0, 0, "F0");
        hand.delivered(5, 0, THROTTLED, "");
        hand.sees(again, 20, SightingKind::Read(submit(0, 9)));
        hand.sees(again, 21, SightingKind::Wrote(response(0, 9, "U0")));
        let record = hand.closed(9_000);
        let SubmitBooks { once, wrong_upstream, .. } = record.submits;
        assert_eq!((once, wrong_upstream), (1, u64::from(again == 2)));
    }
}

#[test]
fn copies_of_a_message_that_is_not_kept_make_no_other_one_a_duplicate() {
    let mut hand = ByHand::keeping(1);
    hand.sent(0, 0);
    let first = hand.sent(1, 1);
    hand.answered(2, first, THROTTLED, "");
    // our ESME sends it again: it is one message
    hand.sent(3, 1);
    hand.accepted(5_000, 2, "F2");
    hand.delivered(5_001, 2, 0, "U2");
    hand.accepted(6_000, 3, "F3");
    hand.out(6_010, 1);
    hand.out(6_020, 1);
    let SubmitBooks { sent, untracked, once, duplicate, lost, maybe, .. } =
        hand.closed(9_000).submits;
    assert_eq!((sent, untracked, maybe), (4, 2, 1));
    assert_eq!((once, duplicate, lost), (1, 0, 0));
}
