//! A rate as an exact fraction, and its text form.
use super::Nanos;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Messages per second as `num / den`, exact: `90/min` is 90/60, `0.5` is 1/2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// Number of messages …
    pub num: u64,
    /// … in this number of seconds. Never 0.
    pub den: u64,
}

/// A change of the planned rate by the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateChange {
    /// When it takes effect, from the start of the load.
    pub at: Nanos,
    /// New rate in percent of the planned rate.
    pub percent: u32,
}

/// Why a text is not a rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateError(pub String);

impl fmt::Display for RateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for RateError {}

impl Rate {
    /// No messages.
    pub const ZERO: Rate = Rate { num: 0, den: 1 };

    /// `n` messages a second.
    pub const fn per_second(n: u64) -> Rate {
        Rate { num: n, den: 1 }
    }

    /// Messages a second, for reports and verdicts; schedules use the fraction.
    pub fn as_f64(self) -> f64 {
        self.num as f64 / self.den as f64
    }

    /// The fraction in lowest terms.
    pub const fn reduced(self) -> Rate {
        let (mut a, mut b) = (self.num, self.den);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        match (self.num.checked_div(a), self.den.checked_div(a)) {
            (Some(num), Some(den)) => Rate { num, den },
            (None, _) | (_, None) => self,
        }
    }

    /// Parses `5000`, `0.5`, `5k`, `1.2M`, `90/min`, `10/s`, `3600/h`. Not negative; at most 15 digits.
    ///
    /// # Errors
    /// The text is not a rate; "max" (closed loop) is not one either.
    pub fn parse(text: &str) -> Result<Rate, RateError> {
        let bad = || {
            RateError(format!(
                "{text:?} is not a rate; write messages a second like 5000, 5k, 0.5, or 90/min"
            ))
        };
        let text = text.trim();
        let (number, per) = text.split_once('/').map_or((text, "s"), |(n, p)| (n, p.trim()));
        let unit: u64 = match per {
            "s" | "sec" | "second" => 1,
            "m" | "min" | "minute" => 60,
            "h" | "hour" => 3600,
            _ => return Err(bad()),
        };
        let number = number.trim();
        let (digits, scale) = match number.as_bytes().last() {
            Some(b'k' | b'K') => (&number[..number.len() - 1], 1_000),
            Some(b'm' | b'M') => (&number[..number.len() - 1], 1_000_000),
            _ => (number, 1u64),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        let digit_count = whole.len() + fraction.len();
        if digit_count == 0 || digit_count > 15 || !all_digits(whole) || !all_digits(fraction) {
            return Err(bad());
        }
        let value: u64 = format!("{whole}{fraction}").parse().map_err(|_| bad())?;
        let den = 10u64.pow(fraction.len() as u32).checked_mul(unit).ok_or_else(bad)?;
        let num = value.checked_mul(scale).ok_or_else(bad)?;
        Ok(Rate { num, den }.reduced())
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let r = self.reduced();
        if r.den == 1 {
            write!(f, "{}/s", r.num)
        } else if 60 % r.den == 0 {
            write!(f, "{}/min", r.num * (60 / r.den))
        } else {
            write!(f, "{:.3}/s", r.as_f64())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_written_form_of_the_contract_is_read_exactly() {
        for (text, num, den) in [
            ("5000", 5000, 1),
            ("5k", 5000, 1),
            ("1.5k", 1500, 1),
            ("90/min", 3, 2),
            ("1/min", 1, 60),
            ("0.5", 1, 2),
            ("5M", 5_000_000, 1),
            ("7/s", 7, 1),
            ("0", 0, 1),
        ] {
            let r = Rate::parse(text).unwrap();
            assert_eq!(r.num * den, num * r.den, "{text}");
        }
    }

    #[test]
    fn a_text_that_is_not_a_rate_is_refused_with_the_remedy() {
        for text in ["", "-5", "5x", "max", "1e9", "5/week", "k", ".", "9999999999999999999"] {
            let e = Rate::parse(text).unwrap_err();
            assert!(e.0.contains("90/min"), "{text}: {e}");
        }
    }
}
