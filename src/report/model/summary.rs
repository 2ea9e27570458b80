//! What stands at the top of every report: the verdict, its checks, its lines, what to know and to beware of.
use super::table::Tone;

/// A sentence with its tone: a check, or what is beside it.
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
    /// The word of it that the tone belongs to; empty: all of it.
    pub(crate) word: &'static str,
    pub(crate) says: String,
    /// Further sentences, where there is room.
    pub(crate) more: Vec<String>,
}

impl LabelledLine {
    pub(crate) fn new(label: &'static str, tone: Tone, says: impl Into<String>) -> LabelledLine {
        LabelledLine { label, tone, word: "", says: says.into(), more: Vec::new() }
    }
}

/// What stands at the top of every report.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Summary {
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
    pub(crate) checks: Vec<Remark>,
    pub(crate) lines: Vec<LabelledLine>,
    /// What to beware of.
    pub(crate) warnings: Vec<String>,
    /// What to know.
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
            self.rates.iter().map(|(name, figure)| format!("{name} {figure}")).collect();
        let colon = if self.rates_are.is_empty() { "" } else { ": " };
        format!("{}{colon}{}", self.rates_are, rates.join(" · "))
    }
}
