//! Where a profile comes from.
use crate::kit::{MIB, read_text_at_most};
use crate::plan::error::{PlanError, PlanResult};
use crate::plan::location::SourceLocation;
use std::path::{Path, PathBuf};

/// A profile that comes with the program.
#[derive(Debug, PartialEq, Eq)]
pub struct BuiltIn {
    /// What it is called on the command line.
    pub name: &'static str,
    /// Its TOML, with its comments.
    pub text: &'static str,
}

macro_rules! built_in {
    ($($name:literal),*) => {
        /// Every built-in profile; the first is the one that runs when none is named.
        pub static BUILT_IN: &[BuiltIn] = &[$(BuiltIn {
            name: $name,
            text: include_str!(concat!("../../../profiles/", $name, ".toml")),
        }),*];
    };
}

built_in!["quick", "bare", "sustained", "soak", "openmarket", "vonage", "infobip", "sinch"];

impl BuiltIn {
    /// The one of this name.
    pub fn named(name: &str) -> Option<&'static BuiltIn> {
        BUILT_IN.iter().find(|one| one.name == name)
    }

    /// What it is for, in one sentence: the first line of its file.
    pub fn says(&self) -> &'static str {
        let line = self.text.lines().next().unwrap_or_default();
        line.split_once(": ").map_or(line, |(_, says)| says)
    }
}

/// Where a profile comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A built-in profile.
    BuiltIn(&'static BuiltIn),
    /// A file.
    File(PathBuf),
    /// TOML at hand, and what to call it.
    Text {
        /// Names it in messages.
        name: String,
        /// The TOML.
        text: String,
    },
}

impl Source {
    /// The built-in `quick`: what runs when nothing is said.
    pub fn quick() -> Source {
        Source::BuiltIn(&BUILT_IN[0])
    }

    /// The built-in `bare`: `quick` against a simulator that answers at once.
    pub fn bare() -> Source {
        Source::BuiltIn(&BUILT_IN[1])
    }

    /// A profile as given on the command line: a file, or the name of a built-in one where no file has that name.
    /// None is `quick`.
    pub fn of(profile: Option<PathBuf>) -> Source {
        let Some(path) = profile else { return Source::quick() };
        match path.to_str().and_then(BuiltIn::named) {
            Some(built_in) if !path.exists() => Source::BuiltIn(built_in),
            Some(_) | None => Source::File(path),
        }
    }

    pub(super) fn read(&self) -> PlanResult<(String, String)> {
        match self {
            Source::BuiltIn(built_in) => Ok((built_in.name.into(), built_in.text.into())),
            Source::Text { name, text } => Ok((name.clone(), text.clone())),
            Source::File(path) => {
                let name = path.display().to_string();
                let text = read_text_at_most(path, 64 * MIB).map_err(|e| {
                    let place = SourceLocation::File(name.as_str().into());
                    PlanError::new(
                        place,
                        "",
                        format!(
                            "cannot be read ({e}); give a profile's path, or a name of `smppbench run --list`"
                        ),
                    )
                })?;
                Ok((name, text))
            }
        }
    }

    /// The name of a profile that gives itself none: that of its file, without the ending.
    pub(super) fn default_name(&self) -> String {
        let path = match self {
            Source::BuiltIn(built_in) => Path::new(built_in.name),
            Source::File(path) => path,
            Source::Text { name, .. } => Path::new(name),
        };
        let stem = path.file_stem().unwrap_or_else(|| BUILT_IN[0].name.as_ref());
        stem.to_string_lossy().into_owned()
    }
}
