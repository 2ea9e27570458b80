//! What stands at the top of every report: the verdict, its checks, its lines, what to know and to beware of.
use super::table::Tone;

/// A sentence with its tone: a check, or what is beside it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Check {
    pub(crate) tone: Tone,
    pub(crate) says: String,
}

/// A line under a label: `harness   valid: 100 % sent on time`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) label: &'static str,
    pub(crate) tone: Tone,
    /// The word of it that the tone belongs to; empty: all of it.
    pub(crate) word: &'static str,
    pub(crate) says: String,
    /// Further sentences, where there is room.
    pub(crate) more: Vec<String>,
}

impl Line {
    pub(crate) fn new(label: &'static str, tone: Tone, says: impl Into<String>) -> Line {
        Line { label, tone, word: "", says: says.into(), more: Vec::new() }
    }
}

/// What stands at the top of every report.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Top {
    /// Of what.
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
    /// Figures, by their names.
    pub(crate) rates: Vec<(String, String)>,
    /// Said of them.
    pub(crate) rates_are: &'static str,
    pub(crate) checks: Vec<Check>,
    pub(crate) lines: Vec<Line>,
    /// What to beware of.
    pub(crate) warnings: Vec<String>,
    /// What to know.
    pub(crate) notes: Vec<String>,
}

impl Top {
    /// `SUSTAINED  1,000/s for 8 s`.
    pub(crate) fn headline(&self) -> String {
        format!("{}  {}", self.word, self.what)
    }

    /// `scheduled 1,000/s · written 1,000/s`; empty where there are none.
    pub(crate) fn rates(&self) -> String {
        let rates: Vec<String> =
            self.rates.iter().map(|(name, figure)| format!("{name} {figure}")).collect();
        let colon = if self.rates_are.is_empty() { "" } else { ": " };
        format!("{}{colon}{}", self.rates_are, rates.join(" · "))
    }
}
