//! The known deviations of a peer, in a TOML file. A case that is not in it is expected to pass.
use super::case::Case;
use super::choice::{UnknownWord, unknown_case};
use super::runner::CaseResult;
use super::verdict::Outcome;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is expected of one case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The outcome.
    pub outcome: Outcome,
    /// Why it is so; may be empty.
    #[serde(default)]
    pub reason: String,
}

/// A file of expectations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expectations {
    /// By the id of the case.
    pub expected: BTreeMap<String, Expectation>,
}

/// Why a file of expectations cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ExpectationError {
    /// It is not TOML of this form.
    #[error(
        "{0}; write [expected] and lines such as \"4.4.1-03\" = {{ outcome = \"lenient\", reason = \"...\" }}"
    )]
    Form(String),
    /// It names a case that does not exist.
    #[error("{0}")]
    Unknown(#[from] UnknownWord),
}

/// A case whose outcome is not the expected one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surprise {
    /// The case.
    pub id: &'static str,
    /// What was expected.
    pub expected: Outcome,
    /// What was found.
    pub found: Outcome,
}

impl Expectations {
    /// Reads a file, whose cases must be among `all`.
    ///
    /// # Errors
    /// [`ExpectationError`].
    pub fn read(text: &str, all: &[&'static Case]) -> Result<Expectations, ExpectationError> {
        let read: Expectations = toml::from_str(text)
            .map_err(|e| ExpectationError::Form(e.message().replace('\n', " ")))?;
        for id in read.expected.keys() {
            if !all.iter().any(|case| case.id == id) {
                return Err(unknown_case(id, all).into());
            }
        }
        Ok(read)
    }

    /// What these results would be expected as: every case that did not pass. A reason that is known stays.
    pub fn of(results: &[CaseResult], known: &Expectations) -> Expectations {
        let deviations = results
            .iter()
            .filter(|result| !matches!(result.verdict.outcome, Outcome::Pass | Outcome::Skipped));
        let expected = deviations.map(|result| {
            let outcome = result.verdict.outcome;
            let before = known.expected.get(result.case.id).filter(|one| one.outcome == outcome);
            let reason =
                before.map_or_else(|| result.verdict.seen.clone(), |one| one.reason.clone());
            (result.case.id.to_owned(), Expectation { outcome, reason })
        });
        Expectations { expected: expected.collect() }
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let mut text = "# Known deviations of a peer: smppbench conform --expect. A case that is not listed must pass.\n\
                        [expected]\n"
            .to_owned();
        for (id, one) in &self.expected {
            let reason = toml::Value::String(one.reason.clone());
            let outcome = one.outcome.word();
            text += &format!("\"{id}\" = {{ outcome = \"{outcome}\", reason = {reason} }}\n");
        }
        text
    }

    /// The results that are not as expected; cases that were skipped are not judged.
    pub fn surprises(&self, results: &[CaseResult]) -> Vec<Surprise> {
        let mut surprises = Vec::new();
        for result in results {
            let found = result.verdict.outcome;
            let expected =
                self.expected.get(result.case.id).map_or(Outcome::Pass, |one| one.outcome);
            if found != Outcome::Skipped && found != expected {
                surprises.push(Surprise { id: result.case.id, expected, found });
            }
        }
        surprises
    }
}
