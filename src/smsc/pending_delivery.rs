//! A letter: what the simulator keeps of a message until its last receipt is out. One fixed size, no
//! allocation of its own.

/// An address as a receipt needs it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Address {
    /// Type of number.
    pub(super) ton: u8,
    /// Numbering plan.
    pub(super) npi: u8,
    len: u8,
    octets: [u8; Address::OCTETS_MAX],
}

impl Address {
    /// 21 with its NUL (v3.4 5.2.8).
    pub(super) const OCTETS_MAX: usize = 20;

    /// `octets[at..at + len]`, cut to what an address may have.
    #[inline]
    pub(super) fn new(ton: u8, npi: u8, octets: &[u8], at: usize, len: usize) -> Address {
        let len = len.min(Self::OCTETS_MAX);
        let mut kept = [0; Self::OCTETS_MAX];
        // one move of a fixed size where there is room for it; what lies behind the address is never read
        match octets.get(at..).and_then(|rest| rest.first_chunk::<{ Self::OCTETS_MAX }>()) {
            Some(whole) => kept = *whole,
            None => kept[..len].copy_from_slice(&octets[at..at + len]),
        }
        Address { ton, npi, len: len as u8, octets: kept }
    }

    /// All octets there is room for, the address in front, and its length.
    #[inline]
    pub(super) fn raw(&self) -> (&[u8; Address::OCTETS_MAX], usize) {
        (&self.octets, usize::from(self.len))
    }
}

/// What a delivery is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// A message's final receipt.
    #[default]
    Final,
    /// The same again, on purpose.
    Copy,
    /// An intermediate notification.
    Intermediate,
    /// A mobile-originated message.
    Mo,
}

/// A message on its way back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PendingDelivery {
    /// The message id's number; of an MO its place in the order of all.
    pub(super) number: u64,
    /// When its submit_sm was read, on the monotonic clock.
    pub(super) submitted_ns: u64,
    /// When the SMSC's queue is through with it, likewise; 0 where there is no queue.
    pub(super) delivered_ns: u64,
    /// The session it came by.
    pub(super) session: u32,
    /// Whose it is.
    pub(super) account: u32,
    /// Sender of the delivery: the message's destination.
    pub(super) from: Address,
    /// Receiver of the delivery: the message's source.
    pub(super) to: Address,
    /// message_state.
    pub(super) state: u8,
    /// 1 + the rule that says its `err`; 0: as its state has it.
    pub(super) rule: u16,
    /// How often it has been sent.
    pub(super) attempts: u32,
    /// What it is.
    pub(super) kind: Kind,
    /// Its receipt goes before its response.
    pub(super) early: bool,
    /// Its receipt goes twice.
    pub(super) twice: bool,
    /// An intermediate notification goes before its receipt.
    pub(super) notified: bool,
}

/// Letters that wait, in places that are used again. They are kept in blocks: a table that grew as one would be
/// copied, and need its memory twice meanwhile.
#[derive(Clone, Debug, Default)]
pub(super) struct DeliverySlab {
    blocks: Vec<Vec<PendingDelivery>>,
    places_count: usize,
    free: Vec<u32>,
    /// Of those kept: the ones that wait for a receiver.
    waiting_count: usize,
    count_max: usize,
}

const BLOCK: usize = 1024;

impl DeliverySlab {
    /// No place.
    pub(super) const NONE: u32 = u32::MAX;

    /// At most `count_max` that are not due, and as many of one account that wait for a receiver. It is up to
    /// the caller to ask.
    pub(super) fn new(count_max: usize) -> DeliverySlab {
        DeliverySlab { count_max, ..DeliverySlab::default() }
    }

    /// Whether there are too many that are not due.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.len() - self.waiting_count >= self.count_max
    }

    /// Whether one more may wait for an account that has `of_account` waiting. The limit of one account shrinks
    /// with the room that is left, so that those who are not served never take all of it from those who are.
    pub(super) fn may_wait(&self, of_account: usize) -> bool {
        let total = self.count_max + (self.count_max / 8).max(1);
        of_account < total.saturating_sub(self.waiting_count).saturating_mul(8)
            && of_account < self.count_max
    }

    /// Keeps a letter that waits for a receiver.
    pub(super) fn keep_waiting(&mut self, letter: PendingDelivery) -> u32 {
        self.waiting_count += 1;
        self.keep(letter)
    }

    /// Gives back a letter that waited for a receiver.
    pub(super) fn take_waiting(&mut self, place: u32) -> PendingDelivery {
        self.waiting_count -= 1;
        self.take(place)
    }

    /// Keeps a letter.
    #[inline]
    pub(super) fn keep(&mut self, letter: PendingDelivery) -> u32 {
        if let Some(place) = self.free.pop() {
            self.blocks[place as usize / BLOCK][place as usize % BLOCK] = letter;
            return place;
        }
        let place = self.places_count;
        if place / BLOCK == self.blocks.len() {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        self.blocks[place / BLOCK].push(letter);
        self.places_count += 1;
        u32::try_from(place).expect("memory ends before four billion letters do")
    }

    /// Gives it back and frees its place.
    #[inline]
    pub(super) fn take(&mut self, place: u32) -> PendingDelivery {
        self.free.push(place);
        self.blocks[place as usize / BLOCK][place as usize % BLOCK]
    }

    /// Letters kept.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.places_count - self.free.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_small_enough_for_a_million_to_wait() {
        assert!(size_of::<PendingDelivery>() <= 96, "{}", size_of::<PendingDelivery>());
    }

    #[test]
    fn accounts_whose_letters_are_not_taken_leave_room_for_others() {
        let mut letters = DeliverySlab::new(80_000);
        let mut lengths = [0; 20];
        for length in &mut lengths {
            while letters.may_wait(*length) {
                letters.keep_waiting(PendingDelivery::default());
                *length += 1;
            }
        }
        assert_eq!(lengths[0], 80_000);
        assert!(lengths[1] > 8_000 && lengths[2] > 0, "{lengths:?}");
        assert!(
            letters.len() <= 90_000 && !letters.is_full(),
            "they are due: that is another limit"
        );
    }

    #[test]
    fn places_are_used_again() {
        let mut letters = DeliverySlab::default();
        for number in 0..1_000 {
            let place = letters.keep(PendingDelivery { number, ..PendingDelivery::default() });
            assert_eq!(letters.take(place).number, number);
        }
        assert_eq!((letters.places_count, letters.len()), (1, 0));
    }

    #[test]
    fn an_address_at_the_end_of_a_frame_is_kept_whole() {
        for end in [0, 20] {
            let mut frame = b"xx4477".to_vec();
            frame.resize(6 + end, b'y');
            let address = Address::new(1, 1, &frame, 2, 4);
            let (octets, len) = address.raw();
            assert_eq!(&octets[..len], b"4477");
        }
    }
}
