//! The memory that ESMEs can make the simulator use is bounded, and each limit that is reached is counted.
use super::*;
use crate::plan::behaviour::{Retry, SmscTimers};

/// Maximum number of unbound connections, and of accounts made by binds.
const UNBOUND: usize = 4_096;
const ACCOUNTS: usize = 10_000;

/// A number of enquire_link in one piece.
fn enquiries(count: u32) -> BytesMut {
    let mut out = BytesMut::new();
    for number in 1..=count {
        let ok = CommandStatus::ESME_ROK;
        pdu::header_only(CommandId::ENQUIRE_LINK, ok, number, &mut out);
    }
    out
}

#[test]
fn a_session_that_does_not_read_its_answers_is_not_read_until_it_does() {
    let (mut bench, session) = Bench::bound(|_| {});
    let many = enquiries(100_000);
    bench.feed(session, &many);
    assert_eq!(bench.core.wish(session), ConnAction::Stay, "1.6 MB of answers");
    bench.feed(session, &many);
    bench.feed(session, &many);
    assert_eq!(bench.core.wish(session), ConnAction::HoldReads, "4.8 MB of answers");
    let written = bench.core.out(session).len() - 1_000;
    bench.core.out(session).advance(written);
    bench.core.wrote(session, written, bench.now);
    assert_eq!(bench.core.wish(session), ConnAction::Stay);
    assert_eq!(bench.tally().sessions.enquire_links_answered, 300_000);
}

#[test]
fn a_session_is_not_read_while_too_many_of_its_answers_are_not_due() {
    let (mut bench, session) = Bench::bound(|b| b.response.latency = Latency::Constant(ms(500)));
    for _ in 0..50 {
        assert_eq!(bench.core.wish(session), ConnAction::Stay);
        bench.submit_batch(session, 10_000, 0);
    }
    assert_eq!(bench.core.wish(session), ConnAction::HoldReads, "500,000 answers wait");
    bench.run_until(ms(1_500));
    let octets = bench.core.out(session).len();
    bench.core.out(session).advance(octets);
    assert_eq!(bench.core.wish(session), ConnAction::Stay);
    assert_eq!(bench.tally().responses.sent, 500_000);
}

#[test]
fn delayed_answers_of_closed_sessions_are_bounded_too() {
    let mut bench = Bench::new(|b| {
        b.response.latency = Latency::Constant(ms(500_000));
        b.receipts.waiting_max = 500_000;
    });
    for _ in 0..11 {
        let session = bench.bind(TRX);
        bench.submit_batch(session, 100_000, 1);
        bench.core.closed(session, bench.now);
    }
    let tally = bench.tally();
    assert_eq!(tally.responses.pending, 1_000_000);
    assert_eq!(tally.submits.refused.get(CommandStatus::ESME_RMSGQFUL), 100_000);
    assert_eq!((tally.receipts.dropped_full, tally.receipts.pending), (500_000, 500_000));
}

#[test]
fn deliveries_that_are_not_acknowledged_stop_at_ten_thousand_and_go_on_with_the_answers() {
    for tracked in [false, true] {
        let (mut bench, session) = Bench::bound(|b| {
            b.timers.response = tracked.then_some(ms(3_600_000));
        });
        bench.submit_batch(session, 25_000, 1);
        let heads = bench.heads(session);
        let numbers = |heads: &[(CommandId, u32, u32)]| -> Vec<u32> {
            let sent = heads.iter().filter(|head| head.0 == CommandId::DELIVER_SM);
            sent.map(|head| head.2).collect()
        };
        let first = numbers(&heads);
        assert_eq!(first.len(), 10_000);
        assert_eq!(bench.tally().receipts.pending, 15_000);
        for number in first {
            bench.say(session, CommandId::DELIVER_SM_RESP, 0, number);
        }
        assert_eq!(bench.acknowledge(session, CommandStatus::ESME_ROK), 10_000);
        assert_eq!(bench.acknowledge(session, CommandStatus::ESME_ROK), 5_000);
        let receipts = &bench.tally().receipts;
        assert_eq!((receipts.pending, receipts.by_state.total()), (0, 25_000));
        assert_eq!(receipts.acknowledged.total(), 25_000);
    }
}

#[test]
fn receipts_without_a_receiver_wait_up_to_their_limit_and_are_then_counted_as_dropped() {
    for delay in [0, 20] {
        let mut bench = Bench::new(|b| {
            b.receipts.waiting_max = 1_000;
            b.receipts.delay = Latency::Constant(ms(delay));
        });
        let session = bench.bind(TX);
        bench.submit_batch(session, 1_500, 1);
        bench.run_until(ms(2_000));
        let receipts = &bench.tally().receipts;
        assert_eq!((receipts.pending, receipts.undeliverable), (1_000, 500), "{delay} ms");
        assert_eq!(receipts.dropped_full, 500);
        let receiver = bench.bind(RX);
        assert_eq!(deliveries(&bench.frames(receiver)).len(), 1_000);
        assert_eq!(bench.tally().receipts.pending, 0);
    }
}

#[test]
fn receipts_that_are_refused_again_and_again_wait_up_to_their_limit_too() {
    let (mut bench, session) = Bench::bound(|b| {
        b.receipts.waiting_max = 1_000;
        b.receipts.retry = Some(Retry { after: ms(60_000), max: 3 });
    });
    for _ in 0..30 {
        bench.submit_batch(session, 100, 1);
        assert_eq!(bench.acknowledge(session, CommandStatus::ESME_RX_T_APPN), 100);
    }
    let receipts = &bench.tally().receipts;
    assert_eq!((receipts.by_state.total(), receipts.dropped_full), (3_000, 2_000));
    assert_eq!(receipts.undeliverable, 0, "they had been sent once");
}

#[test]
fn mo_that_are_not_acknowledged_stop_and_are_counted_as_dropped() {
    let (mut bench, session) = Bench::bound(|b| {
        b.receipts.waiting_max = 50;
        b.receipts.window = Some(10);
        b.mo.rate = Some(crate::kit::Rate::per_second(100));
    });
    bench.run_until(ms(3_000));
    assert_eq!(bench.heads(session).len(), 10);
    let mo = &bench.tally().mo;
    assert_eq!((mo.sent, mo.dropped_full), (10, 200 - 10 - 50));
}

#[test]
fn deliveries_that_the_esme_does_not_read_are_not_sent_again_until_it_does() {
    let (mut bench, session) = Bench::bound(|b| {
        b.receipts.retry = Some(Retry { after: ms(50), max: 1_000 });
    });
    bench.submit_batch(session, 20_000, 1);
    bench.run_until(ms(1_200));
    let (unwritten, retried) = (bench.core.out(session).len(), bench.tally().receipts.retried);
    assert!(unwritten < 5 << 20, "{unwritten}");
    bench.run_until(ms(3_000));
    assert_eq!(bench.core.out(session).len(), unwritten);
    bench.frames(session);
    bench.run_until(ms(3_050));
    assert!(bench.tally().receipts.retried >= retried + 10_000, "taken, and not answered");
}

#[test]
fn checks_of_answered_deliveries_are_dropped() {
    let (mut bench, session) = Bench::bound(|b| b.timers.response = Some(ms(3_600_000)));
    for _ in 0..200 {
        bench.submit_batch(session, 1_000, 1);
        assert_eq!(bench.acknowledge(session, CommandStatus::ESME_ROK), 1_000);
    }
    assert!(
        bench.core.deliveries.checks_count() < 70_000,
        "{}",
        bench.core.deliveries.checks_count()
    );
}

#[test]
fn a_long_pdu_before_the_bind_is_refused_on_its_length() {
    let mut bench = Bench::new(|_| {});
    let session = bench.core.connected(bench.now);
    assert_eq!(bench.core.on_octets(session, &1_024_u32.to_be_bytes(), bench.now), 0);
    bench.feed(session, &1_025_u32.to_be_bytes());
    assert_eq!(bench.heads(session), [(CommandId::GENERIC_NACK, 2, 0)]);
    assert_eq!(bench.core.wish(session), ConnAction::CloseWhenFlushed);
    // PDUs after the bind in the same read may have any length
    let session = bench.core.connected(bench.now);
    let mut out = BytesMut::new();
    Bind { system_id: b"me", ..Bind::default() }.encode(TRX, CommandStatus::ESME_ROK, 1, &mut out);
    let text = [7; 30_000];
    let mut tlvs = BytesMut::new();
    crate::smpp::put_tlv(crate::smpp::Tag::MESSAGE_PAYLOAD, &text, &mut tlvs);
    let sm =
        SubmitSm { destination_addr: b"1", tlvs: crate::smpp::Tlvs(&tlvs), ..SubmitSm::default() };
    sm.encode(CommandStatus::ESME_ROK, 2, &mut out);
    bench.feed(session, &out);
    assert_eq!(bench.tally().submits.accepted, 1);
}

#[test]
fn of_too_many_connections_that_do_not_bind_the_oldest_is_closed() {
    let mut bench = Bench::new(|_| {});
    let bound = bench.bind(TRX);
    let idle: Vec<u32> = (0..UNBOUND + 3).map(|_| bench.core.connected(bench.now)).collect();
    let closed = |wish| wish == ConnAction::Close;
    assert!(idle[..3].iter().all(|session| closed(bench.core.wish(*session))));
    assert!(idle[3..].iter().all(|session| !closed(bench.core.wish(*session))));
    assert_eq!(bench.core.wish(bound), ConnAction::Stay);
    assert_eq!(bench.tally().sessions.dropped_unbound, 3);
    // a bound session does not count
    assert_eq!(bench.bind_on(idle[3], TRX, "test", "test"), 0);
    bench.core.connected(bench.now);
    assert_eq!(bench.tally().sessions.dropped_unbound, 3);
}

#[test]
fn connections_that_do_not_bind_and_do_not_read_hold_few_answers_where_they_are_many() {
    let mut bench = Bench::new(|_| {});
    let many = enquiries(16_384);
    let one = bench.core.connected(bench.now);
    bench.feed(one, &many);
    assert_eq!(bench.core.wish(one), ConnAction::Stay, "256 KiB of answers of one alone");
    let all: Vec<u32> = (1..UNBOUND).map(|_| bench.core.connected(bench.now)).collect();
    assert_eq!(bench.core.wish(one), ConnAction::HoldReads);
    for session in &all {
        bench.feed(*session, &many);
        assert_eq!(bench.core.wish(*session), ConnAction::Close);
        assert!(bench.core.out(*session).len() < 17_000);
    }
    assert_eq!(bench.tally().sessions.dropped_unbound, UNBOUND as u64 - 1);
    bench.bind(TRX);
}

#[test]
fn a_connection_has_thirty_seconds_to_bind() {
    let mut bench = Bench::new(|_| {});
    let session = bench.core.connected(bench.now);
    bench.say(session, CommandId::ENQUIRE_LINK, 0, 1);
    assert_eq!(bench.run_until(ms(31_000)), [ms(31_000)]);
    assert_eq!(bench.core.wish(session), ConnAction::CloseWhenFlushed);
    assert_eq!(bench.tally().sessions.init_timeouts, 1);
}

#[test]
fn accounts_made_by_binds_are_forgotten_when_there_are_too_many() {
    let mut bench = Bench::new(|_| {});
    let (stays, _) = bench.try_bind_as(RX, "stays", "");
    let (sender, _) = bench.try_bind_as(TX, "leaves", "");
    bench.submit(sender);
    bench.core.closed(sender, bench.now);
    assert_eq!(bench.tally().receipts.pending, 1);
    for number in 0..2 * ACCOUNTS {
        let (session, status) = bench.try_bind_as(TX, &format!("n{number}"), "");
        assert_eq!(status, 0);
        bench.core.closed(session, bench.now);
    }
    assert_eq!(bench.core.context.accounts.count(), ACCOUNTS);
    let receipts = &bench.tally().receipts;
    assert_eq!((receipts.pending, receipts.undeliverable, receipts.dropped_full), (0, 1, 1));
    let (sender, _) = bench.try_bind_as(TX, "stays", "");
    bench.submit(sender);
    assert_eq!(deliveries(&bench.frames(stays)).len(), 1, "one with a session is not forgotten");
}

#[test]
fn a_receipt_for_a_forgotten_account_does_not_go_to_the_next_account_of_its_slot() {
    let mut bench = Bench::new(|b| b.receipts.delay = Latency::Constant(ms(60_000)));
    let (sender, _) = bench.try_bind_as(TX, "leaves", "");
    bench.submit(sender);
    bench.core.closed(sender, bench.now);
    let receivers: Vec<u32> = (0..ACCOUNTS)
        .map(|number| {
            let (session, status) = bench.try_bind_as(RX, &format!("n{number}"), "");
            assert_eq!(status, 0);
            session
        })
        .collect();
    let refused = bench.try_bind_as(RX, "one more", "").1;
    assert_eq!(refused, CommandStatus::ESME_RBINDFAIL.0, "all have sessions");
    bench.run_until(ms(100_000));
    assert!(receivers.iter().all(|session| bench.core.out(*session).is_empty()));
    let receipts = &bench.tally().receipts;
    assert_eq!((receipts.pending, receipts.undeliverable), (0, 1));
}

#[test]
fn an_esme_that_unbinds_and_does_not_read_is_reset_after_five_seconds() {
    let (mut bench, session) = Bench::bound(|_| {});
    bench.say(session, CommandId::UNBIND, 0, 9);
    assert_eq!(bench.core.wish(session), ConnAction::CloseWhenFlushed);
    bench.run_until(ms(5_999));
    assert_eq!(bench.core.wish(session), ConnAction::CloseWhenFlushed);
    bench.run_until(ms(6_000));
    assert_eq!(bench.core.wish(session), ConnAction::Reset);
    let mut dirty = Vec::new();
    bench.core.take_dirty(&mut dirty);
    assert!(dirty.contains(&session), "its pump is woken");
    bench.core.closed(session, bench.now);
    let sessions = &bench.tally().sessions;
    assert_eq!((sessions.flush_timeouts, sessions.dropped), (1, 0));
    assert_eq!(bench.core.next_due(), Nanos::MAX);
}

#[test]
fn an_esme_that_does_not_answer_an_unbind_is_closed_after_thirty_seconds() {
    for response in [None, Some(ms(60_000))] {
        let (mut bench, session) = Bench::bound(|b| {
            b.timers = SmscTimers { response, ..SmscTimers::default() };
        });
        bench.core.stop(bench.now);
        bench.run_until(ms(30_999));
        assert_eq!(bench.core.wish(session), ConnAction::Stay);
        bench.run_until(ms(1_000) + response.unwrap_or(ms(30_000)));
        assert_eq!(bench.core.wish(session), ConnAction::CloseWhenFlushed);
        assert_eq!(bench.tally().sessions.response_timeouts, 1);
    }
}

#[test]
fn a_session_is_not_reset_for_last_octets_that_a_stall_holds_back() {
    let (mut bench, session) = Bench::bound(|b| {
        let (every, length) = (ms(20_000), ms(15_000));
        b.response.stall = Some(crate::plan::behaviour::Stall { every, length });
    });
    bench.run_until(ms(22_000));
    bench.say(session, CommandId::UNBIND, 0, 9);
    bench.run_until(ms(36_000));
    assert_eq!(bench.core.wish(session), ConnAction::CloseWhenFlushed, "the silence is over");
    assert_eq!(bench.heads(session), [(CommandId::UNBIND_RESP, 0, 9)]);
    bench.core.closed(session, bench.now);
    assert_eq!(bench.tally().sessions.flush_timeouts, 0);
}
