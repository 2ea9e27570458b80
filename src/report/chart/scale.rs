//! Axes: the places of values and ticks, and their labels. It knows no drawing.
use crate::kit::words;

/// What an axis measures, and so how its values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds since the start of the load.
    Elapsed,
    /// Nanoseconds.
    Duration,
    /// Per second.
    Rate,
    /// A plain number.
    Count,
    /// A share of one.
    Share,
}

impl Unit {
    /// As the script knows it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Unit::Elapsed => "elapsed",
            Unit::Duration => "duration",
            Unit::Rate => "rate",
            Unit::Count => "count",
            Unit::Share => "share",
        }
    }

    /// The label of a tick, without the unit that the axis's title has.
    fn tick(self, value: f64, longest: f64) -> String {
        const MINUTES_FROM_NS: f64 = 120e9;
        match self {
            Unit::Elapsed => clock(value, longest),
            Unit::Duration if value >= MINUTES_FROM_NS => format!("{:.0} min", value / 60e9),
            Unit::Duration => words::duration(value.round() as u64),
            Unit::Rate | Unit::Count => short(value),
            Unit::Share => words::percent(value),
        }
    }
}

/// How values become places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Even.
    Linear,
    /// By powers of ten.
    Log10,
    /// By powers of two.
    Log2,
    /// For shares of a sample: 0, 90 %, 99 %, 99.9 % … in even steps.
    Tail,
}

/// One axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What it measures, with its unit.
    pub title: String,
    /// How its values are written.
    pub unit: Unit,
    /// How values become places.
    pub scale: Scale,
    /// Its first value.
    pub low: f64,
    /// Its last.
    pub high: f64,
}

/// A labelled place on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// From 0 to 1.
    pub place: f64,
    /// What is written there.
    pub label: String,
}

impl Axis {
    /// Even, from 0 to a round value at or above `high`.
    pub fn from_zero(title: impl Into<String>, unit: Unit, high: f64) -> Axis {
        let least = if unit == Unit::Share { 0.01 } else { 1.0 };
        let high = high.max(least);
        let step = nice_step(high / 4.0, unit);
        let high = if unit == Unit::Share && high > 0.8 && high <= 1.0 {
            1.0
        } else {
            (high / step - 1e-9).ceil() * step
        };
        Axis { title: title.into(), unit, scale: Scale::Linear, low: 0.0, high }
    }

    /// Even, over just these values: for shares that all lie close to one.
    pub fn between(title: impl Into<String>, unit: Unit, low: f64, high: f64) -> Axis {
        let least = if unit == Unit::Share { 0.001 } else { 1.0 };
        let step = nice_step((high - low).max(least) / 4.0, unit);
        let low = (low / step + 1e-9).floor() * step;
        let high = ((high / step - 1e-9).ceil() * step).max(low + step);
        Axis { title: title.into(), unit, scale: Scale::Linear, low, high }
    }

    /// By powers of ten, around positive values.
    pub fn log10(title: impl Into<String>, unit: Unit, low: f64, high: f64) -> Axis {
        let low = round_125(low.max(f64::MIN_POSITIVE), false);
        let high = round_125(high.max(low * 1.01), true);
        Axis { title: title.into(), unit, scale: Scale::Log10, low, high }
    }

    /// By powers of two, around positive values.
    pub fn log2(title: impl Into<String>, unit: Unit, low: f64, high: f64) -> Axis {
        let low = low.max(f64::MIN_POSITIVE).log2().floor();
        let high = high.max(f64::MIN_POSITIVE).log2().ceil().max(low + 1.0);
        let (low, high) = (low.exp2(), high.exp2());
        Axis { title: title.into(), unit, scale: Scale::Log2, low, high }
    }

    /// Shares of a sample, from none to `high` (below 1).
    pub fn tail(title: impl Into<String>, high: f64) -> Axis {
        let high = high.clamp(0.9, 1.0 - 1e-9);
        Axis { title: title.into(), unit: Unit::Share, scale: Scale::Tail, low: 0.0, high }
    }

    /// Time since the start of the load, in seconds.
    pub fn elapsed(from: f64, to: f64) -> Axis {
        let to = to.max(from + 1.0);
        let unit = match to {
            t if t <= SECONDS_UNTIL => "s",
            t if t < MINUTES_UNTIL => "min:s",
            _ => "h:min",
        };
        Axis {
            title: format!("time since the start of the load, {unit}"),
            unit: Unit::Elapsed,
            scale: Scale::Linear,
            low: from,
            high: to,
        }
    }

    /// The place of a value, from 0 to 1; a value outside is at the edge.
    pub fn place(&self, value: f64) -> f64 {
        let on = |v: f64| match self.scale {
            Scale::Linear => v,
            Scale::Log10 | Scale::Log2 => v.max(self.low).ln(),
            Scale::Tail => -(1.0 - v.min(self.high)).log10(),
        };
        let (low, high) = (on(self.low), on(self.high));
        ((on(value) - low) / (high - low)).clamp(0.0, 1.0)
    }

    /// The ticks, ascending.
    pub fn ticks(&self) -> Vec<Tick> {
        let values = match (self.scale, self.unit) {
            (Scale::Linear, Unit::Elapsed) => multiples(self, elapsed_step(self.high - self.low)),
            (Scale::Linear, _) => {
                multiples(self, nice_step((self.high - self.low) / 4.0, self.unit))
            }
            (Scale::Log10, _) => self.decades(),
            (Scale::Log2, _) => {
                let mut doublings = Vec::new();
                let mut at = self.low;
                while at <= self.high * 1.001 {
                    doublings.push(at);
                    at *= 2.0;
                }
                doublings
            }
            (Scale::Tail, _) => {
                [0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999_999, 0.999_999_9]
                    .into_iter()
                    .filter(|q| *q <= self.high)
                    .collect()
            }
        };
        values.into_iter().map(|v| Tick { place: self.place(v), label: self.label(v) }).collect()
    }

    fn label(&self, value: f64) -> String {
        if self.scale == Scale::Tail {
            // more nines than `words::percent` shows
            return format!("{} %", (value * 1e9).round() / 1e7);
        }
        self.unit.tick(value, self.high)
    }

    fn decades(&self) -> Vec<f64> {
        let all = |steps: &[f64]| -> Vec<f64> {
            let first = self.low.log10().floor() as i32;
            let last = self.high.log10().ceil() as i32;
            (first..=last)
                .flat_map(|power| steps.iter().map(move |s| s * 10f64.powi(power)))
                .filter(|v| *v >= self.low * 0.999 && *v <= self.high * 1.001)
                .collect()
        };
        const TICKS_MAX: usize = 7;
        // the finest steps that leave room for their labels
        let steps: [&[f64]; 4] = [
            &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0],
            &[1.0, 2.0, 3.0, 5.0],
            &[1.0, 2.0, 5.0],
            &[1.0, 3.0],
        ];
        let fits = |ticks: &Vec<f64>| ticks.len() <= TICKS_MAX;
        if let Some(ticks) = steps.into_iter().map(all).find(fits) {
            return ticks;
        }
        let whole = all(&[1.0]);
        let every = whole.len().div_ceil(TICKS_MAX);
        whole.into_iter().step_by(every).collect()
    }
}

const SECONDS_UNTIL: f64 = 120.0;
const MINUTES_UNTIL: f64 = 7_200.0;

/// Time as the axis that ends at `longest` writes it.
fn clock(seconds: f64, longest: f64) -> String {
    let whole = seconds.round() as u64;
    match longest {
        l if l <= SECONDS_UNTIL => whole.to_string(),
        l if l < MINUTES_UNTIL => format!("{}:{:02}", whole / 60, whole % 60),
        _ => format!("{}:{:02}", whole / 3600, whole % 3600 / 60),
    }
}

/// `950`, `12k`, `1.5M`.
fn short(value: f64) -> String {
    let trimmed = |v: f64| format!("{}", (v * 100.0).round() / 100.0);
    match value.abs() {
        v if v >= 1e6 => format!("{}M", trimmed(value / 1e6)),
        v if v >= 1e4 => format!("{}k", trimmed(value / 1e3)),
        v if v >= 1e3 => words::count(value.round() as u64),
        _ => trimmed(value),
    }
}

fn multiples(axis: &Axis, step: f64) -> Vec<f64> {
    let first = (axis.low / step - 1e-9).ceil() as i64;
    let last = (axis.high / step + 1e-9).floor() as i64;
    (first..=last).map(|n| n as f64 * step).collect()
}

fn elapsed_step(span: f64) -> f64 {
    const STEPS: [f64; 18] = [
        1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0,
        10_800.0, 14_400.0, 21_600.0, 43_200.0,
    ];
    const TICKS_MAX: f64 = 8.0;
    let days = (span / 86_400.0 / TICKS_MAX).ceil().max(1.0) * 86_400.0;
    STEPS.into_iter().find(|step| span / step <= TICKS_MAX).unwrap_or(days)
}

/// 1, 2 or 5 times a power of ten, at or above `rough`; whole where only whole numbers make sense.
fn nice_step(rough: f64, unit: Unit) -> f64 {
    let step = round_125(rough, true);
    if unit == Unit::Count { step.max(1.0) } else { step }
}

/// The next of 1, 2, 5, 10, … up or down.
fn round_125(value: f64, up: bool) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    let lead = value / power;
    let rounded = if up {
        [1.0, 2.0, 5.0, 10.0].into_iter().find(|s| lead <= s * 1.000_001)
    } else {
        [5.0, 2.0, 1.0].into_iter().find(|s| lead >= s * 0.999_999)
    };
    rounded.unwrap_or(1.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks().into_iter().map(|t| t.label).collect()
    }

    #[test]
    fn ticks_are_round_and_carry_their_units() {
        let rate = Axis::from_zero("messages a second", Unit::Rate, 1_030.0);
        assert_eq!(labels(&rate), ["0", "500", "1,000", "1,500"]);
        let many = Axis::from_zero("messages", Unit::Count, 2_300_000.0);
        assert_eq!(labels(&many), ["0", "1M", "2M", "3M"]);
        let one = Axis::from_zero("messages", Unit::Count, 1.0);
        assert_eq!(labels(&one), ["0", "1"]);
        let share = Axis::from_zero("share", Unit::Share, 0.93);
        assert_eq!(labels(&share), ["0 %", "50 %", "100 %"]);
        let close = Axis::between("share", Unit::Share, 0.9912, 1.0);
        assert_eq!(labels(&close), ["99 %", "99.5 %", "100 %"]);
    }

    #[test]
    fn a_time_axis_counts_in_what_people_count_in() {
        assert_eq!(labels(&Axis::elapsed(0.0, 45.0)), ["0", "10", "20", "30", "40"]);
        let minutes = labels(&Axis::elapsed(0.0, 600.0));
        assert_eq!(minutes, ["0:00", "2:00", "4:00", "6:00", "8:00", "10:00"]);
        let day = labels(&Axis::elapsed(0.0, 86_400.0));
        assert_eq!(day.first().map(String::as_str), Some("0:00"));
        assert_eq!(day.last().map(String::as_str), Some("24:00"));
    }

    #[test]
    fn logarithmic_axes_hold_what_they_were_given() {
        let few = Axis::log10("time", Unit::Duration, 3.1e6, 91e6);
        assert_eq!(labels(&few), ["2 ms", "5 ms", "10 ms", "20 ms", "50 ms", "100 ms"]);
        let many = Axis::log10("time", Unit::Duration, 900.0, 4e11);
        assert!(many.ticks().len() <= 7);
        assert_eq!(many.place(1.0), 0.0, "below the axis is held at its edge");
        let windows = Axis::log2("window", Unit::Count, 1.0, 37.0);
        assert_eq!(labels(&windows), ["1", "2", "4", "8", "16", "32", "64"]);
        assert!((windows.place(8.0) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn each_nine_takes_as_much_room_as_the_one_before() {
        let axis = Axis::tail("share of the sample", 0.9999);
        assert_eq!(labels(&axis), ["0 %", "50 %", "90 %", "99 %", "99.9 %", "99.99 %"]);
        assert!((axis.place(0.99) - 0.5).abs() < 1e-9);
        assert!((axis.place(0.999) - 0.75).abs() < 1e-9);
    }

    #[test]
    fn an_axis_never_has_more_ticks_than_fit() {
        for high in [0.3, 1.0, 7.0, 99.0, 1_234.0, 5.5e6, 1e9] {
            for axis in [
                Axis::from_zero("", Unit::Rate, high),
                Axis::log10("", Unit::Duration, high / 7.0, high * 3.0),
                Axis::elapsed(0.0, high),
            ] {
                let count = axis.ticks().len();
                assert!((2..=9).contains(&count), "{count} ticks: {axis:?}");
            }
        }
    }
}
