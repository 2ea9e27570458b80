//! A run through a gateway over real sockets: a relay of one session on each side, which loses and doubles as it is told.
use crate::kit::Nanos;
use crate::measure::through::{ThroughRecord, Transit};
use crate::measure::{NoObserver, RunRecord};
use crate::plan::{Overrides, Plan, RunMarker, Source};
use crate::smpp::marker::Carrier;
use crate::smpp::{CommandId, CommandStatus, Header};
use crate::trial::{BooksOn, Memory, RunError, Through, Trial};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the relay does with what it passes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    Clean,
    /// Every 20th submit_sm is answered and not passed on; the 17th of every 50 is passed on twice.
    Wrong,
    /// Everything that comes out is the same message.
    Garbles,
}

/// Set in the sequence number of a second copy, whose answer is dropped.
const COPY: u32 = 0x4000_0000;

fn frame(id: CommandId, sequence: u32, body: &[u8]) -> Vec<u8> {
    let words = [16 + body.len() as u32, id.0, CommandStatus::ESME_ROK.0, sequence];
    let header = words.iter().flat_map(|word| word.to_be_bytes());
    header.chain(body.iter().copied()).collect()
}

/// The next PDU; None: the connection ended.
fn next(from: &mut TcpStream) -> Option<(Header, Vec<u8>)> {
    let mut octets = vec![0; Header::OCTETS];
    from.read_exact(&mut octets).ok()?;
    let header = Header::read(&octets)?;
    octets.resize(header.command_length as usize, 0);
    from.read_exact(&mut octets[Header::OCTETS..]).ok()?;
    Some((header, octets))
}

/// Starts the relay: it listens on a port of its own, which is returned, and binds to `behind` as soon as somebody listens there.
fn relay(behind: u16, habit: Habit) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, behind));
        let mut up = loop {
            match TcpStream::connect(address) {
                Ok(stream) => break stream,
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        up.set_nodelay(true).unwrap();
        let body = b"relay\0\0\0\x34\0\0\0";
        up.write_all(&frame(CommandId::BIND_TRANSCEIVER, 1, body)).unwrap();
        next(&mut up);
        let front: Arc<Mutex<Option<TcpStream>>> = Arc::default();
        let (mut from_up, to_front) = (up.try_clone().unwrap(), front.clone());
        std::thread::spawn(move || {
            while let Some((header, octets)) = next(&mut from_up) {
                if let Some(front) = to_front.lock().unwrap().as_mut()
                    && header.sequence_number & COPY == 0
                {
                    let _ = front.write_all(&octets);
                }
            }
        });
        let mut number = 0;
        while let Ok((mut client, _)) = listener.accept() {
            client.set_nodelay(true).unwrap();
            *front.lock().unwrap() = Some(client.try_clone().unwrap());
            while let Some((header, octets)) = next(&mut client) {
                let answer = |id, body: &[u8]| {
                    let octets = frame(id, header.sequence_number, body);
                    let _ = front.lock().unwrap().as_mut().map(|to| to.write_all(&octets));
                };
                match header.command_id {
                    CommandId::BIND_TRANSCEIVER => {
                        answer(CommandId::BIND_TRANSCEIVER_RESP, b"relay\0");
                    }
                    CommandId::UNBIND => answer(CommandId::UNBIND_RESP, b""),
                    CommandId::SUBMIT_SM => {
                        number += 1;
                        if habit == Habit::Wrong && number % 20 == 0 {
                            answer(CommandId::SUBMIT_SM_RESP, format!("lost{number}\0").as_bytes());
                            continue;
                        }
                        for mut copy in copies(habit, number, &header, octets) {
                            if up.write_all(&std::mem::take(&mut copy)).is_err() {
                                return;
                            }
                        }
                    }
                    _ => {
                        if up.write_all(&octets).is_err() {
                            return;
                        }
                    }
                }
            }
            *front.lock().unwrap() = None;
        }
    });
    port
}

/// What comes out for a submit_sm.
fn copies(habit: Habit, number: u32, header: &Header, octets: Vec<u8>) -> Vec<Vec<u8>> {
    let sequence = header.sequence_number;
    match habit {
        Habit::Garbles => {
            let body = b"\0\0\x001\0\0\x002\0\0\0\0\0\0\0\0\0\0\x02hi";
            vec![frame(CommandId::SUBMIT_SM, sequence, body)]
        }
        Habit::Wrong if number % 50 == 17 => {
            let copy = frame(CommandId::SUBMIT_SM, sequence | COPY, &octets[Header::OCTETS..]);
            vec![octets, copy]
        }
        Habit::Clean | Habit::Wrong => vec![octets],
    }
}

/// A port that is free now.
fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn run(front: u16, behind: u16, upstream: &str) -> Result<RunRecord, RunError> {
    Through::default().run(&plan(front, behind, upstream), &mut NoObserver)
}

fn plan(front: u16, behind: u16, upstream: &str) -> Plan {
    let toml = format!(
        r#"load = {{ workers = 1, stages = [{{ hold = 200, for = "2s" }}] }}
binds = {{ count = 1, window = 50 }}
receipts.deadline = "1s"
timeouts.response = "1s"
[target]
address = "127.0.0.1:{front}"
[upstream]
listen = ["127.0.0.1:{behind}"]
response.latency = "5ms"
receipts.delay = "20ms"
{upstream}"#
    );
    let source = Source::Text { name: "test.toml".into(), text: toml };
    crate::plan::load(&source, &Overrides::default()).unwrap_or_else(|e| panic!("{e}"))
}

fn through(habit: Habit) -> Result<Arc<ThroughRecord>, RunError> {
    let behind = free_port();
    let front = relay(behind, habit);
    run(front, behind, "wait = \"10s\"").map(|record| record.through.unwrap())
}

#[test]
fn a_clean_relay_over_sockets_loses_nothing_and_is_timed_each_way() {
    let through = through(Habit::Clean).unwrap_or_else(|e| panic!("{e}"));
    assert!(through.balanced, "{through:?}");
    let s = &through.submits;
    assert_eq!((s.sent, s.accepted, s.once, s.came_out), (400, 400, 400, 400), "{s:?}");
    let r = &through.receipts;
    assert_eq!((r.sent, r.once, r.lost, r.unknown), (400, 400, 0, 0), "{r:?}");
    assert_eq!((through.probes.once, through.probe_receipts.once), (10, 10));
    assert_eq!(through.marker.used, [Carrier::Tlv, Carrier::Text]);
    assert!(through.fields.is_empty(), "{:?}", through.fields);
    for transit in [Transit::Forward, Transit::ResponseReturn, Transit::Gateway] {
        assert_eq!(through.times.of(transit).count(), 400, "{}", transit.name());
    }
}

#[test]
fn what_a_relay_over_sockets_loses_and_doubles_is_told_to_the_message() {
    let through = through(Habit::Wrong).unwrap_or_else(|e| panic!("{e}"));
    assert!(through.balanced, "{through:?}");
    let s = &through.submits;
    // after ten probes: 20, 40, ... 400 and 17, 67, ... 367 of 410
    assert_eq!((s.accepted, s.lost, s.duplicate, s.once), (400, 20, 8, 372), "{s:?}");
    assert_eq!((s.ghost, s.maybe, s.unexpected, s.altered), (0, 0, 0, 0), "{s:?}");
}

#[test]
fn runs_one_after_the_other_find_the_relay_bound_and_have_books_of_their_own() {
    let behind = free_port();
    let front = relay(behind, Habit::Clean);
    let mut plan = plan(front, behind, "wait = \"10s\"");
    plan.stages[0].length = Nanos::from_millis(500);
    // the relay binds once: had it to bind again, it would be gone
    let mut trial = Through::default().staying_open();
    for probes in [10, 0, 0] {
        let record = trial.run(&plan, &mut NoObserver).unwrap_or_else(|e| panic!("{e}"));
        let through = record.through.unwrap();
        assert!(through.balanced, "{through:?}");
        let s = &through.submits;
        assert_eq!((s.sent, s.once, s.came_out, s.unexpected), (100, 100, 100, 0), "{s:?}");
        let r = &through.receipts;
        assert_eq!((r.sent, r.once, r.unknown), (100, 100, 0), "{r:?}");
        assert_eq!((through.probes.once, through.probe_receipts.once), (probes, probes));
        assert_eq!(through.marker.used, [Carrier::Tlv, Carrier::Text]);
    }
}

#[test]
fn where_no_marker_survives_the_load_does_not_begin() {
    match through(Habit::Garbles) {
        Err(RunError::Plan(e)) => {
            let e = e.to_string();
            assert!(e.contains("upstream.marker: no marker survives"), "{e}");
            assert!(e.contains("tlv") && e.contains("became \"absent\""), "{e}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_gateway_that_does_not_bind_or_binds_wrongly_is_told_with_what_was_seen() {
    let told = |e: Result<RunRecord, RunError>| match e {
        Err(RunError::Upstream(why)) => why,
        other => panic!("{other:?}"),
    };
    let nobody = told(run(1, free_port(), "wait = \"100ms\""));
    assert!(nobody.contains("nothing has connected and bound"), "{nobody}");
    let behind = free_port();
    let front = relay(behind, Habit::Clean);
    let account = "wait = \"2s\"\naccounts = [{ system_id = \"gateway\", password = \"x\" }]";
    let wrong = told(run(front, behind, account));
    assert!(wrong.contains("\"relay\" was refused with ESME_RINVSYSID"), "{wrong}");
}

#[test]
fn off_loopback_probes_count_against_the_guard_and_no_marker_makes_up_a_destination() {
    let refused = |upstream: &str| {
        let toml = format!(
            r#"load = {{ workers = 1, stages = [{{ hold = 10, for = "2s" }}] }}
guard = {{ allow_target = ["gw.example:2775"], messages_max = 20 }}
[target]
address = "gw.example:2775"
[upstream]
listen = ["127.0.0.1:{}"]
{upstream}"#,
            free_port()
        );
        let source = Source::Text { name: "test.toml".into(), text: toml };
        let plan = crate::plan::load(&source, &Overrides::default()).unwrap();
        Through::default().run(&plan, &mut NoObserver).unwrap_err().to_string()
    };
    let says = refused("");
    assert!(says.contains("30 submit_sm with the probes, more than guard.messages_max"), "{says}");
    let says = refused("marker = \"destination\"");
    assert!(says.starts_with("upstream.marker: sends to numbers"), "{says}");
}

#[test]
fn behind_a_wire_in_memory_every_message_comes_out_once_and_takes_as_long_as_the_wire() {
    let toml = r#"load.stages = [{ hold = 200, for = "3s" }]
binds = { count = 2, window = 50 }
[embedded]
response.latency = "5ms"
receipts.delay = "20ms""#;
    let source = Source::Text { name: "test.toml".into(), text: toml.into() };
    let mut plan = crate::plan::load(&source, &Overrides::default()).unwrap();
    plan.marker = Some(RunMarker { run: 7, probe: false, carriers: vec![Carrier::Text] });
    for on in [BooksOn::TheRun, BooksOn::AThread] {
        let mut memory = Memory { books: Some(on), ..Memory::default() };
        let record = memory.run(&plan, &mut NoObserver).unwrap_or_else(|e| panic!("{e}"));
        let through = record.through.unwrap();
        assert!(through.balanced, "{through:?}");
        let (s, r) = (&through.submits, &through.receipts);
        assert_eq!((s.once, s.came_out, r.once, r.came), (600, 600, 600, 600));
        let wire = memory.network.latency;
        for transit in [Transit::Forward, Transit::ResponseReturn, Transit::ReceiptReturn] {
            let times = through.times.of(transit);
            let longest = times.max().unwrap();
            assert!(longest.0.abs_diff(wire.0) <= wire.0 / 100, "{}: {longest:?}", transit.name());
            let rows = |from, to| {
                let (from, to) = (Nanos::from_secs(from), Nanos::from_secs(to));
                through.times.between(transit, from, to).count()
            };
            let all: Vec<u64> = (0..5).map(|second| rows(second, second + 1)).collect();
            assert_eq!(all.iter().sum::<u64>(), times.count(), "{}: {all:?}", transit.name());
            assert!(all[1].abs_diff(200) <= 20, "{}: {all:?}", transit.name());
        }
    }
}
