//! One worker's core alone: reads, writes and closes are chosen by the test, on a moved clock.
use super::{Core, Event, Order, WorkerAssignment};
use crate::kit::{Nanos, Rng};
use crate::measure::{Gauges, Interval, Metric};
use crate::net::{ConnAction, End, Endpoint};
use crate::plan::{self, Overrides, Source};
use crate::smpp::{CommandId, CommandStatus, Header, frame, pdu};
use bytes::{Buf, BytesMut};
use proptest::prelude::*;
use std::collections::VecDeque;
use std::sync::Arc;

mod life;
mod unsent;
mod unwritten;

/// A core, and a peer whose every octet is the test's.
struct Peer {
    core: Core,
    now: Nanos,
    next: Nanos,
    start: Nanos,
    /// sequence_number of each submit_sm that was written and not answered.
    open: Vec<u32>,
    submits: u64,
    intervals: Vec<Interval>,
    all_lost: bool,
}

impl Peer {
    fn new(profile: &str) -> Peer {
        let source = Source::Text { name: "test.toml".into(), text: profile.into() };
        let plan = plan::load(&source, &Overrides::default()).unwrap_or_else(|e| panic!("{e}"));
        let share = WorkerAssignment { plan: Arc::new(plan), worker: 0, workers: 1, near: 0..1 };
        Peer {
            core: Core::new(&share, 0).unwrap(),
            now: Nanos::from_secs(1),
            next: Nanos::from_secs(1),
            start: Nanos::MAX,
            open: Vec::new(),
            submits: 0,
            intervals: Vec::new(),
            all_lost: false,
        }
    }

    /// Every session connected and bound.
    fn bound(profile: &str) -> Peer {
        let mut peer = Peer::new(profile);
        for session in 0..peer.core.sessions_count() as u32 {
            peer.bind(session);
        }
        peer
    }

    /// Bound, and the load begun.
    fn loaded(profile: &str) -> Peer {
        let mut peer = Peer::bound(profile);
        peer.start = peer.now;
        peer.core.order(&Order::Start { at: peer.now }, peer.now);
        peer.tick();
        peer
    }

    fn bind(&mut self, session: u32) {
        self.core.connected(session, self.now);
        self.take_out(session);
        let mut octets = BytesMut::new();
        let id = CommandId::BIND_TRANSCEIVER_RESP;
        pdu::header_only(id, CommandStatus::ESME_ROK, 1, &mut octets);
        self.read(session, &octets);
    }

    fn read(&mut self, session: u32, octets: &[u8]) {
        assert_eq!(self.core.on_octets(session, octets, self.now), octets.len());
        self.gather();
        if self.core.take_rearm() {
            self.next = self.now;
        }
    }

    /// A PDU that is nothing but its header.
    fn read_header(&mut self, session: u32, id: CommandId, status: CommandStatus, number: u32) {
        let mut octets = BytesMut::new();
        pdu::header_only(id, status, number, &mut octets);
        self.read(session, &octets);
    }

    fn gather(&mut self) {
        let mut events = Vec::new();
        self.core.take_events(&mut events);
        for event in events {
            match event {
                Event::Interval(interval) => self.intervals.push(*interval),
                Event::AllLost { .. } => self.all_lost = true,
                _ => {}
            }
        }
    }

    fn tick(&mut self) {
        self.next = self.core.tick(self.now).max(self.now + Nanos(1));
        self.gather();
    }

    /// Lets time pass, calling the core whenever it wanted to be called.
    fn pass(&mut self, until: Nanos, mut after: impl FnMut(&mut Peer)) {
        while self.next <= until {
            self.now = self.now.max(self.next);
            self.tick();
            after(self);
        }
        self.now = until;
    }

    /// Everything that is to be written goes, and is read by the peer.
    fn take_out(&mut self, session: u32) -> usize {
        let octets = self.core.out(session).len();
        self.take_some(session, octets, self.now)
    }

    /// So many octets go with a write at `stamp`. Returns how many submit_sm began in them.
    fn take_some(&mut self, session: u32, octets: usize, stamp: Nanos) -> usize {
        let out = self.core.out(session);
        let gone = out.split_to(octets);
        self.core.wrote(session, octets, stamp);
        let mut rest = &gone[..];
        let mut count = 0;
        while let Ok(Some(length)) = frame::cut(rest, frame::OCTETS_MAX_DEFAULT) {
            let header = Header::read(rest).unwrap();
            if header.command_id == CommandId::SUBMIT_SM {
                self.open.push(header.sequence_number);
                count += 1;
            }
            rest.advance(length);
        }
        self.submits += count as u64;
        count
    }

    fn answer(&mut self, place: usize, status: CommandStatus) {
        let number = self.open.swap_remove(place);
        let mut octets = BytesMut::new();
        pdu::submit_sm_resp(status, number, b"0123456789", &mut octets);
        self.read(0, &octets);
    }

    fn gauges(&self) -> Vec<Gauges> {
        self.intervals.iter().map(|i| i.gauges).collect()
    }

    fn sum(&self, metric: Metric) -> u128 {
        let cells = self.intervals.iter().flat_map(|i| i.cells.iter().flatten());
        cells.map(|cell| cell.metric(metric).sum_ns()).sum()
    }
}

const ONE_BIND: &str = r#"
    binds = { count = 1, window = 4, enquire_link = "off" }
    messages = [{ text = "x", registered_delivery = 0 }]
    load.stages = [{ hold = 200, for = "4s" }]
"#;

/// A read that frees no slot: enquire_link, its answer, an MO, a receipt, an answer to nothing, an unknown command.
fn read_of_no_slot(peer: &mut Peer, which: u64) {
    let (rok, odd) = (CommandStatus::ESME_ROK, CommandStatus::ESME_RSYSERR);
    match which {
        0 => peer.read_header(0, CommandId::ENQUIRE_LINK, rok, 77),
        1 => peer.read_header(0, CommandId::ENQUIRE_LINK_RESP, rok, 0x7000_0000),
        2 => peer.read_header(0, CommandId::SUBMIT_SM_RESP, odd, 0x7000_0001),
        3 => peer.read_header(0, CommandId::GENERIC_NACK, odd, 0x7000_0002),
        4 => peer.read_header(0, CommandId(0x777), rok, 5),
        _ => {
            let text: &[u8] = if which == 5 { b"hello" } else { b"id:9 stat:DELIVRD" };
            let class = if which == 5 { 0 } else { 4 };
            let mut body = vec![0, 1, 1, b'1', 0, 1, 1, b'2', 0, class, 0, 0, 0, 0, 0, 0, 0, 0];
            body.push(text.len() as u8);
            body.extend_from_slice(text);
            let mut octets = BytesMut::new();
            pdu::header_only(CommandId::DELIVER_SM, rok, 9, &mut octets);
            octets.extend_from_slice(&body);
            let length = octets.len() as u32;
            octets[..4].copy_from_slice(&length.to_be_bytes());
            peer.read(0, &octets);
        }
    }
}

/// A plain model of the gauges: what is open, and for how long no slot was free.
#[derive(Default)]
struct Naive {
    full_ns: Vec<u64>,
    at: Nanos,
    was_full: bool,
}

impl Naive {
    /// What was true until `now` (an offset) is counted in the seconds that it lay in.
    fn until(&mut self, now: Nanos) {
        while self.at < now {
            let second = self.at.0 / 1_000_000_000;
            let end = Nanos::from_secs(second + 1).min(now);
            self.full_ns.resize(second as usize + 1, 0);
            if self.was_full {
                self.full_ns[second as usize] += end.since(self.at).0;
            }
            self.at = end;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn window_full_in_flight_and_backlog_are_those_of_a_plain_model_whatever_is_read(seed in any::<u64>()) {
        let mut rng = Rng::new(seed);
        let mut peer = Peer::loaded(ONE_BIND);
        let mut naive = Naive::default();
        let size = frame::cut(peer.core.out(0), 1000).unwrap().unwrap();
        peer.take_out(0);
        let mut at_ends: Vec<(u64, u64)> = Vec::new();
        while peer.now < peer.start + Nanos::from_secs(4) {
            let until = peer.now + Nanos(rng.below(30_000_000));
            let start = peer.start;
            peer.pass(until, |peer| {
                let offset = peer.now.since(start);
                naive.until(offset);
                if peer.intervals.len() > at_ends.len() {
                    let due = offset.0.div_ceil(5_000_000);
                    // what was stamped by this very call is in flight, and not written yet
                    let stamped = peer.core.out(0).len() / size;
                    let open = (peer.open.len() + stamped) as u64;
                    at_ends.push((open, due.saturating_sub(peer.submits + stamped as u64)));
                }
                peer.take_out(0);
                naive.was_full = peer.open.len() == 4;
            });
            naive.until(peer.now.since(start));
            match rng.below(10) {
                n @ 0..=6 => read_of_no_slot(&mut peer, n),
                n if !peer.open.is_empty() => {
                    let place = rng.below(peer.open.len() as u64) as usize;
                    let status = if n == 7 { CommandStatus::ESME_RSYSERR } else { CommandStatus::ESME_ROK };
                    peer.answer(place, status);
                }
                _ => {}
            }
            peer.take_out(0);
            naive.was_full = peer.open.len() == 4;
        }
        for (second, gauges) in peer.gauges().iter().enumerate().take(3) {
            prop_assert_eq!(gauges.window_full_ns, naive.full_ns[second], "second {}", second);
            prop_assert_eq!((gauges.in_flight, gauges.backlog), at_ends[second], "second {}", second);
        }
    }

    #[test]
    fn lag_is_ours_and_write_wait_the_sockets_however_little_the_socket_takes(seed in any::<u64>()) {
        let mut rng = Rng::new(seed);
        let mut peer = Peer::loaded(
            r#"binds = { count = 1, window = 5000, enquire_link = "off" }
               messages = [{ text = "x", registered_delivery = 0 }]
               load.stages = [{ hold = 1000, for = "1s" }]"#,
        );
        // of each message: when it was ready, its last octet's place in the stream, when it was offered
        let mut waiting: VecDeque<(Nanos, u64, Option<Nanos>)> = VecDeque::new();
        let (mut stamped, mut written, mut full) = (0u64, 0u64, false);
        let (mut lag, mut write_wait) = (0u128, 0u128);
        let size = frame::cut(peer.core.out(0), 1000).unwrap().unwrap();
        stamped += size as u64;
        waiting.push_back((peer.now, stamped, None));
        while peer.now < peer.start + Nanos::from_millis(900) {
            let until = peer.now + Nanos(rng.below(8_000_000));
            let mut ready = Vec::new();
            let mut seen = peer.core.out(0).len();
            peer.pass(until, |peer| {
                let octets = peer.core.out(0).len();
                ready.extend((0..(octets - seen) / size).map(|_| peer.now));
                seen = octets;
            });
            for at in ready {
                stamped += size as u64;
                waiting.push_back((at, stamped, full.then_some(at)));
            }
            let octets = peer.core.out(0).len();
            if octets == 0 {
                continue;
            }
            let stamp = peer.now;
            let takes = if rng.chance(0.3) { octets } else { rng.below(octets as u64) as usize };
            for message in &mut waiting {
                message.2.get_or_insert(stamp);
            }
            if takes == 0 {
                peer.core.blocked(0, 0, stamp);
            } else {
                peer.take_some(0, takes, stamp);
            }
            written += takes as u64;
            full = takes < octets;
            while let Some((ready, end, offered)) = waiting.front().copied().filter(|w| w.1 <= written) {
                let offered = offered.unwrap();
                // at 1,000/s from the start each is due at a whole millisecond, and a slot is always free
                let due = peer.start + Nanos((end / size as u64 - 1) * 1_000_000);
                assert!(due <= ready);
                lag += u128::from(offered.since(due).0);
                write_wait += u128::from(stamp.since(offered).0);
                waiting.pop_front();
            }
        }
        // what is written is answered, so that its times are recorded
        let count = written / size as u64;
        let mut octets = BytesMut::new();
        for number in 0..count as u32 {
            pdu::submit_sm_resp(CommandStatus::ESME_ROK, 2 + number, b"0123456789", &mut octets);
        }
        peer.read(0, &octets);
        let end = peer.start + Nanos::from_secs(2);
        peer.pass(end, |_| {});
        prop_assert_eq!(peer.sum(Metric::HarnessLag), lag);
        prop_assert_eq!(peer.sum(Metric::WriteWait), write_wait);
        let parts = [Metric::WindowWait, Metric::HarnessLag, Metric::WriteWait, Metric::Service];
        prop_assert_eq!(peer.sum(Metric::Response), parts.map(|m| peer.sum(m)).iter().sum::<u128>());
    }
}

#[test]
fn a_message_that_becomes_due_just_after_a_slot_was_freed_is_not_late() {
    // 100/s: due at 0, 10, 20 ms; the answer of the first comes at 11 ms, so that the second waits
    let mut peer = Peer::loaded(
        r#"binds = { count = 1, window = 1, enquire_link = "off" }
           messages = [{ text = "x", registered_delivery = 0 }]
           load.stages = [{ hold = 100, for = "1s" }]"#,
    );
    peer.take_out(0);
    for answered_at in [11_000_000, 12_000_000, 23_000_000, 31_000_000, 47_000_000] {
        let until = peer.start + Nanos(answered_at);
        peer.pass(until, |peer| {
            peer.take_out(0);
        });
        if !peer.open.is_empty() {
            peer.answer(0, CommandStatus::ESME_ROK);
            peer.take_out(0);
        }
    }
    let until = peer.start + Nanos::from_millis(1_100);
    peer.pass(until, |peer| {
        peer.take_out(0);
    });
    let lag = peer.sum(Metric::HarnessLag);
    assert!(lag <= 5 * 100, "{lag} ns of lag that nobody but the pacer made");
}

#[test]
fn what_waits_for_a_pause_of_ours_is_due_when_the_pause_is_over() {
    // each session may send 200/s by its own cap: a pause of 5 ms after each message
    let mut peer = Peer::loaded(
        r#"binds = { count = 1, window = 10, enquire_link = "off", rate_max = 200 }
           messages = [{ text = "x", registered_delivery = 0 }]
           load.stages = [{ hold = 190, for = "1s" }]"#,
    );
    peer.take_out(0);
    let until = peer.start + Nanos::from_millis(900);
    peer.pass(until, |peer| {
        peer.take_out(0);
        while !peer.open.is_empty() {
            peer.answer(0, CommandStatus::ESME_ROK);
            peer.take_out(0);
        }
    });
    let until = peer.start + Nanos::from_millis(1_100);
    peer.pass(until, |_| {});
    let lag = peer.sum(Metric::HarnessLag);
    assert!(lag <= u128::from(peer.submits), "{lag} ns of lag over {} messages", peer.submits);
}

#[test]
fn an_answer_that_is_put_off_leaves_when_its_delay_is_over() {
    let mut peer = Peer::loaded(&format!("deliver.delay = \"3ms\"\n{ONE_BIND}"));
    peer.take_out(0);
    let due = peer.now + Nanos::from_millis(3);
    read_of_no_slot(&mut peer, 5);
    assert!(peer.core.out(0).is_empty());
    let mut left = None;
    peer.pass(due + Nanos::from_millis(1), |peer| {
        if !peer.core.out(0).is_empty() && peer.open.len() as u64 == peer.submits && left.is_none()
        {
            left = Some(peer.now);
        }
    });
    assert_eq!(left, Some(due));
}

#[test]
fn requests_of_ours_never_stop_the_reading_and_answers_that_nobody_takes_do() {
    let mut peer = Peer::loaded(
        r#"binds = { count = 1, window = 300000, enquire_link = "off" }
           messages = [{ text = "{seq} and what makes it a hundred octets long, which is nothing at all but more and more of words", registered_delivery = 0 }]
           load.stages = [{ max = true, for = "1s" }]"#,
    );
    assert!(peer.core.out(0).len() > 20 * 1024 * 1024);
    assert!(peer.core.reads(0));
    let mut probes = BytesMut::new();
    (0..10_000).for_each(|n| {
        pdu::header_only(CommandId::ENQUIRE_LINK, CommandStatus::ESME_ROK, n + 1, &mut probes);
    });
    let mut reads = 0;
    while peer.core.reads(0) && reads < 100 {
        peer.read(0, &probes);
        reads += 1;
    }
    assert!((26..30).contains(&reads), "{reads} reads of 160,000 octets of answers each");
    peer.take_out(0);
    assert!(peer.core.reads(0));
}

#[test]
fn a_response_that_answers_nothing_is_counted_whatever_its_command_and_one_under_another_says_so() {
    let commands = [
        (CommandId::SUBMIT_SM_RESP, "submit_sm_resp"),
        (CommandId::DATA_SM_RESP, "data_sm_resp"),
        (CommandId::DELIVER_SM_RESP, "deliver_sm_resp"),
        (CommandId::QUERY_SM_RESP, "query_sm_resp"),
        (CommandId::SUBMIT_MULTI_RESP, "submit_multi_resp"),
        (CommandId::CANCEL_SM_RESP, "cancel_sm_resp"),
        (CommandId::ENQUIRE_LINK_RESP, "enquire_link_resp"),
        (CommandId::UNBIND_RESP, "unbind_resp"),
        (CommandId(0x8000_0777), "unknown_resp"),
    ];
    for (command, name) in commands {
        let mut peer = Peer::loaded(ONE_BIND);
        peer.take_out(0);
        peer.read_header(0, command, CommandStatus::ESME_ROK, 0x0700_0000);
        let open = peer.open[0];
        if !matches!(command, CommandId::SUBMIT_SM_RESP) {
            peer.read_header(0, command, CommandStatus::ESME_ROK, open);
        }
        let until = peer.start + Nanos::from_millis(1_100);
        peer.pass(until, |_| {});
        let interval = &peer.intervals[0];
        let kinds: Vec<&str> = interval.anomalies.iter().map(|a| a.kind.as_str()).collect();
        let alone = format!("unsolicited_{name}");
        let taken = format!("submit_sm_answered_as_{name}");
        if command == CommandId::SUBMIT_SM_RESP {
            assert_eq!((interval.unknown_responses, kinds), (1, vec![alone.as_str()]));
        } else {
            assert_eq!(
                (interval.unknown_responses, kinds),
                (2, vec![alone.as_str(), taken.as_str()])
            );
        }
        assert_eq!(interval.gauges.in_flight, 4, "the message stays open");
    }
}

#[test]
fn a_hundred_thousand_answers_to_nothing_are_counted_and_each_takes_the_same_time() {
    let mut peer = Peer::loaded(&format!("timeouts.response = \"100ms\"\n{ONE_BIND}"));
    for second in 1..=3 {
        let until = peer.start + Nanos::from_secs(second);
        peer.pass(until, |peer| {
            peer.take_out(0);
        });
    }
    let mut octets = BytesMut::new();
    for n in 0..100_000 {
        let number = 0x4000_0000 + n;
        pdu::submit_sm_resp(CommandStatus::ESME_RSYSERR, number, b"", &mut octets);
    }
    peer.read(0, &octets);
    let until = peer.start + Nanos::from_secs(5);
    peer.pass(until, |_| {});
    let unknown: u64 = peer.intervals.iter().map(|i| i.unknown_responses).sum();
    assert_eq!(unknown, 100_000);
}
