//! Generates message ids, and spells them as responses and receipts do.
//!
//! An id is a number; every spelling is a pure function of the number, so that a receipt needs only the number. Knows no
//! PDU.
use crate::kit::mix64;
use crate::plan::behaviour::{IdFormat, ReceiptId};

/// Length of the longest spelling, in octets.
pub(super) const ID_MAX: usize = 40;

/// An id as it is spelled.
#[derive(Clone, Copy, Debug)]
pub(super) struct SpelledId {
    octets: [u8; ID_MAX],
    len: usize,
}

impl SpelledId {
    /// No id.
    pub(super) const EMPTY: SpelledId = SpelledId { octets: [0; ID_MAX], len: 0 };

    /// An id that is spelled already. None: it is empty or longer than [`ID_MAX`].
    pub(super) fn of(octets: &[u8]) -> Option<SpelledId> {
        let mut id = SpelledId { octets: [0; ID_MAX], len: octets.len() };
        id.octets.get_mut(..octets.len())?.copy_from_slice(octets);
        Some(id).filter(|id| id.len > 0)
    }
    /// Its octets.
    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.octets[..self.len]
    }
    /// The whole buffer, which starts with the id, and the id's length: for copies of one fixed size.
    #[inline]
    pub(super) fn raw(&self) -> (&[u8; ID_MAX], usize) {
        (&self.octets, self.len)
    }
    /// Counts on by one in decimal digits. False: all are 9, and nothing is changed.
    #[inline]
    fn increment(&mut self) -> bool {
        // ten digits are written as they will be read, eight octets at a time: a processor waits where it reads at once more
        // than it has just written
        if self.len == 10 && self.octets[9] != b'9' {
            let mut last = [0; 8];
            last[..2].copy_from_slice(&[self.octets[8], self.octets[9] + 1]);
            self.octets[8..16].copy_from_slice(&last);
            return true;
        }
        let Some(at) = self.octets[..self.len].iter().rposition(|digit| *digit != b'9') else {
            return false;
        };
        self.octets[at] += 1;
        self.octets[at + 1..self.len].fill(b'0');
        true
    }
    fn push(&mut self, octet: u8) {
        self.octets[self.len] = octet;
        self.len += 1;
    }
}

/// Gives out ids in ascending order.
#[derive(Clone, Debug)]
pub(super) struct IdGenerator {
    next: u64,
    /// The number that [`IdGenerator::take_spelled`] took last, and its spelling.
    spelled: (u64, SpelledId),
    seed: u64,
    response: IdFormat,
    receipt: ReceiptId,
}

impl IdGenerator {
    /// The first number depends on the seed. It has ten decimal digits and eight hexadecimal ones.
    pub(super) fn new(seed: u64, response: IdFormat, receipt: ReceiptId) -> IdGenerator {
        let next = 1_000_000_000 + mix64(seed) % 1_000_000_000;
        let spelled = (u64::MAX, SpelledId::EMPTY);
        IdGenerator { next, spelled, seed: mix64(!seed), response, receipt }
    }

    /// Takes the next number, and spells it as the response does. The number after the last one is counted on in the
    /// last spelling, where that is decimal.
    #[inline]
    pub(super) fn take_spelled(&mut self) -> &SpelledId {
        let number = self.take();
        let (last, spelled) = &mut self.spelled;
        let follows = last.wrapping_add(1) == number && self.response == IdFormat::Decimal;
        *last = number;
        if !(follows && spelled.increment()) {
            self.spelled.1 = self.in_response(number);
        }
        &self.spelled.1
    }

    /// The id that [`IdGenerator::take_spelled`] took last, as receipts spell it; in `other` where that differs.
    #[inline]
    pub(super) fn last_in_receipt<'a>(&'a self, other: &'a mut SpelledId) -> &'a SpelledId {
        match self.receipt {
            ReceiptId::Same => &self.spelled.1,
            ReceiptId::Decimal | ReceiptId::Hex | ReceiptId::Upper | ReceiptId::ZeroPadded => {
                *other = self.in_receipt(self.spelled.0);
                other
            }
        }
    }

    /// Takes the next number.
    #[inline]
    pub(super) fn take(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    /// The id as the response spells it.
    #[inline]
    pub(super) fn in_response(&self, number: u64) -> SpelledId {
        match self.response {
            IdFormat::Decimal => decimal(number, 10),
            IdFormat::Hex => hex(number, 8),
            IdFormat::Uuid => self.uuid(number),
            IdFormat::Ticket => self.ticket(number),
        }
    }

    /// The id as receipts spell it.
    #[inline]
    pub(super) fn in_receipt(&self, number: u64) -> SpelledId {
        match self.receipt {
            ReceiptId::Same => self.in_response(number),
            ReceiptId::Decimal => decimal(number, 1),
            ReceiptId::Hex => hex(number, 1),
            ReceiptId::Upper => {
                let mut id = self.in_response(number);
                id.octets.make_ascii_uppercase();
                id
            }
            ReceiptId::ZeroPadded => {
                let id = self.in_response(number);
                let zeros = 20_usize.saturating_sub(id.len);
                let mut padded = SpelledId { octets: [b'0'; ID_MAX], len: zeros + id.len };
                padded.octets[zeros..zeros + id.len].copy_from_slice(id.as_slice());
                padded
            }
        }
    }

    fn uuid(&self, number: u64) -> SpelledId {
        // version 4, variant 1; the low 62 bits stay a bijection of the number
        let high = mix64(number ^ self.seed.rotate_left(17)) & !0xF000 | 0x4000;
        let low = mix64(number ^ self.seed) & !(3 << 62) | 2 << 62;
        let value = u128::from(high) << 64 | u128::from(low);
        let mut id = SpelledId::EMPTY;
        for digit in (0..32).rev() {
            id.push(DIGITS[(value >> (4 * digit)) as usize & 15].to_ascii_lowercase());
            if matches!(digit, 24 | 20 | 16 | 12) {
                id.push(b'-');
            }
        }
        id
    }

    fn ticket(&self, number: u64) -> SpelledId {
        let mut id = SpelledId::EMPTY;
        for half in 0..2 {
            let mut value = mix64(number ^ self.seed.rotate_left(half * 23));
            for digit in 0..10 {
                if id.len != 0 && digit % 5 == 0 {
                    id.push(b'-');
                }
                id.push(DIGITS[(value % 36) as usize]);
                value /= 36;
            }
        }
        id
    }
}

const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The two digits of every number below 100.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// Ten decimal digits, without a chain of ten divisions.
#[inline]
fn ten_digits(number: u64) -> SpelledId {
    let mut id = SpelledId { octets: [0; ID_MAX], len: 10 };
    let low = (number % 100_000_000) as u32;
    let (upper, lower) = (low / 10_000, low % 10_000);
    let parts = [(number / 100_000_000) as u32, upper / 100, upper % 100, lower / 100, lower % 100];
    for (at, part) in parts.into_iter().enumerate() {
        id.octets[2 * at..2 * at + 2].copy_from_slice(&PAIRS[part as usize % 100]);
    }
    id
}

#[inline]
fn decimal(number: u64, width: usize) -> SpelledId {
    if number < 10_000_000_000 && (width == 10 || number >= 1_000_000_000) {
        return ten_digits(number);
    }
    let mut id = SpelledId::EMPTY;
    let digits = (number.checked_ilog10().unwrap_or(0) as usize + 1).max(width);
    let mut rest = number;
    for at in (0..digits).rev() {
        id.octets[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    id.len = digits;
    id
}

#[inline]
fn hex(number: u64, width: usize) -> SpelledId {
    let mut id = SpelledId::EMPTY;
    let digits = (number.checked_ilog2().unwrap_or(0) as usize / 4 + 1).max(width);
    for at in 0..digits {
        let nibble = (number >> (4 * (digits - 1 - at))) as usize & 15;
        id.octets[at] = DIGITS[nibble].to_ascii_lowercase();
    }
    id.len = digits;
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(response: IdFormat, receipt: ReceiptId, number: u64) -> (String, String) {
        let ids = IdGenerator::new(7, response, receipt);
        let text = |id: SpelledId| String::from_utf8(id.as_slice().to_vec()).unwrap();
        (text(ids.in_response(number)), text(ids.in_receipt(number)))
    }

    #[test]
    fn every_spelling_of_the_contract_looks_as_named() {
        let pair = |response, receipt| spelled(response, receipt, 0x70BA_8A69);
        let own = |text: &str| text.to_owned();
        assert_eq!(
            pair(IdFormat::Hex, ReceiptId::Decimal),
            (own("70ba8a69"), own("1891273321")),
            "Vonage's habit (docs/smpp/in-the-wild.md, rows 1 and 2)"
        );
        assert_eq!(pair(IdFormat::Decimal, ReceiptId::Hex), (own("1891273321"), own("70ba8a69")));
        assert_eq!(pair(IdFormat::Hex, ReceiptId::Upper).1, "70BA8A69");
        assert_eq!(pair(IdFormat::Decimal, ReceiptId::ZeroPadded).1, "00000000001891273321");
        assert_eq!(
            spelled(IdFormat::Decimal, ReceiptId::Decimal, 42),
            (own("0000000042"), own("42"))
        );
        assert_eq!(spelled(IdFormat::Decimal, ReceiptId::Same, 10_000_000_001).0, "10000000001");
        let (uuid, same) = pair(IdFormat::Uuid, ReceiptId::Same);
        assert_eq!((uuid.len(), uuid.as_bytes()[14]), (36, b'4'));
        assert_eq!(uuid, same);
        let (ticket, _) = pair(IdFormat::Ticket, ReceiptId::Same);
        assert_eq!(ticket.len(), 23);
        assert!(ticket.split('-').all(|group| group.len() == 5), "{ticket}");
    }

    #[test]
    fn an_id_that_is_counted_on_equals_the_one_that_is_spelled() {
        for response in [IdFormat::Decimal, IdFormat::Hex, IdFormat::Uuid, IdFormat::Ticket] {
            let mut ids = IdGenerator::new(7, response, ReceiptId::Same);
            for start in [999_999_990, 1_099_999_995, 9_999_999_990, 10_000_000_000] {
                ids.next = start;
                for round in 0..30 {
                    if round % 7 == 3 {
                        ids.take();
                    }
                    let number = ids.next;
                    let spelled = ids.take_spelled().as_slice().to_vec();
                    assert_eq!(
                        spelled,
                        ids.in_response(number).as_slice(),
                        "{response:?} {number}"
                    );
                    assert_eq!(spelled, ids.last_in_receipt(&mut { SpelledId::EMPTY }).as_slice());
                }
            }
        }
    }

    #[test]
    fn ids_never_repeat_in_any_spelling() {
        for format in [IdFormat::Decimal, IdFormat::Hex, IdFormat::Uuid, IdFormat::Ticket] {
            let mut ids = IdGenerator::new(1, format, ReceiptId::Same);
            let mut seen = std::collections::HashSet::new();
            for _ in 0..100_000 {
                let number = ids.take();
                assert!(seen.insert(ids.in_response(number).as_slice().to_vec()));
            }
        }
    }
}
