//! A stage's rate over time as straight segments, its exact integral and the inverse of that. All of it in
//! integers: a message's time never depends on rounding that happened before. It knows one stage only.
use super::error::Unschedulable;
use crate::kit::{NS_PER_S, Rate, RateChange};

/// One straight stretch. Rates are in `1 / unit` messages a second; areas in `1 / per_message` messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CurveSegment {
    /// Where it begins, in nanoseconds from the start of its stage.
    pub(super) from: u64,
    /// How long it is, in nanoseconds; not 0.
    pub(super) length: u64,
    /// The rate where it begins.
    pub(super) n0: u64,
    /// The rate where it ends.
    pub(super) n1: u64,
    /// The integral of the rate before it.
    pub(super) area: u128,
}

/// The segments of one stage and their sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Curve {
    /// Rates are in `1 / unit` messages a second.
    pub(super) unit: u64,
    /// One message, as an area: `2 · 10⁹ · unit`, which makes every piece's area a whole number.
    pub(super) per_message: u128,
    /// In order, without gaps.
    pub(super) segments: Vec<CurveSegment>,
    /// The integral over the whole stage.
    pub(super) total: u128,
}

/// Whether `a` is the higher rate, exactly.
pub(crate) fn exceeds(a: Rate, b: Rate) -> bool {
    u128::from(a.num) * u128::from(b.den) > u128::from(b.num) * u128::from(a.den)
}

/// `a + b`, exactly; the highest rate where 64 bits cannot hold it.
pub(super) fn sum(a: Rate, b: Rate) -> Rate {
    match common_unit(&[a, b]) {
        Some(unit) => match (in_units(a, unit), in_units(b, unit)) {
            (Some(x), Some(y)) => Rate { num: x.saturating_add(y), den: unit }.reduced(),
            (None, _) | (_, None) => Rate::per_second(u64::MAX),
        },
        None => Rate::per_second(u64::MAX),
    }
}

fn common_unit(rates: &[Rate]) -> Option<u64> {
    rates.iter().try_fold(1u64, |unit, rate| {
        let den = rate.reduced().den;
        (unit / gcd(unit, den)).checked_mul(den)
    })
}

/// The greatest common divisor; `a` where `b` is 0.
pub(crate) const fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn in_units(rate: Rate, unit: u64) -> Option<u64> {
    let rate = rate.reduced();
    rate.num.checked_mul(unit / rate.den)
}

/// Lays segments end to end and stops at the end of the stage.
pub(super) struct Builder {
    segments: Vec<CurveSegment>,
    at: u64,
    /// The stage's, in nanoseconds.
    pub(super) length: u64,
    area: u128,
}

impl Builder {
    /// Adds a stretch up to `until` (from the start of the stage), cut at the stage's end.
    pub(super) fn straight(&mut self, until: u64, n0: u64, n1: u64) {
        let whole = until.saturating_sub(self.at);
        let end = until.min(self.length);
        let length = end.saturating_sub(self.at);
        if length == 0 {
            return;
        }
        let n1 = if length == whole {
            n1
        } else {
            let (a, b) = (i128::from(n0), i128::from(n1));
            let cut = a + (b - a) * i128::from(length) / i128::from(whole);
            u64::try_from(cut).expect("a rate between two rates is a rate")
        };
        self.segments.push(CurveSegment { from: self.at, length, n0, n1, area: self.area });
        self.area += (u128::from(n0) + u128::from(n1)) * u128::from(length);
        self.at = end;
    }
    /// Whether the stage's end is reached.
    pub(super) const fn done(&self) -> bool {
        self.at >= self.length
    }
    fn curve(self, unit: u64) -> Curve {
        let per_message = u128::from(2 * NS_PER_S) * u128::from(unit);
        Curve { unit, per_message, segments: self.segments, total: self.area }
    }
}

impl Curve {
    /// The curve of a stage of `length` nanoseconds; None for a closed loop, which has no schedule and so no `rates`.
    /// `append` lays its segments, given the rates in units of the curve; `unit_factor` makes these units finer.
    ///
    /// # Errors
    /// What makes it impossible: no length, no rate, or numbers beyond 128 bits.
    pub(super) fn of(
        length: u64,
        rates: &[Rate],
        unit_factor: u64,
        append: impl FnOnce(&[u64], &mut Builder) -> Result<(), Unschedulable>,
    ) -> Result<Option<Curve>, Unschedulable> {
        if length == 0 {
            return Err(Unschedulable::NoLength);
        }
        if rates.is_empty() {
            return Ok(None);
        }
        let unit = common_unit(rates).and_then(|unit| unit.checked_mul(unit_factor));
        let unit = unit.ok_or(Unschedulable::Beyond)?;
        let units: Option<Vec<u64>> = rates.iter().map(|rate| in_units(*rate, unit)).collect();
        let mut b = Builder { segments: Vec::new(), at: 0, length, area: 0 };
        append(&units.ok_or(Unschedulable::Beyond)?, &mut b)?;
        let curve = b.curve(unit);
        if curve.total == 0 {
            return Err(Unschedulable::NoRate);
        }
        if curve.fits() { Ok(Some(curve)) } else { Err(Unschedulable::Beyond) }
    }

    /// The curve with its rates changed by hand from the times of `changes` on (from the start of the load, as
    /// `start` is). Its length stays.
    ///
    /// # Errors
    /// Numbers beyond 128 bits.
    pub(super) fn steered(
        &self,
        start: u64,
        changes: &[RateChange],
    ) -> Result<Curve, Unschedulable> {
        let beyond = Unschedulable::BeyondSteered;
        let unit = self.unit.checked_mul(PER_CENT).ok_or(beyond)?;
        let mut b = Builder { segments: Vec::new(), at: 0, length: self.length(), area: 0 };
        for p in &self.segments {
            let (begin, end) = (p.from, p.from + p.length);
            let inside = changes.iter().map(|c| c.at.0.saturating_sub(start));
            let cuts = inside.filter(|at| begin < *at && *at < end).chain([end]);
            for until in cuts {
                let percent = percent_at(changes, start + b.at);
                let n = |at: u64| p.rate_units(at).checked_mul(u64::from(percent));
                let (n0, n1) = (n(b.at).ok_or(beyond)?, n(until).ok_or(beyond)?);
                b.straight(until, n0, n1);
            }
        }
        let curve = b.curve(unit);
        if curve.fits() { Ok(curve) } else { Err(beyond) }
    }

    fn length(&self) -> u64 {
        self.segments.last().map_or(0, |p| p.from + p.length)
    }

    /// Whether every step of the arithmetic below stays within 127 bits.
    fn fits(&self) -> bool {
        let squares = self.segments.iter().all(|p| {
            let sum = 2 * (u128::from(p.n0) + u128::from(p.n1));
            let square = u128::from(p.length) * u128::from(p.length);
            p.n0 == p.n1 || sum.checked_mul(square).is_some_and(|v| v < 1 << 126)
        });
        // 32 more bits carry the fractions of Poisson's gaps
        let steep = self.segments.iter().any(|p| p.n0 > 1 << 62 || p.n1 > 1 << 62);
        squares && !steep && self.total < 1 << 94 && self.total / self.per_message < 1 << 62
    }

    /// Messages in the stage at even spacing.
    pub(super) fn count(&self) -> u64 {
        u64::try_from(self.total.div_ceil(self.per_message)).expect("checked by `fits`")
    }

    /// The integral over the stage, in messages.
    pub(super) fn messages(&self) -> f64 {
        self.total as f64 / self.per_message as f64
    }

    /// The piece in which the integral passes `area`: the last that begins at or before it.
    pub(super) fn segment_at_area(&self, area: u128) -> usize {
        self.segments.partition_point(|p| p.area <= area) - 1
    }

    /// The last nanosecond (from the stage's start) at which the integral is at most `area`.
    pub(super) fn time_of(&self, area: u128) -> u64 {
        let p = &self.segments[self.segment_at_area(area)];
        p.from + p.invert(area - p.area)
    }

    /// The highest rate from `at` nanoseconds after the stage's start on, in messages a second.
    pub(super) fn peak_after(&self, at: u64) -> f64 {
        let later = self.segments.iter().filter(|p| p.from + p.length > at);
        later.fold(0.0, |peak, p| {
            let start = p.rate_units(at.max(p.from));
            f64::max(peak, start.max(p.n1) as f64 / self.unit as f64)
        })
    }

    /// The rate at `at` nanoseconds from the stage's start, in messages a second.
    pub(super) fn rate_at(&self, at: u64) -> f64 {
        let index = self.segments.partition_point(|p| p.from <= at).saturating_sub(1);
        let p = &self.segments[index];
        let share = (at - p.from) as f64 / p.length as f64;
        (p.n0 as f64 + (p.n1 as f64 - p.n0 as f64) * share.min(1.0)) / self.unit as f64
    }
}

/// The planned rate, in [`RateChange::percent`].
const PER_CENT: u64 = 100;

/// The change that holds at `at`; 100 before the first.
fn percent_at(changes: &[RateChange], at: u64) -> u32 {
    changes.iter().rev().find(|c| c.at.0 <= at).map_or(PER_CENT as u32, |c| c.percent)
}

impl CurveSegment {
    /// The rate at `at` nanoseconds from the stage's start, in units; rounded down on a slope.
    fn rate_units(&self, at: u64) -> u64 {
        let (a, b) = (i128::from(self.n0), i128::from(self.n1));
        let within = i128::from(at - self.from);
        let rate = a + ((b - a) * within).div_euclid(i128::from(self.length));
        u64::try_from(rate).expect("a rate between two rates is a rate")
    }
    /// The largest t with `2·n0·t + (n1 − n0)·t²/length ≤ area`, in nanoseconds from its own start.
    fn invert(&self, area: u128) -> u64 {
        if self.n0 == self.n1 {
            let per_ns = 2 * u128::from(self.n0);
            return u64::try_from(area / per_ns).expect("within the piece");
        }
        let fits = "checked by `Curve::fits`";
        let length = i128::from(self.length);
        let square = i128::from(self.n1) - i128::from(self.n0);
        let linear = 2 * length * i128::from(self.n0);
        let goal = i128::try_from(area).expect(fits) * length;
        let within = |t: i128| (square * t + linear) * t <= goal;
        let (a, b, c) = (square as f64, linear as f64, goal as f64);
        let root = (b * b + 4.0 * a * c).max(0.0).sqrt();
        let guess = if b + root > 0.0 { (2.0 * c / (b + root)) as i128 } else { 0 };
        let t = last_within(guess.clamp(0, length), length, within);
        u64::try_from(t).expect("a time in the piece")
    }
}

/// The largest t in 0..=max for which `within` holds (it holds at 0 and never returns), near `guess`.
fn last_within(guess: i128, max: i128, within: impl Fn(i128) -> bool) -> i128 {
    let mut step = 1;
    let (mut low, mut high);
    if within(guess) {
        (low, high) = (guess, guess + 1);
        while high <= max && within(high) {
            low = high;
            high = low + step;
            step *= 2;
        }
        high = high.min(max + 1);
    } else {
        (low, high) = (guess - 1, guess);
        while low > 0 && !within(low) {
            high = low;
            low = high - step;
            step *= 2;
        }
        low = low.max(0);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if within(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}
