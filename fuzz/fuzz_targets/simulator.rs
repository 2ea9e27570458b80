//! ESMEs that say anything at all to the simulator: no panic, no runaway buffer, and what it says back is
//! lawful SMPP as long as its behaviour asks for nothing else.
#![no_main]

use bytes::{Buf, BytesMut};
use libfuzzer_sys::fuzz_target;
use smppbench::kit::Nanos;
use smppbench::net::{Endpoint, ConnAction};
use smppbench::plan::behaviour::Behaviour;
use smppbench::plan::behaviour_file;
use smppbench::smpp::{CommandId, CommandStatus, Header, frame, pdu};
use smppbench::smsc::Core;
use std::sync::LazyLock;

/// By the first octet of the input; the last one breaks its streams on purpose.
const BEHAVIOURS: [&str; 4] = [
    "",
    r#"
accounts = [{ system_id = "a", password = "b", binds_max = 2, rate = 50, window = 3 }, { system_id = "" }]
[response]
latency = { uniform = ["1ms", "9ms"] }
id = "hex"
[receipts]
format = "tlv_only"
other_bind = true
window = 2
retry = { after = "50ms", max = 2 }
[timers]
session_init = "1s"
enquire_link = "300ms"
inactivity = "2s"
response = "200ms"
"#,
    r#"
[limits]
window = 2
on_window = "disconnect"
queue = { size = 4, drain = 20 }
ghost_bind = "100ms"
[response]
errors = [{ status = "ESME_RSUBMITFAIL", share = 0.2 }]
lost = 0.2
id = "uuid"
[receipts]
format = "data_sm"
duplicate = 0.3
before_response = 0.3
intermediate = 0.3
[mo]
rate = 20
[[rules]]
destination = "*4"
state = "UNDELIV"
err = "001"
"#,
    r#"
[receipts]
format = "openmarket"
[[faults]]
kind = "garbage"
share = 0.1
[[faults]]
kind = "truncated"
share = 0.1
[[faults]]
kind = "oversize_tlv"
share = 0.1
[[faults]]
kind = "half_close"
share = 0.1
[[faults]]
kind = "slow_reader"
share = 0.1
"#,
];

static READ: LazyLock<Vec<Behaviour>> = LazyLock::new(|| {
    let read = |text| behaviour_file::parse(text).expect("the behaviour is well-formed");
    BEHAVIOURS.into_iter().map(read).collect()
});

/// Connections at one time.
const PEERS: usize = 3;
/// Nobody makes us keep more than this towards a peer that was sent at most a few KiB.
const OUT_MAX: usize = 4 * 1024 * 1024;

struct World {
    core: Core,
    now: Nanos,
    lawful: bool,
    /// Session number and octets that the core has not used yet.
    peers: [Option<(u32, BytesMut)>; PEERS],
}

impl World {
    fn say(&mut self, place: usize, octets: &[u8]) {
        if self.peers[place].is_none() {
            let session = self.core.connected(self.now);
            self.peers[place] = Some((session, BytesMut::new()));
            self.settle();
        }
        let Some((session, carry)) = &mut self.peers[place] else { return };
        carry.extend_from_slice(octets);
        let used = self.core.on_octets(*session, carry, self.now);
        assert!(used <= carry.len());
        carry.advance(used);
        self.settle();
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

    /// What a pump does: everything is written, and the connection goes when the core wishes it.
    fn settle(&mut self) {
        self.core.take_dirty(&mut Vec::new());
        for place in 0..PEERS {
            let Some((session, _)) = self.peers[place] else { continue };
            let octets = self.core.out(session).split();
            assert!(octets.len() < OUT_MAX);
            if self.lawful {
                lawful(&octets);
            }
            if !octets.is_empty() {
                self.core.wrote(session, octets.len(), self.now);
            }
            match self.core.wish(session) {
                ConnAction::Stay
                | ConnAction::HoldReads
                | ConnAction::HalfClose
                | ConnAction::Slice => {}
                ConnAction::Close | ConnAction::CloseWhenFlushed | ConnAction::Reset => self.close(place),
            }
        }
    }

    fn close(&mut self, place: usize) {
        if let Some((session, _)) = self.peers[place].take() {
            self.core.closed(session, self.now);
        }
    }
}

/// Whole PDUs, each of which reads without an anomaly.
fn lawful(mut octets: &[u8]) {
    while !octets.is_empty() {
        let length = frame::cut(octets, frame::OCTETS_MAX_DEFAULT)
            .expect("our own stream can be cut")
            .expect("whole PDUs are written");
        let read = pdu::decode(&octets[..length]).expect("our own PDU can be read");
        assert!(read.anomalies.is_empty(), "{read:?}");
        octets = &octets[length..];
    }
}

/// One record of the input: octets as they are, a PDU with a good header, a pause, or the end of a link.
fn play<'a>(world: &mut World, data: &'a [u8]) -> Option<&'a [u8]> {
    let [kind, length, rest @ ..] = data else { return None };
    let (body, after) = rest.split_at(rest.len().min(usize::from(*length)));
    let place = usize::from(kind >> 6) % PEERS;
    match kind & 63 {
        0..=5 => world.say(place, body),
        6 | 7 => world.pass(Nanos::from_millis(u64::from(*length) * 2)),
        8 => world.close(place),
        other => {
            // binds first: without one little happens
            let ids = [CommandId::BIND_TRANSCEIVER, CommandId::BIND_RECEIVER, CommandId::SUBMIT_SM];
            let named = CommandId::NAMED;
            let id = *ids
                .get(usize::from(other - 9))
                .unwrap_or(&named[usize::from(other) % named.len()].0);
            let [number, fields @ ..] = body else { return Some(after) };
            let mut whole = BytesMut::new();
            Header {
                command_length: (Header::OCTETS + fields.len()) as u32,
                command_id: id,
                command_status: CommandStatus::ESME_ROK,
                sequence_number: u32::from(*number),
            }
            .write(&mut whole);
            whole.extend_from_slice(fields);
            world.say(place, &whole);
        }
    }
    Some(after)
}

fuzz_target!(|data: &[u8]| {
    let Some((choice, mut rest)) = data.split_first() else { return };
    let choice = usize::from(*choice) % BEHAVIOURS.len();
    let core = Core::new(&READ[choice], 1_767_225_600_000_000_000);
    let lawful = choice != BEHAVIOURS.len() - 1;
    let mut world = World { core, now: Nanos::from_secs(1), lawful, peers: [None, None, None] };
    while let Some(after) = play(&mut world, rest) {
        rest = after;
    }
    world.pass(Nanos::from_secs(1));
    world.core.stop(world.now);
    world.settle();
    for place in 0..PEERS {
        world.close(place);
    }
    assert_eq!(world.core.connections_count(), 0);
});
