//! A capture that Wireshark opens (pcapng, draft-ietf-opsawg-pcapng): each PDU in a TCP segment of its own
//! between made-up addresses, at the times that were measured. What TLS hid on the wire is in the clear here.
use crate::measure::Exchange;
use crate::smpp::without_passwords;
use etherparse::PacketBuilder;
use std::collections::HashMap;

/// Raw IP: the packets begin with their IPv4 header.
const LINKTYPE_RAW: u16 = 101;
/// The port on which Wireshark's dissector looks for SMPP.
const SMPP_PORT: u16 = 2775;
const ESME: [u8; 4] = [127, 0, 0, 1];
const SMSC: [u8; 4] = [127, 0, 0, 2];
const SEGMENT_MAX: usize = 1400;
const TTL: u8 = 64;

/// A PDU, or a part of one, that went in one direction.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// When, in nanoseconds since 1970.
    pub wall_ns: u64,
    /// Number of its session: each is a connection of its own.
    pub session: u32,
    /// Whether the ESME sent it.
    pub from_esme: bool,
    /// Its octets; passwords are replaced.
    pub octets: &'a [u8],
}

/// The file's octets, of failed messages.
pub fn render(exchanges: &[Exchange]) -> Vec<u8> {
    let mut packets = Vec::new();
    for e in exchanges {
        let session = e.session;
        let octets = &e.submit_sm;
        packets.push(Packet { wall_ns: e.sent_wall_ns, session, from_esme: true, octets });
        if let Some((wall_ns, octets)) = &e.answer {
            packets.push(Packet { wall_ns: *wall_ns, session, from_esme: false, octets });
        }
    }
    render_packets(packets)
}

/// The file's octets, of packets in any order.
pub fn render_packets(mut packets: Vec<Packet<'_>>) -> Vec<u8> {
    let mut file = Vec::new();
    // section header: byte-order magic, version 1.0, length not given
    block(
        &mut file,
        0x0A0D_0D0A,
        &[&0x1A2B_3C4D_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xFF; 8]].concat(),
    );
    // one interface; option 9 (if_tsresol) = 9: nanoseconds
    let interface =
        [&LINKTYPE_RAW.to_le_bytes()[..], &[0; 2], &[0; 4], &[9, 0, 1, 0, 9, 0, 0, 0], &[0; 4]];
    block(&mut file, 1, &interface.concat());
    packets.sort_by_key(|packet| packet.wall_ns);
    // the next sequence numbers of a session: ours, theirs
    let mut flows: HashMap<u32, [u32; 2]> = HashMap::new();
    for Packet { wall_ns, session, from_esme, octets } in packets {
        let next = flows.entry(session).or_insert([1, 1]);
        let octets = without_passwords(octets);
        for part in octets.chunks(SEGMENT_MAX) {
            let (ours, theirs) = if from_esme { (0, 1) } else { (1, 0) };
            let packet = tcp(session, from_esme, next[ours], next[theirs], part);
            next[ours] = next[ours].wrapping_add(part.len() as u32);
            enhanced_packet(&mut file, wall_ns, &packet);
        }
    }
    file
}

fn block(file: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let padded = body.len().next_multiple_of(4);
    let length = (12 + padded) as u32;
    file.extend_from_slice(&kind.to_le_bytes());
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(body);
    file.resize(file.len() + padded - body.len(), 0);
    file.extend_from_slice(&length.to_le_bytes());
}

fn enhanced_packet(file: &mut Vec<u8>, at: u64, packet: &[u8]) {
    let length = (packet.len() as u32).to_le_bytes();
    let (high, low) = (((at >> 32) as u32).to_le_bytes(), (at as u32).to_le_bytes());
    block(file, 6, &[&[0; 4][..], &high, &low, &length, &length, packet].concat());
}

/// An IPv4 packet with one TCP segment.
fn tcp(session: u32, from_esme: bool, sequence: u32, acknowledged: u32, payload: &[u8]) -> Vec<u8> {
    // ephemeral ports: no dissector claims them before SMPP's
    let esme_port = 49_152 + (session % 16_000) as u16;
    let (source, destination, (from, to)) = if from_esme {
        (ESME, SMSC, (esme_port, SMPP_PORT))
    } else {
        (SMSC, ESME, (SMPP_PORT, esme_port))
    };
    let ip = PacketBuilder::ipv4(source, destination, TTL);
    let builder = ip.tcp(from, to, sequence, u16::MAX).psh().ack(acknowledged);
    let mut packet = vec![0; builder.size(payload.len())];
    builder
        .write_to_slice(&mut packet, payload)
        .expect("a segment is shorter than a packet may be");
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_whole_and_begin_with_a_section_of_nanoseconds() {
        let submit_sm = vec![7; 33];
        let answer = Some((1_700_000_000_000_000_500, vec![0; 16]));
        let e = Exchange { session: 3, sent_wall_ns: 1_700_000_000_000_000_000, submit_sm, answer };
        let file = render(&[e]);
        let (mut at, mut kinds) = (0, Vec::new());
        while at < file.len() {
            let word = |p: usize| u32::from_le_bytes(file[p..p + 4].try_into().unwrap());
            let length = word(at + 4) as usize;
            assert_eq!(word(at + length - 4) as usize, length);
            kinds.push(word(at));
            at += length;
        }
        assert_eq!(kinds, [0x0A0D_0D0A, 1, 6, 6]);
    }
}
