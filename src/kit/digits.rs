//! Decimal digits, eight at a time: addresses and message ids are mostly numbers.

const TEN_TO_8: u64 = 100_000_000;

/// Writes the last `to.len()` decimal digits of `number`, with leading zeros.
#[inline]
pub fn decimal(mut number: u64, to: &mut [u8]) {
    let mut left = to.len();
    while let Some(eight) = to[..left].last_chunk_mut::<8>() {
        *eight = eight_digits(number % TEN_TO_8);
        number /= TEN_TO_8;
        left -= 8;
    }
    to[..left].copy_from_slice(&eight_digits(number % TEN_TO_8)[8 - left..]);
}

/// The eight digits of a number below 10^8, computed at once in the parts of one word: first two halves of four digits,
/// then pairs, then single digits.
#[inline]
fn eight_digits(number: u64) -> [u8; 8] {
    let fours = (number / 10_000) | (number % 10_000) << 32;
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007F_0000_007F;
    let twos = hundreds | (fours - 100 * hundreds) << 16;
    let tens = ((twos * 103) >> 10) & 0x000F_000F_000F_000F;
    let ones = tens | (twos - 10 * tens) << 8;
    (ones | 0x3030_3030_3030_3030).to_le_bytes()
}

/// The four digits of a number below 10^4, the first in the lowest octet.
#[inline]
fn four_digits(number: u32) -> u32 {
    let hundreds = (number * 5_243) >> 19;
    let twos = hundreds | (number - 100 * hundreds) << 16;
    let tens = ((twos * 103) >> 10) & 0x000F_000F;
    (tens | (twos - 10 * tens) << 8) | 0x3030_3030
}

/// Writes the last eight digits of numbers that mostly differ in the last four only.
#[derive(Clone, Copy, Debug)]
pub struct Digits {
    /// The last number that differed in other digits, with its last four digits zero.
    above: u64,
    /// The four digits before those.
    text: u32,
}

impl Digits {
    /// A writer of numbers close to this one.
    #[inline]
    pub fn near(number: u64) -> Digits {
        let [a, b, c, d, ..] = eight_digits(number % TEN_TO_8);
        Digits { above: number - number % 10_000, text: u32::from_le_bytes([a, b, c, d]) }
    }

    /// Writes the last eight digits of a number, as [`decimal`] does.
    #[inline]
    pub fn write(&mut self, number: u64, to: &mut [u8; 8]) {
        let mut last = number.wrapping_sub(self.above);
        if last >= 10_000 {
            *self = Digits::near(number);
            last = number - self.above;
        }
        let octets = u64::from(self.text) | u64::from(four_digits(last as u32)) << 32;
        *to = octets.to_le_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_is_written_with_its_last_digits_and_leading_zeros() {
        let mut rng = crate::kit::Rng::new(3);
        let some = (0..20_000).map(|n| rng.below(u64::MAX) >> (n % 64));
        for number in (0..20_000).chain(some).chain([99_999_999, 100_000_000, u64::MAX]) {
            let text = format!("{number:020}");
            for octets in [0, 1, 5, 7, 8, 10, 11, 16, 20] {
                let mut to = vec![b'x'; octets];
                decimal(number, &mut to);
                assert_eq!(to, &text.as_bytes()[20 - octets..], "{number} in {octets}");
            }
        }
    }

    #[test]
    fn numbers_in_a_row_are_written_as_each_alone() {
        let mut rng = crate::kit::Rng::new(5);
        let mut digits = Digits::near(70_000);
        for number in 70_000..80_000u64 {
            let mut to = [0; 8];
            digits.write(number, &mut to);
            assert_eq!(&to[..], format!("{number:08}").as_bytes());
        }
        let near = [0, 9_990, 99_999_900, 447_700_000_000, u64::MAX - 30_000];
        let far: Vec<u64> = (0..200).map(|_| rng.below(u64::MAX / 2)).collect();
        for first in near.into_iter().chain(far) {
            let (mut digits, mut number) = (Digits::near(first / 2), first);
            for _ in 0..500 {
                let mut to = [0; 8];
                digits.write(number, &mut to);
                assert_eq!(&to[..], &format!("{number:020}").as_bytes()[12..]);
                number += rng.below(60);
            }
        }
    }
}
