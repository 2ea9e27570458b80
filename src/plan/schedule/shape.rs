//! A stage's rate over time as straight pieces, its exact integral and the inverse of that. All of it in
//! integers: a message's time never depends on rounding that happened before. It knows one stage only.
use crate::kit::{NS_PER_S, Rate, RateChange};
use crate::plan::model::Shape;

/// Most pieces a stage may have.
const PIECES_MAX: u64 = 1 << 20;
/// Straight ramps in one period of a sine (METHOD.md §2).
const RAMPS_PER_PERIOD: u64 = 64;
/// Steps of a sine's rate: millionths of a message a second.
const SINE_UNITS: u64 = 1_000_000;
/// sin(2πk/64) · 10⁹ for the first quarter: a table, so that every machine has the same knots.
const SINE_QUARTER: [i64; 17] = [
    0,
    98_017_140,
    195_090_322,
    290_284_677,
    382_683_432,
    471_396_737,
    555_570_233,
    634_393_284,
    707_106_781,
    773_010_453,
    831_469_612,
    881_921_264,
    923_879_533,
    956_940_336,
    980_785_280,
    995_184_727,
    1_000_000_000,
];

/// One straight stretch. Rates are in `1 / unit` messages a second; areas in `1 / per_message` messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
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

/// The pieces of one stage and their sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Curve {
    /// Rates are in `1 / unit` messages a second.
    pub(super) unit: u64,
    /// One message, as an area: `2 · 10⁹ · unit`, which makes every piece's area a whole number.
    pub(super) per_message: u128,
    /// In order, without gaps.
    pub(super) pieces: Vec<Piece>,
    /// The integral over the whole stage.
    pub(super) total: u128,
}

impl Shape {
    /// Its key in a profile.
    pub(in crate::plan) const fn key(&self) -> &'static str {
        match self {
            Shape::Hold(_) => "hold",
            Shape::Ramp(..) => "ramp",
            Shape::Stairs { .. } => "stairs",
            Shape::Spike { .. } => "spike",
            Shape::Sine { .. } => "sine",
            Shape::Max => "max",
        }
    }

    /// The highest rate it reaches; None where it has none (closed loop).
    pub fn peak(&self) -> Option<Rate> {
        let higher = |a: Rate, b: Rate| if exceeds(a, b) { a } else { b };
        match *self {
            Shape::Hold(rate) => Some(rate),
            Shape::Ramp(from, to) | Shape::Stairs { from, to, .. } => Some(higher(from, to)),
            Shape::Spike { base, peak, .. } => Some(higher(base, peak)),
            Shape::Sine { mean, amplitude, .. } => Some(sum(mean, amplitude)),
            Shape::Max => None,
        }
    }
}

/// Whether `a` is the higher rate, exactly.
pub(crate) fn exceeds(a: Rate, b: Rate) -> bool {
    u128::from(a.num) * u128::from(b.den) > u128::from(b.num) * u128::from(a.den)
}

fn sum(a: Rate, b: Rate) -> Rate {
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

/// Lays pieces end to end and stops at the end of the stage.
struct Builder {
    pieces: Vec<Piece>,
    at: u64,
    length: u64,
    area: u128,
}

impl Builder {
    /// Adds a stretch up to `until` (from the start of the stage), cut at the stage's end.
    fn straight(&mut self, until: u64, n0: u64, n1: u64) {
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
        self.pieces.push(Piece { from: self.at, length, n0, n1, area: self.area });
        self.area += (u128::from(n0) + u128::from(n1)) * u128::from(length);
        self.at = end;
    }
    const fn done(&self) -> bool {
        self.at >= self.length
    }
}

impl Curve {
    /// The curve of a stage of `length` nanoseconds; None for a closed loop, which has no schedule.
    ///
    /// # Errors
    /// What makes it impossible: no length, no rate, or numbers beyond 128 bits.
    pub(super) fn of(shape: &Shape, length: u64) -> Result<Option<Curve>, String> {
        if length == 0 {
            return Err("a stage of no length; give it a `for` above 0s".into());
        }
        let beyond =
            || "a rate and a length that no schedule can hold; shorten the stage".to_string();
        let rates: Vec<Rate> = match *shape {
            Shape::Hold(rate) => vec![rate],
            Shape::Ramp(from, to) => vec![from, to],
            Shape::Stairs { from, to, step, .. } => vec![from, to, step],
            Shape::Spike { base, peak, .. } => vec![base, peak],
            Shape::Sine { mean, amplitude, .. } => vec![mean, amplitude],
            Shape::Max => return Ok(None),
        };
        let fine = if matches!(shape, Shape::Sine { .. }) { SINE_UNITS } else { 1 };
        let unit = common_unit(&rates).and_then(|u| u.checked_mul(fine)).ok_or_else(beyond)?;
        let n: Vec<u64> =
            rates.iter().map(|r| in_units(*r, unit)).collect::<Option<_>>().ok_or_else(beyond)?;
        let mut b = Builder { pieces: Vec::new(), at: 0, length, area: 0 };
        lay(shape, &n, &mut b)?;
        let curve = Curve {
            unit,
            per_message: u128::from(2 * NS_PER_S) * u128::from(unit),
            pieces: b.pieces,
            total: b.area,
        };
        if curve.total == 0 {
            return Err("a stage whose rate is 0 throughout; give it a rate above 0".into());
        }
        if curve.fits() { Ok(Some(curve)) } else { Err(beyond()) }
    }

    /// The curve with its rates changed by hand from the times of `changes` on (from the start of the load, as
    /// `start` is). Its length stays.
    ///
    /// # Errors
    /// Numbers beyond 128 bits.
    pub(super) fn steered(&self, start: u64, changes: &[RateChange]) -> Result<Curve, String> {
        let beyond = || "a rate that no schedule can hold".to_owned();
        let unit = self.unit.checked_mul(PER_CENT).ok_or_else(beyond)?;
        let mut b = Builder { pieces: Vec::new(), at: 0, length: self.length(), area: 0 };
        for p in &self.pieces {
            let (begin, end) = (p.from, p.from + p.length);
            let inside = changes.iter().map(|c| c.at.0.saturating_sub(start));
            let cuts = inside.filter(|at| begin < *at && *at < end).chain([end]);
            for until in cuts {
                let percent = percent_at(changes, start + b.at);
                let n = |at: u64| p.rate_units(at).checked_mul(u64::from(percent));
                let (n0, n1) = (n(b.at).ok_or_else(beyond)?, n(until).ok_or_else(beyond)?);
                b.straight(until, n0, n1);
            }
        }
        let curve = Curve {
            unit,
            per_message: u128::from(2 * NS_PER_S) * u128::from(unit),
            pieces: b.pieces,
            total: b.area,
        };
        if curve.fits() { Ok(curve) } else { Err(beyond()) }
    }

    fn length(&self) -> u64 {
        self.pieces.last().map_or(0, |p| p.from + p.length)
    }

    /// Whether every step of the arithmetic below stays within 127 bits.
    fn fits(&self) -> bool {
        let squares = self.pieces.iter().all(|p| {
            let sum = 2 * (u128::from(p.n0) + u128::from(p.n1));
            let square = u128::from(p.length) * u128::from(p.length);
            p.n0 == p.n1 || sum.checked_mul(square).is_some_and(|v| v < 1 << 126)
        });
        // 32 more bits carry the fractions of Poisson's gaps
        let steep = self.pieces.iter().any(|p| p.n0 > 1 << 62 || p.n1 > 1 << 62);
        squares && !steep && self.total < 1 << 94 && self.total / self.per_message < 1 << 62
    }

    /// Messages in the stage at even spacing.
    pub(super) fn count(&self) -> u64 {
        u64::try_from(self.total.div_ceil(self.per_message)).expect("checked by `fits`")
    }

    /// The piece in which the integral passes `area`: the last that begins at or before it.
    pub(super) fn piece_at_area(&self, area: u128) -> usize {
        self.pieces.partition_point(|p| p.area <= area) - 1
    }

    /// The last nanosecond (from the stage's start) at which the integral is at most `area`.
    pub(super) fn time_of(&self, area: u128) -> u64 {
        let p = &self.pieces[self.piece_at_area(area)];
        p.from + p.invert(area - p.area)
    }

    /// The highest rate from `at` nanoseconds after the stage's start on, in messages a second.
    pub(super) fn peak_after(&self, at: u64) -> f64 {
        let later = self.pieces.iter().filter(|p| p.from + p.length > at);
        later.fold(0.0, |peak, p| {
            let start = p.rate_units(at.max(p.from));
            f64::max(peak, start.max(p.n1) as f64 / self.unit as f64)
        })
    }

    /// The rate at `at` nanoseconds from the stage's start, in messages a second.
    pub(super) fn rate_at(&self, at: u64) -> f64 {
        let index = self.pieces.partition_point(|p| p.from <= at).saturating_sub(1);
        let p = &self.pieces[index];
        let share = (at - p.from) as f64 / p.length as f64;
        (p.n0 as f64 + (p.n1 as f64 - p.n0 as f64) * share.min(1.0)) / self.unit as f64
    }
}

/// What is planned, in [`RateChange::percent`].
const PER_CENT: u64 = 100;

/// The change that holds at `at`; 100 before the first.
fn percent_at(changes: &[RateChange], at: u64) -> u32 {
    changes.iter().rev().find(|c| c.at.0 <= at).map_or(PER_CENT as u32, |c| c.percent)
}

impl Piece {
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

/// Lays the pieces of `shape`, whose rates in units are `n` (in the order of [`Curve::of`]).
fn lay(shape: &Shape, n: &[u64], b: &mut Builder) -> Result<(), String> {
    let end = b.length;
    match *shape {
        Shape::Hold(_) => b.straight(end, n[0], n[0]),
        Shape::Ramp(_, _) => b.straight(end, n[0], n[1]),
        Shape::Stairs { each, .. } => lay_stairs(n[0], n[1], n[2], each.0, b)?,
        Shape::Spike { at, length, .. } => {
            b.straight(at.0, n[0], n[0]);
            b.straight(at.0.saturating_add(length.0), n[1], n[1]);
            b.straight(end, n[0], n[0]);
        }
        Shape::Sine { period, .. } => lay_sine(n[0], n[1], period.0, b)?,
        Shape::Max => {}
    }
    Ok(())
}

fn lay_stairs(from: u64, to: u64, step: u64, each: u64, b: &mut Builder) -> Result<(), String> {
    if each == 0 || step == 0 {
        return Err("stairs without a step; give `step` and `each` above 0".into());
    }
    let steps = from.abs_diff(to).div_ceil(step).min(b.length.div_ceil(each));
    if steps > PIECES_MAX {
        return Err(format!("{steps} stairs, more than {PIECES_MAX}; make `each` longer"));
    }
    for k in 0..=steps {
        let climbed = step.saturating_mul(k);
        let rate = if from <= to {
            from.saturating_add(climbed).min(to)
        } else {
            from.saturating_sub(climbed).max(to)
        };
        let last = k == steps;
        let until = if last { b.length } else { each.saturating_mul(k + 1) };
        b.straight(until, rate, rate);
    }
    Ok(())
}

fn lay_sine(mean: u64, amplitude: u64, period: u64, b: &mut Builder) -> Result<(), String> {
    if amplitude > mean {
        return Err("a sine below 0; make `amplitude` at most `mean`".into());
    }
    if period < 1_000_000 || b.length / period >= PIECES_MAX / RAMPS_PER_PERIOD {
        return Err("a sine's period out of bounds; from 1ms, at most 16384 in a stage".into());
    }
    let knot = |k: u64| {
        let swing = i128::from(amplitude) * i128::from(sine(k % RAMPS_PER_PERIOD));
        let rate = i128::from(mean) + swing.div_euclid(1_000_000_000);
        u64::try_from(rate.max(0)).unwrap_or(u64::MAX)
    };
    let mut k = 0u64;
    while !b.done() {
        let until = u128::from(period) * u128::from(k + 1) / u128::from(RAMPS_PER_PERIOD);
        let until = u64::try_from(until).unwrap_or(u64::MAX);
        b.straight(until, knot(k), knot(k + 1));
        k += 1;
    }
    Ok(())
}

/// sin(2πk/64) · 10⁹, k in 0..64.
fn sine(k: u64) -> i64 {
    let quarter = |k: u64| SINE_QUARTER[usize::try_from(k).expect("at most 16")];
    match k {
        0..=16 => quarter(k),
        17..=32 => quarter(32 - k),
        33..=48 => -quarter(k - 32),
        _ => -quarter(64 - k),
    }
}
