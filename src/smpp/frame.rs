//! Cuts a stream of octets into PDUs by `command_length` alone. Knows no command and no body.

use std::fmt;

use super::header::Header;

/// The longest PDU taken unless set otherwise: a 64 KiB `message_payload` and its fields.
pub const OCTETS_MAX_DEFAULT: usize = 70_000;

/// The stream cannot be cut any more: answer `generic_nack` 0x02 with sequence 0 and drop the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Desync {
    /// `command_length` is shorter than a header.
    TooShort {
        /// As it stood on the wire.
        command_length: u32,
    },
    /// `command_length` is beyond the cap.
    TooLong {
        /// As it stood on the wire.
        command_length: u32,
        /// The cap in octets.
        max: usize,
    },
}

impl Desync {
    /// The name of the fault in reports and in `decode`.
    pub const fn name(self) -> &'static str {
        match self {
            Desync::TooShort { .. } => "COMMAND_LENGTH_TOO_SHORT",
            Desync::TooLong { .. } => "COMMAND_LENGTH_TOO_LONG",
        }
    }

    /// What the octets are instead, where that can be told, and what would do; empty where it cannot.
    pub const fn hint(self) -> &'static str {
        match self {
            // a TLS record: its type (20 to 23), and version 3.0 to 3.4
            Desync::TooLong { command_length, .. }
                if matches!(command_length >> 24, 0x14..=0x17)
                    && matches!(command_length >> 8 & 0xFFFF, 0x0300..=0x0304) =>
            {
                "; the peer speaks TLS: use --tls (target.tls = true)"
            }
            // HTTP/1.1, and SSH-2.0
            Desync::TooLong { command_length: 0x4854_5450, .. } => "; the peer speaks HTTP",
            Desync::TooLong { command_length: 0x5353_482D, .. } => "; the peer speaks SSH",
            Desync::TooLong { .. } | Desync::TooShort { .. } => "",
        }
    }
}

impl fmt::Display for Desync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Desync::TooShort { command_length } => {
                write!(f, "command_length {command_length} is below the 16 octets of a header")
            }
            Desync::TooLong { command_length, max } => {
                write!(
                    f,
                    "command_length {command_length} is above the cap of {max} octets{}",
                    self.hint()
                )
            }
        }
    }
}

impl std::error::Error for Desync {}

/// The octets of the first whole PDU in `buffer`; `None` while it is incomplete.
///
/// # Errors
/// [`Desync`] as soon as the four octets of `command_length` are there and cannot be one: nothing
/// is awaited or allocated for a length that will be refused.
#[inline]
pub fn cut(buffer: &[u8], octets_max: usize) -> Result<Option<usize>, Desync> {
    let Some(prefix) = buffer.first_chunk::<4>() else {
        return Ok(None);
    };
    let command_length = u32::from_be_bytes(*prefix);
    let octets = command_length as usize;
    if octets < Header::OCTETS {
        return Err(Desync::TooShort { command_length });
    }
    if octets > octets_max {
        return Err(Desync::TooLong { command_length, max: octets_max });
    }
    Ok((buffer.len() >= octets).then_some(octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_pdu_is_cut_and_a_part_is_awaited() {
        let mut buffer = vec![0, 0, 0, 17];
        buffer.resize(17, 0);
        for have in 0..17 {
            assert_eq!(cut(&buffer[..have], 64), Ok(None), "{have}");
        }
        assert_eq!(cut(&buffer, 64), Ok(Some(17)));
        buffer.push(9);
        assert_eq!(cut(&buffer, 64), Ok(Some(17)));
    }

    #[test]
    fn an_impossible_length_is_refused_on_its_four_octets() {
        assert_eq!(cut(&[0, 0, 0, 15], 64), Err(Desync::TooShort { command_length: 15 }));
        assert_eq!(cut(&[0, 0, 0, 65], 64), Err(Desync::TooLong { command_length: 65, max: 64 }));
        assert_eq!(cut(&[0, 0, 0, 64], 64), Ok(None));
        assert_eq!(
            cut(&[0xFF; 4], OCTETS_MAX_DEFAULT),
            Err(Desync::TooLong { command_length: u32::MAX, max: OCTETS_MAX_DEFAULT })
        );
    }
}
