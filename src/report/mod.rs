//! What a run looks like on paper. Pure: bytes from values. Nothing here reads a clock or a file, and
//! nothing runs; writing the run folder is `cli`'s business.
mod blocks;
mod csv;
pub mod document;
mod escape;
mod groups;
mod hgrm;
mod json;
mod ledger;
pub mod pcapng;
mod saved;
pub mod search;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod transport;

pub use document::Document;
pub use escape::{mask_address, printable};
pub use json::{SCHEMA, result};
pub use saved::{Saved, Second};
pub use text::Style;

use crate::judge::{GateResult, Judgement, TallyCheck};
use crate::kit::Environment;
use crate::measure::RunRecord;
use crate::plan::Plan;
use serde_json::Value;

/// Everything a report is made from.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// What was to be done.
    pub plan: &'a Plan,
    /// The resolved profile, redacted.
    pub profile: &'a Value,
    /// What was measured; its rows settled ([`RunRecord::settle_rows`]).
    pub record: &'a RunRecord,
    /// What it means.
    pub judgement: &'a Judgement,
    /// The profile's gates, decided.
    pub gates: &'a [GateResult],
    /// The machine it ran on.
    pub environment: &'a Environment,
    /// Names the run: `<name>-<UTC>`.
    pub id: &'a str,
    /// The tool's version.
    pub version: &'a str,
    /// The commit it was built from, if that is known.
    pub commit: Option<&'a str>,
    /// `host:port`, or `embedded`.
    pub target: &'a str,
    /// The command line that runs the same again.
    pub repro: &'a str,
    /// How the run agrees with the embedded simulator's tally, where there is one.
    pub tally: Option<&'a TallyCheck>,
    /// Warnings of the machine and the command line; the judgement's own come besides.
    pub warnings: &'a [String],
    /// By label number: what the recipe makes of each message. Empty: no groups by coding and parts.
    pub labels: &'a [LabelTraits],
    /// Where the run folder is, if one is written.
    pub folder: Option<&'a str>,
    /// Show addresses and texts as they are.
    pub show_content: bool,
}

/// What the recipe makes of one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelTraits {
    /// The coding as a person calls it: `gsm`, `ucs2`, `latin1`, …
    pub coding: String,
    /// submit_sm that one message takes.
    pub parts: u32,
}

/// One report format.
#[derive(Clone, Copy, Debug)]
pub struct FormatRow {
    /// As `--format` names it.
    pub name: &'static str,
    /// Its file in the run folder; None: it is not written there.
    pub file: Option<&'static str>,
    /// Its bytes, without colours.
    pub render: fn(&Run<'_>) -> Vec<u8>,
}

/// Every format that this build knows: the table that `render` and the run folder go by.
pub const FORMATS: [FormatRow; 4] = [
    FormatRow { name: "text", file: None, render: |run| text(run, Style::default()).into_bytes() },
    FormatRow { name: "json", file: Some("result.json"), render: json::render },
    FormatRow { name: "csv", file: Some("intervals.csv"), render: csv::render },
    FormatRow { name: "hgrm", file: Some("response.hgrm"), render: hgrm::render },
];

/// The format of that name.
pub fn format(name: &str) -> Option<&'static FormatRow> {
    FORMATS.iter().find(|row| row.name == name)
}

/// The summary for a terminal; at most 100 columns wide.
pub fn text(run: &Run<'_>, style: Style) -> String {
    text::render(run, style)
}
