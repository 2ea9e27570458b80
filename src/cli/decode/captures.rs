//! Captures, made octet by octet.
use super::tests::{ENQUIRE_LINK, SUBMIT_SM, decode_all, decode_input};
use super::*;
use proptest::prelude::*;

/// Ethernet, IPv4 and TCP around a payload, from port 2775 of 10.0.0.1 to port 4000 of 10.0.0.2.
fn packet(sequence: u32, syn: bool, payload: &[u8]) -> Vec<u8> {
    let header = [0; 12];
    [&header[..], &[0x81, 0x00, 0x00, 0x05, 0x08, 0x00], &ipv4(&tcp(sequence, syn, payload))]
        .concat()
}

/// From 10.0.0.1 to 10.0.0.2.
fn ipv4(payload: &[u8]) -> Vec<u8> {
    let length = (20 + payload.len() as u16).to_be_bytes();
    let header = [0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    [&[0x45, 0], &length[..], &header, payload].concat()
}

/// From port 2775 to port 4000.
fn tcp(sequence: u32, syn: bool, payload: &[u8]) -> Vec<u8> {
    let flags = if syn { 0x02 } else { 0x10 };
    let ports = [0x0A, 0xD7, 0x0F, 0xA0];
    let rest = [0, 0, 0, 0, 0x50, flags, 0, 0, 0, 0, 0, 0];
    [&ports[..], &sequence.to_be_bytes(), &rest, payload].concat()
}

fn pcap(packets: &[Vec<u8>]) -> Vec<u8> {
    pcap_of(1, packets)
}

fn pcap_of(link_type: u32, packets: &[Vec<u8>]) -> Vec<u8> {
    let mut capture = Vec::new();
    for word in [0xA1B2_C3D4_u32, 0x0004_0002, 0, 0, 65_535, link_type] {
        capture.extend(word.to_le_bytes());
    }
    for packet in packets {
        for word in [7, 500_000, packet.len() as u32, packet.len() as u32] {
            capture.extend(word.to_le_bytes());
        }
        capture.extend(packet);
    }
    capture
}

fn pcapng(packets: &[Vec<u8>]) -> Vec<u8> {
    fn block(kind: u32, body: &[u8], capture: &mut Vec<u8>) {
        let octets = (body.len().next_multiple_of(4) + 12) as u32;
        capture.extend(kind.to_be_bytes());
        capture.extend(octets.to_be_bytes());
        capture.extend(body);
        capture.resize(capture.len().next_multiple_of(4), 0);
        capture.extend(octets.to_be_bytes());
    }
    let mut capture = Vec::new();
    block(
        0x0A0D_0D0A,
        &[0x1A, 0x2B, 0x3C, 0x4D, 0, 1, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255],
        &mut capture,
    );
    block(1, &[0, 1, 0, 0, 0, 0, 255, 255, 0, 9, 0, 1, 9, 0, 0, 0, 0, 0, 0, 0], &mut capture);
    for packet in packets {
        let ticks = 7_500_000_000_u64;
        let mut body = vec![0; 4];
        body.extend(ticks.to_be_bytes());
        body.extend(
            [(packet.len() as u32).to_be_bytes(), (packet.len() as u32).to_be_bytes()].concat(),
        );
        body.extend(packet);
        block(6, &body, &mut capture);
    }
    capture
}

#[test]
fn pdus_are_cut_out_of_segments_late_doubled_and_split_anywhere() {
    let stream = parse_hex(&format!("{SUBMIT_SM}{ENQUIRE_LINK}{SUBMIT_SM}")).unwrap();
    // Sequence numbers wrap within the stream.
    let base = u32::MAX - 20;
    let segment = |from: usize, to: usize| {
        packet(base.wrapping_add(1 + from as u32), false, &stream[from..to])
    };
    let packets = [
        packet(base, true, b""),
        segment(0, 10),
        segment(40, 70),
        segment(0, 10),
        segment(5, 40),
        segment(70, stream.len()),
    ];
    for capture in [pcap(&packets), pcapng(&packets)] {
        assert!(pcap::is_capture(&capture));
        let found = decode_input(&capture).unwrap();
        let commands: Vec<_> = found.iter().map(|line| line["command"].as_str().unwrap()).collect();
        assert_eq!(commands, ["submit_sm", "enquire_link", "submit_sm"]);
        assert_eq!(found[0]["from"], "10.0.0.1:2775");
        assert_eq!(found[0]["time_s"], 7.5);
        for end in 0..capture.len() {
            let _ = decode_all(&capture[..end]);
        }
    }
}

#[test]
fn a_hundred_thousand_small_segments_behind_a_gap_are_put_together_in_order() {
    // one that walks what it keeps for each of them does 10^10 steps here
    let pdus = 1_725;
    let stream: Vec<u8> = parse_hex(SUBMIT_SM).unwrap().repeat(pdus);
    // sequence numbers wrap behind the gap
    let base = u32::MAX - 50_000;
    let segment = |from: usize, to: usize| {
        packet(base.wrapping_add(1 + from as u32), false, &stream[from..to])
    };
    let mut packets = vec![packet(base, true, b"")];
    packets.extend((2..stream.len()).rev().map(|at| segment(at, at + 1)));
    packets.push(segment(0, 2));
    assert!(packets.len() > 100_000);
    let found = decode_input(&pcap(&packets)).unwrap();
    assert_eq!(found.len(), pdus);
}

#[test]
fn a_capture_with_a_gap_that_is_never_closed_goes_on_behind_it() {
    let pdu = parse_hex(SUBMIT_SM).unwrap();
    let stream: Vec<u8> = pdu.repeat(100_000);
    let mut packets = vec![packet(0, true, b""), packet(1, false, &pdu)];
    // the second PDU was never captured
    packets.extend((2..100_000).map(|n| {
        let at = n * pdu.len();
        packet(1 + at as u32, false, &stream[at..at + pdu.len()])
    }));
    let found = decode_input(&pcap(&packets)).unwrap();
    assert_eq!(found.len(), 100_000 - 1);
}

#[test]
fn a_stream_of_another_protocol_gives_nothing() {
    let capture =
        pcap(&[packet(0, true, b""), packet(1, false, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")]);
    assert_eq!(decode_input(&capture), Ok(Vec::new()));
}

/// What stands before TCP: the link type, and the packet around a segment.
type Around = (u32, fn(&[u8]) -> Vec<u8>);

/// IPv6 from 2001:db8::1 to 2001:db8::2, with extension headers; the first of them is `next`.
fn ipv6(next: u8, extensions: &[u8], payload: &[u8]) -> Vec<u8> {
    let length = ((extensions.len() + payload.len()) as u16).to_be_bytes();
    let address = |last: u8| [0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
    let header = [0x60, 0, 0, 0, length[0], length[1], next, 64];
    [&header[..], &address(1), &address(2), extensions, payload].concat()
}

/// An extension header of eight octets.
const fn extension(next: u8) -> [u8; 8] {
    [next, 0, 1, 4, 0, 0, 0, 0]
}

const IPV4: Around = (101, ipv4);
const VLAN: Around =
    (1, |segment| [&[0; 12][..], &[0x81, 0, 0, 7, 0x08, 0], &ipv4(segment)].concat());
const VLAN_IN_VLAN: Around = (1, |segment| {
    [&[0; 12][..], &[0x88, 0xA8, 0, 7, 0x81, 0, 0, 8, 0x08, 0], &ipv4(segment)].concat()
});
/// Ethernet pads a short packet.
const PADDED: Around =
    (1, |segment| [&[0; 12][..], &[0x08, 0], &ipv4(segment), &[0xEE; 9]].concat());
/// The length is left to the network card.
const OFFLOADED: Around = (1, |segment| {
    let mut ip = ipv4(segment);
    ip[2..4].fill(0);
    [&[0; 12][..], &[0x08, 0], &ip].concat()
});
/// Hop-by-hop, routing, destination options, and the header of a fragment that is the whole packet.
const EXTENDED: Around = (1, |segment| {
    let routing = [60, 0, 4, 0, 0, 0, 0, 0];
    let fragment = [6, 0, 0, 0, 0, 0, 0, 1];
    let extensions = [extension(43), routing, extension(44), fragment].concat();
    [&[0; 12][..], &[0x86, 0xDD], &ipv6(0, &extensions, segment)].concat()
});
const COOKED: Around = (113, |segment| {
    [&[0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x08, 0][..], &ipv4(segment)].concat()
});
/// Of a tunnel: its kind of hardware is none that has addresses.
const COOKED_TUNNEL: Around = (113, |segment| {
    let header = [0, 4, 0xFF, 0xFE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x86, 0xDD];
    [&header[..], &ipv6(6, &[], segment)].concat()
});
const COOKED_2: Around = (276, |segment| {
    let header = [0x08, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];
    [&header[..], &ipv4(segment)].concat()
});
const COOKED_2_VLAN: Around = (276, |segment| {
    let header = [0x81, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0];
    [&header[..], &[0, 5, 0x86, 0xDD], &ipv6(6, &[], segment)].concat()
});
/// BSD loopback, in the byte order of the machine: AF_INET, and an AF_INET6 of macOS.
const LOOPBACK: Around = (0, |segment| [&[2, 0, 0, 0][..], &ipv4(segment)].concat());
const LOOPBACK_V6: Around = (0, |segment| [&[30, 0, 0, 0][..], &ipv6(6, &[], segment)].concat());
/// OpenBSD's, in network byte order.
const LOOP: Around = (108, |segment| [&[0, 0, 0, 2][..], &ipv4(segment)].concat());

#[test]
fn whatever_stands_before_tcp_the_same_pdus_are_found() {
    let stream = parse_hex(&format!("{SUBMIT_SM}{ENQUIRE_LINK}")).unwrap();
    let all = [
        ("raw IPv4", IPV4, "10.0.0.1:2775"),
        ("VLAN", VLAN, "10.0.0.1:2775"),
        ("VLAN in VLAN", VLAN_IN_VLAN, "10.0.0.1:2775"),
        ("Ethernet, padded", PADDED, "10.0.0.1:2775"),
        ("IPv4 without a length", OFFLOADED, "10.0.0.1:2775"),
        ("IPv6 with extension headers", EXTENDED, "[2001:db8::1]:2775"),
        ("Linux cooked", COOKED, "10.0.0.1:2775"),
        ("Linux cooked of a tunnel", COOKED_TUNNEL, "[2001:db8::1]:2775"),
        ("Linux cooked 2", COOKED_2, "10.0.0.1:2775"),
        ("Linux cooked 2, VLAN", COOKED_2_VLAN, "[2001:db8::1]:2775"),
        ("BSD loopback", LOOPBACK, "10.0.0.1:2775"),
        ("BSD loopback, IPv6", LOOPBACK_V6, "[2001:db8::1]:2775"),
        ("OpenBSD loopback", LOOP, "10.0.0.1:2775"),
    ];
    for (name, (link_type, around), from) in all {
        let packets = [
            around(&tcp(100, true, b"")),
            around(&tcp(101, false, &stream[..30])),
            around(&tcp(131, false, &stream[30..])),
        ];
        let (found, why) = decode_all(&pcap_of(link_type, &packets));
        assert!(why.is_none(), "{name}: {}", why.unwrap());
        let commands: Vec<_> = found.iter().map(|line| line["command"].as_str().unwrap()).collect();
        assert_eq!(commands, ["submit_sm", "enquire_link"], "{name}");
        assert_eq!(found[0]["from"], from, "{name}");
    }
}

#[test]
fn the_packet_block_of_old_versions_of_pcapng_is_read() {
    let mut capture = pcapng(&[packet(1, false, &parse_hex(ENQUIRE_LINK).unwrap())]);
    // its type, and the interface's number in two octets before the drops
    let at = capture.len() - u32::from_be_bytes(*capture.last_chunk().unwrap()) as usize;
    capture[at..at + 4].copy_from_slice(&[0, 0, 0, 2]);
    let found = decode_input(&capture).unwrap();
    assert_eq!((&found[0]["command"], &found[0]["time_s"]), (&"enquire_link".into(), &7.5.into()));
}

#[test]
fn what_keeps_a_capture_from_being_read_to_its_end_is_said_after_what_was_found() {
    let pdu = parse_hex(ENQUIRE_LINK).unwrap();
    let packets: Vec<_> = (0..3).map(|n| packet(1 + n * 16, false, &pdu)).collect();
    let classic = pcap(&packets);
    let whole = decode_input(&classic).unwrap().len();
    assert_eq!(whole, 3);
    let says = |capture: &[u8]| {
        let (found, why) = decode_all(capture);
        (found.len(), why.unwrap().to_string())
    };
    let (found, why) = says(&classic[..classic.len() - 5]);
    let at = 24 + 2 * (16 + packets[0].len());
    let broken = format!("broken at octet {at} or ends early, behind 2 whole packets");
    assert!(found == 2 && why.contains(&broken), "{found}: {why}");
    let new = pcapng(&packets);
    let (found, why) = says(&new[..new.len() - 5]);
    assert!(found == 2 && why.contains("behind 2 whole packets"), "{found}: {why}");
    let (found, why) = says(&[&classic[..], &[0; 8], &[0xFF; 8], &[0; 40 << 20]].concat());
    assert!(found == 3 && why.contains("a block of more than 16 MiB"), "{found}: {why}");
    let (found, why) = says(&classic[..20]);
    assert!(found == 0 && why.contains("the header of the capture"), "{found}: {why}");
    let (found, why) = says(&pcap_of(147, &packets));
    assert!(found == 0 && why.contains("link type 147"), "{found}: {why}");
}

/// A capture of which only a little is held at a time.
struct Endless {
    header: Vec<u8>,
    packet: Vec<u8>,
    packets: usize,
    at: usize,
}

impl Read for Endless {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let rest = if self.header.is_empty() { &self.packet[self.at..] } else { &self.header[..] };
        let octets = rest.len().min(room.len());
        room[..octets].copy_from_slice(&rest[..octets]);
        if !self.header.is_empty() {
            self.header.drain(..octets);
        } else if self.packets > 0 {
            self.at = (self.at + octets) % self.packet.len();
            self.packets -= usize::from(self.at == 0);
        } else {
            return Ok(0);
        }
        Ok(octets)
    }
}

#[test]
fn a_large_capture_is_read_as_a_stream() {
    let pdus = parse_hex(ENQUIRE_LINK).unwrap().repeat(4_000);
    // segments of other traffic around it: 300 MB that nothing keeps
    let noise = pcap(&[packet(1, false, &pdus)]);
    let packets = 5_000;
    let capture =
        Endless { header: noise[..24].to_vec(), packet: noise[24..].to_vec(), packets, at: 0 };
    let mut found = 0;
    // the same segment again and again is decoded once
    decode(capture, |_| {
        found += 1;
        Ok(())
    })
    .unwrap();
    assert_eq!(found, 4_000);
}

proptest! {
    #[test]
    fn a_damaged_capture_never_panics(
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..12),
        new_format in any::<bool>(),
    ) {
        let stream = parse_hex(&format!("{SUBMIT_SM}{ENQUIRE_LINK}")).unwrap();
        let packets = [packet(0, true, b""), packet(11, false, &stream[10..]), packet(1, false, &stream[..20])];
        let mut capture = if new_format { pcapng(&packets) } else { pcap(&packets) };
        for (place, octet) in damage {
            let octets = capture.len();
            capture[place.index(octets - 4) + 4] = octet;
        }
        let _ = decode_all(&capture);
    }
}
