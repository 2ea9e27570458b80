//! Receipts: their time, receiver, spelling and number.
use super::*;
use crate::plan::behaviour::{IdFormat, ReceiptFormat, ReceiptId, Retry};
use crate::smpp::receipt::MessageState;

fn constant(span: Nanos) -> Latency {
    Latency::Constant(span)
}

#[test]
fn by_default_a_receipt_comes_right_after_its_response() {
    let (mut bench, session) = Bench::bound(|_| {});
    bench.submit_batch(session, 3, 1);
    let frames = bench.frames(session);
    let ids: Vec<CommandId> = frames.iter().map(|f| Header::read(f).unwrap().command_id).collect();
    let pair = [CommandId::SUBMIT_SM_RESP, CommandId::DELIVER_SM];
    assert_eq!(ids, [pair, pair, pair].concat());
    for two in frames.chunks(2) {
        let receipt = receipt_in(&two[1]).unwrap();
        assert_eq!(receipt.id, pdu::message_id(&two[0]).unwrap());
        assert_eq!((receipt.state, receipt.err), (MessageState::Delivered, &b"000"[..]));
        let Body::DeliverSm(sm) = pdu::decode(&two[1]).unwrap().body else { panic!() };
        assert_eq!((sm.source_addr, sm.destination_addr), (&b"447700900123"[..], &b"12345"[..]));
    }
    assert_eq!(bench.tally().receipts.by_state.get(MessageState::Delivered), 3);
}

#[test]
fn registered_delivery_decides_whether_there_is_one() {
    for (registered_delivery, state, receipts) in
        [(0, 2, 0), (1, 2, 1), (1, 5, 1), (2, 2, 0), (2, 5, 1), (3, 2, 1), (3, 5, 0), (0x11, 2, 1)]
    {
        let (mut bench, session) = Bench::bound(|b| b.receipts.states = vec![(state, 1.0)]);
        bench.submit_batch(session, 1, registered_delivery);
        let frames = bench.frames(session);
        assert_eq!(deliveries(&frames).len(), receipts, "{registered_delivery} {state}");
        assert_eq!(bench.tally().submits.asked, receipts as u64);
    }
}

#[test]
fn the_delay_counts_from_the_response() {
    let (mut bench, session) = Bench::bound(|b| {
        b.response.latency = constant(ms(20));
        b.receipts.delay = constant(ms(200));
    });
    bench.submit_batch(session, 2, 1);
    assert_eq!(bench.run_until(ms(5_000)), [ms(1_020), ms(1_220)]);
    assert_eq!(bench.heads(session).len(), 4);
}

#[test]
fn states_have_their_probabilities_and_the_rest_is_delivered() {
    let (mut bench, session) = Bench::bound(|b| {
        b.receipts.states = vec![(2, 0.9), (5, 0.02), (3, 0.01)];
        b.receipts.window = Some(100_000);
    });
    bench.submit_batch(session, 100_000, 1);
    let by_state = &bench.tally().receipts.by_state;
    assert!(by_state.get(MessageState::Undeliverable).abs_diff(2_000) < 150);
    assert!(by_state.get(MessageState::Expired).abs_diff(1_000) < 120);
    assert_eq!(by_state.total(), 100_000);
    let frames = bench.frames(session);
    let failed = deliveries(&frames)
        .iter()
        .filter(|f| receipt_in(f).unwrap().state == MessageState::Undeliverable)
        .count() as u64;
    assert_eq!(failed, bench.tally().receipts.by_state.get(MessageState::Undeliverable));
}

#[test]
fn ids_in_receipts_are_spelled_as_told_in_every_shape() {
    for format in [ReceiptFormat::AppendixB, ReceiptFormat::TlvOnly, ReceiptFormat::DataSm] {
        let (mut bench, session) = Bench::bound(|b| {
            b.response.id = IdFormat::Hex;
            b.receipts.id = ReceiptId::Decimal;
            b.receipts.format = format;
        });
        bench.submit(session);
        let frames = bench.frames(session);
        let id = message_ids(&frames)[0].clone();
        let number = u64::from_str_radix(std::str::from_utf8(&id).unwrap(), 16).unwrap();
        let receipt = receipt_in(deliveries(&frames)[0]).unwrap();
        assert_eq!(receipt.id, number.to_string().as_bytes());
    }
}

#[test]
fn lost_receipts_are_withheld_and_counted() {
    let (mut bench, session) = Bench::bound(|b| {
        b.receipts.lost = 0.01;
        b.receipts.window = Some(100_000);
    });
    bench.submit_batch(session, 100_000, 1);
    let withheld = bench.tally().receipts.withheld;
    assert!(withheld.abs_diff(1_000) < 120, "{withheld}");
    assert_eq!(deliveries(&bench.frames(session)).len() as u64, 100_000 - withheld);
}

#[test]
fn duplicates_and_intermediate_notifications_are_sent_in_addition() {
    let (mut bench, session) = Bench::bound(|b| {
        b.receipts.duplicate = 0.1;
        b.receipts.intermediate = 0.2;
        b.receipts.window = Some(100_000);
    });
    bench.submit_batch(session, 10_000, 1);
    let frames = bench.frames(session);
    let sent = deliveries(&frames);
    let receipts = &bench.tally().receipts;
    let intermediate = sent.iter().filter(|f| receipt_in(f).unwrap().intermediate).count() as u64;
    assert_eq!(intermediate, receipts.intermediate);
    assert!(intermediate.abs_diff(2_000) < 200 && receipts.duplicated.abs_diff(1_000) < 150);
    assert_eq!(sent.len() as u64, 10_000 + intermediate + receipts.duplicated);
}

#[test]
fn an_early_receipt_is_sent_before_its_response_in_the_same_batch() {
    for latency in [Latency::Zero, constant(ms(20))] {
        let (mut bench, session) = Bench::bound(|b| {
            b.response.latency = latency;
            b.receipts.before_response = 1.0;
            b.receipts.delay = constant(ms(500));
        });
        bench.submit(session);
        bench.run_until(ms(1_020));
        let frames = bench.frames(session);
        let receipt = receipt_in(&frames[0]).expect("the receipt is first");
        assert_eq!(receipt.id, pdu::message_id(&frames[1]).unwrap());
        assert_eq!(bench.tally().receipts.before_response, 1);
    }
}

#[test]
fn a_transmitters_receipts_go_to_the_accounts_receivers_in_turn() {
    let mut bench = Bench::new(|_| {});
    let sender = bench.bind(TX);
    let receivers = [bench.bind(RX), bench.bind(TRX), bench.bind(RX)];
    let stranger = bench.try_bind_as(RX, "else", "").0;
    bench.submit_batch(sender, 9, 1);
    assert_eq!(bench.heads(sender).len(), 9);
    let mut dirty = Vec::new();
    bench.core.take_dirty(&mut dirty);
    dirty.sort_unstable();
    assert_eq!(dirty, receivers);
    for receiver in receivers {
        assert_eq!(bench.heads(receiver).len(), 3);
    }
    assert!(bench.heads(stranger).is_empty());
    assert_eq!(bench.tally().receipts.other_bind, 9);
}

#[test]
fn with_other_bind_a_receipt_is_sent_on_another_session_where_there_is_one() {
    let (mut bench, session) = Bench::bound(|b| b.receipts.other_bind = true);
    bench.submit(session);
    assert_eq!(deliveries(&bench.frames(session)).len(), 1);
    let other = bench.bind(TRX);
    bench.submit_batch(session, 5, 1);
    assert_eq!(deliveries(&bench.frames(session)).len(), 0);
    assert_eq!(deliveries(&bench.frames(other)).len(), 5);
    assert_eq!(bench.tally().receipts.other_bind, 5);
}

#[test]
fn receipts_without_a_receiver_wait_for_one() {
    let mut bench = Bench::new(|_| {});
    let sender = bench.bind(TX);
    bench.submit_batch(sender, 7, 1);
    assert_eq!(bench.tally().receipts.pending, 7);
    let receiver = bench.bind(RX);
    assert_eq!(deliveries(&bench.frames(receiver)).len(), 7);
    assert_eq!((bench.tally().receipts.pending, bench.tally().receipts.by_state.total()), (0, 7));
}

#[test]
fn too_many_receipts_without_a_receiver_are_dropped_and_counted() {
    let mut bench = Bench::new(|_| {});
    let sender = bench.bind(TX);
    for _ in 0..1_001 {
        bench.submit_batch(sender, 1_000, 1);
        bench.core.out(sender).clear();
    }
    let receipts = &bench.tally().receipts;
    assert_eq!((receipts.pending, receipts.undeliverable), (1_000_000, 1_000));
}

#[test]
fn acknowledgements_are_counted_by_status() {
    let (mut bench, session) = Bench::bound(|_| {});
    bench.submit_batch(session, 5, 1);
    assert_eq!(bench.acknowledge(session, CommandStatus::ESME_ROK), 5);
    bench.submit_batch(session, 2, 1);
    assert_eq!(bench.acknowledge(session, CommandStatus::ESME_RX_T_APPN), 2);
    let acknowledged = &bench.tally().receipts.acknowledged;
    assert_eq!(acknowledged.get(CommandStatus::ESME_ROK), 5);
    assert_eq!(acknowledged.get(CommandStatus::ESME_RX_T_APPN), 2);
    bench.say(session, CommandId::DELIVER_SM_RESP, 0, 3);
    assert_eq!(bench.tally().sessions.unknown_responses, 1, "nothing was open any more");
}

#[test]
fn the_receipt_window_limits_unacknowledged_receipts() {
    let (mut bench, session) = Bench::bound(|b| b.receipts.window = Some(10));
    bench.submit_batch(session, 25, 1);
    let mut sent = Vec::new();
    for _ in 0..4 {
        sent.push(bench.acknowledge(session, CommandStatus::ESME_ROK));
    }
    assert_eq!(sent, [10, 10, 5, 0]);
    assert_eq!(bench.tally().receipts.acknowledged.total(), 25);
}

#[test]
fn the_receipt_rate_paces_them_exactly() {
    let (mut bench, session) =
        Bench::bound(|b| b.receipts.rate = Some(crate::kit::Rate::per_second(100)));
    bench.submit_batch(session, 5, 1);
    assert_eq!(deliveries(&bench.frames(session)).len(), 1);
    let times = bench.run_until(ms(2_000));
    assert_eq!(times, [ms(1_010), ms(1_020), ms(1_030), ms(1_040)]);
    assert_eq!(deliveries(&bench.frames(session)).len(), 4);
}

fn retrying(after: u64, max: u32) -> impl FnOnce(&mut Behaviour) {
    move |b| b.receipts.retry = Some(Retry { after: ms(after), max })
}

#[test]
fn a_refused_receipt_is_sent_again_with_the_same_id_until_its_last_attempt() {
    let (mut bench, session) = Bench::bound(retrying(5_000, 3));
    bench.submit(session);
    let first = bench.frames(session);
    let id = receipt_in(&first[1]).unwrap().id.to_vec();
    let mut number = Header::read(&first[1]).unwrap().sequence_number;
    let mut times = Vec::new();
    for _ in 0..3 {
        let status = CommandStatus::ESME_RX_T_APPN.0;
        bench.say(session, CommandId::DELIVER_SM_RESP, status, number);
        bench.run_until(bench.now + ms(5_000));
        let frames = bench.frames(session);
        assert_eq!(receipt_in(&frames[0]).unwrap().id, id);
        number = Header::read(&frames[0]).unwrap().sequence_number;
        times.push(bench.now);
    }
    assert_eq!(times, [ms(6_000), ms(11_000), ms(16_000)]);
    bench.say(session, CommandId::DELIVER_SM_RESP, CommandStatus::ESME_RX_T_APPN.0, number);
    bench.run_until(ms(60_000));
    assert!(bench.frames(session).is_empty());
    let receipts = &bench.tally().receipts;
    assert_eq!((receipts.retried, receipts.given_up, receipts.by_state.total()), (3, 1, 1));
    assert_eq!(receipts.acknowledged.get(CommandStatus::ESME_RX_T_APPN), 4);
    assert_eq!(bench.core.deliveries.kept_count(), 0, "nothing is kept");
}

#[test]
fn an_unanswered_receipt_is_sent_again_and_a_late_answer_still_counts() {
    let (mut bench, session) = Bench::bound(retrying(5_000, 1));
    bench.submit(session);
    let number = bench.heads(session)[1].2;
    bench.run_until(ms(6_000));
    let again = bench.heads(session);
    assert_eq!(again.len(), 1);
    bench.say(session, CommandId::DELIVER_SM_RESP, 0, number);
    bench.say(session, CommandId::DELIVER_SM_RESP, 0, again[0].2);
    bench.run_until(ms(60_000));
    let receipts = &bench.tally().receipts;
    assert_eq!((receipts.retried, receipts.given_up), (1, 0));
    assert_eq!(receipts.acknowledged.get(CommandStatus::ESME_ROK), 2);
}

#[test]
fn receipts_that_a_lost_session_had_not_acknowledged_are_sent_to_the_next_one() {
    let (mut bench, session) = Bench::bound(retrying(5_000, 3));
    bench.submit_batch(session, 4, 1);
    bench.core.closed(session, bench.now);
    let next = bench.bind(TRX);
    assert_eq!(deliveries(&bench.frames(next)).len(), 4);
    assert_eq!(bench.tally().receipts.retried, 4);
}

#[test]
fn mo_come_at_their_rate_spread_over_all_receivers() {
    let mut bench = Bench::new(|b| {
        b.mo.rate = Some(crate::kit::Rate::per_second(10));
        b.mo.texts = vec!["a".to_owned(), "b".to_owned()];
    });
    bench.bind(TX);
    assert_eq!(bench.core.next_due(), Nanos::MAX, "there is no receiver yet");
    let receivers = [bench.bind(RX), bench.try_bind_as(TRX, "else", "").0];
    bench.run_until(ms(3_000));
    for receiver in receivers {
        assert_eq!(bench.acknowledge(receiver, CommandStatus::ESME_ROK), 10);
    }
    assert_eq!((bench.tally().mo.sent, bench.tally().mo.acknowledged.total()), (20, 20));
    assert_eq!(bench.tally().receipts.acknowledged.total(), 0);
}

#[test]
fn a_million_receipts_can_wait() {
    let (mut bench, session) = Bench::bound(|b| b.receipts.delay = constant(ms(60_000)));
    for _ in 0..1_000 {
        bench.submit_batch(session, 1_000, 1);
        bench.core.out(session).clear();
    }
    assert_eq!(bench.tally().receipts.pending, 1_000_000);
    bench.run_until(ms(61_000));
    while bench.acknowledge(session, CommandStatus::ESME_ROK) > 0 {}
    assert_eq!(bench.tally().receipts.by_state.total(), 1_000_000);
    assert_eq!(bench.core.deliveries.kept_count(), 0);
}

#[test]
fn receipts_that_are_never_answered_are_forgotten_in_the_end() {
    let (mut bench, session) = Bench::bound(|b| {
        b.timers.response = Some(ms(1_000));
        b.receipts.window = Some(1_000_000);
    });
    for _ in 0..300 {
        bench.submit_batch(session, 1_000, 1);
        bench.core.out(session).clear();
    }
    assert_eq!(bench.core.deliveries.kept_count(), 1 << 18);
    bench.run_until(ms(5_000));
    assert_eq!(bench.core.deliveries.kept_count(), 0);
    assert_eq!(bench.tally().receipts.by_state.total(), 300_000);
}
