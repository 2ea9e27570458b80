//! The simulator behind a real socket, met by a plain blocking client.
use bytes::BytesMut;
use smppbench::plan::behaviour::{Behaviour, Fault, FaultKind, Latency};
use smppbench::smpp::pdu::{self, Bind, SubmitSm};
use smppbench::smpp::{CommandId, CommandStatus, Header, frame};
use smppbench::smsc::{RunningServer, Server};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Client {
    fn bound(running: &RunningServer) -> Client {
        let stream = TcpStream::connect(running.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut client = Client { stream, read: Vec::new() };
        let mut out = BytesMut::new();
        let bind = Bind { system_id: b"me", interface_version: 0x34, ..Bind::default() };
        bind.encode(CommandId::BIND_TRANSCEIVER, CommandStatus::ESME_ROK, 1, &mut out);
        client.stream.write_all(&out).unwrap();
        let header = client.header().unwrap();
        assert_eq!(header.command_id, CommandId::BIND_TRANSCEIVER_RESP);
        assert!(header.command_status.is_ok());
        client
    }

    fn submit(&mut self, count: u32) {
        let mut out = BytesMut::new();
        let sm = SubmitSm {
            destination_addr: b"447700900000",
            registered_delivery: 1,
            short_message: b"hello",
            ..SubmitSm::default()
        };
        for number in 0..count {
            sm.encode(CommandStatus::ESME_ROK, number + 2, &mut out);
        }
        self.stream.write_all(&out).unwrap();
    }

    /// The next PDU's header; None: the peer closed.
    fn header(&mut self) -> Option<Header> {
        loop {
            if let Some(length) = frame::cut(&self.read, 70_000).unwrap() {
                let header = Header::read(&self.read);
                self.read.drain(..length);
                return header;
            }
            let mut some = [0; 65_536];
            match self.stream.read(&mut some) {
                Ok(0) | Err(_) => return None,
                Ok(octets) => self.read.extend_from_slice(&some[..octets]),
            }
        }
    }

    fn say(&mut self, id: CommandId, sequence: u32) {
        let mut out = BytesMut::new();
        pdu::header_only(id, CommandStatus::ESME_ROK, sequence, &mut out);
        self.stream.write_all(&out).unwrap();
    }
}

fn started(change: impl FnOnce(&mut Behaviour)) -> RunningServer {
    let mut behaviour = Behaviour::default();
    change(&mut behaviour);
    Server::start(&behaviour, "127.0.0.1:0".parse().unwrap()).unwrap()
}

#[test]
fn a_client_submits_gets_its_receipts_and_unbinds() {
    let running = started(|b| {
        b.response.latency = Latency::Constant(smppbench::kit::Nanos::from_millis(20));
        b.receipts.delay = Latency::Constant(smppbench::kit::Nanos::from_millis(30));
    });
    let mut client = Client::bound(&running);
    let start = Instant::now();
    client.submit(1_000);
    let (mut responses, mut receipts, mut first) = (0, 0, None);
    while responses + receipts < 2_000 {
        let header = client.header().unwrap();
        if header.command_id == CommandId::SUBMIT_SM_RESP {
            first.get_or_insert(start.elapsed());
            responses += 1;
        } else {
            assert_eq!(header.command_id, CommandId::DELIVER_SM);
            client.say(CommandId::DELIVER_SM_RESP, header.sequence_number);
            receipts += 1;
        }
    }
    assert_eq!((responses, receipts), (1_000, 1_000));
    assert!(
        first.unwrap() >= Duration::from_millis(20) && start.elapsed() >= Duration::from_millis(50)
    );
    assert_eq!(running.tally().unwrap().submits.accepted, 1_000);
    client.say(CommandId::UNBIND, 5_000);
    assert_eq!(client.header().unwrap().command_id, CommandId::UNBIND_RESP);
    assert!(client.header().is_none(), "it closes");
    let tally = running.stop();
    assert!(tally.balanced(), "{:?}", tally.sums());
    assert_eq!(tally.receipts.acknowledged.get(CommandStatus::ESME_ROK), 1_000);
    assert_eq!((tally.sessions.unbound_by_esme, tally.sessions.dropped), (1, 0));
}

#[test]
fn stopping_unbinds_whoever_is_bound() {
    let running = started(|_| {});
    let mut client = Client::bound(&running);
    let answers = std::thread::spawn(move || {
        let header = client.header().unwrap();
        assert_eq!(header.command_id, CommandId::UNBIND);
        client.say(CommandId::UNBIND_RESP, header.sequence_number);
        assert!(client.header().is_none());
    });
    let tally = running.stop();
    answers.join().unwrap();
    assert_eq!(tally.sessions.unbound_by_smsc, 1);
}

#[test]
fn a_reset_is_a_reset() {
    let running = started(|b| {
        b.faults = vec![Fault {
            kind: FaultKind::Reset,
            at: Some(smppbench::kit::Nanos::from_millis(50)),
            every: None,
            share: None,
            all_sessions: true,
        }];
    });
    let mut client = Client::bound(&running);
    let mut some = [0; 16];
    let error = client.stream.read(&mut some).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let tally = running.stop();
    assert_eq!(tally.faults.get(FaultKind::Reset), 1);
    assert_eq!(tally.sessions.dropped, 1);
}
