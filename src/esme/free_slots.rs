//! When the free window slots of an account became free.
use crate::kit::Nanos;
use std::collections::VecDeque;

/// When each free slot became free, oldest first; runs of equal stamps are kept as one.
///
/// docs/measuring.md, "Times of a message": `slot_free` is the intended time, unless no slot was free then; in that
/// case it is the stamp of what freed the slot the message got. Messages take slots in the order in which they became
/// free.
#[derive(Debug, Default)]
pub(super) struct FreeSlots {
    runs: VecDeque<(Nanos, u32)>,
    count: usize,
}

impl FreeSlots {
    #[inline]
    pub(super) fn freed(&mut self, at: Nanos, slots: u32) {
        if slots == 0 {
            return;
        }
        self.count += slots as usize;
        match self.runs.back_mut() {
            Some(run) if run.0 == at => run.1 += slots,
            Some(_) | None => self.runs.push_back((at, slots)),
        }
    }
    /// Takes the oldest free slot; returns when it became free.
    #[inline]
    pub(super) fn take(&mut self) -> Option<Nanos> {
        let run = self.runs.front_mut()?;
        let at = run.0;
        run.1 -= 1;
        if run.1 == 0 {
            self.runs.pop_front();
        }
        self.count -= 1;
        Some(at)
    }
    /// Takes the oldest `slots`.
    #[inline]
    pub(super) fn take_some(&mut self, mut slots: usize) {
        slots = slots.min(self.count);
        self.count -= slots;
        while let Some(run) = self.runs.front_mut().filter(|_| slots > 0) {
            let taken = slots.min(run.1 as usize);
            run.1 -= taken as u32;
            slots -= taken;
            if run.1 == 0 {
                self.runs.pop_front();
            }
        }
    }
    /// Removes `slots` free slots that their session may not use any more: the ones freed last.
    pub(super) fn withdraw(&mut self, slots: usize) {
        for _ in 0..slots.min(self.count) {
            let Some(run) = self.runs.back_mut() else { return };
            run.1 -= 1;
            self.count -= 1;
            if run.1 == 0 {
                self.runs.pop_back();
            }
        }
    }
    #[inline]
    pub(super) fn count(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_taken_in_the_order_in_which_they_became_free() {
        let mut f = FreeSlots::default();
        f.freed(Nanos(1), 2);
        f.freed(Nanos(1), 1);
        f.freed(Nanos(5), 1);
        let mut g = FreeSlots::default();
        g.runs.clone_from(&f.runs);
        g.count = f.count;
        let taken: Vec<_> = std::iter::from_fn(|| f.take()).collect();
        assert_eq!(taken, [Nanos(1), Nanos(1), Nanos(1), Nanos(5)]);
        g.take_some(2);
        assert_eq!((g.count(), g.take(), g.take()), (2, Some(Nanos(1)), Some(Nanos(5))));
    }

    #[test]
    fn a_session_that_goes_takes_its_own_slots_with_it() {
        let mut f = FreeSlots::default();
        f.freed(Nanos(1), 2);
        f.freed(Nanos(9), 3);
        f.withdraw(4);
        assert_eq!((f.count(), f.take(), f.take()), (1, Some(Nanos(1)), None));
    }
}
