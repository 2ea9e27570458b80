//! An ESME by hand: it says what it is told to, and nothing waits longer than its patience.
use bytes::BytesMut;
use smppbench::smpp::pdu::{self, Bind, SubmitSm};
use smppbench::smpp::{CommandId, CommandStatus, Header, frame};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

/// What came, without its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pdu {
    pub(super) id: CommandId,
    pub(super) status: u32,
    pub(super) sequence: u32,
}

pub(super) struct Esme {
    pub(super) stream: TcpStream,
    read: Vec<u8>,
}

/// A read or write that takes longer is given up.
const PATIENCE: Duration = Duration::from_secs(8);

impl Esme {
    pub(super) const TX: CommandId = CommandId::BIND_TRANSMITTER;
    pub(super) const RX: CommandId = CommandId::BIND_RECEIVER;
    pub(super) const TRX: CommandId = CommandId::BIND_TRANSCEIVER;
    pub(super) const SUBMIT_RESP: CommandId = CommandId::SUBMIT_SM_RESP;
    pub(super) const DELIVER: CommandId = CommandId::DELIVER_SM;
    pub(super) const DELIVER_RESP: CommandId = CommandId::DELIVER_SM_RESP;
    pub(super) const ENQUIRE: CommandId = CommandId::ENQUIRE_LINK;
    pub(super) const UNBIND: CommandId = CommandId::UNBIND;
    pub(super) const UNBIND_RESP: CommandId = CommandId::UNBIND_RESP;
    pub(super) const NACK: CommandId = CommandId::GENERIC_NACK;

    pub(super) fn connect(address: SocketAddr) -> Esme {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Esme { stream, read: Vec::new() }
    }

    /// One whose socket takes little, so that a peer soon notices that it does not read.
    pub(super) fn connect_narrow(address: SocketAddr) -> Esme {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let socket = socket.unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        socket.connect(&address.into()).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Esme { stream, read: Vec::new() }
    }

    /// Connected and bound as "bad".
    pub(super) fn bound(address: SocketAddr, id: CommandId) -> Esme {
        let mut esme = Esme::connect(address);
        assert_eq!(esme.bind_as(id, "bad", "bad"), Some(0));
        esme
    }

    pub(super) fn bind_octets(id: CommandId, system_id: &str, password: &str) -> BytesMut {
        let mut out = BytesMut::new();
        let (system_id, password) = (system_id.as_bytes(), password.as_bytes());
        let bind = Bind { system_id, password, interface_version: 0x34, ..Bind::default() };
        bind.encode(id, CommandStatus::ESME_ROK, 1, &mut out);
        out
    }

    /// Binds; the status of the answer, None where none came.
    pub(super) fn bind_as(
        &mut self,
        id: CommandId,
        system_id: &str,
        password: &str,
    ) -> Option<u32> {
        self.send(&Esme::bind_octets(id, system_id, password));
        self.next().filter(|pdu| pdu.id == id.response()).map(|pdu| pdu.status)
    }

    pub(super) fn submit<'a>(change: impl FnOnce(&mut SubmitSm<'a>)) -> BytesMut {
        let mut out = BytesMut::new();
        let mut sm = SubmitSm {
            source_addr: b"12345",
            dest_addr_ton: 1,
            dest_addr_npi: 1,
            destination_addr: b"447700900123",
            registered_delivery: 1,
            short_message: b"hello",
            ..SubmitSm::default()
        };
        change(&mut sm);
        sm.encode(CommandStatus::ESME_ROK, 7, &mut out);
        out
    }

    /// So many in one piece, numbered from 2 on.
    pub(super) fn submits(count: u32, registered_delivery: u8) -> BytesMut {
        let one = Esme::submit(|sm| sm.registered_delivery = registered_delivery);
        let mut all = BytesMut::new();
        for number in 2..count + 2 {
            all.extend_from_slice(&one[..12]);
            all.extend_from_slice(&number.to_be_bytes());
            all.extend_from_slice(&one[16..]);
        }
        all
    }

    /// So many headers without a body, in one piece.
    pub(super) fn headers(id: CommandId, count: u32) -> BytesMut {
        let mut all = BytesMut::new();
        for number in 1..=count {
            pdu::header_only(id, CommandStatus::ESME_ROK, number, &mut all);
        }
        all
    }

    /// A PDU with a good header around any body.
    pub(super) fn framed(id: CommandId, sequence_number: u32, body: &[u8]) -> BytesMut {
        let mut all = BytesMut::new();
        let command_length = (Header::OCTETS + body.len()) as u32;
        let command_status = CommandStatus::ESME_ROK;
        Header { command_length, command_id: id, command_status, sequence_number }.write(&mut all);
        all.extend_from_slice(body);
        all
    }

    /// Whether it could be sent as a whole.
    pub(super) fn send(&mut self, octets: &[u8]) -> bool {
        self.stream.write_all(octets).is_ok()
    }

    pub(super) fn say(&mut self, id: CommandId, status: u32, sequence: u32) -> bool {
        let mut out = BytesMut::new();
        pdu::header_only(id, CommandStatus(status), sequence, &mut out);
        self.send(&out)
    }

    /// Sends the same again and again, without reading, until so many octets went or the socket takes none for
    /// `patience`. Octets sent.
    pub(super) fn flood(&mut self, octets: &[u8], total: usize, patience: Duration) -> usize {
        self.stream.set_write_timeout(Some(patience)).unwrap();
        let mut sent = 0;
        while sent < total {
            match self.stream.write(&octets[sent % octets.len()..]) {
                Ok(0) | Err(_) => break,
                Ok(some) => sent += some,
            }
        }
        sent
    }

    /// The next PDU; None: closed, or nothing came in time.
    pub(super) fn next(&mut self) -> Option<Pdu> {
        loop {
            if let Ok(Some(length)) = frame::cut(&self.read, frame::OCTETS_MAX_DEFAULT) {
                let header = Header::read(&self.read).unwrap();
                self.read.drain(..length);
                let (id, sequence) = (header.command_id, header.sequence_number);
                return Some(Pdu { id, status: header.command_status.0, sequence });
            }
            let mut some = [0; 16_384];
            match self.stream.read(&mut some) {
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => return None,
                Ok(octets) => self.read.extend_from_slice(&some[..octets]),
            }
        }
    }

    /// Reads until the peer closes; false: it did not within the patience.
    pub(super) fn is_closed(&mut self) -> bool {
        let mut some = [0; 65_536];
        loop {
            match self.stream.read(&mut some) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(e) => return !matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
            }
        }
    }

    /// Reads and forgets everything until the connection ends. Octets read.
    pub(super) fn discards(&self) -> JoinHandle<usize> {
        let mut stream = self.stream.try_clone().unwrap();
        std::thread::spawn(move || {
            let (mut some, mut sum) = (vec![0; 65_536], 0);
            while let Ok(octets @ 1..) = stream.read(&mut some) {
                sum += octets;
            }
            sum
        })
    }

    /// Closes with a reset.
    pub(super) fn reset(self) {
        socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).unwrap();
    }

    pub(super) fn half_close(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }
}
