//! The top of every report: the verdict, its checks, lines, warnings and notes.
use super::table::Tone;

/// A sentence with its tone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Remark {
    pub(crate) tone: Tone,
    pub(crate) says: String,
}

/// A line under a label: `harness   valid: 100 % sent on time`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LabelledLine {
    pub(crate) label: &'static str,
    pub(crate) tone: Tone,
    /// The word that the tone colours; empty: all of them.
    pub(crate) word: &'static str,
    pub(crate) says: String,
    /// Further sentences, if there is room.
    pub(crate) more: Vec<String>,
}

impl LabelledLine {
    pub(crate) fn new(label: &'static str, tone: Tone, says: impl Into<String>) -> LabelledLine {
        LabelledLine { label, tone, word: "", says: says.into(), more: Vec::new() }
    }
}

/// A rate, or a percentile of accepted messages or receipts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HeadFigure {
    /// `accepted p50`.
    pub(crate) name: String,
    /// `12.3 ms`.
    pub(crate) figure: String,
    /// `gate < 50ms: pass`, with the baseline's value where there is one; empty: no gate holds it.
    pub(crate) against: String,
}

impl HeadFigure {
    /// A figure that no gate holds.
    pub(crate) fn new(name: &str, figure: String) -> HeadFigure {
        HeadFigure { name: name.to_owned(), figure, against: String::new() }
    }
}

/// The top of a report.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Summary {
    /// The run or search.
    pub(crate) name: String,
    /// The run's number, where there are several.
    pub(crate) run: Option<usize>,
    /// Target, binds, times.
    pub(crate) facts: Vec<String>,
    pub(crate) tone: Tone,
    /// `SUSTAINED`.
    pub(crate) word: &'static str,
    /// `1,000/s for 8 s`.
    pub(crate) what: String,
    /// Rates.
    pub(crate) rates: Vec<HeadFigure>,
    /// The time they cover; empty: the measured time.
    pub(crate) rates_are: &'static str,
    /// Percentiles beside them.
    pub(crate) times: Vec<HeadFigure>,
    pub(crate) checks: Vec<Remark>,
    pub(crate) lines: Vec<LabelledLine>,
    /// Warnings.
    pub(crate) warnings: Vec<String>,
    /// Notes.
    pub(crate) notes: Vec<String>,
}

impl Summary {
    /// `SUSTAINED  1,000/s for 8 s`.
    pub(crate) fn headline(&self) -> String {
        format!("{}  {}", self.word, self.what)
    }

    /// `scheduled 1,000/s · written 1,000/s`; empty where there are none.
    pub(crate) fn rates(&self) -> String {
        let rates: Vec<String> =
            self.rates.iter().map(|rate| format!("{} {}", rate.name, rate.figure)).collect();
        let colon = if self.rates_are.is_empty() { "" } else { ": " };
        format!("{}{colon}{}", self.rates_are, rates.join(" · "))
    }
}
