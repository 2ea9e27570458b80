//! Packets out of a capture (classic pcap, pcapng), and the TCP segment in each. Knows no SMPP and
//! trusts no length.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A packet's octets, what its first header is, and its time.
pub(super) struct Packet<'a> {
    link_type: u32,
    octets: &'a [u8],
    /// Seconds since 1970, where the capture says.
    pub(super) time_s: Option<f64>,
}

/// A TCP segment.
pub(super) struct Segment<'a> {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) sequence: u32,
    pub(super) syn: bool,
    pub(super) payload: &'a [u8],
}

const PCAPNG: u32 = 0x0A0D_0D0A;
const PCAPNG_ORDER: u32 = 0x1A2B_3C4D;
const PCAP_US: u32 = 0xA1B2_C3D4;
const PCAP_NS: u32 = 0xA1B2_3C4D;

/// Whether the octets begin as a capture does.
pub(super) fn is_capture(octets: &[u8]) -> bool {
    let Some(magic) = octets.first_chunk::<4>() else { return false };
    [u32::from_be_bytes(*magic), u32::from_le_bytes(*magic)]
        .iter()
        .any(|magic| matches!(*magic, PCAPNG | PCAP_US | PCAP_NS))
}

/// Integers in the capture's own byte order.
#[derive(Clone, Copy)]
struct Order {
    big_endian: bool,
}

impl Order {
    fn u16(self, octets: &[u8], at: usize) -> Option<u16> {
        let octets = *octets.get(at..)?.first_chunk::<2>()?;
        Some(if self.big_endian { u16::from_be_bytes(octets) } else { u16::from_le_bytes(octets) })
    }

    fn u32(self, octets: &[u8], at: usize) -> Option<u32> {
        let octets = *octets.get(at..)?.first_chunk::<4>()?;
        Some(if self.big_endian { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) })
    }
}

/// The packets in order; a capture that is cut short gives those before the cut.
pub(super) fn packets(capture: &[u8]) -> Vec<Packet<'_>> {
    let mut packets = Vec::new();
    let big = Order { big_endian: true };
    if big.u32(capture, 0) == Some(PCAPNG) {
        read_pcapng(capture, &mut packets);
    } else {
        read_pcap(capture, &mut packets);
    }
    packets
}

/// None: the capture ends.
fn read_pcap<'a>(capture: &'a [u8], packets: &mut Vec<Packet<'a>>) -> Option<()> {
    let big_endian = matches!(Order { big_endian: true }.u32(capture, 0)?, PCAP_US | PCAP_NS);
    let order = Order { big_endian };
    let ticks_per_s = if order.u32(capture, 0)? == PCAP_NS { 1e9 } else { 1e6 };
    let link_type = order.u32(capture, 20)? & 0xFFFF;
    let mut at = 24;
    loop {
        let captured = order.u32(capture, at + 8)? as usize;
        let octets = capture.get(at + 16..)?.get(..captured)?;
        let time_s = f64::from(order.u32(capture, at)?)
            + f64::from(order.u32(capture, at + 4)?) / ticks_per_s;
        packets.push(Packet { link_type, octets, time_s: Some(time_s) });
        at += 16 + captured;
    }
}

/// An interface of a pcapng section: its link type, and the ticks of its clock.
struct Interface {
    link_type: u32,
    ticks_per_s: f64,
}

/// None: the capture ends.
fn read_pcapng<'a>(capture: &'a [u8], packets: &mut Vec<Packet<'a>>) -> Option<()> {
    let network = Order { big_endian: true };
    let mut order = network;
    let mut interfaces: Vec<Interface> = Vec::new();
    let mut at = 0;
    loop {
        if network.u32(capture, at)? == PCAPNG {
            let big_endian = network.u32(capture, at + 8)? == PCAPNG_ORDER;
            order = Order { big_endian };
            interfaces.clear();
        }
        let kind = order.u32(capture, at)?;
        let octets = order.u32(capture, at + 4)? as usize;
        let block = capture.get(at..)?.get(..octets).filter(|block| block.len() >= 12)?;
        match kind {
            1 => interfaces.push(interface_of(order, block)?),
            // Enhanced, and obsolete: interface, time, length, octets.
            2 | 6 => {
                let id =
                    if kind == 6 { order.u32(block, 8)? } else { u32::from(order.u16(block, 8)?) };
                let captured = order.u32(block, 20)? as usize;
                if let (Some(interface), Some(octets)) =
                    (interfaces.get(id as usize), block.get(28..28 + captured))
                {
                    let ticks =
                        u64::from(order.u32(block, 12)?) << 32 | u64::from(order.u32(block, 16)?);
                    let time_s = Some(ticks as f64 / interface.ticks_per_s);
                    packets.push(Packet { link_type: interface.link_type, octets, time_s });
                }
            }
            // Simple: length on the wire, octets.
            3 => {
                let length = (order.u32(block, 8)? as usize).min(block.len().saturating_sub(16));
                if let (Some(interface), Some(octets)) =
                    (interfaces.first(), block.get(12..12 + length))
                {
                    packets.push(Packet { link_type: interface.link_type, octets, time_s: None });
                }
            }
            _ => {}
        }
        at += octets.next_multiple_of(4);
    }
}

/// Reads an interface block; its option 9 (`if_tsresol`) sets the tick.
fn interface_of(order: Order, block: &[u8]) -> Option<Interface> {
    let link_type = u32::from(order.u16(block, 8)?);
    let mut ticks_per_s = 1e6;
    let mut at = 16;
    while let (Some(code), Some(length)) = (order.u16(block, at), order.u16(block, at + 2)) {
        match (code, block.get(at + 4)) {
            (0, _) => break,
            (9, Some(resolution)) if resolution & 0x80 == 0 => {
                ticks_per_s = 10_f64.powi(i32::from(*resolution));
            }
            (9, Some(resolution)) => ticks_per_s = 2_f64.powi(i32::from(resolution & 0x7F)),
            _ => {}
        }
        at += 4 + usize::from(length).next_multiple_of(4);
    }
    Some(Interface { link_type, ticks_per_s })
}

impl<'a> Packet<'a> {
    /// The TCP segment in the packet; `None` where it holds none.
    pub(super) fn segment(&self) -> Option<Segment<'a>> {
        let ip = self.ip()?;
        match ip.first()? >> 4 {
            4 => segment_of_ipv4(ip),
            6 => segment_of_ipv6(ip),
            _ => None,
        }
    }

    /// What follows the link's header, where that is IP.
    fn ip(&self) -> Option<&'a [u8]> {
        const IPV4: u16 = 0x0800;
        const IPV6: u16 = 0x86DD;
        let octets = self.octets;
        let ethertype = |at: usize| {
            octets.get(at..)?.first_chunk::<2>().map(|octets| u16::from_be_bytes(*octets))
        };
        match self.link_type {
            // BSD loopback, both byte orders: the IP version tells the family anyway.
            0 | 108 => octets.get(4..),
            1 => {
                let mut at = 12;
                // VLAN tags.
                while matches!(ethertype(at)?, 0x8100 | 0x88A8) {
                    at += 4;
                }
                matches!(ethertype(at)?, IPV4 | IPV6).then(|| octets.get(at + 2..))?
            }
            // Raw IP.
            12 | 14 | 101 | 228 | 229 => Some(octets),
            // Linux cooked capture, first and second version.
            113 => matches!(ethertype(14)?, IPV4 | IPV6).then(|| octets.get(16..))?,
            276 => matches!(ethertype(0)?, IPV4 | IPV6).then(|| octets.get(20..))?,
            _ => None,
        }
    }
}

const TCP: u8 = 6;

fn segment_of_ipv4(ip: &[u8]) -> Option<Segment<'_>> {
    let header: &[u8; 20] = ip.first_chunk()?;
    let header_octets = usize::from(header[0] & 0x0F) * 4;
    let total = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let fragment = u16::from_be_bytes([header[6], header[7]]) & 0x3FFF;
    if header[9] != TCP || fragment != 0 || header_octets < 20 {
        return None;
    }
    // A total of 0 is segmentation offload: the packet is as long as it is.
    let ip = if total == 0 { ip } else { ip.get(..total.min(ip.len()))? };
    let from = Ipv4Addr::from(*header[12..].first_chunk::<4>()?);
    let to = Ipv4Addr::from(*header[16..].first_chunk::<4>()?);
    segment_of_tcp(ip.get(header_octets..)?, from.into(), to.into())
}

fn segment_of_ipv6(ip: &[u8]) -> Option<Segment<'_>> {
    let header: &[u8; 40] = ip.first_chunk()?;
    let payload = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let end = if payload == 0 { ip.len() } else { ip.len().min(40 + payload) };
    let from = Ipv6Addr::from(*header[8..].first_chunk::<16>()?);
    let to = Ipv6Addr::from(*header[24..].first_chunk::<16>()?);
    let (mut next, mut rest) = (header[6], &ip[40..end]);
    // Hop-by-hop, routing and destination options may stand before TCP.
    while matches!(next, 0 | 43 | 60) {
        let octets = usize::from(*rest.get(1)?) * 8 + 8;
        next = *rest.first()?;
        rest = rest.get(octets..)?;
    }
    (next == TCP).then(|| segment_of_tcp(rest, from.into(), to.into()))?
}

fn segment_of_tcp(tcp: &[u8], from: IpAddr, to: IpAddr) -> Option<Segment<'_>> {
    let header: &[u8; 20] = tcp.first_chunk()?;
    let port = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let payload = tcp.get(usize::from(header[12] >> 4) * 4..)?;
    Some(Segment {
        from: SocketAddr::new(from, port(0)),
        to: SocketAddr::new(to, port(2)),
        sequence: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
        syn: header[13] & 0x02 != 0,
        payload,
    })
}
