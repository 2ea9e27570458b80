//! Habits of OpenMarket, and all behaviours at once: the tally always balances.
use super::*;
use crate::kit::{Rate, Rng};
use crate::plan::behaviour::{Fault, IdFormat, OnWindow, ReceiptFormat, Retry};

#[test]
fn openmarket_nacks_commands_that_it_does_not_support() {
    let (mut bench, session) = Bench::bound(|b| b.habits.openmarket = true);
    for id in [CommandId::DATA_SM, CommandId::QUERY_SM, CommandId::SUBMIT_MULTI] {
        bench.say(session, id, 0, 9);
        assert_eq!(bench.heads(session), [(CommandId::GENERIC_NACK, 3, 9)]);
    }
    bench.say(session, CommandId::ENQUIRE_LINK, 0, 10);
    assert_eq!(bench.heads(session), [(CommandId::ENQUIRE_LINK_RESP, 0, 10)]);
}

#[test]
fn openmarket_unbinds_a_session_that_sends_a_field_that_is_too_long() {
    let (mut bench, session) = Bench::bound(|b| b.habits.openmarket = true);
    bench.submit_with(session, |sm| sm.source_addr = b"123456789012345678901");
    assert_eq!(bench.heads(session)[0].0, CommandId::UNBIND);
    assert_eq!(bench.tally().submits.ignored, 1);
}

#[test]
fn openmarket_accepts_long_passwords_and_answers_0d_to_wrong_ones() {
    let long = "p".repeat(100);
    let mut bench = Bench::new(|b| {
        b.habits.openmarket = true;
        b.accounts = vec![SmscAccount { password: Some(Secret(long.clone())), ..account("test") }];
    });
    assert_eq!(bench.try_bind_as(TRX, "test", &long).1, 0);
    assert_eq!(bench.try_bind_as(TRX, "test", "wrong").1, CommandStatus::ESME_RBINDFAIL.0);
    assert_eq!(bench.try_bind_as(TRX, "other", &long).1, CommandStatus::ESME_RBINDFAIL.0);
    assert_eq!(bench.try_bind_as(TRX, "test", "").1, CommandStatus::ESME_RINVPASWD.0);
}

#[test]
fn a_receipt_of_openmarket_is_read_with_its_ticket() {
    let (mut bench, session) = Bench::bound(|b| {
        b.habits.openmarket = true;
        b.habits.service_type = "OMV4".to_owned();
        b.response.id = IdFormat::Ticket;
        b.receipts.format = ReceiptFormat::Openmarket;
    });
    bench.submit(session);
    let frames = bench.frames(session);
    assert_eq!(frames[0].len(), 0x28);
    let receipt = receipt_in(&frames[1]).unwrap();
    assert_eq!((receipt.id, receipt.err), (pdu::message_id(&frames[0]).unwrap(), &b"004"[..]));
}

fn everything(b: &mut Behaviour) {
    let share = |kind, share| Fault {
        kind,
        at: None,
        every: None,
        share: Some(share),
        all_sessions: false,
    };
    b.limits.window = Some(50);
    b.limits.on_window = OnWindow::Silence;
    b.limits.rate = Some(Rate::per_second(20_000));
    b.limits.ghost_bind = Some(ms(5));
    b.response.latency = Latency::Lognormal { median: ms(2), p99: ms(20) };
    b.response.errors = vec![(0x45, 0.02)];
    b.response.lost = 0.01;
    b.receipts.delay = Latency::Uniform(ms(0), ms(30));
    b.receipts.states = vec![(5, 0.1)];
    b.receipts.lost = 0.02;
    b.receipts.duplicate = 0.02;
    b.receipts.before_response = 0.05;
    b.receipts.intermediate = 0.03;
    b.receipts.window = Some(20);
    b.receipts.retry = Some(Retry { after: ms(10), max: 2 });
    b.mo.rate = Some(Rate::per_second(300));
    b.faults = vec![
        share(FaultKind::Close, 0.0005),
        share(FaultKind::Unbind, 0.0005),
        share(FaultKind::HalfClose, 0.0002),
        share(FaultKind::GenericNack, 0.01),
        share(FaultKind::OversizeTlv, 0.01),
    ];
}

/// One ESME that submits, answers most deliveries, and binds again whenever it is dropped.
fn esme_turn(bench: &mut Bench, session: &mut u32, rng: &mut Rng, sent: &mut u64) {
    for head in bench.heads(*session) {
        if head.0 == CommandId::DELIVER_SM && rng.chance(0.9) {
            let status = if rng.chance(0.05) { 0x64 } else { 0 };
            bench.say(*session, CommandId::DELIVER_SM_RESP, status, head.2);
        } else if head.0 == CommandId::UNBIND {
            bench.say(*session, CommandId::UNBIND_RESP, 0, head.2);
        }
    }
    if bench.core.wish(*session) != ConnAction::Stay {
        bench.core.closed(*session, bench.now);
        let (next, status) = bench.try_bind_as(TRX, "test", "test");
        if status != 0 {
            bench.core.closed(next, bench.now);
            return;
        }
        *session = next;
    }
    for _ in 0..rng.below(8) {
        bench.submit(*session);
        *sent += 1;
    }
}

#[test]
fn the_tally_always_balances_and_no_delivery_is_kept_for_ever() {
    let run = |seed| {
        let mut bench = Bench::new(|b| {
            everything(b);
            b.seed = seed;
        });
        let mut rng = Rng::new(seed);
        let mut sessions: Vec<u32> = (0..5).map(|_| bench.bind(TRX)).collect();
        let mut sent = 0;
        for _ in 0..3_000 {
            bench.run_until(bench.now + ms(1));
            for session in &mut sessions {
                esme_turn(&mut bench, session, &mut rng, &mut sent);
            }
            bench.tally();
        }
        for session in sessions {
            bench.core.closed(session, bench.now);
        }
        bench.core.deliveries.stop_mo();
        bench.run_until(bench.now + ms(10_000));
        let tally = bench.tally().clone();
        assert!(tally.submits.received <= sent);
        assert_eq!(tally.responses.pending, 0);
        assert!(tally.faults.total() > 100 && tally.receipts.retried > 0 && tally.mo.retried > 0);
        tally
    };
    let tally = run(1);
    assert_eq!(run(1), tally, "the same seed, the same run");
    assert_ne!(run(2), tally);
}
