//! The sequence_numbers of a session's own requests (v3.4 section 2.6.1,
//! docs/smpp/protocol.md, "Types, header and framing").

/// Monotonic from 1 to 0x7FFFFFFF, then from 1 again.
#[derive(Clone, Copy, Debug)]
pub struct Sequence(u32);

impl Default for Sequence {
    fn default() -> Self {
        Sequence(1)
    }
}

impl Sequence {
    /// The highest number; the next one is 1.
    pub const MAX: u32 = 0x7FFF_FFFF;

    /// A sequence whose next number is `first`; 1 where `first` is not in 1..=MAX.
    pub const fn starting_at(first: u32) -> Sequence {
        Sequence(if first == 0 || first > Self::MAX { 1 } else { first })
    }

    /// The number that [`Sequence::take`] returns next.
    #[inline]
    pub const fn peek(&self) -> u32 {
        self.0
    }

    /// Takes the next number.
    #[inline]
    pub fn take(&mut self) -> u32 {
        let number = self.0;
        self.0 = if number == Self::MAX { 1 } else { number + 1 };
        number
    }
}
