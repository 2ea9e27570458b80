//! The TCP segments of a capture (pcap, pcapng), read as a stream of any size: `pcap-parser` reads the file,
//! `etherparse` the packets in it.
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr};

use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TransportSlice};
use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{Block, PcapBlockOwned, PcapError, create_reader};

/// A TCP segment.
pub(super) struct Segment<'a> {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) sequence: u32,
    pub(super) syn: bool,
    pub(super) payload: &'a [u8],
    /// Seconds since 1970; None: not in the capture.
    pub(super) time_s: Option<f64>,
}

/// Why a capture was not read completely.
#[derive(Debug, thiserror::Error)]
pub(super) enum CaptureError {
    #[error("the header of the capture is broken, or ends early; nothing is decoded")]
    Header,
    #[error(
        "the capture is broken at octet {at} or ends early, behind {packets} whole packets; \
         all before that is decoded"
    )]
    Broken { at: usize, packets: u64 },
    #[error(
        "the capture has a block of more than {} MiB at octet {at}, behind {packets} whole packets; \
         all before that is decoded",
        BLOCK_OCTETS_MAX >> 20
    )]
    TooLarge { at: usize, packets: u64 },
    #[error(
        "packets of link type {0} are skipped; Ethernet, Linux cooked, BSD loopback and raw IP \
         are decoded"
    )]
    LinkType(i32),
}

impl CaptureError {
    /// Whether some of the capture was read.
    pub(super) fn is_partial(&self) -> bool {
        !matches!(self, CaptureError::Header)
    }
}

/// Octets at the start that tell a capture from text.
pub(super) const MAGIC_OCTETS: u64 = 4;

/// Octets that are read at once, and of the largest block.
const READ_OCTETS: usize = 256 << 10;
const BLOCK_OCTETS_MAX: usize = 16 << 20;

/// Whether the octets begin as a capture does.
pub(super) fn is_capture(octets: &[u8]) -> bool {
    let Some(magic) = octets.first_chunk() else { return false };
    [u32::from_be_bytes(*magic), u32::from_le_bytes(*magic)]
        .iter()
        .any(|magic| matches!(*magic, 0x0A0D_0D0A | 0xA1B2_C3D4 | 0xA1B2_3C4D))
}

/// Interface of a capture: its link type, and the ticks of its clock.
#[derive(Clone, Copy)]
struct Interface {
    link_type: i32,
    ticks_per_s: f64,
}

/// A capture that is being read.
struct Capture {
    /// Interfaces of the current section; a classic capture has one.
    interfaces: Vec<Interface>,
    big_endian: bool,
    packets: u64,
    /// Link types of skipped packets.
    unknown: BTreeSet<i32>,
}

/// What to do before the next block is read.
enum ReadStep {
    Consume(usize),
    Refill,
    Grow,
}

/// Gives the TCP segments of a capture in order. Returns why it was not read completely; None: it was.
///
/// # Errors
/// That of `take`, at once.
pub(super) fn segments(
    input: impl Read + Send,
    mut take: impl FnMut(&Segment<'_>) -> io::Result<()>,
) -> io::Result<Option<CaptureError>> {
    let Ok(mut reader) = create_reader(READ_OCTETS, FillingReader(input)) else {
        return Ok(Some(CaptureError::Header));
    };
    let mut capture =
        Capture { interfaces: Vec::new(), big_endian: false, packets: 0, unknown: BTreeSet::new() };
    let mut room = READ_OCTETS;
    loop {
        let next = match reader.next() {
            Ok((octets, block)) => {
                if let Some(segment) = capture.segment(&block) {
                    take(&segment)?;
                }
                ReadStep::Consume(octets)
            }
            Err(PcapError::Eof) => break,
            Err(PcapError::Incomplete(_)) => ReadStep::Refill,
            Err(PcapError::BufferTooSmall) => ReadStep::Grow,
            Err(_) => return Ok(Some(capture.broken(reader.consumed()))),
        };
        let held = reader.data().len();
        match next {
            ReadStep::Consume(octets) => reader.consume(octets),
            ReadStep::Refill => {
                let read = reader.refill().is_ok();
                let more = reader.data().len() > held || reader.reader_exhausted();
                if !read || !more {
                    return Ok(Some(capture.broken(reader.consumed())));
                }
            }
            ReadStep::Grow if room < BLOCK_OCTETS_MAX => {
                room *= 2;
                reader.grow(room);
            }
            ReadStep::Grow => {
                let (at, packets) = (reader.consumed(), capture.packets);
                return Ok(Some(CaptureError::TooLarge { at, packets }));
            }
        }
    }
    Ok(capture.unknown.first().map(|link_type| CaptureError::LinkType(*link_type)))
}

/// Fills the whole buffer of a read, until the stream ends: `create_reader` needs the first block from one read.
struct FillingReader<R>(R);

impl<R: Read> Read for FillingReader<R> {
    fn read(&mut self, mut room: &mut [u8]) -> io::Result<usize> {
        let octets = room.len() as u64;
        io::copy(&mut self.0.by_ref().take(octets), &mut room).map(|octets| octets as usize)
    }
}

impl Capture {
    fn broken(&self, at: usize) -> CaptureError {
        CaptureError::Broken { at, packets: self.packets }
    }

    /// The TCP segment in a block; None: it has none.
    fn segment<'a>(&mut self, block: &'a PcapBlockOwned<'a>) -> Option<Segment<'a>> {
        match block {
            PcapBlockOwned::LegacyHeader(header) => {
                let ticks_per_s = if header.is_nanosecond_precision() { 1e9 } else { 1e6 };
                let link_type = header.network.0 & 0xFFFF;
                self.interfaces.push(Interface { link_type, ticks_per_s });
                None
            }
            PcapBlockOwned::Legacy(packet) => {
                let ticks_per_s = self.interfaces.first()?.ticks_per_s;
                let time_s = f64::from(packet.ts_sec) + f64::from(packet.ts_usec) / ticks_per_s;
                self.packet(0, packet.data, Some(time_s))
            }
            PcapBlockOwned::NG(block) => self.segment_of_block(block),
        }
    }

    fn segment_of_block<'a>(&mut self, block: &'a Block<'a>) -> Option<Segment<'a>> {
        match block {
            Block::SectionHeader(section) => {
                self.big_endian = section.big_endian();
                self.interfaces.clear();
                None
            }
            Block::InterfaceDescription(interface) => {
                let exponent = i32::from(interface.if_tsresol & 0x7F);
                let base: f64 = if interface.if_tsresol & 0x80 == 0 { 10.0 } else { 2.0 };
                let link_type = interface.linktype.0;
                self.interfaces.push(Interface { link_type, ticks_per_s: base.powi(exponent) });
                None
            }
            Block::EnhancedPacket(packet) => {
                let ticks = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                let time_s = self.time_s(packet.if_id as usize, ticks);
                self.packet(packet.if_id as usize, packet.packet_data(), time_s)
            }
            Block::SimplePacket(packet) => self.packet(0, packet.packet_data(), None),
            Block::Unknown(unknown) => {
                let kind = unknown.block_type;
                let kind = if self.big_endian { kind.swap_bytes() } else { kind };
                if kind == OBSOLETE_PACKET { self.obsolete_packet(unknown.data) } else { None }
            }
            _ => None,
        }
    }

    /// The segment of an obsolete packet block: interface and drops, time, captured and original length, octets.
    fn obsolete_packet<'a>(&mut self, block: &'a [u8]) -> Option<Segment<'a>> {
        let word = |at: usize| {
            let octets = *block.get(at..)?.first_chunk()?;
            Some(if self.big_endian {
                u32::from_be_bytes(octets)
            } else {
                u32::from_le_bytes(octets)
            })
        };
        let interface = if self.big_endian { word(0)? >> 16 } else { word(0)? & 0xFFFF } as usize;
        let ticks = u64::from(word(4)?) << 32 | u64::from(word(8)?);
        let octets = block.get(20..)?.get(..word(12)? as usize)?;
        let time_s = self.time_s(interface, ticks);
        self.packet(interface, octets, time_s)
    }

    fn time_s(&self, interface: usize, ticks: u64) -> Option<f64> {
        Some(ticks as f64 / self.interfaces.get(interface)?.ticks_per_s)
    }

    fn packet<'a>(
        &mut self,
        interface: usize,
        octets: &'a [u8],
        time_s: Option<f64>,
    ) -> Option<Segment<'a>> {
        self.packets += 1;
        let link_type = self.interfaces.get(interface)?.link_type;
        let sliced = match link_type {
            // BSD loopback, in both byte orders: the version of IP tells the family anyway
            0 | 108 => LaxSlicedPacket::from_ip(octets.get(4..)?).ok()?,
            1 => LaxSlicedPacket::from_ethernet(octets).ok()?,
            12 | 14 | 101 | 228 | 229 => LaxSlicedPacket::from_ip(octets).ok()?,
            // Linux cooked capture, first and second version; the protocol stands last, and first
            113 => cooked(octets, 14, 16)?,
            276 => cooked(octets, 0, 20)?,
            unknown => {
                self.unknown.insert(unknown);
                return None;
            }
        };
        segment_of(sliced, time_s)
    }
}

/// Type of the packet block of early versions of pcapng.
const OBSOLETE_PACKET: u32 = 2;

/// A packet behind a header of Linux cooked capture.
fn cooked(octets: &[u8], protocol_at: usize, header: usize) -> Option<LaxSlicedPacket<'_>> {
    let protocol = u16::from_be_bytes(*octets.get(protocol_at..)?.first_chunk()?);
    Some(LaxSlicedPacket::from_ether_type(EtherType(protocol), octets.get(header..)?))
}

fn segment_of(packet: LaxSlicedPacket<'_>, time_s: Option<f64>) -> Option<Segment<'_>> {
    let (from, to): (IpAddr, IpAddr) = match packet.net.as_ref()? {
        LaxNetSlice::Ipv4(ip) => {
            (ip.header().source_addr().into(), ip.header().destination_addr().into())
        }
        LaxNetSlice::Ipv6(ip) => {
            (ip.header().source_addr().into(), ip.header().destination_addr().into())
        }
        LaxNetSlice::Arp(_) => return None,
    };
    let Some(TransportSlice::Tcp(tcp)) = packet.transport else { return None };
    Some(Segment {
        from: SocketAddr::new(from, tcp.source_port()),
        to: SocketAddr::new(to, tcp.destination_port()),
        sequence: tcp.sequence_number(),
        syn: tcp.syn(),
        payload: tcp.payload(),
        time_s,
    })
}
