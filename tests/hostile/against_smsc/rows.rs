//! The table.
use super::esme::Esme;
use super::simulator::{Simulator, count, of};
use bytes::BytesMut;
use serde_json::Value;
use smppbench::smpp::{CommandId, Tag, Tlvs, put_tlv};
use std::time::Duration;

pub(super) struct Row {
    /// What the ESME does.
    pub(super) name: &'static str,
    /// Of the simulator; `FOLDER` is a folder of the row's own.
    pub(super) behaviour: &'static str,
    /// Descriptors of the simulator's process.
    pub(super) files_max: Option<u32>,
    /// The most memory that it may ever have had.
    pub(super) memory_mib: u64,
    pub(super) play: fn(&Simulator),
    /// What its tally says afterwards, the well-behaved session included.
    pub(super) holds: fn(&Value) -> bool,
}

const ROW: Row =
    Row { name: "", behaviour: "", files_max: None, memory_mib: 48, play: |_| {}, holds: |_| true };

const CLOSED: &str = r#"accounts = [{ system_id = "good", password = "good" }, { system_id = "bad", password = "bad" }]"#;
const SHORT_TIMERS: &str = "[timers]\nsession_init = \"1s\"\ninactivity = \"1s\"";
const TLS: &str = r#"
    [tls]
    certificate = "FOLDERcert.pem"
    key = "FOLDERkey.pem"
"#;

/// The same numbers every time.
fn noise(seed: u64, octets: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..octets).map(|_| next()).collect()
}

/// Octets that are sent without being read, at most; more than sockets and bounds hold together.
const FLOOD: usize = 48 << 20;
const STUCK: Duration = Duration::from_millis(700);

fn flood(simulator: &Simulator, octets: &[u8]) {
    let mut esme = Esme::connect_narrow(simulator.address);
    assert_eq!(esme.bind_as(Esme::TRX, "bad", "bad"), Some(0));
    esme.flood(octets, FLOOD, STUCK);
}

/// Sends to a receiver of the same account, which does `receive`.
fn receives(simulator: &Simulator, messages: u32, receive: fn(&mut Esme)) {
    let mut receiver = Esme::connect(simulator.address);
    assert_eq!(receiver.bind_as(Esme::RX, "bad", "bad"), Some(0));
    let mut sender = Esme::bound(simulator.address, Esme::TX);
    let discarded = sender.discards();
    let batch = Esme::submits(1_000, 1);
    sender.flood(&batch, batch.len() * messages as usize / 1_000, Duration::from_secs(5));
    receive(&mut receiver);
    drop(receiver);
    sender.half_close();
    discarded.join().unwrap();
}

/// Answers `many` deliveries, each as `answer` says.
fn answers(esme: &mut Esme, many: u32, answer: impl Fn(u32) -> (CommandId, u32, u32)) {
    let short = Some(Duration::from_millis(500));
    esme.stream.set_read_timeout(short).unwrap();
    for number in 0..many {
        let Some(pdu) = esme.next() else { return };
        if pdu.id == Esme::DELIVER {
            let (id, status, offset) = answer(number);
            if !esme.say(id, status, pdu.sequence.wrapping_add(offset)) {
                return;
            }
        }
    }
}

fn idle(simulator: &Simulator, connections: usize, says: &[u8]) -> Vec<Esme> {
    let one = || {
        let mut esme = Esme::connect(simulator.address);
        esme.send(says);
        esme
    };
    (0..connections).map(|_| one()).collect()
}

/// Every field of submit_sm too long, in turn; and lengths that say more than there is.
fn malformed(simulator: &Simulator) {
    let mut esme = Esme::bound(simulator.address, Esme::TRX);
    let long = [b'1'; 300];
    let mut wrong = vec![
        Esme::submit(|sm| sm.service_type = &long[..20]),
        Esme::submit(|sm| sm.source_addr = &long[..200]),
        Esme::submit(|sm| sm.destination_addr = &long[..200]),
        Esme::submit(|sm| sm.schedule_delivery_time = &long[..40]),
        Esme::submit(|sm| sm.validity_period = &long[..40]),
    ];
    // an address without its NUL, a body that ends in mid-field, a sm_length beyond the body
    wrong.push(Esme::framed(CommandId::SUBMIT_SM, 9, &long));
    wrong.push(Esme::framed(CommandId::SUBMIT_SM, 9, b"\0\0"));
    wrong.push(Esme::framed(CommandId::SUBMIT_SM, 9, b""));
    wrong.push(Esme::framed(
        CommandId::SUBMIT_SM,
        9,
        b"\0\x01\x011\0\x01\x011\0\0\0\0\0\0\0\0\0\0\xFFhi",
    ));
    // a TLV that says it is longer than the PDU
    wrong.push(Esme::framed(
        CommandId::SUBMIT_SM,
        9,
        b"\0\x01\x011\0\x01\x011\0\0\0\0\0\0\0\0\0\0\0\x04\x24\xFF\xFFhi",
    ));
    for _ in 0..200 {
        for octets in &wrong {
            esme.send(octets);
            let answer = esme.next().unwrap();
            assert!(answer.status != 0, "{answer:?} for {octets:?}");
        }
    }
}

fn rebinds(simulator: &Simulator, times: usize, end: fn(Esme)) {
    for _ in 0..times {
        let mut esme = Esme::connect(simulator.address);
        esme.bind_as(Esme::TRX, "bad", "bad");
        end(esme);
    }
}

// rows that wait stand first
pub(super) const ROWS: &[Row] = &[
    Row {
        name: "an ESME that unbinds and never reads the answer is reset after five seconds",
        play: |s| {
            let mut esme = Esme::connect_narrow(s.address);
            esme.bind_as(Esme::TRX, "bad", "bad");
            // their answers fill both sockets, and stay below what stops the simulator's reading
            let many = Esme::headers(Esme::ENQUIRE, 400_000);
            esme.flood(&many, many.len(), STUCK);
            esme.say(Esme::UNBIND, 0, 1);
            std::thread::sleep(Duration::from_millis(6_500));
        },
        holds: |t| {
            count(t, "/sessions/flush_timeouts") + count(t, "/sessions/dropped") <= 1
                && count(t, "/sessions/unbound_by_esme") >= 1
        },
        ..ROW
    },
    Row {
        name: "a session whose unbind is read but whose socket takes nothing does not stay",
        play: |s| {
            let mut esme = Esme::connect_narrow(s.address);
            esme.bind_as(Esme::TRX, "bad", "bad");
            let many = Esme::headers(Esme::ENQUIRE, 250_000);
            assert_eq!(esme.flood(&many, many.len(), STUCK), many.len());
            esme.say(Esme::UNBIND, 0, 1);
            std::thread::sleep(Duration::from_millis(6_500));
        },
        holds: |t| {
            // where the kernel's buffers took it all, it was closed at once
            count(t, "/sessions/unbound_by_esme") == 2 && count(t, "/sessions/flush_timeouts") <= 1
        },
        ..ROW
    },
    Row {
        name: "five thousand connections that never bind, each with all but the last octet of a PDU of 1 KiB",
        memory_mib: 64,
        play: |s| {
            let mut most = 1_024_u32.to_be_bytes().to_vec();
            most.resize(1_023, 0);
            let idle = idle(s, 5_000, &most);
            s.serves().unwrap();
            drop(idle);
        },
        holds: |t| count(t, "/sessions/dropped_unbound") >= 900 && count(t, "/binds/accepted") == 2,
        ..ROW
    },
    Row {
        name: "connections that never bind use up the descriptors",
        files_max: Some(64),
        play: |s| {
            let idle = idle(s, 200, b"");
            s.serves().unwrap();
            drop(idle);
        },
        holds: |t| count(t, "/sessions/dropped_unbound") >= 100,
        ..ROW
    },
    Row {
        name: "bound sessions use up the descriptors: further ones are closed, and served when there is room",
        files_max: Some(64),
        play: |s| {
            let mut bound = Vec::new();
            loop {
                let mut esme = Esme::connect(s.address);
                if esme.bind_as(Esme::TRX, "bad", "bad") != Some(0) {
                    break;
                }
                bound.push(esme);
                assert!(bound.len() < 64);
            }
            drop(bound);
            // it takes a moment until it has seen that they are gone
            std::thread::sleep(Duration::from_millis(300));
        },
        holds: |t| count(t, "/sessions/dropped_unbound") >= 1,
        ..ROW
    },
    Row {
        name: "random octets on a hundred connections",
        play: |s| {
            for seed in 0..100 {
                let mut esme = Esme::connect(s.address);
                esme.send(&noise(seed, 10_000));
                assert!(esme.is_closed());
            }
        },
        holds: |t| count(t, "/sessions/desyncs") >= 95,
        ..ROW
    },
    Row {
        name: "random bodies under every command on a bound session",
        play: |s| {
            for seed in 0..200 {
                let mut esme = Esme::bound(s.address, Esme::TRX);
                let mut all = BytesMut::new();
                for (turn, (id, _)) in CommandId::NAMED.iter().enumerate() {
                    let body = noise(seed * 100 + turn as u64, 60 + turn);
                    if *id != Esme::UNBIND {
                        all.extend_from_slice(&Esme::framed(*id, turn as u32 + 1, &body));
                    }
                }
                esme.send(&all);
                esme.half_close();
                assert!(esme.is_closed());
            }
        },
        ..ROW
    },
    Row {
        name: "random octets after a bind",
        play: |s| {
            for seed in 0..100 {
                let mut esme = Esme::bound(s.address, Esme::TRX);
                esme.send(&noise(seed, 10_000));
                assert!(esme.is_closed());
            }
        },
        holds: |t| count(t, "/sessions/dropped") >= 95,
        ..ROW
    },
    Row {
        name: "one octet now and then before a bind is given up in time",
        behaviour: SHORT_TIMERS,
        play: |s| {
            let mut esme = Esme::connect(s.address);
            for octet in Esme::bind_octets(Esme::TRX, "bad", "bad") {
                if !esme.send(&[octet]) {
                    break;
                }
                std::thread::sleep(Duration::from_millis(60));
            }
            assert!(esme.is_closed());
        },
        holds: |t| count(t, "/sessions/init_timeouts") == 1,
        ..ROW
    },
    Row {
        name: "a bind and two hundred submit_sm in writes of one octet are served",
        play: |s| {
            let mut esme = Esme::connect(s.address);
            let mut all = Esme::bind_octets(Esme::TX, "bad", "bad");
            all.extend_from_slice(&Esme::submits(200, 0));
            all.iter().for_each(|octet| assert!(esme.send(&[*octet])));
            (0..201).for_each(|_| assert_eq!(esme.next().unwrap().status, 0));
        },
        holds: |t| count(t, "/submits/accepted") == 250,
        ..ROW
    },
    Row {
        name: "half a PDU on a bound session, then nothing, with a timer for inactivity",
        behaviour: SHORT_TIMERS,
        play: |s| {
            let mut esme = Esme::bound(s.address, Esme::TRX);
            esme.send(&Esme::submits(1, 1)[..30]);
            assert!(esme.is_closed());
        },
        holds: |t| count(t, "/sessions/inactivity_timeouts") == 1,
        ..ROW
    },
    Row {
        name: "a long PDU before the bind is refused on its length",
        play: |s| {
            for length in [1_025_u32, 4_096, 70_000] {
                for mut esme in idle(s, 300, &length.to_be_bytes()) {
                    assert_eq!(esme.next().map(|pdu| (pdu.id, pdu.status)), Some((Esme::NACK, 2)));
                    assert!(esme.is_closed());
                }
            }
        },
        holds: |t| count(t, "/sessions/desyncs") == 900,
        ..ROW
    },
    Row {
        name: "command_length 0, 4, 15, 1 MiB and 0xFFFFFFFF on bound sessions",
        play: |s| {
            for length in [0_u32, 4, 15, 1 << 20, u32::MAX] {
                let mut esme = Esme::bound(s.address, Esme::TRX);
                esme.send(&length.to_be_bytes());
                assert_eq!(esme.next().map(|pdu| pdu.id), Some(Esme::NACK));
                assert!(esme.is_closed());
            }
        },
        holds: |t| count(t, "/sessions/desyncs") == 5,
        ..ROW
    },
    Row {
        name: "every PDU before the bind, which then is let in",
        play: |s| {
            let mut esme = Esme::connect(s.address);
            for (id, _) in CommandId::NAMED {
                if !id.is_bind() {
                    esme.send(&Esme::framed(*id, 3, b"\0\0\0"));
                }
            }
            esme.send(&Esme::bind_octets(Esme::TX, "bad", "bad"));
            let bound =
                std::iter::from_fn(|| esme.next()).find(|pdu| pdu.id == Esme::TX.response());
            assert_eq!(bound.map(|pdu| pdu.status), Some(0));
        },
        holds: |t| count(t, "/sessions/illegal") >= 10 && count(t, "/submits/accepted") == 50,
        ..ROW
    },
    Row {
        name: "two thousand binds on one bound session",
        play: |s| {
            let mut esme = Esme::bound(s.address, Esme::TRX);
            for _ in 0..2_000 {
                assert_eq!(esme.bind_as(Esme::RX, "bad", "bad"), Some(0x05));
            }
        },
        holds: |t| count(t, "/binds/accepted") == 2,
        ..ROW
    },
    Row {
        name: "five thousand wrong passwords on one connection, and two hundred on their own",
        behaviour: CLOSED,
        play: |s| {
            let mut esme = Esme::connect(s.address);
            for number in 0..5_000 {
                let status = esme.bind_as(Esme::TRX, "bad", &format!("{number}"));
                assert_eq!(status, Some(0x0E));
            }
            rebinds(s, 200, |mut esme| {
                esme.bind_as(Esme::TRX, "bad", "wrong");
            });
        },
        holds: |t| of(t, "/binds/refused", "ESME_RINVPASWD") == 5_000,
        ..ROW
    },
    Row {
        name: "twenty thousand wrong system_ids on one connection",
        behaviour: CLOSED,
        memory_mib: 40,
        play: |s| {
            let mut esme = Esme::connect(s.address);
            for number in 0..20_000 {
                let status = esme.bind_as(Esme::TRX, &format!("{number}"), "x");
                assert_eq!(status, Some(0x0F));
            }
        },
        holds: |t| of(t, "/binds/refused", "ESME_RINVSYSID") == 20_000,
        ..ROW
    },
    Row {
        name: "twelve thousand system_ids where everyone is let in, each with a receipt that waits",
        play: |s| {
            for number in 0..12_000 {
                let mut esme = Esme::connect(s.address);
                let mut all = Esme::bind_octets(Esme::TX, &format!("n{number}"), "");
                all.extend_from_slice(&Esme::submits(1, 1));
                esme.send(&all);
                assert_eq!(esme.next().map(|pdu| pdu.status), Some(0));
                assert_eq!(esme.next().map(|pdu| pdu.status), Some(0));
            }
        },
        holds: |t| {
            count(t, "/receipts/dropped_full") > 1_900 && count(t, "/receipts/pending") > 9_000
        },
        ..ROW
    },
    Row {
        name: "a flood of submit_sm without reading",
        memory_mib: 80,
        play: |s| flood(s, &Esme::submits(5_000, 0)),
        ..ROW
    },
    Row {
        name: "a flood of submit_sm with receipts without reading",
        memory_mib: 150,
        play: |s| flood(s, &Esme::submits(5_000, 1)),
        ..ROW
    },
    Row {
        name: "eight floods of submit_sm at once without reading",
        memory_mib: 120,
        play: |s| {
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| flood(s, &Esme::submits(5_000, 0)));
                }
            });
        },
        ..ROW
    },
    Row {
        name: "a flood of submit_sm whose answers are a second late",
        behaviour: "[response]\nlatency = \"1s\"",
        memory_mib: 150,
        play: |s| flood(s, &Esme::submits(5_000, 0)),
        ..ROW
    },
    Row {
        name: "a flood beyond a window that is met with silence",
        behaviour: r#"
            [limits]
            window = 100
            on_window = "silence"
            [response]
            latency = "200ms"
        "#,
        play: |s| flood(s, &Esme::submits(5_000, 0)),
        holds: |t| count(t, "/submits/ignored") > 1_000,
        ..ROW
    },
    Row {
        name: "four floods that are read, while another session is served",
        memory_mib: 120,
        play: |s| {
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        let mut esme = Esme::bound(s.address, Esme::TRX);
                        let discarded = esme.discards();
                        esme.flood(&Esme::submits(5_000, 0), 12 << 20, STUCK);
                        esme.half_close();
                        discarded.join().unwrap();
                    });
                }
                std::thread::sleep(Duration::from_millis(50));
                s.serves().unwrap();
            });
        },
        holds: |t| count(t, "/binds/accepted") == 6,
        ..ROW
    },
    Row {
        name: "two thousand connections that ask before they bind, and read no answer",
        memory_mib: 150,
        play: |s| {
            let many = Esme::headers(Esme::ENQUIRE, 8_000);
            let one = || {
                let mut esme = Esme::connect_narrow(s.address);
                esme.flood(&many, many.len(), Duration::from_millis(1));
                esme
            };
            let all: Vec<Esme> = (0..2_000).map(|_| one()).collect();
            s.serves().unwrap();
            drop(all);
        },
        ..ROW
    },
    Row {
        name: "a flood of enquire_link without reading",
        play: |s| flood(s, &Esme::headers(Esme::ENQUIRE, 10_000)),
        ..ROW
    },
    Row {
        name: "a flood of unknown commands without reading",
        play: |s| flood(s, &Esme::headers(CommandId(0x99), 10_000)),
        holds: |t| count(t, "/sessions/unknown_commands") > 100_000,
        ..ROW
    },
    Row {
        name: "three hundred thousand unknown commands, each of them answered",
        play: |s| {
            let mut esme = Esme::bound(s.address, Esme::TRX);
            let discarded = esme.discards();
            let all = Esme::headers(CommandId(0x0000_7777), 10_000);
            assert_eq!(esme.flood(&all, all.len() * 30, STUCK), all.len() * 30);
            esme.half_close();
            assert_eq!(discarded.join().unwrap(), all.len() * 30);
        },
        holds: |t| count(t, "/sessions/unknown_commands") == 300_000,
        ..ROW
    },
    Row {
        name: "a flood of responses that nothing asked for",
        play: |s| {
            let mut all = Esme::headers(Esme::DELIVER_RESP, 5_000);
            all.extend_from_slice(&Esme::headers(Esme::NACK, 5_000));
            all.extend_from_slice(&Esme::headers(CommandId::QUERY_SM_RESP, 5_000));
            let mut esme = Esme::bound(s.address, Esme::TRX);
            assert_eq!(esme.flood(&all, all.len() * 20, STUCK), all.len() * 20);
            assert!(esme.say(Esme::ENQUIRE, 0, 1) && esme.next().is_some());
        },
        holds: |t| count(t, "/sessions/unknown_responses") == 300_000,
        ..ROW
    },
    Row {
        name: "a receiver that never reads",
        memory_mib: 150,
        play: |s| receives(s, 400_000, |_| std::thread::sleep(Duration::from_millis(300))),
        holds: |t| {
            count(t, "/receipts/by_state") <= 10_050 && count(t, "/receipts/pending") >= 389_000
        },
        ..ROW
    },
    Row {
        name: "a receiver that never reads, and only a few receipts may wait",
        behaviour: r#"
            [receipts]
            waiting_max = 5000
            window = 100
            duplicate = 0.5
            intermediate = 0.5"#,
        play: |s| receives(s, 100_000, |_| ()),
        holds: |t| {
            count(t, "/receipts/undeliverable") > 80_000
                && count(t, "/receipts/dropped_full") >= count(t, "/receipts/undeliverable")
        },
        ..ROW
    },
    Row {
        name: "a receiver that reads and never acknowledges",
        memory_mib: 64,
        play: |s| {
            receives(s, 60_000, |esme| {
                esme.stream.set_read_timeout(Some(STUCK)).unwrap();
                while esme.next().is_some() {}
            })
        },
        holds: |t| (10_000..=10_100).contains(&count(t, "/receipts/by_state")),
        ..ROW
    },
    Row {
        name: "a receiver that acknowledges with ten thousand different statuses",
        play: |s| {
            receives(s, 10_000, |esme| {
                answers(esme, 10_000, |number| (Esme::DELIVER_RESP, number + 0x1_0000, 0));
            })
        },
        holds: |t| {
            count(t, "/receipts/acknowledged") >= 10_000
                && of(t, "/receipts/acknowledged", "OTHER") > 9_000
        },
        ..ROW
    },
    Row {
        name: "a receiver that acknowledges other numbers than it was sent",
        behaviour: r#"
            [receipts]
            window = 50
            retry = { after = "100ms", max = 2 }"#,
        play: |s| {
            receives(s, 5_000, |esme| {
                answers(esme, 2_000, |_| (Esme::DELIVER_RESP, 0, 1_000_000));
            })
        },
        holds: |t| count(t, "/sessions/unknown_responses") > 100,
        ..ROW
    },
    Row {
        name: "a receiver that refuses each delivery, again and again",
        behaviour: r#"
            [receipts]
            waiting_max = 2000
            retry = { after = "50ms", max = 1000000 }"#,
        play: |s| {
            receives(s, 20_000, |esme| {
                answers(esme, 10_000, |_| (Esme::DELIVER_RESP, 0x64, 0));
            })
        },
        holds: |t| count(t, "/receipts/dropped_full") > 1_000,
        ..ROW
    },
    Row {
        name: "a receiver that answers each delivery with generic_nack",
        play: |s| receives(s, 5_000, |esme| answers(esme, 5_000, |_| (Esme::NACK, 3, 0))),
        holds: |t| count(t, "/receipts/acknowledged") >= 5_000,
        ..ROW
    },
    Row {
        name: "mobile-originated messages to a receiver that never acknowledges",
        behaviour: r#"
            [mo]
            rate = 20000
            [receipts]
            waiting_max = 3000
            window = 20"#,
        play: |s| {
            let _esme = Esme::bound(s.address, Esme::RX);
            std::thread::sleep(Duration::from_millis(500));
        },
        holds: |_| true,
        ..ROW
    },
    Row {
        name: "fields that are too long, lengths that are wrong, bodies that are missing",
        play: malformed,
        holds: |t| count(t, "/submits/refused") == 2_000,
        ..ROW
    },
    Row {
        name: "sm_length 255 with a message_payload of 60,000 octets",
        play: |s| {
            let mut tlvs = BytesMut::new();
            put_tlv(Tag::MESSAGE_PAYLOAD, &[b'x'; 60_000], &mut tlvs);
            let octets = Esme::submit(|sm| {
                sm.short_message = &[b'y'; 254];
                sm.tlvs = Tlvs(&tlvs);
            });
            let mut octets = octets.to_vec();
            let at = octets.windows(5).position(|five| *five == [0xFE, b'y', b'y', b'y', b'y']);
            octets[at.unwrap()] = 0xFF;
            let mut esme = Esme::bound(s.address, Esme::TRX);
            for _ in 0..200 {
                esme.send(&octets);
                assert!(esme.next().unwrap().status != 0);
            }
        },
        holds: |t| count(t, "/submits/refused") == 200,
        ..ROW
    },
    Row {
        name: "half-close after a submit_sm, two hundred times",
        play: |s| {
            rebinds(s, 200, |mut esme| {
                esme.send(&Esme::submits(3, 1));
                esme.half_close();
                assert!(esme.is_closed());
            })
        },
        holds: |t| count(t, "/sessions/dropped") == 200 && count(t, "/submits/received") == 650,
        ..ROW
    },
    Row {
        name: "a thousand binds one after the other, each dropped",
        play: |s| rebinds(s, 1_000, drop),
        holds: |t| count(t, "/binds/accepted") == 1_001 && count(t, "/sessions/dropped") == 1_000,
        ..ROW
    },
    Row {
        name: "five hundred binds, each reset in mid-PDU",
        play: |s| {
            rebinds(s, 500, |mut esme| {
                esme.send(&Esme::submits(2, 1)[..80]);
                esme.reset();
            })
        },
        holds: |t| count(t, "/sessions/dropped") == 500,
        ..ROW
    },
    Row {
        name: "rebinding while the place of the dropped session stays taken",
        behaviour: "[limits]\nghost_bind = \"1h\"",
        play: |s| rebinds(s, 500, drop),
        holds: |t| of(t, "/binds/refused", "ESME_RALYBND") == 499,
        ..ROW
    },
    Row {
        name: "an ESME that goes on sending when it is asked to unbind",
        behaviour: r#"
            [timers]
            response = "500ms"
            [[faults]]
            kind = "unbind"
            at = "100ms"
            sessions = "all"
        "#,
        play: |s| {
            let mut esme = Esme::bound(s.address, Esme::TRX);
            while esme.send(&Esme::submits(1, 0)) && esme.next().is_some() {
                std::thread::sleep(Duration::from_millis(20));
            }
        },
        holds: |t| count(t, "/sessions/response_timeouts") == 1,
        ..ROW
    },
    Row {
        name: "three hundred clients that speak no TLS to a simulator that does",
        behaviour: TLS,
        play: |s| {
            let silent = idle(s, 150, b"");
            for mut esme in idle(s, 150, &noise(1, 500)) {
                assert!(esme.is_closed());
            }
            drop(silent);
        },
        ..ROW
    },
];
