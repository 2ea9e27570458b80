//! A receipt or mobile-originated message that is still to be delivered, and the slab that keeps them. Entries have
//! one fixed size and allocate nothing.

/// An address with its type of number and numbering plan.
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
    /// Maximum length; 21 with the NUL (v3.4 5.2.8).
    pub(super) const OCTETS_MAX: usize = 20;

    /// The address in `octets[at..at + len]`, cut to [`Address::OCTETS_MAX`].
    #[inline]
    pub(super) fn new(ton: u8, npi: u8, octets: &[u8], at: usize, len: usize) -> Address {
        let len = len.min(Self::OCTETS_MAX);
        let mut kept = [0; Self::OCTETS_MAX];
        // one move of a fixed size where the frame is long enough; octets after the address are never read
        match octets.get(at..).and_then(|rest| rest.first_chunk::<{ Self::OCTETS_MAX }>()) {
            Some(whole) => kept = *whole,
            None => kept[..len].copy_from_slice(&octets[at..at + len]),
        }
        Address { ton, npi, len: len as u8, octets: kept }
    }

    /// The whole buffer, which starts with the address, and the length of the address.
    #[inline]
    pub(super) fn raw(&self) -> (&[u8; Address::OCTETS_MAX], usize) {
        (&self.octets, usize::from(self.len))
    }

    /// The address, not copied.
    #[inline]
    pub(super) fn borrowed(&self) -> AddressRef<'_> {
        AddressRef { ton: self.ton, npi: self.npi, digits: self.as_slice() }
    }

    /// Its octets.
    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.octets[..usize::from(self.len)]
    }
}

/// An address where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct AddressRef<'a> {
    /// Type of number.
    pub(super) ton: u8,
    /// Numbering plan.
    pub(super) npi: u8,
    /// At most [`Address::OCTETS_MAX`].
    pub(super) digits: &'a [u8],
}

impl AddressRef<'_> {
    /// A copy.
    #[inline]
    pub(super) fn kept(&self) -> Address {
        Address::new(self.ton, self.npi, self.digits, 0, self.digits.len())
    }
}

/// What a delivery is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum DeliveryKind {
    /// A message's final receipt.
    #[default]
    Final,
    /// The same receipt a second time (`receipts.duplicate`).
    Duplicate,
    /// An intermediate notification.
    Intermediate,
    /// A mobile-originated message.
    Mo,
}

/// A receipt or mobile-originated message that is still to be delivered.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PendingDelivery {
    /// Number of the message id; of an MO its number in the order of all.
    pub(super) number: u64,
    /// When its submit_sm was read, in nanoseconds of the monotonic clock.
    pub(super) submitted_ns: u64,
    /// When `limits.queue` delivers the message, likewise; 0: there is no queue.
    pub(super) delivered_ns: u64,
    /// The session of its submit_sm; of an MO its receiver.
    pub(super) session: u32,
    /// Handle of its account.
    pub(super) account: u32,
    /// Source address of the delivery: the message's destination.
    pub(super) from: Address,
    /// Destination address of the delivery: the message's source.
    pub(super) to: Address,
    /// message_state.
    pub(super) state: u8,
    /// 1 + the index of the rule that gives its `err`; 0: `err` follows from the state.
    pub(super) rule: u16,
    /// How often it has been sent.
    pub(super) attempts: u32,
    /// What it is.
    pub(super) kind: DeliveryKind,
    /// Whether it is sent before the response.
    pub(super) early: bool,
    /// Whether it is sent twice.
    pub(super) duplicate: bool,
    /// Whether an intermediate notification is sent before it.
    pub(super) intermediate: bool,
    /// Whether a command asked for it: its content is not kept, and it is sent once.
    pub(super) by_command: bool,
}

/// What a receipt says, but for its id.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReceiptContent<'a> {
    /// source_addr: the message's destination.
    pub(super) from: AddressRef<'a>,
    /// destination_addr: the message's source.
    pub(super) to: AddressRef<'a>,
    /// When the submit_sm was read, in nanoseconds of the monotonic clock.
    pub(super) submitted_ns: u64,
    /// message_state.
    pub(super) state: u8,
    /// 1 + the index of the rule that gives its `err`; 0: `err` follows from the state.
    pub(super) rule: u16,
    /// 0x04 for a final receipt, 0x20 for an intermediate notification.
    pub(super) esm_class: u8,
}

impl PendingDelivery {
    /// What its receipt says.
    #[inline]
    pub(super) fn receipt(&self, esm_class: u8) -> ReceiptContent<'_> {
        ReceiptContent {
            from: self.from.borrowed(),
            to: self.to.borrowed(),
            submitted_ns: self.submitted_ns,
            state: self.state,
            rule: self.rule,
            esm_class,
        }
    }
}

/// Pending deliveries by handle. They are in blocks: one array would be copied each time it grows, and need its memory
/// twice meanwhile.
#[derive(Clone, Debug, Default)]
pub(super) struct DeliverySlab {
    blocks: Vec<Vec<PendingDelivery>>,
    /// Handles given out so far, the free ones included.
    handles_count: usize,
    /// Handles to reuse.
    free: Vec<u32>,
    /// How many of those kept wait for a receiver.
    waiting_count: usize,
    count_max: usize,
}

const BLOCK: usize = 1024;

impl DeliverySlab {
    /// The handle of no delivery.
    pub(super) const NONE: u32 = u32::MAX;

    /// A slab for at most `count_max` deliveries that are not due, and as many of one account that wait for a receiver.
    /// The caller checks both limits.
    pub(super) fn new(count_max: usize) -> DeliverySlab {
        DeliverySlab { count_max, ..DeliverySlab::default() }
    }

    /// Whether no further delivery that is not due may be kept.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.len() - self.waiting_count >= self.count_max
    }

    /// Whether one more delivery may wait for an account that has `of_account` waiting. The limit of one account shrinks
    /// with the free capacity, so that accounts without receivers leave some of it to the others.
    pub(super) fn may_wait(&self, of_account: usize) -> bool {
        let total = self.count_max + (self.count_max / 8).max(1);
        of_account < total.saturating_sub(self.waiting_count).saturating_mul(8)
            && of_account < self.count_max
    }

    /// Keeps a delivery that waits for a receiver.
    pub(super) fn keep_waiting(&mut self, delivery: PendingDelivery) -> u32 {
        self.waiting_count += 1;
        self.keep(delivery)
    }

    /// Removes and returns a delivery that waited for a receiver.
    pub(super) fn take_waiting(&mut self, handle: u32) -> PendingDelivery {
        self.waiting_count -= 1;
        self.take(handle)
    }

    /// Keeps a delivery and returns its handle.
    #[inline]
    pub(super) fn keep(&mut self, delivery: PendingDelivery) -> u32 {
        if let Some(handle) = self.free.pop() {
            self.blocks[handle as usize / BLOCK][handle as usize % BLOCK] = delivery;
            return handle;
        }
        let handle = self.handles_count;
        if handle / BLOCK == self.blocks.len() {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        self.blocks[handle / BLOCK].push(delivery);
        self.handles_count += 1;
        u32::try_from(handle).expect("memory ends before four billion deliveries")
    }

    /// Removes and returns a delivery.
    #[inline]
    pub(super) fn take(&mut self, handle: u32) -> PendingDelivery {
        self.free.push(handle);
        self.blocks[handle as usize / BLOCK][handle as usize % BLOCK]
    }

    /// Number of deliveries kept.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.handles_count - self.free.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_small_enough_for_a_million_to_wait() {
        assert!(size_of::<PendingDelivery>() <= 96, "{}", size_of::<PendingDelivery>());
    }

    #[test]
    fn accounts_without_receivers_leave_capacity_for_others() {
        let mut slab = DeliverySlab::new(80_000);
        let mut lengths = [0; 20];
        for length in &mut lengths {
            while slab.may_wait(*length) {
                slab.keep_waiting(PendingDelivery::default());
                *length += 1;
            }
        }
        assert_eq!(lengths[0], 80_000);
        assert!(lengths[1] > 8_000 && lengths[2] > 0, "{lengths:?}");
        assert!(slab.len() <= 90_000 && !slab.is_full(), "they are due: that is another limit");
    }

    #[test]
    fn handles_are_used_again() {
        let mut slab = DeliverySlab::default();
        for number in 0..1_000 {
            let handle = slab.keep(PendingDelivery { number, ..PendingDelivery::default() });
            assert_eq!(slab.take(handle).number, number);
        }
        assert_eq!((slab.handles_count, slab.len()), (1, 0));
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
