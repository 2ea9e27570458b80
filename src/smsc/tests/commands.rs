//! Commands to the running simulator: MO, receipts and faults.
use super::*;
use crate::plan::behaviour::{IdFormat, Retry};
use crate::smpp::receipt::MessageState;

const OK: CommandStatus = CommandStatus::ESME_ROK;
const REFUSED: CommandStatus = CommandStatus::ESME_RX_R_APPN;

impl Bench {
    fn order(&mut self, command: Result<Command, CommandError>) -> CommandOutcome {
        self.core.command(&command.unwrap(), self.now)
    }

    fn mo(&mut self, text: &str) -> CommandOutcome {
        self.order(Command::mo("447700900007", "60602", text))
    }
}

fn sent_to(session: u32, system_id: &str) -> CommandOutcome {
    CommandOutcome::Sent { session, system_id: system_id.to_owned() }
}

/// With and without deliveries that are tracked.
fn either(tracked: bool) -> impl FnOnce(&mut Behaviour) {
    move |b| b.receipts.retry = tracked.then_some(Retry { after: ms(50), max: 3 })
}

#[test]
fn a_commanded_mo_has_its_addresses_and_its_text() {
    let (mut bench, session) = Bench::bound(|_| {});
    let long = "x".repeat(300);
    for (text, data_coding, octets) in [
        ("hello  world", 0, &b"hello  world"[..]),
        ("grüß", 8, &b"\0g\0r\0\xfc\0\xdf"[..]),
        (&long, 0, long.as_bytes()),
    ] {
        assert_eq!(bench.mo(text), sent_to(session, "test"));
        let frames = bench.frames(session);
        let pdu = pdu::decode(&frames[0]).unwrap();
        assert!(pdu.anomalies.is_empty());
        let Body::DeliverSm(sm) = pdu.body else { panic!("{pdu:?}") };
        assert_eq!((sm.source_addr, sm.source_addr_ton), (&b"447700900007"[..], 1));
        assert_eq!((sm.destination_addr, sm.dest_addr_ton), (&b"60602"[..], 3));
        assert_eq!((sm.esm_class, sm.data_coding), (0, data_coding));
        let payload = sm.tlvs.get(crate::smpp::Tag::MESSAGE_PAYLOAD);
        assert_eq!(payload.unwrap_or(sm.short_message), octets);
        assert_eq!(receipt_in(&frames[0]), None);
    }
    assert_eq!(bench.tally().mo.sent, 3);
}

#[test]
fn a_commanded_receipt_has_its_id_and_state_in_every_format() {
    for format in [
        crate::smpp::receipt::ReceiptFormat::AppendixB,
        crate::smpp::receipt::ReceiptFormat::Openmarket,
        crate::smpp::receipt::ReceiptFormat::TlvOnly,
        crate::smpp::receipt::ReceiptFormat::Payload,
        crate::smpp::receipt::ReceiptFormat::DataSm,
    ] {
        let (mut bench, session) = Bench::bound(|b| {
            b.receipts.format = format;
            b.response.id = IdFormat::Uuid;
            b.receipts.lost = 1.0;
        });
        bench.submit(session);
        let id = String::from_utf8(message_ids(&bench.frames(session))[0].clone()).unwrap();
        let sent = bench.order(Command::receipt(&id, "undeliv"));
        assert_eq!(sent, sent_to(session, "test"));
        let frames = bench.frames(session);
        assert!(pdu::decode(&frames[0]).unwrap().anomalies.is_empty(), "{format:?}");
        let receipt = receipt_in(&frames[0]).unwrap();
        assert_eq!((receipt.id, receipt.intermediate), (id.as_bytes(), false), "{format:?}");
        assert_eq!(receipt.state, MessageState::Undeliverable);
        let receipts = &bench.tally().receipts;
        assert_eq!((receipts.by_command, receipts.by_state.total()), (1, 0));
        assert_eq!(receipts.withheld, 1);
    }
}

#[test]
fn answers_to_commanded_deliveries_count_as_what_they_are() {
    for tracked in [false, true] {
        let (mut bench, session) = Bench::bound(either(tracked));
        bench.submit(session);
        bench.mo("one");
        bench.order(Command::receipt("42", "DELIVRD"));
        bench.mo("two");
        assert_eq!(bench.acknowledge(session, OK), 4);
        let tally = bench.tally();
        assert_eq!(tally.mo.acknowledged.get(OK), 2, "{tracked}");
        assert_eq!(tally.receipts.acknowledged.get(OK), 2, "{tracked}");
        assert_eq!((tally.mo.given_up, tally.receipts.given_up), (0, 0));
        assert_eq!(tally.sessions.unknown_responses, 0);
        assert_eq!(bench.core.deliveries.kept_count(), 0);
        bench.say(session, CommandId::DELIVER_SM_RESP, 0, 1);
        assert_eq!(bench.tally().sessions.unknown_responses, 1, "nothing is unanswered");
    }
}

#[test]
fn a_commanded_delivery_that_is_refused_is_given_up_and_not_sent_again() {
    for tracked in [false, true] {
        let (mut bench, session) = Bench::bound(either(tracked));
        bench.mo("one");
        bench.order(Command::receipt("42", "DELIVRD"));
        assert_eq!(bench.acknowledge(session, REFUSED), 2);
        bench.run_until(ms(60_000));
        assert!(bench.frames(session).is_empty(), "{tracked}");
        let tally = bench.tally();
        assert_eq!((tally.mo.sent, tally.mo.given_up, tally.mo.retried), (1, 1, 0));
        assert_eq!(tally.mo.acknowledged.get(REFUSED), 1);
        let receipts = &tally.receipts;
        assert_eq!((receipts.by_command, receipts.given_up, receipts.retried), (1, 1, 0));
        assert_eq!(bench.core.deliveries.kept_count(), 0);
    }
}

#[test]
fn a_commanded_delivery_that_is_never_answered_is_given_up_with_its_time_or_its_session() {
    let (mut bench, session) = Bench::bound(|b| b.timers.response = Some(ms(1_000)));
    bench.mo("one");
    bench.run_until(ms(10_000));
    assert_eq!((bench.heads(session).len(), bench.tally().mo.given_up), (1, 1));
    for tracked in [false, true] {
        let (mut bench, session) = Bench::bound(either(tracked));
        bench.mo("one");
        bench.core.closed(session, bench.now);
        let next = bench.bind(TRX);
        assert!(bench.frames(next).is_empty(), "it has no content any more");
        assert_eq!((bench.tally().mo.given_up, bench.tally().mo.retried), (1, 0), "{tracked}");
    }
}

#[test]
fn commanded_deliveries_go_to_receivers_of_all_accounts_in_turn() {
    let mut bench = Bench::new(|_| {});
    bench.bind(TX);
    let first = bench.bind(RX);
    let (second, _) = bench.try_bind_as(TRX, "else", "");
    let turn = [sent_to(first, "test"), sent_to(second, "else")];
    for _ in 0..3 {
        assert_eq!([bench.mo("a"), bench.order(Command::receipt("1", "DELIVRD"))], turn);
    }
    bench.unbind(second);
    assert_eq!([bench.mo("a"), bench.mo("b")], [sent_to(first, "test"), sent_to(first, "test")]);
}

#[test]
fn without_a_session_that_can_receive_nothing_is_sent_or_counted() {
    let mut bench = Bench::new(|b| b.receipts.window = Some(1));
    assert_eq!(bench.mo("a"), CommandOutcome::NoReceiver);
    bench.bind(TX);
    let before = bench.tally().clone();
    assert_eq!(bench.mo("a"), CommandOutcome::NoReceiver);
    assert_eq!(bench.order(Command::receipt("1", "DELIVRD")), CommandOutcome::NoReceiver);
    assert_eq!(*bench.tally(), before);
    let receiver = bench.bind(RX);
    assert_eq!(bench.mo("a"), sent_to(receiver, "test"));
    assert_eq!(bench.mo("b"), CommandOutcome::NoReceiver, "its window is full");
    bench.acknowledge(receiver, OK);
    assert_eq!(bench.mo("b"), sent_to(receiver, "test"));
}

#[test]
fn a_commanded_fault_is_done_to_one_session_or_to_all() {
    for (sessions, count) in [("one", 1), ("all", 5)] {
        let mut bench = Bench::new(|_| {});
        let bound: Vec<u32> = (0..5).map(|_| bench.bind(TRX)).collect();
        let outcome = bench.order(Command::fault("reset", sessions));
        assert_eq!(outcome, CommandOutcome::Fault(FaultReach::Sessions(count)));
        let reset = bound.iter().filter(|s| bench.core.wish(**s) == ConnAction::Reset).count();
        assert_eq!(reset, count);
        assert_eq!(bench.tally().faults.get(FaultKind::Reset), count as u64);
        assert_eq!(bench.tally().faults_without_target.total(), 0);
    }
    let (mut bench, _) = Bench::bound(|_| {});
    let outcome = bench.order(Command::fault("bind_refuse", "one"));
    assert_eq!(outcome, CommandOutcome::Fault(FaultReach::NextBind));
    let (_, status) = bench.try_bind_as(TRX, "test", "");
    assert_eq!(status, CommandStatus::ESME_RBINDFAIL.0);
    assert_eq!(bench.try_bind_as(TRX, "test", "").1, 0);
}

#[test]
fn a_fault_to_one_session_finds_the_one_that_is_still_open() {
    let mut bench = Bench::new(|_| {});
    for _ in 0..20 {
        bench.bind(TRX);
    }
    for left in (0..20).rev() {
        bench.order(Command::fault("close", "one"));
        let faults = &bench.tally().faults;
        assert_eq!((faults.total(), bench.tally().faults_without_target.total()), (20 - left, 0));
    }
}

#[test]
fn a_fault_that_finds_nobody_is_counted_by_its_kind() {
    let mut bench = Bench::new(|_| {});
    for _ in 0..2 {
        let outcome = bench.order(Command::fault("close", "all"));
        assert_eq!(outcome, CommandOutcome::Fault(FaultReach::Sessions(0)));
    }
    let session = bench.bind(TRX);
    bench.order(Command::fault("half_close", "one"));
    bench.order(Command::fault("slow_reader", "one"));
    assert_eq!(bench.core.wish(session), ConnAction::HalfClose);
    let json = serde_json::to_value(bench.tally()).unwrap();
    assert_eq!(json["faults"], serde_json::json!({ "half_close": 1 }));
    let missed = serde_json::json!({ "close": 2, "slow_reader": 1 });
    assert_eq!(json["faults_without_target"], missed);
}
