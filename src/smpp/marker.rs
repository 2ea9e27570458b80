//! The marker of a message that goes through a gateway: the run, the message and the part, with a checksum, in the
//! forms that a PDU can carry. Knows no run: whoever reads one says which run it looks for.
//!
//! A whole marker is in the text (21 letters and digits that every coding has) or in a TLV. An address and a
//! user_message_reference hold the message only; the part is then what the PDU's segment says.
use super::Tag;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A place of a PDU that carries the marker.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// A token at the end of the text, in each part of a long one.
    Text,
    /// TLV 0x1A5B, of the vendor range.
    Tlv,
    /// TLV user_message_reference: the low 16 bits of the message's number.
    UserMessageReference,
    /// The digits of source_addr.
    Source,
    /// The digits of destination_addr.
    Destination,
}

impl Carrier {
    /// Every carrier, the most telling first.
    pub const ALL: [Carrier; 5] = [
        Carrier::Tlv,
        Carrier::Text,
        Carrier::Source,
        Carrier::Destination,
        Carrier::UserMessageReference,
    ];

    /// Its name in profiles and result.json.
    pub const fn name(self) -> &'static str {
        match self {
            Carrier::Text => "text",
            Carrier::Tlv => "tlv",
            Carrier::UserMessageReference => "user_message_reference",
            Carrier::Source => "source",
            Carrier::Destination => "destination",
        }
    }
}

/// What kind of message a marker is of. Each kind has its own numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkerKind {
    /// A message of the load.
    Load,
    /// A message sent before the load, to see which carriers survive.
    Probe,
    /// A mobile-originated message of the simulator.
    Mo,
}

impl MarkerKind {
    const ALL: [MarkerKind; 3] = [MarkerKind::Load, MarkerKind::Probe, MarkerKind::Mo];
}

/// Which message, and which part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageKey {
    /// The kind of message.
    pub kind: MarkerKind,
    /// Its number, below 2^40.
    pub message: u64,
    /// The part, from 0.
    pub part: u8,
}

const MESSAGE_BITS: u32 = 40;
const PART_BITS: u32 = 8;
/// Digits of the message's number in an address.
const ADDRESS_MESSAGE_MAX: u64 = 10_000_000_000;

impl MessageKey {
    /// As one number below 2^50: kind, message, part.
    pub const fn packed(self) -> u64 {
        let message = self.message & ((1 << MESSAGE_BITS) - 1);
        (self.kind as u64) << (MESSAGE_BITS + PART_BITS) | message << PART_BITS | self.part as u64
    }

    /// The key of a packed number. None: it is of no key.
    pub fn unpacked(packed: u64) -> Option<MessageKey> {
        let kind = usize::try_from(packed >> (MESSAGE_BITS + PART_BITS)).ok()?;
        Some(MessageKey {
            kind: *MarkerKind::ALL.get(kind)?,
            message: packed >> PART_BITS & ((1 << MESSAGE_BITS) - 1),
            part: packed as u8,
        })
    }
}

/// Letters and digits that GSM 03.38, ASCII, Latin-1 and UCS-2 share; no vowel but A and E, and none that looks like
/// a digit (Crockford's base 32).
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const RUN_LETTERS: usize = 7;
const KEY_LETTERS: usize = 10;
const CHECK_LETTERS: usize = 4;

/// The marker of one message of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marker {
    /// The run.
    pub run: u32,
    /// The message.
    pub key: MessageKey,
}

impl Marker {
    /// Letters of the token in a text.
    pub const TOKEN_OCTETS: usize = RUN_LETTERS + KEY_LETTERS + CHECK_LETTERS;
    /// Octets of the TLV's value.
    pub const TLV_OCTETS: usize = 16;
    /// Digits of an address.
    pub const ADDRESS_DIGITS: usize = 15;
    /// The TLV.
    pub const TLV: Tag = Tag(0x1A5B);

    /// The marker of a message.
    pub const fn new(run: u32, key: MessageKey) -> Marker {
        Marker { run, key }
    }

    /// The token of a text.
    pub fn token(self) -> [u8; Self::TOKEN_OCTETS] {
        let mut token = [0; Self::TOKEN_OCTETS];
        let key = self.key.packed();
        letters(u64::from(self.run), &mut token[..RUN_LETTERS]);
        letters(key, &mut token[RUN_LETTERS..RUN_LETTERS + KEY_LETTERS]);
        letters(
            u64::from(checksum(self.run, key)) & 0xF_FFFF,
            &mut token[RUN_LETTERS + KEY_LETTERS..],
        );
        token
    }

    /// Reads a token, in any case. None: it is none of this run.
    pub fn from_token(run: u32, token: &[u8]) -> Option<Marker> {
        let token: &[u8; Self::TOKEN_OCTETS] = token.try_into().ok()?;
        let (front, check) = token.split_at(RUN_LETTERS + KEY_LETTERS);
        let (of_run, key) = front.split_at(RUN_LETTERS);
        if number(of_run)? != u64::from(run) {
            return None;
        }
        let key = number(key)?;
        let fits = number(check)? == u64::from(checksum(run, key)) & 0xF_FFFF;
        Some(Marker { run, key: MessageKey::unpacked(key).filter(|_| fits)? })
    }

    /// All tokens of this run in octets of one octet a character, with their offsets.
    pub fn tokens_in(run: u32, text: &[u8]) -> impl Iterator<Item = (usize, Marker)> {
        let mut first = [0; RUN_LETTERS];
        letters(u64::from(run), &mut first);
        let mut next = 0;
        std::iter::from_fn(move || {
            while next + Self::TOKEN_OCTETS <= text.len() {
                let at = next;
                let token = &text[at..at + Self::TOKEN_OCTETS];
                next += 1;
                // one octet tells most places apart
                let is_run = token[0].eq_ignore_ascii_case(&first[0])
                    && token[..RUN_LETTERS].eq_ignore_ascii_case(&first);
                if is_run && let Some(marker) = Marker::from_token(run, token) {
                    next = at + Self::TOKEN_OCTETS;
                    return Some((at, marker));
                }
            }
            None
        })
    }

    /// The TLV's value.
    pub fn tlv(self) -> [u8; Self::TLV_OCTETS] {
        let mut value = [0; Self::TLV_OCTETS];
        let key = self.key.packed();
        value[..4].copy_from_slice(&self.run.to_be_bytes());
        value[4..12].copy_from_slice(&key.to_be_bytes());
        value[12..].copy_from_slice(&checksum(self.run, key).to_be_bytes());
        value
    }

    /// Reads a TLV's value. None: it is none of this run.
    pub fn from_tlv(run: u32, value: &[u8]) -> Option<Marker> {
        let value: &[u8; Self::TLV_OCTETS] = value.try_into().ok()?;
        let word = |at: usize| value[at..].first_chunk::<4>().map(|w| u32::from_be_bytes(*w));
        let key = u64::from(word(4)?) << 32 | u64::from(word(8)?);
        let fits = word(0)? == run && word(12)? == checksum(run, key);
        Some(Marker { run, key: MessageKey::unpacked(key).filter(|_| fits)? })
    }

    /// The value of user_message_reference: a hint, which many messages share.
    pub const fn reference(self) -> u16 {
        self.key.message as u16
    }

    /// The digits of an address: three of the run, ten of the message, two that check them. Parts share them.
    pub fn address(self) -> [u8; Self::ADDRESS_DIGITS] {
        let mut digits = [0; Self::ADDRESS_DIGITS];
        let message = self.key.message % ADDRESS_MESSAGE_MAX;
        decimal(u64::from(self.run % 1_000), &mut digits[..3]);
        decimal(message, &mut digits[3..13]);
        decimal(address_check(self.run, self.key.kind, message), &mut digits[13..]);
        digits
    }

    /// Kind and number of the message whose address this is, with whatever stands before or after the digits. None: it
    /// is none of this run.
    pub fn from_address(run: u32, address: &[u8]) -> Option<(MarkerKind, u64)> {
        address.windows(Self::ADDRESS_DIGITS).find_map(|digits| {
            let all = digits.iter().try_fold(0_u64, |sum, digit| {
                digit.is_ascii_digit().then(|| sum * 10 + u64::from(digit - b'0'))
            })?;
            let (check, message) = (all % 100, all / 100 % ADDRESS_MESSAGE_MAX);
            let is_run = all / 100 / ADDRESS_MESSAGE_MAX == u64::from(run % 1_000);
            let kinds = MarkerKind::ALL.into_iter().filter(|_| is_run);
            kinds
                .into_iter()
                .find(|kind| address_check(run, *kind, message) == check)
                .map(|kind| (kind, message))
        })
    }
}

/// Two digits, different for each kind.
fn address_check(run: u32, kind: MarkerKind, message: u64) -> u64 {
    (u64::from(checksum(run, message)) % 97 + 1 + kind as u64) % 100
}

/// A checksum of run and number (a murmur finaliser): every bit changes about half of it.
fn checksum(run: u32, key: u64) -> u32 {
    let mut x = key ^ u64::from(run).rotate_left(32) ^ 0x736D_7070_6D61_726B;
    for _ in 0..2 {
        x = (x ^ (x >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
        x = (x ^ (x >> 29)).wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    }
    (x ^ (x >> 32)) as u32
}

fn letters(mut value: u64, into: &mut [u8]) {
    for letter in into.iter_mut().rev() {
        *letter = LETTERS[(value & 31) as usize];
        value >>= 5;
    }
}

fn number(letters: &[u8]) -> Option<u64> {
    letters.iter().try_fold(0_u64, |sum, letter| {
        let upper = letter.to_ascii_uppercase();
        let digit = LETTERS.iter().position(|known| *known == upper)? as u64;
        (sum >> 59 == 0).then_some(sum << 5 | digit)
    })
}

fn decimal(mut value: u64, into: &mut [u8]) {
    for digit in into.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> impl Strategy<Value = MessageKey> {
        let kind =
            prop_oneof![Just(MarkerKind::Load), Just(MarkerKind::Probe), Just(MarkerKind::Mo)];
        (kind, 0..1_u64 << 40, any::<u8>()).prop_map(|(kind, message, part)| MessageKey {
            kind,
            message,
            part,
        })
    }

    proptest! {
        #[test]
        fn every_carrier_gives_back_what_it_was_given(run in any::<u32>(), key in key()) {
            let marker = Marker::new(run, key);
            prop_assert_eq!(MessageKey::unpacked(key.packed()), Some(key));
            prop_assert_eq!(Marker::from_token(run, &marker.token()), Some(marker));
            prop_assert_eq!(Marker::from_tlv(run, &marker.tlv()), Some(marker));
            let lower = marker.token().to_ascii_lowercase();
            prop_assert_eq!(Marker::from_token(run, &lower), Some(marker));
            let short = MessageKey { message: key.message % ADDRESS_MESSAGE_MAX, ..key };
            let address = Marker::new(run, short).address();
            prop_assert_eq!(Marker::from_address(run, &address), Some((key.kind, short.message)));
        }

        #[test]
        fn a_marker_that_was_changed_in_one_octet_is_none(
            run in any::<u32>(), key in key(), at in 0..Marker::TOKEN_OCTETS, by in 1..32_usize,
        ) {
            let marker = Marker::new(run, key);
            let mut token = marker.token();
            let place = LETTERS.iter().position(|l| *l == token[at]).unwrap();
            token[at] = LETTERS[(place + by) % 32];
            prop_assert_eq!(Marker::from_token(run, &token), None);
            let mut tlv = marker.tlv();
            tlv[at % Marker::TLV_OCTETS] ^= by as u8;
            prop_assert_eq!(Marker::from_tlv(run, &tlv), None);
            prop_assert_eq!(Marker::from_token(run.wrapping_add(1), &marker.token()), None);
        }

        #[test]
        fn tokens_are_found_wherever_they_stand(
            run in any::<u32>(), keys in prop::collection::vec(key(), 1..4),
            between in "[ -~]{0,40}",
        ) {
            let mut text = between.clone().into_bytes();
            for key in &keys {
                text.extend(Marker::new(run, *key).token());
                text.extend(between.bytes());
            }
            let found: Vec<MessageKey> =
                Marker::tokens_in(run, &text).map(|(_, m)| m.key).collect();
            prop_assert_eq!(found, keys);
        }
    }

    #[test]
    fn an_address_is_read_behind_a_prefix_and_not_for_another_run() {
        let key = MessageKey { kind: MarkerKind::Load, message: 1_234_567, part: 0 };
        let digits = Marker::new(0x1234_5678, key).address();
        let prefixed = [b"+00", &digits[..]].concat();
        let read = |run| Marker::from_address(run, &prefixed);
        assert_eq!(read(0x1234_5678), Some((MarkerKind::Load, 1_234_567)));
        assert_eq!(read(0x1234_5679), None);
    }

    #[test]
    fn the_token_is_made_of_letters_and_digits_only() {
        let key = MessageKey { kind: MarkerKind::Mo, message: u64::MAX >> 24, part: 255 };
        let token = Marker::new(u32::MAX, key).token();
        assert!(token.iter().all(|o| o.is_ascii_digit() || o.is_ascii_uppercase()));
    }
}
