//! Which cases are run: by id, level and tag.
use super::case::{Case, Level};
use std::fmt;

/// From this likeness on, a known id or tag is suggested.
const LIKENESS_MIN: f64 = 0.75;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Ids, or patterns with `*`; none: every case.
    pub cases: Vec<String>,
    /// Ids, or patterns with `*`, that are left out.
    pub skip: Vec<String>,
    /// The weakest level that is run; None: every level.
    pub level: Option<Level>,
    /// Tags, of which a case has one; none: every case.
    pub tags: Vec<String>,
}

/// A word that no case knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownWord {
    /// `case` or `tag`.
    pub what: &'static str,
    /// As it was written.
    pub word: String,
    /// The nearest known word. None: no known word is near.
    pub near: Option<String>,
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: no {} is called so", self.word, self.what)?;
        match &self.near {
            Some(near) => write!(f, "; did you mean {near:?}?"),
            None => f.write_str("; --dry-run lists all"),
        }
    }
}

impl std::error::Error for UnknownWord {}

impl Choice {
    /// The cases of `all` that are asked for, in their order.
    ///
    /// # Errors
    /// An id, a pattern or a tag that fits no case.
    pub fn of(&self, all: &[&'static Case]) -> Result<Vec<&'static Case>, UnknownWord> {
        for pattern in self.cases.iter().chain(&self.skip) {
            if !all.iter().any(|case| fits(pattern, case.id)) {
                return Err(unknown_case(pattern, all));
            }
        }
        for tag in &self.tags {
            if !all.iter().any(|case| case.tags.contains(&tag.as_str())) {
                let known = all.iter().flat_map(|case| case.tags.iter().copied());
                return Err(UnknownWord { what: "tag", word: tag.clone(), near: near(tag, known) });
            }
        }
        Ok(all.iter().copied().filter(|case| self.takes(case)).collect())
    }

    fn takes(&self, case: &Case) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|pattern| fits(pattern, case.id));
        (self.cases.is_empty() || any(&self.cases))
            && !any(&self.skip)
            && self.level.is_none_or(|weakest| case.level <= weakest)
            && (self.tags.is_empty()
                || self.tags.iter().any(|tag| case.tags.contains(&tag.as_str())))
    }
}

/// The error for an id that no case has.
pub(super) fn unknown_case(id: &str, all: &[&'static Case]) -> UnknownWord {
    let ids = all.iter().map(|case| case.id);
    UnknownWord { what: "case", word: id.to_owned(), near: near(id, ids) }
}

/// Whether an id fits a pattern, in which `*` stands for any text.
fn fits(pattern: &str, id: &str) -> bool {
    crate::plan::matches(pattern, id)
}

fn near<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    known
        .map(|known| (strsim::jaro_winkler(word, known), known))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .map(|(_, known)| known.to_owned())
}
