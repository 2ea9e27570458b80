//! The schedule: message number -> intended time, exact, for all stages of a plan (docs/measuring.md, "Schedule"). A
//! pure function of (stages, arrival, seed); it knows no clock, no worker and no session.
mod bounds;
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
use bounds::POISSON_MAX;
use curve::Curve;
use poisson::{FRACTION_BITS, Gaps};

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
struct PlacedStage {
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
    placed_stages: Vec<PlacedStage>,
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

    /// The same with the rate changed by hand: from each change on, its percentage of the rate of `stages`.
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
        let mut placed_stages = Vec::with_capacity(stages.len());
        for (number, stage) in stages.iter().enumerate() {
            let fault = |why| ScheduleError { stage: number, why };
            if number > usize::from(u16::MAX) {
                return Err(fault(Unschedulable::TooManyStages));
            }
            let curve = match stage.shape.curve(stage.length.0).map_err(fault)? {
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
            placed_stages.push(PlacedStage { start, end, first, count, curve, gaps });
            start = end;
            first =
                first.checked_add(count).ok_or_else(|| fault(Unschedulable::TooManyMessages))?;
        }
        Ok(Schedule { placed_stages, len: first, ends_at: start })
    }

    /// Number of messages; closed-loop stages plan none.
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
        let number = self.placed_stages.partition_point(|placed| placed.first <= index) - 1;
        // a stage without messages shares its `first` with the next: the last one with room has it
        let placed = &self.placed_stages[number];
        debug_assert!(index - placed.first < placed.count, "stages are in order");
        Some((Nanos(placed.time_of(index - placed.first)), number as u16))
    }

    /// Messages intended before `offset`.
    pub fn count_before(&self, offset: Nanos) -> u64 {
        // a message stands within its stage
        match self.placed_stages.partition_point(|placed| placed.start < offset.0) {
            0 => 0,
            begun => {
                let placed = &self.placed_stages[begun - 1];
                placed.first + placed.count_before(offset.0)
            }
        }
    }

    /// Messages that `stage` plans; 0 for a closed loop.
    pub fn stage_count(&self, stage: u16) -> u64 {
        self.placed_stages.get(usize::from(stage)).map_or(0, |placed| placed.count)
    }

    /// Number of the first message of `stage`.
    pub fn stage_first(&self, stage: u16) -> u64 {
        self.placed_stages.get(usize::from(stage)).map_or(self.len, |placed| placed.first)
    }

    /// When `stage` begins and ends, from the start of the load.
    pub fn bounds(&self, stage: u16) -> (Nanos, Nanos) {
        let placed = self.placed_stages.get(usize::from(stage));
        placed.map_or((self.ends_at(), self.ends_at()), |placed| {
            (Nanos(placed.start), Nanos(placed.end))
        })
    }

    /// The stage that is on at `offset`; None after the last.
    pub fn stage_at(&self, offset: Nanos) -> Option<u16> {
        let number = self.placed_stages.partition_point(|placed| placed.end <= offset.0);
        (number < self.placed_stages.len()).then_some(number as u16)
    }

    /// The closed-loop stage that is on at `offset`, and its end.
    pub fn closed_at(&self, offset: Nanos) -> Option<(u16, Nanos)> {
        let stage = self.stage_at(offset)?;
        let placed = &self.placed_stages[usize::from(stage)];
        placed.curve.is_none().then_some((stage, Nanos(placed.end)))
    }

    /// When the next closed-loop stage begins, strictly after `offset`.
    pub fn next_closed_after(&self, offset: Nanos) -> Option<Nanos> {
        let later = self
            .placed_stages
            .iter()
            .find(|placed| placed.curve.is_none() && placed.start > offset.0);
        later.map(|placed| Nanos(placed.start))
    }

    /// The highest rate planned from `offset` on, in messages a second; 0 where there is none.
    pub fn peak_after(&self, offset: Nanos) -> f64 {
        let placed_stages = self.placed_stages.iter().filter(|placed| placed.end > offset.0);
        placed_stages
            .filter_map(|placed| {
                let curve = placed.curve.as_ref()?;
                Some(curve.peak_after(offset.0.saturating_sub(placed.start)))
            })
            .fold(0.0, f64::max)
    }

    /// The planned rate at `offset`, in messages a second; None in a closed loop and after the end.
    pub fn rate_at(&self, offset: Nanos) -> Option<f64> {
        let placed = &self.placed_stages[usize::from(self.stage_at(offset)?)];
        placed.curve.as_ref().map(|curve| curve.rate_at(offset.0 - placed.start))
    }
}

fn draw(curve: &Curve, seed: u64, stage: u64) -> Result<Gaps, Unschedulable> {
    if curve.count() > POISSON_MAX {
        return Err(Unschedulable::TooManyArrivals { count: curve.count() });
    }
    let bound = (curve.total << FRACTION_BITS).div_ceil(curve.per_message);
    Ok(Gaps::until(bound, seed, stage))
}

impl PlacedStage {
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
pub(super) struct ScheduleCursor {
    stage: usize,
    position: Position,
}

/// What the cursor knows about its position.
#[derive(Debug)]
enum Position {
    /// Nothing: the next message is found by formula.
    Formula,
    /// On a flat segment: message `index` of the plan is `quotient + remainder / divisor` ns after `base`.
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

impl ScheduleCursor {
    /// At the first message.
    pub(super) const fn new() -> ScheduleCursor {
        ScheduleCursor { stage: 0, position: Position::Formula }
    }

    /// The next index may be far from the last: it is found by formula.
    pub(super) fn jump(&mut self) {
        self.position = Position::Formula;
    }

    /// The time and stage of message `index`; no index may be smaller than the one before.
    #[inline]
    pub(super) fn time_of(&mut self, schedule: &Schedule, index: u64) -> Option<(Nanos, u16)> {
        if let Position::Even { index: last, until, base, quotient, remainder, step } =
            &mut self.position
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
                return Some((Nanos(*base + *quotient), self.stage as u16));
            }
        }
        self.by_formula(schedule, index)
    }

    #[inline(never)]
    fn by_formula(&mut self, schedule: &Schedule, index: u64) -> Option<(Nanos, u16)> {
        if index >= schedule.len {
            return None;
        }
        while index
            >= schedule.placed_stages[self.stage].first + schedule.placed_stages[self.stage].count
        {
            self.stage += 1;
            self.position = Position::Formula;
        }
        let placed = &schedule.placed_stages[self.stage];
        let curve = placed.curve.as_ref().expect("a stage with messages has a curve");
        let at = if let Some(gaps) = &placed.gaps {
            let sum = match self.position {
                Position::Sum { index: last, sum } => {
                    (last + 1..=index).fold(sum, |s, k| s + u128::from(gaps.gap(k - placed.first)))
                }
                Position::Formula | Position::Even { .. } => gaps.sum(index - placed.first),
            };
            self.position = Position::Sum { index, sum };
            placed.time_of_sum(curve, sum)
        } else {
            let area = u128::from(index - placed.first) * curve.per_message;
            let number = curve.segment_at_area(area);
            self.position = even(placed, curve, number, index, area).unwrap_or(Position::Formula);
            placed.start + curve.time_of(area)
        };
        Some((Nanos(at), self.stage as u16))
    }
}

/// The position on flat segment `number`, at message `index`; None on a slope, or where
/// its numbers need more than 64 bits.
fn even(
    placed: &PlacedStage,
    curve: &Curve,
    number: usize,
    index: u64,
    area: u128,
) -> Option<Position> {
    let segment = curve.segments[number];
    if segment.n0 != segment.n1 {
        return None;
    }
    let per_ns = 2 * u128::from(segment.n0);
    let end = curve.segments.get(number + 1).map_or(curve.total, |next| next.area);
    let until = placed.first + u64::try_from(end.div_ceil(curve.per_message)).ok()?;
    let step = Step {
        whole: u64::try_from(curve.per_message / per_ns).ok()?,
        fraction: u64::try_from(curve.per_message % per_ns).ok()?,
        divisor: u64::try_from(per_ns).ok()?,
    };
    let within = area - segment.area;
    Some(Position::Even {
        index,
        until,
        base: placed.start + segment.from,
        quotient: u64::try_from(within / per_ns).ok()?,
        remainder: u64::try_from(within % per_ns).ok()?,
        step,
    })
}
