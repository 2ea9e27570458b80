//! `smppbench decode [HEX | - | FILE]`: one JSON line a PDU, with the answer that it earns. Reads hex
//! text, standard input, or a capture (pcap, pcapng); judges nothing itself: [`smpp`](crate::smpp) does.

mod json;
mod pcap;
mod streams;
#[cfg(test)]
mod tests;

use super::exit::{Exit, fail};
use serde_json::Value;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

pub use json::{decode_json, pdu_json};

/// Runs the verb: 2 where `arg` is neither hexadecimal nor a file of hexadecimal or of packets.
pub(super) fn run(arg: &str) -> Exit {
    let input = match arg {
        "-" => {
            let mut input = Vec::new();
            let read = std::io::stdin().lock().read_to_end(&mut input);
            read.map(|_| input).map_err(|e| format!("standard input: {e}"))
        }
        path if Path::new(path).is_file() => {
            std::fs::read(path).map_err(|e| format!("{path}: cannot be read ({e})"))
        }
        hex => Ok(hex.as_bytes().to_vec()),
    };
    let input = match input {
        Ok(input) => input,
        Err(why) => return fail(Exit::Internal, &why),
    };
    match decode_input(&input) {
        Ok(lines) => print(&lines),
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

fn print(lines: &[Value]) -> Exit {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let written = lines.iter().try_for_each(|line| writeln!(out, "{line}"));
    match written.and_then(|()| out.flush()) {
        // `decode ... | head` is no failure.
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            fail(Exit::Internal, &format!("cannot write to standard output: {e}"))
        }
        Ok(()) | Err(_) => Exit::Done,
    }
}

/// Decodes a capture, or hex text of any number of lines.
fn decode_input(input: &[u8]) -> Result<Vec<Value>, String> {
    if pcap::is_capture(input) {
        return Ok(streams::decode_capture(input));
    }
    let text = std::str::from_utf8(input)
        .map_err(|_| "neither hexadecimal nor a capture (pcap, pcapng)".to_owned())?;
    if text.trim().is_empty() {
        return Err("nothing to decode; give hexadecimal, - or a capture".to_owned());
    }
    decode_lines(text)
}

/// Hex lines: a PDU may go over several of them, but a line that holds a whole one starts anew.
fn decode_lines(text: &str) -> Result<Vec<Value>, String> {
    use crate::smpp::frame::{OCTETS_MAX_DEFAULT, cut};
    let mut lines = Vec::new();
    let mut carried: Vec<u8> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let octets = parse_hex(line).map_err(|why| {
            if text.lines().nth(1).is_some() { format!("line {}: {why}", index + 1) } else { why }
        })?;
        if !carried.is_empty() && matches!(cut(&octets, OCTETS_MAX_DEFAULT), Ok(Some(_))) {
            lines.extend(decode_json(&std::mem::take(&mut carried)));
        }
        carried.extend(octets);
        let mut at = 0;
        while let Ok(Some(octets)) = cut(&carried[at..], OCTETS_MAX_DEFAULT) {
            lines.push(pdu_json(&carried[at..at + octets]));
            at += octets;
        }
        carried.drain(..at);
        if cut(&carried, OCTETS_MAX_DEFAULT).is_err() {
            lines.extend(decode_json(&std::mem::take(&mut carried)));
        }
    }
    lines.extend(decode_json(&carried));
    Ok(lines)
}

/// Reads hex digits in pairs; blanks and colons between them, and a leading `0x`, are passed over.
pub fn parse_hex(text: &str) -> Result<Vec<u8>, String> {
    let digits_at = text.len() - text.trim_start().trim_start_matches("0x").len();
    let mut octets = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    for (index, character) in text.char_indices().filter(|(index, _)| *index >= digits_at) {
        if character.is_whitespace() || character == ':' {
            continue;
        }
        let digit = character.to_digit(16).ok_or_else(|| {
            let position = text[..index].chars().count() + 1;
            format!("neither a file nor hexadecimal: character {position} is {character:?}")
        })? as u8;
        high = match high {
            None => Some(digit),
            Some(high) => {
                octets.push(high << 4 | digit);
                None
            }
        };
    }
    match high {
        None => Ok(octets),
        Some(_) => Err("an odd number of hexadecimal digits; an octet has two".to_owned()),
    }
}
