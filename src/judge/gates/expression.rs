//! The right-hand side of a gate: `< 50ms`, `<= 0.1%`, `>= 4900/s`, `= sustained`. Text in, limit out; an error has
//! its column and what was expected there.
use super::fault::GateFault;
use crate::judge::check::{Relation, Unit};
use crate::kit::Rate;

/// The limit of a gate.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Limit {
    /// In the metric's unit.
    Number(f64),
    /// A word.
    Word(String),
    /// A change relative to the baseline's figure, as a share.
    Baseline(f64),
}

/// A relation and a limit.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expression {
    /// The relation that passes.
    pub relation: Relation,
    /// The limit.
    pub limit: Limit,
}

/// Longest first, so that `<=` is not read as `<`.
const RELATIONS: [Relation; 5] =
    [Relation::AtMost, Relation::AtLeast, Relation::Below, Relation::Above, Relation::Equal];

/// Reads an expression for a metric in `unit`; `words` are the possible words of a word metric.
///
/// # Errors
/// [`GateFault::Expression`]: the column (from 1) and what was expected there.
pub(super) fn parse(text: &str, unit: Unit, words: &[&str]) -> Result<Expression, GateFault> {
    let start = text.len() - text.trim_start().len();
    let rest = &text[start..];
    let fault = |at: usize, expected: &str| {
        let column = text[..at].chars().count() + 1;
        Err(GateFault::Expression { column, expected: expected.to_owned() })
    };
    let Some(relation) = RELATIONS.into_iter().find(|r| rest.starts_with(r.sign())) else {
        return fault(start, "one of <, <=, =, >=, >");
    };
    let after = start + relation.sign().len();
    let value_at = after + (text[after..].len() - text[after..].trim_start().len());
    let value = text[value_at..].trim_end();
    if let Some(change) = value.strip_prefix("baseline") {
        if matches!(relation, Relation::Equal) || unit == Unit::Word {
            return fault(
                value_at,
                "a fixed limit: a baseline can only bound a figure, with <, <=, >= or >",
            );
        }
        let at = value_at + "baseline".len();
        let at = at + (change.len() - change.trim_start().len());
        return match part_of(change.trim()) {
            Some(change) => Ok(Expression { relation, limit: Limit::Baseline(change) }),
            None => fault(at, "+ or - and a part of the baseline, such as + 5%"),
        };
    }
    let limit = match unit {
        Unit::Word => {
            if relation != Relation::Equal {
                return fault(start, &format!("= and one of {}", words.join(", ")));
            }
            if !words.contains(&value) {
                return fault(value_at, &format!("one of {}", words.join(", ")));
            }
            Limit::Word(value.to_owned())
        }
        Unit::Nanoseconds => match duration(value) {
            Some(ns) => Limit::Number(ns),
            None => return fault(value_at, "a duration such as 50ms, 1.5s or 200us"),
        },
        Unit::Ratio => match ratio(value) {
            Some(share) => Limit::Number(share),
            None => return fault(value_at, "a share such as 0.1%, 0 or 0.001 (at most 1)"),
        },
        Unit::PerSecond => match Rate::parse(value) {
            Ok(rate) => Limit::Number(rate.as_f64()),
            Err(_) => return fault(value_at, "a rate such as 4900/s, 5k or 90/min"),
        },
        Unit::PerHour => match per_hour(value) {
            Some(share) => Limit::Number(share),
            None => return fault(value_at, "a share an hour such as 2 %/h or 0.02/h"),
        },
        Unit::Octets | Unit::OctetsPerSecond | Unit::Cores | Unit::Seconds | Unit::Number => {
            match quantity(value) {
                Some(n) => Limit::Number(n),
                None => {
                    return fault(value_at, "a number such as 1.5, 10k, 512 MiB or 250ms");
                }
            }
        }
        Unit::Count => match whole(value) {
            Some(n) => Limit::Number(n),
            None => return fault(value_at, "a whole number such as 0 or 1000"),
        },
    };
    Ok(Expression { relation, limit })
}

/// The signed share in `+ 5%`; an empty text is 0.
fn part_of(text: &str) -> Option<f64> {
    if text.is_empty() {
        return Some(0.0);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1.0, rest),
        ("-", rest) => (-1.0, rest),
        _ => return None,
    };
    let percent = number(rest.trim().strip_suffix('%')?.trim_end())?;
    (percent < 1_000.0 && (sign > 0.0 || percent < 100.0)).then_some(sign * percent / 100.0)
}

/// Nanoseconds out of `50ms`; a bare `0` needs no unit.
pub(super) fn duration(text: &str) -> Option<f64> {
    if text == "0" {
        return Some(0.0);
    }
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let number = number(&text[..split])?;
    let scale = match text[split..].trim_start() {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" | "min" => 60e9,
        "h" => 3600e9,
        _ => return None,
    };
    Some(number * scale)
}

fn ratio(text: &str) -> Option<f64> {
    let share = match text.strip_suffix('%') {
        Some(percent) => number(percent.trim_end())? / 100.0,
        None => number(text)?,
    };
    (share <= 1.0).then_some(share)
}

/// The share in `2 %/h`, per hour; also per minute and per day.
fn per_hour(text: &str) -> Option<f64> {
    let (share, hours) = [("/h", 1.0), ("/min", 1.0 / 60.0), ("/day", 24.0)]
        .into_iter()
        .find_map(|(ending, hours)| Some((text.strip_suffix(ending)?.trim_end(), hours)))
        .or_else(|| (text == "0").then_some(("0", 1.0)))?;
    let share = match share.strip_suffix('%') {
        Some(percent) => number(percent.trim_end())? / 100.0,
        None => number(share)?,
    };
    Some(share / hours)
}

/// A number with an optional factor: decimal (`k`, `M`, `G`), binary (`KiB`, `MiB`, `GiB`), a part of a second (`ms`), a
/// percent; per second where it is written.
fn quantity(text: &str) -> Option<f64> {
    let text = text.strip_suffix("/s").unwrap_or(text).trim_end();
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_' || c == ','));
    let (digits, factor) = text.split_at(split.unwrap_or(text.len()));
    let factor = match factor.trim_start() {
        "" | "s" | "B" | "octets" | "cores" => 1.0,
        "%" => 0.01,
        "k" | "kB" => 1e3,
        "M" | "MB" => 1e6,
        "G" | "GB" => 1e9,
        "KiB" => 1024.0,
        "MiB" => 1_048_576.0,
        "GiB" => 1_073_741_824.0,
        "ms" => 1e-3,
        "us" | "µs" | "μs" => 1e-6,
        _ => return None,
    };
    Some(number(&digits.replace(['_', ','], ""))? * factor)
}

fn whole(text: &str) -> Option<f64> {
    let digits = text.replace(['_', ','], "");
    (!digits.is_empty() && digits.len() <= 15 && digits.bytes().all(|b| b.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
}

/// A plain decimal number: digits and at most one point; no sign, no exponent.
fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_contract_is_read_in_its_unit() {
        let words = ["sustained"];
        for (text, unit, relation, limit) in [
            ("< 50ms", Unit::Nanoseconds, Relation::Below, 50e6),
            ("<5s", Unit::Nanoseconds, Relation::Below, 5e9),
            ("<= 1.5 ms", Unit::Nanoseconds, Relation::AtMost, 1.5e6),
            ("<= 0.1%", Unit::Ratio, Relation::AtMost, 0.001),
            ("= 0", Unit::Ratio, Relation::Equal, 0.0),
            (">= 4900/s", Unit::PerSecond, Relation::AtLeast, 4900.0),
            ("> 5k", Unit::PerSecond, Relation::Above, 5000.0),
            ("< 2 %/h", Unit::PerHour, Relation::Below, 0.02),
            ("< 0.6%/min", Unit::PerHour, Relation::Below, 0.36),
            ("<= 0", Unit::PerHour, Relation::AtMost, 0.0),
            ("< 512 MiB", Unit::Octets, Relation::Below, 536_870_912.0),
            ("< 1.5", Unit::Cores, Relation::Below, 1.5),
            ("<= 10k/s", Unit::Number, Relation::AtMost, 10_000.0),
            ("< 250ms", Unit::Seconds, Relation::Below, 0.25),
            ("= 10,000", Unit::Count, Relation::Equal, 10_000.0),
        ] {
            let e = parse(text, unit, &words).unwrap();
            assert_eq!(e.relation, relation, "{text}");
            let Limit::Number(n) = e.limit else { panic!("{text}") };
            assert!((n - limit).abs() <= limit * 1e-12, "{text}: {n}");
        }
        let e = parse("= sustained", Unit::Word, &words).unwrap();
        assert_eq!(e.limit, Limit::Word("sustained".into()));
    }

    #[test]
    fn a_limit_against_a_baseline_is_a_signed_part_of_it() {
        for (text, relation, wanted) in [
            ("<= baseline + 5%", Relation::AtMost, 0.05),
            ("<baseline+0.5 %", Relation::Below, 0.005),
            (">= baseline - 2%", Relation::AtLeast, -0.02),
            ("> baseline", Relation::Above, 0.0),
        ] {
            let e = parse(text, Unit::PerSecond, &[]).unwrap();
            let Limit::Baseline(change) = e.limit else { panic!("{text}") };
            assert!(e.relation == relation && (change - wanted).abs() < 1e-12, "{text}: {change}");
        }
    }

    #[test]
    fn a_mistake_is_told_with_its_column_and_what_was_expected() {
        for (text, unit, column, expected) in [
            ("50ms", Unit::Nanoseconds, 1, "<="),
            ("< 50", Unit::Nanoseconds, 3, "50ms"),
            ("< 50mss", Unit::Nanoseconds, 3, "50ms"),
            ("< -5ms", Unit::Nanoseconds, 3, "50ms"),
            ("<=  abc", Unit::Ratio, 5, "0.1%"),
            ("<= 101%", Unit::Ratio, 4, "at most 1"),
            (">= fast", Unit::PerSecond, 4, "4900/s"),
            ("= 1.5", Unit::Count, 3, "whole number"),
            ("< 2 %", Unit::PerHour, 3, "2 %/h"),
            ("< -1 MiB", Unit::Octets, 3, "512 MiB"),
            ("< 1 TiBB", Unit::Number, 3, "512 MiB"),
            ("= fine", Unit::Word, 3, "sustained"),
            ("< sustained", Unit::Word, 1, "="),
            ("= baseline + 5%", Unit::Nanoseconds, 3, "fixed limit"),
            ("<= baseline + 5", Unit::Nanoseconds, 13, "+ 5%"),
            ("<= baseline * 1.05", Unit::Nanoseconds, 13, "+ 5%"),
            ("<= baseline+5ms", Unit::Nanoseconds, 12, "+ 5%"),
            (">= baseline - 100%", Unit::PerSecond, 13, "+ 5%"),
            ("= baseline", Unit::Word, 3, "fixed limit"),
            ("", Unit::Ratio, 1, "<"),
        ] {
            let e = parse(text, unit, &["sustained"]).unwrap_err().to_string();
            assert!(e.starts_with(&format!("column {column}: ")), "{text}: {e}");
            assert!(e.contains(expected), "{text}: {e}");
        }
    }
}
