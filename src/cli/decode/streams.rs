//! Reassembles the TCP segments of a capture, one stream a direction, and cuts PDUs out of the streams that carry
//! SMPP, on any port.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read};
use std::net::SocketAddr;

use super::found_pdu::FoundPdu;
use super::pcap::{self, CaptureError, Segment};
use crate::smpp::{Header, frame};

/// Octets kept after a gap, per stream, before the gap is skipped; each segment counts [`SEGMENT_OCTETS`] more, so
/// that many small ones are bounded too.
const AHEAD_OCTETS_MAX: usize = 8 << 20;
const SEGMENT_OCTETS: usize = 64;

/// Added to the first sequence number, so that a segment before it has a number above 0 too.
const FIRST: u64 = 1 << 32;

/// Gives the PDUs in the order in which the capture completes them. Returns why the capture was not read completely;
/// None: it was.
///
/// # Errors
/// That of `show`, at once.
pub(super) fn decode_capture(
    capture: impl Read + Send,
    mut show: impl FnMut(FoundPdu) -> io::Result<()>,
) -> io::Result<Option<CaptureError>> {
    let mut streams: HashMap<(SocketAddr, SocketAddr), Stream> = HashMap::new();
    pcap::segments(capture, |segment| {
        let stream = streams.entry((segment.from, segment.to)).or_default();
        let place = Some((segment.from, segment.to, segment.time_s));
        let mut pdus = stream.take(segment).into_iter();
        pdus.try_for_each(|octets| show(FoundPdu { place, ..FoundPdu::of(&octets) }))
    })
}

/// One direction of a connection. Sequence numbers are extended to 64 bits, so that their order survives a wrap.
#[derive(Default)]
struct Stream {
    /// The next sequence number; None: before the first segment.
    next: Option<u64>,
    /// Segments after a gap, by sequence number.
    ahead: BTreeMap<u64, Vec<u8>>,
    /// Octets in `ahead`, each segment counted with its overhead.
    ahead_octets: usize,
    /// Octets in order that are not a whole PDU yet.
    buffer: Vec<u8>,
    /// Whether the buffer begins at a PDU.
    in_step: bool,
    /// PDU framing is lost.
    lost: bool,
}

impl Stream {
    fn take(&mut self, segment: &Segment<'_>) -> Vec<Vec<u8>> {
        if segment.syn {
            let next = FIRST + u64::from(segment.sequence.wrapping_add(1));
            *self = Stream { next: Some(next), ..Stream::default() };
            return Vec::new();
        }
        if segment.payload.is_empty() || self.lost {
            return Vec::new();
        }
        let next = *self.next.get_or_insert(FIRST + u64::from(segment.sequence));
        // the extended number nearest to the expected one
        let distance = segment.sequence.wrapping_sub(next as u32) as i32;
        let sequence = next.wrapping_add_signed(i64::from(distance));
        if distance > 0 {
            self.keep(sequence, segment.payload);
            if self.ahead_octets > AHEAD_OCTETS_MAX {
                self.skip_gap();
            }
        } else {
            self.append(sequence, segment.payload);
        }
        self.close_gaps();
        self.cut()
    }

    /// Keeps a segment after a gap; of two with the same number the longer.
    fn keep(&mut self, sequence: u64, payload: &[u8]) {
        let kept = self.ahead.entry(sequence).or_insert_with(|| {
            self.ahead_octets += SEGMENT_OCTETS;
            Vec::new()
        });
        if payload.len() > kept.len() {
            self.ahead_octets += payload.len() - kept.len();
            *kept = payload.to_vec();
        }
    }

    /// Appends the new octets of a segment that begins at `next` or before it.
    fn append(&mut self, sequence: u64, payload: &[u8]) {
        let next = self.next.unwrap_or(sequence);
        let old = usize::try_from(next - sequence).unwrap_or(usize::MAX);
        if let Some(new) = payload.get(old..) {
            self.buffer.extend_from_slice(new);
            self.next = Some(next + new.len() as u64);
        }
    }

    fn close_gaps(&mut self) {
        while let Some(next) = self.next
            && let Some(first) = self.ahead.first_entry()
            && *first.key() <= next
        {
            let (sequence, payload) = first.remove_entry();
            self.ahead_octets -= SEGMENT_OCTETS + payload.len();
            self.append(sequence, &payload);
        }
    }

    /// The octets of a gap were not captured: goes on after it, at an unknown place in a PDU.
    fn skip_gap(&mut self) {
        if let Some((sequence, _)) = self.ahead.first_key_value() {
            self.buffer.clear();
            self.in_step = false;
            self.next = Some(*sequence);
        }
    }

    fn cut(&mut self) -> Vec<Vec<u8>> {
        let mut pdus = Vec::new();
        if !self.in_step {
            match starts_a_pdu(&self.buffer) {
                None => return pdus,
                Some(true) => self.in_step = true,
                // not SMPP, or captured from within a PDU: the next segment may begin one
                Some(false) => {
                    self.buffer.clear();
                    return pdus;
                }
            }
        }
        let mut at = 0;
        loop {
            match frame::cut(&self.buffer[at..], frame::OCTETS_MAX_DEFAULT) {
                Ok(Some(octets)) => {
                    pdus.push(self.buffer[at..at + octets].to_vec());
                    at += octets;
                }
                Ok(None) => break,
                Err(_) => {
                    pdus.push(self.buffer[at..].to_vec());
                    self.lost = true;
                    break;
                }
            }
        }
        self.buffer.drain(..at);
        pdus
    }
}

/// Whether the octets begin with the header of a known PDU; None: too few octets.
fn starts_a_pdu(octets: &[u8]) -> Option<bool> {
    let header = Header::read(octets)?;
    let length = header.command_length as usize;
    let possible = (Header::OCTETS..=frame::OCTETS_MAX_DEFAULT).contains(&length);
    Some(possible && header.command_id.name().is_some())
}
