//! The schedule: message number -> intended time, exact, for all stages of a plan (docs/measuring.md, "Schedule"). A
//! pure function of (stages, arrival, seed); it knows no clock, no worker and no session.
mod curve;
mod error;
mod poisson;
mod shapes;
mod stage;
#[cfg(test)]
mod tests;

pub(crate) use curve::{exceeds, gcd};
pub use error::{ScheduleError, Unschedulable};
pub use shapes::{Ramp, Shape, Sine, Spike, Stairs};
pub use stage::{Arrival, Stage};

use crate::kit::{Nanos, RateChange};
use curve::Curve;
use poisson::{FRACTION_BITS, Gaps};

/// Most messages of one Poisson stage: they are all walked when the schedule is made.
const POISSON_MAX: u64 = 4_000_000_000;

/// One message's place in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Its number among all submit_sm of the plan.
    pub index: u64,
    /// Its intended time, from the start of the load.
    pub at: Nanos,
    /// Its stage.
    pub stage: u16,
    /// The class of bind that is to carry it, 0..senders.
    pub sender: u32,
    /// The account that sends it.
    pub account: u16,
}

/// One stage, placed.
#[derive(Clone, Debug)]
struct Leg {
    start: u64,
    end: u64,
    first: u64,
    count: u64,
    /// None: closed loop.
    curve: Option<Curve>,
    /// Some: Poisson arrivals.
    gaps: Option<Gaps>,
}

/// All intended times of a plan, held as a formula.
#[derive(Clone, Debug)]
pub struct Schedule {
    legs: Vec<Leg>,
    len: u64,
    ends_at: u64,
}

impl Schedule {
    /// The schedule of `stages`, one after the other, each anchored at its own start.
    ///
    /// # Errors
    /// The first stage that no schedule can hold: no length, no rate, too much of either.
    pub fn new(stages: &[Stage], arrival: Arrival, seed: u64) -> Result<Schedule, ScheduleError> {
        Schedule::steered(stages, arrival, seed, &[])
    }

    /// The same with the rate changed by hand: from each change on, so many per cent of what `stages` say.
    /// Messages before the first change keep their numbers and times. Stages keep their length.
    ///
    /// # Errors
    /// As [`Schedule::new`].
    pub fn steered(
        stages: &[Stage],
        arrival: Arrival,
        seed: u64,
        changes: &[RateChange],
    ) -> Result<Schedule, ScheduleError> {
        let (mut start, mut first) = (0u64, 0u64);
        let mut legs = Vec::with_capacity(stages.len());
        for (number, stage) in stages.iter().enumerate() {
            let fault = |why| ScheduleError { stage: number, why };
            if number > usize::from(u16::MAX) {
                return Err(fault(Unschedulable::TooManyStages));
            }
            let curve = match Curve::of(&stage.shape, stage.length.0).map_err(fault)? {
                Some(curve) if !changes.is_empty() => {
                    Some(curve.steered(start, changes).map_err(fault)?)
                }
                plain => plain,
            };
            let gaps = match (&curve, arrival) {
                (Some(curve), Arrival::Poisson) => {
                    Some(draw(curve, seed, number as u64).map_err(fault)?)
                }
                (Some(_), Arrival::Constant) | (None, _) => None,
            };
            let count = match (&curve, &gaps) {
                (_, Some(gaps)) => gaps.count(),
                (Some(curve), None) => curve.count(),
                (None, None) => 0,
            };
            let end = start
                .checked_add(stage.length.0)
                .filter(|end| *end < u64::MAX / 2)
                .ok_or_else(|| fault(Unschedulable::TooLong))?;
            legs.push(Leg { start, end, first, count, curve, gaps });
            start = end;
            first =
                first.checked_add(count).ok_or_else(|| fault(Unschedulable::TooManyMessages))?;
        }
        Ok(Schedule { legs, len: first, ends_at: start })
    }

    /// Messages in all; closed-loop stages plan none.
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether no message is planned.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The end of the last stage, from the start of the load.
    pub const fn ends_at(&self) -> Nanos {
        Nanos(self.ends_at)
    }

    /// The intended time (from the start of the load) and stage of message `index`; None beyond the last.
    /// With Poisson arrivals it walks up to 65,536 gaps: a [`Cursor`](super::Cursor) walks them once.
    pub fn intended(&self, index: u64) -> Option<(Nanos, u16)> {
        if index >= self.len {
            return None;
        }
        let number = self.legs.partition_point(|leg| leg.first <= index) - 1;
        // a leg without messages shares its `first` with the next: the last one with room has it
        let leg = &self.legs[number];
        debug_assert!(index - leg.first < leg.count, "legs are in order");
        Some((Nanos(leg.time_of(index - leg.first)), number as u16))
    }

    /// Messages intended before `offset`.
    pub fn count_before(&self, offset: Nanos) -> u64 {
        // a message stands within its stage
        match self.legs.partition_point(|leg| leg.start < offset.0) {
            0 => 0,
            begun => {
                let leg = &self.legs[begun - 1];
                leg.first + leg.count_before(offset.0)
            }
        }
    }

    /// Messages that `stage` plans; 0 for a closed loop.
    pub fn stage_count(&self, stage: u16) -> u64 {
        self.legs.get(usize::from(stage)).map_or(0, |leg| leg.count)
    }

    /// Number of the first message of `stage`.
    pub fn stage_first(&self, stage: u16) -> u64 {
        self.legs.get(usize::from(stage)).map_or(self.len, |leg| leg.first)
    }

    /// When `stage` begins and ends, from the start of the load.
    pub fn bounds(&self, stage: u16) -> (Nanos, Nanos) {
        let leg = self.legs.get(usize::from(stage));
        leg.map_or((self.ends_at(), self.ends_at()), |leg| (Nanos(leg.start), Nanos(leg.end)))
    }

    /// The stage that is on at `offset`; None after the last.
    pub fn stage_at(&self, offset: Nanos) -> Option<u16> {
        let number = self.legs.partition_point(|leg| leg.end <= offset.0);
        (number < self.legs.len()).then_some(number as u16)
    }

    /// The closed-loop stage that is on at `offset`, and its end.
    pub fn closed_at(&self, offset: Nanos) -> Option<(u16, Nanos)> {
        let stage = self.stage_at(offset)?;
        let leg = &self.legs[usize::from(stage)];
        leg.curve.is_none().then_some((stage, Nanos(leg.end)))
    }

    /// When the next closed-loop stage begins, strictly after `offset`.
    pub fn next_closed_after(&self, offset: Nanos) -> Option<Nanos> {
        let later = self.legs.iter().find(|leg| leg.curve.is_none() && leg.start > offset.0);
        later.map(|leg| Nanos(leg.start))
    }

    /// The highest rate planned from `offset` on, in messages a second; 0 where there is none.
    pub fn peak_after(&self, offset: Nanos) -> f64 {
        let legs = self.legs.iter().filter(|leg| leg.end > offset.0);
        legs.filter_map(|leg| {
            let curve = leg.curve.as_ref()?;
            Some(curve.peak_after(offset.0.saturating_sub(leg.start)))
        })
        .fold(0.0, f64::max)
    }

    /// The planned rate at `offset`, in messages a second; None in a closed loop and after the end.
    pub fn rate_at(&self, offset: Nanos) -> Option<f64> {
        let leg = &self.legs[usize::from(self.stage_at(offset)?)];
        leg.curve.as_ref().map(|curve| curve.rate_at(offset.0 - leg.start))
    }
}

fn draw(curve: &Curve, seed: u64, stage: u64) -> Result<Gaps, Unschedulable> {
    if curve.count() > POISSON_MAX {
        return Err(Unschedulable::TooManyArrivals { count: curve.count() });
    }
    let bound = (curve.total << FRACTION_BITS).div_ceil(curve.per_message);
    Ok(Gaps::until(bound, seed, stage))
}

impl Leg {
    /// The time of its message `i` (below its count), from the start of the load.
    fn time_of(&self, i: u64) -> u64 {
        match (&self.curve, &self.gaps) {
            (Some(curve), Some(gaps)) => self.time_of_sum(curve, gaps.sum(i)),
            (Some(curve), None) => self.start + curve.time_of(u128::from(i) * curve.per_message),
            (None, _) => self.start,
        }
    }

    /// Its messages intended before `offset`.
    fn count_before(&self, offset: u64) -> u64 {
        if let (Some(curve), Some(gaps)) = (&self.curve, &self.gaps) {
            return gaps.count_while(|sum| self.time_of_sum(curve, sum) < offset);
        }
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.time_of(middle) < offset {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The time at which the integral reaches `sum` (2⁻³² messages).
    fn time_of_sum(&self, curve: &Curve, sum: u128) -> u64 {
        self.start + curve.time_of((sum * curve.per_message) >> FRACTION_BITS)
    }
}

/// Walks a schedule forwards, cheaply: evenly spaced messages by addition, the rest by formula.
#[derive(Debug)]
pub(super) struct Pacing {
    leg: usize,
    run: Run,
}

/// What the walk knows about where it is.
#[derive(Debug)]
enum Run {
    /// Nothing yet.
    Formula,
    /// On a flat piece: message `index` of the plan is `quotient + remainder / divisor` ns after `base`.
    Even { index: u64, until: u64, base: u64, quotient: u64, remainder: u64, step: Step },
    /// The gaps up to and with message `index` of the plan add up to `sum`.
    Sum { index: u64, sum: u128 },
}

/// `whole + fraction / divisor` nanoseconds a message.
#[derive(Clone, Copy, Debug)]
struct Step {
    whole: u64,
    fraction: u64,
    divisor: u64,
}

impl Pacing {
    /// At the first message.
    pub(super) const fn new() -> Pacing {
        Pacing { leg: 0, run: Run::Formula }
    }

    /// The next index may be far from the last: it is found by formula.
    pub(super) fn jump(&mut self) {
        self.run = Run::Formula;
    }

    /// The time and stage of message `index`; no index may be smaller than the one before.
    #[inline]
    pub(super) fn time_of(&mut self, schedule: &Schedule, index: u64) -> Option<(Nanos, u16)> {
        if let Run::Even { index: last, until, base, quotient, remainder, step } = &mut self.run
            && index < *until
        {
            let ahead = index - *last;
            if let Some(product) = ahead.checked_mul(step.fraction)
                && let Some(over) = product.checked_add(*remainder)
            {
                let carry = if over < step.divisor { 0 } else { over / step.divisor };
                *remainder = over - carry * step.divisor;
                *quotient += ahead * step.whole + carry;
                *last = index;
                return Some((Nanos(*base + *quotient), self.leg as u16));
            }
        }
        self.by_formula(schedule, index)
    }

    #[inline(never)]
    fn by_formula(&mut self, schedule: &Schedule, index: u64) -> Option<(Nanos, u16)> {
        if index >= schedule.len {
            return None;
        }
        while index >= schedule.legs[self.leg].first + schedule.legs[self.leg].count {
            self.leg += 1;
            self.run = Run::Formula;
        }
        let leg = &schedule.legs[self.leg];
        let curve = leg.curve.as_ref().expect("a leg with messages has a curve");
        let at = if let Some(gaps) = &leg.gaps {
            let sum = match self.run {
                Run::Sum { index: last, sum } => {
                    (last + 1..=index).fold(sum, |s, k| s + u128::from(gaps.gap(k - leg.first)))
                }
                Run::Formula | Run::Even { .. } => gaps.sum(index - leg.first),
            };
            self.run = Run::Sum { index, sum };
            leg.time_of_sum(curve, sum)
        } else {
            let area = u128::from(index - leg.first) * curve.per_message;
            let number = curve.piece_at_area(area);
            self.run = even(leg, curve, number, index, area).unwrap_or(Run::Formula);
            leg.start + curve.time_of(area)
        };
        Some((Nanos(at), self.leg as u16))
    }
}

/// The walk by addition over flat piece `number`, standing at message `index`; None on a slope, or where
/// its numbers need more than 64 bits.
fn even(leg: &Leg, curve: &Curve, number: usize, index: u64, area: u128) -> Option<Run> {
    let piece = curve.pieces[number];
    if piece.n0 != piece.n1 {
        return None;
    }
    let per_ns = 2 * u128::from(piece.n0);
    let end = curve.pieces.get(number + 1).map_or(curve.total, |next| next.area);
    let until = leg.first + u64::try_from(end.div_ceil(curve.per_message)).ok()?;
    let step = Step {
        whole: u64::try_from(curve.per_message / per_ns).ok()?,
        fraction: u64::try_from(curve.per_message % per_ns).ok()?,
        divisor: u64::try_from(per_ns).ok()?,
    };
    let within = area - piece.area;
    Some(Run::Even {
        index,
        until,
        base: leg.start + piece.from,
        quotient: u64::try_from(within / per_ns).ok()?,
        remainder: u64::try_from(within % per_ns).ok()?,
        step,
    })
}
