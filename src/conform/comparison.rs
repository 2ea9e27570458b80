//! What changed between two runs of the cases: of two versions of a peer, or of this program.
use super::case::{Level, Role};
use super::document::{CaseRow, Document};
use super::pics::Support;
use super::verdict::Outcome;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name and version of the schema.
pub const COMPARISON_SCHEMA: &str = "smppbench.conform_comparison/1";

/// Two runs side by side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// `"smppbench.conform_comparison/1"`.
    pub schema: String,
    /// Which side the peers are.
    pub role: Role,
    /// The earlier run: its peer and its time.
    pub before: Side,
    /// The later run.
    pub after: Side,
    /// The cases whose outcome differs, in the order of the later run.
    pub changes: Vec<Change>,
    /// The features whose support differs.
    pub features: Vec<FeatureChange>,
    /// The cases with the same outcome in both.
    pub unchanged_count: u64,
}

/// One of two runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// The peer.
    pub target: String,
    /// When the run began (RFC 3339, UTC).
    pub started_at: String,
    /// The version of the program that ran the cases.
    pub version: String,
}

/// Whether a change is for the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// It passes now.
    Better,
    /// It passed before, or fails now.
    Worse,
    /// Neither can be said: such as `inconclusive` after `skipped`, or a case that one run lacks.
    Other,
}

impl Turn {
    /// The word in reports.
    pub const fn word(self) -> &'static str {
        match self {
            Turn::Better => "better",
            Turn::Worse => "worse",
            Turn::Other => "other",
        }
    }
}

/// A case whose outcome differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The case.
    pub id: String,
    /// How strongly the specification asks for it.
    pub level: Level,
    /// The clause, in our words.
    pub title: String,
    /// Whether it is for the better.
    pub direction: Turn,
    /// The earlier outcome and what was seen; null: the earlier run lacks the case.
    pub before: Option<Sight>,
    /// The later outcome and what was seen; null: the later run lacks the case.
    pub after: Option<Sight>,
}

/// What a case found in one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sight {
    /// What it found.
    pub outcome: Outcome,
    /// What was seen.
    pub seen: String,
}

/// A feature whose support differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FeatureChange {
    /// The feature.
    pub feature: String,
    /// As the earlier run showed it; null: it lacks the feature's row.
    pub before: Option<Support>,
    /// As the later run showed it.
    pub after: Support,
}

/// Runs of different roles cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one run examined an SMSC and the other an ESME; compare two runs of the same role")]
pub struct OtherRole;

impl Comparison {
    /// What changed from one run to the other.
    ///
    /// # Errors
    /// The runs examined different roles.
    pub fn of(before: &Document, after: &Document) -> Result<Comparison, OtherRole> {
        if before.role != after.role {
            return Err(OtherRole);
        }
        let find = |document: &Document, id: &str| -> Option<CaseRow> {
            document.cases.iter().find(|case| case.id == id).cloned()
        };
        let mut changes = Vec::new();
        let mut unchanged_count = 0;
        for case in &after.cases {
            let earlier = find(before, &case.id);
            if earlier.as_ref().is_some_and(|earlier| earlier.outcome == case.outcome) {
                unchanged_count += 1;
            } else {
                changes.push(change(case, earlier.as_ref(), Some(case)));
            }
        }
        let gone = before.cases.iter().filter(|case| find(after, &case.id).is_none());
        changes.extend(gone.map(|case| change(case, Some(case), None)));
        Ok(Comparison {
            schema: COMPARISON_SCHEMA.to_owned(),
            role: after.role,
            before: side(before),
            after: side(after),
            changes,
            features: features(before, after),
            unchanged_count,
        })
    }

    /// The number of changes in a direction.
    pub fn count(&self, direction: Turn) -> usize {
        self.changes.iter().filter(|change| change.direction == direction).count()
    }
}

fn side(document: &Document) -> Side {
    Side {
        target: document.target.clone(),
        started_at: document.started_at.clone(),
        version: document.tool.version.clone(),
    }
}

fn change(case: &CaseRow, before: Option<&CaseRow>, after: Option<&CaseRow>) -> Change {
    let sight = |row: &CaseRow| Sight { outcome: row.outcome, seen: row.seen.clone() };
    let outcome = |row: Option<&CaseRow>| row.map(|row| row.outcome);
    Change {
        id: case.id.clone(),
        level: case.level,
        title: case.title.clone(),
        direction: direction(outcome(before), outcome(after)),
        before: before.map(sight),
        after: after.map(sight),
    }
}

/// Outcomes that say something of the peer, the better the lower; None: nothing was found out.
const fn rank(outcome: Outcome) -> Option<u8> {
    match outcome {
        Outcome::Pass => Some(0),
        Outcome::Lenient | Outcome::Unsupported => Some(1),
        Outcome::Fail => Some(2),
        Outcome::Inconclusive | Outcome::PreconditionFailed | Outcome::Skipped => None,
    }
}

fn direction(before: Option<Outcome>, after: Option<Outcome>) -> Turn {
    match (before.and_then(rank), after.and_then(rank)) {
        (Some(before), Some(after)) if after < before => Turn::Better,
        (Some(before), Some(after)) if after > before => Turn::Worse,
        (Some(_) | None, Some(_) | None) => Turn::Other,
    }
}

fn features(before: &Document, after: &Document) -> Vec<FeatureChange> {
    let mut changes = Vec::new();
    for row in &after.pics {
        let earlier = before.pics.iter().find(|other| other.feature == row.feature);
        let earlier = earlier.map(|row| row.support);
        if earlier != Some(row.support) {
            let feature = row.feature.clone();
            changes.push(FeatureChange { feature, before: earlier, after: row.support });
        }
    }
    changes
}
