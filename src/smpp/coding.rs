//! Texts as octets and back: GSM 03.38 (unpacked and packed), ASCII, Latin-1, UCS-2. Knows no PDU:
//! `data_coding` is a number here. Texts are encoded when a plan is made, never in the hot path.

use std::fmt;

/// A character coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Coding {
    /// GSM 03.38, one septet an octet: what SMPP carries under `data_coding` 0.
    Gsm,
    /// GSM 03.38, septets packed into octets: only for an SMSC that asks for it.
    GsmPacked,
    /// IA5/ASCII, `data_coding` 1.
    Ascii,
    /// ISO 8859-1, `data_coding` 3.
    Latin1,
    /// UCS-2 (written as UTF-16, big-endian), `data_coding` 8.
    Ucs2,
}

/// A character that a coding lacks. Remedy: another coding (UCS-2 has them all), or another text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unencodable {
    /// The character.
    pub character: char,
    /// Its place in the text, in characters from 1.
    pub position: usize,
    /// The coding.
    pub coding: Coding,
}

impl fmt::Display for Unencodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unencodable { character, position, coding } = self;
        write!(
            f,
            "character {position} ({character:?}, U+{:04X}) is not in {}; data_coding 8 (UCS-2) has it",
            u32::from(*character),
            coding.name()
        )
    }
}

impl std::error::Error for Unencodable {}

const ESCAPE: u8 = 0x1B;

/// GSM 03.38, by septet. 0x1B is the escape and stands for no character.
const BASIC: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', 'Δ', '_',
    'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\u{1b}', 'Æ', 'æ', 'ß', 'É', ' ', '!', '"', '#',
    '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/', '0', '1', '2', '3', '4', '5', '6',
    '7', '8', '9', ':', ';', '<', '=', '>', '?', '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I',
    'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö',
    'Ñ', 'Ü', '§', '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];

/// The septets that follow the escape.
const EXTENSION: [(u8, char); 10] = [
    (0x0A, '\u{c}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2F, '\\'),
    (0x3C, '['),
    (0x3D, '~'),
    (0x3E, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

impl Coding {
    /// Every coding.
    pub const ALL: [Coding; 5] =
        [Coding::Gsm, Coding::GsmPacked, Coding::Ascii, Coding::Latin1, Coding::Ucs2];

    /// The name in messages to the user.
    pub const fn name(self) -> &'static str {
        match self {
            Coding::Gsm => "GSM 03.38",
            Coding::GsmPacked => "GSM 03.38 (packed)",
            Coding::Ascii => "ASCII",
            Coding::Latin1 => "Latin-1",
            Coding::Ucs2 => "UCS-2",
        }
    }

    /// The `data_coding` that says so (v3.4 5.2.19).
    pub const fn data_coding(self) -> u8 {
        match self {
            Coding::Gsm | Coding::GsmPacked => 0x00,
            Coding::Ascii => 0x01,
            Coding::Latin1 => 0x03,
            Coding::Ucs2 => 0x08,
        }
    }

    /// The coding of a `data_coding`, where it is one of these; 0 is taken for GSM unpacked, which
    /// is a matter of agreement. `None` for binary and for what is not spoken here.
    pub const fn of_data_coding(data_coding: u8) -> Option<Coding> {
        match data_coding {
            0x00 => Some(Coding::Gsm),
            0x01 => Some(Coding::Ascii),
            0x03 => Some(Coding::Latin1),
            0x08 => Some(Coding::Ucs2),
            // GSM general data coding with a message class (3GPP TS 23.038 4): bits 3 and 2 say which.
            0x10..=0x13 => Some(Coding::Gsm),
            0x18..=0x1B => Some(Coding::Ucs2),
            // GSM message class control: bit 2 set is 8-bit data.
            0xF0..=0xFF if data_coding & 0x04 == 0 => Some(Coding::Gsm),
            _ => None,
        }
    }

    /// The shortest coding that has every character: GSM 03.38, else UCS-2.
    pub fn choose(text: &str) -> Coding {
        if text.chars().all(|c| gsm_septets(c).is_some()) { Coding::Gsm } else { Coding::Ucs2 }
    }

    /// The text as octets.
    ///
    /// # Errors
    /// [`Unencodable`], which names the first character that the coding lacks.
    pub fn encode(self, text: &str) -> Result<Vec<u8>, Unencodable> {
        let mut units = Vec::with_capacity(text.len());
        for (index, character) in text.chars().enumerate() {
            self.encode_char(character, &mut units).ok_or(Unencodable {
                character,
                position: index + 1,
                coding: self,
            })?;
        }
        Ok(self.seal(units, 0))
    }

    /// Appends the units of one character (septets an octet each, or octets); `None` where the coding
    /// lacks it. What is appended must not be split over two parts of a message.
    pub(crate) fn encode_char(self, character: char, units: &mut Vec<u8>) -> Option<()> {
        match self {
            Coding::Gsm | Coding::GsmPacked => match gsm_septets(character)? {
                (septet, false) => units.push(septet),
                (septet, true) => units.extend([ESCAPE, septet]),
            },
            Coding::Ascii if character.is_ascii() => units.push(character as u8),
            Coding::Ascii => return None,
            Coding::Latin1 => units.push(u8::try_from(u32::from(character)).ok()?),
            Coding::Ucs2 => {
                let mut pair = [0; 2];
                for unit in character.encode_utf16(&mut pair) {
                    units.extend(unit.to_be_bytes());
                }
            }
        }
        Some(())
    }

    /// Makes octets of units: packs, where the coding is packed, after so many fill bits.
    pub(crate) fn seal(self, units: Vec<u8>, fill_bits: u8) -> Vec<u8> {
        match self {
            Coding::GsmPacked => pack(&units, fill_bits),
            Coding::Gsm | Coding::Ascii | Coding::Latin1 | Coding::Ucs2 => units,
        }
    }

    /// The octets as text; U+FFFD where they are none. Packed septets are as many as fit, without a
    /// last zero that is only padding.
    pub fn decode(self, octets: &[u8]) -> String {
        match self {
            Coding::Gsm => gsm_text(octets),
            Coding::GsmPacked => {
                let mut septets = unpack(octets, octets.len() * 8 / 7, 0);
                if septets.len().is_multiple_of(8) && septets.last() == Some(&0) {
                    septets.pop();
                }
                gsm_text(&septets)
            }
            Coding::Ascii => {
                let character = |octet: &u8| {
                    if octet.is_ascii() { char::from(*octet) } else { char::REPLACEMENT_CHARACTER }
                };
                octets.iter().map(character).collect()
            }
            Coding::Latin1 => octets.iter().map(|octet| char::from(*octet)).collect(),
            Coding::Ucs2 => {
                let units = octets.chunks(2).map(|pair| match pair {
                    [high, low] => u16::from_be_bytes([*high, *low]),
                    _ => 0xFFFD,
                });
                char::decode_utf16(units)
                    .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
                    .collect()
            }
        }
    }
}

/// A character's septet, and whether the escape goes before it.
fn gsm_septets(character: char) -> Option<(u8, bool)> {
    // Letters and digits stand where ASCII has them.
    if character.is_ascii_alphanumeric() || character == ' ' {
        return Some((character as u8, false));
    }
    if let Some((septet, _)) = EXTENSION.iter().find(|(_, extended)| *extended == character) {
        return Some((*septet, true));
    }
    let found = BASIC.iter().position(|basic| *basic == character)?;
    let septet = u8::try_from(found).ok()?;
    (septet != ESCAPE).then_some((septet, false))
}

fn gsm_text(septets: &[u8]) -> String {
    let mut text = String::with_capacity(septets.len());
    let mut rest = septets.iter();
    while let Some(septet) = rest.next() {
        if *septet != ESCAPE {
            text.push(
                BASIC.get(usize::from(*septet)).copied().unwrap_or(char::REPLACEMENT_CHARACTER),
            );
            continue;
        }
        let Some(extended) = rest.next() else {
            text.push(char::REPLACEMENT_CHARACTER);
            break;
        };
        // An unknown extension shows as its basic character (GSM 03.38 6.2.1.1).
        let known = EXTENSION.iter().find(|(septet, _)| septet == extended).map(|(_, c)| *c);
        let basic = BASIC.get(usize::from(*extended)).copied();
        text.push(known.or(basic).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    text
}

/// Packs septets, least significant bit first, after `fill_bits` zero bits (GSM 03.38 6.1.2.1).
pub fn pack(septets: &[u8], fill_bits: u8) -> Vec<u8> {
    let bits = septets.len() * 7 + usize::from(fill_bits);
    let mut octets = vec![0_u8; bits.div_ceil(8)];
    for (index, septet) in septets.iter().enumerate() {
        let bit = index * 7 + usize::from(fill_bits);
        let shifted = u16::from(septet & 0x7F) << (bit % 8);
        octets[bit / 8] |= (shifted & 0xFF) as u8;
        if shifted > 0xFF {
            octets[bit / 8 + 1] |= (shifted >> 8) as u8;
        }
    }
    octets
}

/// Unpacks at most `septets` septets, after `fill_bits`.
pub fn unpack(octets: &[u8], septets: usize, fill_bits: u8) -> Vec<u8> {
    let there = (octets.len() * 8).saturating_sub(usize::from(fill_bits)) / 7;
    (0..septets.min(there))
        .map(|index| {
            let bit = index * 7 + usize::from(fill_bits);
            let high = octets.get(bit / 8 + 1).copied().unwrap_or_default();
            let window = u16::from_be_bytes([high, octets[bit / 8]]);
            (window >> (bit % 8) & 0x7F) as u8
        })
        .collect()
}
