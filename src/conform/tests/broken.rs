//! Peers that are broken in ways in which our simulator cannot be: every case has at least one that it does not pass.
use super::examined::{Found, Waiting, at_once, examine_at, only, parts};
use crate::conform::octets::{HEADER, Message, Pdu, cstring, pdu, tlv};
use crate::conform::{Choice, Outcome, Role, cases};
use crate::smpp::{CommandId, CommandStatus};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

/// How a peer is broken. Each lets every bind in that is well formed, unless it says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// Accepts whatever comes, in every state, and skips what it cannot cut.
    AcceptsAll,
    /// Answers binds, and nothing else.
    Mute,
    /// Answers binds; everything else with another sequence_number.
    WrongNumber,
    /// Answers binds; refuses everything else with ESME_RSYSERR and a body.
    RefusesAll,
    /// Answers binds; closes the connection at everything else.
    HangsUp,
    /// Answers everything twice, responses too.
    Talkative,
    /// Writes bodies that are too long, without NUL, and where none belongs.
    BadBodies,
    /// Sends receipts with every field wrong, again and again, asked for or not.
    BadReceipts,
    /// Refuses every second bind.
    EverySecondBind,
    /// Answers no bind of another version than v3.4, and refuses those of a transmitter.
    OldOnly,
    /// Refuses every bind with ESME_RSYSERR.
    NoBinds,
    /// Sends a good receipt, and never again.
    ReceiptOnce,
    /// Writes octets behind the message_id that are no TLVs.
    BadTail,
    /// Sends receipts that name another message and a state that nobody knows.
    BadIds,
    /// Takes the first PDU of each segment, and whole ones only.
    Segments,
    /// Does not know a message any more that it has accepted.
    Forgets,
    /// Sends an enquire_link with its bind_resp, and does not mind that it is never answered.
    Enquires,
}

/// Every manner, with the cases that are run; none: all.
const ALL: [(Manner, &[&str]); 17] = [
    (Manner::AcceptsAll, &[]),
    (Manner::Mute, &[]),
    (Manner::WrongNumber, &[]),
    (Manner::RefusesAll, &[]),
    (Manner::HangsUp, &[]),
    (Manner::Talkative, &[]),
    (Manner::BadBodies, &[]),
    (Manner::BadReceipts, &[]),
    (Manner::EverySecondBind, &["4.2.1-05", "2.2-08"]),
    (Manner::OldOnly, &["4.1.1-01", "4.1.5-03", "4.1.5-04"]),
    (Manner::NoBinds, &["4.1.1-01", "4.1.3-01", "4.1.5-01"]),
    (Manner::ReceiptOnce, &["4.6.2*", "2.9-04"]),
    (Manner::BadTail, &["4.4*"]),
    (Manner::BadIds, &["4.6*", "B-*"]),
    (Manner::Segments, &[]),
    (Manner::Forgets, &["4.8.1*", "4.9*", "4.10*"]),
    (Manner::Enquires, &["2.9-05"]),
];

/// What a peer remembers of a connection.
#[derive(Default)]
struct Memory {
    /// Its number at this peer, from 1 on.
    connection: u32,
    ids_count: u32,
}

/// What a peer does with a PDU.
#[derive(Default)]
struct Reaction {
    octets: Vec<u8>,
    closes: bool,
}

fn serve(manner: Manner) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // they end with the process of the tests
    std::thread::spawn(move || {
        for (number, stream) in (1..).zip(listener.incoming().flatten()) {
            let memory = Memory { connection: number, ..Memory::default() };
            std::thread::spawn(move || talk(manner, stream, memory));
        }
    });
    address
}

fn talk(manner: Manner, mut stream: TcpStream, mut memory: Memory) {
    let mut inbox = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut chunk) {
        inbox.extend_from_slice(&chunk[..count]);
        while let Some(one) = cut(manner, &mut inbox) {
            let reaction = react(manner, &one, &mut memory);
            if stream.write_all(&reaction.octets).is_err() || reaction.closes {
                return;
            }
            if manner == Manner::Segments {
                inbox.clear();
            }
        }
        if manner == Manner::Segments {
            inbox.clear();
        }
    }
}

/// The next PDU. What cannot be one is skipped.
fn cut(manner: Manner, inbox: &mut Vec<u8>) -> Option<Pdu> {
    let length = Pdu(inbox.clone()).length() as usize;
    if inbox.len() < 4 || (HEADER..70_000).contains(&length) && inbox.len() < length {
        return None;
    }
    if !(HEADER..70_000).contains(&length) {
        inbox.clear();
        // one that does not notice, and one that answers as if it were well
        let fine = pdu(CommandId::ENQUIRE_LINK, 0, 2, &[]);
        return (manner == Manner::AcceptsAll).then_some(Pdu(fine));
    }
    Some(Pdu(inbox.drain(..length).collect()))
}

fn react(manner: Manner, one: &Pdu, memory: &mut Memory) -> Reaction {
    let (command, sequence) = (one.command(), one.sequence());
    let ok = |sequence, body: &[u8]| pdu(command.response(), 0, sequence, body);
    let answer = |octets| Reaction { octets, closes: false };
    let has_own_binds = match manner {
        Manner::BadBodies
        | Manner::Talkative
        | Manner::EverySecondBind
        | Manner::OldOnly
        | Manner::NoBinds
        | Manner::Enquires
        | Manner::AcceptsAll => true,
        Manner::Mute
        | Manner::WrongNumber
        | Manner::RefusesAll
        | Manner::HangsUp
        | Manner::BadReceipts
        | Manner::BadTail
        | Manner::BadIds
        | Manner::ReceiptOnce
        | Manner::Forgets
        | Manner::Segments => false,
    };
    if command.is_bind() && !has_own_binds {
        return answer(ok(sequence, b"broken\0"));
    }
    if command.is_response() && manner != Manner::Talkative {
        return Reaction::default();
    }
    let body = if carries(command) { memory.next_id() } else { Vec::new() };
    match manner {
        Manner::AcceptsAll => answer(ok(sequence, b"1\0")),
        Manner::Mute => Reaction::default(),
        Manner::WrongNumber => answer(ok(sequence ^ 0x40, &body)),
        Manner::RefusesAll | Manner::NoBinds => {
            answer(pdu(command.response(), CommandStatus::ESME_RSYSERR.0, sequence, b"no\0"))
        }
        Manner::HangsUp => Reaction { closes: true, ..Reaction::default() },
        Manner::Talkative => {
            let once = ok(sequence, &if command.is_bind() { b"broken\0".to_vec() } else { body });
            answer([once.clone(), once].concat())
        }
        Manner::BadBodies => answer(bad_body(one)),
        Manner::BadReceipts => answer([ok(sequence, &body), bad_receipts(one, &body)].concat()),
        Manner::ReceiptOnce => answer([ok(sequence, &body), good_receipt(one, &body)].concat()),
        Manner::BadIds => answer([ok(sequence, &body), of_another(one)].concat()),
        Manner::BadTail => answer(ok(sequence, &[body, vec![1, 2, 3]].concat())),
        Manner::EverySecondBind if command.is_bind() && memory.connection.is_multiple_of(2) => {
            answer(pdu(command.response(), CommandStatus::ESME_RALYBND.0, sequence, &[]))
        }
        Manner::OldOnly if command == CommandId::BIND_TRANSMITTER => {
            answer(pdu(command.response(), CommandStatus::ESME_RSYSERR.0, sequence, &[]))
        }
        Manner::OldOnly if !one.body().contains(&0x34) => Reaction::default(),
        Manner::EverySecondBind | Manner::OldOnly => answer(ok(sequence, b"broken\0")),
        Manner::Segments => answer(ok(sequence, &body)),
        Manner::Forgets if carries(command) || command == CommandId::UNBIND => {
            answer(ok(sequence, &body))
        }
        Manner::Forgets => {
            answer(pdu(command.response(), CommandStatus::ESME_RINVMSGID.0, sequence, &[]))
        }
        Manner::Enquires => {
            let enquiry = pdu(CommandId::ENQUIRE_LINK, 0, 1, &[]);
            answer([ok(sequence, b"broken\0"), enquiry].concat())
        }
    }
}

impl Memory {
    fn next_id(&mut self) -> Vec<u8> {
        self.ids_count += 1;
        cstring(self.ids_count.to_string().as_bytes())
    }
}

fn carries(command: CommandId) -> bool {
    [CommandId::SUBMIT_SM, CommandId::DATA_SM, CommandId::SUBMIT_MULTI].contains(&command)
}

/// An answer with a body that should not be there, or is not as it should.
fn bad_body(one: &Pdu) -> Vec<u8> {
    let (command, sequence) = (one.command(), one.sequence());
    let is_long = Message::of(one).is_some_and(|message| message.destination.len() > 20);
    let status = if is_long { CommandStatus::ESME_RINVDSTADR.0 } else { 0 };
    if command.is_bind() {
        // a wrong password is refused with a body
        let wrong = one.body().windows(4).any(|octets| octets == b"xxxx");
        let status = if wrong { CommandStatus::ESME_RINVPASWD.0 } else { 0 };
        let version = tlv(0x0210, &[0x12, 0x34]);
        return pdu(
            command.response(),
            status,
            sequence,
            &[cstring(&[b'x'; 40]), version].concat(),
        );
    }
    pdu(command.response(), status, sequence, &[b'x'; 70])
}

/// Receipts with every field wrong, for whatever was sent.
fn bad_receipts(one: &Pdu, id: &[u8]) -> Vec<u8> {
    if !carries(one.command()) {
        return Vec::new();
    }
    let text = [b"id:", &id[..id.len() - 1], b" stat:DELIVRD stat:GONE"].concat();
    let message = Message {
        source: b"1".to_vec(),
        destination: b"2".to_vec(),
        esm_class: 0,
        schedule: b"370101000000000+".to_vec(),
        text,
        tlvs: [tlv(0x001E, b"other\0"), tlv(0x0427, &[5])].concat(),
        ..Message::default()
    };
    let receipt = pdu(CommandId::DELIVER_SM, 0, 0, &message.body());
    let odd = Message { text: b"id:77 stat:GONE".to_vec(), esm_class: 0x20, ..message };
    let odd = pdu(CommandId::DELIVER_SM, 0, 0, &odd.body());
    [odd, receipt.clone(), receipt].concat()
}

/// A receipt as it should be.
fn good_receipt(one: &Pdu, id: &[u8]) -> Vec<u8> {
    if !carries(one.command()) {
        return Vec::new();
    }
    let text = [b"id:", &id[..id.len() - 1], b" stat:DELIVRD err:000"].concat();
    let message = Message { esm_class: 4, text, ..Message::default() };
    pdu(CommandId::DELIVER_SM, 0, 1, &message.body())
}

/// A receipt of another message, in a state that nobody knows.
fn of_another(one: &Pdu) -> Vec<u8> {
    if !carries(one.command()) {
        return Vec::new();
    }
    let message = Message { esm_class: 4, text: b"id:77 stat:GONE".to_vec(), ..Message::default() };
    pdu(CommandId::DELIVER_SM, 0, 1, &message.body())
}

/// Parts of the cases that are run beside each other where all are.
const PARTS: usize = 4;

/// What was found at every broken peer.
fn everywhere() -> Vec<Found> {
    let of_manner = |(manner, patterns): (Manner, &[&str])| {
        let count = if patterns.is_empty() { PARTS } else { 1 };
        parts(Role::Smsc, patterns, count).into_iter().map(move |choice| (manner, choice))
    };
    let all: Vec<(Manner, Choice)> = ALL.into_iter().flat_map(of_manner).collect();
    at_once(&all, |(manner, choice)| examine_at(serve(*manner), TIMERS, choice, Waiting::Short))
}

/// Timers that the broken peers are said to have.
const TIMERS: &str = "timers = { session_init = \"100ms\", enquire_link = \"100ms\", inactivity = \"100ms\", response = \"100ms\" }";

#[test]
fn no_case_is_blind_each_is_failed_by_at_least_one_broken_peer() {
    // those of TLS have peers of their own
    let plain = cases(Role::Smsc).into_iter().filter(|case| case.section() != "TLS");
    let mut blind: BTreeSet<&str> = plain.map(|case| case.id).collect();
    for one in everywhere() {
        for (id, outcome) in one.outcomes() {
            match outcome {
                // one case only tells a peer that has a feature from one that has not
                Outcome::Fail | Outcome::Lenient | Outcome::Unsupported => {
                    blind.remove(id);
                }
                Outcome::Pass
                | Outcome::Inconclusive
                | Outcome::PreconditionFailed
                | Outcome::Skipped => {}
            }
        }
    }
    assert!(blind.is_empty(), "no broken peer fails {blind:?}");
}

#[test]
fn a_peer_that_is_broken_in_one_way_passes_what_it_does_right() {
    let some = only(&["4.1.1-01", "4.1.2-01", "5.1.1-01"]);
    let found = examine_at(serve(Manner::Mute), "", &some, Waiting::Usual);
    let outcomes = found.outcomes();
    for id in ["4.1.1-01", "4.1.2-01", "5.1.1-01"] {
        assert_eq!(outcomes[id] == Outcome::Pass, id != "5.1.1-01", "{}", found.seen(id));
    }
    let some = only(&["4.2.1-01", "4.2.2-01"]);
    let found = examine_at(serve(Manner::BadBodies), "", &some, Waiting::Usual);
    assert_eq!(found.outcomes()["4.2.1-01"], Outcome::Pass, "{}", found.seen("4.2.1-01"));
    assert_eq!(found.outcomes()["4.2.2-01"], Outcome::Fail, "{}", found.seen("4.2.2-01"));
}
