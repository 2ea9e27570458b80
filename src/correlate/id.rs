//! Message ids: which spelling of one equals which (docs/smpp/in-the-wild.md, rows 1 to 3). An id is never guessed at:
//! the rule is declared, and what does not fit it is compared as it stands.

/// How an id in a submit_sm_resp and an id in a receipt are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdRule {
    /// Octet by octet.
    Exact,
    /// The same decimal number, leading zeros or not; what is no number is compared with case folded.
    Number,
    /// Hexadecimal in the response, decimal in the receipt.
    ResponseHex,
    /// Decimal in the response, hexadecimal in the receipt.
    ReceiptHex,
    /// Octet by octet, ASCII case folded.
    CaseInsensitive,
}

/// Where an id was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdSource {
    /// In submit_sm_resp.
    Response,
    /// In a receipt.
    Receipt,
}

/// A keyed 62-bit hash of a normalised id. Two ids are taken as equal where their keys are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Key(pub u64);

impl Key {
    /// Bits that are used: the two above are the ledger's.
    pub(super) const BITS: u32 = 62;

    /// The key in these bits.
    #[inline]
    pub(super) const fn within(bits: u64) -> Key {
        Key(bits & (u64::MAX >> (64 - Self::BITS)))
    }
}

impl IdRule {
    /// Every rule.
    pub const ALL: [IdRule; 5] = [
        IdRule::Exact,
        IdRule::Number,
        IdRule::ResponseHex,
        IdRule::ReceiptHex,
        IdRule::CaseInsensitive,
    ];

    /// Its place in [`IdRule::ALL`].
    #[inline]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// As the profile and result.json spell it.
    pub fn name(self) -> &'static str {
        match self {
            IdRule::Exact => "exact",
            IdRule::Number => "number",
            IdRule::ResponseHex => "response_hex",
            IdRule::ReceiptHex => "receipt_hex",
            IdRule::CaseInsensitive => "case_insensitive",
        }
    }

    /// The key of `id` as read on `side`, and the rule that made it: where an id is no number under a
    /// numeric rule, it is compared with case folded.
    #[inline]
    pub fn key(self, id: &[u8], side: IdSource, seed: u64) -> (Key, IdRule) {
        if self == IdRule::Exact
            && let Some(short) = hash_short(id, seed)
        {
            return (Key::within(short), IdRule::Exact);
        }
        self.key_of_any(id, side, seed)
    }

    #[inline(never)]
    fn key_of_any(self, id: &[u8], side: IdSource, seed: u64) -> (Key, IdRule) {
        let base = match (self, side) {
            (IdRule::Exact, _) => return (Key::within(hash_any(id, seed)), IdRule::Exact),
            (IdRule::CaseInsensitive, _) => return (folded(id, seed), IdRule::CaseInsensitive),
            (IdRule::Number, _)
            | (IdRule::ResponseHex, IdSource::Receipt)
            | (IdRule::ReceiptHex, IdSource::Response) => 10,
            (IdRule::ResponseHex, IdSource::Response) | (IdRule::ReceiptHex, IdSource::Receipt) => {
                16
            }
        };
        match number(id, base) {
            Some(n) => (Key::within(hash(&n.to_le_bytes(), !seed)), self),
            None => (folded(id, seed), IdRule::CaseInsensitive),
        }
    }
}

fn folded(id: &[u8], seed: u64) -> Key {
    // SMPP v3.4 allows 64 octets; what is longer is compared by its first 256, folded
    let mut buffer = [0u8; 256];
    let length = id.len().min(buffer.len());
    let lower = &mut buffer[..length];
    lower.copy_from_slice(&id[..length]);
    lower.make_ascii_lowercase();
    Key::within(hash(lower, seed))
}

/// The number that `id` spells in this base; up to 128 bits.
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
