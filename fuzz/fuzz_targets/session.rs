//! An SMSC that says anything at all to a bound load side: no panic, no runaway buffer, and books that
//! balance to the message when it is over.
#![no_main]

use bytes::{Buf, BytesMut};
use libfuzzer_sys::fuzz_target;
use smppbench::esme::{Core, Event, Order, WorkerAssignment};
use smppbench::kit::Nanos;
use smppbench::measure::{Counters, Interval};
use smppbench::net::{End, Endpoint, ConnAction};
use smppbench::plan::{self, Overrides, Plan, Source};
use smppbench::smpp::{CommandId, CommandStatus, Header, frame};
use std::sync::{Arc, LazyLock};

/// One transceiver, a few messages, short deadlines (and so small histograms).
const PROFILE: &str = r#"
name = "fuzz"
[target]
address = "127.0.0.1:1"
[binds]
count = 1
window = 4
rebind = "off"
[[load.stages]]
name = "measured"
hold = 100
for = "100ms"
[receipts]
deadline = "400ms"
[timeouts]
response = "200ms"
"#;

static PLAN: LazyLock<Arc<Plan>> = LazyLock::new(|| {
    let source = Source::Text { name: "fuzz".to_owned(), text: PROFILE.to_owned() };
    let plan = plan::load(&source, &Overrides::default()).expect("the profile is well-formed");
    Arc::new(plan)
});

/// Nobody makes us keep more than this towards a peer that was sent at most a few KiB.
const OUT_MAX: usize = 1024 * 1024;

struct Peer {
    core: Core,
    now: Nanos,
    /// Octets that the core has not used yet.
    carry: BytesMut,
    up: bool,
    counted: Counters,
    statuses: u64,
}

impl Peer {
    fn bound() -> Peer {
        let share = WorkerAssignment { plan: PLAN.clone(), worker: 0, workers: 1, near: 0..1 };
        let mut core = Core::new(&share, 0).expect("the plan is well-formed");
        let now = Nanos::from_secs(1);
        core.connected(0, now);
        let (carry, counted) = (BytesMut::new(), Counters::default());
        let mut peer = Peer { core, now, carry, up: true, counted, statuses: 0 };
        peer.settle();
        let mut resp = BytesMut::new();
        header(CommandId::BIND_TRANSCEIVER_RESP, 0, 1, 17, &mut resp);
        resp.extend_from_slice(&[0]);
        peer.say(&resp);
        let at = peer.now;
        peer.core.order(&Order::Start { at }, at);
        peer.pass(Nanos::from_millis(25));
        peer
    }

    fn say(&mut self, octets: &[u8]) {
        if !self.up {
            return;
        }
        self.carry.extend_from_slice(octets);
        let used = self.core.on_octets(0, &self.carry, self.now);
        assert!(used <= self.carry.len());
        self.carry.advance(used);
        assert!(self.carry.len() < frame::OCTETS_MAX_DEFAULT || !self.may_stay());
        self.settle();
    }

    fn pass(&mut self, span: Nanos) {
        self.now += span;
        self.core.tick(self.now);
        self.settle();
    }

    fn may_stay(&self) -> bool {
        matches!(self.core.wish(0), ConnAction::Stay | ConnAction::HoldReads)
    }

    /// What a pump does: everything is written, and the link goes when the core wishes it.
    fn settle(&mut self) {
        let mut events = Vec::new();
        self.core.take_events(&mut events);
        for event in events {
            match event {
                Event::Interval(mut interval) => {
                    self.count(&interval);
                    interval.clear();
                    self.core.recycle(interval);
                }
                Event::Final(last) => self.count(&last.interval),
                Event::Ready { .. }
                | Event::Quiet { .. }
                | Event::AllLost { .. }
                | Event::Foreign { .. } => {}
                Event::Unmatched { .. }
                | Event::Claimed { .. }
                | Event::PartUpdates { .. }
                | Event::Lost { .. } => unreachable!("there is one process"),
            }
        }
        if !self.up {
            return;
        }
        let octets = self.core.out(0).split();
        assert!(octets.len() < OUT_MAX);
        if !octets.is_empty() {
            self.core.wrote(0, octets.len(), self.now);
        }
        let wish = self.core.wish(0);
        if !matches!(wish, ConnAction::Stay | ConnAction::HoldReads | ConnAction::HalfClose) {
            self.end(&End::Wished(wish));
        }
    }

    fn end(&mut self, end: &End) {
        if std::mem::take(&mut self.up) {
            let again = self.core.disconnected(0, end, self.now);
            assert!(again.is_none(), "the plan has no rebind");
            self.settle();
        }
    }

    fn balance(mut self) {
        self.core.order(&Order::EndLoad { at: Nanos::ZERO }, self.now);
        self.core.order(&Order::Stop, self.now);
        self.pass(Nanos::from_millis(1));
        self.end(&End::PeerClosed);
        self.pass(Nanos::from_secs(6));
        assert!(self.core.finished(), "stopped, and yet not finished");
        let t = &self.counted;
        assert_eq!(t.planned + t.retries, t.written + t.dropped + t.unsent);
        let settled = t.accepted + t.rejected + t.timed_out + t.lost + t.open_at_end;
        assert_eq!(t.written, settled);
        let found = t.receipts_final + t.receipts_missing + t.receipts_silent;
        let asked = t.receipts_expected + t.receipts_may_come;
        assert_eq!(asked, found + t.receipts_untracked);
        assert_eq!(t.accepted + t.rejected, self.statuses);
    }

    fn count(&mut self, interval: &Interval) {
        for cell in interval.cells.iter().flatten() {
            self.counted.merge(&cell.tally);
            self.statuses += cell.statuses.total();
        }
    }
}

fn header(id: CommandId, status: u32, number: u32, octets: usize, out: &mut BytesMut) {
    Header {
        command_length: octets as u32,
        command_id: id,
        command_status: CommandStatus(status),
        sequence_number: number,
    }
    .write(out);
}

/// One record of the input: octets as they are, a PDU with a good header, a pause, or the end of the link.
fn play<'a>(peer: &mut Peer, data: &'a [u8]) -> Option<&'a [u8]> {
    let [kind, length, rest @ ..] = data else { return None };
    let (body, after) = rest.split_at(rest.len().min(usize::from(*length)));
    match kind {
        0..=63 => peer.say(body),
        64..=79 => peer.pass(Nanos::from_millis(u64::from(*length) * 2)),
        80 => peer.end(&End::PeerClosed),
        81 => peer.end(&End::Failed(std::io::ErrorKind::ConnectionReset.into())),
        _ => {
            let named = CommandId::NAMED;
            let (id, _) = named[usize::from(kind - 82) % named.len()];
            let [status, number, fields @ ..] = body else { return Some(after) };
            let mut whole = BytesMut::new();
            let octets = Header::OCTETS + fields.len();
            header(id, u32::from(*status), u32::from(*number), octets, &mut whole);
            whole.extend_from_slice(fields);
            peer.say(&whole);
        }
    }
    Some(after)
}

fuzz_target!(|data: &[u8]| {
    let mut peer = Peer::bound();
    let mut rest = data;
    while let Some(after) = play(&mut peer, rest) {
        rest = after;
    }
    peer.balance();
});
