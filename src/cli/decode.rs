//! `smppbench decode [HEX | - | FILE]`: the fields of PDUs, and the answer to each: JSON lines, or on a terminal
//! field by field. Reads hex text in the forms that people paste, standard input, or a capture (pcap, pcapng).
//! [`smpp`](crate::smpp) decides what is malformed.
#[cfg(test)]
mod captures;
mod found_pdu;
mod hexes;
mod json;
mod layout;
mod mask;
mod pcap;
mod streams;
#[cfg(test)]
mod tests;

use super::args::DecodeArgs;
use super::exit::{Exit, Failure, talk, written};
use crate::kit::{MIB, read_stream};
use crate::smpp::frame::{OCTETS_MAX_DEFAULT, cut};
use found_pdu::FoundPdu;
use pcap::CaptureError;
use std::fs::File;
use std::io::{self, BufWriter, Cursor, IsTerminal, Read, Write};
use std::path::Path;

pub use hexes::{HexError, parse_hex};
pub(super) use json::hex;
pub use json::{decode_json, pdu_json};
pub(super) use layout::{describe, field, masked};

/// Largest text; captures are read as streams, of any size.
const TEXT_OCTETS_MAX: u64 = 4096 * MIB;

/// Why the input was not decoded, or not all of it.
#[derive(Debug, thiserror::Error)]
enum DecodeError {
    #[error("{0}")]
    Read(io::Error),
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
    #[error("neither hexadecimal nor a capture (pcap, pcapng)")]
    NotText,
    #[error("nothing to decode; give hexadecimal, - or a capture")]
    Nothing,
    #[error("{}", in_input(.0))]
    Hex(#[from] HexError),
    #[error("line {number}: {}", in_input(.why))]
    Line { number: usize, why: HexError },
    #[error(transparent)]
    Capture(CaptureError),
}

/// An argument that is not hexadecimal was not the path of a file either.
fn in_input(why: &HexError) -> String {
    match why {
        HexError::Character { position, character } => {
            format!("neither a file nor hexadecimal: character {position} is {character:?}")
        }
        other => other.to_string(),
    }
}

/// Runs the verb: 2 where the input is neither hexadecimal nor a file of hexadecimal or of packets.
pub(super) fn run(args: &DecodeArgs) -> Result<Exit, Failure> {
    let arg = args.input.as_str();
    let mut out = BufWriter::new(io::stdout().lock());
    let as_json = args.json || !io::stdout().is_terminal();
    let read = open(arg).map_err(DecodeError::Read).and_then(|input| {
        decode(input, |found| print(&mut out, &found, as_json, args.show_content))?;
        Ok(())
    });
    if !matches!(read, Err(DecodeError::Output(_))) {
        written(out.flush())?;
    }
    let Err(why) = read else { return Ok(Exit::Done) };
    match why {
        DecodeError::Output(e) => written(Err(e)).map(|()| Exit::Done),
        DecodeError::Read(e) if arg == "-" => {
            Err(Failure::internal(format!("standard input: {e}")))
        }
        DecodeError::Read(e) => Err(Failure::internal(format!("{arg}: cannot be read ({e})"))),
        // all before the fault has been decoded
        DecodeError::Capture(fault) if fault.is_partial() => {
            talk(format!("decode {}: {fault}", shown(arg)));
            Ok(Exit::Done)
        }
        why => Err(Failure::usage(format!("decode {}: {why}", shown(arg)))),
    }
}

fn open(arg: &str) -> io::Result<Box<dyn Read + Send + '_>> {
    Ok(match arg {
        "-" => Box::new(io::stdin()),
        path if Path::new(path).is_file() => Box::new(File::open(path)?),
        hex => Box::new(hex.as_bytes()),
    })
}

/// The start of the argument: a capture in hex would hide the message.
fn shown(arg: &str) -> String {
    match arg.char_indices().nth(40) {
        Some((end, _)) => format!("{:?}...", &arg[..end]),
        None => format!("{arg:?}"),
    }
}

fn print(
    out: &mut impl Write,
    found: &FoundPdu,
    as_json: bool,
    show_content: bool,
) -> io::Result<()> {
    if !as_json {
        return out.write_all(found.text(show_content).as_bytes());
    }
    found.json().into_iter().try_for_each(|mut line| {
        if !show_content {
            mask::line(&mut line);
        }
        writeln!(out, "{line}")
    })
}

/// Decodes a capture, or hex text of any number of lines.
fn decode(
    mut input: impl Read + Send,
    mut show: impl FnMut(FoundPdu) -> io::Result<()>,
) -> Result<(), DecodeError> {
    let mut head = Vec::new();
    input.by_ref().take(pcap::MAGIC_OCTETS).read_to_end(&mut head).map_err(DecodeError::Read)?;
    let is_capture = pcap::is_capture(&head);
    let whole = Cursor::new(head).chain(input);
    if is_capture {
        let fault = streams::decode_capture(whole, show).map_err(DecodeError::Output)?;
        return fault.map_or(Ok(()), |fault| Err(DecodeError::Capture(fault)));
    }
    let octets = read_stream(whole, TEXT_OCTETS_MAX).map_err(DecodeError::Read)?;
    decode_text(&octets)?.into_iter().try_for_each(&mut show).map_err(DecodeError::Output)
}

fn decode_text(octets: &[u8]) -> Result<Vec<FoundPdu>, DecodeError> {
    let text = std::str::from_utf8(octets).map_err(|_| DecodeError::NotText)?;
    let text = crate::kit::without_mark(text);
    if text.trim().is_empty() {
        return Err(DecodeError::Nothing);
    }
    match hexes::whole(text) {
        Some(octets) => Ok(cut_all(&octets?)),
        None => decode_lines(text),
    }
}

/// Every PDU of a stream, and the rest.
fn cut_all(octets: &[u8]) -> Vec<FoundPdu> {
    let mut found = Vec::new();
    let rest = &octets[take_whole(octets, &mut found)..];
    found.extend((!rest.is_empty()).then(|| FoundPdu::of(rest)));
    found
}

/// Finds the whole PDUs at the front; how many octets they have.
fn take_whole(octets: &[u8], found: &mut Vec<FoundPdu>) -> usize {
    let mut at = 0;
    while let Ok(Some(length)) = cut(&octets[at..], OCTETS_MAX_DEFAULT) {
        found.push(FoundPdu::of(&octets[at..at + length]));
        at += length;
    }
    at
}

/// Hex lines: a PDU may go over several of them, but a line that holds a whole one starts anew.
fn decode_lines(text: &str) -> Result<Vec<FoundPdu>, DecodeError> {
    let mut found = Vec::new();
    let mut carried: Vec<u8> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let octets = parse_hex(line).map_err(|why| match text.lines().nth(1) {
            Some(_) => DecodeError::Line { number: index + 1, why },
            None => DecodeError::Hex(why),
        })?;
        if !carried.is_empty() && matches!(cut(&octets, OCTETS_MAX_DEFAULT), Ok(Some(_))) {
            found.push(FoundPdu::of(&std::mem::take(&mut carried)));
        }
        carried.extend(octets);
        carried.drain(..take_whole(&carried, &mut found));
        if cut(&carried, OCTETS_MAX_DEFAULT).is_err() {
            found.push(FoundPdu::of(&std::mem::take(&mut carried)));
        }
    }
    found.extend((!carried.is_empty()).then(|| FoundPdu::of(&carried)));
    Ok(found)
}
