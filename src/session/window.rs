//! The window: open requests in a ring of slots indexed by `sequence_number & mask`.
//!
//! No search, no hash, no allocation after the first. A slot that is still occupied is stepped over, so a
//! late answer never meets a stranger's ticket. The ring only finds a slot; who waits for one is decided above.
use super::Sequence;

#[derive(Clone, Copy, Debug)]
struct Slot<T> {
    /// 0: free. The specification's numbers start at 1.
    sequence_number: u32,
    value: T,
}

/// At most `limit` open requests, each with a value.
#[derive(Clone, Debug)]
pub struct Window<T> {
    slots: Vec<Slot<T>>,
    mask: u32,
    limit: usize,
    open_count: usize,
    /// No open request has been opened before this one, in the order of opening.
    oldest: u32,
    /// One past the last number given out.
    newest: u32,
}

impl<T: Copy + Default> Window<T> {
    /// A window for `limit` open requests. The ring has twice as many slots, so that few are stepped over.
    pub fn new(limit: usize) -> Window<T> {
        let capacity = (limit.max(1) * 2).next_power_of_two();
        Window {
            slots: Vec::new(),
            mask: capacity as u32 - 1,
            limit,
            open_count: 0,
            oldest: 1,
            newest: 1,
        }
    }

    /// Slots in all.
    pub fn limit(&self) -> usize {
        self.limit
    }
    /// Open requests.
    pub fn open_count(&self) -> usize {
        self.open_count
    }
    /// Free slots.
    #[inline]
    pub fn room(&self) -> usize {
        self.limit - self.open_count
    }

    #[inline]
    fn slot(&mut self, sequence_number: u32) -> &mut Slot<T> {
        let index = (sequence_number & self.mask) as usize;
        &mut self.slots[index]
    }

    /// Opens a request under the next number of `sequence` whose slot is free. None: the window is full.
    #[inline]
    pub fn open(&mut self, sequence: &mut Sequence, value: T) -> Option<u32> {
        if self.open_count >= self.limit {
            return None;
        }
        if self.slots.is_empty() {
            // made at the first send: an idle bind costs nothing
            let free = Slot { sequence_number: 0, value: T::default() };
            self.slots = vec![free; self.mask as usize + 1];
        }
        loop {
            let number = sequence.take();
            let slot = self.slot(number);
            if slot.sequence_number != 0 {
                continue;
            }
            *slot = Slot { sequence_number: number, value };
            if self.open_count == 0 {
                self.oldest = number;
            }
            self.open_count += 1;
            self.newest = next(number);
            return Some(number);
        }
    }

    /// The value of an open request.
    #[inline]
    pub fn get_mut(&mut self, sequence_number: u32) -> Option<&mut T> {
        if self.slots.is_empty() || sequence_number == 0 {
            return None;
        }
        let slot = self.slot(sequence_number);
        (slot.sequence_number == sequence_number).then_some(&mut slot.value)
    }

    /// Changes the values of those of `count` requests, numbered from `first` on, that are open, and gives
    /// each, changed.
    #[inline]
    pub fn stamp_run(
        &mut self,
        first: u32,
        count: u32,
        stamp: impl Fn(&mut T),
    ) -> impl Iterator<Item = &T> {
        let length = self.slots.len().max(1);
        let from = if self.slots.is_empty() { 0 } else { (first & self.mask) as usize };
        // the ring from its place on, then from its start: a run is never longer than the ring
        let (head, tail) = self.slots.split_at_mut(from);
        let run = tail.iter_mut().chain(head).take((count as usize).min(length));
        run.zip(first..).filter_map(move |(slot, number)| {
            if slot.sequence_number != number {
                return None;
            }
            stamp(&mut slot.value);
            Some(&slot.value)
        })
    }

    /// Settles an open request and frees its slot. None: no such request is open.
    #[inline]
    pub fn settle(&mut self, sequence_number: u32) -> Option<T> {
        if self.slots.is_empty() || sequence_number == 0 {
            return None;
        }
        let slot = self.slot(sequence_number);
        if slot.sequence_number != sequence_number {
            return None;
        }
        slot.sequence_number = 0;
        let value = slot.value;
        self.open_count -= 1;
        Some(value)
    }

    /// The request that has been open longest.
    pub fn oldest(&mut self) -> Option<(u32, T)> {
        if self.open_count == 0 {
            return None;
        }
        loop {
            let number = self.oldest;
            let slot = self.slot(number);
            if slot.sequence_number == number {
                let value = slot.value;
                return Some((number, value));
            }
            self.oldest = next(number);
        }
    }

    /// Settles everything that is open, longest open first.
    pub fn drain(&mut self) -> Vec<(u32, T)> {
        let mut all = Vec::with_capacity(self.open_count);
        while let Some((number, value)) = self.oldest() {
            self.settle(number);
            all.push((number, value));
        }
        all
    }
}

fn next(number: u32) -> u32 {
    if number >= Sequence::MAX { 1 } else { number + 1 }
}
