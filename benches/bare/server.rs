//! The bare SMSC: one thread, one epoll, accepts whatever is submitted. It answers all that a read brought
//! with one write, responses first and their receipts after them, and stops when its stdin ends.
use super::wire::{self, Ids, Sheet};
use super::{READ_OCTETS, epoll};
use nix::sys::epoll::{Epoll, EpollEvent, EpollFlags, EpollTimeout};
use smppbench::smpp::CommandId;
use std::io::{self, IoSlice, Read, Write};
use std::net::{TcpListener, TcpStream};

const SUBMIT_SM: u32 = CommandId::SUBMIT_SM.0;
const DELIVER_SM_RESP: u32 = CommandId::DELIVER_SM_RESP.0;
/// A peer that leaves more than this unread is not read either.
const PENDING_MAX: usize = 4 * 1024 * 1024;
const LISTENER: u64 = u64::MAX;
const STDIN: u64 = u64::MAX - 1;

/// One connection. It never holds more than what the other side has not taken yet.
struct Line {
    stream: TcpStream,
    /// Octets of a PDU that has not wholly come.
    carry: Vec<u8>,
    /// Octets that the socket had no room for.
    pending: Vec<u8>,
    receipts_count: u32,
    closing: bool,
}

struct Server {
    epoll: Epoll,
    listener: TcpListener,
    lines: Vec<Option<Line>>,
    buffer: Vec<u8>,
    responses: Sheet,
    receipts: Option<Sheet>,
    control: Vec<u8>,
    ids: Ids,
}

/// Serves until stdin ends: whoever started this process holds the other end of it. With a `submit_sm`
/// that asks for receipts, each message gets one.
pub fn serve(listener: TcpListener, submit_sm: Option<&[u8]>) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let epoll = epoll()?;
    epoll.add(&listener, EpollEvent::new(EpollFlags::EPOLLIN, LISTENER))?;
    epoll.add(io::stdin(), EpollEvent::new(EpollFlags::EPOLLIN, STDIN))?;
    let mut server = Server {
        epoll,
        listener,
        lines: Vec::new(),
        buffer: vec![0; READ_OCTETS],
        responses: Sheet::new(&wire::submit_sm_resp(), 1024),
        receipts: submit_sm.map(|sm| Sheet::new(&wire::receipt(sm), 1024)),
        control: Vec::new(),
        ids: Ids::default(),
    };
    let mut events = vec![EpollEvent::empty(); 1024];
    loop {
        let count = match server.epoll.wait(&mut events, EpollTimeout::NONE) {
            Ok(count) => count,
            Err(nix::errno::Errno::EINTR) => continue,
            Err(e) => return Err(e.into()),
        };
        for event in &events[..count] {
            match event.data() {
                LISTENER => server.accept()?,
                STDIN => return Ok(()),
                token => server.turn(token as usize),
            }
        }
    }
}

impl Server {
    fn accept(&mut self) -> io::Result<()> {
        loop {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e),
            };
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let free = self.lines.iter().rposition(Option::is_none);
            let token = free.unwrap_or_else(|| {
                self.lines.push(None);
                self.lines.len() - 1
            });
            let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT | EpollFlags::EPOLLET;
            self.epoll.add(&stream, EpollEvent::new(flags, token as u64))?;
            let (carry, pending) = (Vec::new(), Vec::new());
            let line = Line { stream, carry, pending, receipts_count: 0, closing: false };
            self.lines[token] = Some(line);
        }
    }

    fn turn(&mut self, token: usize) {
        let Some(mut line) = self.lines.get_mut(token).and_then(Option::take) else { return };
        // a connection that is gone closes its descriptor, which leaves epoll by that
        if matches!(self.converse(&mut line), Ok(true)) {
            self.lines[token] = Some(line);
        }
    }

    /// Reads until the socket is empty. False: the connection is over.
    fn converse(&mut self, line: &mut Line) -> io::Result<bool> {
        flush(line)?;
        while line.pending.len() < PENDING_MAX && !line.closing {
            let kept = line.carry.len();
            self.buffer[..kept].copy_from_slice(&line.carry);
            let came = match line.stream.read(&mut self.buffer[kept..]) {
                Ok(0) => return Ok(false),
                Ok(came) => came,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) => return Err(e),
            };
            let used = self.answer(line, kept + came);
            line.carry.clear();
            line.carry.extend_from_slice(&self.buffer[used..kept + came]);
            self.send(line)?;
            if kept + came < self.buffer.len() {
                // a short read has emptied the socket: what comes next is another edge
                break;
            }
        }
        Ok(!(line.closing && line.pending.is_empty()))
    }

    fn answer(&mut self, line: &mut Line, octets: usize) -> usize {
        let Server { buffer, responses, receipts, control, ids, .. } = self;
        responses.clear();
        control.clear();
        if let Some(receipts) = receipts {
            receipts.clear();
        }
        wire::walk(&buffer[..octets], |command, sequence_number| match command {
            SUBMIT_SM => {
                let id = ids.advance();
                responses.stamp_id(sequence_number, id);
                if let Some(receipts) = receipts {
                    line.receipts_count = line.receipts_count % 0x7FFF_FFFF + 1;
                    receipts.stamp_id(line.receipts_count, id);
                }
            }
            DELIVER_SM_RESP => {}
            other => {
                line.closing |= other == CommandId::UNBIND.0;
                answer_control(CommandId(other), sequence_number, control);
            }
        })
    }

    fn send(&mut self, line: &mut Line) -> io::Result<()> {
        let receipts = self.receipts.as_ref().map_or(&[][..], Sheet::stamped);
        write_all_or_keep(line, [&self.control, self.responses.stamped(), receipts])
    }
}

#[cold]
fn answer_control(command: CommandId, sequence_number: u32, out: &mut Vec<u8>) {
    match command {
        CommandId::BIND_TRANSCEIVER | CommandId::BIND_TRANSMITTER | CommandId::BIND_RECEIVER => {
            let mut resp = wire::bind_resp(sequence_number);
            resp[4..8].copy_from_slice(&command.response().0.to_be_bytes());
            out.extend_from_slice(&resp);
        }
        CommandId::ENQUIRE_LINK | CommandId::UNBIND => {
            out.extend_from_slice(&wire::header_only(command.response(), sequence_number));
        }
        _ => {}
    }
}

fn write_all_or_keep(line: &mut Line, parts: [&[u8]; 3]) -> io::Result<()> {
    let total: usize = parts.iter().map(|p| p.len()).sum();
    let mut written = 0;
    if total > 0 && line.pending.is_empty() {
        let slices = parts.map(IoSlice::new);
        written = match line.stream.write_vectored(&slices) {
            Ok(written) => written,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => 0,
            Err(e) => return Err(e),
        };
    }
    if written < total {
        for part in parts {
            let skip = written.min(part.len());
            written -= skip;
            line.pending.extend_from_slice(&part[skip..]);
        }
        flush(line)?;
    }
    Ok(())
}

fn flush(line: &mut Line) -> io::Result<()> {
    while !line.pending.is_empty() {
        match line.stream.write(&line.pending) {
            Ok(written) => {
                line.pending.drain(..written);
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(e) => return Err(e),
        }
    }
    Ok(())
}
