//! Puts the TCP segments of a capture together, one stream a direction, and cuts SMPP out of those
//! streams that hold it, on whatever port. Knows no link layer.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

use serde_json::{Value, json};

use super::json::{decode_json, pdu_json};
use super::pcap::{self, Segment};
use crate::smpp::{Header, frame};

/// Octets kept beyond a gap, per stream, before the gap is given up for lost.
const AHEAD_OCTETS_MAX: usize = 1 << 20;

/// One value a PDU, in the order in which the capture completes them; with `from`, `to`, `time_s`.
pub(super) fn decode_capture(capture: &[u8]) -> Vec<Value> {
    let mut lines = Vec::new();
    let mut streams: HashMap<(SocketAddr, SocketAddr), Stream> = HashMap::new();
    for packet in pcap::packets(capture) {
        let Some(segment) = packet.segment() else { continue };
        let stream = streams.entry((segment.from, segment.to)).or_default();
        for mut line in stream.take(&segment) {
            line["from"] = json!(segment.from.to_string());
            line["to"] = json!(segment.to.to_string());
            line["time_s"] = json!(packet.time_s);
            lines.push(line);
        }
    }
    lines
}

/// One direction of a connection.
#[derive(Default)]
struct Stream {
    /// The sequence number awaited; none before the first segment.
    next: Option<u32>,
    /// Segments beyond a gap, by distance from `next` when they came.
    ahead: BTreeMap<u32, Vec<u8>>,
    /// Octets in order that are no whole PDU yet.
    buffer: Vec<u8>,
    /// Whether a PDU stood where one was to be expected.
    in_step: bool,
    /// The stream cannot be cut any more.
    lost: bool,
}

impl Stream {
    fn take(&mut self, segment: &Segment<'_>) -> Vec<Value> {
        if segment.syn {
            *self = Stream { next: Some(segment.sequence.wrapping_add(1)), ..Stream::default() };
            return Vec::new();
        }
        if segment.payload.is_empty() || self.lost {
            return Vec::new();
        }
        let next = *self.next.get_or_insert(segment.sequence);
        // A distance of half the number space or more is an old segment.
        let distance = segment.sequence.wrapping_sub(next);
        if distance > 0 && distance < 1 << 31 {
            self.ahead.insert(segment.sequence, segment.payload.to_vec());
            if self.ahead.values().map(Vec::len).sum::<usize>() > AHEAD_OCTETS_MAX {
                self.give_up_gap();
            }
        } else {
            self.append(segment.sequence, segment.payload);
        }
        self.close_gaps();
        self.cut()
    }

    /// Appends what of a segment is new.
    fn append(&mut self, sequence: u32, payload: &[u8]) {
        let next = self.next.unwrap_or(sequence);
        let old = next.wrapping_sub(sequence) as usize;
        if let Some(new) = payload.get(old..) {
            self.buffer.extend_from_slice(new);
            self.next = Some(next.wrapping_add(new.len() as u32));
        }
    }

    fn close_gaps(&mut self) {
        while let Some(next) = self.next {
            let reached = |sequence: &u32| next.wrapping_sub(*sequence) < 1 << 31;
            let Some(sequence) = self.ahead.keys().copied().find(reached) else { return };
            if let Some(payload) = self.ahead.remove(&sequence) {
                self.append(sequence, &payload);
            }
        }
    }

    /// Octets were never captured: goes on at the first that were, out of step.
    fn give_up_gap(&mut self) {
        let Some(next) = self.next else { return };
        let nearest = self.ahead.keys().copied().min_by_key(|sequence| sequence.wrapping_sub(next));
        if let Some(sequence) = nearest {
            self.buffer.clear();
            self.in_step = false;
            self.next = Some(sequence);
        }
    }

    fn cut(&mut self) -> Vec<Value> {
        let mut lines = Vec::new();
        if !self.in_step {
            match starts_a_pdu(&self.buffer) {
                None => return lines,
                Some(true) => self.in_step = true,
                // No SMPP, or captured from the midst of a PDU: perhaps the next segment.
                Some(false) => {
                    self.buffer.clear();
                    return lines;
                }
            }
        }
        let mut at = 0;
        loop {
            match frame::cut(&self.buffer[at..], frame::OCTETS_MAX_DEFAULT) {
                Ok(Some(octets)) => {
                    lines.push(pdu_json(&self.buffer[at..at + octets]));
                    at += octets;
                }
                Ok(None) => break,
                Err(_) => {
                    lines.extend(decode_json(&self.buffer[at..]));
                    self.lost = true;
                    break;
                }
            }
        }
        self.buffer.drain(..at);
        lines
    }
}

/// Whether the octets begin with the header of a PDU that has a name; `None`: too few to tell.
fn starts_a_pdu(octets: &[u8]) -> Option<bool> {
    let header = Header::read(octets)?;
    let length = header.command_length as usize;
    let possible = (Header::OCTETS..=frame::OCTETS_MAX_DEFAULT).contains(&length);
    Some(possible && header.command_id.name().is_some())
}
