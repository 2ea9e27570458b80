//! The 16 octets that open every PDU (v3.4 3.2). Knows no body and judges no length.

use bytes::{BufMut, BytesMut};

use super::command::CommandId;
use super::status::CommandStatus;

/// The four integers, big-endian on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Header {
    /// Octets of the whole PDU, these four among them.
    pub command_length: u32,
    /// Type of the PDU.
    pub command_id: CommandId,
    /// 0 in a request; the outcome in a response.
    pub command_status: CommandStatus,
    /// Ties a response to its request. 0 and numbers above 0x7FFFFFFF are met and are echoed.
    pub sequence_number: u32,
}

impl Header {
    /// Octets of a header on the wire.
    pub const OCTETS: usize = 16;

    /// Reads a header from the front of `octets`; `None` where there are fewer than 16.
    #[inline]
    pub fn read(octets: &[u8]) -> Option<Header> {
        let octets: &[u8; Self::OCTETS] = octets.first_chunk()?;
        let word = |at: usize| {
            u32::from_be_bytes([octets[at], octets[at + 1], octets[at + 2], octets[at + 3]])
        };
        Some(Header {
            command_length: word(0),
            command_id: CommandId(word(4)),
            command_status: CommandStatus(word(8)),
            sequence_number: word(12),
        })
    }

    /// Appends the 16 octets, `command_length` as it stands.
    #[inline]
    pub fn write(&self, out: &mut BytesMut) {
        let mut octets = [0_u8; Self::OCTETS];
        octets[0..4].copy_from_slice(&self.command_length.to_be_bytes());
        octets[4..8].copy_from_slice(&self.command_id.0.to_be_bytes());
        octets[8..12].copy_from_slice(&self.command_status.0.to_be_bytes());
        octets[12..16].copy_from_slice(&self.sequence_number.to_be_bytes());
        out.put_slice(&octets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_reads_what_it_wrote_and_needs_all_its_octets() {
        let header = Header {
            command_length: 16,
            command_id: CommandId::ENQUIRE_LINK,
            command_status: CommandStatus(0x0102_0304),
            sequence_number: 0xA285_9F22,
        };
        let mut out = BytesMut::new();
        header.write(&mut out);
        assert_eq!(out.len(), Header::OCTETS);
        assert_eq!(Header::read(&out), Some(header));
        assert_eq!(Header::read(&out[..15]), None);
    }
}
