//! ESMEs that say anything, in any pieces, read or not, and go as they like: what the simulator keeps of them
//! stays bounded, its tally balances after each step, and nothing panics.
#![no_main]

use bytes::{Buf, BytesMut};
use libfuzzer_sys::fuzz_target;
use smppbench::kit::Nanos;
use smppbench::net::{Endpoint, ConnAction};
use smppbench::plan::behaviour::Behaviour;
use smppbench::plan::behaviour_file;
use smppbench::smpp::pdu::{self, Bind, SubmitSm};
use smppbench::smpp::{CommandId, CommandStatus, Header};
use smppbench::smsc::Core;
use std::sync::LazyLock;

/// By the first octet of the input. Small bounds, so that inputs of a few KiB reach them.
const BEHAVIOURS: [&str; 5] = [
    "",
    r#"
[receipts]
waiting_max = 20
window = 3
duplicate = 0.3
intermediate = 0.3
retry = { after = "50ms", max = 2 }
[timers]
session_init = "1s"
enquire_link = "300ms"
response = "200ms"
"#,
    r#"
[limits]
window = 4
on_window = "unbind"
[response]
latency = "300ms"
stall = { every = "2s", for = "500ms" }
lost = 0.2
[receipts]
waiting_max = 10
delay = { uniform = ["1ms", "900ms"] }
before_response = 0.3
rate = 30
"#,
    r#"
accounts = [{ system_id = "a", password = "b", binds_max = 2, rate = 50 }, { system_id = "" }]
[limits]
on_window = "silence"
window = 3
queue = { size = 4, drain = 20 }
ghost_bind = "100ms"
[receipts]
waiting_max = 5
other_bind = true
[mo]
rate = 20
"#,
    r#"
[receipts]
waiting_max = 50
[[faults]]
kind = "half_close"
share = 0.05
[[faults]]
kind = "slow_reader"
share = 0.05
[[faults]]
kind = "unbind"
share = 0.05
[[faults]]
kind = "garbage"
share = 0.05
"#,
];

static READ: LazyLock<Vec<Behaviour>> = LazyLock::new(|| {
    let read = |text| behaviour_file::parse(text).expect("the behaviour is well-formed");
    BEHAVIOURS.into_iter().map(read).collect()
});

/// Connections at one time.
const PEERS: usize = 4;
/// What a session may have unwritten: its bound, and what one read of a few KiB and its deliveries add.
const OUT_MAX: usize = 4 * 1024 * 1024 + 64 * 1024;
/// A stream is cut on its length before this much of a PDU is awaited.
const CARRY_MAX: usize = 70_000;
const UNBOUND_CARRY_MAX: usize = 1_024;

/// One connection as its socket has it.
struct Peer {
    session: u32,
    /// Octets that the core has not used yet.
    carry: BytesMut,
    /// Octets that were sent while the core did not read.
    held: BytesMut,
    /// Whether the ESME takes what is written to it.
    reads: bool,
    is_bound: bool,
}

struct World {
    core: Core,
    now: Nanos,
    waiting_max: u64,
    peers: [Option<Peer>; PEERS],
}

impl World {
    fn say(&mut self, place: usize, octets: &[u8]) {
        if self.peers[place].is_none() {
            let session = self.core.connected(self.now);
            let (carry, held) = (BytesMut::new(), BytesMut::new());
            self.peers[place] =
                Some(Peer { session, carry, held, reads: true, is_bound: false });
        }
        if let Some(peer) = &mut self.peers[place] {
            peer.held.extend_from_slice(octets);
        }
        self.settle();
    }

    /// What pumps do: read where it is wished, write where the ESME takes it, close where it is wished.
    fn settle(&mut self) {
        self.core.take_dirty(&mut Vec::new());
        for place in 0..PEERS {
            let Some(peer) = &mut self.peers[place] else { continue };
            let session = peer.session;
            let mut wish = self.core.wish(session);
            let closing = |wish| matches!(wish, ConnAction::Close | ConnAction::Reset);
            if !closing(wish) && wish != ConnAction::HoldReads && !peer.held.is_empty() {
                peer.carry.extend_from_slice(&peer.held.split());
                let used = self.core.on_octets(session, &peer.carry, self.now);
                assert!(used <= peer.carry.len());
                peer.carry.advance(used);
                wish = self.core.wish(session);
            }
            let carry_max = if peer.is_bound { CARRY_MAX } else { UNBOUND_CARRY_MAX };
            // a bind in this very read lifts the bound
            assert!(peer.carry.len() < CARRY_MAX.max(carry_max));
            let out = self.core.out(session);
            assert!(out.len() <= OUT_MAX, "{} octets unwritten", out.len());
            if peer.reads && !closing(wish) {
                let octets = out.split();
                peer.is_bound |= binds(&octets);
                if !octets.is_empty() {
                    self.core.wrote(session, octets.len(), self.now);
                }
            }
            let flushed = self.core.out(session).is_empty();
            match self.core.wish(session) {
                ConnAction::Stay
                | ConnAction::HoldReads
                | ConnAction::HalfClose
                | ConnAction::Slice => {}
                ConnAction::CloseWhenFlushed if !flushed => {}
                ConnAction::Close | ConnAction::CloseWhenFlushed | ConnAction::Reset => self.close(place),
            }
        }
        self.check();
    }

    /// What holds at any time.
    fn check(&self) {
        let tally = self.core.tally();
        assert!(tally.balanced(), "{:?}", tally.sums());
        let waiting = tally.receipts.pending;
        // those that are not due, and an eighth more than the limit of those that wait for a receiver
        let bound = 2 * self.waiting_max + self.waiting_max / 8 + 2;
        assert!(waiting <= bound, "{waiting} receipts wait, of {bound}");
        let there = self.peers.iter().flatten().count();
        assert_eq!(self.core.connections_count(), there);
    }

    fn pass(&mut self, span: Nanos) {
        let until = self.now + span;
        loop {
            let due = self.core.next_due();
            if due > until {
                break;
            }
            self.now = due.max(self.now + Nanos(1));
            self.core.tick(self.now);
            self.settle();
        }
        self.now = until.max(self.now);
    }

    fn close(&mut self, place: usize) {
        if let Some(peer) = self.peers[place].take() {
            self.core.closed(peer.session, self.now);
        }
    }
}

/// Whether the first PDU is a bind's answer that lets the ESME in.
fn binds(octets: &[u8]) -> bool {
    Header::read(octets).is_some_and(|header| {
        header.command_id.request().is_bind() && header.command_status.is_ok()
    })
}

const BINDS: [CommandId; 3] =
    [CommandId::BIND_TRANSCEIVER, CommandId::BIND_RECEIVER, CommandId::BIND_TRANSMITTER];

/// What an ESME does that knows SMPP.
fn lawful(world: &mut World, place: usize, kind: u8, number: u8) {
    let mut out = BytesMut::new();
    let ok = CommandStatus::ESME_ROK;
    match kind {
        0..=2 => {
            let name = [b'a', number];
            let name = if number < 128 { &name[..1] } else { &name[..] };
            let bind = Bind { system_id: name, password: b"b", ..Bind::default() };
            bind.encode(BINDS[usize::from(kind)], ok, u32::from(number) + 1, &mut out);
        }
        3 => {
            let sm = SubmitSm {
                destination_addr: b"4477009001",
                registered_delivery: 1,
                short_message: b"hi",
                ..SubmitSm::default()
            };
            (0..=u32::from(number)).for_each(|n| sm.encode(ok, n + 1, &mut out));
        }
        4 => {
            // answers to whatever it may have been sent
            let status = CommandStatus(u32::from(number & 1) * 8);
            let id = CommandId::DELIVER_SM_RESP;
            (1..=u32::from(number)).for_each(|n| pdu::header_only(id, status, n, &mut out));
        }
        5 => {
            let id = CommandId::ENQUIRE_LINK;
            (0..=u32::from(number) * 8).for_each(|n| pdu::header_only(id, ok, n, &mut out));
        }
        6 => pdu::header_only(CommandId::UNBIND, ok, u32::from(number), &mut out),
        _ => pdu::header_only(CommandId::UNBIND_RESP, ok, u32::from(number), &mut out),
    }
    world.say(place, &out);
}

/// One record of the input.
fn play<'a>(world: &mut World, data: &'a [u8]) -> Option<&'a [u8]> {
    let [kind, number, rest @ ..] = data else { return None };
    let place = usize::from(kind >> 6) % PEERS;
    let mut after = rest;
    match kind & 63 {
        0..=23 => lawful(world, place, (kind & 63) % 8, *number),
        24..=31 => world.pass(Nanos::from_millis(u64::from(*number) * 4)),
        32..=35 => world.close(place),
        36..=43 => {
            if let Some(peer) = &mut world.peers[place] {
                peer.reads = number & 1 == 0;
            }
            world.settle();
        }
        44..=51 => {
            let (octets, behind) = rest.split_at(rest.len().min(usize::from(*number)));
            after = behind;
            world.say(place, octets);
        }
        other => {
            let (body, behind) = rest.split_at(rest.len().min(usize::from(*number)));
            after = behind;
            let named = CommandId::NAMED;
            let (id, _) = named[usize::from(other ^ number) % named.len()];
            let mut whole = BytesMut::new();
            let command_length = (Header::OCTETS + body.len()) as u32;
            let command_status = CommandStatus(u32::from(*number));
            Header { command_length, command_id: id, command_status, sequence_number: 1 }
                .write(&mut whole);
            whole.extend_from_slice(body);
            world.say(place, &whole);
        }
    }
    Some(after)
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, mut rest)) = data.split_first() else { return };
    let behaviour = &READ[usize::from(*choice) % BEHAVIOURS.len()];
    let mut world = World {
        core: Core::new(behaviour, 1_767_225_600_000_000_000),
        now: Nanos::from_secs(1),
        waiting_max: behaviour.receipts.waiting_max as u64,
        peers: [None, None, None, None],
    };
    while let Some(after) = play(&mut world, rest) {
        rest = after;
    }
    // whoever does not read, does not bind or does not answer is let go in the end
    world.core.stop(world.now);
    world.settle();
    world.pass(Nanos::from_secs(60));
    for place in 0..PEERS {
        world.close(place);
    }
    world.check();
});
