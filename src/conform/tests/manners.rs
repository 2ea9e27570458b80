//! An ESME over sockets that behaves, or is broken in a way of its own.
use crate::conform::octets::{Message, Pdu, cstring, pdu, tlv};
use crate::kit::{Clock, Nanos};
use crate::smpp::{CommandId, CommandStatus};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How an ESME behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// As it should.
    Good,
    /// Binds and sends, and answers nothing.
    Mute,
    /// Its bind has a string without NUL, a number of 0 and a status.
    BadBind,
    /// Each field of its bind is whole and wrong.
    WrongBind,
    /// Each field of its submit_sm is wrong, all have one number and a status.
    BadFields,
    /// Its submit_sm end within their fields.
    CutBody,
    /// Its sequence_numbers have gaps, and it answers generic_nack to responses of unknown commands.
    Gaps,
    /// Its sequence_numbers go down.
    CountsDown,
    /// Sends all the time, and answers no request.
    Busy,
    /// Waits for the rest of a PDU however long it says that it is.
    Waits,
    /// Reads and sends nothing any more once a deliver_sm was cut short.
    Hangs,
    /// Closes the connection at everything but a bind_resp with ESME_ROK.
    HangsUp,
    /// Answers everything twice, responses too.
    Talkative,
    /// Sends before its bind is answered, after it was refused, and after its unbind_resp.
    Hasty,
    /// Comes once, and never again.
    Once,
    /// Sends without end.
    NoWindow,
    /// Sends nothing any more once an answer came out of order.
    LosesCount,
    /// Refuses every delivery.
    Refuses,
    /// Its deliver_sm_resp have a message_id.
    GivesIds,
    /// Ends its session after a while, with an unbind.
    Leaves,
    /// Ends its session after a while, without one.
    DropsOut,
    /// Waits for every answer without end.
    Patient,
}

/// How often an ESME sends, and looks whether it should end.
const TICK: Duration = Duration::from_millis(10);
/// How long one that leaves stays.
const STAY: Nanos = Nanos::from_millis(200);
const WINDOW: usize = 5;
/// How long it waits for an answer.
pub(super) const RESPONSE: Nanos = Nanos::from_millis(400);

/// One session of an ESME.
struct Esme {
    manner: Manner,
    stream: TcpStream,
    inbox: Vec<u8>,
    sequence: u32,
    open: Vec<u32>,
    is_bound: bool,
    is_stopped: bool,
    is_stuck: bool,
    enquired: Nanos,
    /// When a submit_sm was sent or answered last.
    moved: Nanos,
    /// When the first of its unanswered enquire_link was sent.
    enquiry_open: Option<Nanos>,
}

/// Lets an ESME connect until nobody listens any more.
pub(super) fn connects(manner: Manner, address: SocketAddr) {
    while let Ok(stream) = TcpStream::connect(address) {
        stream.set_read_timeout(Some(TICK)).unwrap();
        let (inbox, open) = (Vec::new(), Vec::new());
        let esme = Esme {
            manner,
            stream,
            inbox,
            sequence: 0,
            open,
            is_bound: false,
            is_stopped: false,
            is_stuck: false,
            enquired: Clock::now(),
            moved: Clock::now(),
            enquiry_open: None,
        };
        // an end of the connection ends the session
        let _ = esme.lives();
        if manner == Manner::Once {
            return;
        }
    }
}

impl Esme {
    fn lives(mut self) -> std::io::Result<()> {
        let began = Clock::now();
        self.binds()?;
        loop {
            let mut chunk = [0; 4096];
            match self.stream.read(&mut chunk) {
                Ok(0) => return Ok(()),
                Ok(count) => self.inbox.extend_from_slice(&chunk[..count]),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(e) => return Err(e),
            }
            while let Some(one) = self.cut()? {
                self.takes(&one)?;
            }
            self.sends()?;
            if self.is_overdue(self.enquiry_open) {
                return Ok(());
            }
            if Clock::now().since(began) > STAY && self.manner == Manner::Leaves {
                let unbind = pdu(CommandId::UNBIND, 0, 9_999, &[]);
                self.stream.write_all(&unbind)?;
                self.manner = Manner::Good;
            }
            if Clock::now().since(began) > STAY && self.manner == Manner::DropsOut {
                return Ok(());
            }
        }
    }

    /// Whether what was sent then should have been answered.
    fn is_overdue(&self, sent: Option<Nanos>) -> bool {
        !matches!(self.manner, Manner::Patient | Manner::Waits)
            && sent.is_some_and(|sent| Clock::now().since(sent) > RESPONSE)
    }

    fn binds(&mut self) -> std::io::Result<()> {
        let strings = |version: u8, ton: u8| {
            [
                cstring(b"esme"),
                cstring(b"secret"),
                cstring(b""),
                vec![version, ton, 0],
                cstring(b""),
            ]
        };
        let (status, sequence, body) = match self.manner {
            Manner::BadBind => (1, 0, b"esme".to_vec()),
            Manner::WrongBind => {
                let [_, rest @ ..] = strings(0x50, 9);
                (0, 1, [cstring(&[b'x'; 30]), rest.concat()].concat())
            }
            _ => (0, 1, strings(0x34, 0).concat()),
        };
        self.sequence = sequence;
        let bind = pdu(CommandId::BIND_TRANSCEIVER, status, sequence, &body);
        self.stream.write_all(&bind)
    }

    fn cut(&mut self) -> std::io::Result<Option<Pdu>> {
        let length = Pdu(self.inbox.clone()).length() as usize;
        if self.inbox.len() < 4 || self.is_stuck {
            return Ok(None);
        }
        if !(16..70_000).contains(&length) {
            if matches!(self.manner, Manner::Mute | Manner::Waits) {
                self.is_stuck = self.manner == Manner::Waits;
                self.inbox.clear();
                return Ok(None);
            }
            return Err(ErrorKind::InvalidData.into());
        }
        let is_whole = self.inbox.len() >= length;
        Ok(is_whole.then(|| Pdu(self.inbox.drain(..length).collect())))
    }

    fn sends(&mut self) -> std::io::Result<()> {
        let is_early = self.manner == Manner::Hasty;
        if !(self.is_bound || is_early) || self.is_stopped {
            return Ok(());
        }
        if self.manner == Manner::Mute {
            // slowly: it would keep the examiner busy
            if Clock::now().since(self.enquired) < Nanos::from_millis(20) {
                return Ok(());
            }
            self.enquired = Clock::now();
            self.open.clear();
        }
        let most = match self.manner {
            Manner::NoWindow => 3_000,
            Manner::Mute => 1,
            _ => WINDOW,
        };
        let is_quiet = matches!(self.manner, Manner::Mute | Manner::BadFields | Manner::Hasty);
        if !is_quiet && Clock::now().since(self.enquired) > Nanos::from_millis(40) {
            self.enquired = Clock::now();
            self.enquiry_open.get_or_insert(self.enquired);
            let number = self.next();
            self.stream.write_all(&pdu(CommandId::ENQUIRE_LINK, 0, number, &[]))?;
        }
        if self.is_overdue(Some(self.moved)) {
            self.open.clear();
        }
        while self.open.len() < most {
            let number = self.next();
            self.open.push(number);
            self.moved = Clock::now();
            let octets = self.submit(number);
            self.stream.write_all(&octets)?;
        }
        Ok(())
    }

    fn next(&mut self) -> u32 {
        self.sequence = match self.manner {
            Manner::Gaps => self.sequence + 3,
            Manner::CountsDown if self.sequence > 1 => self.sequence - 1,
            Manner::CountsDown => 1_000_000,
            _ => self.sequence + 1,
        };
        self.sequence
    }

    fn submit(&self, number: u32) -> Vec<u8> {
        let good = Message {
            destination_kind: (1, 1),
            destination: b"447700900123".to_vec(),
            text: b"hello".to_vec(),
            ..Message::default()
        };
        match self.manner {
            Manner::CutBody => pdu(CommandId::SUBMIT_SM, 0, number, &good.body()[..20]),
            Manner::BadFields => {
                let message = Message {
                    service_type: b"TOOLONG".to_vec(),
                    source_kind: (9, 5),
                    esm_class: 0x7C,
                    priority: 9,
                    schedule: b"soon".to_vec(),
                    registered_delivery: 0xFF,
                    replace: 7,
                    data_coding: 0x0B,
                    text: vec![200, 1],
                    tlvs: [tlv(0x020E, &[2]), tlv(0x0424, b"x"), tlv(0x0204, &[1])].concat(),
                    ..good
                };
                pdu(CommandId::SUBMIT_SM, 1, 7, &message.body())
            }
            _ => pdu(CommandId::SUBMIT_SM, 0, number, &good.body()),
        }
    }

    fn takes(&mut self, one: &Pdu) -> std::io::Result<()> {
        if one.command() == CommandId::BIND_TRANSCEIVER_RESP {
            self.is_bound = one.is_ok();
            return if self.is_bound || self.manner == Manner::Hasty {
                Ok(())
            } else {
                Err(ErrorKind::ConnectionRefused.into())
            };
        }
        if self.manner == Manner::HangsUp {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        if one.command() == CommandId::ENQUIRE_LINK_RESP {
            self.enquiry_open = None;
        }
        if one.command() == CommandId::SUBMIT_SM_RESP {
            self.moved = Clock::now();
        }
        if one.command().is_response() {
            if self.manner == Manner::LosesCount && self.open.first() != Some(&one.sequence()) {
                self.is_stopped = true;
            }
            self.open.retain(|number| *number != one.sequence());
            if self.manner == Manner::BadFields {
                self.open.clear();
            }
        }
        if self.manner == Manner::Hangs
            && one.command() == CommandId::DELIVER_SM
            && Message::read(one.body()).is_none()
        {
            (self.is_stuck, self.is_stopped) = (true, true);
            return Ok(());
        }
        let answer = self.answer(one);
        let times = if self.manner == Manner::Talkative { 2 } else { 1 };
        for _ in 0..times {
            self.stream.write_all(&answer)?;
        }
        if one.command() == CommandId::UNBIND && !matches!(self.manner, Manner::Mute | Manner::Busy)
        {
            if self.manner != Manner::Hasty {
                return Err(ErrorKind::ConnectionAborted.into());
            }
            self.open.clear();
        }
        Ok(())
    }

    fn answer(&self, one: &Pdu) -> Vec<u8> {
        let (command, sequence) = (one.command(), one.sequence());
        let nack = || pdu(CommandId::GENERIC_NACK, 3, sequence, &[]);
        if matches!(self.manner, Manner::Mute | Manner::Busy) {
            return Vec::new();
        }
        if command.is_response() {
            let is_unknown = command == CommandId(0x8000_00FE);
            let nacks = match self.manner {
                Manner::Talkative => true,
                Manner::Gaps => is_unknown,
                _ => false,
            };
            return if nacks { nack() } else { Vec::new() };
        }
        let resp =
            |status: CommandStatus, body: &[u8]| pdu(command.response(), status.0, sequence, body);
        let ok = CommandStatus::ESME_ROK;
        let is_whole = Message::read(one.body())
            .is_some_and(|m| crate::conform::octets::Fields(&m.tlvs).tlvs().is_some());
        match command {
            CommandId::ENQUIRE_LINK | CommandId::UNBIND => resp(ok, &[]),
            CommandId::ALERT_NOTIFICATION if self.manner != Manner::Talkative => Vec::new(),
            CommandId::DELIVER_SM if self.manner == Manner::GivesIds => resp(ok, b"abc\0"),
            CommandId::DELIVER_SM if self.manner == Manner::Refuses || !is_whole => {
                resp(CommandStatus::ESME_RX_P_APPN, &[0])
            }
            CommandId::DELIVER_SM | CommandId::DATA_SM => resp(ok, &[0]),
            _ => nack(),
        }
    }
}
