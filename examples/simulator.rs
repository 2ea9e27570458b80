//! A simulator with planted faults, for tests of an ESME of one's own: start it, let the client work, and read in the
//! tally what was really done. Here the client is a blocking socket; yours connects to `server.address` likewise.
//!
//!     cargo run --example simulator
#![allow(clippy::print_stdout, reason = "an example shows what it found")]
use bytes::BytesMut;
use smppbench::plan::behaviour::FaultKind;
use smppbench::plan::behaviour_file;
use smppbench::smpp::pdu::{Bind, SubmitSm};
use smppbench::smpp::{CommandId, CommandStatus, Header};
use smppbench::smsc::Server;
use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// One destination does not exist, and each tenth or so submit_sm meets a connection that is closed.
const BEHAVIOUR: &str = r#"
seed = 1
rules = [{ destination = "*404", status = "ESME_RINVDSTADR" }]
faults = [{ kind = "close", share = 0.1 }]
receipts.lost = 1.0
"#;

fn main() -> Result<(), Box<dyn Error>> {
    println!("{}", run()?);
    Ok(())
}

/// Runs a client of its own against the simulator and holds what it saw to the tally.
pub(crate) fn run() -> Result<String, Box<dyn Error>> {
    let behaviour = behaviour_file::parse(BEHAVIOUR)?;
    let server = Server::start(&behaviour, "127.0.0.1:0".parse()?)?;
    let (mut statuses, mut connections_count) = (Vec::new(), 0);
    while statuses.len() < 50 {
        connections_count += 1;
        submit(server.address, 50, &mut statuses)?;
    }
    let tally = server.stop();
    let unknown = CommandStatus::ESME_RINVDSTADR;
    let refused = statuses.iter().filter(|status| **status == unknown).count() as u64;
    let closed = tally.faults.get(FaultKind::Close);
    assert_eq!(tally.submits.refused.get(unknown), refused);
    assert!(refused > 0 && closed > 0, "each fault was met");
    assert!(tally.balanced(), "{:?}", tally.sums());
    Ok(format!("50 answers, {refused} refused, {closed} of {connections_count} connections closed"))
}

/// The client under test: binds, and submits until it has `wanted` answers or the connection is closed.
fn submit(smsc: SocketAddr, wanted: usize, statuses: &mut Vec<CommandStatus>) -> io::Result<()> {
    let (mut stream, mut out) = (TcpStream::connect(smsc)?, BytesMut::new());
    let bind = Bind { system_id: b"mine", interface_version: 0x34, ..Bind::default() };
    bind.encode(CommandId::BIND_TRANSMITTER, CommandStatus::ESME_ROK, 1, &mut out);
    stream.write_all(&out)?;
    read_header(&mut stream)?;
    while statuses.len() < wanted {
        let is_fifth = statuses.len().is_multiple_of(5);
        let destination_addr = if is_fifth { b"447700900404" } else { b"447700900123" };
        let message = SubmitSm { destination_addr, short_message: b"hello", ..SubmitSm::default() };
        out.clear();
        message.encode(CommandStatus::ESME_ROK, statuses.len() as u32 + 2, &mut out);
        stream.write_all(&out)?;
        let Some(header) = read_header(&mut stream)? else { break };
        statuses.push(header.command_status);
    }
    Ok(())
}

/// Reads a PDU; gives its header. None: the SMSC closed the connection.
fn read_header(stream: &mut TcpStream) -> io::Result<Option<Header>> {
    let mut octets = [0; 16];
    if stream.read(&mut octets[..1])? == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut octets[1..])?;
    let header = Header::read(&octets).ok_or(io::ErrorKind::InvalidData)?;
    let body = u64::from(header.command_length) - 16;
    io::copy(&mut stream.take(body), &mut io::sink())?;
    Ok(Some(header))
}
