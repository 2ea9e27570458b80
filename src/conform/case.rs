//! A conformance case: one row of a table.
use super::examiner::Examiner;
use super::verdict::Found;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::Pin;

/// How strongly the specification asks for what a case checks.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// The specification requires it.
    Must,
    /// The specification recommends it, or clients rely on it.
    Should,
    /// The specification is silent, and peers differ.
    Observed,
}

impl Level {
    /// The word in documents and reports.
    pub const fn word(self) -> &'static str {
        match self {
            Level::Must => "MUST",
            Level::Should => "SHOULD",
            Level::Observed => "OBSERVED",
        }
    }
}

/// Which side the examined peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The peer is an SMSC: we connect and bind.
    Smsc,
    /// The peer is an ESME: it connects to us and binds.
    Esme,
}

impl Role {
    /// The word in documents and on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Role::Smsc => "smsc",
            Role::Esme => "esme",
        }
    }
}

/// The steps of a case, under way.
pub(super) type Running<'a> = Pin<Box<dyn Future<Output = Found> + 'a>>;

/// The steps of a case.
pub(super) type Steps = for<'a> fn(&'a mut Examiner) -> Running<'a>;

/// One case.
#[derive(Clone, Copy)]
pub struct Case {
    /// The section of SMPP v3.4 and a number: `4.4.1-03`.
    pub id: &'static str,
    /// Which side the peer is.
    pub role: Role,
    /// How strongly the specification asks for it.
    pub level: Level,
    /// Words to choose it by.
    pub tags: &'static [&'static str],
    /// The clause, in our words.
    pub title: &'static str,
    /// What a conforming peer does.
    pub expected: &'static str,
    /// What a deviation means for whoever talks to the peer.
    pub consequence: &'static str,
    /// The submit_sm (and other PDUs that carry a message) that it sends at most.
    pub cost: u32,
    /// Whether it may disturb a live session or an account: wrong passwords, octets that are not SMPP.
    pub disturbs: bool,
    /// What it does.
    pub(super) steps: Steps,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Case").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Case {
    /// A case for an SMSC.
    pub(super) const fn smsc(
        id: &'static str,
        level: Level,
        tags: &'static [&'static str],
        steps: Steps,
    ) -> Case {
        let (title, expected, consequence) = ("", "", "");
        let role = Role::Smsc;
        Case {
            id,
            role,
            level,
            tags,
            title,
            expected,
            consequence,
            cost: 0,
            disturbs: false,
            steps,
        }
    }

    /// A case for an ESME.
    pub(super) const fn esme(
        id: &'static str,
        level: Level,
        tags: &'static [&'static str],
        steps: Steps,
    ) -> Case {
        Case { role: Role::Esme, ..Case::smsc(id, level, tags, steps) }
    }

    /// With its words: the clause, what is expected, and what a deviation means.
    pub(super) const fn says(
        self,
        title: &'static str,
        expected: &'static str,
        consequence: &'static str,
    ) -> Case {
        Case { title, expected, consequence, ..self }
    }

    /// With the messages that it sends at most.
    pub(super) const fn costs(self, cost: u32) -> Case {
        Case { cost, ..self }
    }

    /// As one that may disturb a live session or an account.
    pub(super) const fn disturbing(self) -> Case {
        Case { disturbs: true, ..self }
    }

    /// The section of its id: `4.4.1`.
    pub fn section(&self) -> &'static str {
        self.id.split('-').next().unwrap_or(self.id)
    }
}
