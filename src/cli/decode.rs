//! `smppbench decode [HEX | - | FILE]`: what PDUs mean, with the answer that each earns: JSON lines, or on a
//! terminal field by field. Reads hex text in any form that people paste, standard input, or a capture (pcap,
//! pcapng); judges nothing itself: [`smpp`](crate::smpp) does.
mod hexes;
mod json;
mod mask;
mod pcap;
mod streams;
#[cfg(test)]
mod tests;

use super::args::DecodeArgs;
use super::dial::layout;
use super::exit::{Exit, fail};
use crate::kit::{MIB, read_at_most, read_stream};
use crate::smpp::without_passwords;
use serde_json::{Value, json};
use std::io::{ErrorKind, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::Path;

pub use hexes::parse_hex;
pub(super) use json::tlvs_behind_header;
pub use json::{decode_json, pdu_json};
pub(super) use mask::tlv_holds_content;

/// Largest capture or text.
const INPUT_OCTETS_MAX: u64 = 4096 * MIB;

/// A PDU, or octets at the end of a stream that are none; without passwords, which are shown to nobody, not
/// even to who has the octets.
#[derive(Clone, Debug, Default, PartialEq)]
struct Found {
    octets: Vec<u8>,
    /// In a capture: from, to, and when.
    place: Option<(SocketAddr, SocketAddr, Option<f64>)>,
}

impl Found {
    fn of(octets: &[u8]) -> Found {
        Found { octets: without_passwords(octets).into_owned(), place: None }
    }

    /// As CONTRACT.md has it; with `from`, `to` and `time_s` in a capture.
    fn json(&self) -> Vec<Value> {
        let mut lines = decode_json(&self.octets);
        if let Some((from, to, time_s)) = self.place {
            for line in &mut lines {
                line["from"] = json!(from.to_string());
                line["to"] = json!(to.to_string());
                line["time_s"] = json!(time_s);
            }
        }
        lines
    }
}

/// Runs the verb: 2 where the input is neither hexadecimal nor a file of hexadecimal or of packets.
pub(super) fn run(args: &DecodeArgs) -> Exit {
    let arg = args.input.as_str();
    let input = match arg {
        "-" => {
            let read = read_stream(std::io::stdin().lock(), INPUT_OCTETS_MAX);
            read.map_err(|e| format!("standard input: {e}"))
        }
        path if Path::new(path).is_file() => read_at_most(Path::new(path), INPUT_OCTETS_MAX)
            .map_err(|e| format!("{path}: cannot be read ({e})")),
        hex => Ok(hex.as_bytes().to_vec()),
    };
    let input = match input {
        Ok(input) => input,
        Err(why) => return fail(Exit::Internal, &why),
    };
    match decode_input(&input) {
        Ok(found) => print(&found, args),
        Err(why) => fail(Exit::Usage, &format!("decode {}: {why}", shown(arg))),
    }
}

/// The start of the argument: a whole capture in hex would bury the message.
fn shown(arg: &str) -> String {
    match arg.char_indices().nth(40) {
        Some((end, _)) => format!("{:?}...", &arg[..end]),
        None => format!("{arg:?}"),
    }
}

fn print(found: &[Found], args: &DecodeArgs) -> Exit {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let as_json = args.json || !std::io::stdout().is_terminal();
    let written = found.iter().try_for_each(|found| {
        if !as_json {
            return out.write_all(text(found, args.show_content).as_bytes());
        }
        found.json().into_iter().try_for_each(|mut line| {
            if !args.show_content {
                mask::line(&mut line);
            }
            writeln!(out, "{line}")
        })
    });
    match written.and_then(|()| out.flush()) {
        // `decode ... | head` is no failure.
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            fail(Exit::Internal, &format!("cannot write to standard output: {e}"))
        }
        Ok(()) | Err(_) => Exit::Done,
    }
}

/// As `dial` lays it out.
fn text(found: &Found, show_content: bool) -> String {
    let place = found.place.map(|(from, to, time_s)| {
        let time = time_s.map_or(String::new(), |time| format!("{time:.6} s  "));
        format!("{time}{from} > {to}\n")
    });
    place.unwrap_or_default() + &layout(&found.octets, show_content)
}

/// Decodes a capture, or hex text of any number of lines.
fn decode_input(input: &[u8]) -> Result<Vec<Found>, String> {
    if pcap::is_capture(input) {
        return Ok(streams::decode_capture(input));
    }
    let text = std::str::from_utf8(input)
        .map_err(|_| "neither hexadecimal nor a capture (pcap, pcapng)".to_owned())?;
    let text = crate::plan::without_mark(text);
    if text.trim().is_empty() {
        return Err("nothing to decode; give hexadecimal, - or a capture".to_owned());
    }
    match hexes::whole(text) {
        Some(octets) => Ok(cut_all(&octets?)),
        None => decode_lines(text),
    }
}

/// Every PDU of a stream, and what is left.
fn cut_all(octets: &[u8]) -> Vec<Found> {
    use crate::smpp::frame::{OCTETS_MAX_DEFAULT, cut};
    let mut found = Vec::new();
    let mut rest = octets;
    while let Ok(Some(length)) = cut(rest, OCTETS_MAX_DEFAULT) {
        found.push(Found::of(&rest[..length]));
        rest = &rest[length..];
    }
    if !rest.is_empty() {
        found.push(Found::of(rest));
    }
    found
}

/// Hex lines: a PDU may go over several of them, but a line that holds a whole one starts anew.
fn decode_lines(text: &str) -> Result<Vec<Found>, String> {
    use crate::smpp::frame::{OCTETS_MAX_DEFAULT, cut};
    let mut found = Vec::new();
    let mut carried: Vec<u8> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let octets = parse_hex(line).map_err(|why| {
            if text.lines().nth(1).is_some() { format!("line {}: {why}", index + 1) } else { why }
        })?;
        if !carried.is_empty() && matches!(cut(&octets, OCTETS_MAX_DEFAULT), Ok(Some(_))) {
            found.push(Found::of(&std::mem::take(&mut carried)));
        }
        carried.extend(octets);
        let mut at = 0;
        while let Ok(Some(octets)) = cut(&carried[at..], OCTETS_MAX_DEFAULT) {
            found.push(Found::of(&carried[at..at + octets]));
            at += octets;
        }
        carried.drain(..at);
        if cut(&carried, OCTETS_MAX_DEFAULT).is_err() {
            found.push(Found::of(&std::mem::take(&mut carried)));
        }
    }
    if !carried.is_empty() {
        found.push(Found::of(&carried));
    }
    Ok(found)
}
