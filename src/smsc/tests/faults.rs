//! Every kind of fault, timed and by probability.
use super::*;
use crate::plan::behaviour::Fault;

fn fault(kind: FaultKind) -> Fault {
    Fault { kind, at: None, every: None, share: None, all_sessions: false }
}

fn at(kind: FaultKind, seconds: u64) -> Fault {
    Fault { at: Some(Nanos::from_secs(seconds)), ..fault(kind) }
}

/// A bound session with a fault 3 s after its bind.
fn with_fault(kind: FaultKind) -> (Bench, u32) {
    let (mut bench, session) = Bench::bound(|b| b.faults = vec![at(kind, 3)]);
    bench.run_until(ms(3_999));
    assert!(bench.core.out(session).is_empty());
    assert_eq!(bench.core.wish(session), ConnAction::Stay);
    bench.run_until(ms(4_000));
    (bench, session)
}

#[test]
fn unbind_sends_unbind_and_closes_once_it_is_answered() {
    let (mut bench, session) = with_fault(FaultKind::Unbind);
    let heads = bench.heads(session);
    assert_eq!(heads[0].0, CommandId::UNBIND);
    let sequence = bench.submit(session);
    assert_eq!(bench.heads(session), [(CommandId::SUBMIT_SM_RESP, 0, sequence)], "in flight");
    bench.say(session, CommandId::UNBIND_RESP, 0, heads[0].2);
    assert_eq!(bench.core.wish(session), ConnAction::CloseWhenFlushed);
    assert_eq!(bench.tally().faults.get(FaultKind::Unbind), 1);
    assert_eq!(bench.tally().receipts.pending, 1, "there is no receiver");
    let (mut bench, session) = with_fault(FaultKind::Unbind);
    bench.core.closed(session, bench.now);
    assert_eq!(bench.tally().sessions.dropped, 0, "closing is an answer too");
}

#[test]
fn close_and_reset_end_the_connection() {
    for (kind, wish) in
        [(FaultKind::Close, ConnAction::CloseWhenFlushed), (FaultKind::Reset, ConnAction::Reset)]
    {
        let (mut bench, session) = with_fault(kind);
        assert_eq!(bench.core.wish(session), wish);
        bench.submit(session);
        assert_eq!(bench.tally().submits.received, 0, "what comes now is not read");
        let mut dirty = Vec::new();
        bench.core.take_dirty(&mut dirty);
        assert_eq!(dirty, [session]);
        assert_eq!(bench.tally().faults.get(kind), 1);
    }
}

#[test]
fn half_close_writes_no_more_but_keeps_reading() {
    let (mut bench, session) = with_fault(FaultKind::HalfClose);
    assert_eq!(bench.core.wish(session), ConnAction::HalfClose);
    bench.submit(session);
    assert!(bench.core.out(session).is_empty());
    let tally = bench.tally();
    assert_eq!((tally.submits.received, tally.responses.undelivered), (1, 1));
    assert_eq!(tally.faults.get(FaultKind::HalfClose), 1);
}

#[test]
fn garbage_is_not_a_pdu() {
    let (mut bench, session) = with_fault(FaultKind::Garbage);
    assert!(frame::cut(bench.core.out(session), frame::OCTETS_MAX_DEFAULT).is_err());
    assert_eq!(bench.tally().faults.get(FaultKind::Garbage), 1);
}

#[test]
fn truncated_writes_half_a_pdu_and_closes() {
    let (mut bench, session) = with_fault(FaultKind::Truncated);
    let out = bench.core.out(session);
    assert_eq!(frame::cut(out, frame::OCTETS_MAX_DEFAULT), Ok(None));
    assert_eq!(out.len(), 8);
    assert_eq!(bench.core.wish(session), ConnAction::CloseWhenFlushed);
}

#[test]
fn oversize_tlv_and_generic_nack_apply_to_one_response() {
    let (mut bench, session) = with_fault(FaultKind::OversizeTlv);
    bench.submit_batch(session, 2, 0);
    let frames = bench.frames(session);
    assert_eq!(frames.len(), 2);
    assert_eq!(message_ids(&frames)[0].len(), 10, "its id can be read all the same");
    assert!(!pdu::decode(&frames[0]).unwrap().anomalies.is_empty());
    assert!(pdu::decode(&frames[1]).unwrap().anomalies.is_empty());
    assert_eq!(bench.tally().faults.get(FaultKind::OversizeTlv), 1);
    let (mut bench, session) = with_fault(FaultKind::GenericNack);
    bench.submit_batch(session, 2, 0);
    let heads = bench.heads(session);
    assert_eq!((heads[0].0, heads[0].1), (CommandId::GENERIC_NACK, 3));
    assert_eq!(heads[1].0, CommandId::SUBMIT_SM_RESP);
    let tally = bench.tally();
    assert_eq!(tally.submits.refused.get(CommandStatus::ESME_RINVCMDID), 1);
    assert_eq!(tally.faults.get(FaultKind::GenericNack), 1);
}

#[test]
fn no_enquire_answer_leaves_probes_unanswered_from_then_on() {
    let (mut bench, session) = with_fault(FaultKind::NoEnquireAnswer);
    for number in 0..3 {
        bench.say(session, CommandId::ENQUIRE_LINK, 0, 100 + number);
    }
    assert!(bench.heads(session).is_empty());
    bench.submit(session);
    assert_eq!(bench.heads(session).len(), 2, "all else is answered");
    assert_eq!(bench.tally().faults.get(FaultKind::NoEnquireAnswer), 3);
}

#[test]
fn a_slow_reader_reads_once_a_second() {
    let (mut bench, session) = with_fault(FaultKind::SlowReader);
    assert_eq!(bench.core.wish(session), ConnAction::HoldReads);
    bench.run_until(bench.now + ms(1));
    assert_eq!(bench.core.wish(session), ConnAction::Stay);
    bench.submit(session);
    assert_eq!(bench.core.wish(session), ConnAction::HoldReads);
    bench.run_until(bench.now + ms(999));
    assert_eq!(bench.core.wish(session), ConnAction::HoldReads);
    bench.run_until(bench.now + ms(1));
    assert_eq!(bench.core.wish(session), ConnAction::Stay);
    assert_eq!(bench.tally().faults.get(FaultKind::SlowReader), 1);
}

#[test]
fn bind_refuse_applies_to_the_next_bind_or_to_all() {
    let fail = CommandStatus::ESME_RBINDFAIL.0;
    let (mut bench, _) = with_fault(FaultKind::BindRefuse);
    assert_eq!(bench.try_bind_as(TRX, "test", "").1, fail);
    assert_eq!(bench.try_bind_as(TRX, "test", "").1, 0);
    assert_eq!(bench.tally().faults.get(FaultKind::BindRefuse), 1);
    let mut bench = Bench::new(|b| b.faults = vec![fault(FaultKind::BindRefuse)]);
    for _ in 0..5 {
        assert_eq!(bench.try_bind_as(TRX, "test", "").1, fail, "no word of when: each time");
    }
    assert_eq!(bench.tally().binds.refused.get(CommandStatus::ESME_RBINDFAIL), 5);
}

#[test]
fn accept_then_drop_accepts_a_connection_and_closes_it() {
    let mut bench = Bench::new(|b| {
        b.faults = vec![Fault { share: Some(0.3), ..fault(FaultKind::AcceptThenDrop) }];
    });
    let dropped = (0..1_000)
        .filter(|_| {
            let session = bench.core.connected(bench.now);
            bench.core.wish(session) == ConnAction::Close
        })
        .count() as u64;
    assert!(dropped.abs_diff(300) < 60, "{dropped}");
    assert_eq!(bench.tally().faults.get(FaultKind::AcceptThenDrop), dropped);
}

#[test]
fn a_fault_applies_to_one_session_or_to_all_and_may_repeat() {
    for (all_sessions, targets) in [(false, 1), (true, 10)] {
        let mut bench = Bench::new(|b| {
            let every = Some(Nanos::from_secs(5));
            b.faults = vec![Fault { every, all_sessions, ..fault(FaultKind::Close) }];
        });
        let sessions: Vec<u32> = (0..10).map(|_| bench.bind(TRX)).collect();
        let closing = |bench: &Bench| {
            let closes = |s: &&u32| bench.core.wish(**s) == ConnAction::CloseWhenFlushed;
            sessions.iter().filter(closes).count()
        };
        bench.run_until(ms(6_000));
        assert_eq!(closing(&bench), targets);
        if !all_sessions {
            for session in &sessions {
                if bench.core.wish(*session) != ConnAction::Stay {
                    bench.core.closed(*session, bench.now);
                }
            }
            bench.run_until(ms(11_000));
            assert_eq!(bench.tally().faults.get(FaultKind::Close), 2);
        }
    }
}

#[test]
fn faults_by_probability_happen_as_often_as_configured() {
    for kind in [FaultKind::GenericNack, FaultKind::OversizeTlv, FaultKind::Garbage] {
        let (mut bench, session) =
            Bench::bound(|b| b.faults = vec![Fault { share: Some(0.05), ..fault(kind) }]);
        bench.submit_batch(session, 20_000, 0);
        let done = bench.tally().faults.get(kind);
        assert!(done.abs_diff(1_000) < 150, "{kind:?}: {done}");
    }
    let (mut bench, session) = Bench::bound(|b| b.faults = vec![fault(FaultKind::Truncated)]);
    bench.submit_batch(session, 3, 0);
    let tally = bench.tally();
    assert_eq!((tally.submits.received, tally.submits.ignored), (1, 1), "the rest is not read");
}
