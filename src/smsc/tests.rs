//! Drives the core with octets on a virtual clock.
use super::*;
use crate::kit::Nanos;
use crate::net::{ConnAction, Endpoint};
use crate::plan::behaviour::{Behaviour, FaultKind, Latency, Secret, SmscAccount};
use crate::smpp::pdu::{self, Bind, Body, SubmitSm};
use crate::smpp::receipt::{self, Brief, Delivered};
use crate::smpp::{CommandId, CommandStatus, Header, frame};
use bytes::{Buf, BytesMut};

mod bounds;
mod commands;
mod events;
mod faults;
mod life;
mod limits;
mod quality;
mod receipts;
mod runs;
mod submits;

/// Wall-clock time at 0 of the virtual clock: 2018-01-22T23:09:57Z.
const WALL: u64 = 1_516_662_597_000_000_000;
const TX: CommandId = CommandId::BIND_TRANSMITTER;
const RX: CommandId = CommandId::BIND_RECEIVER;
const TRX: CommandId = CommandId::BIND_TRANSCEIVER;

fn ms(ms: u64) -> Nanos {
    Nanos::from_millis(ms)
}

/// A simulator on a virtual clock, and methods to play any number of ESMEs.
struct Bench {
    core: Core,
    now: Nanos,
    sequence: u32,
}

impl Bench {
    fn new(change: impl FnOnce(&mut Behaviour)) -> Bench {
        let mut behaviour = Behaviour { seed: 7, ..Behaviour::default() };
        change(&mut behaviour);
        Bench { core: Core::new(&behaviour, WALL), now: ms(1_000), sequence: 0 }
    }

    /// A simulator and a bound transceiver.
    fn bound(change: impl FnOnce(&mut Behaviour)) -> (Bench, u32) {
        let mut bench = Bench::new(change);
        let session = bench.bind(TRX);
        (bench, session)
    }

    fn next(&mut self) -> u32 {
        self.sequence += 1;
        self.sequence
    }

    fn feed(&mut self, session: u32, octets: &[u8]) {
        let used = self.core.on_octets(session, octets, self.now);
        assert_eq!(used, octets.len());
    }

    /// The frames in the session's out-buffer.
    fn frames(&mut self, session: u32) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        let out = self.core.out(session);
        while let Ok(Some(length)) = frame::cut(out, frame::OCTETS_MAX_DEFAULT) {
            frames.push(out[..length].to_vec());
            out.advance(length);
        }
        frames
    }

    /// command_id, command_status and sequence_number of the frames in the session's out-buffer.
    fn heads(&mut self, session: u32) -> Vec<(CommandId, u32, u32)> {
        let head = |frame: &Vec<u8>| {
            let header = Header::read(frame).unwrap();
            (header.command_id, header.command_status.0, header.sequence_number)
        };
        self.frames(session).iter().map(head).collect()
    }

    /// Moves the clock and does all work when it is due. Returns the times.
    fn run_until(&mut self, until: Nanos) -> Vec<Nanos> {
        let mut times = Vec::new();
        loop {
            let due = self.core.next_due();
            if due > until {
                break;
            }
            self.now = self.now.max(due);
            times.push(self.now);
            self.core.tick(self.now);
        }
        self.now = until;
        self.core.tick(until);
        times
    }

    fn try_bind_as(&mut self, id: CommandId, system_id: &str, password: &str) -> (u32, u32) {
        let session = self.core.connected(self.now);
        let status = self.bind_on(session, id, system_id, password);
        (session, status)
    }

    fn bind_on(&mut self, session: u32, id: CommandId, system_id: &str, password: &str) -> u32 {
        let bind = Bind {
            system_id: system_id.as_bytes(),
            password: password.as_bytes(),
            interface_version: 0x34,
            ..Bind::default()
        };
        let mut out = BytesMut::new();
        let sequence = self.next();
        bind.encode(id, CommandStatus::ESME_ROK, sequence, &mut out);
        self.feed(session, &out);
        // deliveries that waited for a receiver may follow the answer
        let out = self.core.out(session);
        let header = Header::read(out).unwrap();
        out.advance(header.command_length as usize);
        assert_eq!((header.command_id, header.sequence_number), (id.response(), sequence));
        header.command_status.0
    }

    fn bind(&mut self, id: CommandId) -> u32 {
        let (session, status) = self.try_bind_as(id, "test", "test");
        assert_eq!(status, 0);
        session
    }

    fn submit_octets(&mut self, change: impl FnOnce(&mut SubmitSm<'_>)) -> (u32, BytesMut) {
        let mut sm = SubmitSm {
            source_addr: b"12345",
            source_addr_ton: 1,
            dest_addr_ton: 1,
            dest_addr_npi: 1,
            destination_addr: b"447700900123",
            registered_delivery: 1,
            short_message: b"hello",
            ..SubmitSm::default()
        };
        change(&mut sm);
        let mut out = BytesMut::new();
        let sequence = self.next();
        sm.encode(CommandStatus::ESME_ROK, sequence, &mut out);
        (sequence, out)
    }

    fn submit_with(&mut self, session: u32, change: impl FnOnce(&mut SubmitSm<'_>)) -> u32 {
        let (sequence, octets) = self.submit_octets(change);
        self.feed(session, &octets);
        sequence
    }

    fn submit(&mut self, session: u32) -> u32 {
        self.submit_with(session, |_| {})
    }

    /// Submits `count` messages in one read.
    fn submit_batch(&mut self, session: u32, count: usize, registered_delivery: u8) {
        let mut all = BytesMut::new();
        for _ in 0..count {
            let (_, octets) = self.submit_octets(|sm| sm.registered_delivery = registered_delivery);
            all.extend_from_slice(&octets);
        }
        self.feed(session, &all);
    }

    fn say(&mut self, session: u32, id: CommandId, status: u32, sequence: u32) {
        let mut out = BytesMut::new();
        pdu::header_only(id, CommandStatus(status), sequence, &mut out);
        self.feed(session, &out);
    }

    /// Answers every delivery in the out-buffer. Returns their number.
    fn acknowledge(&mut self, session: u32, status: CommandStatus) -> usize {
        let heads = self.heads(session);
        let deliveries = heads.iter().filter(|head| head.0 == CommandId::DELIVER_SM);
        let numbers: Vec<u32> = deliveries.map(|head| head.2).collect();
        for number in &numbers {
            self.say(session, CommandId::DELIVER_SM_RESP, status.0, *number);
        }
        numbers.len()
    }

    fn unbind(&mut self, session: u32) {
        let sequence = self.next();
        self.say(session, CommandId::UNBIND, 0, sequence);
        let heads = self.heads(session);
        assert_eq!(heads.last(), Some(&(CommandId::UNBIND_RESP, 0, sequence)));
        assert_eq!(self.core.wish(session), ConnAction::CloseWhenFlushed);
        self.core.closed(session, self.now);
    }

    fn tally(&self) -> &Tally {
        let tally = self.core.tally();
        assert!(tally.balanced(), "{:?}", tally.sums());
        tally
    }
}

fn receipt_in(frame: &[u8]) -> Option<Brief<'_>> {
    match receipt::read_frame(frame)? {
        Delivered::Receipt(brief) => Some(brief),
        Delivered::Mo | Delivered::Coded => None,
    }
}

/// The deliveries among these frames.
fn deliveries(frames: &[Vec<u8>]) -> Vec<&[u8]> {
    let is = |frame: &&Vec<u8>| {
        let id = Header::read(frame).unwrap().command_id;
        id == CommandId::DELIVER_SM || id == CommandId::DATA_SM
    };
    frames.iter().filter(is).map(|frame| &frame[..]).collect()
}

fn message_ids(frames: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let is =
        |frame: &&Vec<u8>| Header::read(frame).unwrap().command_id == CommandId::SUBMIT_SM_RESP;
    frames.iter().filter(is).map(|f| pdu::message_id(f).unwrap_or(b"").to_vec()).collect()
}

fn account(system_id: &str) -> SmscAccount {
    SmscAccount {
        system_id: system_id.to_owned(),
        password: Some(Secret("test".to_owned())),
        password_env: None,
        password_file: None,
        binds_max: None,
        rate: None,
        window: None,
    }
}
