//! One check of a judgement: a value, its limit, and whether it holds. It knows no record.
use crate::kit::words;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Number, json};

/// What a figure is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Unit {
    /// Nanoseconds.
    #[serde(rename = "ns")]
    Nanoseconds,
    /// Per second.
    #[serde(rename = "/s")]
    PerSecond,
    /// A share of one.
    #[serde(rename = "ratio")]
    Ratio,
    /// A plain number.
    #[serde(rename = "count")]
    Count,
    /// Octets.
    #[serde(rename = "octets")]
    Octets,
    /// Octets per second.
    #[serde(rename = "octets/s")]
    OctetsPerSecond,
    /// Processor cores in use.
    #[serde(rename = "cores")]
    Cores,
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
    /// A number of no special kind.
    #[serde(rename = "number")]
    Number,
    /// A share of one, per hour.
    #[serde(rename = "/h")]
    PerHour,
    /// A word, such as `sustained`: for gates on the verdict; no check has it.
    #[serde(rename = "word")]
    Word,
}

impl Unit {
    /// A value in this unit as a person reads it.
    pub fn show(self, value: f64) -> String {
        match self {
            Unit::Nanoseconds if value < 0.0 => {
                format!("-{}", words::duration(value.abs().round() as u64))
            }
            Unit::Nanoseconds => words::duration(value.round() as u64),
            Unit::PerSecond => words::rate(value),
            Unit::Ratio if value < 0.0 => format!("-{}", words::percent(-value)),
            Unit::Ratio => words::percent(value),
            Unit::Count if value < 0.0 => format!("-{}", words::count(value.abs().round() as u64)),
            Unit::Count => words::count(value.round() as u64),
            Unit::Octets => words::octets(value),
            Unit::OctetsPerSecond => format!("{}/s", words::octets(value)),
            Unit::Cores => format!("{} cores", words::number(value)),
            Unit::Seconds => format!("{} s", words::number(value)),
            Unit::Number => words::number(value),
            Unit::PerHour => format!("{} %/h", words::number(value * 100.0)),
            Unit::Word => value.to_string(),
        }
    }

    /// A value as a person reads it, with as many digits as tell it from `other`; as ever where the two are equal.
    pub fn show_apart(self, value: f64, other: f64) -> String {
        const FIGURES_MOST: usize = 9;
        let (coarse, other) = (self.show(value), self.show(other));
        let fine = |figures| match self {
            Unit::Nanoseconds if value >= 0.0 => words::duration_to(value.round() as u64, figures),
            Unit::PerSecond => format!("{}/s", words::digits_to(value, figures)),
            Unit::Ratio => format!("{} %", words::digits_to(value * 100.0, figures)),
            Unit::Cores => format!("{} cores", words::digits_to(value, figures)),
            Unit::Seconds => format!("{} s", words::digits_to(value, figures)),
            Unit::Number => words::digits_to(value, figures),
            Unit::PerHour => format!("{} %/h", words::digits_to(value * 100.0, figures)),
            Unit::Nanoseconds | Unit::Count | Unit::Octets | Unit::OctetsPerSecond | Unit::Word => {
                coarse.clone()
            }
        };
        if coarse != other {
            return coarse;
        }
        (4..=FIGURES_MOST).map(fine).find(|fine| *fine != other).unwrap_or(coarse)
    }

    /// A value in this unit as JSON has it: nanoseconds and counts are integers. None: it is not finite.
    pub fn number(self, value: f64) -> Option<Number> {
        match self {
            _ if !value.is_finite() => None,
            Unit::Nanoseconds | Unit::Count | Unit::Octets => {
                Some(Number::from(value.round() as i64))
            }
            Unit::PerSecond
            | Unit::Ratio
            | Unit::OctetsPerSecond
            | Unit::Cores
            | Unit::Seconds
            | Unit::Number
            | Unit::PerHour
            | Unit::Word => Number::from_f64(value),
        }
    }
}

/// The relation between a value and its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Relation {
    /// Below it.
    #[serde(rename = "<")]
    Below,
    /// At most it.
    #[serde(rename = "<=")]
    AtMost,
    /// Equal to it.
    #[serde(rename = "=")]
    Equal,
    /// At least it.
    #[serde(rename = ">=")]
    AtLeast,
    /// Above it.
    #[serde(rename = ">")]
    Above,
}

impl Relation {
    /// As it is written.
    pub const fn sign(self) -> &'static str {
        match self {
            Relation::Below => "<",
            Relation::AtMost => "<=",
            Relation::Equal => "=",
            Relation::AtLeast => ">=",
            Relation::Above => ">",
        }
    }
    /// Whether `value` has this relation to `limit`.
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Relation::Below => value < limit,
            Relation::AtMost => value <= limit,
            Relation::Equal => value == limit,
            Relation::AtLeast => value >= limit,
            Relation::Above => value > limit,
        }
    }
    /// Whether every smaller value passes too.
    pub const fn bounds_above(self) -> bool {
        match self {
            Relation::Below | Relation::AtMost => true,
            Relation::Equal | Relation::AtLeast | Relation::Above => false,
        }
    }
}

/// What a check is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The SMSC at this rate.
    #[default]
    Smsc,
    /// A queue that grew during the measured time.
    Growth,
    /// A figure that drifted during the measured time.
    Drift,
    /// The tool and its machine.
    Harness,
}

/// One check with its value and its limit.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
pub struct Check {
    /// What was checked: `sent_of_scheduled`, `harness_lag.p99`, …
    pub check: String,
    /// What was found; null: unknown. Nanoseconds and counts are integers.
    pub value: Option<f64>,
    /// The limit.
    pub limit: Option<f64>,
    /// Whether the value passes; null: undecided.
    pub ok: Option<bool>,
    /// The relation between value and limit that passes.
    pub relation: Relation,
    /// Unit of both.
    pub unit: Unit,
    /// A remark for the reader.
    pub note: Option<String>,
    /// What it is about.
    #[serde(default)]
    pub about: About,
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Check { check, value, limit, ok, relation, unit, note, about } = self;
        let number = |value: &Option<f64>| json!(value.and_then(|v| unit.number(v)));
        serializer.collect_map([
            ("check", json!(check)),
            ("value", number(value)),
            ("limit", number(limit)),
            ("ok", json!(ok)),
            ("relation", json!(relation)),
            ("unit", json!(unit)),
            ("note", json!(note)),
            ("about", json!(about)),
        ])
    }
}

impl Check {
    /// A check whose outcome follows from its value; without a value it is undecided.
    pub fn new(
        check: impl Into<String>,
        value: Option<f64>,
        relation: Relation,
        limit: f64,
        unit: Unit,
    ) -> Check {
        let value = value.filter(|v| v.is_finite());
        let ok = value.map(|v| relation.holds(v, limit));
        let (check, limit, about) = (check.into(), Some(limit), About::Smsc);
        Check { check, value, limit, ok, relation, unit, note: None, about }
    }

    /// A check that passes up to a limit.
    pub fn at_most(check: &str, value: Option<f64>, limit: f64, unit: Unit) -> Check {
        Check::new(check, value, Relation::AtMost, limit, unit)
    }

    /// A check of a share that passes from a limit on.
    pub fn ratio_at_least(check: &str, value: Option<f64>, limit: f64) -> Check {
        Check::new(check, value, Relation::AtLeast, limit, Unit::Ratio)
    }

    /// The same check, about `about` instead of the SMSC.
    #[must_use]
    pub fn with_subject(self, about: About) -> Check {
        Check { about, ..self }
    }

    /// The same with a remark for the reader.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Check {
        self.note = Some(note.into());
        self
    }

    /// Whether the value breaks the limit (not: undecided).
    pub fn failed(&self) -> bool {
        self.ok == Some(false)
    }

    /// One line: name, value, limit, note.
    pub fn says(&self) -> String {
        let value = match (self.value, self.limit) {
            (None, _) => "unknown".to_owned(),
            // rounded, it would look as if it passed
            (Some(value), Some(limit)) if self.failed() => self.unit.show_apart(value, limit),
            (Some(value), _) => self.unit.show(value),
        };
        let mut text = format!("{} {value}", self.check.replace('_', " "));
        if let Some(limit) = self.limit {
            text += &format!(" (wanted {} {})", self.relation.sign(), self.unit.show(limit));
        }
        if let Some(note) = &self.note {
            text += &format!(", {note}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_check_shows_as_many_digits_as_tell_its_value_from_its_limit() {
        let says =
            |value: f64, limit: f64, unit| Check::at_most("lag", Some(value), limit, unit).says();
        assert_eq!(says(1_004_000.0, 1e6, Unit::Nanoseconds), "lag 1.004 ms (wanted <= 1 ms)");
        assert_eq!(says(1_000_400.0, 1e6, Unit::Nanoseconds), "lag 1.0004 ms (wanted <= 1 ms)");
        assert_eq!(says(2e6, 1e6, Unit::Nanoseconds), "lag 2 ms (wanted <= 1 ms)");
        assert_eq!(says(999_800.0, 1e6, Unit::Nanoseconds), "lag 1 ms (wanted <= 1 ms)");
        assert_eq!(says(0.001_000_2, 0.001, Unit::Ratio), "lag 0.10002 % (wanted <= 0.1 %)");
        let equal = Check::new("lag", Some(1e6), Relation::Below, 1e6, Unit::Nanoseconds);
        assert_eq!(equal.says(), "lag 1 ms (wanted < 1 ms)");
    }
}
