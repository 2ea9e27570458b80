//! What is wrong with a profile, a flag or a behaviour file: always one line with the place, the key, the
//! value, the bound and what would do.
use super::location::SourceLocation;
use super::suggest::{shown, suggestion};
use serde::de;
use std::fmt;

/// The outcome of reading a part of a profile.
pub(super) type PlanResult<T> = Result<T, PlanError>;

/// A user's mistake, in one line; the command line ends with exit code 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError {
    place: Option<SourceLocation>,
    path: String,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    /// A sentence.
    Says(String),
    /// What to write instead of the value; the reader, which has the value, adds it.
    Wanted(String),
    /// No such key; what may have been meant.
    UnknownKey(String),
    /// A key that must be written is not.
    Missing,
}

impl PlanError {
    /// At `place`, about key `path`, which may be empty.
    pub(crate) fn new(
        place: SourceLocation,
        path: impl Into<String>,
        says: impl Into<String>,
    ) -> PlanError {
        PlanError { place: Some(place), ..PlanError::about(path, says) }
    }

    /// About a key whose place is not known yet.
    pub(crate) fn about(path: impl Into<String>, says: impl Into<String>) -> PlanError {
        PlanError { place: None, path: path.into(), problem: Problem::Says(says.into()) }
    }

    /// The key it is about, `load.stages[2].hold`; may be empty.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The key of the `--set` that it is about; None: it is about another flag, a file or a default.
    pub fn setting(&self) -> Option<&str> {
        match &self.place {
            Some(SourceLocation::Setting(key)) => Some(key),
            Some(SourceLocation::File(_) | SourceLocation::Line(..) | SourceLocation::Flag(_))
            | None => None,
        }
    }

    /// The flag that it is about.
    pub(super) fn flag(&self) -> Option<&str> {
        match &self.place {
            Some(SourceLocation::Flag(flag)) => Some(flag),
            Some(
                SourceLocation::File(_) | SourceLocation::Line(..) | SourceLocation::Setting(_),
            )
            | None => None,
        }
    }

    /// The line of a file that it is about.
    pub(super) fn line(&self) -> Option<usize> {
        match &self.place {
            Some(SourceLocation::Line(_, line)) => Some(*line),
            Some(
                SourceLocation::File(_) | SourceLocation::Flag(_) | SourceLocation::Setting(_),
            )
            | None => None,
        }
    }

    /// Whether there is no such key.
    pub(super) fn is_unknown_key(&self) -> bool {
        matches!(self.problem, Problem::UnknownKey(_))
    }

    /// Whether a key that must be written is not.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self.problem, Problem::Missing)
    }

    /// The same error about another path.
    pub(super) fn with_path(self, path: String) -> PlanError {
        PlanError { path, ..self }
    }

    /// The same error, at a flag.
    pub fn at_flag(self, flag: &str) -> PlanError {
        PlanError { place: Some(SourceLocation::flag(flag)), ..self }
    }

    /// The same error at `place`, unless it has a place.
    pub(crate) fn or_at(self, place: &SourceLocation) -> PlanError {
        PlanError { place: self.place.or_else(|| Some(place.clone())), ..self }
    }

    /// The same error, one table further out: its path is under `key` there.
    pub(super) fn under(self, key: &str) -> PlanError {
        let path = match self.path.as_str() {
            "" => key.to_owned(),
            inner if inner.starts_with('[') || key.is_empty() => format!("{key}{inner}"),
            inner => format!("{key}.{inner}"),
        };
        PlanError { path, ..self }
    }

    /// The same error, one list further out: its path is item `index` there.
    pub(super) fn under_item(self, index: usize) -> PlanError {
        self.under(&format!("[{index}]"))
    }

    /// Adds the value, where the error only says what to write instead.
    pub(super) fn with_value(self, value: impl FnOnce() -> String) -> PlanError {
        let Problem::Wanted(wanted) = self.problem else { return self };
        let problem = Problem::Says(format!("{} is not valid; write {wanted}", value()));
        PlanError { problem, ..self }
    }

    fn wanted(wanted: &dyn de::Expected) -> PlanError {
        let problem = Problem::Wanted(wanted.to_string());
        PlanError { place: None, path: String::new(), problem }
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = String::new();
        let place = self.place.as_ref().map(SourceLocation::to_string);
        for part in place.iter().chain(Some(&self.path).filter(|path| !path.is_empty())) {
            line.push_str(part);
            line.push_str(": ");
        }
        match &self.problem {
            Problem::Says(says) => line.push_str(says),
            Problem::Wanted(wanted) => {
                line.push_str("write ");
                line.push_str(wanted);
            }
            Problem::UnknownKey(suggestion) => {
                line.push_str("unknown key");
                line.push_str(suggestion);
            }
            Problem::Missing => line.push_str("is missing; write it"),
        }
        // one line, whatever a user put into a value
        f.write_str(&line.replace(['\n', '\r'], " "))
    }
}
impl std::error::Error for PlanError {}

/// Errors of serde's derived code. It knows neither place nor path: the reader adds them.
impl de::Error for PlanError {
    fn custom<T: fmt::Display>(message: T) -> PlanError {
        PlanError::about("", message.to_string())
    }
    fn invalid_type(_: de::Unexpected<'_>, wanted: &dyn de::Expected) -> PlanError {
        PlanError::wanted(wanted)
    }
    fn invalid_value(_: de::Unexpected<'_>, wanted: &dyn de::Expected) -> PlanError {
        PlanError::wanted(wanted)
    }
    fn unknown_variant(word: &str, known: &'static [&'static str]) -> PlanError {
        let shown = shown(&format!("{word:?}"));
        PlanError::about("", format!("unknown word {shown}{}", suggestion(word, known)))
    }
    fn unknown_field(key: &str, known: &'static [&'static str]) -> PlanError {
        let problem = Problem::UnknownKey(suggestion(key, known));
        PlanError { place: None, path: String::new(), problem }
    }
    fn missing_field(key: &'static str) -> PlanError {
        PlanError { place: None, path: key.to_owned(), problem: Problem::Missing }
    }
}
