//! The place at which a value of a profile was written.
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SourceLocation {
    /// A file as a whole.
    File(Arc<str>),
    /// File and line, from 1.
    Line(Arc<str>, usize),
    /// A flag, as typed.
    Flag(Arc<str>),
    /// The key of a `--set`.
    Setting(Arc<str>),
}

impl fmt::Display for SourceLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SourceLocation::File(file) => f.write_str(file),
            SourceLocation::Line(file, line) => write!(f, "{file}:{line}"),
            SourceLocation::Flag(flag) => f.write_str(flag),
            SourceLocation::Setting(key) => write!(f, "--set {key}"),
        }
    }
}

impl SourceLocation {
    pub(crate) fn flag(flag: impl Into<String>) -> SourceLocation {
        SourceLocation::Flag(flag.into().into())
    }
    /// The place of a value that nobody wrote.
    pub(crate) fn built_in() -> SourceLocation {
        SourceLocation::flag("built-in default")
    }
    /// A file named here: from a profile, relative to it; from a flag, to the working directory.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        match self {
            SourceLocation::File(file) | SourceLocation::Line(file, _) => {
                Path::new(&**file).parent().unwrap_or(Path::new("")).join(name)
            }
            SourceLocation::Flag(_) | SourceLocation::Setting(_) => PathBuf::from(name),
        }
    }
}
