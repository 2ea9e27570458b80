//! The log of rare events.
use super::*;
use crate::plan::behaviour::Fault;
use crate::session::Role;

impl Bench {
    fn logged(change: impl FnOnce(&mut Behaviour)) -> Bench {
        let mut bench = Bench::new(change);
        bench.core.log_events();
        bench
    }

    fn events(&mut self) -> Vec<SmscEvent> {
        std::iter::from_fn(|| self.core.take_event()).collect()
    }
}

fn ended(session: u32, end: SessionEnd) -> SmscEvent {
    SmscEvent::SessionEnded { session, system_id: "test".to_owned(), end }
}

#[test]
fn a_bind_and_a_refusal_are_events_with_their_system_id() {
    let mut bench = Bench::logged(|b| b.accounts = vec![account("test")]);
    for (id, role) in [(TX, Role::Transmitter), (RX, Role::Receiver), (TRX, Role::Transceiver)] {
        let session = bench.bind(id);
        let system_id = "test".to_owned();
        assert_eq!(bench.events(), [SmscEvent::Bound { session, system_id, role }]);
    }
    let (session, _) = bench.try_bind_as(TRX, "test", "secret");
    let status = CommandStatus::ESME_RINVPASWD;
    let system_id = Some("test".to_owned());
    let refused = SmscEvent::BindRefused { session, system_id, status };
    assert_eq!(
        refused.to_string(),
        format!("session {session}: bind of \"test\" refused with ESME_RINVPASWD")
    );
    assert_eq!(bench.events(), [refused]);
    // half a bind
    let session = bench.core.connected(bench.now);
    bench.feed(session, b"\0\0\0\x12\0\0\0\x09\0\0\0\0\0\0\0\x01ab");
    assert!(
        matches!(bench.events()[..], [SmscEvent::BindRefused { system_id: None, .. }]),
        "an unreadable bind has no system_id"
    );
}

#[test]
fn the_end_of_a_bound_session_is_an_event_with_its_reason() {
    let mut bench = Bench::logged(|b| b.timers.inactivity = Some(ms(30_000)));
    let session = bench.bind(TRX);
    bench.unbind(session);
    assert_eq!(bench.events()[1..], [ended(session, SessionEnd::UnboundByEsme)]);
    let session = bench.bind(TRX);
    bench.core.closed(session, bench.now);
    assert_eq!(bench.events()[1..], [ended(session, SessionEnd::Dropped)]);
    let session = bench.bind(TRX);
    bench.run_until(bench.now + ms(30_000));
    assert_eq!(bench.events().len(), 1, "it ends with its connection");
    bench.core.closed(session, bench.now);
    assert_eq!(bench.events(), [ended(session, SessionEnd::ClosedBySmsc)]);
    for answers in [true, false] {
        let session = bench.bind(TRX);
        bench.core.stop(bench.now);
        if answers {
            let sequence = bench.heads(session)[0].2;
            bench.say(session, CommandId::UNBIND_RESP, 0, sequence);
        }
        bench.core.closed(session, bench.now);
        assert_eq!(bench.events()[1..], [ended(session, SessionEnd::UnboundBySmsc)]);
    }
    let session = bench.core.connected(bench.now);
    bench.core.closed(session, bench.now);
    assert!(bench.events().is_empty(), "it was never bound");
}

#[test]
fn a_timed_fault_is_an_event_with_the_number_of_its_sessions() {
    let every = Some(Nanos::from_secs(5));
    let fault = |kind| Fault { kind, at: None, every, share: None, all_sessions: true };
    let mut bench = Bench::logged(|b| b.faults = vec![fault(FaultKind::Close)]);
    let sessions = [bench.bind(TRX), bench.bind(TX)];
    bench.events();
    let event =
        |count| SmscEvent::Fault { kind: FaultKind::Close, reach: FaultReach::Sessions(count) };
    bench.run_until(ms(6_000));
    assert_eq!(bench.events(), [event(2)]);
    for session in sessions {
        bench.core.closed(session, bench.now);
    }
    bench.events();
    bench.run_until(ms(11_000));
    assert_eq!(bench.events(), [event(0)]);
    assert_eq!(bench.tally().faults_without_target.get(FaultKind::Close), 1);
    bench.core.command(&Command::fault("accept_then_drop", "all").unwrap(), bench.now);
    assert_eq!(
        bench.events()[0].to_string(),
        "fault accept_then_drop: all connections from now on"
    );
}

#[test]
fn messages_and_the_faults_drawn_at_them_are_no_events() {
    let share = Some(1.0);
    let mut bench = Bench::logged(|b| {
        b.faults = vec![Fault {
            kind: FaultKind::GenericNack,
            at: None,
            every: None,
            share,
            all_sessions: false,
        }];
        b.mo.rate = Some(crate::kit::Rate::per_second(100));
    });
    let session = bench.bind(TRX);
    bench.events();
    bench.submit_batch(session, 100, 1);
    bench.run_until(ms(3_000));
    bench.acknowledge(session, CommandStatus::ESME_ROK);
    bench.core.command(&Command::mo("4477009", "60601", "hi").unwrap(), bench.now);
    assert_eq!(bench.events(), []);
    assert_eq!(bench.tally().faults.get(FaultKind::GenericNack), 100);
}

#[test]
fn where_the_log_is_off_nothing_is_kept() {
    let (mut bench, session) = Bench::bound(|_| {});
    bench.core.command(&Command::fault("close", "all").unwrap(), bench.now);
    bench.core.closed(session, bench.now);
    assert_eq!(bench.core.take_event(), None);
}
