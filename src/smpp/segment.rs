//! Long messages: how a text is split, and what ties its parts together (3GPP 23.040 9.2.3.24;
//! v3.4 5.3.2.22 to 24). Knows no template: a part is octets and the header that goes before them.

use std::fmt;

use super::coding::{Coding, Unencodable};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a text that does not fit one short_message is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Long {
    /// It is sent in parts with an 8-bit reference in a UDH.
    #[default]
    Udh8,
    /// It is sent in parts with a 16-bit reference in a UDH.
    Udh16,
    /// It is sent in parts with SAR TLVs.
    Sar,
    /// It is sent in one submit_sm with message_payload.
    Payload,
    /// It is refused as a mistake of the profile.
    Reject,
}

/// How a part is tied to the other parts of its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concatenation {
    /// A message of one part.
    Single,
    /// User data header before the octets, `esm_class` 0x40.
    Udh8 {
        /// Number of parts.
        total: u8,
        /// This one, from 1.
        seqnum: u8,
    },
    /// User data header before the octets, `esm_class` 0x40.
    Udh16 {
        /// Number of parts.
        total: u8,
        /// This one, from 1.
        seqnum: u8,
    },
    /// Three TLVs.
    Sar {
        /// Number of parts.
        total: u8,
        /// This one, from 1.
        seqnum: u8,
    },
    /// The octets go into TLV `message_payload`, and `sm_length` is 0.
    Payload,
}

impl Concatenation {
    /// The bits that it adds to `esm_class`.
    pub const fn esm_class(self) -> u8 {
        match self {
            Concatenation::Udh8 { .. } | Concatenation::Udh16 { .. } => 0x40,
            Concatenation::Single | Concatenation::Sar { .. } | Concatenation::Payload => 0,
        }
    }

    /// The user data header for a reference (an 8-bit one takes its low octet); empty where there is
    /// none. The reference is to be unique for each pair of source and destination.
    pub fn udh(self, reference: u16) -> Vec<u8> {
        let [high, low] = reference.to_be_bytes();
        match self {
            Concatenation::Udh8 { total, seqnum } => vec![5, 0x00, 3, low, total, seqnum],
            Concatenation::Udh16 { total, seqnum } => vec![6, 0x08, 4, high, low, total, seqnum],
            Concatenation::Single | Concatenation::Sar { .. } | Concatenation::Payload => {
                Vec::new()
            }
        }
    }
}

/// One part of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// How it is tied to the other parts.
    pub concatenation: Concatenation,
    /// The text's octets, without the user data header.
    pub octets: Vec<u8>,
}

/// A text that cannot be sent so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SegmentError {
    /// It has a character that the coding lacks.
    Unencodable(Unencodable),
    /// It does not fit, and `long` is `reject` (or even 255 parts are too few).
    TooLong {
        /// Units (septets, octets or 16-bit units) that it has.
        units: usize,
        /// Units that fit.
        units_max: usize,
    },
}

impl fmt::Display for SegmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SegmentError::Unencodable(fault) => fault.fmt(f),
            SegmentError::TooLong { units, units_max } => write!(
                f,
                "the text has {units} units and {units_max} fit; shorten it, or set long to udh8, udh16, sar or payload"
            ),
        }
    }
}

impl std::error::Error for SegmentError {}

/// Units of a whole message, of a part with an 8-bit reference, and with a 16-bit one
/// (docs/smpp/protocol.md, "Alphabets and long messages").
struct PartLimits {
    single: usize,
    concat8: usize,
    concat16: usize,
    /// Octets of one unit.
    unit_octets: usize,
}

const fn limits(coding: Coding) -> PartLimits {
    match coding {
        Coding::Gsm | Coding::GsmPacked | Coding::Ascii => {
            PartLimits { single: 160, concat8: 153, concat16: 152, unit_octets: 1 }
        }
        Coding::Latin1 => PartLimits { single: 140, concat8: 134, concat16: 133, unit_octets: 1 },
        Coding::Ucs2 => PartLimits { single: 70, concat8: 67, concat16: 66, unit_octets: 2 },
    }
}

/// Units that fit one message, and one part of a long one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartUnits {
    /// Units of a message of one part.
    pub single: usize,
    /// Units of each part of a longer one.
    pub part: usize,
    /// Octets of one unit.
    pub unit_octets: usize,
}

/// The units of the parts of texts in a coding.
pub const fn part_units(coding: Coding, long: Long) -> PartUnits {
    let PartLimits { single, concat8, concat16, unit_octets } = limits(coding);
    let part = match long {
        Long::Udh16 => concat16,
        Long::Udh8 | Long::Sar | Long::Payload | Long::Reject => concat8,
    };
    PartUnits { single, part, unit_octets }
}

/// PartLimits of binary octets.
const BINARY: PartLimits = PartLimits { single: 140, concat8: 134, concat16: 133, unit_octets: 1 };
/// Parts of a message: their count is one octet.
const PARTS_MAX: usize = 255;
/// Octets of a `message_payload`.
const PAYLOAD_OCTETS_MAX: usize = 65_535;

/// Splits a text. One that fits a single short message is one part whatever `long` says.
///
/// # Errors
/// [`SegmentError`]: a character that the coding lacks, or too many of them.
pub fn split(text: &str, coding: Coding, long: Long) -> Result<Vec<Part>, SegmentError> {
    let mut atoms = Vec::new();
    for (index, character) in text.chars().enumerate() {
        let mut units = Vec::with_capacity(4);
        coding.encode_char(character, &mut units).ok_or(SegmentError::Unencodable(
            Unencodable { character, position: index + 1, coding },
        ))?;
        atoms.push(units);
    }
    split_atoms(&atoms, &limits(coding), long, |units, fill_bits| coding.seal(units, fill_bits))
}

/// Splits binary octets anywhere.
///
/// # Errors
/// [`SegmentError::TooLong`].
pub fn split_octets(octets: &[u8], long: Long) -> Result<Vec<Part>, SegmentError> {
    let atoms: Vec<Vec<u8>> = octets.iter().map(|octet| vec![*octet]).collect();
    split_atoms(&atoms, &BINARY, long, |units, _| units)
}

/// An atom (a character's units: an escape pair, a surrogate pair) is never split.
fn split_atoms(
    atoms: &[Vec<u8>],
    limits: &PartLimits,
    long: Long,
    seal: impl Fn(Vec<u8>, u8) -> Vec<u8>,
) -> Result<Vec<Part>, SegmentError> {
    let octets: usize = atoms.iter().map(Vec::len).sum();
    let units = octets / limits.unit_octets;
    let too_long = |units_max| Err(SegmentError::TooLong { units, units_max });
    let whole = |concatenation| Ok(vec![Part { concatenation, octets: seal(atoms.concat(), 0) }]);
    if units <= limits.single {
        return whole(Concatenation::Single);
    }
    // Fill bits bring the text to a septet's boundary after the user data header.
    let (per_part, fill_bits) = match long {
        Long::Udh8 => (limits.concat8, 1),
        Long::Udh16 => (limits.concat16, 0),
        Long::Sar => (limits.concat8, 0),
        Long::Payload if octets <= PAYLOAD_OCTETS_MAX => return whole(Concatenation::Payload),
        Long::Payload => return too_long(PAYLOAD_OCTETS_MAX / limits.unit_octets),
        Long::Reject => return too_long(limits.single),
    };
    let mut parts: Vec<Vec<u8>> = vec![Vec::new()];
    for atom in atoms {
        let full = parts
            .last()
            .is_some_and(|part| part.len() + atom.len() > per_part * limits.unit_octets);
        if full {
            parts.push(Vec::new());
        }
        parts.last_mut().expect("there is always a part").extend(atom);
    }
    if parts.len() > PARTS_MAX {
        return too_long(PARTS_MAX * per_part);
    }
    let total = parts.len() as u8;
    let tied = (1..=total).zip(parts).map(|(seqnum, units)| {
        let concatenation = match long {
            Long::Udh16 => Concatenation::Udh16 { total, seqnum },
            Long::Sar => Concatenation::Sar { total, seqnum },
            Long::Udh8 | Long::Payload | Long::Reject => Concatenation::Udh8 { total, seqnum },
        };
        Part { concatenation, octets: seal(units, fill_bits) }
    });
    Ok(tied.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(parts: &[Part]) -> Vec<usize> {
        parts.iter().map(|part| part.octets.len()).collect()
    }

    #[test]
    fn the_limits_are_those_of_a_short_message() {
        for (coding, unit, single, concat8, concat16) in [
            (Coding::Gsm, "a", 160, 153, 152),
            (Coding::Latin1, "é", 140, 134, 133),
            (Coding::Ucs2, "ж", 70, 67, 66),
        ] {
            let octets = if coding == Coding::Ucs2 { 2 } else { 1 };
            let fits = split(&unit.repeat(single), coding, Long::Reject).unwrap();
            assert_eq!(
                (fits[0].concatenation, fits[0].octets.len()),
                (Concatenation::Single, single * octets)
            );
            let text = unit.repeat(single + 1);
            let udh8 = split(&text, coding, Long::Udh8).unwrap();
            assert_eq!(lengths(&udh8), [concat8 * octets, (single + 1 - concat8) * octets]);
            let udh16 = split(&text, coding, Long::Udh16).unwrap();
            assert_eq!(lengths(&udh16), [concat16 * octets, (single + 1 - concat16) * octets]);
            assert_eq!(
                split(&text, coding, Long::Reject),
                Err(SegmentError::TooLong { units: single + 1, units_max: single })
            );
        }
    }

    #[test]
    fn an_escape_pair_and_a_surrogate_pair_stay_together() {
        let gsm = format!("{}€{}", "a".repeat(152), "b".repeat(20));
        let parts = split(&gsm, Coding::Gsm, Long::Udh8).unwrap();
        assert_eq!(lengths(&parts), [152, 22]);
        assert_eq!(parts[1].octets[..2], [0x1B, 0x65]);
        let ucs2 = format!("{}😀{}", "ж".repeat(66), "ж".repeat(10));
        let parts = split(&ucs2, Coding::Ucs2, Long::Udh8).unwrap();
        assert_eq!(lengths(&parts), [132, 24]);
        for part in parts {
            assert!(!Coding::Ucs2.decode(&part.octets).contains('\u{FFFD}'));
        }
    }

    #[test]
    fn the_parts_together_are_the_text() {
        let text = "Grüße [€] an alle, 0123456789. ".repeat(20);
        for coding in [Coding::Gsm, Coding::Ucs2] {
            for long in [Long::Udh8, Long::Udh16, Long::Sar, Long::Payload] {
                let parts = split(&text, coding, long).unwrap();
                let joined: String = parts.iter().map(|part| coding.decode(&part.octets)).collect();
                assert_eq!(joined, text);
            }
        }
    }

    #[test]
    fn the_header_of_a_part_is_as_23_040_says() {
        let parts = split(&"x".repeat(400), Coding::Gsm, Long::Udh8).unwrap();
        assert_eq!(parts[1].concatenation.udh(0x012A), [5, 0, 3, 0x2A, 3, 2]);
        let parts = split(&"x".repeat(400), Coding::Gsm, Long::Udh16).unwrap();
        assert_eq!(parts[2].concatenation.udh(0x012A), [6, 8, 4, 1, 0x2A, 3, 3]);
        assert_eq!(parts[2].concatenation.esm_class(), 0x40);
        let parts = split(&"x".repeat(400), Coding::Gsm, Long::Sar).unwrap();
        assert_eq!(parts[0].concatenation, Concatenation::Sar { total: 3, seqnum: 1 });
        assert!(parts[0].concatenation.udh(7).is_empty());
    }

    #[test]
    fn packed_parts_fill_140_octets_with_their_header() {
        let parts = split(&"x".repeat(306), Coding::GsmPacked, Long::Udh8).unwrap();
        assert_eq!(lengths(&parts), [134, 134]);
        let septets = crate::smpp::coding::unpack(&parts[0].octets, 153, 1);
        assert_eq!(septets, [b'x'; 153]);
        let parts = split(&"x".repeat(304), Coding::GsmPacked, Long::Udh16).unwrap();
        assert_eq!(lengths(&parts), [133, 133]);
    }

    #[test]
    fn what_cannot_be_sent_is_refused_with_the_reason() {
        let error = split("abcж", Coding::Latin1, Long::Udh8).unwrap_err();
        assert_eq!(
            error.to_string(),
            "character 4 ('ж', U+0436) is not in Latin-1; data_coding 8 (UCS-2) has it"
        );
        let endless = split_octets(&vec![1; 134 * 255 + 1], Long::Udh8).unwrap_err();
        assert_eq!(endless, SegmentError::TooLong { units: 134 * 255 + 1, units_max: 134 * 255 });
        assert!(split_octets(&vec![1; 65_536], Long::Payload).is_err());
        assert_eq!(
            split_octets(&vec![1; 65_535], Long::Payload).unwrap()[0].concatenation,
            Concatenation::Payload
        );
    }
}
