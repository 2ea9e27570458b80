//! `smppbench.conform/1`: a run as types, from which every report is drawn.
use super::case::{Level, Role};
use super::expectations::Expectations;
use super::pics::{self, PicsRow};
use super::runner::{CaseResult, Run};
use super::verdict::Outcome;
use crate::kit::words;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The name and version of the schema.
pub const SCHEMA: &str = "smppbench.conform/1";

/// A run of conformance cases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// `"smppbench.conform/1"`.
    pub schema: String,
    /// The program that ran the cases.
    pub tool: Tool,
    /// Which side the peer is.
    pub role: Role,
    /// The peer: `host:port`, `embedded`, or the address on which an ESME was awaited.
    pub target: String,
    /// When the run began (RFC 3339, UTC).
    pub started_at: String,
    /// How long it took, in seconds.
    pub duration_s: f64,
    /// Why it ended before its last case; null: it did not.
    pub stopped: Option<String>,
    /// The cases, in the order in which they were run.
    pub cases: Vec<CaseRow>,
    /// What the peer supports, as far as it was seen.
    pub pics: Vec<PicsRow>,
    /// Counts over the cases.
    pub summary: Summary,
}

/// The program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// `"smppbench"`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// One case and its result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseRow {
    /// The section of SMPP v3.4 and a number.
    pub id: String,
    /// The section.
    pub section: String,
    /// How strongly the specification asks for it.
    pub level: Level,
    /// Words to choose it by.
    pub tags: Vec<String>,
    /// The clause, in our words.
    pub title: String,
    /// What it found.
    pub outcome: Outcome,
    /// What a conforming peer does.
    pub expected: String,
    /// What was seen, in one sentence.
    pub seen: String,
    /// What a deviation means for whoever talks to the peer.
    pub consequence: String,
    /// The outcome that the file of `--expect` names for it; null: there is no such file.
    pub expectation: Option<Outcome>,
    /// How long it took, in seconds.
    pub took_s: f64,
    /// Its capture (pcapng), relative to the document; null: nothing was exchanged, or no folder was written.
    pub capture: Option<String>,
    /// What was sent and received, in order.
    pub exchange: Vec<ExchangeRow>,
}

/// Who sent a PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// We did.
    Sent,
    /// The peer did.
    Received,
}

/// A PDU of a case, or what was written in one piece.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExchangeRow {
    /// Who sent it.
    pub direction: Direction,
    /// The connection within the case, from 0 on.
    pub connection: u32,
    /// Time from the first row of the case, in seconds.
    pub at_s: f64,
    /// The PDUs in it as `decode` prints them.
    pub pdus: Vec<Value>,
    /// Its octets; passwords are replaced by asterisks.
    pub hex: String,
}

/// Counts over the cases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// All cases.
    pub cases: u64,
    /// By outcome; every outcome is there.
    pub outcomes: BTreeMap<String, u64>,
    /// By level and outcome.
    pub levels: BTreeMap<String, BTreeMap<String, u64>>,
    /// The PDUs sent that carry a message.
    pub submits: u64,
    /// The most sessions of an examined ESME at once beside the examined one; they are served, and not judged.
    #[serde(default)]
    pub further_sessions: u64,
    /// Cases whose outcome is not the expected one; null: there is no file of expectations.
    pub unexpected: Option<Vec<String>>,
}

/// What a document says beside its cases.
#[derive(Clone, Debug)]
pub struct Head {
    /// Which side the peer is.
    pub role: Role,
    /// The peer.
    pub target: String,
    /// When the run began (RFC 3339, UTC).
    pub started_at: String,
    /// How long it took, in seconds.
    pub duration_s: f64,
}

impl Document {
    /// The document of a run. `decode` makes the JSON of octets, one value a PDU; `capture` names the capture of a case.
    pub fn of(
        run: &Run,
        head: Head,
        expectations: Option<&Expectations>,
        decode: &dyn Fn(&[u8]) -> Vec<Value>,
        capture: &dyn Fn(&CaseResult) -> Option<String>,
    ) -> Document {
        let surprises = expectations.map(|expected| expected.surprises(&run.results));
        let row = |result: &CaseResult| {
            let expected = |all: &Expectations| {
                all.expected.get(result.case.id).map_or(Outcome::Pass, |one| one.outcome)
            };
            let exchange = exchange_rows(result, decode);
            case_row(result, expectations.map(expected), capture(result), exchange)
        };
        Document {
            schema: SCHEMA.to_owned(),
            tool: Tool {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            role: head.role,
            target: head.target,
            started_at: head.started_at,
            duration_s: head.duration_s,
            stopped: run.stopped.as_ref().map(ToString::to_string),
            cases: run.results.iter().map(row).collect(),
            pics: pics::rows(&run.results, head.role),
            summary: Summary {
                unexpected: surprises.map(|all| all.iter().map(|one| one.id.to_owned()).collect()),
                ..summary(run)
            },
        }
    }

    /// The number of cases with an outcome.
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.summary.outcomes.get(outcome.word()).copied().unwrap_or_default()
    }
}

fn case_row(
    result: &CaseResult,
    expectation: Option<Outcome>,
    capture: Option<String>,
    exchange: Vec<ExchangeRow>,
) -> CaseRow {
    let case = result.case;
    CaseRow {
        id: case.id.to_owned(),
        section: case.section().to_owned(),
        level: case.level,
        tags: case.tags.iter().map(|tag| (*tag).to_owned()).collect(),
        title: case.title.to_owned(),
        outcome: result.verdict.outcome,
        expected: case.expected.to_owned(),
        // a peer writes part of it: it must not steer a terminal
        seen: words::printable(&result.verdict.seen).to_string(),
        consequence: case.consequence.to_owned(),
        expectation,
        took_s: result.took.as_secs_f64(),
        capture,
        exchange,
    }
}

fn exchange_rows(result: &CaseResult, decode: &dyn Fn(&[u8]) -> Vec<Value>) -> Vec<ExchangeRow> {
    let first = result.exchange.first().map_or(0, |one| one.wall_ns);
    let row = |one: &super::examiner::Exchanged| ExchangeRow {
        direction: if one.is_sent { Direction::Sent } else { Direction::Received },
        connection: one.connection,
        at_s: one.wall_ns.saturating_sub(first) as f64 / 1e9,
        pdus: decode(&one.octets),
        hex: one.octets.iter().map(|octet| format!("{octet:02x}")).collect(),
    };
    result.exchange.iter().map(row).collect()
}

fn summary(run: &Run) -> Summary {
    let zeros = || Outcome::ALL.map(|outcome| (outcome.word().to_owned(), 0));
    let mut summary = Summary {
        cases: run.results.len() as u64,
        outcomes: zeros().into(),
        submits: u64::from(run.submits_count),
        further_sessions: u64::from(run.further_sessions_count),
        ..Summary::default()
    };
    for result in &run.results {
        let level = summary.levels.entry(result.case.level.word().to_owned());
        let level = level.or_insert_with(|| zeros().into());
        for counts in [&mut summary.outcomes, level] {
            *counts.entry(result.verdict.outcome.word().to_owned()).or_default() += 1;
        }
    }
    summary
}
