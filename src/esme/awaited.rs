//! What is kept of an accepted message until its receipt comes.
use crate::correlate::Awaits;
use crate::kit::Nanos;
use crate::measure::CellId;
use crate::plan::CELLS_MAX;

/// A span in 32 bits: nanoseconds up to 2.1 s, beyond that in steps of 1,024 ns, up to 36 minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span32(u32);

impl Span32 {
    const COARSE: u32 = 1 << 31;

    pub(super) fn of(span: Nanos) -> Span32 {
        match u32::try_from(span.0) {
            Ok(ns) if ns < Self::COARSE => Span32(ns),
            Ok(_) | Err(_) => {
                let steps = (span.0 >> 10).min(u64::from(Self::COARSE - 1));
                Span32(steps as u32 | Self::COARSE)
            }
        }
    }
    pub(super) fn span(self) -> Nanos {
        if self.0 & Self::COARSE == 0 {
            Nanos(u64::from(self.0))
        } else {
            Nanos(u64::from(self.0 & !Self::COARSE) << 10)
        }
    }
}

/// What is kept of an accepted message until its receipt comes: 20 octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awaited {
    intended: [u32; 2],
    written: Span32,
    answered: Span32,
    session: u16,
    cell: u16,
}

/// In `cell`: silence would be right too (registered_delivery 2 or 3).
const MAY_STAY_SILENT: u16 = 1 << 15;
// else a receipt would be counted in another cell
const _: () = assert!(CELLS_MAX <= MAY_STAY_SILENT as usize);

impl Awaited {
    pub(super) fn new(
        intended: Nanos,
        written: Nanos,
        answered: Nanos,
        session: u32,
        cell: CellId,
        may_stay_silent: bool,
    ) -> Awaited {
        Awaited {
            intended: [intended.0 as u32, (intended.0 >> 32) as u32],
            written: Span32::of(written.since(intended)),
            answered: Span32::of(answered.since(written)),
            session: session as u16,
            cell: cell | if may_stay_silent { MAY_STAY_SILENT } else { 0 },
        }
    }
    pub(super) fn intended(&self) -> Nanos {
        Nanos(u64::from(self.intended[0]) | u64::from(self.intended[1]) << 32)
    }
    pub(super) fn written(&self) -> Nanos {
        self.intended() + self.written.span()
    }
    pub(super) fn answered(&self) -> Nanos {
        self.written() + self.answered.span()
    }
    pub(super) fn session(&self) -> u32 {
        u32::from(self.session)
    }
    pub(super) fn cell(&self) -> CellId {
        self.cell & !MAY_STAY_SILENT
    }
    pub(super) fn may_stay_silent(&self) -> bool {
        self.cell & MAY_STAY_SILENT != 0
    }
}

impl Awaits for Awaited {
    fn since(&self) -> Nanos {
        self.answered()
    }
    fn mark(&self) -> u16 {
        self.cell()
    }
    fn session(&self) -> u32 {
        Awaited::session(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_survive_packing_to_the_nanosecond_up_to_two_seconds_and_to_a_microsecond_beyond() {
        for (wait, answer) in [(0, 5), (2_147_483_647, 17), (9_000_000_000, 60_000_000_000u64)] {
            let intended = Nanos(0x1234_5678_9ABC);
            let a = Awaited::new(
                intended,
                intended + Nanos(wait),
                intended + Nanos(wait) + Nanos(answer),
                65_535,
                4095,
                true,
            );
            assert_eq!(a.intended(), intended);
            assert!(a.written().0.abs_diff(intended.0 + wait) < 1024);
            assert!(a.answered().0.abs_diff(intended.0 + wait + answer) < 2048);
            if wait < 1 << 31 {
                assert_eq!(a.answered().0, intended.0 + wait + answer);
            }
            assert_eq!((a.session(), a.cell(), a.may_stay_silent()), (65_535, 4095, true));
        }
        assert_eq!(std::mem::size_of::<Awaited>(), 20);
    }

    #[test]
    fn a_receipt_of_any_cell_that_a_plan_may_have_is_counted_in_that_cell() {
        for cell in [0, 1, CELLS_MAX / 2, CELLS_MAX - 1] {
            for silent in [false, true] {
                let at = Nanos(7);
                let kept = Awaited::new(at, at, at, 0, cell as CellId, silent);
                assert_eq!((usize::from(kept.cell()), kept.may_stay_silent()), (cell, silent));
            }
        }
    }
}
