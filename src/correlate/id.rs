//! Message ids: which spellings are equal (docs/smpp/in-the-wild.md, rows 1 to 3). The rule is configured, never
//! guessed; an id that does not fit it is compared as text.

use crate::smpp::receipt::{IdRule, IdSource, IdSpelling};

/// A keyed 62-bit hash of a normalised id. Ids with equal keys count as equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Key(pub u64);

impl Key {
    /// Number of bits in use; the ring stores the state of an entry in the two above.
    pub(super) const BITS: u32 = 62;

    /// The key in the lower bits of `bits`.
    #[inline]
    pub(super) const fn within(bits: u64) -> Key {
        Key(bits & (u64::MAX >> (64 - Self::BITS)))
    }
}

impl IdRule {
    /// The key of an id, and the rule that made it: [`IdRule::CaseInsensitive`] where an id is not a number under a
    /// numeric rule.
    #[inline]
    pub fn key(self, id: &[u8], source: IdSource, seed: u64) -> (Key, IdRule) {
        if self == IdRule::Exact
            && let Some(short) = hash_short(id, seed)
        {
            return (Key::within(short), IdRule::Exact);
        }
        self.key_of_any(id, source, seed)
    }

    #[inline(never)]
    fn key_of_any(self, id: &[u8], source: IdSource, seed: u64) -> (Key, IdRule) {
        let base = match self.spelling(source) {
            IdSpelling::Octets => return (Key::within(hash_any(id, seed)), IdRule::Exact),
            IdSpelling::AnyCase => return (folded(id, seed), IdRule::CaseInsensitive),
            IdSpelling::Number(base) => base,
        };
        match number(id, base) {
            Some(n) => (Key::within(hash(&n.to_le_bytes(), !seed)), self),
            None => (folded(id, seed), IdRule::CaseInsensitive),
        }
    }
}

/// The key of an id with ASCII case folded.
fn folded(id: &[u8], seed: u64) -> Key {
    // SMPP v3.4 allows 64 octets; a longer id is compared by its first 256
    let mut buffer = [0u8; 256];
    let length = id.len().min(buffer.len());
    let lower = &mut buffer[..length];
    lower.copy_from_slice(&id[..length]);
    lower.make_ascii_lowercase();
    Key::within(hash(lower, seed))
}

/// The number that an id spells in this base. None: it is not a number of at most 128 bits.
fn number(id: &[u8], base: u32) -> Option<u128> {
    if id.is_empty() {
        return None;
    }
    let mut n: u128 = 0;
    for octet in id {
        let digit = (*octet as char).to_digit(base)?;
        n = n.checked_mul(u128::from(base))?.checked_add(u128::from(digit))?;
    }
    Some(n)
}

const K: u64 = 0x9FB2_1C65_1E98_DF25;

#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

/// [`hash`] of 9 to 15 octets, which most ids have: one word and the rest, without a loop.
#[inline]
fn hash_short(octets: &[u8], seed: u64) -> Option<u64> {
    let (Some(first), Some(last), 9..=15) =
        (octets.first_chunk::<8>(), octets.last_chunk::<8>(), octets.len())
    else {
        return None;
    };
    let mut state = seed ^ K ^ octets.len() as u64;
    let rest = u64::from_le_bytes(*last) >> (8 * (16 - octets.len()));
    state = fold(state ^ u64::from_le_bytes(*first), K);
    state = fold(state ^ rest, K.rotate_left(23));
    Some(crate::kit::mix64(state))
}

/// A keyed 64-bit hash, stable between processes (a fleet shares its seed): multiply and fold, 8 octets a step.
#[inline]
fn hash(octets: &[u8], seed: u64) -> u64 {
    hash_short(octets, seed).unwrap_or_else(|| hash_any(octets, seed))
}

/// [`hash`] of any other number of octets.
#[inline]
fn hash_any(octets: &[u8], seed: u64) -> u64 {
    let mut state = seed ^ K ^ octets.len() as u64;
    let mut chunks = octets.chunks_exact(8);
    for chunk in &mut chunks {
        let word = u64::from_le_bytes(chunk.try_into().expect("chunks of eight"));
        state = fold(state ^ word, K);
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        let mut last = [0u8; 8];
        last[..rest.len()].copy_from_slice(rest);
        state = fold(state ^ u64::from_le_bytes(last), K.rotate_left(23));
    }
    crate::kit::mix64(state)
}
