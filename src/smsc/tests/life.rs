//! Binds, unbinds, enquire_link, timers, illegal and unknown PDUs.
use super::*;
use crate::plan::behaviour::SmscTimers;

#[test]
fn without_accounts_every_bind_is_accepted_and_its_system_id_echoed() {
    let mut bench = Bench::new(|_| {});
    for id in [TX, RX, TRX] {
        let (_, status) = bench.try_bind_as(id, "anyone", "");
        assert_eq!(status, 0);
    }
    assert_eq!(bench.tally().binds.accepted, 3);
    assert_eq!(bench.tally().sessions.connections, 3);
}

#[test]
fn unknown_accounts_wrong_passwords_and_too_many_binds_have_statuses_of_their_own() {
    let mut bench = Bench::new(|b| {
        b.accounts = vec![SmscAccount { binds_max: Some(2), ..account("test") }];
    });
    assert_eq!(bench.try_bind_as(TRX, "other", "test").1, CommandStatus::ESME_RINVSYSID.0);
    assert_eq!(bench.try_bind_as(TRX, "test", "nope").1, CommandStatus::ESME_RINVPASWD.0);
    let first = bench.bind(TX);
    bench.bind(RX);
    let (third, status) = bench.try_bind_as(TRX, "test", "test");
    assert_eq!(status, CommandStatus::ESME_RALYBND.0);
    bench.unbind(first);
    assert_eq!(bench.bind_on(third, TRX, "test", "test"), 0, "a bind is free again");
    let refused = &bench.tally().binds.refused;
    assert_eq!(refused.total(), 3);
    assert_eq!(refused.get(CommandStatus::ESME_RALYBND), 1);
}

#[test]
fn a_dropped_session_keeps_its_bind_in_use_as_a_ghost() {
    for binds_max in [Some(1), None] {
        let mut bench = Bench::new(|b| {
            b.accounts = vec![SmscAccount { binds_max, ..account("test") }];
            b.limits.ghost_bind = Some(ms(60_000));
        });
        let session = bench.bind(TRX);
        bench.core.closed(session, bench.now);
        bench.now += ms(59_999);
        assert_eq!(bench.try_bind_as(TRX, "test", "test").1, CommandStatus::ESME_RALYBND.0);
        bench.now += ms(1);
        let session = bench.bind(TRX);
        bench.unbind(session);
        bench.bind(TRX);
        assert_eq!(bench.tally().sessions.dropped, 1, "an unbind leaves no ghost");
    }
}

#[test]
fn sc_interface_version_is_sent_only_where_it_is_configured() {
    for version in [None, Some(0x34)] {
        let mut bench = Bench::new(|b| b.habits.sc_interface_version = version);
        let session = bench.core.connected(bench.now);
        let mut out = BytesMut::new();
        let bind = Bind { system_id: b"me", ..Bind::default() };
        bind.encode(TRX, CommandStatus::ESME_ROK, 1, &mut out);
        bench.feed(session, &out);
        let frames = bench.frames(session);
        let Body::BindTransceiverResp(Some(resp)) = pdu::decode(&frames[0]).unwrap().body else {
            panic!()
        };
        assert_eq!(resp.system_id, b"me");
        assert_eq!(resp.tlvs.get_int1(crate::smpp::Tag::SC_INTERFACE_VERSION), version);
    }
}

#[test]
fn enquire_link_is_answered_bound_or_not() {
    let mut bench = Bench::new(|_| {});
    let session = bench.core.connected(bench.now);
    bench.say(session, CommandId::ENQUIRE_LINK, 0, 77);
    assert_eq!(bench.heads(session), [(CommandId::ENQUIRE_LINK_RESP, 0, 77)]);
    assert_eq!(bench.tally().sessions.enquire_links_answered, 1);
}

#[test]
fn illegal_and_unknown_pdus_are_answered_as_the_specification_says() {
    let (mut bench, session) = Bench::bound(|_| {});
    bench.say(session, CommandId(0x0A), 0, 5);
    bench.say(session, CommandId::DELIVER_SM, 0, 6);
    bench.say(session, CommandId::QUERY_SM_RESP, 0, 7);
    bench.say(session, CommandId::DELIVER_SM_RESP, 0, 8);
    bench.say(session, CommandId::GENERIC_NACK, 3, 9);
    assert_eq!(
        bench.heads(session),
        [(CommandId::GENERIC_NACK, 3, 5), (CommandId::DELIVER_SM_RESP, 4, 6)]
    );
    let receiver = bench.bind(RX);
    let sequence = bench.submit(receiver);
    assert_eq!(bench.heads(receiver), [(CommandId::SUBMIT_SM_RESP, 4, sequence)]);
    let tally = bench.tally();
    assert_eq!((tally.sessions.illegal, tally.sessions.unknown_commands), (2, 1));
    assert_eq!(tally.sessions.unknown_responses, 3);
    assert_eq!(tally.submits.refused.get(CommandStatus::ESME_RINVBNDSTS), 1);
}

#[test]
fn a_stream_without_pdu_framing_is_nacked_and_closed() {
    let (mut bench, session) = Bench::bound(|_| {});
    bench.feed(session, &[0, 0, 0, 3, 9, 9]);
    assert_eq!(bench.heads(session), [(CommandId::GENERIC_NACK, 2, 0)]);
    assert_eq!(bench.core.wish(session), ConnAction::CloseWhenFlushed);
    assert_eq!(bench.tally().sessions.desyncs, 1);
}

#[test]
fn half_a_pdu_is_left_for_the_next_read() {
    let (mut bench, session) = Bench::bound(|_| {});
    let (sequence, octets) = bench.submit_octets(|_| {});
    for end in 0..octets.len() {
        assert_eq!(bench.core.on_octets(session, &octets[..end], bench.now), 0);
    }
    bench.feed(session, &octets);
    assert_eq!(bench.heads(session)[0], (CommandId::SUBMIT_SM_RESP, 0, sequence));
}

fn timers(change: impl FnOnce(&mut SmscTimers)) -> impl FnOnce(&mut Behaviour) {
    |b| change(&mut b.timers)
}

#[test]
fn a_connection_that_does_not_bind_in_time_is_closed() {
    let mut bench = Bench::new(timers(|t| t.session_init = Some(ms(50_000))));
    let (idle, bound) = (bench.core.connected(bench.now), bench.bind(TRX));
    let times = bench.run_until(bench.now + ms(52_000));
    assert_eq!(times, [ms(51_000)]);
    assert_eq!(bench.core.wish(idle), ConnAction::CloseWhenFlushed);
    assert_eq!(bench.core.wish(bound), ConnAction::Stay);
    assert_eq!(bench.tally().sessions.init_timeouts, 1);
}

#[test]
fn an_idle_session_is_probed_and_closed_where_it_does_not_answer() {
    let (mut bench, session) = Bench::bound(timers(|t| {
        t.enquire_link = Some(ms(30_000));
        t.response = Some(ms(10_000));
    }));
    bench.run_until(ms(31_000));
    let heads = bench.heads(session);
    assert_eq!(heads.len(), 1);
    assert_eq!(heads[0].0, CommandId::ENQUIRE_LINK);
    bench.say(session, CommandId::ENQUIRE_LINK_RESP, 0, heads[0].2);
    assert_eq!(bench.tally().sessions.enquire_links_confirmed, 1);
    bench.run_until(ms(70_999));
    assert_eq!(bench.heads(session).len(), 1);
    assert_eq!(bench.core.wish(session), ConnAction::Stay);
    bench.run_until(ms(71_000));
    assert_eq!(bench.core.wish(session), ConnAction::CloseWhenFlushed);
    assert_eq!(bench.tally().sessions.response_timeouts, 1);
}

#[test]
fn a_session_that_sends_nothing_is_closed_by_the_inactivity_timer() {
    let (mut bench, session) = Bench::bound(timers(|t| t.inactivity = Some(ms(30_000))));
    bench.run_until(ms(20_000));
    bench.say(session, CommandId::ENQUIRE_LINK, 0, 2);
    bench.run_until(ms(49_999));
    assert_eq!(bench.core.wish(session), ConnAction::Stay);
    bench.run_until(ms(50_000));
    assert_eq!(bench.core.wish(session), ConnAction::CloseWhenFlushed);
    assert_eq!(bench.tally().sessions.inactivity_timeouts, 1);
}

#[test]
fn stop_unbinds_bound_sessions_and_closes_the_others() {
    let (mut bench, session) = Bench::bound(|_| {});
    let idle = bench.core.connected(bench.now);
    bench.core.stop(bench.now);
    assert_eq!(bench.core.wish(idle), ConnAction::CloseWhenFlushed);
    let heads = bench.heads(session);
    assert_eq!(heads[0].0, CommandId::UNBIND);
    assert_eq!(bench.core.wish(session), ConnAction::Stay, "until it has answered");
    bench.say(session, CommandId::UNBIND_RESP, 0, heads[0].2);
    assert_eq!(bench.core.wish(session), ConnAction::CloseWhenFlushed);
    bench.core.closed(session, bench.now);
    let sessions = &bench.tally().sessions;
    assert_eq!((sessions.unbound_by_smsc, sessions.dropped), (1, 0));
}

#[test]
fn other_requests_are_answered_as_by_an_smsc_that_stores_no_messages() {
    let (mut bench, session) = Bench::bound(|_| {});
    let mut out = BytesMut::new();
    let ok = CommandStatus::ESME_ROK;
    pdu::DataSm { destination_addr: b"1", ..Default::default() }.encode(ok, 11, &mut out);
    pdu::QuerySm { message_id: b"1", ..Default::default() }.encode(ok, 12, &mut out);
    pdu::CancelSm { message_id: b"1", ..Default::default() }.encode(ok, 13, &mut out);
    bench.feed(session, &out);
    assert_eq!(
        bench.heads(session),
        [
            (CommandId::DATA_SM_RESP, 0, 11),
            (CommandId::QUERY_SM_RESP, CommandStatus::ESME_RQUERYFAIL.0, 12),
            (CommandId::CANCEL_SM_RESP, CommandStatus::ESME_RCANCELFAIL.0, 13),
        ]
    );
    assert_eq!(bench.tally().sessions.other_requests, 3);
}

/// Every malformed or illegal PDU of the reference material gets the answer that is listed there.
#[test]
fn every_malformed_or_illegal_vector_gets_its_answer() {
    let vectors: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../../../tests/data/vectors.json")).unwrap();
    let mut count = 0;
    for vector in &vectors {
        let expected = &vector["expected"];
        let Some(reply) = expected["reply_hex"].as_str() else { continue };
        let hex = vector["hex"].as_str().unwrap();
        let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        let octets: Vec<u8> = (0..hex.len()).step_by(2).map(digits).collect();
        let is_bind = octets[7] == 9;
        let state = match expected["session_state_before"].as_str() {
            Some(state) => state,
            None if is_bind => "OPEN",
            None => "BOUND_TRX",
        };
        let mut bench = Bench::new(|_| {});
        let session = match state {
            "OPEN" => bench.core.connected(bench.now),
            "BOUND_RX" => bench.bind(RX),
            "BOUND_TRX" => bench.bind(TRX),
            "UNBOUND" => continue, // our side closes then, and reads no more
            other => panic!("{other}"),
        };
        bench.feed(session, &octets);
        let out: String = bench.core.out(session).iter().map(|o| format!("{o:02x}")).collect();
        assert_eq!(out, reply, "{}", vector["name"]);
        let closes = bench.core.wish(session) != ConnAction::Stay;
        assert_eq!(closes, expected["session"] == "close", "{}", vector["name"]);
        bench.tally();
        count += 1;
    }
    assert!(count >= 25, "{count}");
}
