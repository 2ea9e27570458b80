//! Any octets, in any pieces: the stream is cut into the same PDUs, and nothing longer than the cap is kept.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smppbench::smpp::frame::{Desync, cut};

/// What a stream is cut into, and how it ends.
#[derive(Debug, PartialEq, Eq)]
struct Cuts {
    lengths: Vec<usize>,
    desync: Option<Desync>,
}

/// Cuts `stream` as it arrives in pieces of the lengths that `pieces` gives in turn.
fn cut_in_pieces(stream: &[u8], pieces: &[u8], cap: usize) -> Cuts {
    let mut cuts = Cuts { lengths: Vec::new(), desync: None };
    let mut buffer: Vec<u8> = Vec::new();
    let mut rest = stream;
    let mut turn = 0;
    while !rest.is_empty() {
        let wanted =
            pieces.get(turn % pieces.len().max(1)).map_or(rest.len(), |n| usize::from(*n) + 1);
        let (piece, after) = rest.split_at(wanted.min(rest.len()));
        (rest, turn) = (after, turn + 1);
        buffer.extend_from_slice(piece);
        loop {
            match cut(&buffer, cap) {
                Ok(Some(octets)) => {
                    assert!((16..=cap).contains(&octets) && octets <= buffer.len());
                    assert_eq!(buffer[..4], (octets as u32).to_be_bytes());
                    cuts.lengths.push(octets);
                    buffer.drain(..octets);
                }
                Ok(None) => break,
                Err(desync) => {
                    cuts.desync = Some(desync);
                    return cuts;
                }
            }
        }
        assert!(buffer.len() < cap, "{} octets kept of a PDU capped at {cap}", buffer.len());
    }
    cuts
}

fuzz_target!(|data: &[u8]| {
    let [cap, many, rest @ ..] = data else { return };
    let cap = 16 + usize::from(*cap) * 4;
    let (pieces, stream) = rest.split_at(rest.len().min(usize::from(*many % 8)));
    assert_eq!(cut_in_pieces(stream, pieces, cap), cut_in_pieces(stream, &[], cap));
});
