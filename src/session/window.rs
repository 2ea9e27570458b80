//! The window: open requests in a ring of slots indexed by `sequence_number & mask`.
//!
//! No search, no hash, no allocation after the first. A slot that is still occupied is stepped over, so a
//! late answer never meets the ticket of another request. It alone counts the free slots of a session.
//! Requests opened together are a run with one value, and settled together they are settled at once.
use super::Sequence;

/// What an open request carries. Requests of one run differ in nothing but how far they are from its first.
pub trait Numbered: Copy {
    /// The value of the request that comes `n` after this one in its run.
    #[must_use]
    fn nth(self, n: u32) -> Self;
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    /// 0: free. The specification's numbers start at 1.
    sequence_number: u32,
    run: u32,
}

const FREE: Slot = Slot { sequence_number: 0, run: 0 };

/// Requests opened together: their numbers follow each other.
#[derive(Clone, Copy, Debug)]
struct Run<T> {
    /// sequence_number of the first.
    first: u32,
    count: u32,
    /// How many of them are open.
    open_count: u32,
    /// The first one's value.
    value: T,
}

/// At most `limit` open requests, each with a value.
#[derive(Clone, Debug)]
pub struct Window<T> {
    slots: Vec<Slot>,
    runs: Vec<Run<T>>,
    /// Places in `runs` that may be used again.
    spare_runs: Vec<u32>,
    mask: u32,
    limit: usize,
    open_count: usize,
    /// Where the search for the oldest open request starts.
    oldest: u32,
}

impl<T: Numbered> Window<T> {
    /// A window for `limit` open requests. The ring has twice as many slots, so that few are stepped over.
    pub fn new(limit: usize) -> Window<T> {
        let capacity = (limit.max(1) * 2).next_power_of_two();
        Window {
            slots: Vec::new(),
            runs: Vec::new(),
            spare_runs: Vec::new(),
            mask: capacity as u32 - 1,
            limit,
            open_count: 0,
            oldest: 1,
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
    pub fn free_count(&self) -> usize {
        self.limit - self.open_count
    }

    #[inline]
    fn slot(&mut self, sequence_number: u32) -> &mut Slot {
        let index = (sequence_number & self.mask) as usize;
        &mut self.slots[index]
    }

    /// The run of an open request; None: no such request is open.
    #[inline]
    fn run_of(&self, sequence_number: u32) -> Option<u32> {
        let slot = self.slots.get((sequence_number & self.mask) as usize)?;
        (sequence_number != 0 && slot.sequence_number == sequence_number).then_some(slot.run)
    }

    /// The value of this request, if it is open.
    pub fn get(&self, sequence_number: u32) -> Option<T> {
        let run = self.runs[self.run_of(sequence_number)? as usize];
        Some(run.value.nth(sequence_number - run.first))
    }

    #[inline]
    fn add_run(&mut self, run: Run<T>) -> u32 {
        if let Some(place) = self.spare_runs.pop() {
            self.runs[place as usize] = run;
            return place;
        }
        self.runs.push(run);
        self.runs.len() as u32 - 1
    }

    /// Opens a request under the next number of `sequence` whose slot is free. None: the window is full.
    #[inline]
    pub fn open(&mut self, sequence: &mut Sequence, value: T) -> Option<u32> {
        self.open_run(sequence, value, 1).map(|(number, _)| number)
    }

    /// Opens up to `count` requests, numbered one after the other: (number of the first, how many). The nth
    /// has the value `value.nth(n)`. There are fewer where the window is full, the numbers start again, or a
    /// slot is still occupied. None: not even one has room.
    #[inline]
    pub fn open_run(
        &mut self,
        sequence: &mut Sequence,
        value: T,
        count: usize,
    ) -> Option<(u32, u32)> {
        let count = count.min(self.free_count()) as u32;
        if count == 0 {
            return None;
        }
        if self.slots.is_empty() {
            // made at the first send: an idle bind costs nothing
            self.slots = vec![FREE; self.mask as usize + 1];
        }
        while self.slot(sequence.peek()).sequence_number != 0 {
            sequence.take();
        }
        let first = sequence.peek();
        let run = self.add_run(Run { first, count, open_count: count, value });
        let mut opened = 0;
        while opened < count {
            let number = sequence.peek();
            let slot = self.slot(number);
            if slot.sequence_number != 0 || number != first + opened {
                break;
            }
            *slot = Slot { sequence_number: number, run };
            sequence.take();
            opened += 1;
        }
        let of_run = &mut self.runs[run as usize];
        (of_run.count, of_run.open_count) = (opened, opened);
        if self.open_count == 0 {
            self.oldest = first;
        }
        self.open_count += opened as usize;
        Some((first, opened))
    }

    /// Changes the values of those of `count` requests, numbered from `first` on, that are open. `stamp` is
    /// given each value, and how many of them share it.
    #[inline]
    pub fn stamp_run(&mut self, first: u32, count: u32, mut stamp: impl FnMut(&mut T, u32)) {
        let end = first.saturating_add(count);
        let mut number = first;
        while number < end {
            let Some(place) = self.run_of(number) else {
                number += 1;
                continue;
            };
            let run = self.runs[place as usize];
            let place = if run.first == number { place } else { self.split(place, number) };
            if self.runs[place as usize].first + self.runs[place as usize].count > end {
                self.split(place, end);
            }
            let run = &mut self.runs[place as usize];
            stamp(&mut run.value, run.open_count);
            number = run.first + run.count;
        }
    }

    /// Cuts a run in two before `number`, which is one of its numbers but not the first. Returns the place of
    /// the second.
    #[cold]
    fn split(&mut self, place: u32, number: u32) -> u32 {
        let run = self.runs[place as usize];
        let before = number - run.first;
        let value = run.value.nth(before);
        let count = run.count - before;
        let second = self.add_run(Run { first: number, count, open_count: 0, value });
        let mut moved = 0;
        for number in number..number + count {
            let slot = self.slot(number);
            if slot.sequence_number == number {
                slot.run = second;
                moved += 1;
            }
        }
        self.runs[second as usize].open_count = moved;
        let first = &mut self.runs[place as usize];
        (first.count, first.open_count) = (before, run.open_count - moved);
        if first.open_count == 0 {
            self.spare_runs.push(place);
        }
        if moved == 0 {
            self.spare_runs.push(second);
        }
        second
    }

    /// Settles an open request and frees its slot. None: no such request is open.
    #[inline]
    pub fn settle(&mut self, sequence_number: u32) -> Option<T> {
        self.settle_run(sequence_number, 1).map(|(value, _)| value)
    }

    /// Settles an open request and up to `count - 1` of those that follow it in number, as far as they are
    /// open and of one run: (value of the first, how many). None: the first is not open.
    #[inline]
    pub fn settle_run(&mut self, first: u32, count: u32) -> Option<(T, u32)> {
        self.settle_run_if(first, count, |_| true)
    }

    /// The same, where `may` allows it of the value that the run shares. None: it does not, and nothing is settled.
    #[inline]
    pub fn settle_run_if(
        &mut self,
        first: u32,
        count: u32,
        may: impl FnOnce(&T) -> bool,
    ) -> Option<(T, u32)> {
        let place = self.run_of(first).filter(|place| may(&self.runs[*place as usize].value))?;
        self.slot(first).sequence_number = 0;
        let mut settled = 1;
        while settled < count {
            let number = first + settled;
            let slot = self.slot(number);
            if slot.sequence_number != number || slot.run != place {
                break;
            }
            slot.sequence_number = 0;
            settled += 1;
        }
        let run = &mut self.runs[place as usize];
        let value = run.value.nth(first - run.first);
        run.open_count -= settled;
        if run.open_count == 0 {
            self.spare_runs.push(place);
        }
        self.open_count -= settled as usize;
        Some((value, settled))
    }

    /// The request that has been open longest.
    pub fn oldest(&mut self) -> Option<(u32, T)> {
        if self.open_count == 0 {
            return None;
        }
        loop {
            let number = self.oldest;
            if let Some(place) = self.run_of(number) {
                let run = &self.runs[place as usize];
                return Some((number, run.value.nth(number - run.first)));
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
