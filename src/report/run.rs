//! A run that has just ended: what a document is made from.
use crate::judge::{GateResult, Judgement, TallyCheck};
use crate::kit::Environment;
use crate::measure::RunRecord;
use crate::plan::Plan;
use serde_json::Value;

/// Everything a report is made from.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The resolved profile, redacted.
    pub profile: &'a Value,
    /// What was measured; its rows settled ([`RunRecord::settle_rows`]).
    pub record: &'a RunRecord,
    /// Its judgement.
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
