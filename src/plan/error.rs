//! What is wrong with a profile, a flag or a behaviour file: always one line with the place, the key, the
//! value, the bound and what would do.
use std::fmt;

/// A user's mistake, in one line; the command line ends with exit code 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError {
    place: String,
    path: String,
    message: String,
}

impl PlanError {
    /// At `place` (`profiles/x.toml:14`, `--window`, or empty), about key `path` (or empty).
    pub(crate) fn new(
        place: impl fmt::Display,
        path: impl Into<String>,
        message: impl Into<String>,
    ) -> PlanError {
        PlanError { place: place.to_string(), path: path.into(), message: message.into() }
    }

    /// About a key whose place is not known yet.
    pub(crate) fn about(path: impl Into<String>, message: impl Into<String>) -> PlanError {
        PlanError::new("", path, message)
    }

    /// A schedule that cannot be made.
    pub fn of_schedule(e: &super::ScheduleError) -> PlanError {
        PlanError::about(format!("load.stages[{}]", e.stage), e.why.clone())
    }

    /// The key it is about, `load.stages[2].hold`; may be empty.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The same with this place, unless it has one.
    pub(crate) fn or_at(self, place: impl fmt::Display) -> PlanError {
        if self.place.is_empty() { PlanError { place: place.to_string(), ..self } } else { self }
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
        line.push_str(&self.message);
        // one line, whatever a user put into a value
        f.write_str(&line.replace(['\n', '\r'], " "))
    }
}
impl std::error::Error for PlanError {}
