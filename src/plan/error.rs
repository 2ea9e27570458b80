//! What is wrong with a profile, a flag or a behaviour file: always one line with the place, the key, the
//! value, the bound and what would do.
use super::suggest::{shown, suggestion};
use serde::de;
use std::fmt;

/// The outcome of reading a part of a profile.
pub(super) type Read<T> = Result<T, PlanError>;

/// A user's mistake, in one line; the command line ends with exit code 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError {
    place: String,
    path: String,
    message: Message,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Message {
    /// A sentence.
    Says(String),
    /// What should be written instead of the value, which whoever holds the value adds.
    Wanted(String),
}

impl PlanError {
    /// At `place` (`profiles/x.toml:14`, `--window`, or empty), about key `path` (or empty).
    pub(crate) fn new(
        place: impl fmt::Display,
        path: impl Into<String>,
        message: impl Into<String>,
    ) -> PlanError {
        let message = Message::Says(message.into());
        PlanError { place: place.to_string(), path: path.into(), message }
    }

    /// About a key whose place is not known yet.
    pub(crate) fn about(path: impl Into<String>, message: impl Into<String>) -> PlanError {
        PlanError::new("", path, message)
    }

    /// The key it is about, `load.stages[2].hold`; may be empty.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The same with this place, unless it has one.
    pub(crate) fn or_at(self, place: impl fmt::Display) -> PlanError {
        if self.place.is_empty() { PlanError { place: place.to_string(), ..self } } else { self }
    }

    /// The same one table further out: what it is about stands under `key` there.
    pub(super) fn under(self, key: &str) -> PlanError {
        let path = match self.path.as_str() {
            "" => key.to_owned(),
            inner if inner.starts_with('[') || key.is_empty() => format!("{key}{inner}"),
            inner => format!("{key}.{inner}"),
        };
        PlanError { path, ..self }
    }

    /// The same one list further out: what it is about is item `index` there.
    pub(super) fn under_item(self, index: usize) -> PlanError {
        self.under(&format!("[{index}]"))
    }

    /// Adds the value, where the message only says what should stand in its place.
    pub(super) fn with_value(self, value: impl FnOnce() -> String) -> PlanError {
        let Message::Wanted(wanted) = self.message else { return self };
        let message = Message::Says(format!("{} will not do; write {wanted}", value()));
        PlanError { message, ..self }
    }

    fn wanted(wanted: &dyn de::Expected) -> PlanError {
        let message = Message::Wanted(wanted.to_string());
        PlanError { place: String::new(), path: String::new(), message }
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = String::new();
        for part in [&self.place, &self.path] {
            if !part.is_empty() {
                line.push_str(part);
                line.push_str(": ");
            }
        }
        match &self.message {
            Message::Says(says) => line.push_str(says),
            Message::Wanted(wanted) => {
                line.push_str("write ");
                line.push_str(wanted);
            }
        }
        // one line, whatever a user put into a value
        f.write_str(&line.replace(['\n', '\r'], " "))
    }
}
impl std::error::Error for PlanError {}

/// What serde's derived code finds wrong. It knows neither place nor path: the reader adds them.
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
        PlanError::about("", format!("unknown key{}", suggestion(key, known)))
    }
    fn missing_field(key: &'static str) -> PlanError {
        PlanError::about(key, "is missing; write it")
    }
}
