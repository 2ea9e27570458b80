//! One check of a judgement: a value, its limit, and whether it holds. It knows no record.
use crate::kit::words;
use serde::{Deserialize, Serialize};

/// What a figure is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// Nanoseconds.
    #[serde(rename = "ns")]
    Nanoseconds,
    /// So many a second.
    #[serde(rename = "/s")]
    PerSecond,
    /// A share of one.
    #[serde(rename = "ratio")]
    Ratio,
    /// A plain number.
    #[serde(rename = "count")]
    Count,
    /// A word, such as `sustained`.
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
            Unit::Word => value.to_string(),
        }
    }
}

/// How a value must stand to its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Whether `value` stands so to `limit`.
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Relation::Below => value < limit,
            Relation::AtMost => value <= limit,
            Relation::Equal => value == limit,
            Relation::AtLeast => value >= limit,
            Relation::Above => value > limit,
        }
    }
    /// True where a smaller value cannot break it.
    pub const fn bounds_above(self) -> bool {
        match self {
            Relation::Below | Relation::AtMost => true,
            Relation::Equal | Relation::AtLeast | Relation::Above => false,
        }
    }
}

/// One check with its value and its limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What was checked: `sent_of_scheduled`, `harness_lag.p99`, …
    pub check: String,
    /// What was found; None: it could not be told.
    pub value: Option<f64>,
    /// What it is held against.
    pub limit: Option<f64>,
    /// How it must stand to the limit.
    pub relation: Relation,
    /// Unit of both.
    pub unit: Unit,
    /// None: it could not be decided.
    pub ok: Option<bool>,
    /// What a reader should know besides.
    pub note: Option<String>,
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
        Check { check: check.into(), value, limit: Some(limit), relation, unit, ok, note: None }
    }

    /// The same with a word to the reader.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Check {
        self.note = Some(note.into());
        self
    }

    /// True only where it was decided against.
    pub fn failed(&self) -> bool {
        self.ok == Some(false)
    }

    /// One line: name, value, limit, note.
    pub fn says(&self) -> String {
        let value = self.value.map_or_else(|| "unknown".to_owned(), |v| self.unit.show(v));
        let name = self.check.replace('_', " ");
        let limit = self.limit.map(|limit| self.unit.show(limit));
        let mut text = match (&limit, self.value, self.unit) {
            // rounded, it would read as kept although it is not
            (Some(limit), Some(exact), Unit::Ratio) if self.failed() && *limit == value => {
                format!("{name} {:.4} %", exact * 100.0)
            }
            _ => format!("{name} {value}"),
        };
        if let Some(limit) = limit {
            text += &format!(" (wanted {} {limit})", self.relation.sign());
        }
        if let Some(note) = &self.note {
            text += &format!(", {note}");
        }
        text
    }
}
